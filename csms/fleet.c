#include "csms/fleet.h"
#include "csms/certificates/emaid.h"
#include "csms/charging/unshown.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "csms/station/call.h"
#include "csms/station/inventory.h"
#include "csms/station/trust.h"
#include "csms/station/retry.h"
#include "csms/power/external.h"
#include "csms/power/holding.h"
#include "csms/power/reconcile.h"
#include "csms/station/report.h"
#include "csms/station/sampling.h"
#include "csms/station/v16_book.h"

#define MINUTES_A_DAY (24 * 60)

struct reading reading_of(double value, wall_t at)
{
	int64_t age = wall_diff_ms(clock_wall(), at);

	return (struct reading){value, at, mono_add_ms(clock_mono(), age > 0 ? -age : 0)};
}

static void lower(const char *s, char *out, size_t size)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < size; i++)
		out[i] = (char)tolower((unsigned char)s[i]);
	out[i] = '\0';
}

static void copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

void fleet_init(struct fleet *f)
{
	memset(f, 0, sizeof *f);
}

struct station *fleet_station(const struct fleet *f, const char *id)
{
	char key[49];
	struct station *s;

	if (strlen(id) >= sizeof key)
		return NULL;
	lower(id, key, sizeof key);
	HASH_FIND_STR(f->stations, key, s);
	return s;
}

struct vehicle *fleet_vehicle(const struct fleet *f, const char *id)
{
	struct vehicle *v;

	HASH_FIND_STR(f->vehicles, id, v);
	return v;
}

/* A contract is the same with hyphens and check digit and without. */
static void token_key(const char *type, const char *value, char out[UTF8_SIZE(60)])
{
	char joined[UTF8_SIZE(60)], contract[EMAID_SIZE];
	bool is_contract = strcasecmp(type, "eMAID") == 0 && emaid_normal(value, contract);

	snprintf(joined, sizeof joined, "%s/%s", type, is_contract ? contract : value);
	lower(joined, out, UTF8_SIZE(60));
}

struct token *fleet_token(const struct fleet *f, const char *type, const char *value)
{
	char key[UTF8_SIZE(60)] = "";
	struct token *t;

	token_key(type, value, key);
	HASH_FIND_STR(f->tokens, key, t);
	return t;
}

struct evse *station_evse(const struct station *s, int64_t evse_id)
{
	if (evse_id < 1 || evse_id > s->evse_count)
		return NULL;
	return &s->evses[evse_id - 1];
}

struct event_evse evse_registration(const struct evse *e)
{
	return (struct event_evse){.id = e->id,
		.kind = e->is_dc ? "dc" : "ac",
		.max_w = e->max_w,
		.min_w = e->min_w,
		.phases = e->phases,
		.tail_w = e->tail_w,
		.connectors = e->connector_count,
		.rotation = e->rotation ? phases_rotation_names[e->rotation] : NULL,
		.has_max_a = e->max_ma > 0,
		.max_a = (double)e->max_ma / 1000};
}

void station_registration(const struct station *s, struct event_evse evses[EVSES_MAX],
	struct event_station_registered *out)
{
	*out = (struct event_station_registered){
		.policy = s->policy,
		.security_profile = s->security_profile,
		.node = s->node,
		.password_hash = s->password_hash[0] ? s->password_hash : NULL,
		.name = s->name[0] ? s->name : NULL,
		.source = s->from_file ? "file" : "api",
		.evses = {(size_t)s->evse_count, evses},
		.has_control = true,
		.control = s->is_manual ? EVENT_CONTROL_MANUAL : EVENT_CONTROL_AUTOMATIC,
	};
	for (int i = 0; i < s->evse_count; i++) {
		evses[i] = evse_registration(&s->evses[i]);
	}
}

