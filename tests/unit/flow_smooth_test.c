/* Flat, early and calm plans cost exactly what the cheapest one costs. */
#include <check.h>
#include <stdlib.h>
#include "scheduler/flow_smooth.h"
#include "tests/unit/flow_depots.h"

#define PER_CASE 150
#define CASES    10

static struct flow_depot d;
static struct flow *f;
static unsigned long long seed;

static void begin(int size, int slots)
{
	flow_depot_make(&d, seed, size, slots);
	/* Few prices: many slots that cost the same. */
	for (int k = 0; k < flow_intervals(&d.in) * d.in.parts; k++)
		d.price[k].price /= 100;
	f = flow_create(&d.in);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(flow_solve(f), 0);
}

static void end(flow_value cost)
{
	struct flow_fault fault = {0};
	struct flow_proof *p;

	ck_assert_msg(flow_cost(f) == cost, "seed %llu: another cost", seed);
	ck_assert_msg(flow_check(f, &d.in, &fault), "seed %llu: %s", seed, fault.what);
	for (int again = 0; again < 2; again++) {
		p = flow_certify(f);
		ck_assert_msg(p->cost == cost && p->bound == cost, "seed %llu: not optimal", seed);
		flow_proof_destroy(p);
		ck_assert_int_eq(flow_solve(f), 0);
	}
	flow_destroy(f);
	flow_depot_finish(&d);
}

/* The higher, the dearer: W·slot times the piece they lie in. */
static flow_value steepness(const int64_t *load, int64_t step, int pieces)
{
	flow_value sum = 0;

	for (int q = 0; q < flow_intervals(&d.in); q++)
		for (int k = 1; k < pieces; k++) {
			int64_t above = load[q] + flow_interval_taken(f, q) - k * step;
			int64_t most = flow_interval_taken(f, q);

			sum += above < 0 ? 0 : above < most ? above : most;
		}
	for (int i = 0; i < d.in.n; i++)
		sum += (flow_value)flow_missing(f, i) * (pieces - 1);
	return sum;
}

START_TEST(flat_and_exact)
{
	for (int n = 0; n < PER_CASE; n++) {
		int64_t load[130], top = 1;
		struct flow_smoothing s = {.load = load};
		struct depot_rng r = {.s = 99};
		flow_value cost, before;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		r.s += seed;
		begin(seed % 7 ? 10 : 50, seed % 11 ? 20 : 130);
		cost = flow_cost(f);
		s.pieces = depot_between(&r, 2, 50);
		for (int q = 0; q < flow_intervals(&d.in); q++) {
			load[q] = depot_between(&r, -20000, 20000);
			if (load[q] + flow_interval_taken(f, q) > top)
				top = load[q] + flow_interval_taken(f, q);
		}
		int64_t step = (top + s.pieces - 1) / s.pieces;
		before = steepness(load, step, s.pieces);
		ck_assert_int_eq(flow_smooth(f, &s), 0);
		ck_assert_msg(
			steepness(load, step, s.pieces) <= before, "seed %llu: steeper", seed);
		end(cost);
	}
}
END_TEST

/* Each W·slot times its interval's number: no plan of the same cost is earlier. Nothing that could be
 * drawn earlier by one vehicle alone is drawn later. */
START_TEST(early_and_exact)
{
	const struct flow_smoothing s = {.early = true};

	for (int n = 0; n < PER_CASE; n++) {
		flow_value cost, before = 0, after = 0;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(10, 20);
		cost = flow_cost(f);
		for (int q = 0; q < flow_intervals(&d.in); q++)
			before += (flow_value)flow_interval_taken(f, q) * q;
		for (int i = 0; i < d.in.n; i++)
			before += (flow_value)flow_missing(f, i) * (flow_intervals(&d.in) - 1);
		ck_assert_int_eq(flow_smooth(f, &s), 0);
		for (int q = 0; q < flow_intervals(&d.in); q++)
			after += (flow_value)flow_interval_taken(f, q) * q;
		for (int i = 0; i < d.in.n; i++)
			after += (flow_value)flow_missing(f, i) * (flow_intervals(&d.in) - 1);
		ck_assert_msg(after <= before, "seed %llu: later", seed);
		end(cost);
	}
}
END_TEST

