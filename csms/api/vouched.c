#include "csms/api/vouched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "csms/api/handlers_people.h"
#include "csms/api/self.h"
#include "csms/api/sign_in.h"
#include "csms/log.h"
#include "csms/people/people.h"
#include "csms/people/providers.h"
#include "csms/record.h"
#include "csms/secret.h"

#define COOKIE       "__Host-oidc" /* lax: it must come back from the provider's page */
#define COOKIE_RULES "; Path=/; Secure; HttpOnly; SameSite=Lax"
#define FACTOR_MS    300000 /* for the second factor */
#define FACTOR_TRIES 5
#define HALF_WAY_MAX 1000
#define LABEL_MAX    40 /* bytes of a name before its @ */

/* Somebody who still owes a second factor, known by the digest of what their browser shows. */
struct half_way {
	char digest[65], name[61];
	int64_t until_ms;
	int tries;
	UT_hash_handle hh;
};

static int64_t real_ms(void)
{
	return clock_real_us() / 1000;
}

static void *payload_new(struct core *c, size_t size)
{
	struct arena *a = record_arena(c);

	return a != NULL ? arena_alloc(a, size) : NULL;
}

/* What the browser shows; "" nothing. */
static const char *browser_of(struct ask *k)
{
	const char *value;
	size_t len = auth_cookie(k->cookie, COOKIE, &value);
	const char *text = len > 0 ? arena_strndup(k->arena, value, len) : "";

	return text != NULL ? text : "";
}

static void set_browser(struct ask *k, const char *value, int seconds)
{
	char cookie[200];

	snprintf(cookie, sizeof(cookie), COOKIE "=%s" COOKIE_RULES "; Max-Age=%d", value, seconds);
	if (k->x != NULL)
		http_header(k->x, "set-cookie", cookie);
}

/* -- the way there --------------------------------------------------------------------------- */

void vouched_list(struct ask *k)
{
	const struct config_provider_list *rows = &k->api->core->config->people->providers;
	struct api_provider_list list = {0};
	struct api_provider_view *items = arena_alloc(k->arena, sizeof(*items) * (rows->count + 1));

	for (size_t i = 0; items != NULL && i < rows->count; i++)
		items[list.providers.count++] = (struct api_provider_view){
			.id = rows->items[i].id, .name = rows->items[i].name};
	list.providers.items = items;
	ask_reply(k, 200, &api_provider_list_type, &list);
}

static const char *redirect_uri(struct ask *k)
{
	return arena_printf(k->arena, "%s/api/v1/sign-in/with/%s", k->api->url, k->match.param[0]);
}

static void begun(void *arg, const char *url, const char *why)
{
	struct ask *k = arg;

	if (url == NULL) {
		if (k->api != NULL)
			log_warn("api: sign-in by a provider: %s", why);
		ask_problem(k, 502, NULL, "%s", why);
		return;
	}
	set_browser(k, k->state, PROVIDERS_MINUTES * 60);
	ask_reply(k, 200, &api_provider_begin_type, &(struct api_provider_begin){.url = url});
}

void vouched_begin_post(struct ask *k)
{
	char *browser = arena_alloc(k->arena, PROVIDERS_SECRET);
	const char *uri = redirect_uri(k);

	if (providers_find(k->api->providers, k->match.param[0]) == NULL) {
		ask_problem(k, 404, NULL, "nobody of that name vouches for people here");
	} else if (auth_blocked(k->api->auth, k->peer)) {
		ask_problem(k, 429, NULL, "too many attempts from this address; wait a minute");
	} else if (browser == NULL || uri == NULL) {
		ask_problem(k, 503, NULL, "no memory");
	} else {
		k->state = browser;
		ask_hold(k);
		if (providers_begin(k->api->providers, k->match.param[0], uri, browser, begun, k) !=
			0)
			ask_problem(k, 429, NULL,
				"too many sign-ins are on their way; wait some minutes");
	}
}

/* -- and back: pages for a person -------------------------------------------------------------- */

static void put_html(struct text *t, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("<>&\"'", *s) != NULL)
			text_printf(t, "&#%d;", *s);
		else
			text_putc(t, *s);
}

static void refuse(struct ask *k, int status, const char *why)
{
	struct text t;

	if (k->api == NULL) {
		ask_problem(k, status, NULL, "%s", why);
		return;
	}
	if (status == 401)
		auth_failed(k->api->auth, k->peer);
	k->api->refused++;
	k->refused = why;
	log_warn("api: refused a sign-in from %s", k->peer);
	text_init(&t, 0);
	text_puts(&t, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		      "<meta name=\"viewport\" content=\"width=device-width\">"
		      "<title>depotd</title></head><body><main><h1>Not signed in</h1><p>");
	put_html(&t, why);
	text_puts(&t, ".</p><p><a href=\"/\">Back to sign-in</a></p></main></body></html>\n");
	if (text_ok(&t))
		ask_reply_text(k, status, "text/html; charset=utf-8", t.data, t.len);
	else
		ask_problem(k, status, NULL, "%s", why);
	text_finish(&t);
}

