/*
 * Event streams: one snapshot when a page comes, then only what changed: soon after it was told, at
 * the latest twice a second.
 *
 * All streams share one memory of what was last said of each thing (a digest of its JSON), so the
 * cost of a tick does not grow with the number of pages. Stations and meters are looked at only
 * when their revision grew. When the set of things changes, everybody gets a new snapshot.
 *
 * Who is limited to nodes shares no such memory: they get the overview of what is theirs anew when
 * anything changed, once a second at most, and those of one scope only each tick.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "csms/api/reach.h"
#include "csms/envelope.h"
#include "csms/meters.h"
#include "csms/refusal.h"
#include "csms/view.h"

#define TICK_MS    500 /* of real time */
#define SOON_MS    50 /* … but what a station or a vehicle told is shown as soon … */
#define SOON_PART  10 /* … unless that would take more than this part of the time */
#define LIMITED_MS 1000 /* between two overviews of those who are limited */
#define BEAT_TICKS (10 * TICK_MS / SOON_MS)
#define KEY_BYTES  128

/* What was last said of one thing. */
struct said {
	char key[KEY_BYTES]; /* "e/CP-1/1" */
	uint64_t digest;
	UT_hash_handle hh;
};

struct stream {
	struct streams *hub;
	struct http_exchange *x;
	struct auth_who who;
	bool is_snapshots; /* whole overviews only */
	bool is_owed; /* limited: something changed since the last overview, which was sent … */
	int64_t sent_ms;
	struct stream *prev, *next;
};

struct streams {
	struct api *api;
	struct stream *list;
	int count, max;
	struct said *said;
	uint64_t revision; /* of the fleet, that was said */
	uint64_t envelopes; /* the same of theirs */
	uint64_t reported; /* the same of what vehicles told of themselves */
	int64_t waited_ms; /* since the last look, of real time … */
	int64_t look_ms; /* … which took so long */
	uint64_t shape; /* digest of all names */
	uint64_t sentence, stations_sentence;
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
		h->max = max;
	}
	return h;
}

int streams_count(const struct streams *h)
{
	return h->count;
}

/* FNV-1a: telling two texts apart, not hiding them. */
static uint64_t digest_of(uint64_t seed, const char *s, size_t len)
{
	uint64_t d = seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		d = (d ^ (unsigned char)s[i]) * 0x100000001b3u;
	return d;
}

/* -- what changed ---------------------------------------------------------------------------- */

/* A patch that is being built, group by group. */
struct patch {
	struct streams *hub;
	struct arena *arena;
	struct text out; /* members of the patch, each with a comma before it */
	struct text one; /* one thing */
	const char *group; /* "evses" */
	bool is_group_open;
};

/* True, and remembered, if this is not what was said of the thing last time. */
static bool is_news(struct streams *h, const char *key, uint64_t digest)
{
	struct said *s = NULL;

	HASH_FIND_STR(h->said, key, s);
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return true;
		snprintf(s->key, sizeof(s->key), "%s", key);
		HASH_ADD_STR(h->said, key, s);
	} else if (s->digest == digest) {
		return false;
	}
	s->digest = digest;
	return true;
}

static void group_begin(struct patch *p, const char *group)
{
	p->group = group;
	p->is_group_open = false;
}

/* Adds the thing if it is news. `cut` is taken off the end of its JSON and replaced by '}'. */
static void group_add(struct patch *p, const char *id, const struct schema_struct *type,
	const void *value, const char *cut)
{
	char key[KEY_BYTES];
	size_t cut_len = strlen(cut);

	text_clear(&p->one);
	if (schema_encode(type, value, &p->one) != 0 || !text_ok(&p->one))
		return;
	size_t len = p->one.len;
	if (cut_len > 0 && len > cut_len && strcmp(p->one.data + len - cut_len, cut) == 0) {
		len -= cut_len;
		p->one.data[len++] = '}';
	}
	snprintf(key, sizeof(key), "%.2s/%s", p->group, id);
	if (!is_news(p->hub, key, digest_of(0, p->one.data, len)))
		return;
	if (p->is_group_open)
		text_putc(&p->out, ',');
	else
		text_printf(&p->out, ",\"%s\":{", p->group);
	p->is_group_open = true;
	text_put_json(&p->out, id);
	text_putc(&p->out, ':');
	text_put(&p->out, p->one.data, len);
}

static void group_end(struct patch *p)
{
	if (p->is_group_open)
		text_putc(&p->out, '}');
}

