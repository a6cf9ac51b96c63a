/*
 * Words of vehicles: whether the work of all of them can be done as it is planned, and what is not
 * known. Sentences as csms/words.h has them. Pure.
 */
#ifndef CSMS_WORDS_VEHICLES_H
#define CSMS_WORDS_VEHICLES_H

#include "csms/words.h"

/* All vehicles in numbers; names of one where there is only one, else NULL. */
struct words_vehicles {
	int vehicles, here; /* here: plugged in */
	int will_miss, at_risk;
	int impossible; /* their next trip takes more than the battery holds */
	int without_trip; /* though others have some within the next day and a half */
	int unknown; /* state of charge: never told */
	int trips; /* that begin within the next day and a half */
	int broken_rosters;
	int aside; /* readings that wait for a person */
	const char *will_miss_name, *at_risk_name, *impossible_name, *roster_name;
	const char *first_name; /* leaves first of those with a departure; NULL: none */
	wall_t first_at;
};

/* "VAN-7 needs more than its battery holds." */
void words_vehicles_sentence(struct text *t, const struct words_vehicles *n, wall_t now);

/* "17 trips begin within 36 h. 2 vehicles tell no state of charge." */
void words_vehicles_sub(struct text *t, const struct words_vehicles *n);

/* One vehicle and what it has to do next. */
struct words_vehicle {
	const char *name, *place; /* place: "CP-7/1", NULL: it is out */
	wall_t leaves, now; /* leaves ms 0: not known */
	int target_pct;
	bool is_possible; /* its battery holds what it needs */
};

/* "VAN-7 at CP-7/1 leaves at 06:15 with 80 %." */
void words_vehicle_sentence(struct text *t, const struct words_vehicle *v);

#endif
