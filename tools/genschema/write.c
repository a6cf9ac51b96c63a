#include "tools/genschema/genschema.h"

#include <inttypes.h>
#include <string.h>

#include "schemas/rows.h"

/* The C type of one value of the field, without its name: "struct ocpp201_evse". */
static void print_type(FILE *out, const struct gen_field *f)
{
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
	case SCHEMA_ANY:
		fputs("const char *", out);
		break;
	case SCHEMA_DATETIME:
		fputs("wall_t ", out);
		break;
	case SCHEMA_INT:
		fputs("int64_t ", out);
		break;
	case SCHEMA_NUMBER:
		fputs("double ", out);
		break;
	case SCHEMA_BOOL:
		fputs("bool ", out);
		break;
	case SCHEMA_ENUM:
		fprintf(out, "enum %s ", f->values->tag);
		break;
	case SCHEMA_STRUCT:
		fprintf(out, "struct %s %s", f->type->tag, f->optional && !f->array ? "*" : "");
		break;
	}
}

static void print_list_type(FILE *out, const struct gen_field *f)
{
	switch (f->kind) {
	case SCHEMA_INT:
		fputs("struct schema_ints", out);
		break;
	case SCHEMA_NUMBER:
		fputs("struct schema_numbers", out);
		break;
	case SCHEMA_ENUM:
		fprintf(out, "struct %s", f->values->list);
		break;
	case SCHEMA_STRUCT:
		fprintf(out, "struct %s", f->type->list);
		break;
	default:
		fputs("struct schema_strings", out);
		break;
	}
}

/* Scalars other than text say by a flag whether they are there. */
static bool has_flag(const struct gen_field *f)
{
	return f->optional && !f->array && f->kind != SCHEMA_STRING && f->kind != SCHEMA_IDENT &&
	       f->kind != SCHEMA_ANY && f->kind != SCHEMA_STRUCT;
}

static void print_member(FILE *out, const struct gen_field *f)
{
	if (has_flag(f))
		fprintf(out, "\tbool has_%s;\n", f->name);
	fputc('\t', out);
	if (f->array) {
		print_list_type(out, f);
		fputc(' ', out);
	} else {
		print_type(out, f);
	}
	fprintf(out, "%s;", f->name);
	if (f->help && !strstr(f->help, "*/"))
		fprintf(out, " /* %s */", f->help);
	fputc('\n', out);
}

static void print_list(FILE *out, const char *list, const char *what, const char *tag)
{
	fprintf(out, "struct %s {\n\tsize_t count;\n\t%s %s *items;\n};\n", list, what, tag);
}

static void print_struct(FILE *out, const struct gen_struct *s)
{
	fprintf(out, "\nstruct %s {\n", s->tag);
	for (const struct gen_field *f = s->fields; f; f = f->next)
		print_member(out, f);
	if (!s->count)
		fputs("\tchar nothing; /* C has no empty struct */\n", out);
	fputs("};\n", out);
	if (s->list)
		print_list(out, s->list, "struct", s->tag);
	fprintf(out, "extern const struct schema_struct %s_type;\n", s->tag);
}

static void print_enum(FILE *out, const struct gen_enum *e)
{
	fprintf(out, "\nenum %s {\n", e->tag);
	for (const struct gen_value *v = e->values; v; v = v->next)
		fprintf(out, "\t%s,\n", v->constant);
	fputs("};\n", out);
	if (e->list)
		print_list(out, e->list, "enum", e->tag);
	fprintf(out, "extern const struct schema_enum %s_enum;\n", e->base);
}

static void print_places(FILE *out, const struct gen_model *m)
{
	if (m->action_count) {
		fprintf(out, "\nenum %s_action_place {\n", m->prefix);
		for (const struct gen_action *a = m->actions; a; a = a->next)
			fprintf(out, "\t%s,\n", a->constant);
		fprintf(out, "\t%s_ACTION_COUNT\n};\n", m->upper);
		fprintf(out, "extern const struct schema_action %s_actions[%s_ACTION_COUNT];\n",
			m->prefix, m->upper);
	}
	if (m->event_count) {
		fprintf(out, "\nenum %s_event_place {\n", m->prefix);
		for (const struct gen_event *e = m->events; e; e = e->next)
			fprintf(out, "\t%s,\n", e->constant);
		fprintf(out, "\t%s_EVENT_COUNT\n};\n", m->upper);
		fprintf(out, "extern const struct schema_event %s_events[%s_EVENT_COUNT];\n",
			m->prefix, m->upper);
	}
}

bool gen_write_header(const struct gen_model *m, FILE *out)
{
	fprintf(out, "/* Made by genschema from %s: change that, not this. */\n", m->file);
	fprintf(out, "#ifndef GEN_%s_H\n#define GEN_%s_H\n\n", m->upper, m->upper);
	fputs("#include \"schemas/codec.h\"\n", out);
	for (const struct gen_enum *e = m->enums; e; e = e->next)
		print_enum(out, e);
	for (const struct gen_struct *s = m->structs; s; s = s->next)
		print_struct(out, s);
	print_places(out, m);
	fputs("\n#endif\n", out);
	return !ferror(out);
}

/* -- source ------------------------------------------------------------------------------------ */

static const char *const kind_names[] = {
	[SCHEMA_STRING] = "SCHEMA_STRING",
	[SCHEMA_IDENT] = "SCHEMA_IDENT",
	[SCHEMA_ANY] = "SCHEMA_ANY",
	[SCHEMA_DATETIME] = "SCHEMA_DATETIME",
	[SCHEMA_INT] = "SCHEMA_INT",
	[SCHEMA_NUMBER] = "SCHEMA_NUMBER",
	[SCHEMA_BOOL] = "SCHEMA_BOOL",
	[SCHEMA_ENUM] = "SCHEMA_ENUM",
	[SCHEMA_STRUCT] = "SCHEMA_STRUCT",
};

