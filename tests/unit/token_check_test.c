/* May this token charge here and now? Rules 22, 30 and use cases C01, C02, C09, C12, C16, E05. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/charging/token_check.h"
#include "csms/charging/token_window.h"

#define NOW 1773244800000 /* Wednesday 2026-03-11 16:00 UTC */

static struct fleet fleet;
static struct arena *arena;
static struct depot_authorization policy;
static struct depot_node nodes[] = {
	{.id = "site"}, {.id = "hall-a", .parent = "site"}, {.id = "hall-b", .parent = "site"}};
static struct depot_file depot = {.nodes = {3, nodes}, .authorization = &policy};

static void put_station(const char *id, const char *node, const char *kinds)
{
	struct event_evse evses[4] = {0};
	struct event_station_registered reg = {
		.node = node, .source = "api", .evses = {strlen(kinds), evses}};

	for (size_t i = 0; kinds[i]; i++)
		evses[i] = (struct event_evse){.id = (int64_t)i + 1,
			.kind = kinds[i] == 'd' ? "dc" : "ac",
			.max_w = 22000,
			.connectors = 1};
	ck_assert_ptr_nonnull(fleet_put_station(&fleet, id, &reg));
}

static void put_token(struct event_token_changed t)
{
	t.type = t.type ? t.type : "ISO14443";
	t.status = t.status ? t.status : "Accepted";
	ck_assert_ptr_nonnull(fleet_put_token(&fleet, &t));
}

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	policy = (struct depot_authorization){.unknown = DEPOT_CHOICE_REFUSE,
		.concurrent_use = DEPOT_CHOICE_ALLOW,
		.master_pass_group = "POLICE"};
	arena = arena_create(0);
	fleet_init(&fleet);
	put_station("CP-1", "hall-a", "aad");
	put_station("CP-2", "hall-b", "a");
	put_station("CP-3", "hall-b", "d");
}

static void teardown(void)
{
	fleet_finish(&fleet);
	arena_destroy(arena);
}

struct question {
	const char *station, *type, *value;
	int evse; /* 0: not known */
	const char *tx;
	bool starts;
};

static struct ocpp201_id_token_info ask(struct question q)
{
	struct ocpp201_id_token_info info;
	int type = schema_enum_find(&ocpp201_id_token_enum, q.type ? q.type : "ISO14443");
	struct ocpp201_id_token token = {.id_token = q.value, .type = type};
	struct token_use u = {.fleet = &fleet,
		.depot = &depot,
		.station = fleet_station(&fleet, q.station ? q.station : "CP-1"),
		.transaction_id = q.tx,
		.starts = q.starts,
		.now = {NOW}};

	u.evse = q.evse ? station_evse(u.station, q.evse) : NULL;
	token_check(&u, &token, arena, &info);
	return info;
}

static const char *status(struct question q)
{
	return ocpp201_authorization_status_enum.values[ask(q).status];
}

static const char *evses(struct question q)
{
	struct ocpp201_id_token_info info = ask(q);
	char *out = arena_strdup(arena, "");

	for (size_t i = 0; i < info.evse_id.count; i++)
		out = arena_printf(arena, "%s%s%d", out, i ? "," : "", (int)info.evse_id.items[i]);
	return out;
}

START_TEST(rule_22_tokens_of_all_types_compare_without_case)
{
	static const char *const types[] = {
		"Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		put_token((struct event_token_changed){.type = types[i], .value = "AbC1"});
		ck_assert_str_eq(
			status((struct question){.type = types[i], .value = "aBc1"}), "Accepted");
		ck_assert_str_eq(
			status((struct question){.type = types[i], .value = "AbC2"}), "Unknown");
	}
	/* C02.FR.02: a start button has no identity and is never refused. */
	ck_assert_str_eq(
		status((struct question){.type = "NoAuthorization", .value = ""}), "Accepted");
	fleet_remove_token(&fleet, fleet_token(&fleet, "Central", "ABC1"));
	ck_assert_str_eq(status((struct question){.type = "Central", .value = "AbC1"}), "Unknown");
	ck_assert_str_eq(status((struct question){.value = "AbC1"}), "Accepted");
}
END_TEST

