#include "csms/power/grid_edit.h"
#include "csms/restore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/charging/claim.h"
#include "csms/power/external.h"
#include "csms/power/holding.h"
#include "csms/station/device.h"
#include "csms/station/identity.h"
#include "csms/station/inventory.h"
#include "csms/station/trust.h"
#include "csms/charging/live.h"
#include "csms/log.h"
#include "csms/charging/needs.h"
#include "csms/record.h"
#include "csms/station/report.h"
#include "csms/station/v16_book.h"
#include "csms/stored.h"
#include "csms/vehicles/vehicle_charge.h"
#include "csms/vehicles/told_soc.h"
#include "csms/vehicles/vehicles.h"
#include "db/query_newest.h"
#include "db/query.h"
#include "db/query_access.h"
#include "db/query_file.h"
#include "db/query_safety.h"

/* -- from the store --------------------------------------------------------------------------- */

struct restore {
	struct core *core;
	struct arena *arena;
	const char *failed; /* what could not be read, NULL: nothing */
};

static enum event_registration registration(const char *word)
{
	int found = word ? schema_enum_find(&event_registration_enum, word) : -1;

	return found < 0 ? EVENT_REGISTRATION_PENDING : (enum event_registration)found;
}

static void copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

static void put_station(struct restore *r, const struct db_station *row)
{
	struct event_evse *evses = arena_alloc(r->arena, (row->evse_count + 1) * sizeof *evses);
	struct event_station_registered reg = {
		.policy = registration(row->policy),
		.security_profile = row->security_profile,
		.node = row->node ? row->node : "",
		.password_hash = row->password_hash,
		.name = row->name,
		.source = row->source ? row->source : "",
		.evses = {row->evse_count, evses},
		.has_control = true,
		.control = row->control && strcmp(row->control, "manual") == 0
				   ? EVENT_CONTROL_MANUAL
				   : EVENT_CONTROL_AUTOMATIC,
	};
	struct station *s;

	for (size_t i = 0; evses && i < row->evse_count; i++) {
		const struct db_evse *e = &row->evses[i];

		evses[i] = (struct event_evse){.id = e->id,
			.kind = e->kind,
			.max_w = e->max_w,
			.min_w = e->min_w,
			.phases = e->phases,
			.tail_w = e->tail_w,
			.connectors = e->connectors,
			.rotation = e->rotation,
			.has_max_a = e->max_ma > 0,
			.max_a = (double)e->max_ma / 1000};
	}
	s = evses ? fleet_put_station(&r->core->fleet, row->id, &reg) : NULL;
	if (!s)
		return;
	s->registered_at = row->registered_at;
	s->epoch = row->epoch;
	s->connected_at = row->connected_at;
	s->has_booted = row->boot_at.ms != 0;
	s->boot_status = registration(row->boot_status);
	copy(s->vendor, sizeof s->vendor, row->vendor);
	copy(s->model, sizeof s->model, row->model);
	copy(s->serial, sizeof s->serial, row->serial);
	copy(s->firmware, sizeof s->firmware, row->firmware);
	copy(s->iccid, sizeof s->iccid, row->iccid);
	copy(s->imsi, sizeof s->imsi, row->imsi);
}

static struct evse *evse_of(struct restore *r, const char *station, int64_t id)
{
	struct station *s = fleet_station(&r->core->fleet, station);

	return s ? station_evse(s, id) : NULL;
}

static void read_stations(struct db_reader *db, struct restore *r)
{
	struct db_station_list list = {0};

	if (db_query_stations(db, NULL, r->arena, &list))
		r->failed = "stations";
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].registered)
			put_station(r, &list.items[i]);
}

static void read_connectors(struct db_reader *db, struct restore *r)
{
	struct db_connector_list list = {0};

	if (db_query_connectors(db, NULL, r->arena, &list))
		r->failed = "connectors";
	for (size_t i = 0; i < list.count; i++) {
		const struct db_connector *row = &list.items[i];
		struct evse *e = evse_of(r, row->station, row->evse);

		if (!e || row->connector < 1 || row->connector > e->connector_count)
			continue;
		copy(e->connectors[row->connector - 1].status, 20, row->status);
		e->connectors[row->connector - 1].at = row->at;
	}
}

