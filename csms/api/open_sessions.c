/* Open sessions of browsers, one by one: one's own, and for administrators those of others. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/people/people.h"
#include "csms/record.h"

struct listing {
	struct ask *k;
	struct api_open_session_list out;
	size_t room;
};

static void list_one(void *arg, const struct auth_open *v)
{
	struct listing *l = arg;
	struct arena *a = l->k->arena;

	if (l->out.sessions.count == l->room)
		return;
	l->out.sessions.items[l->out.sessions.count++] = (struct api_open_session){
		.id = arena_strdup(a, v->id),
		.since = v->since,
		.seen = v->used,
		.peer = arena_strdup(a, v->peer),
		.browser = arena_strdup(a, v->agent),
		.method = arena_strdup(a, v->method),
		.own = strcmp(v->digest, l->k->who.digest) == 0,
	};
}

static void list(struct ask *k, const char *name)
{
	struct listing l = {.k = k, .room = (size_t)auth_sessions_of(k->api->auth, name)};

	l.out.sessions.items = arena_alloc(k->arena, sizeof(*l.out.sessions.items) * (l.room + 1));
	if (l.out.sessions.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	auth_sessions(k->api->auth, name, list_one, &l);
	ask_reply(k, 200, &api_open_session_list_type, &l.out);
}

static void end_one(struct ask *k, const char *name, const char *id, const char *why)
{
	struct core *c = k->api->core;
	struct arena *a = record_arena(c);
	struct event_sessions_ended *e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;

	if (!auth_end_one(k->api->auth, name, id)) {
		ask_problem(k, 404, NULL, "there is no such session; it may have ended");
		return;
	}
	if (e != NULL) {
		*e = (struct event_sessions_ended){.sessions = 1, .why = why};
		record_now(c, EVENT_SESSIONS_ENDED, "user", name, e, k->who.actor, NULL);
	}
	ask_done(k, NULL);
}

/* Programs and the owner's socket have none. */
static bool has_sessions(struct ask *k)
{
	if (k->who.by == AUTH_SESSION)
		return true;
	ask_problem(k, 409, NULL,
		"this is for those who are signed in; an administrator finds the sessions of users at "
		"/api/v1/users/NAME/sessions");
	return false;
}

void own_sessions_get(struct ask *k)
{
	if (has_sessions(k))
		list(k, k->who.name);
}

void own_session_delete(struct ask *k)
{
	if (has_sessions(k))
		end_one(k, k->who.name, k->match.param[0], "one session, ended by its owner");
}

/* Also of somebody who came by a link and is no user. */
static bool is_known(struct ask *k)
{
	const char *name = k->match.param[0];

	if (people_find(k->api->people, name) != NULL || auth_sessions_of(k->api->auth, name) > 0)
		return true;
	ask_problem(k, 404, NULL, "there is no user %.60s; GET /api/v1/users lists them", name);
	return false;
}

void user_sessions_get(struct ask *k)
{
	if (is_known(k))
		list(k, k->match.param[0]);
}

void user_session_delete(struct ask *k)
{
	if (is_known(k))
		end_one(k, k->match.param[0], k->match.param[1],
			"one session, ended by an administrator");
}
