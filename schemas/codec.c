#include "schemas/codec.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "schemas/rows.h"

/*
 * Decoding walks the text twice. json_check only asks: is this JSON, valid UTF-8, not too deep? The
 * second walk may then trust every bracket and quote and fills structs straight from the text: no
 * tree is ever built, and numbers and `any` values are taken as they were written.
 */

#define QUOTE_MAX 48 /* bytes of a bad value shown to a person */

/* Where we are, for the path in a complaint. Lives on the stack of the decoder. */
struct frame {
	const struct frame *up;
	const char *key;
	size_t key_len;
	size_t index; /* of the item, where `item` */
	bool item;
};

struct decoder {
	const char *p; /* next byte */
	struct arena *arena;
	struct schema_error *err;
};

/* -- complaints -------------------------------------------------------------------------------- */

/* Bytes of `s` that fit in `max` without cutting a UTF-8 sequence. */
static size_t fitting(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* What is shown of foreign text must stay one line. */
static char printable(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f ? '?' : c;
}

static void path_add(char *path, size_t size, const char *s, size_t len)
{
	size_t used = strlen(path);
	size_t n = fitting(s, len, size - 1 - used);

	for (size_t i = 0; i < n; i++)
		path[used + i] = printable(s[i]);
	path[used + n] = '\0';
}

static void path_write(const struct frame *f, char *path, size_t size)
{
	char index[32];

	if (!f)
		return;
	path_write(f->up, path, size);
	if (f->item) {
		snprintf(index, sizeof(index), "[%zu]", f->index);
		path_add(path, size, index, strlen(index));
		return;
	}
	if (path[0])
		path_add(path, size, ".", 1);
	path_add(path, size, f->key, f->key_len);
}

__attribute__((format(printf, 4, 5))) static bool fail(
	struct decoder *d, const struct frame *at, enum schema_fault fault, const char *fmt, ...)
{
	va_list ap;
	int n;

	d->err->fault = fault;
	d->err->path[0] = '\0';
	path_write(at, d->err->path, sizeof(d->err->path));
	va_start(ap, fmt);
	n = vsnprintf(d->err->message, sizeof(d->err->message), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(d->err->message)) {
		size_t len = sizeof(d->err->message) - 1;

		while (!schema_utf8_check(d->err->message, len, NULL))
			d->err->message[--len] = '\0'; /* the cut fell into a sequence */
	}
	for (char *p = d->err->message; *p; p++)
		*p = printable(*p);
	return false;
}

static bool no_memory(struct decoder *d, const struct frame *at)
{
	return fail(d, at, SCHEMA_NO_MEMORY, "the message needs more memory than is allowed");
}

/* -- values ------------------------------------------------------------------------------------ */

static void skip_space(struct decoder *d)
{
	d->p = json_skip_space(d->p);
}

/* What `span` stands for as a NUL-terminated copy. Never longer than its JSON. */
static const char *copy_span(struct decoder *d, const struct json_span *span, size_t *len)
{
	char *copy;

	*len = span->len;
	if (!span->escaped)
		return arena_strndup(d->arena, span->s, span->len);
	copy = arena_alloc(d->arena, span->len + 1);
	if (copy)
		*len = json_unescape(span, copy);
	return copy;
}

/* The string at the cursor without a copy, where it has no escapes; not NUL-terminated. */
static const char *take_string(struct decoder *d, size_t *len)
{
	struct json_span span;

	d->p = json_take_string(d->p, &span);
	if (span.escaped)
		return copy_span(d, &span, len);
	*len = span.len;
	return span.s;
}

static const char *type_name(char c)
{
	switch (c) {
	case '{':
		return "an object";
	case '[':
		return "an array";
	case '"':
		return "a string";
	case 't':
	case 'f':
		return "a boolean";
	case 'n':
		return "null";
	default:
		return "a number";
	}
}

static bool bad_type(struct decoder *d, const struct frame *at, const char *wanted)
{
	return fail(d, at, SCHEMA_BAD_TYPE, "must be %s but is %s", wanted, type_name(*d->p));
}

static bool check_length(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const char *s, size_t len)
{
	int64_t points = 0;

	/* Bytes bound code points from above, so the usual short text needs no count. */
	if (f->min <= 0 && (f->max == SCHEMA_NO_MAX || len <= (size_t)f->max))
		return true;
	for (size_t i = 0; i < len; i++)
		points += ((unsigned char)s[i] & 0xc0) != 0x80;
	if (points > f->max)
		return fail(d, at, SCHEMA_BAD_LENGTH,
			"must have at most %lld characters but has %lld", (long long)f->max,
			(long long)points);
	if (points < f->min)
		return fail(d, at, SCHEMA_BAD_LENGTH,
			"must have at least %lld characters but has %lld", (long long)f->min,
			(long long)points);
	return true;
}

/* OCPP 2.0.1 part 2, identifierString. */
static bool is_identifier(const char *s)
{
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			    (*s >= '0' && *s <= '9') || strchr("*-_=:+|@.", *s)))
			return false;
	return true;
}

