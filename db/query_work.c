#include "db/query_work.h"

#include "db/query_core.h"

#define TRIP                                                                                       \
	"SELECT id, vehicle, row, source, actor, departs, returns, at, state='over', left_at,"     \
	" came_at, km, kwh, temperature_c, expected_kwh, spread_kwh, ifnull(learnt, 0), measured"  \
	" FROM trips WHERE depot=?1"

static double real(struct query *q, int column, bool *has)
{
	*has = !query_is_null(q, column);
	return *has ? sqlite3_column_double(q->st, column) : 0;
}

static int read_trips(struct query *q, struct db_trip_list *out)
{
	struct db_trip_list list = {0};
	bool any;

	while (query_next(q)) {
		struct db_trip *row = QUERY_ITEM(q, &list);

		if (!row)
			break;
		row->id = query_text(q, 0);
		row->vehicle = query_text(q, 1);
		row->row = query_text(q, 2);
		row->source = query_text(q, 3);
		row->actor = query_text(q, 4);
		row->departs = query_time(q, 5);
		row->returns = query_time(q, 6);
		row->at = query_time(q, 7);
		row->is_over = query_int(q, 8);
		row->left = query_time(q, 9);
		row->came = query_time(q, 10);
		row->km = real(q, 11, &row->has_km);
		row->kwh = real(q, 12, &row->has_kwh);
		row->temperature_c = real(q, 13, &row->has_temperature_c);
		row->expected_kwh = real(q, 14, &any);
		row->spread_kwh = real(q, 15, &any);
		row->learnt = query_int(q, 16);
		row->measured = query_text(q, 17);
	}
	if (query_finish(q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_trips_planned(struct db_reader *r, struct arena *a, struct db_trip_list *out)
{
	struct query q;

	query_init(&q, r, &r->depot, a, true, TRIP " AND state='planned' ORDER BY departs, id");
	return read_trips(&q, out);
}

int db_query_trips_over(struct db_reader *r, const struct db_trip_filter *f, struct arena *a,
	struct db_trip_list *out)
{
	struct query q;

	query_init(&q, r, &r->depot, a, true, TRIP " AND state='over'");
	query_and_text(&q, "vehicle=?", f->vehicle);
	query_and_int(&q, "departs>=?", f->from.ms != 0, f->from.ms);
	query_and_int(&q, "departs<?", f->to.ms != 0, f->to.ms);
	query_add(&q, " ORDER BY departs DESC, id");
	query_limit(&q, f->limit);
	return read_trips(&q, out);
}

int db_query_consumption(struct db_reader *r, struct arena *a, struct db_consumption_list *out)
{
	struct query q;
	struct db_consumption_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT class, model, trip, at FROM consumption_models WHERE depot=?1"
		" ORDER BY class");
	while (query_next(&q)) {
		struct db_consumption *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->class = query_text(&q, 0);
		row->model = query_text(&q, 1);
		row->trip = query_text(&q, 2);
		row->at = query_time(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_moves(struct db_reader *r, struct arena *a, struct db_move_list *out)
{
	struct query q;
	struct db_move_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT vehicle, station, transaction_id, evse, carried_wh, since, soc_pct, soc_at"
		" FROM vehicle_moves WHERE depot=?1");
	while (query_next(&q)) {
		struct db_move *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->vehicle = query_text(&q, 0);
		row->station = query_text(&q, 1);
		row->transaction_id = query_text(&q, 2);
		row->evse = query_int(&q, 3);
		row->carried_wh = query_int(&q, 4);
		row->since = query_time(&q, 5);
		row->soc_pct = real(&q, 6, &row->has_soc_pct);
		row->soc_at = query_time(&q, 7);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