static void patch_stations(struct patch *p, bool all)
{
	const struct core *c = p->hub->api->core;
	struct api_station_view view;

	group_begin(p, "stations");
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->hub->revision)
			continue;
		view_station(c, s, p->arena, &view);
		view.evses.count = 0;
		group_add(p, s->id, &api_station_view_type, &view, ",\"evses\":[]}");
	}
	group_end(p);
}

static void patch_evses(struct patch *p, bool all)
{
	const struct core *c = p->hub->api->core;
	struct api_evse_view view;
	char id[KEY_BYTES];

	group_begin(p, "evses");
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->hub->revision)
			continue;
		for (int i = 0; i < s->evse_count; i++) {
			view_evse(c, &s->evses[i], p->arena, &view);
			snprintf(id, sizeof(id), "%s/%d", s->id, s->evses[i].id);
			group_add(p, id, &api_evse_view_type, &view, "");
		}
	}
	group_end(p);
}

static void patch_nodes(struct patch *p, const struct api_node_view_list *nodes)
{
	group_begin(p, "nodes");
	for (size_t i = 0; i < nodes->count; i++)
		group_add(p, nodes->items[i].id, &api_node_view_type, &nodes->items[i], "");
	group_end(p);
}

static void patch_vehicles(struct patch *p, const struct api_vehicle_view_list *list)
{
	group_begin(p, "vehicles");
	for (size_t i = 0; i < list->count; i++)
		group_add(p, list->items[i].id, &api_vehicle_view_type, &list->items[i], "");
	group_end(p);
}

static void patch_meters(struct patch *p)
{
	const struct core *c = p->hub->api->core;
	int count = c->meters != NULL ? meters_count(c->meters) : 0;
	struct api_meter_view view;

	group_begin(p, "meters");
	for (int i = 0; i < count; i++) {
		view_meter(c, i, p->arena, &view);
		group_add(p, view.id, &api_meter_view_type, &view, "");
	}
	group_end(p);
}

static void patch_alarms(struct patch *p)
{
	struct api_alarm_view_list list = {0};

	view_alarms(p->hub->api->core, p->arena, &list);
	group_begin(p, "alarms");
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &api_alarm_view_type, &list.items[i], "");
	group_end(p);
}

static void patch_envelopes(struct patch *p, bool all)
{
	struct api_envelope_view_list list = {0};
	uint64_t revision = envelopes_revision(p->hub->api->core);

	if (!all && revision == p->hub->envelopes)
		return;
	p->hub->envelopes = revision;
	view_envelopes(p->hub->api->core, VIEW_BLOCKS_FEW, p->arena, &list);
	group_begin(p, "envelopes");
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &api_envelope_view_type, &list.items[i], "");
	group_end(p);
}

/* `said`: digest of what was said last. */
static void put_sentence(struct patch *p, uint64_t *said, const char *sentence_key,
	const char *sentence, const char *sub_key, const char *sub)
{
	uint64_t digest = digest_of(digest_of(0, sentence, strlen(sentence)), sub, strlen(sub));

	if (digest == *said)
		return;
	*said = digest;
	text_printf(&p->out, ",\"%s\":", sentence_key);
	text_put_json(&p->out, sentence);
	text_printf(&p->out, ",\"%s\":", sub_key);
	text_put_json(&p->out, sub);
}

static void patch_sentences(struct patch *p, const struct api_vehicle_view_list *vehicles,
	const struct api_node_view_list *nodes)
{
	struct streams *h = p->hub;
	const char *sentence, *sub;

	view_say(h->api->core, vehicles, nodes, p->arena, &sentence, &sub);
	put_sentence(p, &h->sentence, "sentence", sentence, "sub", sub);
	view_stations_say(h->api->core, p->arena, &sentence, &sub);
	put_sentence(p, &h->stations_sentence, "stations_sentence", sentence, "stations_sub", sub);
}

/* Forgets nothing, says what changed since the last time; `all`: looks at everything. */
static void patch_build(struct patch *p, bool all)
{
	struct api_vehicle_view_list vehicles = {0};
	struct api_tree tree;

	view_tree(p->hub->api->core, p->arena, &tree);
	view_vehicles(p->hub->api->core, p->arena, &vehicles);
	patch_sentences(p, &vehicles, &tree.nodes);
	patch_nodes(p, &tree.nodes);
	patch_stations(p, all);
	patch_evses(p, all);
	patch_vehicles(p, &vehicles);
	patch_meters(p);
	patch_alarms(p);
	patch_envelopes(p, all);
	p->hub->revision = p->hub->api->core->fleet.revision;
}

