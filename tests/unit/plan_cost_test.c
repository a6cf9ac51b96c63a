/* Plans with prices: the least cost, proved, and offers that chargers and batteries can follow. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/grid_random.h"
#include "tests/unit/plan_depot.h"

#define SLOTS 6

static struct grid_row depot[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 20000},
	{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4000},
	{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4000},
};

static void use_depot(struct depot *d, const int32_t *cents)
{
	depot_use_rows(d, depot, 3, SLOTS);
	depot_price(d, cents);
}

START_TEST(charges_when_it_is_cheap)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 30, 30};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 6, 20000);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 2), 11000);
	ck_assert_int_eq(depot_w(&d, 0, 3), 9000);
	ck_assert_int_eq(
		depot_w(&d, 0, 0) + depot_w(&d, 0, 1) + depot_w(&d, 0, 4) + depot_w(&d, 0, 5), 0);
	ck_assert_int_eq(d.plan->cost, 2000000);
	ck_assert_int_eq(d.plan->at_once, 6000000); /* 20 kWh at 0.30 */
	ck_assert_int_eq(d.plan->gap, 0);
	ck_assert(!d.plan->by_rule);
	ck_assert_int_eq(d.plan->marginal[0], 100000);
	ck_assert_int_eq(d.plan->source[0], GRID_SOURCE_PRICE);
	ck_assert_int_eq(d.plan->outcome[0].ready_slot, 3);
	depot_finish(&d);
}
END_TEST

/* Less room than the least that may be drawn: what that leaves missing is energy and no money. */
START_TEST(what_is_missing_is_no_money)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 30, 30};
	static const struct grid_row weak[] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 3000},
		{.id = "e0", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	};
	struct depot d;

	depot_use_rows(&d, weak, 2, SLOTS);
	depot_price(&d, cents);
	depot_add_van(&d, 0, 6, 12000);
	depot_solve(&d);
	ck_assert_int_eq(d.plan->at_once, -1);
	ck_assert_int_eq(d.plan->short_wh, 12000);
	ck_assert_int_eq(d.plan->gap, 0);
	ck_assert_int_eq(d.plan->gap_wh, 12000); /* 3 kW for four of six hours */
	depot_finish(&d);
}
END_TEST

/* Two vans want the two cheap hours, and the site is too small: what it costs is what it is worth. */
START_TEST(a_limit_has_its_worth)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 30, 30};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 6, 22000);
	depot_add_van(&d, 1, 6, 22000);
	depot_solve(&d);
	ck_assert_int_eq(d.plan->cost, 40 * 100000 + 4 * 300000);
	ck_assert_int_eq(d.plan->gap, 0);
	ck_assert_int_ge(d.plan->worth[0], 2 * 200000 - 2); /* but for the order of slots */
	ck_assert_int_le(d.plan->worth[0], 2 * 200000);
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

START_TEST(readiness_goes_before_money)
{
	static const int32_t cents[SLOTS] = {400, 400, 1, 1, 1, 1};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 2, 22000);
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_eq(d.plan->cost, 22 * 4000000);
	d.van[0].worth = 500000;
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 22000);
	ck_assert_int_eq(d.plan->outcome[0].why, GRID_SOURCE_PRICE);
	d.van[0].depart_ms = START_MS + 3 * HOUR_MS;
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 11000);
	ck_assert_int_eq(depot_w(&d, 0, 2), 11000);
	depot_finish(&d);
}
END_TEST

START_TEST(one_that_should_have_left_waits_for_no_price)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 10, 10};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 6, 20000);
	depot_add_van(&d, 1, 6, 20000)->depart_ms = START_MS - HOUR_MS;
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 1, 0), 11000);
	ck_assert_int_eq(depot_w(&d, 1, 1), 9000);
	ck_assert_int_eq(depot_w(&d, 0, 0) + depot_w(&d, 0, 1), 0);
	ck_assert_int_eq(d.plan->gap, 0);
	depot_finish(&d);
}
END_TEST

/* 13 kWh: 11 in one cheap hour would leave 2, below the smallest power. */
START_TEST(nothing_or_the_smallest_power)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 30, 30};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 6, 13000);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 2) + depot_w(&d, 0, 3), 13000);
	ck_assert_int_ge(depot_w(&d, 0, 3), 4000);
	ck_assert_int_eq(d.plan->cost, 1300000);
	ck_assert_int_le(d.plan->gap, 13); /* the order of slots, below the smallest unit a kWh */
	depot_finish(&d);
}
END_TEST