static bool decode_text(
	struct decoder *d, const struct frame *at, const struct schema_field *f, const char **out)
{
	struct json_span span;
	size_t len;

	if (*d->p != '"')
		return bad_type(d, at, "a string");
	d->p = json_take_string(d->p, &span);
	*out = copy_span(d, &span, &len);
	if (!*out)
		return no_memory(d, at);
	if (!check_length(d, at, f, *out, len))
		return false;
	if (f->kind == SCHEMA_IDENT && !is_identifier(*out))
		return fail(d, at, SCHEMA_BAD_FORMAT,
			"may only hold letters, digits and * - _ = : + | @ .");
	return true;
}

static bool decode_datetime(struct decoder *d, const struct frame *at, wall_t *out)
{
	size_t len;
	const char *s;

	if (*d->p != '"')
		return bad_type(d, at, "a date-time string");
	s = take_string(d, &len);
	if (!s)
		return no_memory(d, at);
	if (!wall_parse(s, len, out))
		return fail(d, at, SCHEMA_BAD_FORMAT,
			"must be a date-time like 2026-03-11T22:40:12Z but is \"%.*s\"",
			(int)fitting(s, len, QUOTE_MAX), s);
	return true;
}

static bool is_number(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* The number at the cursor. strtod may run in place: some bracket always follows. */
static double take_number(struct decoder *d)
{
	char *end;
	double v = strtod(d->p, &end);

	d->p = end;
	return v;
}

/* Plain digits, as nearly every integer is written. False: something else, the cursor stays. */
static bool take_plain_int(struct decoder *d, int64_t *out)
{
	const char *p = d->p + (*d->p == '-');
	const char *first = p;
	int64_t v = 0;

	while (*p >= '0' && *p <= '9' && p - first < 18)
		v = v * 10 + (*p++ - '0');
	if (*p == '.' || *p == 'e' || *p == 'E' || (*p >= '0' && *p <= '9'))
		return false;
	*out = *d->p == '-' ? -v : v;
	d->p = p;
	return true;
}

static bool bad_range(
	struct decoder *d, const struct frame *at, const struct schema_field *f, const char *text)
{
	int n = (int)strcspn(text, ",:]} \t\r\n");
	bool low = f->min != SCHEMA_NO_MIN, high = f->max != SCHEMA_NO_MAX;

	if (n > QUOTE_MAX)
		n = QUOTE_MAX;
	if (low && high)
		return fail(d, at, SCHEMA_BAD_RANGE, "must be from %lld to %lld but is %.*s",
			(long long)f->min, (long long)f->max, n, text);
	if (low)
		return fail(d, at, SCHEMA_BAD_RANGE, "must be at least %lld but is %.*s",
			(long long)f->min, n, text);
	return fail(d, at, SCHEMA_BAD_RANGE, "is too large: %.*s", n, text);
}

static bool decode_int(
	struct decoder *d, const struct frame *at, const struct schema_field *f, int64_t *out)
{
	const char *start = d->p;
	double v;

	if (!is_number(*d->p))
		return bad_type(d, at, "a whole number");
	if (!take_plain_int(d, out)) {
		v = take_number(d);
		if (isfinite(v) && v != floor(v))
			return fail(d, at, SCHEMA_BAD_RANGE, "must be a whole number but is %.*s",
				(int)fitting(start, (size_t)(d->p - start), QUOTE_MAX), start);
		/* Rows never allow more than 2^53 - 1, far inside what the cast can take. */
		if (!(fabs(v) <= (double)SCHEMA_WIDE_MAX))
			return bad_range(d, at, f, start);
		*out = (int64_t)v;
	}
	return (*out >= f->min && *out <= f->max) || bad_range(d, at, f, start);
}

static bool decode_number(
	struct decoder *d, const struct frame *at, const struct schema_field *f, double *out)
{
	const char *start = d->p;

	if (!is_number(*d->p))
		return bad_type(d, at, "a number");
	*out = take_number(d);
	if (!isfinite(*out) || (f->min != SCHEMA_NO_MIN && *out < (double)f->min) ||
		(f->max != SCHEMA_NO_MAX && *out > (double)f->max))
		return bad_range(d, at, f, start);
	return true;
}

static bool decode_bool(struct decoder *d, const struct frame *at, bool *out)
{
	if (*d->p != 't' && *d->p != 'f')
		return bad_type(d, at, "true or false");
	*out = *d->p == 't';
	d->p += *out ? 4 : 5;
	return true;
}

static bool bad_enum(struct decoder *d, const struct frame *at, const struct schema_enum *e,
	const char *s, size_t len)
{
	char list[100] = "";
	size_t used = 0;

	for (int i = 0; i < e->count; i++) {
		size_t n = strlen(e->values[i]);

		if (used + n + 8 > sizeof(list)) {
			memcpy(list + used, ", …", sizeof(", …"));
			break;
		}
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, "%s%s", i ? ", " : "", e->values[i]);
	}
	return fail(d, at, SCHEMA_BAD_ENUM, "must be one of %s but is \"%.*s\"", list,
		(int)fitting(s, len, QUOTE_MAX), s);
}

