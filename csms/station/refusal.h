/*
 * Refusal: somebody was not let in as a station, and why. One line in the log, and one in the
 * journal: of each address only so many a minute (limits.refusals_per_min), the rest is counted and
 * told with the next. Loop thread only.
 */
#ifndef CSMS_REFUSAL_H
#define CSMS_REFUSAL_H

#include "csms/core.h"

struct peer_facts; /* csms/pki/peer_check.h */

struct refusal {
	int profile; /* of the listener */
	int status; /* HTTP; 0: in the TLS handshake; 1008: closed after its BootNotification */
	const char *station; /* as it called itself; "" or NULL: it did not */
	const char *peer, *why;
	const struct peer_facts *certificate; /* NULL: none was seen */
};

struct refusals *refusals_create(void);
void refusals_destroy(struct refusals *all);

/* Counts, logs and journals it. What is no matter of trust (503) is only logged. */
void refusal_tell(struct core *c, const struct refusal *r);

/* A client has reached a limit: counts it; journals one a minute of each address and limit if it was
 * turned away. A limit_reached of csms/net/limit.h; `core` is the struct core. */
void refusal_limit(void *core, enum limit which, const char *peer);

#endif