/* Lines of a text as a list. */
static struct schema_strings lines(const char *text, struct arena *a)
{
	struct schema_strings out = {0};
	size_t most = 1;

	for (const char *p = text; p && *p; p++)
		most += *p == '\n';
	out.items = text ? arena_alloc(a, most * sizeof *out.items) : NULL;
	while (out.items && *text) {
		size_t n = strcspn(text, "\n");

		out.items[out.count] = arena_strndup(a, text, n);
		if (!out.items[out.count++])
			return (struct schema_strings){0};
		text += n + (text[n] == '\n');
	}
	return out;
}

static void read_tokens(struct db_reader *db, struct restore *r)
{
	struct db_token_list list = {0};

	if (db_query_tokens(db, NULL, NULL, r->arena, &list))
		r->failed = "tokens";
	for (size_t i = 0; i < list.count; i++) {
		struct event_token_changed t = {
			.type = list.items[i].type,
			.value = list.items[i].value,
			.status = list.items[i].status,
			.group = list.items[i].group,
			.vehicle_id = list.items[i].vehicle,
			.has_expires = list.items[i].expires.ms != 0,
			.expires = list.items[i].expires,
			.kind = list.items[i].kind,
			.evses = lines(list.items[i].evses, r->arena),
			.nodes = lines(list.items[i].nodes, r->arena),
			.windows = lines(list.items[i].windows, r->arena),
			.has_priority = list.items[i].has_priority,
			.priority = list.items[i].priority,
			.language = list.items[i].language,
			.language2 = list.items[i].language2,
			.message = list.items[i].message,
		};
		fleet_put_token(&r->core->fleet, &t);
	}
}

static int64_t last_number(const char *seqs)
{
	const char *end = seqs ? strrchr(seqs, ',') : NULL, *dash;

	end = end ? end + 1 : seqs;
	if (!end || !*end)
		return -1;
	dash = strchr(end, '-');
	return atoll(dash ? dash + 1 : end);
}

static void fill_transaction(struct transaction *t, const struct db_transaction *row)
{
	memset(t, 0, sizeof *t);
	copy(t->id, sizeof t->id, row->id);
	copy(t->token, sizeof t->token, row->token);
	copy(t->token_type, sizeof t->token_type, row->token_type);
	copy(t->charging_state, sizeof t->charging_state, row->charging_state);
	t->is_open = t->is_restored = true;
	t->started = row->started_at.ms ? row->started_at : row->heard_at;
	t->last = row->last_at;
	t->last_seq = last_number(row->seqs);
	t->state_seq = t->charging_state[0] ? t->last_seq : -1;
	t->token_seq = t->token[0] ? t->last_seq : -1;
	t->cable_seq = row->has_cable_max_a ? t->last_seq : -1;
	t->cable_max_a = row->cable_max_a;
	t->cable_at = t->last;
	t->phases_seq = row->has_phases_used ? t->last_seq : -1;
	t->phases_used = row->phases_used;
	t->remote_start_id = row->has_remote_start_id ? row->remote_start_id : 0;
	if (row->has_begin_wh)
		t->begin_wh = reading_of(row->begin_wh, t->started);
	if (row->has_meter_wh)
		t->meter_wh = reading_of(row->meter_wh, row->meter_at);
}

/* Nobody has said where it is. */
static void put_unplaced(struct restore *r, const struct db_transaction *row)
{
	struct station *s = fleet_station(&r->core->fleet, row->station);
	struct unplaced *u = s ? live_room(s, row->id) : NULL;

	if (!u)
		return;
	fill_transaction(&u->tx, row);
	if (row->has_soc_pct)
		u->soc_pct = reading_of(row->soc_pct, row->soc_at);
	if (row->has_power_w)
		u->power_w = reading_of(row->power_w, row->power_at);
}

