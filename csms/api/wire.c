/*
 * The wire log: messages as they were, alone or in pairs, a page at a time or all of them as JSON
 * lines. An export goes in pieces: one query of a bounded size, then as much as the client takes,
 * then the next; neither the loop nor a reader is held up by a slow client or a long log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/scope.h"
#include "csms/view/words_people.h"
#include "db/query.h"
#include "db/query_log.h"

#define PIECE_FRAMES 500
#define PIECE_BYTES  (256u << 10) /* of texts in one query … */
#define ANSWER_MS    30000 /* an answer that is not there by then does not come */
#define SLICE_BYTES  (256u << 10) /* … and of lines in one send */

/* "1" or "0"; absent: untouched. False: answered. */
static bool read_flag(struct ask *k, const char *name, bool *out)
{
	const char *text = ask_query(k, name);

	if (text != NULL && strcmp(text, "1") != 0 && strcmp(text, "0") != 0) {
		ask_problem(k, 400, name, "%s is 1 or 0", name);
		return false;
	}
	if (text != NULL)
		*out = text[0] == '1';
	return true;
}

/* Conditions that a page and an export share. False: answered. */
static bool read_filter(struct ask *k, struct db_wire_filter *f)
{
	if (!ask_time(k, "from", &f->from) || !ask_time(k, "to", &f->to) ||
		!read_flag(k, "faulty", &f->faulty))
		return false;
	f->direction = ask_query(k, "direction");
	if (f->direction != NULL && strcmp(f->direction, "in") != 0 &&
		strcmp(f->direction, "out") != 0) {
		ask_problem(k, 400, "direction", "direction is in or out");
		return false;
	}
	f->station = ask_station(k, ask_query(k, "station"));
	f->within = scope_stations(&(struct scope){k->api->core, &k->who}, k->arena);
	f->action = ask_query(k, "action");
	f->contains = ask_query(k, "text");
	f->error = ask_query(k, "error");
	f->pair = ask_query(k, "message_id");
	return true;
}

static const char *direction(const struct db_wire_frame *f)
{
	return f->direction == DB_FRAME_IN ? "in" : "out";
}

static void view_frame(const struct db_wire_frame *f, struct api_wire_frame *out)
{
	*out = (struct api_wire_frame){
		.at = f->at,
		.station = f->station,
		.direction = direction(f),
		.message_id = f->pair,
		.action = f->action,
		.verdict = f->verdict,
		.text = f->text,
	};
}

static void view_pair(const struct db_wire_pair *p, struct api_wire_pair *out)
{
	const struct db_wire_frame *f = &p->request;

	*out = (struct api_wire_pair){
		.at = f->at,
		.station = f->station,
		.direction = direction(f),
		.message_id = f->pair,
		.action = f->action,
		.request = f->text,
		.verdict = f->verdict,
		.has_latency_ms = p->reply.id != 0,
		.latency_ms = wall_diff_ms(p->reply.at, f->at),
		.reply = p->reply.text,
		.reply_verdict = p->reply.verdict,
	};
}

/* -- a page ---------------------------------------------------------------------------------- */

struct page {
	struct db_wire_filter filter;
	bool is_pairs;
	struct db_wire_page frames;
	struct db_wire_pair_page pairs;
	const char *error;
};

static void page_work(struct db_reader *r, struct ask *k)
{
	struct page *p = k->state;
	int rc = p->is_pairs ? db_query_wire_pairs(r, &p->filter, k->arena, &p->pairs)
			     : db_query_wire(r, &p->filter, k->arena, &p->frames);

	if (rc != 0)
		p->error = arena_strdup(k->arena, db_reader_error(r));
}

static bool view_page(struct ask *k, const struct page *p, struct api_wire_page *out)
{
	out->frames.items = arena_alloc(k->arena, sizeof(*out->frames.items) * p->frames.count + 1);
	out->pairs.items = arena_alloc(k->arena, sizeof(*out->pairs.items) * p->pairs.count + 1);
	if (out->frames.items == NULL || out->pairs.items == NULL)
		return false;
	out->frames.count = p->frames.count;
	for (size_t i = 0; i < p->frames.count; i++)
		view_frame(&p->frames.items[i], &out->frames.items[i]);
	out->pairs.count = p->pairs.count;
	for (size_t i = 0; i < p->pairs.count; i++)
		view_pair(&p->pairs.items[i], &out->pairs.items[i]);
	return true;
}