/* Always to our own front page: there is no address in the answer to be led astray by. */
static void lead(struct ask *k, const char *where)
{
	if (k->x != NULL)
		http_header(k->x, "location", where);
	ask_reply_text(k, 303, "text/plain", "", 0);
}

/* -- the second factor ----------------------------------------------------------------------- */

static void half_way_drop(struct api *api, struct half_way *h)
{
	HASH_DEL(api->half_way, h);
	free(h);
}

static void half_way_prune(struct api *api)
{
	struct half_way *h, *next;
	int64_t now = real_ms();

	HASH_ITER (hh, api->half_way, h, next)
		if (h->until_ms <= now)
			half_way_drop(api, h);
}

static bool owe_factor(struct ask *k, const struct person *p)
{
	struct half_way *h;
	char browser[PROVIDERS_SECRET];

	half_way_prune(k->api);
	if (HASH_COUNT(k->api->half_way) >= HALF_WAY_MAX || (h = calloc(1, sizeof(*h))) == NULL)
		return false;
	secret_random(browser, PROVIDERS_SECRET - 1);
	secret_digest(browser, strlen(browser), h->digest);
	snprintf(h->name, sizeof(h->name), "%s", p->name);
	h->until_ms = real_ms() + FACTOR_MS;
	HASH_ADD_STR(k->api->half_way, digest, h);
	set_browser(k, browser, FACTOR_MS / 1000);
	return true;
}

void vouched_factor(struct ask *k, const char *code)
{
	const char *browser = browser_of(k);
	struct half_way *h = NULL;
	struct person *p;
	char digest[65], session[AUTH_SECRET_SIZE];
	struct auth_who who;

	half_way_prune(k->api);
	secret_digest(browser, strlen(browser), digest);
	HASH_FIND_STR(k->api->half_way, digest, h);
	p = h != NULL ? people_find(k->api->people, h->name) : NULL;
	if (p == NULL || p->is_disabled || self_factor_fits(k, p, code) == NULL) {
		auth_failed(k->api->auth, k->peer);
		if (h != NULL && ++h->tries >= FACTOR_TRIES)
			half_way_drop(k->api, h);
		ask_problem(k, 401, "factor", "factor: it does not fit, or it took too long");
		return;
	}
	half_way_drop(k->api, h);
	if (!auth_begin(k->api->auth, p->name, p->role, false, k->cookie, session, &who)) {
		ask_problem(k, 503, NULL, "no memory for the session");
		return;
	}
	set_browser(k, "", 0);
	sign_in_enter(k, session, &who, "oidc");
	sign_in_reply(k, &who);
}

void half_way_destroy(struct half_way *all)
{
	struct half_way *h, *next;

	HASH_ITER (hh, all, h, next) {
		HASH_DEL(all, h);
		free(h);
	}
}

/* -- and back: who it is ----------------------------------------------------------------------- */

/* Somebody between the provider's word and the store's. */
struct vouched {
	char name[61], subject[256];
	const struct config_provider *provider;
	const struct config_provider_role *role;
};

static void enter(struct ask *k, const struct person *p)
{
	char session[AUTH_SECRET_SIZE];
	struct auth_who who;

	if (k->api->core->config->people->totp_for_oidc && p->factor[0] != '\0') {
		if (owe_factor(k, p))
			lead(k, "/#second-factor");
		else
			refuse(k, 429, "too many sign in at once; try again in some minutes");
		return;
	}
	if (!auth_begin(k->api->auth, p->name, p->role, false, k->cookie, session, &who)) {
		refuse(k, 503, "no memory for the session");
		return;
	}
	set_browser(k, "", 0);
	sign_in_enter(k, session, &who, "oidc");
	lead(k, "/");
}

/* A name that nobody else has: as the provider says it, with the provider behind it. What streams of
 * the journal cannot hold is left out. */
static void make_name(struct people *all, const struct providers_person *who, char out[61])
{
	char label[LABEL_MAX + 1], digest[65];
	size_t n = 0;

	for (const char *at = who->name; *at != '\0' && n < LABEL_MAX; at++)
		if ((unsigned char)*at > ' ' && *at != '/' && *at != 0x7f)
			label[n++] = *at;
	label[n] = '\0';
	while (n > 0 && !schema_utf8_check(label, n, NULL))
		label[--n] = '\0'; /* cut in the middle of a letter */
	snprintf(out, 61, "%s@%s", n > 0 ? label : "user", who->provider->id);
	if (people_find(all, out) == NULL)
		return;
	secret_digest(who->subject, strlen(who->subject), digest);
	snprintf(out, 61, "user-%.16s@%s", digest, who->provider->id);
}

