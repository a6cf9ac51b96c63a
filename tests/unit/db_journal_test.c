/* Streams, versions, conflicts, idempotency keys, durability of order, upcasts. */
#include "tests/unit/db_fixture.h"

#include <math.h>

#include "db/readable.h"
#include "db/upcast.h"
#include "schemas/codec.h"

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

struct page {
	struct db_journal_filter filter;
	struct arena *arena;
	struct db_journal_page out;
	int rc;
};

static void read_page(struct db_reader *r, void *arg)
{
	struct page *p = arg;
	p->rc = db_query_journal(r, &p->filter, p->arena, &p->out);
}

static struct page ask(struct db_journal_filter f)
{
	struct page p = {.filter = f, .arena = arena_create(0)};
	ck_assert_int_eq(db_read_now(db, read_page, &p), 0);
	ck_assert_int_eq(p.rc, 0);
	return p;
}

static int boot(const char *stream, int64_t expect, const char *idem)
{
	return fixture_event(db, stream, EVENT_STATION_BOOTED, &fixture_boot, expect, idem);
}

START_TEST(event_comes_back_as_written)
{
	ck_assert_int_eq(boot("station/CP-7", DB_ANY_VERSION, "k1"), 0);
	ck_assert_int_eq(fixture_result.last_seq, 1);
	struct page p = ask((struct db_journal_filter){0});
	ck_assert_uint_eq(p.out.count, 1);
	const struct db_journal_event *e = &p.out.items[0];
	ck_assert_int_eq(e->seq, 1);
	ck_assert_int_eq(e->version, 1);
	ck_assert_str_eq(e->stream, "station/CP-7");
	ck_assert_str_eq(e->type, "StationBooted");
	ck_assert_int_eq(e->at.ms, T0);
	ck_assert_int_eq(e->received.ms, T0 + 5);
	ck_assert_str_eq(e->cause, "msg-1");
	ck_assert_str_eq(e->idem, "k1");
	ck_assert_str_eq(e->actor, "test");
	ck_assert_uint_eq(strlen(e->hash), 64);
	struct schema_error err;
	int type = -1;
	const struct event_station_booted *b = db_event_decode(e, p.arena, &type, &err);
	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(type, EVENT_STATION_BOOTED);
	ck_assert_str_eq(b->model, "Model");
	ck_assert_int_eq(b->interval_s, 300);
	arena_destroy(p.arena);
}
END_TEST

START_TEST(versions_count_per_stream)
{
	ck_assert_int_eq(boot("station/A", 0, NULL), 0);
	ck_assert_int_eq(boot("station/A", 1, NULL), 0);
	ck_assert_int_eq(boot("station/B", 0, NULL), 0);
	ck_assert_int_eq(boot("station/A", 2, NULL), 0);
	ck_assert_int_eq(fixture_result.last_seq, 4);
	struct page p = ask((struct db_journal_filter){.stream = "station/A"});
	ck_assert_uint_eq(p.out.count, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(p.out.items[i].version, i + 1);
	arena_destroy(p.arena);
}
END_TEST

START_TEST(wrong_version_writes_nothing_of_the_batch)
{
	ck_assert_int_eq(boot("station/A", 0, NULL), 0);
	struct db_batch *b = db_batch_create(db);
	fixture_add(b, "station/B", EVENT_STATION_BOOTED, &fixture_boot, T0, DB_ANY_VERSION, NULL);
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 0, NULL);
	ck_assert_int_eq(fixture_write(db, b), DB_CONFLICT);
	ck_assert_str_eq(fixture_why, "station/A is at version 1, not 0");
	struct page p = ask((struct db_journal_filter){0});
	ck_assert_uint_eq(p.out.count, 1);
	arena_destroy(p.arena);
	ck_assert_int_eq(boot("station/B", 0, NULL), 0);
	ck_assert_int_eq(fixture_result.last_seq, 2);
}
END_TEST

START_TEST(versions_within_a_batch_follow_each_other)
{
	struct db_batch *b = db_batch_create(db);
	for (int i = 0; i < 5; i++)
		fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, i, NULL);
	ck_assert_int_eq(fixture_write(db, b), 0);
	ck_assert_int_eq(fixture_result.last_seq, 5);
	b = db_batch_create(db);
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 5, NULL);
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 5, NULL);
	ck_assert_int_eq(fixture_write(db, b), DB_CONFLICT);
}
END_TEST

START_TEST(same_key_is_dropped_once_per_stream)
{
	ck_assert_int_eq(boot("station/A", DB_ANY_VERSION, "k"), 0);
	ck_assert_int_eq(boot("station/A", DB_ANY_VERSION, "k"), 0);
	ck_assert_int_eq(fixture_result.duplicates, 1);
	ck_assert_int_eq(fixture_result.last_seq, 0);
	ck_assert_int_eq(boot("station/B", DB_ANY_VERSION, "k"), 0);
	ck_assert_int_eq(fixture_result.duplicates, 0);
	ck_assert_int_eq(fixture_result.last_seq, 2);
	struct db_stats s;
	db_stats(db, &s);
	ck_assert_int_eq(s.events, 2);
	ck_assert_int_eq(s.duplicates, 1);
}
END_TEST

