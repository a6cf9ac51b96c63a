/*
 * Queries of what energy costs: tariffs, series of prices, demand windows, costs of transactions.
 * The rules of db/query.h hold.
 */
#ifndef DB_QUERY_PRICE_H
#define DB_QUERY_PRICE_H

#include "db/db.h"

struct db_tariff {
	const char *id, *actor;
	const char *row; /* JSON as in the depot's file; NULL: removed */
	const char *file_row; /* what the depot's file said of it last; NULL: nothing */
	wall_t at;
};
struct db_tariff_list {
	size_t count;
	struct db_tariff *items;
};
int db_query_tariffs(struct db_reader *r, struct arena *a, struct db_tariff_list *out);

struct db_price_point {
	const char *series;
	wall_t start, received;
	int64_t step_s, value;
};
struct db_price_point_list {
	size_t count;
	struct db_price_point *items;
};
/* Those that begin in [from, to), in the order in which they came; series NULL: all. At most
 * 200,000. */
int db_query_price_points(struct db_reader *r, const char *series, wall_t from, wall_t to,
	struct arena *a, struct db_price_point_list *out);

struct db_site_window {
	wall_t start;
	int64_t mean_w, missing_s, register_wh;
	bool has_register;
};
struct db_site_window_list {
	size_t count;
	struct db_site_window *items;
};
/* Demand windows of a node that begin in [from, to), by time. At most 100,000. */
int db_query_site_windows(struct db_reader *r, const char *node, wall_t from, wall_t to,
	struct arena *a, struct db_site_window_list *out);

struct db_energy_cost {
	const char *station, *transaction_id, *vehicle, *tariff, *currency, *source;
	const char *estimate_plan, *estimate_source;
	bool has_estimate, has_actual;
	bool is_guess; /* the estimate: nobody knew yet what it needs */
	int64_t estimate_wh, estimate_micro, energy_wh, energy_micro, idle_s, idle_micro,
		internal_micro, month_wh;
	wall_t estimated_at, started_at, ended_at, settled_at;
};
struct db_energy_cost_list {
	size_t count;
	struct db_energy_cost *items;
};
/* Of transactions that ended in [from, to), by end; vehicle, station, transaction NULL: any. With
 * a transaction its times do not matter. */
struct db_energy_cost_ask {
	const char *vehicle, *station, *transaction_id;
	wall_t from, to;
	int limit;
};
int db_query_energy_costs(struct db_reader *r, const struct db_energy_cost_ask *ask,
	struct arena *a, struct db_energy_cost_list *out);

/* Estimates of transactions that have no cost yet, with how much of a guess each is. */
struct db_estimate {
	const char *station, *transaction_id;
	int guess;
};
struct db_estimate_list {
	size_t count;
	struct db_estimate *items;
};
int db_query_estimates(struct db_reader *r, struct arena *a, struct db_estimate_list *out);

/* Transactions that have ended since `from` and have no cost yet, oldest first. */
struct db_uncosted {
	const char *station, *transaction_id;
};
struct db_uncosted_list {
	size_t count;
	struct db_uncosted *items;
};
int db_query_uncosted(
	struct db_reader *r, wall_t from, int limit, struct arena *a, struct db_uncosted_list *out);

#endif
