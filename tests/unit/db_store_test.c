/* Bad days: damage, other owners, disk full, refused batches; snapshots of readers. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/db_fixture.h"

#include "db/care.h"

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

static int boot(const char *stream)
{
	return fixture_event(db, stream, EVENT_STATION_BOOTED, &fixture_boot, -1, NULL);
}

static void refused(const char *dir, const char *says)
{
	const struct db_config cfg = {.dir = dir, .depot = "demo"};
	ck_assert_ptr_null(db_open(&cfg, why));
	ck_assert_msg(strstr(why, says) != NULL, "%s", why);
	ck_assert_ptr_null(strchr(why, '\n'));
}

static const char *path_of(const char *name)
{
	static char path[400];
	snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
	return path;
}

static void scribble(const char *name, long offset, const char *bytes, size_t len)
{
	FILE *f = fopen(path_of(name), "r+b");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, offset, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

/* -- opening ---------------------------------------------------------------------------------- */

START_TEST(missing_folder_is_named)
{
	refused(path_of("nowhere"), "does not exist");
}
END_TEST

START_TEST(file_in_place_of_the_folder_is_named)
{
	FILE *f = fopen(path_of("plain"), "w");
	fclose(f);
	refused(path_of("plain"), "is not a folder");
}
END_TEST

START_TEST(unwritable_folder_is_named)
{
	if (geteuid() == 0) /* root may write anywhere; this folder nobody can write to */
		refused("/proc/self", "cannot write in the data folder");
	else {
		chmod(fixture_dir, 0500);
		refused(fixture_dir, "cannot write in the data folder");
		chmod(fixture_dir, 0700);
	}
}
END_TEST

START_TEST(files_are_for_their_owner_only)
{
	static const char *const files[] = {"depot.db", "depot.db-wal", "series.db", "wire.db",
		"copy/depot.db", "copy/wire.db"};
	struct stat st;
	umask(0);
	db = fixture_open();
	ck_assert_int_eq(boot("station/A"), 0);
	ck_assert_msg(db_backup(db, path_of("copy"), NULL, NULL, why) == 0, "%s", why);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		ck_assert_int_eq(stat(path_of(files[i]), &st), 0);
		ck_assert_int_eq(st.st_mode & 077, 0);
	}
}
END_TEST

START_TEST(second_owner_is_refused)
{
	db = fixture_open();
	refused(fixture_dir, "has the data folder");
	char pid[40];
	snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
	ck_assert_ptr_nonnull(strstr(why, pid));
	ck_assert_int_eq(boot("station/A"), 0);
}
END_TEST

START_TEST(garbage_is_damage)
{
	static const char *const files[] = {"depot.db", "series.db", "wire.db"};
	FILE *f = fopen(path_of(files[_i]), "w");
	for (int i = 0; i < 1000; i++)
		fputs("not a database ", f);
	fclose(f);
	refused(fixture_dir, "is damaged or not ours");
	ck_assert_ptr_nonnull(strstr(why, files[_i]));
}
END_TEST

START_TEST(damaged_page_is_found_by_check)
{
	db = fixture_open();
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(boot("station/A"), 0);
	db_close(db);
	db = NULL;
	ck_assert_msg(db_check_files(fixture_dir, why) == 0, "%s", why);
	char junk[2000];
	memset(junk, 0x5a, sizeof junk);
	struct stat st;
	ck_assert_int_eq(stat(path_of("depot.db"), &st), 0);
	for (long at = 4096 * 5; at + 4096 <= st.st_size; at += 4096)
		scribble("depot.db", at, junk, sizeof junk);
	ck_assert_int_eq(db_check_files(fixture_dir, why), -1);
	ck_assert_msg(strstr(why, "depot.db is damaged") != NULL, "%s", why);
}
END_TEST

START_TEST(file_of_another_program_is_left_alone)
{
	sqlite3 *h;
	ck_assert_int_eq(sqlite3_open(path_of("depot.db"), &h), SQLITE_OK);
	sqlite3_exec(h, "CREATE TABLE mine (x)", NULL, NULL, NULL);
	sqlite3_close(h);
	refused(fixture_dir, "is damaged or not ours");
}
END_TEST

