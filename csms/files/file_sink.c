#include "csms/files/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/bytes.h"
#include "csms/pki/file_digest.h"

enum {
	BEHIND = 256 * 1024, /* bytes in memory from which on the owner should rest */
	SYNC_EVERY = 4 * 1024 * 1024,
};

struct file_sink {
	struct worker *worker;
	const struct file_sink_owner *owner;
	void *arg;
	struct bytes waiting; /* not yet with the worker */
	bool is_busy, is_behind, is_over, is_cancelled;
	bool is_lost; /* bytes did not fit into memory: so the file is lost */
	struct worker_job job;

	/* The worker's while is_busy. */
	struct bytes writing;
	bool is_last, is_dropped; /* finish the file; remove it */
	bool is_named; /* it has its name */
	char path[600], part[610];
	int fd;
	int64_t unsynced;
	struct file_digest *digest;
	struct file_facts facts;
	bool has_failed;
	char why[200];
};

struct file_sink *file_sink_create(
	struct worker *w, const char *path, const struct file_sink_owner *owner, void *arg)
{
	struct file_sink *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->worker = w;
	s->owner = owner;
	s->arg = arg;
	s->fd = -1;
	s->digest = file_digest_create();
	snprintf(s->path, sizeof s->path, "%s", path);
	snprintf(s->part, sizeof s->part, "%s.part", s->path);
	if (s->digest)
		return s;
	free(s);
	return NULL;
}

static void destroy(struct file_sink *s)
{
	bytes_free(&s->waiting);
	bytes_free(&s->writing);
	file_digest_destroy(s->digest);
	free(s);
}

/* -- on the worker ----------------------------------------------------------------------------- */

static void fail(struct file_sink *s, const char *what)
{
	if (!s->has_failed)
		snprintf(s->why, sizeof s->why, "%s: %s", what, strerror(errno));
	s->has_failed = true;
}

static void write_out(struct file_sink *s)
{
	const unsigned char *p = s->writing.data;
	size_t left = s->writing.len;

	while (left && !s->has_failed) {
		ssize_t n = write(s->fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(s, "the file cannot be written");
			return;
		}
		p += n;
		left -= (size_t)n;
	}
	s->unsynced += (int64_t)s->writing.len;
	if (s->unsynced < SYNC_EVERY || s->has_failed)
		return;
	s->unsynced = 0;
	if (fdatasync(s->fd))
		fail(s, "the file cannot be written");
}

static void sync_folder(const struct file_sink *s)
{
	char copy[600];
	int fd;

	snprintf(copy, sizeof copy, "%s", s->path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static void finish(struct file_sink *s)
{
	if (fsync(s->fd))
		fail(s, "the file cannot be written");
	else if (rename(s->part, s->path))
		fail(s, "the file cannot be named");
	else
		s->is_named = true;
	if (s->is_named)
		sync_folder(s);
	file_digest_end(s->digest, s->facts.sha256, s->facts.md5);
}

static void end_file(struct file_sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (!s->is_named)
		unlink(s->part);
	else if (s->is_dropped)
		unlink(s->path);
}

static void open_file(struct file_sink *s)
{
	s->fd = open(s->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		fail(s, "the file cannot be made");
}

static void work(void *arg)
{
	struct file_sink *s = arg;

	if (!s->is_dropped && s->fd < 0 && !s->is_named)
		open_file(s);
	if (!s->is_dropped && !s->has_failed && s->writing.len) {
		write_out(s);
		file_digest_add(s->digest, s->writing.data, s->writing.len);
		s->facts.size += (int64_t)s->writing.len;
	}
	if (s->is_last && !s->is_dropped && !s->has_failed)
		finish(s);
	if (s->is_dropped || s->has_failed || s->is_last)
		end_file(s);
}

/* -- on the loop ------------------------------------------------------------------------------- */

static void done(void *arg);

static void hand_over(struct file_sink *s)
{
	struct bytes empty = s->writing;

	s->writing = s->waiting;
	s->waiting = empty;
	s->is_last = s->is_over;
	s->is_dropped = s->is_cancelled || s->is_lost;
	s->is_busy = true;
	worker_do(s->worker, &s->job, work, done, s);
}

static void tell(struct file_sink *s, int status)
{
	const struct file_sink_owner *owner = s->owner;
	void *owner_arg = s->arg;
	struct file_facts facts = s->facts;
	char why[200];

	snprintf(why, sizeof why, "%s", s->is_lost ? "out of memory" : s->why);
	destroy(s);
	owner->done(owner_arg, status, status ? why : NULL, &facts);
}

static void done(void *arg)
{
	struct file_sink *s = arg;
	bool is_at_end = s->is_dropped || s->has_failed;

	s->is_busy = false;
	bytes_free(&s->writing);
	if (s->is_cancelled && is_at_end) {
		destroy(s);
	} else if (is_at_end) {
		tell(s, -1);
	} else if (s->is_last && !s->is_cancelled) {
		tell(s, 0);
	} else {
		if (s->waiting.len || s->is_over || s->is_cancelled || s->is_lost)
			hand_over(s);
		if (s->is_behind && !s->is_cancelled) {
			s->is_behind = false;
			s->owner->behind(s->arg, false);
		}
	}
}

void file_sink_bytes(struct file_sink *s, const char *bytes, size_t len)
{
	if (!bytes_add(&s->waiting, bytes, len))
		s->is_lost = true;
	if (!s->is_busy)
		hand_over(s);
	if (s->waiting.len > BEHIND && !s->is_behind) {
		s->is_behind = true;
		s->owner->behind(s->arg, true);
	}
}

void file_sink_end(struct file_sink *s)
{
	s->is_over = true;
	if (!s->is_busy)
		hand_over(s);
}

void file_sink_cancel(struct file_sink *s)
{
	s->is_cancelled = true;
	if (!s->is_busy)
		hand_over(s);
}
