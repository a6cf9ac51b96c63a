#include "csms/power/holding.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/record.h"
#include "db/query_profile.h"

#define OURS "depotd"

struct holding *holding_find(const struct station *s, int64_t profile_id)
{
	struct holding *h;

	DL_FOREACH (s->holdings, h)
		if (h->profile->id == profile_id)
			return h;
	return NULL;
}

int holdings_count(const struct station *s)
{
	struct holding *h;
	int n;

	DL_COUNT(s->holdings, h, n);
	return n;
}

bool holding_is_own(const struct holding *h)
{
	const struct ocpp201_charging_profile *p = h->profile;

	if (h->evse_id < 1)
		return false;
	if (p->charging_profile_purpose == OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE)
		return p->id == DEFAULT_PROFILE_ID(h->evse_id) &&
		       p->stack_level == DEFAULT_PROFILE_LEVEL;
	return p->charging_profile_purpose == OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE &&
	       p->id == OWN_PROFILE_ID(h->evse_id) && p->stack_level == OWN_PROFILE_LEVEL;
}

static bool may_lead(const struct holding *h)
{
	const struct ocpp201_charging_profile *p = h->profile;

	if (holding_is_own(h))
		return false;
	switch (p->charging_profile_purpose) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE:
		return p->stack_level >= DEFAULT_PROFILE_LEVEL;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		return p->stack_level >= OWN_PROFILE_LEVEL;
	default:
		return false; /* these only ever lower */
	}
}

/* -- the list --------------------------------------------------------------------------------- */

static void remove_one(struct station *s, struct holding *h)
{
	DL_DELETE(s->holdings, h);
	s->leading_holdings -= h->may_lead;
	arena_destroy(h->arena);
	free(h);
}

void holdings_forget(struct station *s)
{
	while (s->holdings)
		remove_one(s, s->holdings);
}

