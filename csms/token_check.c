#include "csms/token_check.h"
#include <string.h>

static enum ocpp201_authorization_status status_of(const struct token *t, wall_t now)
{
	int found = schema_enum_find(&ocpp201_authorization_status_enum, t->status);

	if (t->expires.ms && t->expires.ms <= now.ms)
		return OCPP201_AUTHORIZATION_STATUS_EXPIRED;
	return found < 0 ? OCPP201_AUTHORIZATION_STATUS_INVALID
			 : (enum ocpp201_authorization_status)found;
}

/* C09.FR.12: the group goes with every answer about a token that has one. */
static void add_group(const struct token *t, struct arena *a, struct ocpp201_id_token_info *out)
{
	struct ocpp201_id_token *g;

	if (!t->group[0] || !(g = arena_alloc(a, sizeof *g)))
		return;
	g->id_token = t->group;
	g->type = OCPP201_ID_TOKEN_CENTRAL;
	out->group_id_token = g;
}

void token_check(const struct fleet *f, const struct ocpp201_id_token *token, wall_t now,
	struct arena *a, struct ocpp201_id_token_info *out)
{
	const struct token *t;

	memset(out, 0, sizeof *out);
	if (token->type == OCPP201_ID_TOKEN_NO_AUTHORIZATION) {
		out->status = OCPP201_AUTHORIZATION_STATUS_ACCEPTED; /* C02.FR.02 */
		return;
	}
	t = fleet_token(f, ocpp201_id_token_enum.values[token->type], token->id_token);
	if (!t) {
		out->status = OCPP201_AUTHORIZATION_STATUS_UNKNOWN;
		return;
	}
	out->status = status_of(t, now);
	if (t->expires.ms) {
		out->has_cache_expiry_date_time = true;
		out->cache_expiry_date_time = t->expires;
	}
	add_group(t, a, out);
}
