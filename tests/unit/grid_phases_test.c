#include <check.h>

#include "scheduler/limits.h"
#include "scheduler/phases.h"
#include "scheduler/tails.h"
#include "tests/unit/grid_random.h"

/* -- which phases ---------------------------------------------------------------------------- */

static const struct {
	struct phases_facts facts;
	uint8_t sixths[3];
	bool exact;
	int phases;
} patterns[] = {
	{{.is_dc = true, .phases = 3}, {2, 2, 2}, true, 3},
	{{.phases = 3}, {2, 2, 2}, false, 3}, /* whatever is plugged in: no more on any phase */
	{{.phases = 3, .vehicle = 3}, {2, 2, 2}, true, 3},
	{{.phases = 3, .vehicle = 1}, {6, 6, 6}, false, 1},
	{{.phases = 3, .vehicle = 1, .rotation = PHASES_STR}, {0, 6, 0}, true, 1},
	{{.phases = 3, .vehicle = 1, .rotation = PHASES_TSR}, {0, 0, 6}, true, 1},
	{{.phases = 3, .vehicle = 2, .rotation = PHASES_TRS}, {3, 0, 3}, true, 2},
	{{.phases = 3, .vehicle = 2}, {3, 3, 3}, false, 2},
	{{.phases = 1, .rotation = PHASES_S}, {0, 6, 0}, true, 1},
	{{.phases = 1}, {6, 6, 6}, false, 1},
	{{.phases = 2, .rotation = PHASES_SRT}, {3, 3, 0}, false, 2},
	{{.phases = 3, .vehicle = 3, .used = 1, .rotation = PHASES_RTS}, {6, 0, 0}, true, 1},
	{{.phases = 3, .used = 6, .rotation = PHASES_RTS}, {0, 3, 3}, true, 2},
	{{.phases = 3, .vehicle = 1, .used = 7}, {2, 2, 2}, true, 3},
};

START_TEST(facts_make_a_pattern)
{
	struct phases_pattern p = phases_find(&patterns[_i].facts);

	ck_assert_mem_eq(p.sixths, patterns[_i].sixths, sizeof(p.sixths));
	ck_assert_int_eq(p.exact, patterns[_i].exact);
	ck_assert_int_eq(p.phases, patterns[_i].phases);
}
END_TEST

START_TEST(every_rotation_is_a_permutation)
{
	for (int r = PHASES_RST; r <= PHASES_TSR; r++) {
		int seen = 0;

		for (int p = 0; p < 3; p++)
			seen |= 1 << phases_place((enum phases_rotation)r, p);
		ck_assert_int_eq(seen, 7);
	}
}
END_TEST

START_TEST(phases_are_learnt_from_currents)
{
	const int32_t one[3] = {16000, 200, 0}, all[3] = {16000, 15800, 16100}, none[3] = {0};
	struct phases_learner l = {0};

	/* Fewer than thought: only when it lasts. */
	ck_assert(!phases_learn(&l, 1000, one, 0));
	ck_assert(!phases_learn(&l, 10999, one, 0));
	ck_assert_int_eq(l.used, 0);
	ck_assert(phases_learn(&l, 11000, one, 0));
	ck_assert_int_eq(l.used, 1);
	/* A pause says nothing. */
	ck_assert(!phases_learn(&l, 12000, none, 0));
	ck_assert_int_eq(l.used, 1);
	/* More than thought: at once. */
	ck_assert(phases_learn(&l, 13000, all, 0));
	ck_assert_int_eq(l.used, 7);
	/* Full batteries end on one phase. */
	ck_assert(!phases_learn(&l, 14000, one, 0));
	ck_assert(!phases_learn(&l, 15000, all, 0));
	ck_assert(!phases_learn(&l, 16000, one, 0));
	ck_assert(!phases_learn(&l, 25000, one, 0));
	ck_assert(phases_learn(&l, 26000, one, 0));
	/* The depot's file says one phase, and is wrong. */
	l = (struct phases_learner){0};
	ck_assert(phases_learn(&l, 0, all, 1));
	ck_assert_int_eq(l.used, 7);
}
END_TEST

