#include "db/query_audit.h"

#include <string.h>

#include "db/migrate.h"
#include "db/query_core.h"

/* How far behind an event the line of its request may stand, which is written with the answer. */
#define REQUEST_AHEAD "5000"

#define IS_REFUSED                                                                                 \
	"(j.type IN ('SignInRefused','StationRefused','LimitReached')"                             \
	" OR (j.type='RequestMade' AND json_extract(j.payload, '$.status')>=400))"

/* Where it came from is said by the request's line alone; both name the request. */
static const char select_rows[] =
	"SELECT " QUERY_EVENT_COLUMNS ", ifnull(json_extract(j.payload, '$.peer'),"
	" (SELECT json_extract(q.payload, '$.peer') FROM journal AS q INDEXED BY journal_audit"
	"  WHERE " MIGRATE_AUDIT(
		"q.") " AND q.seq>j.seq AND q.seq<j.seq+" REQUEST_AHEAD
		      "  AND q.correlation=j.correlation AND q.type='RequestMade' LIMIT 1)),"
		      " json_extract(j.payload, '$.why'),"
		      " " IS_REFUSED
		      " FROM journal AS j INDEXED BY journal_audit CROSS JOIN streams AS s ON s.id=j.stream"
		      " WHERE s.depot=?1 AND " MIGRATE_AUDIT("j.");

static const char select_events[] =
	"SELECT " QUERY_EVENT_COLUMNS
	" FROM journal AS j CROSS JOIN streams AS s ON s.id=j.stream WHERE s.depot=?1";

/* The value itself, or all that begin with it when it ends so. */
static void and_prefix(
	struct query *q, const char *is, const char *begins, const char *value, const char *ends)
{
	size_t len = value ? strlen(value) : 0;

	query_and_text(q, len && strchr(ends, value[len - 1]) ? begins : is, value);
}

static void read_row(struct query *q, struct db_audit_page *page)
{
	struct db_journal_event *e = QUERY_ITEM(q, &page->events);
	struct db_audit_note *n = e ? QUERY_ITEM(q, page) : NULL;

	if (!n)
		return;
	query_read_event(q, e);
	n->peer = query_text(q, QUERY_EVENT_COLUMN_COUNT);
	n->why = query_text(q, QUERY_EVENT_COLUMN_COUNT + 1);
	n->refused = query_int(q, QUERY_EVENT_COLUMN_COUNT + 2) != 0;
}

int db_query_audit(struct db_reader *r, const struct db_audit_filter *f, struct arena *a,
	struct db_audit_page *out)
{
	struct query q;
	struct db_audit_page page = {0};

	query_init(&q, r, &r->depot, a, true, select_rows);
	and_prefix(&q, "j.actor=?", "instr(j.actor, ?)=1", f->who, ":");
	and_prefix(&q, "s.name=?", "instr(s.name, ?)=1", f->about, "/");
	query_and_text(&q, "j.type=?", f->type);
	query_and_text(&q, "j.correlation=?", f->request);
	query_and_text(&q, "instr(lower(j.payload), lower(?))>0", f->text);
	query_and_int(&q, "j.received>=?", f->from.ms != 0, f->from.ms);
	query_and_int(&q, "j.received<?", f->to.ms != 0, f->to.ms);
	query_and_int(&q, "j.seq<?", f->before != 0, f->before);
	if (f->refused)
		query_add(&q, " AND " IS_REFUSED);
	query_add(&q, " ORDER BY j.seq DESC");
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q))
		read_row(&q, &page);
	if (query_finish(&q) < 0)
		return -1;
	if (page.count && page.count == limit)
		page.events.next = page.events.items[limit - 1].seq;
	*out = page;
	return 0;
}

int db_query_audit_before(struct db_reader *r, const struct db_journal_event *e, struct arena *a,
	struct db_journal_event **out)
{
	struct query q;

	query_init(&q, r, &r->depot, a, true, select_events);
	query_and_text(&q, "s.name=?", e->stream);
	query_and_int(&q, "j.version<?", true, e->version);
	query_and_int(&q, "j.version>=?", true, e->version - AUDIT_BACK);
	query_and_text(&q, "j.type=?", e->type);
	query_add(&q, " ORDER BY j.version DESC LIMIT 1");
	return query_one_event(&q, out);
}

int db_query_audit_head(struct db_reader *r, struct arena *a, struct db_journal_event **out)
{
	struct query q;

	query_init(&q, r, &r->depot, a, true, select_events);
	query_add(&q, " ORDER BY j.seq DESC LIMIT 1");
	return query_one_event(&q, out);
}
