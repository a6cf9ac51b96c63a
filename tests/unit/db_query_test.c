/* Projections of stations, calls, access and control, as the queries show them. */
#include "tests/unit/db_fixture.h"

static struct db *db;
static struct arena *arena;

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
	arena = arena_create(0);
}

static void teardown(void)
{
	arena_destroy(arena);
	db_close(db);
	fixture_remove();
}

/* One event at a time of ours. */
static void put(const char *stream, int type, const void *payload, int64_t at)
{
	struct db_batch *b = db_batch_create(db);
	fixture_add(b, stream, type, payload, at, DB_ANY_VERSION, NULL);
	ck_assert_int_eq(fixture_write(db, b), 0);
}

struct answers {
	const char *key, *key2;
	struct db_call_filter calls_of;
	struct db_station_list stations;
	struct db_connector_list connectors;
	struct db_setpoint_list setpoints;
	struct db_call_list calls;
	struct db_token_list tokens;
	struct db_user_list users;
	struct db_api_token_list api_tokens;
	struct db_plan_list plans;
	struct db_guard_act_list acts;
	struct db_depot *depot;
	struct db_journal_event *event;
};

static void read_all(struct db_reader *r, void *arg)
{
	struct answers *q = arg;
	int rc = db_query_stations(r, q->key, arena, &q->stations);
	rc |= db_query_connectors(r, q->key, arena, &q->connectors);
	rc |= db_query_setpoints(r, q->key, arena, &q->setpoints);
	rc |= db_query_calls(r, &q->calls_of, arena, &q->calls);
	rc |= db_query_tokens(r, q->key, q->key2, arena, &q->tokens);
	rc |= db_query_users(r, q->key, arena, &q->users);
	rc |= db_query_api_tokens(r, q->key, arena, &q->api_tokens);
	rc |= db_query_plans(r, 5, arena, &q->plans);
	rc |= db_query_guard_acts(r, 5, arena, &q->acts);
	rc |= db_query_depot(r, arena, &q->depot);
	ck_assert_msg(rc == 0, "%s", db_reader_error(r));
}

static struct answers ask(const char *key, const char *key2)
{
	struct answers q = {.key = key, .key2 = key2};
	ck_assert_int_eq(db_read_now(db, read_all, &q), 0);
	return q;
}

/* -- stations --------------------------------------------------------------------------------- */

static void put_station(const char *stream, int policy, size_t evses)
{
	static struct event_evse list[] = {
		{.id = 1,
			.kind = "ac",
			.max_w = 22000,
			.min_w = 1380,
			.phases = 3,
			.connectors = 1},
		{.id = 2,
			.kind = "dc",
			.max_w = 150000,
			.min_w = 5000,
			.phases = 3,
			.tail_w = 9000,
			.connectors = 2},
	};
	const struct event_station_registered r = {.policy = policy,
		.security_profile = 2,
		.node = "feeder-1",
		.password_hash = "$6$x",
		.name = "Dock 7",
		.source = "file",
		.evses = {evses, list}};
	put(stream, EVENT_STATION_REGISTERED, &r, T0);
}