static const char *encode(struct arena *a, const struct ocpp201_charging_profile *p)
{
	struct text t;
	const char *out = NULL;

	text_init(&t, 0);
	if (schema_encode(&ocpp201_charging_profile_type, p, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

/* A copy by way of the codec, so that nothing of the message stays referenced. */
static const struct ocpp201_charging_profile *copy(
	struct arena *a, const struct ocpp201_charging_profile *p)
{
	const char *json = encode(a, p);
	struct schema_error err;

	return json ? schema_decode(&ocpp201_charging_profile_type, json, strlen(json), a, &err)
		    : NULL;
}

struct holding *holding_put(struct station *s, int64_t evse_id,
	const struct ocpp201_charging_profile *profile, enum ocpp201_charging_limit_source source,
	const char *owner, wall_t at)
{
	struct holding *old = holding_find(s, profile->id), *h = calloc(1, sizeof *h);

	if (!h || !(h->arena = arena_create(0)) || !(h->profile = copy(h->arena, profile)) ||
		(!old && holdings_count(s) >= HOLDINGS_MAX)) {
		log_warn("station %s: charging profile %lld is not kept: too many, or no memory",
			s->id, (long long)profile->id);
		if (h)
			arena_destroy(h->arena);
		free(h);
		return NULL;
	}
	h->evse_id = evse_id;
	h->source = source;
	h->at = at;
	snprintf(h->owner, sizeof h->owner, "%s", owner ? owner : old ? old->owner : "");
	if (old)
		remove_one(s, old);
	DL_APPEND(s->holdings, h);
	h->may_lead = may_lead(h);
	s->leading_holdings += h->may_lead;
	return h;
}

/* -- the journal ------------------------------------------------------------------------------ */

static void journal_held(struct core *c, const struct station *s, const struct holding *h)
{
	const struct ocpp201_charging_profile *q = h->profile;
	struct arena *a = record_arena(c);
	struct event_charging_profile_held *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p || !(p->profile = encode(a, q)))
		return;
	p->evse_id = h->evse_id;
	p->profile_id = q->id;
	p->purpose = ocpp201_charging_profile_purpose_enum.values[q->charging_profile_purpose];
	p->stack_level = q->stack_level;
	p->transaction_id = q->transaction_id ? arena_strdup(a, q->transaction_id) : NULL;
	p->source = ocpp201_charging_limit_source_enum.values[h->source];
	p->owner = arena_strdup(a, h->owner);
	record_now(c, EVENT_CHARGING_PROFILE_HELD, "station", s->id, p, h->owner, NULL);
}

void holding_drop(
	struct core *c, struct station *s, const int64_t *ids, size_t count, const char *why)
{
	struct arena *a = record_arena(c);
	struct event_charging_profiles_dropped *p = a ? arena_alloc(a, sizeof *p) : NULL;
	int64_t *gone = a ? arena_alloc(a, (count + 1) * sizeof *gone) : NULL;

	if (!p || !gone)
		return;
	p->profile_ids.items = gone;
	for (size_t i = 0; i < count; i++) {
		struct holding *h = holding_find(s, ids[i]);

		if (!h)
			continue;
		gone[p->profile_ids.count++] = ids[i];
		remove_one(s, h);
	}
	if (!p->profile_ids.count)
		return;
	p->why = why;
	record_now(c, EVENT_CHARGING_PROFILES_DROPPED, "station", s->id, p, NULL, NULL);
	fleet_touch(&c->fleet, s);
}

/* -- what follows from answers ---------------------------------------------------------------- */

static void take_set(struct core *c, struct station *s, int64_t evse_id,
	const struct ocpp201_charging_profile *profile, const char *owner, int64_t remote_start_id)
{
	struct holding *h = holding_put(
		s, evse_id, profile, OCPP201_CHARGING_LIMIT_SOURCE_CSO, owner, clock_wall());

	if (!h)
		return;
	h->remote_start_id = remote_start_id;
	journal_held(c, s, h);
	fleet_touch(&c->fleet, s);
}

/* K10.FR.03, FR.04: by id, or by all criteria at once; what others put there stays. */
static bool is_cleared(
	const struct holding *h, const struct ocpp201_clear_charging_profile_request *r)
{
	const struct ocpp201_clear_charging_profile *k = r->charging_profile_criteria;
	const struct ocpp201_charging_profile *p = h->profile;

	if (p->charging_profile_purpose ==
		OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS)
		return false;
	if (r->has_charging_profile_id)
		return p->id == r->charging_profile_id;
	return k && (!k->has_evse_id || k->evse_id == h->evse_id) &&
	       (!k->has_stack_level || k->stack_level == p->stack_level) &&
	       (!k->has_charging_profile_purpose ||
		       k->charging_profile_purpose == p->charging_profile_purpose);
}

static void take_clear(
	struct core *c, struct station *s, const struct ocpp201_clear_charging_profile_request *r)
{
	int64_t ids[HOLDINGS_MAX];
	size_t count = 0;
	struct holding *h;

	DL_FOREACH (s->holdings, h)
		if (count < HOLDINGS_MAX && is_cleared(h, r))
			ids[count++] = h->profile->id;
	holding_drop(c, s, ids, count, "cleared");
}

static void take_start(struct core *c, struct station *s,
	const struct ocpp201_request_start_transaction_request *r,
	const struct ocpp201_request_start_transaction_response *res, const char *owner)
{
	struct ocpp201_charging_profile p;

	if (!r->charging_profile || res->status != OCPP201_REQUEST_START_STOP_STATUS_ACCEPTED)
		return;
	p = *r->charging_profile;
	p.transaction_id = res->transaction_id;
	take_set(c, s, r->has_evse_id ? r->evse_id : 0, &p, owner,
		res->transaction_id ? 0 : r->remote_start_id);
}

void holding_answered(struct core *c, struct station *s, int action, const char *request,
	const void *response, const char *actor, bool is_ours)
{
	bool matters = action == OCPP201_SET_CHARGING_PROFILE ||
		       action == OCPP201_CLEAR_CHARGING_PROFILE ||
		       action == OCPP201_REQUEST_START_TRANSACTION;
	struct arena *a = matters ? arena_create(0) : NULL;
	struct schema_error err;
	const void *r = a ? schema_decode(ocpp201_actions[action].request, request, strlen(request),
				    a, &err)
			  : NULL;
	const char *owner = is_ours ? OURS : actor;

	if (r && action == OCPP201_SET_CHARGING_PROFILE) {
		const struct ocpp201_set_charging_profile_request *q = r;
		const struct ocpp201_set_charging_profile_response *res = response;

		if (res->status == OCPP201_CHARGING_PROFILE_STATUS_ACCEPTED)
			take_set(c, s, q->evse_id, &q->charging_profile, owner, 0);
	} else if (r && action == OCPP201_CLEAR_CHARGING_PROFILE) {
		take_clear(
			c, s, r); /* Unknown: there is none like that, gone as well (K10.FR.01) */
	} else if (r && action == OCPP201_REQUEST_START_TRANSACTION) {
		take_start(c, s, r, response, owner);
	}
	arena_destroy(a);
}

void holding_transaction_began(
	struct core *c, struct evse *e, const char *transaction, int64_t remote_start_id)
{
	struct station *s = e->station;
	struct holding *h, *tmp;

	DL_FOREACH_SAFE (s->holdings, h, tmp) {
		struct ocpp201_charging_profile p = *h->profile;
		char owner[sizeof h->owner];

		if (!h->remote_start_id || h->remote_start_id != remote_start_id)
			continue;
		p.transaction_id = transaction;
		memcpy(owner, h->owner, sizeof owner);
		take_set(c, s, e->id, &p, owner, 0);
		return;
	}
}

void holding_transaction_ended(struct core *c, struct station *s, const char *transaction)
{
	int64_t ids[HOLDINGS_MAX];
	size_t count = 0;
	struct holding *h;

	DL_FOREACH (s->holdings, h)
		if (count < HOLDINGS_MAX && h->profile->transaction_id &&
			strcmp(h->profile->transaction_id, transaction) == 0)
			ids[count++] = h->profile->id;
	if (count)
		holding_drop(c, s, ids, count, "transaction ended");
}

/* -- who leads -------------------------------------------------------------------------------- */

bool holding_leads(const struct holding *h, const struct evse *e)
{
	return h->may_lead && (h->evse_id == e->id || h->evse_id == 0);
}

bool holding_overrides(const struct evse *e)
{
	const struct holding *h;

	if (e->station->is_manual || !e->station->leading_holdings)
		return false; /* the first counts in full as it is */
	DL_FOREACH (e->station->holdings, h)
		if (holding_leads(h, e))
			return true;
	return false;
}

/* -- start ------------------------------------------------------------------------------------ */

struct restore {
	struct core *core;
	struct arena *arena;
	bool failed;
};

static void put_row(struct restore *w, const struct db_profile *row)
{
	struct station *s = fleet_station(&w->core->fleet, row->station);
	int source = schema_enum_find(&ocpp201_charging_limit_source_enum, row->source);
	struct schema_error err;
	const struct ocpp201_charging_profile *p = schema_decode(
		&ocpp201_charging_profile_type, row->profile, strlen(row->profile), w->arena, &err);

	if (s && p && source >= 0)
		holding_put(s, row->evse, p, (enum ocpp201_charging_limit_source)source, row->owner,
			row->at);
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *w = arg;
	struct db_profile_list list = {0};

	if (db_query_profiles(db, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++)
		put_row(w, &list.items[i]);
}

int holdings_restore(struct core *c)
{
	struct restore w = {.core = c, .arena = arena_create(0)};

	if (!w.arena || db_read_now(c->db, read_rows, &w))
		w.failed = true;
	arena_destroy(w.arena);
	return w.failed ? -1 : 0;
}
