/* Rules 43 to 46: what a CSMS must not ask of charging profiles, one row a clause; and what an
 * automatic station's own profiles keep from being asked. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/device.h"
#include "csms/power/holding.h"
#include "csms/power/profile_check.h"
#include "gen/ocpp201.h"

#define START  "\"startSchedule\":\"2026-03-11T16:00:00Z\","
#define PERIOD "{\"startPeriod\":0,\"limit\":6000}"
#define SCHEDULE(start, unit, periods)                                                             \
	"{\"id\":1," start "\"chargingRateUnit\":\"" unit                                          \
	"\",\"chargingSchedulePeriod\":[" periods "]}"
#define PROFILE(id, level, purpose, kind, more, schedules)                                         \
	"{\"id\":" id ",\"stackLevel\":" level ",\"chargingProfilePurpose\":\"" purpose            \
	"\",\"chargingProfileKind\":\"" kind "\"," more "\"chargingSchedule\":[" schedules "]}"
#define SET(evse, profile) "{\"evseId\":" evse ",\"chargingProfile\":" profile "}"
#define GOOD               SCHEDULE(START, "W", PERIOD)
#define TX_ID              "\"transactionId\":\"t-1\","

/* What the station holds in these rows: a TxDefaultProfile on EVSE 1 and one on EVSE 0, a TxProfile
 * of t-1, an external limit. */
static const struct {
	int evse;
	const char *json;
} held[] = {
	{1, PROFILE("11", "2", "TxDefaultProfile", "Absolute", "", GOOD)},
	{0, PROFILE("12", "3", "TxDefaultProfile", "Absolute",
		    "\"validTo\":\"2026-03-12T00:00:00Z\",", GOOD)},
	{1, PROFILE("13", "4", "TxProfile", "Absolute", TX_ID, GOOD)},
	{0, PROFILE("-7", "0", "ChargingStationExternalConstraints", "Absolute", "", GOOD)},
};

