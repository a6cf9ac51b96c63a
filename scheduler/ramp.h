/*
 * Ramp: brings the EVSEs of a feeder back in steps after its power has returned, so that all that
 * starts at once does not trip it again.
 *
 * That power has returned at a node is seen by
 *   voltage    its meter showed no voltage, and shows it again;
 *   stations   three quarters of the stations below it that were in service, and at least two if
 *              there are more, said within a minute that they were just powered up;
 *   meter      its meter was silent and speaks again, and within that minute half of them did.
 * A silent meter alone is a broken wire, stations that reboot for other reasons are no sign.
 *
 * Then nothing below it charges until `settle_ms` have passed. After that each step lets the most
 * urgent go: as many as bring `step_pm` of all that is connected there, at least one; quicker if it
 * would not end in `most_ms`. A node that loses its power again within `again_ms` gets steps of half
 * the size. Of nodes inside one another the outermost decides.
 *
 * Deterministic, one thread. now_ms is any clock that never goes back. The tree must outlive it.
 */
#ifndef SCHEDULER_RAMP_H
#define SCHEDULER_RAMP_H

#include "scheduler/grid.h"

struct ramp;

struct ramp_config {
	int64_t settle_ms, step_ms, most_ms, again_ms;
	int64_t gather_ms; /* stations that power up within this did so together */
	int step_pm;
};

enum ramp_volts { RAMP_VOLTS_UNKNOWN, RAMP_VOLTS_THERE, RAMP_VOLTS_GONE };

/* How a return was seen. */
enum ramp_sign {
	RAMP_SIGN_NONE,
	RAMP_SIGN_VOLTAGE,
	RAMP_SIGN_STATIONS,
	RAMP_SIGN_METER,
	RAMP_SIGN_TOLD
};

struct ramp_node_in {
	enum ramp_volts volts; /* of the node's meter, now */
	bool is_fed; /* … which says nothing: an island feeds what is below */
	bool meter_is_silent; /* it has a meter, and that has not been heard of lately */
	bool is_station; /* it stands for a station */
	bool in_service; /* … that is connected, or was not long ago */
};

struct ramp_evse_in {
	bool connected; /* a vehicle is plugged in */
	int32_t start_w; /* it may draw at once */
	int urgency;
	int64_t depart_ms;
};

struct ramp_view {
	enum ramp_sign sign; /* RAMP_SIGN_NONE: no ramp */
	int64_t since_ms, next_ms; /* power returned; the next step */
	int released, waiting; /* EVSEs with a vehicle */
	int tries; /* 1: the first in a while */
};

struct ramp_config ramp_config_default(void);
/* NULL: no memory. */
struct ramp *ramp_create(const struct grid_tree *t, const struct ramp_config *cfg);

/* A station said that it was just powered up; `node` stands for it: any one of its own. */
void ramp_power_up(struct ramp *r, int node, int64_t now_ms);

/* Power has returned at the node, as others know (an island ends). */
void ramp_begin(struct ramp *r, int node, int64_t now_ms);

/* One step; in each cycle. held[evse] (by place in the tree): it must wait. Returns how many ramps
 * are under way. */
int ramp_cycle(struct ramp *r, int64_t now_ms, const struct ramp_node_in *nodes,
	const struct ramp_evse_in *evses, bool *held);

/* Another tree is in force: what is under way goes on at the nodes of the same ids, and where one is
 * gone at the node that was above it, for the EVSEs that still waited. */
void ramp_keep(struct ramp *r, const struct ramp *old);

/* A ramp as ramp_look() showed it before a restart (RAMP_SIGN_NONE: it was over, and is remembered);
 * all below it waits, but for those that ramp_release() names. Outermost nodes first. */
void ramp_restore(struct ramp *r, int node, const struct ramp_view *v);
void ramp_release(struct ramp *r, int evse);

/* Did the EVSE, below a ramp that is under way, get its turn? */
bool ramp_is_released(const struct ramp *r, int evse);

struct ramp_view ramp_look(const struct ramp *r, int node);
void ramp_destroy(struct ramp *r);

const char *ramp_sign_name(enum ramp_sign s); /* "voltage", "stations" … */
enum ramp_sign ramp_sign_find(const char *name); /* RAMP_SIGN_NONE: no such name */

#endif
