#include "schemas/codec.h"

#include <cjson/cJSON.h>

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "schemas/rows.h"

/*
 * Three steps. json_check holds the text to RFC 8259, which cJSON does not, and notes where each
 * value stands in it. cJSON makes the tree. One walk down the tree fills the struct; it meets the
 * values in the order of the text, so a count is all it takes to find the spelling of one: for
 * `any`, which keeps it, and for complaints about numbers.
 */

#define QUOTE_MAX 48 /* bytes of a bad value shown to a person */

/* Where we are, for the path in a complaint. Lives on the stack of the decoder. */
struct frame {
	const struct frame *up;
	const char *key;
	size_t index; /* of the item, where `item` */
	bool item;
};

struct decoder {
	const char *text;
	struct json_spans spans; /* of the values in `text` */
	size_t taken; /* values that the walk has come to; the last of them is the current one */
	struct arena *arena;
	struct schema_error *err;
};

/* -- memory of the tree ------------------------------------------------------------------------ */

/*
 * cJSON asks for memory piece by piece. While it parses, the pieces come from an arena that belongs
 * to this call and goes as a whole, so nothing is freed one by one. Each thread has its own pointer,
 * and the hooks are set before main, hence before any other thread exists.
 */
static _Thread_local struct arena *tree_arena;

static void *tree_alloc(size_t size)
{
	return tree_arena ? arena_alloc(tree_arena, size) : malloc(size);
}

static void tree_free(void *p)
{
	if (!tree_arena)
		free(p);
}

__attribute__((constructor)) static void set_hooks(void)
{
	cJSON_Hooks hooks = {.malloc_fn = tree_alloc, .free_fn = tree_free};

	cJSON_InitHooks(&hooks);
}

/* The tree of a text that json_check has passed, in `scratch`; NULL: no memory. */
static const cJSON *parse(const char *json, size_t len, struct arena *scratch)
{
	const cJSON *tree;

	tree_arena = scratch;
	tree = cJSON_ParseWithLengthOpts(json, len, NULL, false);
	tree_arena = NULL;
	return tree;
}

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
	path_add(path, size, f->key, strlen(f->key));
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

static struct json_span current(const struct decoder *d)
{
	return d->spans.at[d->taken - 1];
}

/* Leaves out what stands inside the current value. */
static void skip_inside(struct decoder *d)
{
	size_t end = current(d).end;

	while (d->taken < d->spans.count && d->spans.at[d->taken].start < end)
		d->taken++;
}

static const char *type_name(const cJSON *v)
{
	switch (v->type) {
	case cJSON_Object:
		return "an object";
	case cJSON_Array:
		return "an array";
	case cJSON_String:
		return "a string";
	case cJSON_True:
	case cJSON_False:
		return "a boolean";
	case cJSON_NULL:
		return "null";
	default:
		return "a number";
	}
}

