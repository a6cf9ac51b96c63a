/*
 * Fetching series of prices: each at its own pace, with a time limit. What fails is tried again
 * after one, two, four … minutes; after BROKEN failures in a row the circuit is open: it is asked
 * once in its usual pace only, and closes with the first answer that is good. Meanwhile what is in
 * the store counts, and what is reckoned with behind it (csms/money/price_series.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/net/http_client.h"
#include "csms/log.h"
#include "csms/money/prices_private.h"

#define MINUTE_MS 60000
#define BROKEN    5
#define FIRST_MS  1000 /* after the start */
#define URL_MAX   1200

/* -- what is asked for -------------------------------------------------------------------------- */

/* Values of the placeholders. */
struct words {
	char from[20], to[20], from_iso[WALL_TEXT_SIZE], to_iso[WALL_TEXT_SIZE], date[20];
	const char *token;
};

static void compact(int64_t ms, char out[20])
{
	struct calendar_zone utc = {0};
	struct calendar_time t;

	calendar_local(&utc, ms, &t);
	snprintf(out, 20, "%04d%02d%02d%02d%02d", t.day.year, t.day.month, t.day.day, t.minute / 60,
		t.minute % 60);
}

static void fill_words(const struct price_feed *f, struct words *w)
{
	const struct depot_price_fetch *row = f->state.row->fetch;
	struct calendar_day from, to;
	struct calendar_time now;
	int64_t today, a, b;

	calendar_local(prices_zone(f->prices), clock_wall().ms, &now);
	today = calendar_number(now.day.year, now.day.month, now.day.day);
	calendar_of_number(today - row->days_back, &from);
	calendar_of_number(today + row->days_ahead, &to);
	a = calendar_begin_ms(prices_zone(f->prices), &from);
	b = calendar_begin_ms(prices_zone(f->prices), &to);
	compact(a, w->from);
	compact(b, w->to);
	wall_format((wall_t){a}, w->from_iso);
	wall_format((wall_t){b}, w->to_iso);
	snprintf(w->date, sizeof w->date, "%04d-%02d-%02d", now.day.year, now.day.month,
		now.day.day);
	w->token = f->token;
}

static const char *word_of(const struct words *w, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} rows[] = {
		{"from", w->from},
		{"to", w->to},
		{"from_iso", w->from_iso},
		{"to_iso", w->to_iso},
		{"date", w->date},
		{"token", w->token},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return rows[i].value;
	return NULL;
}

/* The text with its placeholders filled in; what is none stays. -1: too long. */
static int expand(const char *text, const struct words *w, char *out, size_t size)
{
	size_t n = 0;

	while (*text) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		const char *word = end ? word_of(w, text + 1, (size_t)(end - text - 1)) : NULL;
		size_t len = word ? strlen(word) : 1;

		if (n + len + 1 > size)
			return -1;
		memcpy(out + n, word ? word : text, len);
		n += len;
		text = word ? end + 1 : text + 1;
	}
	out[n] = '\0';
	return 0;
}

/* The address for people and the journal: without its query, where keys stand. */
static void show_address(const char *url, char out[200])
{
	snprintf(out, 200, "%.*s", (int)strcspn(url, "?"), url);
}

/* -- one try ------------------------------------------------------------------------------------ */

static void on_time(void *arg);

static void plan_next(struct price_feed *f, int64_t ms)
{
	f->state.next_at = wall_add_ms(clock_wall(), ms);
	timer_start(f->prices->core->timers, &f->timer, ms, on_time, f);
}

static void failed(struct price_feed *f, const char *why)
{
	struct price_state *s = &f->state;
	int64_t usual = s->row->fetch->every_min * MINUTE_MS, wait;

	s->failures += s->failures < 1000;
	snprintf(s->trouble, sizeof s->trouble, "%s", why);
	wait = s->failures < BROKEN ? (int64_t)MINUTE_MS << (s->failures - 1) : usual;
	if (s->failures == BROKEN)
		log_warn("prices of %s: %d failures in a row, now tried every %d min: %s",
			s->row->id, BROKEN, (int)(usual / MINUTE_MS), why);
	else
		log_info("prices of %s: %s", s->row->id, why);
	s->is_broken = s->failures >= BROKEN;
	plan_next(f, wait < usual ? wait : usual);
	prices_series_watch(f->prices);
}