static void put_transaction(struct restore *r, const struct db_transaction *row)
{
	struct evse *e = row->has_evse ? evse_of(r, row->station, row->evse) : NULL;

	if (!row->has_evse)
		put_unplaced(r, row);
	if (!e)
		return;
	if (e->tx.is_open && e->tx.started.ms > row->started_at.ms) {
		copy(e->tx_before, sizeof e->tx_before, row->id);
		return;
	}
	memcpy(e->tx_before, e->tx.id, sizeof e->tx_before);
	fill_transaction(&e->tx, row);
	e->tx.evse = e;
	if (row->has_soc_pct)
		e->soc_pct = reading_of(row->soc_pct, row->soc_at);
	if (row->has_power_w)
		e->power_w = reading_of(row->power_w, row->power_at);
	e->import_wh = e->tx.meter_wh;
	claim_restore(
		r->core, e, row->vehicle ? fleet_vehicle(&r->core->fleet, row->vehicle) : NULL);
}

static void read_transactions(struct db_reader *db, struct restore *r)
{
	struct db_transaction_filter f = {.state = DB_OPEN, .limit = 10000};
	struct db_transaction_list list = {0};

	if (db_query_transactions(db, &f, r->arena, &list))
		r->failed = "transactions";
	for (size_t i = 0; i < list.count; i++)
		put_transaction(r, &list.items[i]);
}

/* The registers of EVSEs, "evse/STATION/N/import_wh" (csms/metering/values.h). */
static void read_registers(struct db_reader *db, struct restore *r)
{
	struct db_sample_list list = {0};

	if (db_query_newest(db, "evse/*/import_wh", r->arena, &list))
		r->failed = "measurements";
	for (size_t i = 0; i < list.count; i++) {
		char *name = arena_strdup(r->arena, list.items[i].point + strlen("evse/"));
		char *end = name ? strrchr(name, '/') : NULL, *number;
		struct evse *e = NULL;

		if (end)
			*end = '\0';
		if (end && (number = strrchr(name, '/')) != NULL) {
			*number = '\0';
			e = evse_of(r, name, atoll(number + 1));
		}
		if (e && list.items[i].at.ms > e->import_wh.at.ms)
			e->import_wh = reading_of(list.items[i].value, list.items[i].at);
	}
}

static void read_clocks(struct db_reader *db, struct restore *r)
{
	struct db_station_clock_list list = {0};

	if (db_query_station_clocks(db, r->arena, &list))
		r->failed = "clocks";
	for (size_t i = 0; i < list.count; i++) {
		struct station *s = fleet_station(&r->core->fleet, list.items[i].station);

		if (s)
			s->clock.kept_ms = list.items[i].ahead_ms;
	}
}

static void read_setpoints(struct db_reader *db, struct restore *r)
{
	struct db_setpoint_list list = {0};

	if (db_query_setpoints(db, NULL, r->arena, &list))
		r->failed = "setpoints";
	for (size_t i = 0; i < list.count; i++) {
		const struct db_setpoint *row = &list.items[i];
		struct evse *e = evse_of(r, row->station, row->evse);

		if (!e || e->station->is_manual)
			continue; /* what depotd said once is not in force any more */
		e->told.limit_w = row->limit_w;
		e->told.at = row->at;
		copy(e->told.source, sizeof e->told.source, row->source);
		copy(e->told.node, sizeof e->told.node, row->node);
		copy(e->told.reason, sizeof e->told.reason, row->reason);
		/* What depotd said last was that the vehicle takes no more. */
		if (e->tx.is_open && strcmp(e->told.source, CHARGE_BY_FULL_SOURCE) == 0 &&
			e->told.at.ms >= e->tx.started.ms)
			e->tx.full_at = e->told.at;
	}
}

/* A station may come back after days and repeat messages of transactions that are over. */
#define V16_KEPT_MS (8 * 86400000LL)

