/* Files that stations brought, and asking for them. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/command.h"
#include "csms/files/file_source.h"
#include "csms/files/files.h"
#include "csms/record.h"
#include "db/query.h"
#include "db/query_file.h"

struct query {
	struct db_file_filter filter;
	struct db_file_list found;
	const char *error;
};

static void view_file(const struct db_file *f, struct api_file_view *out)
{
	*out = (struct api_file_view){
		.id = f->id,
		.station = f->station,
		.has_request_id = f->request_id != 0,
		.request_id = f->request_id,
		.name = f->name,
		.size = f->size,
		.sha256 = f->sha256,
		.received_at = f->received_at,
		.peer = f->peer,
		.has_removed_at = f->removed_at.ms != 0,
		.removed_at = f->removed_at,
		.removed_why = f->removed_why,
	};
}

static void list_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_files(r, &q->filter, k->arena, &q->found) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void list_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct core *c = k->api->core;
	struct api_file_list list = {
		.used_bytes = files_used(c->files),
		.quota_bytes = c->config->files->quota_mb * 1024 * 1024,
	};

	list.files.items = arena_alloc(k->arena, sizeof(*list.files.items) * q->found.count + 1);
	if (q->error != NULL || list.files.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
		return;
	}
	list.files.count = q->found.count;
	for (size_t i = 0; i < q->found.count; i++)
		view_file(&q->found.items[i], &list.files.items[i]);
	ask_reply(k, 200, &api_file_list_type, &list);
}

/* False after a 503: a core without files is one of the tests. */
static bool has_files(struct ask *k)
{
	if (k->api->core->files == NULL)
		ask_problem(k, 503, NULL, "this depotd keeps no files");
	return k->api->core->files != NULL;
}

void files_list(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));
	const char *removed = ask_query(k, "removed");
	int64_t limit = 100;

	if (!has_files(k) || !ask_int(k, "limit", 1, 1000, &limit))
		return;
	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	q->filter = (struct db_file_filter){.station = ask_station(k, ask_query(k, "station")),
		.with_removed = removed != NULL && strcmp(removed, "1") == 0,
		.limit = (int)limit};
	k->state = q;
	ask_read(k, list_work, list_finish);
}

/* The file of the path; NULL after an answer. */
static struct file *path_file(struct ask *k)
{
	struct file *f;

	if (!has_files(k))
		return NULL;
	f = files_find(k->api->core->files, k->match.param[0]);
	if (f == NULL)
		ask_problem(k, 404, NULL, "there is no such file; GET /api/v1/files lists them");
	return f;
}

void file_get(struct ask *k)
{
	const struct file *f = path_file(k);
	char path[FILES_PATH_MAX];

	if (f == NULL)
		return;
	struct files *files = k->api->core->files;
	const struct http_request *req = k->req;
	files_path(files, f->id, path);
	file_source_reply(files_worker(files), ask_take(k),
		&(struct file_source){
			.path = path, .name = f->name, .sha256 = f->sha256, .size = f->size},
		req);
}

void file_delete(struct ask *k)
{
	struct file *f = path_file(k);

	if (f == NULL)
		return;
	files_remove(k->api->core->files, f, "removed by hand", k->who.actor);
	ask_hold(k);
	record_then(k->api->core, ask_changed, k);
}

/* -- logs: N01 --------------------------------------------------------------------------------- */

/* A time as JSON, with its key and a comma; nothing when it is not there. */
static const char *time_field(struct arena *a, const char *name, bool has, wall_t at)
{
	char text[WALL_TEXT_SIZE];

	return has ? arena_printf(a, ",\"%s\":\"%s\"", name, wall_format(at, text)) : "";
}

static const char *number_field(struct arena *a, const char *name, bool has, int64_t n)
{
	return has ? arena_printf(a, ",\"%s\":%lld", name, (long long)n) : "";
}

/* Without remoteLocation: csms/command/ makes one. */
static const char *log_payload(struct arena *a, const struct api_log_post *post)
{
	const char *oldest = time_field(a, "oldestTimestamp", post->has_oldest, post->oldest);
	const char *latest = time_field(a, "latestTimestamp", post->has_latest, post->latest);
	const char *span = arena_printf(a, "%s%s", oldest ? oldest : "", latest ? latest : "");
	const char *retries = number_field(a, "retries", post->has_retries, post->retries);
	const char *interval = number_field(
		a, "retryInterval", post->has_retry_interval_s, post->retry_interval_s);

	return arena_printf(a, "{\"logType\":\"%s\",\"log\":{%s}%s%s}",
		api_log_kind_enum.values[post->type], span && span[0] ? span + 1 : "",
		retries ? retries : "", interval ? interval : "");
}

void station_logs_post(struct ask *k)
{
	const struct api_log_post *post = k->body;
	struct station *s = ask_path_station(k);
	struct command_request req = {.action = "GetLog"};

	if (s == NULL) /* the ask was answered, and is gone */
		return;
	req.payload = log_payload(k->arena, post);
	req.why = post->why;
	if (req.payload == NULL)
		ask_problem(k, 503, NULL, "no memory");
	else
		ask_command(k, s, &req, post->wait);
}
