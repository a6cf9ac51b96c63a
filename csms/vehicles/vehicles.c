#include "csms/vehicles/vehicles.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/charging/claim.h"
#include "csms/depot_check.h"
#include "csms/power/control.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "csms/vehicles/bays.h"
#include "csms/vehicles/roster.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/trips.h"
#include "db/query_fleet.h"

#define EFFICIENCY 0.9 /* of a usual onboard charger at its rated current, where nobody said */
#define RATED_A    1000 /* the last row of the efficiencies */

static void copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

static int no_memory(char why[300])
{
	snprintf(why, 300, "out of memory");
	return -1;
}

/* -- in force --------------------------------------------------------------------------------- */

/* `a` owns the row, NULL: somebody does who stays. */
static void fill(
	struct fleet *f, struct vehicle *v, const struct depot_vehicle *row, struct arena *a)
{
	int h, m;

	copy(v->name, sizeof v->name, row->name ? row->name : row->id);
	v->battery_wh =
		row->has_health_pct ? row->battery_wh * row->health_pct / 100 : row->battery_wh;
	v->max_ac_w = row->max_ac_w;
	v->max_dc_w = row->max_dc_w;
	v->phases = row->has_phases ? (int)row->phases : 0;
	v->min_w = row->min_w;
	v->target_pct = (int)row->target_pct;
	v->priority = (int)row->priority;
	v->need_wh = row->has_need_wh ? row->need_wh : -1;
	v->departs_at = row->has_departs_at ? row->departs_at : (wall_t){0};
	v->departs_min = -1;
	if (row->departs && sscanf(row->departs, "%d:%d", &h, &m) == 2)
		v->departs_min = h * 60 + m;
	arena_destroy(v->arena);
	v->arena = a;
	v->row = row;
	fleet_touch_vehicle(f, v);
}

static const struct depot_vehicle *file_row(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->vehicles.count; i++)
		if (strcmp(c->depot->vehicles.items[i].id, id) == 0)
			return &c->depot->vehicles.items[i];
	return NULL;
}

bool vehicle_is_changed(const struct core *c, const struct vehicle *v)
{
	(void)c;
	return v->arena != NULL;
}

static int take_json(struct core *c, const char *id, const char *json, char why[300])
{
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct depot_vehicle *row =
		a ? schema_decode(&depot_vehicle_type, json, strlen(json), a, &err) : NULL;
	struct vehicle *v = row ? fleet_put_vehicle(&c->fleet, id) : NULL;

	if (v) {
		fill(&c->fleet, v, row, a);
		return 0;
	}
	if (a && !row)
		snprintf(why, 300, "the store's vehicle %.60s cannot be read: %.80s %.120s", id,
			err.path, err.message);
	else
		no_memory(why);
	arena_destroy(a);
	return -1;
}

/* -- start ------------------------------------------------------------------------------------ */

struct reading_rows {
	struct arena *arena;
	struct db_vehicle_list list;
	bool failed;
};

static void read_rows(struct db_reader *r, void *arg)
{
	struct reading_rows *x = arg;

	x->failed = db_query_vehicles(r, x->arena, &x->list) != 0;
}

int vehicles_restore(struct core *c, char why[300])
{
	struct reading_rows x = {.arena = arena_create(0)};
	int rc = 0;

	if (!x.arena)
		return no_memory(why);
	for (size_t i = 0; i < c->depot->vehicles.count; i++) {
		const struct depot_vehicle *row = &c->depot->vehicles.items[i];
		struct vehicle *v = fleet_put_vehicle(&c->fleet, row->id);

		if (v)
			fill(&c->fleet, v, row, NULL);
	}
	if (db_read_now(c->db, read_rows, &x) || x.failed) {
		stored_unreadable("vehicles", why);
		rc = -1;
	}
	for (size_t i = 0; rc == 0 && i < x.list.count; i++)
		rc = take_json(c, x.list.items[i].id, x.list.items[i].row, why);
	arena_destroy(x.arena);
	return rc;
}

