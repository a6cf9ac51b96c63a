/* Wiring: two meters in a tree, mounted in every wrong way that there is. */
#include "scheduler/wiring.h"
#include "scheduler/wiring_group.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static unsigned seed;

static double noise(double most)
{
	seed = seed * 1103515245u + 12345u;
	return ((double)(seed >> 8) / 16777216.0 * 2 - 1) * most;
}

/* How the lower meter is mounted: which real phase each of its inputs sees, and how. */
struct mounting {
	int phase[3];
	double factor[3];
};

/* Loads below: a van comes or goes on one phase or on all, by turns; beside them a building that
 * wanders, and sometimes steps. */
static struct wiring_verdict run(const struct mounting *m, int samples, int phases, double beside_w)
{
	struct wiring_pair pair = {0};
	struct wiring_verdict v;
	double real[3] = {0}, rest[3] = {8000, 9000, 7000};
	seed = 7;
	for (int t = 0; t < samples; t++) {
		double upper[3], lower[3];
		if (t % 3 == 0) {
			int one = (t / 3) % phases;
			real[one] = real[one] > 0 ? 0 : 3680;
		}
		for (int i = 0; i < 3; i++) {
			rest[i] += noise(beside_w / 10);
			if (t % 17 == i)
				rest[i] += noise(beside_w);
			upper[i] = real[i] + rest[i] + noise(20);
		}
		for (int i = 0; i < 3; i++)
			lower[i] = real[m->phase[i]] * m->factor[i] + noise(20);
		wiring_add(&pair, upper, lower);
	}
	wiring_judge(&pair, &v);
	return v;
}

static const struct {
	struct mounting mounting;
	bool is_swapped, is_reversed[3], has_ratio;
	double ratio;
} cases[] = {
	{{{0, 1, 2}, {1, 1, 1}}, false, {0}, false, 1},
	{{{1, 0, 2}, {1, 1, 1}}, true, {0}, false, 1},
	{{{1, 2, 0}, {1, 1, 1}}, true, {0}, false, 1},
	{{{0, 1, 2}, {1, -1, 1}}, false, {false, true, false}, false, 1},
	{{{0, 1, 2}, {-1, -1, -1}}, false, {true, true, true}, false, 1},
	{{{0, 2, 1}, {1, 1, -1}}, true, {false, false, true}, false, 1},
	{{{0, 1, 2}, {0.5, 0.5, 0.5}}, false, {0}, true, 2},
	{{{0, 1, 2}, {4, 4, 4}}, false, {0}, true, 0.25},
	{{{2, 0, 1}, {-2, -2, -2}}, true, {true, true, true}, true, 0.5},
};

START_TEST(each_wrong_way_is_seen)
{
	struct wiring_verdict v = run(&cases[_i].mounting, 200, 3, 500);
	ck_assert(v.is_clear);
	ck_assert(v.is_swapped == cases[_i].is_swapped);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(v.phases[i].upper, cases[_i].mounting.phase[i]);
		ck_assert(v.is_reversed[i] == cases[_i].is_reversed[i]);
	}
	ck_assert(v.has_ratio == cases[_i].has_ratio);
	ck_assert_double_eq_tol(v.ratio, cases[_i].ratio, 0.05 * cases[_i].ratio);
}
END_TEST

START_TEST(much_beside_takes_longer_and_is_never_wrong)
{
	struct wiring_verdict v = run(&cases[1].mounting, 40, 3, 20000);
	for (int i = 0; i < 3; i++)
		ck_assert(v.phases[i].upper < 0 || v.phases[i].upper == cases[1].mounting.phase[i]);
	v = run(&cases[1].mounting, 20000, 3, 6000);
	ck_assert(v.is_clear && v.is_swapped);
}
END_TEST

START_TEST(a_phase_that_never_moved_is_unknown)
{
	struct wiring_verdict v = run(&cases[0].mounting, 200, 1, 500);
	ck_assert_int_eq(v.phases[0].upper, 0);
	ck_assert_int_eq(v.phases[1].upper, -1);
	ck_assert(!v.is_clear && !v.is_swapped);
	struct wiring_pair none = {0};
	wiring_judge(&none, &v);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(v.phases[i].upper, -1);
	ck_assert(!v.has_ratio);
}
END_TEST

