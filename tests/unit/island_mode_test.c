#include "scheduler/island.h"

#include <check.h>

static const struct island_config cfg = {
	.gone_ms = 3000, .back_ms = 300000, .spread_ms = 4 * 3600000, .margin_pm = 100};
static struct island i;
static struct island_out out;
static struct island_in in;

static void setup(void)
{
	island_init(&i, &cfg);
	in = (struct island_in){
		.grid = ISLAND_GRID_THERE,
		.has_store = true,
		.energy_wh = 200000,
		.reserve_wh = 40000,
		.store_max_w = 100000,
		.pv_w = 10000,
		.load_w = 15000,
	};
}

static void step(int64_t now_s, enum island_grid grid)
{
	in.now_ms = now_s * 1000;
	in.grid = grid;
	island_step(&i, &in, &out);
}

static void go_island(void)
{
	step(0, ISLAND_GRID_THERE);
	step(10, ISLAND_GRID_GONE);
	step(13, ISLAND_GRID_GONE);
}

START_TEST(a_blink_is_no_island)
{
	step(0, ISLAND_GRID_THERE);
	step(1, ISLAND_GRID_GONE);
	step(3, ISLAND_GRID_GONE);
	ck_assert(!out.is_island);
	step(4, ISLAND_GRID_THERE);
	step(5, ISLAND_GRID_GONE);
	step(7, ISLAND_GRID_GONE);
	ck_assert(!out.is_island && !out.began);
	step(8, ISLAND_GRID_GONE);
	ck_assert(out.is_island && out.began);
	step(9, ISLAND_GRID_GONE);
	ck_assert(out.is_island && !out.began);
}
END_TEST

START_TEST(without_stores_there_is_nothing_to_control)
{
	in.has_store = false;
	go_island();
	ck_assert(!out.is_island);
}
END_TEST

START_TEST(vehicles_get_what_is_left)
{
	go_island();
	ck_assert_int_eq(out.feed_w, 40000 + 10000); /* 160 kWh in 4 h, and PV */
	ck_assert_int_eq(out.limit_w, 45000);
	ck_assert_int_eq(out.evse_w, 30000);
	in.store_max_w = 20000;
	step(14, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.feed_w, 30000);
	in.load_w = 90000;
	step(15, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.evse_w, 0);
}
END_TEST

/* A night on stores alone, drawn to the limit: the reserve is kept. */
START_TEST(reserve_is_never_touched_by_charging)
{
	int64_t energy_ws = in.energy_wh * 3600;

	in.pv_w = 0;
	in.load_w = 0;
	go_island();
	for (int s = 14; s < 16 * 3600; s++) {
		in.energy_wh = energy_ws / 3600;
		step(s, ISLAND_GRID_GONE);
		energy_ws -= out.evse_w;
	}
	ck_assert_int_ge(energy_ws / 3600, in.reserve_wh);
	ck_assert_int_lt(energy_ws / 3600, in.reserve_wh + 8000);
	ck_assert_int_ge(out.evse_w, 0);
}
END_TEST

START_TEST(return_waits_until_the_grid_stays)
{
	go_island();
	step(100, ISLAND_GRID_THERE);
	ck_assert(out.is_island);
	step(200, ISLAND_GRID_GONE);
	step(300, ISLAND_GRID_THERE);
	step(599, ISLAND_GRID_THERE);
	ck_assert(out.is_island && !out.ended);
	ck_assert_str_eq(island_state_name(i.state), "returning");
	step(600, ISLAND_GRID_THERE);
	ck_assert(!out.is_island && out.ended);
}
END_TEST

/* The grid may go again, and the stores feed the house again. */
START_TEST(return_gives_vehicles_no_more_than_the_island_did)
{
	int64_t given_w;

	go_island();
	given_w = out.evse_w;
	ck_assert_int_gt(given_w, 0);
	in.load_w = 0; /* as it looks when the grid feeds the house */
	step(100, ISLAND_GRID_THERE);
	ck_assert_int_eq(out.evse_w, given_w);
	step(399, ISLAND_GRID_THERE);
	ck_assert_int_eq(out.evse_w, given_w);
	in.load_w = 15000 + 2000; /* the house draws more meanwhile */
	step(399, ISLAND_GRID_THERE);
	ck_assert_int_eq(out.evse_w, given_w - 2000);
}
END_TEST

START_TEST(a_wrong_moment_is_not_what_the_island_gave)
{
	int64_t given_w;

	go_island();
	given_w = out.evse_w;
	in.load_w += 9000; /* a vehicle that rises looks like load till its charger tells */
	step(20, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.evse_w, given_w - 9000);
	in.load_w -= 9000;
	for (int now_s = 21; now_s < 30; now_s++)
		step(now_s, ISLAND_GRID_THERE);
	ck_assert_int_eq(out.evse_w, given_w);
}
END_TEST

/* A charger tells that it draws before the meters show it: no other rises into that. */
START_TEST(load_that_falls_must_stay_so)
{
	int64_t given_w;

	go_island();
	given_w = out.evse_w;
	in.load_w -= 2700;
	step(14, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.evse_w, given_w);
	in.load_w += 2700;
	step(15, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.evse_w, given_w);
	in.load_w -= 2700;
	for (int now_s = 16; now_s < 24; now_s++)
		step(now_s, ISLAND_GRID_GONE);
	ck_assert_int_eq(out.evse_w, given_w + 2700);
}
END_TEST

START_TEST(not_to_know_changes_nothing)
{
	step(0, ISLAND_GRID_UNKNOWN);
	step(1000, ISLAND_GRID_UNKNOWN);
	ck_assert(!out.is_island);
	step(2000, ISLAND_GRID_GONE);
	step(2003, ISLAND_GRID_GONE);
	step(9000, ISLAND_GRID_UNKNOWN);
	ck_assert(out.is_island);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("island_mode");
	TCase *t = tcase_create("island_mode");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_blink_is_no_island);
	tcase_add_test(t, without_stores_there_is_nothing_to_control);
	tcase_add_test(t, vehicles_get_what_is_left);
	tcase_add_test(t, reserve_is_never_touched_by_charging);
	tcase_add_test(t, return_waits_until_the_grid_stays);
	tcase_add_test(t, return_gives_vehicles_no_more_than_the_island_did);
	tcase_add_test(t, a_wrong_moment_is_not_what_the_island_gave);
	tcase_add_test(t, load_that_falls_must_stay_so);
	tcase_add_test(t, not_to_know_changes_nothing);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