static void read_v16(struct db_reader *db, struct restore *r)
{
	struct db_v16_transaction_list list = {0};
	struct db_v16_asked_list asked = {0};
	wall_t since = wall_add_ms(clock_wall(), -V16_KEPT_MS);

	if (db_query_v16_newest(db, r->arena, &r->core->v16_newest) ||
		db_query_v16_transactions(db, since, r->arena, &list) ||
		db_query_v16_asked(db, r->arena, &asked))
		r->failed = "numbers of OCPP 1.6";
	for (size_t i = 0; i < list.count; i++) {
		struct station *s = fleet_station(&r->core->fleet, list.items[i].station);

		if (s)
			v16_book_restore(s, &list.items[i], last_number(list.items[i].seqs));
	}
	for (size_t i = 0; i < asked.count; i++) {
		struct station *s = fleet_station(&r->core->fleet, asked.items[i].station);

		if (s)
			v16_book_restore_asked(s, &asked.items[i]);
	}
}

static void read_passwords(struct db_reader *db, struct restore *r)
{
	struct db_password_offer_list list = {0};

	if (db_query_password_offers(db, r->arena, &list))
		r->failed = "password offers";
	for (size_t i = 0; i < list.count; i++) {
		struct station *s = fleet_station(&r->core->fleet, list.items[i].station);
		struct password_offer *o;

		if (!s || s->offer_count == PASSWORD_OFFERS)
			continue;
		o = &s->offers[s->offer_count++];
		copy(o->id, sizeof o->id, list.items[i].id);
		copy(o->hash, sizeof o->hash, list.items[i].hash);
		o->waits = list.items[i].waits;
	}
}

static void read_transfers(struct db_reader *db, struct restore *r)
{
	struct db_transfer_list list = {0};

	if (db_query_transfers(db, r->arena, &list))
		r->failed = "transfers";
	for (size_t i = 0; i < list.count; i++) {
		const struct db_transfer *row = &list.items[i];
		struct station *s = fleet_station(&r->core->fleet, row->station);
		int kind = schema_enum_find(&event_transfer_kind_enum, row->kind);

		if (!s || kind < 0)
			continue;
		copy(s->transfers[kind].status, sizeof s->transfers[kind].status, row->status);
		s->transfers[kind].request_id = row->request_id;
		s->transfers[kind].at = row->at;
	}
}

static void read_all(struct db_reader *db, void *arg)
{
	struct restore *r = arg;

	read_stations(db, r);
	read_passwords(db, r);
	read_connectors(db, r);
	read_tokens(db, r);
	read_transactions(db, r);
	read_registers(db, r);
	read_transfers(db, r);
	read_setpoints(db, r);
	read_clocks(db, r);
	read_v16(db, r);
}

int restore_fleet(struct core *c, char why[300])
{
	struct restore r = {.core = c, .arena = arena_create(0)};

	if (!r.arena) {
		snprintf(why, 300, "out of memory");
		return -1;
	}
	/* Vehicles first: tokens and transactions point at them. */
	if (vehicles_restore(c, why)) {
		arena_destroy(r.arena);
		return -1;
	}
	if (db_read_now(c->db, read_all, &r))
		r.failed = "projections";
	arena_destroy(r.arena);
	if (r.failed) {
		stored_unreadable(r.failed, why);
		return -1;
	}
	for (struct station *s = c->fleet.stations; s; s = s->hh.next)
		v16_book_restore_freed(s, c->config->limits->doubt_s * 1000);
	if (holdings_restore(c) || externals_restore(c) || needs_restore(c)) {
		stored_unreadable("charging profiles", why);
		return -1;
	}
	if (told_socs_restore(c, why))
		return -1;
	if (identity_restore(c, why) || device_restore(c, why) || inventory_restore(c, why) ||
		trust_restore(c, why))
		return -1;
	return reports_restore(c, why);
}

/* -- from the depot's file -------------------------------------------------------------------- */

static enum phases_rotation rotation_of(const struct depot_evse *e)
{
	return phases_rotation_find(depot_rotation_enum.values[e->rotation]);
}

