#include "schemas/text.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

void text_init(struct text *t, size_t cap)
{
	memset(t, 0, sizeof(*t));
	t->cap = cap;
}

/* Makes room for `more` bytes and the NUL. */
static bool reserve(struct text *t, size_t more)
{
	size_t need = t->len + more + 1;
	size_t room = t->room ? t->room : FIRST_ROOM;
	char *data;

	if (t->failed)
		return false;
	if (need <= t->len || (t->cap && t->len + more > t->cap)) {
		t->failed = true;
		return false;
	}
	if (need <= t->room)
		return true;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	data = realloc(t->data, room);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->room = room;
	return true;
}

void text_put(struct text *t, const char *bytes, size_t len)
{
	if (!reserve(t, len))
		return;
	if (len)
		memcpy(t->data + t->len, bytes, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

void text_putc(struct text *t, char c)
{
	text_put(t, &c, 1);
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->failed = true;
	if (n < 0 || !reserve(t, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(t->data + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

/* The letter after the backslash, 'u' for those that need a number, 0 for plain ones. */
static char escape_of(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c < 0x20 || c == 0x7f ? 'u' : 0;
	}
}

void text_put_json(struct text *t, const char *s)
{
	const char *plain = s;

	text_putc(t, '"');
	for (; *s; s++) {
		char e = escape_of((unsigned char)*s);

		if (!e)
			continue;
		text_put(t, plain, (size_t)(s - plain));
		plain = s + 1;
		if (e == 'u')
			text_printf(t, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			text_put(t, (const char[]){'\\', e}, 2);
	}
	text_put(t, plain, (size_t)(s - plain));
	text_putc(t, '"');
}

void text_put_int(struct text *t, int64_t v)
{
	char digits[24];
	char *p = digits + sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		*--p = '-';
	text_put(t, p, (size_t)(digits + sizeof(digits) - p));
}

void text_put_number(struct text *t, double v)
{
	char buf[40];

	if (!isfinite(v)) {
		text_puts(t, "null");
		return;
	}
	if (fabs(v) < 1e15 && v == (double)(int64_t)v && !(v == 0 && signbit(v))) {
		text_put_int(t, (int64_t)v);
		return;
	}
	/* 15 digits survive the way there and back, but for denormals; 17 always suffice. */
	for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	for (char *p = buf; *p; p++)
		if (*p == ',')
			*p = '.'; /* in case a library set a locale */
	text_puts(t, buf);
}

bool text_ok(const struct text *t)
{
	return !t->failed;
}

void text_clear(struct text *t)
{
	t->len = 0;
	t->failed = false;
	if (t->data)
		t->data[0] = '\0';
}

char *text_take(struct text *t, size_t *len)
{
	char *data;

	text_put(t, "", 0); /* an empty text has a NUL too */
	data = t->failed ? NULL : t->data;
	if (!data) {
		text_finish(t);
		return NULL;
	}
	if (len)
		*len = t->len;
	text_init(t, t->cap);
	return data;
}

void text_finish(struct text *t)
{
	free(t->data);
	text_init(t, t->cap);
}
