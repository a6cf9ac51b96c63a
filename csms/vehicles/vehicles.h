/*
 * Vehicles: their descriptions, as the depot's file has them and as people change them while depotd
 * runs. A change is journalled first (stream vehicle/ID), then in force; from then on it counts and
 * not the file's row, until it is removed. What a vehicle is known by (card, eMAID, EVCCID) becomes
 * tokens (csms/core.h). Loop thread only.
 */
#ifndef CSMS_VEHICLES_H
#define CSMS_VEHICLES_H

#include "csms/core.h"

#define VEHICLES_MAX 20000

/* At a start, before tokens and transactions, which point at vehicles. -1 with one line. */
int vehicles_restore(struct core *c, char why[300]);

/* The tokens of the depot's file's vehicles. -1 with one line. */
int vehicles_file_identities(struct core *c, char why[300]);

typedef void (*vehicle_done)(void *arg, int status, const char *why);

/* Whether it may be put: 0, or as vehicle_put() refuses it. */
int vehicle_check(
	const struct core *c, const struct depot_vehicle *row, const char **member, char why[300]);

/* Adds or changes a vehicle. 0: `done` follows when it is on disk and in force. Else as HTTP means
 * it (409, 422, 503), with one line and the member that is at fault, or NULL. */
int vehicle_put(struct core *c, const struct depot_vehicle *row, const char *actor,
	vehicle_done done, void *arg, const char **member, char why[300]);

/* Removes what was changed: a vehicle of the depot's file is then as the file says, any other is
 * gone. */
int vehicle_remove(struct core *c, struct vehicle *v, const char *actor, vehicle_done done,
	void *arg, char why[300]);

/* True: people changed or added it. */
bool vehicle_is_changed(const struct core *c, const struct vehicle *v);

/* A vehicle's state of charge as best known. */
struct vehicle_soc {
	double pct;
	wall_t at; /* of the reading that it is or was reckoned from */
	const char *source; /* "charger", a source of telematics, or "told by NAME" */
	bool is_reckoned; /* raised by what it took in its transaction since it was read */
	bool is_told; /* by a person */
};

/* The newest of what its charger and its telematics say. False: nothing is known, or nothing that is
 * younger than `max_age_s` (0: of any age). */
bool vehicle_soc(const struct vehicle *v, wall_t now, int max_age_s, struct vehicle_soc *out);

/* What it has taken in its open transaction, in per cent of its battery. */
double vehicle_taken_pct(const struct vehicle *v);

/* Of the power at the socket, the part that reaches the battery at `a` on each phase, 0 to 1. */
double vehicle_efficiency(const struct depot_vehicle *row, double a);

#endif
