/* Transactions: every order of arrival gives the same row; gaps, duplicates, late events. */
#include "tests/unit/db_fixture.h"

#include "db/care.h"
#include "db/seqset.h"

static struct db *db;

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
}

static void teardown(void)
{
	db_close(db);
	fixture_remove();
}

/* Six events of one session, with all that makes orders matter: a token that comes after the start,
 * a vehicle that is known late, an offline stretch, a register that another event repeats. */
#define EVENTS 6
static const struct event_transaction_reported session[EVENTS] = {
	{.kind = "Started",
		.seq_no = 3,
		.trigger = "CablePluggedIn",
		.has_evse_id = true,
		.evse_id = 2,
		.has_connector_id = true,
		.connector_id = 1,
		.charging_state = "EVConnected",
		.has_meter_wh = true,
		.meter_wh = 1000,
		.samples = 1},
	{.kind = "Updated",
		.seq_no = 4,
		.trigger = "Authorized",
		.id_token = "AABB",
		.id_token_type = "ISO14443",
		.token_status = "Accepted",
		.has_remote_start_id = true,
		.remote_start_id = 77},
	{.kind = "Updated",
		.seq_no = 5,
		.trigger = "ChargingStateChanged",
		.charging_state = "Charging",
		.has_power_w = true,
		.power_w = 11000,
		.has_soc_pct = true,
		.soc_pct = 40,
		.vehicle_id = "VAN-1"},
	{.kind = "Updated",
		.seq_no = 6,
		.trigger = "MeterValuePeriodic",
		.offline = true,
		.has_meter_wh = true,
		.meter_wh = 5500,
		.has_power_w = true,
		.power_w = 10500,
		.samples = 4},
	{.kind = "Updated",
		.seq_no = 7,
		.trigger = "MeterValuePeriodic",
		.vehicle_id = "VAN-2",
		.has_meter_wh = true,
		.meter_wh = 9.9e12,
		.quarantined = "register leaps",
		.id_token = "CCDD",
		.id_token_type = "ISO14443",
		.token_status = "Invalid",
		.samples = 2},
	{.kind = "Ended",
		.seq_no = 8,
		.trigger = "EVDeparted",
		.charging_state = "Idle",
		.stopped_reason = "EVDisconnected",
		.has_meter_wh = true,
		.meter_wh = 9000,
		.has_first_meter_wh = true,
		.first_meter_wh = 1000,
		.has_power_w = true,
		.power_w = 0,
		.has_soc_pct = true,
		.soc_pct = 71.5,
		.samples = 3},
};

static void add(struct db_batch *b, const char *id, const struct event_transaction_reported *t,
	int64_t at_ms, const char *idem)
{
	struct event_transaction_reported *copy = arena_alloc(db_batch_arena(b), sizeof *copy);
	*copy = *t;
	copy->station_id = "CP-7";
	copy->transaction_id = arena_strdup(db_batch_arena(b), id);
	fixture_add(b, arena_printf(db_batch_arena(b), "transaction/CP-7/%s", id),
		EVENT_TRANSACTION_REPORTED, copy, at_ms, DB_ANY_VERSION, idem);
}

static void add_numbered(struct db_batch *b, const char *id, int i)
{
	char idem[8];
	snprintf(idem, sizeof idem, "%d", i);
	add(b, id, &session[i], T0 + i * 60000, idem);
}

struct ask {
	struct db_transaction_filter filter;
	struct arena *arena;
	struct db_transaction_list out;
	int rc;
};

static void read_transactions(struct db_reader *r, void *arg)
{
	struct ask *q = arg;
	q->rc = db_query_transactions(r, &q->filter, q->arena, &q->out);
}

static struct ask ask(struct db_transaction_filter f)
{
	struct ask q = {.filter = f, .arena = arena_create(0)};
	ck_assert_int_eq(db_read_now(db, read_transactions, &q), 0);
	ck_assert_int_eq(q.rc, 0);
	return q;
}

