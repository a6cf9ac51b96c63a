/*
 * JSON text: is it well-formed, and the small steps over text that is. For the codec only: the rest
 * of the house calls schema_decode and schema_encode.
 *
 * All but json_check trust their text: call them only on what json_check has passed.
 */
#ifndef SCHEMAS_JSON_H
#define SCHEMAS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Objects and arrays inside each other. */
#define JSON_MAX_DEPTH 32

/* The inside of a string as it stands in the text. */
struct json_span {
	const char *s;
	size_t len;
	bool escaped; /* holds backslashes */
};

/* NULL if `text` is one JSON value (RFC 8259) in valid UTF-8, no NUL or lone surrogate in any
 * string, not nested deeper than JSON_MAX_DEPTH; otherwise what is wrong, and in `*at` the byte. */
const char *json_check(const char *text, size_t len, size_t *at);

/* The first byte at or behind `p` that is not blank. */
const char *json_skip_space(const char *p);

/* The byte behind the value that starts at `p`. */
const char *json_skip_value(const char *p);

/* The byte behind the string that starts at `p`; what stands between its quotes goes to `*span`. */
const char *json_take_string(const char *p, struct json_span *span);

/* Writes the string that `span` stands for, NUL-terminated, into `out` (span->len + 1 bytes always
 * suffice) and returns its length. */
size_t json_unescape(const struct json_span *span, char *out);

/* Copies the value at [p, end) without the blanks between tokens, NUL-terminated. */
void json_compact(const char *p, const char *end, char *out);

#endif
