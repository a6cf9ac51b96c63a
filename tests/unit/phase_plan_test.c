/* The phase plan: each plan keeps every limit of every phase, and no plan is cheaper than its bound. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/phase_depots.h"

#define CASES    25
#define PER_CASE 90 /* CASES * PER_CASE: depots, each changed three times */

static struct phase_depot d;
static struct phase_plan *p;

static const struct phase_effort at_once = {0, 0, NULL, NULL};

static void prove(const char *when, const struct phase_effort *effort)
{
	struct phase_fault fault = {0};

	ck_assert_msg(phase_plan_solve(p, effort) == 0, "%s: no plan", when);
	ck_assert_msg(phase_plan_check(p, &d.in, &fault),
		"%s: %s: vehicle %d, node %d, slot %d, channel %d: %lld, not %lld", when,
		fault.what, fault.vehicle, fault.node, fault.slot, fault.channel,
		(long long)fault.got, (long long)fault.limit);
	ck_assert_msg(phase_plan_bound(p) <= phase_plan_cost(p), "%s: bound above the cost", when);
	ck_assert(!phase_plan_is_exact(p) || phase_plan_gap_ppm(p) == 0);
}

static void begin(const struct phase_depot_kind *k)
{
	phase_depot_make(&d, k);
	p = phase_plan_create(&d.in);
	ck_assert_ptr_nonnull(p);
}

static void end(void)
{
	phase_plan_destroy(p);
	phase_depot_finish(&d);
}

/* -- at random -------------------------------------------------------------------------------- */

START_TEST(random_depots_and_events)
{
	static const int shares[] = {0, 10, 30, 60, 100}, imbalances[] = {0, 4600, 20000, 1500};
	static const struct phase_effort some = {.iterations = 50};

	for (int k = 0; k < PER_CASE; k++) {
		uint64_t seed = (uint64_t)(_i * PER_CASE + k + 1);
		struct phase_depot_kind kind = {.seed = seed,
			.n = seed % 50 ? 9 + (int)(seed % 23) : 120,
			.slots = seed % 4 ? 24 : 37,
			.share_pct = shares[seed % 5],
			.rotation = (enum phase_rotation)(seed % 3),
			.imbalance_w = imbalances[seed / 5 % 4],
			.tightness = 0.5 + 0.25 * (double)(seed / 3 % 4),
			.has_unknown = seed % 2,
			.has_total = seed / 2 % 2,
			.parts = 1 + seed / 7 % 2};

		begin(&kind);
		prove("first plan", seed % 3 ? &some : &at_once);
		for (int event = 0; event < 3; event++) {
			phase_depot_change(&d, p);
			prove("after an event", event == 2 ? &some : &at_once);
		}
		end();
	}
}
END_TEST

/* -- small ones with a known answer ----------------------------------------------------------- */

/* Vans of one slot's prices; `unit` W is what one of the phases carries. */
static struct phase_vehicle van(int from, int to, int32_t w, int64_t need, int32_t price)
{
	struct phase_vehicle v = {.is_exact = true,
		.flow = {.from = from,
			.to = to,
			.max_w = w,
			.need = need,
			.tiers = 1,
			.tier = {{INT64_MAX, price}}}};

	memset(v.sixths, 2, sizeof v.sixths);
	return v;
}

static struct phase_vehicle van_on(
	int phase, int from, int to, int32_t w, int64_t need, int32_t price)
{
	struct phase_vehicle v = van(from, to, w, need, price);

	memset(v.sixths, 0, sizeof v.sixths);
	v.sixths[phase] = 6;
	return v;
}

/* Three vans on one phase each, which may wait for another slot, and three on all phases, which may
 * not (docs/phases.md). In whole units one of the latter charges; with halves one and a half do. */
