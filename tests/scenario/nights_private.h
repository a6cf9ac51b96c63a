/*
 * A night that runs, inside: shared by nights_test.c and nights_known.c (what anybody can know of a
 * node, and so what is asked there). Nobody else includes this.
 */
#ifndef TESTS_SCENARIO_NIGHTS_PRIVATE_H
#define TESTS_SCENARIO_NIGHTS_PRIVATE_H

#include "tests/scenario/judge.h"
#include "tests/scenario/night.h"
#include "tests/scenario/night_watch.h"
#include "tests/scenario/world.h"

#define GIVE_UP_S 13 /* a charger that does not what it is told is waited for first */
#define BLIND_S   48 /* a meter that is silent or lies is believed for a while */
#define RECENT_S  45 /* three readings: what comes later does not tell of now */
#define EDGE_S    3
#define TEXT      1500

struct run {
	struct night n;
	struct world *w;
	struct judge *judge;
	struct night_watch watch;
	struct night_starts starts[NIGHT_STATIONS_MAX][NIGHT_EVSES_MAX]; /* by place */
	int now_s;
	int64_t skew_ms; /* of depotd's clock */
	bool is_alive;
	int heard_s
		[NIGHT_STATIONS_MAX]; /* of when the newest reading is that came in time; -1: none */
	int64_t clock_ms[NIGHT_STATIONS_MAX]; /* of the stations, as they were last seen */
	int odd_since_s[NIGHT_STATIONS_MAX], odd_until_s[NIGHT_STATIONS_MAX]; /* they were set */
	int unsteady_s; /* until then somebody may not do what he is told */
	char words[TEXT];
};

static inline bool is_on(const struct run *r, const struct trouble *t, int after_s)
{
	return r->now_s >= t->at_s && r->now_s < t->until_s + after_s;
}

static inline bool is_of(const struct trouble *t, int station)
{
	return t->kind == TROUBLE_SPLIT ? t->stations >> station & 1
					: t->kind >= TROUBLE_OFFLINE && t->kind <= TROUBLE_DOUBLE &&
						  t->target == station;
}

static inline bool is_below(const struct night *n, int node, int above)
{
	while (node >= 0 && node != above)
		node = n->nodes[node].parent;
	return node >= 0;
}

static inline bool is_cut_off(const struct run *r, int station)
{
	return !world_reaches(r->w, station) ||
	       !plant_station_is_accepted(world_plant(r->w), station);
}

/* The meters that tell of the node have a trouble, or had one until so long ago. */
bool run_is_blind(const struct run *r, int node, int after_s);

/* Its meter lies, and all that anybody knows fits a good one. */
bool run_hides_it(const struct run *r, int node);

/* For so long a limit of the node may be broken, as docs/energy.md states it. */
int run_allowed_s(const struct run *r, const enum judge_station *stations, int node);

#endif
