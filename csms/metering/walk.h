/*
 * Commissioning walk: steps one charger and watches which meters move, on which phase and by how
 * much. So it shows what hangs where, how the phases of a charger lie, which transformer looks the
 * wrong way and which ratio is wrong, while nobody opens a cabinet.
 *
 * It lowers: the EVSE's limit goes to a low power and back a few times, through the guard like any
 * other limit. The vehicle charges less meanwhile, so a person must agree. Where a meter above the
 * EVSE is not believed, and nothing bounds what flows there, its node counts meanwhile as one that
 * has no meter: by its description. So this one EVSE may rise as the limits allow, while no other
 * does. One walk at a time; its outcome is journalled and kept until the next. Loop thread only.
 */
#ifndef CSMS_WALK_H
#define CSMS_WALK_H

#include "csms/core.h"
#include "modbus/meter_map.h"
#include "scheduler/phases.h"
#include "scheduler/wiring.h"

#define WALK_ROUNDS_MAX 10

struct walks;

enum walk_state { WALK_HIGH, WALK_LOW, WALK_DONE, WALK_CANCELLED, WALK_FAILED };

/* A meter that was watched. */
struct walk_meter {
	char id[UTF8_SIZE(60)];
	bool is_above; /* in the tree, on the way from the EVSE to the root */
	struct wiring_pair total; /* its power against the EVSE's, as phase 0 */
	struct wiring_pair
		phases; /* its phases against the charger's, these as they are described */
	struct meter_reading held; /* waits for the charger's next value */
	bool has_held;
	bool is_begun;
	bool others_tell; /* what others draw on each phase is taken off */
};

struct walk {
	char id[OCPP_MESSAGE_ID_SIZE];
	char station[UTF8_SIZE(48)];
	int evse;
	enum phases_rotation rotation; /* as described: which of the grid's phases its own are */
	int64_t low_w, high_w; /* what it is lowered to; what it drew at the start */
	int rounds, rounds_done;
	enum walk_state state;
	wall_t started, since; /* since: of this step */
	char error[200]; /* why it could not go on */
	int meter_count;
	struct walk_meter *meters;
};

struct walks *walks_create(struct core *c);

/* Starts a walk. `low_w` 0: the least that the EVSE can. 0; or the HTTP status that fits and one
 * line: 404 no such EVSE, 409 it draws too little or another walk is under way. */
int walks_start(struct walks *w, const char *station, int evse, int64_t low_w, int rounds,
	const char *actor, char why[300]);

/* The walk under way or the last one, NULL: none yet. */
const struct walk *walks_now(const struct walks *w);

/* The EVSE of the walk under way, by its place in the tree; -1: none is. */
int walks_evse(const struct walks *w);

/* Ends the walk under way, if any; the EVSE's limit is lifted. */
void walks_cancel(struct walks *w);

/* The charger's phase (0..2) that is described to hang on this one of the grid. */
int walk_own_phase(const struct walk *w, int grid);

/* How much of the EVSE's step a meter showed; upper -1: it did not move. */
struct wiring_phase walk_gain(const struct walk_meter *m);

/* What it means, for the electrician; "" if there is nothing to say. */
const char *walk_words(const struct walk *w, const struct walk_meter *m, char out[400]);

void walks_destroy(struct walks *w);

#endif
