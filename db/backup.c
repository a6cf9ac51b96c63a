#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/care.h"
#include "db/db.h"
#include "db/sqlite.h"
#include "db/store.h"

#define PAGES_A_STEP 256
#define PATH_SIZE    4096

static const char *const names[] = {"depot.db", "series.db", "wire.db"};
#define FILES 3

static int join(
	char out[PATH_SIZE], const char *dir, const char *name, const char *end, char why[300])
{
	if (snprintf(out, PATH_SIZE, "%s/%s%s", dir, name, end) < PATH_SIZE)
		return 0;
	snprintf(why, 300, "the name of the folder %.100s is too long", dir);
	return -1;
}

/* -- checking --------------------------------------------------------------------------------- */

static int check_pages(struct sql *s, const char *path, char why[300])
{
	sqlite3_stmt *st = sql_prepare(s, "PRAGMA integrity_check(1)");
	int rc = st ? sql_step(s, st) : -1;
	const char *said = rc > 0 ? (const char *)sqlite3_column_text(st, 0) : NULL;
	bool ok = said && strcmp(said, "ok") == 0;
	if (!ok)
		snprintf(why, 300, "%.150s is damaged (%.100s): restore it from a backup", path,
			said ? said : s->error);
	sqlite3_finalize(st);
	return ok ? 0 : -1;
}

static int check_file(const char *path, char why[300])
{
	struct sql s;
	const struct sql_options o = {.read_only = true};
	if (sql_open(&s, path, &o, why) < 0)
		return -1;
	int rc = check_pages(&s, path, why);
	sql_close(&s);
	return rc;
}

int db_check_files(const char *dir, char why[300])
{
	char path[PATH_SIZE];
	for (int i = 0; i < FILES; i++)
		if (join(path, dir, names[i], "", why) < 0 || check_file(path, why) < 0)
			return -1;
	return 0;
}

/* -- copying ---------------------------------------------------------------------------------- */

static void report(const struct db_progress *p, int file, sqlite3_backup *b)
{
	int all = sqlite3_backup_pagecount(b), left = sqlite3_backup_remaining(b);
	if (p && p->fn && all)
		p->fn(p->arg, (file * 100 + (int)(100LL * (all - left) / all)) / FILES);
}

/* The read transaction pins one snapshot: without it each commit of the writer would make the copy
 * begin anew. */
static int copy_pages(
	struct sql *from, sqlite3 *to, int file, const struct db_progress *p, char why[300])
{
	int64_t unused;
	if (sql_exec(from, "BEGIN") < 0 ||
		sql_int(from, "SELECT count(*) FROM sqlite_master", 0, &unused) < 0) {
		snprintf(why, 300, "%.299s", from->error);
		return -1;
	}
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from->handle, "main");
	int rc = b ? SQLITE_OK : SQLITE_ERROR;
	while (rc == SQLITE_OK) {
		rc = sqlite3_backup_step(b, PAGES_A_STEP);
		report(p, file, b);
	}
	if (b)
		sqlite3_backup_finish(b);
	sql_rollback(from);
	if (rc != SQLITE_DONE)
		snprintf(why, 300, "the copy failed (%s): check room and rights at the target",
			sqlite3_errmsg(to));
	return rc == SQLITE_DONE ? 0 : -1;
}

static int copy_file(
	const char *from, const char *to, int file, const struct db_progress *p, char why[300])
{
	struct sql source;
	sqlite3 *target = NULL;
	const struct sql_options o = {.read_only = true};
	if (sql_open(&source, from, &o, why) < 0)
		return -1;
	int rc = -1;
	sql_make_private(to);
	if (sqlite3_open(to, &target) == SQLITE_OK)
		rc = copy_pages(&source, target, file, p, why);
	else
		snprintf(why, 300, "cannot write %.200s: check owner, rights and room", to);
	if (sqlite3_close(target) != SQLITE_OK)
		rc = -1;
	sql_close(&source);
	return rc;
}

static int check_copy(const char *to, const char *part, int file, char why[300])
{
	if (check_file(part, why) < 0)
		return -1;
	char dest[PATH_SIZE], stale[PATH_SIZE];
	if (join(dest, to, names[file], "", why) < 0)
		return -1;
	/* The log of a file that lay here before does not belong to the new one. */
	if (join(stale, to, names[file], "-wal", why) == 0)
		unlink(stale);
	if (join(stale, to, names[file], "-shm", why) == 0)
		unlink(stale);
	if (rename(part, dest) == 0)
		return 0;
	snprintf(why, 300, "cannot rename %.150s: %s", part, strerror(errno));
	return -1;
}

static int make_target(const char *dir, const char *to, char why[300])
{
	struct stat a, b;
	if (mkdir(to, 0700) < 0 && errno != EEXIST) {
		snprintf(why, 300, "cannot make the folder %.200s: %s", to, strerror(errno));
		return -1;
	}
	if (stat(dir, &a) < 0 || stat(to, &b) < 0) {
		snprintf(why, 300, "cannot look at %.100s: %s", to, strerror(errno));
		return -1;
	}
	if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
		snprintf(why, 300, "%.200s is the store itself: choose another folder", to);
		return -1;
	}
	return 0;
}

int db_copy(const char *dir, const char *to, const struct db_progress *p, char why[300])
{
	char from[PATH_SIZE], part[PATH_SIZE];
	if (make_target(dir, to, why) < 0)
		return -1;
	for (int i = 0; i < FILES; i++) {
		if (join(from, dir, names[i], "", why) < 0 ||
			join(part, to, names[i], ".part", why) < 0)
			return -1;
		unlink(part);
		if (copy_file(from, part, i, p, why) < 0 || check_copy(to, part, i, why) < 0) {
			unlink(part);
			return -1;
		}
	}
	return db_verify_chain(to, NULL, NULL, why);
}

int db_backup(struct db *db, const char *dir, void (*progress)(void *arg, int percent), void *arg,
	char why[300])
{
	const struct db_progress p = {progress, arg};
	return db_copy(db->cfg.dir, dir, &p, why);
}
