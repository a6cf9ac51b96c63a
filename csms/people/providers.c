#include "csms/people/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "csms/api/permission.h"
#include "csms/net/http_client.h"
#include "csms/people/jwt.h"
#include "csms/people/provider_talk.h"
#include "csms/secret.h"
#include "schemas/peek.h"

#define WAITING_MAX   1000 /* sign-ins on their way */
#define KEEP_MS       3600000 /* documents of the provider */
#define KEYS_AGAIN_MS 5000 /* an unknown key is looked for no more often than this */
#define TIMEOUT_MS    8000

struct provider {
	const struct config_provider *row;
	char secret[201]; /* "": none */
	struct arena *arena; /* of the discovery document */
	const struct oidc_discovery *found;
	int64_t found_ms;
	char *keys;
	int64_t keys_ms;
};

/* Somebody who is at the provider: what was sent, to compare with what comes. */
struct waiting {
	char state[65], browser[65]; /* digests */
	char nonce[PROVIDERS_SECRET], verifier[PROVIDERS_SECRET];
	char *redirect_uri;
	struct provider *provider;
	int64_t until_ms;
	UT_hash_handle hh;
};

/* One question of ours to a provider, of one or several calls. */
struct job {
	struct job *prev, *next;
	struct providers *all;
	struct provider *provider;
	struct waiting *waiting; /* owned; NULL on the way there: it stands in the list */
	char state[PROVIDERS_SECRET], challenge_of[PROVIDERS_SECRET], nonce[PROVIDERS_SECRET];
	char *redirect_uri, *code, *iss, *token;
	char *bearer; /* a header line with the access token; NULL: none */
	char *claims, *subject; /* of the ID token, while the userinfo endpoint is asked */
	bool is_second_look; /* keys were fetched anew already */
	struct http_call *call;
	void (*then)(struct job *j);
	providers_begun begun;
	providers_ended ended;
	void *arg;
};

struct providers {
	struct core *core;
	struct http_client *http;
	struct provider *list;
	size_t count;
	struct waiting *waiting; /* by state */
	struct job *jobs;
};

static int64_t real_ms(void)
{
	return clock_real_us() / 1000;
}

/* -- config ---------------------------------------------------------------------------------- */

static bool node_is_known(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcmp(c->depot->nodes.items[i].id, id) == 0)
			return true;
	return false;
}

static int check_row(const struct core *c, const struct config_provider *row, char why[300])
{
	if (!talk_takes(row->issuer, row->http_on_loopback)) {
		snprintf(why, 300, "people.providers: the issuer of %s must be an https address",
			row->id);
		return -1;
	}
	for (size_t i = 0; i < row->roles.count; i++) {
		const struct config_provider_role *r = &row->roles.items[i];
		if (role_parse(r->role) < 0) {
			snprintf(why, 300, "people.providers: %s: there is no role %s", row->id,
				r->role);
			return -1;
		}
		for (size_t n = 0; n < r->nodes.count; n++)
			if (!node_is_known(c, r->nodes.items[n])) {
				snprintf(why, 300, "people.providers: %s: there is no node %.60s",
					row->id, r->nodes.items[n]);
				return -1;
			}
	}
	return 0;
}

static int read_secret(struct provider *p, char why[300])
{
	FILE *f;

	if (p->row->client_secret_file == NULL)
		return 0;
	f = fopen(p->row->client_secret_file, "r");
	if (f == NULL || fgets(p->secret, sizeof(p->secret), f) == NULL)
		p->secret[0] = '\0';
	if (f != NULL)
		fclose(f);
	p->secret[strcspn(p->secret, "\r\n")] = '\0';
	if (p->secret[0] != '\0')
		return 0;
	snprintf(why, 300, "people.providers: %s: no secret could be read from %.200s", p->row->id,
		p->row->client_secret_file);
	return -1;
}

struct providers *providers_create(struct core *c, char why[300])
{
	const struct config_provider_list *rows = &c->config->people->providers;
	struct providers *p = calloc(1, sizeof(*p));

