/* The flow planner: every plan keeps every limit, and is proved to be the cheapest to the last digit. */
#include <check.h>
#include <stdlib.h>
#include "tests/unit/flow_depots.h"

#define PER_CASE 500
#define CASES    24 /* PER_CASE * CASES: problems, each changed four times */

static struct flow_depot d;
static struct flow *f;
static unsigned long long seed;
static int step;

/* Solves; the plan is sound, and no other is cheaper. */
static void prove(void)
{
	struct flow_fault fault = {0};
	struct flow_proof *p;

	ck_assert_msg(flow_solve(f) == 0, "seed %llu, step %d: no plan", seed, step);
	ck_assert_msg(flow_check(f, &d.in, &fault), "seed %llu, step %d: %s: %lld, %lld", seed,
		step, fault.what, (long long)fault.got, (long long)fault.limit);
	p = flow_certify(f);
	ck_assert_ptr_nonnull(p);
	ck_assert_msg(p->cost == p->bound, "seed %llu, step %d: costs %lld, bound %lld", seed, step,
		(long long)p->cost, (long long)p->bound);
	flow_proof_destroy(p);
}

static void begin(int size, int slots)
{
	step = 0;
	flow_depot_make(&d, seed, size, slots);
	f = flow_create(&d.in);
	ck_assert_ptr_nonnull(f);
	prove();
}

static void end(void)
{
	flow_destroy(f);
	flow_depot_finish(&d);
}

START_TEST(random_depots_and_changes)
{
	for (int k = 0; k < PER_CASE; k++) {
		struct depot_rng r = {.s = 1};

		seed = (unsigned long long)(_i * PER_CASE + k + 1);
		r.s += seed * 77;
		begin(seed % 7 ? 12 : 90, seed % 11 ? 20 : 130);
		for (step = 1; step <= 4; step++) {
			flow_depot_change(&d, &r, f);
			prove();
		}
		end();
	}
}
END_TEST

/* What must be drawn: any part of a plan fits, and is drawn whatever happens to the prices. */
START_TEST(random_least_powers)
{
	for (int k = 0; k < PER_CASE / 5; k++) {
		struct depot_rng r = {.s = 5};
		int32_t *least;
		int slots;

		seed = (unsigned long long)(_i * PER_CASE + k + 1);
		r.s += seed * 55;
		begin(12, 20);
		slots = d.in.slots;
		least = calloc((size_t)(d.in.n * slots) + 1, sizeof *least);
		for (int i = 0; i < d.in.n; i++) {
			for (int t = 0; t < slots; t++)
				least[i * slots + t] =
					depot_between(&r, 0, 2)
						? 0
						: depot_between(&r, 0, flow_w(f, i, t));
			d.vehicles[i].least_w = least + i * slots;
		}
		for (int i = 0; i < d.in.n; i++)
			ck_assert_int_eq(flow_set_vehicle(f, i, &d.vehicles[i]), 0);
		for (int q = 0; q < flow_intervals(&d.in); q++) {
			for (int j = 0; j < d.in.parts; j++)
				d.price[q * d.in.parts + j].price +=
					(j ? 400 : 0) + (q % 3 ? 0 : 390);
			ck_assert_int_eq(flow_set_price(f, q, &d.price[q * d.in.parts]), 0);
		}
		step = 1;
		prove();
		free(least);
		end();
	}
}
END_TEST

/* The cheapest slot goes to whom it is worth most. */
START_TEST(two_vans_and_one_cheap_slot)
{
	static const int parent[] = {-1};
	static const int32_t cap[] = {1000, 1000, 1000};
	static const struct flow_part price[] = {
		{30, FLOW_POWER_MAX}, {10, FLOW_POWER_MAX}, {20, FLOW_POWER_MAX}};
	const struct flow_vehicle vans[] = {
		{.from = 0,
			.to = 3,
			.max_w = 1000,
			.need = 1000,
			.tiers = 1,
			.tier = {{INT64_MAX, 99}}},
		{.from = 0,
			.to = 2,
			.max_w = 1000,
			.need = 1000,
			.tiers = 1,
			.tier = {{INT64_MAX, 99}}},
	};
	const struct flow_input in = {3, 1, parent, cap, 1, price, 2, vans, 1, 0};
	struct flow *plan = flow_create(&in);
	struct flow_proof *p;

	ck_assert_int_eq(flow_solve(plan), 0);
	ck_assert_int_eq(flow_w(plan, 0, 2), 1000);
	ck_assert_int_eq(flow_w(plan, 1, 1), 1000);
	p = flow_certify(plan);
	ck_assert(p->cost == 30000 && p->bound == 30000);
	/* One W less in the cheap slot makes the second van pay 30 for 10; one more would let the first
	 * one pay 10 for 20: at most 20, and not nothing. */
	ck_assert_int_eq(flow_limit_price(plan, p, 0, 1), 20);
	ck_assert_int_eq(p->vehicle[1], 30);
	flow_proof_destroy(p);
	flow_destroy(plan);
}
END_TEST

