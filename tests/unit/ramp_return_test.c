#include "scheduler/ramp.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATIONS 8
#define NODES    (3 + 2 * STATIONS)

/* site > two feeders of four stations with one EVSE of 22 kW each. */
static struct grid_row rows[NODES];
static char ids[NODES][20];
static struct grid_tree *tree;
static struct ramp *r;
static struct ramp_node_in nodes[NODES];
static struct ramp_evse_in evses[STATIONS];
static bool held[STATIONS];
static int64_t now_ms;

static int node(const char *id)
{
	int n = grid_tree_find(tree, id);

	ck_assert_int_ge(n, 0);
	return n;
}

static void setup(void)
{
	struct ramp_config cfg = ramp_config_default();
	struct grid_error err;

	rows[0] = (struct grid_row){.id = "site", .kind = GRID_SITE};
	rows[1] = (struct grid_row){.id = "F1", .parent = "site", .kind = GRID_FEEDER};
	rows[2] = (struct grid_row){.id = "F2", .parent = "site", .kind = GRID_FEEDER};
	for (int i = 0; i < STATIONS; i++) {
		snprintf(ids[2 * i], sizeof ids[0], "S%d", i);
		snprintf(ids[2 * i + 1], sizeof ids[0], "S%d/1", i);
		rows[3 + 2 * i] = (struct grid_row){
			.id = ids[2 * i], .parent = i < 4 ? "F1" : "F2", .kind = GRID_STATION};
		rows[4 + 2 * i] = (struct grid_row){.id = ids[2 * i + 1],
			.parent = ids[2 * i],
			.kind = GRID_EVSE,
			.max_w = 22000};
	}
	tree = grid_tree_create(rows, NODES, &err);
	ck_assert_msg(tree != NULL, "%s", err.text);
	r = ramp_create(tree, &cfg);
	memset(nodes, 0, sizeof nodes);
	for (int i = 0; i < STATIONS; i++) {
		nodes[node(ids[2 * i])].is_station = nodes[node(ids[2 * i])].in_service = true;
		evses[i] = (struct ramp_evse_in){
			.connected = true, .start_w = 22000, .depart_ms = 1000 - i};
	}
	now_ms = 1000000;
}

static void teardown(void)
{
	ramp_destroy(r);
	grid_tree_destroy(tree);
}

static int cycle(void)
{
	now_ms += 1000;
	return ramp_cycle(r, now_ms, nodes, evses, held);
}

static int count_held(void)
{
	int n = 0;

	for (int i = 0; i < STATIONS; i++)
		n += held[i];
	return n;
}

static void power_up(int from, int to)
{
	for (int i = from; i < to; i++)
		ramp_power_up(r, node(ids[2 * i]), now_ms);
}

START_TEST(voltage_that_returns_begins_a_ramp)
{
	nodes[node("F1")].volts = RAMP_VOLTS_THERE;
	ck_assert_int_eq(cycle(), 0);
	nodes[node("F1")].volts = RAMP_VOLTS_GONE;
	ck_assert_int_eq(cycle(), 0);
	nodes[node("F1")].volts = RAMP_VOLTS_UNKNOWN;
	ck_assert_int_eq(cycle(), 0);
	nodes[node("F1")].volts = RAMP_VOLTS_THERE;
	ck_assert_int_eq(cycle(), 1);
	ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_VOLTAGE);
	ck_assert_int_eq(count_held(), 4);
	ck_assert(held[0] && !held[4]);
}
END_TEST

START_TEST(most_urgent_first_one_step_at_a_time)
{
	int before = 4;

	evses[2].urgency = -1;
	ramp_begin(r, node("F1"), now_ms);
	for (int s = 1; s < 20; s++) {
		cycle();
		ck_assert_int_eq(count_held(), 4);
	}
	cycle(); /* 20 s later: the urgent one, then by departure, every 10 s one of 22 kW */
	ck_assert(!held[2] && held[3]);
	for (int s = 0; s < 10; s++)
		cycle();
	ck_assert(!held[3] && held[1]);
	for (int s = 0; s < 60 && count_held(); s++) {
		cycle();
		ck_assert_int_ge(count_held(), before - 3);
		before = count_held();
	}
	ck_assert_int_eq(cycle(), 0);
}
END_TEST