/* A charger tells its load 20 s after the meter has seen it; a look is every 10 s. */
static struct wiring_verdict run_late(const int mounting[3], int phases, int looks)
{
	struct wiring_pair pair = {0};
	struct wiring_rest rest = {0};
	struct wiring_verdict v;
	double real[3] = {0}, told[3][3] = {0};
	seed = 11;
	for (int t = 0; t < looks; t++) {
		double upper[3], lower[3];
		if (t % 15 == 0) {
			int one = t / 15 % 3;
			double w = real[one] > 0 ? 0 : 3680;
			for (int i = 0; i < phases; i++)
				real[(one + i) % 3] = w;
		}
		for (int i = 0; i < 3; i++) {
			lower[i] = told[t % 3][i];
			told[(t + 2) % 3][i] = real[i];
		}
		for (int i = 0; i < 3; i++)
			upper[i] = 4000 + real[mounting[i]] + noise(300);
		wiring_rest_add(&rest, &pair, upper, lower);
	}
	wiring_judge(&pair, &v);
	return v;
}

START_TEST(what_is_told_late_is_still_the_same_load)
{
	static const int right[3] = {0, 1, 2}, swapped[3] = {1, 0, 2}, turned[3] = {2, 0, 1};
	struct wiring_verdict v = run_late(right, 1, 600);
	ck_assert(v.is_clear && v.is_apart && !v.is_swapped && !v.has_ratio);
	v = run_late(swapped, 1, 600);
	ck_assert(v.is_clear && v.is_apart && v.is_swapped && !v.has_ratio);
	ck_assert_int_eq(v.phases[0].upper, 1);
	ck_assert_int_eq(v.phases[2].upper, 2);
	v = run_late(turned, 1, 600);
	ck_assert(v.is_clear && v.is_swapped);
	ck_assert_int_eq(v.phases[0].upper, 1);
	ck_assert_int_eq(v.phases[1].upper, 2);
	/* Three phases at once accuse nobody, and acquit nobody. */
	v = run_late(swapped, 3, 600);
	ck_assert(!v.is_swapped && !v.is_apart);
	v = run_late(right, 1, 60);
	ck_assert(!v.is_clear);
}
END_TEST

/* Three-phase loads step all phases alike: that is no sign of swapped ones. */
START_TEST(equal_steps_accuse_nobody)
{
	struct wiring_pair pair = {0};
	struct wiring_verdict v;
	seed = 3;
	for (int t = 0; t < 60; t++) {
		double w = t / 3 % 2 ? 3680 : 0, upper[3], lower[3];
		for (int i = 0; i < 3; i++) {
			upper[i] = 5000 + w + noise(30);
			lower[i] = w + noise(30);
		}
		wiring_add(&pair, upper, lower);
	}
	wiring_judge(&pair, &v);
	ck_assert(!v.is_swapped);
	ck_assert(!v.is_apart);
	ck_assert(!v.has_ratio);
}
END_TEST

/* Three feeders side by side, the third a store; guard and planner move them at the same moments, so that
 * one that gets more often goes with another. `alone`: of a hundred moves, those of one feeder only.
 * `late`: the meters are read one after the other, so that a move may fall between. */
struct feeders {
	struct mounting mounting[3];
	double bias[3]; /* what each gets of a move that all make */
	int alone, phases;
	bool is_late;
};

struct feeders_said {
	struct wiring_verdict v[3], plain[3];
	bool is_together[3];
};

static struct feeders_said run_feeders(const struct feeders *f, int looks)
{
	struct wiring_group *g = wiring_group_create(3);
	struct wiring_pair pair[3] = {0};
	struct feeders_said said;
	double real[3][3] = {{0}}, rest[3] = {8000, 9000, 7000};

