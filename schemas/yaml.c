#include "schemas/yaml.h"

#include <yaml.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "schemas/rows.h"

/*
 * libyaml's events become JSON text, which the codec judges. Only if it complains are the events
 * walked a second time, to find the line of the path in the complaint: a good file costs nothing.
 */

#define WHERE_SIZE 400

struct reader {
	yaml_parser_t parser;
	const char *name; /* file, for complaints */
	struct text *json;
	char *where; /* complaint, WHERE_SIZE bytes */
	int depth;
	char path[sizeof(((struct schema_error *)0)->path)]; /* spelt as the codec does */
	const char *want; /* second walk: path to find */
	size_t best; /* bytes of it that were found */
	int line; /* where */
};

__attribute__((format(printf, 3, 4))) static bool complain(
	struct reader *r, int line, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!r->where)
		return false;
	if (line > 0)
		n = snprintf(r->where, WHERE_SIZE, "%s:%d: ", r->name, line);
	else
		n = snprintf(r->where, WHERE_SIZE, "%s: ", r->name);
	va_start(ap, fmt);
	if (n > 0 && n < WHERE_SIZE)
		vsnprintf(r->where + n, (size_t)(WHERE_SIZE - n), fmt, ap);
	va_end(ap);
	return false;
}

static int line_of(const yaml_event_t *e)
{
	return (int)e->start_mark.line + 1;
}

/* -- path -------------------------------------------------------------------------------------- */

/* Appends to the path and returns its old length, for path_back. */
static size_t path_push(struct reader *r, const char *key, size_t index)
{
	size_t n = strlen(r->path);

	if (key)
		snprintf(r->path + n, sizeof(r->path) - n, "%s%s", n ? "." : "", key);
	else
		snprintf(r->path + n, sizeof(r->path) - n, "[%zu]", index);
	return n;
}

static void path_back(struct reader *r, size_t n)
{
	r->path[n] = '\0';
}

/* The deepest place that leads to the wanted path; the last of those, for keys that stand twice. */
static void path_note(struct reader *r, int line)
{
	size_t n = strlen(r->path);

	if (!r->want || n < r->best || strncmp(r->path, r->want, n) != 0)
		return;
	if (n > 0 && r->want[n] && r->want[n] != '.' && r->want[n] != '[')
		return;
	r->best = n;
	r->line = line;
}

/* -- scalars ----------------------------------------------------------------------------------- */

static bool is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* Numbers of YAML's core schema, written as JSON has them. */
static bool put_number(struct text *out, const char *s)
{
	const char *digits = s + (*s == '-' || *s == '+');
	char *end;
	double v;

	if (digits[0] == '0' && digits[1] == 'x' && strspn(digits + 2, "0123456789abcdefABCDEF") &&
		!digits[2 + strspn(digits + 2, "0123456789abcdefABCDEF")] && digits == s) {
		text_put_number(out, (double)strtoull(digits + 2, NULL, 16));
		return true;
	}
	if (strspn(s, "+-.0123456789eE") != strlen(s) || !strpbrk(s, "0123456789") ||
		strchr("eE", *digits))
		return false;
	v = strtod(s, &end);
	if (*end || v - v != 0)
		return false;
	if (s[strspn(s, "-0123456789")] == '\0' && (*digits != '0' || !digits[1]))
		text_puts(out, s); /* whole: keep every digit */
	else
		text_put_number(out, v);
	return true;
}

static void put_plain(struct text *out, const char *s, const struct schema_field *f)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	bool wants_text = f && (f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT ||
				       f->kind == SCHEMA_DATETIME || f->kind == SCHEMA_ENUM);

	if (is_one_of(s, nulls))
		text_puts(out, "null");
	else if (wants_text)
		text_put_json(out, s);
	else if (is_one_of(s, yes))
		text_puts(out, "true");
	else if (is_one_of(s, no))
		text_puts(out, "false");
	else if (!put_number(out, s))
		text_put_json(out, s);
}

/* -- events ------------------------------------------------------------------------------------ */

static bool next_event(struct reader *r, yaml_event_t *e)
{
	yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(p, e))
		return true;
	return complain(r, (int)p->problem_mark.line + 1, "%s%s%s",
		p->problem ? p->problem : "cannot be read as YAML", p->context ? " " : "",
		p->context ? p->context : "");
}

