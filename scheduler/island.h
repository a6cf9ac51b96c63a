/*
 * Island: what a depot with storage does when the grid is gone. Its stores and PV then feed
 * everything: what nobody can lower comes first, and what is left goes to the vehicles that leave
 * first. The energy above the stores' reserve is spread over a stated time, so that the reserve is
 * never reached by charging. When the grid is back the vehicles get no more than before, since it may
 * go again; when it has been back for a stated time they return in steps (scheduler/ramp.h). Without stores there is nothing to control.
 *
 * A plain struct, no memory of its own, one thread. now_ms is any clock that never goes back.
 */
#ifndef SCHEDULER_ISLAND_H
#define SCHEDULER_ISLAND_H

#include <stdbool.h>
#include <stdint.h>

enum island_grid { ISLAND_GRID_UNKNOWN, ISLAND_GRID_THERE, ISLAND_GRID_GONE };

enum island_state {
	ISLAND_OFF, /* on the grid */
	ISLAND_ON, /* fed by stores and PV */
	ISLAND_BACK, /* the grid is back, but not yet for long enough */
};

struct island_config {
	int64_t gone_ms; /* without grid for so long: an island */
	int64_t back_ms; /* the grid must have been back for so long */
	int64_t spread_ms; /* what the stores can give lasts at least this long */
	int margin_pm; /* of what feeds it, per mille, stays free for loads that rise */
};

/* All stores together. What is not known counts as nothing. */
struct island_in {
	int64_t now_ms;
	enum island_grid grid;
	bool has_store; /* there are stores that can feed an island */
	int64_t energy_wh; /* in them */
	int64_t reserve_wh; /* … that charging must not touch */
	int64_t store_max_w; /* they can give at most */
	int64_t pv_w; /* PV gives now */
	int64_t load_w; /* that nobody can lower */
};

struct island {
	struct island_config cfg;
	enum island_state state;
	bool is_turning; /* the grid is otherwise than `state` says, since turned_ms */
	int64_t turned_ms, since_ms;
	int64_t given_w, given_ms; /* greatest evse_w of the island's last half minute, and when */
	int64_t load_w[2], load_ms; /* greatest in this and the last few seconds; this began then */
	bool has_begun; /* since_ms holds: there was a step */
};

struct island_out {
	bool is_island; /* limit_w holds, and vehicles go by departure */
	bool began, ended; /* in this very step */
	int64_t feed_w; /* stores and PV can give */
	int64_t limit_w; /* for loads and EVSEs together */
	int64_t evse_w; /* … of that, for EVSEs */
};

void island_init(struct island *i, const struct island_config *cfg);
void island_step(struct island *i, const struct island_in *in, struct island_out *out);

const char *island_state_name(enum island_state s); /* "grid", "island", "returning" */

#endif