static bool decode_enum(
	struct decoder *d, const struct frame *at, const struct schema_enum *e, int *out)
{
	size_t len;
	const char *s;

	if (*d->p != '"')
		return bad_type(d, at, "a string");
	s = take_string(d, &len);
	if (!s)
		return no_memory(d, at);
	for (int i = 0; i < e->count; i++)
		if (strncmp(e->values[i], s, len) == 0 && e->values[i][len] == '\0') {
			*out = i;
			return true;
		}
	return bad_enum(d, at, e, s, len);
}

static bool decode_struct(
	struct decoder *d, const struct frame *at, const struct schema_struct *type, char *out);

static bool decode_any(
	struct decoder *d, const struct frame *at, const struct schema_field *f, const char **out)
{
	const char *start = d->p;
	char *copy, *scratch;

	d->p = json_skip_value(d->p);
	copy = arena_alloc(d->arena, (size_t)(d->p - start) + 1);
	if (!copy)
		return no_memory(d, at);
	json_compact(start, d->p, copy);
	*out = copy;
	if (!f->type)
		return true;
	scratch = arena_alloc(d->arena, f->type->size);
	if (!scratch)
		return no_memory(d, at);
	d->p = start;
	return decode_struct(d, at, f->type, scratch);
}

/* One value of the field, into `out`, which has f->width bytes. */
static bool decode_value(
	struct decoder *d, const struct frame *at, const struct schema_field *f, void *out)
{
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		return decode_text(d, at, f, out);
	case SCHEMA_ANY:
		return decode_any(d, at, f, out);
	case SCHEMA_DATETIME:
		return decode_datetime(d, at, out);
	case SCHEMA_INT:
		return decode_int(d, at, f, out);
	case SCHEMA_NUMBER:
		return decode_number(d, at, f, out);
	case SCHEMA_BOOL:
		return decode_bool(d, at, out);
	case SCHEMA_ENUM:
		return decode_enum(d, at, f->values, out);
	case SCHEMA_STRUCT:
		return decode_struct(d, at, f->type, out);
	}
	return false;
}