START_TEST(station_as_registered_booted_and_connected)
{
	put_station("station/CP-7", EVENT_REGISTRATION_PENDING, 2);
	put_station("station/CP-8", EVENT_REGISTRATION_ACCEPTED, 1);
	put("station/CP-7", EVENT_STATION_CONNECTED,
		&(struct event_station_connected){.epoch = 4,
			.security_profile = 2,
			.protocol = "ocpp2.0.1",
			.peer = "10.0.0.1:5"},
		T0 + 1);
	put("station/CP-7", EVENT_STATION_BOOTED, &fixture_boot, T0 + 2);
	struct answers q = ask(NULL, NULL);
	ck_assert_uint_eq(q.stations.count, 2);
	const struct db_station *s = &q.stations.items[0];
	ck_assert_str_eq(s->id, "CP-7");
	ck_assert(s->registered && s->connected);
	ck_assert_str_eq(s->policy, "pending");
	ck_assert_str_eq(s->node, "feeder-1");
	ck_assert_str_eq(s->password_hash, "$6$x");
	ck_assert_str_eq(s->boot_status, "accepted");
	ck_assert_str_eq(s->vendor, "Vendor");
	ck_assert_ptr_null(s->serial);
	ck_assert_int_eq(s->epoch, 4);
	ck_assert_int_eq(s->connected_at.ms, T0 + 1);
	ck_assert_int_eq(s->boot_at.ms, T0 + 2);
	ck_assert_int_eq(s->disconnected_at.ms, 0);
	ck_assert_uint_eq(s->evse_count, 2);
	ck_assert_str_eq(s->evses[1].kind, "dc");
	ck_assert_int_eq(s->evses[1].tail_w, 9000);
	ck_assert_int_eq(s->evses[1].connectors, 2);
	ck_assert_uint_eq(q.stations.items[1].evse_count, 1);
	q = ask("CP-8", NULL);
	ck_assert_uint_eq(q.stations.count, 1);
	ck_assert_str_eq(q.stations.items[0].policy, "accepted");
	ck_assert(!q.stations.items[0].connected);
}
END_TEST

START_TEST(only_the_present_connection_can_end)
{
	const struct event_station_disconnected old = {.epoch = 1, .code = 1006, .why = "old"};
	const struct event_station_disconnected new = {.epoch = 2, .code = 1000, .why = "bye"};
	put("station/A", EVENT_STATION_CONNECTED,
		&(struct event_station_connected){.epoch = 1, .protocol = "p", .peer = "x"}, T0);
	put("station/A", EVENT_STATION_CONNECTED,
		&(struct event_station_connected){.epoch = 2, .protocol = "p", .peer = "y"}, T0);
	put("station/A", EVENT_STATION_DISCONNECTED, &old, T0);
	struct answers q = ask("A", NULL);
	ck_assert(q.stations.items[0].connected && !q.stations.items[0].registered);
	ck_assert_str_eq(q.stations.items[0].peer, "y");
	put("station/A", EVENT_STATION_DISCONNECTED, &new, T0 + 9);
	q = ask("A", NULL);
	ck_assert(!q.stations.items[0].connected);
	ck_assert_str_eq(q.stations.items[0].close_why, "bye");
	ck_assert_int_eq(q.stations.items[0].disconnected_at.ms, T0 + 9);
}
END_TEST

START_TEST(registration_replaces_evses_and_removal_removes_all)
{
	put_station("station/A", EVENT_REGISTRATION_ACCEPTED, 2);
	put_station("station/A", EVENT_REGISTRATION_ACCEPTED, 1);
	put("station/A", EVENT_CONNECTOR_STATUS_CHANGED,
		&(struct event_connector_status_changed){
			.evse_id = 1, .connector_id = 1, .status = "Available"},
		T0);
	struct answers q = ask("A", NULL);
	ck_assert_uint_eq(q.stations.items[0].evse_count, 1);
	ck_assert_uint_eq(q.connectors.count, 1);
	put("station/A", EVENT_STATION_REMOVED, &(struct event_station_removed){0}, T0);
	q = ask("A", NULL);
	ck_assert_uint_eq(q.stations.count, 0);
	ck_assert_uint_eq(q.connectors.count, 0);
}
END_TEST

START_TEST(late_status_does_not_replace_a_newer_one)
{
	static const struct {
		const char *status, *then;
		int64_t at;
	} rows[] = {
		{"Available", "Available", 100}, {"Occupied", "Occupied", 200},
		{"Faulted", "Occupied", 150},
		{"Reserved", "Reserved", 200}, /* same time: the one that came last */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put("station/A", EVENT_CONNECTOR_STATUS_CHANGED,
			&(struct event_connector_status_changed){
				.evse_id = 1, .connector_id = 2, .status = rows[i].status},
			T0 + rows[i].at);
		struct answers q = ask("A", NULL);
		ck_assert_uint_eq(q.connectors.count, 1);
		ck_assert_str_eq(q.connectors.items[0].status, rows[i].then);
	}
}
END_TEST