static int count_changes(void)
{
	int changes = 0;

	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t <= d.in.slots; t++)
			changes += (t < d.in.slots && flow_w(f, i, t) > 0) !=
				   (t > 0 && flow_w(f, i, t - 1) > 0);
	return changes;
}

START_TEST(calm_and_exact)
{
	int fewer = 0;

	for (int n = 0; n < PER_CASE; n++) {
		flow_value cost;
		int before;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(seed % 7 ? 10 : 50, seed % 11 ? 20 : 130);
		cost = flow_cost(f);
		before = count_changes();
		int said = flow_calm(f);
		ck_assert_msg(before - count_changes() == said && said >= 0,
			"seed %llu: %d, said %d", seed, before - count_changes(), said);
		fewer += said;
		end(cost);
	}
	ck_assert_int_gt(fewer, 0);
}
END_TEST

static struct flow_vehicle van(int from, int to, int64_t need)
{
	return (struct flow_vehicle){.from = from,
		.to = to,
		.max_w = 1000,
		.need = need,
		.tiers = 1,
		.tier = {{INT64_MAX, 99}}};
}

/* A van that could charge on and off at one price does so in one go. */
START_TEST(one_go)
{
	static const int parent[] = {-1};
	static const int32_t cap[] = {1000, 1000, 1000, 1000, 1000, 1000};
	struct flow_part price[6];
	struct flow_vehicle vans[2] = {van(0, 6, 3000), van(1, 4, 1000)};
	const struct flow_input in = {6, 1, parent, cap, 1, price, 2, vans, 1, 0};
	static const int32_t wild[] = {1000, 0, 1000, 0, 1000, 0, 0, 1000, 0, 0, 0, 0};
	struct flow *plan;

	for (int t = 0; t < 6; t++)
		price[t] = (struct flow_part){10, FLOW_POWER_MAX};
	plan = flow_create(&in);
	flow_set_plan(plan, wild);
	ck_assert_int_eq(flow_solve(plan), 0);
	ck_assert_int_eq(flow_w(plan, 0, 4), 1000);
	ck_assert_int_ge(flow_calm(plan), 2);
	flow_destroy(plan);
}
END_TEST

START_TEST(of_equal_prices_the_earliest)
{
	static const int parent[] = {-1};
	static const int32_t cap[] = {1000, 1000, 1000};
	static const int32_t late[] = {0, 0, 1000};
	static const struct flow_part price[] = {
		{10, FLOW_POWER_MAX}, {10, FLOW_POWER_MAX}, {10, FLOW_POWER_MAX}};
	const struct flow_vehicle one = van(0, 3, 1000);
	const struct flow_input in = {3, 1, parent, cap, 1, price, 1, &one, 1, 0};
	const struct flow_smoothing early = {.early = true};
	struct flow *plan = flow_create(&in);

	flow_set_plan(plan, late);
	ck_assert_int_eq(flow_solve(plan), 0);
	ck_assert_int_eq(flow_w(plan, 0, 2), 1000);
	ck_assert_int_eq(flow_smooth(plan, &early), 0);
	ck_assert_int_eq(flow_w(plan, 0, 0), 1000);
	flow_destroy(plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_smooth");
	TCase *t = tcase_create("flow_smooth");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, flat_and_exact, 0, CASES);
	tcase_add_loop_test(t, early_and_exact, 0, CASES);
	tcase_add_loop_test(t, calm_and_exact, 0, CASES);
	tcase_add_test(t, one_go);
	tcase_add_test(t, of_equal_prices_the_earliest);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