static void set_evse(struct evse *e, const struct event_evse *row)
{
	e->id = (int)row->id;
	e->is_dc = strcmp(row->kind, "dc") == 0;
	e->max_w = row->max_w;
	e->min_w = row->min_w;
	e->tail_w = row->tail_w;
	e->phases = (int)row->phases;
	e->rotation = row->rotation ? phases_rotation_find(row->rotation) : PHASES_UNKNOWN;
	e->max_ma = row->has_max_a ? (int64_t)(row->max_a * 1000 + 0.5) : 0;
	e->connector_count = (int)row->connectors;
	if (e->connector_count > CONNECTORS_MAX)
		e->connector_count = CONNECTORS_MAX;
}

/* EVSEs may have moved in memory: whoever points at one learns its new place. */
static void rebind_vehicles(struct fleet *f, struct station *s, const struct evse *old)
{
	struct vehicle *v, *tmp;

	for (int i = 0; i < s->evse_count; i++) {
		s->evses[i].station = s;
		if (s->evses[i].tx.evse)
			s->evses[i].tx.evse = &s->evses[i];
	}
	HASH_ITER (hh, f->vehicles, v, tmp) {
		if (!v->evse || v->evse->station != s)
			continue;
		ptrdiff_t i = v->evse - old;
		v->evse = i >= 0 && i < s->evse_count ? &s->evses[i] : NULL;
	}
}

static int put_evses(struct fleet *f, struct station *s, const struct event_station_registered *reg)
{
	int count = reg->evses.count > EVSES_MAX ? EVSES_MAX : (int)reg->evses.count;
	struct evse *old = s->evses, *fresh = calloc(count ? (size_t)count : 1, sizeof *fresh);

	if (!fresh)
		return -1;
	for (int i = 0; i < count; i++) {
		if (i < s->evse_count)
			fresh[i] = old[i];
		else
			fresh[i].told.limit_w = -1;
		fresh[i].grid_evse = -1;
		set_evse(&fresh[i], &reg->evses.items[i]);
	}
	s->evses = fresh;
	s->evse_count = count;
	rebind_vehicles(f, s, old);
	free(old);
	return 0;
}

static struct station *new_station(struct fleet *f, const char *id)
{
	struct station *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->calls = call_queue_create();
	if (!s->calls) {
		free(s);
		return NULL;
	}
	copy(s->id, sizeof s->id, id);
	lower(id, s->key, sizeof s->key);
	HASH_ADD_STR(f->stations, key, s);
	return s;
}

struct station *fleet_put_station(
	struct fleet *f, const char *id, const struct event_station_registered *reg)
{
	struct station *s = fleet_station(f, id);

	if (!s)
		s = new_station(f, id);
	if (!s || put_evses(f, s, reg))
		return NULL;
	s->policy = reg->policy;
	s->security_profile = (int)reg->security_profile;
	copy(s->node, sizeof s->node, reg->node);
	copy(s->name, sizeof s->name, reg->name);
	copy(s->password_hash, sizeof s->password_hash, reg->password_hash);
	s->is_manual = reg->control == EVENT_CONTROL_MANUAL;
	s->from_file = strcmp(reg->source, "file") == 0;
	s->is_guest = strcmp(reg->source, "unknown") == 0;
	if (reg->serial) {
		copy(s->identity.serial, sizeof s->identity.serial, reg->serial);
		copy(s->identity.source, sizeof s->identity.source, reg->source);
	}
	fleet_touch(f, s);
	return s;
}

static void free_station(struct station *s)
{
	call_queue_destroy(s->calls);
	retries_destroy(s->retries);
	reports_forget(s);
	inventory_forget(s);
	sampling_forget(s);
	trust_forget(s);
	v16_book_destroy(s->v16);
	holdings_forget(s);
	externals_forget(s);
	reconcile_forget(s);
	free(s->evses);
	free(s->unplaced);
	unshown_forget(s);
	free(s);
}

void fleet_remove_station(struct fleet *f, struct station *s)
{
	struct vehicle *v, *tmp;

	HASH_ITER (hh, f->vehicles, v, tmp) {
		if (v->evse && v->evse->station == s)
			v->evse = NULL;
	}
	HASH_DEL(f->stations, s);
	free_station(s);
	f->revision++;
}

