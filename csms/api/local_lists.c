/* Local authorisation lists and authorisation caches of stations. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/names.h"
#include "csms/charging/auth_cache.h"
#include "csms/charging/local_list.h"
#include "csms/record.h"

/* -- lists ----------------------------------------------------------------------------------- */

static void view_list(const struct core *c, const struct station *s, struct arena *a,
	struct api_local_list_view *out)
{
	struct local_list_view v;

	local_list_look(c, s, &v);
	*out = (struct api_local_list_view){
		.station = arena_strdup(a, s->id),
		.mode = (enum api_list_mode)v.mode,
		.mode_by = v.is_own_mode ? "api" : "file",
		.state = event_list_state_enum.values[v.state],
		.doing = v.doing,
		.version = v.version,
		.entries = v.entries,
		.has_at = v.at.ms != 0,
		.at = v.at,
		.note = v.note ? arena_strdup(a, v.note) : NULL,
	};
}

void local_lists_list(struct ask *k)
{
	const struct core *c = k->api->core;
	struct api_local_list_list out = {.tokens = local_list_tokens(c)};

	out.lists.items =
		arena_alloc(k->arena, sizeof(*out.lists.items) * HASH_COUNT(c->fleet.stations) + 1);
	if (out.lists.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
		view_list(c, s, k->arena, &out.lists.items[out.lists.count++]);
	ask_reply(k, 200, &api_local_list_list_type, &out);
}

static struct station *path_station(struct ask *k)
{
	struct station *s = fleet_station(&k->api->core->fleet, k->match.param[0]);

	if (s == NULL)
		ask_problem(k, 404, NULL, "there is no station \"%.48s\"", k->match.param[0]);
	return s;
}

void local_list_put(struct ask *k)
{
	const struct api_local_list_put *put = k->body;
	struct station *s = path_station(k);

	if (s == NULL || !replay_begin(k->api->replay, k))
		return;
	local_list_set_mode(k->api->core, s, (enum event_list_mode)put->mode, k->who.actor);
	ask_hold(k);
	record_then(k->api->core, ask_changed, k);
}

void local_list_sync_post(struct ask *k)
{
	struct station *s = path_station(k);
	struct api_local_list_view out;
	char why[300];

	if (s == NULL || !replay_begin(k->api->replay, k))
		return;
	if (local_list_sync(k->api->core, s, k->who.actor, why) != 0) {
		ask_problem(k, 409, NULL, "%s", why);
		return;
	}
	view_list(k->api->core, s, k->arena, &out);
	ask_reply(k, 202, &api_local_list_view_type, &out);
}

/* -- caches ---------------------------------------------------------------------------------- */

/* A ClearCache to many stations: each fills its row, the last answers. */
struct clearing {
	struct ask *k;
	struct api_cache_clear_reply reply;
	size_t waiting;
};

static void finish(struct clearing *j)
{
	if (j->waiting == 0 && j->k->api == NULL) /* the API ended meanwhile */
		ask_problem(j->k, 503, NULL, "depotd ends");
	else if (j->waiting == 0)
		ask_reply(j->k, 200, &api_cache_clear_reply_type, &j->reply);
}

static struct api_cache_clear_result *row_of(struct clearing *j, const char *station)
{
	for (size_t i = 0; i < j->reply.results.count; i++)
		if (strcmp(j->reply.results.items[i].station, station) == 0)
			return &j->reply.results.items[i];
	return NULL;
}

static void on_cleared(void *arg, const struct command *command)
{
	struct clearing *j = arg;
	struct command_view v;
	struct api_cache_clear_result *row;

	command_look(command, &v);
	row = row_of(j, v.station);
	if (row != NULL) {
		row->state = event_command_state_enum.values[v.state];
		row->note = v.note && v.note[0]       ? arena_strdup(j->k->arena, v.note)
			    : v.status && v.status[0] ? arena_strdup(j->k->arena, v.status)
						      : NULL;
	}
	j->waiting--;
	finish(j);
}

static void clear_one(struct clearing *j, struct station *s, const char *id, const char *job)
{
	const struct api_cache_clear_post *post = j->k->body;
	struct api_cache_clear_result *row;
	struct schema_error err;

	row = &j->reply.results.items[j->reply.results.count++];
	*row = (struct api_cache_clear_result){
		.station = arena_strdup(j->k->arena, s != NULL ? s->id : id), .state = "waiting"};
	if (s != NULL && auth_cache_clear(j->k->api->core, s, j->k->who.actor, post->why, job,
				 on_cleared, j, &err) == 0) {
		j->waiting++;
		return;
	}
	row->state = "refused";
	row->note = s != NULL ? arena_strdup(j->k->arena, err.message) : "there is no such station";
}

void cache_clear_post(struct ask *k)
{
	const struct api_cache_clear_post *post = k->body;
	struct core *c = k->api->core;
	struct clearing *j = arena_alloc(k->arena, sizeof(*j));
	struct schema_strings names;
	size_t most;
	char job[37];

	if (!names_each_once(k, &post->stations, &names))
		return;
	most = names.count ? names.count : HASH_COUNT(c->fleet.stations);
	if (j != NULL)
		j->reply.results.items =
			arena_alloc(k->arena, sizeof(*j->reply.results.items) * (most + 1));
	if (j == NULL || j->reply.results.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the results");
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	j->k = k;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, job);
	for (size_t i = 0; i < names.count; i++)
		clear_one(j, fleet_station(&c->fleet, names.items[i]), names.items[i], job);
	if (!names.count)
		for (struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
			if (s->session != NULL)
				clear_one(j, s, s->id, job);
	finish(j);
}
