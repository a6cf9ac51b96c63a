/*
 * Alarms: raised once, however often their cause comes; handled by persons; the same after a
 * restart.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/alarms.h"
#include "db/query_alarm.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define WRITTEN_S 11 /* by then the world's store has written what nobody waits for */

static struct world *world;

static void setup(void)
{
	world = world_create(
		&(struct world_options){.seed = 3, .depot = small_depot, .scenario = SMALL_VISITS});
	world_run_s(world, 5);
}

static void teardown(void)
{
	world_destroy(world);
}

static struct core *core(void)
{
	return world_core(world);
}

static void raise_one(const char *subject)
{
	alarm_raise(core(), ALARM_GRID_LOST, subject, "%s has no voltage", subject);
}

static int count_open(void)
{
	int n = 0;

	for (const struct alarm *a = alarms_open(core()); a; a = a->hh.next)
		n++;
	return n;
}

/* The one that is open. */
static struct alarm *only(void)
{
	ck_assert_int_eq(count_open(), 1);
	return alarm_find(core(), alarms_open(core())->id);
}

static struct arena *arena;
static struct db_alarm_list found;
static bool wants_open;

static void read_alarms(struct db_reader *r, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_query_alarms(r, wants_open, NULL, 100, arena, &found), 0);
}

static const struct db_alarm *stored(bool open)
{
	arena = arena_create(0);
	wants_open = open;
	found.count = 0;
	ck_assert_int_eq(db_read_now(core()->db, read_alarms, NULL), 0);
	return found.count ? &found.items[0] : NULL;
}

START_TEST(every_kind_has_its_row)
{
	for (int i = 0; i < ALARM_KIND_COUNT; i++) {
		ck_assert_ptr_nonnull(alarm_table[i].name);
		ck_assert_int_eq(alarm_kind_find(alarm_table[i].name), i);
		ck_assert(alarm_table[i].step[0] && alarm_table[i].runbook[0]);
	}
	ck_assert_int_eq(alarm_kind_find("nothing"), -1);
}
END_TEST

START_TEST(what_flaps_is_one_alarm_with_a_count)
{
	char id[ALARM_ID_SIZE];

	raise_one("feeder");
	snprintf(id, sizeof id, "%s", only()->id);
	for (int i = 0; i < 30; i++) {
		raise_one("feeder");
		alarm_clear(core(), ALARM_GRID_LOST, "feeder");
		alarm_clear(core(), ALARM_GRID_LOST, "feeder");
		world_run_s(world, 10);
	}
	ck_assert_str_eq(only()->id, id);
	ck_assert_int_eq(only()->count, 30);
	raise_one("house");
	ck_assert_int_eq(count_open(), 2);
	world_run_s(world, 61); /* calm */
	ck_assert_str_eq(only()->subject, "house");
	ck_assert_str_eq(alarms_cleared(core())->id, id);
	raise_one("feeder"); /* another one */
	ck_assert_int_eq(count_open(), 2);
	world_run_s(world, WRITTEN_S);
	ck_assert_ptr_nonnull(stored(false));
	ck_assert_str_eq(found.items[0].id, id);
	ck_assert_int_eq(found.count, 1);
	ck_assert_int_eq(found.items[0].count, 30);
	ck_assert_int_eq(found.items[0].cleared_at.ms - found.items[0].raised_at.ms, 350000);
	arena_destroy(arena);
	world_run_s(world, 601);
	ck_assert_ptr_null(alarms_cleared(core()));
}
END_TEST

START_TEST(persons_take_hand_over_and_put_aside)
{
	struct alarm *a;

	raise_one("feeder");
	a = only();
	alarm_take(a, "anna", "I go and look");
	world_run_s(world, WRITTEN_S);
	ck_assert_ptr_nonnull(stored(true));
	ck_assert_str_eq(found.items[0].owner, "anna");
	ck_assert_str_eq(found.items[0].note, "I go and look");
	arena_destroy(arena);
	alarm_hand_over(a, "ben", "anna", NULL);
	alarm_put_aside(a, wall_add_ms(world_now(world), 60000), "ben", "part ordered");
	ck_assert(alarm_is_aside(a));
	world_run_s(world, 59);
	ck_assert(alarm_is_aside(a));
	world_run_s(world, 2);
	ck_assert(!alarm_is_aside(a)); /* it is back */
	ck_assert_str_eq(a->owner, "ben");
}
END_TEST

START_TEST(restart_keeps_what_is_open)
{
	char id[ALARM_ID_SIZE];

	raise_one("feeder");
	raise_one("house");
	alarm_take(alarm_find(core(), alarms_open(core())->id), "anna", NULL);
	snprintf(id, sizeof id, "%s", alarms_open(core())->id);
	world_run_s(world, WRITTEN_S);
	world_kill(world);
	world_start(world);
	ck_assert_int_eq(count_open(), 2);
	ck_assert_str_eq(alarm_find(core(), id)->owner, "anna");
	world_run_s(world, 300);
	raise_one("feeder"); /* seen again */
	world_run_s(world, 302);
	ck_assert_str_eq(only()->id, id); /* nobody spoke of the other */
	ck_assert_str_eq(only()->subject, "feeder");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("alarm");
	TCase *t = tcase_create("alarm");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_kind_has_its_row);
	tcase_add_test(t, what_flaps_is_one_alarm_with_a_count);
	tcase_add_test(t, persons_take_hand_over_and_put_aside);
	tcase_add_test(t, restart_keeps_what_is_open);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