static void check_session(const struct db_transaction *t)
{
	ck_assert_str_eq(t->station, "CP-7");
	ck_assert(!t->open);
	ck_assert(t->complete);
	ck_assert_ptr_null(t->missing);
	ck_assert_str_eq(t->seqs, "3-8");
	ck_assert_int_eq(t->events, 6);
	ck_assert_int_eq(t->samples, 10);
	ck_assert_int_eq(t->evse, 2);
	ck_assert_int_eq(t->connector, 1);
	ck_assert_str_eq(t->token, "AABB");
	ck_assert_str_eq(t->token_status, "Accepted");
	ck_assert_str_eq(t->vehicle, "VAN-2");
	ck_assert_int_eq(t->remote_start_id, 77);
	ck_assert_str_eq(t->charging_state, "Idle");
	ck_assert_str_eq(t->stopped_reason, "EVDisconnected");
	ck_assert_str_eq(t->quarantined, "register leaps");
	ck_assert(t->begin_wh == 1000 && t->meter_wh == 9000 && t->energy_wh == 8000);
	ck_assert(t->power_w == 0 && t->soc_pct == 71.5);
	ck_assert_int_eq(t->started_at.ms, T0);
	ck_assert_int_eq(t->heard_at.ms, T0);
	ck_assert_int_eq(t->ended_at.ms, T0 + 5 * 60000);
	ck_assert_int_eq(t->last_at.ms, T0 + 5 * 60000);
	ck_assert_int_eq(t->meter_at.ms, T0 + 5 * 60000);
}

/* The n-th permutation of 0 … EVENTS-1. */
static void permute(int n, int out[EVENTS])
{
	int left[EVENTS], count = EVENTS, radix = 120;
	for (int i = 0; i < EVENTS; i++)
		left[i] = i;
	for (int i = 0; i < EVENTS; i++) {
		int k = n / radix;
		n %= radix;
		out[i] = left[k];
		memmove(&left[k], &left[k + 1], (size_t)(count - k - 1) * sizeof *left);
		count--;
		radix /= count ? count : 1;
	}
}

START_TEST(all_720_orders_give_one_row)
{
	unsigned seed = 1;
	char id[20];
	for (int n = 0; n < 720; n++) {
		int order[EVENTS];
		permute(n, order);
		snprintf(id, sizeof id, "tx-%d", n);
		struct db_batch *b = db_batch_create(db);
		for (int i = 0; i < EVENTS; i++) {
			add_numbered(b, id, order[i]);
			/* A repetition of something that was already sent, half of the time under
			 * another key: both roads must lead to nothing. */
			int again = order[rand_r(&seed) % (i + 1)];
			if (rand_r(&seed) % 2)
				add_numbered(b, id, again);
			else
				add(b, id, &session[again], T0 + again * 60000, NULL);
		}
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
		if (n % 7 == 0)
			ck_assert_int_eq(db_flush(db), 0);
	}
	ck_assert_int_eq(db_flush(db), 0);
	struct ask q = ask((struct db_transaction_filter){.limit = 1000});
	ck_assert_uint_eq(q.out.count, 720);
	for (size_t i = 0; i < q.out.count; i++)
		check_session(&q.out.items[i]);
	arena_destroy(q.arena);
}
END_TEST

START_TEST(rows_survive_a_restart_in_the_middle)
{
	static const int order[EVENTS] = {4, 1, 5, 0, 3, 2};
	for (int i = 0; i < EVENTS; i++) {
		struct db_batch *b = db_batch_create(db);
		add_numbered(b, "tx", order[i]);
		ck_assert_int_eq(fixture_write(db, b), 0);
		db_close(db);
		db = fixture_open();
	}
	struct ask q = ask((struct db_transaction_filter){.id = "tx"});
	ck_assert_uint_eq(q.out.count, 1);
	check_session(&q.out.items[0]);
	arena_destroy(q.arena);
}
END_TEST

START_TEST(offline_event_does_not_move_the_present_back)
{
	struct db_batch *b = db_batch_create(db);
	add_numbered(b, "tx", 0);
	add(b, "tx",
		&(struct event_transaction_reported){.kind = "Updated",
			.seq_no = 9,
			.trigger = "t",
			.charging_state = "SuspendedEV",
			.has_power_w = true,
			.power_w = 5},
		T0 + 900000, NULL);
	add(b, "tx",
		&(struct event_transaction_reported){.kind = "Updated",
			.seq_no = 6,
			.trigger = "t",
			.offline = true,
			.charging_state = "Charging",
			.has_power_w = true,
			.power_w = 7000,
			.has_meter_wh = true,
			.meter_wh = 4000},
		T0 + 400000, NULL);
	ck_assert_int_eq(fixture_write(db, b), 0);
	struct ask q = ask((struct db_transaction_filter){.state = DB_OPEN});
	ck_assert_uint_eq(q.out.count, 1);
	const struct db_transaction *t = &q.out.items[0];
	ck_assert_str_eq(t->charging_state, "SuspendedEV");
	ck_assert(t->power_w == 5 && t->energy_wh == 3000);
	ck_assert_int_eq(t->last_at.ms, T0 + 900000);
	ck_assert_str_eq(t->missing, "4-5, 7-8");
	ck_assert(!t->complete);
	ck_assert(db_transaction_has(t, 6) && !db_transaction_has(t, 7));
	arena_destroy(q.arena);
}
END_TEST

