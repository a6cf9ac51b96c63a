/*
 * What control shows: each node of the tree as the newest cycle found it, and the plan in force.
 * Loop thread only.
 */
#ifndef CSMS_CONTROL_SHOW_H
#define CSMS_CONTROL_SHOW_H

#include "csms/power/belief.h"
#include "csms/core.h"
#include "csms/power/rated.h"
#include "csms/vehicles/vehicle_charge.h"
#include "scheduler/grid.h"

struct control;

/* One limit of a node and what flows against it. Strings are static. */
struct control_limit {
	int64_t limit; /* in force now, as stated; -1: none */
	const char *source; /* "rating", "envelope" … */
	wall_t since; /* this limit of this source; ms 0: none */
	int64_t load; /* -1: unknown */
	const char *
		load_source; /* "meter", "held", "bounded", "worst-case"; "chargers": the sum of what
				  * they report; NULL: load is unknown */
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
	const char *binds_by; /* "guard", "plan", "island" (static); NULL: nothing binds */
	wall_t binds_until; /* by the plan, as far as it knows, or till that limit ends; ms 0: not
			     * known */
	const char *binds_source; /* whose limit that is: "rating", "envelope" … (static) */
	char binds_envelope[37]; /* … its id, "": none */
	bool bears; /* above its continuous rating, within its short-time one */
	int64_t load_w; /* whole import of the node, below 0: it feeds in; GRID_UNKNOWN */
	const char *load_source; /* "meter", "sum", "held", "worst-case", "bounded": at
				 * most so much, by meters around it (static string) */
	wall_t load_at; /* age of the oldest part; ms 0: never */
	int64_t evse_w; /* measured by the EVSEs below */
	int64_t allowed_w; /* what the EVSEs below may draw together */
	uint64_t revision;
};

/* One vehicle's row of the plan in force. */
struct control_plan_row {
	struct evse *evse;
	struct vehicle *vehicle; /* NULL: a vehicle nobody knows */
	const struct plan_vehicle *asked; /* what the plan was made of for it */
	char transaction[UTF8_SIZE(36)];
	enum charge_by by; /* how its need is known */
	int64_t need_wh, planned_wh, short_wh;
	int64_t need_spread_wh, from_spread_s; /* standard deviations, of its need and its coming */
	char reason[160]; /* who or what leaves it short, "" */
	wall_t departs_at, ready_at; /* ms 0: none */
	const int64_t *w; /* slot_count powers */
	const int *node; /* slot_count binding nodes, -1 none */
	const uint8_t *source; /* slot_count enum grid_source: why it is not more */
	const uint8_t *channel; /* slot_count enum grid_channel: which limit of the node */
};

struct control_plan {
	char id[37];
	wall_t made_at, start;
	int64_t slot_ms;
	int first_s; /* what is left of the first slot, which has begun; 0: all of it */
	int slot_count;
	int64_t solve_us;
	char trigger[80];
	int row_count;
	const struct control_plan_row *rows;
	bool by_rule; /* earliest departure first, not least cost */
	bool has_prices;
	const struct price_slots
		*told; /* the prices it was made with (csms/money/prices.h); NULL: none */
	const struct flow_part *price; /* [slot_count][parts] micro-units of money per kWh */
	int parts;
	int64_t cost, demand_cost, gap; /* micro-units of money; gap -1: not known */
	int64_t at_once; /* … what charging at once would cost, demand in it; -1: not known */
	int64_t gap_wh; /* that a better plan would deliver more at most */
};

const struct control_node *control_node(const struct control *k, int node);

/* What the guard found of a meter in its last cycle. */
struct control_doubt_view {
	enum belief belief;
	int64_t shown_w, drawn_w; /* when it was doubted: by it, and below it */
	int64_t still_ms; /* it has not moved for so long */
	const char *above; /* meter that says what flows at most meanwhile; NULL: none */
};

/* False: no node of the tree has it. */
bool control_doubt_of(const struct control *k, int meter, struct control_doubt_view *out);

/* When the guard decided last. */
wall_t control_decided_at(const struct control *k);

/* Since when what is written on the node stands as it is. */
wall_t control_rated_since(const struct control *k, int node, enum rated_limit what);

/* Load of the node's whole subtree that is not ours, as measured of late; GRID_UNKNOWN. */
int64_t control_other_w(const struct control *k, int node);

/* The plan in force, or NULL before the first. Valid until the loop's next turn. */
const struct control_plan *control_plan(const struct control *k);

/* What the EVSE was told last, with the reason that keeps it there now: plan and tree change while
 * the limit stays. `k` may be NULL. */
void control_told(const struct control *k, const struct evse *e, struct setpoint *out);

/* The row of an EVSE in the plan in force, or NULL. */
const struct control_plan_row *control_plan_row(const struct control *k, const struct evse *e);

/* The mode of the EVSEs below the node. */
enum depot_plan_mode control_mode(const struct control *k, int node);

/* What the EVSE goes by: "plan", "approved", "rule", "newest", "gives way"; NULL: not in the tree. */
const char *control_followed(const struct control *k, const struct evse *e);
/* Why it goes by something else than the plan in force, in words; "" it does not. */
const char *control_followed_why(const struct control *k, const struct evse *e);

/* What is done for those who fall short (csms/plan/fallback.h); `k` may be NULL. */
struct fallbacks;
const struct fallbacks *control_fallbacks(const struct control *k);

/* No plan came in time, since; ms 0: that is not so. */
wall_t control_late_since(const struct control *k);

#endif
