/* Demand charges where vans are few: once it is settled who charges when, the peak is no higher than
 * that needs; and who charges when is chosen so that a low peak will do. */
#include <stdlib.h>

#include "tests/unit/plan_depot.h"

#define SLOTS 288
#define VANS  6

struct few {
	struct depot d;
	struct flow_part part[SLOTS];
	int32_t load_w[SLOTS];
};

/* Six vans of different needs below a site of 34 kW, at prices that fall through the night; what they
 * need fills the cheapest peak nearly flat. */
static void use_few(struct few *f, int first_s, int seed)
{
	static const struct grid_row rows[] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 44000},
		{.id = "hall",
			.parent = "site",
			.kind = GRID_FEEDER,
			.rated = true,
			.rating_w = 23520},
		{.id = "h1", .parent = "hall", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "h2", .parent = "hall", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "h3", .parent = "hall", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "h4", .parent = "hall", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
		{.id = "h5", .parent = "hall", .kind = GRID_EVSE, .max_w = 3666, .min_w = 1380},
		{.id = "y1", .parent = "site", .kind = GRID_EVSE, .max_w = 30000, .min_w = 5000},
	};
	static const int cents[] = {41, 37, 25, 22, 19, 17, 15, 14, 13, 13, 14, 17};
	static const int64_t need_wh[VANS] = {27873, 34048, 11586, 23875, 14754, 87946};
	static const int leaves_h[VANS] = {10, 10, 11, 5, 11, 9};

	depot_use_rows(&f->d, rows, 8, SLOTS);
	f->d.in.slot_s = 300;
	f->d.in.first_s = first_s;
	f->d.in.start_ms = START_MS;
	f->d.in.calm_pm = 5;
	for (int t = 0; t < SLOTS; t++) {
		f->part[t] =
			(struct flow_part){(t < 144 ? cents[t / 12] : 20) * 10000, FLOW_POWER_MAX};
		f->load_w[t] = 10150;
	}
	f->d.prices = (struct plan_prices){
		.parts = 1, .part = f->part, .demands = 1, .load_w = f->load_w};
	f->d.prices.demand[0] = (struct plan_demand){NULL, 8000000, 28436};
	f->d.in.prices = &f->d.prices;
	for (int i = 0; i < VANS; i++) {
		int64_t need = need_wh[i] * (100 - (seed + 3 * i) % 11) / 100;

		depot_add_van(&f->d, i, leaves_h[i], need)->battery = (struct battery){0,
			i == 5   ? 30000
			: i == 4 ? 3666
				 : 11000,
			800, 50, 900};
	}
}

/* The gap in per mille of energy and peak together. */
static int64_t gap_pm(const struct plan *p)
{
	return p->gap * 1000 / (p->cost + p->demand_cost + 1);
}

START_TEST(a_peak_is_no_higher_than_who_charges_when_needs)
{
	struct few f;
	int64_t sum = 0, worst = 0;

	for (int seed = 0; seed < 11; seed++) {
		use_few(&f, seed % 2 ? 218 : 0, seed);
		depot_solve(&f.d);
		ck_assert_int_eq(f.d.plan->short_wh, 0);
		ck_assert_int_ge(f.d.plan->gap, 0);
		sum += gap_pm(f.d.plan);
		worst = gap_pm(f.d.plan) > worst ? gap_pm(f.d.plan) : worst;
		depot_finish(&f.d);
	}
	ck_assert_msg(sum / 11 <= 10 && worst <= 30, "mean %lld per mille, worst %lld",
		(long long)(sum / 11), (long long)worst);
}
END_TEST

#define MIXED       60 /* depots */
#define MIXED_SLOTS 48

static int between(uint64_t *r, int from, int to)
{
	*r ^= *r << 13;
	*r ^= *r >> 7;
	*r ^= *r << 17;
	return from + (int)((*r >> 11) % (uint64_t)(to - from + 1));
}

static void price_mixed(struct few *f, uint64_t *r)
{
	int cents = 0, house_w = between(r, 0, 8) * 1000;

	for (int t = 0; t < MIXED_SLOTS; t++) {
		cents = t % 4 ? cents : between(r, 12, 35);
		f->part[t] = (struct flow_part){cents * 10000, FLOW_POWER_MAX};
		f->load_w[t] = house_w + between(r, 0, 10) * 100;
	}
	f->d.prices = (struct plan_prices){
		.parts = 1, .part = f->part, .demands = 1, .load_w = f->load_w};
	f->d.prices.demand[0] = (struct plan_demand){NULL, (int64_t)between(r, 3, 120) * 100000,
		between(r, 0, 1) * between(r, 0, 12) * 1000};
	f->d.in.prices = &f->d.prices;
}

/* A few vans that must leave with their energy, a few that take it only if it is worth its price, below
 * a site that is small. */
static void use_mixed(struct few *f, int seed)
{
	static const char *const name[] = {
		"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
	uint64_t r = (uint64_t)seed * 7919 + 12345;
	int must, n;
	struct grid_row rows[13] = {{.id = "site", .kind = GRID_SITE, .rated = true}};

	for (int i = 0; i < 20; i++)
		between(&r, 0, 1);
	must = between(&r, 1, 4);
	n = must + between(&r, 1, 8);
	rows[0].rating_w = between(&r, 20, 50) * 1000;
	for (int i = 0; i < n; i++)
		rows[1 + i] = (struct grid_row){.id = name[i],
			.parent = "site",
			.kind = GRID_EVSE,
			.max_w = between(&r, 0, 2) ? 11000 : 22000,
			.min_w = 4140};
	depot_use_rows(&f->d, rows, n + 1, MIXED_SLOTS);
	f->d.in.slot_s = 900;
	f->d.in.calm_pm = 5;
	price_mixed(f, &r);
	for (int i = 0; i < n; i++) {
		int hours = between(&r, 7, 12);
		int64_t need_wh = (int64_t)rows[1 + i].max_w * hours * between(&r, 5, 45) / 100;
		struct plan_vehicle *v =
			depot_add_van(&f->d, i, hours, need_wh < 60000 ? need_wh : 60000);

		v->worth = i < must ? 0 : between(&r, 15, 60) * 10000;
	}
}

/* What the plan costs, with what those miss who would have paid for it; in micro-units of money. */
static int64_t value_of(const struct depot *d)
{
	int64_t value = d->plan->cost + d->plan->demand_cost;

	for (int i = 0; i < d->in.n; i++)
		value += d->van[i].worth * d->plan->outcome[i].short_wh / 1000;
	return value;
}

/* Below a low peak they charge one after another. */
START_TEST(who_must_and_who_may_take_turns)
{
	struct few f;
	int64_t gap = 0, value = 0;

	for (int seed = 0; seed < MIXED; seed++) {
		use_mixed(&f, seed);
		depot_solve(&f.d);
		ck_assert_int_ge(f.d.plan->gap, 0);
		gap += f.d.plan->gap;
		value += value_of(&f.d);
		depot_finish(&f.d);
	}
	ck_assert_msg(gap * 1000 <= value * 6, "%lld of %lld, per mille %lld", (long long)gap,
		(long long)value, (long long)(gap * 1000 / value));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_again");
	TCase *c = tcase_create("again");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_peak_is_no_higher_than_who_charges_when_needs);
	tcase_add_test(c, who_must_and_who_may_take_turns);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
