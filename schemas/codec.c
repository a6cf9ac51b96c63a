#include "schemas/codec.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/complaint.h"
#include "schemas/json.h"
#include "schemas/rows.h"
#include "schemas/tree.h"

/*
 * Three steps. json_check holds the text to RFC 8259, which cJSON does not, and notes where each
 * value stands in it. cJSON makes the tree. One walk down the tree fills the struct; it meets the
 * values in the order of the text, so a count is all it takes to find the spelling of one: for
 * `any`, which keeps it, and for complaints about numbers.
 */

#define QUOTE_MAX 48 /* bytes of a bad value shown to a person */

struct decoder {
	const char *text;
	struct json_spans spans; /* of the values in `text` */
	size_t taken; /* values that the walk has come to; the last of them is the current one */
	struct arena *arena;
	struct schema_notes *notes; /* of what is left out; NULL: nothing may be */
	struct schema_error *err;
};

/* -- values ------------------------------------------------------------------------------------ */

static bool no_memory(struct decoder *d, const struct schema_place *at)
{
	return schema_complain(
		d->err, at, SCHEMA_NO_MEMORY, "the message needs more memory than is allowed");
}

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

static bool bad_type(
	struct decoder *d, const struct schema_place *at, const cJSON *v, const char *wanted)
{
	return schema_complain(
		d->err, at, SCHEMA_BAD_TYPE, "must be %s but is %s", wanted, type_name(v));
}

static bool check_length(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const char *s, size_t len)
{
	int64_t points = 0;

	/* Bytes bound code points from above, so the usual short text needs no count. */
	if (f->min <= 0 && (f->max == SCHEMA_NO_MAX || len <= (size_t)f->max))
		return true;
	for (size_t i = 0; i < len; i++)
		points += ((unsigned char)s[i] & 0xc0) != 0x80;
	if (points > f->max)
		return schema_complain(d->err, at, SCHEMA_BAD_LENGTH,
			"must have at most %lld characters but has %lld", (long long)f->max,
			(long long)points);
	if (points < f->min)
		return schema_complain(d->err, at, SCHEMA_BAD_LENGTH,
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

static bool decode_text(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, const char **out)
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
		return schema_complain(d->err, at, SCHEMA_BAD_FORMAT,
			"may only hold letters, digits and * - _ = : + | @ .");
	return true;
}

static bool decode_datetime(
	struct decoder *d, const struct schema_place *at, const cJSON *v, wall_t *out)
{
	const char *s = v->valuestring;
	size_t len;

	if (v->type != cJSON_String)
		return bad_type(d, at, v, "a date-time string");
	len = strlen(s);
	if (!wall_parse(s, len, out))
		return schema_complain(d->err, at, SCHEMA_BAD_FORMAT,
			"must be a date-time like 2026-03-11T22:40:12Z but is \"%.*s\"",
			(int)schema_fitting(s, len, QUOTE_MAX), s);
	return true;
}

/* The spelling of the current number, at most QUOTE_MAX bytes of it; returns their count. */
static int spelling(const struct decoder *d, const char **s)
{
	struct json_span span = current(d);

	*s = d->text + span.start;
	return (int)schema_fitting(*s, span.end - span.start, QUOTE_MAX);
}

static bool bad_range(
	struct decoder *d, const struct schema_place *at, const struct schema_field *f)
{
	const char *s;
	int n = spelling(d, &s);
	bool low = f->min != SCHEMA_NO_MIN, high = f->max != SCHEMA_NO_MAX;

	if (low && high)
		return schema_complain(d->err, at, SCHEMA_BAD_RANGE,
			"must be from %lld to %lld but is %.*s", (long long)f->min,
			(long long)f->max, n, s);
	if (low)
		return schema_complain(d->err, at, SCHEMA_BAD_RANGE,
			"must be at least %lld but is %.*s", (long long)f->min, n, s);
	return schema_complain(d->err, at, SCHEMA_BAD_RANGE, "is too large: %.*s", n, s);
}

static bool decode_int(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, int64_t *out)
{
	const char *s;
	int n;

	if (v->type != cJSON_Number)
		return bad_type(d, at, v, "a whole number");
	if (isfinite(v->valuedouble) && v->valuedouble != floor(v->valuedouble)) {
		n = spelling(d, &s);
		return schema_complain(
			d->err, at, SCHEMA_BAD_RANGE, "must be a whole number but is %.*s", n, s);
	}
	/* Rows never allow more than 2^53 - 1: up to there a double holds every whole number. */
	if (!(fabs(v->valuedouble) <= (double)SCHEMA_WIDE_MAX))
		return bad_range(d, at, f);
	*out = (int64_t)v->valuedouble;
	return (*out >= f->min && *out <= f->max) || bad_range(d, at, f);
}

static bool decode_number(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, double *out)
{
	if (v->type != cJSON_Number)
		return bad_type(d, at, v, "a number");
	*out = v->valuedouble;
	if (!isfinite(*out) || (f->min != SCHEMA_NO_MIN && *out < (double)f->min) ||
		(f->max != SCHEMA_NO_MAX && *out > (double)f->max))
		return bad_range(d, at, f);
	return true;
}

static bool decode_bool(struct decoder *d, const struct schema_place *at, const cJSON *v, bool *out)
{
	if (v->type != cJSON_True && v->type != cJSON_False)
		return bad_type(d, at, v, "true or false");
	*out = v->type == cJSON_True;
	return true;
}

static bool bad_enum(struct decoder *d, const struct schema_place *at, const struct schema_enum *e,
	const char *s)
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
	return schema_complain(d->err, at, SCHEMA_BAD_ENUM, "must be one of %s but is \"%.*s\"",
		list, (int)schema_fitting(s, strlen(s), QUOTE_MAX), s);
}

