/* Demand charges: the best of all peaks, found by trying them all where that is possible. */
#include <check.h>
#include <stdlib.h>
#include "scheduler/flow_peak.h"
#include "tests/unit/flow_depots.h"

#define PER_CASE 60
#define CASES    10

static struct flow_depot d;
static struct depot_rng r;
static int64_t load[FLOW_SLOTS_MAX];
static uint8_t on_peak[FLOW_SLOTS_MAX], off_peak[FLOW_SLOTS_MAX];
static unsigned long long seed;

/* Small powers, so that every peak can be tried. */
static void shrink(void)
{
	for (int i = 0; i < d.in.n; i++) {
		d.vehicles[i].max_w %= 23;
		d.vehicles[i].need %= 60;
		for (int k = 0; k < d.vehicles[i].tiers - 1; k++)
			d.vehicles[i].tier[k].amount %= 20;
		for (int t = 0; t < d.in.slots; t++)
			d.bounds[i * d.in.slots + t] %= 23;
	}
	for (int k = 0; k < d.in.nodes * d.in.slots; k++)
		d.cap_w[k] %= 97;
	for (int k = 0; k < flow_intervals(&d.in) * d.in.parts; k++)
		if (d.price[k].w < FLOW_POWER_MAX)
			d.price[k].w %= 40;
}

static int64_t begin(bool is_small)
{
	int64_t top = 0;

	flow_depot_make(&d, seed, 8, 14);
	r.s = seed * 31 + 7;
	if (is_small)
		shrink();
	for (int q = 0; q < flow_intervals(&d.in); q++) {
		load[q] = depot_between(&r, -10, 30) * (is_small ? 1 : 400);
		on_peak[q] = depot_between(&r, 0, 2) == 0;
		off_peak[q] = !on_peak[q];
		top = load[q] > top ? load[q] : top;
	}
	return top;
}

static flow_value cost_at(const struct flow_peak *p, const int64_t *at)
{
	struct flow *f = flow_create(&d.in);
	flow_value cost;

	ck_assert_ptr_nonnull(f);
	for (int q = 0; q < flow_intervals(&d.in); q++)
		for (int k = 0; k < p->charges; k++)
			if (!p->charge[k].counts || p->charge[k].counts[q]) {
				int64_t most = at[k] - load[q] > 0 ? at[k] - load[q] : 0;
				int64_t other = k ? at[0] - load[q] : INT64_MAX;

				if (k && (!p->charge[0].counts || p->charge[0].counts[q]) &&
					other < most)
					most = other > 0 ? other : 0;
				flow_set_peak(f, q, most);
			}
	ck_assert_int_eq(flow_solve(f), 0);
	cost = flow_cost(f);
	for (int k = 0; k < p->charges; k++)
		if (at[k] > p->charge[k].paid)
			cost += (flow_value)(at[k] - p->charge[k].paid) * p->charge[k].price;
	flow_destroy(f);
	return cost;
}

static void check_plan(const struct flow *f, const struct flow_peak *p)
{
	struct flow_fault fault;

	ck_assert_msg(flow_check(f, &d.in, &fault), "seed %llu: %s", seed, fault.what);
	for (int k = 0; k < p->charges; k++)
		for (int q = 0; q < flow_intervals(&d.in); q++)
			ck_assert(!(!p->charge[k].counts || p->charge[k].counts[q]) ||
				  load[q] + flow_interval_taken(f, q) <= p->peak[k]);
}