/* -- what it is known by ---------------------------------------------------------------------- */

struct identity {
	const char *type, *value, *member;
};

static void identities_of(const struct depot_vehicle *row, struct identity out[3])
{
	out[0] = (struct identity){row->token_type, row->token, "token"};
	out[1] = (struct identity){"eMAID", row->emaid, "emaid"};
	out[2] = (struct identity){"MacAddress", row->mac, "mac"};
}

static int put_identities(struct core *c, const struct depot_vehicle *row, const char *source,
	const char *actor, char why[300])
{
	struct identity ids[3];
	int rc = 0;

	identities_of(row, ids);
	for (int i = 0; i < 3 && rc == 0; i++) {
		const struct token *old =
			ids[i].value ? fleet_token(&c->fleet, ids[i].type, ids[i].value) : NULL;
		struct event_token_changed t = {
			.type = ids[i].type,
			.value = ids[i].value,
			.status =
				old ? old->status : "Accepted", /* one that was blocked stays so */
			.vehicle_id = row->id,
			.has_expires = old && old->expires.ms,
			.expires = old ? old->expires : (wall_t){0},
			.source = source,
		};

		if (ids[i].value &&
			!(old && old->vehicle && strcmp(old->vehicle->id, row->id) == 0))
			rc = core_put_token(c, &t, actor, NULL, NULL, why);
	}
	return rc;
}

int vehicles_file_identities(struct core *c, char why[300])
{
	int rc = 0;

	for (size_t i = 0; i < c->depot->vehicles.count && rc == 0; i++) {
		const struct depot_vehicle *row = &c->depot->vehicles.items[i];
		const struct vehicle *v = fleet_vehicle(&c->fleet, row->id);

		if (!v || !vehicle_is_changed(c, v))
			rc = put_identities(c, row, "file", "depot file", why);
	}
	return rc;
}

/* -- changing --------------------------------------------------------------------------------- */

/* A change between its journal entry and its coming into force. */
struct vehicle_change {
	struct core *core;
	char *id, *json, *actor; /* json NULL: it is removed */
	vehicle_done done;
	void *arg;
};

static void change_free(struct vehicle_change *x)
{
	free(x->id);
	free(x->json);
	free(x->actor);
	free(x);
}

static int refuse(const char **member, const char *at, int status)
{
	*member = at;
	return status;
}

int vehicle_check(
	const struct core *c, const struct depot_vehicle *row, const char **member, char why[300])
{
	struct identity ids[3];
	int h, m;

	*member = NULL;
	if (row->departs &&
		(sscanf(row->departs, "%2d:%2d", &h, &m) != 2 || strlen(row->departs) != 5 ||
			h < 0 || h > 23 || m < 0 || m > 59)) {
		snprintf(why, 300, "must be a time of the day, HH:MM");
		return refuse(member, "departs", 422);
	}
	for (size_t i = 1; i < row->efficiency.count; i++)
		if (row->efficiency.items[i].current_a <= row->efficiency.items[i - 1].current_a) {
			snprintf(why, 300, "must begin with the smallest current");
			return refuse(member, "efficiency", 422);
		}
	if (!depot_knows_class(c->depot, row->class, why))
		return refuse(member, "class", 422);
	int rc = bays_check(c, row, why);
	if (rc)
		return refuse(member, "bay", rc);
	identities_of(row, ids);
	for (int i = 0; i < 3; i++) {
		const struct token *t =
			ids[i].value ? fleet_token(&c->fleet, ids[i].type, ids[i].value) : NULL;

		if (t && t->vehicle && strcmp(t->vehicle->id, row->id) != 0) {
			snprintf(why, 300, "%.40s is %.60s's", ids[i].value, t->vehicle->id);
			return refuse(member, ids[i].member, 409);
		}
	}
	if (!fleet_vehicle(&c->fleet, row->id) && HASH_COUNT(c->fleet.vehicles) >= VEHICLES_MAX) {
		snprintf(why, 300, "there are %d vehicles already", VEHICLES_MAX);
		return refuse(member, NULL, 422);
	}
	return 0;
}