/* -- calls --------------------------------------------------------------------------------- */

START_TEST(command_from_queue_to_answer)
{
	for (int i = 0; i < 3; i++) {
		char id[20];
		snprintf(id, sizeof id, "call-%d", i);
		put("station/A", EVENT_CALL_QUEUED,
			&(struct event_call_queued){.call_id = id,
				.action = i ? "Reset" : "GetLog",
				.payload = "{\"type\":\"OnIdle\"}",
				.why = "test"},
			T0 + i);
	}
	put("station/A", EVENT_CALL_ENDED,
		&(struct event_call_ended){.call_id = "call-1",
			.action = "Reset",
			.outcome = EVENT_CALL_OUTCOME_ANSWERED,
			.status = "Scheduled",
			.response = "{\"status\":\"Scheduled\"}",
			.took_ms = 88},
		T0 + 50);
	struct answers q = {.calls_of = {.station = "A", .bodies = true}};
	ck_assert_int_eq(db_read_now(db, read_all, &q), 0);
	ck_assert_uint_eq(q.calls.count, 3);
	ck_assert_str_eq(q.calls.items[0].call_id, "call-2");
	ck_assert_ptr_null(q.calls.items[0].outcome);
	const struct db_call *c = &q.calls.items[1];
	ck_assert_str_eq(c->outcome, "answered");
	ck_assert_str_eq(c->status, "Scheduled");
	ck_assert_str_eq(c->payload, "{\"type\":\"OnIdle\"}");
	ck_assert_str_eq(c->response, "{\"status\":\"Scheduled\"}");
	ck_assert_str_eq(c->actor, "test");
	ck_assert_int_eq(c->took_ms, 88);
	ck_assert_int_eq(c->queued_at.ms, T0 + 1);
	ck_assert_int_eq(c->ended_at.ms, T0 + 50);
	q = (struct answers){.calls_of = {.waiting = true, .action = "Reset"}};
	ck_assert_int_eq(db_read_now(db, read_all, &q), 0);
	ck_assert_uint_eq(q.calls.count, 1);
	ck_assert_ptr_null(q.calls.items[0].payload);
	q = (struct answers){.calls_of = {.before = {T0 + 1}}};
	ck_assert_int_eq(db_read_now(db, read_all, &q), 0);
	ck_assert_uint_eq(q.calls.count, 1);
}
END_TEST

/* -- access ----------------------------------------------------------------------------------- */

START_TEST(tokens_change_and_go)
{
	struct event_token_changed t = {
		.type = "ISO14443", .value = "AABB", .status = "Accepted", .source = "api"};
	put("token/ISO14443/AABB", EVENT_TOKEN_CHANGED, &t, T0);
	t.status = "Blocked";
	t.group = "G";
	t.has_expires = true;
	t.expires.ms = T0 + 5;
	put("token/ISO14443/AABB", EVENT_TOKEN_CHANGED, &t, T0 + 1);
	t.value = "CC";
	put("token/ISO14443/CC", EVENT_TOKEN_CHANGED, &t, T0 + 1);
	struct answers q = ask("ISO14443", "AABB");
	ck_assert_uint_eq(q.tokens.count, 1);
	ck_assert_str_eq(q.tokens.items[0].status, "Blocked");
	ck_assert_str_eq(q.tokens.items[0].group, "G");
	ck_assert_int_eq(q.tokens.items[0].expires.ms, T0 + 5);
	put("token/ISO14443/AABB", EVENT_TOKEN_REMOVED,
		&(struct event_token_removed){.type = "ISO14443", .value = "AABB"}, T0 + 2);
	q = ask(NULL, NULL);
	ck_assert_uint_eq(q.tokens.count, 1);
	ck_assert_str_eq(q.tokens.items[0].value, "CC");
}
END_TEST

