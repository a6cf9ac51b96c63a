/*
 * Query core: a SELECT built of conditions that may be absent, its rows copied into an arena.
 * For the files query_*.c only.
 */
#ifndef DB_QUERY_CORE_H
#define DB_QUERY_CORE_H

#include "db/reader.h"
#include "schemas/arena.h"
#include "schemas/text.h"

#define QUERY_BINDS 16

struct query {
	struct db_reader *reader;
	struct sql *sql;
	struct arena *arena;
	struct text text;
	struct {
		bool is_text;
		const char *text;
		int64_t number;
	} binds[QUERY_BINDS];
	int bind_count;
	sqlite3_stmt *st;
	bool failed;
};

/* `select` must end where a condition can follow: "SELECT … FROM … WHERE depot=?1" with the depot
 * as first parameter, or "… WHERE 1" with `with_depot` false. */
void query_init(struct query *q, struct db_reader *r, struct sql *s, struct arena *a,
	bool with_depot, const char *select);

/* " AND " condition, with one `?` for the value; nothing when the value is NULL or `has` false. */
void query_and_text(struct query *q, const char *condition, const char *value);
void query_and_int(struct query *q, const char *condition, bool has, int64_t value);

/* Text as it stands, without a value: conditions and the tail. */
void query_add(struct query *q, const char *text);

/* " LIMIT" of what the caller asked for, within the bounds of db/query.h; returns it. */
int query_limit(struct query *q, int wanted);

/* 1: a row stands ready; 0: no more, or failed. */
bool query_next(struct query *q);

/* 0, or -1 with the reader's error set. */
int query_finish(struct query *q);

/* Column values; texts are copied. */
const char *query_text(struct query *q, int column);
int64_t query_int(struct query *q, int column);
bool query_is_null(struct query *q, int column);
wall_t query_time(struct query *q, int column);

/* An event of `journal AS j` and `streams AS s`: its columns come first in the SELECT. */
#define QUERY_EVENT_COLUMNS                                                                        \
	"j.seq, j.version, s.name, j.type, j.type_version, j.at, j.received, j.cause,"             \
	" j.correlation, j.idem, j.actor, j.payload, j.hash"
#define QUERY_EVENT_COLUMN_COUNT 13
struct db_journal_event;
void query_read_event(struct query *q, struct db_journal_event *e);
/* The first row as event, *out NULL: there is none; ends the query. As query_finish(). */
int query_one_event(struct query *q, struct db_journal_event **out);

/* Room for one more item at the end of a list in the arena: returns the item, or NULL and the
 * query fails. */
void *query_item(struct query *q, void **items, size_t *count, size_t size);
#define QUERY_ITEM(q, list)                                                                        \
	query_item(q, (void **)&(list)->items, &(list)->count, sizeof *(list)->items)

/* The struct of the event at `seq` if it is of that type, or NULL. */
const void *query_event_of(struct query *q, int64_t seq, int type);

/* Marks the query as failed. */
void query_fail(struct query *q, const char *why);

#endif
