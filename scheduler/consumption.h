/*
 * Consumption: how much energy a trip takes from a vehicle's battery, by a model of its class that
 * begins with physics and learns from trips that are over.
 *
 *   E = a km + b t km + c K h (heating) + d K h (cooling) + e km K (cold)      [kWh]
 *
 * The five numbers are a normal distribution; what they leave open is noise in proportion to the
 * trip, itself of unknown size (normal and inverse gamma: Bishop, Pattern Recognition and Machine
 * Learning, 2006, 3.3; with a little added uncertainty per trip, so that seasons, tyres and drivers
 * can change it: a Kalman filter). A prediction is a mean with its spread. Pure: no clock, the
 * same trips in the same order give the same model.
 */
#ifndef SCHEDULER_CONSUMPTION_H
#define SCHEDULER_CONSUMPTION_H

#include <stdbool.h>
#include <stdint.h>

#define CONSUMPTION_TERMS 5

/* What a class begins with. Order and names are public: append only. */
enum consumption_body {
	CONSUMPTION_CAR,
	CONSUMPTION_VAN,
	CONSUMPTION_TRUCK,
	CONSUMPTION_BUS,
};
#define CONSUMPTION_BODIES (CONSUMPTION_BUS + 1)

/* What is known of a trip. */
struct consumption_trip {
	double km, payload_kg, hours;
	double outside_c;
	bool is_heated; /* its cabin is warmed and cooled from the battery */
};

struct consumption_model {
	double mean[CONSUMPTION_TERMS];
	double cov[CONSUMPTION_TERMS][CONSUMPTION_TERMS]; /* in units of the noise's variance */
	double prior[CONSUMPTION_TERMS], prior_var[CONSUMPTION_TERMS];
	double a, b; /* of the inverse gamma: variance of the noise is about b / (a - 1) */
	int64_t trips; /* learnt from */
};

/* `kwh_km`: of the empty vehicle in mild weather, where somebody knows better; 0: nobody does. */
void consumption_init(struct consumption_model *m, enum consumption_body body, double kwh_km);

/* False: the trip is none (no distance, values beyond what can be). */
bool consumption_is_trip(const struct consumption_trip *t);

struct consumption {
	double kwh;
	double model_kwh; /* standard deviation: the model may be off by so much, alike for all trips */
	double noise_kwh; /* … and one trip from the other */
};

/* Trips that follow one another without charging are one journey: `n` of them, each a trip. */
void consumption_predict(const struct consumption_model *m, const struct consumption_trip *t, int n,
	struct consumption *out);

/* Of a prediction: both deviations together. */
double consumption_spread(const struct consumption *c);

/* A trip is over and took `kwh`. False: that cannot be believed (less than a fifth or more than five
 * times what physics says), and the model stays as it was. What is odd counts only so far. */
bool consumption_learn(struct consumption_model *m, const struct consumption_trip *t, double kwh);

/* The energy that is enough with this probability, 0.5 to 0.999, for a mean with its spread. */
double consumption_quantile(double kwh, double spread, double probability);

#endif
