#include <check.h>
#include <time.h>

#include "scheduler/limits.h"
#include "tests/unit/grid_random.h"

/* A small depot whose rows stand in no useful order. */
static const struct grid_row depot[] = {
	{.id = "CP-1/1", .parent = "CP-1", .kind = GRID_EVSE, .max_w = 22000, .min_w = 4140},
	{.id = "feeder-b", .parent = "site", .kind = GRID_FEEDER, .rated = true, .rating_w = 50000},
	{.id = "CP-1",
		.parent = "feeder-a",
		.kind = GRID_STATION,
		.rated = true,
		.rating_w = 30000},
	{.id = "CP-1/2", .parent = "CP-1", .kind = GRID_EVSE, .max_w = 22000, .min_w = 4140},
	{.id = "site",
		.kind = GRID_SITE,
		.rated = true,
		.rating_w = 100000,
		.margin_pm = 20,
		.reserve_w = 1000},
	{.id = "hall", .parent = "site", .kind = GRID_LOAD, .rated = true, .rating_w = 20000},
	{.id = "feeder-a", .parent = "site", .kind = GRID_FEEDER, .rated = true, .rating_w = 60000},
	{.id = "CP-2/1", .parent = "feeder-b", .kind = GRID_EVSE, .max_w = 150000, .min_w = 5000},
};
#define DEPOT_ROWS ((int)(sizeof(depot) / sizeof(depot[0])))

