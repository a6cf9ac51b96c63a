/* The plain rule: earliest departure first, within the room of every node. */
#include <check.h>
#include <string.h>
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

static struct rule_room room[8];

static struct rule_room *room_of(const char *id)
{
	return &room[grid_tree_find(tree, id)];
}

static void lift_limits(void)
{
	for (int i = 0; i < 8; i++)
		room[i] = (struct rule_room){.w = RULE_ROOM_MAX,
			.phase = {RULE_ROOM_MAX, RULE_ROOM_MAX, RULE_ROOM_MAX},
			.apart = RULE_ROOM_MAX};
}

/* Places in the order A, B, C; room of site and left. */
static void share(const struct rule_place *p, int64_t site, int64_t left, int32_t w[3])
{
	lift_limits();
	room_of("site")->w = site;
	room_of("left")->w = left;
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

/* On one phase of the grid, 0 to 2. */
static struct rule_place on_phase(int phase, int64_t departs)
{
	struct rule_place p = leaves(departs);

	p.max_w = 7400;
	p.sixths[phase] = 6;
	p.is_exact = true;
	return p;
}

static struct rule_place balanced(int64_t departs)
{
	struct rule_place p = leaves(departs);

	p.sixths[0] = p.sixths[1] = p.sixths[2] = 2;
	p.is_exact = true;
	return p;
}

START_TEST(no_phase_gets_more_than_its_limit_and_the_room_of_others_is_used)
{
	struct rule_place p[] = {on_phase(0, 100), on_phase(0, 200), on_phase(1, 300)};
	int32_t w[3];

	lift_limits();
	for (int i = 0; i < GRID_PHASES; i++)
		room_of("left")->phase[i] = 6 * 9200;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[0], 7400);
	ck_assert_int_eq(w[1], 1800); /* what is left of L1 */
	ck_assert_int_eq(w[2], 7400);
	lift_limits();
	for (int i = 0; i < GRID_PHASES; i++)
		room_of("site")->phase[i] = 6 * 9200;
	p[1] = balanced(200);
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[1], 5400); /* three times 1,800 */
	ck_assert_int_eq(w[2], 7400);
	memset(p[1].sixths, 0, sizeof p[1].sixths); /* any of it on any phase */
	lift_limits();
	for (int i = 0; i < GRID_PHASES; i++)
		room_of("site")->phase[i] = 6 * 9200;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[1], 1800);
}
END_TEST

START_TEST(phases_differ_by_no_more_than_they_may)
{
	struct rule_place p[] = {on_phase(0, 100), balanced(200), on_phase(1, 300)};
	int32_t w[3];

	lift_limits();
	room_of("site")->apart = 6 * 4000;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[0], 4000); /* L3 stays empty */
	ck_assert_int_eq(w[1], 11000); /* balanced: of no concern */
	ck_assert_int_eq(w[2], 4000);

	lift_limits(); /* the house is on L2 and L3: L1 may catch up */
	room_of("site")->apart = 6 * 4000;
	for (int i = 1; i < GRID_PHASES; i++)
		room_of("site")->high[i] = room_of("site")->low[i] = 6 * 3000;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[0], 7000);
	ck_assert_int_eq(w[2], 4000);

	lift_limits(); /* out of balance by others: nobody makes it worse */
	room_of("site")->apart = 6 * 4000;
	room_of("site")->high[0] = room_of("site")->low[0] = 6 * 5000;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_eq(w[0], 0);
	ck_assert_int_eq(w[1], 11000);
	ck_assert_int_eq(w[2], 4000);
}
END_TEST

/* The first is held back by an empty phase, which the last one fills. */
START_TEST(who_loads_another_phase_lets_the_first_rise)
{
	struct rule_place p[] = {on_phase(0, 100), on_phase(1, 200), on_phase(2, 300)};
	int32_t w[3];

	lift_limits();
	room_of("site")->apart = 6 * 2000;
	ck_assert_int_eq(rule_share(tree, p, room, w), 0);
	ck_assert_int_ge(w[0], 4000);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			ck_assert_int_le(w[i] - w[j], 2000);
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
	tcase_add_test(t, no_phase_gets_more_than_its_limit_and_the_room_of_others_is_used);
	tcase_add_test(t, phases_differ_by_no_more_than_they_may);
	tcase_add_test(t, who_loads_another_phase_lets_the_first_rise);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
