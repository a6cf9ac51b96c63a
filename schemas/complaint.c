#include "schemas/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of `s` that fit in `max` without cutting a UTF-8 sequence. */
size_t schema_fitting(const char *s, size_t len, size_t max)
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
	size_t n = schema_fitting(s, len, size - 1 - used);

	for (size_t i = 0; i < n; i++)
		path[used + i] = printable(s[i]);
	path[used + n] = '\0';
}

static void path_write(const struct schema_place *f, char *path, size_t size)
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

bool schema_complain(struct schema_error *err, const struct schema_place *at,
	enum schema_fault fault, const char *fmt, ...)
{
	va_list ap;
	int n;

	err->fault = fault;
	err->path[0] = '\0';
	path_write(at, err->path, sizeof(err->path));
	va_start(ap, fmt);
	n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(err->message)) {
		size_t len = sizeof(err->message) - 1;

		while (!schema_utf8_check(err->message, len, NULL))
			err->message[--len] = '\0'; /* the cut fell into a sequence */
	}
	for (char *p = err->message; *p; p++)
		*p = printable(*p);
	return false;
}
