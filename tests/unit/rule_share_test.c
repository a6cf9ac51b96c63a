/* The plain rule: earliest departure first, within the room of every node. */
#include <check.h>
#include "scheduler/rule.h"

static struct grid_tree *tree;

static void setup(void)
{
	static const struct grid_row rows[] = {
		{.id = "site", .kind = GRID_GROUP},
		{.id = "left", .parent = "site", .kind = GRID_GROUP},
		{.id = "A", .parent = "left", .kind = GRID_EVSE, .max_w = 11000, .min_w = 1380},
		{.id = "B", .parent = "left", .kind = GRID_EVSE, .max_w = 11000, .min_w = 1380},
		{.id = "C", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 1380},
	};
	struct grid_error err;

	tree = grid_tree_create(rows, 5, &err);
	ck_assert_msg(tree != NULL, "%s", err.text);
}

static void teardown(void)
{
	grid_tree_destroy(tree);
}

static struct rule_place leaves(int64_t ms)
{
	return (struct rule_place){
		.is_here = true, .max_w = 11000, .min_w = 1380, .priority = 5, .depart_ms = ms};
}

/* Places in the order A, B, C; room of site and left. */
static void share(const struct rule_place *p, int64_t site, int64_t left, int32_t w[3])
{
	int64_t room[8];

	for (int i = 0; i < 8; i++)
		room[i] = RULE_ROOM_MAX;
	room[grid_tree_find(tree, "site")] = site;
	room[grid_tree_find(tree, "left")] = left;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
}

START_TEST(the_earliest_departure_goes_first_within_the_room_of_every_node)
{
	struct rule_place p[] = {leaves(300), leaves(200), leaves(100)};
	int32_t w[3];

	share(p, 20000, 8000, w);
	ck_assert_int_eq(w[2], 11000); /* first, and its only limit is the site's */
	ck_assert_int_eq(w[1], 8000); /* then what its feeder has */
	ck_assert_int_eq(w[0], 0);
	share(p, 20000, RULE_ROOM_MAX, w);
	ck_assert_int_eq(w[1], 9000);
	ck_assert_int_eq(w[0], 0);
}
END_TEST

START_TEST(what_is_less_than_the_least_power_goes_to_the_next_who_can_use_it)
{
	struct rule_place p[] = {leaves(300), leaves(200), leaves(100)};
	int32_t w[3];

	p[1].min_w = 4140;
	share(p, 14000, RULE_ROOM_MAX, w);
	ck_assert_int_eq(w[2], 11000);
	ck_assert_int_eq(w[1], 0);
	ck_assert_int_eq(w[0], 3000);
}
END_TEST

START_TEST(priority_goes_before_departure_and_what_cannot_be_lowered_before_both)
{
	struct rule_place p[] = {leaves(300), leaves(200), leaves(100)};
	int32_t w[3];

	p[0].priority = 1;
	share(p, 11000, RULE_ROOM_MAX, w);
	ck_assert_int_eq(w[0], 11000);
	ck_assert_int_eq(w[2], 0);
	p[1].is_fixed = true;
	p[1].max_w = 7000;
	share(p, 11000, RULE_ROOM_MAX, w);
	ck_assert_int_eq(w[1], 7000);
	ck_assert_int_eq(w[0], 4000);
	p[0].is_here = false;
	share(p, 11000, RULE_ROOM_MAX, w);
	ck_assert_int_eq(w[0], 0);
	ck_assert_int_eq(w[2], 4000);
	share(p, -5000, RULE_ROOM_MAX, w); /* no room at all */
	ck_assert_int_eq(w[1], 7000);
	ck_assert_int_eq(w[2], 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rule_share");
	TCase *t = tcase_create("rule_share");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_earliest_departure_goes_first_within_the_room_of_every_node);
	tcase_add_test(t, what_is_less_than_the_least_power_goes_to_the_next_who_can_use_it);
	tcase_add_test(t, priority_goes_before_departure_and_what_cannot_be_lowered_before_both);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