START_TEST(retry_with_an_old_version_is_a_duplicate_not_a_conflict)
{
	ck_assert_int_eq(boot("station/A", 0, "k"), 0);
	ck_assert_int_eq(boot("station/A", 0, "k"), 0);
	ck_assert_int_eq(fixture_result.duplicates, 1);
	struct db_batch *b = db_batch_create(db);
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 1, "n");
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 1, "n");
	fixture_add(b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, 2, NULL);
	ck_assert_int_eq(fixture_write(db, b), 0);
	ck_assert_int_eq(fixture_result.duplicates, 1);
	ck_assert_int_eq(fixture_result.last_seq, 3);
}
END_TEST

START_TEST(heads_survive_a_restart)
{
	ck_assert_int_eq(boot("station/A", 0, "k"), 0);
	ck_assert_int_eq(boot("station/A", 1, NULL), 0);
	db_close(db);
	db = fixture_open();
	ck_assert_int_eq(boot("station/A", 1, NULL), DB_CONFLICT);
	ck_assert_int_eq(boot("station/A", 7, "k"), 0);
	ck_assert_int_eq(fixture_result.duplicates, 1);
	ck_assert_int_eq(boot("station/A", 2, NULL), 0);
	ck_assert_int_eq(fixture_result.last_seq, 3);
}
END_TEST

START_TEST(pages_by_prefix_type_and_direction)
{
	const struct event_station_connected c = {
		.epoch = 1, .protocol = "ocpp2.0.1", .peer = "::1"};
	char stream[40];
	for (int i = 0; i < 120; i++) {
		struct db_batch *b = db_batch_create(db);
		snprintf(stream, sizeof stream, "station/%03d", i);
		fixture_add(b, stream, EVENT_STATION_BOOTED, &fixture_boot, T0, 0, NULL);
		fixture_add(b, stream, EVENT_STATION_CONNECTED, &c, T0, 1, NULL);
		fixture_add(b, "user/anna", EVENT_STATION_BOOTED, &fixture_boot, T0, -1, NULL);
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
	}
	ck_assert_int_eq(db_flush(db), 0);
	struct page p = ask((struct db_journal_filter){.stream = "station/", .limit = 50});
	ck_assert_uint_eq(p.out.count, 50);
	ck_assert_int_eq(p.out.items[2].seq, 4);
	ck_assert_int_eq(p.out.next, p.out.items[49].seq + 1);
	arena_destroy(p.arena);
	p = ask((struct db_journal_filter){.stream = "station/",
		.type = "StationConnected",
		.newest_first = true,
		.limit = 3});
	ck_assert_uint_eq(p.out.count, 3);
	ck_assert_str_eq(p.out.items[0].stream, "station/119");
	ck_assert_str_eq(p.out.items[2].stream, "station/117");
	arena_destroy(p.arena);
	p = ask((struct db_journal_filter){.stream = "station/007"});
	ck_assert_uint_eq(p.out.count, 2);
	arena_destroy(p.arena);
	p = ask((struct db_journal_filter){.stream = "station/00", .limit = 50});
	ck_assert_uint_eq(p.out.count, 0); /* a whole name, not a prefix */
	arena_destroy(p.arena);
	p = ask((struct db_journal_filter){.stream = "user/", .from = 300, .newest_first = true});
	ck_assert_uint_eq(p.out.count, 100);
	ck_assert_int_eq(p.out.items[0].seq, 300);
	ck_assert_int_eq(p.out.next, 2);
	arena_destroy(p.arena);
}
END_TEST

