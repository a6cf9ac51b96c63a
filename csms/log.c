#include "csms/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "csms/clock.h"

enum {
	MESSAGE_SIZE = 2048,
	LINE_SIZE = 3800, /* with what tells of lost ones within PIPE_BUF, which poll() promises */
	PATIENCE_MS = 5
};

static _Atomic int threshold = LOG_INFO;

/* Lines that nobody took in time; they are told of when somebody does again. */
static _Atomic long lost;

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

/* Who reads the log may stand still; stations and the guard must not. A little patience with the
 * first line, none with the next. */
static bool is_taken(void)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&out, 1, atomic_load(&lost) ? 0 : PATIENCE_MS) != 0;
}

static void tell_lost(void)
{
	char line[200];
	long n = atomic_exchange(&lost, 0);
	size_t len;

	if (!n)
		return;
	len = write_prefix(line, sizeof(line), LOG_WARN);
	len += (size_t)snprintf(line + len, sizeof(line) - len,
		"log: %ld lines were lost, since nobody took them\"\n", n);
	if (write(STDERR_FILENO, line, len) < 0)
		return;
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
	if (!is_taken()) {
		atomic_fetch_add(&lost, 1);
		return;
	}
	tell_lost();
	/* One write a line, so that lines of several threads do not mix. Nobody to tell if it fails. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
