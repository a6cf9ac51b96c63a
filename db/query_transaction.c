#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/query.h"
#include "db/query_core.h"
#include "db/seqset.h"

#define MISSING_GAPS 12

static const char select_all[] =
	"SELECT transactions.id, station, transaction_id, open, heard_at, last_at, events, samples, seqs,"
	" seqs_over, start_seq, started_at, end_seq, ended_at, stopped_reason, evse_seq, evse,"
	" connector, token, token_type, token_status, vehicle, remote_start_id, quarantined,"
	" charging_state, begin_wh, meter_wh, meter_at, power_w, power_at, soc_pct, soc_at,"
	" (SELECT cost_micro FROM transaction_costs AS k WHERE k.depot=transactions.depot"
	"  AND k.station=transactions.station AND k.transaction_id=transactions.transaction_id),"
	" (SELECT currency FROM transaction_costs AS k WHERE k.depot=transactions.depot"
	"  AND k.station=transactions.station AND k.transaction_id=transactions.transaction_id)"
	", cable_max_a, phases_used, charging_s, reservation_id"
	" FROM transactions LEFT JOIN transaction_details AS d ON d.id=transactions.id"
	" WHERE depot=?1";

/* What is missing between the known ends, "start" when Started itself is. */
static void judge(struct query *q, struct db_transaction *t, int64_t start, int64_t end, bool over)
{
	struct seqset set = {0};
	struct text missing;
	text_init(&missing, 190);
	if (!t->seqs || seqset_parse(&set, t->seqs) < 0 || over)
		text_puts(&missing, "too many gaps to list");
	else if (set.count) {
		int64_t low = start >= 0 ? start : set.items[0].low;
		int64_t high = end >= 0 ? end : set.items[set.count - 1].high;
		if (start < 0)
			text_puts(&missing, seqset_covers(&set, low, high) ? "start" : "start, ");
		seqset_missing(&set, low, high, MISSING_GAPS, &missing);
		t->complete = start >= 0 && end >= 0 && seqset_covers(&set, start, end);
	}
	if (missing.len)
		t->missing = arena_strndup(q->arena, missing.data, missing.len);
	text_finish(&missing);
	seqset_finish(&set);
}

static void read_values(struct query *q, struct db_transaction *t, int i)
{
	t->has_begin_wh = !query_is_null(q, i);
	t->begin_wh = sqlite3_column_double(q->st, i++);
	t->has_meter_wh = !query_is_null(q, i);
	t->meter_wh = sqlite3_column_double(q->st, i++);
	t->meter_at = query_time(q, i++);
	t->has_power_w = !query_is_null(q, i);
	t->power_w = sqlite3_column_double(q->st, i++);
	t->power_at = query_time(q, i++);
	t->has_soc_pct = !query_is_null(q, i);
	t->soc_pct = sqlite3_column_double(q->st, i++);
	t->soc_at = query_time(q, i++);
	t->has_cost = !query_is_null(q, i);
	t->cost_micro = query_int(q, i++);
	t->currency = query_text(q, i++);
	t->has_cable_max_a = !query_is_null(q, i);
	t->cable_max_a = query_int(q, i++);
	t->has_phases_used = !query_is_null(q, i);
	t->phases_used = query_int(q, i++);
	t->has_charging_s = !query_is_null(q, i);
	t->charging_s = query_int(q, i++);
	t->has_reservation_id = !query_is_null(q, i);
	t->reservation_id = query_int(q, i++);
	if (t->has_begin_wh && t->has_meter_wh && t->meter_wh > t->begin_wh)
		t->energy_wh = t->meter_wh - t->begin_wh;
}