/* `says` NULL: allowed. */
static const struct {
	int action;
	const char *request, *says;
} rows[] = {
	/* rule 43 */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "", GOOD)), NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE("", "W", PERIOD))),
		"K01.FR.40"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Relative", "", GOOD)),
		"K01.FR.41"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Relative", "",
				 SCHEDULE("", "W", PERIOD))),
		NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Recurring", "", GOOD)),
		"K01.FR.13"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Recurring",
				 "\"recurrencyKind\":\"Daily\",", GOOD)),
		NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W", "{\"startPeriod\":5,\"limit\":6000}"))),
		"K01.FR.31"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W",
					 PERIOD ",{\"startPeriod\":60,\"limit\":1},"
						"{\"startPeriod\":60,\"limit\":2}"))),
		"K01.FR.35"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute",
				 "\"validFrom\":\"2026-03-11T16:00:00Z\","
				 "\"validTo\":\"2026-03-11T16:00:00Z\",",
				 GOOD)),
		"K01.FR.36"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "7", "ChargingStationMaxProfile", "Relative", "",
				 SCHEDULE("", "W", PERIOD))),
		"K01.FR.38"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "ChargingStationMaxProfile", "Absolute", "", GOOD)),
		"evseId 0"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "7", "ChargingStationMaxProfile", "Absolute", "", GOOD)),
		NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 "{\"id\":1," START "\"duration\":0,\"chargingRateUnit\":\"W\","
				 "\"chargingSchedulePeriod\":[" PERIOD "]}")),
		"K01.FR.12"},
	/* rule 44 */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "7", "ChargingStationExternalConstraints", "Absolute", "",
				 GOOD)),
		"K01.FR.22"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "7", "TxProfile", "Absolute", TX_ID, GOOD)), "K01.FR.16"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxProfile", "Absolute", "", GOOD)), "K01.FR.03"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", TX_ID, GOOD)),
		"K01.FR.03"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxProfile", "Absolute", TX_ID, GOOD)), NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("3", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "", GOOD)),
		"K01.FR.28"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W",
					 "{\"startPeriod\":0,\"limit\":6000,\"numberPhases\":3,"
					 "\"phaseToUse\":1}"))),
		"K01.FR.19"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W",
					 "{\"startPeriod\":0,\"limit\":6000,\"numberPhases\":1,"
					 "\"phaseToUse\":1}"))),
		"K01.FR.20"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "", GOOD "," GOOD)),
		"K01.FR.34"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("2", PROFILE("50", "7", "TxProfile", "Absolute", "\"transactionId\":\"t-2\",",
				 GOOD "," GOOD)),
		NULL}, /* EVSE 2 negotiates by ISO 15118 */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("2", PROFILE("50", "7", "TxProfile", "Absolute", "\"transactionId\":\"t-2\",",
				 SCHEDULE(START, "W",
					 PERIOD ",{\"startPeriod\":60,\"limit\":1},"
						"{\"startPeriod\":90,\"limit\":2}"))),
		"K15.FR.07"}, /* its vehicle takes two periods */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "2", "TxDefaultProfile", "Absolute", "", GOOD)),
		"K01.FR.06"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("11", "2", "TxDefaultProfile", "Absolute", "", GOOD)),
		NULL}, /* K01.FR.05: the same id replaces */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "3", "TxDefaultProfile", "Absolute",
				 "\"validFrom\":\"2026-03-12T00:00:00Z\",", GOOD)),
		NULL}, /* K01.FR.06: after the other's validTo */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "4", "TxProfile", "Absolute", TX_ID, GOOD)), "K01.FR.39"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "2", "TxDefaultProfile", "Absolute", "", GOOD)),
		"K01.FR.52"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "3", "TxDefaultProfile", "Absolute", "", GOOD)),
		"K01.FR.53"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("-7", "7", "TxDefaultProfile", "Absolute", "", GOOD)),
		"K01.FR.05"},
	/* rule 45 */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "A", "{\"startPeriod\":0,\"limit\":16}"))),
		"K01.FR.26"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W",
					 PERIOD ",{\"startPeriod\":60,\"limit\":1},"
						"{\"startPeriod\":90,\"limit\":2},"
						"{\"startPeriod\":91,\"limit\":3}"))),
		"PeriodsPerSchedule"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "",
				 SCHEDULE(START, "W", "{\"startPeriod\":0,\"limit\":-1}"))),
		"0 or more"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "9", "TxDefaultProfile", "Absolute", "", GOOD)),
		"ProfileStackLevel"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":1,\"idToken\":{\"idToken\":\"T\",\"type\":\"Local\"},"
		"\"chargingProfile\":" PROFILE(
			"50", "7", "TxDefaultProfile", "Absolute", "", GOOD) "}",
		"K05.FR.02"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":1,\"idToken\":{\"idToken\":\"T\",\"type\":\"Local\"},"
		"\"chargingProfile\":" PROFILE("50", "7", "TxProfile", "Absolute", TX_ID, GOOD) "}",
		"F01.FR.11"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":1,\"idToken\":{\"idToken\":\"T\",\"type\":\"Local\"},"
		"\"chargingProfile\":" PROFILE("50", "7", "TxProfile", "Absolute", "", GOOD) "}",
		NULL},
	/* rule 46 */
	{OCPP201_GET_CHARGING_PROFILES, "{\"requestId\":1,\"chargingProfile\":{}}", "K09.FR.03"},
	{OCPP201_GET_CHARGING_PROFILES,
		"{\"requestId\":1,\"chargingProfile\":{\"chargingProfileId\":[1],\"stackLevel\":0}}",
		"K09.FR.03"},
	{OCPP201_GET_CHARGING_PROFILES,
		"{\"requestId\":1,\"chargingProfile\":{\"chargingProfileId\":[1]}}", NULL},
	{OCPP201_GET_CHARGING_PROFILES,
		"{\"requestId\":1,\"chargingProfile\":{\"chargingLimitSource\":[\"EMS\"]}}", NULL},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{}", "K10.FR.02"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileCriteria\":{}}", "K10.FR.02"},
	{OCPP201_CLEAR_CHARGING_PROFILE,
		"{\"chargingProfileId\":1,\"chargingProfileCriteria\":{\"stackLevel\":1}}",
		"K10.FR.02"},
	{OCPP201_CLEAR_CHARGING_PROFILE,
		"{\"chargingProfileCriteria\":{\"chargingProfilePurpose\":"
		"\"ChargingStationExternalConstraints\"}}",
		"K10.FR.06"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":50}", NULL},
	{OCPP201_GET_COMPOSITE_SCHEDULE, "{\"evseId\":5,\"duration\":60}", "K08.FR.05"},
	{OCPP201_GET_COMPOSITE_SCHEDULE,
		"{\"evseId\":1,\"duration\":60,\"chargingRateUnit\":\"A\"}", "K08.FR.07"},
	{OCPP201_GET_COMPOSITE_SCHEDULE, "{\"evseId\":0,\"duration\":60}", NULL},
};

