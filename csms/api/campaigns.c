/* Firmware campaigns: one image to many stations. csms/files/campaign.h is what does it. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/names.h"
#include "csms/files/campaign.h"
#include "csms/record.h"
#include "db/query.h"
#include "db/query_file.h"

struct query {
	const char *id; /* NULL: all */
	int limit;
	struct db_campaign_list found;
	const char *error;
};

/* -- looking ----------------------------------------------------------------------------------- */

static void view_member(const struct db_campaign_station *s, struct api_campaign_station *out)
{
	*out = (struct api_campaign_station){
		.station = s->station,
		.state = s->command == NULL && s->note != NULL ? "skipped"
			 : s->state != NULL                    ? s->state
							       : "waiting",
		.status = s->status,
		.note = s->note != NULL ? s->note : s->command_note,
		.command = s->command,
		.has_at = s->at.ms != 0,
		.at = s->at,
	};
}

/* Over when each station's command is. */
static const char *state_of(const struct db_campaign *c)
{
	if (c->cancelled_at.ms != 0)
		return "cancelled";
	for (size_t i = 0; i < c->station_count; i++) {
		const struct db_campaign_station *s = &c->stations[i];
		if (s->command == NULL ? s->note == NULL
				       : s->state == NULL || strcmp(s->state, "waiting") == 0 ||
						 strcmp(s->state, "running") == 0)
			return "running";
	}
	return "done";
}

static bool view_campaign(
	const struct db_campaign *c, struct arena *a, struct api_campaign_view *out)
{
	*out = (struct api_campaign_view){
		.id = c->id,
		.firmware = c->firmware,
		.state = state_of(c),
		.started_at = c->started_at,
		.actor = c->actor,
		.why = c->why,
		.has_retrieve_at = c->retrieve_at.ms != 0,
		.retrieve_at = c->retrieve_at,
		.has_install_at = c->install_at.ms != 0,
		.install_at = c->install_at,
		.at_once = c->at_once,
	};
	out->stations.items = arena_alloc(a, sizeof(*out->stations.items) * c->station_count + 1);
	if (out->stations.items == NULL)
		return false;
	out->stations.count = c->station_count;
	for (size_t i = 0; i < c->station_count; i++)
		view_member(&c->stations[i], &out->stations.items[i]);
	return true;
}

static void work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_campaigns(r, q->id, q->limit, k->arena, &q->found) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void list_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_campaign_list list = {0};
	bool good = q->error == NULL;

	list.campaigns.items =
		arena_alloc(k->arena, sizeof(*list.campaigns.items) * q->found.count + 1);
	good = good && list.campaigns.items != NULL;
	for (size_t i = 0; good && i < q->found.count; i++)
		good = view_campaign(&q->found.items[i], k->arena,
			&list.campaigns.items[list.campaigns.count++]);
	if (good)
		ask_reply(k, 200, &api_campaign_list_type, &list);
	else
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
}

static void one_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_campaign_view view;

	if (q->error != NULL)
		ask_problem(k, 503, NULL, "the store: %s", q->error);
	else if (q->found.count == 0)
		ask_problem(k, 404, NULL, "there is no such campaign");
	else if (view_campaign(q->found.items, k->arena, &view))
		ask_reply(k, 200, &api_campaign_view_type, &view);
	else
		ask_problem(k, 503, NULL, "no memory");
}

static void query(struct ask *k, const char *id, int limit, void (*finish)(struct ask *k))
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	q->id = id;
	q->limit = limit;
	k->state = q;
	ask_read(k, work, finish);
}

void campaigns_list(struct ask *k)
{
	int64_t limit = 20;

	if (ask_int(k, "limit", 1, 100, &limit))
		query(k, NULL, (int)limit, list_finish);
}

void campaign_get(struct ask *k)
{
	query(k, k->match.param[0], 1, one_finish);
}

/* -- starting and ending ----------------------------------------------------------------------- */

/* The stations that were named, by their identity as first written. */
static bool take_named(
	struct ask *k, const struct api_campaign_post *post, struct schema_strings *out)
{
	struct schema_strings names;

	if (!names_each_once(k, &post->stations, &names))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		const struct station *s = fleet_station(&k->api->core->fleet, names.items[i]);
		if (s == NULL) {
			ask_problem(
				k, 404, "stations", "there is no station %.48s", names.items[i]);
			return false;
		}
		out->items[out->count++] = arena_strdup(k->arena, s->id);
	}
	return true;
}

/* All that said to be of its maker and model, and have not its version. */
static void take_fitting(struct ask *k, const struct firmware_image *x, struct schema_strings *out)
{
	for (const struct station *s = k->api->core->fleet.stations; s != NULL; s = s->hh.next)
		if (s->vendor[0] != '\0' && firmware_fits(s, x) &&
			strcmp(s->firmware, x->version) != 0)
			out->items[out->count++] = arena_strdup(k->arena, s->id);
}

static bool plan_stations(struct ask *k, const struct api_campaign_post *post,
	const struct firmware_image *x, struct schema_strings *out)
{
	size_t most = post->stations.count + HASH_COUNT(k->api->core->fleet.stations);

	out->items = arena_alloc(k->arena, sizeof(*out->items) * (most + 1));
	if (out->items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return false;
	}
	if (post->stations.items != NULL && !take_named(k, post, out))
		return false;
	if (post->stations.items == NULL)
		take_fitting(k, x, out);
	if (out->count > 0)
		return true;
	ask_problem(k, 422, "stations",
		"no station is of this maker and model and without this version");
	return false;
}

static void on_started(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the change was not stored: %s", why ? why : "");
	else if (k->api == NULL)
		ask_problem(k, 503, NULL, "depotd ends");
	else
		query(k, k->state, 1, one_finish);
}

void campaign_post(struct ask *k)
{
	const struct api_campaign_post *post = k->body;
	struct core *c = k->api->core;
	struct campaign_plan plan = {
		.image = c->firmware != NULL ? firmware_find(c->firmware, post->firmware) : NULL,
		.order = {.is_unsigned = post->allow_unsigned,
			.retrieve_at = post->has_retrieve_at ? post->retrieve_at : (wall_t){0},
			.install_at = post->has_install_at ? post->install_at : (wall_t){0},
			.retries = -1,
			.interval_s = -1},
		.at_once = (int)post->at_once,
		.actor = k->who.actor,
		.why = post->why,
	};
	char *id = arena_alloc(k->arena, 37);

	if (plan.image == NULL) {
		ask_problem(k, 404, "firmware",
			"there is no such firmware; GET /api/v1/firmware lists what is");
		return;
	}
	if (plan.image->signature == NULL && !post->allow_unsigned) {
		ask_problem(k, 422, "firmware",
			"this firmware is not signed: add its signature, or ask for an unsigned "
			"update");
		return;
	}
	if (!plan_stations(k, post, plan.image, &plan.stations) || !replay_begin(k->api->replay, k))
		return;
	if (id == NULL || campaign_start(c->campaigns, &plan, id) != 0) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	k->state = id;
	ask_hold(k);
	record_then(c, on_started, k);
}

void campaign_delete(struct ask *k)
{
	struct core *c = k->api->core;

	if (c->campaigns == NULL || !campaign_is_open(c->campaigns, k->match.param[0])) {
		ask_problem(k, 404, NULL, "no such campaign has stations that were not asked yet");
		return;
	}
	campaign_cancel(c->campaigns, k->match.param[0], k->who.actor);
	ask_hold(k);
	record_then(c, ask_changed, k);
}
