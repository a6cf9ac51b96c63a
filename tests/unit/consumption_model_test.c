/* The model of consumption: physics at first, then what trips taught. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "scheduler/consumption.h"
#include "tests/unit/grid_random.h"

#define TRIPS 200

static uint64_t state;

static double uniform(double from, double to)
{
	return from + (to - from) * (double)random_in(&state, 0, 1000000) / 1e6;
}

/* Nearly normal: the sum of twelve. */
static double normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(0, 1);
	return sum;
}

static struct consumption_trip random_trip(void)
{
	return (struct consumption_trip){
		.km = uniform(20, 180),
		.payload_kg = uniform(0, 1200),
		.hours = uniform(1, 8),
		.outside_c = uniform(-12, 32),
		.is_heated = true,
	};
}

/* A fleet that takes far more than the data sheet, and heats more. */
static double truth(const struct consumption_trip *t)
{
	double heat = t->outside_c < 18 ? (18 - t->outside_c) * t->hours * 0.2 : 0;
	double cool = t->outside_c > 24 ? (t->outside_c - 24) * t->hours * 0.06 : 0;
	double cold = t->outside_c < 15 ? (15 - t->outside_c) * t->km * 0.0015 : 0;

	return t->km * 0.36 + t->km * t->payload_kg / 1000 * 0.05 + heat + cool + cold;
}

static double mean_error(const struct consumption_model *m)
{
	uint64_t kept = state;
	double sum = 0;

	state = 77;
	for (int i = 0; i < TRIPS; i++) {
		struct consumption_trip t = random_trip();
		struct consumption c;

		consumption_predict(m, &t, 1, &c);
		sum += fabs(c.kwh - truth(&t)) / truth(&t);
	}
	state = kept;
	return sum / TRIPS;
}

START_TEST(it_begins_with_physics)
{
	struct consumption_trip day = {.km = 100, .hours = 5, .outside_c = 15, .is_heated = true};
	struct consumption_trip frost = day, loaded = day;
	struct consumption_model m;
	struct consumption c, d;

	frost.outside_c = -10;
	loaded.payload_kg = 1000;
	consumption_init(&m, CONSUMPTION_VAN, 0);
	consumption_predict(&m, &day, 1, &c);
	ck_assert_double_gt(c.kwh, 25);
	ck_assert_double_lt(c.kwh, 35);
	consumption_predict(&m, &loaded, 1, &d);
	ck_assert_double_gt(d.kwh, c.kwh * 1.05);
	ck_assert_double_lt(d.kwh, c.kwh * 1.25);
	consumption_predict(
		&m, &frost, 1, &d); /* vans take half as much again and more in hard frost */
	ck_assert_double_gt(d.kwh, c.kwh * 1.4);
	ck_assert_double_lt(d.kwh, c.kwh * 2);
	frost.is_heated = false;
	consumption_predict(&m, &frost, 1, &d);
	ck_assert_double_lt(d.kwh, c.kwh * 1.2);
	consumption_init(&m, CONSUMPTION_VAN, 0.2);
	consumption_predict(&m, &day, 1, &d);
	ck_assert_double_lt(d.kwh, c.kwh);
	ck_assert_double_lt(consumption_spread(&d), consumption_spread(&c));
}
END_TEST

START_TEST(it_learns_from_noisy_trips)
{
	struct consumption_trip usual = {100, 500, 5, 5, true};
	struct consumption_model m;
	struct consumption before, after;
	double first, later;

	state = 5;
	consumption_init(&m, CONSUMPTION_VAN, 0);
	first = mean_error(&m);
	consumption_predict(&m, &usual, 1, &before);
	for (int i = 0; i < 10; i++) {
		struct consumption_trip t = random_trip();

		ck_assert(consumption_learn(&m, &t, truth(&t) * (1 + 0.08 * normal())));
	}
	later = mean_error(&m);
	ck_assert_double_lt(later, first / 2);
	for (int i = 0; i < TRIPS; i++) {
		struct consumption_trip t = random_trip();

		ck_assert(consumption_learn(&m, &t, truth(&t) * (1 + 0.08 * normal())));
	}
	ck_assert_int_eq(m.trips, TRIPS + 10);
	ck_assert_double_lt(mean_error(&m), 0.03);
	ck_assert_double_lt(mean_error(&m), later);
	consumption_predict(&m, &usual, 1, &after);
	ck_assert_double_lt(after.model_kwh, before.model_kwh / 4);
	/* Noise of 8 % of what trips take; the model counts it in parts of what physics says. */
	ck_assert_double_lt(after.noise_kwh / after.kwh, 0.11);
	ck_assert_double_gt(after.noise_kwh / after.kwh, 0.06);
}
END_TEST