	seed = 23;
	for (int t = 0; t < looks; t++) {
		double upper[3], lower[3][3], before[3][3];

		memcpy(before, real, sizeof before);
		if (t % 4 == 0) {
			bool is_alone = noise(50) + 50 < f->alone;
			int one = (int)(noise(1.49) + 1.5), first = t / 4 % 3;
			double w = noise(8000);

			for (int m = 0; m < 3; m++)
				for (int p = 0; p < f->phases && (!is_alone || m == one); p++)
					real[m][(first + p) % 3] = 10000 + w * f->bias[m];
		}
		for (int p = 0; p < 3; p++) {
			rest[p] += noise(60);
			upper[p] = rest[p] + noise(20);
			for (int m = 0; m < 3; m++)
				upper[p] += real[m][p];
		}
		for (int m = 0; m < 3; m++) {
			const struct mounting *at = &f->mounting[m];
			bool is_old = f->is_late && noise(1) > 0.2 * m;

			for (int p = 0; p < 3; p++)
				lower[m][p] =
					at->factor[p] * (is_old ? before : real)[m][at->phase[p]] +
					noise(20);
			wiring_add(&pair[m], upper, lower[m]);
		}
		wiring_group_add(g, upper, (const double(*)[3])lower);
	}
	for (int m = 0; m < 3; m++) {
		pair[m] = wiring_group_pair(g, m, &said.is_together[m]);
		wiring_judge(&pair[m], &said.v[m]);
	}
	wiring_group_destroy(g);
	return said;
}

#define RIGHT                                                                                      \
	{                                                                                          \
		{0, 1, 2},                                                                         \
		{                                                                                  \
			1, 1, 1                                                                    \
		}                                                                                  \
	}

START_TEST(neighbours_that_move_along_accuse_nobody)
{
	static const struct feeders all[] = {
		{{RIGHT, RIGHT, RIGHT}, {1, 0.6, 0.3}, 40, 1, false},
		{{RIGHT, RIGHT, RIGHT}, {1, 0.6, 0.3}, 40, 3, false},
		{{RIGHT, RIGHT, RIGHT}, {1, 0.6, -0.8}, 25, 1, true},
		{{RIGHT, RIGHT, RIGHT}, {0.3, 1, 1}, 25, 3, true},
	};
	struct feeders_said said = run_feeders(&all[_i], 3000);

	for (int m = 0; m < 3; m++) {
		const struct wiring_verdict *v = &said.v[m];

		ck_assert_msg(v->is_clear && !v->has_ratio && !v->is_swapped,
			"%d: clear %d, ratio %.2f, swapped %d; L1 %.3f +- %.3f", m, v->is_clear,
			v->ratio, v->is_swapped, v->phases[0].gain, v->phases[0].error);
		ck_assert(!said.is_together[m] && !v->is_reversed[0]);
		ck_assert_double_eq_tol(v->phases[1].gain, 1, 0.05);
	}
}
END_TEST

START_TEST(a_wrong_neighbour_is_the_one_that_is_named)
{
	static const struct feeders f = {
		{RIGHT, {{1, 0, 2}, {1, 1, 1}}, {{0, 1, 2}, {0.5, 0.5, 0.5}}}, {1, 0.6, 0.7}, 40, 1,
		true};
	struct feeders_said said = run_feeders(&f, 3000);

	ck_assert(said.v[0].is_clear && !said.v[0].is_swapped && !said.v[0].has_ratio);
	ck_assert(said.v[1].is_clear && said.v[1].is_swapped && !said.v[1].has_ratio);
	ck_assert_int_eq(said.v[1].phases[0].upper, 1);
	ck_assert(said.v[2].is_clear && !said.v[2].is_swapped && said.v[2].has_ratio);
	ck_assert_double_eq_tol(said.v[2].ratio, 2, 0.05);
}
END_TEST

START_TEST(what_never_moves_alone_is_not_judged)
{
	static const struct feeders f = {{RIGHT, RIGHT, RIGHT}, {1, 0.6, 0.4}, 0, 1, true};
	struct feeders_said said = run_feeders(&f, 3000);

	for (int m = 0; m < 3; m++) {
		ck_assert(said.is_together[m] && !said.v[m].has_ratio && !said.v[m].is_swapped);
		for (int p = 0; p < 3; p++)
			ck_assert_int_eq(said.v[m].phases[p].upper, -1);
	}
}
END_TEST

