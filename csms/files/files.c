#include "csms/files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/secret.h"
#include "csms/stored.h"
#include "db/query_file.h"

#define MB             (1024 * 1024ll)
#define DAY_MS         (86400 * 1000ll)
#define TICKETS_MAX    20000
#define TICKET_KEPT_MS (30 * DAY_MS) /* as the store keeps them: until then they are "gone" */
#define UPLOAD_DAYS    1 /* a station retries for hours; it does not for days */
#define DOWNLOAD_DAYS  7
#define TOKEN_LENGTH   40
#define LOOK_EVERY_MS  (10 * 60 * 1000)

struct files {
	struct core *core;
	struct worker *worker;
	char dir[FILES_PATH_MAX - 60];
	char url[300], plain[300];
	struct file *files; /* uthash by id, oldest first */
	struct ticket *tickets; /* uthash by digest */
	int64_t used, firmware, coming;
	struct timer look;
};

struct worker *files_worker(const struct files *f)
{
	return f->worker;
}

struct core *files_core(const struct files *f)
{
	return f->core;
}

void files_path(const struct files *f, const char *id, char out[FILES_PATH_MAX])
{
	snprintf(out, FILES_PATH_MAX, "%s/%.50s", f->dir, id);
}

/* -- removing ---------------------------------------------------------------------------------- */

struct removal {
	struct worker_job job;
	char path[FILES_PATH_MAX];
};

static void unlink_work(void *arg)
{
	struct removal *r = arg;

	unlink(r->path);
}

void files_unlink(struct files *f, const char *id)
{
	struct removal *r = calloc(1, sizeof *r);

	if (!r)
		return;
	files_path(f, id, r->path);
	worker_do(f->worker, &r->job, unlink_work, free, r);
}

void files_remove(struct files *f, struct file *what, const char *why, const char *actor)
{
	struct arena *a = record_arena(f->core);
	struct event_file_removed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (p) {
		p->why = arena_strdup(a, why);
		record_now(f->core, EVENT_FILE_REMOVED, "file", what->id, p, actor, NULL);
	}
	log_info("file %s of station %s removed: %s", what->name, what->station, why);
	files_unlink(f, what->id);
	f->used -= what->size;
	HASH_DEL(f->files, what);
	free(what);
}

/* -- quota and age ----------------------------------------------------------------------------- */

int64_t files_used(const struct files *f)
{
	return f->used + f->firmware;
}

void files_count_firmware(struct files *f, int64_t bytes)
{
	f->firmware += bytes;
}

static int64_t quota_of(const struct files *f)
{
	return f->core->config->files->quota_mb * MB;
}

bool files_could_hold(const struct files *f, int64_t bytes)
{
	return f->firmware + f->coming + bytes <= quota_of(f);
}

bool files_reserve(struct files *f, int64_t bytes)
{
	int64_t quota = quota_of(f);

	if (!files_could_hold(f, bytes))
		return false;
	while (files_used(f) + f->coming + bytes > quota && f->files)
		files_remove(f, f->files, "the quota is full: the oldest goes first", "depotd");
	f->coming += bytes;
	return true;
}

void files_release(struct files *f, int64_t bytes)
{
	f->coming -= bytes;
}

static void forget_old_tickets(struct files *f, wall_t now)
{
	struct ticket *t, *next;

	HASH_ITER (hh, f->tickets, t, next) {
		if (t->expires.ms + TICKET_KEPT_MS > now.ms || t->upload)
			continue;
		HASH_DEL(f->tickets, t);
		free(t);
	}
}

static void look(void *arg)
{
	struct files *f = arg;
	wall_t now = clock_wall();
	int64_t kept_ms = f->core->config->files->keep_days * DAY_MS;

	while (f->files && f->files->received.ms + kept_ms < now.ms)
		files_remove(f, f->files, "older than files.keep_days", "depotd");
	forget_old_tickets(f, now);
	timer_start(f->core->timers, &f->look, LOOK_EVERY_MS, look, f);
}

/* -- tickets ----------------------------------------------------------------------------------- */

void files_set_urls(struct files *f, const char *url, const char *plain)
{
	snprintf(f->url, sizeof f->url, "%s", url);
	snprintf(f->plain, sizeof f->plain, "%s", plain ? plain : "");
}