START_TEST(a_price_in_parts)
{
	static const int32_t cents[SLOTS] = {20, 20, 20, 20, 20, 20};
	struct depot d;
	struct flow_part parts[SLOTS * 2];

	use_depot(&d, cents);
	for (int t = 0; t < SLOTS;
		t++) { /* own power of the roof is cheap: 5 kW in each of three */
		parts[2 * t] = (struct flow_part){50000, t < 3 ? 5000 : 0};
		parts[2 * t + 1] = (struct flow_part){200000, FLOW_POWER_MAX};
	}
	d.prices = (struct plan_prices){.parts = 2, .part = parts};
	depot_add_van(&d, 0, 6, 15000);
	depot_solve(&d);
	for (int t = 0; t < 3; t++)
		ck_assert_int_eq(depot_w(&d, 0, t), 5000);
	ck_assert_int_eq(d.plan->cost, 15 * 50000);
	ck_assert_int_eq(d.plan->gap, 0);
	depot_finish(&d);
}
END_TEST

/* 20 kWh in six hours: no hour needs more than what the site draws and has paid for, but one that
 * is cheap enough is worth a higher peak. */
START_TEST(a_peak_costs_too)
{
	static const int32_t cents[SLOTS] = {20, 20, 20, 20, 20, 20};
	static const int32_t load[SLOTS] = {6000, 0, 0, 0, 0, 6000};
	struct depot d;

	use_depot(&d, cents);
	d.prices.demands = 1;
	d.prices.demand[0] = (struct plan_demand){NULL, 10000000, 5000};
	d.prices.load_w = load;
	depot_add_van(&d, 0, 6, 20000);
	depot_solve(&d);
	for (int t = 1; t < 5; t++)
		ck_assert_int_le(depot_w(&d, 0, t), 6000);
	ck_assert_int_eq(depot_w(&d, 0, 0) + depot_w(&d, 0, 5), 0);
	ck_assert_int_eq(d.plan->demand_cost, 10000000); /* the site's own: 6 instead of 5 kW */
	ck_assert_int_le(d.plan->gap, 20);
	d.part[1].price = -12 * 1000000 / 2;
	depot_solve(&d); /* five kW more are worth 20 kWh · 6.2, less than what they cost */
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_le(d.plan->gap, 20);
	d.prices.demand[0].price = 1000000;
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 1), 11000);
	ck_assert_int_eq(d.plan->demand_cost, 6000000);
	ck_assert_int_le(d.plan->gap, 20);
	depot_finish(&d);
}
END_TEST

START_TEST(bad_prices_give_no_plan)
{
	static const int32_t cents[SLOTS] = {30, 30, 10, 10, 30, 30};
	struct flow_part falling[SLOTS * 2] = {{200000, 1000}, {100000, 1000}};
	struct depot d;

	use_depot(&d, cents);
	depot_add_van(&d, 0, 6, 13000);
	d.prices = (struct plan_prices){.parts = 2, .part = falling};
	ck_assert_ptr_null(plan_solve(&d.in));
	d.prices = (struct plan_prices){.parts = 0, .part = falling};
	ck_assert_ptr_null(plan_solve(&d.in));
	d.prices = (struct plan_prices){.parts = 1, .part = d.part};
	d.part[3].w = -1;
	ck_assert_ptr_null(plan_solve(&d.in));
	depot_finish(&d);
}
END_TEST

/* -- random depots ---------------------------------------------------------------------------- */