/* Of trips that it has not seen, so many stay below the quantile as it says. */
START_TEST(its_spread_is_honest)
{
	struct consumption_model m;
	int below = 0, n = 2000;

	state = 9;
	consumption_init(&m, CONSUMPTION_VAN, 0);
	for (int i = 0; i < n; i++) {
		struct consumption_trip t = random_trip();
		double kwh = truth(&t) * (1 + 0.1 * normal());
		struct consumption c;

		consumption_predict(&m, &t, 1, &c);
		below += i >= 50 && kwh < consumption_quantile(c.kwh, consumption_spread(&c), 0.9);
		consumption_learn(&m, &t, kwh);
	}
	ck_assert_double_gt((double)below / (n - 50), 0.86);
	ck_assert_double_lt((double)below / (n - 50), 0.95);
}
END_TEST

START_TEST(it_follows_a_change)
{
	struct consumption_model m;
	double error;

	state = 3;
	consumption_init(&m, CONSUMPTION_TRUCK, 1.4);
	for (int i = 0; i < 300; i++) {
		struct consumption_trip t = random_trip();

		consumption_learn(&m, &t, truth(&t) * 3 * (1 + 0.05 * normal()));
	}
	for (int i = 0; i < 150; i++) { /* winter tyres: a fifth more */
		struct consumption_trip t = random_trip();

		consumption_learn(&m, &t, truth(&t) * 3.6 * (1 + 0.05 * normal()));
	}
	state = 4;
	struct consumption_trip t = random_trip();
	struct consumption c;

	consumption_predict(&m, &t, 1, &c);
	error = fabs(c.kwh / (truth(&t) * 3.6) - 1);
	ck_assert_double_lt(error, 0.08);
}
END_TEST

START_TEST(what_cannot_be_believed_teaches_nothing)
{
	struct consumption_trip usual = {100, 0, 5, 15, true}, none = {0, 0, 5, 15, true};
	struct consumption_model m, kept;
	struct consumption c, d;

	consumption_init(&m, CONSUMPTION_VAN, 0);
	kept = m;
	ck_assert(!consumption_learn(&m, &usual, 1));
	ck_assert(!consumption_learn(&m, &usual, 500));
	ck_assert(!consumption_learn(&m, &usual, NAN));
	ck_assert(!consumption_learn(&m, &none, 30));
	ck_assert_mem_eq(&m, &kept, sizeof m);
	for (int i = 0; i < 30; i++)
		consumption_learn(&m, &usual, 30);
	consumption_predict(&m, &usual, 1, &c);
	ck_assert(consumption_learn(&m, &usual, 120)); /* odd: it counts only so far */
	consumption_predict(&m, &usual, 1, &d);
	ck_assert_double_lt(fabs(d.kwh - c.kwh), c.kwh * 0.03);
}
END_TEST

START_TEST(trips_of_a_shift_add_up_with_their_spread)
{
	struct consumption_trip two[2] = {{60, 300, 3, 10, true}, {80, 100, 4, 5, true}};
	struct consumption_model m;
	struct consumption a, b, both;

	consumption_init(&m, CONSUMPTION_VAN, 0);
	consumption_predict(&m, &two[0], 1, &a);
	consumption_predict(&m, &two[1], 1, &b);
	consumption_predict(&m, two, 2, &both);
	ck_assert_double_eq_tol(both.kwh, a.kwh + b.kwh, 1e-9);
	ck_assert_double_eq_tol(both.noise_kwh, hypot(a.noise_kwh, b.noise_kwh), 1e-9);
	ck_assert_double_gt(both.model_kwh, hypot(a.model_kwh, b.model_kwh));
	ck_assert_double_le(both.model_kwh, a.model_kwh + b.model_kwh + 1e-9);
	ck_assert_double_eq_tol(consumption_quantile(10, 2, 0.5), 10, 1e-2);
	ck_assert_double_eq_tol(consumption_quantile(10, 2, 0.9), 12.563, 1e-2);
	ck_assert_double_eq_tol(consumption_quantile(10, 2, 0.99), 14.653, 1e-2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("consumption_model");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, it_begins_with_physics);
	tcase_add_test(t, it_learns_from_noisy_trips);
	tcase_add_test(t, its_spread_is_honest);
	tcase_add_test(t, it_follows_a_change);
	tcase_add_test(t, what_cannot_be_believed_teaches_nothing);
	tcase_add_test(t, trips_of_a_shift_add_up_with_their_spread);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
