#include "csms/vehicles/telematics.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/secret.h"
#include "csms/vehicles/telematics_aside.h"
#include "csms/vehicles/telematics_mqtt.h"
#include "csms/vehicles/telematics_private.h"
#include "csms/vehicles/telematics_rules.h"
#include "csms/vehicles/vehicles.h"
#include "db/query_fleet.h"

#define SCRATCH_MAX (64u << 20) /* one message in pieces */
#define SAME        1e-6 /* two values that differ by less are one */
#define REPLAN_PCT  5.0 /* a plugged vehicle's state of charge moved by so much */

const char *const telematics_confidence_names[] = {
	"measured", "arrived", "retained", "corrected", "told"};

enum telematics_confidence telematics_confidence_of(int stored)
{
	return stored >= TELEMATICS_MEASURED && stored <= TELEMATICS_TOLD
		       ? (enum telematics_confidence)stored
		       : TELEMATICS_RETAINED;
}

const struct telematics_reading *telematics_newest(
	const struct vehicle *v, enum telematics_quantity quantity)
{
	const struct telematics_reading *r = v->telemetry ? &v->telemetry->newest[quantity] : NULL;

	return r && r->at.ms ? r : NULL;
}

/* -- what vehicles are called ----------------------------------------------------------------- */

static void forget_aliases(struct telematics *t)
{
	struct telematics_alias *a, *next;

	HASH_ITER (hh, t->aliases, a, next) {
		HASH_DEL(t->aliases, a);
		free(a);
	}
}

/* Of two vehicles that are called the same the first has the name. */
static void add_alias(struct telematics *t, const char *source, const char *ref, struct vehicle *v)
{
	size_t size = strlen(source) + strlen(ref) + 2;
	struct telematics_alias *a = malloc(sizeof *a + size), *old;

	if (!a)
		return;
	a->vehicle = v;
	snprintf(a->name, size, "%s/%s", source, ref);
	HASH_FIND_STR(t->aliases, a->name, old);
	if (old)
		free(a);
	else
		HASH_ADD_STR(t->aliases, name, a);
}

void telematics_vehicles_changed(struct telematics *t)
{
	if (!t)
		return;
	forget_aliases(t);
	for (struct vehicle *v = t->core->fleet.vehicles; v; v = v->hh.next) {
		for (size_t i = 0; v->row && i < v->row->telematics.count; i++) {
			const struct depot_vehicle_alias *a = &v->row->telematics.items[i];

			add_alias(t, a->source ? a->source : "", a->id, v);
		}
		if (v->row && v->row->vin)
			add_alias(t, "", v->row->vin, v);
		add_alias(t, "", v->id, v);
	}
}

void telematics_vehicle_gone(struct telematics *t, const struct vehicle *v)
{
	if (t)
		telematics_rules_forget(t->rules, v);
}

struct vehicle *telematics_vehicle(
	struct telematics *t, const struct telematics_source *s, const char *ref)
{
	char name[TELEMATICS_REF_MAX + 60];
	struct telematics_alias *a;

	snprintf(name, sizeof name, "%s/%s", s->config->id, ref);
	HASH_FIND_STR(t->aliases, name, a);
	if (!a)
		HASH_FIND_STR(t->aliases, name + strlen(s->config->id), a);
	return a ? a->vehicle : NULL;
}

/* -- a reading -------------------------------------------------------------------------------- */

enum telematics_fault telematics_judge(const struct telematics_source *s, const struct vehicle *v,
	const struct telematics_item *item, wall_t now)
{
	const struct config_telematics *c = s->owner->config;
	const struct telematics_quantity_row *q = &telematics_quantities[item->quantity];
	const struct telematics_reading *last = telematics_newest(v, item->quantity);
	int64_t days = q->is_place ? c->keep_places_days : c->keep_days;

	if (!(item->value >= q->min && item->value <= q->max))
		return TELEMATICS_IMPOSSIBLE;
	if (item->at.ms > now.ms + c->future_s * 1000)
		return TELEMATICS_FUTURE;
	if (item->at.ms < now.ms - days * 86400000)
		return TELEMATICS_ANCIENT;
	if (last && item->is_timed && last->at.ms == item->at.ms && last->source == s->config->id &&
		fabs(last->value - item->value) > SAME)
		return TELEMATICS_CONTRADICTS;
	return TELEMATICS_FINE;
}