/* Of an automatic station with a tail of 4140 W. */
static const struct {
	int action;
	const char *request, *says;
} admissions[] = {
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("50", "0", "ChargingStationMaxProfile", "Absolute", "", GOOD)),
		NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("1", "0", "ChargingStationMaxProfile", "Absolute", "", GOOD)),
		"depotd keeps"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("0", PROFILE("1002", "0", "ChargingStationMaxProfile", "Absolute", "", GOOD)),
		"depotd keeps"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "9", "TxDefaultProfile", "Absolute", "", GOOD)), "manual"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "1", "TxProfile", "Absolute", TX_ID,
				 SCHEDULE(START, "W", "{\"startPeriod\":0,\"limit\":4000}"))),
		"displace"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "0", "TxProfile", "Absolute", TX_ID,
				 SCHEDULE(START, "W", "{\"startPeriod\":0,\"limit\":4140}"))),
		NULL},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "0", "TxProfile", "Absolute", TX_ID,
				 SCHEDULE(START, "W",
					 "{\"startPeriod\":0,\"limit\":4140},"
					 "{\"startPeriod\":60,\"limit\":4141}"))),
		"safe tail"},
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "0", "TxProfile", "Absolute", TX_ID,
				 SCHEDULE(START, "A", "{\"startPeriod\":0,\"limit\":6}"))),
		NULL}, /* 6 A on three phases are 4140 W */
	{OCPP201_SET_CHARGING_PROFILE,
		SET("1", PROFILE("50", "0", "TxProfile", "Absolute", TX_ID,
				 SCHEDULE(START, "A", "{\"startPeriod\":0,\"limit\":6.1}"))),
		"safe tail"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":1,\"evseId\":1,"
		"\"idToken\":{\"idToken\":\"T\",\"type\":\"Local\"},"
		"\"chargingProfile\":" PROFILE("50", "7", "TxProfile", "Absolute", "", GOOD) "}",
		"manual"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":1,\"idToken\":{\"idToken\":\"T\",\"type\":\"Local\"}}", NULL},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":1}", "manual"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":1001}", "manual"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":50}", NULL},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileCriteria\":{\"evseId\":1}}", "manual"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileCriteria\":{\"evseId\":0}}", NULL},
	{OCPP201_CLEAR_CHARGING_PROFILE,
		"{\"chargingProfileCriteria\":{\"chargingProfilePurpose\":\"TxProfile\","
		"\"stackLevel\":1}}",
		"manual"},
	{OCPP201_CLEAR_CHARGING_PROFILE,
		"{\"chargingProfileCriteria\":{\"chargingProfilePurpose\":"
		"\"ChargingStationMaxProfile\"}}",
		NULL},
};

struct evse *station_evse(const struct station *s, int64_t evse_id)
{
	return evse_id < 1 || evse_id > s->evse_count ? NULL : &s->evses[evse_id - 1];
}

int64_t device_fact(const struct station *s, enum device_fact f, int64_t otherwise)
{
	(void)s;
	(void)f;
	return otherwise;
}

static struct arena *arena;
static struct station station;
static struct evse evses[2];

static void *decode(const struct schema_struct *type, const char *json)
{
	struct schema_error err;
	void *out = schema_decode(type, json, strlen(json), arena, &err);

	ck_assert_msg(out != NULL, "%s: %s: %s", err.path, err.message, json);
	return out;
}

