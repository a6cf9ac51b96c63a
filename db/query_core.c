#include "db/query_core.h"

#include <stdio.h>
#include <string.h>

#include "db/query.h"
#include "db/query_log.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     10000

const char *db_reader_error(const struct db_reader *r)
{
	return r->error;
}

void query_init(struct query *q, struct db_reader *r, struct sql *s, struct arena *a,
	bool with_depot, const char *select)
{
	memset(q, 0, sizeof *q);
	q->reader = r;
	q->sql = s;
	q->arena = a;
	text_init(&q->text, 0);
	text_puts(&q->text, select);
	if (with_depot) {
		q->binds[0].is_text = true;
		q->binds[0].text = r->depot_id;
		q->bind_count = 1;
	}
}

void query_add(struct query *q, const char *text)
{
	text_puts(&q->text, text);
}

/* `?` takes the number after the greatest so far, so values are counted in the order of adding. */
static bool add_condition(struct query *q, const char *condition)
{
	if (q->bind_count == QUERY_BINDS) {
		query_fail(q, "too many conditions");
		return false;
	}
	text_puts(&q->text, " AND ");
	text_puts(&q->text, condition);
	return true;
}

void query_and_text(struct query *q, const char *condition, const char *value)
{
	if (!value || !add_condition(q, condition))
		return;
	q->binds[q->bind_count].is_text = true;
	q->binds[q->bind_count++].text = value;
}

void query_and_int(struct query *q, const char *condition, bool has, int64_t value)
{
	if (!has || !add_condition(q, condition))
		return;
	q->binds[q->bind_count].is_text = false;
	q->binds[q->bind_count++].number = value;
}

int query_limit(struct query *q, int wanted)
{
	int limit = wanted <= 0 ? LIMIT_DEFAULT : wanted > LIMIT_MAX ? LIMIT_MAX : wanted;
	text_printf(&q->text, " LIMIT %d", limit);
	return limit;
}

void query_fail(struct query *q, const char *why)
{
	if (!q->failed)
		snprintf(q->reader->error, sizeof q->reader->error, "%s", why);
	q->failed = true;
}

static bool prepare(struct query *q)
{
	q->st = text_ok(&q->text) ? sql_prepare(q->sql, q->text.data) : NULL;
	if (!q->st) {
		query_fail(q, text_ok(&q->text) ? q->sql->error : "no memory");
		return false;
	}
	for (int i = 0; i < q->bind_count; i++) {
		if (q->binds[i].is_text)
			sql_bind_text(q->st, i + 1, q->binds[i].text);
		else
			sqlite3_bind_int64(q->st, i + 1, q->binds[i].number);
	}
	return true;
}

bool query_next(struct query *q)
{
	if (q->failed || (!q->st && !prepare(q)))
		return false;
	int rc = sql_step(q->sql, q->st);
	if (rc < 0)
		query_fail(q, (q->sql->code & 0xff) == SQLITE_INTERRUPT
				      ? "the query took too long: narrow it"
				      : q->sql->error);
	return rc > 0;
}

int query_finish(struct query *q)
{
	sqlite3_finalize(q->st);
	text_finish(&q->text);
	return q->failed ? -1 : 0;
}

const char *query_text(struct query *q, int column)
{
	const char *s = (const char *)sqlite3_column_text(q->st, column);
	if (!s)
		return NULL;
	char *copy = arena_strndup(q->arena, s, (size_t)sqlite3_column_bytes(q->st, column));
	if (!copy)
		query_fail(q, "the answer is too big");
	return copy;
}

int64_t query_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->st, column);
}

bool query_is_null(struct query *q, int column)
{
	return sqlite3_column_type(q->st, column) == SQLITE_NULL;
}

wall_t query_time(struct query *q, int column)
{
	return (wall_t){sqlite3_column_int64(q->st, column)};
}

void *query_item(struct query *q, void **items, size_t *count, size_t size)
{
	/* The list doubles at each power of two; what it leaves behind lives on in the arena. */
	if (*count == 0 || (*count >= 8 && (*count & (*count - 1)) == 0)) {
		void *bigger = arena_alloc(q->arena, (*count ? *count * 2 : 8) * size);
		if (!bigger) {
			query_fail(q, "the answer is too big");
			return NULL;
		}
		if (*count)
			memcpy(bigger, *items, *count * size);
		*items = bigger;
	}
	return (char *)*items + size * (*count)++;
}

const void *query_event_of(struct query *q, int64_t seq, int type)
{
	struct db_journal_event *e;
	struct schema_error err;
	int found = -1;
	if (!seq)
		return NULL;
	if (db_query_event(q->reader, seq, q->arena, &e) < 0) {
		q->failed = true;
		return NULL;
	}
	const void *payload = e ? db_event_decode(e, q->arena, &found, &err) : NULL;
	return found == type ? payload : NULL;
}
