/* Readiness against what can be reckoned by hand or by trying all cases. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "scheduler/readiness.h"

#define START_MS INT64_C(1790000000000)
#define HOUR_MS  INT64_C(3600000)
#define SAMPLES  1500

/* Two places of 10 kW below a site of 12 kW, ten hours. */
static struct grid_row rows[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 12000},
	{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 10000},
	{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 10000},
};

static struct grid_tree *tree;
static struct plan_caps caps;
static struct plan_vehicle van[2];
static struct plan_input in;
static struct readiness_spread spread[2];
static struct readiness_input r;
static struct plan *plan;
static int met[2], all;

static void setup(void)
{
	struct grid_error err;

	tree = grid_tree_create(rows, 3, &err);
	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(plan_caps_init(&caps, tree, NULL, 40, NULL, NULL), 0);
	in = (struct plan_input){
		.tree = tree, .caps = &caps, .start_ms = START_MS, .slot_s = 900, .vehicles = van};
	plan = NULL;
	spread[0] = spread[1] = (struct readiness_spread){0};
}

static void teardown(void)
{
	plan_destroy(plan);
	plan_caps_finish(&caps);
	grid_tree_destroy(tree);
}

static struct plan_vehicle *add(int evse, double comes_h, double leaves_h, int64_t need_wh)
{
	struct plan_vehicle *v = &van[in.n++];

	*v = (struct plan_vehicle){.evse = evse,
		.from_ms = START_MS + (int64_t)(comes_h * (double)HOUR_MS),
		.depart_ms = START_MS + (int64_t)(leaves_h * (double)HOUR_MS),
		.need_wh = need_wh,
		.battery = {0, 100000, 800, 50, 1000}};
	return v;
}

static void run(double failures)
{
	plan_destroy(plan);
	plan = plan_solve(&in);
	ck_assert_ptr_nonnull(plan);
	r = (struct readiness_input){&in, plan->w, spread, failures, SAMPLES, 7};
	ck_assert_int_eq(readiness_run(&r, met, &all), 0);
}

static double part(int n)
{
	return (double)n / SAMPLES;
}

/* Three standard deviations of what SAMPLES draws show. */
static double tolerance(double p)
{
	return 3 * sqrt(p * (1 - p) / SAMPLES) + 0.002;
}

static double below(double z)
{
	return 0.5 * erfc(-z / sqrt(2));
}

START_TEST(nothing_uncertain_is_certain)
{
	add(0, -1, 4, 30000);
	add(1, -1, 4, 30000); /* 60 kWh of 48 */
	run(0);
	ck_assert_int_eq(met[0] + met[1], SAMPLES);
	ck_assert_int_eq(all, 0);
	van[1].need_wh = 15000;
	run(0);
	ck_assert_int_eq(all, SAMPLES);
}
END_TEST

/* Alone: 10 kW for 4 h are enough for N(36, 4) kWh with probability of (40 - 36) / 4. */
START_TEST(need_as_the_normal_distribution_says)
{
	double p = below((40000.0 + READINESS_SLACK_WH - 36000) / 4000);

	add(0, -1, 4, 36000);
	spread[0].need_wh = 4000;
	run(0);
	ck_assert_double_eq_tol(part(met[0]), p, tolerance(p));
}
END_TEST

/* It comes at 2 h ± 30 min, leaves at 6 h and needs 35 kWh, 3.5 h of power: so whole slots of it must
 * be left. */
START_TEST(arrival_as_the_normal_distribution_says)
{
	double p = below(0.5 / 0.5), late = below((0.5 - 0.25) / 0.5);

	add(0, 2, 6, 35000);
	spread[0].arrive_s = 1800;
	run(0);
	ck_assert_double_le(
		part(met[0]), p + tolerance(p)); /* slots that begin before it count not */
	ck_assert_double_ge(part(met[0]), late - tolerance(late));
}
END_TEST

/* As soon as possible it is full after 2 h: its charger must hold so long. */
START_TEST(failures_as_the_exponential_distribution_says)
{
	double p = exp(-3.0 * 2 / 24);

	add(0, -1, 8, 20000);
	run(3);
	ck_assert_double_eq_tol(part(met[0]), p, tolerance(p) + 0.01);
}
END_TEST