START_TEST(link_is_used_once_until_a_new_one_is_made)
{
	struct event_sign_in_link_made link = {.expires = {T0 + 600000}};
	put("user/anna", EVENT_SIGN_IN_LINK_MADE, &link, T0);
	struct answers q = ask("anna", NULL);
	ck_assert_int_eq(q.users.items[0].link_used_at.ms, 0);
	ck_assert_int_eq(q.users.items[0].link_expires.ms, T0 + 600000);
	struct event_signed_in in = {.method = "token", .peer = "::1"};
	put("user/anna", EVENT_SIGNED_IN, &in, T0 + 1);
	q = ask("anna", NULL);
	ck_assert_int_eq(q.users.items[0].link_used_at.ms, 0);
	in.method = "link";
	put("user/anna", EVENT_SIGNED_IN, &in, T0 + 2);
	put("user/anna", EVENT_SIGNED_IN, &in, T0 + 3);
	q = ask("anna", NULL);
	ck_assert_int_eq(q.users.items[0].link_used_at.ms, T0 + 2);
	ck_assert_int_eq(q.users.items[0].signed_in_at.ms, T0 + 3);
	put("user/anna", EVENT_SIGN_IN_LINK_MADE, &link, T0 + 4);
	q = ask("anna", NULL);
	ck_assert_int_eq(q.users.items[0].link_used_at.ms, 0);
}
END_TEST

START_TEST(api_token_is_found_by_digest_and_revoked_once)
{
	put("apitoken/t1", EVENT_API_TOKEN_MADE,
		&(struct event_api_token_made){.digest = "d1", .name = "ci", .role = "viewer"}, T0);
	put("apitoken/t2", EVENT_API_TOKEN_MADE,
		&(struct event_api_token_made){.digest = "d2", .name = "x", .role = "admin"}, T0);
	put("apitoken/t1", EVENT_API_TOKEN_REVOKED,
		&(struct event_api_token_revoked){.why = "left"}, T0 + 7);
	put("apitoken/t1", EVENT_API_TOKEN_REVOKED,
		&(struct event_api_token_revoked){.why = "again"}, T0 + 8);
	struct answers q = ask("d1", NULL);
	ck_assert_uint_eq(q.api_tokens.count, 1);
	ck_assert_str_eq(q.api_tokens.items[0].id, "t1");
	ck_assert_int_eq(q.api_tokens.items[0].revoked_at.ms, T0 + 7);
	ck_assert_str_eq(q.api_tokens.items[0].revoked_why, "left");
	ck_assert_uint_eq(ask(NULL, NULL).api_tokens.count, 2);
	const char *by[] = {"user:ann", "user:ben"};
	put("apitoken/t3", EVENT_API_TOKEN_MADE,
		&(struct event_api_token_made){
			.digest = "d4", .name = "y", .role = "admin", .makers = {2, by}},
		T0);
	ck_assert_str_eq(ask("d4", NULL).api_tokens.items[0].makers, "user:ann\nuser:ben");
	ck_assert_uint_eq(ask("d3", NULL).api_tokens.count, 0);
}
END_TEST

/* -- control ---------------------------------------------------------------------------------- */

static void read_plan(struct db_reader *r, void *arg)
{
	struct answers *q = arg;
	ck_assert_int_eq(db_query_event(r, q->plans.items[0].seq, arena, &q->event), 0);
}

