/*
 * Readings of one transaction: samples of its EVSE in its time from the series, and the registers
 * that its events have in the journal, which outlive them. By time and name, a page at a time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/metering/values.h"
#include "db/query.h"
#include "db/query_log.h"
#include "gen/event.h"

#define EVENTS_MAX 10000
#define REGISTER   "import_wh"
#define PAGE_MAX   5000

struct row {
	wall_t at;
	const char *what; /* the point's last part */
	double value;
	int64_t seq_no; /* -1: not known */
	bool is_suspect, is_series;
};

struct query {
	const char *station, *id, *error;
	wall_t after_at;
	const char *after; /* NULL: from the first */
	int limit;
	bool is_csv;
	struct db_transaction_list found;
	struct db_sample_list samples;
	struct db_journal_page events;
};

/* -- reading, on a reader thread ------------------------------------------------------------- */

static int read_samples(struct db_reader *r, struct ask *k, struct query *q)
{
	const struct db_transaction *t = &q->found.items[0];
	wall_t from = t->started_at.ms ? t->started_at : t->heard_at;
	wall_t to = t->open ? clock_wall() : t->ended_at;
	const char *folder = arena_printf(k->arena, "evse/%s/%" PRId64, t->station, t->evse);

	if (!t->has_evse)
		return 0;
	return db_query_samples(r, folder, from, to, q->after_at,
		q->after ? arena_printf(k->arena, "%s/%s", folder, q->after) : NULL, q->limit + 1,
		k->arena, &q->samples);
}

static void work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	struct db_transaction_filter one = {.station = q->station, .id = q->id, .limit = 1};
	struct db_journal_filter f = {
		.stream = arena_printf(k->arena, "transaction/%s/%s", q->station, q->id),
		.type = "TransactionReported",
		.limit = EVENTS_MAX};

	if (db_query_transactions(r, &one, k->arena, &q->found) != 0 ||
		(q->found.count > 0 && (read_samples(r, k, q) != 0 ||
					       db_query_journal(r, &f, k->arena, &q->events) != 0)))
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

/* -- one list of both ------------------------------------------------------------------------ */

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int names = strcmp(x->what, y->what);

	if (x->at.ms != y->at.ms)
		return x->at.ms < y->at.ms ? -1 : 1;
	/* Of two that are the same the one of the series comes first. */
	return names ? names : (int)y->is_series - (int)x->is_series;
}

static bool is_behind(const struct query *q, wall_t at, const char *what)
{
	return !q->after || at.ms > q->after_at.ms ||
	       (at.ms == q->after_at.ms && strcmp(what, q->after) > 0);
}

static const struct event_transaction_reported *event_of(
	struct ask *k, const struct db_journal_event *e)
{
	struct schema_error err;
	int type;

	return db_event_decode(e, k->arena, &type, &err);
}

/* All rows of this page and some of the next. NULL: no memory. */
static struct row *collect(struct ask *k, const struct query *q, size_t *count)
{
	size_t n = 0;
	struct row *rows =
		arena_alloc(k->arena, (q->samples.count + q->events.count + 1) * sizeof *rows);

	for (size_t i = 0; rows && i < q->samples.count; i++) {
		const struct db_sample *s = &q->samples.items[i];

		rows[n++] = (struct row){
			s->at, strrchr(s->point, '/') + 1, s->value, -1, s->quality != 0, true};
	}
	for (size_t i = 0; rows && i < q->events.count; i++) {
		const struct event_transaction_reported *t = event_of(k, &q->events.items[i]);

		if (t && t->has_meter_wh && t->has_meter_at && is_behind(q, t->meter_at, REGISTER))
			rows[n++] = (struct row){t->meter_at, REGISTER, t->meter_wh, t->seq_no,
				t->quarantined != NULL, false};
	}
	if (rows)
		qsort(rows, n, sizeof *rows, by_time);
	*count = n;
	return rows;
}

/* A register that both have is one reading, of which the journal knows the event. */
static size_t unite(struct row *rows, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct row *last = n > 0 ? &rows[n - 1] : NULL;

		if (last && last->at.ms == rows[i].at.ms && strcmp(last->what, rows[i].what) == 0) {
			if (last->seq_no < 0)
				last->seq_no = rows[i].seq_no;
			continue;
		}
		rows[n++] = rows[i];
	}
	return n;
}

/* -- answers --------------------------------------------------------------------------------- */