/* Nobody charges at a price that is higher than what the energy is worth to him. */
START_TEST(willingness_to_pay)
{
	static const int parent[] = {-1};
	static const int32_t cap[] = {1000, 1000};
	static const struct flow_part price[] = {{30, FLOW_POWER_MAX}, {10, FLOW_POWER_MAX}};
	const struct flow_vehicle van = {.from = 0,
		.to = 2,
		.max_w = 1000,
		.need = 2000,
		.tiers = 2,
		.tier = {{400, 15}, {INT64_MAX, 99}}};
	const struct flow_input in = {2, 1, parent, cap, 1, price, 1, &van, 1, 0};
	struct flow *plan = flow_create(&in);

	ck_assert_int_eq(flow_solve(plan), 0);
	ck_assert_int_eq(flow_w(plan, 0, 1), 1000);
	ck_assert_int_eq(flow_w(plan, 0, 0), 600);
	ck_assert_int_eq(flow_missing(plan, 0), 400);
	flow_destroy(plan);
}
END_TEST

/* What must be drawn is drawn; if it does not fit, that is said and the limit is kept. */
START_TEST(least_powers)
{
	static const int parent[] = {-1};
	static const int32_t cap[] = {1000, 1000}, least[] = {600, 0};
	static const struct flow_part price[] = {{30, FLOW_POWER_MAX}, {10, FLOW_POWER_MAX}};
	struct flow_vehicle vans[] = {
		{.from = 0,
			.to = 2,
			.max_w = 1000,
			.least_w = least,
			.need = 1000,
			.tiers = 1,
			.tier = {{INT64_MAX, 99}}},
		{.from = 0,
			.to = 2,
			.max_w = 1000,
			.need = 1000,
			.tiers = 1,
			.tier = {{INT64_MAX, 99}}},
	};
	const struct flow_input in = {2, 1, parent, cap, 1, price, 2, vans, 1, 0};
	struct flow *plan = flow_create(&in);

	ck_assert_int_eq(flow_solve(plan), 0);
	ck_assert_int_eq(flow_w(plan, 0, 0), 600);
	ck_assert_int_eq(flow_w(plan, 0, 0) + flow_w(plan, 1, 0), 1000);
	ck_assert_int_eq(flow_set_cap(plan, 0, 0, 1, 500), 0);
	ck_assert_int_eq(flow_solve(plan), -1);
	flow_destroy(plan);
}
END_TEST

START_TEST(input_outside_its_bounds)
{
	static const int parent[] = {-1, 1};
	static const int32_t cap[] = {1000, -1};
	static const struct flow_part falling[] = {{30, 10}, {10, 10}};
	struct flow_vehicle van = {
		.from = 0, .to = 1, .max_w = 1000, .need = 5, .tiers = 1, .tier = {{5, 9}}};
	struct flow_input in = {1, 2, parent, cap, 1, falling, 0, &van, 1, 0};

	ck_assert_ptr_null(flow_create(&in)); /* its own parent */
	in.nodes = 1;
	in.slots = 2;
	ck_assert_ptr_null(flow_create(&in)); /* a limit below 0 */
	in.slots = 1;
	in.parts = 2;
	ck_assert_ptr_null(flow_create(&in)); /* a price that falls with the amount */
	in.parts = 1;
	in.n = 1;
	ck_assert_ptr_null(flow_create(&in)); /* a need that may not be missed has no plan */
	van.tier[0].amount = INT64_MAX;
	f = flow_create(&in);
	ck_assert_ptr_nonnull(f);
	flow_destroy(f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_solve");
	TCase *t = tcase_create("flow_solve");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, random_depots_and_changes, 0, CASES);
	tcase_add_loop_test(t, random_least_powers, 0, CASES);
	tcase_add_test(t, two_vans_and_one_cheap_slot);
	tcase_add_test(t, willingness_to_pay);
	tcase_add_test(t, least_powers);
	tcase_add_test(t, input_outside_its_bounds);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