static void solve_triangle(int32_t unit)
{
	static const int parent[] = {-1};
	static int32_t limit[3][PHASE_CHANNELS], off[3];
	static const struct flow_part price[] = {
		{1, FLOW_POWER_MAX}, {1, FLOW_POWER_MAX}, {1, FLOW_POWER_MAX}};
	static struct phase_vehicle vans[6];
	static const struct phase_effort all = {.iterations = 3200};

	for (int t = 0; t < 3; t++) {
		for (int c = 0; c < PHASE_CHANNELS; c++)
			limit[t][c] = FLOW_POWER_MAX;
		limit[t][PHASE_L1 + t] = limit[t][PHASE_L1 + (t + 1) % 3] = unit;
		vans[t] = van(t, t + 1, 3 * unit, 3 * unit, 100);
		vans[3 + t] = van_on(t, 0, 3, unit, unit, 1000);
	}
	/* L1 may charge in slots 0 and 2, L2 in 0 and 1, L3 in 1 and 2. */
	for (int t = 0; t < 3; t++) {
		static int32_t most[3][3];

		for (int at = 0; at < 3; at++)
			most[t][at] = at == t || at == (t + 2) % 3 ? unit : 0;
		vans[3 + t].flow.most_w = most[t];
	}
	memset(off, 0, sizeof off);
	d.in = (struct phase_input){.slots = 3,
		.nodes = 1,
		.parent = parent,
		.limit_w = (const int32_t(*)[PHASE_CHANNELS])limit,
		.parts = 1,
		.price = price,
		.n = 6,
		.vehicles = vans};
	p = phase_plan_create(&d.in);
	prove("triangle", &all);
}

START_TEST(halves_where_they_are_best)
{
	int64_t missing = 0;

	solve_triangle(1000);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(phase_plan_missing(p, 3 + i), 0);
		missing += phase_plan_missing(p, i);
	}
	ck_assert_int_le(llabs(missing - 4500), 5);
	ck_assert_int_le(phase_plan_gap_ppm(p), 1000);
	phase_plan_destroy(p);
}
END_TEST

/* Where a W is all there is nothing can be halved: the bound stays apart from the best plan. */
START_TEST(no_halves_of_a_watt)
{
	int64_t missing = 0;

	solve_triangle(1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(phase_plan_missing(p, 3 + i), 0);
		missing += phase_plan_missing(p, i);
	}
	ck_assert_int_eq(missing, 6);
	ck_assert_int_le((int)phase_plan_bound(p), 3 + 450 + 5);
	ck_assert_int_ge((int)phase_plan_bound(p), 450);
	phase_plan_destroy(p);
}
END_TEST

static const int one_node[] = {-1};
static const int32_t ample[2][PHASE_CHANNELS] = {
	{FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX},
	{FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX}};
static const struct flow_part two_prices[] = {{100, FLOW_POWER_MAX}, {300, FLOW_POWER_MAX}};
static const int32_t imbalance_4600[] = {4600, 4600};

static void solve_small(struct phase_vehicle *vans, int n, const int32_t (*other_w)[3])
{
	static const struct phase_effort all = {.iterations = 1600};

	d.in = (struct phase_input){.slots = 2,
		.nodes = 1,
		.parent = one_node,
		.limit_w = ample,
		.imbalance_w = imbalance_4600,
		.other_w = other_w,
		.parts = 1,
		.price = two_prices,
		.n = n,
		.vehicles = vans};
	p = phase_plan_create(&d.in);
	ck_assert_ptr_nonnull(p);
	prove("small", &all);
}

START_TEST(imbalance_lowers_a_van_alone)
{
	struct phase_vehicle alone[] = {van_on(0, 0, 2, 7360, 7360, 9999)};

	solve_small(alone, 1, NULL);
	ck_assert_int_eq(phase_plan_w(p, 0, 0), 4600);
	ck_assert_int_eq(phase_plan_w(p, 0, 1), 7360 - 4600);
	ck_assert_int_le(phase_plan_gap_ppm(p), 100);
	/* One W more would be drawn at 100 and not at 300. */
	ck_assert_int_le(llabs(phase_plan_imbalance_price(p, 0) - 200), 1);
	ck_assert_int_eq(phase_plan_imbalance_price(p, 1), 0);
	phase_plan_destroy(p);
}
END_TEST