static bool decode_enum(struct decoder *d, const struct schema_place *at,
	const struct schema_enum *e, const cJSON *v, int *out)
{
	if (v->type != cJSON_String)
		return bad_type(d, at, v, "a string");
	*out = schema_enum_find(e, v->valuestring);
	return *out >= 0 || bad_enum(d, at, e, v->valuestring);
}

static bool decode_struct(struct decoder *d, const struct schema_place *at,
	const struct schema_struct *type, const cJSON *v, char *out);

static bool decode_any(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, const char **out)
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
static bool decode_value(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, void *out)
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

/* -- what may be left out ---------------------------------------------------------------------- */

static int find_row(const struct schema_struct *type, int from, const char *key);

/* A part that is left out is still held to the keys of its struct: which of its faults the walk met
 * first must not decide between an answer and an error (OCPP: additionalProperties false). */
static bool keys_are_known(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v)
{
	bool is_list = f->array && !at->item;
	size_t index = 0;

	if (!f->type || v->type != (is_list ? cJSON_Array : cJSON_Object))
		return true;
	for (v = v->child; v; v = v->next, index++) {
		struct schema_place here = {
			.up = at, .key = v->string, .item = is_list, .index = index};
		int row = is_list ? 0 : find_row(f->type, 0, v->string);

		if (row < 0 && !f->type->open)
			return schema_complain(d->err, &here, SCHEMA_UNKNOWN,
				"is not a field of %s", f->type->name);
		if (row >= 0 && !keys_are_known(d, &here, is_list ? f : &f->type->fields[row], v))
			return false;
	}
	return true;
}

static void note(struct decoder *d)
{
	if (d->notes->count++ < SCHEMA_NOTES_MAX)
		d->notes->items[d->notes->count - 1] = *d->err;
}

/* True if what is wrong inside `v`, the value that stands at `place` of the spans, costs no more
 * than `v` itself: it is noted, and the walk stands behind it. */
