#include "db/query_alarm.h"
#include "db/query_core.h"

static void read_alarm(struct query *q, struct db_alarm *r)
{
	r->id = query_text(q, 0);
	r->kind = query_text(q, 1);
	r->subject = query_text(q, 2);
	r->rank = query_text(q, 3);
	r->text = query_text(q, 4);
	r->raised_at = query_time(q, 5);
	r->last_at = query_time(q, 6);
	r->count = query_int(q, 7);
	r->cleared_at = query_time(q, 8);
	r->owner = query_text(q, 9);
	r->taken_at = query_time(q, 10);
	r->aside_until = query_time(q, 11);
	r->note = query_text(q, 12);
}

int db_query_alarms(struct db_reader *r, bool open, const char *id, int limit, struct arena *a,
	struct db_alarm_list *out)
{
	struct query q;
	struct db_alarm_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, kind, subject, rank, text, raised_at, last_at, count, cleared_at,"
		" owner, taken_at, aside_until, note FROM alarms WHERE depot=?1");
	query_add(&q, open ? " AND cleared_at IS NULL" : " AND cleared_at IS NOT NULL");
	query_and_text(&q, "id=?", id);
	query_add(&q, " ORDER BY raised_at DESC, id DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_alarm *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		read_alarm(&q, row);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