static void succeeded(struct price_feed *f)
{
	if (f->state.is_broken)
		log_info("prices of %s: fetched again", f->state.row->id);
	f->state.failures = 0;
	f->state.is_broken = false;
	plan_next(f, f->state.row->fetch->every_min * MINUTE_MS);
}

static void take(struct price_feed *f, const struct http_outcome *o)
{
	struct price_points *points = malloc(sizeof *points);
	char why[300] = "out of memory", told[301], from[200];
	int rc = -1;

	show_address(f->state.row->fetch->url, from);
	if (points && price_read(f->state.row, o->body, o->len, points, why) == 0)
		rc = prices_take(f->prices, f->index, points, from, "fetch", NULL, NULL, why);
	free(points);
	if (rc >= 0) {
		succeeded(f);
		return;
	}
	snprintf(told, sizeof told, "the answer of %.100s cannot be used: %.170s", from, why);
	failed(f, told);
}

static void on_answer(void *arg, const struct http_outcome *o)
{
	struct price_feed *f = arg;
	char told[301], from[200];

	f->call = NULL;
	show_address(f->state.row->fetch->url, from);
	if (o->status == 200) {
		take(f, o);
		return;
	}
	if (o->status)
		snprintf(told, sizeof told, "%.150s answered %d", from, o->status);
	else
		snprintf(told, sizeof told, "%.120s gave no answer: %.160s", from, o->why);
	failed(f, told);
}

static void ask(struct price_feed *f)
{
	const struct depot_price_fetch *row = f->state.row->fetch;
	char url[URL_MAX], header[URL_MAX] = "";
	struct words w;
	struct http_call_spec spec = {.method = "GET",
		.url = url,
		.headers = {header},
		.ca_file = row->ca,
		.timeout_ms = (int)row->timeout_s * 1000,
		.tries = 1,
		.answer_max = PRICE_DOCUMENT_MAX,
		.done = on_answer,
		.arg = f};

	f->state.tried_at = clock_wall();
	fill_words(f, &w);
	if (f->why_not[0]) {
		failed(f, f->why_not);
		return;
	}
	if (!row->header)
		spec.headers[0] = NULL;
	if (expand(row->url, &w, url, sizeof url) < 0 ||
		(row->header && expand(row->header, &w, header, sizeof header) < 0)) {
		failed(f, "its address is too long");
		return;
	}
	f->call = http_client_send(f->prices->http, &spec);
	if (!f->call)
		failed(f, "its address cannot be called, or too many calls are under way");
}

static void on_time(void *arg)
{
	ask(arg);
}

int prices_fetch_now(struct prices *p, int i)
{
	struct price_feed *f = p->feeds[i];

	if (!f->state.row->fetch || !p->http)
		return -1;
	if (!f->call)
		ask(f);
	return 0;
}

/* -- life --------------------------------------------------------------------------------------- */

/* The secret of the address, one line of a file that only depotd can read. */
static void read_token(struct price_feed *f)
{
	const char *path = f->state.row->fetch->token_file;
	FILE *file = path ? fopen(path, "r") : NULL;

	f->token[0] = '\0';
	if (!path)
		return;
	if (!file || !fgets(f->token, sizeof f->token, file))
		snprintf(f->why_not, sizeof f->why_not,
			"the file of its token, %.150s, cannot be read: put the token there and "
			"start depotd again",
			path);
	f->token[strcspn(f->token, "\r\n")] = '\0';
	if (file)
		fclose(file);
	if (strncmp(f->state.row->fetch->url, "https://", 8) != 0 &&
		strncmp(f->state.row->fetch->url, "http://127.0.0.1", 16) != 0)
		snprintf(f->why_not, sizeof f->why_not,
			"a token goes over https only: change the address");
}

int prices_fetch_start(struct prices *p)
{
	if (!p->core->loop)
		return 0;
	for (int i = 0; i < p->feed_count; i++) {
		struct price_feed *f = p->feeds[i];

		if (!f->state.row->fetch)
			continue;
		if (!p->http && !(p->http = http_client_create(p->core->loop)))
			return -1;
		read_token(f);
		plan_next(f, FIRST_MS);
	}
	return 0;
}

void prices_fetch_stop(struct prices *p)
{
	for (int i = 0; i < p->feed_count; i++)
		timer_stop(p->core->timers, &p->feeds[i]->timer);
	http_client_destroy(p->http);
	p->http = NULL;
}