static bool bad_type(struct decoder *d, const struct frame *at, const cJSON *v, const char *wanted)
{
	return fail(d, at, SCHEMA_BAD_TYPE, "must be %s but is %s", wanted, type_name(v));
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

static bool decode_text(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, const char **out)
{
	size_t len;

	if (v->type != cJSON_String)
		return bad_type(d, at, v, "a string");
	len = strlen(v->valuestring);
	*out = arena_strndup(d->arena, v->valuestring, len);
	if (!*out)
		return no_memory(d, at);
	if (!check_length(d, at, f, *out, len))
		return false;
	if (f->kind == SCHEMA_IDENT && !is_identifier(*out))
		return fail(d, at, SCHEMA_BAD_FORMAT,
			"may only hold letters, digits and * - _ = : + | @ .");
	return true;
}

static bool decode_datetime(struct decoder *d, const struct frame *at, const cJSON *v, wall_t *out)
{
	const char *s = v->valuestring;
	size_t len;

	if (v->type != cJSON_String)
		return bad_type(d, at, v, "a date-time string");
	len = strlen(s);
	if (!wall_parse(s, len, out))
		return fail(d, at, SCHEMA_BAD_FORMAT,
			"must be a date-time like 2026-03-11T22:40:12Z but is \"%.*s\"",
			(int)fitting(s, len, QUOTE_MAX), s);
	return true;
}

/* The spelling of the current number, at most QUOTE_MAX bytes of it; returns their count. */
static int spelling(const struct decoder *d, const char **s)
{
	struct json_span span = current(d);

	*s = d->text + span.start;
	return (int)fitting(*s, span.end - span.start, QUOTE_MAX);
}

static bool bad_range(struct decoder *d, const struct frame *at, const struct schema_field *f)
{
	const char *s;
	int n = spelling(d, &s);
	bool low = f->min != SCHEMA_NO_MIN, high = f->max != SCHEMA_NO_MAX;

	if (low && high)
		return fail(d, at, SCHEMA_BAD_RANGE, "must be from %lld to %lld but is %.*s",
			(long long)f->min, (long long)f->max, n, s);
	if (low)
		return fail(d, at, SCHEMA_BAD_RANGE, "must be at least %lld but is %.*s",
			(long long)f->min, n, s);
	return fail(d, at, SCHEMA_BAD_RANGE, "is too large: %.*s", n, s);
}

static bool decode_int(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, int64_t *out)
{
	const char *s;
	int n;

	if (v->type != cJSON_Number)
		return bad_type(d, at, v, "a whole number");
	if (isfinite(v->valuedouble) && v->valuedouble != floor(v->valuedouble)) {
		n = spelling(d, &s);
		return fail(d, at, SCHEMA_BAD_RANGE, "must be a whole number but is %.*s", n, s);
	}
	/* Rows never allow more than 2^53 - 1: up to there a double holds every whole number. */
	if (!(fabs(v->valuedouble) <= (double)SCHEMA_WIDE_MAX))
		return bad_range(d, at, f);
	*out = (int64_t)v->valuedouble;
	return (*out >= f->min && *out <= f->max) || bad_range(d, at, f);
}

static bool decode_number(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, double *out)
{
	if (v->type != cJSON_Number)
		return bad_type(d, at, v, "a number");
	*out = v->valuedouble;
	if (!isfinite(*out) || (f->min != SCHEMA_NO_MIN && *out < (double)f->min) ||
		(f->max != SCHEMA_NO_MAX && *out > (double)f->max))
		return bad_range(d, at, f);
	return true;
}

static bool decode_bool(struct decoder *d, const struct frame *at, const cJSON *v, bool *out)
{
	if (v->type != cJSON_True && v->type != cJSON_False)
		return bad_type(d, at, v, "true or false");
	*out = v->type == cJSON_True;
	return true;
}

static bool bad_enum(
	struct decoder *d, const struct frame *at, const struct schema_enum *e, const char *s)
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
		(int)fitting(s, strlen(s), QUOTE_MAX), s);
}

static bool decode_enum(struct decoder *d, const struct frame *at, const struct schema_enum *e,
	const cJSON *v, int *out)
{
	if (v->type != cJSON_String)
		return bad_type(d, at, v, "a string");
	*out = schema_enum_find(e, v->valuestring);
	return *out >= 0 || bad_enum(d, at, e, v->valuestring);
}

static bool decode_struct(struct decoder *d, const struct frame *at,
	const struct schema_struct *type, const cJSON *v, char *out);

static bool decode_any(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, const char **out)
{
	struct json_span span = current(d);
	char *copy = arena_alloc(d->arena, span.end - span.start + 1), *scratch;

	if (!copy)
		return no_memory(d, at);
	json_compact(d->text + span.start, d->text + span.end, copy);
	*out = copy;
	if (!f->type) {
		skip_inside(d);
		return true;
	}
	scratch = arena_alloc(d->arena, f->type->size);
	if (!scratch)
		return no_memory(d, at);
	return decode_struct(d, at, f->type, v, scratch);
}

/* One value of the field, into `out`, which has f->width bytes. */
static bool decode_value(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, void *out)
{
	d->taken++;
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		return decode_text(d, at, f, v, out);
	case SCHEMA_ANY:
		return decode_any(d, at, f, v, out);
	case SCHEMA_DATETIME:
		return decode_datetime(d, at, v, out);
	case SCHEMA_INT:
		return decode_int(d, at, f, v, out);
	case SCHEMA_NUMBER:
		return decode_number(d, at, f, v, out);
	case SCHEMA_BOOL:
		return decode_bool(d, at, v, out);
	case SCHEMA_ENUM:
		return decode_enum(d, at, f->values, v, out);
	case SCHEMA_STRUCT:
		return decode_struct(d, at, f->type, v, out);
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
	const cJSON *v, struct schema_list *list)
{
	size_t room = 0;

	d->taken++; /* the array itself */
	for (v = v->child; v; v = v->next, list->count++) {
		struct frame here = {.up = at, .item = true, .index = list->count};

		if (f->items_max != SCHEMA_NO_MAX && list->count >= (size_t)f->items_max)
			return fail(d, at, SCHEMA_BAD_ITEMS, "must have at most %lld items",
				(long long)f->items_max);
		if (list->count == room && !grow(d, list, f->width, &room))
			return no_memory(d, at);
		if (!decode_value(d, &here, f, v, (char *)list->items + list->count * f->width))
			return false;
	}
	return true;
}

