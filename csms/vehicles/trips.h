/*
 * Trips: what vehicles have to do next, and so what they must leave with and when (docs/vehicles.md).
 *
 * A trip is planned by the API or a yard list, journalled first (stream trip/ID), and counts from
 * then on. It is over when its vehicle is back; what it took, by odometer and state of charge, teaches
 * the model of its class (scheduler/consumption.h). A vehicle that is moved from bay to bay keeps what
 * it got and what was known of it. Loop thread only.
 */
#ifndef CSMS_TRIPS_H
#define CSMS_TRIPS_H

#include "csms/core.h"
#include "scheduler/consumption.h"

#define TRIPS_MAX 50000 /* that are not over */

struct trip {
	const char *id, *vehicle, *shift, *note; /* shift, note: NULL without */
	const char *source, *actor; /* actor NULL: not known */
	wall_t departs, returns, at; /* at: when it was planned */
	struct consumption_trip way;
	double need_kwh; /* 0: by the model */
	bool is_settling; /* it is over, and its readings are looked at */
	struct trip *prev, *next; /* of its vehicle, by departure */
	UT_hash_handle hh;
};

/* After vehicles and their transactions are restored, and prices. NULL with one line. */
struct trips *trips_create(struct core *c, char why[400]);
void trips_destroy(struct trips *s);

/* -- what a vehicle needs --------------------------------------------------------------------- */

struct trip_need {
	const struct trip *trip; /* NULL: none soon, so it is as the vehicle is described */
	int trips; /* of its shift, that one included */
	wall_t departs; /* ms 0: not known; past: it should have left */
	int64_t target_wh; /* in the battery then */
	int64_t mean_wh, spread_wh; /* that the trip takes, and its standard deviation */
	int64_t reserve_wh; /* left when it is back */
	bool is_possible; /* the battery holds as much */
};
/* `v` NULL: nobody that we know; all is 0. */
void trips_need(const struct core *c, const struct vehicle *v, wall_t now, struct trip_need *out);

/* How sure a plugged vehicle's need is: as good as its state of charge is known. */
int64_t trips_need_spread_wh(const struct vehicle *v, bool is_soc_known);

/* What matters when not all fits, by the vehicle's class where that says so: its priority, and what a
 * kWh of its need is worth as plans have it (0: any price is paid). `v` NULL: nobody we know. */
int trips_priority(const struct core *c, const struct vehicle *v, int32_t *worth);

/* `departs` of it by itself, which costs next to nothing. */
wall_t trips_departure(const struct core *c, const struct vehicle *v, wall_t now);

/* -- trips ------------------------------------------------------------------------------------ */

struct depot_trip;
struct depot_trip_list;
typedef void (*trip_done)(void *arg, int status, const char *why);

struct trips_fault {
	int row; /* of the list, from 0 */
	const char *member; /* NULL: none in particular */
	char text[300];
};
/* What is wrong with these trips, in themselves, with one another and with those there are, which they
 * take the place of by id. 0, or -1 with the first fault. */
int trips_check(const struct trips *s, const struct depot_trip *rows, size_t count,
	struct trips_fault *out);

/* How many of them are new or changed. */
int trips_count_changed(const struct trips *s, const struct depot_trip *rows, size_t count);

/* Journals those that are new or changed, then puts them in force and calls `done`. -1: no memory.
 * They must have been checked. */
int trips_put(struct trips *s, const struct depot_trip *rows, size_t count, const char *source,
	const char *actor, trip_done done, void *arg);

/* -1: no memory. */
int trips_remove(struct trips *s, const char *id, const char *actor, trip_done done, void *arg);

/* The vehicle is gone for good: what it still had to do goes with it. */
void trips_vehicle_gone(struct trips *s, const char *vehicle, const char *actor);

struct trip *trips_find(const struct trips *s, const char *id);
const struct trip *trips_all(const struct trips *s); /* uthash */

/* -- models ----------------------------------------------------------------------------------- */

struct trips_model {
	char class[81];
	struct consumption_model model;
	UT_hash_handle hh;
};
const struct trips_model *trips_models(const struct trips *s); /* uthash: those that learnt */

/* What the class of a vehicle is called, which may be the vehicle's own; `out` holds 81. */
const char *trips_class(const struct vehicle *v, char out[81]);
const struct depot_vehicle_class *trips_class_row(const struct core *c, const struct vehicle *v);

/* What a trip of the vehicle is expected to take. */
void trips_predict(const struct core *c, const struct vehicle *v, const struct trip *const *list,
	int n, struct consumption *out);

/* -- bays ------------------------------------------------------------------------------------- */

/* Told by csms/charging/claim.c: the vehicle is at the EVSE, or is about to be nowhere. */
void trips_came(struct core *c, struct vehicle *v, struct evse *e);
void trips_left(struct core *c, struct vehicle *v, struct evse *e);

/* What it took at other EVSEs (at the sockets) since it came; `v` NULL: nothing. */
double trips_carried_wh(const struct core *c, const struct vehicle *v);

/* Its state of charge by what was known before it was moved and what it took since, in per cent; -1:
 * it was not moved, or nothing was known. */
double trips_moved_soc(const struct core *c, const struct vehicle *v);

#endif