/* -- arrays and objects ----------------------------------------------------------- */

static bool grow(struct decoder *d, struct schema_list *list, size_t width, size_t *room)
{
	size_t more = *room ? *room * 2 : 2;
	void *items = more > SIZE_MAX / 2 / width ? NULL : arena_alloc(d->arena, more * width);

	if (!items)
		return false;
	if (list->count)
		memcpy(items, list->items, list->count * width);
	list->items = items;
	*room = more;
	return true;
}

static bool decode_items(struct decoder *d, const struct frame *at, const struct schema_field *f,
	struct schema_list *list)
{
	size_t room = 0;

	d->p++;
	skip_space(d);
	while (*d->p != ']') {
		struct frame here = {.up = at, .item = true, .index = list->count};

		if (f->items_max != SCHEMA_NO_MAX && list->count >= (size_t)f->items_max)
			return fail(d, at, SCHEMA_BAD_ITEMS, "must have at most %lld items",
				(long long)f->items_max);
		if (list->count == room && !grow(d, list, f->width, &room))
			return no_memory(d, at);
		if (!decode_value(d, &here, f, (char *)list->items + list->count * f->width))
			return false;
		list->count++;
		skip_space(d);
		if (*d->p == ',')
			d->p++;
		skip_space(d);
	}
	d->p++;
	return true;
}

static bool decode_array(
	struct decoder *d, const struct frame *at, const struct schema_field *f, void *out)
{
	struct schema_list list = {0};

	if (*d->p != '[')
		return bad_type(d, at, "an array");
	if (!decode_items(d, at, f, &list))
		return false;
	if (list.count < (size_t)f->items_min)
		return fail(d, at, SCHEMA_BAD_ITEMS, "must have at least %lld items but has %zu",
			(long long)f->items_min, list.count);
	/* An empty list that is there differs from an absent one by its items pointer. */
	if (!list.items && !(list.items = arena_alloc(d->arena, f->width)))
		return no_memory(d, at);
	memcpy(out, &list, sizeof(list));
	return true;
}

static bool has_flag(const struct schema_field *f)
{
	return !f->required && !f->array && f->kind != SCHEMA_STRING && f->kind != SCHEMA_IDENT &&
	       f->kind != SCHEMA_ANY && f->kind != SCHEMA_STRUCT;
}

static bool decode_field(
	struct decoder *d, const struct frame *at, const struct schema_field *f, char *base)
{
	char *out = base + f->at;
	void *inner;

	if (f->array)
		return decode_array(d, at, f, out);
	if (f->kind == SCHEMA_STRUCT && !f->required) {
		inner = arena_alloc(d->arena, f->width);
		if (!inner)
			return no_memory(d, at);
		memcpy(out, &inner, sizeof(inner));
		out = inner;
	}
	if (has_flag(f))
		*(bool *)(void *)(base + f->flag) = true;
	return decode_value(d, at, f, out);
}

static void fill_fallback(const struct schema_field *f, char *base)
{
	void *out = base + f->at;

	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		*(const char **)out = f->fallback.text;
		break;
	case SCHEMA_INT:
		*(int64_t *)out = f->fallback.integer;
		break;
	case SCHEMA_NUMBER:
		*(double *)out = f->fallback.number;
		break;
	case SCHEMA_BOOL:
		*(bool *)out = f->fallback.integer != 0;
		break;
	case SCHEMA_ENUM:
		*(int *)out = (int)f->fallback.integer;
		break;
	case SCHEMA_ANY:
	case SCHEMA_DATETIME:
	case SCHEMA_STRUCT:
		break; /* the generator refuses defaults of these */
	}
}

/* The row of that key, looked for from `from` on and around: keys mostly come in row order. */
static int find_row(const struct schema_struct *type, int from, const char *key, size_t len)
{
	for (int i = 0, row = from; i < type->field_count; i++, row++) {
		if (row >= type->field_count)
			row = 0;
		if (type->fields[row].name_len == len &&
			memcmp(type->fields[row].name, key, len) == 0)
			return row;
	}
	return -1;
}

