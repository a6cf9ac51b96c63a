/*
 * Meters: the Modbus pollers of the depot's file and the newest reading of each meter. The
 * pollers' threads hand over immutable readings; all of this is on the loop thread.
 */
#ifndef CSMS_METERS_H
#define CSMS_METERS_H

#include "csms/core.h"
#include "modbus/meter_link.h"
#include "modbus/meter_map.h"

struct meters;

struct meter {
	const struct depot_meter *row;
	const struct meter_map *map;
	int node; /* index of the depot node that it measures, -1: none */
	struct meter_reading last; /* newest good reading */
	wall_t last_at; /* its time; ms 0: never */
	struct meter_link_stats stats;
	uint64_t revision;
};

/* Can every meter's register map be read? 0, or -1 with one line that names it. */
int meters_check(struct core *c, char why[400]);

/* Loads the maps and, where there is a loop, starts the pollers. NULL with one line for a person
 * (unknown map, bad map file …). */
struct meters *meters_create(struct core *c, char why[400]);

/* core->depot is another now: meters whose rows are the same go on as they are, with their nodes
 * found anew; if any row differs all links start anew, with the readings that are still theirs.
 * -1 with one line: the old ones go on. */
int meters_reload(struct core *c, char why[400]);

int meters_count(const struct meters *m);
const struct meter *meters_at(const struct meters *m, int index);

/* A reading came in, from a poller or, in scenario tests, by hand; without a good power it is not
 * taken. */
void meters_put(struct meters *m, int index, const struct meter_reading *reading);

/* Stops the threads within their timeouts. */
void meters_destroy(struct meters *m);

#endif
