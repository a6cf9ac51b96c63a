#include "csms/api/four_eyes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "csms/api/handlers_people.h"
#include "csms/api/reach.h"
#include "csms/api/scope.h"
#include "csms/mask.h"
#include "csms/people/people.h"
#include "csms/record.h"
#include "csms/timers.h"

#define SHOWN_MAX 4000 /* bytes of a body that the second person is shown */

struct waiting {
	struct waiting *prev, *next;
	char id[24];
	struct auth_who who; /* as they were when they asked */
	struct auth_makers makers; /* of the link or token by which they came */
	enum permission needs;
	char peer[60], method[10];
	char *path, *query, *body;
	size_t body_len;
	wall_t asked, expires;
};

struct four_eyes {
	struct api *api;
	struct waiting *first; /* oldest first */
	int count;
	int64_t number;
};

/* -- config ---------------------------------------------------------------------------------- */

static int permission_find(const char *name)
{
	for (int i = 0; i < PERMISSION_COUNT; i++)
		if (strcmp(permissions[i].name, name) == 0)
			return i;
	return -1;
}

static bool only_reads(enum permission p)
{
	return p == MAY_KNOCK || p == MAY_SELF || p == MAY_READ || p == MAY_FOLLOW ||
	       p == MAY_INSPECT || p == MAY_AUDIT;
}

int four_eyes_check(const struct core *c, char why[300])
{
	const struct schema_strings *names = &c->config->people->four_eyes;

	for (size_t i = 0; i < names->count; i++) {
		int p = permission_find(names->items[i]);
		if (p >= 0 && !only_reads((enum permission)p))
			continue;
		snprintf(why, 300,
			"people.four_eyes: %.40s is no permission that changes something: those of the "
			"table of roles in docs/api.md, e.g. trust or govern",
			names->items[i]);
		return -1;
	}
	return 0;
}

/* Who makes users, links and tokens could make the second person: where anything waits, that does. */
static bool is_listed(const struct core *c, enum permission p)
{
	const struct schema_strings *names = &c->config->people->four_eyes;

	if (p == MAY_GOVERN && names->count > 0)
		return true;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], permissions[p].name) == 0)
			return true;
	return false;
}

/* -- what waits ------------------------------------------------------------------------------ */

struct four_eyes *four_eyes_create(struct api *api)
{
	struct four_eyes *x = calloc(1, sizeof(*x));

	if (x != NULL)
		x->api = api;
	return x;
}

static void drop(struct four_eyes *x, struct waiting *v)
{
	DL_DELETE(x->first, v);
	x->count--;
	if (v->body != NULL)
		explicit_bzero(v->body, v->body_len);
	free(v->path);
	free(v->query);
	free(v->body);
	free(v);
}

void four_eyes_destroy(struct four_eyes *x)
{
	if (x == NULL)
		return;
	while (x->first != NULL)
		drop(x, x->first);
	free(x);
}

static void tell(struct four_eyes *x, const struct waiting *v, const char *outcome,
	const char *actor, const char *why)
{
	struct core *c = x->api->core;
	struct arena *a = record_arena(c);
	struct event_approval_moved *e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;

	if (e == NULL)
		return;
	*e = (struct event_approval_moved){
		.outcome = outcome,
		.asked_by = arena_strdup(a, v->who.actor),
		.method = arena_strdup(a, v->method),
		.path = arena_strdup(a, v->path),
		.needs = permissions[v->needs].name,
		.peer = arena_strdup(a, v->peer),
		.why = why != NULL ? arena_strdup(a, why) : NULL,
	};
	if (e->asked_by != NULL && e->path != NULL && e->peer != NULL && e->method != NULL)
		record_now(c, EVENT_APPROVAL_MOVED, "approval", v->id, e, actor, NULL);
}

/* What nobody looked at in time. */
static void expire(struct four_eyes *x)
{
	wall_t now = clock_wall();
	struct waiting *v, *next;

	DL_FOREACH_SAFE (x->first, v, next) {
		if (v->expires.ms > now.ms)
			continue;
		tell(x, v, "expired", "depotd", NULL);
		drop(x, v);
	}
}

/* A program, or who came by a link, is as many persons as made it: they know it, or could have kept
 * it. A user is known by the newest link in their name. */
static void find_makers(const struct api *api, const struct auth_who *who, struct auth_makers *out)
{
	const struct person *p = who->is_user ? people_find(api->people, who->name) : NULL;
	const struct auth_makers *by = auth_makers_of(api->auth, who);

	*out = p != NULL ? p->makers : by != NULL ? *by : (struct auth_makers){0};
}