/* A digest of all names: it changes when things come or go. */
static uint64_t shape_of(const struct core *c)
{
	uint64_t d = 0;

	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
		d = digest_of(d + (uint64_t)s->evse_count, s->id, strlen(s->id));
	for (const struct vehicle *v = c->fleet.vehicles; v != NULL; v = v->hh.next)
		d = digest_of(d, v->id, strlen(v->id));
	return d;
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

/* To all streams of that kind of people with the whole depot; those that cannot take it are closed by
 * the server. */
static void send_all(struct streams *h, const struct text *t, bool snapshots, bool patches)
{
	struct stream *s, *next;

	if (!text_ok(t) || t->len == 0)
		return;
	DL_FOREACH_SAFE (h->list, s, next)
		if (!scope_is_limited(&s->who) && (s->is_snapshots ? snapshots : patches))
			http_stream_send(s->x, t->data, t->len);
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
	struct text t;

	text_init(&t, 0);
	if (a != NULL)
		snapshot_write(h, first, a, &t);
	DL_FOREACH_SAFE (h->list, s, next) {
		if (!scope_is_limited(&s->who) || !scope_is_same(&s->who, first))
			continue;
		s->is_owed = false;
		s->sent_ms = real_ms();
		if (text_ok(&t) && t.len > 0)
			http_stream_send(s->x, t.data, t.len);
	}
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
static void tick_send(struct streams *h, struct patch *p)
{
	struct text t;
	char at[WALL_TEXT_SIZE];
	uint64_t shape = shape_of(h->api->core);
	bool is_reshaped = shape != h->shape;

	if (p->out.len == 0 && !is_reshaped)
		return;
	h->shape = shape;
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

static void patch_init(struct patch *p, struct streams *h, struct arena *a)
{
	*p = (struct patch){.hub = h, .arena = a};
	text_init(&p->out, 0);
	text_init(&p->one, 0);
}

static void patch_finish(struct patch *p)
{
	text_finish(&p->out);
	text_finish(&p->one);
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
	bool is_news = h->reported != f->reported || h->revision != f->revision;

	h->waited_ms += SOON_MS;
	return h->waited_ms >= TICK_MS || (is_news && h->waited_ms >= h->look_ms * SOON_PART);
}

static void look(struct streams *h)
{
	int64_t start = clock_real_us() / 1000;
	struct arena *a;
	struct patch p;

	h->waited_ms = 0;
	h->reported = h->api->core->fleet.reported;
	if ((a = arena_create(ASK_ARENA_MAX)) != NULL) {
		patch_init(&p, h, a);
		patch_build(&p, false);
		tick_send(h, &p);
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
		look(h);
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

	patch_init(&p, h, a);
	patch_build(&p, true);
	patch_finish(&p);
	h->shape = shape_of(h->api->core);
	h->beat = 0;
	arm(h);
}

static void stream_start(
	struct streams *h, struct http_exchange *x, const struct auth_who *who, bool snapshots)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct arena *a = arena_create(ASK_ARENA_MAX);
	struct text t;

	text_init(&t, 0);
	if (s == NULL || a == NULL) {
		http_reply(x, 503, "text/plain", "no memory\n", 10);
		goto out;
	}
	*s = (struct stream){.hub = h, .x = x, .who = *who, .is_snapshots = snapshots};
	if (http_stream_begin(x, "text/event-stream", stream_gone, s) != 0)
		goto out; /* 503 was sent */
	if (h->list == NULL)
		baseline(h, a);
	DL_APPEND(h->list, s);
	h->count++;
	text_puts(&t, "retry: 2000\n");
	snapshot_write(h, who, a, &t);
	s->sent_ms = real_ms();
	if (text_ok(&t))
		http_stream_send(x, t.data, t.len);
	s = NULL;
out:
	free(s);
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
	struct said *d, *following;

	if (h == NULL)
		return;
	timer_stop(h->api->core->timers, &h->timer);
	DL_FOREACH_SAFE (h->list, s, next) {
		http_stream_end(s->x);
		stream_free(s);
	}
	HASH_ITER (hh, h->said, d, following) {
		HASH_DEL(h->said, d);
		free(d);
	}
	free(h);
}
