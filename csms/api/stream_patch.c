#include "csms/api/stream_patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "csms/power/envelope.h"
#include "csms/metering/meters.h"
#include "csms/view/tongue.h"
#include "csms/view/view.h"

#define KEY_BYTES 128

static const char *const group_names[PATCH_GROUPS] = {
	[PATCH_NODES] = "nodes",
	[PATCH_STATIONS] = "stations",
	[PATCH_EVSES] = "evses",
	[PATCH_VEHICLES] = "vehicles",
	[PATCH_METERS] = "meters",
	[PATCH_ALARMS] = "alarms",
	[PATCH_ENVELOPES] = "envelopes",
};

/* What was last said of one thing. */
struct said {
	char key[KEY_BYTES]; /* "CP-1/1" */
	uint64_t look; /* when it was last there */
	UT_hash_handle hh;
	uint64_t members[]; /* digest of each field of its type; 0: not there */
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

/* NULL: no memory. */
static struct said *said_of(struct changes *h, enum patch_group group, const char *id, int members)
{
	struct said *s = NULL;

	HASH_FIND_STR(h->said[group], id, s);
	if (s == NULL &&
		(s = calloc(1, sizeof(*s) + (size_t)members * sizeof(s->members[0]))) != NULL) {
		snprintf(s->key, sizeof(s->key), "%s", id);
		HASH_ADD_STR(h->said[group], key, s);
	}
	if (s != NULL)
		s->look = h->looks;
	return s;
}

static void said_drop(struct changes *h, enum patch_group group, struct said *s)
{
	HASH_DEL(h->said[group], s);
	free(s);
}

/* A thing of that type may have words that are told from a person's by the members before them
 * (tongue_leans): a patch with them has the rest too, or they would stay English for who reads German. */
static void group_begin(struct patch *p, enum patch_group group, const struct schema_struct *type)
{
	p->group = group;
	p->type = type;
	p->is_group_open = false;
	p->leans = false;
	for (int i = 0; i < type->field_count; i++)
		p->leans |= tongue_leans(schema_field_name(type, i));
}

static void thing_begin(struct patch *p, const char *id)
{
	if (p->is_group_open)
		text_putc(&p->out, ',');
	else
		text_printf(&p->out, ",\"%s\":{", group_names[p->group]);
	p->is_group_open = true;
	text_put_json(&p->out, id);
	text_putc(&p->out, ':');
}

/* Puts the member into p->one, and gives its digest; 0: it is not there. */
static uint64_t member_take(struct patch *p, int field, const void *value)
{
	text_clear(&p->one);
	if (!schema_encode_field(p->type, field, value, &p->one) || !text_ok(&p->one))
		return 0;
	return digest_of(0, p->one.data, p->one.len) | 1;
}

/* Did more than numbers and times move: did words change, or did any member come or go? */
static bool is_reworded(struct patch *p, const struct said *s, const void *value)
{
	for (int i = 0; i < p->type->field_count; i++) {
		uint64_t digest = member_take(p, i, value);

		if (digest != s->members[i] &&
			!(digest != 0 && s->members[i] != 0 && schema_field_is_plain(p->type, i)))
			return true;
	}
	return false;
}

/* Adds what is news of the thing: its members that changed, null for those that are gone, which come last:
 * they part nothing from what it leans on. `without`, or NULL: a member that is told elsewhere. */
static void group_add(struct patch *p, const char *id, const void *value, const char *without)
{
	struct said *s = said_of(p->since, p->group, id, p->type->field_count);
	bool is_whole = s != NULL && p->leans && is_reworded(p, s, value);

	text_clear(&p->thing);
	text_clear(&p->gone);
	for (int i = 0; s != NULL && i < p->type->field_count; i++) {
		const char *name = schema_field_name(p->type, i);
		uint64_t digest;

		if (without != NULL && strcmp(name, without) == 0)
			continue;
		digest = member_take(p, i, value);
		if (digest == s->members[i] && (digest == 0 || !is_whole))
			continue;
		s->members[i] = digest;
		if (digest == 0) {
			text_printf(&p->gone, ",\"%s\":null", name);
		} else {
			text_putc(&p->thing, ',');
			text_put(&p->thing, p->one.data, p->one.len);
		}
	}
	text_put(&p->thing, p->gone.data, p->gone.len);
	if (p->thing.len == 0)
		return;
	thing_begin(p, id);
	text_putc(&p->out, '{');
	text_put(&p->out, p->thing.data + 1, p->thing.len - 1);
	text_putc(&p->out, '}');
}

/* `is_whole`: each thing that there is was added; those that were not are gone. */
static void group_end(struct patch *p, bool is_whole)
{
	struct said *s, *following;

	if (is_whole)
		HASH_ITER (hh, p->since->said[p->group], s, following) {
			if (s->look == p->since->looks)
				continue;
			thing_begin(p, s->key);
			text_puts(&p->out, "null");
			said_drop(p->since, p->group, s);
		}
	if (p->is_group_open)
		text_putc(&p->out, '}');
}

static void patch_stations(struct patch *p, bool all)
{
	const struct core *c = p->since->core;
	struct api_station_view view;

	group_begin(p, PATCH_STATIONS, &api_station_view_type);
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->since->revision)
			continue;
		view_station(c, s, p->arena, &view);
		group_add(p, s->id, &view, "evses");
	}
	group_end(p, all);
}

