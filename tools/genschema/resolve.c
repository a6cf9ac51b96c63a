#include "tools/genschema/genschema.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/rows.h"

static struct gen_struct *find_struct(struct gen_model *m, const char *wire)
{
	for (struct gen_struct *s = m->structs; s; s = s->next)
		if (strcmp(s->wire, wire) == 0)
			return s;
	return NULL;
}

static bool find_type(struct gen_model *m, struct gen_field *f)
{
	for (struct gen_enum *e = m->enums; e && f->kind != SCHEMA_ANY; e = e->next)
		if (strcmp(e->wire, f->type_name) == 0) {
			f->kind = SCHEMA_ENUM;
			f->values = e;
			if (f->array)
				e->list = "";
			return true;
		}
	f->type = find_struct(m, f->type_name);
	if (!f->type)
		return gen_fail(m, f->line, "nothing is called %s", f->type_name);
	if (f->kind == SCHEMA_ANY && !f->type->open)
		return gen_fail(m, f->line, "%s must be open to check an any", f->type_name);
	if (f->kind == SCHEMA_STRUCT && f->array)
		f->type->list = "";
	return true;
}

/* -- defaults ---------------------------------------------------------------------------------- */

static bool whole_fallback(const struct gen_field *f)
{
	char *end;
	long long v = strtoll(f->fallback, &end, 10);

	return *f->fallback && !*end && v >= f->min && v <= f->max;
}

static bool number_fallback(const struct gen_field *f)
{
	char *end;
	double v = strtod(f->fallback, &end);

	return *f->fallback && !*end && v - v == 0 &&
	       (f->min == SCHEMA_NO_MIN || v >= (double)f->min) &&
	       (f->max == SCHEMA_NO_MAX || v <= (double)f->max);
}

static bool text_fallback(const struct gen_field *f)
{
	size_t points = 0;

	return schema_utf8_check(f->fallback, strlen(f->fallback), &points) &&
	       !strpbrk(f->fallback, "\"\\") && (int64_t)points >= f->min &&
	       (int64_t)points <= f->max;
}

static bool enum_fallback(struct gen_field *f)
{
	int i = 0;

	for (const struct gen_value *v = f->values->values; v; v = v->next, i++)
		if (strcmp(v->wire, f->fallback) == 0) {
			f->fallback_index = i;
			return true;
		}
	return false;
}

static bool check_fallback(struct gen_model *m, struct gen_field *f)
{
	bool good = false;

	if ((!f->optional && !f->soft) || f->array)
		return gen_fail(m, f->line, "only an optional scalar can have a default");
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		good = text_fallback(f);
		break;
	case SCHEMA_INT:
		good = whole_fallback(f);
		break;
	case SCHEMA_NUMBER:
		good = number_fallback(f);
		break;
	case SCHEMA_BOOL:
		good = strcmp(f->fallback, "true") == 0 || strcmp(f->fallback, "false") == 0;
		break;
	case SCHEMA_ENUM:
		good = enum_fallback(f);
		break;
	case SCHEMA_ANY:
	case SCHEMA_DATETIME:
	case SCHEMA_STRUCT:
		break;
	}
	return good ||
	       gen_fail(m, f->line, "'%s' cannot be the default of %s", f->fallback, f->wire);
}

static bool resolve_field(struct gen_model *m, struct gen_field *f)
{
	if (f->type_name && !find_type(m, f))
		return false;
	if (f->array && (f->kind == SCHEMA_BOOL || f->kind == SCHEMA_DATETIME))
		return gen_fail(m, f->line, "lists of this kind are not supported");
	if (f->soft && !f->optional && !f->array && !f->fallback)
		return gen_fail(m, f->line, "without a default %s cannot be left out", f->wire);
	return !f->fallback || check_fallback(m, f);
}

/* An enum and a struct may share their stem (IdTokenEnumType, IdTokenType), but not a C tag. */
static void part_tags(struct gen_model *m)
{
	for (struct gen_enum *e = m->enums; e; e = e->next)
		for (const struct gen_struct *s = m->structs; s; s = s->next)
			if (strcmp(e->base, s->tag) == 0)
				e->tag = arena_printf(m->arena, "%s_enum", e->base);
}