static bool leave_out(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, size_t place)
{
	if (!d->notes || !f->soft || d->err->fault == SCHEMA_NO_MEMORY ||
		d->err->fault == SCHEMA_UNKNOWN || d->err->fault == SCHEMA_DUPLICATE)
		return false;
	note(d);
	if (!keys_are_known(d, at, f, v))
		return false;
	d->taken = place + 1;
	skip_inside(d);
	d->err->fault = SCHEMA_OK;
	return true;
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

static bool decode_items(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, struct schema_list *list)
{
	size_t room = 0, index = 0;

	d->taken++; /* the array itself */
	for (v = v->child; v; v = v->next, index++) {
		struct schema_place here = {.up = at, .item = true, .index = index};
		size_t place = d->taken;

		if (f->items_max != SCHEMA_NO_MAX && list->count >= (size_t)f->items_max)
			return schema_complain(d->err, at, SCHEMA_BAD_ITEMS,
				"must have at most %lld items", (long long)f->items_max);
		if (list->count == room && !grow(d, list, f->width, &room))
			return no_memory(d, at);
		if (decode_value(d, &here, f, v, (char *)list->items + list->count * f->width))
			list->count++;
		else if (!leave_out(d, &here, f, v, place))
			return false;
		else /* the next one finds an empty place, as in a list that has just grown */
			memset((char *)list->items + list->count * f->width, 0, f->width);
	}
	return true;
}

static bool decode_array(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, void *out)
{
	struct schema_list list = {0};

	if (v->type != cJSON_Array)
		return bad_type(d, at, v, "an array");
	if (!decode_items(d, at, f, v, &list))
		return false;
	if (list.count < (size_t)f->items_min && d->notes && f->soft && v->child)
		return true; /* what was left out of it was noted; too few remain: none */
	if (list.count < (size_t)f->items_min)
		return schema_complain(d->err, at, SCHEMA_BAD_ITEMS,
			"must have at least %lld items but has %zu", (long long)f->items_min,
			list.count);
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

static bool take_field(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, char *base)
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

/* As if it had not been sent. */
static void clear_field(const struct schema_field *f, char *base)
{
	bool by_pointer = f->kind == SCHEMA_STRUCT && !f->required;

	memset(base + f->at, 0,
		f->array     ? sizeof(struct schema_list)
		: by_pointer ? sizeof(void *)
			     : f->width);
	if (has_flag(f))
		*(bool *)(void *)(base + f->flag) = false;
	if (f->has_fallback)
		fill_fallback(f, base);
}

static bool decode_field(struct decoder *d, const struct schema_place *at,
	const struct schema_field *f, const cJSON *v, char *base)
{
	size_t place = d->taken;

	if (take_field(d, at, f, v, base))
		return true;
	if (!leave_out(d, at, f, v, place))
		return false;
	clear_field(f, base);
	return true;
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

static bool decode_members(struct decoder *d, const struct schema_place *at,
	const struct schema_struct *type, const cJSON *v, char *out, uint64_t *seen)
{
	int next = 0;

	for (v = v->child; v; v = v->next) {
		struct schema_place here = {.up = at, .key = v->string};
		int row = find_row(type, next, v->string);

		if (row < 0 && !type->open)
			return schema_complain(
				d->err, &here, SCHEMA_UNKNOWN, "is not a field of %s", type->name);
		if (row < 0) {
			d->taken++;
			skip_inside(d);
			continue;
		}
		if (*seen >> row & 1)
			return schema_complain(
				d->err, &here, SCHEMA_DUPLICATE, "stands there twice");
		*seen |= UINT64_C(1) << row;
		next = row + 1;
		if (!decode_field(d, &here, &type->fields[row], v, out))
			return false;
	}
	return true;
}

/* The object `v`, which the walk has come to. */
static bool decode_struct(struct decoder *d, const struct schema_place *at,
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
		const struct schema_place here = {.up = at, .key = f->name};

		if (seen >> i & 1)
			continue;
		if (f->required)
			return schema_complain(d->err, &here, SCHEMA_MISSING, "is missing");
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
		schema_complain(d->err, NULL, SCHEMA_BAD_SYNTAX, "%s at byte %zu", wrong, at);
		return NULL;
	}
	tree = json_tree(json, len, scratch);
	out = tree ? arena_alloc(d->arena, type->size) : NULL;
	if (!out) {
		no_memory(d, NULL);
		return NULL;
	}
	d->taken = 1;
	return decode_struct(d, NULL, type, tree, out) ? out : NULL;
}

void *schema_decode_lenient(const struct schema_struct *type, const char *json, size_t len,
	struct arena *a, struct schema_notes *notes, struct schema_error *err)
{
	struct decoder d = {.text = json, .arena = a, .notes = notes, .err = err};
	struct arena *scratch = arena_create(0);
	void *out = NULL;

	d.spans.at = malloc(json_spans_max(len) * sizeof(*d.spans.at));
	err->fault = SCHEMA_OK;
	err->path[0] = err->message[0] = '\0';
	if (notes)
		notes->count = 0;
	if (scratch && d.spans.at)
		out = decode(&d, type, json, len, scratch);
	else
		no_memory(&d, NULL);
	free(d.spans.at);
	arena_destroy(scratch);
	return out;
}

void *schema_decode(const struct schema_struct *type, const char *json, size_t len, struct arena *a,
	struct schema_error *err)
{
	return schema_decode_lenient(type, json, len, a, NULL, err);
}
