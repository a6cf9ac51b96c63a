#include "csms/files/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/files/multipart.h"

#define LONGEST_MS (2 * 3600 * 1000ll) /* real time for one file */

static const char no_room[] =
	"files.quota_mb of the config is used up, and no log is left that could go";

struct upload {
	struct files *files;
	struct http_exchange *x; /* NULL: the client left */
	struct file_sink *sink;
	struct multipart *multipart; /* NULL: the body is the file */
	struct timer limit;
	struct timers *timers;
	int64_t got, max;
	bool is_whole; /* the body has come to its end */
	int status;
	const char *why;
	char name[FILE_NAME_SIZE];
	void (*done)(void *arg, const struct upload_end *end);
	void *arg;
};

static void destroy(struct upload *u)
{
	timer_stop(u->timers, &u->limit);
	if (u->sink)
		file_sink_cancel(u->sink);
	files_release(u->files, u->got);
	free(u->multipart);
	free(u);
}

static void end(struct upload *u, int status, const char *why, const struct file_facts *facts)
{
	struct upload_end e = {
		.x = u->x,
		.status = status,
		.why = why,
		.facts = facts,
		.name = u->multipart ? u->multipart->name : u->name,
	};

	u->done(u->arg, &e);
	destroy(u);
}

/* -- bytes of the file ------------------------------------------------------------------------- */

static void fail(struct upload *u, int status, const char *why)
{
	u->status = status;
	u->why = why;
}

static void take(void *arg, const char *bytes, size_t len)
{
	struct upload *u = arg;

	if (u->status)
		return;
	if ((int64_t)len > u->max - u->got) {
		fail(u, 413, "the file is longer than files.max_upload_mb of the config");
		return;
	}
	if (!files_reserve(u->files, (int64_t)len)) {
		fail(u, 507, no_room);
		return;
	}
	u->got += (int64_t)len;
	file_sink_bytes(u->sink, bytes, len);
}

static void on_bytes(void *arg, const char *bytes, size_t len)
{
	struct upload *u = arg;

	if (!u->multipart)
		take(u, bytes, len);
	else if (!multipart_feed(u->multipart, bytes, len) && !u->status)
		fail(u, 400, "the body is not multipart/form-data as its content-type says");
	if (u->status)
		end(u, u->status, u->why, NULL);
}

static void on_end(void *arg)
{
	struct upload *u = arg;

	if (u->multipart && !multipart_is_whole(u->multipart)) {
		end(u, 400, "the form has no part with a filename, or no end", NULL);
		return;
	}
	u->is_whole = true;
	file_sink_end(u->sink);
}

static void on_gone(void *arg)
{
	struct upload *u = arg;

	u->x = NULL;
	if (!u->is_whole)
		end(u, 499, "the upload broke off", NULL);
}

static const struct http_sink http_sink = {on_bytes, on_end, on_gone};

/* -- the disk ---------------------------------------------------------------------------------- */

static void on_behind(void *arg, bool is_behind)
{
	struct upload *u = arg;

	if (u->x && !u->is_whole)
		http_body_pause(u->x, is_behind);
}

static void on_written(void *arg, int status, const char *why, const struct file_facts *facts)
{
	struct upload *u = arg;

	u->sink = NULL;
	end(u, status ? 507 : 0, why, facts);
}

static const struct file_sink_owner sink_owner = {on_behind, on_written};

static void on_limit(void *arg)
{
	end(arg, 408, "the upload took longer than two hours", NULL);
}

/* -- life -------------------------------------------------------------------------------------- */

/* 0, or the status to refuse with. */
static int prepare(
	struct upload *u, const struct http_request *req, const char *id, const char **why)
{
	char path[FILES_PATH_MAX];
	bool is_form = strncasecmp(req->content_type, "multipart/", 10) == 0;

	*why = "no memory";
	files_path(u->files, id, path);
	u->sink = file_sink_create(files_worker(u->files), path, &sink_owner, u);
	if (is_form)
		u->multipart = malloc(sizeof *u->multipart);
	if (!u->sink || (is_form && !u->multipart))
		return 503;
	*why = "content-type: multipart/form-data with a boundary, or the file as the body";
	if (is_form && !multipart_init(u->multipart, req->content_type, take, u))
		return 415;
	*why = "the file is longer than files.max_upload_mb of the config";
	if (req->content_length > u->max + (is_form ? 65536 : 0))
		return 413;
	*why = no_room;
	return files_could_hold(u->files, req->content_length) ? 0 : 507;
}

struct upload *upload_begin(struct files *f, struct http_exchange *x,
	const struct http_request *req, const char *id,
	void (*done)(void *arg, const struct upload_end *end), void *arg)
{
	struct upload *u = calloc(1, sizeof *u);
	const char *why = "no memory";
	int status = 503;

	if (u) {
		u->files = f;
		u->x = x;
		u->timers = files_core(f)->timers;
		u->max = files_core(f)->config->files->max_upload_mb * 1024 * 1024;
		u->done = done;
		u->arg = arg;
		status = prepare(u, req, id, &why);
	}
	if (status) {
		http_reply_problem(x, status, why);
		if (u)
			destroy(u);
		return NULL;
	}
	file_name_of_disposition(req->content_disposition, u->name);
	timer_start(u->timers, &u->limit, (int64_t)(LONGEST_MS * clock_speed()), on_limit, u);
	http_take_body(x, (size_t)u->max + (u->multipart ? 65536 : 0), &http_sink, u);
	return u;
}

void upload_abort(struct upload *u, const char *why)
{
	struct http_exchange *x = u->x;

	u->x = NULL;
	if (x) {
		http_hold(x, NULL, NULL);
		http_abort(x, why);
	}
	end(u, 499, why, NULL);
}
