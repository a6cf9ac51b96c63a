/* Plans where each phase has a limit of its own, or two may not differ too much. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/grid_random.h"
#include "tests/unit/plan_depot.h"

#define VANS  12
#define SLOTS 24

static const uint8_t on_l1[] = {6, 0, 0}, on_l2[] = {0, 6, 0}, on_all[] = {2, 2, 2},
		     on_any[] = {6, 6, 6}, on_two[] = {3, 3, 0};

/* One feeder of `feeder_ma` a phase, three EVSEs of 32 A. */
static void use_feeder(struct depot *d, int32_t feeder_ma, int32_t imbalance_ma, int slots)
{
	const struct grid_row rows[] = {
		{.id = "site",
			.kind = GRID_SITE,
			.rated = true,
			.rating_w = 69000,
			.electric = {.phase_ma = feeder_ma, .imbalance_ma = imbalance_ma}},
		{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 22080, .min_w = 1380},
		{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 22080, .min_w = 1380},
		{.id = "c", .parent = "site", .kind = GRID_EVSE, .max_w = 22080, .min_w = 1380},
	};

	depot_use_rows(d, rows, 4, slots);
}

static struct plan_vehicle *add_van(
	struct depot *d, int evse, int leaves_h, int64_t need_wh, const uint8_t sixths[3])
{
	struct plan_vehicle *v = depot_add_van(d, evse, leaves_h, need_wh);

	v->is_exact = true;
	memcpy(v->sixths, sixths, 3);
	v->max_w = sixths == on_l1 || sixths == on_l2 ? 7360 : 0;
	return v;
}

/* 16 A on L1 are 3.7 kW for all of them together, though the three phases have 11. */
START_TEST(one_phase_is_full)
{
	struct depot d;

	use_feeder(&d, 16000, 0, 2);
	add_van(&d, 0, 2, 7360, on_l1);
	add_van(&d, 1, 2, 7360, on_l1);
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 2 * 7360 - 2 * 3680);
	ck_assert_int_eq(d.plan->outcome[1].why, GRID_SOURCE_PHASE);
	ck_assert_int_eq(d.plan->outcome[1].why_node, 0);
	d.van[1].sixths[0] = 0;
	d.van[1].sixths[1] = 6;
	depot_solve(&d);
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

/* All on three phases: the phases are the whole, and what holds them is still named. */
START_TEST(three_phase_vans_share_a_phase_limit)
{
	struct depot d;

	use_feeder(&d, 16000, 0, 2);
	add_van(&d, 0, 2, 30000, on_all);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 0), 3 * 3680);
	ck_assert_int_eq(d.plan->outcome[0].why, GRID_SOURCE_PHASE);
	ck_assert_int_eq(d.plan->short_wh, 30000 - 2 * 3 * 3680);
	depot_finish(&d);
}
END_TEST

/* 20 A between two phases are 4.6 kW; with a van on L2 beside it both may go on. */
START_TEST(phases_may_not_differ_too_much)
{
	struct depot d;

	use_feeder(&d, 63000, 20000, 2);
	add_van(&d, 0, 2, 14720, on_l1);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 0), 4600);
	ck_assert_int_eq(d.plan->outcome[0].why, GRID_SOURCE_IMBALANCE);
	add_van(&d, 1, 2, 14720, on_any)->is_exact = false; /* balances nothing for certain */
	depot_solve(&d);
	ck_assert_int_le(depot_w(&d, 0, 0), 4600);
	depot_finish(&d);
}
END_TEST

/* The cheap hour is worth something on each phase of its own. */
START_TEST(prices_by_phase)
{
	static const int32_t cents[] = {30, 10, 30};
	struct depot d;

	use_feeder(&d, 32000, 0, 3);
	depot_price(&d, cents);
	add_van(&d, 0, 3, 7360, on_l1);
	add_van(&d, 1, 3, 7360, on_l1);
	add_van(&d, 2, 3, 7360, on_l2);
	depot_solve(&d);
	ck_assert(!d.plan->by_rule);
	ck_assert_int_eq(depot_w(&d, 0, 1) + depot_w(&d, 1, 1), 7360);
	ck_assert_int_eq(depot_w(&d, 2, 1), 7360);
	ck_assert_int_eq(d.plan->short_wh, 0);
	ck_assert_int_ge(d.plan->gap, 0);
	ck_assert_int_le(d.plan->gap, d.plan->cost / 100);
	/* A kW more, a third of it on L1, would move a third of a kWh by 20 ct. */
	ck_assert_int_ge(d.plan->worth[0], 60000);
	ck_assert_int_le(d.plan->worth[0], 70000);
	depot_finish(&d);
}
END_TEST