	snprintf(why, 300, "no memory for providers");
	if (p == NULL)
		return NULL;
	p->core = c;
	p->list = calloc(rows->count + 1, sizeof(*p->list));
	if (p->list == NULL || (p->http = http_client_create(c->loop)) == NULL)
		goto failed;
	for (size_t i = 0; i < rows->count; i++) {
		if (providers_find(p, rows->items[i].id) != NULL) {
			snprintf(
				why, 300, "people.providers: %s is there twice", rows->items[i].id);
			goto failed;
		}
		p->list[p->count++].row = &rows->items[i];
		if (check_row(c, &rows->items[i], why) != 0 || read_secret(&p->list[i], why) != 0)
			goto failed;
	}
	return p;
failed:
	providers_destroy(p);
	return NULL;
}

static struct provider *find(const struct providers *p, const char *id)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->list[i].row->id, id) == 0)
			return &p->list[i];
	return NULL;
}

const struct config_provider *providers_find(const struct providers *p, const char *id)
{
	const struct provider *x = find(p, id);

	return x != NULL ? x->row : NULL;
}

/* -- jobs ------------------------------------------------------------------------------------ */

static void waiting_free(struct waiting *w)
{
	if (w != NULL)
		free(w->redirect_uri);
	free(w);
}

static void job_free(struct job *j)
{
	DL_DELETE(j->all->jobs, j);
	waiting_free(j->waiting);
	free(j->redirect_uri);
	free(j->code);
	free(j->iss);
	free(j->token);
	if (j->bearer != NULL)
		explicit_bzero(j->bearer, strlen(j->bearer));
	free(j->bearer);
	free(j->claims);
	free(j->subject);
	free(j);
}

static void fail(struct job *j, int status, const char *why)
{
	if (j->begun != NULL)
		j->begun(j->arg, NULL, why);
	else
		j->ended(j->arg, NULL, status, why);
	job_free(j);
}

static struct job *job_create(struct providers *p, struct provider *x, void *arg)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->all = p;
	j->provider = x;
	j->arg = arg;
	DL_APPEND(p->jobs, j);
	return j;
}

/* -- documents ------------------------------------------------------------------------------- */

static void send_get(struct job *j, const char *url, const char *authorization,
	void (*done)(void *, const struct http_outcome *))
{
	j->call = http_client_send(
		j->all->http, &(struct http_call_spec){.method = "GET",
				      .url = url,
				      .headers = {"accept: application/json", authorization},
				      .ca_file = j->provider->row->ca,
				      .timeout_ms = TIMEOUT_MS,
				      .tries = 1,
				      .done = done,
				      .arg = j});
	if (j->call == NULL)
		fail(j, 502, "the provider cannot be asked now");
}

static void fail_call(struct job *j, const char *what, const struct http_outcome *o)
{
	char why[300];

	if (o->status != 0)
		snprintf(why, sizeof(why), "the provider answers %d for %s", o->status, what);
	else
		snprintf(why, sizeof(why), "the provider does not give %s: %.200s", what, o->why);
	fail(j, 502, why);
}

static void discovery_came(void *arg, const struct http_outcome *o)
{
	struct job *j = arg;
	struct provider *x = j->provider;
	struct arena *a = arena_create(1 << 20);
	char why[300] = "no memory";
	const struct oidc_discovery *d;

	j->call = NULL;
	if (o->status != 200) {
		arena_destroy(a);
		fail_call(j, "its discovery document", o);
		return;
	}
	d = a != NULL ? talk_discovery(x->row, o->body, o->len, a, why) : NULL;
	if (d == NULL) {
		arena_destroy(a);
		fail(j, 502, why);
		return;
	}
	arena_destroy(x->arena);
	x->arena = a;
	x->found = d;
	x->found_ms = real_ms();
	j->then(j);
}

static void with_discovery(struct job *j, void (*then)(struct job *j))
{
	struct provider *x = j->provider;
	char url[600];
	size_t len = strlen(x->row->issuer);

	j->then = then;
	if (x->found != NULL && real_ms() - x->found_ms < KEEP_MS) {
		then(j);
		return;
	}
	/* Discovery 1.0, 4: a slash at the end of the issuer goes. */
	len -= len > 0 && x->row->issuer[len - 1] == '/';
	snprintf(url, sizeof(url), "%.*s/.well-known/openid-configuration", (int)len,
		x->row->issuer);
	send_get(j, url, NULL, discovery_came);
}

