#include "db/sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 5000
#define WAL_FRAMES                                                                                 \
	1000 /* 4 MB: copied in a few milliseconds, so that nobody waits long behind it */

static void remember(struct sql *s, int code, const char *text)
{
	const char *name = strrchr(s->path, '/');
	s->code = code;
	snprintf(s->error, sizeof s->error, "%s: %s (%.160s)", name ? name + 1 : s->path,
		s->handle ? sqlite3_errmsg(s->handle) : sqlite3_errstr(code), text);
}

int sql_exec(struct sql *s, const char *text)
{
	int rc = sqlite3_exec(s->handle, text, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	remember(s, sqlite3_extended_errcode(s->handle), text);
	return -1;
}

sqlite3_stmt *sql_prepare(struct sql *s, const char *text)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v3(s->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) ==
			SQLITE_OK &&
		st)
		return st;
	remember(s, sqlite3_extended_errcode(s->handle), text);
	return NULL;
}

int sql_prepare_all(struct sql *s, const struct sql_prepared *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		*list[i].out = sql_prepare(s, list[i].text);
		if (!*list[i].out)
			return -1;
	}
	return 0;
}

int sql_step(struct sql *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE) {
		remember(s, sqlite3_extended_errcode(s->handle), sqlite3_sql(st));
		sqlite3_reset(st);
		return -1;
	}
	sqlite3_reset(st);
	return 0;
}

int sql_run(struct sql *s, sqlite3_stmt *st)
{
	int rc;
	do {
		rc = sql_step(s, st);
	} while (rc > 0);
	return rc;
}

int sql_int(struct sql *s, const char *text, int64_t missing, int64_t *out)
{
	sqlite3_stmt *st = sql_prepare(s, text);
	if (!st)
		return -1;
	int rc = sql_step(s, st);
	if (rc >= 0)
		*out = rc ? sqlite3_column_int64(st, 0) : missing;
	sqlite3_finalize(st);
	return rc < 0 ? -1 : 0;
}

void sql_rollback(struct sql *s)
{
	if (s->handle && !sqlite3_get_autocommit(s->handle))
		sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int on_commit(void *arg, sqlite3 *handle, const char *name, int frames)
{
	((struct sql *)arg)->wal_frames = frames;
	return SQLITE_OK;
}

void sql_checkpoint(struct sql *s)
{
	if (s->wal_frames < s->wal_limit)
		return;
	int frames = 0, copied = 0;
	sqlite3_wal_checkpoint_v2(s->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
	/* All copied: the next commit begins the log anew. A reader in the way: try again later. */
	s->wal_limit = copied >= frames ? WAL_FRAMES : frames + WAL_FRAMES;
	s->wal_frames = 0;
}

bool sql_is_transient(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return true;
	default:
		return false;
	}
}

bool sql_is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

void sql_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	if (s)
		sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

void sql_bind_optional(sqlite3_stmt *st, int i, bool has, int64_t v)
{
	if (has)
		sqlite3_bind_int64(st, i, v);
	else
		sqlite3_bind_null(st, i);
}

void sql_bind_optional_real(sqlite3_stmt *st, int i, bool has, double v)
{
	if (has)
		sqlite3_bind_double(st, i, v);
	else
		sqlite3_bind_null(st, i);
}

static int apply_pragmas(struct sql *s, const struct sql_options *o)
{
	char text[400];
	snprintf(text, sizeof text,
		"PRAGMA synchronous=%s; PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY;"
		"PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;%s",
		o->full_sync ? "FULL" : "NORMAL", o->cache_kb ? o->cache_kb : 4096,
		o->read_only ? "PRAGMA query_only=ON;" : "");
	if (sql_exec(s, text) < 0)
		return -1;
	if (o->read_only)
		return 0;
	if (sql_exec(s, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
			"PRAGMA journal_size_limit=67108864;") < 0)
		return -1;
	/* After the PRAGMA, which takes any hook away. */
	s->wal_limit = WAL_FRAMES;
	sqlite3_wal_hook(s->handle, on_commit, s);
	return 0;
}

/* A file of another program must not be written to. An empty one (id 0, no tables) is ours. */
static int check_owner(struct sql *s, const struct sql_options *o)
{
	int64_t id, tables;
	if (sql_int(s, "PRAGMA application_id", 0, &id) < 0 ||
		sql_int(s, "SELECT count(*) FROM sqlite_master", 0, &tables) < 0)
		return -1;
	if (id == SQL_APPLICATION_ID)
		return 0;
	if (id != 0 || tables != 0 || o->read_only) {
		s->code = SQLITE_NOTADB;
		snprintf(s->error, sizeof s->error, "not a store of depotd");
		return -1;
	}
	char text[60];
	snprintf(text, sizeof text, "PRAGMA application_id=%d", SQL_APPLICATION_ID);
	return sql_exec(s, text);
}

static void explain(const struct sql *s, char why[300])
{
	if (sql_is_damage(s->code))
		snprintf(why, 300,
			"%s is damaged or not ours (%.80s): restore it from a backup, or move it"
			" away",
			s->path, s->error);
	else if ((s->code & 0xff) == SQLITE_CANTOPEN || (s->code & 0xff) == SQLITE_READONLY)
		snprintf(
			why, 300, "cannot write %s: check owner and rights of the folder", s->path);
	else if ((s->code & 0xff) == SQLITE_FULL)
		snprintf(why, 300, "disk full at %s: make room and start again", s->path);
	else
		snprintf(why, 300, "cannot open %s: %.200s", s->path, s->error);
}

void sql_make_private(const char *path)
{
	/* O_EXCL: closing a file that SQLite has open would drop its locks. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

int sql_open(struct sql *s, const char *path, const struct sql_options *o, char why[300])
{
	memset(s, 0, sizeof *s);
	s->path = sqlite3_mprintf("%s", path);
	if (!s->path) {
		snprintf(why, 300, "no memory to open %s", path);
		return -1;
	}
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    (o->read_only ? 0 : SQLITE_OPEN_CREATE);
	if (!o->read_only && path[0])
		sql_make_private(path);
	int rc = sqlite3_open_v2(path, &s->handle, flags, NULL);
	if (rc != SQLITE_OK) {
		remember(s, s->handle ? sqlite3_extended_errcode(s->handle) : rc, "open");
		goto fail;
	}
	sqlite3_extended_result_codes(s->handle, 1);
	sqlite3_busy_timeout(s->handle, BUSY_MS);
	if (check_owner(s, o) < 0 || apply_pragmas(s, o) < 0)
		goto fail;
	return 0;
fail:
	explain(s, why);
	sql_close(s);
	return -1;
}

void sql_close(struct sql *s)
{
	sqlite3_stmt *st;
	while (s->handle && (st = sqlite3_next_stmt(s->handle, NULL)) != NULL)
		sqlite3_finalize(st);
	if (s->handle)
		sqlite3_close(s->handle);
	sqlite3_free((char *)s->path);
	s->handle = NULL;
	s->path = NULL;
}
