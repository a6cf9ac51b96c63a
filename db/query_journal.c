#include <stdio.h>
#include <string.h>

#include "db/query_core.h"
#include "db/query_log.h"
#include "db/upcast.h"
#include "gen/event.h"

#define FEW_STREAMS 50 /* up to so many, their own index beats a walk through the journal */

static const char columns[] = "SELECT " QUERY_EVENT_COLUMNS " ";

static void put_hex(const unsigned char *bytes, int len, char out[65])
{
	for (int i = 0; i < len && i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void query_read_event(struct query *q, struct db_journal_event *e)
{
	e->seq = query_int(q, 0);
	e->version = query_int(q, 1);
	e->stream = query_text(q, 2);
	e->type = query_text(q, 3);
	e->type_version = (int)query_int(q, 4);
	e->at = query_time(q, 5);
	e->received = query_time(q, 6);
	e->cause = query_text(q, 7);
	e->correlation = query_text(q, 8);
	e->idem = query_text(q, 9);
	e->actor = query_text(q, 10);
	e->payload = query_text(q, 11);
	e->payload_len = (size_t)sqlite3_column_bytes(q->st, 11);
	const unsigned char *hash = sqlite3_column_blob(q->st, 12);
	if (hash)
		put_hex(hash, sqlite3_column_bytes(q->st, 12), e->hash);
}

/* End of the range of names that begin with `prefix`, which ends in '/': '0' follows it. */
static const char *prefix_end(struct arena *a, const char *prefix)
{
	size_t len = strlen(prefix);
	char *end = arena_strndup(a, prefix, len);
	if (end)
		end[len - 1]++;
	return end;
}

/* How many streams the filter names, counted up to FEW_STREAMS. */
static int64_t count_streams(struct db_reader *r, struct arena *a, const char *from, const char *to)
{
	struct query q;
	int64_t count = 0;
	query_init(&q, r, &r->depot, a, true, "SELECT 1 FROM streams WHERE depot=?1");
	query_and_text(&q, "name>=?", from);
	query_and_text(&q, "name<?", to);
	query_limit(&q, FEW_STREAMS + 1);
	while (query_next(&q))
		count++;
	query_finish(&q);
	return count;
}

static void select_streams(struct query *q, const struct db_journal_filter *f)
{
	struct db_reader *r = q->reader;
	size_t len = f->stream ? strlen(f->stream) : 0;
	const bool prefix = len && f->stream[len - 1] == '/';
	const char *end = prefix ? prefix_end(q->arena, f->stream) : NULL;
	struct arena *a = q->arena;
	const bool few =
		f->stream && (!prefix || count_streams(r, a, f->stream, end) <= FEW_STREAMS);
	char select[500];
	/* CROSS JOIN keeps the order of the tables: streams first, or the journal by seq first. */
	snprintf(select, sizeof select, "%s FROM %s WHERE s.depot=?1", columns,
		few ? "streams AS s CROSS JOIN journal AS j INDEXED BY journal_stream"
		      " ON j.stream=s.id"
		    : "journal AS j CROSS JOIN streams AS s ON s.id=j.stream");
	query_init(q, r, &r->depot, a, true, select);
	if (prefix) {
		query_and_text(q, "s.name>=?", f->stream);
		query_and_text(q, "s.name<?", end);
	} else {
		query_and_text(q, "s.name=?", f->stream);
	}
}

int db_query_journal(struct db_reader *r, const struct db_journal_filter *f, struct arena *a,
	struct db_journal_page *out)
{
	struct query q = {.reader = r, .arena = a};
	struct db_journal_page page = {0};
	select_streams(&q, f);
	query_and_text(&q, "j.type=?", f->type);
	query_and_int(&q, f->newest_first ? "j.seq<=?" : "j.seq>=?", f->from != 0, f->from);
	query_add(&q, f->newest_first ? " ORDER BY j.seq DESC" : " ORDER BY j.seq");
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_journal_event *e = QUERY_ITEM(&q, &page);
		if (!e)
			break;
		query_read_event(&q, e);
	}
	if (query_finish(&q) < 0)
		return -1;
	if (page.items && page.count == limit)
		page.next = page.items[limit - 1].seq + (f->newest_first ? -1 : 1);
	*out = page;
	return 0;
}

int query_one_event(struct query *q, struct db_journal_event **out)
{
	struct db_journal_page page = {0};
	if (query_next(q)) {
		struct db_journal_event *e = QUERY_ITEM(q, &page);
		if (e)
			query_read_event(q, e);
	}
	if (query_finish(q) < 0)
		return -1;
	*out = page.count ? page.items : NULL;
	return 0;
}

int db_query_event(struct db_reader *r, int64_t seq, struct arena *a, struct db_journal_event **out)
{
	struct query q;
	char select[400];
	snprintf(select, sizeof select,
		"%s FROM journal AS j JOIN streams AS s ON s.id=j.stream WHERE s.depot=?1",
		columns);
	query_init(&q, r, &r->depot, a, true, select);
	query_and_int(&q, "j.seq=?", true, seq);
	return query_one_event(&q, out);
}

int db_query_idem(struct db_reader *r, const char *stream, const char *idem, struct arena *a,
	struct db_journal_event **out)
{
	struct query q;
	char select[400];
	snprintf(select, sizeof select,
		"%s FROM streams AS s JOIN journal AS j ON j.stream=s.id WHERE s.depot=?1",
		columns);
	query_init(&q, r, &r->depot, a, true, select);
	query_and_text(&q, "s.name=?", stream);
	query_and_text(&q, "j.idem=?", idem);
	return query_one_event(&q, out);
}

void *db_event_decode(
	const struct db_journal_event *e, struct arena *a, int *type, struct schema_error *err)
{
	int t = upcast_find_type(e->type);
	if (t < 0) {
		*err = (struct schema_error){.fault = SCHEMA_UNKNOWN};
		snprintf(err->message, sizeof err->message, "no event is called %.60s", e->type);
		return NULL;
	}
	*type = t;
	return upcast_decode(&upcast_rows, &event_events[t], e->type_version, e->payload,
		e->payload_len, a, err);
}
