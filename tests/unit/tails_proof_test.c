#include <check.h>

#include "scheduler/tails.h"
#include "tests/unit/grid_random.h"

static struct grid_tree *make(const struct grid_row *rows, int n)
{
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(rows, n, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

START_TEST(failure_names_node_sum_and_limit)
{
	struct grid_row rows[] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 20000},
		{.id = "hall",
			.parent = "site",
			.kind = GRID_LOAD,
			.rated = true,
			.rating_w = 9000},
		{.id = "F1",
			.parent = "site",
			.kind = GRID_FEEDER,
			.rated = true,
			.rating_w = 9000,
			.reserve_w = 1000},
		{.id = "a", .parent = "F1", .kind = GRID_EVSE, .max_w = 22000, .tail_w = 4000},
		{.id = "b", .parent = "F1", .kind = GRID_EVSE, .max_w = 22000, .tail_w = 4000},
	};
	struct grid_tails_fault f[4];
	char text[200];
	struct grid_tree *t = make(rows, 5);

	ck_assert_int_eq(grid_tails_check(t, f, 4), 0); /* 9000 and 18000: both just fit */
	grid_tree_destroy(t);

	rows[2].reserve_w = 1001;
	rows[0].rating_w = 18000;
	t = make(rows, 5);
	ck_assert_int_eq(grid_tails_check(t, f, 1), 2);
	ck_assert_str_eq(grid_tree_node(t, f[0].node)->id, "site");
	ck_assert_int_eq(grid_tails_check(t, f, 4), 2);
	ck_assert_str_eq(grid_tree_node(t, f[1].node)->id, "F1");
	ck_assert_int_eq(f[1].sum_w, 9001);
	ck_assert_int_eq(f[1].tails_w, 8000);
	ck_assert_int_eq(f[1].reserve_w, 1001);
	ck_assert_int_eq(f[1].limit_w, 9000);
	ck_assert_int_eq(f[0].load_w, 9000);
	grid_tails_explain(t, &f[1], text, sizeof(text));
	ck_assert_msg(
		strstr(text, "F1") && strstr(text, "9001 W") && strstr(text, "9000 W"), "%s", text);
	grid_tree_destroy(t);
}
END_TEST

/* A child's reserve is part of its parent's, unless the children's together are greater. */
START_TEST(reserves_nest)
{
	struct grid_row rows[] = {
		{.id = "site",
			.kind = GRID_SITE,
			.rated = true,
			.rating_w = 5000,
			.reserve_w = 5000},
		{.id = "F1", .parent = "site", .kind = GRID_FEEDER, .reserve_w = 2500},
		{.id = "F2", .parent = "site", .kind = GRID_FEEDER, .reserve_w = 2500},
	};
	struct grid_tails_fault f[1];
	struct grid_tree *t = make(rows, 3);

	ck_assert_int_eq(grid_tails_check(t, f, 1), 0);
	grid_tree_destroy(t);
	rows[1].reserve_w = 2501;
	t = make(rows, 3);
	ck_assert_int_eq(grid_tails_check(t, f, 1), 1);
	ck_assert_int_eq(f[0].reserve_w, 5001);
	grid_tree_destroy(t);
}
END_TEST

/* Where the proof holds, every combination of EVSEs on their tail fits at every node; where it does
 * not, all of them together exceed the very node that it names. */
START_TEST(proof_agrees_with_every_combination)
{
	uint64_t s = 3;
	int held = 0, failed = 0;

	for (int run = 0; run < 3000; run++) {
		struct grid_tree *t = random_tree(&s, 6, 8);
		int n = grid_tree_nodes(t), evses = grid_tree_evses(t);
		struct grid_tails_fault f[32];
		int faults = grid_tails_check(t, f, 32);

		for (int set = 0; faults == 0 && set < 1 << evses; set++) {
			for (int i = 0; i < n; i++) {
				const struct grid_node *v = grid_tree_node(t, i);
				int64_t sum = v->reserve_w;

				for (int e = v->evse_first; e < v->evse_end; e++)
					if (set >> e & 1)
						sum += grid_tree_node(t, grid_tree_evse_node(t, e))
							       ->tail_w;
				ck_assert(!v->rated || sum <= v->rating_w);
			}
		}
		for (int i = 0; i < faults; i++) {
			const struct grid_node *v = grid_tree_node(t, f[i].node);
			int64_t tails = 0;

			for (int e = v->evse_first; e < v->evse_end; e++)
				tails += grid_tree_node(t, grid_tree_evse_node(t, e))->tail_w;
			ck_assert_int_eq(f[i].tails_w, tails);
			ck_assert(f[i].tails_w + f[i].reserve_w + f[i].load_w == f[i].sum_w);
			ck_assert(f[i].sum_w > v->rating_w);
		}
		held += faults == 0;
		failed += faults > 0;
		grid_tree_destroy(t);
	}
	ck_assert_int_gt(held, 300);
	ck_assert_int_gt(failed, 300);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tails");
	TCase *c = tcase_create("proof");
	SRunner *runner;
	int bad;

	tcase_add_test(c, failure_names_node_sum_and_limit);
	tcase_add_test(c, reserves_nest);
	tcase_add_test(c, proof_agrees_with_every_combination);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? 1 : 0;
}
