/* The storage planner against a linear program that knows nothing of it, solved by CLP. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include "tests/unit/lp.h"
#include "tests/unit/storage_depots.h"

#define CASES    8
#define PER_CASE 150
#define NEAR     1e-6
#define SIZE     1e9 /* costs are compared as if they were at least so much: a quarter Euro */

static struct storage_depot d;
static unsigned long long seed;

static bool may_give(const struct storage_device *s)
{
	return s->discharge_w > 0 && s->stored >= s->least && s->full > s->least;
}

static bool is_below(int node, int top)
{
	while (node > top)
		node = d.parent[node];
	return node == top;
}

/* Device i draws by column first + 2t and gives by the next one; what it holds is kept by rows. */
static void add_device(struct lp *p, int i, int first)
{
	const struct storage_device *s = &d.devices[i];
	double in = s->charge_pm / 1000.0, out = 1000.0 / s->discharge_pm;
	double need = may_give(s) ? fmax((double)s->need, (double)s->least) : (double)s->need;
	double over = may_give(s) ? (double)s->full - need : 0;
	int end, before = -1;

	if (!may_give(s) && s->need <= s->stored)
		return;
	for (int t = s->from; t < s->to; t++) {
		int sum = lp_row(
			p, -(double)s->stored * (before < 0), -(double)s->stored * (before < 0));
		double least = may_give(s) ? (double)s->least : 0;
		int level = lp_column(p, least, (double)s->full, 0);

		if (before >= 0)
			lp_put(p, sum, before, 1);
		lp_put(p, sum, first + 2 * t, in);
		lp_put(p, sum, first + 2 * t + 1, -out);
		lp_put(p, sum, level, -1);
		before = level;
	}
	end = lp_row(p, need, need); /* held + missing - over = need */
	lp_put(p, end, before, 1);
	lp_put(p, end, lp_column(p, 0, INFINITY, s->missing), 1);
	lp_put(p, end, lp_column(p, 0, over, -s->left), -1);
}

static void add_devices(struct lp *p)
{
	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t < d.in.slots; t++) {
			const struct storage_device *s = &d.devices[i];
			bool is_there = t >= s->from && t < s->to;
			bool is_idle = !may_give(s) && s->need <= s->stored;
			double most = is_there && !is_idle ? s->charge_w : 0;

			if (s->most_w && s->most_w[t] < most)
				most = s->most_w[t];
			lp_column(p, 0, most, 0);
			lp_column(p, 0, is_there && may_give(s) ? s->discharge_w : 0, s->wear);
		}
	for (int i = 0; i < d.in.n; i++)
		add_device(p, i, 2 * i * d.in.slots);
}

static void put_drawn(struct lp *p, int at_row, int node, int t)
{
	for (int i = 0; i < d.in.n; i++)
		if (is_below(d.devices[i].node, node)) {
			lp_put(p, at_row, 2 * (i * d.in.slots + t), 1);
			lp_put(p, at_row, 2 * (i * d.in.slots + t) + 1, -1);
		}
}

static void add_site(struct lp *p)
{
	int peak[STORAGE_CHARGES];

	for (int v = 0; v < d.in.nodes; v++)
		for (int t = 0; t < d.in.slots; t++)
			put_drawn(p,
				lp_row(p, -d.feed_w[v * d.in.slots + t],
					d.cap_w[v * d.in.slots + t]),
				v, t);
	for (int k = 0; k < d.in.charges; k++)
		peak[k] =
			lp_column(p, d.in.charge[k].paid_w, INFINITY, (double)d.in.charge[k].price);
	for (int t = 0; t < d.in.slots; t++) {
		int sum = lp_row(p, -d.load_w[t], -d.load_w[t]);

		put_drawn(p, sum, 0, t);
		lp_put(p, sum, lp_column(p, 0, INFINITY, -d.feed_price[t]), 1);
		for (int k = 0; k < d.in.parts; k++) {
			const struct flow_part *part = &d.price[t * d.in.parts + k];

			lp_put(p, sum,
				lp_column(
					p, 0, k + 1 < d.in.parts ? part->w : INFINITY, part->price),
				-1);
		}
		for (int k = 0; k < d.in.charges; k++) {
			const struct storage_charge *c = &d.in.charge[k];
			int limit;

			if (c->counts && !c->counts[t])
				continue;
			limit = lp_row(p, -INFINITY, -d.load_w[t]);
			put_drawn(p, limit, 0, t);
			lp_put(p, limit, peak[k], -1);
		}
	}
}

