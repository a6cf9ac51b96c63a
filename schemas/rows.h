/*
 * Rows: the layout of what tools/genschema writes and schemas/codec.c walks. Nobody else reads it, but
 * for db/readable.c, which foretells what the codec will say.
 */
#ifndef SCHEMAS_ROWS_H
#define SCHEMAS_ROWS_H

#include "schemas/codec.h"

#define SCHEMA_NO_MIN   INT64_MIN
#define SCHEMA_NO_MAX   INT64_MAX
#define SCHEMA_WIDE_MAX INT64_C(9007199254740991) /* 2^53 - 1: a JSON number is a double */
#define SCHEMA_WIDE_MIN (-SCHEMA_WIDE_MAX)

/* The codec remembers the keys it saw in one 64-bit set. */
#define SCHEMA_MAX_FIELDS 64

struct schema_field {
	const char *name;
	size_t name_len;
	enum schema_kind kind;
	bool required;
	bool array;
	bool has_fallback;
	bool soft; /* `~`: schema_decode_lenient may leave it, or items of it, out */
	size_t at; /* offset of the member */
	size_t flag; /* offset of its has_x, where an optional scalar has one */
	size_t width; /* bytes of the member, of one item where it is an array */
	int64_t min; /* length in code points, or value, by kind */
	int64_t max;
	int64_t items_min;
	int64_t items_max;
	const struct schema_struct *type; /* STRUCT; ANY: what it must also satisfy, or NULL */
	const struct schema_enum *values; /* ENUM */
	union {
		int64_t integer; /* INT, BOOL, ENUM (index) */
		double number;
		const char *text;
	} fallback; /* `=value` */
};

/* What every named list looks like; the generated code asserts that its lists do. */
struct schema_list {
	size_t count;
	void *items;
};

#endif