START_TEST(a_peak_counts_beside_phases)
{
	static const int32_t cents[] = {10, 10, 10, 10};
	struct depot d;

	use_feeder(&d, 32000, 0, 4);
	depot_price(&d, cents);
	d.prices.demands = 1;
	d.prices.demand[0] = (struct plan_demand){NULL, 10000000, 0};
	add_van(&d, 0, 4, 8000, on_l1);
	add_van(&d, 1, 4, 24000, on_all);
	depot_solve(&d);
	for (int t = 0; t < 4; t++)
		ck_assert_int_le(depot_w(&d, 0, t) + depot_w(&d, 1, t), 8200);
	ck_assert_int_eq(d.plan->short_wh, 0);
	depot_finish(&d);
}
END_TEST

/* Envelopes may limit the current of each phase later in the night. */
START_TEST(an_envelope_of_phases)
{
	struct depot d;

	use_feeder(&d, 63000, 0, 3);
	ck_assert_int_eq(
		plan_caps_lower_phases(&d.caps, d.tree, 0, 1, 2, 10000, GRID_SOURCE_ENVELOPE), 0);
	add_van(&d, 0, 3, 22080, on_l1);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 0), 7360);
	ck_assert_int_eq(depot_w(&d, 0, 1), 2300);
	ck_assert_int_eq(d.plan->source[1], GRID_SOURCE_ENVELOPE);
	plan_caps_add(&d.caps, 0, 3000);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 1), 3300);
	depot_finish(&d);
}
END_TEST

static const uint8_t *const patterns[] = {on_l1, on_l2, on_all, on_any, on_two};

static void random_depot(struct depot *d, uint64_t *s)
{
	static char ids[VANS][4];
	struct grid_row rows[3 + VANS] = {
		{.id = "site",
			.kind = GRID_SITE,
			.rated = true,
			.rating_w = (int32_t)random_in(s, 5, 100) * 1000,
			.reserve_w = random_chance(s, 30) ? 1500 : 0,
			.electric = {.imbalance_ma = random_chance(s, 50) ? 20000 : 0}},
		{.id = "F",
			.parent = "site",
			.kind = GRID_FEEDER,
			.electric = {.phase_ma = (int32_t)random_in(s, 6, 80) * 1000}},
		{.id = "G",
			.parent = random_chance(s, 50) ? "F" : "site",
			.kind = GRID_GROUP,
			.electric = {.phase_ma = random_chance(s, 50) ? 25000 : 0}},
	};
	int evses = (int)random_in(s, 1, VANS - 1), slots = (int)random_in(s, 1, SLOTS);

	for (int e = 0; e < evses; e++) {
		struct grid_row *r = &rows[3 + e];

		snprintf(ids[e], sizeof ids[e], "%c", 'a' + e);
		*r = (struct grid_row){.id = ids[e],
			.parent = random_chance(s, 50) ? "F" : "G",
			.kind = GRID_EVSE,
			.max_w = (int32_t)random_in(s, 3, 22) * 1000,
			.min_w = random_chance(s, 50) ? 1380 : 0,
			.tail_w = random_chance(s, 30) ? 1380 : 0};
		memcpy(r->electric.sixths, patterns[random_in(s, 0, 3)], 3);
	}
	depot_use_rows(d, rows, 3 + evses, slots);
	if (random_chance(s, 70))
		for (int t = 0; t < slots; t++)
			d->part[t] = (struct flow_part){
				(int32_t)random_in(s, -50, 400) * 1000, FLOW_POWER_MAX};
	d->prices = (struct plan_prices){.parts = 1, .part = d->part};
	d->prices.demands = random_chance(s, 30);
	d->prices.demand[0] = (struct plan_demand){NULL, random_in(s, 0, 9) * 1000000, 0};
	d->in.prices = &d->prices;
	d->in.slot_s = random_chance(s, 50) ? 900 : 3600;
	d->in.n = (int)random_in(s, 1, VANS);
	for (int i = 0; i < d->in.n; i++) {
		struct plan_vehicle *v = &d->van[i];
		int64_t span = (int64_t)slots * d->in.slot_s * 1000;

		v->evse = (int)random_in(s, 0, evses - 1);
		v->battery = battery_default(random_in(s, 5000, 100000), 50000);
		v->stored_wh = random_in(s, 0, v->battery.capacity_wh);
		v->from_ms = START_MS + random_in(s, -HOUR_MS, random_chance(s, 50) ? 0 : span);
		v->depart_ms = v->from_ms + random_in(s, 1, span * 5 / 4);
		v->need_wh = random_in(s, 0, 4 * span / 3600);
		v->priority = (int)random_in(s, 0, 9);
		v->worth = random_chance(s, 20) ? (int32_t)random_in(s, 1, 400) * 1000 : 0;
		memcpy(v->sixths, patterns[random_in(s, 0, 4)], 3);
		v->is_exact = v->sixths[1] != 6 && random_chance(s, 80);
	}
}