static void journal_ticket(struct files *f, const struct ticket *t)
{
	struct arena *a = record_arena(f->core);
	struct event_file_offered *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->ticket = arena_strdup(a, t->digest);
	p->direction = t->is_out ? EVENT_FILE_DIRECTION_OUT : EVENT_FILE_DIRECTION_IN;
	p->has_request_id = t->request_id != 0;
	p->request_id = t->request_id;
	p->firmware_id = t->firmware[0] ? arena_strdup(a, t->firmware) : NULL;
	p->name = t->name[0] ? arena_strdup(a, t->name) : NULL;
	p->expires = t->expires;
	record_now(f->core, EVENT_FILE_OFFERED, "station", t->station, p, NULL, NULL);
}

/* Adds the ticket; its token goes into `url` and nowhere else. */
static int offer(struct files *f, const struct station *s, struct ticket *draft, char *url)
{
	char token[TOKEN_LENGTH + 1];
	const char *base = s->connected_profile == 1 && f->plain[0] ? f->plain : f->url;
	struct ticket *t;

	if (!base[0] || HASH_COUNT(f->tickets) >= TICKETS_MAX || !(t = malloc(sizeof *t)))
		return -1;
	*t = *draft;
	snprintf(t->station, sizeof t->station, "%s", s->id);
	secret_random(token, TOKEN_LENGTH);
	secret_digest(token, TOKEN_LENGTH, t->digest);
	HASH_ADD_STR(f->tickets, digest, t);
	journal_ticket(f, t);
	if (t->is_out)
		snprintf(url, FILES_URL_SIZE, "%s/files/out/%s/%s", base, token, t->name);
	else
		snprintf(url, FILES_URL_SIZE, "%s/files/in/%s", base, token);
	return 0;
}

int files_offer_in(struct files *f, const struct station *s, int64_t request_id, const char *name,
	char url[FILES_URL_SIZE])
{
	struct ticket t = {
		.request_id = request_id,
		.expires = {clock_wall().ms + UPLOAD_DAYS * DAY_MS},
	};

	snprintf(t.name, sizeof t.name, "%s", name);
	return offer(f, s, &t, url);
}

int files_offer_out(struct files *f, const struct station *s, int64_t request_id,
	const char *firmware, const char *name, wall_t from, char url[FILES_URL_SIZE])
{
	int64_t now = clock_wall().ms;
	struct ticket t = {
		.is_out = true,
		.request_id = request_id,
		.expires = {(from.ms > now ? from.ms : now) + DOWNLOAD_DAYS * DAY_MS},
	};

	snprintf(t.firmware, sizeof t.firmware, "%s", firmware);
	snprintf(t.name, sizeof t.name, "%s", name);
	return offer(f, s, &t, url);
}

int files_ticket(struct files *f, const char *token, bool is_out, struct ticket **out)
{
	char digest[65];
	struct ticket *t;

	/* By its digest: how long the search takes tells nothing about tokens that are near. */
	secret_digest(token, strlen(token), digest);
	HASH_FIND_STR(f->tickets, digest, t);
	if (!t || t->is_out != is_out)
		return 404;
	if (t->is_used || t->expires.ms <= clock_wall().ms)
		return 410;
	*out = t;
	return 200;
}

enum files_arrival files_arrival(const struct files *f, const struct station *s, int64_t request_id)
{
	const struct ticket *t, *next, *found = NULL;

	if (!f)
		return FILES_ELSEWHERE;
	HASH_ITER (hh, f->tickets, t, next)
		if (!t->is_out && t->request_id == request_id && strcmp(t->station, s->id) == 0)
			found = t; /* the newest: they stand in the order in which they were made */
	if (!found)
		return FILES_ELSEWHERE;
	if (found->is_used)
		return FILES_HERE;
	return found->upload ? FILES_COMING : FILES_NOTHING;
}

/* -- files ------------------------------------------------------------------------------------- */

struct file *files_find(const struct files *f, const char *id)
{
	struct file *x;

	HASH_FIND_STR(f->files, id, x);
	return x;
}

static void journal_received(struct files *f, const struct ticket *t, const struct file *x)
{
	struct arena *a = record_arena(f->core);
	struct event_file_received *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->file_id = arena_strdup(a, x->id);
	p->ticket = arena_strdup(a, t->digest);
	p->has_request_id = x->request_id != 0;
	p->request_id = x->request_id;
	p->name = arena_strdup(a, x->name);
	p->size = x->size;
	p->sha256 = arena_strdup(a, x->sha256);
	p->peer = arena_printf(a, "%.60s", x->peer);
	record_now(f->core, EVENT_FILE_RECEIVED, "station", x->station, p, NULL, NULL);
}

struct file *files_received(struct files *f, struct ticket *t, const struct file *what)
{
	struct file *x = malloc(sizeof *x);

