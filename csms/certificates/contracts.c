#include "csms/certificates/contracts.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "csms/log.h"
#include "csms/certificates/ocsp.h"

#define TOKEN_MAX 4000

struct contracts {
	struct core *core;
	struct worker *worker;
	struct http_client *http;
	struct ocsp *ocsp;
	struct authorities *authorities;
	char folder[600], token_file[1000];
	char header[TOKEN_MAX + 40]; /* "": none */
};

struct core *contracts_core(const struct contracts *x)
{
	return x->core;
}

struct worker *contracts_worker(const struct contracts *x)
{
	return x->worker;
}

struct http_client *contracts_http(const struct contracts *x)
{
	return x->http;
}

struct ocsp *contracts_ocsp(const struct contracts *x)
{
	return x->ocsp;
}

const char *contracts_pool_header(const struct contracts *x)
{
	return x->header[0] ? x->header : NULL;
}

void contracts_timer(struct contracts *x, struct timer *t, int64_t real_ms, timer_fn fn, void *arg)
{
	timer_start(x->core->timers, t, (int64_t)((double)real_ms * clock_speed()), fn, arg);
}

/* -- authorities ------------------------------------------------------------------------------ */

struct authorities *contracts_hold(struct contracts *x)
{
	x->authorities->held++;
	return x->authorities;
}

void contracts_release(struct authorities *a)
{
	if (--a->held > 0)
		return;
	ca_pool_destroy(a->pool);
	free(a);
}

/* -- loading ---------------------------------------------------------------------------------- */

struct loading {
	struct worker_job job;
	struct contracts *of;
	char folder[600], token_file[1000], token[TOKEN_MAX + 1];
	bool has_failed; /* the token's file */
	struct ca_pool *pool;
};

static void note(void *arg, const char *line)
{
	(void)arg;
	log_warn("plug and charge: %s", line);
}

/* The first line, which must be fit for a header. */
static bool read_token(const char *path, char out[TOKEN_MAX + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, TOKEN_MAX) : -1;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	for (const char *p = out; *p; p++)
		if (*p <= ' ' || *p > '~')
			n = 0;
	if (n <= 0)
		out[0] = '\0';
	return out[0] != '\0';
}

static void load(void *arg)
{
	struct loading *l = arg;

	l->pool = ca_pool_load(l->folder, note, NULL);
	if (l->token_file[0])
		l->has_failed = !read_token(l->token_file, l->token);
}

static struct loading *loading_create(struct contracts *x)
{
	struct loading *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->of = x;
	memcpy(l->folder, x->folder, sizeof l->folder);
	memcpy(l->token_file, x->token_file, sizeof l->token_file);
	return l;
}

static void put_token(struct contracts *x, const struct loading *l)
{
	if (l->has_failed)
		log_error(
			"plug and charge: the contract pool's token in %s cannot be read: its first "
			"line must be the token, without blanks",
			l->token_file);
	else if (l->token[0])
		snprintf(x->header, sizeof x->header, "authorization: Bearer %s", l->token);
}

static void loaded(void *arg)
{
	struct loading *l = arg;
	struct contracts *x = l->of;
	struct authorities *a = l->pool ? calloc(1, sizeof *a) : NULL;

	put_token(x, l);
	if (a) {
		a->pool = l->pool;
		a->held = 1;
		if (x->authorities) {
			x->authorities->is_old = true;
			contracts_release(x->authorities);
		}
		x->authorities = a;
		ocsp_forget(x->ocsp);
		log_info("plug and charge: %d roots are believed", ca_pool_roots(a->pool));
	} else {
		ca_pool_destroy(l->pool);
	}
	free(l);
}

void contracts_reload(struct contracts *x)
{
	struct loading *l = x ? loading_create(x) : NULL;

	if (l)
		worker_do(x->worker, &l->job, load, loaded, l);
}

/* -- start ------------------------------------------------------------------------------------ */

static void find_files(struct contracts *x)
{
	const struct config_contract_pool *p = x->core->config->trust->contract_pool;
	const char *file = p ? p->token_file : NULL;

	snprintf(x->folder, sizeof x->folder, "%s/pki", x->core->data_dir);
	if (file && file[0] == '/')
		snprintf(x->token_file, sizeof x->token_file, "%s", file);
	else if (file)
		snprintf(
			x->token_file, sizeof x->token_file, "%s/%s", x->core->config_folder, file);
}

int contracts_create(struct core *c, char why[400])
{
	struct contracts *x = calloc(1, sizeof *x);
	struct loading *l = NULL;

	snprintf(why, 400, "out of memory");
	if (!x)
		return -1;
	x->core = c;
	find_files(x);
	x->worker = worker_create(c->loop);
	x->http = http_client_create(c->loop);
	x->ocsp = ocsp_create(x);
	if (!x->worker || !x->http || !x->ocsp || (l = loading_create(x)) == NULL)
		return -1;
	c->contracts = x;
	load(l);
	loaded(l);
	if (!x->authorities)
		return -1;
	if (x->token_file[0] && !x->header[0]) {
		snprintf(why, 400, "trust.contract_pool.token_file: %.300s holds no token",
			x->token_file);
		return -1;
	}
	return 0;
}