START_TEST(every_plan_is_sound)
{
	struct depot d;
	uint64_t s = 41;
	int by_flow = 0, by_phase = 0;

	for (int run = 0; run < 2500; run++) {
		struct plan *first;

		random_depot(&d, &s);
		d.in.first_s = run % 3 ? 0 : 1 + run * 37 % d.in.slot_s; /* slot 0 has begun */
		depot_solve(&d);
		ck_assert_int_ge(d.plan->gap, -1);
		by_flow += !d.plan->by_rule;
		for (int i = 0; i < d.in.n; i++)
			by_phase += d.plan->outcome[i].why == GRID_SOURCE_PHASE ||
				    d.plan->outcome[i].why == GRID_SOURCE_IMBALANCE;
		if (run % 50 == 0) {
			first = d.plan;
			d.plan = NULL;
			depot_solve(&d);
			ck_assert_mem_eq(d.plan->w, first->w,
				(size_t)d.in.n * (size_t)d.caps.slots * sizeof *first->w);
			plan_destroy(first);
		}
		depot_finish(&d);
	}
	ck_assert_int_gt(by_flow, 500);
	ck_assert_int_gt(by_phase, 500);
}
END_TEST

/* The checker knows phases by itself. */
START_TEST(the_checker_sees_phases)
{
	struct plan_fault f;
	struct depot d;

	use_feeder(&d, 16000, 0, 2);
	add_van(&d, 0, 2, 3680, on_l1);
	add_van(&d, 1, 2, 3680, on_l1);
	depot_solve(&d);
	memcpy(d.van[0].sixths, on_l2, 3);
	depot_solve(&d);
	ck_assert_int_eq(depot_w(&d, 0, 0) + depot_w(&d, 1, 0), 7360);
	memcpy(d.van[0].sixths, on_l1, 3);
	ck_assert(!plan_check(&d.in, d.plan, &f));
	ck_assert_str_eq(f.what, "phase above its limit");
	depot_finish(&d);
	use_feeder(&d, 63000, 20000, 2);
	add_van(&d, 0, 2, 7360, on_all);
	depot_solve(&d);
	memcpy(d.van[0].sixths, on_l1, 3);
	ck_assert(!plan_check(&d.in, d.plan, &f));
	ck_assert_str_eq(f.what, "phases too far apart");
	depot_finish(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_phases");
	TCase *c = tcase_create("phases");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, one_phase_is_full);
	tcase_add_test(c, three_phase_vans_share_a_phase_limit);
	tcase_add_test(c, phases_may_not_differ_too_much);
	tcase_add_test(c, prices_by_phase);
	tcase_add_test(c, a_peak_counts_beside_phases);
	tcase_add_test(c, an_envelope_of_phases);
	tcase_add_test(c, every_plan_is_sound);
	tcase_add_test(c, the_checker_sees_phases);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