START_TEST(end_without_start_is_ended_and_incomplete)
{
	struct db_batch *b = db_batch_create(db);
	add_numbered(b, "tx", 5);
	add_numbered(b, "tx", 3);
	ck_assert_int_eq(fixture_write(db, b), 0);
	struct ask q = ask((struct db_transaction_filter){.state = DB_ENDED});
	ck_assert_uint_eq(q.out.count, 1);
	ck_assert_str_eq(q.out.items[0].missing, "start, 7");
	ck_assert(!q.out.items[0].complete);
	ck_assert_int_eq(q.out.items[0].started_at.ms, 0);
	arena_destroy(q.arena);
}
END_TEST

START_TEST(pages_newest_first_by_cursor)
{
	char id[20];
	struct db_batch *b = db_batch_create(db);
	for (int i = 0; i < 25; i++) {
		snprintf(id, sizeof id, "tx-%d", i);
		add(b, id, &session[0], T0 + (i * 7 % 25) * 1000, NULL);
	}
	ck_assert_int_eq(fixture_write(db, b), 0);
	const char *cursor = NULL;
	char kept[60];
	int64_t before = INT64_MAX;
	int seen = 0;
	do {
		struct ask q = ask((struct db_transaction_filter){
			.station = "CP-7", .limit = 10, .cursor = cursor});
		for (size_t i = 0; i < q.out.count; i++, seen++) {
			ck_assert_int_lt(q.out.items[i].heard_at.ms, before);
			before = q.out.items[i].heard_at.ms;
		}
		if (q.out.next)
			snprintf(kept, sizeof kept, "%s", q.out.next);
		cursor = q.out.next ? kept : NULL;
		arena_destroy(q.arena);
	} while (cursor);
	ck_assert_int_eq(seen, 25);
	struct ask q = ask((struct db_transaction_filter){
		.from = {T0 + 5000}, .to = {T0 + 8000}, .token = NULL});
	ck_assert_uint_eq(q.out.count, 3);
	arena_destroy(q.arena);
	q = ask((struct db_transaction_filter){.station = "CP-8"});
	ck_assert_uint_eq(q.out.count, 0);
	arena_destroy(q.arena);
}
END_TEST

/* -- sequence sets ----------------------------------------------------------------------------- */

/* -- keys -------------------------------------------------------------------------------------- */

/* Random numbers under random keys: what the store drops is what a plain list of keys drops. */
#define KEYS    40
#define STREAMS 4

static int put_key(int stream, int seq, const char *key, int64_t *seen)
{
	struct event_transaction_reported t = {
		.kind = "Updated", .seq_no = seq, .trigger = "Authorized"};
	char id[16];
	snprintf(id, sizeof id, "tx-%d", stream);
	struct db_batch *b = db_batch_create(db);
	add(b, id, &t, T0, key);
	ck_assert_int_eq(fixture_write(db, b), 0);
	*seen += fixture_result.duplicates == 0;
	return fixture_result.duplicates;
}

START_TEST(keys_are_exact_whoever_holds_them)
{
	bool taken[STREAMS][KEYS] = {0};
	unsigned seed = (unsigned)_i + 1;
	int64_t appended = 0;
	for (int n = 0; n < 600; n++) {
		int stream = rand_r(&seed) % STREAMS, seq = rand_r(&seed) % KEYS;
		/* Stream 0 keeps to the rule; the others break it, each a bit more often. */
		bool breaks = rand_r(&seed) % 100 < stream * stream;
		int key = breaks ? rand_r(&seed) % KEYS : seq;
		char text[8];
		snprintf(text, sizeof text, "%d", key);
		if (breaks && rand_r(&seed) % 3 == 0) {
			ck_assert_int_eq(put_key(stream, seq, NULL, &appended), 0);
			continue;
		}
		ck_assert_int_eq(put_key(stream, seq, text, &appended), taken[stream][key]);
		taken[stream][key] = true;
		if (n % 97 == 0) {
			db_close(db);
			db = fixture_open();
		}
	}
	char why[300];
	int64_t events = 0;
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, &events, why) == 0, "%s", why);
	ck_assert_int_eq(events, appended);
}
END_TEST

START_TEST(a_number_is_no_key_with_a_zero_in_front)
{
	int64_t appended = 0;
	ck_assert_int_eq(put_key(0, 7, "7", &appended), 0);
	ck_assert_int_eq(put_key(0, 7, "07", &appended), 0);
	ck_assert_int_eq(put_key(0, 8, "7", &appended), 1);
	ck_assert_int_eq(put_key(0, 7, "07", &appended), 1);
	ck_assert_int_eq(put_key(0, 7, "", &appended), 0);
	ck_assert_int_eq(put_key(0, 7, "", &appended), 1);
	ck_assert_int_eq(put_key(0, 0, "0", &appended), 0);
	ck_assert_int_eq(put_key(0, 0, "0", &appended), 1);
	ck_assert_int_eq(put_key(1, 7, "7", &appended), 0);
}
END_TEST

