/*
 * What is left of an answer for those who are limited. Answers are walked by their rows: a struct whose
 * field `station`, `node` or `meter` names something that is not theirs goes out of its list. Structs
 * that are known by their own name stand in a table.
 */
#include <stddef.h>
#include <string.h>

#include "csms/api/reach.h"
#include "csms/view/view.h"
#include "gen/depot.h"
#include "schemas/rows.h"

typedef bool (*is_seen)(const struct scope *s, const char *name);

static const struct {
	const char *name;
	is_seen sees;
} by_field[] = {
	{"station", scope_holds_station},
	{"node", scope_sees_node},
	{"meter", scope_sees_meter},
};

static const struct {
	const struct schema_struct *type;
	const char *field;
	is_seen sees;
} by_type[] = {
	{&api_station_view_type, "id", scope_holds_station},
	{&api_node_view_type, "id", scope_sees_node},
	{&api_meter_view_type, "id", scope_sees_meter},
	{&api_meter_registers_type, "id", scope_sees_meter},
	{&api_vehicle_view_type, "id", scope_holds_vehicle},
	{&api_alarm_view_type, "subject", scope_sees_subject},
	{&api_envelope_told_type, "evse", scope_sees_subject},
	{&api_point_view_type, "name", scope_sees_point},
	{&api_wiring_pair_type, "lower", scope_sees_meter},
	{&api_wiring_pair_type, "upper", scope_sees_meter},
	{&api_token_view_type, "vehicle", scope_holds_vehicle},
	{&api_trip_view_type, "vehicle", scope_holds_vehicle},
	{&api_roster_view_type, "vehicle", scope_holds_vehicle},
	{&api_telematics_aside_type, "vehicle", scope_holds_vehicle},
	{&api_calendar_entry_type, "owner", scope_sees_subject},
	{&depot_node_type, "id", scope_sees_node},
	{&depot_meter_type, "id", scope_sees_meter},
};

/* Sentences of the whole depot, which name what is not theirs. */
static const struct {
	const struct schema_struct *type;
	size_t at;
} sentences[] = {
	{&api_plan_type, offsetof(struct api_plan, sentence)},
	{&api_plan_followed_type, offsetof(struct api_plan_followed, sentence)},
	{&api_plan_proposal_type, offsetof(struct api_plan_proposal, sentence)},
	{&api_storage_view_type, offsetof(struct api_storage_view, sentence)},
	{&api_readiness_type, offsetof(struct api_readiness, sentence)},
};

/* What a plan was made for, which may be at a station that is not theirs: "Authorized at CP-7/1". */
static const struct {
	const struct schema_struct *type;
	size_t at;
} triggers[] = {
	{&api_plan_type, offsetof(struct api_plan, trigger)},
	{&api_plan_item_type, offsetof(struct api_plan_item, trigger)},
	{&api_plan_diff_type, offsetof(struct api_plan_diff, trigger)},
};

static bool field_is_seen(
	const struct scope *s, const struct schema_field *f, const char *at, is_seen sees)
{
	const char *name;

	if (f->array || (f->kind != SCHEMA_STRING && f->kind != SCHEMA_IDENT))
		return true;
	memcpy(&name, at + f->at, sizeof(name));
	return name == NULL || sees(s, name);
}

static bool struct_is_seen(const struct scope *s, const struct schema_struct *type, const char *at)
{
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		/* What holds one thing is about that. */
		if (f->kind == SCHEMA_STRUCT && f->required && !f->array &&
			!struct_is_seen(s, f->type, at + f->at))
			return false;
		for (size_t n = 0; n < sizeof(by_field) / sizeof(by_field[0]); n++)
			if (strcmp(f->name, by_field[n].name) == 0 &&
				!field_is_seen(s, f, at, by_field[n].sees))
				return false;
		for (size_t n = 0; n < sizeof(by_type) / sizeof(by_type[0]); n++)
			if (by_type[n].type == type && strcmp(f->name, by_type[n].field) == 0 &&
				!field_is_seen(s, f, at, by_type[n].sees))
				return false;
	}
	return true;
}

static void cut_members(
	const struct scope *s, struct arena *a, const struct schema_struct *type, char *at);

/* The list anew, with what is theirs. */
static void cut_list(const struct scope *s, struct arena *a, const struct schema_field *f, char *at)
{
	struct schema_list list, kept = {0};

	memcpy(&list, at, sizeof(list));
	if (list.items == NULL)
		return;
	kept.items = arena_alloc(a, f->width * list.count + 1);
	for (size_t i = 0; i < list.count && kept.items != NULL; i++) {
		const char *item = (const char *)list.items + i * f->width;
		char *copy = (char *)kept.items + kept.count * f->width;
		if (!struct_is_seen(s, f->type, item))
			continue;
		memcpy(copy, item, f->width);
		cut_members(s, a, f->type, copy);
		kept.count++;
	}
	memcpy(at, &kept, sizeof(kept));
}

