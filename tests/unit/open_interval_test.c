/* What the meter's open interval has seen already counts in the plan: its mean ends at the peak that is
 * paid for, whatever came before. */
#include "scheduler/open_interval.h"
#include "tests/unit/grid_random.h"
#include "tests/unit/plan_depot.h"

#define SLOTS 12
#define PAID  10000

static struct grid_row rows[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 60000},
	{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 22000},
};

static int32_t load_w[SLOTS];

/* A van that takes all it can have in an hour, 5 kW of load, quarters of an hour that begin five minutes
 * ago; the peak is dear, and PAID is paid for. */
static void make(struct depot *d, int64_t mean_w, int64_t past_min)
{
	struct open_interval o = {
		START_MS - past_min * 60000, START_MS + (15 - past_min) * 60000, mean_w};

	depot_use_rows(d, rows, 2, SLOTS);
	d->in.slot_s = 300;
	for (int t = 0; t < SLOTS; t++) {
		d->part[t] = (struct flow_part){100000, FLOW_POWER_MAX};
		load_w[t] = 5000;
	}
	d->prices = (struct plan_prices){.parts = 1,
		.part = d->part,
		.demands = 1,
		.demand = {{NULL, 100000000, PAID}},
		.load_w = load_w};
	d->in.prices = &d->prices;
	open_interval_count(&o, START_MS, START_MS, 300, SLOTS, &d->prices, load_w);
	depot_add_van(d, 0, 1, 3000)->worth = 1000000;
	depot_solve(d);
}

static int64_t interval_w(const struct depot *d, int64_t mean_w, int past)
{
	int64_t sum = mean_w * past;

	for (int t = 0; t < 3 - past; t++)
		sum += 5000 + depot_w(d, 0, t);
	return sum / 3;
}

START_TEST(much_was_drawn)
{
	struct depot d;

	make(&d, 14000, 5);
	ck_assert_int_eq(d.prices.demand[0].paid_w, PAID);
	ck_assert_int_eq(depot_w(&d, 0, 0), 3000);
	ck_assert_int_eq(interval_w(&d, 14000, 1), PAID);
	for (int t = 2; t < 5; t++)
		ck_assert_int_le(depot_w(&d, 0, t), PAID - 5000);
	depot_finish(&d);
}
END_TEST

START_TEST(little_was_drawn)
{
	struct depot d;

	make(&d, 1000, 10);
	ck_assert_int_eq(depot_w(&d, 0, 0), 22000);
	ck_assert_int_le(interval_w(&d, 1000, 2), PAID);
	ck_assert_int_le(depot_w(&d, 0, 1), PAID - 5000);
	depot_finish(&d);
}
END_TEST

START_TEST(what_cannot_be_undone_is_paid_for)
{
	struct depot d;

	make(&d, 40000, 10);
	ck_assert_int_eq(d.prices.demand[0].paid_w, (40000 * 2 + 5000) / 3);
	ck_assert_int_eq(depot_w(&d, 0, 0), 0);
	ck_assert_int_gt(depot_w(&d, 0, 1), PAID - 5000);
	ck_assert_int_le(interval_w(&d, 40000, 2), d.prices.demand[0].paid_w);
	depot_finish(&d);
}
END_TEST

/* Seven minutes are over, eight are left: the second slot lies in two intervals. */
START_TEST(a_slot_in_two_intervals_keeps_both)
{
	struct depot d;

	make(&d, 1000, 7);
	ck_assert_int_gt(depot_w(&d, 0, 0), PAID - 5000);
	ck_assert_int_le(depot_w(&d, 0, 1), PAID - 5000);
	depot_finish(&d);
}
END_TEST

START_TEST(another_time_changes_nothing)
{
	struct plan_prices none = {.parts = 1};
	struct open_interval o = {START_MS + 1, START_MS + 900001, 14000};
	int32_t load = 5000;

	open_interval_count(&o, START_MS, START_MS, 300, 1, &none, &load);
	none.demands = 1;
	open_interval_count(&o, START_MS, START_MS, 300, 1, &none, &load);
	o.begin_ms -= 900001;
	o.end_ms -= 900001;
	open_interval_count(&o, START_MS, START_MS, 300, 1, &none, &load);
	ck_assert_int_eq(load, 5000);
}
END_TEST