START_TEST(control_keeps_the_last_of_each)
{
	struct event_setpoint_changed p = {
		.evse_id = 1, .limit_w = 11000, .source = "plan", .reason = "r", .profile_id = 3};
	put("station/A", EVENT_SETPOINT_CHANGED, &p, T0);
	p.limit_w = 6000;
	p.source = "guard";
	p.node = "site";
	put("station/A", EVENT_SETPOINT_CHANGED, &p, T0 + 1);
	struct db_batch *b = db_batch_create(db);
	for (int i = 0; i < 1100; i++) {
		struct event_plan_made *m = arena_alloc(db_batch_arena(b), sizeof *m);
		*m = (struct event_plan_made){.trigger = "tick",
			.vehicles = i,
			.start = {T0},
			.snapshot = arena_printf(db_batch_arena(b), "{\"n\":%d}", i),
			.result = "1"};
		fixture_add(b, arena_printf(db_batch_arena(b), "plan/P%d", i), EVENT_PLAN_MADE, m,
			T0 + i, -1, NULL);
	}
	ck_assert_int_eq(fixture_write(db, b), 0);
	put("depot/demo", EVENT_GUARD_ACTED,
		&(struct event_guard_acted){.node = "site",
			.measured_w = 260000,
			.has_limit_w = true,
			.limit_w = 250000,
			.quality = "measured",
			.reason = "over"},
		T0);
	put("depot/demo", EVENT_DEPOT_LOADED,
		&(struct event_depot_loaded){.source = "depot.yaml", .digest = "d", .nodes = 3},
		T0);
	struct answers q = ask("A", NULL);
	ck_assert_uint_eq(q.setpoints.count, 1);
	ck_assert_int_eq(q.setpoints.items[0].limit_w, 6000);
	ck_assert_str_eq(q.setpoints.items[0].node, "site");
	ck_assert_uint_eq(q.plans.count, 5);
	ck_assert_str_eq(q.plans.items[0].id, "P1099");
	ck_assert_int_eq(q.plans.items[0].vehicles, 1099);
	ck_assert_int_eq(q.acts.items[0].measured_w, 260000);
	ck_assert_str_eq(q.depot->source, "depot.yaml");
	ck_assert_int_eq(db_read_now(db, read_plan, &q), 0);
	struct schema_error err;
	int type;
	const struct event_plan_made *m = db_event_decode(q.event, arena, &type, &err);
	ck_assert_ptr_nonnull(m);
	ck_assert_str_eq(m->snapshot, "{\"n\":1099}");
}
END_TEST

static void read_many_plans(struct db_reader *r, void *arg)
{
	struct answers *q = arg;
	ck_assert_int_eq(db_query_plans(r, 2000, arena, &q->plans), 0);
}

/* Three days of 700 plans each: of a day that is over the first one with the most vehicles stays. */
START_TEST(of_each_older_day_the_plan_with_the_most_vehicles_stays)
{
	struct db_batch *b = db_batch_create(db);
	struct answers q = {0};

	for (int i = 0; i < 2100; i++) {
		int day = i / 700, of_day = i % 700;
		struct event_plan_made *m = arena_alloc(db_batch_arena(b), sizeof *m);

		*m = (struct event_plan_made){.trigger = "tick",
			.vehicles = of_day == 100 || of_day == 200 ? 9 : of_day % 3,
			.start = {T0},
			.snapshot = "{}",
			.result = "1"};
		fixture_add(b, arena_printf(db_batch_arena(b), "plan/D%d-%d", day, of_day),
			EVENT_PLAN_MADE, m, (INT64_C(20000) + day) * 86400000 + of_day, -1, NULL);
	}
	ck_assert_int_eq(fixture_write(db, b), 0);
	ck_assert_int_eq(db_read_now(db, read_many_plans, &q), 0);
	ck_assert_uint_eq(q.plans.count, 1002);
	ck_assert_str_eq(q.plans.items[0].id, "D2-699");
	ck_assert_str_eq(q.plans.items[999].id, "D1-400");
	ck_assert_str_eq(q.plans.items[1000].id, "D1-100");
	ck_assert_str_eq(q.plans.items[1001].id, "D0-100");
}
END_TEST

/* Two evenings with their mornings, 700 plans each, told in a zone where they are cut elsewhere than at
 * 00:00 UTC: each is one night, though each lies in two days. */
