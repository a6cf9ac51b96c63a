#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/care.h"
#include "db/chain.h"
#include "db/lock.h"
#include "db/migrate.h"
#include "db/projection.h"
#include "db/upcast.h"
#include "gen/event.h"

#define CACHE_KB 32768

/* Applies the events of a walk to projections, which may be in another file. */
struct replay {
	struct sql *target;
	struct projections *projections;
	struct arena *arena;
};

static int apply(void *arg, const struct chain_event *e, char why[300])
{
	struct replay *p = arg;
	const struct hash_fields *f = &e->fields;
	struct schema_error err = {0};
	int type = upcast_find_type(f->type);
	arena_reset(p->arena);
	const void *payload =
		type < 0 ? NULL
			 : upcast_decode(&upcast_rows, &event_events[type], (int)f->type_version,
				   f->payload, f->payload_len, p->arena, &err);
	if (!payload) {
		snprintf(why, 300, "event %lld (%.60s) cannot be read: %.60s %.120s",
			(long long)f->seq, f->type, err.path,
			type < 0 ? "unknown type" : err.message);
		return -1;
	}
	const struct journal_entry entry = {
		.seq = f->seq,
		.depot = f->depot,
		.stream = f->stream,
		.stream_id = e->stream_id,
		.version = f->version,
		.type = type,
		.payload = payload,
		.at = {f->at_ms},
		.received = {f->received_ms},
		.actor = f->actor,
		.idem = f->idem,
	};
	if (projections_apply(p->projections, &entry) < 0) {
		snprintf(why, 300, "event %lld (%.60s) cannot be applied: %.200s",
			(long long)f->seq, f->type, p->target->error);
		return -1;
	}
	return 0;
}

/* Walks the journal of `source` into the (empty) projections of `target`. */
static int replay(struct sql *source, struct sql *target, const struct db_progress *progress,
	int64_t *events, char why[300])
{
	struct replay p = {.target = target, .arena = arena_create(0)};
	p.projections = p.arena ? projections_create(target, why) : NULL;
	const struct chain_visitor v = {.visit = apply, .arg = &p, .progress = progress};
	int rc = p.projections ? chain_walk(source, &v, events, why) : -1;
	projections_destroy(p.projections);
	arena_destroy(p.arena);
	return rc;
}

static int open_depot(struct sql *s, const char *dir, bool read_only, char why[300])
{
	char path[4096];
	const struct sql_options o = {
		.read_only = read_only, .full_sync = true, .cache_kb = CACHE_KB};
	if (snprintf(path, sizeof path, "%s/depot.db", dir) >= (int)sizeof path) {
		snprintf(why, 300, "the name of the data folder is too long");
		return -1;
	}
	return sql_open(s, path, &o, why);
}

/* -- comparing -------------------------------------------------------------------------------- */

static void show(sqlite3_stmt *st, int column, char *out, size_t size)
{
	const char *v = (const char *)sqlite3_column_text(st, column);
	snprintf(out, size, "%.40s", v ? v : "nothing");
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type = sqlite3_column_type(a, column);
	if (type != sqlite3_column_type(b, column))
		return false;
	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
	if (type == SQLITE_FLOAT) {
		double x = sqlite3_column_double(a, column), y = sqlite3_column_double(b, column);
		return memcmp(&x, &y, sizeof x) == 0;
	}
	int len = sqlite3_column_bytes(a, column);
	return len == sqlite3_column_bytes(b, column) &&
	       (!len || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column),
				(size_t)len) == 0);
}

static int compare_row(sqlite3_stmt *stored, sqlite3_stmt *computed, const char *table,
	int64_t number, char why[300])
{
	char has[48], wants[48], first[48], second[48];
	for (int i = 0; i < sqlite3_column_count(stored); i++) {
		if (same_value(stored, computed, i))
			continue;
		show(stored, i, has, sizeof has);
		show(computed, i, wants, sizeof wants);
		show(computed, 0, first, sizeof first);
		show(computed, 1, second, sizeof second);
		snprintf(why, 300, "%s, row %lld (%s, %s): %s is %s, the journal gives %s", table,
			(long long)number, first, second, sqlite3_column_name(stored, i), has,
			wants);
		return 1;
	}
	return 0;
}

static int compare_rows(struct sql *stored, struct sql *computed, sqlite3_stmt *a, sqlite3_stmt *b,
	const char *table, char why[300])
{
	for (int64_t number = 1;; number++) {
		int x = sql_step(stored, a), y = sql_step(computed, b);
		if (x < 0 || y < 0) {
			snprintf(why, 300, "%.299s", x < 0 ? stored->error : computed->error);
			return -1;
		}
		if (!x && !y)
			return 0;
		if (x != y) {
			snprintf(why, 300, "%s: %s after row %lld", table,
				x ? "there are more rows than the journal gives"
				  : "rows are missing",
				(long long)number - 1);
			return 1;
		}
		int rc = compare_row(a, b, table, number, why);
		if (rc)
			return rc;
	}
}