static void keys_came(void *arg, const struct http_outcome *o)
{
	struct job *j = arg;
	char *text;

	j->call = NULL;
	if (o->status != 200) {
		fail_call(j, "its keys", o);
		return;
	}
	text = strdup(o->body);
	if (text == NULL) {
		fail(j, 503, "no memory");
		return;
	}
	free(j->provider->keys);
	j->provider->keys = text;
	j->provider->keys_ms = real_ms();
	j->then(j);
}

static void with_keys(struct job *j, int64_t keep_ms, void (*then)(struct job *j))
{
	struct provider *x = j->provider;

	j->then = then;
	if (x->keys != NULL && real_ms() - x->keys_ms < keep_ms)
		then(j);
	else
		send_get(j, x->found->jwks_uri, NULL, keys_came);
}

/* -- the way there --------------------------------------------------------------------------- */

static void forget_old(struct providers *p)
{
	int64_t now = real_ms();
	struct waiting *w, *next;

	HASH_ITER (hh, p->waiting, w, next) {
		if (w->until_ms > now)
			continue;
		HASH_DEL(p->waiting, w);
		waiting_free(w);
	}
}

static void begin_go(struct job *j)
{
	struct arena *a = arena_create(1 << 16);
	const char *url = a != NULL ? talk_begin_url(j->provider->row, j->provider->found,
					      &(struct talk_sent){.redirect_uri = j->redirect_uri,
						      .state = j->state,
						      .nonce = j->nonce,
						      .verifier = j->challenge_of},
					      a)
				    : NULL;

	j->begun(j->arg, url, url != NULL ? NULL : "no memory");
	arena_destroy(a);
	job_free(j);
}

int providers_begin(struct providers *p, const char *id, const char *redirect_uri,
	char browser[PROVIDERS_SECRET], providers_begun told, void *arg)
{
	struct provider *x = find(p, id);
	struct waiting *w;
	struct job *j;

	forget_old(p);
	if (x == NULL || HASH_COUNT(p->waiting) >= WAITING_MAX ||
		(w = calloc(1, sizeof(*w))) == NULL)
		return -1;
	j = job_create(p, x, arg);
	w->redirect_uri = strdup(redirect_uri);
	if (j == NULL || w->redirect_uri == NULL ||
		(j->redirect_uri = strdup(redirect_uri)) == NULL) {
		waiting_free(w);
		if (j != NULL)
			job_free(j);
		return -1;
	}
	secret_random(browser, PROVIDERS_SECRET - 1);
	secret_random(j->state, PROVIDERS_SECRET - 1);
	secret_random(w->nonce, PROVIDERS_SECRET - 1);
	secret_random(w->verifier, PROVIDERS_SECRET - 1); /* 43 letters: RFC 7636, 4.1 */
	secret_digest(j->state, strlen(j->state), w->state);
	secret_digest(browser, strlen(browser), w->browser);
	memcpy(j->nonce, w->nonce, sizeof(j->nonce));
	memcpy(j->challenge_of, w->verifier, sizeof(w->verifier));
	w->provider = x;
	w->until_ms = real_ms() + PROVIDERS_MINUTES * 60000;
	HASH_ADD_STR(p->waiting, state, w);
	j->begun = told;
	with_discovery(j, begin_go);
	return 0;
}

/* -- and back -------------------------------------------------------------------------------- */

/* `more`: what the userinfo endpoint says; NULL: it was not asked. What the ID token says counts first. */
static void tell_person(struct job *j, const char *subject, const struct peek *said,
	const struct peek *more, struct arena *a)
{
	const struct config_provider *row = j->provider->row;
	struct providers_person who = {.provider = row, .subject = subject};

	who.name = talk_claim(more == NULL || talk_has(said, row->name_claim, a) ? said : more,
		row->name_claim, a);
	if (who.name == NULL)
		who.name = who.subject;
	who.role =
		talk_role(more == NULL || talk_has(said, row->role_claim, a) ? said : more, row, a);
	j->ended(j->arg, &who, 200, NULL);
	job_free(j);
}