static bool decode_array(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, void *out)
{
	struct schema_list list = {0};

	if (v->type != cJSON_Array)
		return bad_type(d, at, v, "an array");
	if (!decode_items(d, at, f, v, &list))
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

static bool decode_field(struct decoder *d, const struct frame *at, const struct schema_field *f,
	const cJSON *v, char *base)
{
	char *out = base + f->at;
	void *inner;

	if (f->array)
		return decode_array(d, at, f, v, out);
	if (f->kind == SCHEMA_STRUCT && !f->required) {
		inner = arena_alloc(d->arena, f->width);
		if (!inner)
			return no_memory(d, at);
		memcpy(out, &inner, sizeof(inner));
		out = inner;
	}
	if (has_flag(f))
		*(bool *)(void *)(base + f->flag) = true;
	return decode_value(d, at, f, v, out);
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
static int find_row(const struct schema_struct *type, int from, const char *key)
{
	for (int i = 0, row = from; i < type->field_count; i++, row++) {
		if (row >= type->field_count)
			row = 0;
		if (strcmp(type->fields[row].name, key) == 0)
			return row;
	}
	return -1;
}

static bool decode_members(struct decoder *d, const struct frame *at,
	const struct schema_struct *type, const cJSON *v, char *out, uint64_t *seen)
{
	int next = 0;

	for (v = v->child; v; v = v->next) {
		struct frame here = {.up = at, .key = v->string};
		int row = find_row(type, next, v->string);

		if (row < 0 && !type->open)
			return fail(d, &here, SCHEMA_UNKNOWN, "is not a field of %s", type->name);
		if (row < 0) {
			d->taken++;
			skip_inside(d);
			continue;
		}
		if (*seen >> row & 1)
			return fail(d, &here, SCHEMA_DUPLICATE, "stands there twice");
		*seen |= UINT64_C(1) << row;
		next = row + 1;
		if (!decode_field(d, &here, &type->fields[row], v, out))
			return false;
	}
	return true;
}

/* The object `v`, which the walk has come to. */
static bool decode_struct(struct decoder *d, const struct frame *at,
	const struct schema_struct *type, const cJSON *v, char *out)
{
	uint64_t seen = 0;

	assert(type->field_count <= SCHEMA_MAX_FIELDS);
	if (v->type != cJSON_Object)
		return bad_type(d, at, v, "an object");
	if (!decode_members(d, at, type, v, out, &seen))
		return false;
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		const struct frame here = {.up = at, .key = f->name};

		if (seen >> i & 1)
			continue;
		if (f->required)
			return fail(d, &here, SCHEMA_MISSING, "is missing");
		if (f->has_fallback)
			fill_fallback(f, out);
	}
	return true;
}

static void *decode(struct decoder *d, const struct schema_struct *type, const char *json,
	size_t len, struct arena *scratch)
{
	size_t at;
	const char *wrong = json_check(json, len, &d->spans, &at);
	const cJSON *tree;
	char *out;

	if (wrong) {
		fail(d, NULL, SCHEMA_BAD_SYNTAX, "%s at byte %zu", wrong, at);
		return NULL;
	}
	tree = parse(json, len, scratch);
	out = tree ? arena_alloc(d->arena, type->size) : NULL;
	if (!out) {
		no_memory(d, NULL);
		return NULL;
	}
	d->taken = 1;
	return decode_struct(d, NULL, type, tree, out) ? out : NULL;
}

void *schema_decode(const struct schema_struct *type, const char *json, size_t len, struct arena *a,
	struct schema_error *err)
{
	struct decoder d = {.text = json, .arena = a, .err = err};
	struct arena *scratch = arena_create(0);
	void *out = NULL;

	d.spans.at = malloc(json_spans_max(len) * sizeof(*d.spans.at));
	err->fault = SCHEMA_OK;
	err->path[0] = err->message[0] = '\0';
	if (scratch && d.spans.at)
		out = decode(&d, type, json, len, scratch);
	else
		no_memory(&d, NULL);
	free(d.spans.at);
	arena_destroy(scratch);
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
