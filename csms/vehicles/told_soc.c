#include "csms/vehicles/told_soc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "csms/vehicles/telematics_private.h"
#include "csms/vehicles/vehicles.h"
#include "csms/words.h"
#include "db/query_log.h"

#define AHEAD_MS 60000 /* a clock beside ours */
#define OLD_MS   86400000 /* older says nothing of the present */
#define READ_MAX 1000 /* of the newest in the journal */
#define NAMED_BY "user:"
#define SOC      TELEMATICS_QUANTITY_SOC_PCT

static struct telemetry *telemetry_of(struct vehicle *v)
{
	if (!v->telemetry)
		v->telemetry = calloc(1, sizeof *v->telemetry);
	return v->telemetry;
}

/* "told by anna" of "user:anna"; of others their whole name as the journal has it. */
static void name_source(const char *actor, char out[TELEMATICS_TOLD_BY_SIZE])
{
	const char *name = actor;

	if (strncmp(actor, NAMED_BY, sizeof NAMED_BY - 1) == 0)
		name += sizeof NAMED_BY - 1;
	snprintf(out, TELEMATICS_TOLD_BY_SIZE, TOLD_SOC_BY "%s", name);
}

static void put(struct vehicle *v, double pct, wall_t at, wall_t received, double taken_pct)
{
	v->telemetry->newest[SOC] = (struct telematics_reading){
		pct, at, received, v->telemetry->told_by, TELEMATICS_TOLD, taken_pct};
}

/* What is overruled is no news when a source that gives no times repeats it. */
static void remember_overruled(struct telemetry *m)
{
	const struct telematics_reading *last = &m->newest[SOC];

	if (last->confidence == TELEMATICS_TOLD)
		return;
	m->overruled_pct = last->value;
	snprintf(m->overruled_by, sizeof m->overruled_by, "%s", last->at.ms ? last->source : "");
}

static void journal(struct core *c, const struct vehicle *v, double pct, wall_t at, bool counts,
	const char *actor)
{
	struct arena *a = record_arena(c);
	struct event_vehicle_soc_told *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const struct telematics_reading *r = &v->telemetry->newest[SOC];
	const struct transaction *t = v->evse && v->evse->tx.is_open ? &v->evse->tx : NULL;

	if (!e)
		return;
	*e = (struct event_vehicle_soc_told){.pct = pct, .measured = at, .counts = counts};
	if (counts && v->telemetry->overruled_by[0]) {
		e->overruled_by = arena_strdup(a, v->telemetry->overruled_by);
		e->has_overruled_pct = true;
		e->overruled_pct = v->telemetry->overruled_pct;
	}
	if (counts && t) {
		e->station = arena_strdup(a, v->evse->station->id);
		e->has_evse_id = true;
		e->evse_id = v->evse->id;
		e->transaction_id = arena_strdup(a, t->id);
		e->has_taken_pct = r->taken_pct >= 0;
		e->taken_pct = r->taken_pct;
	}
	record_now(c, EVENT_VEHICLE_SOC_TOLD, "vehicle", v->id, e, actor, NULL);
}

static void keep_reading(struct core *c, const struct vehicle *v, const char *source, double pct,
	wall_t at, wall_t received)
{
	char point[260];

	snprintf(point, sizeof point, "%s/%s/%s", v->id, telematics_quantity_enum.values[SOC],
		source);
	record_reading(c, point, at, pct, received, TELEMATICS_TOLD);
	snprintf(point, sizeof point, "vehicle/%s/%s", v->id, telematics_quantity_enum.values[SOC]);
	record_sample(c, point, at, pct, 0);
}

static bool is_its_time(wall_t at, wall_t now, char say[300])
{
	if (at.ms > now.ms + AHEAD_MS)
		snprintf(say, 300, "must not be of the future");
	else if (at.ms < now.ms - OLD_MS)
		snprintf(say, 300, "must be of the last 24 hours: older says nothing of now");
	else
		return true;
	return false;
}

