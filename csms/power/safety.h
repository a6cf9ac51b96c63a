/*
 * Safety: what stands around one decision of the guard. Before it: how old each measurement is
 * (scheduler/stale.h), what each charger is like (obey.h), what the demand window leaves (demand.h),
 * who must wait after a power return (ramp.h), what stores and PV can feed (island.h). After it: what
 * all that costs, and alarms. Belongs to control; loop thread only.
 */
#ifndef CSMS_SAFETY_H
#define CSMS_SAFETY_H

#include "csms/core.h"
#include "scheduler/demand.h"
#include "scheduler/envelope.h"
#include "scheduler/grid.h"
#include "scheduler/guard.h"
#include "scheduler/island.h"
#include "scheduler/obey.h"
#include "scheduler/ramp.h"
#include "scheduler/stale.h"

struct control;
struct safety;

/* For the tree that is in force in `k`. `old` (or NULL: from the store) says what was known under
 * the tree before. NULL: no memory, or the store cannot be read. */
struct safety *safety_create(struct control *k, const struct safety *old);

/* Inputs of the guard are filled: corrects them, and sets the limits that come from here. */
void safety_before(struct safety *s, wall_t now, int64_t now_ms);

/* The guard has decided. */
void safety_after(struct safety *s, const struct guard_report *r, wall_t now, int64_t now_ms);

/* The limits that hold, as the planner should see them for the hours to come: without those that
 * pass within minutes. Valid until the next call, or the end of `s`. */
const struct grid_limits *safety_plan_limits(struct safety *s);

/* The station said that it was just powered up. */
void safety_powered_up(struct safety *s, const char *station);

void safety_destroy(struct safety *s);

/* -- looking; nodes and EVSEs by their place in the tree --------------------------------------- */

struct safety_node_view {
	bool is_measured; /* it has a meter: what follows is said of it */
	enum stale_tier tier;
	int64_t tier_for_ms; /* in this tier */
	const char *counts_as; /* "measured", "tails" … (static): what stands for its load */
	int64_t cost_w; /* that charging lacks for want of a fresh value */
	bool has_demand;
	struct demand_out demand;
	wall_t window, window_end, peak_at; /* peak_at.ms 0: none yet */
	int32_t peak_w;
	int64_t missing_ms; /* of the window nothing was measured */
	struct ramp_view ramp;
	int64_t ramp_for_ms, ramp_next_ms; /* since power returned; until the next step */
};
struct safety_node_view safety_node(const struct safety *s, int node);

struct safety_island_view {
	bool has_store;
	enum island_state state;
	enum island_grid grid;
	int64_t for_ms; /* in this state */
	int64_t left_ms; /* ISLAND_BACK: till it ends, if the grid stays */
	bool has_energy; /* one store at least tells what it holds */
	int stores_silent; /* … and so many do not */
	int64_t energy_wh, reserve_wh, feed_w, evse_w;
	int node; /* that it feeds with all below; -1: there is none now */
	int64_t limit_w; /* of that node: what is fed, less a margin */
	int64_t load_w; /* of it, besides EVSEs */
};
struct safety_island_view safety_island(const struct safety *s);

/* Stores and PV feed the EVSE; until when nobody knows. */
bool safety_is_fed_by_island(const struct safety *s, const struct evse *e);

/* The node lies at or above the cut: its meter sees nothing of what flows. */
bool safety_is_cut_off(const struct safety *s, int node);

/* The island gives the EVSE less than it would take. */
bool safety_island_holds(const struct safety *s, int evse, int32_t *wants_w);

/* What the node carries now, at least: W, or mA of its fullest phase. False: nobody knows. */
bool safety_carries(const struct safety *s, int node, enum envelope_quantity q, int64_t *amount);

/* What a phase (0 to 2) of the node carries now, in mA, as it is held against limits. False: nobody
 * measures it. */
bool safety_phase(const struct safety *s, int node, int phase, int64_t *ma);

/* The sum of what is measured on a phase below the node, in mA, if every part of it tells its phases. */
bool safety_sums_phase(const struct safety *s, int node, int phase, int64_t *ma);

/* In how long all EVSEs below the node follow. */
int64_t safety_slowest_ms(const struct safety *s, int node);

/* When the newest reading of the EVSE came that told of then; INT64_MIN: none of this vehicle. */
int64_t safety_heard_ms(const struct safety *s, int evse);

/* NULL: not in the tree. */
const struct obey *safety_obey(const struct safety *s, const struct evse *e);
int64_t safety_reaction_ms(const struct safety *s, const struct evse *e);
/* Its quirks in words; returns how many. */
int safety_quirks(const struct safety *s, const struct evse *e, char *text, size_t size);

#endif