START_TEST(newer_layout_is_refused)
{
	db = fixture_open();
	db_close(db);
	db = NULL;
	sqlite3 *h;
	ck_assert_int_eq(sqlite3_open(path_of("wire.db"), &h), SQLITE_OK);
	sqlite3_exec(h, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(h);
	refused(fixture_dir, "was written by a newer depotd");
}
END_TEST

/* -- writing on a bad day ---------------------------------------------------------------------- */

static struct db_batch *boot_batch(const char *stream)
{
	struct db_batch *b = db_batch_create(db);
	fixture_add(b, stream, EVENT_STATION_BOOTED, &fixture_boot, T0, -1, NULL);
	return b;
}

START_TEST(one_bad_batch_does_not_take_others_with_it)
{
	db = fixture_open();
	int calls = 0, failed = 0;
	for (int i = 0; i < 50; i++) {
		struct db_batch *b = boot_batch("station/A");
		if (i == 20) { /* no such event: not a failure of the disk */
			fixture_add(b, "station/B", EVENT_EVENT_COUNT, &fixture_boot, T0, -1, NULL);
			ck_assert_int_eq(db_submit(db, b, fixture_done, &failed), 0);
		} else {
			ck_assert_int_eq(db_submit(db, b, fixture_done, &calls), 0);
		}
	}
	ck_assert_int_eq(db_flush(db), 0);
	ck_assert_int_eq(calls, 49);
	ck_assert_int_eq(failed, 1);
	ck_assert_int_eq(boot("station/A"), 0);
	ck_assert_int_eq(fixture_result.last_seq, 50);
	ck_assert(db_healthy(db, why));
	struct db_batch *b = boot_batch("station/A");
	fixture_add(b, "station/B", -1, &fixture_boot, T0, -1, NULL);
	ck_assert_int_eq(fixture_write(db, b), DB_FAILED);
	ck_assert_str_eq(fixture_why, "an event of unknown type");
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

static void limit_files(rlim_t bytes)
{
	struct rlimit r;
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static bool wait_health(bool wanted)
{
	for (int i = 0; i < 200; i++) {
		if (db_healthy(db, why) == wanted)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(full_disk_holds_all_and_mends_itself)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct db_config cfg = {.dir = fixture_dir, .depot = "demo", .max_queue = 5};
	db = db_open(&cfg, why);
	ck_assert_msg(db != NULL, "%s", why);
	ck_assert_int_eq(boot("station/A"), 0);
	struct stat st;
	ck_assert_int_eq(stat(path_of("depot.db-wal"), &st), 0);
	limit_files((rlim_t)st.st_size + 100);
	int calls = 0, accepted = 0;
	ck_assert_int_eq(db_submit(db, boot_batch("station/A"), fixture_done, &calls), 0);
	accepted++;
	ck_assert(wait_health(false));
	ck_assert_msg(strstr(why, "depot.db") != NULL, "%s", why);
	while (accepted < 100 && db_submit(db, boot_batch("station/A"), fixture_done, &calls) == 0)
		accepted++;
	ck_assert_int_eq(accepted, 6); /* one in the writer's hands, five in the queue */
	ck_assert_int_eq(db_flush(db), -1);
	ck_assert_int_eq(calls, 0);
	limit_files(RLIM_INFINITY);
	ck_assert(wait_health(true));
	ck_assert_int_eq(db_flush(db), 0);
	ck_assert_int_eq(calls, accepted);
	ck_assert_int_eq(fixture_result.status, 0);
	ck_assert_int_eq(fixture_result.last_seq, 1 + accepted);
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

START_TEST(closing_on_a_full_disk_says_what_failed)
{
	signal(SIGXFSZ, SIG_IGN);
	db = fixture_open();
	ck_assert_int_eq(boot("station/A"), 0);
	struct stat st;
	ck_assert_int_eq(stat(path_of("depot.db-wal"), &st), 0);
	limit_files((rlim_t)st.st_size + 100);
	int calls = 0;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(db_submit(db, boot_batch("station/A"), fixture_done, &calls), 0);
	ck_assert(wait_health(false));
	db_close(db);
	ck_assert_int_eq(calls, 3);
	ck_assert_int_eq(fixture_result.status, DB_FAILED);
	limit_files(RLIM_INFINITY);
	db = fixture_open();
	ck_assert_int_eq(boot("station/A"), 0);
	ck_assert_int_eq(fixture_result.last_seq, 2);
}
END_TEST

START_TEST(log_is_copied_into_the_file_and_begun_anew)
{
	struct stat log, file;
	db = fixture_open();
	for (int i = 0; i < 60; i++) {
		struct db_batch *b = db_batch_create(db);
		for (int k = 0; k < 500; k++)
			fixture_add(
				b, "station/A", EVENT_STATION_BOOTED, &fixture_boot, T0, -1, NULL);
		for (int k = 0; k < 200; k++)
			db_batch_frame(b, "A", DB_FRAME_IN, (wall_t){T0}, "m", "Heartbeat", NULL,
				why, sizeof why);
		ck_assert_int_eq(db_submit(db, b, NULL, NULL), 0);
		ck_assert_int_eq(db_flush(db), 0);
	}
	static const char *const names[][2] = {
		{"depot.db-wal", "depot.db"}, {"wire.db-wal", "wire.db"}};
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(stat(path_of(names[i][0]), &log), 0);
		ck_assert_int_eq(stat(path_of(names[i][1]), &file), 0);
		ck_assert_msg(log.st_size < 6000000 && file.st_size > 1000000,
			"%s: log %ld, file %ld", names[i][1], (long)log.st_size,
			(long)file.st_size);
	}
}
END_TEST

/* -- waking and reading ----------------------------------------------------------------------- */

static pthread_mutex_t bell = PTHREAD_MUTEX_INITIALIZER;
static int rings;

static void ring(void *arg)
{
	pthread_mutex_lock(&bell);
	rings++;
	pthread_mutex_unlock(&bell);
}

static int rung(void)
{
	pthread_mutex_lock(&bell);
	int n = rings;
	pthread_mutex_unlock(&bell);
	return n;
}

START_TEST(results_come_by_drain_after_a_wake)
{
	const struct db_config cfg = {.dir = fixture_dir, .depot = "demo", .wake = ring};
	db = db_open(&cfg, why);
	int calls = 0;
	ck_assert_int_eq(db_submit(db, boot_batch("station/A"), fixture_done, &calls), 0);
	for (int i = 0; i < 500 && rung() == 0; i++)
		usleep(2000);
	ck_assert_int_eq(rung(), 1);
	ck_assert_int_eq(calls, 0);
	db_drain(db);
	ck_assert_int_eq(calls, 1);
	db_drain(db);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(results_come_one_by_one_to_who_has_little_time)
{
	const struct db_config cfg = {.dir = fixture_dir, .depot = "demo", .wake = ring};
	db = db_open(&cfg, why);
	int calls = 0;
	struct db_stats s = {.queued = 3};
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(db_submit(db, boot_batch("station/A"), fixture_done, &calls), 0);
	for (int i = 0; i < 500 && s.queued; i++) {
		usleep(2000);
		db_stats(db, &s);
	}
	ck_assert_int_eq(s.queued, 0);
	ck_assert(db_drain_some(db));
	ck_assert_int_eq(calls, 1);
	ck_assert(db_drain_some(db));
	ck_assert(!db_drain_some(db));
	ck_assert_int_eq(calls, 3);
	ck_assert(!db_drain_some(db));
	ck_assert_int_eq(calls, 3);
}
END_TEST

struct counting {
	int64_t first, second;
	bool done;
};

static int64_t count_events(struct db_reader *r)
{
	struct db_journal_page page;
	struct arena *a = arena_create(0);
	ck_assert_int_eq(
		db_query_journal(r, &(struct db_journal_filter){.limit = 10000}, a, &page), 0);
	int64_t n = (int64_t)page.count;
	arena_destroy(a);
	return n;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void count_twice(struct db_reader *r, void *arg)
{
	struct counting *c = arg;
	c->first = count_events(r);
	ring(NULL);
	pthread_mutex_lock(&gate); /* until the test has written more */
	pthread_mutex_unlock(&gate);
	c->second = count_events(r);
}

static void counted(void *arg)
{
	((struct counting *)arg)->done = true;
}

START_TEST(reader_keeps_its_snapshot_while_the_writer_goes_on)
{
	db = fixture_open();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(boot("station/A"), 0);
	struct counting c = {0};
	pthread_mutex_lock(&gate);
	ck_assert_int_eq(db_read(db, count_twice, counted, &c), 0);
	for (int i = 0; i < 500 && rung() == 0; i++)
		usleep(2000);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(boot("station/A"), 0);
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < 500 && !c.done; i++) {
		usleep(2000);
		db_drain(db);
	}
	ck_assert(c.done);
	ck_assert_int_eq(c.first, 5);
	ck_assert_int_eq(c.second, 5);
	struct counting after = {0};
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	ck_assert_int_eq(db_read_now(db, count_twice, &after), 0);
	ck_assert_int_eq(after.first, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_store");
	TCase *t = tcase_create("store");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, missing_folder_is_named);
	tcase_add_test(t, file_in_place_of_the_folder_is_named);
	tcase_add_test(t, unwritable_folder_is_named);
	tcase_add_test(t, files_are_for_their_owner_only);
	tcase_add_test(t, second_owner_is_refused);
	tcase_add_loop_test(t, garbage_is_damage, 0, 3);
	tcase_add_test(t, damaged_page_is_found_by_check);
	tcase_add_test(t, file_of_another_program_is_left_alone);
	tcase_add_test(t, newer_layout_is_refused);
	tcase_add_test(t, one_bad_batch_does_not_take_others_with_it);
	tcase_add_test(t, full_disk_holds_all_and_mends_itself);
	tcase_add_test(t, closing_on_a_full_disk_says_what_failed);
	tcase_add_test(t, log_is_copied_into_the_file_and_begun_anew);
	tcase_add_test(t, results_come_by_drain_after_a_wake);
	tcase_add_test(t, results_come_one_by_one_to_who_has_little_time);
	tcase_add_test(t, reader_keeps_its_snapshot_while_the_writer_goes_on);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
