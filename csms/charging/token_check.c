#include "csms/charging/token_check.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/certificates/emaid.h"
#include "csms/charging/token_window.h"

#define NODES_DEEP 100 /* deeper is a circle */

/* -- policy ----------------------------------------------------------------------------------- */

const struct depot_authorization *token_policy(const struct depot_file *d)
{
	static const struct depot_authorization usual = {
		.unknown = DEPOT_CHOICE_REFUSE,
		.concurrent_use = DEPOT_CHOICE_ALLOW,
		.list_settle_s = 5,
	};

	return d->authorization ? d->authorization : &usual;
}

bool token_is_master_pass(const struct depot_file *d, const struct token *t)
{
	const char *group = token_policy(d)->master_pass_group;

	return group && group[0] && strcasecmp(group, t->group) == 0;
}

/* -- places ----------------------------------------------------------------------------------- */

static const struct depot_node *node_of(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return &d->nodes.items[i];
	return NULL;
}

bool token_node_holds(const struct depot_file *d, const char *node, const struct station *s)
{
	const char *at = s->node;

	for (int deep = 0; at && deep < NODES_DEEP; deep++) {
		const struct depot_node *n = node_of(d, at);

		if (strcasecmp(at, node) == 0)
			return true;
		at = n ? n->parent : NULL;
	}
	return false;
}

/* "CP-1" is every EVSE of it, "CP-1/2" the one. */
static bool place_is(const char *place, const struct evse *e)
{
	size_t n = strlen(e->station->id);

	if (strncasecmp(place, e->station->id, n) != 0)
		return false;
	return place[n] == '\0' || (place[n] == '/' && atoi(place + n + 1) == e->id);
}

static bool is_place(const struct token_use *u, const struct token_rules *r, const struct evse *e)
{
	if (!r->evse_count && !r->node_count)
		return true;
	for (int i = 0; i < r->evse_count; i++)
		if (place_is(r->evses[i], e))
			return true;
	for (int i = 0; i < r->node_count; i++)
		if (token_node_holds(u->depot, r->nodes[i], e->station))
			return true;
	return false;
}

static bool is_kind(const struct token_rules *r, const struct evse *e)
{
	return !r->kind[0] || (strcmp(r->kind, "dc") == 0) == e->is_dc;
}

/* C01.FR.20: some of the station's EVSEs only. */
static void name_evses(const struct station *s, const bool *may, int count, struct arena *a,
	struct ocpp201_id_token_info *out)
{
	out->evse_id.items = arena_alloc(a, sizeof *out->evse_id.items * (size_t)count);
	for (int i = 0; out->evse_id.items && i < s->evse_count; i++)
		if (may[i])
			out->evse_id.items[out->evse_id.count++] = s->evses[i].id;
}

/* C01.FR.18 to FR.22: where the token may charge at this station. */
static enum ocpp201_authorization_status check_place(const struct token_use *u,
	const struct token_rules *r, struct arena *a, struct ocpp201_id_token_info *out)
{
	const struct station *s = u->station;
	bool may[EVSES_MAX] = {false};
	int places = 0, both = 0;

	for (int i = 0; i < s->evse_count; i++) {
		bool here = is_place(u, r, &s->evses[i]);

		may[i] = here && is_kind(r, &s->evses[i]);
		places += here;
		both += may[i];
	}
	if (u->evse && !is_place(u, r, u->evse))
		return OCPP201_AUTHORIZATION_STATUS_NOT_AT_THIS_LOCATION;
	if (u->evse && !is_kind(r, u->evse))
		return OCPP201_AUTHORIZATION_STATUS_NOT_ALLOWED_TYPE_EVSE;
	if (!places)
		return OCPP201_AUTHORIZATION_STATUS_NOT_AT_THIS_LOCATION;
	if (!both)
		return OCPP201_AUTHORIZATION_STATUS_NOT_ALLOWED_TYPE_EVSE;
	if (both < s->evse_count)
		name_evses(s, may, both, a, out);
	return OCPP201_AUTHORIZATION_STATUS_ACCEPTED;
}

/* -- hours and use ---------------------------------------------------------------------------- */

static bool is_time(const struct token_rules *r, wall_t now)
{
	for (int i = 0; i < r->window_count; i++)
		if (token_window_holds(r->windows[i], now))
			return true;
	return r->window_count == 0;
}

static bool holds_token(const struct evse *e, const struct token *t)
{
	return e->tx.is_open &&
	       (strcasecmp(e->tx.token, t->value) == 0 || emaid_same(e->tx.token, t->value)) &&
	       (!e->tx.token_type[0] || strcmp(e->tx.token_type, t->type) == 0);
}

/* A transaction with the token is open elsewhere: at another EVSE, or, where the question names
 * none, at another station (at this one it may be about to end it). */
static bool is_in_use(const struct token_use *u, const struct token *t)
{
	for (const struct station *s = u->fleet->stations; s; s = s->hh.next) {
		if (!u->transaction_id && s == u->station)
			continue;
		for (int i = 0; i < s->evse_count; i++) {
			const struct evse *e = &s->evses[i];

			if (!holds_token(e, t))
				continue;
			if (s != u->station || strcmp(e->tx.id, u->transaction_id) != 0)
				return true;
		}
	}
	return false;
}

