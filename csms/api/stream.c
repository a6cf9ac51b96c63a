/*
 * Event streams: one snapshot when a page comes, then only what changed: soon after it was told, at
 * the latest twice a second.
 *
 * All streams share one memory of what was last said of each thing (csms/api/stream_patch.h), so the
 * cost of a tick does not grow with the number of pages. When the set of things changes, everybody
 * gets a new snapshot. Who gets one is where the memory is: it is made at the same moment.
 *
 * Who is limited to nodes shares no such memory: they get the overview of what is theirs anew when
 * anything changed, once a second at most, and those of one scope only each tick.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "csms/api/reach.h"
#include "csms/api/stream_patch.h"
#include "csms/station/refusal.h"
#include "csms/view/tongue.h"

#define TICK_MS    500 /* of real time */
#define SOON_MS    50 /* … but what a station or a vehicle told is shown as soon … */
#define SOON_PART  10 /* … unless that would take more than this part of the time */
#define LIMITED_MS 1000 /* between two overviews of those who are limited */
#define BEAT_TICKS (10 * TICK_MS / SOON_MS)

struct stream {
	struct streams *hub;
	struct http_exchange *x;
	struct auth_who who;
	bool is_snapshots; /* whole overviews only */
	enum tongue tongue; /* of who reads it */
	bool is_owed; /* limited: something changed since the last overview, which was sent … */
	int64_t sent_ms;
	struct stream *prev, *next;
};

struct streams {
	struct api *api;
	struct stream *list;
	int count, max;
	struct changes changes;
	uint64_t reported; /* the same of what vehicles told of themselves */
	int64_t waited_ms; /* since the last look, of real time … */
	int64_t look_ms; /* … which took so long */
	uint64_t shape; /* digest of all names */
	int64_t id; /* of the last event */
	int beat; /* ticks since anything was sent */
	int look; /* ticks since anybody was asked whether he may still listen */
	struct timer timer;
};

struct streams *streams_create(struct api *api, int max)
{
	struct streams *h = calloc(1, sizeof(*h));

	if (h != NULL) {
		h->api = api;
		h->changes.core = api->core;
		h->max = max;
	}
	return h;
}

int streams_count(const struct streams *h)
{
	return h->count;
}

/* -- sending --------------------------------------------------------------------------------- */

static void stream_free(struct stream *s)
{
	DL_DELETE(s->hub->list, s);
	s->hub->count--;
	free(s);
}

static void stream_gone(void *arg)
{
	stream_free(arg);
}

static void event_begin(struct streams *h, struct text *t, const char *event)
{
	text_printf(t, "id: %lld\nevent: %s\ndata: ", (long long)++h->id, event);
}

static void snapshot_write(
	struct streams *h, const struct auth_who *who, struct arena *a, struct text *t)
{
	const struct api_overview *view = reach_overview(&(struct scope){h->api->core, who}, a);

	if (view == NULL)
		return;
	event_begin(h, t, "overview");
	schema_encode(&api_overview_type, view, t);
	text_puts(t, "\n\n");
}

/* In its reader's language. */
static void send_in(struct stream *s, struct tongue_texts *said)
{
	const struct text *t = tongue_text(said, s->tongue);

	if (text_ok(t) && t->len > 0)
		http_stream_send(s->x, t->data, t->len);
}

/* To all streams of that kind of people with the whole depot; those that cannot take it are closed by
 * the server. */
static void send_all(struct streams *h, const struct text *t, bool snapshots, bool patches)
{
	struct stream *s, *next;
	struct tongue_texts said;

	tongue_texts_init(&said, t);
	DL_FOREACH_SAFE (h->list, s, next)
		if (!scope_is_limited(&s->who) && (s->is_snapshots ? snapshots : patches))
			send_in(s, &said);
	tongue_texts_finish(&said);
}

static bool wants_snapshots(const struct streams *h)
{
	const struct stream *s;

	DL_FOREACH (h->list, s)
		if (s->is_snapshots && !scope_is_limited(&s->who))
			return true;
	return false;
}

/* -- to those who are limited ---------------------------------------------------------------- */

static int64_t real_ms(void)
{
	return clock_real_us() / 1000;
}

static void owe(struct streams *h)
{
	struct stream *s;

	DL_FOREACH (h->list, s)
		s->is_owed = scope_is_limited(&s->who);
}

/* An overview to all who have the nodes of `first`. */
static void pay(struct streams *h, const struct auth_who *first)
{
	struct arena *a = arena_create(ASK_ARENA_MAX);
	struct stream *s, *next;
	struct tongue_texts said;
	struct text t;

	text_init(&t, 0);
	if (a != NULL)
		snapshot_write(h, first, a, &t);
	tongue_texts_init(&said, &t);
	DL_FOREACH_SAFE (h->list, s, next) {
		if (!scope_is_limited(&s->who) || !scope_is_same(&s->who, first))
			continue;
		s->is_owed = false;
		s->sent_ms = real_ms();
		send_in(s, &said);
	}
	tongue_texts_finish(&said);
	text_finish(&t);
	arena_destroy(a);
}

/* Those who wait longest come first: whoever was paid goes to the end by its time. */
static void pay_one(struct streams *h)
{
	const struct stream *first = NULL, *s;
	struct auth_who who;

	DL_FOREACH (h->list, s)
		if (s->is_owed && (first == NULL || s->sent_ms < first->sent_ms))
			first = s;
	if (first == NULL || real_ms() - first->sent_ms < LIMITED_MS)
		return;
	who = first->who;
	pay(h, &who);
}

static void end_strangers(struct streams *h)
{
	struct stream *s, *next;

	DL_FOREACH_SAFE (h->list, s, next)
		if (!auth_alive(h->api->auth, &s->who)) {
			http_stream_end(s->x);
			stream_free(s);
		}
}