START_TEST(what_cannot_be_read_back_is_refused)
{
	struct event_station_booted b = fixture_boot;
	static const struct {
		const char *vendor, *says;
	} rows[] = {
		{NULL, "StationBooted has a value that its schema does not allow"},
		{"123456789012345678901234567890123456789012345678901", "StationBooted: vendor: "},
		{"\xff", "StationBooted"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		b.vendor = rows[i].vendor;
		ck_assert_int_eq(fixture_event(db, "station/A", EVENT_STATION_BOOTED, &b, -1, NULL),
			DB_FAILED);
		ck_assert_msg(strstr(fixture_why, rows[i].says) != NULL, "%s", fixture_why);
	}
	ck_assert_int_eq(boot("station/A", 0, NULL), 0);
	ck_assert_int_eq(fixture_result.last_seq, 1);
}
END_TEST

/* Values at and beyond the bounds of their rows, in all combinations that a seed gives. */
static const char *const texts[] = {"", "x", "Grüße aus dem Depot", "\x01\t\"\\/", "\xc3",
	"\xed\xa0\x80", "1234567890123456789012345678901234567890",
	"12345678901234567890123456789012345678901", "äöüäöüäöüä", "äöüäöüäöüäö", "\x7f", NULL};
static const double numbers[] = {
	0, -0.0, 1.5, 1e15, 4.9e-324, -1.7976931348623157e308, 1e300, NAN, INFINITY};
static const int64_t wholes[] = {0, -1, INT64_C(9007199254740991), INT64_C(9007199254740992),
	INT64_MIN, INT64_MAX, 2147483647, 2147483648};
static const int64_t moments[] = {
	T0, 0, -1, INT64_C(253402300799999), INT64_C(253402300800000), INT64_MAX, INT64_MIN};

#define PICK(list) list[(unsigned)rand_r(&seed) % (sizeof list / sizeof *list)]
/* Mostly ordinary, else almost no struct would pass. */
#define MOSTLY(usual, list) (rand_r(&seed) % 16 ? usual : PICK(list))

START_TEST(what_is_called_readable_is)
{
	const struct schema_struct *type = event_events[EVENT_TRANSACTION_REPORTED].type;
	unsigned seed = 5;
	int sure = 0, unsure = 0, wrong = 0;
	struct arena *a = arena_create(0);
	struct text out;
	text_init(&out, 0);
	for (int i = 0; i < 20000; i++) {
		struct schema_error err;
		const struct event_transaction_reported t = {
			.station_id = MOSTLY("CP-7", texts),
			.transaction_id = MOSTLY("7f3c9a52", texts),
			.kind = MOSTLY("Updated", texts),
			.seq_no = MOSTLY(7, wholes),
			.trigger = MOSTLY("Authorized", texts),
			.has_evse_id = rand_r(&seed) % 2,
			.evse_id = MOSTLY(1, wholes),
			.charging_state = MOSTLY("Charging", texts),
			.has_meter_wh = rand_r(&seed) % 2,
			.meter_wh = MOSTLY(12.5, numbers),
			.has_meter_at = rand_r(&seed) % 2,
			.meter_at = {MOSTLY(T0, moments)},
			.samples = MOSTLY(2, wholes),
			.quarantined = MOSTLY("leaps", texts),
		};
		bool says = readable_surely(type, &t);
		text_clear(&out);
		bool can = schema_encode(type, &t, &out) == 0;
		arena_reset(a);
		can = can && schema_decode(type, out.data, out.len, a, &err) != NULL;
		sure += says;
		unsure += !says;
		wrong += says && !can;
		text_finish(&out);
		text_init(&out, 0);
	}
	ck_assert_int_eq(wrong, 0);
	ck_assert_int_gt(sure, 5000);
	ck_assert_int_gt(unsure, 3000);
	const struct event_guard_acted lists = {0};
	ck_assert(!readable_surely(event_events[EVENT_GUARD_ACTED].type, &lists));
	text_finish(&out);
	arena_destroy(a);
}
END_TEST

/* -- upcasts: rows of this test only ----------------------------------------------------------- */

static int rename_name(const char *payload, size_t len, struct text *out)
{
	const char *v = memmem(payload, len, "\"maker\"", 7);
	if (!v)
		return -1;
	text_put(out, payload, (size_t)(v - payload));
	text_puts(out, "\"vendor\"");
	text_put(out, v + 7, len - (size_t)(v + 7 - payload));
	return 0;
}

static int add_interval(const char *payload, size_t len, struct text *out)
{
	text_put(out, payload, len - 1);
	text_puts(out, ",\"interval_s\":60}");
	return 0;
}

START_TEST(old_payload_is_upcast_step_by_step)
{
	static const struct upcast_row rows[] = {
		{"StationBooted", 1, rename_name},
		{"StationBooted", 2, add_interval},
	};
	const struct upcast_table table = {2, rows};
	struct schema_event type = event_events[EVENT_STATION_BOOTED];
	type.version = 3;
	const char old[] = "{\"status\":\"accepted\",\"reason\":\"PowerUp\",\"maker\":\"V\","
			   "\"model\":\"M\"}";
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct event_station_booted *b =
		upcast_decode(&table, &type, 1, old, sizeof old - 1, a, &err);
	ck_assert_msg(b != NULL, "%s %s", err.path, err.message);
	ck_assert_str_eq(b->vendor, "V");
	ck_assert_int_eq(b->interval_s, 60);
	ck_assert_ptr_null(upcast_decode(&table, &type, 0, old, sizeof old - 1, a, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "version 0 of StationBooted"));
	type.version = 2;
	ck_assert_ptr_null(upcast_decode(&table, &type, 3, old, sizeof old - 1, a, &err));
	arena_destroy(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_journal");
	TCase *t = tcase_create("journal");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, event_comes_back_as_written);
	tcase_add_test(t, versions_count_per_stream);
	tcase_add_test(t, wrong_version_writes_nothing_of_the_batch);
	tcase_add_test(t, versions_within_a_batch_follow_each_other);
	tcase_add_test(t, same_key_is_dropped_once_per_stream);
	tcase_add_test(t, retry_with_an_old_version_is_a_duplicate_not_a_conflict);
	tcase_add_test(t, heads_survive_a_restart);
	tcase_add_test(t, pages_by_prefix_type_and_direction);
	tcase_add_test(t, what_cannot_be_read_back_is_refused);
	tcase_add_test(t, what_is_called_readable_is);
	tcase_add_test(t, old_payload_is_upcast_step_by_step);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
