/*
 * Meters: the Modbus pollers of the depot's file and the newest reading of each meter; chargers'
 * own meters that nodes of the tree name ("ocpp:CP-1/2") come after those of the file. The pollers'
 * threads hand over immutable readings; all of this is on the loop thread.
 */
#ifndef CSMS_METERS_H
#define CSMS_METERS_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "csms/metering/meter_ocpp.h"
#include "modbus/meter_link.h"
#include "modbus/meter_map.h"
#include "modbus/meter_poller.h"

struct meters;

struct meter {
	const struct depot_meter *row;
	uint64_t edition; /* another number: described anew since */
	const struct meter_map *map; /* NULL: SunSpec by discovery, or a charger */
	const struct meter_ocpp_name *charger; /* NULL: a Modbus meter */
	int node; /* index of the depot node that it measures, -1: none */
	struct meter_reading last; /* newest reading with a good power */
	wall_t last_at; /* its time; ms 0: never */
	struct meter_reading seen; /* newest reading, good or not: what is wrong with it, and what
				    * says nothing of power (a storage) */
	wall_t seen_at;
	mono_t last_mono, seen_mono; /* last_at and seen_at by the clock that nobody sets */
	mono_t moved; /* when its power, currents or energy last differed */
	wall_t kept_at; /* when its slower quantities were last recorded */
	struct meter_link_stats stats;
	char refused
		[METER_ERROR_MAX]; /* it answered that it has not what it is asked for; "": not */
	uint64_t revision;
};

/* Can every meter's register map be read? 0, or -1 and which cannot. */
int meters_check(struct core *c, struct depot_fault *out);

/* Loads the maps and, where there is a loop, starts the pollers. NULL with one line for a person
 * (unknown map, bad map file …). */
struct meters *meters_create(struct core *c, char why[400]);

/* core->depot is another now: meters whose rows are the same go on as they are, with their nodes
 * found anew; if any row differs all links start anew, with the readings that are still theirs.
 * -1 with one line: the old ones go on. */
int meters_reload(struct core *c, char why[400]);

int meters_count(const struct meters *m);
const struct meter *meters_at(const struct meters *m, int index);

/* A reading came in, from a poller or, in scenario tests, by hand. One without a good power leaves
 * `last` as it is, so that it ages. */
void meters_put(struct meters *m, int index, const struct meter_reading *reading);

/* What a station sent as values of its main meter (`evse` 0) or of an EVSE. */
void meters_sampled(struct meters *m, const char *station, int evse,
	const struct ocpp201_meter_value_list *values, wall_t now);

/* Index of the meter with this id, -1: none. */
int meters_find(const struct meters *m, const char *id);

/* How a row has its meter read, in JSON, without what says nothing of that (name, interval); NULL: no
 * memory. What is known of a meter holds as long as that is the same. */
char *meter_wire(struct arena *a, const struct depot_meter *row);
const char *meters_wire(const struct meters *m, int index);

/* Registers of the last good poll of a Modbus meter. False: it has no poller or was never read. */
bool meters_table(const struct meters *m, int index, struct meter_table *out);

/* Asks it at once, though it was silent. False: it has no poller, as a charger's own meter. */
bool meters_ask(const struct meters *m, int index);

/* Tells the storage that it measures what to do (modbus/meter_setpoint.h), and what it has been told.
 * False: its map has no setpoint, or it has no poller. */
bool meters_command(const struct meters *m, int index, const struct meter_command *command);
bool meters_told(const struct meters *m, int index, struct meter_told *out);

/* How old `last` is, and `seen`; INT64_MAX: there is none. By the clock that nobody sets. */
int64_t meter_age_ms(const struct meter *k);
int64_t meter_seen_age_ms(const struct meter *k);

/* For how long power, currents and energy have been the same to the digit, INT64_MAX: no reading.
 * Voltages of a meter whose measuring part hangs may well go on. */
int64_t meter_still_ms(const struct meter *k);

/* Do two readings differ in what load on the wire must move sooner or later? */
bool meter_differs(const struct meter_reading *a, const struct meter_reading *b);

/* Is its newest reading young enough for how often it is asked? */
bool meter_is_fresh(const struct meter *k);

/* What is wrong with its newest reading, for a person; "" if nothing is. */
const char *meter_note(const struct meter *k, char out[200]);

/* Stops the threads within their timeouts. */
void meters_destroy(struct meters *m);

#endif
