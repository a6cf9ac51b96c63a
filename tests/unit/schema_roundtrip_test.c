/*
 * decode(encode(x)) == x for every struct of every wire schema, with random contents. Contents are
 * made and compared by rows, without the codec's help.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/api.h"
#include "gen/config.h"
#include "gen/depot.h"
#include "gen/event.h"
#include "gen/meter.h"
#include "gen/ocpp16.h"
#include "gen/ocpp201.h"
#include "schemas/rows.h"

#define ROUNDS    200
#define MAX_TYPES 512

static const struct schema_struct *types[MAX_TYPES];
static int type_count;
static struct arena *arena;
static uint64_t seed;

/* -- random contents --------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t rnd(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static char *put_point(char *p, unsigned v)
{
	if (v < 0x80) {
		*p++ = (char)v;
	} else if (v < 0x800) {
		*p++ = (char)(0xc0 | v >> 6);
		*p++ = (char)(0x80 | (v & 0x3f));
	} else if (v < 0x10000) {
		*p++ = (char)(0xe0 | v >> 12);
		*p++ = (char)(0x80 | (v >> 6 & 0x3f));
		*p++ = (char)(0x80 | (v & 0x3f));
	} else {
		*p++ = (char)(0xf0 | v >> 18);
		*p++ = (char)(0x80 | (v >> 12 & 0x3f));
		*p++ = (char)(0x80 | (v >> 6 & 0x3f));
		*p++ = (char)(0x80 | (v & 0x3f));
	}
	return p;
}

static unsigned random_point(void)
{
	static const unsigned edges[] = {1, 8, 9, 10, 12, 13, 31, '"', '\\', '/', 0x7f, 0x80, 0x7ff,
		0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff, 0x1f69a};

	if (below(4) == 0)
		return edges[below(sizeof(edges) / sizeof(edges[0]))];
	return ' ' + (unsigned)below(95);
}

static const char *random_text(const struct schema_field *f)
{
	static const char ident[] = "abcXYZ019*-_=:+|@.";
	int64_t max = f->max < 3000 ? f->max : 60, n = f->min + (int64_t)below(12);
	char *s, *p;

	if (n > max || below(20) == 0)
		n = max;
	s = p = arena_alloc(arena, (size_t)n * 4 + 1);
	for (int64_t i = 0; i < n; i++) {
		if (f->kind == SCHEMA_IDENT)
			*p++ = ident[below(sizeof(ident) - 1)];
		else
			p = put_point(p, random_point());
	}
	return s;
}

static const char *random_any(const struct schema_field *f)
{
	static const char *const loose[] = {"null", "true", "-0.10", "\"a \\\" \\u00e9\"", "[]",
		"{}", "[1,[2,{\"a\":[]}]]", "{\"b c\":{\"d\":12345678901234567890}}"};
	static const char *const custom[] = {"{\"vendorId\":\"\"}",
		"{\"x\":[{}],\"vendorId\":\"org.example\"}",
		"{\"vendorId\":\"\\ud83d\\ude9a\",\"n\":null}"};

	return f->type ? custom[below(3)] : loose[below(8)];
}

static int64_t random_int(const struct schema_field *f)
{
	switch (below(6)) {
	case 0:
		return f->min;
	case 1:
		return f->max;
	default:
		/* The range may span more than an int64 holds. */
		return f->min + (int64_t)(rnd() % ((uint64_t)f->max - (uint64_t)f->min + 1));
	}
}

static double random_number(const struct schema_field *f)
{
	double v;
	uint64_t bits = rnd();

	if (f->min != SCHEMA_NO_MIN && f->max != SCHEMA_NO_MAX)
		return (double)f->min +
		       (double)below(1000001) / 1000000.0 * (double)(f->max - f->min);
	if (f->min != SCHEMA_NO_MIN)
		return (double)f->min + (double)below(1000000) / 7.0;
	if (below(2))
		return (double)(int64_t)below(2000000) / 1000.0 - 1000;
	memcpy(&v, &bits, sizeof(v));
	return isfinite(v) ? v : DBL_MIN;
}

static void fill_struct(const struct schema_struct *type, char *base);