static struct telemetry *telemetry_of(struct vehicle *v)
{
	if (!v->telemetry)
		v->telemetry = calloc(1, sizeof *v->telemetry);
	return v->telemetry;
}

/* The plan of a plugged vehicle may rest on it. */
static void tell_planner(struct core *c, struct vehicle *v, double before, double now)
{
	if (c->control && v->evse && v->evse->tx.is_open && !v->evse->soc_pct.at.ms &&
		fabs(now - before) >= REPLAN_PCT)
		control_evse_changed(c->control, v->evse, "state of charge by telematics");
}

static void make_newest(struct telematics_source *s, struct vehicle *v,
	const struct telematics_item *item, const struct telematics_reading *r)
{
	struct telematics *t = s->owner;
	struct telematics_reading *last = &v->telemetry->newest[item->quantity];
	double before = last->at.ms ? last->value : -100;

	*last = *r;
	last->taken_pct = v->evse && v->evse->tx.is_open ? vehicle_taken_pct(v) : -1;
	fleet_touch_vehicle(&t->core->fleet, v);
	t->core->fleet.reported++;
	if (item->quantity == TELEMATICS_QUANTITY_SOC_PCT)
		tell_planner(t->core, v, before, r->value);
	telematics_rules_look(t->rules, v, item->quantity);
}

/* A source that gives no times repeats what it heard last of a sleeping vehicle: the value that a
 * person overruled is no news from it. */
static bool is_overruled(const struct telematics_source *s, const struct vehicle *v,
	const struct telematics_item *item)
{
	const struct telemetry *m = v->telemetry;

	return item->quantity == TELEMATICS_QUANTITY_SOC_PCT && !item->is_timed &&
	       m->newest[item->quantity].confidence == TELEMATICS_TOLD &&
	       strcmp(m->overruled_by, s->config->id) == 0 &&
	       fabs(m->overruled_pct - item->value) < SAME;
}

bool telematics_apply(struct telematics_source *s, struct vehicle *v,
	const struct telematics_item *item, wall_t received, enum telematics_confidence confidence,
	struct telematics_counts *outcome)
{
	struct core *c = s->owner->core;
	const char *quantity = telematics_quantity_enum.values[item->quantity];
	struct telematics_reading r = {
		item->value, item->at, received, s->config->id, confidence, -1};
	const struct telematics_reading *last;
	char point[180];

	if (!telemetry_of(v))
		return false;
	if (is_overruled(s, v, item))
		r.confidence = confidence = TELEMATICS_RETAINED;
	last = telematics_newest(v, item->quantity);
	if (last && last->at.ms == item->at.ms && last->source == s->config->id) {
		outcome->repeated++;
		return false;
	}
	snprintf(point, sizeof point, "%s/%s/%s", v->id, quantity, s->config->id);
	record_reading(c, point, item->at, item->value, received, confidence);
	if (!telematics_quantities[item->quantity].is_place) {
		snprintf(point, sizeof point, "vehicle/%s/%s", v->id, quantity);
		record_sample(c, point, item->at, item->value, confidence == TELEMATICS_RETAINED);
	}
	outcome->readings++;
	/* What may be of any age says nothing where anything is known. */
	if (last && (item->at.ms < last->at.ms || confidence == TELEMATICS_RETAINED))
		outcome->late++;
	else
		make_newest(s, v, item, &r);
	return true;
}

/* -- a message -------------------------------------------------------------------------------- */

struct taking {
	struct telematics_source *source;
	const struct telematics_message *msg;
	struct telematics_counts *outcome;
	const char *unknown; /* record of a vehicle that is not ours, set aside already */
	const char *ref; /* that was looked up last … */
	struct vehicle *vehicle; /* … and what it is called here */
	char name[TELEMATICS_REF_MAX + 1];
	bool is_retained;
};

static void put_aside(struct taking *x, const struct telematics_item *item)
{
	if (telematics_set_aside(x->source, x->msg, item))
		x->outcome->aside++;
	else
		x->outcome->dropped++;
}

