/*
 * Safety, inside: its state, shared by csms/power/safety*.c. Nobody else includes this.
 */
#ifndef CSMS_SAFETY_PRIVATE_H
#define CSMS_SAFETY_PRIVATE_H

#include "csms/power/belief.h"
#include "csms/power/control_private.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"

struct safety_demand {
	struct demand d;
	struct demand_out out;
	int64_t danger_ms; /* since when in danger, 0: is not */
	wall_t kept; /* the open window was last written down */
};

/* A return of power as it stands in the journal. */
struct safety_return {
	enum ramp_sign sign; /* RAMP_SIGN_NONE: none is under way */
	int64_t since_ms;
	int tries;
};

struct safety_node {
	const struct depot_node *row; /* NULL: a station or EVSE */
	struct stale_point stale;
	int64_t cost_w;
	int64_t load_w; /* uncontrolled, by the last fresh measurement; GRID_UNKNOWN: none yet */
	int64_t found_w
		[GRID_CHANNELS]; /* uncontrolled, when all that is measured there was fresh last */
	int64_t apart_w; /* … what its imbalance held back then */
	bool has_found, is_old; /* is_old: something measured there is not fresh now */
	int64_t reckoned_w; /* all that it may draw, by the guard's last books; -1: none yet */
	int64_t above_ms[3][6]; /* by kind of limit and quantity: broken since, 0: is not */
	enum belief old_by; /* what says_old was said for last */
	bool says_old, says_over, says_envelope, says_return,
		says_cut; /* alarms that are raised: lookups cost */
	struct safety_demand *demand; /* NULL: none */
	struct demand counted; /* where there is none but a meter: one may come in mid-window */
	struct safety_return returned;
};

/* What flows at a node, in W: by its fresh meter, else what is measured below it. */
struct safety_flow {
	int64_t w[GRID_CHANNELS];
	bool is_known; /* at least that */
	bool is_whole; /* all of it is measured */
	bool is_metered, has_phases;
};

struct safety_evse {
	struct obey obey;
	wall_t measured_at; /* of the reading taken last */
	int64_t heard_ms; /* when that came, or nobody was there last; by the clock of the cycles */
	int64_t age_ms; /* of the newest reading, when it came, by its station's clock */
	int64_t gap_ms; /* in which its readings come; 0: not known */
	bool measures; /* a reading has come while a vehicle was there … */
	bool is_heard; /* … that told of that time */
	int64_t tried_ms; /* has power below a meter that has not moved since, 0: has not */
	bool is_held_back; /* … until that moves: its leaf has a limit of ours */
	bool says_blind; /* its rotation is missing, and an alarm says so */
	int64_t journalled_ms; /* 0: not yet */
	int16_t journalled_samples;
	char words[400]; /* quirks as they were journalled */
};

/* What the island gives an EVSE, and what it would take. */
struct safety_share {
	int32_t w, wants_w;
};

struct safety {
	struct control *k;
	struct core *core;
	const struct grid_tree *tree;
	int nodes, evses;
	struct safety_node *node;
	struct safety_evse *evse;
	struct stale_config stale;
	struct obey_config obey;
	int64_t started_ms; /* by the clock of the cycles; 0: no cycle yet */
	int64_t slow_ms; /* when the things that can wait were looked at last */
	struct ramp *ramp;
	struct ramp_node_in *ramp_node;
	struct ramp_evse_in *ramp_evse;
	struct safety_flow *flow; /* [nodes] of this cycle */
	bool *held; /* [evses] waits for its step */
	bool *let_go; /* [evses] had its step, as it stands in the journal */
	bool *capped; /* [evses] its leaf has a limit of ours */
	int *order; /* [evses] by departure, for an island */
	struct safety_share *share; /* [evses] of the island, also while they return from it */
	int stores, stores_told; /* there are, and those that tell what they hold */
	int64_t planned_island_w, planned_island_ms; /* a plan was asked for with so much */
	struct grid_limits *plan; /* what the planner was given last */
	int connection; /* node of the grid connection: kind, or the root; with a meter, else -1 */
	struct island island;
	enum island_state island_told; /* as it stands in the journal */
	int64_t grid_used_ms; /* loads and vans take more than stores and PV feed, since; 0: no */
	struct island_in island_in;
	struct island_out island_out;
};

/* The newest reading of the node's meter, if it has one and it is of a charger or Modbus meter. */
const struct meter *safety_meter(const struct safety *s, int node);

/* The node that stands for a station: that of its first EVSE. -1: it is not in the tree. */
int safety_station_node(const struct safety *s, const struct station *st);

/* safety_stale.c */
void safety_stale_before(struct safety *s, int64_t now_ms);
/* The same node of the tree before. */
void safety_stale_keep(struct safety_node *v, const struct safety_node *was);
void safety_stale_after(struct safety *s, const struct guard_report *r, int64_t now_ms);

/* safety_demand.c */
int safety_demand_restore(struct safety *s); /* 0, or -1: the store cannot be read */
int safety_demand_keep(struct safety *s, const struct safety *old); /* -1: no memory */
void safety_demand_before(struct safety *s, wall_t now);
void safety_demand_plan(const struct safety *s, struct grid_limits *l);
void safety_demand_after(struct safety *s, int64_t now_ms);
void safety_demand_window(const struct safety *s, int node, wall_t *begin, wall_t *end);

/* safety_charger.c */
int safety_charger_restore(struct safety *s);
void safety_charger_before(struct safety *s, int64_t now_ms);

/* safety_limits.c */
void safety_limits_after(struct safety *s, const struct guard_report *r, int64_t now_ms);
void safety_limits_keep(struct safety *s, const struct safety *old);

/* safety_supply.c */
void safety_supply_before(struct safety *s, wall_t now, int64_t now_ms);
void safety_supply_plan(const struct safety *s, struct grid_limits *l);
void safety_supply_after(struct safety *s);

void safety_cap(struct safety *s, int e, enum grid_source source, int64_t w);

/* safety_island.c; of the connection, there is one */
void safety_island_before(struct safety *s, int64_t now_ms);
int safety_island_restore(struct safety *s); /* 0, or -1: the store cannot be read */
void safety_island_plan(const struct safety *s, struct grid_limits *l);

/* safety_rotation.c: now and then. */
void safety_rotation_watch(struct safety *s);

/* safety_untried.c: after the supply, which says whether there is an island. */
void safety_untried_before(struct safety *s, int64_t now_ms);
void safety_untried_plan(const struct safety *s, struct grid_limits *l);

/* safety_return.c */
int safety_return_restore(struct safety *s);
void safety_return_keep(struct safety *s, const struct safety *old);
void safety_return_after(struct safety *s);

#endif