static bool check_tag(struct reader *r, const yaml_event_t *e, const yaml_char_t *tag)
{
	return !tag ||
	       complain(r, line_of(e), "tags like %.40s are not supported", (const char *)tag);
}

static bool check_scalar(struct reader *r, const yaml_event_t *e)
{
	if (memchr(e->data.scalar.value, '\0', e->data.scalar.length))
		return complain(r, line_of(e), "NUL character in a text");
	return check_tag(r, e, e->data.scalar.tag);
}

static bool read_node(struct reader *r, yaml_event_t *e, const struct schema_struct *type,
	const struct schema_field *f);

static bool read_scalar(struct reader *r, const yaml_event_t *e, const struct schema_field *f)
{
	const char *s = (const char *)e->data.scalar.value;

	if (!check_scalar(r, e))
		return false;
	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		put_plain(r->json, s, f);
	else
		text_put_json(r->json, s);
	return true;
}

static bool read_sequence(struct reader *r, const yaml_event_t *start, const struct schema_field *f)
{
	if (!check_tag(r, start, start->data.sequence_start.tag))
		return false;
	text_putc(r->json, '[');
	for (size_t i = 0;; i++) {
		yaml_event_t e;
		size_t back;
		bool last, good;

		if (!next_event(r, &e))
			return false;
		last = e.type == YAML_SEQUENCE_END_EVENT;
		back = path_push(r, NULL, i);
		if (!last && i > 0)
			text_putc(r->json, ',');
		if (!last)
			path_note(r, line_of(&e));
		good = last || read_node(r, &e, f ? f->type : NULL, f);
		path_back(r, back);
		yaml_event_delete(&e);
		if (!good)
			return false;
		if (last)
			break;
	}
	text_putc(r->json, ']');
	return true;
}

static const struct schema_field *row_of(const struct schema_struct *type, const char *key)
{
	for (int i = 0; type && i < type->field_count; i++)
		if (strcmp(type->fields[i].name, key) == 0)
			return &type->fields[i];
	return NULL;
}

/* One key that was read, and its value. */
static bool read_member(struct reader *r, const yaml_event_t *key, const struct schema_struct *type)
{
	const char *name = (const char *)key->data.scalar.value;
	const struct schema_field *f = row_of(type, name);
	yaml_event_t e;
	size_t back;
	bool good;

	text_put_json(r->json, name);
	text_putc(r->json, ':');
	if (!next_event(r, &e))
		return false;
	back = path_push(r, name, 0);
	path_note(r, line_of(key));
	good = read_node(r, &e, f ? f->type : NULL, f);
	path_back(r, back);
	yaml_event_delete(&e);
	return good;
}

static bool read_mapping(
	struct reader *r, const yaml_event_t *start, const struct schema_struct *type)
{
	if (!check_tag(r, start, start->data.mapping_start.tag))
		return false;
	text_putc(r->json, '{');
	for (bool first = true;; first = false) {
		yaml_event_t key;
		bool last, good = true;

		if (!next_event(r, &key))
			return false;
		last = key.type == YAML_MAPPING_END_EVENT;
		if (!last && !first)
			text_putc(r->json, ',');
		if (!last && key.type != YAML_SCALAR_EVENT)
			good = complain(r, line_of(&key), "a key must be plain text");
		else if (!last)
			good = check_scalar(r, &key) && read_member(r, &key, type);
		yaml_event_delete(&key);
		if (!good)
			return false;
		if (last)
			break;
	}
	text_putc(r->json, '}');
	return true;
}

static bool read_node(struct reader *r, yaml_event_t *e, const struct schema_struct *type,
	const struct schema_field *f)
{
	bool good;

	if (++r->depth > JSON_MAX_DEPTH)
		return complain(r, line_of(e), "nested too deep");
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		good = read_scalar(r, e, f);
		break;
	case YAML_SEQUENCE_START_EVENT:
		good = read_sequence(r, e, f);
		break;
	case YAML_MAPPING_START_EVENT:
		good = read_mapping(r, e, type);
		break;
	case YAML_ALIAS_EVENT:
		good = complain(r, line_of(e), "aliases like *%.40s are not supported",
			(const char *)e->data.alias.anchor);
		break;
	default:
		good = complain(r, line_of(e), "expected a value");
		break;
	}
	r->depth--;
	return good;
}