static void read_transaction(struct query *q, struct db_transaction *t)
{
	int i = 0;
	t->number = query_int(q, i++);
	t->station = query_text(q, i++);
	t->id = query_text(q, i++);
	t->open = query_int(q, i++);
	t->heard_at = query_time(q, i++);
	t->last_at = query_time(q, i++);
	t->events = query_int(q, i++);
	t->samples = query_int(q, i++);
	t->seqs = query_text(q, i++);
	bool over = query_int(q, i++);
	int64_t start = query_is_null(q, i) ? -1 : query_int(q, i);
	t->started_at = query_time(q, ++i);
	i++;
	int64_t end = query_is_null(q, i) ? -1 : query_int(q, i);
	t->ended_at = query_time(q, ++i);
	t->stopped_reason = query_text(q, ++i);
	t->has_evse = !query_is_null(q, ++i);
	t->evse = query_int(q, ++i);
	t->has_connector = !query_is_null(q, ++i);
	t->connector = query_int(q, i);
	t->token = query_text(q, ++i);
	t->token_type = query_text(q, ++i);
	t->token_status = query_text(q, ++i);
	t->vehicle = query_text(q, ++i);
	t->has_remote_start_id = !query_is_null(q, ++i);
	t->remote_start_id = query_int(q, i);
	t->quarantined = query_text(q, ++i);
	t->charging_state = query_text(q, ++i);
	read_values(q, t, ++i);
	judge(q, t, start, end, over);
}

/* Cursor: "time.number" of the last item of the page before. */
static void after_cursor(struct query *q, const char *cursor)
{
	int64_t at, number;
	if (!cursor)
		return;
	if (sscanf(cursor, "%" SCNd64 ".%" SCNd64, &at, &number) != 2) {
		query_fail(q, "the cursor is none of ours");
		return;
	}
	char condition[120];
	snprintf(condition, sizeof condition,
		" AND (heard_at, transactions.id) < (%" PRId64 ", %" PRId64 ")", at, number);
	query_add(q, condition);
}

static void add_filter(struct query *q, const struct db_transaction_filter *f)
{
	query_and_text(q, "station=?", f->station);
	query_and_text(q, "station IN (SELECT value FROM json_each(?))", f->within);
	query_and_text(q, "transaction_id=?", f->id);
	query_and_text(q, "vehicle=?", f->vehicle);
	query_and_text(q, "token=?", f->token);
	if (f->state != DB_ANY_STATE)
		query_add(q, f->state == DB_OPEN ? " AND open" : " AND NOT open");
	query_and_int(q, "heard_at>=?", f->from.ms != 0, f->from.ms);
	query_and_int(q, "heard_at<?", f->to.ms != 0, f->to.ms);
	after_cursor(q, f->cursor);
	query_add(q, " ORDER BY heard_at DESC, transactions.id DESC");
}

int db_query_transactions(struct db_reader *r, const struct db_transaction_filter *f,
	struct arena *a, struct db_transaction_list *out)
{
	struct query q;
	struct db_transaction_list list = {0};
	query_init(&q, r, &r->depot, a, true, select_all);
	add_filter(&q, f);
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_transaction *t = QUERY_ITEM(&q, &list);
		if (t)
			read_transaction(&q, t);
	}
	if (query_finish(&q) < 0)
		return -1;
	if (list.items && list.count == limit) {
		const struct db_transaction *last = &list.items[list.count - 1];
		list.next =
			arena_printf(a, "%" PRId64 ".%" PRId64, last->heard_at.ms, last->number);
	}
	*out = list;
	return 0;
}

int db_query_transaction_sum(struct db_reader *r, const struct db_transaction_filter *f,
	struct arena *a, struct db_transaction_sum *out)
{
	struct query q;

	*out = (struct db_transaction_sum){0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT open, quarantined IS NOT NULL, max(0, meter_wh - begin_wh)"
		" FROM transactions WHERE depot=?1");
	add_filter(&q, f);
	query_limit(&q, f->limit);
	while (query_next(&q)) {
		out->sessions++;
		out->open += query_int(&q, 0);
		out->quarantined += query_int(&q, 1);
		out->energy_wh += sqlite3_column_double(q.st, 2);
	}
	return query_finish(&q);
}

bool db_transaction_has(const struct db_transaction *t, int64_t seq_no)
{
	struct seqset set = {0};
	bool has =
		t->seqs && seqset_parse(&set, t->seqs) == 0 && seqset_covers(&set, seq_no, seq_no);
	seqset_finish(&set);
	return has;
}
