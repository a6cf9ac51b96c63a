/*
 * Why something is changed, for the journal: `why` of the query where a request has no body.
 */
#ifndef CSMS_API_WHY_H
#define CSMS_API_WHY_H

#include "csms/api/ask.h"

#define WHY_MAX 200

/* False after a 400. Nobody said: `out` is NULL. */
bool ask_why(struct ask *k, const char **out);

#endif