START_TEST(stations_that_power_up_together_are_a_sign)
{
	cycle();
	power_up(0, 2);
	ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_NONE);
	cycle();
	/* each station for itself waits, its feeder does not */
	ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_NONE);
	ck_assert(held[0] && held[1] && !held[2]);
	power_up(2, 3);
	cycle();
	ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_STATIONS);
	ck_assert_int_eq(count_held(), 4);
	power_up(3, 4); /* late: the same return */
	cycle();
	ck_assert_int_eq(ramp_look(r, node("F1")).tries, 1);
	ck_assert_int_eq(ramp_look(r, node("site")).sign, RAMP_SIGN_NONE);
	power_up(4, 8);
	cycle(); /* all eight within the minute: it was the whole site */
	ck_assert_int_eq(ramp_look(r, node("site")).sign, RAMP_SIGN_STATIONS);
	ck_assert_int_eq(ramp_look(r, node("site")).tries, 1);
	ck_assert_int_eq(ramp_look(r, node("F2")).sign, RAMP_SIGN_NONE);
	ck_assert_int_eq(count_held(), 8);
}
END_TEST

/* The central system was without power too: it has seen no station before. */
START_TEST(stations_that_come_one_by_one_to_a_fresh_start_are_one_return)
{
	for (int i = 0; i < STATIONS; i++)
		nodes[node(ids[2 * i])].in_service = false;
	for (int i = 0; i < STATIONS; i++) {
		power_up(i, i + 1);
		cycle();
		ck_assert_int_le(ramp_look(r, 0).tries, 1);
	}
	ck_assert_int_eq(ramp_look(r, 0).sign, RAMP_SIGN_STATIONS);
	ck_assert_int_eq(count_held(), STATIONS);
}
END_TEST

/* The last stations boot after most have: they belong to the return that was seen, also later. */
START_TEST(stations_that_are_late_are_no_second_return)
{
	int waiting = STATIONS;

	for (int i = 0; i < STATIONS; i++) {
		power_up(i, i + 1);
		now_ms += 4000;
		cycle();
	}
	for (int s = 0; s < 300; s++) {
		now_ms += 1000;
		cycle();
		ck_assert_int_le(count_held(), waiting); /* who was let go goes on */
		waiting = count_held();
	}
	ck_assert_int_eq(waiting, 0);
}
END_TEST

START_TEST(far_between_is_no_sign)
{
	for (int i = 0; i < 4; i++) {
		power_up(i, i + 1);
		cycle();
		ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_NONE);
		now_ms += 61000;
		cycle();
	}
}
END_TEST

START_TEST(silent_meter_needs_a_station_beside_it)
{
	nodes[node("F1")].meter_is_silent = true;
	cycle();
	nodes[node("F1")].meter_is_silent = false;
	ck_assert_int_eq(cycle(), 0);
	power_up(0, 2);
	cycle();
	ck_assert_int_eq(ramp_look(r, node("F1")).sign, RAMP_SIGN_METER);
}
END_TEST

START_TEST(tripped_again_goes_half_as_fast)
{
	for (int i = 0; i < STATIONS; i++)
		evses[i].start_w = 1000;
	ramp_begin(r, 0, now_ms);
	for (int s = 0; s < 20; s++)
		cycle();
	ck_assert_int_eq(count_held(), 7);
	ramp_begin(r, 0, now_ms);
	cycle();
	ck_assert_int_eq(count_held(), 8);
	ck_assert_int_eq(ramp_look(r, 0).tries, 2);
	now_ms += 1000000;
	ramp_begin(r, 0, now_ms);
	ck_assert_int_eq(ramp_look(r, 0).tries, 1);
}
END_TEST

START_TEST(inner_return_queues_in_the_outer)
{
	ramp_begin(r, 0, now_ms);
	for (int s = 0; s < 45; s++)
		cycle();
	ck_assert_int_eq(count_held(), 5); /* the latest to leave wait */
	ramp_begin(r, node("F2"), now_ms);
	cycle();
	ck_assert_int_eq(ramp_look(r, node("F2")).sign, RAMP_SIGN_NONE);
	ck_assert(held[4] && held[5] && held[6] && held[7]);
	for (int s = 0; s < 90; s++)
		cycle();
	ck_assert_int_eq(count_held(), 0);
}
END_TEST

START_TEST(empty_places_do_not_wait_for_anybody)
{
	for (int i = 0; i < STATIONS; i++)
		evses[i].connected = false;
	ramp_begin(r, 0, now_ms);
	for (int s = 0; s < 20; s++)
		cycle();
	ck_assert_int_eq(cycle(), 0);
	ck_assert_int_eq(count_held(), 0);
}
END_TEST

/* Whatever happens, nobody waits for longer than `most_ms` after the last return, and no step starts
 * more than its share, or one. */
