/* What people change of themselves: password and second factor. */
#ifndef CSMS_API_SELF_H
#define CSMS_API_SELF_H

#include "csms/api/ask.h"

struct person; /* csms/people/people.h */

/* Is it a code of the person's second factor, or a recovery code that is left? Either is spent. How it
 * fits, for the journal ("factor", "recovery"), or NULL. */
const char *self_factor_fits(struct ask *k, struct person *p, const char *code);

/* Ends the person's sessions (but the one of `except`, or NULL) and says so in the journal. */
void self_end_sessions(struct ask *k, const char *name, const char *except, const char *why);

#endif
