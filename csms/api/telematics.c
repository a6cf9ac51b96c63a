/* What vehicles report: sources and their tokens, readings, what was set aside. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/record.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/telematics_aside.h"
#include "db/query.h"
#include "db/query_fleet.h"

#define ASIDE_LIMIT 1000

/* -- readings -------------------------------------------------------------------------------- */

struct readings_state {
	struct db_reading_filter filter;
	struct db_reading_list list;
	bool failed;
};

static void readings_work(struct db_reader *r, struct ask *k)
{
	struct readings_state *s = k->state;

	s->failed = db_query_readings(r, &s->filter, k->arena, &s->list) != 0;
}

static void readings_finish(struct ask *k)
{
	const struct readings_state *s = k->state;
	struct api_reading_list out = {0};

	out.readings.items =
		arena_alloc(k->arena, sizeof(*out.readings.items) * (s->list.count + 1));
	if (s->failed || out.readings.items == NULL) {
		ask_problem(k, 503, NULL, "the readings could not be read: try again");
		return;
	}
	for (size_t i = 0; i < s->list.count; i++) {
		const struct db_reading *r = &s->list.items[i];
		int q = r->quantity ? schema_enum_find(&telematics_quantity_enum, r->quantity) : -1;

		if (q < 0)
			continue;
		out.readings.items[out.readings.count++] = (struct api_vehicle_reading){
			.quantity = r->quantity,
			.value = r->value,
			.unit = telematics_quantities[q].sign,
			.at = r->at,
			.received_at = r->received,
			.source = r->source,
			.confidence = telematics_confidence_names[telematics_confidence_of(
				r->confidence)],
		};
	}
	ask_reply(k, 200, &api_reading_list_type, &out);
}

