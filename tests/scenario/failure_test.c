/*
 * One failure at a time: a station or a meter that is silent, loads that jump, stations that do as
 * they like, answers that are lost.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/setpoint.h"
#include "db/query_log.h"
#include "modbus/meter_map.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;

static void start(const char *scenario)
{
	world = world_create(
		&(struct world_options){.seed = 7, .depot = small_depot, .scenario = scenario});
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static struct evse *evse(const char *station)
{
	return station_evse(fleet_station(&world_core(world)->fleet, station), 1);
}

static int64_t power_w(const char *station)
{
	struct plant *p = world_plant(world);

	return plant_evse_mw(p, plant_station_find(p, station), 0) / 1000;
}

static int64_t all_power_w(void)
{
	return power_w("CP-1") + power_w("CP-2") + power_w("CP-3") + power_w("CP-4");
}

static const char *site_source(void)
{
	const struct control *k = world_core(world)->control;

	return control_node(k, grid_tree_find(control_grid(k), "site"))->load_source;
}

static void check_sessions(int count)
{
	char why[300] = "";
	int found = world_compare_sessions(world, why);

	ck_assert_msg(found == count, "%d: %s", found, why);
}

/* -- a station without a connection ----------------------------------------------------------- */

struct progress {
	char transaction[37];
	int64_t seq, last_ms;
	double wh;
};

/* Events that come late belong to history: what is shown only moves forward. */
static void check_forward(struct progress *p, const struct transaction *t)
{
	if (strcmp(p->transaction, t->id) == 0) {
		ck_assert_int_ge(t->last_seq, p->seq);
		ck_assert_int_ge(t->last.ms, p->last_ms);
		ck_assert(t->meter_wh.value >= p->wh);
	}
	snprintf(p->transaction, sizeof p->transaction, "%s", t->id);
	p->seq = t->last_seq;
	p->last_ms = t->last.ms;
	p->wh = t->meter_wh.value;
}

struct offline_count {
	const char *stream;
	int offline;
};

static void count_offline(struct db_reader *r, void *arg)
{
	struct offline_count *o = arg;
	struct db_journal_filter f = {.stream = o->stream, .limit = 10000};
	struct db_journal_page page = {0};
	struct arena *a = arena_create(0);

	ck_assert_int_eq(db_query_journal(r, &f, a, &page), 0);
	for (size_t i = 0; i < page.count; i++)
		o->offline += strstr(page.items[i].payload, "\"offline\":true") != NULL;
	arena_destroy(a);
}

START_TEST(station_offline_for_an_hour_follows_its_tail)
{
	struct progress shown = {.transaction = ""};
	char stream[100];
	struct offline_count late = {.stream = stream};
	struct plant *p;
	int64_t before_w;

	start(SMALL_VISITS
		"failures:\n"
		"  - {kind: station_offline, target: CP-1, at: \"18:00\", for_s: 3600}\n");
	p = world_plant(world);
	world_run_until(world, "18:00");
	before_w = plant_evse_limit_mw(p, 0, 0) / 1000;
	ck_assert_int_gt(before_w, SMALL_TAIL_W);
	for (int i = 0; i < 3600; i++) {
		world_step(world);
		check_forward(&shown, &evse("CP-1")->tx);
		ck_assert_int_le(power_w("CP-1"), before_w);
		if (i > 1800)
			ck_assert_int_eq(plant_evse_limit_mw(p, 0, 0), SMALL_TAIL_W * 1000);
	}
	ck_assert_ptr_null(fleet_station(&world_core(world)->fleet, "CP-1")->session);
	ck_assert(evse("CP-1")->tx.is_open);
	snprintf(stream, sizeof stream, "transaction/CP-1/%s", evse("CP-1")->tx.id);
	for (int i = 0; i < 600; i++) {
		world_step(world);
		check_forward(&shown, &evse("CP-1")->tx);
	}
	ck_assert_ptr_nonnull(fleet_station(&world_core(world)->fleet, "CP-1")->session);
	ck_assert_int_gt(plant_evse_limit_mw(p, 0, 0), SMALL_TAIL_W * 1000);
	ck_assert_int_eq(db_read_now(world_core(world)->db, count_offline, &late), 0);
	ck_assert_int_gt(late.offline, 200); /* one every 15 s */
	world_run_until(world, "06:40");
	world_check_limits(world, 0);
	check_sessions(4);
}
END_TEST