static bool is_wrong(const struct api_wire_pair *p)
{
	return p->verdict != NULL || p->reply_verdict != NULL ||
	       (p->reply != NULL && strncmp(p->reply, "[4,", 3) == 0);
}

static void say(struct ask *k, struct api_wire_page *out)
{
	struct words_wire n = {.requests = (int)out->pairs.count, .is_newest = out->next != NULL};
	wall_t now = clock_wall();
	struct text t;

	for (size_t i = 0; i < out->pairs.count; i++) {
		const struct api_wire_pair *p = &out->pairs.items[i];
		bool is_old = wall_diff_ms(now, p->at) > ANSWER_MS;

		n.wrong += is_wrong(p) || (p->reply == NULL && is_old);
		n.waiting += p->reply == NULL && !is_old && !is_wrong(p);
	}
	text_init(&t, 0);
	words_wire_sentence(&t, &n);
	out->sentence = arena_strdup(k->arena, t.data);
	text_clear(&t);
	words_wire_sub(&t, &n);
	out->sub = arena_strdup(k->arena, t.data);
	text_finish(&t);
}

static void page_finish(struct ask *k)
{
	const struct page *p = k->state;
	int64_t next = p->is_pairs ? p->pairs.next : p->frames.next;
	struct api_wire_page page = {0};

	if (p->error != NULL || !view_page(k, p, &page)) {
		ask_problem(
			k, 503, NULL, "the store: %s", p->error != NULL ? p->error : "no memory");
		return;
	}
	/* A number of 64 bits: as text, since JSON's numbers end at 53. */
	if (next != 0)
		page.next = arena_printf(k->arena, "%lld", (long long)next);
	page.has_searched_to = p->is_pairs && p->pairs.searched_to.ms != 0;
	page.searched_to = p->pairs.searched_to;
	if (p->is_pairs)
		say(k, &page);
	ask_reply(k, 200, &api_wire_page_type, &page);
}

