/* The chain shows tampering; projections can be computed again; copies are made while writing. */
#include <sqlite3.h>

#include "tests/unit/db_storm.h"

#include "db/care.h"
#include "db/seqset.h"

static struct db *db;
static char why[300];

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
}

static void teardown(void)
{
	db_close(db);
	db = NULL;
	fixture_remove();
}

static void write_storm(struct storm *s, int batches)
{
	for (int i = 0; i < batches; i++) {
		struct db_batch *b = db_batch_create(db);
		for (int k = storm_roll(s, 8); k >= 0; k--)
			storm_add(s, b);
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
		if (i % 17 == 0)
			ck_assert_int_eq(db_flush(db), 0);
	}
	ck_assert_int_eq(db_flush(db), 0);
}

static void tamper(const char *text)
{
	char path[400], *error = NULL;
	sqlite3 *h;
	snprintf(path, sizeof path, "%s/depot.db", fixture_dir);
	ck_assert_int_eq(sqlite3_open(path, &h), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(h, text, NULL, NULL, &error) == SQLITE_OK, "%s", error);
	ck_assert_int_eq(sqlite3_changes(h), 1);
	sqlite3_close(h);
}

static void close_store(void)
{
	db_close(db);
	db = NULL;
}

START_TEST(rebuild_equals_what_a_storm_left)
{
	int64_t events = 0;
	for (unsigned seed = 1; seed <= 4; seed++) {
		struct storm s = {.seed = seed, .at = T0};
		write_storm(&s, 300);
		ck_assert_msg(db_rebuild_check(fixture_dir, NULL, &events, why) == 0, "%s", why);
	}
	ck_assert_int_gt(events, 3000);
	close_store();
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

START_TEST(check_names_the_first_difference_and_rebuild_mends_it)
{
	struct storm s = {.seed = 7, .at = T0};
	write_storm(&s, 300);
	ck_assert_int_eq(db_rebuild(fixture_dir, NULL, NULL, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "stop it first"));
	close_store();
	tamper("UPDATE transactions SET meter_wh = 12345.5 WHERE id ="
	       " (SELECT min(id) FROM transactions)");
	ck_assert_int_eq(db_rebuild_check(fixture_dir, NULL, NULL, why), 1);
	ck_assert_msg(strstr(why, "transactions, row 1 (") && strstr(why, "meter_wh is 12345.5"),
		"%s", why);
	ck_assert_msg(db_rebuild(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	tamper("DELETE FROM tokens WHERE value = (SELECT max(value) FROM tokens)");
	ck_assert_int_eq(db_rebuild_check(fixture_dir, NULL, NULL, why), 1);
	ck_assert_ptr_nonnull(strstr(why, "tokens: rows are missing after row"));
	ck_assert_msg(db_rebuild(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	db = fixture_open();
	write_storm(&s, 50);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

/* Drops the tables that the first release did not have. */
static void drop_new_tables(sqlite3 *h)
{
	static const char names[] =
		"SELECT name FROM sqlite_master WHERE type='table' AND name NOT IN ('meta',"
		" 'streams', 'journal', 'stations', 'evses', 'connectors', 'setpoints',"
		" 'transactions', 'tokens', 'commands', 'plans', 'guard_acts', 'depots', 'users',"
		" 'api_tokens') AND name NOT LIKE 'sqlite_%'";
	char text[200];
	sqlite3_stmt *st;
	do {
		text[0] = '\0';
		ck_assert_int_eq(sqlite3_prepare_v2(h, names, -1, &st, NULL), SQLITE_OK);
		if (sqlite3_step(st) == SQLITE_ROW)
			snprintf(text, sizeof text, "DROP TABLE %s", sqlite3_column_text(st, 0));
		sqlite3_finalize(st);
		ck_assert_int_eq(sqlite3_exec(h, text, NULL, NULL, NULL), SQLITE_OK);
	} while (text[0]);
}

/* The layout of the first release, made of a store of today. */
static void age_store(void)
{
	static const char *const steps[] = {"ALTER TABLE transactions DROP COLUMN keyed",
		"ALTER TABLE stations DROP COLUMN control", "DROP TABLE commands",
		"DROP INDEX calls_time", "DROP INDEX calls_station",
		"ALTER TABLE calls DROP COLUMN command", "ALTER TABLE calls RENAME TO commands",
		"CREATE INDEX commands_time ON commands (depot, queued_at)",
		"CREATE INDEX commands_station ON commands (depot, station, queued_at)",
		"CREATE UNIQUE INDEX journal_idem ON journal (stream, idem) WHERE idem IS NOT NULL",
		"DROP INDEX journal_audit", "ALTER TABLE plans DROP COLUMN night",
		"PRAGMA user_version=1"};
	char path[400];
	sqlite3 *h;
	snprintf(path, sizeof path, "%s/depot.db", fixture_dir);
	ck_assert_int_eq(sqlite3_open(path, &h), SQLITE_OK);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		ck_assert_msg(sqlite3_exec(h, steps[i], NULL, NULL, NULL) == SQLITE_OK, "%s",
			sqlite3_errmsg(h));
	drop_new_tables(h);
	sqlite3_close(h);
}

START_TEST(old_store_is_brought_up_to_date)
{
	struct storm s = {.seed = 11, .at = T0};
	struct db_stats before, after;
	write_storm(&s, 600);
	/* More gaps than a set of numbers holds: the set alone cannot know the keys. */
	for (int i = 0; i < 2 * SEQSET_MAX + 40; i += 2)
		ck_assert_int_eq(storm_numbered(db, "tx-gaps", i), 0);
	close_store();
	age_store();
	ck_assert_int_eq(db_rebuild_check(fixture_dir, NULL, NULL, why), -1);
	ck_assert_msg(strstr(why, "older depotd") != NULL, "%s", why);
	db = fixture_open();
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	db_stats(db, &before);
	for (int i = 0; i < 2 * SEQSET_MAX + 40; i += 2)
		ck_assert_int_eq(storm_numbered(db, "tx-gaps", i), 0);
	db_stats(db, &after);
	ck_assert_int_eq(after.duplicates - before.duplicates, SEQSET_MAX + 20);
	write_storm(&s, 100);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

static const struct {
	const char *name, *sql, *says;
} attacks[] = {
	{"one byte of a payload",
		"UPDATE journal SET payload = replace(payload, 'PowerUp', 'PowerUq') WHERE seq ="
		" 40",
		"event 40 (StationBooted in station/A) was changed"},
	{"time", "UPDATE journal SET at = at + 1 WHERE seq = 41", "event 41 "},
	{"received", "UPDATE journal SET received = received - 1 WHERE seq = 42", "event 42 "},
	{"actor", "UPDATE journal SET actor = 'user:eve' WHERE seq = 43", "event 43 "},
	{"actor to nothing", "UPDATE journal SET actor = NULL WHERE seq = 44", "event 44 "},
	{"cause", "UPDATE journal SET cause = 'x' WHERE seq = 45", "event 45 "},
	{"key", "UPDATE journal SET idem = 'x' WHERE seq = 46", "event 46 "},
	{"type", "UPDATE journal SET type = 'StationRemoved' WHERE seq = 47", "event 47 "},
	{"stream", "UPDATE streams SET name = 'station/B' WHERE name = 'station/A'", "event 1 "},
	{"a hole", "DELETE FROM journal WHERE seq = 50", "event 50 is missing"},
	{"first event", "DELETE FROM journal WHERE seq = 1", "event 1 is missing"},
	{"the end cut off", "DELETE FROM journal WHERE seq = 60", "it ends at event 59"},
	{"its own hash", "UPDATE journal SET hash = zeroblob(32) WHERE seq = 12", "event 12 "},
};

START_TEST(each_tampering_is_named)
{
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(fixture_event(db, "station/A", EVENT_STATION_BOOTED, &fixture_boot,
					 i, NULL),
			0);
	int64_t events;
	ck_assert_msg(db_verify_chain(fixture_dir, NULL, &events, why) == 0, "%s", why);
	ck_assert_int_eq(events, 60);
	close_store();
	ck_assert_msg(db_verify_chain(fixture_dir, NULL, NULL, why) == 0, "%s", why);
	tamper(attacks[_i].sql);
	ck_assert_int_eq(db_verify_chain(fixture_dir, NULL, NULL, why), -1);
	ck_assert_msg(strstr(why, attacks[_i].says) != NULL, "%s: %s", attacks[_i].name, why);
}
END_TEST

/* An anchor is 64 hex digits of an event that was the last one once. */
START_TEST(an_anchor_knows_its_journal)
{
	char hash[65] = "", other[65];
	char path[400];
	sqlite3 *h;
	sqlite3_stmt *st;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fixture_event(db, "station/A", EVENT_STATION_BOOTED, &fixture_boot,
					 i, NULL),
			0);
	close_store();
	snprintf(path, sizeof path, "%s/depot.db", fixture_dir);
	ck_assert_int_eq(sqlite3_open(path, &h), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(h, "SELECT lower(hex(hash)) FROM journal WHERE seq=7",
				 -1, &st, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	snprintf(hash, sizeof hash, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(h);
	ck_assert_msg(db_check_anchor(fixture_dir, 7, hash, why) == 0, "%s", why);
	ck_assert_int_eq(db_check_anchor(fixture_dir, 8, hash, why), -1);
	ck_assert_msg(strstr(why, "event 8 is another") != NULL, "%s", why);
	ck_assert_int_eq(db_check_anchor(fixture_dir, 11, hash, why), -1);
	memcpy(other, hash, sizeof other);
	other[0] = other[0] == '0' ? '1' : '0';
	ck_assert_int_eq(db_check_anchor(fixture_dir, 7, other, why), -1);
}
END_TEST

START_TEST(a_cut_end_stops_the_start)
{
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fixture_event(db, "station/A", EVENT_STATION_BOOTED, &fixture_boot,
					 i, NULL),
			0);
	close_store();
	tamper("DELETE FROM journal WHERE seq = 10");
	const struct db_config cfg = {.dir = fixture_dir, .depot = "demo"};
	ck_assert_ptr_null(db_open(&cfg, why));
	ck_assert_msg(strstr(why, "ends at 9, its seal says 10") != NULL, "%s", why);
}
END_TEST

/* -- copies ----------------------------------------------------------------------------------- */

struct copying {
	char dir[300], why[300];
	int rc, percent;
	bool done;
};

static void on_percent(void *arg, int percent)
{
	struct copying *c = arg;
	c->percent = percent > c->percent ? percent : c->percent;
}

static void copy_work(struct db_reader *r, void *arg)
{
	struct copying *c = arg;
	c->rc = db_backup(db, c->dir, on_percent, c, c->why);
}

static void copy_done(void *arg)
{
	((struct copying *)arg)->done = true;
}

START_TEST(copy_is_whole_while_the_store_is_written)
{
	struct storm s = {.seed = 3, .at = T0};
	write_storm(&s, 400);
	struct copying c = {.rc = 1};
	snprintf(c.dir, sizeof c.dir, "%s/copy", fixture_dir);
	for (int round = 0; round < 2; round++) { /* the second one replaces the first */
		c.done = false;
		ck_assert_int_eq(db_read(db, copy_work, copy_done, &c), 0);
		int batches = 0;
		while (!c.done) {
			struct db_batch *b = db_batch_create(db);
			for (int i = 0; i < 20; i++)
				storm_add(&s, b);
			db_batch_frame(b, "CP-1", DB_FRAME_IN, (wall_t){s.at}, "m", "Heartbeat",
				NULL, "[2]", 3);
			if (db_submit(db, b, NULL, NULL) < 0)
				usleep(1000);
			batches++;
			db_drain(db);
		}
		ck_assert_msg(c.rc == 0, "%s", c.why);
		ck_assert_int_gt(batches, 3);
		ck_assert_int_eq(c.percent, 100);
		ck_assert_msg(db_rebuild_check(c.dir, NULL, NULL, why) == 0, "%s", why);
		ck_assert_msg(db_check_files(c.dir, why) == 0, "%s", why);
	}
	/* The copy is a store. */
	const struct db_config cfg = {.dir = c.dir, .depot = "demo"};
	struct db *copy = db_open(&cfg, why);
	ck_assert_msg(copy != NULL, "%s", why);
	db_close(copy);
	ck_assert_int_eq(db_flush(db), 0);
	ck_assert_int_eq(db_backup(db, fixture_dir, NULL, NULL, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "is the store itself"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_care");
	TCase *t = tcase_create("care");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, rebuild_equals_what_a_storm_left);
	tcase_add_test(t, old_store_is_brought_up_to_date);
	tcase_add_test(t, check_names_the_first_difference_and_rebuild_mends_it);
	tcase_add_loop_test(t, each_tampering_is_named, 0, sizeof attacks / sizeof *attacks);
	tcase_add_test(t, an_anchor_knows_its_journal);
	tcase_add_test(t, a_cut_end_stops_the_start);
	tcase_add_test(t, copy_is_whole_while_the_store_is_written);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
