/* The inside of trips, for csms/vehicles/trips*.c only. */
#ifndef CSMS_TRIPS_PRIVATE_H
#define CSMS_TRIPS_PRIVATE_H

#include "csms/vehicles/trips.h"
#include "db/query_work.h"

#define TRIPS_OF_SHIFT 16 /* that are reckoned as one */

/* When something usually happens, in seconds: mean and spread as they come (B. Welford, 1962). */
struct trips_habit {
	int n;
	double mean, m2;
};

/* What a vehicle has to do, and where it stands. Stays when the vehicle is removed: it may come back. */
struct duty {
	char id[61];
	struct trip *trips; /* utlist, by departure: those that are not over */
	wall_t since; /* plugged in, at whatever EVSE, without having driven; ms 0: it is away */
	wall_t left, here; /* when it left, and since when it had been here then; ms 0: not seen */
	double carried_wh; /* taken at the sockets of other EVSEs since then */
	double soc_pct; /* last known before it was moved, with what it took there */
	wall_t soc_at; /* ms 0: not known */
	double left_soc_pct, left_km, left_wh; /* as it left: charge, odometer, what it had taken */
	wall_t left_soc_at, left_km_at; /* ms 0: not known */
	const char *left_source; /* of the charge */
	wall_t arrived; /* from somewhere else, last; ms 0: not seen */
	char last_station[49]; /* where it stood last, "" not known */
	int last_evse;
	struct trips_habit weekday[7]; /* of its arrivals, after local midnight; 0: Sunday */
	struct trips_habit late; /* after it should have been back */
	UT_hash_handle hh;
};

struct trips {
	struct core *core;
	struct trip *by_id;
	struct duty *duties;
	struct trips_model *models;
	struct timer look;
	struct settling_trips *settling; /* under way */
};

/* trips.c */
struct duty *trips_duty(const struct trips *s, const char *vehicle); /* NULL: none */
struct duty *trips_duty_make(struct trips *s, const char *vehicle);
void trips_drop(struct trips *s, struct trip *t);
struct trips_model *trips_model_make(struct trips *s, const char *class);

/* trips_need.c: the model of a class, learnt or as it begins */
void trips_model_of(const struct core *c, const struct vehicle *v, struct consumption_model *out);
/* The trip that the vehicle leaves for next, as its duty says. */
const struct trip *trips_next(const struct duty *d, const struct vehicle *v, wall_t now);

/* trips_over.c */
void trips_over_start(struct trips *s);
void trips_over_forget(struct trips *s);
int trips_model_take(struct trips *s, const struct db_consumption *row);

/* trips_bays.c */
wall_t trips_since(
	const struct duty *d, const struct vehicle *v); /* as its transaction says by now */
void trips_bays_restore(struct trips *s, const struct db_move_list *moves);
void trips_habit_add(struct trips_habit *h, double value);
/* Arrivals of the past, newest first. */
struct db_transaction_list;
void trips_habits_restore(struct trips *s, const struct db_transaction_list *past);

#endif