static struct vehicle *vehicle_of(struct taking *x, const char *ref)
{
	if (x->ref && strcmp(x->name, ref) == 0)
		return x->vehicle;
	snprintf(x->name, sizeof x->name, "%s", ref);
	x->ref = x->name;
	x->vehicle = telematics_vehicle(x->source->owner, x->source, ref);
	return x->vehicle;
}

static void take_item(void *arg, const struct telematics_item *item)
{
	struct taking *x = arg;
	struct telematics_item judged = *item;
	struct vehicle *v = item->ref[0] ? vehicle_of(x, item->ref) : NULL;

	if (!v && item->ref[0]) {
		/* The record as a whole, once: it is taken as a whole when the vehicle is known. */
		if (x->unknown == item->record)
			return;
		x->unknown = item->record;
		judged.fault = TELEMATICS_UNKNOWN_VEHICLE;
		judged.field = "";
		put_aside(x, &judged);
		return;
	}
	if (judged.fault == TELEMATICS_FINE)
		judged.fault = telematics_judge(x->source, v, item, x->msg->received);
	if (judged.fault != TELEMATICS_FINE) {
		put_aside(x, &judged);
		return;
	}
	telematics_apply(x->source, v, item, x->msg->received,
		item->is_timed   ? TELEMATICS_MEASURED
		: x->is_retained ? TELEMATICS_RETAINED
				 : TELEMATICS_ARRIVED,
		x->outcome);
}

static void add_counts(struct telematics_counts *to, const struct telematics_counts *more)
{
	to->messages += more->messages;
	to->readings += more->readings;
	to->late += more->late;
	to->repeated += more->repeated;
	to->aside += more->aside;
	to->dropped += more->dropped;
}

static void on_silence(void *arg)
{
	struct telematics_source *s = arg;

	alarm_raise(s->owner->core, ALARM_TELEMATICS_SILENT, s->config->id,
		"%s has said nothing for %lld minutes.", s->config->id,
		(long long)s->config->silent_s / 60);
}

static void watch_silence(struct telematics_source *s)
{
	struct core *c = s->owner->core;

	if (!s->config->silent_s)
		return;
	alarm_clear(c, ALARM_TELEMATICS_SILENT, s->config->id);
	timer_start(c->timers, &s->silence, s->config->silent_s * 1000, on_silence, s);
}

static void refill(struct telematics_source *s)
{
	mono_t now = clock_mono();
	double most = (double)s->config->readings_burst;

	s->room += (double)mono_diff_ms(now, s->filled) * (double)s->config->readings_per_s / 1000;
	if (s->room > most)
		s->room = most;
	s->filled = now;
}

int64_t telematics_wait_ms(const struct telematics_source *s)
{
	double room = s->room + (double)mono_diff_ms(clock_mono(), s->filled) *
					(double)s->config->readings_per_s / 1000;

	return room > 0 ? 0 : 1 + (int64_t)(-room * 1000 / (double)s->config->readings_per_s);
}

bool telematics_ingest(struct telematics_source *s, const struct telematics_message *msg,
	bool is_retained, struct telematics_counts *outcome)
{
	struct telematics *t = s->owner;
	struct telematics_counts now = {.messages = 1};
	struct taking x = {.source = s, .msg = msg, .outcome = &now, .is_retained = is_retained};
	bool is_json;

	arena_reset(t->scratch);
	is_json = telematics_map_read(s->map, msg, t->scratch, take_item, &x);
	refill(s);
	s->room -= (double)(now.readings + now.repeated + now.aside + now.dropped + 1);
	s->last = msg->received;
	watch_silence(s);
	add_counts(&s->counts, &now);
	add_counts(outcome, &now);
	return is_json;
}

/* -- sources ---------------------------------------------------------------------------------- */

int telematics_source_count(const struct telematics *t)
{
	return t ? t->source_count : 0;
}

struct telematics_source *telematics_source_at(struct telematics *t, int i)
{
	return &t->sources[i];
}