/* What may stand around the one document: its type decides, the value is read in between. */
static bool read_stream(struct reader *r, const struct schema_struct *type)
{
	bool seen = false;

	for (;;) {
		yaml_event_t e;
		bool good = true, last;

		if (!next_event(r, &e))
			return false;
		last = e.type == YAML_STREAM_END_EVENT;
		if (e.type == YAML_DOCUMENT_START_EVENT && seen)
			good = complain(r, line_of(&e), "only one document is allowed");
		else if (e.type == YAML_DOCUMENT_START_EVENT)
			seen = true;
		else if (!last && e.type != YAML_STREAM_START_EVENT &&
			 e.type != YAML_DOCUMENT_END_EVENT) {
			path_note(r, line_of(&e));
			good = read_node(r, &e, type, NULL);
		}
		yaml_event_delete(&e);
		if (!good)
			return false;
		if (last)
			break;
	}
	return seen || complain(r, 0, "is empty");
}

static bool walk(struct reader *r, const struct schema_struct *type, const char *text, size_t len)
{
	bool good;

	if (!yaml_parser_initialize(&r->parser))
		return complain(r, 0, "no memory");
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	r->path[0] = '\0';
	r->depth = 0;
	text_clear(r->json);
	good = read_stream(r, type);
	yaml_parser_delete(&r->parser);
	if (good && !text_ok(r->json))
		return complain(r, 0, "no memory");
	return good;
}

void *schema_yaml_decode(const struct schema_struct *type, const char *name, const char *text,
	size_t len, struct arena *a, char where[400])
{
	struct schema_error err = {0};
	struct text json;
	struct reader r = {.name = name, .json = &json, .where = where, .line = 1};
	void *value = NULL;

	text_init(&json, 0);
	if (!walk(&r, type, text, len))
		goto out;
	value = schema_decode(type, json.data, json.len, a, &err);
	if (!value) {
		r.want = err.path;
		walk(&r, type, text, len);
		complain(&r, r.line, "%s%s%s", err.path, err.path[0] ? ": " : "", err.message);
	}
out:
	text_finish(&json);
	return value;
}

/* The whole file into `out`, or -1 with errno set. */
static int read_file(const char *path, struct text *out)
{
	FILE *in = fopen(path, "re");
	char chunk[8192];
	size_t n;
	int rc;

	if (!in)
		return -1;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0 && text_ok(out))
		text_put(out, chunk, n);
	rc = ferror(in) ? -1 : 0;
	fclose(in);
	return rc;
}

void *schema_yaml_load(const struct schema_struct *type, const char *path, size_t max,
	struct arena *a, char where[400])
{
	struct reader r = {.name = path, .where = where};
	struct text text;
	void *value = NULL;

	text_init(&text, max);
	if (read_file(path, &text) < 0)
		complain(&r, 0, "%s", strerror(errno));
	else if (!text_ok(&text))
		complain(&r, 0, "is larger than %zu bytes", max);
	else
		value = schema_yaml_decode(
			type, path, text.data ? text.data : "", text.len, a, where);
	text_finish(&text);
	return value;
}

void schema_yaml_complain_text(const char *name, const char *text, size_t len, const char *path,
	const char *words, char where[400])
{
	struct text json;
	struct reader r = {.name = name, .json = &json, .want = path, .line = 1};

	text_init(&json, 0);
	if (len)
		walk(&r, NULL, text, len);
	r.where = where;
	complain(&r, r.line, "%s%s%s", path, path[0] ? ": " : "", words);
	text_finish(&json);
}

void schema_yaml_complain(
	const char *file, size_t max, const char *path, const char *text, char where[400])
{
	struct text bytes;
	bool is_read;

	text_init(&bytes, max);
	is_read = read_file(file, &bytes) == 0 && text_ok(&bytes);
	schema_yaml_complain_text(file, bytes.data, is_read ? bytes.len : 0, path, text, where);
	text_finish(&bytes);
}
