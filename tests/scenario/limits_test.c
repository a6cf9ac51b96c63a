/*
 * Limits that are being broken: the alarm is there while it lasts, says which limit of whom, and
 * goes when it is over. With and without a meter.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "csms/metering/meters.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define STATIONS 4
#define SOON_S   30 /* an alarm is up by then */

static struct world *world;
static char id[ENVELOPE_ID_SIZE], why[200];

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static struct core *core(void)
{
	return world_core(world);
}

/* The small depot with `more` in the row of its site and `feeder_w` of its feeder. */
static void start(const char *more, int feeder_w)
{
	static char text[sizeof small_depot + 400];
	static const char row[] = "limit_w: 60000, meter: main", house[] = "limit_w: 30000",
			  feeder[] = "limit_w: 50000";
	const char *at = strstr(small_depot, row) + strlen(row), *h = strstr(at, house),
		   *f = strstr(h, feeder);

	snprintf(text, sizeof text, "%.*s%s%.*slimit_a: 45, %.*slimit_w: %d%s",
		(int)(at - small_depot), small_depot, more, (int)(h - at), at, (int)(f - h), h,
		feeder_w, f + strlen(feeder));
	world = world_create(
		&(struct world_options){.seed = 5, .depot = text, .scenario = SMALL_VISITS});
}

static void ck_says(const struct alarm *a, const char *words)
{
	ck_assert_ptr_nonnull(a);
	ck_assert_msg(strstr(a->text, words) != NULL, "\"%s\" lacks \"%s\"", a->text, words);
}

static void set_deaf(bool is_deaf)
{
	for (int i = 0; i < STATIONS; i++)
		plant_set_trouble(world_plant(world), i,
			&(struct plant_trouble){.ignores_profiles = is_deaf});
}

START_TEST(feeder_without_a_meter_that_deaf_chargers_overload)
{
	const struct alarm *a;

	start("", 40000);
	set_deaf(true);
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert_int_gt(world_node(world, "feeder")->now_mw, 60000000);
	a = world_alarm(world, ALARM_LIMIT_BROKEN, "feeder");
	ck_says(a, "of 40.0 kW (rating)");
	ck_assert_int_le(a->raised_at.ms, world_now(world).ms - 60000);
	set_deaf(false);
	world_run_s(world, 50);
	ck_says(world_alarm(world, ALARM_LIMIT_BROKEN, "feeder"), "Ended at");
	world_run_s(world, 70);
	ck_assert_ptr_null(world_alarm(world, ALARM_LIMIT_BROKEN, "feeder"));
}
END_TEST

/* The meter of the site shows this for so long; it is alive. */
static void pose_one(double w, double l1, double l2, double l3)
{
	struct meter_reading r = {.at_ms = 0};
	const double a[] = {l1, l2, l3};

	r.values[METER_QUANTITY_POWER_W] = (struct meter_value){w, METER_GOOD};
	for (int p = 0; p < 3; p++) {
		r.values[METER_QUANTITY_CURRENT_L1_A + p] = (struct meter_value){a[p], METER_GOOD};
		r.values[METER_QUANTITY_POWER_L1_W + p] =
			(struct meter_value){w < 0 ? -a[p] * 230 : a[p] * 230, METER_GOOD};
	}
	world_pose_meter(world, "main", &r);
	world_step(world);
}

static void pose(int seconds, double w, double l1, double l2, double l3)
{
	while (seconds-- > 0)
		pose_one(w + (seconds & 1), l1, l2, l3);
}

START_TEST(phase_and_balance_of_a_metered_node)
{
	start(", limit_a: 100, imbalance_a: 60", 50000);
	world_run_s(world, 60);
	ck_assert_ptr_null(alarms_open(core()));
	pose(SOON_S, 26000, 113, 5, 5);
	ck_says(world_alarm(world, ALARM_LIMIT_BROKEN, "site"), "L1 113.0 of 100.0 A (rating)");
	ck_says(world_alarm(world, ALARM_LIMIT_BROKEN, "site"), "108.0 of 60.0 A between phases");
	pose(3, 26000, 118, 5, 5); /* the text is kept up to date */
	ck_says(world_alarm(world, ALARM_LIMIT_BROKEN, "site"), "L1 118.0 of 100.0 A");
	pose(70, 12000, 20, 20, 20);
	ck_assert_ptr_null(alarms_open(core()));
}
END_TEST