struct telematics_source *telematics_source_find(struct telematics *t, const char *id)
{
	for (int i = 0; i < telematics_source_count(t); i++)
		if (strcmp(t->sources[i].config->id, id) == 0)
			return &t->sources[i];
	return NULL;
}

void telematics_source_look(const struct telematics_source *s, struct telematics_source_view *out)
{
	*out = (struct telematics_source_view){
		.id = s->config->id,
		.mapping = s->config->mapping,
		.link = s->config->mqtt ? "not connected" : "http",
		.has_http = s->config->http,
		.has_mqtt = s->config->mqtt != NULL,
		.has_token = s->token[0] != '\0',
		.last = s->last,
		.counts = s->counts,
		.open_aside = telematics_aside_count(s->owner, s),
	};
	if (s->link)
		out->link = telematics_link_state(s->link, &out->is_connected);
}

void telematics_token_make(
	struct telematics_source *s, const char *actor, char out[TELEMATICS_TOKEN_SIZE])
{
	struct core *c = s->owner->core;
	struct arena *a = record_arena(c);
	struct event_telematics_token_made *e = a ? arena_alloc(a, sizeof *e) : NULL;

	snprintf(out, TELEMATICS_TOKEN_SIZE, "dv_");
	secret_random(out + 3, 40);
	secret_digest(out, strlen(out), s->token);
	if (!e)
		return;
	e->digest = arena_strdup(a, s->token);
	record_now(c, EVENT_TELEMATICS_TOKEN_MADE, "telematics", s->config->id, e, actor, NULL);
}

void telematics_token_revoke(struct telematics_source *s, const char *actor)
{
	struct core *c = s->owner->core;
	struct arena *a = record_arena(c);
	struct event_telematics_token_revoked *e = a ? arena_alloc(a, sizeof *e) : NULL;

	s->token[0] = '\0';
	if (e)
		record_now(c, EVENT_TELEMATICS_TOKEN_REVOKED, "telematics", s->config->id, e, actor,
			NULL);
}

bool telematics_token_fits(const struct telematics_source *s, const char *secret)
{
	char digest[65];

	secret_digest(secret, strlen(secret), digest);
	return s->token[0] && strcmp(digest, s->token) == 0;
}

/* -- life ------------------------------------------------------------------------------------- */

static int load_source(struct telematics *t, const char *folder,
	const struct config_telematics_source *row, char why[400])
{
	struct telematics_source *s = &t->sources[t->source_count];
	char path[700];

	for (int i = 0; i < t->source_count; i++)
		if (strcmp(t->sources[i].config->id, row->id) == 0) {
			snprintf(why, 400, "telematics: source \"%s\" is there twice", row->id);
			return -1;
		}
	if (!row->http && !row->mqtt) {
		snprintf(why, 400, "telematics: source \"%s\" needs `http: true` or `mqtt`",
			row->id);
		return -1;
	}
	snprintf(path, sizeof path, "%s/%s.yaml", folder, row->mapping);
	*s = (struct telematics_source){
		.owner = t,
		.config = row,
		.map = telematics_map_load(path, t->arena, why),
		.room = (double)row->readings_burst,
		.filled = clock_mono(),
	};
	if (!s->map)
		return -1;
	if (row->http && !row->mqtt && s->map->has_topic_field) {
		snprintf(why, 400, "telematics: %s.yaml reads topics, which http does not have",
			row->mapping);
		return -1;
	}
	t->source_count++;
	return 0;
}

static int load_files(struct telematics *t, char why[400])
{
	const struct core *c = t->core;
	char path[700];

	t->sources = calloc(t->config->sources.count + 1, sizeof *t->sources);
	if (!t->sources)
		return -1;
	for (size_t i = 0; i < t->config->sources.count; i++)
		if (load_source(t, c->telematics_maps, &t->config->sources.items[i], why))
			return -1;
	snprintf(path, sizeof path, "%s/rules.yaml", c->telematics_maps);
	t->rules = telematics_rules_create(t, path, t->arena, why);
	return t->rules ? 0 : -1;
}

struct restoring {
	struct telematics *owner;
	struct arena *arena;
	struct db_reading_list readings;
	struct db_telematics_token_list tokens;
	bool failed;
};

