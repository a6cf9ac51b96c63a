/*
 * Telematics post: POST /telematics/SOURCE, where sources bring what vehicles report: one JSON text
 * (an object, or an array of them), or NDJSON. With a token of the source's own, as `Authorization:
 * Bearer`, and no other rights. The answer leaves when all of it is on disk.
 */
#ifndef CSMS_API_TELEMATICS_POST_H
#define CSMS_API_TELEMATICS_POST_H

#include <stdbool.h>

struct api;
struct http_exchange;
struct http_request;

/* True for the paths that are ours. */
bool telematics_is_path(const char *path);
void telematics_handle(struct api *api, struct http_exchange *x, const struct http_request *req);

#endif