/* `plain`: no smallest power, no battery that tapers: the flow planner's plan, to the last unit. */
static void random_depot(struct depot *d, uint64_t *s, bool plain)
{
	int slots = (int)random_in(s, 1, 24), slot_s = random_chance(s, 50) ? 900 : 3600;
	int64_t span = (int64_t)slots * slot_s * 1000;
	int parts = (int)random_in(s, 1, 3);

	memset(d, 0, sizeof *d);
	do {
		grid_tree_destroy(d->tree);
		d->tree = random_tree(s, 6, 8);
		for (int e = 0; plain && e < grid_tree_evses(d->tree); e++)
			if (grid_tree_node(d->tree, grid_tree_evse_node(d->tree, e))->min_w) {
				grid_tree_destroy(d->tree);
				d->tree = NULL;
				break;
			}
	} while (!d->tree);
	ck_assert_int_eq(plan_caps_init(&d->caps, d->tree, NULL, slots, NULL, NULL), 0);
	for (int t = 0; t < slots; t++) {
		int32_t price = (int32_t)random_in(s, -100, 400) * 1000;

		for (int k = 0; k < parts; k++, price += (int32_t)random_in(s, 0, 100) * 1000)
			d->part[t * parts + k] =
				(struct flow_part){price, (int32_t)random_in(s, 0, 30000)};
		d->part[t * parts + parts - 1].w = FLOW_POWER_MAX;
	}
	d->prices = (struct plan_prices){.parts = parts, .part = d->part};
	d->in = (struct plan_input){d->tree, &d->caps, START_MS, slot_s, d->van,
		(int)random_in(s, 1, DEPOT_VANS), NULL, false, &d->prices, 0, 0, false};
	for (int i = 0; i < d->in.n; i++) {
		struct plan_vehicle *v = &d->van[i];

		v->evse = (int)random_in(s, 0, grid_tree_evses(d->tree) - 1);
		v->battery = battery_default(plain ? 0 : random_in(s, 5000, 100000),
			(int32_t)random_in(s, 1, 50) * 1000);
		v->stored_wh = plain ? 0 : random_in(s, 0, v->battery.capacity_wh);
		v->from_ms = START_MS + random_in(s, -HOUR_MS, random_chance(s, 50) ? 0 : span);
		v->depart_ms = v->from_ms + random_in(s, 1, span * 5 / 4);
		v->need_wh = random_in(s, 0, (plain ? 11 : 2) * span / 3600);
		v->priority = (int)random_in(s, 0, 9);
		v->min_w = !plain && random_chance(s, 50) ? 1380 : 0;
		v->worth = random_chance(s, 20) ? (int32_t)random_in(s, 1, 400) * 1000 : 0;
	}
}

/* Eight vans on a cable for less than five, all night at two prices: few pauses (72
 * changes of on and off without the calm). */
START_TEST(vans_charge_without_many_pauses)
{
	static struct grid_row rows[9] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 50000}};
	static char ids[8][4];
	struct grid_error err;
	struct depot d;
	int changes = 0;

	memset(&d, 0, sizeof d);
	for (int i = 0; i < 8; i++) {
		snprintf(ids[i], sizeof ids[i], "e%d", i);
		rows[1 + i] = (struct grid_row){.id = ids[i],
			.parent = "site",
			.kind = GRID_EVSE,
			.max_w = 11000,
			.min_w = 4140};
	}
	d.tree = grid_tree_create(rows, 9, &err);
	ck_assert_ptr_nonnull(d.tree);
	ck_assert_int_eq(plan_caps_init(&d.caps, d.tree, NULL, 96, NULL, NULL), 0);
	for (int t = 0; t < 96; t++)
		d.part[t] = (struct flow_part){t < 36 ? 300000 : 110000, FLOW_POWER_MAX};
	d.prices = (struct plan_prices){.parts = 1, .part = d.part};
	d.in = (struct plan_input){
		d.tree, &d.caps, START_MS, 300, d.van, 0, NULL, false, &d.prices, 5, 0, false};
	for (int i = 0; i < 8; i++) {
		depot_add_van(&d, i, 8, 30000);
		d.van[i].battery = battery_default(90000, 11000);
		d.van[i].stored_wh = 20000 + 3000 * i;
	}
	depot_solve(&d);
	ck_assert(!d.plan->by_rule);
	for (int i = 0; i < 8; i++)
		for (int t = 0; t < 96; t++)
			changes += (depot_w(&d, i, t) > 0) != (t && depot_w(&d, i, t - 1) > 0);
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_le(changes, 8 * 5);
	ck_assert_int_le(d.plan->gap, d.plan->cost / 50);
	depot_finish(&d);
}
END_TEST

/* A hundred vans share a site and pay for its peak. What their smallest power leaves missing goes a
 * little above the cheapest peak, not all into the cheapest slot. */
