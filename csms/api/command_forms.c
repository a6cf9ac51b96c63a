/*
 * Forms of commands: the fields of each request as OCPP's schema has them, so that a page can ask for
 * them without knowing OCPP. Made from the rows that the codec itself walks: what a form allows, the
 * server takes.
 */
#include <string.h>

#include "csms/api/command_say.h"
#include "csms/api/handlers_stations.h"
#include "csms/command/before.h"
#include "gen/ocpp201.h"
#include "schemas/rows.h"

#define STRUCTS_MAX 60 /* that one request is made of; SetChargingProfile has 9 */

static const char *const kinds[] = {
	[SCHEMA_STRING] = "string",
	[SCHEMA_IDENT] = "ident",
	[SCHEMA_ANY] = "any",
	[SCHEMA_DATETIME] = "datetime",
	[SCHEMA_INT] = "int",
	[SCHEMA_NUMBER] = "number",
	[SCHEMA_BOOL] = "bool",
	[SCHEMA_ENUM] = "enum",
	[SCHEMA_STRUCT] = "struct",
};

/* Structs that are reached, in the order in which they are. */
struct reached {
	const struct schema_struct *items[STRUCTS_MAX];
	size_t count;
};

static void reach(struct reached *r, const struct schema_struct *type)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i] == type)
			return;
	if (r->count < STRUCTS_MAX)
		r->items[r->count++] = type;
}

/* Vendors' own data is nobody's form. */
static bool is_shown(const struct schema_field *f)
{
	return strcmp(f->name, "customData") != 0;
}

/* Every whole number has 32 bits unless more is said: no news to a person. */
static bool is_narrow(int64_t bound)
{
	return bound > INT32_MIN && bound < INT32_MAX;
}

/* Of other kinds the rows hold no bounds. */
static bool is_bounded(const struct schema_field *f)
{
	return f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT || f->kind == SCHEMA_INT ||
	       f->kind == SCHEMA_NUMBER;
}

static void view_field(const struct schema_field *f, bool is_made, struct api_form_field *out)
{
	*out = (struct api_form_field){
		.name = f->name,
		.kind = kinds[f->kind],
		.required = f->required && !is_made,
		.list = f->array,
		.made = is_made,
		.has_min = is_bounded(f) && is_narrow(f->min),
		.min = f->min,
		.has_max = is_bounded(f) && is_narrow(f->max),
		.max = f->max,
		.has_items_min = f->array && is_narrow(f->items_min),
		.items_min = f->items_min,
		.has_items_max = f->array && is_narrow(f->items_max),
		.items_max = f->items_max,
		.type = f->kind == SCHEMA_STRUCT ? f->type->name : NULL,
	};
	if (f->kind != SCHEMA_ENUM)
		return;
	out->values.items = (const char **)f->values->values;
	out->values.count = (size_t)f->values->count;
}

/* `made`: field of the request that depotd counts by itself, or NULL. An address to bring a file to
 * is always ours unless one is named. */
static bool view_struct(struct ask *k, const struct schema_struct *type, const char *made,
	struct reached *r, struct api_form_struct *out)
{
	out->name = type->name;
	out->fields.items =
		arena_alloc(k->arena, sizeof(*out->fields.items) * (size_t)type->field_count + 1);
	if (out->fields.items == NULL)
		return false;
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];

		if (!is_shown(f))
			continue;
		view_field(f,
			(made != NULL && strcmp(f->name, made) == 0) ||
				strcmp(f->name, "remoteLocation") == 0,
			&out->fields.items[out->fields.count++]);
		if (f->kind == SCHEMA_STRUCT)
			reach(r, f->type);
	}
	return true;
}

static void view_form(const struct command_kind *kind, struct api_command_form *out)
{
	*out = (struct api_command_form){
		.action = kind->action->name,
		.use = kind->action->use,
		.needs = permissions[command_permission(kind->action->name)].name,
		.waits_for = kind->waits_for,
	};
}

void command_forms_list(struct ask *k)
{
	struct api_command_form_list list = {0};
	struct command_kind kind;

	list.forms.items = arena_alloc(k->arena, sizeof(*list.forms.items) * OCPP201_ACTION_COUNT);
	if (list.forms.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (int i = 0; i < OCPP201_ACTION_COUNT; i++)
		if (command_kind(ocpp201_actions[i].name, &kind))
			view_form(&kind, &list.forms.items[list.forms.count++]);
	ask_reply(k, 200, &api_command_form_list_type, &list);
}

void command_form_get(struct ask *k)
{
	struct reached r = {0};
	struct api_command_form form;
	struct command_kind kind;

	if (!command_kind(k->match.param[0], &kind)) {
		ask_problem(k, 404, NULL,
			"stations are not asked for \"%.50s\"; see /command-forms",
			k->match.param[0]);
		return;
	}
	view_form(&kind, &form);
	form.structs.items = arena_alloc(k->arena, sizeof(*form.structs.items) * STRUCTS_MAX);
	reach(&r, kind.action->request);
	for (size_t i = 0; form.structs.items != NULL && i < r.count; i++) {
		form.structs.items[i] = (struct api_form_struct){0};
		if (!view_struct(
			    k, r.items[i], i == 0 ? kind.number : NULL, &r, &form.structs.items[i]))
			break;
		form.structs.count++;
	}
	if (form.structs.count != r.count)
		ask_problem(k, 503, NULL, "no memory for the form");
	else
		ask_reply(k, 200, &api_command_form_type, &form);
}
