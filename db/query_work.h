/*
 * Queries of what vehicles have to do. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_WORK_H
#define DB_QUERY_WORK_H

#include "db/db.h"

struct db_trip {
	const char *id, *vehicle, *row; /* row: JSON, TripType of depot.schema */
	const char *source, *actor;
	wall_t departs, returns, at;
	bool is_over; /* then: */
	wall_t left, came;
	bool has_km, has_kwh, has_temperature_c, learnt;
	double km, kwh, temperature_c, expected_kwh, spread_kwh;
	const char *measured; /* by what, or what was missing */
};
struct db_trip_list {
	size_t count;
	struct db_trip *items;
};
/* Those that are planned, by departure; not limited. */
int db_query_trips_planned(struct db_reader *r, struct arena *a, struct db_trip_list *out);

struct db_trip_filter {
	const char *vehicle; /* NULL: any */
	wall_t from, to; /* departs in [from, to); 0: open */
	int limit;
};
/* Those that are over, newest first. */
int db_query_trips_over(struct db_reader *r, const struct db_trip_filter *f, struct arena *a,
	struct db_trip_list *out);

struct db_consumption {
	const char *class, *model, *trip; /* model: JSON, ConsumptionModelType of event.schema */
	wall_t at;
};
struct db_consumption_list {
	size_t count;
	struct db_consumption *items;
};
int db_query_consumption(struct db_reader *r, struct arena *a, struct db_consumption_list *out);

struct db_move {
	const char *vehicle, *station, *transaction_id;
	int64_t evse, carried_wh;
	wall_t since, soc_at;
	bool has_soc_pct;
	double soc_pct;
};
struct db_move_list {
	size_t count;
	struct db_move *items;
};
/* The newest of each vehicle. */
int db_query_moves(struct db_reader *r, struct arena *a, struct db_move_list *out);

#endif
