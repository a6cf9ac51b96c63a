#include "csms/api/scope.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 100 /* a tree of nodes ends; a broken one must not hang the loop */

bool scope_is_same(const struct auth_who *a, const struct auth_who *b)
{
	if (a->node_count != b->node_count)
		return false;
	for (int i = 0; i < a->node_count; i++)
		if (strcmp(a->nodes[i], b->nodes[i]) != 0)
			return false;
	return true;
}

static const struct depot_node *node_find(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcmp(c->depot->nodes.items[i].id, id) == 0)
			return &c->depot->nodes.items[i];
	return NULL;
}

/* Is `id` the node `top`, or somewhere below it? */
static bool is_below(const struct core *c, const char *id, const char *top)
{
	for (int depth = 0; id != NULL && id[0] != '\0' && depth < DEPTH_MAX; depth++) {
		if (strcmp(id, top) == 0)
			return true;
		const struct depot_node *n = node_find(c, id);
		id = n != NULL ? n->parent : NULL;
	}
	return false;
}

bool scope_holds_node(const struct scope *s, const char *id)
{
	for (int i = 0; i < s->who->node_count; i++)
		if (is_below(s->core, id, s->who->nodes[i]))
			return true;
	return !scope_is_limited(s->who);
}

bool scope_sees_node(const struct scope *s, const char *id)
{
	for (int i = 0; i < s->who->node_count; i++)
		if (is_below(s->core, s->who->nodes[i], id))
			return true;
	return scope_holds_node(s, id);
}

bool scope_holds_station(const struct scope *s, const char *id)
{
	const struct station *st = fleet_station(&s->core->fleet, id);

	return st != NULL && scope_holds_node(s, st->node);
}

const char *scope_stations(const struct scope *s, struct arena *a)
{
	const char *list;
	struct text t;

	if (!scope_is_limited(s->who))
		return NULL;
	text_init(&t, 0);
	text_putc(&t, '[');
	for (const struct station *st = s->core->fleet.stations; st != NULL; st = st->hh.next) {
		/* No name has any of these; one that had would be nobody's. */
		if (!scope_holds_node(s, st->node) || strpbrk(st->id, "\"\\\n\r\t") != NULL)
			continue;
		text_printf(&t, "%s\"%s\"", t.len > 1 ? "," : "", st->id);
	}
	text_putc(&t, ']');
	list = text_ok(&t) ? arena_strdup(a, t.data) : NULL;
	text_finish(&t);
	return list != NULL ? list : "[]";
}

static bool any_node_with(const struct scope *s, const char *meter,
	bool (*is_theirs)(const struct scope *s, const char *node))
{
	for (size_t i = 0; i < s->core->depot->nodes.count; i++) {
		const struct depot_node *n = &s->core->depot->nodes.items[i];
		if (n->meter != NULL && strcmp(n->meter, meter) == 0 && is_theirs(s, n->id))
			return true;
	}
	return false;
}

bool scope_holds_meter(const struct scope *s, const char *id)
{
	return any_node_with(s, id, scope_holds_node);
}

bool scope_sees_meter(const struct scope *s, const char *id)
{
	return any_node_with(s, id, scope_sees_node);
}

static const struct vehicle *vehicle_find(const struct core *c, const char *id)
{
	const struct vehicle *v = NULL;

	HASH_FIND_STR(c->fleet.vehicles, id, v);
	return v;
}

bool scope_holds_vehicle(const struct scope *s, const char *id)
{
	const struct vehicle *v = vehicle_find(s->core, id);

	return v == NULL || v->evse == NULL || scope_holds_node(s, v->evse->station->node);
}

/* -- names of several kinds ------------------------------------------------------------------ */

static bool meter_is_known(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->meters.count; i++)
		if (strcmp(c->depot->meters.items[i].id, id) == 0)
			return true;
	return false;
}

/* "CP-7" of "CP-7/1". */
static const char *station_part(const char *name, char out[49])
{
	snprintf(out, 49, "%.*s", (int)strcspn(name, "/"), name);
	return out;
}

static bool subject_is_theirs(const struct scope *s, const char *subject, bool changes)
{
	char station[49];

	if (!scope_is_limited(s->who))
		return true;
	if (fleet_station(&s->core->fleet, station_part(subject, station)) != NULL)
		return scope_holds_station(s, station);
	if (node_find(s->core, subject) != NULL)
		return changes ? scope_holds_node(s, subject) : scope_sees_node(s, subject);
	if (meter_is_known(s->core, subject))
		return changes ? scope_holds_meter(s, subject) : scope_sees_meter(s, subject);
	if (vehicle_find(s->core, subject) != NULL)
		return scope_holds_vehicle(s, subject);
	return !changes;
}

bool scope_sees_subject(const struct scope *s, const char *subject)
{
	return subject_is_theirs(s, subject, false);
}

bool scope_holds_subject(const struct scope *s, const char *subject)
{
	return subject_is_theirs(s, subject, true);
}

bool scope_sees_point(const struct scope *s, const char *name)
{
	const char *of = strchr(name, '/');
	char id[61];

	if (!scope_is_limited(s->who) || of == NULL)
		return true;
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(of + 1, "/"), of + 1);
	return scope_sees_subject(s, id);
}