static void userinfo_came(void *arg, const struct http_outcome *o)
{
	struct job *j = arg;
	struct arena *a;
	struct peek said, more;
	char why[200] = "no memory";
	size_t at;

	j->call = NULL;
	if (o->status == 0 || o->status >= 500) {
		fail_call(j, "its userinfo", o);
		return;
	}
	if (o->status != 200) {
		snprintf(why, sizeof(why), "the provider answers %d for its userinfo", o->status);
		fail(j, 401, why);
		return;
	}
	a = arena_create(1 << 20);
	if (a == NULL || peek_open(&said, j->claims, strlen(j->claims), a, &at) != NULL)
		fail(j, 503, why);
	else if (talk_userinfo(o->body, o->len, j->subject, a, &more, why) != 0)
		fail(j, 401, why);
	else
		tell_person(j, j->subject, &said, &more, a);
	arena_destroy(a);
}

static bool lacks_claims(const struct job *j, const struct peek *said, struct arena *a)
{
	const struct config_provider *row = j->provider->row;

	return row->userinfo && j->bearer != NULL &&
	       j->provider->found->userinfo_endpoint != NULL &&
	       !(talk_has(said, row->role_claim, a) && talk_has(said, row->name_claim, a));
}

static void take_token(struct job *j, struct arena *a, const struct jwt_token *t)
{
	struct peek said;
	size_t at;

	if (peek_open(&said, t->json, t->len, a, &at) != NULL) {
		fail(j, 502, "the claims cannot be read");
		return;
	}
	if (!lacks_claims(j, &said, a)) {
		tell_person(j, t->claims->sub, &said, NULL, a);
		return;
	}
	j->claims = strndup(t->json, t->len);
	j->subject = strdup(t->claims->sub);
	if (j->claims == NULL || j->subject == NULL)
		fail(j, 503, "no memory");
	else
		send_get(j, j->provider->found->userinfo_endpoint, j->bearer, userinfo_came);
}

static void judge(struct job *j)
{
	struct provider *x = j->provider;
	struct arena *a = arena_create(1 << 20);
	struct jwt_expected expected = {.issuer = x->row->issuer,
		.client_id = x->row->client_id,
		.nonce = j->waiting->nonce,
		.now_s = clock_wall().ms / 1000};
	struct jwt_token t;
	char why[200] = "no memory";
	enum jwt_verdict v =
		a != NULL ? jwt_check(j->token, x->keys, &expected, a, &t, why) : JWT_BAD;

	if (v == JWT_GOOD) {
		take_token(j, a, &t);
	} else if (v == JWT_NO_KEY && !j->is_second_look) {
		j->is_second_look = true;
		with_keys(j, KEYS_AGAIN_MS, judge);
	} else {
		fail(j, 401, why);
	}
	arena_destroy(a);
}

static void token_came(void *arg, const struct http_outcome *o)
{
	struct job *j = arg;
	struct arena *a;
	struct schema_error err;
	const struct oidc_token_answer *m;
	const char *bearer;

	j->call = NULL;
	if (o->status == 0 || o->status >= 500) {
		fail_call(j, "its token", o);
		return;
	}
	if (o->status != 200) {
		fail(j, 401, "the provider does not take the code");
		return;
	}
	a = arena_create(1 << 20);
	m = a != NULL ? schema_decode(&oidc_token_answer_type, o->body, o->len, a, &err) : NULL;
	j->token = m != NULL ? strdup(m->id_token) : NULL;
	bearer = m != NULL ? talk_bearer(m, a) : NULL;
	j->bearer = bearer != NULL ? strdup(bearer) : NULL;
	arena_destroy(a);
	if (j->token == NULL)
		fail(j, 502, "the provider's answer holds no ID token");
	else
		with_keys(j, KEEP_MS, judge);
}

