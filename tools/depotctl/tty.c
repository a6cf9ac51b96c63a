/* What stations say is printed in many places; here is the one way to the terminal. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* fopencookie */
#endif
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/ctl.h"

#define BUFFER 4096

/* "\x1b[1;31m": length of a change of colour or weight at `p`, 0: none. */
static size_t colour_at(const char *p, const char *end)
{
	const char *q = p + 1;

	if (*p != '\x1b' || q == end || *q++ != '[')
		return 0;
	while (q < end && q - p < 12 && ((*q >= '0' && *q <= '9') || *q == ';'))
		q++;
	return q < end && *q == 'm' ? (size_t)(q + 1 - p) : 0;
}

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
}

/* Of `len` bytes those that may pass, into out[len]. */
static void tame(const char *text, size_t len, char *out)
{
	const char *end = text + len;

	for (const char *p = text; p < end;) {
		size_t n = colour_at(p, end);
		unsigned char c = (unsigned char)*p;

		if (n) {
			memcpy(out, p, n);
			out += n;
			p += n;
			continue;
		}
		/* U+0080 to U+009F */
		if (c == 0xc2 && p + 1 < end && (unsigned char)p[1] >= 0x80 &&
			(unsigned char)p[1] < 0xa0) {
			*out++ = '?';
			*out++ = '?';
			p += 2;
			continue;
		}
		*out++ = is_control(c) ? '?' : (char)c;
		p++;
	}
}

static ssize_t put(void *cookie, const char *text, size_t len)
{
	char out[BUFFER];
	size_t n = len < sizeof out ? len : sizeof out, done = 0;

	(void)cookie;
	tame(text, n, out);
	while (done < n) {
		ssize_t w = write(STDOUT_FILENO, out + done, n - done);

		if (w < 0 && errno != EINTR)
			return 0;
		done += w > 0 ? (size_t)w : 0;
	}
	return (ssize_t)n;
}

void tty_guard(void)
{
	FILE *f = isatty(STDOUT_FILENO)
			  ? fopencookie(NULL, "w", (cookie_io_functions_t){.write = put})
			  : NULL;

	if (!f)
		return;
	setvbuf(f, NULL, _IOLBF, BUFFER);
	stdout = f;
}
