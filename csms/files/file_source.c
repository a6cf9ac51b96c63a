#include "csms/files/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct sending {
	struct worker *worker;
	struct worker_job job;
	struct http_exchange *x; /* NULL: the client left */
	bool is_busy, is_open; /* with the worker; the head has been sent */
	char path[600], name[101], etag[70];
	int64_t size, from, length; /* of the whole; what is yet to be read */
	int status;

	/* The worker's while is_busy. */
	int fd;
	bool has_failed;
	size_t len;
	char piece[PIECE];
};

/* -- ranges ------------------------------------------------------------------------------------ */

static bool digits(const char **p, int64_t *out)
{
	const char *start = *p;
	int64_t n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (n > INT64_MAX / 10 - 10)
			return false;
		n = n * 10 + (**p - '0');
	}
	*out = n;
	return *p > start;
}

int file_source_range(const char *range, int64_t size, int64_t *from, int64_t *length)
{
	const char *p = range;
	int64_t first = -1, last = -1;
	bool has_first, has_last;

	*from = 0;
	*length = size;
	if (strncasecmp(p, "bytes=", 6) != 0)
		return 200;
	p += 6;
	has_first = digits(&p, &first);
	if (*p++ != '-')
		return 200;
	has_last = digits(&p, &last);
	/* Several ranges at once would need a multipart reply: all of it is a legal answer. */
	if (*p || (!has_first && !has_last))
		return 200;
	if (!has_first) { /* the last so many bytes */
		if (last == 0 || size == 0)
			return 416;
		*from = last < size ? size - last : 0;
		*length = size - *from;
		return 206;
	}
	if (has_last && last < first)
		return 200;
	if (first >= size)
		return 416;
	*from = first;
	*length = (has_last && last < size - 1 ? last : size - 1) - first + 1;
	return 206;
}

/* -- on the worker ----------------------------------------------------------------------------- */

static void open_file(struct sending *s)
{
	struct stat st;

	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	s->has_failed = s->fd < 0 || fstat(s->fd, &st) || st.st_size != s->size;
}

static void read_piece(void *arg)
{
	struct sending *s = arg;
	size_t want = s->length < PIECE ? (size_t)s->length : PIECE;

	if (s->fd < 0)
		open_file(s);
	for (s->len = 0; s->len < want && !s->has_failed;) {
		ssize_t n = pread(s->fd, s->piece + s->len, want - s->len, s->from + (off_t)s->len);

		if (n < 0 && errno == EINTR)
			continue;
		s->has_failed = n <= 0;
		s->len += n > 0 ? (size_t)n : 0;
	}
}

/* -- on the loop ------------------------------------------------------------------------------- */

static void destroy(struct sending *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static void on_gone(void *arg)
{
	struct sending *s = arg;

	s->x = NULL;
	if (!s->is_busy)
		destroy(s);
}

static void on_piece(void *arg);

static void on_more(void *arg)
{
	struct sending *s = arg;

	s->is_busy = true;
	worker_do(s->worker, &s->job, read_piece, on_piece, s);
}

static const struct http_source source = {on_more, on_gone};

/* False: that was all, or nothing. */
static bool send_head(struct sending *s)
{
	char text[160];

	s->is_open = true;
	if (s->has_failed) {
		http_reply_problem(s->x, 404, "the file is not on the disk any more");
		return false;
	}
	http_header(s->x, "accept-ranges", "bytes");
	http_header(s->x, "etag", s->etag);
	snprintf(text, sizeof text, "attachment; filename=\"%s\"", s->name);
	http_header(s->x, "content-disposition", text);
	if (s->status == 206) {
		snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)s->from,
			(long long)(s->from + s->length - 1), (long long)s->size);
		http_header(s->x, "content-range", text);
	}
	return http_send_begin(
		s->x, s->status, "application/octet-stream", (uint64_t)s->length, &source, s);
}

static void on_piece(void *arg)
{
	struct sending *s = arg;
	struct http_exchange *x = s->x;

	s->is_busy = false;
	if (!x || (!s->is_open && !send_head(s))) {
		destroy(s);
		return;
	}
	if (s->has_failed) {
		http_abort(x, "a file broke off while it was read");
		return; /* on_gone() follows */
	}
	s->from += (int64_t)s->len;
	s->length -= (int64_t)s->len;
	http_send(x, s->piece, s->len);
	if (s->length == 0)
		destroy(s); /* the exchange is over */
}

void file_source_reply(struct worker *w, struct http_exchange *x, const struct file_source *f,
	const struct http_request *req)
{
	struct sending *s;
	char text[60];
	int64_t from = 0, length = f->size;
	int status = file_source_range(req->range, f->size, &from, &length);

	if (status == 416) {
		snprintf(text, sizeof text, "bytes */%lld", (long long)f->size);
		http_header(x, "content-range", text);
		http_reply_problem(x, 416, "the file is not that long");
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		http_reply_problem(x, 503, "no memory");
		return;
	}
	s->worker = w;
	s->x = x;
	s->fd = -1;
	s->size = f->size;
	snprintf(s->path, sizeof s->path, "%s", f->path);
	snprintf(s->name, sizeof s->name, "%s", f->name);
	snprintf(s->etag, sizeof s->etag, "\"%s\"", f->sha256);
	/* The rest of another file is worse than all of this one. */
	if (status == 206 && req->if_range[0] && strcmp(req->if_range, s->etag) != 0) {
		status = 200;
		from = 0;
		length = f->size;
	}
	s->status = status;
	s->from = from;
	s->length = length;
	http_hold(x, on_gone, s);
	on_more(s);
}
