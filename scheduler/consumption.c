#include "scheduler/consumption.h"
#include <math.h>
#include <string.h>

#define MILD_WARM_C 18.0 /* below it is heated */
#define MILD_HOT_C  24.0 /* above it is cooled */
#define COLD_C      15.0 /* below it air, tyres and battery take more */

#define NOISE      0.12 /* of a trip: traffic, driver, wind; where nothing is learnt yet */
#define NOISE_A    4.0 /* as if so many half trips had shown it */
#define NOISE_MOST 60.0 /* older trips fade: it rests on the last hundred or so */
#define DRIFT      0.002 /* of the first uncertainty comes back with each trip */
#define ODD        4.0 /* deviations beyond which a trip counts only so far */
#define LEAST_KWH  0.2 /* noise of the shortest trip: the last per cent of a state of charge */

/*
 * What a body begins with, and how sure that is (deviation, in parts of it).
 *
 * km:   WLTP and makers' data sheets: cars 0.15 to 0.20, vans of 3.5 t 0.25 to 0.35, distribution
 *       trucks of 16 to 27 t 0.9 to 1.2, city buses of 12 m 1.0 to 1.3 kWh/km without heating.
 * t km: rolling resistance of the tyre classes of Regulation (EU) 2020/740, label C: 7 to 8 kg/t for
 *       cars and vans, 5 to 6 for trucks; a tonne on 1 km takes 0.0075 * 9.81 kN * 1 km = 0.020 kWh
 *       at the wheel, a seventh more from the battery, and half as much again for stops in town.
 * K h:  heat that a cabin loses by its walls and the fresh air, electric heating: a van of 5 kW at
 *       -15 degrees inside 20; a bus of 20 kW at -10 (doors). Cooling by a compressor: a third.
 * km K: denser air (0.35 % a K) on the half that air takes, stiffer tyres, colder battery: 0.4 % a K.
 */
static const struct {
	double km, tonne_km, heat, cool;
} bodies[CONSUMPTION_BODIES] = {
	[CONSUMPTION_CAR] = {0.17, 0.034, 0.080, 0.030},
	[CONSUMPTION_VAN] = {0.28, 0.034, 0.140, 0.050},
	[CONSUMPTION_TRUCK] = {0.95, 0.026, 0.110, 0.040},
	[CONSUMPTION_BUS] = {1.10, 0.026, 0.650, 0.250},
};
static const double unsure[CONSUMPTION_TERMS] = {0.25, 0.5, 0.5, 0.6, 0.6};

void consumption_init(struct consumption_model *m, enum consumption_body body, double kwh_km)
{
	double km = kwh_km > 0 ? kwh_km : bodies[body].km;
	const double mean[CONSUMPTION_TERMS] = {
		km, bodies[body].tonne_km, bodies[body].heat, bodies[body].cool, 0.004 * km};

	memset(m, 0, sizeof *m);
	m->a = NOISE_A;
	m->b = (NOISE_A - 1) * NOISE * NOISE;
	for (int i = 0; i < CONSUMPTION_TERMS; i++) {
		double deviation = mean[i] * (i == 0 && kwh_km > 0 ? 0.15 : unsure[i]) / NOISE;

		m->mean[i] = m->prior[i] = mean[i];
		m->cov[i][i] = m->prior_var[i] = deviation * deviation;
	}
}

bool consumption_is_trip(const struct consumption_trip *t)
{
	return t->km > 0 && t->km <= 5000 && t->hours >= 0 && t->hours <= 200 &&
	       t->payload_kg >= 0 && t->payload_kg <= 100000 && t->outside_c >= -60 &&
	       t->outside_c <= 70;
}

static double above(double x, double zero)
{
	return x > zero ? x - zero : 0;
}

static void terms_of(const struct consumption_trip *t, double x[CONSUMPTION_TERMS])
{
	double hours = t->is_heated ? t->hours : 0;

	x[0] = t->km;
	x[1] = t->km * t->payload_kg / 1000;
	x[2] = hours * above(MILD_WARM_C, t->outside_c);
	x[3] = hours * above(t->outside_c, MILD_HOT_C);
	x[4] = t->km * above(COLD_C, t->outside_c);
}

