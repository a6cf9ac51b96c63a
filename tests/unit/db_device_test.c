/* The stored device model: answers, monitors, alerts, and the questions that people ask of it. */
#include "tests/unit/db_fixture.h"

#include "db/care.h"
#include "db/query_device.h"

static struct db *db;
static struct arena *arena;
static char why[300];

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
	arena = arena_create(0);
}

static void teardown(void)
{
	ck_assert_int_eq(db_flush(db), 0);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	db_close(db);
	arena_destroy(arena);
	fixture_remove();
}

#define PUT(station, TYPE, payload)                                                                \
	ck_assert_int_eq(fixture_event(db, "station/" station, EVENT_##TYPE, payload, -1, NULL), 0)

static void report(const char *stream, int64_t request, const char *items)
{
	struct event_report_part e = {.kind = EVENT_REPORT_KIND_INVENTORY,
		.request_id = request,
		.has_seq_no = true,
		.is_last = true,
		.replaces = true,
		.items = items};

	ck_assert_int_eq(fixture_event(db, stream, EVENT_REPORT_PART, &e, -1, NULL), 0);
}

/* -- questions -------------------------------------------------------------------------------- */

struct ask {
	struct db_variable_filter filter;
	struct db_variable_list variables;
	const char *a, *b;
	bool all;
	struct db_difference_list differences;
	struct db_alert_list alerts;
	struct db_monitor_list monitors;
};

static void ask_variables(struct db_reader *r, void *arg)
{
	struct ask *k = arg;

	ck_assert_int_eq(db_query_variables(r, &k->filter, arena, &k->variables), 0);
}

static void ask_compare(struct db_reader *r, void *arg)
{
	struct ask *k = arg;

	ck_assert_int_eq(
		db_query_compare(r, k->a, k->b, k->all, 0, 100, arena, &k->differences), 0);
}

static void ask_alerts(struct db_reader *r, void *arg)
{
	struct ask *k = arg;

	ck_assert_int_eq(db_query_alerts(r, "CP-1", k->all, 100, arena, &k->alerts), 0);
	ck_assert_int_eq(db_query_monitors(r, "CP-1", arena, &k->monitors), 0);
}

static struct db_variable_list find(const struct db_variable_filter *f)
{
	struct ask k = {.filter = *f};

	ck_assert_int_eq(db_read_now(db, ask_variables, &k), 0);
	return k.variables;
}

static struct ask look(bool only_open)
{
	struct ask k = {.all = only_open};

	ck_assert_int_eq(db_read_now(db, ask_alerts, &k), 0);
	return k;
}

/* -- variables -------------------------------------------------------------------------------- */

static struct event_device_value value(const char *variable, const char *text, const char *status)
{
	return (struct event_device_value){
		.of = {.component = "OCPPCommCtrlr", .variable = variable},
		.attribute = "Actual",
		.value = text,
		.status = status};
}

START_TEST(answers_change_the_model)
{
	struct event_device_value read[] = {value("HeartbeatInterval", "300", "Accepted"),
		value("FileTransferProtocols", "HTTPS", "Accepted")};
	struct event_device_value set[] = {value("heartbeatinterval", "60", "Accepted"),
		value("FileTransferProtocols", "SFTP", "Rejected")};
	struct event_device_value later[] = {value("HeartbeatInterval", "30", "RebootRequired"),
		value("FileTransferProtocols", NULL, "UnknownVariable")};
	struct event_variables_read r = {{2, read}};
	struct event_variables_set s = {{2, set}}, l = {{2, later}};
	struct db_variable_list v;

	PUT("CP-1", VARIABLES_READ, &r);
	ck_assert_uint_eq(find(&(struct db_variable_filter){.station = "CP-1"}).count, 2);
	PUT("CP-1", VARIABLES_SET, &s);
	v = find(&(struct db_variable_filter){.variable = "HEARTBEATINTERVAL"});
	ck_assert_uint_eq(v.count, 1);
	ck_assert_str_eq(v.items[0].variable, "HeartbeatInterval");
	ck_assert_str_eq(v.items[0].value, "60");
	ck_assert_str_eq(v.items[0].previous, "300");
	ck_assert_uint_eq(find(&(struct db_variable_filter){.text = "https"}).count, 1);
	ck_assert_uint_eq(find(&(struct db_variable_filter){.text = "sftp"}).count, 0);
	PUT("CP-1", VARIABLES_SET, &l);
	v = find(&(struct db_variable_filter){.component = "ocppcommctrlr"});
	ck_assert_uint_eq(v.count, 1);
	ck_assert_str_eq(v.items[0].value, "60");
	ck_assert_str_eq(v.items[0].pending, "30");
	ck_assert_uint_eq(find(&(struct db_variable_filter){.changed = {T0}}).count, 1);
	ck_assert_uint_eq(find(&(struct db_variable_filter){.changed = {T0 + 1}}).count, 0);
}
END_TEST

#define ITEM(component, variable, attribute)                                                       \
	"{\"component\":{\"name\":\"" component "\"},\"variable\":{\"name\":\"" variable           \
	"\"},\"variableAttribute\":[{" attribute "}],\"variableCharacteristics\":{\"dataType\":"   \
	"\"string\",\"supportsMonitoring\":false}}"

START_TEST(two_stations_are_compared)
{
	struct ask k = {.a = "CP-1", .b = "CP-2"};

	report("station/CP-1", 1,
		"[" ITEM("A", "Same", "\"value\":\"1\"") "," ITEM("A", "Other",
			"\"value\":\"1\"") "," ITEM("A", "Mine", "\"value\":\"1\"") "]");
	report("station/CP-2", 1,
		"[" ITEM("a", "SAME", "\"value\":\"1\"") "," ITEM(
			"A", "Other", "\"value\":\"2\"") "," ITEM("A", "Theirs", "") "]");
	ck_assert_int_eq(db_read_now(db, ask_compare, &k), 0);
	ck_assert_uint_eq(k.differences.count, 3);
	ck_assert_str_eq(k.differences.items[0].variable, "Mine");
	ck_assert(k.differences.items[0].in_a && !k.differences.items[0].in_b);
	ck_assert_str_eq(k.differences.items[1].a, "1");
	ck_assert_str_eq(k.differences.items[1].b, "2");
	ck_assert(!k.differences.items[2].in_a && k.differences.items[2].in_b);
	k.all = true;
	ck_assert_int_eq(db_read_now(db, ask_compare, &k), 0);
	ck_assert_uint_eq(k.differences.count, 4);
}
END_TEST

/* -- alerts ----------------------------------------------------------------------------------- */

static void alert(int64_t monitor, bool cleared, int64_t at, const char *text)
{
	struct event_device_event v = {.event_id = at,
		.of = {.component = "Chiller", .variable = "Temperature"},
		.trigger = "Alerting",
		.source = monitor ? "CustomMonitor" : "HardWiredNotification",
		.at = {T0 + at},
		.value = text,
		.cleared = cleared,
		.has_monitor_id = monitor != 0,
		.monitor_id = monitor};
	struct event_device_events e = {{1, &v}};

	PUT("CP-1", DEVICE_EVENTS, &e);
}

START_TEST(rule_37_cleared_ends_an_alert_of_an_unknown_component)
{
	alert(7, false, 1000, "81");
	alert(7, false, 2000, "85");
	ck_assert_uint_eq(look(true).alerts.count, 1);
	ck_assert_int_eq(look(true).alerts.items[0].times, 2);
	ck_assert_int_eq(look(true).alerts.items[0].opened_at.ms, T0 + 1000);
	alert(7, true, 3000, "60");
	ck_assert_uint_eq(look(true).alerts.count, 0);
	ck_assert_uint_eq(look(false).alerts.count, 1);
	ck_assert_int_eq(look(false).alerts.items[0].cleared_at.ms, T0 + 3000);
	alert(7, false, 2500, "90"); /* queued while offline, delivered late */
	ck_assert_uint_eq(look(true).alerts.count, 0);
	ck_assert_str_eq(
		find(&(struct db_variable_filter){.variable = "Temperature"}).items[0].value, "60");
	alert(7, false, 4000, "82");
	ck_assert_uint_eq(look(true).alerts.count, 1);
	ck_assert_int_eq(look(true).alerts.items[0].opened_at.ms, T0 + 4000);
}
END_TEST

START_TEST(rule_37_cleared_without_an_alert_and_values_without_text)
{
	alert(9, true, 1000, NULL);
	ck_assert_uint_eq(look(true).alerts.count, 0);
	ck_assert_uint_eq(look(false).alerts.count, 1);
	ck_assert_int_eq(look(false).alerts.items[0].times, 0);
	ck_assert_uint_eq(find(&(struct db_variable_filter){.station = "CP-1"}).count, 0);
	alert(0, false, 2000, NULL);
	ck_assert_uint_eq(look(true).alerts.count, 1);
	alert(5, true, 3000, NULL);
	ck_assert_uint_eq(look(true).alerts.count, 0);
}
END_TEST

static void problem(const char *text, int64_t at)
{
	struct event_device_event v = {.event_id = at,
		.of = {.component = "ConnectorPlugRetentionLock", .variable = "Problem"},
		.trigger = "Delta",
		.source = "HardWiredNotification",
		.at = {T0 + at},
		.value = text};
	struct event_device_events e = {{1, &v}};

	PUT("CP-1", DEVICE_EVENTS, &e);
}

START_TEST(a_problem_is_an_alert_whatever_its_trigger)
{
	problem("true", 1000);
	ck_assert_uint_eq(look(true).alerts.count, 1);
	problem("false", 2000);
	ck_assert_uint_eq(look(true).alerts.count, 0);
	ck_assert_int_eq(look(false).alerts.items[0].cleared_at.ms, T0 + 2000);
}
END_TEST

static void ask_displays(struct db_reader *r, void *arg)
{
	ck_assert_int_eq(db_query_displays(r, "CP-1", arena, arg), 0);
}

START_TEST(a_message_of_a_transaction_goes_with_it)
{
	struct event_display_changed one = {1, "{\"id\":1,\"transactionId\":\"tx-1\"}"},
				     two = {2, "{\"id\":2}"};
	struct event_transaction_reported t = {.station_id = "CP-1",
		.transaction_id = "tx-1",
		.kind = "Updated",
		.trigger = "MeterValuePeriodic"};
	struct db_display_list list;

	PUT("CP-1", DISPLAY_CHANGED, &one);
	PUT("CP-1", DISPLAY_CHANGED, &two);
	ck_assert_int_eq(
		fixture_event(db, "transaction/CP-1/tx-1", EVENT_TRANSACTION_REPORTED, &t, -1, "0"),
		0);
	ck_assert_int_eq(db_read_now(db, ask_displays, &list), 0);
	ck_assert_uint_eq(list.count, 2);
	t.kind = "Ended";
	t.seq_no = 1;
	ck_assert_int_eq(
		fixture_event(db, "transaction/CP-1/tx-1", EVENT_TRANSACTION_REPORTED, &t, -1, "1"),
		0);
	ck_assert_int_eq(db_read_now(db, ask_displays, &list), 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_int_eq(list.items[0].id, 2);
}
END_TEST

START_TEST(monitors_are_set_cleared_and_reset)
{
	struct event_device_monitor m[] = {{.has_id = true,
						   .id = 1,
						   .of = {.component = "EVSE",
							   .has_evse = true,
							   .evse = 1,
							   .variable = "Power"},
						   .type = "UpperThreshold",
						   .severity = 3,
						   .value = 11000,
						   .status = "Accepted"},
		{.has_id = true,
			.id = 2,
			.of = {.component = "Chiller", .variable = "Temperature"},
			.type = "Delta",
			.severity = 2,
			.value = 1,
			.status = "Accepted"},
		{.of = {.component = "Nothing", .variable = "X"},
			.type = "Delta",
			.value = 1,
			.status = "UnknownComponent"}};
	struct event_monitors_set set = {{3, m}};
	int64_t ids[] = {1, 99};
	struct event_monitors_cleared cleared = {{2, ids}};
	struct event_monitoring_base_set base = {"FactoryDefault"};

	PUT("CP-1", MONITORS_SET, &set);
	ck_assert_uint_eq(look(false).monitors.count, 2);
	alert(2, false, 1000, "9");
	ck_assert_int_eq(look(true).alerts.items[0].severity, 2);
	PUT("CP-1", MONITORS_CLEARED, &cleared);
	ck_assert_uint_eq(look(false).monitors.count, 1);
	ck_assert_int_eq(look(false).monitors.items[0].id, 2);
	PUT("CP-1", MONITORING_BASE_SET, &base);
	ck_assert_uint_eq(look(false).monitors.count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_device");
	TCase *t = tcase_create("device");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, answers_change_the_model);
	tcase_add_test(t, two_stations_are_compared);
	tcase_add_test(t, rule_37_cleared_ends_an_alert_of_an_unknown_component);
	tcase_add_test(t, rule_37_cleared_without_an_alert_and_values_without_text);
	tcase_add_test(t, a_problem_is_an_alert_whatever_its_trigger);
	tcase_add_test(t, a_message_of_a_transaction_goes_with_it);
	tcase_add_test(t, monitors_are_set_cleared_and_reset);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
