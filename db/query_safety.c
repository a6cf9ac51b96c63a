#include "db/query_safety.h"
#include "db/query_core.h"

int db_query_demand_windows(struct db_reader *r, struct arena *a, struct db_demand_window_list *out)
{
	struct query q;
	struct db_demand_window_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT node, max(month), start, register_wh, peak_w, peak_at FROM demand_windows"
		" WHERE depot=?1");
	query_add(&q, " GROUP BY node");
	while (query_next(&q)) {
		struct db_demand_window *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->node = query_text(&q, 0);
		row->month = query_int(&q, 1);
		row->start = query_time(&q, 2);
		row->has_register = !query_is_null(&q, 3);
		row->register_wh = query_int(&q, 3);
		row->peak_w = query_int(&q, 4);
		row->peak_at = query_time(&q, 5);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_chargers_learned(
	struct db_reader *r, struct arena *a, struct db_charger_learned_list *out)
{
	struct query q;
	struct db_charger_learned_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, evse, source_seq FROM chargers_learned WHERE depot=?1");
	while (query_next(&q)) {
		struct db_charger_learned *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->station = query_text(&q, 0);
		row->evse = query_int(&q, 1);
		row->learned = query_event_of(&q, query_int(&q, 2), EVENT_CHARGER_LEARNED);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_station_clocks(struct db_reader *r, struct arena *a, struct db_station_clock_list *out)
{
	struct query q;
	struct db_station_clock_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, ahead_ms FROM station_clocks WHERE depot=?1");
	while (query_next(&q)) {
		struct db_station_clock *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->station = query_text(&q, 0);
		row->ahead_ms = query_int(&q, 1);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_power_returns(
	struct db_reader *r, struct arena *a, wall_t since, struct db_power_return_list *out)
{
	struct query q;
	struct db_power_return_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT node, sign, at, tries, is_open FROM power_returns WHERE depot=?1");
	query_and_int(&q, "at>=?", true, since.ms);
	while (query_next(&q)) {
		struct db_power_return *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->node = query_text(&q, 0);
		row->sign = query_text(&q, 1);
		row->at = query_time(&q, 2);
		row->tries = query_int(&q, 3);
		row->is_open = query_int(&q, 4) != 0;
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_power_return_evses(
	struct db_reader *r, struct arena *a, struct db_power_return_evse_list *out)
{
	struct query q;
	struct db_power_return_evse_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT node, evse FROM power_return_evses WHERE depot=?1");
	while (query_next(&q)) {
		struct db_power_return_evse *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->node = query_text(&q, 0);
		row->evse = query_text(&q, 1);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

static double real(struct query *q, int column, bool *has)
{
	*has = !query_is_null(q, column);
	return sqlite3_column_double(q->st, column);
}

int db_query_meter_doubts(struct db_reader *r, struct arena *a, struct db_meter_doubt_list *out)
{
	struct query q;
	struct db_meter_doubt_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT meter, row, hangs, shows_less, odd, power_low, found, still_since, still_w,"
		" still_wh, shown_w, drawn_w FROM meter_doubts WHERE depot=?1");
	while (query_next(&q)) {
		struct db_meter_doubt *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->meter = query_text(&q, 0);
		row->row = query_text(&q, 1);
		row->hangs = query_int(&q, 2) != 0;
		row->shows_less = query_int(&q, 3) != 0;
		row->odd = real(&q, 4, &row->has_odd);
		row->is_power_low = query_int(&q, 5) != 0;
		row->found = query_time(&q, 6);
		row->still_since = query_time(&q, 7);
		row->still_w = real(&q, 8, &row->has_still_w);
		row->still_wh = real(&q, 9, &row->has_still_wh);
		row->shown_w = query_int(&q, 10);
		row->drawn_w = query_int(&q, 11);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_islands(struct db_reader *r, struct arena *a, struct db_island_list *out)
{
	struct query q;
	struct db_island_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT node, state, at, given_w FROM islands WHERE depot=?1");
	while (query_next(&q)) {
		struct db_island *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		row->node = query_text(&q, 0);
		row->state = query_text(&q, 1);
		row->at = query_time(&q, 2);
		row->given_w = query_int(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
