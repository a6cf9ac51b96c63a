/* Sign-in: what all ways of it have in common. */
#ifndef CSMS_API_SIGN_IN_H
#define CSMS_API_SIGN_IN_H

#include "csms/api/ask.h"

/* The session has begun: tells the journal and the browser. `method` as in SignedIn. */
void sign_in_enter(struct ask *k, const char *session, struct auth_who *who, const char *method);

/* Answers with the session. */
void sign_in_reply(struct ask *k, const struct auth_who *who);

#endif
