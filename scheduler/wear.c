#include "scheduler/wear.h"
#include <math.h>
#include <string.h>

#define KELVIN 273.15

/* How k comes about: base + by_depth·depth^depth_power + by_rate·rate, at 25 °C, times
 * exp(activation·(1/T25 - 1/T)). */
struct law {
	const char *name;
	double base, by_depth, depth_power, by_rate;
	double activation; /* K; below 0: wears more in the cold */
	double power;
};

/*
 * Read off at 25 °C:
 *
 * LFP  250 Ah prismatic, Smith et al. 2021 and Gasper et al. 2023 (doi 10.1016/j.est.2023.109042), as in
 *      NREL's BLAST-Lite: (4.38e-8 + 1.55e-8 DoD + 1.68e-7 C)·exp(2190/T)·cycles^0.828.
 * NMC  Schmalstieg et al. 2014 (doi 10.1016/j.jpowsour.2014.02.012), Sanyo UR18650E, at a mean voltage
 *      of 3.75 V: (8.11e-4 + 4.081e-3 DoD)·sqrt(Ah), 4.3 Ah a cycle; fitted at 35 °C and 1 C, no law of
 *      temperature or rate.
 * NCA  as NMC. The open fit to NCA cells (Preger et al. 2020, doi 10.1149/1945-7111/abae37, in
 *      BLAST-Lite) knows depths of 80 to 100 % only; the dearer of the two is taken.
 * LTO  Bank et al. 2020 (doi 10.1016/j.jpowsour.2020.228566), NMC against LTO, as in BLAST-Lite:
 *      (1.29 + 4.02 DoD³)·exp(-8.33·318.15/T)·cycles^0.526.
 */
static const struct law laws[] = {
	[WEAR_NMC] = {"nmc", 1.682e-3, 8.462e-3, 1, 0, 0, 0.5},
	[WEAR_NCA] = {"nca", 1.682e-3, 8.462e-3, 1, 0, 0, 0.5},
	[WEAR_LFP] = {"lfp", 6.785e-5, 2.401e-5, 1, 2.602e-4, -2190, 0.828},
	[WEAR_LTO] = {"lto", 1.779e-4, 5.544e-4, 3, 0, 2650.2, 0.526},
	[WEAR_OTHER] = {"other", 1.682e-3, 8.462e-3, 1, 0, 0, 0.5},
};

static double within(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

static double factor(const struct wear_use *u)
{
	const struct law *l = &laws[u->chemistry];
	double kelvin = KELVIN + within(u->celsius, -20, 60);
	double k = l->base + l->by_depth * pow(within(u->depth, 0, 1), l->depth_power) +
		   l->by_rate * within(u->rate, 0, 4);

	return k * exp(l->activation * (1 / (KELVIN + 25) - 1 / kelvin));
}

double wear_lost(const struct wear_use *u)
{
	double lost = factor(u) * pow(u->cycles > 0 ? u->cycles : 0, laws[u->chemistry].power);

	return within(lost, 0, 1);
}

double wear_next(const struct wear_use *u)
{
	double b = laws[u->chemistry].power;

	return factor(u) * b * pow(u->cycles > WEAR_RUN_IN ? u->cycles : WEAR_RUN_IN, b - 1);
}

double wear_price(const struct wear_use *u, double price_kwh, double end_share)
{
	return wear_next(u) / end_share * price_kwh;
}

enum wear_chemistry wear_chemistry_of(const char *name)
{
	for (int k = 0; k < WEAR_CHEMISTRIES; k++)
		if (strcmp(laws[k].name, name) == 0)
			return (enum wear_chemistry)k;
	return WEAR_OTHER;
}
