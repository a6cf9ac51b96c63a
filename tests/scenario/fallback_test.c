/*
 * Who falls short: what is done, in the order that the class names, each choice planned before it is
 * made.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/plan/fallback.h"
#include "csms/vehicles/told_soc.h"
#include "db/query_log.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;

static const char nodes[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main%s}\n"
	"  - {id: weak, kind: feeder, parent: site, limit_w: %d}\n"
	"  - {id: strong, kind: feeder, parent: site, limit_w: 50000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: weak, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 1380, tail_w: 0}]}\n"
	"  - {id: CP-2, node: strong, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 1380, tail_w: 0}]}\n"
	"  - {id: CP-3, node: strong, evses: [{id: 1, kind: dc, max_w: 22000, min_w: 1380, tail_w: 0}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 0, min_w: 1380, "
	"target_pct: 90, departs: \"%s\", class: van}\n"
	"classes:\n  - {id: van, fallback: [%s]%s}\n"
	"tariffs:\n"
	"  - id: tou\n    currency: EUR\n"
	"    import: [{id: e, periods: [{id: night, hours: ['00:00-06:00'], price: 0.1}, {id: day, "
	"hours: ['06:00-24:00'], price: 0.3}]}]\n";

static const char *site = ""; /* more of its row */

static void start_guessed(int weak_w, const char *departs, const char *order, const char *worth)
{
	static char text[4000];

	snprintf(text, sizeof text, nodes, site, weak_w, departs, order, worth);
	world = world_create(&(struct world_options){.seed = 4,
		.depot = text,
		.scenario =
			"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: "
			"20}\n"});
	world_run_until(world, "17:10");
}

/* Its driver says what is in it. */
static void start(int weak_w, const char *departs, const char *order, const char *worth)
{
	struct vehicle *v;
	char say[300];

	start_guessed(weak_w, departs, order, worth);
	v = fleet_vehicle(&world_core(world)->fleet, "V-1");
	ck_assert_int_eq(told_soc_take(world_core(world), v, 10, clock_wall(), "user:anna", say),
		TOLD_SOC_COUNTS);
	world_run_s(world, 30);
}

static void teardown(void)
{
	world_destroy(world);
	site = "";
}

static const struct evse *evse(void)
{
	return &fleet_station(&world_core(world)->fleet, "CP-1")->evses[0];
}

static const char *words(void)
{
	return fallback_words(control_fallbacks(world_core(world)->control), evse());
}

static int64_t short_wh(void)
{
	return control_plan_row(world_core(world)->control, evse())->short_wh;
}

static struct arena *arena;
static const struct event_fallback_decided *found;

static void read_newest(struct db_reader *r, void *arg)
{
	struct db_journal_filter f = {.type = "FallbackDecided", .limit = 1, .newest_first = true};
	struct db_journal_page page = {0};
	struct schema_error err;
	int type;

	(void)arg;
	ck_assert_int_eq(db_query_journal(r, &f, arena, &page), 0);
	ck_assert_uint_eq(page.count, 1);
	found = db_event_decode(&page.items[0], arena, &type, &err);
	ck_assert_ptr_nonnull(found);
}

static const struct event_fallback_decided *journalled(void)
{
	world_run_s(world, 12);
	arena = arena_create(0);
	ck_assert_int_eq(db_read_now(world_core(world)->db, read_newest, NULL), 0);
	return found;
}

START_TEST(a_better_charger_that_is_free_is_named)
{
	const struct event_fallback_decided *e;

	start(3000, "06:00", "pay_more, next_charger, delay", "");
	ck_assert_int_gt(short_wh(), 20000);
	ck_assert_ptr_nonnull(strstr(words(), "Move it to CP-2/1: 0.0 kWh would be missing there"));
	e = journalled();
	ck_assert_int_eq(e->choice, EVENT_FALLBACK_CHOICE_NEXT_CHARGER);
	ck_assert_str_eq(e->to_station, "CP-2"); /* not CP-3: it cannot take DC */
	ck_assert_str_eq(e->policy, "van");
	ck_assert_uint_eq(strlen(e->version), 16);
	ck_assert_uint_eq(e->order.count, 3);
	ck_assert_uint_eq(e->tried.count, 2);
	ck_assert_ptr_nonnull(strstr(e->tried.items[0], "any price is paid for it already"));
	ck_assert_int_gt(e->short_wh, 20000);
	arena_destroy(arena);
}
END_TEST

static void count_decided(struct db_reader *r, void *arg)
{
	struct db_journal_filter f = {.type = "FallbackDecided", .limit = 50};
	struct db_journal_page page = {0};

	ck_assert_int_eq(db_query_journal(r, &f, arena, &page), 0);
	*(size_t *)arg = page.count;
}

