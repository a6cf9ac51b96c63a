/*
 * Inside of plan_solve(): the vehicles with what their input says worked out, and the room that is
 * left in every node and slot. Shared by plan.c, plan_car.c (windows), plan_room.c (room),
 * plan_early.c (the plain rule), plan_problem.c and plan_flow.c (least cost), plan_phases.c (the same where phases
 * matter) and plan_why.c (reasons).
 */
#ifndef SCHEDULER_PLAN_PRIVATE_H
#define SCHEDULER_PLAN_PRIVATE_H

#include "scheduler/plan.h"

#define PLAN_TIME_MAX_MS (INT64_MAX / 4) /* differences and roundings of times stay in range */

/* A vehicle with what the input says about it worked out. */
struct plan_car {
	int index; /* in the input */
	int evse_node;
	int first, last; /* usable slots [first, last) */
	bool late; /* departure is past, or before the end of the first slot */
	int64_t depart_ms;
	int priority;
	bool is_on; /* it charges by the plan in force */
	int32_t max_w, min_w;
	uint8_t weight[GRID_PHASES]; /* sixths of its power on each phase, at most */
	bool is_exact; /* … in just these parts */
	int64_t start_mj; /* stored at first */
	int64_t goal_mj; /* to be stored: the need, as far as the battery and its room allow */
	int64_t need_mj;
	int32_t miss_price; /* of a W·slot that is missing, scaled; set by plan_flow.c */
	const struct battery *battery;
	int64_t knee_mj; /* battery_knee_mj() of it */
};

struct plan_work {
	const struct plan_input *in;
	int slots, nodes;
	int *up; /* [nodes] the one above, the root's -1 */
	int32_t *room; /* [node][slot] */
	int32_t *w; /* [vehicle][slot] */
	int32_t *spare_w; /* one row */
	struct plan_car *car; /* earliest departure first */
	int *by_priority; /* positions in car[] */
	int64_t *got_mj; /* by position in car[] */
	struct flow_part *price; /* [slots][parts] scaled (plan_flow.c) */
	int parts;
	flow_value bound; /* no plan's value is less (plan_flow.c) */
	/* What is missing where nobody's energy has a price, at that bound: as scaled price · W·s, and in mJ
	 * of batteries. known: it is the least there is. */
	struct plan_least {
		flow_value value;
		int64_t mj;
		bool is_known;
	} least;
	int64_t peak_w[PLAN_DEMANDS]; /* highest slots that are worth their price (plan_flow.c) */
	int64_t free_peak_w[PLAN_DEMANDS]; /* … without smallest powers */
	/* Where all vehicles load their phases alike, `room` has the limits of phases too. */
	bool by_phase;
	int64_t (
		**phase_room)[GRID_PHASES]; /* [node] rows of slots, in sixths of a W; NULL: none */
	/* What vehicles put on each phase at most, and for sure, in sixths; NULL: phases may differ. */
	int64_t (*high)[GRID_PHASES], (*low)[GRID_PHASES]; /* [slots] */
};

/* What holds a vehicle back in a slot. */
struct plan_bind {
	int32_t w; /* room for more */
	int node;
	enum grid_source source;
	enum grid_channel channel;
};

static inline int32_t *plan_room_at(const struct plan_work *s, int node, int slot)
{
	return &s->room[(size_t)node * (size_t)s->slots + (size_t)slot];
}

static inline int32_t *plan_w_at(const struct plan_work *s, const struct plan_car *c, int slot)
{
	return &s->w[(size_t)c->index * (size_t)s->slots + (size_t)slot];
}

/* Slots last so long; the first one may have begun. */
static inline int plan_slot_s(const struct plan_work *s, int slot)
{
	return slot == 0 && s->in->first_s ? s->in->first_s : s->in->slot_s;
}

/* The power, in what is left of the slot, that is `w` over all of it. */
static inline int64_t plan_in_rest(const struct plan_work *s, int slot, int64_t w)
{
	return slot == 0 && s->in->first_s ? w * s->in->slot_s / s->in->first_s : w;
}

/* Too many vehicles and slots for trying what may be a little better. */
static inline bool plan_is_large(const struct plan_work *s)
{
	return (int64_t)s->in->n * s->slots > 20000;
}

/* -- plan_car.c ------------------------------------------------------------------------------- */

void plan_car_set(struct plan_car *c, const struct plan_input *in, int index);

/* Orders s->car by departure and s->by_priority by priority. */
void plan_car_order(struct plan_work *s);

/* Stores what a slot at `w` gives; returns the energy gained. All of it, as long as it ends before the
 * knee. */
