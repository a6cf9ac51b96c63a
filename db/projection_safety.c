/* What the guard keeps over a restart: demand windows with the peaks of their months, what chargers
 * have shown of themselves, and by how much their clocks differ from ours; returns of power and islands
 * that are under way; what is known against meters. */
#include <stdlib.h>
#include <string.h>

#include "db/projection.h"
#include "gen/event.h"

struct safety {
	struct sql *sql;
	sqlite3_stmt *window, *learned, *gone, *returned, *release, *released, *clock, *no_clock;
	sqlite3_stmt *doubted, *cleared, *island;
};

static void *create(struct sql *s)
{
	struct safety *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->window, "INSERT OR REPLACE INTO demand_windows (depot, node, month, start,"
			     " register_wh, peak_w, peak_at) VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->learned, "INSERT OR REPLACE INTO chargers_learned (depot, station, evse, at,"
			      " source_seq) VALUES (?1,?2,?3,?4,?5)"},
		{&p->returned, "INSERT OR REPLACE INTO power_returns (depot, node, at, sign, tries,"
			       " is_open) VALUES (?1,?2,?3,?4,?5,?6)"},
		{&p->release, "INSERT OR REPLACE INTO power_return_evses (depot, node, evse)"
			      " VALUES (?1,?2,?3)"},
		{&p->released, "DELETE FROM power_return_evses WHERE depot=?1 AND node=?2"},
		{&p->clock, "INSERT OR REPLACE INTO station_clocks (depot, station, ahead_ms)"
			    " VALUES (?1,?2,?3)"},
		{&p->no_clock, "DELETE FROM station_clocks WHERE depot=?1 AND station=?2"},
		{&p->doubted,
			"INSERT OR REPLACE INTO meter_doubts (depot, meter, row, hangs, shows_less,"
			" odd, power_low, found, still_since, still_w, still_wh, shown_w, drawn_w)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"},
		{&p->cleared, "DELETE FROM meter_doubts WHERE depot=?1 AND meter=?2"},
		{&p->island, "INSERT OR REPLACE INTO islands (depot, node, state, at, given_w)"
			     " VALUES (?1,?2,?3,?4,?5)"},
		{&p->gone, "DELETE FROM chargers_learned WHERE depot=?1 AND station=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_window(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_demand_window_ended *w = e->payload;
	sqlite3_stmt *st = p->window;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, w->node);
	sqlite3_bind_int64(st, 3, w->month);
	sqlite3_bind_int64(st, 4, w->start.ms);
	sql_bind_optional(st, 5, w->has_register_wh, w->register_wh);
	sqlite3_bind_int64(st, 6, w->peak_w);
	sqlite3_bind_int64(st, 7, w->peak_at.ms);
	return sql_run(p->sql, st);
}

static int on_learned(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_charger_learned *l = e->payload;
	sqlite3_stmt *st = p->learned;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, l->evse_id);
	sqlite3_bind_int64(st, 4, e->at.ms);
	sqlite3_bind_int64(st, 5, e->seq);
	return sql_run(p->sql, st);
}

static int forget_released(struct safety *p, const struct journal_entry *e, const char *node)
{
	sql_bind_text(p->released, 1, e->depot);
	sql_bind_text(p->released, 2, node);
	return sql_run(p->sql, p->released);
}

static int on_returned(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_power_returned *r = e->payload;
	bool is_step = strcmp(r->move, "step") == 0;
	int rc = 0;

	sql_bind_text(p->returned, 1, e->depot);
	sql_bind_text(p->returned, 2, r->node);
	sqlite3_bind_int64(p->returned, 3, r->at.ms);
	sql_bind_text(p->returned, 4, r->sign);
	sqlite3_bind_int64(p->returned, 5, r->tries);
	sqlite3_bind_int64(p->returned, 6, strcmp(r->move, "ends") != 0);
	rc = sql_run(p->sql, p->returned);
	if (rc == 0 && !is_step)
		rc = forget_released(p, e, r->node);
	for (size_t i = 0; rc == 0 && is_step && i < r->released.count; i++) {
		sql_bind_text(p->release, 1, e->depot);
		sql_bind_text(p->release, 2, r->node);
		sql_bind_text(p->release, 3, r->released.items[i]);
		rc = sql_run(p->sql, p->release);
	}
	return rc;
}

static void bind_optional(sqlite3_stmt *st, int column, bool has, double value)
{
	if (has)
		sqlite3_bind_double(st, column, value);
	else
		sqlite3_bind_null(st, column);
}

static int on_doubted(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_meter_doubted *d = e->payload;
	sqlite3_stmt *st = p->doubted;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, d->row);
	sqlite3_bind_int(st, 4, d->hangs);
	sqlite3_bind_int(st, 5, d->shows_less);
	bind_optional(st, 6, d->has_odd, d->odd);
	sqlite3_bind_int(st, 7, d->is_power_low);
	sqlite3_bind_int64(st, 8, d->found.ms);
	if (d->has_still_since)
		sqlite3_bind_int64(st, 9, d->still_since.ms);
	else
		sqlite3_bind_null(st, 9);
	bind_optional(st, 10, d->has_still_w, d->still_w);
	bind_optional(st, 11, d->has_still_wh, d->still_wh);
	sqlite3_bind_int64(st, 12, d->shown_w);
	sqlite3_bind_int64(st, 13, d->drawn_w);
	return sql_run(p->sql, st);
}

static int on_cleared(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	projection_bind_key(p->cleared, e);
	return sql_run(p->sql, p->cleared);
}

static int on_island(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_island_turned *i = e->payload;
	sql_bind_text(p->island, 1, e->depot);
	sql_bind_text(p->island, 2, i->node);
	sql_bind_text(p->island, 3, i->state);
	sqlite3_bind_int64(p->island, 4, e->at.ms);
	sqlite3_bind_int64(p->island, 5, i->given_w);
	return sql_run(p->sql, p->island);
}

static int on_clock(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	const struct event_station_clock_found *f = e->payload;
	projection_bind_key(p->clock, e);
	sqlite3_bind_int64(p->clock, 3, f->ahead_ms);
	return sql_run(p->sql, p->clock);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct safety *p = self;
	projection_bind_key(p->gone, e);
	projection_bind_key(p->no_clock, e);
	return sql_run(p->sql, p->gone) || sql_run(p->sql, p->no_clock) ? -1 : 0;
}

const struct projection projection_safety = {"safety", create, free, NULL};

const struct projection_rule projection_safety_rules[] = {
	{EVENT_DEMAND_WINDOW_ENDED, &projection_safety, on_window},
	{EVENT_CHARGER_LEARNED, &projection_safety, on_learned},
	{EVENT_STATION_CLOCK_FOUND, &projection_safety, on_clock},
	{EVENT_POWER_RETURNED, &projection_safety, on_returned},
	{EVENT_METER_DOUBTED, &projection_safety, on_doubted},
	{EVENT_METER_CLEARED, &projection_safety, on_cleared},
	{EVENT_ISLAND_TURNED, &projection_safety, on_island},
	{EVENT_STATION_REMOVED, &projection_safety, on_removed},
	{.type = -1},
};