static struct grid_tree *make_depot(void)
{
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(depot, DEPOT_ROWS, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

START_TEST(rows_in_any_order_make_one_tree)
{
	struct grid_tree *t = make_depot();
	int station = grid_tree_find(t, "CP-1");
	const struct grid_node *v;

	ck_assert_int_eq(grid_tree_nodes(t), DEPOT_ROWS);
	ck_assert_int_eq(grid_tree_evses(t), 3);
	ck_assert_str_eq(grid_tree_node(t, 0)->id, "site");
	ck_assert_int_eq(grid_tree_node(t, 0)->parent, -1);
	ck_assert_int_eq(grid_tree_node(t, 0)->end, DEPOT_ROWS);
	v = grid_tree_node(t, station);
	ck_assert_str_eq(grid_tree_node(t, v->parent)->id, "feeder-a");
	ck_assert_int_eq(v->row, 2);
	ck_assert_int_eq(v->depth, 2);
	ck_assert_int_eq(v->end - station, 3);
	ck_assert_int_eq(v->evse_end - v->evse_first, 2);
	for (int e = 0; e < 3; e++)
		ck_assert_int_eq(grid_tree_node(t, grid_tree_evse_node(t, e))->evse_first, e);
	ck_assert_int_eq(grid_tree_find(t, "CP-3"), -1);
	ck_assert_int_eq(grid_tree_node(t, grid_tree_find(t, "hall"))->load_w, 20000);
	grid_tree_destroy(t);
}
END_TEST

/* One row of the depot replaced; `node` is what the error must name, `text` a part of it. */
static const struct {
	int row;
	struct grid_row to;
	const char *node, *text;
} broken[] = {
	{0, {.id = "CP-1/1", .parent = "CP-9", .kind = GRID_EVSE}, "CP-1/1", "CP-9 does not exist"},
	{0, {.id = "CP-1/1", .parent = "CP-1/2", .kind = GRID_EVSE}, "CP-1/1", "is an EVSE"},
	{1, {.id = "feeder-b", .parent = "hall", .kind = GRID_FEEDER}, "feeder-b", "is a load"},
	{1, {.id = "feeder-b", .kind = GRID_FEEDER}, "site", "feeder-b is the root"},
	{4, {.id = "site", .parent = "feeder-a", .kind = GRID_SITE}, "CP-1/1", "no root"},
	{1, {.id = "feeder-a", .parent = "site", .kind = GRID_FEEDER}, "feeder-a", "two nodes"},
	{6, {.id = "feeder-a", .parent = "feeder-a", .kind = GRID_FEEDER}, "feeder-a",
		"below itself"},
	{6, {.id = "feeder-a", .parent = "CP-1", .kind = GRID_FEEDER}, "feeder-a", "only an EVSE"},
	{0, {.id = "", .parent = "CP-1", .kind = GRID_EVSE}, "", "an id has"},
	{0, {.id = "CP-1/1", .parent = "CP-1", .kind = GRID_EVSE, .max_w = 10, .min_w = 11},
		"CP-1/1", "smallest power"},
	{0, {.id = "CP-1/1", .parent = "CP-1", .kind = GRID_EVSE, .max_w = 10, .tail_w = 11},
		"CP-1/1", "tail is above"},
	{0,
		{.id = "CP-1/1",
			.parent = "CP-1",
			.kind = GRID_EVSE,
			.max_w = 10,
			.min_w = 6,
			.tail_w = 5},
		"CP-1/1", "tail must be 0"},
	{0, {.id = "CP-1/1", .parent = "CP-1", .kind = GRID_EVSE, .max_w = -1}, "CP-1/1", "range"},
	{1, {.id = "feeder-b", .parent = "site", .kind = GRID_FEEDER, .rating_w = -5}, "feeder-b",
		"range"},
	{1, {.id = "feeder-b", .parent = "site", .kind = GRID_FEEDER, .max_w = 5}, "feeder-b",
		"only an EVSE"},
	{1, {.id = "feeder-b", .parent = "site", .kind = GRID_FEEDER, .margin_pm = 1001},
		"feeder-b", "margin"},
	{1, {.id = "feeder-b", .parent = "site", .kind = (enum grid_kind)99}, "feeder-b", "kind"},
};

START_TEST(what_is_no_tree_is_refused_by_name)
{
	struct grid_row rows[DEPOT_ROWS];
	struct grid_error err = {0};

	memcpy(rows, depot, sizeof(depot));
	rows[broken[_i].row] = broken[_i].to;
	ck_assert_ptr_null(grid_tree_create(rows, DEPOT_ROWS, &err));
	ck_assert_str_eq(err.node, broken[_i].node);
	ck_assert_msg(strstr(err.text, broken[_i].text), "%s", err.text);
	ck_assert(err.node[0] == '\0' || strstr(err.text, err.node));
}
END_TEST

START_TEST(long_cycles_and_wrong_counts_are_refused)
{
	struct grid_row rows[] = {
		{.id = "root", .kind = GRID_SITE},
		{.id = "a", .parent = "c", .kind = GRID_FEEDER},
		{.id = "b", .parent = "a", .kind = GRID_FEEDER},
		{.id = "c", .parent = "b", .kind = GRID_FEEDER},
		{.id = "d", .parent = "c", .kind = GRID_FEEDER},
	};
	struct grid_error err;

	ck_assert_ptr_null(grid_tree_create(rows, 5, &err));
	ck_assert_msg(strstr(err.text, "below itself"), "%s", err.text);
	ck_assert(strcmp(err.node, "d") != 0 && strcmp(err.node, "root") != 0);
	ck_assert_ptr_null(grid_tree_create(rows, 0, &err));
	ck_assert_ptr_null(grid_tree_create(rows, GRID_NODES_MAX + 1, &err));
}
END_TEST

START_TEST(id_is_bounded)
{
	char id[GRID_ID_MAX + 2];
	struct grid_row row = {.id = id, .kind = GRID_SITE};
	struct grid_error err;
	struct grid_tree *t;

	memset(id, 'x', sizeof(id));
	id[GRID_ID_MAX + 1] = '\0';
	ck_assert_ptr_null(grid_tree_create(&row, 1, &err));
	id[GRID_ID_MAX] = '\0';
	t = grid_tree_create(&row, 1, &err);
	ck_assert_ptr_nonnull(t);
	grid_tree_destroy(t);
	grid_tree_destroy(NULL);
}
END_TEST

START_TEST(limits_name_their_source_and_place)
{
	struct grid_tree *t = make_depot();
	struct grid_limits *l = grid_limits_create(t), *copy;
	int evse = grid_tree_find(t, "CP-2/1"), a = grid_tree_find(t, "CP-1/1");
	int feeder = grid_tree_find(t, "feeder-b");
	struct grid_limit m;

	m = grid_tree_limit(t, NULL, evse);
	ck_assert_int_eq(m.w, 50000);
	ck_assert_int_eq(m.source, GRID_SOURCE_RATING);
	ck_assert_int_eq(m.node, feeder);
	m = grid_tree_limit(t, l, a);
	ck_assert_int_eq(m.usable_w, 22000);
	ck_assert_int_eq(m.source, GRID_SOURCE_EVSE);
	m = grid_tree_limit(t, l, 0);
	ck_assert_int_eq(m.usable_w, 98000);

	grid_limits_set(l, 0, GRID_SOURCE_ENVELOPE,
		&(struct grid_bound){10001, GRID_NO_LIMIT, GRID_NO_LIMIT});
	copy = grid_limits_copy(l);
	m = grid_tree_limit(t, l, evse);
	ck_assert_int_eq(m.w, 10001);
	ck_assert_int_eq(m.usable_w, 9800); /* rounded down */
	ck_assert_int_eq(m.source, GRID_SOURCE_ENVELOPE);
	ck_assert_int_eq(m.node, 0);
	grid_limits_set(l, feeder, GRID_SOURCE_OPERATOR,
		&(struct grid_bound){-7, GRID_NO_LIMIT, GRID_NO_LIMIT});
	m = grid_tree_limit(t, l, evse);
	ck_assert_int_eq(m.w, 0);
	ck_assert_int_eq(m.source, GRID_SOURCE_OPERATOR);
	grid_limits_set(l, feeder, GRID_SOURCE_OPERATOR, NULL);
	grid_limits_set(l, 0, GRID_SOURCE_ENVELOPE, NULL);
	ck_assert_int_eq(grid_tree_limit(t, l, evse).w, 50000);
	ck_assert_int_eq(grid_tree_limit(t, copy, evse).w, 10001);
	grid_limits_destroy(l);
	grid_limits_destroy(copy);
	grid_tree_destroy(t);
}
END_TEST

START_TEST(reserve_that_eats_a_rating_is_named)
{
	struct grid_row row = {
		.id = "r", .kind = GRID_SITE, .rated = true, .rating_w = 10, .reserve_w = 10};
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(&row, 1, &err);

	ck_assert_int_eq(grid_node_limit(t, NULL, 0).source, GRID_SOURCE_RESERVE);
	grid_tree_destroy(t);
}
END_TEST

START_TEST(evaluation_finds_what_is_over)
{
	struct grid_tree *t = make_depot();
	int32_t w[3];
	int64_t load[DEPOT_ROWS], known[DEPOT_ROWS];
	struct grid_load sum[DEPOT_ROWS], loads[DEPOT_ROWS];
	struct grid_over over[DEPOT_ROWS];

	w[grid_tree_node(t, grid_tree_find(t, "CP-1/1"))->evse_first] = 16000;
	w[grid_tree_node(t, grid_tree_find(t, "CP-1/2"))->evse_first] = 15000;
	w[grid_tree_node(t, grid_tree_find(t, "CP-2/1"))->evse_first] = 50000;
	ck_assert_int_eq(grid_tree_eval(t, NULL, w, NULL, sum, over, DEPOT_ROWS), 1);
	ck_assert_str_eq(grid_tree_node(t, over[0].node)->id, "CP-1");
	ck_assert_int_eq(over[0].sum_w, 31000);
	ck_assert_int_eq(over[0].limit_w, 30000);
	ck_assert_int_eq(sum[0].s[GRID_TOTAL], 6 * 81000);

	/* Nothing known: the hall counts as its rating and the site keeps that free. */
	grid_tree_uncontrolled(t, NULL, load);
	ck_assert_int_eq(load[0], 20000);
	grid_tree_uncontrolled_loads(t, NULL, loads);
	ck_assert_int_eq(loads[0].s[GRID_TOTAL], 6 * 20000);
	ck_assert_int_eq(grid_tree_eval(t, NULL, w, loads, NULL, over, 1), 2);
	ck_assert_int_eq(over[0].node, 0);
	ck_assert_int_eq(over[0].sum_w, 101000);

	/* A site meter that shows 5 kW: that and the reserve. A negative load never adds room. */
	for (int i = 0; i < DEPOT_ROWS; i++)
		known[i] = GRID_UNKNOWN;
	known[0] = 5000;
	grid_tree_uncontrolled(t, known, load);
	ck_assert_int_eq(load[0], 6000);
	known[0] = -5000;
	grid_tree_uncontrolled(t, known, known);
	ck_assert_int_eq(known[0], 1000);
	grid_tree_destroy(t);
}
END_TEST

/* Subtree ranges, sums and effective limits agree with the plainest computation. */
START_TEST(random_trees_agree_with_plain_arithmetic)
{
	uint64_t s = 1;

	for (int run = 0; run < 500; run++) {
		struct grid_tree *t = random_tree(&s, 12, 20);
		int n = grid_tree_nodes(t), evses = grid_tree_evses(t);
		int64_t sum[64], plain[64] = {0};
		int32_t w[64];

		for (int e = 0; e < evses; e++) {
			w[e] = (int32_t)random_in(&s, 0, 22000);
			for (int v = grid_tree_evse_node(t, e); v >= 0;
				v = grid_tree_node(t, v)->parent)
				plain[v] += w[e];
		}
		grid_tree_sum(t, w, sum);
		for (int i = 0; i < n; i++) {
			const struct grid_node *v = grid_tree_node(t, i);
			int32_t tightest = GRID_NO_LIMIT;
			int inside = 0;

			ck_assert_int_eq(sum[i], plain[i]);
			ck_assert(v->parent < i);
			ck_assert_int_eq(grid_tree_find(t, v->id), i);
			for (int c = 0; c < n; c++) {
				int up = c;

				while (up > i)
					up = grid_tree_node(t, up)->parent;
				inside += up == i;
				ck_assert_int_eq(up == i, c >= i && c < v->end);
			}
			ck_assert_int_eq(inside, v->end - i);
			for (int up = i; up >= 0; up = grid_tree_node(t, up)->parent)
				if (grid_node_limit(t, NULL, up).usable_w < tightest)
					tightest = grid_node_limit(t, NULL, up).usable_w;
			ck_assert_int_eq(grid_tree_limit(t, NULL, i).usable_w, tightest);
		}
		grid_tree_destroy(t);
	}
}
END_TEST

START_TEST(ten_thousand_evses_evaluate_in_time)
{
	struct random_tree r;
	struct grid_error err;
	struct grid_tree *t;
	struct timespec a, b;
	int32_t *w = calloc(10000, sizeof(*w));
	struct grid_load *sum = calloc(12000, sizeof(*sum));
	struct grid_over over[4];
	uint64_t s = 7;
	double best_ms = 1e9;

	random_tree_init(&r, &s, SHAPE_BUSHY, 2000, 10000);
	t = grid_tree_create(r.row, r.n, &err);
	ck_assert_ptr_nonnull(t);
	for (int i = 0; i < 10000; i++)
		w[i] = (int32_t)random_in(&s, 0, 22000);
	for (int i = 0; i < 5; i++) {
		double ms;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		ck_assert_int_gt(grid_tree_eval(t, NULL, w, NULL, sum, over, 4), 0);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
		best_ms = ms < best_ms ? ms : best_ms;
	}
	printf("grid: 10000 EVSEs evaluated in %.3f ms\n", best_ms);
	ck_assert(best_ms < 10);
	grid_tree_destroy(t);
	random_tree_finish(&r);
	free(w);
	free(sum);
}
END_TEST

START_TEST(every_source_and_kind_has_a_name)
{
	for (int s = 0; s < GRID_SOURCE_COUNT; s++)
		ck_assert(strlen(grid_source_name((enum grid_source)s)) >= 4);
	for (int k = GRID_SITE; k < GRID_KIND_COUNT; k++)
		ck_assert(strcmp(grid_kind_name((enum grid_kind)k), "unknown") != 0);
	ck_assert_str_eq(grid_source_name((enum grid_source) - 1), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grid");
	TCase *c = tcase_create("tree");
	SRunner *runner;
	int failed;

	tcase_add_test(c, rows_in_any_order_make_one_tree);
	tcase_add_loop_test(c, what_is_no_tree_is_refused_by_name, 0,
		(int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(c, long_cycles_and_wrong_counts_are_refused);
	tcase_add_test(c, id_is_bounded);
	tcase_add_test(c, limits_name_their_source_and_place);
	tcase_add_test(c, reserve_that_eats_a_rating_is_named);
	tcase_add_test(c, evaluation_finds_what_is_over);
	tcase_add_test(c, random_trees_agree_with_plain_arithmetic);
	tcase_add_test(c, ten_thousand_evses_evaluate_in_time);
	tcase_add_test(c, every_source_and_kind_has_a_name);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
