/*
 * SQLite behind a narrow seam: a connection with our pragmas, statements that are prepared once,
 * and errors that carry the file and the SQL text.
 *
 * A connection belongs to one thread at a time. Rows are bound and read with sqlite3_bind_… and
 * sqlite3_column_… by the modules of this room; everything that can fail goes through here.
 */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_APPLICATION_ID 0x64657074 /* "dept" */

struct sql {
	sqlite3 *handle;
	const char *path;
	int wal_frames; /* in the write-ahead log after the last commit */
	int wal_limit; /* copy them into the file from here on */
	int code; /* extended SQLite code of the last failure */
	char error[300]; /* "depot.db: disk I/O error (INSERT INTO …)" */
};

struct sql_options {
	bool read_only; /* query_only: for readers; the file must exist */
	bool full_sync; /* synchronous=FULL: what was committed survives a power cut */
	int cache_kb;
};

/* Opens (creates, unless read_only) the file in WAL mode. -1 with `why` as one line that says what
 * to do; `s` is then closed. */
int sql_open(struct sql *s, const char *path, const struct sql_options *o, char why[300]);

/* Makes an empty file that only its owner can read, if there is none: the store holds hashes of
 * passwords. Its log takes the same rights. */
void sql_make_private(const char *path);

/* Finalizes all statements and closes. Safe on a closed connection. */
void sql_close(struct sql *s);

/* Runs statements that return nothing. */
int sql_exec(struct sql *s, const char *text);

/* Prepares a statement that lives until sql_close(). NULL with s->error. */
sqlite3_stmt *sql_prepare(struct sql *s, const char *text);

/* Prepares each `*out[i]` from `text[i]`. */
struct sql_prepared {
	sqlite3_stmt **out;
	const char *text;
};
int sql_prepare_all(struct sql *s, const struct sql_prepared *list, size_t count);

/* 1: a row; 0: done (statement is reset, bindings stay); -1: failed (reset too). */
int sql_step(struct sql *s, sqlite3_stmt *st);

/* Runs a prepared statement to its end: 0 or -1. */
int sql_run(struct sql *s, sqlite3_stmt *st);

/* The first column of the first row as integer; `missing` if there is no row. -1 on failure. */
int sql_int(struct sql *s, const char *text, int64_t missing, int64_t *out);

/* Rolls back if a transaction is open. */
void sql_rollback(struct sql *s);

/* Copies the write-ahead log into the file when it has grown long: commits do not do that by
 * themselves, so that those who wait for one are told before. */
void sql_checkpoint(struct sql *s);

/* True for failures that pass when the world outside changes: disk full, I/O error, busy. */
bool sql_is_transient(int code);

/* True when the file itself is broken. */
bool sql_is_damage(int code);

/* Binds text (NULL: SQL NULL) that stays in place until the statement has run. */
void sql_bind_text(sqlite3_stmt *st, int i, const char *s);
void sql_bind_optional(sqlite3_stmt *st, int i, bool has, int64_t v);
void sql_bind_optional_real(sqlite3_stmt *st, int i, bool has, double v);

#endif