static void ask_token(struct job *j)
{
	const struct provider *x = j->provider;
	struct arena *a = arena_create(1 << 16);
	struct talk_request r;

	if (j->iss == NULL && x->found->authorization_response_iss_parameter_supported) {
		arena_destroy(a);
		fail(j, 401, "the answer does not say which provider it is from (iss)");
		return;
	}
	if (a == NULL || talk_token_request(x->row, x->found, x->secret,
				 &(struct talk_sent){.redirect_uri = j->waiting->redirect_uri,
					 .verifier = j->waiting->verifier},
				 j->code, a, &r) != 0)
		j->call = NULL;
	else
		j->call = http_client_send(j->all->http,
			&(struct http_call_spec){.method = "POST",
				.url = x->found->token_endpoint,
				.headers = {"content-type: application/x-www-form-urlencoded",
					"accept: application/json", r.authorization},
				.body = r.body,
				.len = strlen(r.body),
				.ca_file = x->row->ca,
				.timeout_ms = TIMEOUT_MS,
				.tries = 1,
				.done = token_came,
				.arg = j});
	arena_destroy(a);
	if (j->call == NULL)
		fail(j, 502, "the provider cannot be asked now");
}

/* What came back must be what was sent, by the browser that was sent, from whom it was sent to. */
static struct waiting *take_waiting(struct providers *p, const struct provider *x,
	const struct providers_answer *answer, const char **why)
{
	struct waiting *w = NULL;
	char state[65], browser[65];

	forget_old(p);
	secret_digest(answer->state, strlen(answer->state), state);
	secret_digest(answer->browser, strlen(answer->browser), browser);
	HASH_FIND_STR(p->waiting, state, w);
	*why = "nobody began this sign-in here, it was answered already, or it took too long";
	if (w == NULL)
		return NULL;
	if (strcmp(w->browser, browser) != 0) {
		*why = "this sign-in was begun in another browser";
		return NULL;
	}
	HASH_DEL(p->waiting, w);
	*why = "the answer is from another provider than was asked";
	if (w->provider == x && (answer->iss == NULL || strcmp(answer->iss, x->row->issuer) == 0))
		return w;
	waiting_free(w);
	return NULL;
}

int providers_finish(struct providers *p, const char *id, const struct providers_answer *answer,
	providers_ended told, void *arg)
{
	struct provider *x = find(p, id);
	struct job *j = job_create(p, x, arg);
	const char *why;

	if (j == NULL)
		return -1;
	j->ended = told;
	j->waiting = x != NULL ? take_waiting(p, x, answer, &why) : NULL;
	if (x == NULL)
		why = "there is no such provider";
	else if (j->waiting != NULL && answer->error != NULL)
		why = "the provider did not vouch for you";
	else if (j->waiting != NULL && answer->code == NULL)
		why = "the answer holds no code";
	else if (j->waiting != NULL) {
		j->code = strdup(answer->code);
		j->iss = answer->iss != NULL ? strdup(answer->iss) : NULL;
		if (j->code == NULL)
			fail(j, 503, "no memory");
		else
			with_discovery(j, ask_token);
		return 0;
	}
	fail(j, 401, why);
	return 0;
}

/* -- the way out ----------------------------------------------------------------------------- */

bool providers_end_url(
	const struct providers *p, const char *id, const char *back_to, char *out, size_t size)
{
	const struct provider *x = find(p, id);

	return x != NULL && x->found != NULL && x->found->end_session_endpoint != NULL &&
	       talk_end_url(x->row, x->found, back_to, out, size);
}

void providers_destroy(struct providers *p)
{
	struct waiting *w, *next;
	struct job *j, *jn;

	if (p == NULL)
		return;
	http_client_destroy(p->http);
	DL_FOREACH_SAFE (p->jobs, j, jn)
		fail(j, 503, "depotd is stopping");
	HASH_ITER (hh, p->waiting, w, next) {
		HASH_DEL(p->waiting, w);
		waiting_free(w);
	}
	for (size_t i = 0; i < p->count; i++) {
		arena_destroy(p->list[i].arena);
		free(p->list[i].keys);
		explicit_bzero(p->list[i].secret, sizeof(p->list[i].secret));
	}
	free(p->list);
	free(p);
}
