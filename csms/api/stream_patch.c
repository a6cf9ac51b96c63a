#include "csms/api/stream_patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "csms/power/envelope.h"
#include "csms/metering/meters.h"
#include "csms/view/view.h"

#define KEY_BYTES 128

/* What was last said of one thing. */
struct said {
	char key[KEY_BYTES]; /* "e/CP-1/1" */
	uint64_t digest;
	UT_hash_handle hh;
};

/* FNV-1a: telling two texts apart, not hiding them. */
static uint64_t digest_of(uint64_t seed, const char *s, size_t len)
{
	uint64_t d = seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		d = (d ^ (unsigned char)s[i]) * 0x100000001b3u;
	return d;
}

/* -- what changed ---------------------------------------------------------------------------- */

/* True, and remembered, if this is not what was said of the thing last time. */
static bool is_news(struct changes *h, const char *key, uint64_t digest)
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
	if (!is_news(p->since, key, digest_of(0, p->one.data, len)))
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
	const struct core *c = p->since->core;
	struct api_station_view view;

	group_begin(p, "stations");
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->since->revision)
			continue;
		view_station(c, s, p->arena, &view);
		view.evses.count = 0;
		group_add(p, s->id, &api_station_view_type, &view, ",\"evses\":[]}");
	}
	group_end(p);
}

static void patch_evses(struct patch *p, bool all)
{
	const struct core *c = p->since->core;
	struct api_evse_view view;
	char id[KEY_BYTES];

	group_begin(p, "evses");
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->since->revision)
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

static void patch_meters(struct patch *p)
{
	struct api_meter_view_list list = {0};
	const char *sentence, *sub;

	view_meters(p->since->core, p->arena, &list);
	view_meters_say(p->since->core, &list, p->arena, &sentence, &sub);
	put_sentence(p, &p->since->meters_sentence, "meters_sentence", sentence, "meters_sub", sub);
	group_begin(p, "meters");
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &api_meter_view_type, &list.items[i], "");
	group_end(p);
}

static void patch_alarms(struct patch *p)
{
	struct api_alarm_view_list list = {0};
	const char *sentence, *sub;

	view_alarms(p->since->core, p->arena, &list);
	view_alarms_say(&list, p->arena, &sentence, &sub);
	put_sentence(p, &p->since->alarms_sentence, "alarms_sentence", sentence, "alarms_sub", sub);
	group_begin(p, "alarms");
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &api_alarm_view_type, &list.items[i], "");
	group_end(p);
}

static void patch_envelopes(struct patch *p, bool all)
{
	struct api_envelope_view_list list = {0};
	uint64_t revision = envelopes_revision(p->since->core);

	if (!all && revision == p->since->envelopes)
		return;
	p->since->envelopes = revision;
	view_envelopes(p->since->core, VIEW_BLOCKS_FEW, p->arena, &list);
	group_begin(p, "envelopes");
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &api_envelope_view_type, &list.items[i], "");
	group_end(p);
}

static void patch_sentences(struct patch *p, const struct api_vehicle_view_list *vehicles,
	const struct api_node_view_list *nodes)
{
	struct changes *h = p->since;
	const char *sentence, *sub;

	view_say(h->core, vehicles, nodes, p->arena, &sentence, &sub);
	put_sentence(p, &h->sentence, "sentence", sentence, "sub", sub);
	view_stations_say(h->core, p->arena, &sentence, &sub);
	put_sentence(p, &h->stations_sentence, "stations_sentence", sentence, "stations_sub", sub);
	view_energy_say(h->core, NULL, nodes, p->arena, &sentence, &sub);
	put_sentence(p, &h->energy_sentence, "energy_sentence", sentence, "energy_sub", sub);
}

/* Of whom there are new messages in the wire log, or commands that moved: who looks at these asks. */
static void patch_heard(struct patch *p)
{
	const struct fleet *f = &p->since->core->fleet;
	const char *before = ",\"heard\":{";

	if (f->heard == p->since->heard)
		return;
	for (const struct station *s = f->stations; s != NULL; s = s->hh.next) {
		if (s->heard <= p->since->heard)
			continue;
		text_puts(&p->out, before);
		text_put_json(&p->out, s->id);
		text_printf(&p->out, ":%llu", (unsigned long long)s->heard);
		before = ",";
	}
	if (before[1] == '\0')
		text_putc(&p->out, '}');
	p->since->heard = f->heard;
}

/* Forgets nothing, says what changed since the last time; `all`: looks at everything. */
void patch_build(struct patch *p, bool all)
{
	struct api_vehicle_view_list vehicles = {0};
	struct api_tree tree;

	view_tree(p->since->core, p->arena, &tree);
	view_vehicles(p->since->core, p->arena, &vehicles);
	patch_sentences(p, &vehicles, &tree.nodes);
	patch_nodes(p, &tree.nodes);
	patch_stations(p, all);
	patch_evses(p, all);
	patch_vehicles(p, &vehicles);
	patch_meters(p);
	patch_alarms(p);
	patch_envelopes(p, all);
	patch_heard(p);
	p->since->revision = p->since->core->fleet.revision;
}

/* A digest of all names: it changes when things come or go. */
uint64_t changes_shape(const struct core *c)
{
	uint64_t d = 0;

	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
		d = digest_of(d + (uint64_t)s->evse_count, s->id, strlen(s->id));
	for (const struct vehicle *v = c->fleet.vehicles; v != NULL; v = v->hh.next)
		d = digest_of(d, v->id, strlen(v->id));
	return d;
}

void patch_init(struct patch *p, struct changes *since, struct arena *a)
{
	*p = (struct patch){.since = since, .arena = a};
	text_init(&p->out, 0);
	text_init(&p->one, 0);
}

void patch_finish(struct patch *p)
{
	text_finish(&p->out);
	text_finish(&p->one);
}

void changes_forget(struct changes *c)
{
	struct said *d, *following;

	HASH_ITER (hh, c->said, d, following) {
		HASH_DEL(c->said, d);
		free(d);
	}
}
