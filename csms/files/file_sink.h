/*
 * File sink: a file that comes in on the loop and is written on the worker. What waits in memory is
 * bounded: the owner is told when the disk is behind. The data goes to the disk little by little, so
 * that the journal's commits never wait for hundreds of megabytes.
 *
 * Until it is whole the file is called PATH.part. Loop thread only.
 */
#ifndef CSMS_FILE_SINK_H
#define CSMS_FILE_SINK_H

#include "csms/worker.h"

struct file_sink;

struct file_facts {
	int64_t size;
	char sha256[65], md5[33];
};

struct file_sink_owner {
	/* The disk is behind, or has caught up: read no more, or read on. */
	void (*behind)(void *arg, bool is_behind);
	/* After file_sink_end(), or at once if the disk fails: on disk under its name (0), or not
	 * (-1 with one line; nothing is left of it). The sink is gone afterwards. */
	void (*done)(void *arg, int status, const char *why, const struct file_facts *facts);
};

/* NULL: no memory. The file is made when the first bytes are written; mode 0600. */
struct file_sink *file_sink_create(
	struct worker *w, const char *path, const struct file_sink_owner *owner, void *arg);

void file_sink_bytes(struct file_sink *s, const char *bytes, size_t len);

/* That was all. */
void file_sink_end(struct file_sink *s);

/* Nobody wants it any more: what was written is removed, the owner not called. */
void file_sink_cancel(struct file_sink *s);

#endif