static struct waiting *put(struct four_eyes *x, const struct ask *k, enum permission needs)
{
	struct waiting *v = calloc(1, sizeof(*v));
	int64_t minutes = x->api->core->config->people->approve_within_min;

	if (v == NULL)
		return NULL;
	snprintf(v->id, sizeof(v->id), "%llx-%lld", (unsigned long long)x->api->core->started.ms,
		(long long)++x->number);
	v->who = k->who;
	find_makers(k->api, &k->who, &v->makers);
	v->needs = needs;
	snprintf(v->peer, sizeof(v->peer), "%s", k->peer);
	snprintf(v->method, sizeof(v->method), "%s", k->match.row->method);
	v->path = strdup(k->raw.path);
	v->query = strdup(k->raw.query);
	v->body = malloc(k->raw.body_len + 1);
	v->asked = clock_wall();
	v->expires = wall_add_ms(v->asked, minutes * 60000);
	DL_APPEND(x->first, v);
	x->count++;
	if (v->path == NULL || v->query == NULL || v->body == NULL) {
		drop(x, v);
		return NULL;
	}
	memcpy(v->body, k->raw.body, k->raw.body_len);
	v->body[k->raw.body_len] = '\0';
	v->body_len = k->raw.body_len;
	return v;
}

bool four_eyes_hold(struct ask *k, enum permission needs)
{
	struct four_eyes *x = k->api->four_eyes;
	struct waiting *v;

	if (strcmp(k->match.row->method, "GET") == 0 || k->who.by == AUTH_OWNER ||
		k->approver != NULL || k->raw.path == NULL || !is_listed(k->api->core, needs))
		return false;
	expire(x);
	if (x->count >= FOUR_EYES_MAX) {
		ask_problem(k, 429, NULL, "%d changes wait for a second person: look at them first",
			x->count);
		return true;
	}
	v = put(x, k, needs);
	if (v == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return true;
	}
	tell(x, v, "asked", v->who.actor, NULL);
	ask_problem(k, 409, NULL,
		"not done yet: a second person who may %s must approve it within %lld minutes: "
		"depotctl approval approve %s",
		permissions[needs].name,
		(long long)k->api->core->config->people->approve_within_min, v->id);
	return true;
}

/* -- the API --------------------------------------------------------------------------------- */

static const char *shown_body(struct ask *k, const struct waiting *v)
{
	size_t len = 0;
	const char *masked = mask_secrets(k->arena, v->body, v->body_len, &len);

	return masked != NULL && len <= SHOWN_MAX ? arena_strndup(k->arena, masked, len) : NULL;
}

static bool is_same_person(const struct ask *k, const struct waiting *v)
{
	return strcmp(k->who.actor, v->who.actor) == 0;
}

