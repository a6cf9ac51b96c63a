/*
 * Control, inside: its state, shared by control.c (when things happen), control_tree.c (what hangs
 * below what) and control_cycle.c (one decision of the guard). Nobody else includes this.
 */
#ifndef CSMS_CONTROL_PRIVATE_H
#define CSMS_CONTROL_PRIVATE_H

#include "csms/power/control.h"
#include "csms/power/control_doubt.h"
#include "csms/loop.h"
#include "csms/power/setpoint.h"
#include "modbus/meter_setpoint.h"

struct approval; /* csms/plan/approval.h */
struct assisted; /* csms/plan/assisted.h */
struct meter;
struct planner;
struct safety; /* csms/power/safety.h */

/* What holds an EVSE back by the plan, as found last. */
struct control_said {
	const struct control_plan_row *row; /* NULL: no plan knows it */
	wall_t made; /* of that plan */
	int slot; /* of it, -1: none is now */
	int node; /* that is full, -1: none */
	wall_t until; /* it gets more then; ms 0: never */
	bool is_said; /* in words, to an EVSE that gets … */
	int32_t w;
};

/* A node that is full by the plan, or by what feeds an island. */
struct control_full {
	int vehicles; /* that it keeps power from; 0: it is not */
	unsigned binds; /* bits of enum grid_channel: by which of its limits */
	enum grid_source source; /* whose that of the lowest channel is, by the plan */
	bool is_island;
	wall_t until; /* one of them gets more then; ms 0: none */
};

/* What an EVSE goes by, as found in the newest cycle. */
enum control_by {
	CONTROL_BY_PLAN,
	CONTROL_BY_APPROVED, /* the plan that was approved */
	CONTROL_BY_NEWEST, /* … a newer one, as its departure is in danger */
	CONTROL_BY_GIVING_WAY, /* … a newer one, as that of another is */
	CONTROL_BY_SHADOW, /* the plain rule: the plan is only shown */
	CONTROL_BY_UNAPPROVED, /* the plain rule: nothing is approved for it */
	CONTROL_BY_LATE, /* the plain rule: no plan came in time */
};

struct control_order {
	enum depot_plan_mode mode; /* of its node; made with the tree, as the next one */
	struct approval *approval; /* assisted: of its group, else NULL */
	enum control_by by;
	int64_t w; /* that it is to draw, -1: the plan does not know it */
	bool is_kept; /* no plan was made since the tree changed: this transaction … */
	char kept_for[UTF8_SIZE(36)]; /* … goes on with what it was to draw before */
	int64_t kept_w;
	bool in_danger;
	bool is_said; /* in words, to an EVSE that gets … */
	enum control_by said_by;
	int64_t said_w;
};

/* What a store is told (stores.c). */
struct store_order {
	bool is_on; /* it is commanded … */
	int32_t w; /* … to draw so much, below 0: to feed in … */
	int64_t planned_w; /* … where so much is planned */
	const char *why; /* not as planned, static; NULL: it is */
	int64_t own_w; /* it draws, by its own word; GRID_UNKNOWN */
	mono_t changed, raised; /* what it is told */
	struct meter_told told;
	bool has_failed, is_astray;
	mono_t followed; /* it did as told last */
	bool said_on; /* in the journal … */
	int32_t said_w;
	mono_t said;
};

/* A node that would be above a limit without what batteries feed in by command (control_lean.c). */
struct control_lean {
	struct grid_load feed; /* what they feed in below it */
	mono_t until; /* it counts as leaning, since it did */
	bool leans;
};

/* A vehicle that draws the least current to see whether meters are well again (control_trial.c). */
struct control_trial_run {
	bool is_on;
	int last; /* EVSE that is tried, or was */
	int64_t since_ms, next_ms, stands_ms; /* nothing is drawn, and one may be tried, since */
};

