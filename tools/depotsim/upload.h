/*
 * Upload: a small text to a URL by HTTP PUT, on a thread of its own. The only owner of
 * <curl/curl.h> here.
 */
#ifndef DEPOTSIM_UPLOAD_H
#define DEPOTSIM_UPLOAD_H

#include <stddef.h>

struct upload;

enum upload_state { UPLOAD_RUNS, UPLOAD_DONE, UPLOAD_FAILED };

/* `ca_file` (PEM, may be NULL) is all that https servers are checked against. Everything is copied.
 * NULL: no memory or thread. */
struct upload *upload_start(const char *url, const char *ca_file, const char *text, size_t len);

enum upload_state upload_state(struct upload *u);

/* Waits for it (20 s at most) and frees it. */
void upload_end(struct upload *u);

#endif