/* Nothing of before a gap is held against what is after it. */
START_TEST(a_gap_begins_anew)
{
	struct wiring_group *g = wiring_group_create(1);
	bool is_together;

	for (int t = 0; t < 100; t++) {
		double w = t / 10 % 2 ? 5000 : 0, lower[1][3] = {{w, w, w}};

		wiring_group_add(g, (double[3]){9000, 9000, 9000}, (const double(*)[3])lower);
		if (t % 10 == 9)
			wiring_group_gap(g);
	}
	ck_assert_int_eq(wiring_group_pair(g, 0, &is_together).steps, 0);
	wiring_group_destroy(g);
}
END_TEST

/* … not even where one phase of the upper meter carries much that moves beside them. */
START_TEST(a_restless_phase_accuses_nobody)
{
	struct wiring_pair pair = {0};
	struct wiring_verdict v;

	seed = 5;
	for (int t = 0; t < 200; t++) {
		double w = t / 3 % 2 ? 3680 : 0, upper[3], lower[3];

		for (int i = 0; i < 3; i++) {
			upper[i] = 5000 + w + noise(i == 0 ? 1500 : 30);
			lower[i] = w + noise(30);
		}
		wiring_add(&pair, upper, lower);
	}
	wiring_judge(&pair, &v);
	ck_assert(v.phases[0].upper >= 0 && !v.is_swapped && !v.is_apart && !v.has_ratio);
}
END_TEST

START_TEST(one_meter_tells_of_itself)
{
	static const struct {
		double pf[3], amperes;
		struct wiring_self want;
	} selves[] = {
		{{0.98, 0.99, 0.97}, 16, {WIRING_FINE, 0}},
		{{-0.98, -0.99, -0.97}, 16, {WIRING_FINE, 0}}, /* it feeds in */
		{{0.98, -0.99, 0.97}, 16, {WIRING_REVERSED, 1}},
		{{-0.5, -0.52, 0.98}, 16, {WIRING_SWAPPED, 2}},
		{{0.97, -0.47, -0.5}, 16, {WIRING_SWAPPED, 0}},
		{{-0.5, -0.5, -0.5}, 16, {WIRING_ROTATED, 0}},
		{{0.98, 0.5, 0.97}, 16, {WIRING_UNKNOWN, 0}}, /* an old motor */
		{{0.98, -0.99, 0.97}, 0.5, {WIRING_UNKNOWN, 0}},
	};
	for (size_t i = 0; i < sizeof(selves) / sizeof(*selves); i++) {
		double v[3] = {230, 231, 229}, a[3], w[3];
		for (int p = 0; p < 3; p++) {
			a[p] = selves[i].amperes;
			w[p] = v[p] * a[p] * selves[i].pf[p];
		}
		struct wiring_self s = wiring_look(v, a, w);
		ck_assert_msg(s.fault == selves[i].want.fault && s.phase == selves[i].want.phase,
			"%zu: %d at %d", i, (int)s.fault, s.phase);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wiring");
	TCase *tc = tcase_create("wiring");
	tcase_add_loop_test(tc, each_wrong_way_is_seen, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, much_beside_takes_longer_and_is_never_wrong);
	tcase_add_test(tc, a_phase_that_never_moved_is_unknown);
	tcase_add_test(tc, equal_steps_accuse_nobody);
	tcase_add_test(tc, what_is_told_late_is_still_the_same_load);
	tcase_add_loop_test(tc, neighbours_that_move_along_accuse_nobody, 0, 4);
	tcase_add_test(tc, a_wrong_neighbour_is_the_one_that_is_named);
	tcase_add_test(tc, what_never_moves_alone_is_not_judged);
	tcase_add_test(tc, a_gap_begins_anew);
	tcase_add_test(tc, a_restless_phase_accuses_nobody);
	tcase_add_test(tc, one_meter_tells_of_itself);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
