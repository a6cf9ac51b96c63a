#include "csms/certificates/revocation.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/net/http_client.h"
#include "csms/log.h"
#include "csms/pki/crl_file.h"
#include "csms/pki/pem_files.h"
#include "csms/secret.h"
#include "csms/worker.h"

enum {
	LISTS_MAX = 20,
	TIMEOUT_MS = 20000,
	TRIES = 3,
	WAIT_MS = 2000,
	ISSUERS_MAX = 1 << 20, /* characters of all roots together */
};

struct list {
	struct revocations *owner;
	const struct config_crl *cfg;
	char file[40], issuer[700], ca[700]; /* issuer, ca: paths, "" none */
	struct timer timer;
	struct http_call *call;
	struct worker_job job;
	bool is_working;
	wall_t asked_at, taken_at;
	char why[300];
	/* the job's, while it works */
	char *bytes;
	size_t len;
	int64_t now_ms;
	bool is_news;
	char said[300];
};

struct revocations {
	struct core *core;
	struct http_client *http;
	struct worker *worker;
	char pki[600];
	void (*changed)(void *arg);
	void *arg;
	int count;
	struct list lists[LISTS_MAX];
};

/* -- on the worker: judging and keeping --------------------------------------------------------- */

static char *read_file(const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd >= 0 ? malloc(max + 1) : NULL;
	ssize_t n = text ? read(fd, text, max) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

struct issuers {
	char *text;
	size_t len;
};

static bool add_issuer(void *arg, const char *path)
{
	struct issuers *all = arg;
	char *text = read_file(path, 60000);
	size_t n = text ? strlen(text) : 0;

	if (n && all->len + n + 1 < ISSUERS_MAX) {
		memcpy(all->text + all->len, text, n);
		all->len += n;
		all->text[all->len++] = '\n';
		all->text[all->len] = '\0';
	}
	free(text);
	return true;
}

/* Who may have signed it: the file that the config names, and all roots that stations are judged by. */
static bool gather_issuers(const struct list *l, struct issuers *all)
{
	static const char *const folders[] = {"station-roots", "manufacturers", "charger-roots"};
	char path[700], why[200];

	all->text = calloc(1, ISSUERS_MAX);
	if (!all->text)
		return false;
	if (l->issuer[0])
		add_issuer(all, l->issuer);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(path, sizeof path, "%s/%s", l->owner->pki, folders[i]);
		pem_files(path, add_issuer, all, why);
	}
	return true;
}

