#include "csms/files/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command.h"
#include "csms/files/file_name.h"
#include "csms/files/file_source.h"
#include "csms/files/firmware.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/files/upload.h"

#define TOKEN_MAX 64

static const char in[] = "/files/in/", out[] = "/files/out/";

bool transfer_is_path(const char *path)
{
	return strncmp(path, "/files/", 7) == 0;
}

/* The token of the path, and what follows it: many stations append the name of the file. */
static bool read_token(
	const char *path, const char *prefix, char token[TOKEN_MAX + 1], const char **rest)
{
	size_t n = strlen(prefix), len;

	if (strncmp(path, prefix, n) != 0)
		return false;
	len = strcspn(path + n, "/");
	if (!len || len > TOKEN_MAX)
		return false;
	memcpy(token, path + n, len);
	token[len] = '\0';
	*rest = path + n + len + (path[n + len] == '/');
	return true;
}

static void refuse(struct http_exchange *x, int status)
{
	http_reply_problem(x, status,
		status == 410 ? "this address was used, or its time is over: ask for a new one"
			      : "there is no such address");
}

/* -- files that come --------------------------------------------------------------------------- */

/* One upload, and after it one file whose journal entry is on its way to the disk. */
struct arrival {
	struct core *core;
	struct ticket *ticket; /* NULL once the file is in */
	struct http_exchange *x; /* NULL: the station hung up */
	struct file what;
};

static void on_gone(void *arg)
{
	struct arrival *a = arg;

	a->x = NULL;
}

static void journalled(void *arg, int status, const char *why)
{
	struct arrival *a = arg;
	struct station *s = fleet_station(&a->core->fleet, a->what.station);

	if (a->x && status == 0)
		http_reply(a->x, 200, "text/plain", "stored\n", 7);
	else if (a->x)
		http_reply_problem(a->x, 503, "the journal cannot be written");
	if (status == 0 && s)
		command_sign(a->core, s,
			&(struct command_sign){.kind = SIGN_UPLOADED,
				.action = -1,
				.request_id = a->what.request_id,
				.text = a->what.name});
	free(a);
}

static void keep(struct arrival *a, const struct upload_end *e)
{
	const struct file *f;

	a->what.size = e->facts->size;
	memcpy(a->what.sha256, e->facts->sha256, sizeof a->what.sha256);
	if (e->name[0])
		snprintf(a->what.name, sizeof a->what.name, "%s", e->name);
	f = files_received(a->core->files, a->ticket, &a->what);
	if (!f) {
		files_unlink(a->core->files, a->what.id);
		if (e->x)
			http_reply_problem(e->x, 503, "no memory");
		free(a);
		return;
	}
	a->what = *f;
	a->x = e->x;
	if (a->x)
		http_hold(a->x, on_gone, a);
	record_then(a->core, journalled, a);
}

static void on_upload_end(void *arg, const struct upload_end *e)
{
	struct arrival *a = arg;

	a->ticket->upload = NULL;
	if (!e->status) {
		keep(a, e);
		return;
	}
	log_warn("station %s: upload for request %lld failed: %s", a->ticket->station,
		(long long)a->ticket->request_id, e->why);
	if (e->x)
		http_reply_problem(e->x, e->status, e->why);
	free(a);
}

static void begin(struct core *c, struct http_exchange *x, const struct http_request *req,
	struct ticket *t, const char *name)
{
	struct arrival *a;

	/* The newest wins: the other one hangs on a connection that died. */
	if (t->upload)
		upload_abort(t->upload, "the station began anew");
	a = calloc(1, sizeof *a);
	if (!a) {
		http_reply_problem(x, 503, "no memory");
		return;
	}
	a->core = c;
	a->ticket = t;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, a->what.id);
	file_name_clean(name, a->what.name);
	snprintf(a->what.peer, sizeof a->what.peer, "%s", req->peer);
	t->upload = upload_begin(c->files, x, req, a->what.id, on_upload_end, a);
	if (!t->upload)
		free(a);
}

/* The ticket of the path in either direction: 200, or the status to refuse with. */
static int find(struct core *c, const char *path, struct ticket **t, const char **rest)
{
	char token[TOKEN_MAX + 1];

	if (c->files && read_token(path, in, token, rest))
		return files_ticket(c->files, token, false, t);
	if (c->files && read_token(path, out, token, rest))
		return files_ticket(c->files, token, true, t);
	return 404;
}

static void refuse_method(struct http_exchange *x, const struct ticket *t)
{
	http_header(x, "allow", t->is_out ? "GET, HEAD" : "PUT, POST");
	http_reply_problem(x, 405,
		t->is_out ? "fetch the file with GET"
			  : "bring the file with PUT or POST, and not an empty one");
}

void transfer_on_head(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	struct core *c = ctx;
	const char *rest;
	struct ticket *t;
	int status = find(c, req->path, &t, &rest);

	if (status != 200)
		refuse(x, status);
	else if (t->is_out || (strcmp(req->method, "PUT") != 0 && strcmp(req->method, "POST") != 0))
		refuse_method(x, t);
	else
		begin(c, x, req, t, rest);
}

/* -- files that go ----------------------------------------------------------------------------- */

static void send_firmware(struct core *c, struct http_exchange *x, const struct http_request *req,
	const struct ticket *t)
{
	const struct firmware_image *image = firmware_find(c->firmware, t->firmware);
	char path[FILES_PATH_MAX];

	if (!image) {
		http_reply_problem(x, 410, "this firmware was withdrawn");
		return;
	}
	files_path(c->files, image->id, path);
	file_source_reply(files_worker(c->files), x,
		&(struct file_source){.path = path,
			.name = image->name,
			.sha256 = image->sha256,
			.size = image->size},
		req);
}

void transfer_handle(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	struct core *c = ctx;
	const char *rest;
	struct ticket *t;
	int status = find(c, req->path, &t, &rest);

	if (status != 200)
		refuse(x, status);
	else if (!t->is_out || strcmp(req->method, "GET") != 0)
		refuse_method(x, t);
	else
		send_firmware(c, x, req, t);
}