struct control {
	struct core *core;
	struct grid_tree *tree;
	struct grid_limits *limits; /* what comes and goes; made anew with the tree */
	struct guard *guard;
	struct planner *planner;
	struct safety *safety;
	int nodes, evses;
	struct evse **evse; /* [evses] */
	struct lane *lanes; /* [evses] */
	struct control_node *node; /* [nodes] as shown */
	struct rated_ages *rated; /* [nodes] */
	int *meter; /* [nodes] index in meters, -1 none */
	int64_t *worst_w; /* [nodes] worst uncontrolled load, GRID_UNKNOWN */
	struct grid_load *worst; /* [nodes] the same on each channel, reserves aside */
	struct control_doubt *doubt; /* [nodes] */
	int64_t *base_w; /* [nodes] uncontrolled load, mean of the last minutes … */
	int64_t (*base_phase_w)[GRID_PHASES]; /* … and on each phase */
	struct control_said *said; /* [evses] */
	struct control_full *full; /* [nodes] */
	struct assisted *assisted;
	struct fallbacks *fallbacks; /* csms/plan/fallback.h */
	struct control_order *order; /* [evses] */
	int32_t *share; /* [evses] by the plain rule … */
	struct rule_room *room; /* [nodes] … in what the guard found free last */
	mono_t shared; /* … made then; us 0: to be made anew */
	bool is_late; /* no plan came in time … */
	mono_t late_since;
	struct guard_node_in *node_in;
	struct guard_evse_in *evse_in;
	struct store_order *store; /* [nodes] */
	struct control_lean *lean; /* [nodes] */
	bool any_leans;
	struct control_trial_run trial;
	struct timer guard_timer, plan_timer, replan_timer, now_timer, send_timer;
	struct loop_task cycle_task, plan_task, replan_task;
	char trigger[80];
	mono_t journalled;
	wall_t sampled;
	mono_t last_cycle;
	int64_t cycle_us; /* that it took, waits for a processor too: stations wait as long */
	mono_t planned; /* a plan was asked for last */
	uint64_t revision;
};

/* control_tree.c: takes the tree, with lanes and nodes made for it, in force; 0 or -1: no memory.
 * control_unload() frees what it made. */
int control_load(struct control *k, struct grid_tree *tree);
void control_unload(struct control *k);

/* Gives each EVSE of the fleet its place and its lane; what `old` knew of it is kept. */
void control_bind(struct control *k, const struct control *old);

/* control_why.c: what each EVSE is to be told, and why; which nodes are full by the plan. */
void control_explain(struct control *k, const struct guard_report *r, wall_t now);

/* control_show.c: what the cycle found at each node, for the views, the series and the planner.
 * `elapsed_ms` since the last cycle. */
void control_show(struct control *k, const struct guard_report *r, wall_t now, int64_t elapsed_ms);

/* W that the EVSEs below the node were measured to draw. */
int64_t control_measured_below(const struct control *k, const struct grid_node *n);

/* control_follow.c: what each EVSE is to go by in this cycle; before the guard. */
void control_follow(struct control *k, wall_t now);
/* W that the vehicle gives back by the storage plan, if it goes by the newest plan at all. */
int64_t control_gives_w(const struct control *k, int evse, wall_t now);
/* control_modes.c: the mode of each EVSE, with the tree. */
void control_find_modes(struct control *k);
/* What each EVSE would get now by the plain rule, if these were the orders. `w` [evses]. -1: no memory. */
int control_share(
	const struct control *k, const struct control_order *order, wall_t now, int32_t *w);
/* After the guard: what it left free. */
void control_follow_room(struct control *k, const struct guard_report *r);
struct rule_room control_follow_no_limits(void);
/* A plan is in force. */
void control_follow_plan(struct control *k);
/* Says in `want` why an EVSE that gets what it is to draw goes by something else than the newest plan;
 * false: it goes by that. */
bool control_explain_order(struct control *k, int evse, int32_t allowed_w, struct setpoint *want);

/* stores.c: has each store that is commanded do what is planned; after the guard. */
void control_tell_stores(struct control *k, wall_t now, mono_t mono);
/* The node is a battery that is commanded, and does as it is told. */
bool control_store_obeys(const struct control *k, int node);
/* What stores below the node will draw soon beside what is measured, since they were told to. */
int64_t control_store_will_w(const struct control *k, int node, mono_t mono);
/* The store feeds in since it is told to: at most so much on each channel. */
bool control_store_feeds(const struct control *k, int node, struct grid_load *out);

/* control_trial.c: the EVSE that is to draw the least current now, below nothing but meters that may be
 * well again; -1: none. */
int control_try_one(struct control *k, int64_t now_ms);

/* control_lean.c: which nodes lean on such stores, and so for how long each EVSE is told; after the
 * guard. */
void control_find_leaning(struct control *k, const struct guard_report *r, mono_t mono);

/* control_cycle.c: reads what there is, lets the guard decide, shows it and sends what is due. */
void control_cycle(struct control *k);

#endif
