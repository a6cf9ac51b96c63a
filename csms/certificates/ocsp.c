#include "csms/certificates/ocsp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/certificates/ocsp_hosts.h"
#include "csms/secret.h"

#define KEPT_MOST_MS INT64_C(86400000)

/* An answer that holds for a while. */
struct kept {
	struct cert_id id;
	struct ocsp_answer answer;
	int64_t until_ms;
	size_t len;
	UT_hash_handle hh;
	unsigned char der[];
};

/* A question on its way: by the client, then on the worker. */
struct ocsp_flight {
	struct ocsp_flight *prev, *next;
	struct ocsp *of;
	struct worker_job job;
	struct cert_id id;
	char responder[513];
	char nonce[OCSP_NONCE_SIZE + 1];
	struct ocsp_waiter *waiters;
	struct authorities *authorities;
	int64_t now_ms;
	unsigned char *der;
	size_t len;
	struct ocsp_outcome outcome;
};

struct ocsp {
	struct contracts *contracts;
	struct kept *kept; /* uthash by id, oldest first */
	struct ocsp_flight *flights;
	int flying;
};

struct ocsp *ocsp_create(struct contracts *c)
{
	struct ocsp *o = calloc(1, sizeof *o);

	if (o)
		o->contracts = c;
	return o;
}

/* -- what is kept ----------------------------------------------------------------------------- */

static void drop(struct ocsp *o, struct kept *k)
{
	HASH_DEL(o->kept, k);
	free(k);
}

void ocsp_forget(struct ocsp *o)
{
	struct kept *k, *next;

	HASH_ITER (hh, o->kept, k, next)
		drop(o, k);
}

int ocsp_kept(const struct ocsp *o)
{
	return (int)HASH_COUNT(o->kept);
}

static const struct kept *find(struct ocsp *o, const struct cert_id *id)
{
	struct kept *k;

	HASH_FIND(hh, o->kept, id, sizeof *id, k);
	if (k && k->until_ms <= clock_wall().ms) {
		drop(o, k);
		k = NULL;
	}
	return k;
}

/* What nobody could check is not kept: who asks next may know the issuer. */
static void keep(struct ocsp *o, const struct ocsp_flight *f)
{
	const struct ocsp_answer *a = &f->outcome.answer;
	int64_t now = clock_wall().ms;
	struct kept *k;

	if (!a->is_verified || f->authorities->is_old || a->status == CERT_UNKNOWN ||
		a->until_ms <= now)
		return;
	HASH_FIND(hh, o->kept, &f->id, sizeof f->id, k);
	if (k)
		drop(o, k);
	if (HASH_COUNT(o->kept) >= OCSP_KEPT_MAX)
		drop(o, o->kept);
	k = malloc(sizeof *k + f->len);
	if (!k)
		return;
	k->id = f->id;
	k->answer = *a;
	k->until_ms = a->until_ms < now + KEPT_MOST_MS ? a->until_ms : now + KEPT_MOST_MS;
	k->len = f->len;
	memcpy(k->der, f->der, f->len);
	HASH_ADD(hh, o->kept, id, sizeof k->id, k);
}

/* -- the flight ------------------------------------------------------------------------------- */

void ocsp_waiter_cancel(struct ocsp_waiter *w)
{
	if (!w->flight)
		return;
	DL_DELETE(w->flight->waiters, w);
	w->flight = NULL;
}

static void land(struct ocsp_flight *f)
{
	struct ocsp *o = f->of;
	struct ocsp_waiter *w;

	DL_DELETE(o->flights, f);
	o->flying--;
	if (f->authorities)
		contracts_release(f->authorities);
	if (!f->outcome.is_answered)
		log_warn("OCSP: %s: %s", f->responder, f->outcome.why);
	f->outcome.der = f->der;
	f->outcome.len = f->len;
	while ((w = f->waiters) != NULL) {
		ocsp_waiter_cancel(w);
		w->done(w->arg, &f->outcome);
	}
	free(f->der);
	free(f);
}

static void read_answer(void *arg)
{
	struct ocsp_flight *f = arg;
	struct ocsp_question q = {.id = f->id, .nonce = (const unsigned char *)f->nonce};
	char why[200];

	f->outcome.is_answered = ocsp_answer_read(f->authorities->pool, &q, f->der, f->len,
					 f->now_ms, &f->outcome.answer, why) == 0;
	if (!f->outcome.is_answered)
		snprintf(f->outcome.why, sizeof f->outcome.why, "%s", why);
}

static void was_read(void *arg)
{
	struct ocsp_flight *f = arg;

	if (f->outcome.is_answered)
		keep(f->of, f);
	land(f);
}