/* Every whole peak is tried from nothing. */
START_TEST(one_charge_is_exact)
{
	for (int n = 0; n < PER_CASE; n++) {
		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		int64_t low = begin(true);
		struct flow *f = flow_create(&d.in);
		struct flow_peak p = {.load = load, .charges = 1};
		flow_value best = 0;

		p.charge[0] = (struct flow_charge){seed % 3 ? NULL : on_peak,
			depot_between(&r, 0, 60), depot_between(&r, 0, 900)};
		low = low > p.charge[0].paid ? low : p.charge[0].paid;
		ck_assert_int_eq(flow_peak_solve(f, &p), 0);
		for (int64_t at = low; at < low + 140; at++) {
			flow_value cost = cost_at(&p, &at);

			best = at == low || cost < best ? cost : best;
		}
		/* An interval of load alone may be above what counts for the charge. */
		ck_assert_msg(p.cost <= best && p.bound == p.cost, "seed %llu: %lld, best %lld",
			seed, (long long)p.cost, (long long)best);
		if (!p.charge[0].counts)
			ck_assert_msg(p.cost == best, "seed %llu: %lld, best %lld", seed,
				(long long)p.cost, (long long)best);
		check_plan(f, &p);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

START_TEST(one_charge_of_real_powers)
{
	for (int n = 0; n < 3 * PER_CASE; n++) {
		seed = (unsigned long long)(_i * 3 * PER_CASE + n + 1);
		begin(false);
		struct flow *f = flow_create(&d.in);
		struct flow_peak p = {.load = load, .charges = 1};

		p.charge[0] = (struct flow_charge){
			NULL, depot_between(&r, 0, 60000), depot_between(&r, 0, 900)};
		ck_assert_int_eq(flow_peak_solve(f, &p), 0);
		ck_assert_msg(p.bound == p.cost, "seed %llu: %lld, bound %lld", seed,
			(long long)p.cost, (long long)p.bound);
		ck_assert_int_lt(p.solves, FLOW_PEAK_SOLVES);
		check_plan(f, &p);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

/* Two charges: no pair of peaks is below the bound, and the plan is near it. */
START_TEST(two_charges_within_their_bound)
{
	for (int n = 0; n < PER_CASE / 4; n++) {
		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(true);
		struct flow *f = flow_create(&d.in);
		struct flow_peak p = {.load = load, .charges = 2};
		int64_t sum = 0;

		p.charge[0] = (struct flow_charge){NULL, 0, depot_between(&r, 0, 500)};
		p.charge[1] = (struct flow_charge){on_peak, 0, depot_between(&r, 0, 500)};
		ck_assert_int_eq(flow_peak_solve(f, &p), 0);
		for (int k = 0; k < 2; k++)
			sum += p.charge[k].price;
		ck_assert_msg(p.cost - p.bound <= sum, "seed %llu: %lld, bound %lld", seed,
			(long long)p.cost, (long long)p.bound);
		check_plan(f, &p);
		for (int n2 = 0; n2 < 40; n2++) {
			int64_t at[2] = {depot_between(&r, 30, 120), depot_between(&r, 30, 120)};

			ck_assert_msg(cost_at(&p, at) >= p.bound, "seed %llu: %lld, %lld", seed,
				(long long)at[0], (long long)at[1]);
		}
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

START_TEST(three_charges_of_real_powers)
{
	for (int n = 0; n < PER_CASE; n++) {
		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(false);
		struct flow *f = flow_create(&d.in);
		struct flow_peak p = {.load = load, .charges = 3};
		int64_t sum = 0;

		p.charge[0] = (struct flow_charge){NULL, 9000, depot_between(&r, 0, 300)};
		p.charge[1] = (struct flow_charge){on_peak, 0, depot_between(&r, 0, 300)};
		p.charge[2] = (struct flow_charge){off_peak, 20000, depot_between(&r, 0, 300)};
		ck_assert_int_eq(flow_peak_solve(f, &p), 0);
		for (int k = 0; k < 3; k++)
			sum += p.charge[k].price;
		ck_assert_msg(p.cost - p.bound <= 2 * sum, "seed %llu: %lld, bound %lld, %d solves",
			seed, (long long)p.cost, (long long)p.bound, p.solves);
		check_plan(f, &p);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

/* The same cost with the lowest peak: one less costs more. */
START_TEST(cost_then_peak)
{
	for (int n = 0; n < 3 * PER_CASE; n++) {
		seed = (unsigned long long)(_i * 3 * PER_CASE + n + 1);
		begin(false);
		struct flow *f = flow_create(&d.in);
		struct flow_peak p = {.load = load, .charges = 1};
		flow_value cost;
		int64_t low = 0;

		ck_assert_int_eq(flow_solve(f), 0);
		cost = flow_cost(f);
		ck_assert_int_eq(flow_peak_lower(f, &p, 0), 0);
		ck_assert_msg(flow_cost(f) == cost, "seed %llu", seed);
		for (int q = 0; q < flow_intervals(&d.in); q++)
			low = load[q] > low ? load[q] : low;
		if (p.peak[0] > low) {
			int64_t at = p.peak[0] - 1;

			ck_assert_msg(cost_at(&p, &at) > cost, "seed %llu: not the lowest", seed);
		}
		check_plan(f, &p);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_peak");
	TCase *t = tcase_create("flow_peak");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, one_charge_is_exact, 0, CASES);
	tcase_add_loop_test(t, one_charge_of_real_powers, 0, CASES);
	tcase_add_loop_test(t, two_charges_within_their_bound, 0, CASES);
	tcase_add_loop_test(t, three_charges_of_real_powers, 0, CASES);
	tcase_add_loop_test(t, cost_then_peak, 0, CASES);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