static inline int64_t plan_store(
	const struct plan_car *c, int64_t *stored_mj, int32_t w, int slot_s)
{
	const struct battery *b = c->battery;
	int64_t before = *stored_mj;
	int64_t gain = (int64_t)(w < b->max_w ? w : b->max_w) * slot_s * b->efficiency_pm;

	if (before + gain <= c->knee_mj)
		*stored_mj += gain;
	else
		battery_charge(b, stored_mj, w, slot_s);
	return *stored_mj - before;
}

/* What the battery takes all through a slot. */
static inline int32_t plan_hold_w(const struct plan_car *c, int64_t stored_mj, int slot_s)
{
	const struct battery *b = c->battery;

	return (int64_t)b->max_w * slot_s * b->efficiency_pm <= c->knee_mj - stored_mj
		       ? b->max_w
		       : battery_hold_w(b, stored_mj, slot_s);
}

/* W·slot at the charge point that store so much, rounded up; nothing below 0. */
int64_t plan_need(const struct plan_work *s, const struct plan_car *c, int64_t mj);

/* By s->got_mj somebody misses energy, but for those that should have left. */
bool plan_is_any_short(const struct plan_work *s);

/* The battery takes all that its row offers, as it ends before the knee: *stored_mj is its content
 * then. False: it may take less. */
bool plan_is_taken(const struct plan_work *s, const struct plan_car *c, int64_t *stored_mj);

/* What the whole row stores. */
int64_t plan_row_mj(const struct plan_work *s, const struct plan_car *c);

/* -- plan_room.c ------------------------------------------------------------------------------ */

/* Fills the room from the input's, less what EVSEs draw unasked that nobody plans for. -1: no
 * memory. */
int plan_room_init(struct plan_work *s);
void plan_room_finish(struct plan_work *s);

/* The least room on the way up from the vehicle's EVSE, never below 0. */
int32_t plan_path_room(const struct plan_work *s, const struct plan_car *c, int slot);
/* … and whose it is. */
struct plan_bind plan_path_bind(const struct plan_work *s, const struct plan_car *c, int slot);

/* Gives the vehicle `w` more in the slot; negative: takes it away. */
void plan_take(struct plan_work *s, const struct plan_car *c, int slot, int32_t w);

void plan_clear_row(struct plan_work *s, const struct plan_car *c);

/* Where phases differ by more than they may since somebody gave way, who parts them does too; the
 * least important first. */
void plan_balance(struct plan_work *s);

/* -- plan_early.c ----------------------------------------------------------------------------- */

/* Fills s->w and s->got_mj by the plain rule, its first step. */
void plan_early(struct plan_work *s);
/* Its second one, where the first leaves somebody short. -1: no memory. */
int plan_early_again(struct plan_work *s);

/* Power for one slot out of what is wanted, can be taken and has room: 0 or at least the minimum.
 * A want or a taper below the minimum still needs an offer of the minimum. */
int32_t plan_offer(const struct plan_car *c, int32_t wanted, int32_t room);

/* Puts the rows of a kept plan back. */
void plan_restore(struct plan_work *s, const int32_t *rows);

/* Only vehicles that should have left, in the order of their priority. */
void plan_early_late(struct plan_work *s);

/* What is left over goes into batteries beyond the need, earliest departure first. */
void plan_fill_spare(struct plan_work *s);

/* -- plan_problem.c --------------------------------------------------------------------------- */

/* Prices of slots and of what is missing, scaled: s->price, parts, miss_price. -1: no memory. */
int plan_price_set(struct plan_work *s);

/* A scaled price, or a sum of them, in the input's unit. */
#define PLAN_PRICE_SCALE 256
#define PLAN_MISS_PRICE  1400000000 /* of missing energy at least: above every scaled price */

/* What the flow planner reads, but for what outlives the call. */
struct plan_problem {
	struct flow_input in;
	int *parent, *car; /* car: of each vehicle, its position in s->car */
	int *node; /* [nodes of the tree] its number here, -1: left out, it can never be full */
	int32_t *cap_w;
	struct flow_part *price;
	struct flow_vehicle *vehicles;
	int first_s; /* of slot 0, where what is left of it is less than a slot: power there is the mean
	              * over all of the slot; else the slot's length */
};

/* -1: no memory. */
int plan_problem_init(struct plan_problem *p, const struct plan_work *s);
void plan_problem_finish(struct plan_problem *p);

/* -- plan_flow.c ------------------------------------------------------------------------------ */

/* Fills s->w, s->got_mj and s->bound at the least cost, from nothing; `p` gets the prices that prove
 * it. -1: no memory. */
int plan_flow(struct plan_work *s, struct plan *p);

/* Solves with the demand charges, the rows that stand being load; the peaks bound the plan from then on.
 * 0, or -1 as flow_solve(). */
int plan_peaks(struct plan_work *s, struct flow *f);

