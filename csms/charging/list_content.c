#include "csms/charging/list_content.h"
#include <stdlib.h>
#include <string.h>
#include "csms/charging/token_check.h"

/* Around the entries: the frame, the message id, version, type and brackets. */
#define ENVELOPE_BYTES 180

static uint64_t mix(uint64_t h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211ull; /* FNV-1a */
	return h;
}

#define HASH_START 1469598103934665603ull

static bool belongs(const struct token *t)
{
	return strcmp(t->type, "NoAuthorization") != 0 && (!t->rules || !t->rules->window_count);
}

uint64_t list_content_hash(const struct token *t)
{
	struct arena *a = belongs(t) ? arena_create(0) : NULL;
	struct event_token_changed e;
	struct text text;
	uint64_t h = 0;

	if (!a)
		return 0;
	token_event(t, a, &e);
	e.vehicle_id = e.message = NULL; /* what no list tells */
	text_init(&text, 0);
	if (schema_encode(&event_token_changed_type, &e, &text) == 0)
		h = mix(HASH_START, text.data, text.len) | 1;
	text_finish(&text);
	arena_destroy(a);
	return h;
}

uint64_t list_content_station(const struct core *c, const struct station *s)
{
	uint64_t h = mix(HASH_START, s->node, strlen(s->node));

	for (int i = 0; i < s->evse_count; i++)
		h = mix(h, s->evses[i].is_dc ? "d" : "a", 1);
	for (size_t i = 0; i < c->depot->nodes.count; i++) {
		const struct depot_node *n = &c->depot->nodes.items[i];

		h = mix(h, n->id, strlen(n->id) + 1);
		if (n->parent)
			h = mix(h, n->parent, strlen(n->parent));
	}
	return h;
}

/* -- entries ---------------------------------------------------------------------------------- */

static int push(struct list_content *l, const char *json, size_t len)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct list_entry *bigger = realloc(l->items, room * sizeof *bigger);

		if (!bigger)
			return -1;
		l->items = bigger;
		l->room = room;
	}
	json = arena_strndup(l->arena, json, len);
	if (!json)
		return -1;
	l->items[l->count++] = (struct list_entry){json, len};
	return 0;
}

int list_content_add(const struct core *c, const struct station *s, const struct token *t,
	const char *type, const char *value, struct list_content *out)
{
	const struct token_use use = {
		.fleet = &c->fleet, .depot = c->depot, .station = s, .now = clock_wall()};
	struct ocpp201_id_token_info info;
	struct ocpp201_authorization_data d = {
		.id_token = {.id_token = value,
			.type = (enum ocpp201_id_token_enum)schema_enum_find(
				&ocpp201_id_token_enum, type)},
	};
	struct text text;
	int rc = -1;

	if (!out->arena && !(out->arena = arena_create(0)))
		return -1;
	if (t) {
		token_standing(&use, t, out->arena, &info);
		info.personal_message = NULL; /* a list is no place for letters */
		if (info.status != OCPP201_AUTHORIZATION_STATUS_ACCEPTED)
			info.evse_id = (struct schema_ints){0};
		d.id_token_info = &info;
	}
	text_init(&text, 0);
	if (schema_encode(&ocpp201_authorization_data_type, &d, &text) == 0)
		rc = push(out, text.data, text.len);
	text_finish(&text);
	return rc;
}

static bool is_good(const struct token *t)
{
	return strcmp(t->status, "Accepted") == 0;
}

int list_content_full(
	const struct core *c, const struct station *s, int64_t limit, struct list_content *out)
{
	for (int good = 1; good >= 0; good--)
		for (const struct token *t = c->fleet.tokens; t; t = t->hh.next) {
			if (!belongs(t) || is_good(t) != (bool)good)
				continue;
			if ((int64_t)out->count >= limit)
				out->left_out++;
			else if (list_content_add(c, s, t, t->type, t->value, out))
				return -1;
		}
	return 0;
}

size_t list_content_part(
	const struct list_entry *e, size_t count, size_t from, int64_t items, int64_t bytes)
{
	int64_t used = ENVELOPE_BYTES;
	size_t n = 0;

	while (from + n < count && (int64_t)n < items) {
		used += (int64_t)e[from + n].len + 1; /* and its comma */
		if (used > bytes)
			break;
		n++;
	}
	return n;
}

void list_content_finish(struct list_content *l)
{
	arena_destroy(l->arena);
	free(l->items);
	memset(l, 0, sizeof *l);
}