START_TEST(vans_on_three_phases_balance_each_other)
{
	struct phase_vehicle three[] = {van_on(0, 0, 2, 7360, 7360, 9999),
		van_on(1, 0, 2, 7360, 7360, 9999), van_on(2, 0, 2, 7360, 7360, 9999)};

	solve_small(three, 3, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_ge(phase_plan_w(p, i, 0), 7358); /* of 7360: in all but a rounding */
	ck_assert_int_le(phase_plan_gap_ppm(p), 1000);
	phase_plan_destroy(p);
}
END_TEST

/* What else loads the site counts; where it alone is too much nobody makes it worse. */
START_TEST(other_loads_count)
{
	static const int32_t other[2][3] = {{1000, 0, 0}, {6000, 0, 0}};
	struct phase_vehicle two[] = {
		van_on(0, 0, 2, 7360, 7360, 9999), van(0, 2, 11000, 22000, 9999)};

	solve_small(two, 2, other);
	ck_assert_int_eq(phase_plan_w(p, 0, 0), 3600);
	ck_assert_int_eq(phase_plan_w(p, 0, 1), 0);
	ck_assert_int_eq(phase_plan_w(p, 1, 1), 11000);
	phase_plan_destroy(p);
}
END_TEST

/* A van whose phase nobody knows may be on any, and balances no other. */
START_TEST(unknown_phase_counts_on_all)
{
	struct phase_vehicle two[] = {
		van_on(0, 0, 1, 3000, 3000, 9999), van_on(1, 0, 1, 3000, 3000, 9999)};

	memset(two[1].sixths, 6, sizeof two[1].sixths);
	two[1].is_exact = false;
	solve_small(two, 2, NULL);
	ck_assert_int_eq(phase_plan_w(p, 0, 0) + phase_plan_w(p, 1, 0), 4600);
	phase_plan_destroy(p);
}
END_TEST

/* At once, without the second layer: who misses what is worth more pushes a van of another pattern
 * aside, whatever came first. */
START_TEST(the_urgent_overtake_other_patterns)
{
	static const int32_t limit[2][PHASE_CHANNELS] = {
		{FLOW_POWER_MAX, 3000, 3000, 3000}, {FLOW_POWER_MAX, 0, 0, 0}};
	struct phase_vehicle two[] = {van(0, 2, 9000, 9000, 500), van_on(0, 0, 2, 3000, 0, 50000)};

	d.in = (struct phase_input){.slots = 2,
		.nodes = 1,
		.parent = one_node,
		.limit_w = limit,
		.parts = 1,
		.price = two_prices,
		.n = 2,
		.vehicles = two};
	p = phase_plan_create(&d.in);
	prove("alone", &at_once);
	ck_assert_int_eq(phase_plan_w(p, 0, 0), 9000);
	two[1].flow.need = 2000;
	ck_assert_int_eq(phase_plan_set_vehicle(p, 1, &two[1]), 0);
	prove("together", &at_once);
	ck_assert_int_eq(phase_plan_w(p, 1, 0), 2000);
	ck_assert_int_eq(phase_plan_w(p, 0, 0), 3000);
	phase_plan_destroy(p);
}
END_TEST

/* 3 W of a balanced van go through each W of a phase. */
START_TEST(limits_have_prices)
{
	static const int32_t limit[2][PHASE_CHANNELS] = {{FLOW_POWER_MAX, 3000, 2000, 3000},
		{FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX}};
	struct phase_vehicle vans[] = {van(0, 2, 9000, 9000, 5000), van_on(1, 0, 2, 1000, 0, 5000)};
	static const struct phase_effort all = {.iterations = 3200};

	d.in = (struct phase_input){.slots = 2,
		.nodes = 1,
		.parent = one_node,
		.limit_w = limit,
		.parts = 1,
		.price = two_prices,
		.n = 1,
		.vehicles = vans};
	p = phase_plan_create(&d.in);
	prove("exact", &all);
	ck_assert(phase_plan_is_exact(p));
	ck_assert_int_eq(phase_plan_limit_price(p, 0, PHASE_L2, 0), 600);
	ck_assert_int_eq(phase_plan_limit_price(p, 0, PHASE_L1, 0), 0);
	ck_assert_int_eq(phase_plan_limit_price(p, 0, PHASE_L2, 1), 0);
	phase_plan_destroy(p);
	d.in.n = 2;
	p = phase_plan_create(&d.in);
	prove("two patterns", &all);
	ck_assert(!phase_plan_is_exact(p));
	ck_assert_int_le(llabs(phase_plan_limit_price(p, 0, PHASE_L2, 0) - 600), 2);
	ck_assert_int_eq(phase_plan_limit_price(p, 0, PHASE_L1, 0), 0);
	phase_plan_destroy(p);
}
END_TEST

/* What must be drawn is drawn, or it is said that it does not fit. */
START_TEST(least_powers)
{
	static const int32_t least[] = {0, 3000}, too_much[] = {0, 5000};
	struct phase_vehicle two[] = {
		van_on(0, 0, 2, 7360, 7360, 9999), van(0, 2, 11000, 22000, 9999)};

	two[0].flow.least_w = least;
	solve_small(two, 2, NULL);
	ck_assert_int_ge(phase_plan_w(p, 0, 1), 3000);
	two[0].flow.least_w = too_much;
	ck_assert_int_eq(phase_plan_set_vehicle(p, 0, &two[0]), 0);
	ck_assert_int_eq(phase_plan_solve(p, &at_once), -1);
	ck_assert_int_le(phase_plan_w(p, 0, 1), 4600);
	phase_plan_destroy(p);
}
END_TEST

/* -- where the flow planner is exact ----------------------------------------------------------- */

START_TEST(balanced_depots_are_exact)
{
	const struct phase_depot_kind kind = {.seed = 5,
		.n = 60,
		.slots = 48,
		.imbalance_w = 4600,
		.tightness = 0.9,
		.has_total = true,
		.parts = 2};

	begin(&kind);
	prove("balanced", &at_once);
	ck_assert(phase_plan_is_exact(p));
	end();
}
END_TEST

START_TEST(single_phases_without_imbalance_are_exact)
{
	const struct phase_depot_kind kind = {
		.seed = 6, .n = 60, .slots = 48, .share_pct = 100, .tightness = 0.9, .parts = 1};

	begin(&kind);
	prove("three trees", &at_once);
	ck_assert(phase_plan_is_exact(p));
	/* A limit on the total is shared by all: no longer. */
	for (int t = 0; t < d.in.slots; t++) {
		const int32_t *limit = d.limit_w[t];
		int32_t total = (limit[PHASE_L1] + limit[PHASE_L2] + limit[PHASE_L3]) / 4 * 3;

		d.limit_w[t][PHASE_TOTAL] = total;
		ck_assert_int_eq(phase_plan_set_limit(p, 0, PHASE_TOTAL, t, t + 1, total), 0);
	}
	prove("three trees and a total", &at_once);
	ck_assert(!phase_plan_is_exact(p));
	end();
}
END_TEST

/* -- the second and third layer --------------------------------------------------------------- */

START_TEST(gap_closes)
{
	const struct phase_depot_kind kind = {.seed = 2,
		.n = 60,
		.slots = 48,
		.share_pct = 30,
		.rotation = MOSTLY_L1,
		.tightness = 1.25,
		.has_unknown = true,
		.has_total = true,
		.parts = 2};
	const struct phase_effort effort = {.iterations = 3200, .gap_ppm = 1000};
	flow_value first;

	begin(&kind);
	prove("first layer", &at_once);
	first = phase_plan_cost(p);
	prove("all layers", &effort);
	ck_assert(phase_plan_cost(p) < first);
	ck_assert_int_le(phase_plan_gap_ppm(p), 1000);
	end();
}
END_TEST

static bool always(void *asked)
{
	(*(int *)asked)++;
	return true;
}

START_TEST(deadline_is_kept)
{
	const struct phase_depot_kind kind = {
		.seed = 3, .n = 30, .slots = 24, .share_pct = 30, .tightness = 1.25, .parts = 1};
	int asked = 0;
	const struct phase_effort late = {1000000, 0, always, &asked};

	begin(&kind);
	prove("late", &late);
	ck_assert_int_eq(asked, 1);
	end();
}
END_TEST

/* The same input gives the same plan; a plan that is handed over is where the next one begins. */
START_TEST(plans_repeat_and_carry_over)
{
	const struct phase_depot_kind kind = {.seed = 4,
		.n = 40,
		.slots = 24,
		.share_pct = 60,
		.imbalance_w = 20000,
		.tightness = 1,
		.parts = 1};
	const struct phase_effort effort = {.iterations = 400};
	struct phase_plan *other;
	int32_t *w;

	begin(&kind);
	prove("once", &effort);
	other = phase_plan_create(&d.in);
	ck_assert_int_eq(phase_plan_solve(other, &effort), 0);
	w = calloc((size_t)(d.in.n * d.in.slots), sizeof *w);
	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t < d.in.slots; t++) {
			w[i * d.in.slots + t] = phase_plan_w(p, i, t);
			ck_assert_int_eq(phase_plan_w(other, i, t), phase_plan_w(p, i, t));
		}
	phase_plan_destroy(other);
	other = phase_plan_create(&d.in);
	phase_plan_set(other, w);
	ck_assert_int_eq(phase_plan_solve(other, &at_once), 0);
	ck_assert(phase_plan_cost(other) <= phase_plan_cost(p));
	phase_plan_destroy(other);
	free(w);
	end();
}
END_TEST

