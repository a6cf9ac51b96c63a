/* The flow planner against a linear program that knows nothing of it, solved by CLP. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include "scheduler/flow_peak.h"
#include "tests/unit/flow_depots.h"
#include "tests/unit/lp.h"

#define CASES    8
#define PER_CASE 50

static struct flow_depot d;
static struct depot_rng r;
static unsigned long long seed;

static bool is_under(int node, int top)
{
	while (node > top)
		node = d.parent[node];
	return node == top;
}

static int interval_of(int slot)
{
	int size = d.in.interval > 1 ? d.in.interval : 1, open = d.in.open ? d.in.open : size;

	return slot < open ? 0 : 1 + (slot - open) / size;
}

/* Charging, and what is missing by tiers; the first column of vehicle i's powers is i * slots. */
static void add_vehicles(struct lp *p)
{
	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t < d.in.slots; t++) {
			const struct flow_vehicle *v = &d.vehicles[i];
			double most = t >= v->from && t < v->to ? v->max_w : 0;

			if (v->most_w && v->most_w[t] < most)
				most = v->most_w[t];
			lp_column(p, 0, most, 0);
		}
	for (int i = 0; i < d.in.n; i++) {
		const struct flow_vehicle *v = &d.vehicles[i];
		int need = lp_row(p, (double)v->need, (double)v->need);

		for (int t = 0; t < d.in.slots; t++)
			lp_put(p, need, i * d.in.slots + t, 1);
		for (int k = 0; k < v->tiers; k++) {
			double most = v->tier[k].amount == INT64_MAX ? INFINITY
								     : (double)v->tier[k].amount;

			lp_put(p, need, lp_column(p, 0, most, v->tier[k].price), 1);
		}
	}
}

static void add_limits(struct lp *p)
{
	for (int v = 0; v < d.in.nodes; v++)
		for (int t = 0; t < d.in.slots; t++) {
			int limit = lp_row(p, -INFINITY, d.cap_w[v * d.in.slots + t]);

			for (int i = 0; i < d.in.n; i++)
				if (is_under(d.vehicles[i].node, v))
					lp_put(p, limit, i * d.in.slots + t, 1);
		}
}

static void add_drawn(struct lp *p, int at_row, int interval)
{
	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t < d.in.slots; t++)
			if (interval_of(t) == interval)
				lp_put(p, at_row, i * d.in.slots + t, 1);
}

static void add_prices(struct lp *p)
{
	for (int q = 0; q < flow_intervals(&d.in); q++) {
		int sum = lp_row(p, 0, 0);

		add_drawn(p, sum, q);
		for (int k = 0; k < d.in.parts; k++) {
			const struct flow_part *part = &d.price[q * d.in.parts + k];

			lp_put(p, sum,
				lp_column(p, 0, part->w < FLOW_POWER_MAX ? part->w : INFINITY,
					part->price),
				-1);
		}
	}
}

static void add_charges(struct lp *p, const struct flow_peak *peak)
{
	for (int k = 0; k < peak->charges; k++) {
		const struct flow_charge *c = &peak->charge[k];
		int top = lp_column(p, (double)c->paid, INFINITY, (double)c->price);

		for (int q = 0; q < flow_intervals(&d.in); q++)
			if (!c->counts || c->counts[q]) {
				int limit = lp_row(p, -INFINITY, -(double)peak->load[q]);

				add_drawn(p, limit, q);
				lp_put(p, limit, top, -1);
			}
	}
}

/* What the cheapest plan costs, charges above what is paid included. */
static double oracle(const struct flow_peak *peak)
{
	int n = d.in.n, slots = d.in.slots, intervals = flow_intervals(&d.in);
	double cost, paid = 0;
	struct lp p;

	lp_begin(&p, n * (slots + FLOW_TIERS) + intervals * d.in.parts + FLOW_CHARGES + 1,
		n + d.in.nodes * slots + intervals * (1 + FLOW_CHARGES) + 1);
	add_vehicles(&p);
	add_limits(&p);
	add_prices(&p);
	add_charges(&p, peak);
	cost = lp_solve(&p, seed);
	lp_end(&p);
	for (int k = 0; k < peak->charges; k++)
		paid += (double)peak->charge[k].paid * (double)peak->charge[k].price;
	return cost - paid;
}

static double slack(double cost)
{
	return 1e-9 * (1e6 + fabs(cost));
}

START_TEST(equal_to_a_linear_program)
{
	const struct flow_peak none = {.charges = 0};

	for (int n = 0; n < PER_CASE; n++) {
		struct flow *f;
		double cost;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		flow_depot_make(&d, seed, 10, 14);
		f = flow_create(&d.in);
		ck_assert_int_eq(flow_solve(f), 0);
		cost = oracle(&none);
		ck_assert_msg(fabs((double)flow_cost(f) - cost) <= slack(cost),
			"seed %llu: %.0f, CLP %.3f", seed, (double)flow_cost(f), cost);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

/* Peaks are whole W·slots here and any number there: each charge may cost one more. */
START_TEST(demand_charges_equal_to_a_linear_program)
{
	for (int n = 0; n < PER_CASE; n++) {
		int64_t load[32];
		uint8_t counts[2][32];
		struct flow_peak p = {.load = load};
		double cost, unit = 0;
		struct flow *f;

		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		r.s = seed * 23 + 11;
		flow_depot_make(&d, seed, 10, 14);
		p.charges = depot_between(&r, 1, FLOW_CHARGES);
		for (int q = 0; q < flow_intervals(&d.in); q++) {
			load[q] = depot_between(&r, -9000, 9000);
			counts[0][q] = (uint8_t)depot_between(&r, 0, 1);
			counts[1][q] = !counts[0][q];
		}
		for (int k = 0; k < p.charges; k++) {
			p.charge[k] = (struct flow_charge){k ? counts[k - 1] : NULL,
				depot_between(&r, 0, 60000), depot_between(&r, 0, 500)};
			unit += (double)p.charge[k].price;
		}
		f = flow_create(&d.in);
		ck_assert_int_eq(flow_peak_solve(f, &p), 0);
		cost = oracle(&p);
		ck_assert_msg((double)p.cost >= cost - slack(cost) &&
				      (double)p.cost <= cost + 2 * unit + slack(cost),
			"seed %llu: %.0f, CLP %.3f", seed, (double)p.cost, cost);
		if (p.charges > 1)
			ck_assert_msg((double)p.bound <= cost + unit + slack(cost),
				"seed %llu: bound %.0f, CLP %.3f", seed, (double)p.bound, cost);
		flow_destroy(f);
		flow_depot_finish(&d);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flow_oracle");
	TCase *t = tcase_create("flow_oracle");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, equal_to_a_linear_program, 0, CASES);
	tcase_add_loop_test(t, demand_charges_equal_to_a_linear_program, 0, CASES);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
