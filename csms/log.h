/*
 * Log: one line an event to stderr, logfmt: `ts=… level=info msg="…" station=CP-7`.
 *
 * Never put a password, key or token into a message. Safe from any thread.
 */
#ifndef CSMS_LOG_H
#define CSMS_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* One line. `fmt` is the message; control characters are escaped. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