void vehicle_readings(struct ask *k)
{
	struct readings_state *s = arena_alloc(k->arena, sizeof(*s));
	int64_t limit = 100;

	if (s == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	s->filter.vehicle = k->match.param[0];
	s->filter.quantity = ask_query(k, "quantity");
	s->filter.source = ask_query(k, "source");
	if (!ask_int(k, "limit", 1, 10000, &limit) || !ask_time(k, "from", &s->filter.from) ||
		!ask_time(k, "to", &s->filter.to))
		return;
	if (strchr(s->filter.vehicle, '/') != NULL ||
		fleet_vehicle(&k->api->core->fleet, s->filter.vehicle) == NULL) {
		ask_problem(k, 404, NULL, "there is no vehicle \"%.60s\"", s->filter.vehicle);
		return;
	}
	if (s->filter.quantity != NULL &&
		schema_enum_find(&telematics_quantity_enum, s->filter.quantity) < 0) {
		ask_problem(
			k, 400, "quantity", "quantity: there is no \"%.40s\"", s->filter.quantity);
		return;
	}
	s->filter.limit = (int)limit;
	k->state = s;
	ask_read(k, readings_work, readings_finish);
}

/* -- sources --------------------------------------------------------------------------------- */

void telematics_sources_list(struct ask *k)
{
	struct telematics *t = k->api->core->telematics;
	struct api_telematics_source_list out = {.at = clock_wall()};
	int count = telematics_source_count(t);

	out.sources.items = arena_alloc(k->arena, sizeof(*out.sources.items) * ((size_t)count + 1));
	if (out.sources.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (int i = 0; i < count; i++) {
		struct telematics_source_view v;

		telematics_source_look(telematics_source_at(t, i), &v);
		out.sources.items[out.sources.count++] = (struct api_telematics_source){
			.id = v.id,
			.mapping = v.mapping,
			.link = arena_strdup(k->arena, v.link),
			.has_connected = v.has_mqtt,
			.connected = v.is_connected,
			.has_token = v.has_http,
			.token = v.has_token,
			.has_last_at = v.last.ms != 0,
			.last_at = v.last,
			.messages = v.counts.messages,
			.readings = v.counts.readings,
			.late = v.counts.late,
			.repeated = v.counts.repeated,
			.aside = v.counts.aside,
			.dropped = v.counts.dropped,
			.open_aside = v.open_aside,
		};
	}
	ask_reply(k, 200, &api_telematics_source_list_type, &out);
}

/* The source of the path, which takes posts; NULL after an answer. */
static struct telematics_source *path_source(struct ask *k)
{
	struct telematics_source *s =
		telematics_source_find(k->api->core->telematics, k->match.param[0]);
	struct telematics_source_view v;

	if (s == NULL) {
		ask_problem(k, 404, NULL, "there is no source \"%.40s\" in the config",
			k->match.param[0]);
		return NULL;
	}
	telematics_source_look(s, &v);
	if (v.has_http)
		return s;
	ask_problem(k, 409, NULL, "%.40s does not post: set `http: true` in the config", v.id);
	return NULL;
}

/* An answer that waits for the disk. */
struct token_state {
	struct api_telematics_token_reply reply;
	char token[TELEMATICS_TOKEN_SIZE];
};

static void token_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct token_state *s = k->state;

	(void)why;
	if (status != 0)
		ask_problem(k, 503, NULL, "the store could not write it");
	else
		ask_reply(k, 200, &api_telematics_token_reply_type, &s->reply);
}

void telematics_token_post(struct ask *k)
{
	struct telematics_source *source = path_source(k);
	struct token_state *s = source ? arena_alloc(k->arena, sizeof(*s)) : NULL;

	if (s == NULL)
		return;
	telematics_token_make(source, k->who.actor, s->token);
	s->reply.source = k->match.param[0];
	s->reply.token = s->token;
	k->state = s;
	ask_hold(k);
	record_then(k->api->core, token_durable, k);
}

void telematics_token_delete(struct ask *k)
{
	struct telematics_source *source = path_source(k);

	if (source == NULL)
		return;
	telematics_token_revoke(source, k->who.actor);
	ask_hold(k);
	record_then(k->api->core, ask_changed, k);
}

/* -- what was set aside ---------------------------------------------------------------------- */

static void view_aside(
	const struct telematics_aside *a, struct arena *m, struct api_telematics_aside *out)
{
	struct telematics_source_view source;

	telematics_source_look(a->source, &source);
	*out = (struct api_telematics_aside){
		.id = arena_strdup(m, a->id),
		.source = source.id,
		.fault = telematics_fault_names[a->fault],
		.ref = a->ref[0] ? arena_strdup(m, a->ref) : NULL,
		.field = a->field[0] ? arena_strdup(m, a->field) : NULL,
		.quantity = a->has_quantity ? telematics_quantity_enum.values[a->quantity] : NULL,
		.has_value = a->has_value,
		.value = a->value,
		.unit = a->has_quantity ? telematics_quantities[a->quantity].sign : NULL,
		.has_measured = a->has_at,
		.measured = a->at,
		.received_at = a->received,
		.topic = a->topic ? arena_strdup(m, a->topic) : NULL,
		.raw = arena_strdup(m, a->raw),
		.more = a->more,
		.vehicle = a->vehicle[0] ? arena_strdup(m, a->vehicle) : NULL,
		.new_quantity = a->has_new_quantity
					? telematics_quantity_enum.values[a->new_quantity]
					: NULL,
		.has_new_value = a->has_new_value,
		.new_value = a->new_value,
		.has_new_measured = a->new_at.ms != 0,
		.new_measured = a->new_at,
	};
}

/* Does the query mean this one? */
static bool is_meant(const struct ask *k, const struct telematics_aside *a)
{
	const char *source = ask_query(k, "source"), *fault = ask_query(k, "fault");
	struct telematics_source_view v;

	telematics_source_look(a->source, &v);
	return (source == NULL || strcmp(source, v.id) == 0) &&
	       (fault == NULL || strcmp(fault, telematics_fault_names[a->fault]) == 0);
}

void telematics_aside_list(struct ask *k)
{
	const struct telematics *t = k->api->core->telematics;
	struct api_telematics_aside_list out = {0};
	int64_t limit = 100;

	if (!ask_int(k, "limit", 1, ASIDE_LIMIT, &limit))
		return;
	out.aside.items = arena_alloc(k->arena, sizeof(*out.aside.items) * (size_t)limit);
	if (out.aside.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct telematics_aside *a = telematics_asides(t); a != NULL; a = a->next) {
		if (!is_meant(k, a))
			continue;
		out.count++;
		if (out.aside.count < (size_t)limit)
			view_aside(a, k->arena, &out.aside.items[out.aside.count++]);
	}
	ask_reply(k, 200, &api_telematics_aside_list_type, &out);
}

static struct telematics_aside *path_aside(struct ask *k)
{
	struct telematics_aside *a =
		telematics_aside_find(k->api->core->telematics, k->match.param[0]);

	if (a == NULL)
		ask_problem(k, 404, NULL,
			"there is nothing set aside with this id: it was replayed, dropped, or made "
			"room");
	return a;
}

static void aside_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	(void)why;
	if (status != 0)
		ask_problem(k, 503, NULL, "the store could not write it");
	else
		ask_reply(k, 200, &api_telematics_aside_type, k->state);
}