START_TEST(least_powers_raise_the_peak_by_little)
{
	static struct grid_row rows[101] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 600000}};
	static char id[101][8];
	static struct plan_vehicle van[100];
	static struct flow_part part[288];
	struct plan_demand demand = {NULL, 15510000, 20000};
	struct grid_error err;
	struct depot d;

	memset(&d, 0, sizeof d);
	for (int i = 1; i < 101; i++) {
		snprintf(id[i], sizeof id[i], "p%d", i);
		rows[i] = (struct grid_row){.id = id[i],
			.parent = "site",
			.kind = GRID_EVSE,
			.max_w = 11000,
			.min_w = 4140};
	}
	d.tree = grid_tree_create(rows, 101, &err);
	ck_assert_ptr_nonnull(d.tree);
	ck_assert_int_eq(plan_caps_init(&d.caps, d.tree, NULL, 288, NULL, NULL), 0);
	d.prices = (struct plan_prices){.parts = 1, .part = part, .demands = 1};
	for (int t = 0; t < 288; t++)
		part[t] = (struct flow_part){t < 96 ? 100000 : 300000, FLOW_POWER_MAX};
	d.prices.demand[0] = demand;
	d.in = (struct plan_input){
		d.tree, &d.caps, START_MS, 300, van, 100, NULL, false, &d.prices, 5, 0, false};
	for (int i = 0; i < 100; i++) {
		int64_t stored = 20000 + i * 37 % 41 * 1000;

		van[i] = (struct plan_vehicle){.evse = i,
			.from_ms = START_MS,
			.depart_ms = START_MS + (12 + i * 7 % 12) * HOUR_MS,
			.need_wh = 64000 - stored,
			.stored_wh = stored,
			.priority = 5,
			.battery = battery_default(80000, 11000)};
	}
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_le(d.plan->gap, 5 * demand.price); /* 5 kW, hardly more than one van */
	depot_finish(&d);
}
END_TEST

START_TEST(plans_without_minimum_or_taper_are_exact)
{
	struct depot d;
	uint64_t s = 31;
	int by_flow = 0;

	for (int run = 0; run < 3000; run++) {
		random_depot(&d, &s, true);
		depot_solve(&d);
		ck_assert_msg(d.plan->gap == 0, "run %d: %lld", run, (long long)d.plan->gap);
		by_flow += !d.plan->by_rule;
		depot_finish(&d);
	}
	ck_assert_int_gt(by_flow, 800);
}
END_TEST

/* Near the bound, which knows neither smallest powers nor batteries near full. */
START_TEST(real_plans_are_sound_and_come_close)
{
	struct depot d;
	uint64_t s = 32;
	double gap = 0, energy = 0;
	int ready = 0;

	for (int run = 0; run < 6000; run++) {
		random_depot(&d, &s, false);
		d.in.first_s = run % 3 ? 0 : 1 + run * 37 % d.in.slot_s; /* slot 0 has begun */
		depot_solve(&d);
		ck_assert_int_ge(d.plan->gap, 0);
		if (d.plan->short_wh == 0 && d.plan->need_wh > 0) {
			ready++;
			gap += (double)d.plan->gap;
			energy += (double)d.plan->need_wh / 1000;
		}
		depot_finish(&d);
	}
	printf("plan: %d depots, gap %.2f ct/kWh\n", ready, gap / energy / 1e4);
	ck_assert_int_gt(ready, 100);
	ck_assert_double_lt(gap, 10000 * energy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_cost");
	TCase *c = tcase_create("cost");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, charges_when_it_is_cheap);
	tcase_add_test(c, a_limit_has_its_worth);
	tcase_add_test(c, what_is_missing_is_no_money);
	tcase_add_test(c, readiness_goes_before_money);
	tcase_add_test(c, one_that_should_have_left_waits_for_no_price);
	tcase_add_test(c, nothing_or_the_smallest_power);
	tcase_add_test(c, a_price_in_parts);
	tcase_add_test(c, a_peak_costs_too);
	tcase_add_test(c, bad_prices_give_no_plan);
	tcase_add_test(c, vans_charge_without_many_pauses);
	tcase_add_test(c, least_powers_raise_the_peak_by_little);
	tcase_add_test(c, plans_without_minimum_or_taper_are_exact);
	tcase_add_test(c, real_plans_are_sound_and_come_close);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
