/*
 * Among plans that cost the same the one in force wins: who charges goes on charging.
 */
#include <check.h>
#include <stdlib.h>

#include "scheduler/plan.h"
#include "tests/unit/plan_depot.h"

#define SLOTS 12

/* Room for one of two. */
static const struct grid_row pair[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 7000},
	{.id = "e0", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	{.id = "e1", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
};

static void set_up(struct depot *d, int64_t need_0, int64_t need_1)
{
	depot_use_rows(d, pair, 3, SLOTS);
	d->in.calm_pm = 5;
	depot_add_van(d, 0, SLOTS, need_0);
	depot_add_van(d, 1, SLOTS, need_1);
}

static void use_prices(struct depot *d, bool has_peak)
{
	static const int32_t cents[SLOTS] = {20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 30};

	depot_price(d, cents);
	if (!has_peak)
		return;
	d->prices.demands = 1;
	d->prices.demand[0] = (struct plan_demand){.price = 10000000};
}

/* By the plain rule, by prices, with a demand charge; and whoever of the two it is, with a little more
 * or less to get than the other. */
START_TEST(who_charges_goes_on)
{
	int on = _i % 2, with = _i / 2 % 3;
	int64_t more = _i / 6 ? 300 : -300;
	struct depot d;

	set_up(&d, 30000, 30000 + more);
	if (with)
		use_prices(&d, with == 2);
	d.van[on].now_w = 7000;
	depot_solve(&d);
	ck_assert_int_gt(depot_w(&d, on, 0), 0);
	ck_assert_int_eq(depot_w(&d, 1 - on, 0), 0);
	ck_assert_int_gt(depot_w(&d, on, 1), 0); /* a plan may come late */
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

/* Too little for both: what they miss together stays what it is without a plan in force. */
START_TEST(all_miss_no_more_by_it)
{
	int64_t least;
	struct depot d;

	set_up(&d, 45000, 46000);
	depot_solve(&d);
	least = d.plan->short_wh;
	ck_assert_int_gt(least, 6000);
	d.van[_i].now_w = 7000;
	depot_solve(&d);
	ck_assert_int_gt(depot_w(&d, _i, 0), 0);
	ck_assert_int_eq(depot_w(&d, 1 - _i, 0), 0);
	ck_assert_int_le(d.plan->short_wh, least + 10);
	depot_finish(&d);
}
END_TEST

/* It is no right to stay: who must charge now does. */
START_TEST(who_leaves_soon_goes_first)
{
	struct depot d;

	set_up(&d, 30000, 21000);
	if (_i)
		use_prices(&d, true);
	d.van[0].now_w = 7000;
	d.van[1].depart_ms = START_MS + 3 * HOUR_MS;
	depot_solve(&d);
	for (int t = 0; t < 3; t++)
		ck_assert_int_eq(depot_w(&d, 1, t), 7000);
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

/* … nor does the more important one wait, where only one gets what it needs. */
START_TEST(who_is_more_important_is_not_left_short)
{
	struct depot d;

	set_up(&d, 56000, 56000);
	d.van[0].now_w = 7000;
	d.van[1].priority = 1;
	depot_solve(&d);
	ck_assert_int_eq(d.plan->outcome[1].short_wh, 0);
	ck_assert_int_gt(d.plan->outcome[0].short_wh, 20000);
	depot_finish(&d);
}
END_TEST

/* Room for all of them with less than they can take: the room has become less, and nobody pauses. */
START_TEST(room_that_is_less_is_shared)
{
	static const struct grid_row row[] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 14000},
		{.id = "e0", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "e1", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "e2", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	};
	struct depot d;

	depot_use_rows(&d, row, 4, SLOTS);
	d.in.calm_pm = 5;
	for (int i = 0; i < 3; i++) {
		depot_add_van(&d, i, SLOTS, 30000 + 500 * ((i + _i) % 3));
		d.van[i].now_w = 5500;
	}
	use_prices(&d, false);
	depot_solve(&d);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_ge(depot_w(&d, i, 0), 4140);
		ck_assert_int_ge(depot_w(&d, i, 1), 4140);
	}
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

/* Who waits for a cheaper time does wait. */
START_TEST(a_cheaper_time_is_waited_for)
{
	static const int32_t cents[SLOTS] = {30, 30, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20};
	struct depot d;

	set_up(&d, 15000, 15000);
	depot_price(&d, cents);
	d.van[0].now_w = 7000;
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 0), 0);
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan_keep");
	TCase *t = tcase_create("plan_keep");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, who_charges_goes_on, 0, 12);
	tcase_add_loop_test(t, all_miss_no_more_by_it, 0, 2);
	tcase_add_loop_test(t, who_leaves_soon_goes_first, 0, 2);
	tcase_add_test(t, who_is_more_important_is_not_left_short);
	tcase_add_loop_test(t, room_that_is_less_is_shared, 0, 3);
	tcase_add_test(t, a_cheaper_time_is_waited_for);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
