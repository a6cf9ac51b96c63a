/*
 * The command line of depotsim.
 */
#ifndef DEPOTSIM_OPTIONS_H
#define DEPOTSIM_OPTIONS_H

#include <stdbool.h>
#include "schemas/wall.h"

struct options {
	const char *depot, *scenario, *csms, *csms_tls, *csms_mutual, *certificates, *ca,
		*passwords, *report;
	const char *make_depot, *out, *meter_maps;
	double speed;
	bool has_start, has_origin, has_until;
	wall_t start, until;
	int64_t origin_us;
	int64_t site_w;
	int day, stations, meter_port;
	bool quiet, json, no_meters;
};

/* Reads the command line. 0: go on; 1: help was printed; -1: it is wrong, and the complaint was
 * printed to stderr. */
int options_read(int argc, char **argv, struct options *o);

#endif
