/*
 * HTTP request bodies of known length or in chunks (RFC 9112 7.1), bounded: collected, or handed on as
 * they come.
 */
#ifndef CSMS_HTTP_BODY_H
#define CSMS_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/bytes.h"

enum http_chunk_state {
	CHUNK_SIZE, /* hex digits */
	CHUNK_EXTENSION, /* up to LF, ignored */
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* lines up to an empty one, ignored */
	CHUNK_TRAILER_LF,
};

struct http_body {
	struct bytes bytes; /* stays empty with a sink */
	void (*sink)(void *arg, const char *bytes, size_t len);
	void *sink_arg;
	size_t max, got; /* bytes of the body so far */
	bool is_chunked, is_complete;
	size_t expected; /* of the whole body; of the chunk when chunked: what is left */
	enum http_chunk_state state;
	int digits;
	size_t trailer_line, overhead;
};

/* `length` as http_head_body_length() said: >= 0, or -1 for chunked. */
void http_body_init(struct http_body *b, long long length, size_t max);

/* Hands the body on instead of collecting it; before the first byte of it. */
void http_body_to(struct http_body *b, void (*sink)(void *arg, const char *bytes, size_t len),
	void *arg, size_t max);

/* Takes bytes. How many belong to the body, or the HTTP status to refuse with, negated. */
long http_body_take(struct http_body *b, const char *bytes, size_t len);

void http_body_finish(struct http_body *b);

#endif
