/*
 * Queries of what the guard keeps over a restart. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_SAFETY_H
#define DB_QUERY_SAFETY_H

#include "db/db.h"
#include "gen/event.h"

struct db_demand_window {
	const char *node;
	int64_t month, peak_w, register_wh;
	bool has_register;
	wall_t start, peak_at;
};
struct db_demand_window_list {
	size_t count;
	struct db_demand_window *items;
};
/* The last window of each node, with the peak of its month. */
int db_query_demand_windows(
	struct db_reader *r, struct arena *a, struct db_demand_window_list *out);

struct db_charger_learned {
	const char *station;
	int64_t evse;
	const struct event_charger_learned *learned; /* NULL: cannot be read */
};
struct db_charger_learned_list {
	size_t count;
	struct db_charger_learned *items;
};
int db_query_chargers_learned(
	struct db_reader *r, struct arena *a, struct db_charger_learned_list *out);

struct db_station_clock {
	const char *station;
	int64_t ahead_ms; /* of ours */
};
struct db_station_clock_list {
	size_t count;
	struct db_station_clock *items;
};
int db_query_station_clocks(
	struct db_reader *r, struct arena *a, struct db_station_clock_list *out);

struct db_power_return {
	const char *node, *sign;
	wall_t at;
	int64_t tries;
	bool is_open;
};
struct db_power_return_list {
	size_t count;
	struct db_power_return *items;
};
/* Of each node the last one since that time. */
int db_query_power_returns(
	struct db_reader *r, struct arena *a, wall_t since, struct db_power_return_list *out);

struct db_power_return_evse {
	const char *node, *evse;
};
struct db_power_return_evse_list {
	size_t count;
	struct db_power_return_evse *items;
};
/* EVSEs that have had their turn in a return that is under way. */
int db_query_power_return_evses(
	struct db_reader *r, struct arena *a, struct db_power_return_evse_list *out);

struct db_meter_doubt {
	const char *meter, *row;
	bool hangs, shows_less, has_odd, is_power_low, has_still_w, has_still_wh;
	double odd, still_w, still_wh;
	wall_t found, still_since; /* ms 0: not known */
	int64_t shown_w, drawn_w;
};
struct db_meter_doubt_list {
	size_t count;
	struct db_meter_doubt *items;
};
int db_query_meter_doubts(struct db_reader *r, struct arena *a, struct db_meter_doubt_list *out);

struct db_island {
	const char *node, *state;
	wall_t at;
	int64_t given_w;
};
struct db_island_list {
	size_t count;
	struct db_island *items;
};
/* Of each node the state that it turned to last. */
int db_query_islands(struct db_reader *r, struct arena *a, struct db_island_list *out);

#endif
