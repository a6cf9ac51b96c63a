/*
 * An authority that speaks EST (RFC 7030): /cacerts for the chain, /simpleenroll for the certificate.
 * Signs in with HTTP Basic, a certificate of ours, or both, as the config says.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/net/http_client.h"
#include "csms/pki/authority.h"
#include "csms/pki/csr.h"
#include "csms/pki/pkcs7.h"

#define CHAIN_KEPT_MS 3600000 /* what signs at the server changes seldom */
#define TIME_MAX_S    86400

/* What one of its addresses has signed with. */
struct est_chain {
	char url[320];
	char *pem; /* owned; NULL: not asked yet */
	mono_t until;
};

struct est_order {
	struct est_order *prev, *next;
	struct est *owner;
	struct est_chain *chain;
	struct http_call *call;
	char *body; /* owned: the request in base64 */
	authority_done done;
	void *arg;
	struct timer later; /* tells of what failed at once */
	char why[200];
};

struct est {
	struct loop *loop;
	struct http_client *http;
	struct est_chain station, v2g;
	char ca[600], cert[600], key[600]; /* "" none */
	char sign_in[900]; /* header, "" none */
	int timeout_ms;
	struct est_order *orders;
	int count;
};

static void order_free(struct est_order *o)
{
	timer_stop(loop_timers(o->owner->loop), &o->later);
	free(o->body);
	free(o);
}

static void order_end(struct est_order *o, const struct authority_result *r)
{
	DL_DELETE(o->owner->orders, o);
	o->owner->count--;
	o->done(o->arg, r);
	order_free(o);
}

static void fail(struct est_order *o, const char *why)
{
	struct authority_result r = {.end = AUTHORITY_FAILED};

	snprintf(r.why, sizeof r.why, "%s", why);
	order_end(o, &r);
}

static void on_later(void *arg)
{
	struct est_order *o = arg;

	fail(o, o->why);
}

static int ask(struct est_order *o, const char *path, const char *body,
	void (*done)(void *arg, const struct http_outcome *h))
{
	const struct est *e = o->owner;
	char url[400];
	struct http_call_spec spec = {
		.method = body ? "POST" : "GET",
		.url = url,
		.ca_file = e->ca[0] ? e->ca : NULL,
		.cert_file = e->cert[0] ? e->cert : NULL,
		.key_file = e->key[0] ? e->key : NULL,
		.body = body,
		.len = body ? strlen(body) : 0,
		.timeout_ms = e->timeout_ms,
		.tries = 1,
		.done = done,
		.arg = o,
	};
	int n = 0;

	if (e->sign_in[0])
		spec.headers[n++] = e->sign_in;
	if (body) {
		spec.headers[n++] = "content-type: application/pkcs10";
		spec.headers[n++] = "content-transfer-encoding: base64";
	}
	snprintf(url, sizeof url, "%s/%s", o->chain->url, path);
	o->call = http_client_send(e->http, &spec);
	return o->call ? 0 : -1;
}

