/*
 * Guard: what each EVSE may draw now, so that no node of the tree stays above its limits, in all and
 * on each phase, and its phases do not differ by more than they may. It
 * knows measurements, limits and who is plugged in; of the plan only what is wanted now, and it
 * never allows more than that. Lowers at once and the least urgent first; raises slowly, and only
 * into room that has lasted and that the others have verifiably left.
 *
 * What it relies on: at every node the import can never exceed (meter - metered EVSEs) + what the
 * EVSEs are allowed, as long as an EVSE counts with the greater of what it was told and what it was
 * told a reaction time ago, and with its measurement where that is above both.
 *
 * Deterministic; one thread. now_ms is any clock that never goes back. The tree must outlive it.
 */
#ifndef SCHEDULER_GUARD_H
#define SCHEDULER_GUARD_H

#include "scheduler/limits.h"

#define GUARD_UNKNOWN_W (-1)

struct guard_config {
	int64_t reaction_ms; /* an EVSE and its vehicle follow a command within this */
	int64_t hold_ms; /* room must have lasted this long before anything rises into it */
	int64_t step_ms; /* an EVSE rises at most once in this time … */
	int32_t step_w; /* … by at most this (from a pause: to its minimum, if that is more) */
	int64_t rotate_ms; /* a pause lasts about this while others of its urgency charge */
	int64_t grace_ms; /* overload only by the books (meter below limit) is borne this long, and so are
	                   * phases that are apart only by them: until chargers have told */
	int32_t tolerance_w; /* measured above command by more than this … */
	int tolerance_pm; /* … and by more than this per mille of it: disobeyed */
};

enum guard_quality {
	GUARD_NO_METER, /* the node has none: its children are added up */
	GUARD_FRESH,
	GUARD_HELD, /* stale: the uncontrolled load found last stands */
	GUARD_WORST_CASE, /* too old or broken */
	GUARD_BOUNDED, /* the same, but meters around it say what flows at most, now: import_w */
};

struct guard_node_in {
	enum guard_quality quality;
	int64_t import_w; /* of the whole node, EVSEs included; with GUARD_FRESH, GUARD_BOUNDED */
	int64_t reading; /* another value for another reading: what EVSEs did since an old one
	                  * must not be taken off it. 0: each cycle has one of its own */
	int64_t worst_w; /* uncontrolled load in the worst case; GRID_UNKNOWN: the EVSEs below
	                  * get together no more than their tails */
	bool has_phases; /* else all of the uncontrolled load may lie on any one phase */
	int64_t phase_w[GRID_PHASES]; /* current times nominal voltage, below 0: feeds in */
	int64_t worst_phase_w[GRID_PHASES]; /* beside worst_w */
};

struct guard_evse_in {
	bool connected; /* a vehicle is plugged in */
	bool silent; /* readings or an answer are missing: it does not rise until they come */
	bool reachable; /* commands get through; if not, what is in force stays in force */
	bool unanswered; /* its last command had no answer: it is told to lower, and others are
	                  * lowered in its place at once */
	bool in_doubt; /* others of its station do not what they are told: until it is measured to
	                * draw less, it counts with what it draws */
	int32_t commanded_w; /* in force; while a command is under way the greater of both;
	                      * GUARD_UNKNOWN_W: counts as the EVSE's maximum, or with no vehicle
	                      * there as its tail */
	int32_t wanted_w; /* by the plan, now */
	int32_t measured_w; /* GUARD_UNKNOWN_W: not known */
	int64_t measured_ms; /* when, by the clock of now_ms */
	int64_t reaction_ms; /* it follows a command within this; 0: that of the config */
	int32_t uncontrolled_w; /* disobeys: counts at least for this, whatever it is told; 0: not */
	int32_t min_w; /* smallest power of the vehicle but 0; the EVSE's own counts if greater */
	int urgency; /* class: smaller charges first; turns are taken within one class */
	int64_t depart_ms; /* order within a class; any clock */
	uint8_t sixths
		[GRID_PHASES]; /* of its power on each phase, at most; all 0: as the tree says */
	bool exact; /* … just these parts (scheduler/phases.h) */
	bool has_phases;
	int32_t phase_w[GRID_PHASES]; /* measured with measured_w: what each phase of the grid
	                               * carries of it for certain */
};

struct guard_in {
	int64_t now_ms;
	const struct grid_limits *limits; /* or NULL: the tree's own */
	const struct guard_node_in *node; /* [nodes] */
	const struct guard_evse_in *evse; /* [evses] */
};

struct guard_evse_out {
	int32_t allowed_w; /* 0, or at least the minimum */
	int32_t counted_w; /* what it counts for until the command has taken effect */
	enum grid_source source; /* why it is not more than that */
	int node; /* whose limit binds, or -1 */
	enum grid_channel channel; /* … which of its limits */
	int64_t rests_until_ms; /* with GRID_SOURCE_HOLD: its runs soon ended, so it does not start
	                         * before; 0: it does not rest */
};

/* One channel of a node. */
struct guard_channel_out {
	enum grid_source source; /* of limit_w */
	int32_t limit_w; /* usable: margin taken off; GRID_NO_LIMIT: none */
	int64_t uncontrolled_w;
	int64_t counted_w; /* EVSEs below it, at most */
	bool over;
};

struct guard_node_out {
	enum grid_source source; /* of limit_w */
	enum guard_quality quality;
	int32_t limit_w; /* usable: margin taken off */
	int64_t uncontrolled_w;
	int64_t allowed_w; /* EVSEs below it */
	int64_t counted_w;
	bool over; /* import or uncontrolled load and EVSEs are above limit_w at this moment */
	struct guard_channel_out phase[GRID_PHASES];
	int64_t imbalance_w; /* difference of its phases now; GRID_UNKNOWN: not measured */
	unsigned binds; /* bits of enum grid_channel: these hold somebody back */
	bool bears; /* above its continuous rating, within its short-time one */
};

struct guard_report {
	const struct guard_evse_out *evse; /* [evses]; the guard's, until the next cycle */
	const struct guard_node_out *node; /* [nodes] */
	int over, lowered, raised, paused; /* counts; paused: want to charge but may not */
};

struct guard;

struct guard_config guard_config_default(void);
/* NULL: no memory. */
struct guard *guard_create(const struct grid_tree *t, const struct guard_config *cfg);
/* Before the first cycle: what `old` knew of the EVSEs and nodes that the new tree has too, by id. Its
 * uncontrolled loads only where `is_same[node]`: measured by the same meter, of the same EVSEs. */
void guard_keep(struct guard *g, const struct guard *old, const bool *is_same);
/* One decision; call it every second and at once on news. Does not allocate. */
struct guard_report guard_cycle(struct guard *g, const struct guard_in *in);
void guard_destroy(struct guard *g);

#endif
