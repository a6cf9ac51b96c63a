/* The flight recorder and the measurement series: what goes in comes out, old things leave. */
#include <math.h>
#include <sqlite3.h>

#include "tests/unit/db_fixture.h"

#include "db/series.h"
#include "db/wire.h"

static struct db *db;
static char why[300];

static void setup(void)
{
	fixture_folder();
}

static void teardown(void)
{
	db_close(db);
	db = NULL;
	fixture_remove();
}

static const char *path_of(const char *name)
{
	static char path[400];
	snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
	return path;
}

/* -- wire ------------------------------------------------------------------------------------- */

struct wire_ask {
	struct db_wire_filter filter;
	struct arena *arena;
	struct db_wire_page out;
	int rc;
};

static void read_wire(struct db_reader *r, void *arg)
{
	struct wire_ask *q = arg;
	q->rc = db_query_wire(r, &q->filter, q->arena, &q->out);
}

static struct wire_ask ask_wire(struct db_wire_filter f)
{
	struct wire_ask q = {.filter = f, .arena = arena_create(0)};
	ck_assert_int_eq(db_read_now(db, read_wire, &q), 0);
	ck_assert_int_eq(q.rc, 0);
	return q;
}

static void write_frames(int count)
{
	char text[80], pair[20];
	for (int i = 0; i < count; i++) {
		struct db_batch *b = db_batch_create(db);
		snprintf(pair, sizeof pair, "m-%d", i);
		int n = snprintf(text, sizeof text, "[2,\"m-%d\",\"Heartbeat\",{}]", i);
		db_batch_frame(b, i % 2 ? "CP-1" : "CP-2", DB_FRAME_IN, (wall_t){T0 + i * 1000},
			pair, i % 5 ? "Heartbeat" : "StatusNotification",
			i % 10 ? NULL : "wrong type", text, (size_t)n);
		db_batch_frame(b, i % 2 ? "CP-1" : "CP-2", DB_FRAME_OUT, (wall_t){T0 + i * 1000},
			pair, NULL, NULL, "[3]", 3);
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
	}
	ck_assert_int_eq(db_flush(db), 0);
}

START_TEST(frames_come_back_newest_first)
{
	db = fixture_open();
	write_frames(100);
	struct wire_ask q = ask_wire((struct db_wire_filter){.station = "CP-1", .limit = 3});
	ck_assert_uint_eq(q.out.count, 3);
	const struct db_wire_frame *f = q.out.items;
	ck_assert(f[0].direction == DB_FRAME_OUT && f[1].direction == DB_FRAME_IN);
	ck_assert_str_eq(f[0].text, "[3]");
	ck_assert_ptr_null(f[0].action);
	ck_assert_str_eq(f[1].station, "CP-1");
	ck_assert_str_eq(f[1].pair, "m-99");
	ck_assert_str_eq(f[1].text, "[2,\"m-99\",\"Heartbeat\",{}]");
	ck_assert_uint_eq(f[1].len, strlen(f[1].text));
	ck_assert_int_eq(f[1].at.ms, T0 + 99000);
	int64_t next = q.out.next;
	arena_destroy(q.arena);
	q = ask_wire((struct db_wire_filter){.station = "CP-1", .limit = 3, .before = next});
	ck_assert_str_eq(q.out.items[0].pair, "m-97");
	ck_assert_int_eq(q.out.items[0].direction, DB_FRAME_IN);
	arena_destroy(q.arena);
	struct db_stats s;
	db_stats(db, &s);
	ck_assert_int_eq(s.frames, 200);
	ck_assert_int_eq(s.lost, 0);
}
END_TEST