/* -- the checker and the input ---------------------------------------------------------------- */

/* A plan that is held against something tighter than it was made for. */
START_TEST(checker_finds_what_is_wrong)
{
	struct phase_vehicle two[] = {
		van_on(0, 0, 2, 7360, 7360, 9999), van(0, 2, 11000, 22000, 9999)};
	static const int32_t tight[2][PHASE_CHANNELS] = {
		{FLOW_POWER_MAX, 8000, FLOW_POWER_MAX, FLOW_POWER_MAX},
		{FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX}};
	static const int32_t total[2][PHASE_CHANNELS] = {
		{11000, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX},
		{FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX, FLOW_POWER_MAX}};
	static const int32_t imbalance[] = {4599, 4600};
	static const struct flow_part part[] = {{100, 11000}, {300, FLOW_POWER_MAX}};
	struct phase_fault fault;
	struct phase_input in;

	solve_small(two, 2, NULL);
	in = d.in;
	in.limit_w = tight;
	ck_assert(!phase_plan_check(p, &in, &fault));
	ck_assert_str_eq(fault.what, "more than the limit");
	ck_assert_int_eq(fault.channel, PHASE_L1);
	in.limit_w = total;
	ck_assert(!phase_plan_check(p, &in, &fault));
	ck_assert_int_eq(fault.channel, PHASE_TOTAL);
	in = d.in;
	in.imbalance_w = imbalance;
	ck_assert(!phase_plan_check(p, &in, &fault));
	ck_assert_str_eq(fault.what, "two phases differ too much");
	in = d.in;
	in.price = part;
	ck_assert(!phase_plan_check(p, &in, &fault));
	ck_assert_str_eq(fault.what, "more than has a price");
	two[1].flow.need--;
	ck_assert(!phase_plan_check(p, &d.in, &fault));
	ck_assert_str_eq(fault.what, "energy and what is missing are not the need");
	two[0].flow.to = 1;
	ck_assert(!phase_plan_check(p, &d.in, &fault));
	ck_assert_str_eq(fault.what, "more than it may draw");
	phase_plan_destroy(p);
}
END_TEST

