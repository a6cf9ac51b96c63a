/* A charger that is known to need long: its room stays taken, and the node does not wait for it. */
#include <check.h>
#include <string.h>

#include "scheduler/guard.h"

/* Site of 20 kW with a meter; three EVSEs of 11 kW and a minimum of 4140 W right below it. */
static struct grid_row depot[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 20000},
	{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	{.id = "c", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
};

static struct grid_tree *tree;
static struct guard *guard;
static struct grid_limits *limits;
static struct guard_node_in node[4];
static struct guard_evse_in evse[3];
static struct guard_in in;
static struct guard_report r;
static struct guard_config cfg;

/* Everyone charges at `w` as commanded and wants 11 kW; a is more urgent than b than c. */
static void begin(int32_t w, int32_t load)
{
	struct grid_error err;

	tree = grid_tree_create(depot, 4, &err);
	limits = grid_limits_create(tree);
	cfg = guard_config_default();
	guard = guard_create(tree, &cfg);
	memset(node, 0, sizeof(node));
	node[0] = (struct guard_node_in){
		.quality = GUARD_FRESH, .import_w = load + 3 * w, .worst_w = GRID_UNKNOWN};
	for (int e = 0; e < 3; e++)
		evse[e] = (struct guard_evse_in){.connected = true,
			.reachable = true,
			.commanded_w = w,
			.wanted_w = 11000,
			.measured_w = w,
			.depart_ms = e};
	in = (struct guard_in){1000, limits, node, evse};
}

static void cycle(void)
{
	r = guard_cycle(guard, &in);
	in.now_ms += 1000;
}

static void end(void)
{
	guard_destroy(guard);
	grid_limits_destroy(limits);
	grid_tree_destroy(tree);
}

static int32_t allowed(int e)
{
	return r.evse[e].allowed_w;
}

START_TEST(slow_charger_holds_its_room_for_longer)
{
	for (int slow = 0; slow <= 1; slow++) {
		begin(6000, 1000);
		cycle();
		evse[0].reaction_ms = slow ? 30000 : 0;
		evse[0].wanted_w = evse[0].commanded_w = 4200;
		cycle();
		ck_assert_int_eq(r.evse[0].counted_w, 6000);
		for (int s = 0; s < 12; s++)
			cycle();
		ck_assert_int_eq(r.evse[0].counted_w, slow ? 6000 : 4200);
		for (int s = 0; s < 20; s++)
			cycle();
		ck_assert_int_eq(r.evse[0].counted_w, 4200);
		end();
	}
}
END_TEST

/* It has 30 s, the node has 10: meanwhile the others are lowered in its place. */
START_TEST(the_others_do_not_wait_for_a_slow_charger)
{
	begin(6000, 2000);
	evse[0].urgency = 9;
	evse[0].reaction_ms = 30000;
	cycle();
	node[0].import_w = 2000 + 3 * 6000 + 1800;
	cycle();
	ck_assert_int_eq(allowed(0), 4200);
	evse[0].commanded_w = 4200;
	for (int i = 0; i < 9; i++)
		cycle();
	ck_assert_int_eq(allowed(1) + allowed(2), 12000);
	for (int i = 0; i < 3; i++) {
		evse[0].measured_ms = in.now_ms;
		cycle();
	}
	ck_assert_int_le(allowed(1) + allowed(2), 10200);
	ck_assert_int_ne(r.evse[0].source, GRID_SOURCE_DISOBEYED);
	evse[0].measured_w = 4200;
	evse[0].measured_ms = in.now_ms;
	node[0].import_w -= 1800;
	for (int i = 0; i < 60; i++)
		cycle();
	ck_assert_int_gt(allowed(1) + allowed(2), 10200);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_slow");
	TCase *c = tcase_create("guard_slow");
	SRunner *runner;
	int failed;

	tcase_add_test(c, slow_charger_holds_its_room_for_longer);
	tcase_add_test(c, the_others_do_not_wait_for_a_slow_charger);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
