#include "db/query_price.h"
#include "db/query_core.h"

int db_query_tariffs(struct db_reader *r, struct arena *a, struct db_tariff_list *out)
{
	struct query q;
	struct db_tariff_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT id, row, file_row, at, actor FROM tariffs WHERE depot=?1 ORDER BY id");
	while (query_next(&q)) {
		struct db_tariff *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->id = query_text(&q, 0);
		row->row = query_text(&q, 1);
		row->file_row = query_text(&q, 2);
		row->at = query_time(&q, 3);
		row->actor = query_text(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_price_points(struct db_reader *r, const char *series, wall_t from, wall_t to,
	struct arena *a, struct db_price_point_list *out)
{
	struct query q;
	struct db_price_point_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT series, start, step_s, value, received FROM price_points WHERE depot=?1");
	query_and_text(&q, "series=?", series);
	query_and_int(&q, "start>=?", true, from.ms);
	query_and_int(&q, "start<?", true, to.ms);
	query_add(&q, " ORDER BY source_seq, series, start LIMIT 200000");
	while (query_next(&q)) {
		struct db_price_point *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->series = query_text(&q, 0);
		row->start = query_time(&q, 1);
		row->step_s = query_int(&q, 2);
		row->value = query_int(&q, 3);
		row->received = query_time(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_site_windows(struct db_reader *r, const char *node, wall_t from, wall_t to,
	struct arena *a, struct db_site_window_list *out)
{
	struct query q;
	struct db_site_window_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT start, mean_w, missing_s, register_wh FROM site_windows WHERE depot=?1");
	query_and_text(&q, "node=?", node);
	query_and_int(&q, "start>=?", true, from.ms);
	query_and_int(&q, "start<?", true, to.ms);
	query_add(&q, " ORDER BY start LIMIT 100000");
	while (query_next(&q)) {
		struct db_site_window *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->start = query_time(&q, 0);
		row->mean_w = query_int(&q, 1);
		row->missing_s = query_int(&q, 2);
		row->has_register = !query_is_null(&q, 3);
		row->register_wh = query_int(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

static void fill_cost(struct query *q, struct db_energy_cost *row)
{
	row->station = query_text(q, 0);
	row->transaction_id = query_text(q, 1);
	row->vehicle = query_text(q, 2);
	row->tariff = query_text(q, 3);
	row->currency = query_text(q, 4);
	row->source = query_text(q, 5);
	row->estimate_plan = query_text(q, 6);
	row->estimate_source = query_text(q, 7);
	row->has_estimate = !query_is_null(q, 8);
	row->estimate_wh = query_int(q, 8);
	row->estimate_micro = query_int(q, 9);
	row->estimated_at = query_time(q, 10);
	row->has_actual = !query_is_null(q, 11);
	row->energy_wh = query_int(q, 11);
	row->energy_micro = query_int(q, 12);
	row->idle_s = query_int(q, 13);
	row->idle_micro = query_int(q, 14);
	row->internal_micro = query_int(q, 15);
	row->started_at = query_time(q, 16);
	row->ended_at = query_time(q, 17);
	row->settled_at = query_time(q, 18);
	row->month_wh = query_int(q, 19);
	row->is_guess = query_int(q, 20) != 0;
}

int db_query_energy_costs(struct db_reader *r, const struct db_energy_cost_ask *ask,
	struct arena *a, struct db_energy_cost_list *out)
{
	struct query q;
	struct db_energy_cost_list list = {0};
	bool has_times = !ask->transaction_id;

	query_init(&q, r, &r->depot, a, true,
		"SELECT station, transaction_id, vehicle, tariff, currency, source, estimate_plan,"
		" estimate_source, estimate_wh, estimate_micro, estimated_at, energy_wh,"
		" energy_micro, idle_s, idle_micro, internal_micro, started_at, ended_at,"
		" settled_at, month_wh, estimate_guess FROM energy_costs WHERE depot=?1");
	query_and_text(&q, "vehicle=?", ask->vehicle);
	query_and_text(&q, "station=?", ask->station);
	query_and_text(&q, "transaction_id=?", ask->transaction_id);
	query_and_int(&q, "ended_at>=?", has_times, ask->from.ms);
	query_and_int(&q, "ended_at<?", has_times, ask->to.ms);
	query_add(&q, " ORDER BY ended_at, station, transaction_id");
	query_limit(&q, ask->limit);
	while (query_next(&q)) {
		struct db_energy_cost *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		fill_cost(&q, row);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_estimates(struct db_reader *r, struct arena *a, struct db_estimate_list *out)
{
	struct query q;
	struct db_estimate_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT station, transaction_id, estimate_guess FROM energy_costs WHERE depot=?1"
		" AND estimated_at IS NOT NULL AND settled_at IS NULL");
	while (query_next(&q)) {
		struct db_estimate *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->station = query_text(&q, 0);
		row->transaction_id = query_text(&q, 1);
		row->guess = (int)query_int(&q, 2);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_uncosted(
	struct db_reader *r, wall_t from, int limit, struct arena *a, struct db_uncosted_list *out)
{
	struct query q;
	struct db_uncosted_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT station, transaction_id FROM transactions AS t WHERE depot=?1"
		" AND NOT open AND started_at IS NOT NULL AND ended_at IS NOT NULL"
		" AND NOT EXISTS (SELECT 1 FROM energy_costs AS c WHERE c.depot=t.depot"
		" AND c.station=t.station AND c.transaction_id=t.transaction_id"
		" AND c.settled_at IS NOT NULL)");
	query_and_int(&q, "heard_at>=?", true, from.ms);
	query_add(&q, " ORDER BY heard_at");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_uncosted *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->station = query_text(&q, 0);
		row->transaction_id = query_text(&q, 1);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