START_TEST(own_status_and_expiry_go_first)
{
	static const struct {
		const char *status, *says;
		int64_t expires;
	} rows[] = {
		{"Accepted", "Accepted", 0},
		{"Accepted", "Accepted", NOW + 1},
		{"Accepted", "Expired", NOW},
		{"Blocked", "Blocked", 0},
		{"NoCredit", "NoCredit", 0},
		{"Invalid", "Invalid", 0},
		{"nonsense", "Invalid", 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_token((struct event_token_changed){.value = "A",
			.status = rows[i].status,
			.has_expires = rows[i].expires != 0,
			.expires = {rows[i].expires},
			.group = "G"});
		ck_assert_str_eq(status((struct question){.value = "a"}), rows[i].says);
		/* C09.FR.12: also with a refusal */
		ck_assert_str_eq(
			ask((struct question){.value = "a"}).group_id_token->id_token, "G");
	}
	policy.unknown = DEPOT_CHOICE_ALLOW;
	ck_assert_str_eq(status((struct question){.value = "stranger"}), "Accepted");
}
END_TEST

START_TEST(cache_expires_with_the_token_and_no_later_than_the_depot_says)
{
	static const struct {
		int64_t hours, expires, says;
	} rows[] = {
		{0, 0, 0},
		{0, NOW + 5000, NOW + 5000},
		{2, 0, NOW + 7200000},
		{2, NOW + 5000, NOW + 5000},
		{2, NOW + 99000000, NOW + 7200000},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ocpp201_id_token_info info;

		policy.cache_hours = rows[i].hours;
		put_token((struct event_token_changed){.value = "A",
			.has_expires = rows[i].expires != 0,
			.expires = {rows[i].expires}});
		info = ask((struct question){.value = "A"});
		ck_assert_int_eq(
			info.has_cache_expiry_date_time ? info.cache_expiry_date_time.ms : 0,
			rows[i].says);
	}
}
END_TEST

/* C01.FR.18 to FR.22 */
START_TEST(places_and_kinds)
{
	static const char *one[] = {"CP-1/2"}, *all[] = {"cp-1"}, *two[] = {"CP-1/1", "CP-2/1"},
			  *hall[] = {"hall-b"}, *site[] = {"site"};
	static const struct {
		struct event_token_changed t;
		struct question q;
		const char *says, *evses;
	} rows[] = {
		{{.evses = {1, one}}, {.station = "CP-1"}, "Accepted", "2"},
		{{.evses = {1, one}}, {.station = "CP-1", .evse = 2}, "Accepted", "2"},
		{{.evses = {1, one}}, {.station = "CP-1", .evse = 1}, "NotAtThisLocation", ""},
		{{.evses = {1, one}}, {.station = "CP-2"}, "NotAtThisLocation", ""},
		{{.evses = {1, all}}, {.station = "CP-1", .evse = 3}, "Accepted", ""},
		{{.evses = {2, two}}, {.station = "CP-2"}, "Accepted", ""},
		{{.evses = {2, two}}, {.station = "CP-3"}, "NotAtThisLocation", ""},
		{{.nodes = {1, hall}}, {.station = "CP-2"}, "Accepted", ""},
		{{.nodes = {1, hall}}, {.station = "CP-1"}, "NotAtThisLocation", ""},
		{{.nodes = {1, site}}, {.station = "CP-1"}, "Accepted", ""},
		{{.kind = "dc"}, {.station = "CP-1"}, "Accepted", "3"},
		{{.kind = "ac"}, {.station = "CP-1"}, "Accepted", "1,2"},
		{{.kind = "dc"}, {.station = "CP-2"}, "NotAllowedTypeEVSE", ""},
		{{.kind = "dc"}, {.station = "CP-1", .evse = 1}, "NotAllowedTypeEVSE", ""},
		{{.kind = "dc", .evses = {1, one}}, {.station = "CP-1"}, "NotAllowedTypeEVSE", ""},
		/* its own status goes first, and a refusal names no EVSE */
		{{.kind = "dc", .status = "Blocked"}, {.station = "CP-1"}, "Blocked", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event_token_changed t = rows[i].t;
		struct question q = rows[i].q;

		t.value = q.value = "A";
		put_token(t);
		ck_assert_msg(strcmp(status(q), rows[i].says) == 0, "row %zu: %s", i, status(q));
		ck_assert_msg(strcmp(evses(q), rows[i].evses) == 0, "row %zu: %s", i, evses(q));
	}
}
END_TEST

static void open_tx(const char *station, int evse, const char *tx, const char *token)
{
	struct evse *e = station_evse(fleet_station(&fleet, station), evse);

	e->tx.is_open = true;
	snprintf(e->tx.id, sizeof e->tx.id, "%s", tx);
	snprintf(e->tx.token, sizeof e->tx.token, "%s", token);
	snprintf(e->tx.token_type, sizeof e->tx.token_type, "ISO14443");
}

START_TEST(one_transaction_at_a_time_where_the_depot_says_so)
{
	static const struct {
		struct question q;
		const char *says;
	} rows[] = {
		/* its own events are never concurrent */
		{{.station = "CP-1", .evse = 1, .tx = "t1", .starts = true}, "Accepted"},
		{{.station = "CP-1", .evse = 1, .tx = "t1"}, "Accepted"},
		/* another EVSE, another station */
		{{.station = "CP-1", .evse = 2, .tx = "t2", .starts = true}, "ConcurrentTx"},
		{{.station = "CP-2", .evse = 1, .tx = "t1", .starts = true}, "ConcurrentTx"},
		/* … but to end a transaction of its group is not to begin one */
		{{.station = "CP-2", .evse = 1, .tx = "t9"}, "Accepted"},
		/* Authorize at its own station may be to end it */
		{{.station = "CP-1"}, "Accepted"},
		{{.station = "CP-2"}, "ConcurrentTx"},
	};

	put_token((struct event_token_changed){.value = "A"});
	open_tx("CP-1", 1, "t1", "a");
	for (int allow = 1; allow >= 0; allow--)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct question q = rows[i].q;

			q.value = "A";
			policy.concurrent_use = allow ? DEPOT_CHOICE_ALLOW : DEPOT_CHOICE_REFUSE;
			ck_assert_msg(strcmp(status(q), allow ? "Accepted" : rows[i].says) == 0,
				"row %zu: %s", i, status(q));
		}
	station_evse(fleet_station(&fleet, "CP-1"), 1)->tx.is_open = false;
	ck_assert_str_eq(status((struct question){.value = "A", .station = "CP-2"}), "Accepted");
}
END_TEST

/* C16.FR.03 */
START_TEST(a_master_pass_ends_and_never_starts)
{
	struct question q = {.value = "M", .tx = "t1", .evse = 1};

	put_token((struct event_token_changed){.value = "M", .group = "police"});
	ck_assert_str_eq(status((struct question){.value = "M"}), "Accepted");
	ck_assert_str_eq(ask((struct question){.value = "M"}).group_id_token->id_token, "police");
	ck_assert_str_eq(status(q), "Accepted");
	q.starts = true;
	ck_assert_str_eq(status(q), "Invalid");
	policy.master_pass_group = NULL;
	ck_assert_str_eq(status(q), "Accepted");
}
END_TEST

START_TEST(hours_hold_to_begin_and_not_to_end)
{
	static const char *night[] = {"22:00-06:00"},
			  *week[] = {"22:00-06:00", "mon-fri 15:00-17:00"};

	put_token((struct event_token_changed){.value = "A", .windows = {1, night}});
	ck_assert_str_eq(status((struct question){.value = "A"}), "NotAtThisTime");
	ck_assert_str_eq(status((struct question){.value = "A", .tx = "t", .starts = true}),
		"NotAtThisTime");
	ck_assert_str_eq(status((struct question){.value = "A", .tx = "t"}), "Accepted");
	put_token((struct event_token_changed){.value = "A", .windows = {2, week}});
	ck_assert_str_eq(status((struct question){.value = "A"}), "Accepted");
}
END_TEST

START_TEST(what_its_holder_is_shown)
{
	struct ocpp201_id_token_info info;

	put_token((struct event_token_changed){.value = "A",
		.language = "nl",
		.language2 = "en",
		.message = "Welkom",
		.has_priority = true,
		.priority = -3});
	info = ask((struct question){.value = "A"});
	ck_assert_str_eq(info.language1, "nl");
	ck_assert_str_eq(info.language2, "en");
	ck_assert_str_eq(info.personal_message->content, "Welkom");
	ck_assert(info.has_charging_priority && info.charging_priority == -3);
	/* C01.FR.10, FR.11 */
	put_token((struct event_token_changed){.value = "A", .language2 = "en"});
	ck_assert_ptr_null(ask((struct question){.value = "A"}).language2);
	put_token((struct event_token_changed){.value = "A", .language = "en", .language2 = "EN"});
	ck_assert_ptr_null(ask((struct question){.value = "A"}).language2);
}
END_TEST

START_TEST(windows)
{
	static const struct {
		const char *text;
		int hours; /* after Wednesday 16:00 UTC */
		bool holds;
	} rows[] = {
		{"16:00-17:00", 0, true},
		{"15:00-16:00", 0, false},
		{"00:00-24:00", 0, true},
		{"wed 16:00-17:00", 0, true},
		{"tue 16:00-17:00", 0, false},
		{"mon-fri 15:00-17:00", 0, true},
		{"fri-tue 15:00-17:00", 0, false},
		{"sat,Wed 15:00-17:00", 0, true},
		/* over midnight: of the day on which it begins */
		{"wed 22:00-06:00", 8, true},
		{"wed 22:00-06:00", 13, true},
		{"wed 22:00-06:00", 14, false},
		{"thu 22:00-06:00", 8, false},
		{"thu 22:00-06:00", 32, true},
		{"16:00-16:00", 3, true},
	};
	static const char *const broken[] = {"", "mon", "16:00", "16:00-", "16:00-25:00",
		"24:00-06:00", "16:60-17:00", "mon-xyz 16:00-17:00", "mon 16:00-17:00 ",
		"1600-1700", "mon-fri  16:00-17:00", "16:00-17:00,18:00-19:00"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert(token_window_is_sound(rows[i].text));
		ck_assert_msg(
			token_window_holds(rows[i].text,
				(wall_t){NOW + rows[i].hours * INT64_C(3600000)}) == rows[i].holds,
			"row %zu", i);
	}
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		ck_assert_msg(!token_window_is_sound(broken[i]), "%s", broken[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("token_check");
	TCase *t = tcase_create("core");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, rule_22_tokens_of_all_types_compare_without_case);
	tcase_add_test(t, own_status_and_expiry_go_first);
	tcase_add_test(t, cache_expires_with_the_token_and_no_later_than_the_depot_says);
	tcase_add_test(t, places_and_kinds);
	tcase_add_test(t, one_transaction_at_a_time_where_the_depot_says_so);
	tcase_add_test(t, a_master_pass_ends_and_never_starts);
	tcase_add_test(t, hours_hold_to_begin_and_not_to_end);
	tcase_add_test(t, what_its_holder_is_shown);
	tcase_add_test(t, windows);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
