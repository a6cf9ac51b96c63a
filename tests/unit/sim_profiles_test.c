/*
 * What a stack of charging profiles allows: hand-made cases, the rules of rejection, and the next
 * change against a look at every second.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/profiles.h"

#define T0 INT64_C(1773244800000) /* 2026-03-11T16:00:00Z */

static struct profiles *stack;
static struct arena *arena;
static struct profiles_evse ac, dc;

static void setup(void)
{
	stack = profiles_create(230, true);
	arena = arena_create(0);
	ac = (struct profiles_evse){.id = 1, .phases = 3, .max_mw = 22000000, .transaction = "T1"};
	dc = (struct profiles_evse){.id = 2, .dc = true, .phases = 3, .max_mw = 150000000};
}

static void teardown(void)
{
	profiles_destroy(stack);
	arena_destroy(arena);
}

/* Installs the profile of that JSON; NULL or the reason code. */
static const char *set(int evse, const char *json)
{
	struct schema_error err;
	struct ocpp201_charging_profile *p =
		schema_decode(&ocpp201_charging_profile_type, json, strlen(json), arena, &err);
	ck_assert_msg(p != NULL, "%s: %s", err.path, err.message);
	return profiles_set(stack, evse, evse <= 2, evse == 1 ? &ac : evse == 2 ? &dc : NULL, p);
}

static const char *make(int id, int level, const char *purpose, const char *kind, const char *rest,
	const char *schedule)
{
	static char json[2000];
	snprintf(json, sizeof json,
		"{\"id\":%d,\"stackLevel\":%d,\"chargingProfilePurpose\":\"%s\","
		"\"chargingProfileKind\":\"%s\"%s,\"chargingSchedule\":[{\"id\":1,%s}]}",
		id, level, purpose, kind, rest, schedule);
	return json;
}

#define START "\"startSchedule\":\"2026-03-11T16:00:00Z\","
#define TX    ",\"transactionId\":\"T1\""
#define FLAT(unit, limit)                                                                          \
	"\"chargingRateUnit\":\"" unit "\",\"chargingSchedulePeriod\":[{\"startPeriod\":0,"        \
	"\"limit\":" limit "}]"

static int64_t watts(const struct profiles_evse *e, int64_t seconds)
{
	int64_t mw = profiles_evse_mw(stack, e, (wall_t){T0 + seconds * 1000});
	return mw == PROFILES_NO_LIMIT ? -1 : mw / 1000;
}

START_TEST(nothing_installed_is_no_limit)
{
	ck_assert_int_eq(watts(&ac, 0), -1);
	ck_assert(profiles_station_mw(stack, (wall_t){T0}) == PROFILES_NO_LIMIT);
}
END_TEST

START_TEST(levels_and_purposes)
{
	/* K 3.5: the highest level that has a period now leads; TxProfile goes before default. */
	ck_assert_ptr_null(
		set(0, make(1, 0, "TxDefaultProfile", "Absolute", "", START FLAT("W", "4000"))));
	ck_assert_ptr_null(set(0, make(2, 3, "TxDefaultProfile", "Absolute", "",
					  START "\"duration\":600," FLAT("W", "9000"))));
	ck_assert_int_eq(watts(&ac, -1), -1);
	ck_assert_int_eq(watts(&ac, 0), 9000);
	ck_assert_int_eq(watts(&ac, 599), 9000);
	ck_assert_int_eq(watts(&ac, 600), 4000); /* falls through to the lower level */
	ck_assert_ptr_null(set(1, make(3, 0, "TxProfile", "Absolute", TX,
					  START "\"duration\":900," FLAT("W", "11000"))));
	ck_assert_int_eq(watts(&ac, 0), 11000);
	ck_assert_int_eq(watts(&ac, 899), 11000);
	ck_assert_int_eq(watts(&ac, 900), 4000);
	ck_assert_int_eq(watts(&dc, 0), 9000); /* the TxProfile is of the other EVSE */
	ac.transaction = "T2";
	ck_assert_int_eq(watts(&ac, 0), 9000); /* and of another transaction */
}
END_TEST

