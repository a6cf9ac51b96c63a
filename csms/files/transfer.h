/*
 * Transfer: /files/… for stations. PUT or POST to /files/in/TOKEN brings the file that was asked
 * for, GET /files/out/TOKEN/NAME fetches the firmware. The token is all that a station needs;
 * nothing else is served to it. Loop thread only.
 */
#ifndef CSMS_TRANSFER_H
#define CSMS_TRANSFER_H

#include "csms/net/http_server.h"

struct core;

/* True for the paths that are ours. */
bool transfer_is_path(const char *path);

/* As the http_handler of a server: before the body, and of the whole request. `ctx` is the core.
 * Any other path gets 404. */
void transfer_on_head(void *ctx, struct http_exchange *x, const struct http_request *req);
void transfer_handle(void *ctx, struct http_exchange *x, const struct http_request *req);

#endif