START_TEST(a_night_is_kept_as_the_plan_says_it)
{
	struct db_batch *b = db_batch_create(db);
	struct answers q = {0};

	for (int i = 0; i < 2100; i++) {
		int night = i / 700, of_night = i % 700;
		struct event_plan_made *m = arena_alloc(db_batch_arena(b), sizeof *m);

		*m = (struct event_plan_made){.trigger = "tick",
			.vehicles = of_night == 100 || of_night == 600 ? 9 : of_night % 3,
			.start = {T0},
			.snapshot = "{}",
			.result = "1",
			.has_night = true,
			.night = 20000 + night};
		fixture_add(b, arena_printf(db_batch_arena(b), "plan/N%d-%d", night, of_night),
			EVENT_PLAN_MADE, m,
			(INT64_C(20000) + night) * 86400000 + INT64_C(61200000) +
				of_night * INT64_C(60000),
			-1, NULL);
	}
	ck_assert_int_eq(fixture_write(db, b), 0);
	ck_assert_int_eq(db_read_now(db, read_many_plans, &q), 0);
	ck_assert_uint_eq(q.plans.count, 1002);
	ck_assert_str_eq(q.plans.items[1000].id, "N1-100");
	ck_assert_str_eq(q.plans.items[1001].id, "N0-100");
	ck_assert(q.plans.items[1001].has_night);
	ck_assert_int_eq(q.plans.items[1001].night, 20000);
}
END_TEST

static void read_idem(struct db_reader *r, void *arg)
{
	struct answers *q = arg;
	ck_assert_int_eq(db_query_idem(r, q->key, q->key2, arena, &q->event), 0);
}

START_TEST(event_is_found_by_its_key)
{
	ck_assert_int_eq(
		fixture_event(db, "station/A", EVENT_STATION_BOOTED, &fixture_boot, -1, "k"), 0);
	struct answers q = {.key = "station/A", .key2 = "k"};
	ck_assert_int_eq(db_read_now(db, read_idem, &q), 0);
	ck_assert_ptr_nonnull(q.event);
	ck_assert_int_eq(q.event->seq, 1);
	q.key2 = "other";
	ck_assert_int_eq(db_read_now(db, read_idem, &q), 0);
	ck_assert_ptr_null(q.event);
}
END_TEST

static void read_wrong(struct db_reader *r, void *arg)
{
	struct db_transaction_list list;
	const struct db_transaction_filter f = {.cursor = "junk"};
	ck_assert_int_eq(db_query_transactions(r, &f, arena, &list), -1);
	ck_assert_str_eq(db_reader_error(r), "the cursor is none of ours");
	struct arena *small = arena_create(64);
	struct db_station_list stations;
	ck_assert_int_eq(db_query_stations(r, NULL, small, &stations), -1);
	ck_assert_str_eq(db_reader_error(r), "the answer is too big");
	arena_destroy(small);
	*(bool *)arg = true;
}

START_TEST(bad_questions_get_an_error)
{
	bool asked = false;
	put_station("station/A", EVENT_REGISTRATION_ACCEPTED, 2);
	ck_assert_int_eq(db_read_now(db, read_wrong, &asked), 0);
	ck_assert(asked);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_query");
	TCase *t = tcase_create("query");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, station_as_registered_booted_and_connected);
	tcase_add_test(t, only_the_present_connection_can_end);
	tcase_add_test(t, registration_replaces_evses_and_removal_removes_all);
	tcase_add_test(t, late_status_does_not_replace_a_newer_one);
	tcase_add_test(t, command_from_queue_to_answer);
	tcase_add_test(t, tokens_change_and_go);
	tcase_add_test(t, link_is_used_once_until_a_new_one_is_made);
	tcase_add_test(t, api_token_is_found_by_digest_and_revoked_once);
	tcase_add_test(t, control_keeps_the_last_of_each);
	tcase_add_test(t, of_each_older_day_the_plan_with_the_most_vehicles_stays);
	tcase_add_test(t, a_night_is_kept_as_the_plan_says_it);
	tcase_add_test(t, event_is_found_by_its_key);
	tcase_add_test(t, bad_questions_get_an_error);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
