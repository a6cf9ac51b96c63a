/*
 * File source: a file that goes out as the reply of an HTTP exchange, read on the worker piece by
 * piece. Understands one range (RFC 9110 14.2), If-Range and HEAD. Loop thread only.
 */
#ifndef CSMS_FILE_SOURCE_H
#define CSMS_FILE_SOURCE_H

#include "csms/net/http_server.h"
#include "csms/worker.h"

struct file_source {
	const char *path; /* where it lies */
	const char *name; /* what the reader may call it, clean (csms/files/file_name.h) */
	const char *sha256; /* makes the ETag */
	int64_t size;
};

/* Replies; all is copied. */
void file_source_reply(struct worker *w, struct http_exchange *x, const struct file_source *f,
	const struct http_request *req);

/* The part of `size` bytes that a range header asks for: 206 with `from` and `length`, 200 for all
 * (no range, or one that need not be understood), 416. Pure. */
int file_source_range(const char *range, int64_t size, int64_t *from, int64_t *length);

#endif
