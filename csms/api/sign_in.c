/* Sign-in: by the code of a link, or by name, password and second factor. Sessions and their end. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/api/self.h"
#include "csms/api/sign_in.h"
#include "csms/api/vouched.h"
#include "csms/log.h"
#include "csms/people/people.h"
#include "csms/people/providers.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/secret.h"

/* -- sessions -------------------------------------------------------------------------------- */

void sign_in_reply(struct ask *k, const struct auth_who *who)
{
	const struct person *p = who->is_user ? people_find(k->api->people, who->name) : NULL;
	const char *may[PERMISSION_COUNT], *nodes[PERSON_NODES];
	struct api_session s = {.name = who->name,
		.role = role_name(who->role),
		.csrf = who->csrf,
		.may = {0, may},
		.user = p != NULL,
		.factor = p != NULL && p->factor[0] != '\0',
		.fresh = who->is_fresh};

	for (int i = 0; i < PERMISSION_COUNT; i++)
		if (role_may(who->role, (enum permission)i))
			may[s.may.count++] = permissions[i].name;
	for (int i = 0; i < who->node_count; i++)
		nodes[i] = who->nodes[i];
	if (who->node_count > 0)
		s.nodes = (struct schema_strings){(size_t)who->node_count, nodes};
	ask_reply(k, 200, &api_session_type, &s);
}

static void journal_sign_in(
	struct ask *k, const struct auth_who *who, const struct person *p, const char *method)
{
	struct core *c = k->api->core;
	struct arena *a = record_arena(c);
	struct event_signed_in *e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;

	if (e == NULL)
		return;
	e->method = method;
	e->has_step = p != NULL && p->factor_used > 0;
	e->step = e->has_step ? p->factor_used : 0;
	e->peer = arena_strdup(a, k->peer);
	record_now(c, EVENT_SIGNED_IN, "user", who->name, e, who->actor, NULL);
}

void sign_in_enter(struct ask *k, const char *session, struct auth_who *who, const char *method)
{
	struct person *p = people_find(k->api->people, who->name);
	char cookie[160];

	if (p != NULL) {
		who->is_user = true;
		who->role = p->role;
		who->node_count = p->node_count;
		memcpy(who->nodes, p->nodes, sizeof(p->nodes));
		p->signed_in = clock_wall();
		people_succeeded(k->api->people, p->name, k->peer);
	}
	auth_describe(k->api->auth, who, k->peer, k->agent, method);
	log_info("api: %s signed in from %s", who->name, k->peer);
	journal_sign_in(k, who, p, method);
	snprintf(cookie, sizeof(cookie), "__Host-sid=%s; Path=/; Secure; HttpOnly; SameSite=Strict",
		session);
	if (k->x != NULL)
		http_header(k->x, "set-cookie", cookie);
}

static void welcome(struct ask *k, const char *session, struct auth_who *who, const char *method)
{
	sign_in_enter(k, session, who, method);
	sign_in_reply(k, who);
}

static void refuse_often(struct ask *k, enum limit which)
{
	refusal_limit(k->api->core, which, k->peer);
	http_header(k->x, "retry-after", "60");
	ask_problem(k, 429, NULL, "too many attempts from this address; wait a minute");
}

static void sign_in_by_link(struct ask *k, const char *code)
{
	char session[AUTH_SECRET_SIZE];
	struct auth_who who;

	if (auth_sign_in(k->api->auth, code, k->cookie, session, &who)) {
		welcome(k, session, &who, "link");
		return;
	}
	auth_failed(k->api->auth, k->peer);
	log_warn("api: refused a sign-in from %s", k->peer);
	audit_sign_in(k, "link", NULL, "the link is unknown, used or too old");
	ask_problem(k, 401, NULL,
		"the link is unknown, used or older than %d minutes; make a new one with: "
		"depotctl link",
		AUTH_LINK_MINUTES);
}

/* -- name and password ----------------------------------------------------------------------- */

/* The same words for whatever is wrong: they must not tell who is a user. */
static void refuse(struct ask *k, const char *name, const char *why)
{
	auth_failed(k->api->auth, k->peer);
	people_failed(k->api->people, name, k->peer);
	log_warn("api: refused a sign-in from %s", k->peer);
	audit_sign_in(k, "password", name, why);
	ask_problem(k, 401, NULL, "name, password or second factor is wrong");
}

static void password_checked(void *arg, bool ok, const char *hash, bool is_over)
{
	struct ask *k = arg;
	const struct api_sign_in_post *post = k->body;
	struct person *p;
	const char *method = "password";
	char session[AUTH_SECRET_SIZE];
	struct auth_who who;

	if (is_over || k->api == NULL) {
		ask_problem(k, 503, NULL, "depotd is stopping");
		return;
	}
	p = people_find(k->api->people, post->name);
	if (!ok || p == NULL || p->is_disabled) {
		refuse(k, post->name, p != NULL && p->is_disabled ? "disabled" : "wrong");
		return;
	}
	if (p->factor[0] != '\0' && post->factor == NULL) {
		ask_problem(k, 401, "factor", "send the code of the second factor too");
		return;
	}
	if (p->factor[0] != '\0' && (method = self_factor_fits(k, p, post->factor)) == NULL) {
		refuse(k, post->name, "wrong second factor");
		return;
	}
	if (auth_begin(k->api->auth, p->name, p->role, false, k->cookie, session, &who))
		welcome(k, session, &who, method);
	else
		ask_problem(k, 503, NULL, "no memory for the session");
}

static void sign_in_by_password(struct ask *k, const struct api_sign_in_post *post)
{
	if (!people_may_try(k->api->people, post->name, k->peer)) {
		audit_sign_in(k, "password", post->name, "too many attempts with this name");
		refuse_often(k, LIMIT_SIGN_IN_NAME);
		return;
	}
	ask_hold(k);
	if (people_check(k->api->people, post->name, post->password, password_checked, k) != 0)
		ask_problem(k, 503, NULL, "too many sign in at once; try again in a second");
}

static const char *missing(const struct api_sign_in_post *post)
{
	if (post->name == NULL && post->password == NULL)
		return "code";
	return post->name == NULL ? "name" : "password";
}

void sign_in_post(struct ask *k)
{
	const struct api_sign_in_post *post = k->body;

	if (auth_blocked(k->api->auth, k->peer))
		refuse_often(k, LIMIT_SIGN_IN);
	else if (post->code == NULL && post->name == NULL && post->password == NULL &&
		 post->factor != NULL)
		vouched_factor(k, post->factor);
	else if (post->code != NULL)
		sign_in_by_link(k, post->code);
	else if (post->name == NULL || post->password == NULL)
		ask_problem(k, 400, missing(post),
			"%s: send name and password, or the code of a link", missing(post));
	else
		sign_in_by_password(k, post);
}

void sign_out_post(struct ask *k)
{
	const struct person *p = k->who.is_user ? people_find(k->api->people, k->who.name) : NULL;
	char url[2000], back[310];

	snprintf(back, sizeof(back), "%s/", k->api->url);
	bool ends_there = p != NULL && p->provider[0] != '\0' &&
			  providers_end_url(k->api->providers, p->provider, back, url, sizeof(url));
	auth_sign_out(k->api->auth, k->cookie);
	http_header(k->x, "set-cookie",
		"__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
	ask_reply(k, 200, &api_signed_out_type,
		&(struct api_signed_out){.ok = true, .url = ends_there ? url : NULL});
}

void session_get(struct ask *k)
{
	sign_in_reply(k, &k->who);
}