	if (!x)
		return NULL;
	*x = *what;
	snprintf(x->station, sizeof x->station, "%s", t->station);
	x->request_id = t->request_id;
	x->received = clock_wall();
	if (!x->name[0])
		snprintf(x->name, sizeof x->name, "%s", t->name);
	HASH_ADD_STR(f->files, id, x);
	f->used += x->size;
	t->is_used = true;
	journal_received(f, t, x);
	log_info("station %s: file %s, %lld bytes", x->station, x->name, (long long)x->size);
	return x;
}

/* -- life -------------------------------------------------------------------------------------- */

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int prepare_dir(struct files *f, char why[300])
{
	DIR *dir;
	const struct dirent *e;

	snprintf(f->dir, sizeof f->dir, "%.480s/files", f->core->data_dir);
	if (mkdir(f->dir, 0700) && errno != EEXIST) {
		snprintf(why, 300, "cannot make the folder %.200s: %s", f->dir, strerror(errno));
		return -1;
	}
	dir = opendir(f->dir);
	if (!dir) {
		snprintf(why, 300, "cannot read the folder %.200s: %s", f->dir, strerror(errno));
		return -1;
	}
	while ((e = readdir(dir)) != NULL)
		if (ends_in(e->d_name, ".part"))
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	return 0;
}

static void put_file(struct files *f, const struct db_file *row)
{
	struct file *x = calloc(1, sizeof *x);

	if (!x)
		return;
	snprintf(x->id, sizeof x->id, "%s", row->id);
	snprintf(x->station, sizeof x->station, "%s", row->station);
	snprintf(x->name, sizeof x->name, "%s", row->name);
	snprintf(x->sha256, sizeof x->sha256, "%s", row->sha256);
	snprintf(x->peer, sizeof x->peer, "%s", row->peer ? row->peer : "");
	x->request_id = row->request_id;
	x->size = row->size;
	x->received = row->received_at;
	HASH_ADD_STR(f->files, id, x);
	f->used += x->size;
}

static void put_ticket(struct files *f, const struct db_ticket *row)
{
	struct ticket *t = calloc(1, sizeof *t);

	if (!t)
		return;
	snprintf(t->digest, sizeof t->digest, "%s", row->ticket);
	snprintf(t->station, sizeof t->station, "%s", row->station);
	snprintf(t->firmware, sizeof t->firmware, "%s", row->firmware ? row->firmware : "");
	snprintf(t->name, sizeof t->name, "%s", row->name ? row->name : "");
	t->is_out = row->is_out;
	t->is_used = row->used_at.ms != 0;
	t->request_id = row->request_id;
	t->expires = row->expires;
	HASH_ADD_STR(f->tickets, digest, t);
}

struct loading {
	struct files *files;
	bool has_failed;
};

static void load(struct db_reader *r, void *arg)
{
	struct loading *l = arg;
	struct arena *a = arena_create(0);
	struct db_file_filter all = {.limit = -1};
	struct db_file_list files = {0};
	struct db_ticket_list tickets = {0};

	l->has_failed =
		!a || db_query_files(r, &all, a, &files) || db_query_tickets(r, a, &tickets);
	for (size_t i = files.count; i-- > 0;) /* the oldest first */
		put_file(l->files, &files.items[i]);
	for (size_t i = 0; i < tickets.count; i++)
		put_ticket(l->files, &tickets.items[i]);
	arena_destroy(a);
}

struct files *files_create(struct core *c, char why[300])
{
	struct files *f = calloc(1, sizeof *f);
	struct loading l = {.files = f};

	snprintf(why, 300, "no memory, or no thread, for files");
	if (!f)
		return NULL;
	f->core = c;
	f->worker = worker_create(c->loop);
	if (!f->worker || prepare_dir(f, why))
		goto fail;
	if (db_read_now(c->db, load, &l) || l.has_failed) {
		stored_unreadable("files", why);
		goto fail;
	}
	look(f);
	return f;
fail:
	files_destroy(f);
	return NULL;
}

void files_destroy(struct files *f)
{
	struct file *x, *next_file;
	struct ticket *t, *next_ticket;

	if (!f)
		return;
	timer_stop(f->core->timers, &f->look);
	worker_destroy(f->worker);
	HASH_ITER (hh, f->files, x, next_file) {
		HASH_DEL(f->files, x);
		free(x);
	}
	HASH_ITER (hh, f->tickets, t, next_ticket) {
		HASH_DEL(f->tickets, t);
		free(t);
	}
	free(f);
}