/* … with the peaks at peak_w[], not sought. */
int plan_peaks_at(struct plan_work *s, struct flow *f, const int64_t *peak_w);

/* Adds what the flow planner found to the rows. */
void plan_take_rows(struct plan_work *s, const struct plan_problem *q, const struct flow *f);

/* Missing energy counts with the dearest price that there is. */
int64_t plan_worth_price(int32_t scaled_price);
int64_t plan_worth(const struct plan_work *s, int64_t sum);
int32_t plan_money_price(int32_t scaled_price); /* INT32_MAX: missing energy */

/* -- plan_phases.c ---------------------------------------------------------------------------- */

/* The problem where each phase has limits of its own: rows into s->w, prices into `p`. No plan is
 * cheaper than *bound. -1: no memory. */
int plan_phases(
	struct plan_work *s, const struct plan_problem *q, struct plan *p, flow_value *bound);

/* -- plan_settle.c ---------------------------------------------------------------------------- */

/* Makes the rows of the flow planner such that chargers and batteries can follow them. -1: no
 * memory. */
int plan_settle(struct plan_work *s);

/* -- plan_before.c ---------------------------------------------------------------------------- */

/* Rows as they came, what they store, and what they cost. */
struct plan_before {
	int32_t *rows;
	int64_t *got;
	flow_value value;
	int64_t energy;
};

/* -1: no memory; to be finished all the same. */
int plan_before_init(struct plan_before *b, const struct plan_work *s);
void plan_before_finish(struct plan_before *b);

/* *is: it costs hardly more (plan_input.calm_pm), missing energy counted as dear, and of
 * that so much is nothing. -1: no memory. */
int plan_is_as_cheap(
	const struct plan_before *b, const struct plan_work *s, int64_t missing_wh, bool *is);

void plan_before_restore(const struct plan_before *b, struct plan_work *s);

/* -- plan_again.c ----------------------------------------------------------------------------- */

/* Plans anew with demand charges how much, not when: who charges in which slot stays. -1: no memory. */
int plan_again(struct plan_work *s);

/* The same with who charges in which slot from `rows`: counts where it is better than `before`, which
 * is left as it is; else the rows are those of `before` again. *value: of what stands then. -1: no memory. */
int plan_again_from(struct plan_work *s, const struct plan_before *before, const int32_t *rows,
	flow_value *value);

/* A plan that is far from its bound: worth trying for a better one. */
bool plan_is_far(const struct plan_work *s, flow_value value);

/* -- plan_turns.c ----------------------------------------------------------------------------- */

/* Has vehicles take turns below lower peaks than they need together. -1: no memory. */
int plan_turns(struct plan_work *s);

/* -- plan_calm.c ------------------------------------------------------------------------------ */

/* Puts right what placing leaves: what is missing, too much, or in vain. */
struct plan_mend {
	void (*mend)(void *arg);
	void *arg;
};

/* Has vehicles go on and off less often, where nobody loses by it. -1: no memory. */
int plan_calm(struct plan_work *s, const struct plan_mend *m);

/* -- plan_keep.c ------------------------------------------------------------------------------ */

/* Has those charge on that do so by the plan in force, where it costs hardly more. -1: no memory. */
int plan_keep(struct plan_work *s, const struct plan_mend *m);

#define PLAN_SOON 2 /* slots; a plan may come late for the second one */

/* It charges by the plan in force, and would pause: in which slot, of those that are soon; -1: not so. */
int plan_pause_of(const struct plan_work *s, const struct plan_car *c);

/* It waits for room from that slot on, not for a cheaper time: it goes on later, where energy is no
 * cheaper. */
bool plan_waits_for_room(const struct plan_work *s, const struct plan_car *c, int slot);

/* Somebody charges by the plan in force, and would pause soon. */
bool plan_is_any_dropped(const struct plan_work *s);

/* What all may miss more, so that one goes on: where energy does not suffice anyway, what does not fill a
 * slot at the smallest power. */
int64_t plan_keep_wh(const struct plan_work *s, const int64_t *got_mj);

/* -- plan_cost.c ------------------------------------------------------------------------------ */

/* Of what the rows draw and of what they leave missing, in scaled price · W·s. -1: no memory. */
int plan_value(const struct plan_work *s, flow_value *value);

/* Of what the rows draw, in micro-units of money; no prices: 0. -1: no memory. */
int plan_money(const struct plan_work *s, int64_t *energy, int64_t *demand);

/* Scaled price of one W more in each slot: price[slots]. -1: no memory. */
int plan_next_price(const struct plan_work *s, int32_t *price);

/* -- plan_why.c ------------------------------------------------------------------------------- */

/* Says of each slot why it is not more, and of each vehicle what comes of it. -1: no memory. */
int plan_explain(struct plan_work *s, struct plan *p);

#endif
