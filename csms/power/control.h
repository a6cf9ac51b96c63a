/*
 * Control: the tree, the guard and the planner put to work on the live fleet.
 *
 * The guard runs every control.guard_ms and at once on a breach; the planner on events and every
 * control.replan_s, in a thread of its own on an immutable snapshot; csms/power/setpoint.c turns what
 * both say into charging profiles, lowerings first. Loop thread only.
 */
#ifndef CSMS_CONTROL_H
#define CSMS_CONTROL_H

#include "csms/power/control_show.h"
#include "csms/depot_check.h"
#include "scheduler/limits.h"

struct control;
struct lane; /* csms/power/setpoint.h */

/* Builds the tree from depot and fleet, proves that the tails fit, starts the timers and the
 * planner's thread. NULL with one line for a person that names the node. */
struct control *control_create(struct core *c, char why[400]);

const struct grid_tree *control_grid(const struct control *k);

/* The limits that come and go, for those who set them; the next cycle goes by them. Made anew, and
 * empty, with the tree: set them again when control_grid() has changed. */
struct grid_limits *control_limits(struct control *k);

/* What an envelope would change: csms/plan/planner.h. */
struct held_envelope;
struct planner_trial;
int control_try(struct control *k, const struct held_envelope *extra,
	void (*done)(void *arg, const struct planner_trial *trial), void *arg);

/* The same for a snapshot that `edit` changes (csms/plan/planner.h). */
struct planner_job;
struct control_trial {
	void (*edit)(struct planner_job *j, const void *how);
	const void *how;
	const struct evse *exceeds; /* demand targets above it give way to its power; NULL: none */
};
int control_try_edited(struct control *k, const struct control_trial *t,
	void (*done)(void *arg, const struct planner_trial *trial), void *arg);

/* Told by the handlers: the transaction, vehicle or need at the EVSE changed (plan anew soon). */
void control_evse_changed(struct control *k, struct evse *e, const char *trigger);

/* Told by the handlers: a new power reading of the EVSE, or of a meter, came. */
void control_load_changed(struct control *k);

/* The station is connected and accepted, after a boot or not: say its profiles again. */
void control_station_ready(struct control *k, struct station *s, bool booted);

/* The station's clock is another than it was thought: its profiles are said again, by that. */
void control_clock_changed(struct control *k, struct station *s);

/* The station said with its boot that its power was gone (OCPP 2.0.1: reason PowerUp). */
void control_powered_up(struct control *k, const struct station *s);

/* For csms/power/safety.h's views. */
struct safety *control_safety(const struct control *k);

/* Who controls the station has changed: what its EVSEs hold is somebody else's word, or ours to say
 * anew. */
void control_handed_over(struct control *k, struct station *s);

/* Plans that wait for somebody's yes: csms/plan/assisted.h. */
struct assisted *control_assisted(struct control *k);

/* Would the tree still be safe with this registration in place of the station's present one?
 * 0, or -1 with the node and the sum that break it. */
int control_check_registration(const struct control *k, const char *station,
	const struct event_station_registered *reg, char why[300]);

/* The same proof for a depot's file alone, for `depotd --check`. */
int control_check_depot(const struct depot_file *depot, int margin_pct, struct depot_fault *out);

/* Stations or EVSEs were added, changed or removed: build the tree again. */
int control_rebuild(struct control *k, char why[300]);

/* For csms/power/setpoint.c: the lane of an EVSE (NULL: not in the tree), and word that one settled. */
struct lane *control_lane(struct control *k, const struct evse *e);
void control_lane_settled(struct control *k);

void control_destroy(struct control *k);

#endif
