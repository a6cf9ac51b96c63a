#include "csms/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "csms/clock.h"

enum { MESSAGE_SIZE = 2048, LINE_SIZE = 2 * MESSAGE_SIZE + 128 };

static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

/* Escapes what would end the quoted value or start a second line. `out` holds 2 * strlen + 1, for
 * the longest escape is a control character's "\xHH" after which the text is cut if need be. */
static size_t escape(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text && n + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c == '\n') {
			out[n++] = '\\';
			out[n++] = 'n';
		} else if (c < 0x20 || c == 0x7f ||
			   /* second half of U+0080 to U+009F: a terminal obeys them too */
			   (c >= 0x80 && c < 0xa0 && n && (unsigned char)out[n - 1] == 0xc2)) {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		} else {
			out[n++] = (char)c;
		}
	}
	return n;
}

/* "ts=2026-03-11T21:40:12.345Z level=info msg=\"" */
static size_t write_prefix(char *out, size_t size, enum log_level level)
{
	static const char *const names[] = {[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug"};
	wall_t now = clock_wall();
	time_t seconds = (time_t)(now.ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, size, "ts=%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, size - n, ".%03dZ level=%s msg=\"",
			   (int)(now.ms % 1000), names[level]);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char message[MESSAGE_SIZE], line[LINE_SIZE];
	size_t n;
	va_list ap;

	if ((int)level > atomic_load(&threshold))
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	n = write_prefix(line, sizeof(line), level);
	n += escape(line + n, sizeof(line) - n - 2, message);
	line[n++] = '"';
	line[n++] = '\n';
	/* One write a line, so that lines of several threads do not mix. Nobody to tell if it fails. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