/* The same by trying all pairs of needs on a grid of equal probability. */
START_TEST(two_at_one_limit_as_when_all_cases_are_tried)
{
	enum { N = 40 };
	int64_t need[N];
	int both = 0, first = 0;

	add(0, -1, 4, 26000);
	add(1, -1, 3, 20000)->priority = 1; /* it leaves before, and waits behind */
	spread[0].need_wh = 4000;
	spread[1].need_wh = 3000;
	run(0);
	for (int i = 0; i < N; i++) { /* quantiles of the standard normal, by bisection */
		double low = -6, high = 6;

		for (int k = 0; k < 60; k++) {
			double mid = (low + high) / 2;

			if (below(mid) < (i + 0.5) / N)
				low = mid;
			else
				high = mid;
		}
		need[i] = (int64_t)(low * 1000);
	}
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++) {
			struct plan_vehicle two[2] = {van[0], van[1]};
			struct plan_input case_in = in;
			struct plan *p;
			bool a, b;

			two[0].need_wh += need[i] * 4;
			two[1].need_wh += need[k] * 3;
			case_in.vehicles = two;
			p = plan_solve(&case_in);
			a = p->outcome[0].short_wh <= READINESS_SLACK_WH;
			b = p->outcome[1].short_wh <= READINESS_SLACK_WH;
			first += a;
			both += a && b;
			plan_destroy(p);
		}
	ck_assert_double_gt(part(all), 0.2);
	ck_assert_double_lt(part(all), 0.9);
	ck_assert_double_eq_tol(part(all), (double)both / N / N, tolerance(part(all)) + 0.02);
	ck_assert_double_eq_tol(
		part(met[0]), (double)first / N / N, tolerance(part(met[0])) + 0.02);
}
END_TEST

/* What is advised gives what it says when it is done, and nothing else that may be done gives more. */
START_TEST(advice_is_what_helps_most)
{
	struct readiness_advice d;
	int before;

	add(0, -1, 4, 28000)->priority =
		5; /* 48 kWh for both: what the other needs more it misses */
	add(1, -1, 4, 20000)->priority = 1;
	spread[0].need_wh = spread[1].need_wh = 2000;
	run(0);
	before = met[0];
	ck_assert_int_lt(before, SAMPLES * 3 / 4);
	ck_assert_int_eq(readiness_advise(&r, 0, before, &d), 0);
	ck_assert_int_ge(d.met, before + SAMPLES / 10);
	ck_assert_int_eq(d.act, READINESS_FIRST);
	van[0].priority = 0;
	run(0);
	ck_assert_int_eq(met[0], d.met);
	ck_assert_int_eq(readiness_advise(&r, 1, met[1], &d), 0);
	ck_assert(d.act == READINESS_FIRST || d.act == READINESS_ROOM);
	van[1].need_wh = 1000; /* nothing holds it back */
	van[0].need_wh = 1000;
	run(0);
	ck_assert_int_eq(readiness_advise(&r, 1, met[1], &d), 0);
	ck_assert_int_eq(d.act, READINESS_NOTHING);
	ck_assert_int_eq(d.met, met[1]);
}
END_TEST

START_TEST(who_comes_late_is_told_to_come_earlier)
{
	struct readiness_advice d;

	add(0, 2, 6, 38000);
	spread[0].arrive_s = 1800;
	run(0);
	ck_assert_int_lt(met[0], SAMPLES * 9 / 10);
	ck_assert_int_eq(readiness_advise(&r, 0, met[0], &d), 0);
	ck_assert_int_eq(d.act, READINESS_EARLIER);
	ck_assert_int_gt(d.met, SAMPLES * 9 / 10);
}
END_TEST

START_TEST(the_same_seed_gives_the_same)
{
	int before, before_all;

	add(0, 2, 6, 35000);
	add(1, -1, 4, 26000);
	spread[0] = spread[1] = (struct readiness_spread){4000, 1800};
	run(0.5);
	before = met[0];
	before_all = all;
	run(0.5);
	ck_assert_int_eq(met[0], before);
	ck_assert_int_eq(all, before_all);
	r.seed = 8;
	ck_assert_int_eq(readiness_run(&r, met, &all), 0);
	ck_assert(met[0] != before || all != before_all);
	r.samples = 0;
	ck_assert_int_eq(readiness_run(&r, met, &all), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("readiness_sim");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_uncertain_is_certain);
	tcase_add_test(t, need_as_the_normal_distribution_says);
	tcase_add_test(t, arrival_as_the_normal_distribution_says);
	tcase_add_test(t, failures_as_the_exponential_distribution_says);
	tcase_add_test(t, two_at_one_limit_as_when_all_cases_are_tried);
	tcase_add_test(t, advice_is_what_helps_most);
	tcase_add_test(t, who_comes_late_is_told_to_come_earlier);
	tcase_add_test(t, the_same_seed_gives_the_same);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