static double dot(const double x[CONSUMPTION_TERMS], const double y[CONSUMPTION_TERMS])
{
	double sum = 0;

	for (int i = 0; i < CONSUMPTION_TERMS; i++)
		sum += x[i] * y[i];
	return sum;
}

/* cov * x; returns x * cov * x. */
static double spread_of(
	const struct consumption_model *m, const double x[CONSUMPTION_TERMS], double *out)
{
	double sum = 0;

	for (int i = 0; i < CONSUMPTION_TERMS; i++) {
		out[i] = dot(m->cov[i], x);
		sum += x[i] * out[i];
	}
	return sum;
}

/* The noise of a trip is in proportion to this, whatever was learnt. */
static double scale_of(const struct consumption_model *m, const double x[CONSUMPTION_TERMS])
{
	double kwh = dot(m->prior, x);

	return kwh > LEAST_KWH / NOISE ? kwh : LEAST_KWH / NOISE;
}

void consumption_predict(const struct consumption_model *m, const struct consumption_trip *t, int n,
	struct consumption *out)
{
	double sum[CONSUMPTION_TERMS] = {0}, tmp[CONSUMPTION_TERMS], noise = 0;
	double variance = m->b / (m->a - 1);

	for (int k = 0; k < n; k++) {
		double x[CONSUMPTION_TERMS];

		terms_of(&t[k], x);
		noise += scale_of(m, x) * scale_of(m, x) * variance;
		for (int i = 0; i < CONSUMPTION_TERMS; i++)
			sum[i] += x[i];
	}
	out->kwh = dot(m->mean, sum);
	out->model_kwh = sqrt(spread_of(m, sum, tmp) * variance);
	out->noise_kwh = sqrt(noise);
}

double consumption_spread(const struct consumption *c)
{
	return sqrt(c->model_kwh * c->model_kwh + c->noise_kwh * c->noise_kwh);
}

/* What is not seen for long gets less sure again, but never less than at the beginning. */
static void drift(struct consumption_model *m)
{
	for (int i = 0; i < CONSUMPTION_TERMS; i++) {
		double shrink;

		m->cov[i][i] += DRIFT * m->prior_var[i];
		if (m->cov[i][i] <= m->prior_var[i])
			continue;
		shrink = sqrt(m->prior_var[i] / m->cov[i][i]);
		for (int k = 0; k < CONSUMPTION_TERMS; k++) {
			m->cov[i][k] *= shrink;
			m->cov[k][i] *= shrink;
		}
	}
	if (m->a > NOISE_MOST) {
		m->b *= NOISE_MOST / m->a;
		m->a = NOISE_MOST;
	}
}

bool consumption_learn(struct consumption_model *m, const struct consumption_trip *t, double kwh)
{
	double x[CONSUMPTION_TERMS], gain[CONSUMPTION_TERMS], scale, open, error, most;

	if (!consumption_is_trip(t))
		return false;
	terms_of(t, x);
	scale = scale_of(m, x);
	if (!(kwh > scale / 5 && kwh < scale * 5))
		return false;
	for (int i = 0; i < CONSUMPTION_TERMS; i++)
		x[i] /= scale;
	open = 1 + spread_of(m, x, gain);
	error = kwh / scale - dot(m->mean, x);
	most = ODD * sqrt(m->b / (m->a - 1) * open);
	error = error > most ? most : error < -most ? -most : error;
	for (int i = 0; i < CONSUMPTION_TERMS; i++) {
		m->mean[i] += gain[i] * error / open;
		if (m->mean[i] < 0) /* nothing of this gives energy back */
			m->mean[i] = 0;
		for (int k = 0; k < CONSUMPTION_TERMS; k++)
			m->cov[i][k] -= gain[i] * gain[k] / open;
	}
	m->a += 0.5;
	m->b += error * error / open / 2;
	m->trips++;
	drift(m);
	return true;
}

/* Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23: off by less than 4.5e-4. */
double consumption_quantile(double kwh, double spread, double probability)
{
	double p = probability < 0.5 ? 0.5 : probability > 0.999 ? 0.999 : probability;
	double u = sqrt(-2 * log(1 - p));
	double z = u - (2.515517 + u * (0.802853 + u * 0.010328)) /
			       (1 + u * (1.432788 + u * (0.189269 + u * 0.001308)));

	return kwh + (z > 0 ? z : 0) * spread;
}
