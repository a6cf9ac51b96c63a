/*
 * Makes a depot and a scenario of one day of real charging sessions (csv.h): every session is a
 * van with a card of its own that must get what the session asked for before it leaves.
 */
#ifndef DEPOTSIM_MAKE_DEPOT_H
#define DEPOTSIM_MAKE_DEPOT_H

#include <stdint.h>

struct make_depot_options {
	const char *csv; /* file */
	const char *out; /* folder, made if absent */
	int day; /* 0: the first day of the data */
	int64_t site_w; /* limit of the site */
	int meter_port; /* of the site's meter, on 127.0.0.1; 0: no meter */
};

/* Writes depot.yaml, scenario.yaml. Number of sessions, or -1 with one line for a person. */
int make_depot(const struct make_depot_options *o, char why[300]);

#endif