static bool take_key(struct decoder *d, struct frame *here)
{
	here->key = take_string(d, &here->key_len);
	if (!here->key)
		return no_memory(d, here->up);
	skip_space(d);
	d->p++; /* the colon */
	skip_space(d);
	return true;
}

static bool decode_members(struct decoder *d, const struct frame *at,
	const struct schema_struct *type, char *out, uint64_t *seen)
{
	int next = 0;

	d->p++;
	skip_space(d);
	while (*d->p != '}') {
		struct frame here = {.up = at};
		int row;

		if (!take_key(d, &here))
			return false;
		row = find_row(type, next, here.key, here.key_len);
		if (row < 0 && !type->open)
			return fail(d, &here, SCHEMA_UNKNOWN, "is not a field of %s", type->name);
		if (row < 0) {
			d->p = json_skip_value(d->p);
		} else if (*seen >> row & 1) {
			return fail(d, &here, SCHEMA_DUPLICATE, "stands there twice");
		} else {
			*seen |= UINT64_C(1) << row;
			next = row + 1;
			if (!decode_field(d, &here, &type->fields[row], out))
				return false;
		}
		skip_space(d);
		if (*d->p == ',')
			d->p++;
		skip_space(d);
	}
	d->p++;
	return true;
}

static bool decode_struct(
	struct decoder *d, const struct frame *at, const struct schema_struct *type, char *out)
{
	uint64_t seen = 0;

	assert(type->field_count <= SCHEMA_MAX_FIELDS);
	if (*d->p != '{')
		return bad_type(d, at, "an object");
	if (!decode_members(d, at, type, out, &seen))
		return false;
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		const struct frame here = {.up = at, .key = f->name, .key_len = f->name_len};

		if (seen >> i & 1)
			continue;
		if (f->required)
			return fail(d, &here, SCHEMA_MISSING, "is missing");
		if (f->has_fallback)
			fill_fallback(f, out);
	}
	return true;
}

void *schema_decode(const struct schema_struct *type, const char *json, size_t len, struct arena *a,
	struct schema_error *err)
{
	struct decoder d = {.arena = a, .err = err};
	size_t at;
	const char *wrong = json_check(json, len, &at);
	char *out;

	if (wrong) {
		fail(&d, NULL, SCHEMA_BAD_SYNTAX, "%s at byte %zu", wrong, at);
		return NULL;
	}
	out = arena_alloc(a, type->size);
	if (!out) {
		no_memory(&d, NULL);
		return NULL;
	}
	d.p = json_skip_space(json);
	if (!decode_struct(&d, NULL, type, out))
		return NULL;
	err->fault = SCHEMA_OK;
	err->path[0] = err->message[0] = '\0';
	return out;
}

/* -- small questions --------------------------------------------------------------------------- */

int schema_enum_find(const struct schema_enum *e, const char *value)
{
	for (int i = 0; i < e->count; i++)
		if (strcmp(e->values[i], value) == 0)
			return i;
	return -1;
}

const struct schema_action *schema_action_find(
	const struct schema_action *table, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *schema_fault_name(enum schema_fault fault)
{
	static const char *const names[] = {
		[SCHEMA_OK] = "Ok",
		[SCHEMA_BAD_SYNTAX] = "BadSyntax",
		[SCHEMA_BAD_TYPE] = "BadType",
		[SCHEMA_MISSING] = "Missing",
		[SCHEMA_UNKNOWN] = "Unknown",
		[SCHEMA_DUPLICATE] = "Duplicate",
		[SCHEMA_BAD_LENGTH] = "BadLength",
		[SCHEMA_BAD_RANGE] = "BadRange",
		[SCHEMA_BAD_ENUM] = "BadEnum",
		[SCHEMA_BAD_FORMAT] = "BadFormat",
		[SCHEMA_BAD_ITEMS] = "BadItems",
		[SCHEMA_NO_MEMORY] = "NoMemory",
	};

	if ((size_t)fault >= sizeof(names) / sizeof(names[0]))
		return "Unknown fault";
	return names[fault];
}
