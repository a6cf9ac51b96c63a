#include "db/query_envelope.h"
#include <stdio.h>
#include <string.h>
#include "db/query_core.h"
#include "db/query_log.h"

static void read_envelope(struct query *q, struct db_envelope *e)
{
	e->id = query_text(q, 0);
	e->node = query_text(q, 1);
	e->owner = query_text(q, 2);
	e->type = query_text(q, 3);
	e->kind = query_text(q, 4);
	e->priority = query_int(q, 5);
	e->grid = query_int(q, 6) != 0;
	e->reference = query_text(q, 7);
	e->why = query_text(q, 8);
	e->actor = query_text(q, 9);
	e->state = query_text(q, 10);
	e->urgent = query_int(q, 11) != 0;
	e->reason = query_text(q, 12);
	e->received_at = query_time(q, 13);
	e->moved_at = query_time(q, 14);
	e->decided_by = query_text(q, 15);
	e->decided_at = query_time(q, 16);
	e->replaced_by = query_text(q, 17);
	e->received_seq = query_int(q, 18);
	e->said = query_event_of(q, e->received_seq, EVENT_ENVELOPE_RECEIVED);
	e->left = query_event_of(q, query_int(q, 19), EVENT_ENVELOPE_REPLACED);
	e->judged = query_event_of(q, query_int(q, 20), EVENT_ENVELOPE_JUDGED);
}

int db_query_envelopes(struct db_reader *r, const struct db_envelope_filter *f, struct arena *a,
	struct db_envelope_list *out)
{
	static const char *const which[] = {
		[DB_ENVELOPES_ALL] = "",
		[DB_ENVELOPES_OPEN] = " AND state NOT IN ('expired','withdrawn','refused')",
		[DB_ENVELOPES_OVER] = " AND state IN ('expired','withdrawn','refused')",
	};
	struct query q;
	struct db_envelope_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT id, node, owner, type, kind, priority, grid, reference, why, actor, state,"
		" urgent, reason, received_at, moved_at, decided_by, decided_at, replaced_by,"
		" received_seq, blocks_seq, judged_seq FROM envelopes WHERE depot=?1");
	query_add(&q, which[f->which]);
	query_and_text(&q, "id=?", f->id);
	query_and_text(&q, "node=?", f->node);
	query_and_text(&q, "owner=?", f->owner);
	query_add(&q, " ORDER BY received_at DESC, received_seq DESC");
	query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_envelope *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		read_envelope(&q, row);
		if (!row->said) {
			query_fail(&q, "the event of an envelope is not in the journal");
			break;
		}
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_envelope_owners(
	struct db_reader *r, struct arena *a, struct db_envelope_owner_list *out)
{
	struct query q;
	struct db_envelope_owner_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT owner, silent, at, reason FROM envelope_owners WHERE depot=?1");
	query_limit(&q, 10000);
	while (query_next(&q)) {
		struct db_envelope_owner *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->owner = query_text(&q, 0);
		row->silent = query_int(&q, 1) != 0;
		row->at = query_time(&q, 2);
		row->reason = query_text(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_envelope_records(struct db_reader *r, const char *id, int limit, struct arena *a,
	struct db_envelope_record_list *out)
{
	struct query q;
	struct db_envelope_record_list list = {0};

	query_init(&q, r, &r->depot, a, true, "SELECT seq FROM envelope_records WHERE depot=?1");
	query_and_text(&q, "id=?", id);
	query_add(&q, " ORDER BY start_at DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_envelope_record *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->seq = query_int(&q, 0);
	}
	if (query_finish(&q) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct db_envelope_record *row = &list.items[i];
		struct db_journal_event *e;
		struct schema_error err;
		int type = -1;

		if (db_query_event(r, row->seq, a, &e) || !e)
			return -1;
		row->is = db_event_decode(e, a, &type, &err);
		row->at = e->at;
		row->hash = arena_strdup(a, e->hash);
		if (!row->is || type != EVENT_ENVELOPE_COMPLIED)
			return -1;
	}
	*out = list;
	return 0;
}

static int64_t time_of(struct db_reader *r, struct arena *a, int64_t seq)
{
	struct query q;
	int64_t ms = INT64_MAX;

	query_init(&q, r, &r->depot, a, false, "SELECT received FROM journal WHERE 1");
	query_and_int(&q, "seq>=?", true, seq);
	query_add(&q, " ORDER BY seq");
	query_limit(&q, 1);
	if (query_next(&q))
		ms = query_time(&q, 0).ms;
	query_finish(&q);
	return ms;
}

/* Times of receipt grow with the numbers of events, but for a clock that was set back: halving finds
 * where to begin without an index of times. */
static int64_t first_seq(struct db_reader *r, struct arena *a, int64_t ms)
{
	int64_t low = 0, high = INT64_C(1) << 40;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;

		if (time_of(r, a, mid) < ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int db_query_told(struct db_reader *r, wall_t from, wall_t to, int limit, struct arena *a,
	struct db_told_list *out)
{
	struct query q;
	struct db_told_list list = {0};
	int64_t first = first_seq(r, a, from.ms);

	query_init(&q, r, &r->depot, a, true,
		"SELECT j.seq, s.name, j.cause, j.at FROM journal AS j CROSS JOIN streams AS s"
		" ON s.id=j.stream WHERE s.depot=?1 AND j.type='SetpointChanged'");
	query_and_int(&q, "j.seq>?", true, first - 1);
	query_and_int(&q, "j.at>=?", true, from.ms);
	query_and_int(&q, "j.at<?", true, to.ms);
	query_add(&q, " ORDER BY j.seq");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_told *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->seq = query_int(&q, 0);
		row->station = query_text(&q, 1);
		row->cause = query_text(&q, 2);
		row->at = query_time(&q, 3);
		row->is = query_event_of(&q, row->seq, EVENT_SETPOINT_CHANGED);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