/* Its tokens stay as tokens, but are nobody's. */
static void unbind_tokens(struct core *c, const struct vehicle *v, const char *actor)
{
	char why[300];

	for (const struct token *t = c->fleet.tokens; t; t = t->hh.next) {
		struct arena *a = t->vehicle == v ? arena_create(0) : NULL;
		struct event_token_changed e;

		if (!a)
			continue;
		token_event(t, a, &e);
		e.vehicle_id = "";
		e.source = "api";
		core_put_token(c, &e, actor, NULL, NULL, why);
		arena_destroy(a);
	}
}

static void removed(struct vehicle_change *x)
{
	const struct depot_vehicle *row = file_row(x->core, x->id);
	struct vehicle *v = fleet_vehicle(&x->core->fleet, x->id);

	if (!v)
		return;
	if (row) {
		fill(&x->core->fleet, v, row, NULL);
	} else {
		unbind_tokens(x->core, v, x->actor);
		if (x->core->trips)
			trips_vehicle_gone(x->core->trips, x->id, x->actor);
		if (x->core->rosters)
			rosters_vehicle_gone(x->core->rosters, x->id, x->actor);
		telematics_vehicle_gone(x->core->telematics, v);
		fleet_remove_vehicle(&x->core->fleet, v);
	}
}

/* Who stands in the bay that it had, or has now, may be another than was thought. */
static void bay_moved(struct core *c, struct evse *from, struct evse *to)
{
	if (from == to)
		return;
	if (from)
		claim_bay(c, from);
	if (to)
		claim_bay(c, to);
}

static void in_force(void *arg, int status, const char *why)
{
	struct vehicle_change *x = arg;
	struct core *c = x->core;
	struct evse *bay = bays_of(c, x->id);
	char words[300] = "";

	if (status == 0 && x->json) {
		status = take_json(c, x->id, x->json, words);
		if (status == 0)
			status = put_identities(
				c, fleet_vehicle(&c->fleet, x->id)->row, "api", x->actor, words);
		why = words;
	} else if (status == 0) {
		removed(x);
	}
	if (status == 0) {
		const struct vehicle *v = fleet_vehicle(&c->fleet, x->id);

		bay_moved(c, bay, bays_of(c, x->id));
		telematics_vehicles_changed(c->telematics);
		if (c->control && v && v->evse)
			control_evse_changed(c->control, v->evse, "vehicle changed");
	}
	if (x->done)
		x->done(x->arg, status, why);
	change_free(x);
}

static struct vehicle_change *change_create(struct core *c, const char *id, const char *json,
	const char *actor, vehicle_done done, void *arg)
{
	struct vehicle_change *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	*x = (struct vehicle_change){
		c, strdup(id), json ? strdup(json) : NULL, strdup(actor), done, arg};
	if (x->id && x->actor && (x->json || !json))
		return x;
	change_free(x);
	return NULL;
}

int vehicle_put(struct core *c, const struct depot_vehicle *row, const char *actor,
	vehicle_done done, void *arg, const char **member, char why[300])
{
	struct arena *a = record_arena(c);
	struct event_vehicle_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct vehicle_change *x = NULL;
	struct text t;
	int rc = vehicle_check(c, row, member, why);

	if (rc)
		return rc;
	text_init(&t, 0);
	if (e && schema_encode(&depot_vehicle_type, row, &t) == 0)
		x = change_create(c, row->id, t.data, actor, done, arg);
	if (x) {
		*e = (struct event_vehicle_changed){
			.row = arena_strdup(a, t.data), .source = "api"};
		record_now(c, EVENT_VEHICLE_CHANGED, "vehicle", x->id, e, actor, NULL);
		record_then(c, in_force, x);
	}
	text_finish(&t);
	if (x)
		return 0;
	no_memory(why);
	return 503;
}