/* Lists are called TAG_list; TAG_items where a struct of the schema has that name already. */
static const char *list_tag(struct gen_model *m, const char *tag)
{
	const char *list = arena_printf(m->arena, "%s_list", tag);

	for (const struct gen_struct *s = m->structs; s; s = s->next)
		if (strcmp(s->tag, list) == 0)
			return arena_printf(m->arena, "%s_items", tag);
	return list;
}

static void name_lists(struct gen_model *m)
{
	for (struct gen_enum *e = m->enums; e; e = e->next)
		if (e->list)
			e->list = list_tag(m, e->tag);
	for (struct gen_struct *s = m->structs; s; s = s->next)
		if (s->list)
			s->list = list_tag(m, s->tag);
}

/* -- C names that must differ ------------------------------------------------------------------ */

struct taken {
	const char *name;
	struct taken *next;
};

static bool take(struct gen_model *m, struct taken **all, int line, const char *name)
{
	struct taken *t;

	for (t = *all; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return gen_fail(m, line, "the C name %s is already taken", name);
	t = arena_alloc(m->arena, sizeof(*t));
	t->name = name;
	t->next = *all;
	*all = t;
	return true;
}

static bool check_constants(struct gen_model *m)
{
	struct taken *all = NULL;

	for (const struct gen_action *a = m->actions; a; a = a->next)
		if (!take(m, &all, a->line, a->constant))
			return false;
	for (const struct gen_event *e = m->events; e; e = e->next)
		if (!take(m, &all, e->type->line, e->constant))
			return false;
	for (const struct gen_enum *e = m->enums; e; e = e->next)
		for (const struct gen_value *v = e->values; v; v = v->next)
			if (!take(m, &all, e->line, v->constant))
				return false;
	return true;
}

static bool check_tags(struct gen_model *m)
{
	struct taken *all = NULL;

	for (const struct gen_struct *s = m->structs; s; s = s->next)
		if (!take(m, &all, s->line, s->tag) ||
			(s->list && !take(m, &all, s->line, s->list)))
			return false;
	for (const struct gen_enum *e = m->enums; e; e = e->next)
		if (!take(m, &all, e->line, e->tag) ||
			(e->list && !take(m, &all, e->line, e->list)))
			return false;
	return true;
}

bool gen_resolve(struct gen_model *m)
{
	for (const struct gen_enum *e = m->enums; e; e = e->next)
		if (!e->count)
			return gen_fail(m, e->line, "enum %s has no values", e->wire);
	for (const struct gen_action *a = m->actions; a; a = a->next)
		if (!a->request || !a->response)
			return gen_fail(m, a->line, "%s lacks a request or a response", a->wire);
	for (struct gen_struct *s = m->structs; s; s = s->next)
		for (struct gen_field *f = s->fields; f; f = f->next)
			if (!resolve_field(m, f))
				return false;
	part_tags(m);
	name_lists(m);
	return check_constants(m) && check_tags(m);
}

/* -- order ------------------------------------------------------------------------------------- */

struct chain {
	struct gen_struct *first;
	struct gen_struct **end;
};

static bool place(struct gen_model *m, struct chain *done, struct gen_struct *s)
{
	if (s->mark == 2)
		return true;
	if (s->mark == 1)
		return gen_fail(m, s->line, "%s contains itself", s->wire);
	s->mark = 1;
	for (struct gen_field *f = s->fields; f; f = f->next)
		if (f->kind == SCHEMA_STRUCT && !place(m, done, f->type))
			return false;
	s->mark = 2;
	*done->end = s;
	done->end = &s->next;
	return true;
}

bool gen_order(struct gen_model *m)
{
	struct chain done = {.end = &done.first};
	struct gen_struct *next;
	size_t n = 0, i = 0;
	struct gen_struct **all;

	for (struct gen_struct *s = m->structs; s; s = s->next)
		n++;
	all = arena_alloc(m->arena, (n + 1) * sizeof(struct gen_struct *));
	for (struct gen_struct *s = m->structs; s; s = next) {
		next = s->next;
		s->next = NULL;
		all[i++] = s;
	}
	for (i = 0; i < n; i++)
		if (!place(m, &done, all[i]))
			return false;
	m->structs = done.first;
	return true;
}
