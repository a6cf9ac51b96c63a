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
	open_interval_count(&o, START_MS, 300, SLOTS, &d->prices, load_w);
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

	open_interval_count(&o, START_MS, 300, 1, &none, &load);
	none.demands = 1;
	open_interval_count(&o, START_MS, 300, 1, &none, &load);
	o.begin_ms -= 900001;
	o.end_ms -= 900001;
	open_interval_count(&o, START_MS, 300, 1, &none, &load);
	ck_assert_int_eq(load, 5000);
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
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
