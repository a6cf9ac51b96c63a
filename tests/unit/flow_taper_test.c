/* What is planned can be delivered: a battery that follows the plan takes all of it. */
#include <check.h>
#include <stdlib.h>
#include "scheduler/flow_taper.h"
#include "tests/unit/flow_depots.h"

#define PER_CASE 100
#define CASES    10
#define SLOT_S   900

static struct flow_depot d;
static struct depot_rng r;
static struct battery battery[100];
static int64_t stored_mj[100];
static unsigned long long seed;

static void begin(int size, int slots)
{
	flow_depot_make(&d, seed, size, slots);
	r.s = seed * 19 + 5;
	for (int i = 0; i < d.in.n; i++) {
		int64_t wh = depot_between(&r, 0, 5) ? depot_between(&r, 2000, 80000) : 0;

		battery[i] = battery_default(wh, depot_between(&r, 3000, 22000));
		stored_mj[i] = wh * 3600000 / 100 * depot_between(&r, 0, 100);
	}
}

static void check_deliverable(const struct flow *f)
{
	for (int i = 0; i < d.in.n; i++) {
		int64_t stored = stored_mj[i];

		for (int t = 0; t < d.in.slots; t++) {
			int32_t w = flow_w(f, i, t);
			int64_t drawn = battery_charge(&battery[i], &stored, w, SLOT_S);

			ck_assert_msg(drawn == (int64_t)w * SLOT_S,
				"seed %llu: vehicle %d, slot %d: %d W, takes %lld W·s", seed, i, t,
				w, (long long)drawn);
		}
	}
}

START_TEST(all_is_deliverable)
{
	int64_t cut = 0, need = 0;

	for (int n = 0; n < PER_CASE; n++) {
		struct flow_taper t = {
			.battery = battery, .stored_mj = stored_mj, .slot_s = SLOT_S, .passes = 12};
		struct flow_fault fault = {0};
		struct flow *f;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		begin(seed % 7 ? 12 : 90, seed % 11 ? 20 : 100);
		f = flow_create(&d.in);
		ck_assert_int_eq(flow_taper(f, &d.in, &t), 0);
		ck_assert_msg(flow_check(f, &d.in, &fault), "seed %llu: %s", seed, fault.what);
		ck_assert(flow_cost(f) >= t.bound && t.solves <= 13);
		check_deliverable(f);
		cut += t.cut;
		for (int i = 0; i < d.in.n; i++)
			need += d.vehicles[i].need;
		flow_destroy(f);
		flow_depot_finish(&d);
	}
	/* What the last pass takes away is next to nothing. */
	ck_assert_msg(cut * 2000 <= need, "%lld of %lld", (long long)cut, (long long)need);
}
END_TEST

/* 10 kWh up to full from 80 % of 50 kWh: by the curve 11 kW fall evenly to 0.55 kW. */
START_TEST(last_part_takes_its_time)
{
	static const int parent[] = {-1};
	enum { SLOTS = 24 };
	int32_t cap[SLOTS];
	struct flow_part price[SLOTS];
	const struct battery b = battery_default(50000, 11000);
	const int64_t at = (int64_t)40000 * 3600000;
	const struct flow_vehicle van = {.to = SLOTS,
		.max_w = 11000,
		.need = 40000, /* 10 kWh */
		.tiers = 1,
		.tier = {{INT64_MAX, 1000}}};
	const struct flow_input in = {SLOTS, 1, parent, cap, 1, price, 1, &van, 1, 0};
	struct flow_taper t = {.battery = &b, .stored_mj = &at, .slot_s = SLOT_S, .passes = 12};
	struct flow *f;
	int last = 0;

	for (int s = 0; s < SLOTS; s++) {
		cap[s] = 22000;
		price[s] = (struct flow_part){100 + s, FLOW_POWER_MAX};
	}
	f = flow_create(&in);
	ck_assert_int_eq(flow_solve(f), 0);
	ck_assert_int_eq(flow_w(f, 0, 4), 0); /* an hour, if it did not taper */
	ck_assert_int_eq(flow_taper(f, &in, &t), 0);
	for (int s = 0; s < SLOTS; s++)
		last = flow_w(f, 0, s) ? s : last;
	ck_assert_int_gt(last, 6);
	ck_assert_int_le(flow_missing(f, 0), 40);
	ck_assert_int_gt(flow_w(f, 0, 0), flow_w(f, 0, 3));
	flow_destroy(f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_taper");
	TCase *t = tcase_create("flow_taper");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, all_is_deliverable, 0, CASES);
	tcase_add_test(t, last_part_takes_its_time);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
