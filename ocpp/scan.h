/*
 * Scanner: steps over JSON text (RFC 8259) once, without memory of its own and without a tree.
 *
 * Reads forward only and is strict: no comments, no trailing commas, no raw control characters,
 * UTF-8 checked. A function that returns false leaves the cursor near the trouble and says in
 * `why` what it was. Safe from any thread.
 */
#ifndef OCPP_SCAN_H
#define OCPP_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct ocpp_slice {
	const char *at; /* not NUL-terminated */
	size_t len;
};

struct ocpp_scan {
	const char *text;
	size_t len;
	size_t at; /* the cursor */
	int depth_max; /* of arrays and objects; bounds the recursion */
	const char *why;
};

static inline bool ocpp_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Steps over white space. */
void ocpp_scan_space(struct ocpp_scan *s);

/* The byte at the cursor, or -1 at the end. */
int ocpp_scan_peek(const struct ocpp_scan *s);

/* Steps over white space, then over exactly `c`; `why` is the complaint if it is not there. */
bool ocpp_scan_char(struct ocpp_scan *s, char c, const char *why);

/* A string at the cursor; `out` becomes what stands between the quotes, escapes and all. */
bool ocpp_scan_string(struct ocpp_scan *s, struct ocpp_slice *out);

/* Steps over one value; `depth` counts the arrays and objects already around it. */
bool ocpp_scan_value(struct ocpp_scan *s, int depth);

/* Copies what ocpp_scan_string found without its escapes, at most `points` characters and
 * `room` - 1 bytes, and a NUL. False: longer (what fits is there), or no text: NUL, half a
 * surrogate pair. */
bool ocpp_scan_unescape(struct ocpp_slice in, size_t points, char *out, size_t room);

#endif