static void fill_value(const struct schema_field *f, void *p)
{
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
		*(const char **)p = random_text(f);
		break;
	case SCHEMA_ANY:
		*(const char **)p = random_any(f);
		break;
	case SCHEMA_DATETIME:
		((wall_t *)p)->ms =
			(int64_t)below(UINT64_C(315537897600000)) - INT64_C(62135596800000);
		break;
	case SCHEMA_INT:
		*(int64_t *)p = random_int(f);
		break;
	case SCHEMA_NUMBER:
		*(double *)p = random_number(f);
		break;
	case SCHEMA_BOOL:
		*(bool *)p = below(2);
		break;
	case SCHEMA_ENUM:
		*(int *)p = (int)below((uint64_t)f->values->count);
		break;
	case SCHEMA_STRUCT:
		fill_struct(f->type, p);
		break;
	}
}

static bool pointed(const struct schema_field *f)
{
	return f->kind == SCHEMA_STRUCT && !f->required && !f->array;
}

static bool flagged(const struct schema_field *f)
{
	return !f->required && !f->array && !pointed(f) && f->kind != SCHEMA_STRING &&
	       f->kind != SCHEMA_IDENT && f->kind != SCHEMA_ANY;
}

static void fill_field(const struct schema_field *f, char *base)
{
	struct schema_list list = {0};
	void *p = base + f->at;

	if (flagged(f))
		*(bool *)(base + f->flag) = true;
	if (f->array) {
		list.count = (size_t)f->items_min + below(4);
		if (f->items_max < (int64_t)list.count)
			list.count = (size_t)f->items_max;
		list.items = arena_alloc(arena, list.count * f->width);
		for (size_t i = 0; i < list.count; i++)
			fill_value(f, (char *)list.items + i * f->width);
		memcpy(p, &list, sizeof(list));
		return;
	}
	if (pointed(f)) {
		void *inner = arena_alloc(arena, f->width);

		memcpy(p, &inner, sizeof(inner));
		p = inner;
	}
	fill_value(f, p);
}

static void fill_struct(const struct schema_struct *type, char *base)
{
	for (int i = 0; i < type->field_count; i++)
		if (type->fields[i].required || below(2))
			fill_field(&type->fields[i], base);
}

/* -- equality ---------------------------------------------------------------------------------- */

static bool same_struct(const struct schema_struct *type, const char *a, const char *b);

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_value(const struct schema_field *f, const void *a, const void *b)
{
	switch (f->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IDENT:
	case SCHEMA_ANY:
		return same_text(*(char *const *)a, *(char *const *)b);
	case SCHEMA_DATETIME:
		return ((const wall_t *)a)->ms == ((const wall_t *)b)->ms;
	case SCHEMA_INT:
		return *(const int64_t *)a == *(const int64_t *)b;
	case SCHEMA_NUMBER:
		return memcmp(a, b, sizeof(double)) == 0;
	case SCHEMA_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case SCHEMA_ENUM:
		return *(const int *)a == *(const int *)b;
	case SCHEMA_STRUCT:
		return same_struct(f->type, a, b);
	}
	return false;
}

static bool same_list(const struct schema_field *f, const void *a, const void *b)
{
	const struct schema_list *x = a, *y = b;

	if (x->count != y->count || !x->items != !y->items)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!same_value(
			    f, (char *)x->items + i * f->width, (char *)y->items + i * f->width))
			return false;
	return true;
}

/* An absent scalar with a default decodes to that default. */
static bool same_fallback(const struct schema_field *f, const void *p)
{
	switch (f->kind) {
	case SCHEMA_INT:
		return *(const int64_t *)p == f->fallback.integer;
	case SCHEMA_BOOL:
		return *(const bool *)p == (f->fallback.integer != 0);
	case SCHEMA_ENUM:
		return *(const int *)p == f->fallback.integer;
	case SCHEMA_NUMBER:
		return *(const double *)p == f->fallback.number;
	default:
		return same_text(*(char *const *)p, f->fallback.text);
	}
}

static bool same_field(const struct schema_field *f, const char *a, const char *b)
{
	if (f->array)
		return same_list(f, a + f->at, b + f->at);
	if (pointed(f)) {
		const char *x = *(char *const *)(const void *)(a + f->at);
		const char *y = *(char *const *)(const void *)(b + f->at);

		return x && y ? same_struct(f->type, x, y) : x == y;
	}
	if (flagged(f) && *(const bool *)(a + f->flag) != *(const bool *)(b + f->flag))
		return false;
	if (f->has_fallback && !f->required &&
		(flagged(f) ? !*(const bool *)(a + f->flag)
			    : !*(char *const *)(const void *)(a + f->at)))
		return same_fallback(f, b + f->at);
	return same_value(f, a + f->at, b + f->at);
}