/* -- the rules -------------------------------------------------------------------------------- */

static enum ocpp201_authorization_status own_status(const struct token *t, wall_t now)
{
	int found = schema_enum_find(&ocpp201_authorization_status_enum, t->status);

	if (t->expires.ms && t->expires.ms <= now.ms)
		return OCPP201_AUTHORIZATION_STATUS_EXPIRED;
	return found < 0 ? OCPP201_AUTHORIZATION_STATUS_INVALID
			 : (enum ocpp201_authorization_status)found;
}

/* C01.FR.06, C09.FR.12: the group goes with every answer about a token that has one. */
static void add_group(const struct token *t, struct arena *a, struct ocpp201_id_token_info *out)
{
	struct ocpp201_id_token *g;

	if (!t->group[0] || !(g = arena_alloc(a, sizeof *g)))
		return;
	g->id_token = t->group;
	g->type = OCPP201_ID_TOKEN_CENTRAL;
	out->group_id_token = g;
}

static void add_message(
	const struct token_rules *r, struct arena *a, struct ocpp201_id_token_info *out)
{
	struct ocpp201_message_content *m = arena_alloc(a, sizeof *m);

	if (!m)
		return;
	m->format = OCPP201_MESSAGE_FORMAT_UTF8;
	m->language = r->language[0] ? r->language : NULL;
	m->content = r->message;
	out->personal_message = m;
}

/* C01.FR.10, FR.11: no second language without a first, nor the same twice. */
static void add_person(
	const struct token_rules *r, struct arena *a, struct ocpp201_id_token_info *out)
{
	if (r->language[0])
		out->language1 = r->language;
	if (r->language[0] && r->language2[0] && strcasecmp(r->language, r->language2) != 0)
		out->language2 = r->language2;
	if (r->message[0])
		add_message(r, a, out);
	out->has_charging_priority = r->has_priority;
	out->charging_priority = r->priority;
}

void token_standing(const struct token_use *u, const struct token *t, struct arena *a,
	struct ocpp201_id_token_info *out)
{
	memset(out, 0, sizeof *out);
	out->status = own_status(t, u->now);
	if (t->expires.ms) {
		out->has_cache_expiry_date_time = true;
		out->cache_expiry_date_time = t->expires;
	}
	add_group(t, a, out);
	if (!t->rules)
		return;
	add_person(t->rules, a, out);
	if (out->status == OCPP201_AUTHORIZATION_STATUS_ACCEPTED)
		out->status = check_place(u, t->rules, a, out);
}

/* How long stations may trust the answer: until it expires, and no longer than the depot says
 * (C10.FR.13). */
static void limit_cache(const struct token_use *u, struct ocpp201_id_token_info *out)
{
	int64_t hours = token_policy(u->depot)->cache_hours;
	wall_t until = wall_add_ms(u->now, hours * 3600000);

	if (!hours ||
		(out->has_cache_expiry_date_time && out->cache_expiry_date_time.ms <= until.ms))
		return;
	out->has_cache_expiry_date_time = true;
	out->cache_expiry_date_time = until;
}

static enum ocpp201_authorization_status check_use(const struct token_use *u, const struct token *t)
{
	const struct depot_authorization *policy = token_policy(u->depot);

	/* To end is never a matter of the hour. */
	if ((u->starts || !u->transaction_id) && t->rules && !is_time(t->rules, u->now))
		return OCPP201_AUTHORIZATION_STATUS_NOT_AT_THIS_TIME;
	if (u->starts && token_is_master_pass(u->depot, t))
		return OCPP201_AUTHORIZATION_STATUS_INVALID; /* C16.FR.03 */
	if (policy->concurrent_use == DEPOT_CHOICE_REFUSE && (u->starts || !u->transaction_id) &&
		!token_is_master_pass(u->depot, t) && is_in_use(u, t))
		return OCPP201_AUTHORIZATION_STATUS_CONCURRENT_TX;
	return OCPP201_AUTHORIZATION_STATUS_ACCEPTED;
}

void token_check(const struct token_use *u, const struct ocpp201_id_token *token, struct arena *a,
	struct ocpp201_id_token_info *out)
{
	const struct token *t;

	memset(out, 0, sizeof *out);
	if (token->type == OCPP201_ID_TOKEN_NO_AUTHORIZATION) {
		out->status = OCPP201_AUTHORIZATION_STATUS_ACCEPTED; /* C02.FR.02 */
		return;
	}
	t = fleet_token(u->fleet, ocpp201_id_token_enum.values[token->type], token->id_token);
	if (t) {
		token_standing(u, t, a, out);
		if (out->status == OCPP201_AUTHORIZATION_STATUS_ACCEPTED)
			out->status = check_use(u, t);
	} else {
		out->status = token_policy(u->depot)->unknown == DEPOT_CHOICE_ALLOW
				      ? OCPP201_AUTHORIZATION_STATUS_ACCEPTED
				      : OCPP201_AUTHORIZATION_STATUS_UNKNOWN;
	}
	if (out->status != OCPP201_AUTHORIZATION_STATUS_ACCEPTED) {
		out->evse_id.items = NULL; /* C01.FR.22 */
		out->evse_id.count = 0;
	}
	limit_cache(u, out);
}
