#include "schemas/codec.h"

#include <math.h>
#include <string.h>

#include "schemas/rows.h"

/* Marks the text as failed: the struct is not one that its schema allows, which is our own bug, and
 * must not become a message that the other side refuses. */
static void refuse(struct text *out)
{
	out->failed = true;
}

static const char *text_at(const void *p)
{
	const char *s;

	memcpy(&s, p, sizeof(s));
	return s;
}

static void encode_struct(const struct schema_struct *type, const char *base, struct text *out);

static void encode_enum(const struct schema_enum *e, int v, struct text *out)
{
	if (v < 0 || v >= e->count) {
		refuse(out);
		return;
	}
	text_put_json(out, e->values[v]);
}

static void encode_text(const struct schema_field *f, const char *s, struct text *out)
{
	if (!s)
		refuse(out);
	else if (f->kind == SCHEMA_ANY)
		text_puts(out, s);
	else
		text_put_json(out, s);
}

static void encode_number(double v, struct text *out)
{
	if (!isfinite(v))
		refuse(out);
	else
		text_put_number(out, v);
}

static void encode_datetime(wall_t t, struct text *out)
{
	char buf[WALL_TEXT_SIZE];

	text_putc(out, '"');
	text_puts(out, wall_format(t, buf));
	text_putc(out, '"');
}

/* One value that stands at `p`. */
static void encode_value(const struct schema_field *f, const void *p, struct text *out)
{
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
	case SCHEMA_ANY:
		encode_text(f, text_at(p), out);
		break;
	case SCHEMA_DATETIME:
		encode_datetime(*(const wall_t *)p, out);
		break;
	case SCHEMA_INT:
		text_put_int(out, *(const int64_t *)p);
		break;
	case SCHEMA_NUMBER:
		encode_number(*(const double *)p, out);
		break;
	case SCHEMA_BOOL:
		text_puts(out, *(const bool *)p ? "true" : "false");
		break;
	case SCHEMA_ENUM:
		encode_enum(f->values, *(const int *)p, out);
		break;
	case SCHEMA_STRUCT:
		encode_struct(f->type, p, out);
		break;
	}
}

static void encode_list(const struct schema_field *f, const void *p, struct text *out)
{
	struct schema_list list;

	memcpy(&list, p, sizeof(list));
	text_putc(out, '[');
	for (size_t i = 0; i < list.count; i++) {
		if (i)
			text_putc(out, ',');
		encode_value(f, (const char *)list.items + i * f->width, out);
	}
	text_putc(out, ']');
}

/* Whether an optional field is there. */
static bool is_there(const struct schema_field *f, const char *base)
{
	struct schema_list list;

	if (f->array) {
		memcpy(&list, base + f->at, sizeof(list));
		return list.items != NULL;
	}
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		/* The decoder points an absent text at its default: that one was never sent. */
		return text_at(base + f->at) != NULL && text_at(base + f->at) != f->fallback.text;
	case SCHEMA_ANY:
	case SCHEMA_STRUCT:
		return text_at(base + f->at) != NULL;
	default:
		return *(const bool *)(const void *)(base + f->flag);
	}
}

static void encode_field(const struct schema_field *f, const char *base, struct text *out)
{
	const void *p = base + f->at;

	text_putc(out, '"');
	text_put(out, f->name, f->name_len);
	text_put(out, "\":", 2);
	if (f->array)
		encode_list(f, p, out);
	else if (f->kind == SCHEMA_STRUCT && !f->required)
		encode_struct(f->type, text_at(p), out);
	else
		encode_value(f, p, out);
}

static void encode_struct(const struct schema_struct *type, const char *base, struct text *out)
{
	bool first = true;

	text_putc(out, '{');
	for (int i = 0; i < type->field_count && !out->failed; i++) {
		const struct schema_field *f = &type->fields[i];

		if (!f->required && !is_there(f, base))
			continue;
		if (!first)
			text_putc(out, ',');
		first = false;
		encode_field(f, base, out);
	}
	text_putc(out, '}');
}

int schema_encode(const struct schema_struct *type, const void *value, struct text *out)
{
	encode_struct(type, value, out);
	return text_ok(out) ? 0 : -1;
}

bool schema_encode_field(
	const struct schema_struct *type, int field, const void *value, struct text *out)
{
	const struct schema_field *f = &type->fields[field];

	if (!f->required && !is_there(f, value))
		return false;
	encode_field(f, value, out);
	return true;
}

const char *schema_field_name(const struct schema_struct *type, int field)
{
	return type->fields[field].name;
}

bool schema_field_is_plain(const struct schema_struct *type, int field)
{
	enum schema_kind k = type->fields[field].kind;

	return k == SCHEMA_DATETIME || k == SCHEMA_INT || k == SCHEMA_NUMBER || k == SCHEMA_BOOL;
}

char *schema_text(struct arena *a, const struct schema_struct *type, const void *value)
{
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	if (schema_encode(type, value, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}
