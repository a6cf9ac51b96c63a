/* What the depot pays for energy: tariffs, series of prices, what the site took by demand windows,
 * and what the energy of its transactions was expected to cost and did. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct price {
	struct sql *sql;
	sqlite3_stmt *tariff, *tariff_file, *drop_points, *put_point, *window, *estimate, *settle;
};

static void *create(struct sql *s)
{
	struct price *p = calloc(1, sizeof *p);
	const struct sql_prepared list[] = {
		{&p->tariff, "INSERT INTO tariffs (depot, id, row, at, actor, source_seq)"
			     " VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT DO UPDATE SET"
			     " row=?3, at=?4, actor=?5, source_seq=?6"},
		{&p->tariff_file, "UPDATE tariffs SET file_row=?3 WHERE depot=?1 AND id=?2"},
		{&p->drop_points, "DELETE FROM price_points WHERE depot=?1 AND series=?2"
				  " AND start>=?3 AND start<?4"},
		{&p->put_point, "INSERT OR REPLACE INTO price_points"
				" (depot, series, start, step_s, value, received, source_seq)"
				" VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->window, "INSERT OR REPLACE INTO site_windows"
			     " (depot, node, start, month, mean_w, missing_s, register_wh)"
			     " VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->estimate,
			"INSERT INTO energy_costs (depot, station, transaction_id, estimate_plan,"
			" tariff, currency, estimate_wh, estimate_micro, estimate_source,"
			" estimated_at, estimate_guess) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
			" ON CONFLICT DO UPDATE SET estimate_plan=?4, estimate_wh=?7,"
			" estimate_micro=?8, estimate_source=?9, estimated_at=?10,"
			" estimate_guess=?11 WHERE estimate_plan IS NULL OR ?11<=ifnull(estimate_guess, 0)"},
		{&p->settle,
			"INSERT INTO energy_costs (depot, station, transaction_id, vehicle, tariff,"
			" currency, started_at, ended_at, energy_wh, energy_micro, idle_s,"
			" idle_micro, internal_micro, source, settled_at, month_wh)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"
			" ON CONFLICT DO UPDATE SET vehicle=?4, tariff=?5, currency=?6,"
			" started_at=?7, ended_at=?8, energy_wh=?9, energy_micro=?10, idle_s=?11,"
			" idle_micro=?12, internal_micro=?13, source=?14, settled_at=?15,"
			" month_wh=?16"},
	};

	if (!p)
		return NULL;
	p->sql = s;
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_tariff(void *self, const struct journal_entry *e)
{
	struct price *p = self;
	const struct event_tariff_changed *c = e->payload;
	sqlite3_stmt *st = p->tariff;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->id);
	sql_bind_text(st, 3, c->tariff);
	sqlite3_bind_int64(st, 4, e->at.ms);
	sql_bind_text(st, 5, e->actor);
	sqlite3_bind_int64(st, 6, e->seq);
	if (sql_run(p->sql, st) < 0 || !c->from_file)
		return c->from_file ? -1 : 0;
	st = p->tariff_file;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->id);
	sql_bind_text(st, 3, c->tariff);
	return sql_run(p->sql, st);
}

static int on_prices(void *self, const struct journal_entry *e)
{
	struct price *p = self;
	const struct event_prices_received *c = e->payload;
	int64_t step_ms = c->step_s * 1000;
	sqlite3_stmt *st = p->drop_points;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->series);
	sqlite3_bind_int64(st, 3, c->start.ms);
	sqlite3_bind_int64(st, 4, c->start.ms + (int64_t)c->values.count * step_ms);
	if (sql_run(p->sql, st) < 0)
		return -1;
	st = p->put_point;
	for (size_t i = 0; i < c->values.count; i++) {
		sql_bind_text(st, 1, e->depot);
		sql_bind_text(st, 2, c->series);
		sqlite3_bind_int64(st, 3, c->start.ms + (int64_t)i * step_ms);
		sqlite3_bind_int64(st, 4, c->step_s);
		sqlite3_bind_int64(st, 5, c->values.items[i]);
		sqlite3_bind_int64(st, 6, e->received.ms);
		sqlite3_bind_int64(st, 7, e->seq);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

static int on_window(void *self, const struct journal_entry *e)
{
	struct price *p = self;
	const struct event_demand_window_ended *w = e->payload;
	sqlite3_stmt *st = p->window;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, w->node);
	sqlite3_bind_int64(st, 3, w->start.ms);
	sqlite3_bind_int64(st, 4, w->month);
	sqlite3_bind_int64(st, 5, w->mean_w);
	sqlite3_bind_int64(st, 6, w->missing_s);
	sql_bind_optional(st, 7, w->has_register_wh, w->register_wh);
	return sql_run(p->sql, st);
}

static int on_estimated(void *self, const struct journal_entry *e)
{
	struct price *p = self;
	const struct event_energy_cost_estimated *c = e->payload;
	sqlite3_stmt *st = p->estimate;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->station_id);
	sql_bind_text(st, 3, c->transaction_id);
	sql_bind_text(st, 4, c->plan);
	sql_bind_text(st, 5, c->tariff);
	sql_bind_text(st, 6, c->currency);
	sqlite3_bind_int64(st, 7, c->energy_wh);
	sqlite3_bind_int64(st, 8, c->cost_micro);
	sql_bind_text(st, 9, c->source);
	sqlite3_bind_int64(st, 10, e->at.ms);
	sqlite3_bind_int64(st, 11, c->guess); /* never in the place of one that knew more */
	return sql_run(p->sql, st);
}

static int on_settled(void *self, const struct journal_entry *e)
{
	struct price *p = self;
	const struct event_energy_cost_settled *c = e->payload;
	sqlite3_stmt *st = p->settle;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->station_id);
	sql_bind_text(st, 3, c->transaction_id);
	sql_bind_text(st, 4, c->vehicle);
	sql_bind_text(st, 5, c->tariff);
	sql_bind_text(st, 6, c->currency);
	sqlite3_bind_int64(st, 7, c->started.ms);
	sqlite3_bind_int64(st, 8, c->ended.ms);
	sqlite3_bind_int64(st, 9, c->energy_wh);
	sqlite3_bind_int64(st, 10, c->energy_micro);
	sqlite3_bind_int64(st, 11, c->idle_s);
	sqlite3_bind_int64(st, 12, c->idle_micro);
	sqlite3_bind_int64(st, 13, c->internal_micro);
	sql_bind_text(st, 14, c->source);
	sqlite3_bind_int64(st, 15, e->at.ms);
	sqlite3_bind_int64(st, 16, c->month_wh);
	return sql_run(p->sql, st);
}

const struct projection projection_price = {"price", create, free, NULL};

const struct projection_rule projection_price_rules[] = {
	{EVENT_TARIFF_CHANGED, &projection_price, on_tariff},
	{EVENT_PRICES_RECEIVED, &projection_price, on_prices},
	{EVENT_DEMAND_WINDOW_ENDED, &projection_price, on_window},
	{EVENT_ENERGY_COST_ESTIMATED, &projection_price, on_estimated},
	{EVENT_ENERGY_COST_SETTLED, &projection_price, on_settled},
	{.type = -1},
};