static void beat(struct streams *h)
{
	struct stream *s, *next;
	struct text t;

	h->beat = 0;
	text_init(&t, 0);
	text_puts(&t, ": beat\n\n");
	DL_FOREACH_SAFE (h->list, s, next)
		http_stream_send(s->x, t.data, t.len);
	text_finish(&t);
}

/* The patch as an event, or a snapshot in its place when things came or went. */
static void tick_send(struct streams *h, struct patch *p, bool is_reshaped)
{
	struct text t;
	char at[WALL_TEXT_SIZE];

	if (p->out.len == 0 && !is_reshaped)
		return;
	h->beat = 0;
	owe(h);
	text_init(&t, 0);
	if (is_reshaped || wants_snapshots(h)) {
		snapshot_write(h, &(struct auth_who){0}, p->arena, &t);
		send_all(h, &t, true, is_reshaped);
		text_clear(&t);
	}
	if (!is_reshaped) {
		event_begin(h, &t, "patch");
		text_printf(&t, "{\"at\":\"%s\"", wall_format(clock_wall(), at));
		text_put(&t, p->out.data, p->out.len);
		text_puts(&t, "}\n\n");
		send_all(h, &t, false, true);
	}
	text_finish(&t);
}

static void tick(void *arg);

static void arm(struct streams *h)
{
	timer_start(h->api->core->timers, &h->timer, (int64_t)(SOON_MS * clock_speed()), tick, h);
}

/* Is it time to look at everything? */
static bool is_due(struct streams *h)
{
	const struct fleet *f = &h->api->core->fleet;
	bool is_news = h->reported != f->reported || h->changes.revision != f->revision;

	h->waited_ms += SOON_MS;
	return h->waited_ms >= TICK_MS || (is_news && h->waited_ms >= h->look_ms * SOON_PART);
}

/* `all`: at stations too that said nothing new; whole overviews follow. */
static void look(struct streams *h, bool all)
{
	int64_t start = clock_real_us() / 1000;
	uint64_t shape = changes_shape(h->api->core);
	bool is_reshaped = shape != h->shape;
	struct arena *a;
	struct patch p;

	h->waited_ms = 0;
	h->reported = h->api->core->fleet.reported;
	if ((a = arena_create(ASK_ARENA_MAX)) != NULL) {
		h->shape = shape;
		patch_init(&p, &h->changes, a);
		patch_build(&p, all || is_reshaped);
		tick_send(h, &p, is_reshaped);
		patch_finish(&p);
		arena_destroy(a);
	}
	h->look_ms = clock_real_us() / 1000 - start;
}

static void tick(void *arg)
{
	struct streams *h = arg;

	if (h->list == NULL)
		return;
	if (is_due(h))
		look(h, false);
	pay_one(h);
	if (++h->look >= BEAT_TICKS) { /* however much there is to tell */
		h->look = 0;
		end_strangers(h);
	}
	if (++h->beat >= BEAT_TICKS)
		beat(h);
	arm(h);
}

/* -- coming and going ------------------------------------------------------------------------ */

/* Takes the present state as said: for the first stream after a time without any. */
static void baseline(struct streams *h, struct arena *a)
{
	struct patch p;

	patch_init(&p, &h->changes, a);
	patch_build(&p, true);
	patch_finish(&p);
	h->shape = changes_shape(h->api->core);
	h->beat = 0;
	arm(h);
}

static void stream_start(
	struct streams *h, struct http_exchange *x, const struct auth_who *who, bool snapshots)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct arena *a = arena_create(ASK_ARENA_MAX);
	struct tongue_texts said;
	struct text t;

	text_init(&t, 0);
	tongue_texts_init(&said, &t);
	if (s == NULL || a == NULL) {
		http_reply(x, 503, "text/plain", "no memory\n", 10);
		goto out;
	}
	*s = (struct stream){.hub = h, .x = x, .who = *who, .is_snapshots = snapshots};
	s->tongue = tongue_of(http_request_header(x, "accept-language"));
	if (http_stream_begin(x, "text/event-stream", stream_gone, s) != 0)
		goto out; /* 503 was sent */
	if (h->list == NULL)
		baseline(h, a);
	else if (!snapshots && !scope_is_limited(who))
		look(h, true); /* the next patch goes on from the overview that he gets now */
	DL_APPEND(h->list, s);
	h->count++;
	text_puts(&t, "retry: 2000\n");
	snapshot_write(h, who, a, &t);
	s->sent_ms = real_ms();
	send_in(s, &said);
	s = NULL;
out:
	free(s);
	tongue_texts_finish(&said);
	text_finish(&t);
	arena_destroy(a);
}

void streams_open(struct streams *h, struct ask *k)
{
	const char *snapshots = ask_query(k, "snapshots");
	bool is_snapshots = snapshots != NULL && strcmp(snapshots, "1") == 0;
	struct auth_who who = k->who;

	if (h->count >= h->max) {
		refusal_limit(k->api->core, LIMIT_STREAMS, k->peer);
		http_header(k->x, "retry-after", "10");
		ask_problem(k, 503, NULL, "%d event streams are open, which is the limit", h->max);
		return;
	}
	stream_start(h, ask_take(k), &who, is_snapshots);
}

void streams_destroy(struct streams *h)
{
	struct stream *s, *next;

	if (h == NULL)
		return;
	timer_stop(h->api->core->timers, &h->timer);
	DL_FOREACH_SAFE (h->list, s, next) {
		http_stream_end(s->x);
		stream_free(s);
	}
	changes_forget(&h->changes);
	free(h);
}