/* -- limits ---------------------------------------------------------------------------------- */

static struct grid_tree *make(const struct grid_row *rows, int n)
{
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(rows, n, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static const struct grid_row site[] = {
	{.id = "site",
		.kind = GRID_CONNECTION,
		.rated = true,
		.rating_w = 40000,
		.margin_pm = 50,
		.electric = {.phase_ma = 63000,
			.short_ma = 80000,
			.short_s = 60,
			.imbalance_ma = 20000,
			.export_limited = true,
			.export_w = 10000}},
	{.id = "house",
		.parent = "site",
		.kind = GRID_LOAD,
		.rated = true,
		.rating_w = 9000,
		.electric = {.phase_ma = 16000}},
	{.id = "roof",
		.parent = "site",
		.kind = GRID_PV,
		.rated = true,
		.rating_w = 20000,
		.electric = {.feed_w = 20000}},
	{.id = "box",
		.parent = "site",
		.kind = GRID_STORAGE,
		.load_w = 3000,
		.electric = {.feed_w = 5000, .battery_wh = 10000}},
	{.id = "CP-1/1",
		.parent = "site",
		.kind = GRID_EVSE,
		.max_w = 22000,
		.tail_w = 4140,
		.electric = {.phase_ma = 32000, .sixths = {2, 2, 2}}},
	{.id = "CP-2/1",
		.parent = "site",
		.kind = GRID_EVSE,
		.max_w = 7360,
		.electric = {.sixths = {0, 6, 0}}},
};

START_TEST(phase_limits_name_their_source)
{
	struct grid_tree *t = make(site, 6);
	struct grid_limits *l = grid_limits_create(t);
	struct grid_bound b = {GRID_NO_LIMIT, 2000, 40000};
	struct grid_limit m = grid_channel_limit(t, l, 0, GRID_L2);

	ck_assert_int_eq(m.w, 63 * 230);
	ck_assert_int_eq(m.usable_w, 63 * 230 * 95 / 100);
	ck_assert_int_eq(m.source, GRID_SOURCE_PHASE);
	ck_assert_int_eq(grid_short_limit(t, l, 0, GRID_L2).w, 80 * 230);
	ck_assert_int_eq(grid_short_limit(t, l, 0, GRID_TOTAL).w, 40000);
	ck_assert_int_eq(grid_export_limit(t, l, 0).w, 10000);
	grid_limits_set(l, 0, GRID_SOURCE_ENVELOPE, &b);
	m = grid_channel_limit(t, l, 0, GRID_L2);
	ck_assert_int_eq(m.w, 40 * 230);
	ck_assert_int_eq(m.source, GRID_SOURCE_ENVELOPE);
	ck_assert_int_eq(grid_short_limit(t, l, 0, GRID_L2).w, 40 * 230); /* no matter of heat */
	ck_assert_int_eq(grid_export_limit(t, l, 0).w, 2000);
	ck_assert_int_eq(grid_channel_limit(t, l, 0, GRID_TOTAL).w, 40000);
	m = grid_channel_limit(t, l, grid_tree_find(t, "CP-1/1"), GRID_L1);
	ck_assert_int_eq(m.usable_w, 32 * 230);
	ck_assert_int_eq(m.source, GRID_SOURCE_EVSE);
	ck_assert_int_eq(
		grid_channel_limit(t, l, grid_tree_find(t, "roof"), GRID_TOTAL).w, GRID_NO_LIMIT);
	grid_limits_destroy(l);
	grid_tree_destroy(t);
}
END_TEST

START_TEST(what_is_not_measured_is_the_worst_on_each_phase)
{
	struct grid_tree *t = make(site, 6);
	struct grid_load load[6], known[6];

	grid_tree_uncontrolled_loads(t, NULL, load);
	/* The house at its fuse on each phase, the battery charging on any; the sun never shines. */
	ck_assert_int_eq(load[0].s[GRID_TOTAL], 6 * (9000 + 3000));
	ck_assert_int_eq(load[0].s[GRID_L1], 6 * (16 * 230 + 3000));
	for (int i = 0; i < 6; i++)
		known[i] = (struct grid_load){{GRID_UNKNOWN, GRID_UNKNOWN, 100, GRID_UNKNOWN}};
	grid_tree_uncontrolled_loads(t, known, load);
	ck_assert_int_eq(load[0].s[GRID_L2], 100);
	ck_assert_int_eq(load[0].s[GRID_L3], 6 * (16 * 230 + 3000));
	grid_tree_destroy(t);
}
END_TEST

static const struct {
	struct grid_row row;
	const char *text;
} broken[] = {
	{{.id = "x", .electric = {.phase_ma = -1}}, "range"},
	{{.id = "x", .electric = {.phase_ma = INT32_MAX - 1, .volts = 1001}}, "current"},
	{{.id = "x", .electric = {.short_s = 10}}, "how long"},
	{{.id = "x", .electric = {.short_ma = 10}}, "how long"},
	{{.id = "x", .electric = {.short_s = 10, .short_w = 10}}, "limit_w"},
	{{.id = "x", .electric = {.short_s = 10, .short_ma = 10, .phase_ma = 11}}, "limit_a"},
	{{.id = "x", .electric = {.sixths = {7, 0, 0}}}, "whole"},
	{{.id = "x", .electric = {.feed_w = 7}}, "feed"},
	{{.id = "x", .kind = GRID_LOAD, .electric = {.imbalance_ma = 7}}, "below it"},
};

START_TEST(what_no_label_says_is_refused)
{
	struct grid_error err;

	ck_assert_ptr_null(grid_tree_create(&broken[_i].row, 1, &err));
	ck_assert_msg(strstr(err.text, broken[_i].text), "%s", err.text);
}
END_TEST

/* -- against plain arithmetic ---------------------------------------------------------------- */

/* Is the sum over a limit, reckoned in floating point from the rows' words? */
static bool plainly_over(const struct grid_tree *t, int n, int c, const double phase[3])
{
	const struct grid_node *v = grid_tree_node(t, n);
	double keep = 1 - v->margin_pm / 1000.0, most = phase[0], least = phase[0];

	if (c > GRID_TOTAL && c < GRID_CHANNELS)
		return v->electric.phase_ma &&
		       phase[c - GRID_L1] >
			       (int32_t)(v->electric.phase_ma * 0.23 * keep + 1e-6) + 1e-6;
	for (int p = 1; p < 3; p++) {
		most = phase[p] > most ? phase[p] : most;
		least = phase[p] < least ? phase[p] : least;
	}
	return v->electric.imbalance_ma && most - least > v->electric.imbalance_ma * 0.23 + 1e-6;
}

START_TEST(evaluation_agrees_with_plain_arithmetic)
{
	uint64_t s = 11;
	int broken_limits = 0, kept = 0;

	for (int run = 0; run < 2000; run++) {
		struct grid_tree *t = random_tree_make(&s, 6, 12, true);
		struct grid_over over[200];
		bool found[64][GRID_CHANNELS + 1] = {{false}};
		int32_t w[16];
		int n = grid_tree_nodes(t), count;

		for (int e = 0; e < grid_tree_evses(t); e++)
			w[e] = (int32_t)random_in(&s, 0, 9000);
		count = grid_tree_eval(t, NULL, w, NULL, NULL, over, 200);
		for (int i = 0; i < count; i++)
			found[over[i].node][over[i].channel] = true;
		for (int i = 0; i < n; i++) {
			const struct grid_node *v = grid_tree_node(t, i);
			double phase[3] = {0};

			for (int e = v->evse_first; e < v->evse_end; e++)
				for (int p = 0; p < 3; p++)
					phase[p] += w[e] / 6.0 *
						    grid_tree_node(t, grid_tree_evse_node(t, e))
							    ->electric.sixths[p];
			for (int c = GRID_L1; c <= GRID_IMBALANCE; c++) {
				ck_assert_int_eq(found[i][c], plainly_over(t, i, c, phase));
				broken_limits += found[i][c];
				kept += !found[i][c];
			}
		}
		grid_tree_destroy(t);
	}
	ck_assert_int_gt(broken_limits, 1000);
	ck_assert_int_gt(kept, 1000);
}
END_TEST

/* Every combination of EVSEs at their tails keeps each phase, where the proof holds. */
START_TEST(tails_are_proven_on_each_phase)
{
	uint64_t s = 5;
	int held = 0, failed = 0;

	for (int run = 0; run < 3000; run++) {
		struct grid_tree *t = random_tree_make(&s, 5, 7, true);
		int n = grid_tree_nodes(t), evses = grid_tree_evses(t);
		struct grid_tails_fault f[40];
		int faults = grid_tails_check(t, f, 40);

		held += faults == 0;
		failed += faults > 0;
		for (int set = 0; faults == 0 && set < 1 << evses; set++)
			for (int i = 0; i < n; i++) {
				const struct grid_node *v = grid_tree_node(t, i);
				double phase[3] = {0};

				for (int e = v->evse_first; e < v->evse_end; e++) {
					const struct grid_node *leaf =
						grid_tree_node(t, grid_tree_evse_node(t, e));

					for (int p = 0; p < 3 && (set >> e & 1); p++)
						phase[p] += leaf->tail_w / 6.0 *
							    leaf->electric.sixths[p];
				}
				for (int p = 0; p < 3 && v->electric.phase_ma; p++)
					ck_assert(phase[p] <= v->electric.phase_ma * 0.23 + 1e-6);
			}
		grid_tree_destroy(t);
	}
	ck_assert_int_gt(held, 500);
	ck_assert_int_gt(failed, 500);
}
END_TEST

START_TEST(a_tail_that_no_phase_carries_is_named)
{
	struct grid_row rows[] = {
		{.id = "box", .kind = GRID_FEEDER, .electric = {.phase_ma = 32000}},
		{.id = "a",
			.parent = "box",
			.kind = GRID_EVSE,
			.max_w = 7360,
			.tail_w = 4140,
			.electric = {.sixths = {0, 6, 0}}},
		{.id = "b",
			.parent = "box",
			.kind = GRID_EVSE,
			.max_w = 7360,
			.tail_w = 4140,
			.electric = {.sixths = {0, 6, 0}}},
	};
	struct grid_tails_fault f[2];
	char text[200];
	struct grid_tree *t = make(rows, 3);

	ck_assert_int_eq(grid_tails_check(t, f, 2), 1);
	grid_tails_explain(t, &f[0], text, sizeof(text));
	ck_assert_msg(strstr(text, "box: on L2 tails of 36.0 A") && strstr(text, "its 32.0 A"),
		"%s", text);
	grid_tree_destroy(t);

	rows[0].electric = (struct grid_electric){.imbalance_ma = 20000};
	t = make(rows, 3);
	ck_assert_int_eq(grid_tails_check(t, f, 2), 1);
	grid_tails_explain(t, &f[0], text, sizeof(text));
	ck_assert_msg(strstr(text, "36.0 A") && strstr(text, "20.0 A"), "%s", text);
	grid_tree_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("phases");
	TCase *c = tcase_create("phases");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		c, facts_make_a_pattern, 0, (int)(sizeof(patterns) / sizeof(patterns[0])));
	tcase_add_test(c, every_rotation_is_a_permutation);
	tcase_add_test(c, phases_are_learnt_from_currents);
	tcase_add_test(c, phase_limits_name_their_source);
	tcase_add_test(c, what_is_not_measured_is_the_worst_on_each_phase);
	tcase_add_loop_test(
		c, what_no_label_says_is_refused, 0, (int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(c, evaluation_agrees_with_plain_arithmetic);
	tcase_add_test(c, tails_are_proven_on_each_phase);
	tcase_add_test(c, a_tail_that_no_phase_carries_is_named);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