#define QUARTER_S 900

/* A quarter of an hour that began five minutes ago; a van that leaves at its end would take more than
 * 5 kW until then, but not at any price. The plan's slots are quarters too, and begin with it or now. */
static void make_quarters(struct depot *d, bool is_aligned)
{
	const int64_t quarter_ms = START_MS - START_MS % (QUARTER_S * 1000);
	const int64_t now_ms = quarter_ms + 300000;
	struct open_interval o = {quarter_ms, quarter_ms + QUARTER_S * 1000, PAID};
	struct plan_vehicle *v;

	depot_use_rows(d, rows, 2, 4);
	d->in.slot_s = QUARTER_S;
	d->in.start_ms = is_aligned ? quarter_ms : now_ms;
	d->in.first_s = is_aligned ? QUARTER_S - 300 : 0;
	for (int t = 0; t < 4; t++) {
		d->part[t] = (struct flow_part){100000, FLOW_POWER_MAX};
		load_w[t] = 5000;
	}
	d->prices = (struct plan_prices){.parts = 1,
		.part = d->part,
		.demands = 1,
		.demand = {{NULL, 100000000, PAID}},
		.load_w = load_w};
	d->in.prices = &d->prices;
	open_interval_count(&o, now_ms, d->in.start_ms, QUARTER_S, 4, &d->prices, load_w);
	v = depot_add_van(d, 0, 0, 3000);
	v->worth = 1000000;
	v->from_ms = now_ms;
	v->depart_ms = o.end_ms;
	depot_solve(d);
}

/* The mean of the quarter when it ends. */
static int64_t quarter_w(const struct depot *d)
{
	return (PAID * 300 + (5000 + depot_w(d, 0, 0)) * 600) / QUARTER_S;
}

START_TEST(slots_that_end_with_the_interval_keep_its_mean)
{
	struct depot d;

	make_quarters(&d, true);
	ck_assert_int_eq(d.plan->demand_cost, 0);
	ck_assert_int_gt(quarter_w(&d), PAID - 10);
	ck_assert_int_le(quarter_w(&d), PAID);
	depot_finish(&d);
	/* None of its slots ends in time: the van counts as late, for which no price is too high. */
	make_quarters(&d, false);
	ck_assert_int_gt(quarter_w(&d), PAID * 5 / 4);
	depot_finish(&d);
}
END_TEST

/* What the first part of the quarter left is there for its rest. */
START_TEST(the_rest_of_a_slot_may_have_more_power)
{
	struct depot d;
	struct open_interval o = {START_MS - 600000, START_MS + 300000, 4000};

	make_quarters(&d, true);
	plan_destroy(d.plan);
	d.plan = NULL;
	d.in.start_ms = START_MS - 600000;
	d.in.first_s = 300;
	d.van[0].from_ms = START_MS;
	d.van[0].depart_ms = START_MS + 300000;
	d.van[0].need_wh = 17000 * 300 / 3600;
	for (int t = 0; t < 4; t++)
		load_w[t] = 5000;
	open_interval_count(&o, START_MS, d.in.start_ms, QUARTER_S, 4, &d.prices, load_w);
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_eq(d.plan->demand_cost, 0);
	ck_assert_int_ge(depot_w(&d, 0, 0), 16990);
	ck_assert_int_le(depot_w(&d, 0, 0), 17000); /* 10 min of 4 kW, 5 min of 22 kW: 10 kW */
	depot_finish(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("open_interval");
	TCase *t = tcase_create("open_interval");
	SRunner *runner;
	int failed;

	tcase_add_test(t, much_was_drawn);
	tcase_add_test(t, little_was_drawn);
	tcase_add_test(t, what_cannot_be_undone_is_paid_for);
	tcase_add_test(t, a_slot_in_two_intervals_keeps_both);
	tcase_add_test(t, another_time_changes_nothing);
	tcase_add_test(t, slots_that_end_with_the_interval_keep_its_mean);
	tcase_add_test(t, the_rest_of_a_slot_may_have_more_power);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