START_TEST(validity_and_kinds)
{
	ck_assert_ptr_null(set(1, make(1, 0, "TxDefaultProfile", "Absolute",
					  ",\"validFrom\":\"2026-03-11T16:01:00Z\","
					  "\"validTo\":\"2026-03-11T16:02:00Z\"",
					  START FLAT("W", "5000"))));
	ck_assert_int_eq(watts(&ac, 59), -1);
	ck_assert_int_eq(watts(&ac, 60), 5000);
	ck_assert_int_eq(watts(&ac, 119), 5000);
	ck_assert_int_eq(watts(&ac, 120), -1);
	ck_assert_ptr_null(set(1, make(2, 1, "TxProfile", "Relative", TX,
					  "\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":["
					  "{\"startPeriod\":0,\"limit\":7000},"
					  "{\"startPeriod\":300,\"limit\":1500.5}]")));
	ac.ready_at = (wall_t){T0 + 1000000};
	ck_assert_int_eq(watts(&ac, 1000), 7000);
	ck_assert_int_eq(watts(&ac, 1299), 7000);
	ck_assert_int_eq(profiles_evse_mw(stack, &ac, (wall_t){T0 + 1300000}), 1500500);
	ck_assert_ptr_null(
		set(2, make(3, 1, "TxDefaultProfile", "Recurring", ",\"recurrencyKind\":\"Daily\"",
			       START "\"duration\":3600," FLAT("W", "40000"))));
	ck_assert_int_eq(watts(&dc, 86400 * 40 + 3599), 40000);
	ck_assert_int_eq(watts(&dc, 86400 * 40 + 3600), -1);
}
END_TEST

START_TEST(units_and_phases)
{
	struct profiles_evse one = {.id = 2, .phases = 1, .max_mw = 7360000};
	ck_assert_ptr_null(
		set(0, make(1, 0, "TxDefaultProfile", "Absolute", "", START FLAT("A", "16"))));
	ck_assert_int_eq(watts(&ac, 0), 16 * 230 * 3);
	ck_assert_int_eq(watts(&one, 0), 16 * 230);
	/* K01.FR.49, 50: 11 kW over three phases is a third of that on one */
	ck_assert_ptr_null(
		set(0, make(1, 0, "TxDefaultProfile", "Absolute", "", START FLAT("W", "11040"))));
	ck_assert_int_eq(watts(&ac, 0), 11040);
	ck_assert_int_eq(watts(&one, 0), 3680);
	ck_assert_int_eq(watts(&dc, 0), 11040);
	ck_assert_ptr_null(set(0, make(1, 0, "TxDefaultProfile", "Absolute", "",
					  START "\"chargingRateUnit\":\"W\","
						"\"chargingSchedulePeriod\":[{\"startPeriod\":0,"
						"\"limit\":3000,\"numberPhases\":1}]")));
	ck_assert_int_eq(watts(&one, 0), 3000);
	ck_assert_int_eq(profiles_count(stack), 1);
}
END_TEST

START_TEST(station_maximum_is_apart)
{
	ck_assert_ptr_null(set(0,
		make(1, 0, "ChargingStationMaxProfile", "Absolute", "", START FLAT("W", "30000"))));
	ck_assert_int_eq(profiles_station_mw(stack, (wall_t){T0}), 30000000);
	ck_assert_int_eq(watts(&ac, 0), -1);
}
END_TEST

START_TEST(rejections)
{
	const char *flat = START FLAT("W", "1000");
	const struct {
		int evse;
		const char *purpose, *kind, *rest, *schedule, *reason;
	} rows[] = {
		{3, "TxDefaultProfile", "Absolute", "", flat, "UnknownEvse"},
		{0, "TxProfile", "Absolute", TX, flat, "InvalidProfile"},
		{1, "TxProfile", "Absolute", "", flat, "InvalidProfile"},
		{1, "TxProfile", "Absolute", ",\"transactionId\":\"T9\"", flat, "TxNotFound"},
		{2, "TxProfile", "Absolute", TX, flat, "TxNotFound"},
		{1, "ChargingStationMaxProfile", "Absolute", "", flat, "InvalidProfile"},
		{0, "ChargingStationExternalConstraints", "Absolute", "", flat, "InvalidProfile"},
		{0, "ChargingStationMaxProfile", "Relative", "", FLAT("W", "1000"),
			"InvalidProfile"},
		{1, "TxDefaultProfile", "Absolute", "", FLAT("W", "1000"), "InvalidSchedule"},
		{1, "TxDefaultProfile", "Relative", "", flat, "InvalidSchedule"},
		{1, "TxDefaultProfile", "Absolute", "",
			START "\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":["
			      "{\"startPeriod\":1,\"limit\":1}]",
			"InvalidSchedule"},
		{1, "TxDefaultProfile", "Absolute", "",
			START "\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":["
			      "{\"startPeriod\":0,\"limit\":1},{\"startPeriod\":0,\"limit\":2}]",
			"InvalidSchedule"},
		{1, "TxDefaultProfile", "Absolute", "",
			START "\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":["
			      "{\"startPeriod\":0,\"limit\":1,\"numberPhases\":1,"
			      "\"phaseToUse\":2}]",
			"InvalidSchedule"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why = set(rows[i].evse,
			make(1, 0, rows[i].purpose, rows[i].kind, rows[i].rest, rows[i].schedule));
		ck_assert_msg(why && strcmp(why, rows[i].reason) == 0, "row %zu: %s, not %s", i,
			why ? why : "accepted", rows[i].reason);
		ck_assert_int_eq(profiles_count(stack), 0);
	}
	ck_assert_str_eq(
		set(1, make(1, 10, "TxDefaultProfile", "Absolute", "", flat)), "InvalidStackLevel");
	ck_assert_ptr_null(set(1, make(1, 2, "TxDefaultProfile", "Absolute", "", flat)));
	ck_assert_str_eq(set(0, make(2, 2, "TxDefaultProfile", "Absolute", "", flat)),
		"DuplicateProfile"); /* K01.FR.52 */
	ck_assert_str_eq(set(1, make(2, 2, "TxDefaultProfile", "Absolute", "", flat)),
		"DuplicateProfile"); /* K01.FR.06 */
	ck_assert_ptr_null(set(1, make(1, 2, "TxDefaultProfile", "Absolute", "", flat)));
	ck_assert_ptr_null(set(2, make(2, 2, "TxDefaultProfile", "Absolute", "", flat)));
	struct profiles *watts_only = profiles_create(230, false);
	struct schema_error err;
	const char *amperes = make(1, 0, "TxDefaultProfile", "Absolute", "", START FLAT("A", "10"));
	struct ocpp201_charging_profile *p = schema_decode(
		&ocpp201_charging_profile_type, amperes, strlen(amperes), arena, &err);
	ck_assert_str_eq(profiles_set(watts_only, 2, true, &dc, p), "UnsupportedRateUnit");
	profiles_destroy(watts_only);
}
END_TEST

START_TEST(clearing_and_asking)
{
	const char *flat = START FLAT("W", "1000");
	set(0, make(1, 0, "TxDefaultProfile", "Absolute", "", flat));
	set(0, make(2, 0, "ChargingStationMaxProfile", "Absolute", "", flat));
	set(1, make(3, 1, "TxDefaultProfile", "Absolute", "", flat));
	set(1, make(4, 1, "TxProfile", "Absolute", TX, flat));
	int evse, next;
	struct ocpp201_get_charging_profiles_request ask = {.has_evse_id = true, .evse_id = 1};
	ask.charging_profile.has_stack_level = true;
	ask.charging_profile.stack_level = 1;
	ck_assert_int_eq(profiles_match(stack, 0, &ask, &evse, &next)->id, 3);
	ck_assert_int_eq(profiles_match(stack, next, &ask, &evse, &next)->id, 4);
	ck_assert_int_eq(evse, 1);
	ck_assert_ptr_null(profiles_match(stack, next, &ask, &evse, &next));
	struct ocpp201_clear_charging_profile criteria = {.has_evse_id = true, .evse_id = 0};
	struct ocpp201_clear_charging_profile_request clear = {
		.charging_profile_criteria = &criteria};
	ck_assert_int_eq(profiles_clear(stack, &clear), 2);
	ck_assert_int_eq(profiles_clear(stack, &clear), 0);
	profiles_end_transaction(stack, "T1");
	ck_assert_int_eq(profiles_count(stack), 1);
	clear = (struct ocpp201_clear_charging_profile_request){
		.has_charging_profile_id = true, .charging_profile_id = 3};
	ck_assert_int_eq(profiles_clear(stack, &clear), 1);
	ck_assert_int_eq(profiles_count(stack), 0);
}
END_TEST

static int random_below(int n)
{
	return (int)(random() % n);
}

static void random_profile(int id)
{
	static const char *const kinds[] = {"Absolute", "Recurring", "Relative"};
	char rest[300] = "", schedule[800], time[WALL_TEXT_SIZE];
	int kind = random_below(3);
	bool tx = random_below(2);
	size_t n = 0;
	if (kind == 1)
		n += (size_t)snprintf(rest, sizeof rest, ",\"recurrencyKind\":\"Daily\"");
	if (tx)
		n += (size_t)snprintf(rest + n, sizeof rest - n, TX);
	if (random_below(2))
		n += (size_t)snprintf(rest + n, sizeof rest - n, ",\"validFrom\":\"%s\"",
			wall_format((wall_t){T0 + random_below(4000) * 1000}, time));
	if (random_below(2))
		snprintf(rest + n, sizeof rest - n, ",\"validTo\":\"%s\"",
			wall_format((wall_t){T0 + 3000000 + random_below(4000) * 1000}, time));
	n = 0;
	if (kind != 2)
		n += (size_t)snprintf(schedule, sizeof schedule, "\"startSchedule\":\"%s\",",
			wall_format((wall_t){T0 - 90000000 + random_below(100000) * 1000}, time));
	if (random_below(2))
		n += (size_t)snprintf(
			schedule + n, sizeof schedule - n, "\"duration\":%d,", random_below(90000));
	n += (size_t)snprintf(schedule + n, sizeof schedule - n,
		"\"chargingRateUnit\":\"%s\",\"chargingSchedulePeriod\":[",
		random_below(2) ? "W" : "A");
	for (int i = 0, at = 0; i < 4; i++, at += 1 + random_below(30000))
		n += (size_t)snprintf(schedule + n, sizeof schedule - n,
			"%s{\"startPeriod\":%d,\"limit\":%d}", i ? "," : "", at, random_below(32));
	snprintf(schedule + n, sizeof schedule - n, "]");
	set(random_below(2) && !tx ? 0 : 1,
		make(id, random_below(4), tx ? "TxProfile" : "TxDefaultProfile", kinds[kind], rest,
			schedule));
}

START_TEST(next_change_misses_nothing)
{
	srandom(1234);
	ac.ready_at = (wall_t){T0 + 777000};
	for (int round = 0; round < 40; round++) {
		for (int id = 0; id < 6; id++)
			random_profile(id);
		wall_t end = {T0 + 7200000};
		wall_t next = profiles_next_change(stack, &ac, (wall_t){T0}, end);
		int64_t mw = profiles_evse_mw(stack, &ac, (wall_t){T0});
		for (wall_t t = {T0}; t.ms < end.ms; t.ms += 1000) {
			if (t.ms >= next.ms) {
				mw = profiles_evse_mw(stack, &ac, next);
				next = profiles_next_change(stack, &ac, next, end);
			}
			ck_assert_int_eq(mw, profiles_evse_mw(stack, &ac, t));
		}
		profiles_destroy(stack);
		stack = profiles_create(230, true);
		arena_reset(arena);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_profiles");
	TCase *t = tcase_create("profiles");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_installed_is_no_limit);
	tcase_add_test(t, levels_and_purposes);
	tcase_add_test(t, validity_and_kinds);
	tcase_add_test(t, units_and_phases);
	tcase_add_test(t, station_maximum_is_apart);
	tcase_add_test(t, rejections);
	tcase_add_test(t, clearing_and_asking);
	tcase_add_test(t, next_change_misses_nothing);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