struct vehicle *fleet_put_vehicle(struct fleet *f, const char *id)
{
	struct vehicle *v = fleet_vehicle(f, id);

	if (v)
		return v;
	v = calloc(1, sizeof *v);
	if (!v)
		return NULL;
	copy(v->id, sizeof v->id, id);
	v->departs_min = -1;
	v->need_wh = -1;
	HASH_ADD_STR(f->vehicles, id, v);
	fleet_touch_vehicle(f, v);
	return v;
}

void fleet_remove_vehicle(struct fleet *f, struct vehicle *v)
{
	HASH_DEL(f->vehicles, v);
	v->next = f->gone;
	f->gone = v;
	f->revision++;
}

static void free_vehicle(struct vehicle *v)
{
	arena_destroy(v->arena);
	free(v->telemetry);
	free(v);
}

/* -- tokens ----------------------------------------------------------------------------------- */

static bool has_rules(const struct event_token_changed *t)
{
	return (t->kind && t->kind[0]) || t->evses.count || t->nodes.count || t->windows.count ||
	       t->has_priority || (t->language && t->language[0]) ||
	       (t->language2 && t->language2[0]) || (t->message && t->message[0]);
}

static int take_texts(const struct schema_strings *from, char *out, size_t size, size_t max)
{
	size_t count = from->count < max ? from->count : max;

	for (size_t i = 0; i < count; i++)
		copy(out + i * size, size, from->items[i]);
	return (int)count;
}

static int put_rules(struct token *t, const struct event_token_changed *row)
{
	struct token_rules *r = NULL;

	if (has_rules(row) && !(r = calloc(1, sizeof *r)))
		return -1;
	free(t->rules);
	t->rules = r;
	if (!r)
		return 0;
	copy(r->kind, sizeof r->kind, row->kind);
	copy(r->language, sizeof r->language, row->language);
	copy(r->language2, sizeof r->language2, row->language2);
	copy(r->message, sizeof r->message, row->message);
	r->has_priority = row->has_priority;
	r->priority = (int)row->priority;
	r->evse_count = take_texts(&row->evses, r->evses[0], sizeof r->evses[0], TOKEN_PLACES_MAX);
	r->node_count = take_texts(&row->nodes, r->nodes[0], sizeof r->nodes[0], TOKEN_PLACES_MAX);
	r->window_count =
		take_texts(&row->windows, r->windows[0], sizeof r->windows[0], TOKEN_WINDOWS_MAX);
	return 0;
}

static void give_texts(
	char *from, size_t size, int count, struct arena *a, struct schema_strings *out)
{
	out->items = count ? arena_alloc(a, sizeof *out->items * (size_t)count) : NULL;
	for (int i = 0; out->items && i < count; i++)
		out->items[out->count++] = from + (size_t)i * size;
}

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

void token_event(const struct token *t, struct arena *a, struct event_token_changed *out)
{
	struct token_rules *r = t->rules;

	*out = (struct event_token_changed){
		.type = t->type,
		.value = t->value,
		.status = t->status,
		.group = or_null(t->group),
		.vehicle_id = t->vehicle ? t->vehicle->id : NULL,
		.has_expires = t->expires.ms != 0,
		.expires = t->expires,
		.source = "",
	};
	if (!r)
		return;
	out->kind = or_null(r->kind);
	out->language = or_null(r->language);
	out->language2 = or_null(r->language2);
	out->message = or_null(r->message);
	out->has_priority = r->has_priority;
	out->priority = r->priority;
	give_texts(r->evses[0], sizeof r->evses[0], r->evse_count, a, &out->evses);
	give_texts(r->nodes[0], sizeof r->nodes[0], r->node_count, a, &out->nodes);
	give_texts(r->windows[0], sizeof r->windows[0], r->window_count, a, &out->windows);
}

struct token *fleet_put_token(struct fleet *f, const struct event_token_changed *row)
{
	struct token *t = fleet_token(f, row->type, row->value);

