/*
 * Visits: which van comes to which EVSE at what time and when it must go.
 */
#ifndef DEPOTSIM_VISITS_H
#define DEPOTSIM_VISITS_H

#include "gen/scenario.h"
#include "tools/depotsim/station.h"

struct visits;

/* `stations` stand in the order of depot->stations, `station_count` of them; visits to the others
 * are left out. A visit that is under way at env->now begins there. All must outlive the visits.
 * NULL with one line for a person that names the visit. */
struct visits *visits_create(struct station_env *env, const struct depot_file *depot,
	const struct scenario_file *scenario, struct station **stations, int station_count,
	char why[200]);

/* Departures, then arrivals, of the second that begins at env->now. */
void visits_step(struct visits *v);

int visits_van_count(const struct visits *v);
int visits_here(const struct visits *v);

/* The records of vans that are still there, brought up to date. */
void visits_settle(struct visits *v);

void visits_destroy(struct visits *v);

#endif
