/*
 * JSON text: is it well-formed, and where do its values stand. For the codec only: the rest of the
 * house calls schema_decode and schema_encode.
 */
#ifndef SCHEMAS_JSON_H
#define SCHEMAS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Objects and arrays inside each other. */
#define JSON_MAX_DEPTH 32

/* The bytes [start, end) of the text. */
struct json_span {
	size_t start, end;
};

/* All values of a text, in the order in which they begin: an object before its members. */
struct json_spans {
	struct json_span *at; /* the caller's: room for json_spans_max */
	size_t count;
};

/* How many values `len` bytes may hold, well-formed or not. */
size_t json_spans_max(size_t len);

/* NULL if `text` is one JSON value (RFC 8259) in valid UTF-8, no NUL or lone surrogate in any
 * string, not nested deeper than JSON_MAX_DEPTH, and in `spans` its values; otherwise what is wrong,
 * and in `*at` the byte. */
const char *json_check(const char *text, size_t len, struct json_spans *spans, size_t *at);

/* Copies the value at [p, end) of a text that json_check has passed without the blanks between
 * tokens, NUL-terminated. */
void json_compact(const char *p, const char *end, char *out);

#endif