/* 10 % is the worst that can be: nobody is moved, charged more or kept back by it. */
START_TEST(a_guess_moves_nobody_and_costs_nothing)
{
	size_t count = 0;

	start_guessed(20000, "23:00", "pay_more, next_charger, delay", ", worth_kwh: 0.2");
	ck_assert_int_gt(short_wh(), 60000);
	world_run_s(world, 1800);
	ck_assert_str_eq(words(), "");
	ck_assert(!fallback_pays(control_fallbacks(world_core(world)->control), evse()));
	ck_assert_int_eq(db_read_now(world_core(world)->db, count_decided, &count), 0);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(the_order_of_the_class_counts)
{
	const struct event_fallback_decided *e;

	start(9000, "23:00", "delay, next_charger", "");
	ck_assert_int_gt(short_wh(), 5000);
	e = journalled();
	ck_assert_int_eq(e->choice, EVENT_FALLBACK_CHOICE_DELAY);
	ck_assert_int_gt(e->until.ms, e->departs.ms);
	ck_assert_int_le(e->until.ms, e->departs.ms + 4 * 3600000);
	ck_assert_ptr_nonnull(strstr(words(), "Let it leave at "));
	arena_destroy(arena);
}
END_TEST

/* It leaves before the night: all energy is dearer than it is worth. */
START_TEST(who_pays_more_is_planned_so_from_then_on)
{
	const struct event_fallback_decided *e;

	start(20000, "23:00", "pay_more, delay", ", worth_kwh: 0.2");
	ck_assert_ptr_nonnull(strstr(words(), "Energy is bought for it at any price"));
	e = journalled();
	ck_assert_int_eq(e->choice, EVENT_FALLBACK_CHOICE_PAY_MORE);
	ck_assert_int_gt(e->short_wh, 60000);
	ck_assert_double_gt(e->cost_more, 10);
	ck_assert_int_eq(short_wh(), 0); /* by the plan in force */
	world_run_s(world, 3600);
	ck_assert_int_eq(short_wh(), 0); /* … and it stays so */
	ck_assert_int_gt(evse()->told.limit_w, 10000);
	arena_destroy(arena);
}
END_TEST

/* Without it the first plans after the start would leave the vehicle 72 kWh short again. */
START_TEST(what_was_decided_counts_after_a_restart)
{
	size_t before = 0, after = 0;
	char said[300];

	start(20000, "23:00", "pay_more, delay", ", worth_kwh: 0.2");
	journalled();
	snprintf(said, sizeof said, "%s", words());
	ck_assert_ptr_nonnull(strstr(said, "Energy is bought for it at any price"));
	db_read_now(world_core(world)->db, count_decided, &before);
	world_kill(world);
	world_start(world);
	ck_assert_str_eq(words(), said); /* before any plan */
	ck_assert(fallback_pays(control_fallbacks(world_core(world)->control), evse()));
	world_run_s(world, 600);
	ck_assert_int_eq(short_wh(), 0);
	ck_assert_str_eq(words(), said);
	db_read_now(world_core(world)->db, count_decided, &after);
	ck_assert_uint_eq(after, before); /* it was not decided once more */
	arena_destroy(arena);
}
END_TEST

/* A demand target is a matter of money too. */
START_TEST(who_pays_more_exceeds_the_demand_target)
{
	site = ", demand: {target_w: 9000}";
	start(20000, "21:30", "pay_more", "");
	ck_assert_ptr_nonnull(strstr(words(), "Energy is bought for it at any price"));
	world_run_s(world, 1800);
	ck_assert_int_eq(short_wh(), 0);
	ck_assert_int_gt(evse()->told.limit_w, 15000);
}
END_TEST

START_TEST(who_may_not_pay_more_falls_short_and_is_told_so)
{
	start(20000, "20:00", "next_charger", ", worth_kwh: 0.2");
	ck_assert_int_gt(short_wh(), 50000);
	ck_assert_str_eq(words(), "Nothing that its class allows would help.");
	ck_assert_int_eq(journalled()->choice, EVENT_FALLBACK_CHOICE_NONE);
	arena_destroy(arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fallback");
	TCase *t = tcase_create("fallback");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_better_charger_that_is_free_is_named);
	tcase_add_test(t, the_order_of_the_class_counts);
	tcase_add_test(t, a_guess_moves_nobody_and_costs_nothing);
	tcase_add_test(t, who_pays_more_is_planned_so_from_then_on);
	tcase_add_test(t, what_was_decided_counts_after_a_restart);
	tcase_add_test(t, who_pays_more_exceeds_the_demand_target);
	tcase_add_test(t, who_may_not_pay_more_falls_short_and_is_told_so);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