static void read_store(struct db_reader *r, void *arg)
{
	struct restoring *x = arg;

	x->failed = db_query_newest_readings(r, x->arena, &x->readings) ||
		    db_query_telematics_tokens(r, x->arena, &x->tokens);
}

static void restore_reading(struct telematics *t, const struct db_reading *row)
{
	struct vehicle *v = row->vehicle ? fleet_vehicle(&t->core->fleet, row->vehicle) : NULL;
	const struct telematics_source *s = v ? telematics_source_find(t, row->source) : NULL;
	int q = v ? schema_enum_find(&telematics_quantity_enum, row->quantity) : -1;
	struct telematics_reading *last;

	if (q < 0 || !telemetry_of(v))
		return;
	last = &v->telemetry->newest[q];
	/* What people told is read by csms/vehicles/told_soc.c. */
	if (row->at.ms <= last->at.ms || row->confidence == TELEMATICS_TOLD ||
		(last->confidence == TELEMATICS_TOLD && row->confidence == TELEMATICS_RETAINED))
		return;
	*last = (struct telematics_reading){row->value, row->at, row->received,
		s ? s->config->id : arena_strdup(t->arena, row->source),
		telematics_confidence_of(row->confidence), -1};
}

static int restore(struct telematics *t, char why[400])
{
	struct restoring x = {.owner = t, .arena = arena_create(0)};
	int rc = 0;

	if (!x.arena || db_read_now(t->core->db, read_store, &x) || x.failed) {
		snprintf(why, 400, "the store's readings of vehicles cannot be read");
		rc = -1;
	}
	for (size_t i = 0; rc == 0 && i < x.readings.count; i++)
		restore_reading(t, &x.readings.items[i]);
	for (size_t i = 0; rc == 0 && i < x.tokens.count; i++) {
		struct telematics_source *s = telematics_source_find(t, x.tokens.items[i].source);

		if (s)
			snprintf(s->token, sizeof s->token, "%s", x.tokens.items[i].digest);
	}
	arena_destroy(x.arena);
	return rc;
}

static struct telematics *open_files(struct core *c, char why[400])
{
	struct telematics *t = calloc(1, sizeof *t);

	snprintf(why, 400, "out of memory");
	if (!t)
		return NULL;
	t->core = c;
	t->config = c->config->telematics;
	t->arena = arena_create(0);
	t->scratch = arena_create(SCRATCH_MAX);
	if (t->arena && t->scratch && load_files(t, why) == 0)
		return t;
	telematics_destroy(t);
	return NULL;
}

struct telematics *telematics_create(struct core *c, char why[400])
{
	struct telematics *t = open_files(c, why);

	if (!t)
		return NULL;
	c->telematics = t;
	telematics_vehicles_changed(t);
	if (restore(t, why) == 0) {
		t->asides = telematics_asides_create(t, why);
		if (t->asides)
			return t;
	}
	c->telematics = NULL;
	telematics_destroy(t);
	return NULL;
}

int telematics_start(struct telematics *t, char why[400])
{
	for (int i = 0; i < t->source_count; i++) {
		struct telematics_source *s = &t->sources[i];

		watch_silence(s);
		if (!s->config->mqtt)
			continue;
		s->link = telematics_link_create(s, why);
		if (!s->link)
			return -1;
	}
	return 0;
}

int telematics_check(const struct core *c, char why[400])
{
	struct core copy = *c;
	struct telematics *t = open_files(&copy, why);

	telematics_destroy(t);
	return t ? 0 : -1;
}

void telematics_stop(struct telematics *t)
{
	for (int i = 0; i < telematics_source_count(t); i++)
		telematics_link_stop(t->sources[i].link);
}

void telematics_destroy(struct telematics *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->source_count; i++) {
		telematics_link_stop(t->sources[i].link);
		if (t->core->timers)
			timer_stop(t->core->timers, &t->sources[i].silence);
	}
	telematics_asides_destroy(t->asides);
	telematics_rules_destroy(t->rules);
	forget_aliases(t);
	free(t->sources);
	arena_destroy(t->scratch);
	arena_destroy(t->arena);
	free(t);
}