START_TEST(input_outside_its_bounds)
{
	struct phase_vehicle one[] = {van_on(0, 0, 2, 7360, 7360, 9999)};
	static const int32_t below_nothing[2][PHASE_CHANNELS] = {{0, 0, -1, 0}};
	static const int32_t least[] = {7360, 7360};
	struct phase_input in;
	struct phase_vehicle moved;

	solve_small(one, 1, NULL);
	moved = van(0, 2, 7360, 7360, 9999);
	ck_assert_int_eq(phase_plan_set_vehicle(p, 0, &moved), -1); /* another pattern */
	ck_assert_int_eq(phase_plan_set_vehicle(p, 1, one), -1);
	ck_assert_int_eq(phase_plan_set_limit(p, 0, PHASE_CHANNELS, 0, 1, 5), -1);
	ck_assert_int_eq(phase_plan_set_limit(p, 1, PHASE_L1, 0, 1, 5), -1);
	ck_assert_int_eq(phase_plan_set_imbalance(p, 2, 5, NULL), -1);
	phase_plan_destroy(p);
	in = d.in;
	in.limit_w = below_nothing;
	ck_assert_ptr_null(phase_plan_create(&in));
	in = d.in;
	one[0].sixths[2] = 7;
	ck_assert_ptr_null(phase_plan_create(&in));
	one[0].sixths[2] = 0;
	one[0].flow.least_w = least; /* more than it needs */
	ck_assert_ptr_null(phase_plan_create(&in));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("phase_plan");
	TCase *t = tcase_create("phase_plan");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, random_depots_and_events, 0, CASES);
	tcase_add_test(t, halves_where_they_are_best);
	tcase_add_test(t, no_halves_of_a_watt);
	tcase_add_test(t, imbalance_lowers_a_van_alone);
	tcase_add_test(t, vans_on_three_phases_balance_each_other);
	tcase_add_test(t, other_loads_count);
	tcase_add_test(t, unknown_phase_counts_on_all);
	tcase_add_test(t, the_urgent_overtake_other_patterns);
	tcase_add_test(t, limits_have_prices);
	tcase_add_test(t, least_powers);
	tcase_add_test(t, balanced_depots_are_exact);
	tcase_add_test(t, single_phases_without_imbalance_are_exact);
	tcase_add_test(t, gap_closes);
	tcase_add_test(t, deadline_is_kept);
	tcase_add_test(t, plans_repeat_and_carry_over);
	tcase_add_test(t, checker_finds_what_is_wrong);
	tcase_add_test(t, input_outside_its_bounds);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