void telematics_aside_put(struct ask *k)
{
	const struct api_telematics_correction *put = k->body;
	struct telematics_aside *a = path_aside(k);
	struct api_telematics_aside *view = arena_alloc(k->arena, sizeof(*view));
	int q = put->quantity ? schema_enum_find(&telematics_quantity_enum, put->quantity) : -1;
	const struct telematics_correction c = {.vehicle = put->vehicle,
		.has_quantity = q >= 0,
		.quantity = (enum telematics_quantity)(q < 0 ? 0 : q),
		.has_value = put->has_value,
		.value = put->value,
		.at = put->has_measured ? put->measured : (wall_t){0}};
	char why[300];

	if (a == NULL || view == NULL)
		return;
	if (put->quantity != NULL && q < 0) {
		ask_problem(k, 400, "quantity", "quantity: there is no \"%.40s\"", put->quantity);
		return;
	}
	if (telematics_correct(a, &c, k->who.actor, why) != 0) {
		ask_problem(k, 422, NULL, "%s", why);
		return;
	}
	view_aside(a, k->arena, view);
	k->state = view;
	ask_hold(k);
	record_then(k->api->core, aside_durable, k);
}

static void replay_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	(void)why;
	if (status != 0)
		ask_problem(k, 503, NULL, "the store could not write it");
	else
		ask_reply(k, 200, &api_telematics_replay_type, k->state);
}

static void replay_answer(struct ask *k, const struct api_telematics_replay *done)
{
	struct api_telematics_replay *out = arena_alloc(k->arena, sizeof(*out));

	if (out == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	*out = *done;
	k->state = out;
	ask_hold(k);
	record_then(k->api->core, replay_durable, k);
}

void telematics_aside_replay(struct ask *k)
{
	struct telematics_aside *a = path_aside(k);
	char why[300];
	int n;

	if (a == NULL)
		return;
	n = telematics_replay(a, k->who.actor, why);
	if (n < 0)
		ask_problem(k, 409, NULL, "%s", why);
	else
		replay_answer(k, &(struct api_telematics_replay){.replayed = 1, .readings = n});
}

void telematics_aside_replay_all(struct ask *k)
{
	struct telematics *t = k->api->core->telematics;
	struct api_telematics_replay done = {0};
	char why[300];

	for (const struct telematics_aside *a = telematics_asides(t), *next; a; a = next) {
		int n;

		next = a->next;
		if (!is_meant(k, a))
			continue;
		n = telematics_replay(telematics_aside_find(t, a->id), k->who.actor, why);
		if (n < 0 && done.left++ == 0)
			done.why = arena_strdup(k->arena, why);
		if (n >= 0) {
			done.replayed++;
			done.readings += n;
		}
	}
	replay_answer(k, &done);
}

void telematics_aside_delete(struct ask *k)
{
	struct telematics_aside *a = path_aside(k);

	if (a == NULL)
		return;
	telematics_drop(a, k->who.actor);
	ask_hold(k);
	record_then(k->api->core, ask_changed, k);
}