/* Whole under its name, or not at all. */
static int keep(const char *path, const char *pem)
{
	char part[760];
	size_t len = strlen(pem);
	int fd;
	bool good;

	snprintf(part, sizeof part, "%s.new", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	good = fd >= 0 && write(fd, pem, len) == (ssize_t)len && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return good && rename(part, path) == 0 ? 0 : -1;
}

static void judge(struct list *l, const char *issuers)
{
	struct crl_facts new, old;
	char path[720], why[200];
	char *pem = crl_judge(l->bytes, l->len, issuers, l->now_ms, &new, l->said);
	char *kept;

	if (!pem)
		return;
	snprintf(path, sizeof path, "%s/crl/%s", l->owner->pki, l->file);
	kept = read_file(path, CRL_BYTES_MAX * 2);
	/* Somebody in between could play back a list of before, which revokes less. */
	if (kept && crl_facts(kept, &old, why) == 0 && old.this_ms > new.this_ms)
		snprintf(l->said, sizeof l->said, "the list is older than the one that is kept");
	else if (kept && strcmp(kept, pem) == 0)
		l->said[0] = '\0';
	else if (keep(path, pem))
		snprintf(l->said, sizeof l->said, "%.200s cannot be written: %s", path,
			strerror(errno));
	else
		l->is_news = true;
	free(kept);
	free(pem);
}

static void work(void *arg)
{
	struct list *l = arg;
	struct issuers all = {0};

	l->is_news = false;
	l->said[0] = '\0';
	if (gather_issuers(l, &all))
		judge(l, all.text);
	else
		snprintf(l->said, sizeof l->said, "out of memory");
	free(all.text);
}

/* -- on the loop -------------------------------------------------------------------------------- */

static void fail(struct list *l, const char *why)
{
	snprintf(l->why, sizeof l->why, "%.290s", why);
	log_warn("revocation list %.200s: %s", l->cfg->url, l->why);
}

static void worked(void *arg)
{
	struct list *l = arg;
	struct revocations *all = l->owner;

	l->is_working = false;
	free(l->bytes);
	l->bytes = NULL;
	if (l->said[0] && !l->is_news) {
		fail(l, l->said);
		return;
	}
	l->why[0] = '\0';
	l->taken_at = clock_wall();
	if (!l->is_news)
		return;
	log_info("revocation list %.200s was taken: pki/crl/%s", l->cfg->url, l->file);
	all->changed(all->arg);
}

static void answered(void *arg, const struct http_outcome *o)
{
	struct list *l = arg;
	char why[300];

	l->call = NULL;
	if (o->status != 200) {
		snprintf(why, sizeof why, "answered with %d", o->status);
		fail(l, o->status ? why : o->why);
		return;
	}
	l->bytes = malloc(o->len + 1);
	if (!l->bytes) {
		fail(l, "out of memory");
		return;
	}
	memcpy(l->bytes, o->body, o->len);
	l->len = o->len;
	l->now_ms = clock_wall().ms;
	l->is_working = true;
	worker_do(l->owner->worker, &l->job, work, worked, l);
}

static void fetch(void *arg)
{
	struct list *l = arg;
	struct revocations *all = l->owner;
	const struct http_call_spec spec = {
		.method = "GET",
		.url = l->cfg->url,
		.ca_file = l->ca[0] ? l->ca : NULL,
		.answer_max = CRL_BYTES_MAX,
		.timeout_ms = TIMEOUT_MS,
		.tries = TRIES,
		.wait_ms = WAIT_MS,
		.done = answered,
		.arg = l,
	};

	timer_start(all->core->timers, &l->timer,
		(int64_t)((double)l->cfg->every_min * 60000 * clock_speed()), fetch, l);
	if (l->call || l->is_working)
		return;
	l->asked_at = clock_wall();
	l->call = http_client_send(all->http, &spec);
	if (!l->call)
		fail(l, "no room for another request: it is asked again later");
}

void revocations_fetch(struct revocations *all)
{
	for (int i = 0; all && i < all->count; i++)
		fetch(&all->lists[i]);
}

bool revocation_look(const struct revocations *all, const char *file, struct revocation_view *out)
{
	for (int i = 0; all && i < all->count; i++) {
		const struct list *l = &all->lists[i];

		if (strcmp(l->file, file) != 0)
			continue;
		*out = (struct revocation_view){l->cfg->url, l->why, l->asked_at, l->taken_at};
		return true;
	}
	return false;
}

/* -- life --------------------------------------------------------------------------------------- */

static void place(const struct core *c, const char *name, char out[700])
{
	if (name)
		snprintf(out, 700, "%s%s%s", name[0] == '/' ? "" : c->config_folder,
			name[0] == '/' ? "" : "/", name);
}

static int add(struct revocations *all, const struct config_crl *cfg, char why[300])
{
	struct list *l = &all->lists[all->count];
	char digest[65];

	if (all->count == LISTS_MAX || !http_client_takes(cfg->url)) {
		snprintf(
			why, 300, "trust.crls: %.200s is no http:// or https:// address", cfg->url);
		return -1;
	}
	l->owner = all;
	l->cfg = cfg;
	secret_digest(cfg->url, strlen(cfg->url), digest);
	snprintf(l->file, sizeof l->file, "url-%.16s.pem", digest);
	place(all->core, cfg->issuer, l->issuer);
	place(all->core, cfg->ca, l->ca);
	if (l->issuer[0] && access(l->issuer, R_OK)) {
		snprintf(why, 300, "trust.crls.issuer: %.200s: %s", l->issuer, strerror(errno));
		return -1;
	}
	all->count++;
	return 0;
}

struct revocations *revocations_create(
	struct core *c, void (*changed)(void *arg), void *arg, char why[300])
{
	struct revocations *all = calloc(1, sizeof *all);
	char path[700];

	snprintf(why, 300, "out of memory");
	if (!all)
		return NULL;
	all->core = c;
	all->changed = changed;
	all->arg = arg;
	snprintf(all->pki, sizeof all->pki, "%s/pki", c->data_dir);
	snprintf(path, sizeof path, "%s/crl", all->pki);
	mkdir(all->pki, 0700);
	mkdir(path, 0700);
	all->http = http_client_create(c->loop);
	all->worker = all->http ? worker_create(c->loop) : NULL;
	for (size_t i = 0; all->worker && i < c->config->trust->crls.count; i++)
		if (add(all, &c->config->trust->crls.items[i], why)) {
			revocations_destroy(all);
			return NULL;
		}
	if (!all->worker) {
		revocations_destroy(all);
		return NULL;
	}
	revocations_fetch(all);
	return all;
}

void revocations_destroy(struct revocations *all)
{
	if (!all)
		return;
	http_client_destroy(all->http);
	if (all->worker)
		worker_destroy(all->worker);
	for (int i = 0; i < all->count; i++) {
		timer_stop(all->core->timers, &all->lists[i].timer);
		free(all->lists[i].bytes);
	}
	free(all);
}
