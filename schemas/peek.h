/*
 * Peek: values of a JSON text by place, for messages of others whose shape is data (mappings of
 * telematics). What has a shape of ours goes through the codec. The text is held to the same rules
 * (schemas/json.h). Values are numbers from 0 (the whole text); -1 is none.
 */
#ifndef SCHEMAS_PEEK_H
#define SCHEMAS_PEEK_H

#include "schemas/arena.h"
#include "schemas/json.h"

struct peek {
	const char *text;
	struct json_spans spans;
};

/* NULL: done, `text` must stay; else what is wrong, and in `*at` the byte. Memory is the arena's. */
const char *peek_open(struct peek *p, const char *text, size_t len, struct arena *a, size_t *at);

/* '{', '[', '"', 't', 'f', 'n', or 'd' for a number. */
char peek_kind(const struct peek *p, int value);

/* Members and items in their order: the first one, and the one behind. */
int peek_first(const struct peek *p, int value);
int peek_next(const struct peek *p, int parent, int child);

/* The name of a member, as it is written between its quotes (escapes stay). */
const char *peek_key(const struct peek *p, int parent, int child, size_t *len);

/* By JSON pointer (RFC 6901) from a value; "" is the value itself. -1: not there. */
int peek_find(const struct peek *p, int value, const char *pointer);

/* The text of a value as it stands, strings with their quotes. */
const char *peek_text(const struct peek *p, int value, size_t *len);

/* A string without escapes, or a number, as it stands and NUL-terminated. False: it is neither, or
 * does not fit. */
bool peek_word(const struct peek *p, int value, char *out, size_t size);

/* A number, or a string that is one. False: neither. */
bool peek_number(const struct peek *p, int value, double *out);

#endif
