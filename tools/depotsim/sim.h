/*
 * Sim: the whole depot, one simulated second after the other: troubles, vans, stations, the loads
 * of the tree, meters.
 */
#ifndef DEPOTSIM_SIM_H
#define DEPOTSIM_SIM_H

#include <stdio.h>
#include "gen/scenario.h"
#include "tools/depotsim/report.h"
#include "tools/depotsim/station.h"

struct sim;

struct sim_options {
	wall_t start;
	int64_t call_timeout_ms; /* simulated */
	int station_count; /* of the depot's stations; more are made up; 0: all of them */
	bool no_meters;
	const char *meter_maps; /* folder of register maps, for meters other than an SDM630 */
	/* The way to the central system of station number `i` (identity `id`). 0 or -1. */
	int (*port)(
		void *ctx, int i, const char *id, int security_profile, struct station_port *out);
	void *ctx;
};

/* The scenario has this station speak OCPP 1.6. */
bool sim_speaks_v16(const struct scenario_file *scenario, const char *id);

/* `depot` and `scenario` must outlive the sim. NULL with one line for a person. */
struct sim *sim_create(const struct depot_file *depot, const struct scenario_file *scenario,
	const struct sim_options *options, char why[200]);

int sim_station_count(const struct sim *s);
struct station *sim_station(struct sim *s, int i);

/* Start of the next second to simulate. */
wall_t sim_now(const struct sim *s);
void sim_step(struct sim *s);

/* Port that the meter of that id listens on, or -1. */
int sim_meter_port(const struct sim *s, const char *id);

/* One line: time, vans, stations online, load of the nodes that have a limit. */
void sim_print_progress(const struct sim *s, FILE *out);

/* The report so far, open sessions and stays included. */
const struct report *sim_report(struct sim *s);

void sim_destroy(struct sim *s);

#endif