/* -- meters ----------------------------------------------------------------------------------- */

/* The house draws more and more while nobody sees it. */
#define RISING_VISITS                                                                              \
	"base_load:\n"                                                                             \
	"  - {node: house, noise_w: 300, points: [{at: \"17:59\", w: 5000}, {at: \"18:19\", w: "   \
	"29000}, {at: \"18:30\", w: 29000}, {at: \"18:31\", w: 5000}]}\n"                          \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 15}\n"                     \
	"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 25}\n"                     \
	"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 20}\n"

START_TEST(silent_meter_is_held_then_counts_as_the_worst_case)
{
	int64_t before_w;

	start(RISING_VISITS);
	world_run_until(world, "18:00");
	ck_assert_str_eq(site_source(), "meter");
	before_w = all_power_w();
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 9);
	ck_assert_str_eq(site_source(), "meter");
	world_run_s(world, 4);
	ck_assert_str_eq(site_source(), "held");
	world_run_s(world, 20);
	ck_assert_str_eq(site_source(), "worst-case");
	world_run_until(world, "18:20");
	/* 60 kW less the margin and all that the house can draw */
	ck_assert_int_le(all_power_w(), 28800);
	ck_assert_int_gt(all_power_w(), 20000);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_s(world, 3);
	ck_assert_str_eq(site_source(), "meter");
	world_run_until(world, "18:45");
	ck_assert_int_gt(all_power_w(), before_w - 3000);
	world_check_limits(world, 0);
}
END_TEST

START_TEST(frozen_meter_is_not_believed_for_ever)
{
	start(SMALL_VISITS);
	world_run_until(world, "18:00");
	world_set_meter(world, "main", WORLD_METER_FROZEN);
	world_run_until(world, "18:20");
	ck_assert_str_eq(site_source(), "worst-case");
	ck_assert_int_le(all_power_w(), 28800);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_until(world, "18:45");
	ck_assert_str_eq(site_source(), "meter");
	world_check_limits(world, 0);
}
END_TEST

/* Its current transformers are open: it answers, its voltages live, and it shows nothing. */
START_TEST(meter_that_shows_less_than_the_chargers_draw_is_not_believed)
{
	bool is_told = false;

	start(SMALL_VISITS);
	world_run_until(world, "18:00");
	ck_assert_int_gt(all_power_w(), 20000);
	world_set_meter(world, "main", WORLD_METER_ZERO);
	world_run_s(world, 3);
	ck_assert_str_eq(site_source(), "held");
	world_run_s(world, 90);
	ck_assert_str_eq(site_source(), "worst-case");
	for (const struct alarm *a = alarms_open(world_core(world)); a; a = a->hh.next)
		is_told |= strstr(a->text, "less than what is drawn below it") != NULL;
	ck_assert(is_told);
	world_run_until(world, "18:20");
	ck_assert_int_le(all_power_w(), 28800);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_until(world, "18:45");
	ck_assert_str_eq(site_source(), "meter");
	world_check_limits(world, 0);
}
END_TEST

/* Vehicles that stop are seen by the meter before their chargers tell: no reason for an alarm. */
START_TEST(vehicles_that_stop_cast_no_doubt_on_the_meter)
{
	start(SMALL_VISITS);
	for (int minute = 0; minute < 13 * 60; minute++) {
		world_run_s(world, 60);
		ck_assert_str_ne(site_source(), "worst-case");
	}
}
END_TEST

START_TEST(clock_set_back_does_not_make_a_dead_meter_young)
{
	start(SMALL_VISITS);
	world_run_until(world, "18:00");
	world_step_clock(world, -3600 * 1000);
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 40);
	ck_assert_str_eq(site_source(), "worst-case");
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_s(world, 60);
	ck_assert_str_eq(site_source(), "meter");
	/* … nor are chargers' values of now thrown away for an hour */
	ck_assert_int_lt(mono_diff_ms(clock_mono(), evse("CP-1")->power_w.mono), 60000);
	world_check_limits(world, 0);
}
END_TEST