static void view(struct ask *k, const struct row *r, struct api_meter_value_view *out)
{
	struct values_part p;

	values_parse(r->what, &p);
	*out = (struct api_meter_value_view){
		.at = r->at,
		.measurand = arena_strdup(k->arena, p.measurand),
		.phase = p.phase[0] ? arena_strdup(k->arena, p.phase) : NULL,
		.location = p.location[0] ? arena_strdup(k->arena, p.location) : NULL,
		.value = r->value,
		.unit = p.unit[0] ? p.unit : NULL,
		.quality = r->is_suspect ? "suspect" : "good",
		.has_seq_no = r->seq_no >= 0,
		.seq_no = r->seq_no,
		.source = r->is_series ? "series" : "journal",
	};
}

/* No field can hold a comma or a quote: names are those of OCPP and of meters' phases. */
static void reply_csv(struct ask *k, const struct api_meter_value_list *list)
{
	struct text t;
	char at[WALL_TEXT_SIZE];

	text_init(&t, 0);
	text_puts(&t, "at,measurand,phase,location,value,unit,quality,seq_no,source\r\n");
	for (size_t i = 0; i < list->values.count; i++) {
		const struct api_meter_value_view *v = &list->values.items[i];

		text_printf(&t, "%s,%s,%s,%s,%.15g,%s,%s,", wall_format(v->at, at), v->measurand,
			v->phase ? v->phase : "", v->location ? v->location : "", v->value,
			v->unit ? v->unit : "", v->quality);
		if (v->has_seq_no)
			text_printf(&t, "%lld", (long long)v->seq_no);
		text_printf(&t, ",%s\r\n", v->source);
	}
	if (list->next && k->x)
		http_header(k->x, "link",
			arena_printf(k->arena, "<?format=csv&limit=%d&cursor=%s>; rel=\"next\"",
				((const struct query *)k->state)->limit, list->next));
	if (text_ok(&t))
		ask_reply_text(k, 200, "text/csv; charset=utf-8; header=present", t.data, t.len);
	else
		ask_problem(k, 503, NULL, "no memory for the readings");
	text_finish(&t);
}

static void finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_meter_value_list out = {0};
	size_t count = 0;
	struct row *rows = q->error ? NULL : collect(k, q, &count);

	if (rows == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
		return;
	}
	if (q->found.count == 0) {
		ask_problem(k, 404, NULL,
			"there is no such transaction; GET /api/v1/transactions?station=… lists "
			"them");
		return;
	}
	count = unite(rows, count);
	if (count > (size_t)q->limit) {
		count = (size_t)q->limit;
		out.next = arena_printf(
			k->arena, "%" PRId64 "~%s", rows[count - 1].at.ms, rows[count - 1].what);
	}
	out.values.items = arena_alloc(k->arena, (count + 1) * sizeof *out.values.items);
	for (size_t i = 0; out.values.items && i < count; i++)
		view(k, &rows[i], &out.values.items[i]);
	out.values.count = out.values.items ? count : 0;
	if (q->is_csv)
		reply_csv(k, &out);
	else
		ask_reply(k, 200, &api_meter_value_list_type, &out);
}

/* -- the question ---------------------------------------------------------------------------- */

static bool read_format(struct ask *k, struct query *q)
{
	const char *format = ask_query(k, "format"), *accept = http_request_header(k->x, "accept");

	if (format && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0) {
		ask_problem(k, 400, "format", "format: must be json or csv");
		return false;
	}
	q->is_csv = format ? strcmp(format, "csv") == 0
			   : strncmp(accept, "text/csv", strlen("text/csv")) == 0;
	return true;
}

static bool read_cursor(struct ask *k, struct query *q)
{
	const char *cursor = ask_query(k, "cursor");
	char *end;

	if (!cursor)
		return true;
	q->after_at.ms = strtoll(cursor, &end, 10);
	if (end == cursor || *end != '~') {
		ask_problem(k, 400, "cursor", "cursor: it is none of ours");
		return false;
	}
	q->after = end + 1;
	return true;
}

void transaction_values_get(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));
	int64_t limit = 1000;

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	k->state = q;
	if (!ask_int(k, "limit", 1, PAGE_MAX, &limit) || !read_format(k, q) || !read_cursor(k, q))
		return;
	q->station = ask_station(k, k->match.param[0]);
	q->id = k->match.param[1];
	q->limit = (int)limit;
	ask_read(k, work, finish);
}
