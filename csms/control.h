/*
 * Control: the tree, the guard and the planner put to work on the live fleet.
 *
 * The guard runs every control.guard_ms and at once on a breach; the planner on events and every
 * control.replan_s, in a thread of its own on an immutable snapshot; csms/setpoint.c turns what
 * both say into charging profiles, lowerings first. Loop thread only.
 */
#ifndef CSMS_CONTROL_H
#define CSMS_CONTROL_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "scheduler/limits.h"

struct control;
struct lane; /* csms/setpoint.h */

/* One limit of a node and what flows against it. Strings are static. */
struct control_limit {
	int64_t limit; /* in force now, as stated; -1: none */
	const char *source; /* "rating", "envelope" … */
	wall_t since; /* this limit of this source; ms 0: none */
	int64_t load; /* -1: unknown */
};

/* What a node of the tree carries now. Same order as grid nodes. */
struct control_node {
	int64_t limit_w; /* in force now; -1: none */
	const char *limit_source; /* "rating", "envelope" … (static string) */
	wall_t limit_since;
	struct control_limit phase[GRID_PHASES]; /* mA; measured at the node */
	struct control_limit imbalance; /* mA: greatest difference of two phases */
	struct control_limit feed; /* W fed in */
	unsigned binds; /* bits of enum grid_channel: these hold vehicles back … */
	wall_t binds_since; /* … since */
	bool bears; /* above its continuous rating, within its short-time one */
	int64_t load_w; /* whole import of the node, below 0: it feeds in; GRID_UNKNOWN */
	const char *load_source; /* "meter", "sum", "held", "worst-case" (static string) */
	wall_t load_at; /* age of the oldest part; ms 0: never */
	int64_t evse_w; /* measured by the EVSEs below */
	int64_t allowed_w; /* what the EVSEs below may draw together */
	uint64_t revision;
};

/* One vehicle's row of the plan in force. */
struct control_plan_row {
	struct evse *evse;
	struct vehicle *vehicle; /* NULL: a vehicle nobody knows */
	char transaction[UTF8_SIZE(36)];
	int64_t need_wh, planned_wh, short_wh;
	char reason[160]; /* who or what leaves it short, "" */
	wall_t departs_at, ready_at; /* ms 0: none */
	const int64_t *w; /* slot_count powers */
	const int *node; /* slot_count binding nodes, -1 none */
};

struct control_plan {
	char id[37];
	wall_t made_at, start;
	int64_t slot_ms;
	int slot_count;
	int64_t solve_us;
	char trigger[80];
	int row_count;
	const struct control_plan_row *rows;
};

/* Builds the tree from depot and fleet, proves that the tails fit, starts the timers and the
 * planner's thread. NULL with one line for a person that names the node. */
struct control *control_create(struct core *c, char why[400]);

const struct grid_tree *control_grid(const struct control *k);
const struct control_node *control_node(const struct control *k, int node);

/* Since when what is written on the node (ratings, export limit) is as it is; a start counts. */
wall_t control_rated_since(const struct control *k, int node);

/* Load of the node's whole subtree that is not ours, as measured of late; GRID_UNKNOWN. */
int64_t control_other_w(const struct control *k, int node);

/* The limits that come and go, for those who set them; the next cycle goes by them. Made anew, and
 * empty, with the tree: set them again when control_grid() has changed. */
struct grid_limits *control_limits(struct control *k);

/* What an envelope would change: csms/planner.h. */
struct held_envelope;
struct planner_trial;
int control_try(struct control *k, const struct held_envelope *extra,
	void (*done)(void *arg, const struct planner_trial *trial), void *arg);

/* The plan in force, or NULL before the first. Valid until the loop's next turn. */
const struct control_plan *control_plan(const struct control *k);

/* The row of an EVSE in the plan in force, or NULL. */
const struct control_plan_row *control_plan_row(const struct control *k, const struct evse *e);

/* Told by the handlers: the transaction, vehicle or need at the EVSE changed (plan anew soon). */
void control_evse_changed(struct control *k, struct evse *e, const char *trigger);

/* Told by the handlers: a new power reading of the EVSE, or of a meter, came. */
void control_load_changed(struct control *k);

/* The station is connected and accepted, after a boot or not: say its profiles again. */
void control_station_ready(struct control *k, struct station *s, bool booted);

/* The station said with its boot that its power was gone (OCPP 2.0.1: reason PowerUp). */
void control_powered_up(struct control *k, const struct station *s);

/* For csms/safety.h's views. */
struct safety *control_safety(const struct control *k);

/* Who controls the station has changed: what its EVSEs hold is somebody else's word, or ours to say
 * anew. */
void control_handed_over(struct control *k, struct station *s);

/* Would the tree still be safe with this registration in place of the station's present one?
 * 0, or -1 with the node and the sum that break it. */
int control_check_registration(const struct control *k, const char *station,
	const struct event_station_registered *reg, char why[300]);

/* The same proof for a depot's file alone, for `depotd --check`. */
int control_check_depot(const struct depot_file *depot, int margin_pct, struct depot_fault *out);

/* Stations or EVSEs were added, changed or removed: build the tree again. */
int control_rebuild(struct control *k, char why[300]);

/* For csms/setpoint.c: the lane of an EVSE (NULL: not in the tree), and word that one settled. */
struct lane *control_lane(struct control *k, const struct evse *e);
void control_lane_settled(struct control *k);

void control_destroy(struct control *k);

#endif
