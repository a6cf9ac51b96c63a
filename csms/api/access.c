/* Access: sign-in links, API tokens of programs. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/secret.h"
#include "db/query.h"
#include "db/query_access.h"

#define DAY_MS       INT64_C(86400000)
#define TOKEN_PREFIX "dt_"

/* Memory for an event's payload in this turn's batch, or NULL. */
static void *payload_new(struct core *c, size_t size)
{
	struct arena *a = record_arena(c);

	return a != NULL ? arena_alloc(a, size) : NULL;
}

/* -- start ----------------------------------------------------------------------------------- */

struct loading {
	struct api *api;
	struct arena *arena;
	struct db_api_token_list found;
	char error[300];
};

static void load_work(struct db_reader *r, void *arg)
{
	struct loading *l = arg;

	if (db_query_api_tokens(r, NULL, l->arena, &l->found) != 0)
		snprintf(l->error, sizeof(l->error), "%s", db_reader_error(r));
}

int access_load(struct api *api, char why[300])
{
	struct loading l = {.api = api, .arena = arena_create(ASK_ARENA_MAX)};

	if (l.arena == NULL || db_read_now(api->core->db, load_work, &l) != 0)
		snprintf(l.error, sizeof(l.error), "the store does not answer");
	for (size_t i = 0; i < l.found.count && l.error[0] == '\0'; i++) {
		const struct db_api_token *t = &l.found.items[i];
		int role = role_parse(t->role);
		if (t->revoked_at.ms == 0 && role > 0 &&
			auth_token_add(api->auth, t->id, t->digest, t->name, (enum role)role,
				t->expires) != 0)
			log_warn("api: the API token %s was left out: it is there twice", t->id);
	}
	arena_destroy(l.arena);
	if (l.error[0] == '\0')
		return 0;
	snprintf(why, 300, "the API tokens could not be read: %.250s", l.error);
	return -1;
}

/* -- links ----------------------------------------------------------------------------------- */

/* Roles that can be given; answered with 400 when it is none. */
static bool role_given(struct ask *k, const char *name, enum role *out)
{
	int role = role_parse(name);

	if (role < 0)
		ask_problem(k, 400, "role",
			"role: must be viewer, operator, dispatcher, electrician, energy_manager or admin");
	else
		*out = (enum role)role;
	return role >= 0;
}

static bool name_is_sound(struct ask *k, const char *name)
{
	if (strchr(name, '/') == NULL && strchr(name, '\n') == NULL)
		return true;
	ask_problem(k, 400, "name", "name: must be one line without \"/\"");
	return false;
}

static wall_t link_expires(void)
{
	return wall_add_ms(clock_wall(), (int64_t)(AUTH_LINK_MINUTES * 60000 * clock_speed()));
}

void access_make_link(struct ask *k, const char *name, enum role role)
{
	struct core *c = k->api->core;
	struct event_sign_in_link_made *e = payload_new(c, sizeof(*e));
	char code[AUTH_SECRET_SIZE];

	if (e == NULL || auth_link_make(k->api->auth, name, role, code) != 0) {
		ask_problem(k, 429, NULL, "too many links wait to be used; wait ten minutes");
		return;
	}
	e->expires = link_expires();
	record_now(c, EVENT_SIGN_IN_LINK_MADE, "user", name, e, k->who.actor, NULL);
	const char *url = arena_printf(k->arena, "%s/#sign-in=%s", k->api->url, code);
	ask_reply(k, 200, &api_link_reply_type,
		&(struct api_link_reply){.url = url, .code = code, .expires = e->expires});
}

void link_post(struct ask *k)
{
	const struct api_link_post *post = k->body;
	const char *name = post->name != NULL ? post->name : "operator";
	enum role role;

	if (role_given(k, post->role, &role) && name_is_sound(k, name))
		access_make_link(k, name, role);
}

/* -- API tokens ------------------------------------------------------------------------------ */

struct listing {
	struct ask *ask;
	struct api_api_token_list list;
	size_t room;
};

static void list_token(void *arg, const struct auth_token_view *v)
{
	struct listing *l = arg;
	struct arena *a = l->ask->arena;

	if (l->list.tokens.count == l->room) {
		size_t room = l->room * 2 + 16;
		struct api_api_token_view *more = arena_alloc(a, sizeof(*more) * room);
		if (more == NULL)
			return;
		if (l->room > 0)
			memcpy(more, l->list.tokens.items, sizeof(*more) * l->room);
		l->list.tokens.items = more;
		l->room = room;
	}
	l->list.tokens.items[l->list.tokens.count++] = (struct api_api_token_view){
		.id = v->id,
		.name = v->name,
		.role = role_name(v->role),
		.has_expires = v->expires.ms != 0,
		.expires = v->expires,
	};
}

void api_tokens_list(struct ask *k)
{
	struct listing l = {.ask = k};

	auth_tokens(k->api->auth, list_token, &l);
	ask_reply(k, 200, &api_api_token_list_type, &l.list);
}

/* A token between its making and its being on disk. */
struct making {
	char id[41], digest[65], secret[AUTH_SECRET_SIZE];
	enum role role;
	wall_t expires;
};

static void api_token_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct making *m = k->state;
	const struct api_api_token_post *post = k->body;

	if (status == 0 && k->api != NULL &&
		auth_token_add(k->api->auth, m->id, m->digest, post->name, m->role, m->expires) !=
			0)
		status = -1;
	if (status != 0) {
		ask_changed(k, status, why);
		return;
	}
	ask_reply(k, 200, &api_api_token_reply_type,
		&(struct api_api_token_reply){
			.id = m->id,
			.token = m->secret,
			.name = post->name,
			.role = role_name(m->role),
			.has_expires = true,
			.expires = m->expires,
		});
}

void api_token_post(struct ask *k)
{
	const struct api_api_token_post *post = k->body;
	struct core *c = k->api->core;
	struct making *m = arena_alloc(k->arena, sizeof(*m));
	struct event_api_token_made *e = payload_new(c, sizeof(*e));
	char random[41];

	if (m == NULL || e == NULL) {
		ask_problem(k, 503, NULL, "no memory for the token");
		return;
	}
	if (!role_given(k, post->role, &m->role) || !name_is_sound(k, post->name))
		return;
	secret_random(random, sizeof(random) - 1); /* 238 bits */
	snprintf(m->secret, sizeof(m->secret), TOKEN_PREFIX "%s", random);
	secret_digest(m->secret, strlen(m->secret), m->digest);
	secret_random(m->id, 16);
	m->expires = wall_add_ms(clock_wall(), post->days * DAY_MS);
	*e = (struct event_api_token_made){
		.digest = arena_strdup(record_arena(c), m->digest),
		.name = arena_strdup(record_arena(c), post->name),
		.role = role_name(m->role),
		.has_expires = true,
		.expires = m->expires,
	};
	k->state = m;
	ask_hold(k);
	record_now(c, EVENT_API_TOKEN_MADE, "apitoken", m->id, e, k->who.actor, NULL);
	record_then(c, api_token_stored, k);
}

void api_token_delete(struct ask *k)
{
	struct core *c = k->api->core;
	const char *id = k->match.param[0];
	struct event_api_token_revoked *e = payload_new(c, sizeof(*e));

	if (e == NULL || !auth_token_remove(k->api->auth, id)) {
		ask_problem(k, 404, NULL,
			"there is no such API token; GET /api/v1/api-tokens lists them");
		return;
	}
	ask_hold(k);
	record_now(c, EVENT_API_TOKEN_REVOKED, "apitoken", id, e, k->who.actor, NULL);
	record_then(c, ask_changed, k);
}