/* What an answer without certificates means; `what` was asked. */
static void explain(const struct http_outcome *h, const char *what, struct authority_result *r)
{
	bool says_no = h->status >= 400 && h->status < 500 && h->status != 401 &&
		       h->status != 403 && h->status != 404 && h->status != 429;

	r->end = says_no ? AUTHORITY_REFUSED : AUTHORITY_FAILED;
	r->again_s = h->retry_after_s > TIME_MAX_S ? TIME_MAX_S : h->retry_after_s;
	if (h->status == 202)
		snprintf(r->why, sizeof r->why, "the EST server wants more time (%s)", what);
	else if (h->status)
		snprintf(r->why, sizeof r->why, "the EST server answers %s with %d: %.160s", what,
			h->status, h->len ? h->body : "no reason given");
	else
		snprintf(r->why, sizeof r->why, "the EST server cannot be reached: %.220s", h->why);
	for (char *p = r->why; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
}

static void on_enrolled(void *arg, const struct http_outcome *h)
{
	struct est_order *o = arg;
	struct authority_result r = {.end = AUTHORITY_FAILED};
	char why[200] = "", *leaf = NULL, *all = NULL;

	if (h->status != 200)
		explain(h, "simpleenroll", &r);
	else if (!(leaf = pkcs7_to_pem(h->body, h->len, why)) ||
		 asprintf(&all, "%s%s", leaf, o->chain->pem) < 0)
		snprintf(r.why, sizeof r.why, "the EST server: %s", leaf ? "no memory" : why);
	else {
		r.end = AUTHORITY_SIGNED;
		r.chain = all;
	}
	order_end(o, &r);
	free(leaf);
	free(all);
}

static void on_chain(void *arg, const struct http_outcome *h)
{
	struct est_order *o = arg;
	struct authority_result r;
	char why[200] = "", *pem = NULL;

	if (h->status != 200) {
		memset(&r, 0, sizeof r);
		explain(h, "cacerts", &r);
		r.end = AUTHORITY_FAILED; /* it says nothing of this request */
		order_end(o, &r);
		return;
	}
	pem = pkcs7_to_pem(h->body, h->len, why);
	if (!pem) {
		fail(o, why);
		return;
	}
	free(o->chain->pem);
	o->chain->pem = pem;
	o->chain->until = mono_add_ms(clock_mono(), CHAIN_KEPT_MS);
	if (ask(o, "simpleenroll", o->body, on_enrolled))
		fail(o, "too many HTTP calls wait");
}

static int begin(struct est_order *o)
{
	bool is_known = o->chain->pem && mono_diff_ms(o->chain->until, clock_mono()) > 0;

	return is_known ? ask(o, "simpleenroll", o->body, on_enrolled)
			: ask(o, "cacerts", NULL, on_chain);
}

static int sign(void *self, const struct authority_order *order, authority_done done, void *arg)
{
	struct est *e = self;
	struct est_order *o = e->count < AUTHORITY_ORDERS_MAX ? calloc(1, sizeof *o) : NULL;

	if (!o)
		return -1;
	o->owner = e;
	o->chain = order->profile == AUTHORITY_STATION ? &e->station : &e->v2g;
	o->body = malloc(CSR_MAX + 1);
	o->done = done;
	o->arg = arg;
	if (!o->body || pem_body(order->csr, o->body, CSR_MAX + 1)) {
		order_free(o);
		return -1;
	}
	DL_APPEND(e->orders, o);
	e->count++;
	if (begin(o)) {
		snprintf(o->why, sizeof o->why, "too many HTTP calls wait");
		timer_start(loop_timers(e->loop), &o->later, 0, on_later, o);
	}
	return 0;
}

static void describe(const void *self, char out[300])
{
	snprintf(out, 300, "the EST server at %.250s", ((const struct est *)self)->station.url);
}

/* -- config ---------------------------------------------------------------------------------------- */

static void place(const char *folder, const char *name, char out[600])
{
	if (name)
		snprintf(out, 600, name[0] == '/' ? "%.0s%s" : "%s/%s", folder, name);
}

static int read_password(const char *folder, const char *name, char out[300])
{
	char path[600] = "";
	FILE *f;
	bool good;

	place(folder, name, path);
	f = fopen(path, "re");
	good = f && fgets(out, 300, f);
	if (f)
		fclose(f);
	if (good)
		out[strcspn(out, "\r\n")] = '\0';
	return good ? 0 : -1;
}

static int prepare_sign_in(
	struct est *e, const struct config_est *c, const char *folder, char why[300])
{
	static const char scheme[] = "authorization: Basic ";
	char password[300] = "", both[520];

	if (!c->username)
		return 0;
	if (c->password_file && read_password(folder, c->password_file, password)) {
		snprintf(why, 300, "trust.est.password_file: %.200s cannot be read",
			c->password_file);
		return -1;
	}
	snprintf(both, sizeof both, "%s:%s", c->username, password);
	snprintf(e->sign_in, sizeof e->sign_in, "%s", scheme);
	EVP_EncodeBlock((unsigned char *)e->sign_in + sizeof scheme - 1,
		(const unsigned char *)both, (int)strlen(both));
	OPENSSL_cleanse(password, sizeof password);
	OPENSSL_cleanse(both, sizeof both);
	return 0;
}

/* Passwords and requests go to it: nothing but HTTPS. */
static int take_url(const char *url, char out[320], char why[300])
{
	size_t n;

	if (strncmp(url, "https://", 8) != 0 || !http_client_takes(url)) {
		snprintf(why, 300, "trust.est: %.200s is no https:// address", url);
		return -1;
	}
	snprintf(out, 320, "%s", url);
	for (n = strlen(out); n > 0 && out[n - 1] == '/'; n--)
		out[n - 1] = '\0';
	return 0;
}

static void destroy(void *self)
{
	struct est *e = self;
	struct est_order *o, *next;

	http_client_destroy(e->http);
	DL_FOREACH_SAFE (e->orders, o, next)
		order_free(o);
	free(e->station.pem);
	free(e->v2g.pem);
	OPENSSL_cleanse(e->sign_in, sizeof e->sign_in);
	free(e);
}

static void *create(const struct authority_setup *s, char why[300])
{
	const struct config_est *c = s->config->est;
	struct est *e = c ? calloc(1, sizeof *e) : NULL;

	if (!e) {
		snprintf(why, 300, "trust.authority is est: say where, in trust.est.url");
		return NULL;
	}
	e->loop = s->loop;
	e->timeout_ms = (int)c->timeout_s * 1000;
	place(s->config_folder, c->ca, e->ca);
	place(s->config_folder, c->cert, e->cert);
	place(s->config_folder, c->key, e->key);
	e->http = http_client_create(s->loop);
	if (e->http && take_url(c->url, e->station.url, why) == 0 &&
		take_url(c->v2g_url ? c->v2g_url : c->url, e->v2g.url, why) == 0 &&
		prepare_sign_in(e, c, s->config_folder, why) == 0)
		return e;
	destroy(e);
	return NULL;
}

const struct authority_kind authority_est = {"est", create, sign, describe, destroy, NULL};
