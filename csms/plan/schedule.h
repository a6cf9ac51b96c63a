/*
 * Schedule: a plan as somebody approves it, each vehicle's power over time, and how a newer plan
 * compares with it. Without state of its own; a schedule owns its rows. Loop thread only.
 */
#ifndef CSMS_SCHEDULE_H
#define CSMS_SCHEDULE_H

#include "csms/power/control_show.h"

#define SCHEDULE_KEY_SIZE (49 + 12 + UTF8_SIZE(36)) /* station/evse and transaction */

struct schedule_row {
	char key[SCHEDULE_KEY_SIZE], vehicle[61], station[49];
	int evse;
	int64_t need_wh;
	wall_t ready, departs; /* ms 0: not, not known */
	int64_t lacks_wh; /* what was approved when it was made gives it less before it leaves */
	int64_t most_w;
	int64_t *w; /* [slots of its edition] */
	UT_hash_handle hh;
};

struct schedule {
	char plan[37], trigger[80];
	wall_t made_at, start;
	int64_t slot_ms;
	int slots;
	double cost; /* of its energy, by its own prices */
	double dearer; /* … that what was approved when it was made costs more */
	struct schedule_row *rows;
};

/* Of the vehicles that somebody is asked for. NULL: no memory. */
struct schedule *schedule_create(const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg);

/* Of a plan as the journal keeps it, for vehicles that stand where they stood then, with the
 * transaction that was open. NULL: no memory, or it is none. */
struct event_plan_made;
struct schedule *schedule_restore(
	const struct core *c, const char *plan, const struct event_plan_made *e);
void schedule_destroy(struct schedule *s);

void schedule_key(
	const char *station, int evse, const char *transaction, char out[SCHEDULE_KEY_SIZE]);
const struct schedule_row *schedule_find(const struct schedule *s, const char *key);

/* -1: it says nothing of that time. */
int64_t schedule_w(const struct schedule *s, const struct schedule_row *r, wall_t at);

/* Holds the newest plan against what is approved (NULL: nothing): lacks_wh and dearer. Less than
 * `least_wh` is nothing. */
void schedule_measure(struct schedule *newest, const struct schedule *approved,
	const struct control_plan *p, int64_t least_wh);

/* Is there more to say than by `known` (NULL: nothing)? Vehicles that lack more, or `pct` per cent more
 * money. Plans of equal cost may change places among vehicles: that is no news. */
bool schedule_is_news(const struct schedule *newest, const struct schedule *known,
	const struct schedule *approved, int64_t least_wh, int64_t pct);

/* What it changes for a vehicle, for a person; false: nothing. */
bool schedule_change(const struct schedule *newest, const struct schedule_row *x,
	const struct schedule *approved, int64_t least_wh, char *out, size_t size);

#endif