START_TEST(another_type_shares_the_keys_of_its_stream)
{
	int64_t appended = 0;
	ck_assert_int_eq(put_key(0, 7, "7", &appended), 0);
	ck_assert_int_eq(fixture_event(db, "transaction/CP-7/tx-0", EVENT_STATION_BOOTED,
				 &fixture_boot, -1, "7"),
		0);
	ck_assert_int_eq(fixture_result.duplicates, 1);
	ck_assert_int_eq(fixture_event(db, "transaction/CP-7/tx-0", EVENT_STATION_BOOTED,
				 &fixture_boot, -1, "8"),
		0);
	ck_assert_int_eq(fixture_result.duplicates, 0);
	ck_assert_int_eq(put_key(0, 8, "8", &appended), 1);
}
END_TEST

START_TEST(sets_merge_in_any_order)
{
	for (unsigned seed = 1; seed <= 200; seed++) {
		unsigned s = seed;
		bool want[64] = {0};
		struct seqset set = {0}, again = {0};
		for (int i = 0; i < 60; i++) {
			int v = rand_r(&s) % 64;
			ck_assert_int_eq(seqset_add(&set, v), !want[v]);
			want[v] = true;
		}
		for (int i = 0; i < set.count; i++) {
			ck_assert(set.items[i].low <= set.items[i].high);
			ck_assert(i == 0 || set.items[i].low > set.items[i - 1].high + 1);
		}
		for (int v = 0; v < 64; v++)
			ck_assert_int_eq(seqset_covers(&set, v, v), want[v]);
		struct text a, b;
		text_init(&a, 0);
		text_init(&b, 0);
		seqset_format(&set, &a);
		ck_assert_int_eq(seqset_parse(&again, a.data), 0);
		seqset_format(&again, &b);
		ck_assert_str_eq(a.data, b.data);
		text_finish(&a);
		text_finish(&b);
		seqset_finish(&set);
		seqset_finish(&again);
	}
}
END_TEST

START_TEST(sets_are_bounded_and_strict)
{
	struct seqset set = {0};
	for (int i = 0; i < SEQSET_MAX; i++)
		ck_assert_int_eq(seqset_add(&set, 2 * i), 1);
	ck_assert(!set.over);
	ck_assert_int_eq(seqset_add(&set, 5 * SEQSET_MAX), -1);
	ck_assert(set.over);
	ck_assert_int_eq(seqset_add(&set, 3), 1); /* joins two ranges: room again */
	ck_assert_int_eq(seqset_add(&set, -1), -1);
	seqset_finish(&set);
	static const char *const bad[] = {"x", "1-", "-1", "3-2", "1,1", "1-3,4", "1;2", "5,2"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(seqset_parse(&set, bad[i]) < 0, "%s", bad[i]);
		seqset_finish(&set);
	}
}
END_TEST

START_TEST(gaps_are_listed_up_to_a_limit)
{
	struct seqset set = {0};
	struct text t;
	text_init(&t, 0);
	ck_assert_int_eq(seqset_parse(&set, "2-3,6,9"), 0);
	seqset_missing(&set, 0, 10, 9, &t);
	ck_assert_str_eq(t.data, "0-1, 4-5, 7-8, 10");
	text_clear(&t);
	seqset_missing(&set, 0, 10, 2, &t);
	ck_assert_str_eq(t.data, "0-1, 4-5, …");
	text_finish(&t);
	seqset_finish(&set);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_transaction");
	TCase *t = tcase_create("transaction");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, all_720_orders_give_one_row);
	tcase_add_test(t, rows_survive_a_restart_in_the_middle);
	tcase_add_test(t, offline_event_does_not_move_the_present_back);
	tcase_add_test(t, end_without_start_is_ended_and_incomplete);
	tcase_add_test(t, pages_newest_first_by_cursor);
	tcase_add_loop_test(t, keys_are_exact_whoever_holds_them, 0, 6);
	tcase_add_test(t, a_number_is_no_key_with_a_zero_in_front);
	tcase_add_test(t, another_type_shares_the_keys_of_its_stream);
	suite_add_tcase(s, t);
	TCase *sets = tcase_create("seqset");
	tcase_add_test(sets, sets_merge_in_any_order);
	tcase_add_test(sets, sets_are_bounded_and_strict);
	tcase_add_test(sets, gaps_are_listed_up_to_a_limit);
	suite_add_tcase(s, sets);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
