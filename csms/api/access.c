/* Access: sign-in links, API tokens of programs. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/log.h"
#include "csms/people/people.h"
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

static int nodes_of_lines(const char *text, char out[AUTH_NODES][61])
{
	int n = 0;

	for (const char *at = text != NULL ? text : ""; *at != '\0' && n < AUTH_NODES; n++) {
		size_t len = strcspn(at, "\n");
		snprintf(out[n], sizeof(out[n]), "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	return n;
}

int access_load(struct api *api, char why[300])
{
	struct loading l = {.api = api, .arena = arena_create(ASK_ARENA_MAX)};

	if (l.arena == NULL || db_read_now(api->core->db, load_work, &l) != 0)
		snprintf(l.error, sizeof(l.error), "the store does not answer");
	for (size_t i = 0; i < l.found.count && l.error[0] == '\0'; i++) {
		const struct db_api_token *t = &l.found.items[i];
		int role = role_parse(t->role);
		char nodes[AUTH_NODES][61];
		struct auth_makers makers = auth_makers_of_lines(t->makers);

		if (t->revoked_at.ms == 0 && role > 0 &&
			auth_token_add(
				api->auth, &(struct auth_token){.id = t->id,
						   .digest = t->digest,
						   .name = t->name,
						   .role = (enum role)role,
						   .expires = t->expires,
						   .node_count = nodes_of_lines(t->nodes, nodes),
						   .nodes = nodes,
						   .makers = &makers,
						   .used = t->used_at,
						   .peer = t->peer}) != 0)
			log_warn("api: the API token %s was left out: it is there twice", t->id);
	}
	arena_destroy(l.arena);
	if (l.error[0] == '\0')
		return 0;
	snprintf(why, 300, "the API tokens could not be read: %.250s", l.error);
	return -1;
}

/* -- who makes links and tokens -------------------------------------------------------------- */

/* Whoever had a hand in it: nobody among them is a second person for what comes by it (four_eyes.h).
 * False: more than are kept; the ask was answered. */
static bool find_makers(struct ask *k, struct auth_makers *m)
{
	const struct auth_makers *theirs = auth_makers_of(k->api->auth, &k->who);
	bool fits = auth_makers_add(m, k->who.actor) &&
		    (k->approver == NULL || auth_makers_add(m, k->approver));

	for (int i = 0; fits && theirs != NULL && i < theirs->count; i++)
		fits = auth_makers_add(m, theirs->actor[i]);
	if (!fits)
		ask_problem(k, 422, NULL,
			"programs made this one by one another, by more than %d hands: a person must make it",
			AUTH_MAKERS);
	return fits;
}

static struct schema_strings makers_copy(struct arena *a, const struct auth_makers *m)
{
	struct schema_strings list = {
		.items = arena_alloc(a, sizeof(*list.items) * (size_t)m->count + 1)};

	for (int i = 0; list.items != NULL && i < m->count; i++)
		list.items[list.count++] = arena_strdup(a, m->actor[i]);
	return list;
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
	struct person *p = people_find(k->api->people, name);
	struct auth_makers makers = {0};
	char code[AUTH_SECRET_SIZE];

	if (!find_makers(k, &makers))
		return;
	if (e == NULL || auth_link_make(k->api->auth, name, role, &makers, code) != 0) {
		ask_problem(k, 429, NULL, "too many links wait to be used; wait ten minutes");
		return;
	}
	if (p != NULL)
		p->makers = makers;
	e->expires = link_expires();
	e->makers = makers_copy(record_arena(c), &makers);
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

	if (!role_given(k, post->role, &role) || !name_is_sound(k, name))
		return;
	if (people_find(k->api->people, name) != NULL)
		ask_problem(k, 409, "name",
			"name: %.60s is a user, whom nobody else can be: depotctl user reset %.60s "
			"makes a link by which they set a new password",
			name, name);
	else
		access_make_link(k, name, role);
}

bool access_nodes_known(struct ask *k, const struct schema_strings *nodes)
{
	const struct depot_file *g = k->api->core->depot;

	for (size_t i = 0; i < nodes->count; i++) {
		size_t n = 0;
		while (n < g->nodes.count && strcmp(g->nodes.items[n].id, nodes->items[i]) != 0)
			n++;
		if (n < g->nodes.count)
			continue;
		ask_problem(k, 422, "nodes", "there is no node %.60s in the tree", nodes->items[i]);
		return false;
	}
	return true;
}

struct schema_strings access_nodes_copy(struct arena *a, const struct schema_strings *from)
{
	struct schema_strings list = {0};

	if (from->count == 0 ||
		(list.items = arena_alloc(a, sizeof(*list.items) * from->count)) == NULL)
		return list;
	for (size_t i = 0; i < from->count; i++)
		list.items[list.count++] = arena_strdup(a, from->items[i]);
	return list;
}

/* -- API tokens ------------------------------------------------------------------------------ */

struct listing {
	struct ask *ask;
	struct api_api_token_list list;
	size_t room;
};

static struct schema_strings nodes_view(struct arena *a, const struct auth_token *v)
{
	struct schema_strings list = {0};

	if (v->node_count == 0 ||
		(list.items = arena_alloc(a, sizeof(*list.items) * AUTH_NODES)) == NULL)
		return list;
	for (int i = 0; i < v->node_count; i++)
		list.items[list.count++] = v->nodes[i];
	return list;
}

static void list_token(void *arg, const struct auth_token *v)
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
		.nodes = nodes_view(a, v),
		.has_expires = v->expires.ms != 0,
		.expires = v->expires,
		.has_used_at = v->used.ms != 0,
		.used_at = v->used,
		.used_from = v->peer[0] != '\0' ? v->peer : NULL,
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
	char nodes[AUTH_NODES][61];
	struct auth_makers makers;
};

static void api_token_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct making *m = k->state;
	const struct api_api_token_post *post = k->body;

	if (status == 0 && k->api != NULL &&
		auth_token_add(k->api->auth, &(struct auth_token){.id = m->id,
						     .digest = m->digest,
						     .name = post->name,
						     .role = m->role,
						     .expires = m->expires,
						     .node_count = (int)post->nodes.count,
						     .nodes = m->nodes,
						     .makers = &m->makers}) != 0)
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
	if (!role_given(k, post->role, &m->role) || !name_is_sound(k, post->name) ||
		!access_nodes_known(k, &post->nodes) || !find_makers(k, &m->makers))
		return;
	for (size_t i = 0; i < post->nodes.count; i++)
		snprintf(m->nodes[i], sizeof(m->nodes[i]), "%s", post->nodes.items[i]);
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
		.nodes = access_nodes_copy(record_arena(c), &post->nodes),
		.makers = makers_copy(record_arena(c), &m->makers),
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

void access_token_used(struct ask *k, const char *id)
{
	struct core *c = k->api->core;
	struct event_api_token_used *e = payload_new(c, sizeof(*e));

	if (e == NULL)
		return;
	e->peer = arena_strdup(record_arena(c), k->peer);
	if (e->peer != NULL)
		record_now(c, EVENT_API_TOKEN_USED, "apitoken", id, e, "depotd", NULL);
}