static void came(void *arg, const struct http_outcome *h)
{
	struct ocsp_flight *f = arg;
	struct contracts *c = f->of->contracts;

	if (h->status != 200 || h->len == 0) {
		snprintf(f->outcome.why, sizeof f->outcome.why, "%s",
			h->status ? "it does not answer with 200" : h->why);
		land(f);
		return;
	}
	f->der = malloc(h->len);
	if (!f->der) {
		snprintf(f->outcome.why, sizeof f->outcome.why, "out of memory");
		land(f);
		return;
	}
	memcpy(f->der, h->body, h->len);
	f->len = h->len;
	f->now_ms = clock_wall().ms;
	f->authorities = contracts_hold(c);
	worker_do(contracts_worker(c), &f->job, read_answer, was_read, f);
}

static bool send_question(struct ocsp_flight *f)
{
	struct contracts *c = f->of->contracts;
	const struct config_trust *t = contracts_core(c)->config->trust;
	unsigned char request[OCSP_REQUEST_MAX];
	struct ocsp_question q = {.id = f->id, .nonce = (const unsigned char *)f->nonce};
	struct http_call_spec spec = {
		.method = "POST",
		.url = f->responder,
		.headers = {"content-type: application/ocsp-request",
			"accept: application/ocsp-response"},
		.body = (const char *)request,
		.answer_max = OCSP_ANSWER_MAX,
		.timeout_ms = (int)t->ocsp_timeout_ms,
		.tries = 1,
		.may_connect = ocsp_hosts_reach,
		.rule = &t->ocsp_hosts,
		.done = came,
		.arg = f,
	};

	secret_random(f->nonce, OCSP_NONCE_SIZE);
	spec.len = ocsp_request_write(&q, request);
	return spec.len > 0 && http_client_send(contracts_http(c), &spec) != NULL;
}

static int flying_to(const struct ocsp *o, const char *responder)
{
	const struct ocsp_flight *f;
	int n = 0;

	DL_FOREACH (o->flights, f)
		n += strcmp(f->responder, responder) == 0;
	return n;
}

static struct ocsp_flight *take_off(struct ocsp *o, const struct cert_id *id, const char *responder)
{
	struct ocsp_flight *f;

	if (o->flying >= OCSP_FLIGHTS_MAX || flying_to(o, responder) >= OCSP_RESPONDER_MAX ||
		(f = calloc(1, sizeof *f)) == NULL)
		return NULL;
	f->of = o;
	f->id = *id;
	snprintf(f->responder, sizeof f->responder, "%s", responder);
	if (!send_question(f)) {
		free(f);
		return NULL;
	}
	DL_APPEND(o->flights, f);
	o->flying++;
	return f;
}

/* The same question of the same responder. */
static struct ocsp_flight *fellow(struct ocsp *o, const struct cert_id *id, const char *responder)
{
	struct ocsp_flight *f;

	DL_FOREACH (o->flights, f)
		if (memcmp(&f->id, id, sizeof *id) == 0 && strcmp(f->responder, responder) == 0)
			return f;
	return NULL;
}

/* -- asking ----------------------------------------------------------------------------------- */

static void tell_kept(const struct kept *k, const struct ocsp_waiter *w)
{
	struct ocsp_outcome out = {
		.is_answered = true, .answer = k->answer, .der = k->der, .len = k->len};

	w->done(w->arg, &out);
}

static void tell_no(const struct ocsp_waiter *w, const char *why)
{
	struct ocsp_outcome out = {.is_answered = false};

	snprintf(out.why, sizeof out.why, "%s", why);
	w->done(w->arg, &out);
}

void ocsp_ask(struct ocsp *o, const struct cert_id *id, const char *responder,
	struct ocsp_waiter *w, void (*done)(void *arg, const struct ocsp_outcome *o), void *arg)
{
	const struct kept *k = find(o, id);
	struct ocsp_flight *f;
	char why[200];

	*w = (struct ocsp_waiter){.done = done, .arg = arg};
	if (k) {
		tell_kept(k, w);
		return;
	}
	if (!ocsp_hosts_allow(
		    &contracts_core(o->contracts)->config->trust->ocsp_hosts, responder, why)) {
		log_warn("OCSP: %s", why);
		tell_no(w, why);
		return;
	}
	f = fellow(o, id, responder);
	if (!f && (f = take_off(o, id, responder)) == NULL) {
		tell_no(w, "too many questions to responders are on their way");
		return;
	}
	w->flight = f;
	DL_APPEND(f->waiters, w);
}