static double oracle(void)
{
	int cells = d.in.n * d.in.slots;
	double cost, rest = 0;
	struct lp p;

	lp_begin(&p, 3 * cells + 2 * d.in.n + d.in.slots * (d.in.parts + 1) + STORAGE_CHARGES,
		cells + d.in.n + d.in.slots * (d.in.nodes + 1 + STORAGE_CHARGES));
	add_devices(&p);
	add_site(&p);
	cost = lp_solve(&p, seed);
	lp_end(&p);
	for (int k = 0; k < d.in.charges; k++)
		rest += d.in.charge[k].paid_w * (double)d.in.charge[k].price;
	return cost - rest;
}

/* The plan is checked and paid anew here; true to the linear program within `near`. */
static void compare(bool is_negative)
{
	struct storage *s = storage_create(&d.in, &d.memory);
	size_t cells = (size_t)(d.in.n * d.in.slots);
	double *w = calloc(cells, sizeof *w), best = oracle(), size = fmax(SIZE, fabs(best));
	struct storage_fault f;
	int32_t *whole = calloc(cells, sizeof *whole);

	ck_assert_ptr_nonnull(s);
	storage_solve(s, &(struct storage_effort){0});
	for (int i = 0; i < d.in.n; i++)
		for (int t = 0; t < d.in.slots; t++)
			w[i * d.in.slots + t] = storage_w(s, i, t);
	ck_assert_msg(storage_check(&d.in, w, 1e-3, &f), "seed %llu: %s: %g, not %g", seed, f.what,
		f.got, f.limit);
	ck_assert_msg(
		fabs(storage_reckon(&d.in, w) - storage_cost(s)) <= NEAR * size, "seed %llu", seed);
	ck_assert(storage_bound(s) <= storage_cost(s) + NEAR * size);
	ck_assert_msg(storage_bound(s) >= best - NEAR * size &&
			      (is_negative || storage_bound(s) <= best + NEAR * size),
		"seed %llu: bound %.6g, CLP %.6g", seed, storage_bound(s), best);
	ck_assert_msg(storage_cost(s) >= best - NEAR * size, "seed %llu", seed);
	if (!is_negative)
		ck_assert_msg(storage_cost(s) <= best + NEAR * size,
			"seed %llu: cost %.9g, CLP %.9g, bound %.9g", seed, storage_cost(s), best,
			storage_bound(s));
	ck_assert_int_eq(storage_round(s, whole), 0);
	for (size_t k = 0; k < cells; k++)
		w[k] = whole[k];
	ck_assert_msg(storage_check(&d.in, w, 1e-5, &f), "seed %llu, whole: %s: %g, not %g", seed,
		f.what, f.got, f.limit);
	free(whole);
	free(w);
}

START_TEST(equal_to_a_linear_program)
{
	for (int n = 0; n < PER_CASE; n++) {
		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		storage_depot_make(&d, seed, 6, 12, false);
		compare(false);
		storage_depot_finish(&d);
	}
}
END_TEST

/* Below zero it pays to burn energy by charging and giving back at once, which no battery does: the
 * linear program is then only a bound. */
START_TEST(bound_holds_with_prices_below_zero)
{
	for (int n = 0; n < PER_CASE / 3; n++) {
		seed = (unsigned long long)(_i * PER_CASE + n + 1);
		storage_depot_make(&d, seed, 6, 12, true);
		compare(true);
		storage_depot_finish(&d);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("storage_oracle");
	TCase *t = tcase_create("storage_oracle");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, equal_to_a_linear_program, 0, CASES);
	tcase_add_loop_test(t, bound_holds_with_prices_below_zero, 0, CASES);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