void four_eyes_list(struct ask *k)
{
	struct four_eyes *x = k->api->four_eyes;
	struct api_approval_list list = {0};
	struct waiting *v;

	expire(x);
	list.approvals.items = arena_alloc(k->arena, sizeof(*list.approvals.items) * FOUR_EYES_MAX);
	if (list.approvals.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	DL_FOREACH (x->first, v) {
		/* What others ask for may be about anything: whoever is limited looks after their own. */
		if (scope_is_limited(&k->who) && !is_same_person(k, v))
			continue;
		list.approvals.items[list.approvals.count++] = (struct api_approval_view){
			.id = v->id,
			.asked_by = v->who.actor,
			.peer = v->peer,
			.at = v->asked,
			.expires = v->expires,
			.needs = permissions[v->needs].name,
			.method = v->method,
			.path = v->path,
			.body = shown_body(k, v),
		};
	}
	ask_reply(k, 200, &api_approval_list_type, &list);
}

static struct waiting *find(struct ask *k)
{
	struct four_eyes *x = k->api->four_eyes;
	struct waiting *v;

	expire(x);
	DL_FOREACH (x->first, v)
		if (strcmp(v->id, k->match.param[0]) == 0)
			return v;
	ask_problem(k, 404, NULL,
		"nothing of that number waits: it was approved, refused, or its time is over");
	return NULL;
}

static void say_made(struct ask *k, const char *maker, const char *made)
{
	ask_problem(k, 403, NULL,
		"%s made the sign-in link of %s, or approved that, and could be both: somebody else must "
		"approve this, or %s gets a new link where depotd runs: depotctl user reset %s",
		maker, made, made, made);
}

/* A second person, who is one: not a program, and not the one who asked under another name's token. */
static bool may_approve(struct ask *k, const struct waiting *v)
{
	struct auth_makers theirs;
	char roles[120];

	find_makers(k->api, &k->who, &theirs);
	if (k->who.by == AUTH_TOKEN) {
		ask_problem(k, 403, NULL, "a person must approve this, not an API token");
	} else if (k->who.by == AUTH_SESSION && !k->who.is_user) {
		ask_problem(k, 403, NULL,
			"a user must approve this, not somebody with a link: depotctl user add");
	} else if (is_same_person(k, v)) {
		ask_problem(k, 403, NULL, "%s asked for it: a second person must approve it",
			k->who.name);
	} else if (v->who.by == AUTH_TOKEN && auth_makers_has(&v->makers, k->who.actor)) {
		ask_problem(k, 403, NULL,
			"%s made the API token %s, or approved its making: somebody else must approve "
			"what it asks for",
			k->who.name, v->who.name);
	} else if (k->who.by != AUTH_OWNER && auth_makers_has(&v->makers, k->who.actor)) {
		say_made(k, k->who.name, v->who.name);
	} else if (auth_makers_has(&theirs, v->who.actor)) {
		say_made(k, v->who.name, k->who.name);
	} else if (!role_may(k->who.role, v->needs)) {
		permission_roles_text(v->needs, roles);
		ask_problem(k, 403, NULL, "this needs the role %s; %s has the role %s", roles,
			k->who.name, role_name(k->who.role));
	} else {
		return true;
	}
	return false;
}

/* Whether who asked may still do it; they are then what they are now, not what they were. */
static bool still_may(struct ask *k, struct waiting *v)
{
	const struct person *p = people_find(k->api->people, v->who.name);
	bool may = v->who.by != AUTH_TOKEN || auth_alive(k->api->auth, &v->who);

	if (v->who.is_user) {
		may = p != NULL && !p->is_disabled && role_may(p->role, v->needs);
		v->who.role = may ? p->role : ROLE_NOBODY;
		v->who.node_count = may ? p->node_count : 0;
		if (may)
			memcpy(v->who.nodes, p->nodes, sizeof(p->nodes));
	}
	if (!may)
		ask_problem(k, 409, NULL, "%s may not do this any more: refuse it", v->who.name);
	return may;
}

/* The ask becomes that of the first person; the second one stands beside it and gets the answer. */
static bool become(struct ask *k, const struct waiting *v)
{
	char why[200];
	struct schema_error err;
	const char *text;

	k->approver = arena_strdup(k->arena, k->who.actor);
	k->approver_role = k->who.role;
	k->who = v->who;
	k->path = arena_strdup(k->arena, v->path);
	text = arena_strndup(
		k->arena, v->body_len > 0 ? v->body : "{}", v->body_len > 0 ? v->body_len : 2);
	const char *path = k->path, *query = arena_strdup(k->arena, v->query);
	if (k->approver == NULL || path == NULL || query == NULL || text == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return false;
	}
	if (route_find(api_routes, api_route_count, v->method, path, query, k->arena, &k->match,
		    why) != 200) {
		ask_problem(k, 409, NULL, "%s", why);
		return false;
	}
	k->body = NULL;
	if (k->match.row->request == NULL)
		return true;
	k->body = schema_decode(k->match.row->request, text, strlen(text), k->arena, &err);
	if (k->body == NULL)
		ask_schema_problem(k, &err, "");
	return k->body != NULL;
}

void four_eyes_approve(struct ask *k)
{
	struct waiting *v = find(k);
	const struct auth_who second = k->who;

	if (v == NULL || !may_approve(k, v) || !still_may(k, v) || !become(k, v))
		return;
	if (!reach_covers(k, &second)) {
		k->who = second;
		k->approver = NULL;
		ask_problem(k, 403, NULL, "%s may approve only what is below %s", second.name,
			second.nodes[0]);
		return;
	}
	tell(k->api->four_eyes, v, "approved", second.actor, NULL);
	drop(k->api->four_eyes, v);
	if (reach_allows(k))
		k->match.row->handle(k);
}

void four_eyes_refuse(struct ask *k)
{
	const struct api_approval_refuse *post = k->body;
	struct waiting *v = find(k);

	if (v == NULL || (!is_same_person(k, v) && !may_approve(k, v)))
		return;
	tell(k->api->four_eyes, v, is_same_person(k, v) ? "withdrawn" : "refused", k->who.actor,
		post->why);
	drop(k->api->four_eyes, v);
	ask_done(k, "It will not be done.");
}
