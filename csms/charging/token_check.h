/*
 * Token check: may this token charge here and now? One place for Authorize, TransactionEvent and
 * what goes into local authorisation lists (C01, C02, C09, C12, C16, E01.FR.11, E05.FR.01).
 *
 * The first rule that says no gives the answer: known, its own status, expiry, place and kind of
 * EVSE, hours, master pass (which never starts), one transaction at a time.
 */
#ifndef CSMS_TOKEN_CHECK_H
#define CSMS_TOKEN_CHECK_H

#include "csms/fleet.h"
#include "gen/depot.h"
#include "gen/ocpp201.h"

/* Who asks, about what. */
struct token_use {
	const struct fleet *fleet;
	const struct depot_file *depot;
	const struct station *station;
	const struct evse *evse; /* NULL: not known (Authorize) */
	const char *transaction_id; /* of the event that carries the token; NULL: Authorize */
	bool starts; /* the event begins to charge with it; false: it ends, or nobody knows */
	wall_t now;
};

/* Fills `out` for `token`; strings point into the fleet, the depot or `a`. */
void token_check(const struct token_use *u, const struct ocpp201_id_token *token, struct arena *a,
	struct ocpp201_id_token_info *out);

/* What a local authorisation list says of the token at this station: all that does not depend on
 * the hour. Times come out as they stand. */
void token_standing(const struct token_use *u, const struct token *t, struct arena *a,
	struct ocpp201_id_token_info *out);

/* The depot's rules, or what holds when its file does not say. */
const struct depot_authorization *token_policy(const struct depot_file *d);

bool token_is_master_pass(const struct depot_file *d, const struct token *t);

/* Is the station at or below the node of the tree? */
bool token_node_holds(const struct depot_file *d, const char *node, const struct station *s);

#endif