static void setup(void)
{
	arena = arena_create(0);
	station =
		(struct station){.id = "CP-1", .is_manual = true, .evse_count = 2, .evses = evses};
	for (int i = 0; i < 2; i++)
		evses[i] = (struct evse){.station = &station,
			.id = i + 1,
			.max_w = 22000,
			.tail_w = 4140,
			.phases = 3};
	evses[1].tx.is_open = true;
	evses[1].tx.needs = (struct needs){.at = {1}, .max_tuples = 2};
	for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
		struct holding *h = arena_alloc(arena, sizeof *h);

		h->evse_id = held[i].evse;
		h->profile = decode(&ocpp201_charging_profile_type, held[i].json);
		DL_APPEND(station.holdings, h);
	}
}

static void teardown(void)
{
	arena_destroy(arena);
}

static void judge(int rc, const char *why, const char *says, const char *request)
{
	if (!says)
		ck_assert_msg(rc == 0, "refused with \"%s\": %s", why, request);
	else
		ck_assert_msg(rc == -1 && strstr(why, says), "%d \"%s\", not %s: %s", rc, why, says,
			request);
}

START_TEST(rules_43_to_46_each_clause_is_checked_before_sending)
{
	struct profile_facts f = {
		.periods = 3, .stack_level = 8, .units = DEVICE_UNIT_W, .voltage_v = 230};
	char why[300] = "";
	const void *r = decode(ocpp201_actions[rows[_i].action].request, rows[_i].request);
	int rc = profile_check(&station, rows[_i].action, r, &f, why);

	judge(rc, why, rows[_i].says, rows[_i].request);
}
END_TEST

START_TEST(nothing_displaces_what_keeps_the_limits_of_the_tree)
{
	char why[300] = "";
	const void *r =
		decode(ocpp201_actions[admissions[_i].action].request, admissions[_i].request);

	ck_assert_int_eq(profile_admit(&station, admissions[_i].action, r, 230, why), 0);
	station.is_manual = false;
	judge(profile_admit(&station, admissions[_i].action, r, 230, why), why, admissions[_i].says,
		admissions[_i].request);
}
END_TEST

START_TEST(a_station_that_is_full_takes_replacements_only)
{
	struct profile_facts f = {.entries = 4, .stack_level = -1};
	char why[300] = "";
	const void *r = decode(&ocpp201_set_charging_profile_request_type,
		SET("1", PROFILE("50", "7", "TxDefaultProfile", "Absolute", "", GOOD)));

	judge(profile_check(&station, OCPP201_SET_CHARGING_PROFILE, r, &f, why), why, "Entries",
		"");
	r = decode(&ocpp201_set_charging_profile_request_type,
		SET("1", PROFILE("11", "7", "TxDefaultProfile", "Absolute", "", GOOD)));
	judge(profile_check(&station, OCPP201_SET_CHARGING_PROFILE, r, &f, why), why, NULL, "");
}
END_TEST

START_TEST(rule_45_amperes_are_per_phase)
{
	struct ocpp201_charging_schedule_period p = {.limit = 16};
	struct evse one = {.phases = 1}, three = {.phases = 3};

	ck_assert_int_eq(profile_period_w(&three, OCPP201_CHARGING_RATE_UNIT_A, &p, 230), 11040);
	ck_assert_int_eq(profile_period_w(&one, OCPP201_CHARGING_RATE_UNIT_A, &p, 230), 3680);
	p.has_number_phases = true;
	p.number_phases = 2;
	ck_assert_int_eq(profile_period_w(&three, OCPP201_CHARGING_RATE_UNIT_A, &p, 230), 7360);
	p.limit = 7000;
	ck_assert_int_eq(profile_period_w(&three, OCPP201_CHARGING_RATE_UNIT_W, &p, 230), 7000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *c = tcase_create("check");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, rules_43_to_46_each_clause_is_checked_before_sending, 0,
		(int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(c, nothing_displaces_what_keeps_the_limits_of_the_tree, 0,
		(int)(sizeof admissions / sizeof *admissions));
	tcase_add_test(c, a_station_that_is_full_takes_replacements_only);
	tcase_add_test(c, rule_45_amperes_are_per_phase);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
