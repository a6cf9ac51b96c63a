/*
 * HTTP/1.1 request heads: the bytes up to the empty line, cut into request line and fields. Used by
 * the API and by the gate in front of the WebSocket. Strict where leniency lets two parsers
 * disagree (RFC 9112): no folded lines, no blank before the colon, no bare CR, no NUL.
 */
#ifndef CSMS_HTTP_HEAD_H
#define CSMS_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX   8192 /* bytes, request line and fields together */
#define HTTP_FIELDS_MAX 64

struct http_field {
	const char *name; /* lower case */
	const char *value;
};

struct http_head {
	const char *method;
	const char *target; /* as sent, "/ocpp/CP%201?x" */
	int minor_version; /* HTTP/1.minor */
	struct http_field fields[HTTP_FIELDS_MAX];
	int field_count;
};

/* Length of the head in `bytes` including the empty line, of which the first `seen` were searched
 * before; 0: more bytes are needed, -431: it is longer than HTTP_HEAD_MAX. */
int http_head_length(const unsigned char *bytes, size_t len, size_t seen);

/* Cuts a whole head of `len` bytes in place; `h` points into it. 0, or the HTTP status to refuse
 * with, negated. */
int http_head_parse(char *bytes, size_t len, struct http_head *h);

/* True if the path climbs (a segment "..", however escaped) or has a NUL in it. Whoever serves files
 * resolves nothing and finds nothing there; but it is no mistake. */
bool http_path_climbs(const char *target);

/* Value of the first field of that name (lower case), or NULL. */
const char *http_head_get(const struct http_head *h, const char *name);

/* All values of that name joined by commas, "" if there is none. False if they do not fit. */
bool http_head_join(const struct http_head *h, const char *name, char *out, size_t size);

/* True if the comma-separated list of that field holds `token`, in any case of letters. */
bool http_head_has_token(const struct http_head *h, const char *name, const char *token);

/* How the body is framed: its length, 0 for none, -1 for chunked, or < -1: the HTTP status to
 * refuse with, negated. `max`: longest acceptable length (-413 above). */
long long http_head_body_length(const struct http_head *h, size_t max);

/* "Not Found" for 404. */
const char *http_reason(int status);

/* True if the connection may serve another request. */
bool http_head_keeps_alive(const struct http_head *h);

#endif