static void patch_evses(struct patch *p, bool all)
{
	const struct core *c = p->since->core;
	struct api_evse_view view;
	char id[KEY_BYTES];

	group_begin(p, PATCH_EVSES, &api_evse_view_type);
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (!all && s->revision <= p->since->revision)
			continue;
		for (int i = 0; i < s->evse_count; i++) {
			view_evse(c, &s->evses[i], p->arena, &view);
			snprintf(id, sizeof(id), "%s/%d", s->id, s->evses[i].id);
			group_add(p, id, &view, NULL);
		}
	}
	group_end(p, all);
}

static void patch_nodes(struct patch *p, const struct api_node_view_list *nodes)
{
	group_begin(p, PATCH_NODES, &api_node_view_type);
	for (size_t i = 0; i < nodes->count; i++)
		group_add(p, nodes->items[i].id, &nodes->items[i], NULL);
	group_end(p, true);
}

static void patch_vehicles(struct patch *p, const struct api_vehicle_view_list *list)
{
	group_begin(p, PATCH_VEHICLES, &api_vehicle_view_type);
	for (size_t i = 0; i < list->count; i++)
		group_add(p, list->items[i].id, &list->items[i], NULL);
	group_end(p, true);
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
	group_begin(p, PATCH_METERS, &api_meter_view_type);
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &list.items[i], NULL);
	group_end(p, true);
}

static void patch_alarms(struct patch *p)
{
	struct api_alarm_view_list list = {0};
	const char *sentence, *sub;

	view_alarms(p->since->core, p->arena, &list);
	view_alarms_say(&list, p->arena, &sentence, &sub);
	put_sentence(p, &p->since->alarms_sentence, "alarms_sentence", sentence, "alarms_sub", sub);
	group_begin(p, PATCH_ALARMS, &api_alarm_view_type);
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &list.items[i], NULL);
	group_end(p, true);
}

static void patch_envelopes(struct patch *p, bool all)
{
	struct api_envelope_view_list list = {0};
	uint64_t revision = envelopes_revision(p->since->core);

	if (!all && revision == p->since->envelopes)
		return;
	p->since->envelopes = revision;
	view_envelopes(p->since->core, VIEW_BLOCKS_FEW, p->arena, &list);
	group_begin(p, PATCH_ENVELOPES, &api_envelope_view_type);
	for (size_t i = 0; i < list.count; i++)
		group_add(p, list.items[i].id, &list.items[i], NULL);
	group_end(p, true);
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

	p->since->looks++;
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
	text_init(&p->thing, 0);
	text_init(&p->gone, 0);
}

void patch_finish(struct patch *p)
{
	text_finish(&p->out);
	text_finish(&p->one);
	text_finish(&p->thing);
	text_finish(&p->gone);
}

void changes_forget(struct changes *c)
{
	struct said *s, *following;

	for (int g = 0; g < PATCH_GROUPS; g++)
		HASH_ITER (hh, c->said[g], s, following)
			said_drop(c, (enum patch_group)g, s);
}