/* What stations send then looks older than the beginning of their transactions. */
START_TEST(clock_set_ahead_does_not_hide_what_is_drawn)
{
	double begin_wh;

	start(SMALL_VISITS);
	world_run_until(world, "18:00");
	begin_wh = evse("CP-1")->tx.begin_wh.value;
	ck_assert(evse("CP-1")->tx.is_open);
	world_step_clock(world, 3600 * 1000);
	world_run_s(world, 60);
	ck_assert_int_lt(wall_diff_ms(clock_wall(), evse("CP-1")->power_w.at), 3600000 + 30000);
	ck_assert_double_eq(evse("CP-1")->tx.begin_wh.value, begin_wh);
	world_step_clock(world, -3600 * 1000);
	world_run_s(world, 60);
	ck_assert_int_lt(wall_diff_ms(clock_wall(), evse("CP-1")->power_w.at), 30000);
	ck_assert_double_eq(evse("CP-1")->tx.begin_wh.value, begin_wh);
	world_check_limits(world, 0);
}
END_TEST

START_TEST(site_that_feeds_in_has_a_load_below_zero)
{
	struct meter_reading r = {.values[METER_QUANTITY_POWER_W] = {-21000, METER_GOOD}};
	const struct control *k;

	start(SMALL_VISITS);
	world_run_s(world, 5);
	world_pose_meter(world, "main", &r);
	world_run_s(world, 5);
	k = world_core(world)->control;
	ck_assert_int_eq(control_node(k, 0)->load_w, -21000);
	ck_assert_str_eq(site_source(), "meter");
}
END_TEST

/* -- loads and stations that do as they like -------------------------------------------------- */

