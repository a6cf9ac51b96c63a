/*
 * Names: lists of stations in requests, for the jobs that ask the same of many.
 */
#ifndef CSMS_API_NAMES_H
#define CSMS_API_NAMES_H

#include "csms/api/ask.h"

/* The names of the list, each once in the order of the first, in whatever case it is written again
 * (identifierStrings). False: answered. */
bool names_each_once(struct ask *k, const struct schema_strings *names, struct schema_strings *out);

#endif
