/*
 * Month: real sessions of a month, charged in four ways under a tariff and a limit of the site, slot by
 * slot: as each car likes, by the earliest departure, by the planner as csms uses it, which knows only
 * who is there, and by the best plan of all, which knew the whole month beforehand.
 *
 * Slots are quarters of an hour, also those that tariffs bill. A session counts with the whole slots of
 * its stay, and with as much of its energy as they can hold. Cars take 1.25 to 6.6 kW (208 V) and do
 * not taper.
 */
#ifndef BENCH_MONTH_H
#define BENCH_MONTH_H

#include "scheduler/tariff.h"

#define MONTH_SLOT_S 900

struct month_session {
	int station;
	int from, to; /* slots */
	int64_t need_wh;
};

struct month {
	int64_t start_ms;
	int slots, stations, count;
	int64_t cut_wh; /* of what was asked for: more than the slots of its stay can hold */
	struct month_session *sessions; /* by arrival */
};

enum month_way { MONTH_UNMANAGED, MONTH_EARLIEST, MONTH_PLANNER, MONTH_BEST, MONTH_WAYS };
extern const char *const month_way_names[MONTH_WAYS];

struct month_result {
	int64_t energy_micro, demand_micro; /* the bill's */
	int64_t drawn_wh, missing_wh, peak_w;
	int64_t bound_micro; /* MONTH_BEST: energy and demand of no plan that misses as much are less */
};

/* Sessions of a file in the form of tests/unit/data/caltech_2019-03.csv, whose index 0 is `start_ms`,
 * cut at the end of `days` local days. 0, or -1 with one line. */
int month_read(const char *path, const struct calendar_zone *zone, int64_t start_ms, int days,
	struct month *out, char why[200]);
void month_finish(struct month *m);

/* `limit_w` binds all but MONTH_UNMANAGED. 0 or -1: no memory, or no proof. */
int month_walk(const struct month *m, const struct tariff *t, const struct calendar_zone *zone,
	int32_t limit_w, enum month_way way, struct month_result *out);

#endif
