/* Users: who may sign in, as what, and where that holds. For administrators. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/api/self.h"
#include "csms/people/people.h"
#include "csms/record.h"
#include "csms/view/words_people.h"

static struct person *path_person(struct ask *k)
{
	struct person *p = people_find(k->api->people, k->match.param[0]);

	if (p == NULL)
		ask_problem(k, 404, NULL, "there is no user %.60s; GET /api/v1/users lists them",
			k->match.param[0]);
	return p;
}

static struct schema_strings nodes_of(struct arena *a, const struct person *p)
{
	struct schema_strings list = {0};

	if (p->node_count == 0 ||
		(list.items = arena_alloc(a, sizeof(*list.items) * PERSON_NODES)) == NULL)
		return list;
	for (int i = 0; i < p->node_count; i++)
		list.items[list.count++] = arena_strdup(a, p->nodes[i]);
	return list;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(
		((const struct api_user_view *)a)->name, ((const struct api_user_view *)b)->name);
}

static void say(struct ask *k, struct api_user_list *out)
{
	struct words_people n = {0};
	struct text t;

	for (size_t i = 0; i < out->users.count; i++) {
		const struct api_user_view *u = &out->users.items[i];

		n.disabled += u->disabled;
		n.may += !u->disabled;
		n.bare += !u->disabled && u->password && !u->factor && u->provider == NULL;
	}
	text_init(&t, 0);
	words_people_sentence(&t, &n);
	out->sentence = arena_strdup(k->arena, t.data);
	text_clear(&t);
	words_people_sub(&t, &n);
	out->sub = arena_strdup(k->arena, t.data);
	text_finish(&t);
}

void users_list(struct ask *k)
{
	struct person *first = people_first(k->api->people);
	struct api_user_list list = {0};
	struct api_user_view *items =
		arena_alloc(k->arena, sizeof(*items) * (HASH_COUNT(first) + 1));

	for (const struct person *p = first; p != NULL && items != NULL; p = p->hh.next)
		items[list.users.count++] = (struct api_user_view){
			.name = p->name,
			.role = role_name(p->role),
			.nodes = nodes_of(k->arena, p),
			.disabled = p->is_disabled,
			.provider = p->provider[0] != '\0' ? p->provider : NULL,
			.subject = p->provider[0] != '\0' ? p->subject : NULL,
			.password = p->hash[0] != '\0',
			.factor = p->factor[0] != '\0',
			.changed = p->changed,
			.has_signed_in = p->signed_in.ms != 0,
			.signed_in = p->signed_in,
			.sessions = auth_sessions_of(k->api->auth, p->name),
		};
	list.users.items = items;
	if (items != NULL)
		qsort(items, list.users.count, sizeof(*items), compare_names);
	say(k, &list);
	ask_reply(k, 200, &api_user_list_type, &list);
}

/* -- change ---------------------------------------------------------------------------------- */

/* Names stand in streams of the journal and beside those of programs. */
static bool name_is_sound(struct ask *k, const char *name)
{
	size_t points;

	if (schema_utf8_check(name, strlen(name), &points) && points >= 1 && strlen(name) <= 60 &&
		strpbrk(name, "/\n\r\t") == NULL && name[0] != ' ' && strcmp(name, "local") != 0)
		return true;
	ask_problem(k, 400, "name", "name: must be one line of at most 60 bytes without \"/\"");
	return false;
}

static bool post_is_sound(struct ask *k, const struct api_user_put *post)
{
	if (role_parse(post->role) < 0) {
		ask_problem(k, 400, "role",
			"role: must be viewer, operator, dispatcher, electrician, energy_manager or admin");
		return false;
	}
	return access_nodes_known(k, &post->nodes);
}

static void user_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct api_user_put *post = k->body;
	struct person *p = status == 0 && k->api != NULL
				   ? people_get(k->api->people, k->match.param[0])
				   : NULL;

	if (p != NULL) {
		p->role = (enum role)role_parse(post->role);
		p->is_disabled = post->disabled;
		p->node_count = (int)post->nodes.count;
		for (int i = 0; i < p->node_count; i++)
			snprintf(p->nodes[i], sizeof(p->nodes[i]), "%s", post->nodes.items[i]);
		p->changed = clock_wall();
		self_end_sessions(k, p->name, NULL, "changed by an administrator");
	}
	ask_changed(k, status, why);
}

