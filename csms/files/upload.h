/*
 * Upload: the body of one HTTP exchange on its way into a file: whole or as multipart/form-data,
 * bounded in size, time and by the quota, never in memory. Loop thread only.
 */
#ifndef CSMS_UPLOAD_H
#define CSMS_UPLOAD_H

#include "csms/files/file_sink.h"
#include "csms/files/files.h"
#include "csms/net/http_server.h"

struct upload;

struct upload_end {
	struct http_exchange
		*x; /* to be replied to, or held anew, at once; NULL: the client left */
	int status; /* 0: the file is on disk; else what to reply with */
	const char *why; /* … and why */
	const struct file_facts *facts;
	const char *name; /* as its sender called it, clean; "" if it did not */
};

/* Takes the body of `x` into the file `id` of the store; only from an on_head of the HTTP server.
 * `done` is called once. NULL: it was refused, and replied to. */
struct upload *upload_begin(struct files *f, struct http_exchange *x,
	const struct http_request *req, const char *id,
	void (*done)(void *arg, const struct upload_end *end), void *arg);

/* Ends it as if its client had left, who is dropped. `done` is called. */
void upload_abort(struct upload *u, const char *why);

#endif