START_TEST(base_load_spike_is_met_within_the_reaction_time)
{
	int64_t before_w;

	start(SMALL_VISITS
		"failures:\n"
		"  - {kind: base_load_spike, target: house, at: \"18:00\", for_s: 600, w: 19000}\n");
	world_run_until(world, "18:00");
	before_w = all_power_w();
	world_run_s(world, WORLD_REACTION_S);
	ck_assert_int_lt(all_power_w(), before_w - 10000);
	world_run_s(world, 590);
	world_run_until(world, "18:45");
	ck_assert_int_gt(all_power_w(), before_w - 2000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(station_that_ignores_its_profile_is_paid_for_by_the_others)
{
	start(SMALL_VISITS
		"failures:\n"
		"  - {kind: ignore_profiles, target: CP-2, at: \"17:50\", for_s: 3600}\n");
	world_run_until(world, "18:00");
	ck_assert_int_eq(power_w("CP-2"), 22000);
	world_run_until(world, "18:40");
	ck_assert_int_eq(power_w("CP-2"), 22000);
	ck_assert_int_gt(all_power_w(), 35000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* -- lost answers ----------------------------------------------------------------------------- */

/* SetChargingProfile to one station: its answers are lost, or it does not even arrive. */
static struct {
	int station;
	bool answers, calls;
	char id[40];
	int64_t told_w; /* by the last one */
	int lost;
} losses;

static bool lose(void *ctx, const struct world_frame *f)
{
	const char *limit = strstr(f->text, "\"limit\":");

	(void)ctx;
	if (f->station != losses.station)
		return true;
	if (f->to_station && strncmp(f->text, "[2,", 3) == 0 &&
		strstr(f->text, "\"SetChargingProfile\"")) {
		snprintf(losses.id, sizeof losses.id, "%.*s", (int)strcspn(f->text + 4, "\""),
			f->text + 4);
		losses.told_w = limit ? atoll(limit + strlen("\"limit\":")) : -1;
		losses.lost += losses.calls;
		return !losses.calls;
	}
	if (!losses.answers || f->to_station || strncmp(f->text, "[3,", 3) != 0 || !losses.id[0] ||
		strncmp(f->text + 4, losses.id, strlen(losses.id)) != 0)
		return true;
	losses.lost++;
	return false;
}

static struct lane *start_losing(const char *scenario)
{
	memset(&losses, 0, sizeof losses);
	world = world_create(&(struct world_options){
		.seed = 9, .depot = small_depot, .scenario = scenario, .pass = lose});
	world_run_until(world, "18:00");
	return control_lane(world_core(world)->control, evse("CP-1"));
}

/* What is reckoned with is never less than what the station does, whatever it has heard. */
static void step_reckoning(struct lane *l, const char *station)
{
	int64_t bound_w = lane_bound_w(l, clock_mono());

	world_step(world);
	ck_assert_msg(bound_w >= power_w(station), "%lld W are reckoned with, %lld W flow",
		(long long)bound_w, (long long)power_w(station));
}

START_TEST(lost_answer_counts_with_the_greater_of_old_and_new)
{
	struct lane *l = start_losing(
		SMALL_VISITS "failures:\n"
			     "  - {kind: base_load_spike, target: house, at: \"18:00\", for_s: "
			     "300, w: 15000}\n"
			     "  - {kind: base_load_spike, target: house, at: \"18:10\", for_s: "
			     "120, w: 15000}\n");

	ck_assert_int_gt(lane_held_w(l, clock_mono()), 20000);
	losses.answers = true;
	for (int i = 0; i < 900; i++) {
		step_reckoning(l, "CP-1");
		if (losses.lost && l->pending_w < 0)
			ck_assert(l->unsure);
		if (losses.lost)
			ck_assert_int_ge(lane_bound_w(l, clock_mono()), losses.told_w);
	}
	ck_assert_int_gt(losses.lost, 2);
	losses.answers = false;
	world_run_s(world, 200);
	ck_assert(!l->unsure);
	ck_assert_int_eq(lane_bound_w(l, clock_mono()), lane_held_w(l, clock_mono()));
	world_run_until(world, "06:40");
	world_check_limits(world, WORLD_REACTION_S);
	check_sessions(4);
}
END_TEST

START_TEST(two_losses_count_with_the_greatest_of_all)
{
	struct lane *l;

	start_losing(SMALL_VISITS
		"failures:\n"
		"  - {kind: base_load_spike, target: house, at: \"18:00\", for_s: 300, w: 19000}\n"
		"  - {kind: base_load_spike, target: house, at: \"18:07\", for_s: 900, w: 19000}\n");
	losses.station = 1;
	l = control_lane(world_core(world)->control, evse("CP-2"));
	world_run_s(world, 300);
	losses.answers = true; /* it rises and nobody knows */
	for (int i = 0; i < 120 && !losses.lost; i++)
		step_reckoning(l, "CP-2");
	ck_assert_int_gt(losses.lost, 0);
	losses.calls = true; /* and is not to be lowered */
	for (int i = 0; i < 300; i++)
		step_reckoning(l, "CP-2");
}
END_TEST

START_TEST(frozen_meter_is_not_believed_for_long)
{
	start(RISING_VISITS);
	world_run_until(world, "18:00");
	world_set_meter(world, "main", WORLD_METER_FROZEN);
	world_run_s(world, 40);
	ck_assert_str_eq(site_source(), "worst-case");
	world_run_until(world, "18:20");
	ck_assert_int_le(all_power_w(), 28800);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_until(world, "18:45");
	ck_assert_str_eq(site_source(), "meter");
	world_check_limits(world, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("failure");
	TCase *t = tcase_create("failure");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, station_offline_for_an_hour_follows_its_tail);
	tcase_add_test(t, silent_meter_is_held_then_counts_as_the_worst_case);
	tcase_add_test(t, frozen_meter_is_not_believed_for_ever);
	tcase_add_test(t, meter_that_shows_less_than_the_chargers_draw_is_not_believed);
	tcase_add_test(t, vehicles_that_stop_cast_no_doubt_on_the_meter);
	tcase_add_test(t, site_that_feeds_in_has_a_load_below_zero);
	tcase_add_test(t, clock_set_back_does_not_make_a_dead_meter_young);
	tcase_add_test(t, clock_set_ahead_does_not_hide_what_is_drawn);
	tcase_add_test(t, base_load_spike_is_met_within_the_reaction_time);
	tcase_add_test(t, station_that_ignores_its_profile_is_paid_for_by_the_others);
	tcase_add_test(t, lost_answer_counts_with_the_greater_of_old_and_new);
	tcase_add_test(t, two_losses_count_with_the_greatest_of_all);
	tcase_add_test(t, frozen_meter_is_not_believed_for_long);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
