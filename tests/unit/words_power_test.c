#include <check.h>
#include <stdlib.h>

#include "csms/view/words_power.h"

#define SP "\xe2\x80\xaf"

static struct text t;

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	text_init(&t, 0);
}

static void teardown(void)
{
	text_finish(&t);
}

#define SAYS(words)                                                                                \
	do {                                                                                       \
		ck_assert_str_eq(t.data ? t.data : "", words);                                     \
		text_clear(&t);                                                                    \
	} while (0)

START_TEST(energy_names_who_holds_back)
{
	struct words_energy n = {.is_known = true,
		.site_w = 167000,
		.has_limit = true,
		.limit_w = 212000,
		.limit_source = "rating"};

	words_energy_sentence(&t, &n);
	SAYS("167" SP "kW now. No limit holds a van back.");
	words_energy_sub(&t, &n);
	SAYS("The site may take 212" SP "kW: that is its rating.");
	n.held = (struct words_held){.node = "Hall A feeder",
		.vans = 2,
		.van = "VAN 05",
		.gets_w = 8000,
		.could_w = 11000};
	words_energy_sentence(&t, &n);
	SAYS("167" SP "kW now. Hall A feeder holds back 2 vans.");
	words_energy_sub(&t, &n);
	SAYS("VAN 05 gets 8.0 of 11.0" SP "kW. The site may take 212" SP "kW: that is its rating.");
	n.held.gets_w = 0;
	words_energy_sub(&t, &n);
	SAYS("VAN 05 waits. The site may take 212" SP "kW: that is its rating.");
	n.held = (struct words_held){.node = "Hall A feeder", .channel = "L1"};
	words_energy_sentence(&t, &n);
	SAYS("167" SP "kW now. Hall A feeder (L1) is full.");
}
END_TEST

START_TEST(energy_claims_nothing_that_is_not_known)
{
	struct words_energy n = {0};

	words_energy_sentence(&t, &n);
	SAYS("The site's power is unknown. No limit holds a van back.");
	words_energy_sub(&t, &n);
	SAYS("The site has no limit of its own.");
	n.waiting = 1;
	words_energy_sub(&t, &n);
	SAYS("1 limit waits for an answer.");
	n = (struct words_energy){.is_known = true, .site_w = -12000};
	words_energy_sentence(&t, &n);
	SAYS("The site feeds in 12.0" SP "kW. No limit holds a van back.");
}
END_TEST

START_TEST(an_island_is_said_first)
{
	struct words_energy n = {.is_known = true,
		.site_w = 9000,
		.island = "Grid connection",
		.island_w = 30000,
		.island_vans = 1};

	words_energy_sentence(&t, &n);
	SAYS("The grid is gone: stores and PV give 30.0" SP "kW, and 1 van waits for more.");
	words_energy_sub(&t, &n);
	SAYS("Grid connection is an island. Who leaves first charges first.");
	n.back_ms = 21000;
	words_energy_sentence(&t, &n);
	SAYS("The grid is back: if it stays for 21" SP "s, vans return in steps.");
	words_energy_sub(&t, &n);
	SAYS("Till then they get what stores and PV gave.");
	n = (struct words_energy){.is_known = true, .site_w = 9000, .stepping = 2};
	words_energy_sentence(&t, &n);
	SAYS("9.0" SP "kW now. Power has returned, and 2 vans wait for their step.");
	n.stepping = 1;
	words_energy_sentence(&t, &n);
	SAYS("9.0" SP "kW now. Power has returned, and 1 van waits for its step.");
}
END_TEST

START_TEST(meters)
{
	struct words_meters n = {0};

	words_meters_sentence(&t, &n);
	SAYS("No meter is set up.");
	words_meters_sub(&t, &n);
	SAYS("Loads are sums of what chargers report. Meters stand in the depot's file.");
	n = (struct words_meters){.meters = 1,
		.count = {[WORDS_METER_GOOD] = 1},
		.name = {[WORDS_METER_GOOD] = "Main meter"}};
	words_meters_sentence(&t, &n);
	SAYS("Main meter answers and is believed.");
	n.meters = n.count[WORDS_METER_GOOD] = 2;
	words_meters_sentence(&t, &n);
	SAYS("Both meters answer and are believed.");
	n.meters = 5;
	n.count[WORDS_METER_GOOD] = 5;
	words_meters_sentence(&t, &n);
	SAYS("All 5 meters answer and are believed.");
	words_meters_sub(&t, &n);
	SAYS("The wiring check has found nothing wrong.");
	n.count[WORDS_METER_GOOD] = 2;
	n.count[WORDS_METER_WIRING] = 2;
	n.count[WORDS_METER_SILENT] = 1;
	n.name[WORDS_METER_SILENT] = "Roof meter";
	n.next = "Look at its wire.";
	words_meters_sentence(&t, &n);
	SAYS("Roof meter does not answer. 2 more need a look.");
	words_meters_sub(&t, &n);
	SAYS("Look at its wire.");
}
END_TEST

START_TEST(what_a_meter_is)
{
	ck_assert_int_eq(words_meter_kind("silent", true), WORDS_METER_SILENT);
	ck_assert_int_eq(words_meter_kind("doubted", false), WORDS_METER_DOUBTED);
	ck_assert_int_eq(words_meter_kind("ok", false), WORDS_METER_GOOD);
	ck_assert_int_eq(words_meter_kind("idle", true), WORDS_METER_WIRING);
}
END_TEST

START_TEST(alarms)
{
	struct words_alarms n = {0};

	words_alarms_sentence(&t, &n);
	SAYS("No alarm needs anyone.");
	words_alarms_sub(&t, &n);
	SAYS("An alarm is only here when a person must do something.");
	n = (struct words_alarms){.active = 1, .urgent = 1, .aside = 2};
	words_alarms_sentence(&t, &n);
	SAYS("1 alarm needs someone. It is urgent.");
	words_alarms_sub(&t, &n);
	SAYS("Nobody has taken one yet. 2 are put aside.");
	n = (struct words_alarms){.active = 4, .urgent = 1, .taken = 1};
	words_alarms_sentence(&t, &n);
	SAYS("4 alarms need someone. 1 is urgent.");
	words_alarms_sub(&t, &n);
	SAYS("Somebody has 1 of 4.");
	n.taken = 4;
	words_alarms_sub(&t, &n);
	SAYS("Somebody has each of them.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_power");
	TCase *c = tcase_create("core");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, energy_names_who_holds_back);
	tcase_add_test(c, energy_claims_nothing_that_is_not_known);
	tcase_add_test(c, an_island_is_said_first);
	tcase_add_test(c, meters);
	tcase_add_test(c, what_a_meter_is);
	tcase_add_test(c, alarms);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