int vehicle_remove(struct core *c, struct vehicle *v, const char *actor, vehicle_done done,
	void *arg, char why[300])
{
	struct arena *a = record_arena(c);
	struct event_vehicle_removed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct vehicle_change *x;

	if (!vehicle_is_changed(c, v)) {
		snprintf(why, 300,
			"%.60s stands in the depot's file and was not changed here: take "
			"it out there",
			v->id);
		return 409;
	}
	if (v->evse && !file_row(c, v->id)) {
		snprintf(why, 300, "%.60s is plugged in at %.48s/%d: remove it when it has left",
			v->id, v->evse->station->id, v->evse->id);
		return 409;
	}
	x = e ? change_create(c, v->id, NULL, actor, done, arg) : NULL;
	if (!x) {
		no_memory(why);
		return 503;
	}
	record_now(c, EVENT_VEHICLE_REMOVED, "vehicle", x->id, e, actor, NULL);
	record_then(c, in_force, x);
	return 0;
}

/* -- what it knows of itself ------------------------------------------------------------------ */

double vehicle_efficiency(const struct depot_vehicle *row, double a)
{
	const struct depot_efficiency_list *list = &row->efficiency;
	size_t i = 0;

	if (list->count == 0)
		return EFFICIENCY;
	while (i < list->count && list->items[i].current_a < a)
		i++;
	if (i == 0 || i == list->count)
		return list->items[i ? i - 1 : 0].pct / 100;
	const struct depot_efficiency *low = &list->items[i - 1], *high = &list->items[i];
	double part = (a - low->current_a) / (high->current_a - low->current_a);
	return (low->pct + part * (high->pct - low->pct)) / 100;
}

double vehicle_taken_pct(const struct vehicle *v)
{
	const struct transaction *t = &v->evse->tx;

	if (!t->begin_wh.at.ms || !t->meter_wh.at.ms || v->battery_wh <= 0 ||
		t->meter_wh.value <= t->begin_wh.value)
		return 0;
	return (t->meter_wh.value - t->begin_wh.value) *
	       (v->evse->is_dc ? 1.0 : vehicle_efficiency(v->row, RATED_A)) /
	       (double)v->battery_wh * 100;
}

bool vehicle_soc(const struct vehicle *v, wall_t now, int max_age_s, struct vehicle_soc *out)
{
	const struct reading *charger = v->evse ? &v->evse->soc_pct : &v->soc_pct;
	const struct telematics_reading *told = telematics_newest(v, TELEMATICS_QUANTITY_SOC_PCT);
	bool is_of_before = false;

	if (v->soc_pct.at.ms > charger->at.ms)
		charger = &v->soc_pct;
	if (!charger->at.ms && !told)
		return false;
	if (!told || charger->at.ms >= told->at.ms) {
		*out = (struct vehicle_soc){charger->value, charger->at, "charger", false, false};
	} else {
		*out = (struct vehicle_soc){told->value, told->at, told->source, false,
			told->confidence == TELEMATICS_TOLD};
		if (v->evse && v->evse->tx.is_open) {
			is_of_before = told->at.ms <= v->evse->tx.started.ms;
			out->pct += is_of_before           ? vehicle_taken_pct(v)
				    : told->taken_pct >= 0 ? vehicle_taken_pct(v) - told->taken_pct
							   : 0;
			out->is_reckoned = true;
		}
	}
	if (out->pct > 100)
		out->pct = 100;
	/* What was read before it came is as old as it was when it came. */
	wall_t then = is_of_before ? v->evse->tx.started : now;

	return !max_age_s || then.ms - out->at.ms <= (int64_t)max_age_s * 1000;
}
