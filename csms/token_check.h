/*
 * Token check: may this token charge? One place for Authorize and TransactionEvent (C01, C02, C09,
 * C12, E01.FR.11).
 */
#ifndef CSMS_TOKEN_CHECK_H
#define CSMS_TOKEN_CHECK_H

#include "csms/fleet.h"
#include "gen/ocpp201.h"

/* Fills `out` for `token` at `now`; strings point into the fleet or `a`. */
void token_check(const struct fleet *f, const struct ocpp201_id_token *token, wall_t now,
	struct arena *a, struct ocpp201_id_token_info *out);

#endif