static bool same_struct(const struct schema_struct *type, const char *a, const char *b)
{
	for (int i = 0; i < type->field_count; i++)
		if (!same_field(&type->fields[i], a, b)) {
			fprintf(stderr, "%s.%s differs\n", type->name, type->fields[i].name);
			return false;
		}
	return true;
}

/* -- the test ---------------------------------------------------------------------------------- */

static void add_type(const struct schema_struct *type)
{
	for (int i = 0; i < type_count; i++)
		if (types[i] == type)
			return;
	ck_assert_int_lt(type_count, MAX_TYPES);
	types[type_count++] = type;
	for (int i = 0; i < type->field_count; i++)
		if (type->fields[i].type)
			add_type(type->fields[i].type);
}

static void setup(void)
{
	const char *given = getenv("SEED");

	seed = given ? strtoull(given, NULL, 10) : 20260311;
	arena = arena_create(0);
	for (int i = 0; i < OCPP201_ACTION_COUNT; i++) {
		add_type(ocpp201_actions[i].request);
		add_type(ocpp201_actions[i].response);
	}
	ck_assert_int_eq(type_count, 128 + 55);
	for (int i = 0; i < OCPP16_ACTION_COUNT; i++) {
		add_type(ocpp16_actions[i].request);
		add_type(ocpp16_actions[i].response);
	}
	for (int i = 0; i < EVENT_EVENT_COUNT; i++)
		add_type(event_events[i].type);
	add_type(&api_overview_type);
	add_type(&config_file_type);
	add_type(&depot_file_type);
	add_type(&meter_map_type);
}

static void teardown(void)
{
	arena_destroy(arena);
}

static void check_once(const struct schema_struct *type, struct text *first, struct text *second)
{
	struct schema_error err = {0};
	unsigned long long began = seed;
	char *x = arena_alloc(arena, type->size);
	const char *y;

	fill_struct(type, x);
	text_clear(first);
	text_clear(second);
	ck_assert_msg(schema_encode(type, x, first) == 0, "%s: seed %llu", type->name, began);
	y = schema_decode(type, first->data, first->len, arena, &err);
	ck_assert_msg(y != NULL, "%s: seed %llu: %s: %s", type->name, began, err.path, err.message);
	ck_assert_msg(same_struct(type, x, y), "%s: seed %llu", type->name, began);
	ck_assert_int_eq(schema_encode(type, y, second), 0);
	ck_assert_msg(strcmp(first->data, second->data) == 0, "%s: seed %llu", type->name, began);
	arena_reset(arena);
}

START_TEST(every_struct_survives_the_round_trip)
{
	struct text first, second;

	text_init(&first, 0);
	text_init(&second, 0);
	for (int i = 0; i < type_count; i++)
		for (int n = 0; n < ROUNDS; n++)
			check_once(types[i], &first, &second);
	text_finish(&first);
	text_finish(&second);
}
END_TEST

/* The encoder must not write what the other side would refuse. */
START_TEST(refuses_to_encode_what_no_schema_allows)
{
	struct ocpp201_reset_request reset = {.type = (enum ocpp201_reset)99};
	struct ocpp201_sampled_value sample = {.value = (double)NAN};
	struct ocpp201_authorize_request authorize = {.id_token.id_token = NULL};
	struct text t;

	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(&ocpp201_reset_request_type, &reset, &t), -1);
	text_clear(&t);
	ck_assert_int_eq(schema_encode(&ocpp201_sampled_value_type, &sample, &t), -1);
	text_clear(&t);
	ck_assert_int_eq(schema_encode(&ocpp201_authorize_request_type, &authorize, &t), -1);
	text_finish(&t);
	text_init(&t, 5);
	reset.type = OCPP201_RESET_ON_IDLE;
	ck_assert_int_eq(schema_encode(&ocpp201_reset_request_type, &reset, &t), -1);
	text_finish(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_roundtrip");
	TCase *t = tcase_create("roundtrip");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_struct_survives_the_round_trip);
	tcase_add_test(t, refuses_to_encode_what_no_schema_allows);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
