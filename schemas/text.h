/*
 * Text: a growing byte buffer with a sticky error, for building JSON, HTTP bodies and log lines.
 *
 * After the first failed append (no memory, or over the cap) every later call does nothing and
 * text_ok() is false: callers build first and check once.
 */
#ifndef SCHEMAS_TEXT_H
#define SCHEMAS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* NUL-terminated once anything was appended; owned by this struct */
	size_t len; /* bytes without the NUL */
	size_t room; /* bytes allocated */
	size_t cap; /* largest allowed len, 0: none */
	bool failed;
};

void text_init(struct text *t, size_t cap);
void text_put(struct text *t, const char *bytes, size_t len);
void text_puts(struct text *t, const char *s);
void text_putc(struct text *t, char c);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends `s` as a JSON string with its quotes; `s` must be valid UTF-8. */
void text_put_json(struct text *t, const char *s);

/* Appends an integer; a number in the shortest form that reads back the same (NaN: `null`). */
void text_put_int(struct text *t, int64_t v);
void text_put_number(struct text *t, double v);

bool text_ok(const struct text *t);

/* Empties the text but keeps its memory. */
void text_clear(struct text *t);

/* Hands the bytes to the caller, who frees them with free(); NULL after an error. */
char *text_take(struct text *t, size_t *len);

void text_finish(struct text *t);

#endif