/* From now on for so many minutes. */
static void limit(const char *owner, struct grid_bound bound, int minutes)
{
	int64_t now = world_now(world).ms;
	const struct envelope_block b = {now, now + minutes * 60000, bound};
	const struct envelope_offer o = {.node = "site",
		.owner = owner,
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "test"};

	ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
}

START_TEST(envelope_that_other_load_breaks)
{
	start("", 50000);
	world_run_s(world, 60);
	limit("oscp/dso", (struct grid_bound){18000, GRID_NO_LIMIT, GRID_NO_LIMIT}, 60);
	world_run_s(world, 60);
	ck_assert_ptr_null(alarms_open(core()));
	pose(SOON_S, 27000, 39, 39, 39);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"), "27.0 of 18.0 kW (oscp/dso)");
	ck_assert_ptr_null(world_alarm(world, ALARM_LIMIT_BROKEN, "site"));
	pose(1800, 27000, 39, 39, 39);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"), "27.0 of 18.0 kW (oscp/dso)");
	world_set_meter(world, "main", WORLD_METER_SILENT); /* nobody has seen it end */
	world_run_s(world, 600);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"), "27.0 of 18.0 kW (oscp/dso)");
	world_set_meter(world, "main", WORLD_METER_FINE);
	pose(240, 10000, 15, 15, 15); /* somebody may still see it */
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"), "Ended at");
	pose(90, 10000, 15, 15, 15);
	ck_assert_ptr_null(alarms_open(core()));
}
END_TEST

START_TEST(envelopes_of_export_and_current)
{
	start("", 50000);
	world_run_s(world, 60);
	limit("operator/anna", (struct grid_bound){GRID_NO_LIMIT, 20000, 63000}, 60);
	pose(SOON_S, -30000, 43, 43, 43);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"),
		"feeds in 30.0 of 20.0 kW (operator/anna)");
	pose(SOON_S, 50000, 72, 72, 72);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"),
		"L1 72.0 of 63.0 A (operator/anna)");
}
END_TEST

/* A limit is gone by before it begins: that is no breach. */
START_TEST(limit_to_come_breaks_nothing)
{
	struct envelope_block b = {0, 0, {5000, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	const struct envelope_offer o = {.node = "site",
		.owner = "oscp/dso",
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "test"};

	start("", 50000);
	world_run_s(world, 60);
	b.start_ms = world_now(world).ms + 60000;
	b.end_ms = b.start_ms + 600000;
	ck_assert_int_eq(envelope_receive(core(), &o, id, why), 0);
	world_run_s(world, 65); /* the house takes 10 kW */
	ck_assert_ptr_null(alarms_open(core()));
	world_run_s(world, SOON_S);
	ck_says(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"), "of 5.0 kW (oscp/dso)");
}
END_TEST

START_TEST(deaf_charger_is_told_as_it_is_now)
{
	char text[UTF8_SIZE(ALARM_TEXT_MAX)];
	const struct alarm *a;

	start("", 40000);
	set_deaf(true);
	world_run_until(world, SMALL_ALL_HERE);
	a = world_alarm(world, ALARM_CHARGER_DISOBEYS, "CP-1/1");
	ck_says(a, "draws 22.0 kW now");
	snprintf(text, sizeof text, "%s", a->text);
	set_deaf(false);
	world_run_s(world, 60); /* not trusted yet */
	a = world_alarm(world, ALARM_CHARGER_DISOBEYS, "CP-1/1");
	ck_assert_ptr_nonnull(a);
	ck_assert_str_ne(a->text, text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("limits");
	TCase *t = tcase_create("limits");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, feeder_without_a_meter_that_deaf_chargers_overload);
	tcase_add_test(t, phase_and_balance_of_a_metered_node);
	tcase_add_test(t, envelope_that_other_load_breaks);
	tcase_add_test(t, envelopes_of_export_and_current);
	tcase_add_test(t, limit_to_come_breaks_nothing);
	tcase_add_test(t, deaf_charger_is_told_as_it_is_now);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