static bool same_evse(const struct evse *a, const struct depot_evse *b)
{
	return a->is_dc == (b->kind == DEPOT_CURRENT_DC) && a->max_w == b->max_w &&
	       a->min_w == b->min_w && a->tail_w == b->tail_w && a->phases == b->phases &&
	       a->connector_count == b->connectors &&
	       a->rotation == (b->has_rotation ? rotation_of(b) : PHASES_UNKNOWN) &&
	       a->max_ma == (b->has_max_a ? (int64_t)(b->max_a * 1000 + 0.5) : 0);
}

/* What the station rose to stays, whatever the file still says (A05.FR.07). */
static int64_t least_profile(const struct station *s, const struct depot_station *row)
{
	return s && s->security_profile > row->security_profile ? s->security_profile
								: row->security_profile;
}

static bool same_station(const struct station *s, const struct depot_station *row)
{
	if ((int)s->policy != (int)row->policy || s->security_profile != least_profile(s, row) ||
		strcasecmp(s->node, row->node) != 0 ||
		strcmp(s->name, row->name ? row->name : "") != 0 ||
		(row->serial && strcmp(s->identity.serial, row->serial) != 0) ||
		s->evse_count != (int)row->evses.count || !s->from_file ||
		s->is_manual != (row->control == DEPOT_CONTROL_MANUAL))
		return false;
	for (int i = 0; i < s->evse_count; i++)
		if (!same_evse(&s->evses[i], &row->evses.items[i]))
			return false;
	return true;
}

static int put_file_station(struct core *c, const struct depot_station *row, char why[300])
{
	struct event_evse evses[EVSES_MAX] = {0};
	struct event_station_registered reg = {
		.policy = (enum event_registration)row->policy,
		.security_profile = least_profile(fleet_station(&c->fleet, row->id), row),
		.node = row->node,
		.name = row->name,
		.serial = row->serial,
		.source = "file",
		.evses = {row->evses.count, evses},
		.has_control = true,
		.control = (enum event_control)row->control,
	};

	for (size_t i = 0; i < row->evses.count && i < EVSES_MAX; i++) {
		const struct depot_evse *e = &row->evses.items[i];

		evses[i] = (struct event_evse){.id = e->id,
			.kind = e->kind == DEPOT_CURRENT_DC ? "dc" : "ac",
			.max_w = e->max_w,
			.min_w = e->min_w,
			.phases = e->phases,
			.tail_w = e->tail_w,
			.connectors = e->connectors,
			.rotation =
				e->has_rotation ? depot_rotation_enum.values[e->rotation] : NULL,
			.has_max_a = e->has_max_a,
			.max_a = e->max_a};
	}
	return core_put_station(c, row->id, &reg, NULL, "depot file", NULL, NULL, why);
}

static void journal_loaded(struct core *c, const struct config *cfg)
{
	struct arena *a = record_arena(c);
	struct event_depot_loaded *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->source = arena_printf(a, "%.400s", cfg->depot_path);
	p->digest = arena_strdup(a, grid_edits_digest(c->grid_edits));
	p->nodes = (int64_t)c->depot->nodes.count;
	p->stations = (int64_t)c->depot->stations.count;
	p->vehicles = (int64_t)c->depot->vehicles.count;
	p->dropped = *grid_edits_dropped(c->grid_edits);
	record_now(c, EVENT_DEPOT_LOADED, "depot", c->depot->depot, p, "depotd", NULL);
}

int restore_depot_file(struct core *c, const struct config *cfg, char why[300])
{
	journal_loaded(c, cfg);
	for (size_t i = 0; i < c->depot->stations.count; i++) {
		const struct depot_station *row = &c->depot->stations.items[i];
		struct station *s = fleet_station(&c->fleet, row->id);

		if ((!s || !same_station(s, row)) && put_file_station(c, row, why))
			return -1;
	}
	if (vehicles_file_identities(c, why))
		return -1;
	/* On disk before anything listens. */
	record_turn_end(c);
	if (db_flush(c->db)) {
		snprintf(why, 300,
			"the depot's file could not be journalled: the store cannot write (the log above "
			"says why); `depotd --check --data DIR` finds damage, a backup restores it");
		return -1;
	}
	return 0;
}