	if (!t) {
		t = calloc(1, sizeof *t);
		if (!t)
			return NULL;
		token_key(row->type, row->value, t->key);
		HASH_ADD_STR(f->tokens, key, t);
	}
	copy(t->type, sizeof t->type, row->type);
	copy(t->value, sizeof t->value, row->value);
	copy(t->status, sizeof t->status, row->status);
	copy(t->group, sizeof t->group, row->group);
	t->expires = row->has_expires ? row->expires : (wall_t){0};
	t->vehicle = row->vehicle_id ? fleet_vehicle(f, row->vehicle_id) : NULL;
	return put_rules(t, row) ? NULL : t;
}

void fleet_remove_token(struct fleet *f, struct token *t)
{
	HASH_DEL(f->tokens, t);
	free(t->rules);
	free(t);
}

/* -- views ------------------------------------------------------------------------------------ */

void fleet_touch(struct fleet *f, struct station *s)
{
	s->revision = ++f->revision;
}

void fleet_hear(struct fleet *f, struct station *s)
{
	s->heard = ++f->heard;
}

void fleet_touch_vehicle(struct fleet *f, struct vehicle *v)
{
	v->revision = ++f->revision;
}

static bool any_connector(const struct evse *e, const char *status)
{
	for (int i = 0; i < e->connector_count; i++)
		if (strcmp(e->connectors[i].status, status) == 0)
			return true;
	return false;
}

static bool is_known(const struct evse *e)
{
	for (int i = 0; i < e->connector_count; i++)
		if (e->connectors[i].status[0])
			return true;
	return false;
}

const char *evse_state(const struct evse *e)
{
	if (any_connector(e, "Faulted"))
		return "faulted";
	if (e->tx.is_open) {
		if (strcmp(e->tx.charging_state, "Charging") == 0)
			return "charging";
		if (strcmp(e->tx.charging_state, "SuspendedEVSE") == 0)
			return "paused";
		if (strcmp(e->tx.charging_state, "SuspendedEV") == 0)
			return "done";
		return "plugged";
	}
	if (any_connector(e, "Occupied"))
		return "plugged";
	if (any_connector(e, "Unavailable"))
		return "unavailable";
	if (any_connector(e, "Reserved"))
		return "reserved";
	return is_known(e) ? "free" : "unknown";
}

bool evse_wants_card(const struct evse *e)
{
	return e->tx.is_open && !e->tx.token[0] && !e->tx.token_type[0] &&
	       strcmp(e->tx.charging_state, "EVConnected") == 0;
}

wall_t vehicle_departure(const struct vehicle *v, wall_t now)
{
	time_t t = (time_t)(now.ms / 1000);
	struct tm tm;

	if (v->departs_at.ms > now.ms)
		return v->departs_at;
	if (v->departs_min < 0 || v->departs_min >= MINUTES_A_DAY)
		return (wall_t){0};
	localtime_r(&t, &tm);
	for (int day = 0; day <= 1; day++) {
		struct tm at = tm;
		wall_t leaves;

		at.tm_mday += day;
		at.tm_hour = v->departs_min / 60;
		at.tm_min = v->departs_min % 60;
		at.tm_sec = 0;
		at.tm_isdst = -1;
		leaves.ms = (int64_t)mktime(&at) * 1000;
		if (leaves.ms > now.ms)
			return leaves;
	}
	return (wall_t){0};
}

void fleet_finish(struct fleet *f)
{
	struct station *s, *stmp;
	struct vehicle *v, *vtmp;
	struct token *t, *ttmp;

	HASH_ITER (hh, f->stations, s, stmp) {
		HASH_DEL(f->stations, s);
		free_station(s);
	}
	HASH_ITER (hh, f->tokens, t, ttmp) {
		fleet_remove_token(f, t);
	}
	HASH_ITER (hh, f->vehicles, v, vtmp) {
		HASH_DEL(f->vehicles, v);
		free_vehicle(v);
	}
	while (f->gone) {
		v = f->gone;
		f->gone = v->next;
		free_vehicle(v);
	}
}