static void print_bound(FILE *out, const char *name, int64_t v)
{
	if (v == SCHEMA_NO_MIN)
		fprintf(out, ", .%s = SCHEMA_NO_MIN", name);
	else if (v == SCHEMA_NO_MAX)
		fprintf(out, ", .%s = SCHEMA_NO_MAX", name);
	else
		fprintf(out, ", .%s = INT64_C(%" PRId64 ")", name, v);
}

static void print_fallback(FILE *out, const struct gen_field *f)
{
	fputs(", .has_fallback = true, .fallback = ", out);
	if (f->kind == SCHEMA_NUMBER)
		fprintf(out, "{.number = %s}", f->fallback);
	else if (f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT)
		fprintf(out, "{.text = \"%s\"}", f->fallback);
	else if (f->kind == SCHEMA_ENUM)
		fprintf(out, "{.integer = %d}", f->fallback_index);
	else
		fprintf(out, "{.integer = %s}", f->fallback);
}

static void print_row(FILE *out, const struct gen_struct *s, const struct gen_field *f)
{
	const char *items = f->array ? ".items" : "";
	const char *deref = f->array || (f->kind == SCHEMA_STRUCT && f->optional) ? "*" : "";

	fprintf(out, "\t{.name = \"%s\", .name_len = %zu, .kind = %s", f->wire, strlen(f->wire),
		kind_names[f->kind]);
	fprintf(out, ", .at = offsetof(struct %s, %s)", s->tag, f->name);
	if (has_flag(f))
		fprintf(out, ", .flag = offsetof(struct %s, has_%s)", s->tag, f->name);
	fprintf(out, ", .width = sizeof(%s((struct %s *)0)->%s%s)", deref, s->tag, f->name, items);
	if (!f->optional)
		fputs(", .required = true", out);
	if (f->soft)
		fputs(", .soft = true", out);
	if (f->array) {
		fputs(", .array = true", out);
		print_bound(out, "items_min", f->items_min);
		print_bound(out, "items_max", f->items_max);
	}
	print_bound(out, "min", f->min);
	print_bound(out, "max", f->max);
	if (f->type)
		fprintf(out, ", .type = &%s_type", f->type->tag);
	if (f->values)
		fprintf(out, ", .values = &%s_enum", f->values->base);
	if (f->fallback)
		print_fallback(out, f);
	fputs("},\n", out);
}

static void print_rows(FILE *out, const struct gen_struct *s)
{
	if (s->count) {
		fprintf(out, "\nstatic const struct schema_field %s_rows[] = {\n", s->tag);
		for (const struct gen_field *f = s->fields; f; f = f->next)
			print_row(out, s, f);
		fputs("};\n", out);
	}
	fprintf(out, "\nconst struct schema_struct %s_type = {\"%s\", sizeof(struct %s), %d, %s, ",
		s->tag, s->wire, s->tag, s->count, s->open ? "true" : "false");
	if (s->count)
		fprintf(out, "%s_rows};\n", s->tag);
	else
		fputs("NULL};\n", out);
	if (s->list)
		fprintf(out,
			"_Static_assert(sizeof(struct %s) == sizeof(struct schema_list), \"list\");\n",
			s->list);
}

static void print_names(FILE *out, const struct gen_enum *e)
{
	fprintf(out, "\nstatic const char *const %s_names[] = {\n", e->base);
	for (const struct gen_value *v = e->values; v; v = v->next)
		fprintf(out, "\t[%s] = \"%s\",\n", v->constant, v->wire);
	fprintf(out, "};\nconst struct schema_enum %s_enum = {\"%s\", %s_names, %d};\n", e->base,
		e->wire, e->base, e->count);
	fprintf(out, "_Static_assert(sizeof(enum %s) == sizeof(int), \"enum\");\n", e->tag);
}

static void print_tables(FILE *out, const struct gen_model *m)
{
	static const char *const senders[] = {
		NULL, "SCHEMA_FROM_STATION", "SCHEMA_FROM_CSMS", "SCHEMA_FROM_BOTH"};

	if (m->action_count) {
		fprintf(out, "\nconst struct schema_action %s_actions[%s_ACTION_COUNT] = {\n",
			m->prefix, m->upper);
		for (const struct gen_action *a = m->actions; a; a = a->next)
			fprintf(out, "\t[%s] = {\"%s\", %s, &%s_type, &%s_type, \"%s\"},\n",
				a->constant, a->wire, senders[a->sender], a->request->tag,
				a->response->tag, a->use);
		fputs("};\n", out);
	}
	if (m->event_count) {
		fprintf(out, "\nconst struct schema_event %s_events[%s_EVENT_COUNT] = {\n",
			m->prefix, m->upper);
		for (const struct gen_event *e = m->events; e; e = e->next)
			fprintf(out, "\t[%s] = {\"%s\", %d, \"%s\", &%s_type},\n", e->constant,
				e->wire, e->version, e->stream, e->type->tag);
		fputs("};\n", out);
	}
}

bool gen_write_source(const struct gen_model *m, FILE *out)
{
	fprintf(out, "/* Made by genschema from %s: change that, not this. */\n", m->file);
	fprintf(out, "#include \"gen/%s.h\"\n\n#include <stddef.h>\n\n", m->prefix);
	fputs("#include \"schemas/rows.h\"\n", out);
	for (const struct gen_enum *e = m->enums; e; e = e->next)
		print_names(out, e);
	for (const struct gen_struct *s = m->structs; s; s = s->next)
		print_rows(out, s);
	print_tables(out, m);
	return !ferror(out);
}