static void count_from_now(struct core *c, struct vehicle *v, double pct, wall_t at,
	const char source[TELEMATICS_TOLD_BY_SIZE], wall_t now)
{
	bool is_plugged = v->evse && v->evse->tx.is_open;

	remember_overruled(v->telemetry);
	memcpy(v->telemetry->told_by, source, TELEMATICS_TOLD_BY_SIZE);
	put(v, pct, at, now, is_plugged ? vehicle_taken_pct(v) : -1);
	fleet_touch_vehicle(&c->fleet, v);
	c->fleet.reported++;
	if (c->control && is_plugged)
		control_evse_changed(c->control, v->evse, "state of charge told by a person");
}

enum told_soc_end told_soc_take(
	struct core *c, struct vehicle *v, double pct, wall_t at, const char *actor, char say[300])
{
	char source[TELEMATICS_TOLD_BY_SIZE], hour[WORDS_TIME_SIZE];
	struct vehicle_soc soc;
	wall_t now = clock_wall();
	bool is_late;

	if (!is_its_time(at, now, say))
		return TOLD_SOC_REFUSED;
	if (!telemetry_of(v)) {
		snprintf(say, 300, "no memory for the reading");
		return TOLD_SOC_FAILED;
	}
	name_source(actor, source);
	is_late = vehicle_soc(v, now, 0, &soc) && soc.at.ms > at.ms;
	if (is_late) {
		snprintf(say, 300, "Kept as history: newer is %.0f %% of %s (%s).", soc.pct,
			words_hour(soc.at, hour), soc.source);
	} else {
		count_from_now(c, v, pct, at, source, now);
		snprintf(say, 300, "%.0f %% counts from now on.", pct);
	}
	journal(c, v, pct, at, !is_late, actor);
	keep_reading(c, v, source, pct, at, now);
	return is_late ? TOLD_SOC_LATE : TOLD_SOC_COUNTS;
}

/* -- start ------------------------------------------------------------------------------------ */

static double taken_of(const struct vehicle *v, const struct event_vehicle_soc_told *e)
{
	const struct evse *at = v->evse;

	if (!at || !at->tx.is_open || !e->has_taken_pct || !e->station || !e->transaction_id ||
		strcmp(at->station->id, e->station) != 0 || at->id != (int)e->evse_id ||
		strcmp(at->tx.id, e->transaction_id) != 0)
		return -1;
	return e->taken_pct;
}

static void restore(
	struct core *c, const struct db_journal_event *row, const struct event_vehicle_soc_told *e)
{
	const char *id = strncmp(row->stream, "vehicle/", 8) == 0 ? row->stream + 8 : "";
	struct vehicle *v = fleet_vehicle(&c->fleet, id);

	if (!v || !e->counts || !telemetry_of(v) ||
		v->telemetry->newest[SOC].at.ms >= e->measured.ms)
		return;
	name_source(row->actor ? row->actor : "", v->telemetry->told_by);
	put(v, e->pct, e->measured, row->received, taken_of(v, e));
	snprintf(v->telemetry->overruled_by, sizeof v->telemetry->overruled_by, "%s",
		e->overruled_by && e->has_overruled_pct ? e->overruled_by : "");
	v->telemetry->overruled_pct = e->overruled_pct;
}

struct reading_told {
	struct core *core;
	bool failed;
};

static void read_told(struct db_reader *r, void *arg)
{
	struct reading_told *x = arg;
	struct arena *a = arena_create(0);
	struct db_journal_filter q = {
		.type = "VehicleSocTold", .newest_first = true, .limit = READ_MAX};
	struct db_journal_page page = {0};

	x->failed = !a || db_query_journal(r, &q, a, &page) != 0;
	for (size_t i = 0; !x->failed && i < page.count; i++) {
		struct schema_error err;
		int type;
		const struct event_vehicle_soc_told *e =
			db_event_decode(&page.items[i], a, &type, &err);

		if (e && type == EVENT_VEHICLE_SOC_TOLD)
			restore(x->core, &page.items[i], e);
	}
	arena_destroy(a);
}

int told_socs_restore(struct core *c, char why[300])
{
	struct reading_told x = {.core = c};

	if (db_read_now(c->db, read_told, &x) == 0 && !x.failed)
		return 0;
	stored_unreadable("states of charge that people told", why);
	return -1;
}