static int compare_table(
	struct sql *stored, struct sql *computed, const struct projection_table *t, char why[300])
{
	char select[200];
	snprintf(select, sizeof select, "SELECT * FROM %s ORDER BY %s", t->name, t->key);
	sqlite3_stmt *a = sql_prepare(stored, select), *b = sql_prepare(computed, select);
	int rc = -1;
	if (a && b)
		rc = compare_rows(stored, computed, a, b, t->name, why);
	else
		snprintf(why, 300, "%.299s", a ? computed->error : stored->error);
	sqlite3_finalize(a);
	sqlite3_finalize(b);
	return rc;
}

/* -- public ----------------------------------------------------------------------------------- */

static int check_against(struct sql *stored, struct sql *scratch, const struct db_progress *p,
	int64_t *events, char why[300])
{
	if (sql_exec(stored, "BEGIN") < 0 || sql_exec(scratch, "BEGIN") < 0) {
		snprintf(why, 300, "%.299s", stored->error);
		return -1;
	}
	int rc = replay(stored, scratch, p, events, why);
	for (const struct projection_table *t = projection_tables; t->name && rc == 0; t++)
		rc = compare_table(stored, scratch, t, why);
	sql_rollback(stored);
	sql_rollback(scratch);
	return rc;
}

int db_rebuild_check(const char *dir, const struct db_progress *p, int64_t *events, char why[300])
{
	struct sql stored, scratch;
	/* A file without a name: private, temporary, gone when closed. */
	const struct sql_options o = {.cache_kb = CACHE_KB};
	if (open_depot(&stored, dir, true, why) < 0)
		return -1;
	int rc = migrate_check(&stored, &migrate_depot, why);
	if (rc == 0)
		rc = sql_open(&scratch, "", &o, why);
	if (rc == 0) {
		rc = migrate_run(&scratch, &migrate_depot, why);
		if (rc == 0)
			rc = check_against(&stored, &scratch, p, events, why);
		sql_close(&scratch);
	}
	sql_close(&stored);
	return rc;
}

static int clear_tables(struct sql *s, char why[300])
{
	char text[80];
	for (const struct projection_table *t = projection_tables; t->name; t++) {
		snprintf(text, sizeof text, "DELETE FROM %s", t->name);
		if (sql_exec(s, text) < 0) {
			snprintf(why, 300, "%.299s", s->error);
			return -1;
		}
	}
	return 0;
}

int db_rebuild(const char *dir, const struct db_progress *p, int64_t *events, char why[300])
{
	struct sql s;
	int rc = -1;
	int lock = lock_take(dir, why);
	if (lock < 0)
		return -1;
	if (open_depot(&s, dir, false, why) < 0)
		goto out;
	if (migrate_run(&s, &migrate_depot, why) < 0)
		goto close;
	if (sql_exec(&s, "BEGIN IMMEDIATE") < 0)
		snprintf(why, 300, "%.299s", s.error);
	else if (clear_tables(&s, why) == 0 && replay(&s, &s, p, events, why) == 0) {
		rc = sql_exec(&s, "COMMIT");
		if (rc < 0)
			snprintf(why, 300, "%.299s", s.error);
	}
	sql_rollback(&s);
close:
	sql_close(&s);
out:
	lock_release(lock);
	return rc;
}

int db_check_anchor(const char *dir, int64_t seq, const char *hash, char why[300])
{
	struct sql s;
	sqlite3_stmt *st;
	int rc = -1;
	if (open_depot(&s, dir, true, why) < 0)
		return -1;
	st = sql_prepare(&s, "SELECT 1 FROM journal WHERE seq=?1 AND lower(hex(hash))=lower(?2)");
	if (st) {
		sqlite3_bind_int64(st, 1, seq);
		sqlite3_bind_text(st, 2, hash, -1, SQLITE_STATIC);
		rc = sql_step(&s, st);
	}
	if (rc < 0)
		snprintf(why, 300, "%.299s", s.error);
	else if (rc == 0)
		snprintf(why, 300,
			"the journal is not the one that the anchor was made of: its event %lld is "
			"another or is gone",
			(long long)seq);
	sqlite3_finalize(st);
	sql_close(&s);
	return rc > 0 ? 0 : -1;
}

int db_verify_chain(const char *dir, const struct db_progress *p, int64_t *events, char why[300])
{
	struct sql s;
	const struct chain_visitor v = {.progress = p};
	if (open_depot(&s, dir, true, why) < 0)
		return -1;
	int rc = chain_walk(&s, &v, events, why);
	sql_close(&s);
	return rc;
}
