/* Reports in parts: in force when complete, whatever the order; never before. */
#include <sqlite3.h>

#include "tests/unit/db_fixture.h"

#include "db/care.h"

static struct db *db;
static char why[300];

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
}

static void teardown(void)
{
	ck_assert_int_eq(db_flush(db), 0);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	db_close(db);
	db = NULL;
	fixture_remove();
}

/* One number of the store, as anyone with the file would see it. */
static int64_t ask(const char *text)
{
	char path[400];
	sqlite3 *h;
	sqlite3_stmt *st;
	int64_t n = -1;

	snprintf(path, sizeof path, "%s/depot.db", fixture_dir);
	ck_assert_int_eq(sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_msg(
		sqlite3_prepare_v2(h, text, -1, &st, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(h));
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(h);
	return n;
}

static int64_t variables(void)
{
	return ask("SELECT count(*) FROM device_variables WHERE station='CP-1'");
}

/* A part of one variable, "V<seq>" with its value. */
struct part {
	int64_t request, seq;
	bool is_last, replaces;
	const char *value;
};

static void put(const struct part *p)
{
	char items[300];
	struct event_report_part e = {.kind = EVENT_REPORT_KIND_INVENTORY,
		.request_id = p->request,
		.has_seq_no = p->seq >= 0,
		.seq_no = p->seq,
		.is_last = p->is_last,
		.replaces = p->replaces,
		.items = items};

	snprintf(items, sizeof items,
		"[{\"component\":{\"name\":\"EVSE\",\"evse\":{\"id\":1}},\"variable\":{\"name\":"
		"\"V%lld\"},\"variableAttribute\":[{\"value\":\"%s\"},{\"type\":\"Target\"}],"
		"\"variableCharacteristics\":{\"dataType\":\"integer\",\"maxLimit\":1000.0,"
		"\"supportsMonitoring\":true}}]",
		(long long)p->seq, p->value ? p->value : "1");
	ck_assert_int_eq(fixture_event(db, "station/CP-1", EVENT_REPORT_PART, &e, -1, NULL), 0);
}

static void end_report(int64_t request, enum event_report_outcome outcome)
{
	struct event_report_ended e = {
		.kind = EVENT_REPORT_KIND_INVENTORY, .request_id = request, .outcome = outcome};

	ck_assert_int_eq(fixture_event(db, "station/CP-1", EVENT_REPORT_ENDED, &e, -1, NULL), 0);
}

START_TEST(rule_21_parts_in_any_order_count_when_all_are_there)
{
	int order[4] = {0, 1, 2, 3}, done = 0;

	/* All 24 orders of four parts, each as a report of its own that replaces the one before. */
	for (int n = 0; n < 24; n++) {
		int pool[4] = {0, 1, 2, 3}, k = n, size = 4;

		for (int i = 0, f = 6; i < 4; i++) {
			int at = k / f;

			order[i] = pool[at];
			memmove(&pool[at], &pool[at + 1], sizeof *pool * (size_t)(--size - at));
			k %= f;
			f = i < 3 ? f / (3 - i) : 1;
		}
		for (int i = 0; i < 4; i++) {
			char value[20];
			struct part p = {100 + n, order[i], order[i] == 3, true, value};

			snprintf(value, sizeof value, "%d", n);
			put(&p);
			if (i < 3)
				ck_assert_int_eq(ask("SELECT count(*) FROM reports WHERE"
						     " state='complete'"),
					done);
		}
		done++;
		ck_assert_int_eq(variables(), 8);
		char text[120];
		snprintf(text, sizeof text,
			"SELECT count(*) FROM device_variables WHERE value='%d'", n);
		ck_assert_int_eq(ask(text), 4);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM report_parts"), 0);
	ck_assert_int_eq(ask("SELECT max_limit FROM device_characteristics"), 1000);
}
END_TEST

START_TEST(rule_21_a_gap_keeps_the_old_model)
{
	put(&(struct part){1, 0, true, true, "old"});
	put(&(struct part){2, 0, false, true, "new"});
	put(&(struct part){2, 2, true, true, "new"});
	ck_assert_int_eq(variables(), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='old'"), 1);
	end_report(2, EVENT_REPORT_OUTCOME_EXPIRED);
	ck_assert_int_eq(ask("SELECT count(*) FROM report_parts"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='old'"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM reports WHERE state='expired'"), 1);
}
END_TEST

START_TEST(rule_21_a_part_twice_counts_once)
{
	put(&(struct part){1, 0, false, true, "1"});
	put(&(struct part){1, 0, false, true, "1"});
	put(&(struct part){1, 2, true, true, "1"});
	put(&(struct part){1, 2, true, true, "1"});
	ck_assert_int_eq(variables(), 0);
	put(&(struct part){1, 1, false, true, "1"});
	ck_assert_int_eq(variables(), 6);
	/* The answer to the last one was lost: it comes again, and is no report of its own. */
	put(&(struct part){1, 2, true, true, "1"});
	end_report(1, EVENT_REPORT_OUTCOME_SETTLED);
	ck_assert_int_eq(variables(), 6);
	ck_assert_int_eq(ask("SELECT count(*) FROM report_parts"), 0);
}
END_TEST

START_TEST(rule_21_reports_between_one_another_do_not_mix)
{
	put(&(struct part){1, 0, false, true, "a"});
	put(&(struct part){2, 0, false, false, "b"});
	put(&(struct part){1, 1, true, true, "a"});
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='a'"), 2);
	put(&(struct part){2, 1, true, false, "b"});
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='b'"), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE previous='a'"), 2);
}
END_TEST

START_TEST(rule_21_a_part_of_a_whole_is_merged)
{
	put(&(struct part){1, 0, false, true, "a"});
	put(&(struct part){1, 1, true, true, "a"});
	put(&(struct part){2, 0, true, false, "b"});
	ck_assert_int_eq(variables(), 4);
	put(&(struct part){3, 0, true, true, "c"});
	ck_assert_int_eq(variables(), 2);
}
END_TEST

START_TEST(rule_21_one_part_with_number_2_is_settled_and_adds)
{
	put(&(struct part){1, 0, false, true, "a"});
	put(&(struct part){1, 1, true, true, "a"});
	put(&(struct part){9, 2, true, true, "b"});
	ck_assert_int_eq(variables(), 4);
	end_report(9, EVENT_REPORT_OUTCOME_SETTLED);
	ck_assert_int_eq(variables(), 6);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='a'"), 2);
	ck_assert_int_eq(ask("SELECT replaced FROM reports WHERE request_id=9"), 0);
}
END_TEST

START_TEST(an_old_number_with_new_words_is_a_new_report)
{
	put(&(struct part){0, 0, false, false, "a"});
	put(&(struct part){0, 0, false, false, "b"});
	put(&(struct part){0, 1, true, false, "b"});
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='b'"), 2);
	put(&(struct part){0, 0, true, false, "c"});
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='c'"), 1);
}
END_TEST

static void put_kind(enum event_report_kind kind, int64_t request, int64_t seq, bool is_last,
	bool replaces, const char *items)
{
	struct event_report_part e = {.kind = kind,
		.request_id = request,
		.has_seq_no = seq >= 0,
		.seq_no = seq,
		.is_last = is_last,
		.replaces = replaces,
		.items = items};

	ck_assert_int_eq(fixture_event(db, "station/CP-1", EVENT_REPORT_PART, &e, -1, NULL), 0);
}

START_TEST(rule_22_names_are_compared_without_case)
{
	static const char *const items[] = {
		"[{\"component\":{\"name\":\"securityctrlr\"},\"variable\":{\"name\":\"SecurityProfile"
		"\"},\"variableAttribute\":[{\"value\":\"1\"}]}]",
		"[{\"component\":{\"name\":\"SecurityCtrlr\"},\"variable\":{\"name\":\"SECURITYPROFILE"
		"\"},\"variableAttribute\":[{\"type\":\"Actual\",\"value\":\"2\"}]}]",
		"[{\"component\":{\"name\":\"SecurityCtrlr\",\"instance\":\"b\"},\"variable\":{"
		"\"name\":\"SecurityProfile\"},\"variableAttribute\":[{\"value\":\"3\"}]}]"};

	put_kind(EVENT_REPORT_KIND_INVENTORY, 1, 0, true, true, items[0]);
	put_kind(EVENT_REPORT_KIND_INVENTORY, 2, 0, true, false, items[1]);
	ck_assert_int_eq(variables(), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_variables WHERE value='2' AND"
			     " component='SecurityCtrlr'"),
		1);
	put_kind(EVENT_REPORT_KIND_INVENTORY, 3, 0, true, false, items[2]);
	ck_assert_int_eq(variables(), 2);
}
END_TEST

START_TEST(parts_without_numbers_count_as_they_come)
{
	static const char one[] =
		"[{\"evseId\":1,\"chargingLimitSource\":\"CSO\",\"chargingProfile\":"
		"{\"id\":%d,\"stackLevel\":2,\"chargingProfilePurpose\":"
		"\"TxDefaultProfile\"}}]";
	char items[3][200];

	for (int i = 0; i < 3; i++)
		snprintf(items[i], sizeof items[i], one, i + 1);
	put_kind(EVENT_REPORT_KIND_PROFILES, 5, -1, false, true, items[0]);
	put_kind(EVENT_REPORT_KIND_PROFILES, 5, -1, false, true, items[1]);
	ck_assert_int_eq(ask("SELECT count(*) FROM charging_profiles"), 0);
	put_kind(EVENT_REPORT_KIND_PROFILES, 5, -1, true, true, items[2]);
	ck_assert_int_eq(ask("SELECT count(*) FROM charging_profiles"), 3);
	ck_assert_int_eq(ask("SELECT sum(stack_level) FROM charging_profiles WHERE evse=1"), 6);
	put_kind(EVENT_REPORT_KIND_PROFILES, 6, -1, true, true, "[]");
	ck_assert_int_eq(ask("SELECT count(*) FROM charging_profiles"), 0);
}
END_TEST

START_TEST(other_kinds_land_in_their_tables)
{
	put_kind(EVENT_REPORT_KIND_MONITORING, 1, 0, true, true,
		"[{\"component\":{\"name\":\"EVSE\",\"evse\":{\"id\":1,\"connectorId\":2}},\"variable\":{"
		"\"name\":\"Power\"},\"variableMonitoring\":[{\"id\":7,\"transaction\":false,"
		"\"value\":22000.5,\"type\":\"UpperThreshold\",\"severity\":4},{\"id\":8,"
		"\"transaction\":true,\"value\":60,\"type\":\"Periodic\",\"severity\":9}]}]");
	ck_assert_int_eq(ask("SELECT count(*) FROM device_monitors WHERE connector=2"), 2);
	put_kind(EVENT_REPORT_KIND_DISPLAYS, 1, -1, true, true,
		"[{\"id\":3,\"priority\":\"AlwaysFront\",\"message\":{\"format\":\"UTF8\","
		"\"content\":\"Hello\"}}]");
	ck_assert_int_eq(
		ask("SELECT count(*) FROM displays WHERE id=3 AND message LIKE '%Hello%'"), 1);
	put_kind(EVENT_REPORT_KIND_CUSTOMER, 4, 1, true, false, "[\"world\"]");
	put_kind(EVENT_REPORT_KIND_CUSTOMER, 4, 0, false, false, "[\"hello \"]");
	ck_assert_int_eq(ask("SELECT count(*) FROM customer_reports WHERE data='hello world'"), 1);
	struct event_station_removed gone = {0};
	ck_assert_int_eq(
		fixture_event(db, "station/CP-1", EVENT_STATION_REMOVED, &gone, -1, NULL), 0);
	ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM displays) + (SELECT count(*) FROM"
			     " device_monitors) + (SELECT count(*) FROM customer_reports)"),
		0);
}
END_TEST

START_TEST(ended_reports_are_forgotten_in_the_end)
{
	for (int i = 0; i < 120; i++)
		put(&(struct part){1000 + i, 0, true, false, "x"});
	ck_assert_int_eq(ask("SELECT count(*) FROM reports"), 50);
	ck_assert_int_eq(ask("SELECT min(request_id) FROM reports"), 1070);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_report");
	TCase *t = tcase_create("report");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, rule_21_parts_in_any_order_count_when_all_are_there);
	tcase_add_test(t, rule_21_a_gap_keeps_the_old_model);
	tcase_add_test(t, rule_21_a_part_twice_counts_once);
	tcase_add_test(t, rule_21_reports_between_one_another_do_not_mix);
	tcase_add_test(t, rule_21_a_part_of_a_whole_is_merged);
	tcase_add_test(t, rule_21_one_part_with_number_2_is_settled_and_adds);
	tcase_add_test(t, an_old_number_with_new_words_is_a_new_report);
	tcase_add_test(t, rule_22_names_are_compared_without_case);
	tcase_add_test(t, parts_without_numbers_count_as_they_come);
	tcase_add_test(t, other_kinds_land_in_their_tables);
	tcase_add_test(t, ended_reports_are_forgotten_in_the_end);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
