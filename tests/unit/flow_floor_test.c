/* Nothing or at least the least current in the next slots; near the best choice of all. */
#include <check.h>
#include <stdlib.h>
#include "scheduler/flow_floor.h"
#include "tests/unit/flow_depots.h"

#define PER_CASE 100
#define CASES    10

static struct flow_depot d;
static struct depot_rng r;
static int32_t least[100];
static unsigned long long seed;

static void begin(int size, int slots)
{
	flow_depot_make(&d, seed, size, slots);
	r.s = seed * 17 + 3;
	for (int i = 0; i < d.in.n; i++) {
		least[i] = depot_between(&r, 0, 3) ? depot_between(&r, 1, 6000) : 0;
		d.vehicles[i].most_w = NULL;
	}
}

START_TEST(nothing_or_enough)
{
	for (int n = 0; n < PER_CASE; n++) {
		struct flow_floor fl = {.least_w = least};
		struct flow_fault fault = {0};
		struct flow *f;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(seed % 7 ? 12 : 90, 20);
		fl.slots = depot_between(&r, 1, 6);
		f = flow_create(&d.in);
		ck_assert_int_eq(flow_solve(f), 0);
		ck_assert_int_eq(flow_floor(f, &fl), 0);
		ck_assert_msg(flow_check(f, &d.in, &fault), "seed %llu: %s", seed, fault.what);
		ck_assert(fl.cost == flow_cost(f) && fl.cost >= fl.bound);
		for (int i = 0; i < d.in.n; i++)
			for (int t = 0; t < fl.slots && t < d.in.slots; t++)
				ck_assert_msg(flow_w(f, i, t) == 0 || flow_w(f, i, t) >= least[i],
					"seed %llu: vehicle %d, slot %d: %d", seed, i, t,
					flow_w(f, i, t));
		/* The bounds are what they were. */
		ck_assert_int_eq(flow_solve(f), 0);
		ck_assert(flow_cost(f) == fl.bound);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

/* The best of all choices of who is on in the first slot. */
static flow_value best_choice(void)
{
	flow_value best = 0;
	bool is_any = false;

	for (int on = 0; on < 1 << d.in.n; on++) {
		int32_t bound[8][2][32] = {{{0}}};
		struct flow_vehicle vehicles[8];
		struct flow_input in = d.in;
		struct flow *f;

		in.vehicles = vehicles;
		for (int i = 0; i < d.in.n; i++) {
			vehicles[i] = d.vehicles[i];
			for (int t = 0; t < d.in.slots; t++)
				bound[i][0][t] = vehicles[i].max_w;
			bound[i][0][0] = on >> i & 1 ? vehicles[i].max_w : 0;
			bound[i][1][0] = on >> i & 1 ? least[i] : 0;
			vehicles[i].most_w = bound[i][0];
			vehicles[i].least_w = bound[i][1];
		}
		f = flow_create(&in);
		if (f && flow_solve(f) == 0 && (!is_any || flow_cost(f) < best)) {
			best = flow_cost(f);
			is_any = true;
		}
		flow_destroy(f);
	}
	return best;
}

START_TEST(near_the_best_choice)
{
	double extra = 0, all = 0;
	int best_found = 0;

	for (int n = 0; n < PER_CASE; n++) {
		struct flow_floor fl = {.slots = 1, .least_w = least};
		struct flow *f;
		flow_value best;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(5, 8);
		f = flow_create(&d.in);
		ck_assert_int_eq(flow_solve(f), 0);
		ck_assert_int_eq(flow_floor(f, &fl), 0);
		best = best_choice();
		ck_assert_msg(fl.cost >= best && best >= fl.bound, "seed %llu", seed);
		best_found += fl.cost == best;
		extra += (double)(fl.cost - best);
		all += best > 0 ? (double)best : 0;
		flow_destroy(f);
		flow_depot_finish(&d);
	}
	ck_assert_int_gt(best_found, PER_CASE * 3 / 4);
	ck_assert_msg(extra < all / 50, "%.0f of %.0f", extra, all);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_floor");
	TCase *t = tcase_create("flow_floor");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, nothing_or_enough, 0, CASES);
	tcase_add_loop_test(t, near_the_best_choice, 0, CASES);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