void wire_get(struct ask *k)
{
	struct page *p = arena_alloc(k->arena, sizeof(*p));
	int64_t limit = 100;

	k->state = p;
	if (p == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	if (!ask_int(k, "limit", 1, 1000, &limit) ||
		!ask_int(k, "before", 0, INT64_MAX, &p->filter.before) ||
		!ask_int(k, "slower", 0, 120000, &p->filter.slower_ms) ||
		!read_flag(k, "pairs", &p->is_pairs) || !read_filter(k, &p->filter))
		return;
	p->filter.limit = (int)limit;
	ask_read(k, page_work, page_finish);
}

/* -- an export ------------------------------------------------------------------------------- */

struct wire_export {
	struct api *api; /* NULL: it ended meanwhile */
	struct http_exchange *x; /* NULL: nobody reads it any more */
	struct db_wire_filter filter; /* strings are owned */
	struct arena *piece; /* of the query under way */
	struct db_wire_page frames;
	struct text lines;
	size_t sent; /* of the lines */
	bool is_reading, is_last, has_failed, is_csv;
	struct wire_export *prev, *next;
};

static char *keep(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

static void export_free(struct wire_export *e)
{
	const char *owned[] = {e->filter.station, e->filter.action, e->filter.contains,
		e->filter.error, e->filter.pair, e->filter.direction, e->filter.within};

	if (e->api != NULL)
		DL_DELETE(e->api->exports, e);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free((char *)owned[i]);
	arena_destroy(e->piece);
	text_finish(&e->lines);
	free(e);
}

/* A query under way ends first: the reader works on this memory. */
static void export_gone(void *arg)
{
	struct wire_export *e = arg;

	e->x = NULL;
	if (!e->is_reading)
		export_free(e);
}

static void export_end(struct wire_export *e)
{
	http_stream_end(e->x);
	export_free(e);
}

/* A cell of RFC 4180, last in its line or not. What a spreadsheet would take for a formula is text. */
static void put_cell(struct text *t, const char *s, char end)
{
	text_putc(t, '"');
	if (s != NULL && s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL)
		text_putc(t, '\'');
	for (; s != NULL && *s != '\0'; s++) {
		if (*s == '"')
			text_putc(t, '"');
		text_putc(t, *s);
	}
	text_putc(t, '"');
	text_putc(t, end);
}

static void put_csv(struct text *t, const struct api_wire_frame *f)
{
	char at[WALL_TEXT_SIZE];

	put_cell(t, wall_format(f->at, at), ',');
	put_cell(t, f->station, ',');
	put_cell(t, f->direction, ',');
	put_cell(t, f->message_id, ',');
	put_cell(t, f->action, ',');
	put_cell(t, f->verdict, ',');
	put_cell(t, f->text, '\n');
}

static void piece_work(struct db_reader *r, void *arg)
{
	struct wire_export *e = arg;

	e->frames = (struct db_wire_page){0};
	if (e->is_csv && e->filter.after == 0)
		text_puts(&e->lines, "at,station,direction,message_id,action,verdict,text\n");
	e->has_failed = db_query_wire(r, &e->filter, e->piece, &e->frames) != 0;
	for (size_t i = 0; !e->has_failed && i < e->frames.count; i++) {
		struct api_wire_frame view;

		view_frame(&e->frames.items[i], &view);
		if (e->is_csv) {
			put_csv(&e->lines, &view);
			continue;
		}
		schema_encode(&api_wire_frame_type, &view, &e->lines);
		text_putc(&e->lines, '\n');
	}
}

static void export_pump(void *arg);

static void piece_done(void *arg)
{
	struct wire_export *e = arg;

	e->is_reading = false;
	arena_destroy(e->piece);
	e->piece = NULL;
	if (e->x == NULL) {
		export_free(e);
		return;
	}
	/* A line that is no frame says that it is not the end of the log. */
	if (e->has_failed || !text_ok(&e->lines)) {
		text_clear(&e->lines);
		text_puts(&e->lines,
			e->is_csv ? "\"\",\"the store could not be read on; try again\"\n"
				  : "{\"error\":\"the store could not be read on; try again\"}\n");
	}
	e->is_last = e->has_failed || e->frames.next == 0;
	e->filter.after = e->frames.next;
	export_pump(e);
}

static void read_piece(struct wire_export *e)
{
	text_clear(&e->lines);
	e->sent = 0;
	e->piece = arena_create(ASK_ARENA_MAX);
	e->is_reading = true;
	if (e->piece == NULL || db_read(e->api->core->db, piece_work, piece_done, e) != 0) {
		e->has_failed = true;
		piece_done(e);
	}
}

/* What was queued has left: more of this piece, the next one, or the end. */
static void export_pump(void *arg)
{
	struct wire_export *e = arg;
	size_t rest = e->lines.len - e->sent;
	size_t slice = rest < SLICE_BYTES ? rest : SLICE_BYTES;

	if (e->is_reading)
		return;
	if (slice > 0) {
		e->sent += slice;
		if (http_stream_send(e->x, e->lines.data + e->sent - slice, slice) > 0)
			export_end(e);
	} else if (e->is_last) {
		export_end(e);
	} else {
		read_piece(e);
	}
}

void wire_export(struct ask *k)
{
	struct db_wire_filter f = {
		.oldest_first = true, .limit = PIECE_FRAMES, .max_bytes = PIECE_BYTES};
	struct wire_export *e;
	struct api *api = k->api;
	const char *format = ask_query(k, "format");
	bool is_csv = format != NULL && strcmp(format, "csv") == 0;

	if (!read_filter(k, &f))
		return;
	if (format != NULL && !is_csv && strcmp(format, "jsonl") != 0) {
		ask_problem(k, 400, "format", "format is jsonl or csv");
		return;
	}
	if (f.to.ms == 0) /* what comes while it runs is not part of it */
		f.to = (wall_t){clock_wall().ms + 1};
	if ((e = calloc(1, sizeof(*e))) == NULL) {
		ask_problem(k, 503, NULL, "no memory for the export");
		return;
	}
	text_init(&e->lines, 64u << 20);
	e->filter = f;
	e->filter.station = keep(f.station);
	e->filter.within = keep(f.within);
	e->filter.action = keep(f.action);
	e->filter.contains = keep(f.contains);
	e->filter.error = keep(f.error);
	e->filter.pair = keep(f.pair);
	e->filter.direction = keep(f.direction);
	e->is_csv = is_csv;
	e->x = ask_take(k);
	if (http_stream_begin(e->x, is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
		    export_gone, e) != 0) {
		export_free(e); /* 503 was sent */
		return;
	}
	e->api = api;
	DL_APPEND(api->exports, e);
	http_stream_on_drained(e->x, export_pump);
	read_piece(e);
}

void wire_exports_end(struct api *api)
{
	struct wire_export *e, *next;

	DL_FOREACH_SAFE (api->exports, e, next) {
		DL_DELETE(api->exports, e);
		e->api = NULL;
		http_stream_end(e->x);
		e->x = NULL;
		if (!e->is_reading)
			export_free(e);
	}
}
