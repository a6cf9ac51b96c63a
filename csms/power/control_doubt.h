/*
 * What is known against the words of the nodes' meters, and what flows where they are not believed.
 * Inside of control, as csms/power/control_private.h.
 */
#ifndef CSMS_CONTROL_DOUBT_H
#define CSMS_CONTROL_DOUBT_H

#include "csms/power/control.h"
#include "scheduler/guard.h"
#include "scheduler/ramp.h"

struct meter;

/* What of it is in the journal, or is to be. */
struct control_told {
	bool hangs, shows_less, is_power_low;
	double odd; /* as in struct meter_reading; 0: not */
};

/* The reading with which a meter was found to hang before a restart. */
struct control_still {
	bool is_known;
	int64_t since_ms;
	double w, wh;
};

/* What is known against a node's meter. Times by the clock of the guard; 0: it is not so. */
struct control_doubt {
	uint64_t edition; /* of the meter's description that it is about; 0: no meter */
	int64_t since_ms; /* shows less than what is drawn since */
	int64_t agrees_ms; /* agrees again since */
	bool is_doubted; /* not believed until it has agreed for a while */
	bool hangs; /* did not move while load was on the wire: until it does */
	int64_t others_ms; /* others say so since */
	int64_t dark_ms; /* shows no voltage since */
	int64_t lit_ms; /* … and did so till then: nothing could move before */
	enum belief belief; /* by the last cycle */
	int64_t shown_w, drawn_w; /* when it was found */
	int above; /* node whose meter says what flows at most, -1: none */
	bool was_bounded; /* there was one in the cycle before */
	int64_t unexplained_ms; /* since that one shows load that must be here */
	struct control_told told;
	wall_t found; /* the first of that; ms 0: nothing is known against it */
	struct control_still still;
	bool is_walked; /* counts by its description, for the walk below it (csms/metering/walk.h) */
};

/* control_doubt.c: what the newest reading of the node's meter is worth, held against what EVSEs and
 * meters below it say: fresh, held while it is old or looked at, or the worst case. */
enum guard_quality control_doubt(struct control *k, int node, int64_t now_ms);

/* For how long its meter shows the same; while there was no voltage nothing could move it. */
int64_t control_still_ms(const struct control *k, int node, const struct meter *m, int64_t now_ms);

/* control_kept.c: after each cycle what is newly known against meters is journalled; 0 or -1 for the
 * start, which takes it up again where meters are still read the same way. */
void control_doubts_journal(struct control *k);
int control_doubts_restore(struct control *k);

/* What may feed in below the node, and so flows to the EVSEs past its meter. */
int64_t control_fed_below(const struct control *k, int node);

/* control_bound.c: nodes whose meters are not believed have what flows at most by those around. */
void control_bound(struct control *k, int64_t now_ms);

/* control_dark.c: is there voltage by the meter's newest reading? */
enum ramp_volts control_volts(const struct control *k, const struct meter *m);

/* Nothing flows there, since there is no voltage: a power cut. */
bool control_is_dark(const struct control *k, int node);
bool control_is_dark_evse(const struct control *k, int evse);

/* What the EVSE said last is of before a power cut, that lasts or is over. */
bool control_is_of_before(const struct control *k, int evse);

/* EVSEs without voltage draw nothing, whatever they were told and said last. */
void control_darken(struct control *k, int64_t now_ms);

#endif