START_TEST(random_returns_end_in_time)
{
	srand(3);
	for (int round = 0; round < 300; round++) {
		int64_t last_ms = now_ms;

		for (int s = 0; s < 400; s++) {
			if (s < 200 && rand() % 40 == 0) {
				ramp_begin(r, rand() % 3, now_ms);
				last_ms = now_ms;
			}
			if (rand() % 20 == 0)
				evses[rand() % STATIONS].connected = rand() % 2;
			cycle();
			if (now_ms - last_ms > 20000 + STATIONS * 10000)
				ck_assert_int_eq(count_held(), 0);
		}
		now_ms += rand() % 2000000;
	}
}
END_TEST

/* The same stations, F1 is gone: those of it stand at the site. Takes the ramp over. */
static void build_without_first_feeder(void)
{
	struct ramp_config cfg = ramp_config_default();
	struct grid_error err;
	struct ramp *old = r;
	struct grid_tree *old_tree = tree, *now;
	struct grid_row fewer[NODES - 1];

	fewer[0] = rows[0];
	memcpy(&fewer[1], &rows[2], (NODES - 2) * sizeof *rows);
	for (int i = 1; i < NODES - 1; i++)
		if (strcmp(fewer[i].parent, "F1") == 0)
			fewer[i].parent = "site";
	now = grid_tree_create(fewer, NODES - 1, &err);
	ck_assert_msg(now != NULL, "%s", err.text);
	r = ramp_create(now, &cfg);
	ramp_keep(r, old);
	tree = now;
	ramp_destroy(old);
	grid_tree_destroy(old_tree);
}

static bool waits(const char *station)
{
	char id[24];
	const struct grid_node *n;

	snprintf(id, sizeof id, "%s/1", station);
	n = grid_tree_node(tree, node(id));
	return held[n->evse_first];
}

START_TEST(ramp_goes_on_at_the_node_above_when_its_own_is_gone)
{
	struct ramp_view before;

	ramp_begin(r, node("F1"), now_ms);
	for (int s = 0; s < 31; s++) /* two have had their turn: S3 and S2 leave first */
		cycle();
	ck_assert_int_eq(count_held(), 2);
	before = ramp_look(r, node("F1"));
	build_without_first_feeder();
	memset(nodes, 0, sizeof nodes);
	for (int i = 0; i < STATIONS; i++)
		nodes[node(ids[2 * i])].is_station = nodes[node(ids[2 * i])].in_service = true;
	ck_assert_int_eq(ramp_look(r, node("site")).since_ms, before.since_ms);
	cycle();
	ck_assert(waits("S0") && waits("S1"));
	ck_assert(!waits("S2") && !waits("S3"));
	for (int i = 4; i < STATIONS; i++) /* nothing of F2 waits for it */
		ck_assert(!waits(ids[2 * i]));
	for (int s = 0; s < 40 && count_held(); s++)
		cycle();
	ck_assert_int_eq(count_held(), 0);
}
END_TEST

START_TEST(ramp_that_is_restored_goes_on)
{
	const struct ramp_view was = {.sign = RAMP_SIGN_VOLTAGE,
		.since_ms = now_ms - 40000,
		.next_ms = now_ms + 5000,
		.tries = 2};

	ramp_restore(r, node("F1"), &was);
	ramp_release(r, 0);
	cycle();
	ck_assert(!held[0] && held[1] && held[2] && held[3] && !held[4]);
	ck_assert_int_eq(ramp_look(r, node("F1")).tries, 2);
	power_up(0, 4); /* heard of again: no second return */
	cycle();
	ck_assert(!held[0]);
	for (int s = 0; s < 4; s++)
		cycle();
	ck_assert_int_eq(count_held(), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ramp_return");
	TCase *t = tcase_create("ramp_return");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, voltage_that_returns_begins_a_ramp);
	tcase_add_test(t, most_urgent_first_one_step_at_a_time);
	tcase_add_test(t, stations_that_power_up_together_are_a_sign);
	tcase_add_test(t, stations_that_come_one_by_one_to_a_fresh_start_are_one_return);
	tcase_add_test(t, stations_that_are_late_are_no_second_return);
	tcase_add_test(t, far_between_is_no_sign);
	tcase_add_test(t, silent_meter_needs_a_station_beside_it);
	tcase_add_test(t, tripped_again_goes_half_as_fast);
	tcase_add_test(t, inner_return_queues_in_the_outer);
	tcase_add_test(t, empty_places_do_not_wait_for_anybody);
	tcase_add_test(t, ramp_goes_on_at_the_node_above_when_its_own_is_gone);
	tcase_add_test(t, ramp_that_is_restored_goes_on);
	tcase_add_test(t, random_returns_end_in_time);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
