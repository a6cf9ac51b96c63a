/*
 * Claim: which vehicle stands at an EVSE, and what says so. The vehicle's own word counts more than
 * the card of its driver, and that more than the rule of who parks where; what was overruled is
 * kept and shown. Loop thread only.
 */
#ifndef CSMS_CLAIM_H
#define CSMS_CLAIM_H

#include "csms/core.h"

/* A transaction began: what is known of the bay and of the vehicle before anybody spoke. */
void claim_begin(struct core *c, struct evse *e);

/* The transaction at the EVSE uses this token (NULL: one that nobody registered). */
void claim_token(struct core *c, struct evse *e, const struct token *t);

/* The vehicle at the EVSE calls itself so (MAC address, eMAID, identity); "": it went. */
void claim_car(struct core *c, struct evse *e, const char *name);

/* Whose bay it is has changed. */
void claim_bay(struct core *c, struct evse *e);

/* The transaction's claims after a restart, from its token and the vehicle that it had. */
void claim_restore(struct core *c, struct evse *e, struct vehicle *had);

/* The vehicle leaves the EVSE: its transaction is over. */
void claim_end(struct core *c, struct evse *e);

/* How the vehicle was recognised: "card ISO14443 04A2"; NULL: there is none. In `a`. */
const char *claim_words(const struct evse *e, struct arena *a);

/* What was overruled: "the bay rule says VAN-2"; NULL: nothing. */
const char *claim_conflict(const struct evse *e, struct arena *a);

#endif
