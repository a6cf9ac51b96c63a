/*
 * API: what people, pages and scripts ask of depotd over HTTP (docs/api.md). It answers from the
 * live state through csms/view/view.h, changes things through csms/core.h, and knows who asks.
 *
 * Loop thread only; long queries run on the store's readers.
 */
#ifndef CSMS_API_API_H
#define CSMS_API_API_H

#include "csms/core.h"
#include "csms/net/http_server.h"

struct api_config {
	const char *console_dir; /* files of the console, NULL or missing: none are served */
	int max_streams; /* open event streams */
	int auth_failures_per_min; /* from one address; then 429 */
};

struct api;

/* Creates the API, reads the console's files and the API tokens of the store. NULL with one line
 * for a person. The console may be missing: its path then says how to build it. */
struct api *api_create(struct core *c, const struct api_config *cfg, char why[300]);

/* The handler for http_server_create(), with the API as its context. */
void api_handle(void *api, struct http_exchange *x, const struct http_request *req);

/* For http_server_on_head(): takes the bodies that are files. */
void api_on_head(void *api, struct http_exchange *x, const struct http_request *req);

/* Where the console is reached, "https://depot.example:8443", for sign-in links; known only once
 * the listener is bound. */
void api_set_url(struct api *api, const char *url);

/* Ends open streams and answers what still waits with 503. Before http_server_destroy(). */
void api_destroy(struct api *api);

#endif
