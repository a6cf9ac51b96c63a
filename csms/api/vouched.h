/*
 * Vouched: sign-in by somebody else's word (OpenID Connect, csms/people/providers.h). Who a user of a
 * provider is, is theirs to say at each sign-in: role and nodes by the claims. That the user is disabled
 * is ours.
 */
#ifndef CSMS_API_VOUCHED_H
#define CSMS_API_VOUCHED_H

#include "csms/api/ask.h"

/* The second factor of somebody for whom a provider has vouched in this browser. */
void vouched_factor(struct ask *k, const char *code);

void half_way_destroy(struct half_way *all);

#endif
