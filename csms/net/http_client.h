/*
 * HTTP client: requests to others over HTTPS or HTTP, on our loop. libcurl's multi interface tells
 * which sockets and which time it waits for; names are looked up on libcurl's own threads.
 *
 * Certificates are verified against the system's roots or a file of the caller's. No redirects, no
 * proxy of the environment, no other protocol; answers are bounded. Loop thread only.
 */
#ifndef CSMS_HTTP_CLIENT_H
#define CSMS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "csms/loop.h"

#define HTTP_CLIENT_ANSWER_MAX                                                                     \
	65536 /* bytes, unless the call says more; a longer answer is a failure */
#define HTTP_CLIENT_CALLS_MAX   256 /* at once, those that wait for another try included */
#define HTTP_CLIENT_HEADERS_MAX 12

struct http_client;
struct http_call;
struct sockaddr;

/* What came of a call: the last try's word. */
struct http_outcome {
	int status; /* of HTTP; 0: no answer came, `why` says what failed */
	const char *body; /* NUL-terminated */
	size_t len;
	int tries;
	int retry_after_s; /* the header; 0: none */
	char why[300];
};

struct http_call_spec {
	const char *method, *url;
	const char *headers[HTTP_CLIENT_HEADERS_MAX]; /* "name: value"; NULL ends */
	const char *body; /* may be NULL */
	size_t len;
	const char *ca_file; /* PEM; NULL: the system's roots */
	const char *cert_file, *key_file; /* PEM: ours, where the server asks for one; NULL: none */
	size_t answer_max; /* bytes; 0: HTTP_CLIENT_ANSWER_MAX */
	int timeout_ms; /* of one try, in real time */
	int tries; /* in all; again after no answer, 408, 429 and 5xx but 501 */
	int wait_ms; /* before the second try; doubles with each, up to five minutes */
	/* Asked of every address that a name leads to, before it is connected to. NULL: any. */
	bool (*may_connect)(const void *rule, const struct sockaddr *address);
	const void *rule; /* lives longer than the call */
	void (*done)(void *arg, const struct http_outcome *o); /* told once, never from within */
	void *arg;
};

/* NULL: no memory. */
struct http_client *http_client_create(struct loop *l);

/* Starts a call; all of the spec is copied. NULL: too many calls, no memory, or no http(s) URL. */
struct http_call *http_client_send(struct http_client *h, const struct http_call_spec *spec);

/* Ends a call that has not called `done`; it will not. */
void http_call_cancel(struct http_call *c);

/* An address that we would send to: http or https, a host, no user, nothing unprintable. */
bool http_client_takes(const char *url);

/* Ends all calls; nobody is told. NULL is fine. */
void http_client_destroy(struct http_client *h);

#endif