/* Somebody of a provider is what the claims say, at each sign-in anew; only a no of ours goes before. */
static bool claims_allow(struct ask *k, const struct person *p, const struct api_user_put *post)
{
	bool is_same = p == NULL || p->provider[0] == '\0' ||
		       (role_parse(post->role) == (int)p->role &&
			       post->nodes.count == (size_t)p->node_count);

	for (size_t i = 0; is_same && p != NULL && p->provider[0] != '\0' && i < post->nodes.count;
		i++)
		is_same = strcmp(post->nodes.items[i], p->nodes[i]) == 0;
	if (!is_same)
		ask_problem(k, 409, "role",
			"the role of %s comes from %s: change it there or in people.providers; here "
			"the user can be disabled",
			p->name, p->provider);
	return is_same;
}

void user_put(struct ask *k)
{
	const struct api_user_put *post = k->body;
	struct core *c = k->api->core;
	const char *name = k->match.param[0];
	const struct person *p = people_find(k->api->people, name);
	struct arena *a;
	struct event_user_changed *e;

	if (!name_is_sound(k, name) || !post_is_sound(k, post) || !claims_allow(k, p, post))
		return;
	a = record_arena(c);
	e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;
	if (e == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	*e = (struct event_user_changed){.role = role_name((enum role)role_parse(post->role)),
		.nodes = access_nodes_copy(a, &post->nodes),
		.disabled = post->disabled,
		.why = post->why != NULL ? arena_strdup(a, post->why) : NULL,
		.before = p != NULL ? arena_alloc(a, sizeof(*e->before)) : NULL};
	if (e->before != NULL)
		*e->before = (struct event_user_state){.role = role_name(p->role),
			.nodes = nodes_of(a, p),
			.disabled = p->is_disabled};
	ask_hold(k);
	record_now(c, EVENT_USER_CHANGED, "user", name, e, k->who.actor, NULL);
	record_then(c, user_stored, k);
}

void user_sign_out_post(struct ask *k)
{
	const struct person *p = path_person(k);

	if (p == NULL)
		return;
	self_end_sessions(k, p->name, NULL, "ended by an administrator");
	ask_done(k, NULL);
}

static void reset_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	struct person *p = status == 0 && k->api != NULL
				   ? people_find(k->api->people, k->match.param[0])
				   : NULL;

	if (p == NULL) {
		ask_changed(k, status != 0 ? status : -1, why);
		return;
	}
	p->hash[0] = p->factor[0] = '\0';
	p->code_count = 0;
	self_end_sessions(k, p->name, NULL, "reset by an administrator");
	access_make_link(k, p->name, p->role);
}

void user_reset_post(struct ask *k)
{
	struct core *c = k->api->core;
	const struct person *p = path_person(k);
	struct arena *a;
	struct event_user_password_set *e;
	struct event_user_factor_set *f;

	if (p == NULL)
		return;
	if (p->provider[0] != '\0') {
		ask_problem(k, 409, NULL, "%s signs in with %s and has no password here", p->name,
			p->provider);
		return;
	}
	a = record_arena(c);
	e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;
	f = a != NULL ? arena_alloc(a, sizeof(*f)) : NULL;
	if (e == NULL || f == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	e->peer = arena_strdup(a, k->peer);
	ask_hold(k);
	record_now(c, EVENT_USER_PASSWORD_SET, "user", p->name, e, k->who.actor, NULL);
	record_now(c, EVENT_USER_FACTOR_SET, "user", p->name, f, k->who.actor, NULL);
	record_then(c, reset_stored, k);
}

static void factor_gone(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	struct person *p = status == 0 && k->api != NULL
				   ? people_find(k->api->people, k->match.param[0])
				   : NULL;

	if (p != NULL) {
		p->factor[0] = '\0';
		p->code_count = 0;
		self_end_sessions(k, p->name, NULL, "second factor removed by an administrator");
	}
	ask_changed(k, status, why);
}

void user_factor_remove_post(struct ask *k)
{
	struct core *c = k->api->core;
	const struct person *p = path_person(k);
	struct arena *a = record_arena(c);
	struct event_user_factor_set *f = a != NULL ? arena_alloc(a, sizeof(*f)) : NULL;

	if (p == NULL)
		return;
	if (p->factor[0] == '\0') {
		ask_problem(k, 409, NULL, "%s has no second factor here", p->name);
		return;
	}
	if (f == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	ask_hold(k);
	record_now(c, EVENT_USER_FACTOR_SET, "user", p->name, f, k->who.actor, NULL);
	record_then(c, factor_gone, k);
}
