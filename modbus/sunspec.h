/*
 * SunSpec: devices that say themselves what they are and where they keep what. A marker, then a
 * chain of models (id, length) up to an end; which models interest a depot, and which of their
 * points, is data (struct meter_sunspec, etc/meters/sunspec.yaml).
 *
 * Discovery reads through a function of the caller's and believes nothing: chains are bounded in
 * number and by the end of the address space. What it found becomes a register map, so that the
 * device is then read like any other meter. No I/O of its own, no clock, no state.
 */
#ifndef MODBUS_SUNSPEC_H
#define MODBUS_SUNSPEC_H

#include "modbus/meter_map.h"
#include "modbus/meter_stats.h"

#define SUNSPEC_BLOCKS 64 /* most models of one device */

struct sunspec_block {
	int id;
	int address; /* of the register that holds the id */
	int length; /* registers after id and length */
};

struct sunspec_device {
	int base; /* where the marker is */
	int count;
	struct sunspec_block blocks[SUNSPEC_BLOCKS];
	char maker[33], model[33], version[17], serial[33]; /* printable; of the common model */
};

/* Reads `count` (1..125) holding registers from `address`. */
typedef enum meter_result (*sunspec_read)(void *arg, int address, int count, uint16_t *out);

/* Looks for the marker at 40000, 0 and 50000 and follows the chain. METER_OK; METER_GARBLED where
 * there is an answer but no SunSpec; or how the request that failed ended. `why` says it. */
enum meter_result sunspec_discover(
	sunspec_read read, void *arg, struct sunspec_device *out, char why[200]);

/* A register map with rows of its own. Not to be copied: `map` points into it. */
struct sunspec_map {
	struct meter_map map;
	struct meter_register rows[METER_QUANTITIES];
	int model; /* id of the model that measures */
	char about[160]; /* "Maker Model, serial 123, models 1 103 203" */
};

/* Makes the map of a device: the `instance`-th (1 ...) block of model `model`, or with `model` 0 of
 * the first model in the list that measures, and whatever the extra models add. 0, or -1 with one
 * line for a person. `models` must outlive the map. */
int sunspec_map_make(const struct meter_sunspec *models, const struct sunspec_device *device,
	int model, int instance, struct sunspec_map *out, char why[200]);

/* Loads and checks the list of models into `a`. NULL with one line for a person. */
const struct meter_sunspec *sunspec_load(const char *path, struct arena *a, char why[400]);

#endif