/* A struct that may be absent is one behind a pointer. */
static void cut_one(const struct scope *s, struct arena *a, const struct schema_field *f, char *at)
{
	const void *there;
	const void *left;

	if (f->required) {
		cut_members(s, a, f->type, at);
		return;
	}
	memcpy(&there, at, sizeof(there));
	if (there == NULL)
		return;
	left = reach_cut(s, a, f->type, there);
	memcpy(at, &left, sizeof(left));
}

static void cut_sentence(
	const struct scope *s, struct arena *a, const struct schema_struct *type, char *at)
{
	const char *said = arena_printf(a, "What is shown is below %s%s.", s->who->nodes[0],
		s->who->node_count > 1 ? " and other nodes" : "");

	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentences[i].type == type)
			memcpy(at + sentences[i].at, &said, sizeof(said));
}

static void cut_trigger(
	const struct scope *s, struct arena *a, const struct schema_struct *type, char *at)
{
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		const char *said, *place;

		if (triggers[i].type != type)
			continue;
		memcpy(&said, at + triggers[i].at, sizeof(said));
		place = said != NULL ? strstr(said, " at ") : NULL;
		if (place == NULL || !scope_is_limited(s->who))
			continue;
		char *station = arena_strdup(a, place + 4);
		if (station != NULL)
			station[strcspn(station, "/")] = '\0';
		if (station != NULL && scope_holds_station(s, station))
			continue;
		said = arena_strndup(a, said, (size_t)(place - said));
		memcpy(at + triggers[i].at, &said, sizeof(said));
	}
}

static void cut_members(
	const struct scope *s, struct arena *a, const struct schema_struct *type, char *at)
{
	cut_sentence(s, a, type, at);
	cut_trigger(s, a, type, at);
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		if (f->kind != SCHEMA_STRUCT)
			continue;
		if (f->array)
			cut_list(s, a, f, at + f->at);
		else
			cut_one(s, a, f, at + f->at);
	}
}

const void *reach_cut(
	const struct scope *s, struct arena *a, const struct schema_struct *type, const void *value)
{
	char *copy;

	if (!struct_is_seen(s, type, value) || (copy = arena_alloc(a, type->size)) == NULL)
		return NULL;
	memcpy(copy, value, type->size);
	cut_members(s, a, type, copy);
	return copy;
}

/* -- sentences of what is theirs ------------------------------------------------------------- */

static bool is_theirs(const void *arg, const struct station *s)
{
	const struct scope *scope = arg;

	return scope_holds_node(scope, s->node);
}

void reach_stations_say(
	const struct scope *s, struct arena *a, const char **sentence, const char **sub)
{
	view_part_stations_say(s->core, &(struct view_part){is_theirs, s}, a, sentence, sub);
}

/* The same of a list: what is left of it for them, itself where they are not limited; NULL: no memory. */
static const void *theirs(
	const struct scope *s, struct arena *a, const struct schema_struct *type, const void *value)
{
	return scope_is_limited(s->who) ? reach_cut(s, a, type, value) : value;
}

void reach_energy_say(const struct scope *s, struct api_tree *tree, struct arena *a)
{
	const struct view_part part = {is_theirs, s};
	const struct api_tree *cut = theirs(s, a, &api_tree_type, tree);

	if (cut != NULL)
		view_energy_say(s->core, scope_is_limited(s->who) ? &part : NULL, &cut->nodes, a,
			&tree->sentence, &tree->sub);
}

void reach_meters_say(const struct scope *s, struct api_meter_list *list, struct arena *a)
{
	const struct api_meter_list *cut = theirs(s, a, &api_meter_list_type, list);

	if (cut != NULL)
		view_meters_say(s->core, &cut->meters, a, &list->sentence, &list->sub);
}

void reach_alarms_say(const struct scope *s, struct api_alarm_list *list, struct arena *a)
{
	const struct api_alarm_list *cut = theirs(s, a, &api_alarm_list_type, list);

	if (cut != NULL)
		view_alarms_say(&cut->alarms, a, &list->sentence, &list->sub);
}

const struct api_overview *reach_overview(const struct scope *s, struct arena *a)
{
	struct api_overview *all = arena_alloc(a, sizeof(*all));
	const struct api_overview *cut;

	if (all == NULL)
		return NULL;
	view_overview(s->core, a, all);
	if (!scope_is_limited(s->who))
		return all;
	cut = reach_cut(s, a, &api_overview_type, all);
	if (cut == NULL)
		return NULL;
	*all = *cut;
	view_part_say(s->core, &(struct view_part){is_theirs, s}, &all->vehicles, &all->tree.nodes,
		a, &all->sentence, &all->sub);
	reach_stations_say(s, a, &all->stations_sentence, &all->stations_sub);
	view_energy_say(s->core, &(struct view_part){is_theirs, s}, &all->tree.nodes, a,
		&all->energy_sentence, &all->energy_sub);
	view_meters_say(s->core, &all->meters, a, &all->meters_sentence, &all->meters_sub);
	view_alarms_say(&all->alarms, a, &all->alarms_sentence, &all->alarms_sub);
	return all;
}
