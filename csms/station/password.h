/*
 * Password: a station's way from one BasicAuthPassword to the next (A01, rule 23).
 *
 * What a SetVariables is about to set is journalled as an offer (salted hash) before it leaves. An
 * answer settles it: Accepted, and only the new one works (A01.FR.03); RebootRequired, and both do
 * until the new one is used; anything else, and the old one stays (A01.FR.04). If the answer is
 * lost nobody knows: both work until one is used. Loop thread only.
 */
#ifndef CSMS_PASSWORD_H
#define CSMS_PASSWORD_H

#include "csms/station/call.h"
#include "csms/core.h"

/* An offer that a call carries. */
struct password_call {
	char id[37], hash[120]; /* hash "": the call sets no password */
	bool is_new; /* not one that was offered before, of which nothing is known */
};

/* Looks for a new password in a SetVariables and journals it as an offer. 1: there is one, the call
 * must not leave before the turn is on disk; 0: none; -1 with one line in `why`. */
int password_offer(struct core *c, struct station *s, const char *call_id, const char *request,
	struct password_call *out, char why[200]);

/* The call has ended, one way or another. */
void password_ended(struct core *c, struct station *s, const struct password_call *p,
	const struct call_result *r);

/* Which password this is: 0 the one in force, 1 and up an offer, -1 none of them. */
int password_match(const struct station *s, const void *password, size_t len);

/* The station connected with it. */
void password_used(struct core *c, struct station *s, int match);

/* An operator gave the station another one: offers count no more. */
void password_forget_offers(struct core *c, struct station *s, const char *actor);

#endif
