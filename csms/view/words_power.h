/*
 * Words of power, meters and alarms: how it stands with each of them, in one sentence and what stands
 * below it. Sentences as csms/words.h has them. Pure.
 */
#ifndef CSMS_WORDS_POWER_H
#define CSMS_WORDS_POWER_H

#include "csms/words.h"

/* -- the site against its limit ---------------------------------------------------------------------- */

/* Of the node that holds most vehicles back. */
struct words_held {
	const char *node; /* its name, NULL: nothing holds anybody back */
	const char *channel; /* "L1", "imbalance"; NULL: its power in all */
	int vans; /* 0: it is full, and no vehicle is told so yet */
	const char *van; /* the one that is held back most, NULL: none */
	int64_t gets_w, could_w; /* of that one */
};

struct words_energy {
	bool is_known; /* what the site draws; below 0: it feeds in */
	int64_t site_w;
	bool has_limit;
	int64_t limit_w;
	const char *limit_source; /* "rating", "envelope" … */
	const char *island; /* name of the node that stores and PV feed, NULL: the grid is there */
	int64_t island_w; /* … what they give … */
	int island_vans; /* … and whom that holds back */
	int64_t back_ms; /* the grid is back and ends that, if it stays for so long; 0: it is gone */
	int stepping; /* vehicles that wait for their step after a power return */
	struct words_held held;
	int waiting; /* limits of others that wait for an answer */
};
void words_energy_sentence(struct text *t, const struct words_energy *n);
void words_energy_sub(struct text *t, const struct words_energy *n);

/* -- meters ------------------------------------------------------------------------------------------ */

/* What a person should look at, the worst first. */
enum words_meter {
	WORDS_METER_SILENT,
	WORDS_METER_REFUSING,
	WORDS_METER_DOUBTED,
	WORDS_METER_DARK,
	WORDS_METER_UNREAD,
	WORDS_METER_WIRING, /* it answers and is believed, but the wiring check found something */
	WORDS_METER_GOOD,
	WORDS_METER_KINDS
};

/* `belief` is the state that csms/power/belief.h gives it. */
enum words_meter words_meter_kind(const char *belief, bool is_wired_wrong);

/* One meter. */
void words_meter_sentence(struct text *t, const char *name, enum words_meter kind);

struct words_meters {
	int meters;
	int count[WORDS_METER_KINDS];
	const char *name[WORDS_METER_KINDS]; /* of the first one of each */
	const char *next; /* what somebody should do about the worst, NULL: nothing said */
};
void words_meters_sentence(struct text *t, const struct words_meters *n);
void words_meters_sub(struct text *t, const struct words_meters *n);

/* -- alarms ------------------------------------------------------------------------------------------ */

struct words_alarms {
	int active, urgent, taken; /* the last two are among the first */
	int aside;
};
void words_alarms_sentence(struct text *t, const struct words_alarms *n);
void words_alarms_sub(struct text *t, const struct words_alarms *n);

#endif