START_TEST(frames_are_found_by_what_they_are)
{
	db = fixture_open();
	write_frames(100);
	static const struct {
		struct db_wire_filter filter;
		size_t count;
	} rows[] = {
		{{.action = "StatusNotification"}, 20},
		{{.faulty = true}, 10},
		{{.pair = "m-7"}, 2},
		{{.contains = "\"m-42\""}, 1},
		{{.from = {T0 + 10000}, .to = {T0 + 12000}}, 4},
		{{.station = "CP-2", .from = {T0 + 10000}, .to = {T0 + 12000}}, 2},
		{{.station = "CP-3"}, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wire_ask q = ask_wire(rows[i].filter);
		ck_assert_msg(q.out.count == rows[i].count, "row %zu: %zu", i, q.out.count);
		arena_destroy(q.arena);
	}
}
END_TEST

START_TEST(frames_survive_a_restart_and_a_clock_that_jumps_back)
{
	for (int i = 0; i < 3; i++) {
		db = fixture_open();
		write_frames(20);
		db_close(db);
	}
	db = fixture_open();
	struct wire_ask q = ask_wire((struct db_wire_filter){.limit = 1000});
	ck_assert_uint_eq(q.out.count, 120);
	arena_destroy(q.arena);
}
END_TEST

static int64_t number(const char *file, const char *text)
{
	sqlite3 *h;
	sqlite3_stmt *st;
	ck_assert_int_eq(sqlite3_open(path_of(file), &h), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(h, text, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	int64_t v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(h);
	return v;
}

/* Pages of CP-1, newest first, without a hole, a repeat, or a frame of another. */
static void read_pages(int limit, int frames)
{
	int64_t before = 0, last = INT64_MAX;
	int count = 0;
	do {
		struct wire_ask q = ask_wire((struct db_wire_filter){
			.station = "CP-1", .limit = limit, .before = before});
		for (size_t i = 0; i < q.out.count; i++, count++) {
			ck_assert_str_eq(q.out.items[i].station, "CP-1");
			ck_assert_int_lt(q.out.items[i].id, last);
			last = q.out.items[i].id;
		}
		before = q.out.next;
		arena_destroy(q.arena);
	} while (before);
	ck_assert_int_eq(count, frames);
}

static void run_sql(const char *file, const char *text)
{
	sqlite3 *h;
	ck_assert_int_eq(sqlite3_open(path_of(file), &h), SQLITE_OK);
	ck_assert_msg(
		sqlite3_exec(h, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(h));
	sqlite3_close(h);
}

START_TEST(a_station_is_paged_through_also_in_an_old_file)
{
	static const int limits[] = {1, 2, 7, 50, 99, 1000};
	db = fixture_open();
	write_frames(150);
	db_close(db);
	run_sql("wire.db", "DROP TABLE spells; CREATE INDEX frames_station ON frames (station);"
			   "PRAGMA user_version=1");
	db = fixture_open();
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		read_pages(limits[i], 150);
	write_frames(30); /* in spells that are there */
	read_pages(13, 180);
}
END_TEST

START_TEST(wire_is_trimmed_by_age)
{
	struct wire *w = wire_open(path_of("wire.db"), "demo", 512, 2, why);
	ck_assert_msg(w != NULL, "%s", why);
	struct batch_frame f = {.station = "CP-1", .text = "x", .len = 1};
	for (int i = 0; i < 1000; i++) { /* one a 10 minutes: a week */
		f.at.ms = T0 + i * 600000LL;
		ck_assert_int_eq(wire_add(w, &f), 0);
		ck_assert_int_eq(wire_commit(w), 0);
	}
	wire_close(w);
	int64_t oldest = number("wire.db", "SELECT min(id) >> 20 FROM frames");
	ck_assert_int_ge(oldest, T0 + 999 * 600000LL - 2 * 86400000LL);
	ck_assert_int_ge(number("wire.db", "SELECT count(*) FROM frames"), 288);
	ck_assert_int_le(number("wire.db", "SELECT count(*) FROM spells"), 288 + 100);
	ck_assert_int_eq(number("wire.db", "SELECT count(*) FROM frames WHERE (station, id>>33)"
					   " NOT IN (SELECT station, spell FROM spells)"),
		0);
}
END_TEST

START_TEST(wire_is_trimmed_by_size)
{
	struct wire *w = wire_open(path_of("wire.db"), "demo", 1, 30, why);
	ck_assert_msg(w != NULL, "%s", why);
	static char text[2000];
	memset(text, 'x', sizeof text);
	struct batch_frame f = {.station = "CP-1", .text = text, .len = sizeof text};
	for (int i = 0; i < 5000; i++) { /* ten times too much */
		f.at.ms = T0 + i;
		ck_assert_int_eq(wire_add(w, &f), 0);
		ck_assert_int_eq(wire_commit(w), 0);
	}
	wire_close(w);
	ck_assert_int_lt(number("wire.db", "SELECT count(*) FROM frames"), 1200);
	ck_assert_int_ge(number("wire.db", "SELECT count(*) FROM frames"), 100);
	ck_assert_int_eq(number("wire.db", "SELECT max(id) >> 20 FROM frames"), T0 + 4999);
	ck_assert_int_lt(
		number("wire.db", "SELECT page_count * 4096 FROM pragma_page_count"), 4000000);
}
END_TEST

/* -- series ----------------------------------------------------------------------------------- */

struct series_ask {
	int64_t from, to, step;
	struct arena *arena;
	struct db_series_list out;
	int rc;
};

static void read_series(struct db_reader *r, void *arg)
{
	struct series_ask *q = arg;
	q->rc = db_query_series(r, "meter/site/power_w", (wall_t){q->from}, (wall_t){q->to},
		q->step, q->arena, &q->out);
}

static struct series_ask ask_series(int64_t from, int64_t to, int64_t step)
{
	struct series_ask q = {.from = from, .to = to, .step = step, .arena = arena_create(0)};
	ck_assert_int_eq(db_read_now(db, read_series, &q), 0);
	return q;
}

/* A sample each 10 s for two hours from a whole hour on; some come late, in a shuffled order. */
#define SAMPLES 720
#define HOUR0   (T0 / 3600000 * 3600000)

static double value_of(int i)
{
	return 1000 + 500 * sin(i / 30.0);
}

static void write_samples(void)
{
	for (int i = 0; i < SAMPLES; i++) {
		struct db_batch *b = db_batch_create(db);
		if (i % 40 != 7)
			db_batch_sample(b, "meter/site/power_w", (wall_t){HOUR0 + i * 10000},
				value_of(i), 0);
		if (i >= 200 && (i - 200) % 40 == 7) /* half an hour late */
			db_batch_sample(b, "meter/site/power_w",
				(wall_t){HOUR0 + (i - 200) * 10000}, value_of(i - 200), 1);
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
		if (i % 50 == 0)
			ck_assert_int_eq(db_flush(db), 0);
	}
	struct db_batch *b = db_batch_create(db);
	for (int i = SAMPLES - 200; i < SAMPLES; i++)
		if (i % 40 == 7)
			db_batch_sample(b, "meter/site/power_w", (wall_t){HOUR0 + i * 10000},
				value_of(i), 1);
	ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
	ck_assert_int_eq(db_flush(db), 0);
}

static void check_steps(int64_t step)
{
	struct series_ask q = ask_series(HOUR0, HOUR0 + SAMPLES * 10000, step);
	ck_assert_int_eq(q.rc, 0);
	int each = (int)(step / 10000);
	ck_assert_uint_eq(q.out.count, (size_t)(SAMPLES / each));
	for (size_t k = 0; k < q.out.count; k++) {
		const struct db_series_point *p = &q.out.items[k];
		double lo = 1e9, hi = -1e9, sum = 0;
		int quality = 0;
		for (int i = (int)k * each; i < (int)(k + 1) * each; i++) {
			double v = value_of(i);
			lo = v < lo ? v : lo;
			hi = v > hi ? v : hi;
			sum += v;
			quality |= i % 40 == 7;
		}
		ck_assert_int_eq(p->at.ms, HOUR0 + (int64_t)k * step);
		ck_assert_int_eq(p->n, each);
		ck_assert(p->min == lo && p->max == hi);
		ck_assert(fabs(p->mean - sum / each) < 1e-6);
		ck_assert(p->last == value_of((int)(k + 1) * each - 1));
		ck_assert_int_eq(p->quality, quality);
	}
	arena_destroy(q.arena);
}

START_TEST(every_step_agrees_with_the_samples)
{
	static const int64_t steps[] = {30000, 60000, 120000, 900000, 3600000};
	db = fixture_open();
	write_samples();
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		check_steps(steps[i]);
	db_close(db);
	db = fixture_open();
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		check_steps(steps[i]);
	struct series_ask q = ask_series(HOUR0 + 5000, HOUR0 + 35000, 0);
	ck_assert_uint_eq(q.out.count, 3);
	ck_assert_int_eq(q.out.items[0].at.ms, HOUR0 + 10000);
	ck_assert(q.out.items[0].mean == value_of(1));
	arena_destroy(q.arena);
}
END_TEST

START_TEST(rollups_are_rows_not_only_answers)
{
	db = fixture_open();
	write_samples();
	db_close(db);
	db = NULL;
	ck_assert_int_eq(number("series.db", "SELECT count(*) FROM minutes"), 119);
	ck_assert_int_eq(number("series.db", "SELECT count(*) FROM quarters"), 7);
	ck_assert_int_eq(number("series.db", "SELECT sum(n) FROM minutes"), 119 * 6);
	ck_assert_int_eq(number("series.db", "SELECT sum(n) FROM quarters"), 7 * 90);
}
END_TEST

/* However samples are cut into commits, and in whatever order they come, the rows are the same. */
static int64_t write_shuffled(const char *name, unsigned seed, int per_commit)
{
	enum { COUNT = 3000, POINTS = 3 };
	static int order[COUNT];
	char point[20];
	struct series *s = series_open(path_of(name), "demo", 30, why);
	ck_assert_msg(s != NULL, "%s", why);
	for (int i = 0; i < COUNT; i++)
		order[i] = i;
	for (int i = COUNT - 1; i > 0; i--) {
		int k = i - rand_r(&seed) % (i < 120 ? i + 1 : 120), swap = order[i];
		order[i] = order[k];
		order[k] = swap;
	}
	for (int n = 0; n < COUNT; n++) {
		int i = order[n];
		snprintf(point, sizeof point, "meter/%d", i % POINTS);
		const struct batch_sample m = {.point = point,
			.at = {HOUR0 + i * 7000},
			.value = value_of(i),
			.quality = i % 50 == 0};
		ck_assert_int_eq(series_add(s, &m), 0);
		if (n % per_commit == 0)
			ck_assert_int_eq(series_commit(s), 0);
	}
	/* Two at one time: the later one counts. */
	struct batch_sample m = {.point = "meter/0", .at = {HOUR0 + COUNT * 7000}, .value = 1};
	ck_assert_int_eq(series_add(s, &m), 0);
	m.value = 2;
	ck_assert_int_eq(series_add(s, &m), 0);
	ck_assert_int_eq(series_commit(s), 0);
	series_close(s);
	return number(name, "SELECT count(*) FROM samples");
}

/* All rows as one text, points by name. Sums are rounded: adding in another order may differ in the
 * last bit. */
static char *dump(const char *file)
{
	static const char text[] =
		"SELECT group_concat(row, '|') FROM (SELECT 's' || p.name || ',' || s.at || ',' ||"
		" value || ',' || quality AS row FROM samples AS s JOIN points AS p ON p.id=point"
		" UNION ALL SELECT 'm' || p.name || ',' || s.at || ',' || n || ',' || min || ',' ||"
		" max || ',' || round(sum, 3) || ',' || last || ',' || quality FROM minutes AS s"
		" JOIN points AS p ON p.id=point"
		" UNION ALL SELECT 'q' || p.name || ',' || s.at || ',' || n || ',' || min || ',' ||"
		" max || ',' || round(sum, 3) || ',' || last || ',' || quality FROM quarters AS s"
		" JOIN points AS p ON p.id=point ORDER BY 1)";
	sqlite3 *h;
	sqlite3_stmt *st;
	ck_assert_int_eq(sqlite3_open(path_of(file), &h), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(h, text, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	char *copy = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(h);
	return copy;
}

START_TEST(rows_do_not_depend_on_commits_or_order)
{
	ck_assert_int_eq(write_shuffled("one.db", 1, 1), 3001);
	ck_assert_int_eq(write_shuffled("many.db", 2 + (unsigned)_i, 37 + 400 * _i), 3001);
	char *one = dump("one.db"), *many = dump("many.db");
	ck_assert_uint_gt(strlen(one), 100000);
	ck_assert_str_eq(one, many);
	free(one);
	free(many);
	ck_assert_int_eq(number("many.db", "SELECT value FROM samples ORDER BY at DESC"), 2);
	ck_assert_int_gt(number("many.db", "SELECT count(*) FROM quarters"), 60);
}
END_TEST

START_TEST(rollups_outlive_raw_samples)
{
	struct series *s = series_open(path_of("series.db"), "demo", 1, why);
	ck_assert_msg(s != NULL, "%s", why);
	struct batch_sample m = {.point = "meter/site/power_w", .value = 1};
	for (int i = 0; i < 3 * 1440; i++) { /* one a minute: three days */
		m.at.ms = HOUR0 + i * 60000LL;
		ck_assert_int_eq(series_add(s, &m), 0);
		ck_assert_int_eq(series_commit(s), 0);
	}
	m.at.ms = HOUR0; /* too late: its neighbours are gone */
	m.value = 99;
	ck_assert_int_eq(series_add(s, &m), 0);
	m.at.ms = HOUR0 + 3 * 86400000LL;
	m.value = NAN;
	ck_assert_int_eq(series_add(s, &m), 0);
	ck_assert_int_eq(series_commit(s), 0);
	series_close(s);
	int64_t raw = number("series.db", "SELECT count(*) FROM samples");
	ck_assert_int_ge(raw, 1440);
	ck_assert_int_lt(raw, 1440 + 500);
	ck_assert_int_eq(number("series.db", "SELECT count(*) FROM minutes"), 3 * 1440 - 1);
	ck_assert_int_eq(number("series.db", "SELECT max(max) FROM minutes"), 1);
	db = fixture_open();
	struct series_ask q = ask_series(HOUR0, HOUR0 + 3 * 86400000LL, 3600000);
	ck_assert_uint_eq(q.out.count, 72);
	for (size_t i = 0; i < 72; i++)
		ck_assert_int_eq(q.out.items[i].n, 60);
	arena_destroy(q.arena);
}
END_TEST

static void add_sample(struct series *s, int point, int64_t at_ms)
{
	char name[40];
	struct batch_sample m = {.point = name, .at = {at_ms}, .value = 1};
	snprintf(name, sizeof name, "evse/CP-%d/1/power_w", point);
	ck_assert_int_eq(series_add(s, &m), 0);
}

/* A look at one point now and then would leave the others' old samples for weeks. */
START_TEST(old_samples_of_many_points_go_in_time)
{
	const int points = 300;
	struct series *s = series_open(path_of("series.db"), "demo", 1, why);
	ck_assert_msg(s != NULL, "%s", why);
	for (int day = 0; day < 6; day += 3)
		for (int i = 0; i < points; i++)
			add_sample(s, i, HOUR0 + day * 86400000LL);
	ck_assert_int_eq(series_commit(s), 0);
	for (int i = 1; i <= 1600; i++) {
		add_sample(s, 0, HOUR0 + 3 * 86400000LL + i * 1000);
		ck_assert_int_eq(series_commit(s), 0);
	}
	series_close(s);
	ck_assert_int_eq(number("series.db", "SELECT count(*) FROM samples"), points + 1600);
	ck_assert_int_eq(number("series.db", "SELECT count(DISTINCT point) FROM samples"), points);
}
END_TEST

START_TEST(too_many_points_is_said)
{
	db = fixture_open();
	struct db_batch *b = db_batch_create(db);
	for (int i = 0; i < 10001; i++)
		db_batch_sample(b, "meter/site/power_w", (wall_t){T0 + i}, i, 0);
	ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
	ck_assert_int_eq(db_flush(db), 0);
	struct series_ask q = ask_series(T0, T0 + 20000, 0);
	ck_assert_int_eq(q.rc, -1);
	arena_destroy(q.arena);
	q = ask_series(T0, T0 + 20000, 1000);
	ck_assert_int_eq(q.rc, 0);
	arena_destroy(q.arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_record");
	TCase *t = tcase_create("record");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, frames_come_back_newest_first);
	tcase_add_test(t, frames_are_found_by_what_they_are);
	tcase_add_test(t, frames_survive_a_restart_and_a_clock_that_jumps_back);
	tcase_add_test(t, a_station_is_paged_through_also_in_an_old_file);
	tcase_add_test(t, wire_is_trimmed_by_age);
	tcase_add_test(t, wire_is_trimmed_by_size);
	tcase_add_test(t, every_step_agrees_with_the_samples);
	tcase_add_test(t, rollups_are_rows_not_only_answers);
	tcase_add_loop_test(t, rows_do_not_depend_on_commits_or_order, 0, 4);
	tcase_add_test(t, rollups_outlive_raw_samples);
	tcase_add_test(t, old_samples_of_many_points_go_in_time);
	tcase_add_test(t, too_many_points_is_said);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