static bool is_as_claimed(const struct person *p, const struct config_provider_role *r)
{
	if (p->role != (enum role)role_parse(r->role) || p->node_count != (int)r->nodes.count)
		return false;
	for (int i = 0; i < p->node_count; i++)
		if (strcmp(p->nodes[i], r->nodes.items[i]) != 0)
			return false;
	return true;
}

static void person_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct vouched *v = k->state;
	struct person *p =
		status == 0 && k->api != NULL ? people_get(k->api->people, v->name) : NULL;

	if (p == NULL) {
		refuse(k, 503, why != NULL ? why : "the user was not stored");
		return;
	}
	p->role = (enum role)role_parse(v->role->role);
	p->node_count = (int)v->role->nodes.count;
	for (int i = 0; i < p->node_count; i++)
		snprintf(p->nodes[i], sizeof(p->nodes[i]), "%s", v->role->nodes.items[i]);
	snprintf(p->provider, sizeof(p->provider), "%s", v->provider->id);
	snprintf(p->subject, sizeof(p->subject), "%s", v->subject);
	p->changed = clock_wall();
	self_end_sessions(k, p->name, NULL, "other claims");
	enter(k, p);
}

static struct event_user_state *state_of(struct arena *a, const struct person *p)
{
	struct event_user_state *s = arena_alloc(a, sizeof(*s));
	const char *nodes[PERSON_NODES];

	for (int i = 0; i < p->node_count; i++)
		nodes[i] = p->nodes[i];
	if (s != NULL)
		*s = (struct event_user_state){.role = role_name(p->role),
			.nodes = access_nodes_copy(
				a, &(struct schema_strings){(size_t)p->node_count, nodes}),
			.disabled = p->is_disabled};
	return s;
}

/* New here, or other than at the last sign-in: first on disk, then in. */
static void store(struct ask *k, const struct person *p, const struct vouched *v)
{
	struct core *c = k->api->core;
	struct event_user_changed *e = payload_new(c, sizeof(*e));
	struct event_user_linked *l = p == NULL ? payload_new(c, sizeof(*l)) : NULL;
	struct arena *a = record_arena(c);
	const char *actor = arena_printf(k->arena, "user:%s", v->name);

	if (e == NULL || (p == NULL && l == NULL) || actor == NULL) {
		refuse(k, 503, "no memory");
		return;
	}
	*e = (struct event_user_changed){.role = arena_strdup(a, v->role->role),
		.nodes = access_nodes_copy(a, &v->role->nodes),
		.before = p != NULL ? state_of(a, p) : NULL,
		.why = arena_printf(a, "by the claims of %s", v->provider->name)};
	const char *outer = c->request;
	c->request = k->id;
	record_now(c, EVENT_USER_CHANGED, "user", v->name, e, actor, NULL);
	if (l != NULL) {
		*l = (struct event_user_linked){.provider = v->provider->id,
			.issuer = v->provider->issuer,
			.subject = arena_strdup(a, v->subject)};
		record_now(c, EVENT_USER_LINKED, "user", v->name, l, actor, NULL);
	}
	c->request = outer;
	record_then(c, person_stored, k);
}

static void ended(void *arg, const struct providers_person *who, int status, const char *why)
{
	struct ask *k = arg;
	struct vouched *v =
		who != NULL && k->api != NULL ? arena_alloc(k->arena, sizeof(*v)) : NULL;
	const struct person *p;

	if (v == NULL) {
		refuse(k, who == NULL ? status : 503, who == NULL ? why : "no memory");
		return;
	}
	p = people_of_provider(k->api->people, who->provider->id, who->subject);
	if (p != NULL && p->is_disabled) {
		refuse(k, 403, "you are disabled here; ask an administrator of this depot");
		return;
	}
	if (who->role == NULL) {
		refuse(k, 403, "your account has no role in this depot");
		return;
	}
	*v = (struct vouched){.provider = who->provider, .role = who->role};
	snprintf(v->subject, sizeof(v->subject), "%s", who->subject);
	if (p != NULL)
		snprintf(v->name, sizeof(v->name), "%s", p->name);
	else
		make_name(k->api->people, who, v->name);
	k->state = v;
	if (p != NULL && is_as_claimed(p, v->role))
		enter(k, p);
	else
		store(k, p, v);
}

void vouched_back_get(struct ask *k)
{
	struct providers_answer answer = {.state = ask_query(k, "state"),
		.code = ask_query(k, "code"),
		.iss = ask_query(k, "iss"),
		.error = ask_query(k, "error"),
		.browser = browser_of(k)};

	if (auth_blocked(k->api->auth, k->peer)) {
		refuse(k, 429, "too many attempts from this address; wait a minute");
	} else if (answer.state == NULL) {
		refuse(k, 400, "the answer of the provider holds no state");
	} else {
		ask_hold(k);
		if (providers_finish(k->api->providers, k->match.param[0], &answer, ended, k) != 0)
			refuse(k, 503, "no memory");
	}
}
