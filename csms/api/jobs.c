/* Jobs: the same asked of many stations, with a result for each. The commands of a job name it as
 * their parent, so that it is still known after a restart. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/names.h"
#include "csms/command.h"
#include "csms/mask.h"
#include "csms/record.h"
#include "db/query.h"
#include "db/query_command.h"
#include "db/query_device.h"
#include "db/query_network.h"
#include "gen/ocpp201.h"

#define STATIONS_MAX 10000

/* -- writing a variable ------------------------------------------------------------------------ */

static struct ocpp201_evse evse_of(const struct api_variable_post *p)
{
	return (struct ocpp201_evse){
		.id = p->evse, .has_connector_id = p->has_connector, .connector_id = p->connector};
}

/* The SetVariables request as JSON; NULL after the answer was given. */
static const char *payload_of(struct ask *k, const struct api_variable_post *p)
{
	int attribute = schema_enum_find(&ocpp201_attribute_enum, p->attribute);
	struct ocpp201_evse evse = evse_of(p);
	struct ocpp201_set_variable_data d = {
		.has_attribute_type = attribute > 0,
		.attribute_type = (enum ocpp201_attribute)(attribute < 0 ? 0 : attribute),
		.attribute_value = p->value,
		.component = {.name = p->component,
			.instance = p->component_instance,
			.evse = p->has_evse ? &evse : NULL},
		.variable = {.name = p->variable, .instance = p->variable_instance},
	};
	struct ocpp201_set_variables_request req = {.set_variable_data = {1, &d}};
	const char *json = NULL;
	struct text t;

	if (attribute < 0 || (p->has_connector && !p->has_evse)) {
		ask_problem(k, 400, attribute < 0 ? "attribute" : "evse",
			attribute < 0 ? "attribute is Actual, Target, MinSet or MaxSet"
				      : "a connector is one of an EVSE: name that too");
		return NULL;
	}
	text_init(&t, 0);
	if (schema_encode(&ocpp201_set_variables_request_type, &req, &t) == 0)
		json = arena_strndup(k->arena, t.data, t.len);
	text_finish(&t);
	if (json == NULL)
		ask_problem(k, 503, NULL, "no memory");
	return json;
}

/* A job as it is started. */
struct job {
	char id[37];
	const char *payload, *why;
	struct ask *ask;
	struct event_job_started *event;
	struct arena *arena; /* of the turn */
	struct api_job view;
};

static void refuse(struct job *j, const char *station, const char *why)
{
	struct event_job_refusal *f = &j->event->refused.items[j->event->refused.count++];
	struct api_job_result *out = &j->view.results.items[j->view.results.count++];

	f->station = arena_strdup(j->arena, station);
	f->why = arena_printf(j->arena, "%.300s", why);
	*out = (struct api_job_result){.station = arena_strdup(j->ask->arena, station),
		.state = API_COMMAND_STATE_REFUSED,
		.note = arena_printf(j->ask->arena, "%.300s", why)};
	if (f->station == NULL || f->why == NULL)
		j->event->refused.count--;
	if (out->station == NULL)
		j->view.results.count--;
}

static void start_at(struct job *j, struct station *s)
{
	struct core *c = j->ask->api->core;
	struct api_job_result *out = &j->view.results.items[j->view.results.count];
	const struct command_request req = {
		.action = "SetVariables",
		.payload = j->payload,
		.actor = j->ask->who.actor,
		.why = j->why,
		.parent = j->id,
	};
	struct schema_error err;
	char id[37];

	if (command_start(c, s, &req, id, &err) != 0) {
		refuse(j, s->id, err.message);
		return;
	}
	*out = (struct api_job_result){.station = arena_strdup(j->ask->arena, s->id),
		.command = arena_strdup(j->ask->arena, id),
		.state = API_COMMAND_STATE_WAITING};
	if (out->station != NULL && out->command != NULL)
		j->view.results.count++;
	j->view.open++;
}

static void start_all(struct job *j)
{
	struct station *s, *tmp;

	HASH_ITER (hh, j->ask->api->core->fleet.stations, s, tmp)
		if (s->session != NULL && !s->is_guest && j->view.stations < STATIONS_MAX) {
			j->view.stations++;
			start_at(j, s);
		}
}

static void start_named(struct job *j, const struct schema_strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct station *s = fleet_station(&j->ask->api->core->fleet, names->items[i]);

		j->view.stations++;
		if (s != NULL)
			start_at(j, s);
		else
			refuse(j, names->items[i], "there is no such station");
	}
}

static bool make_room(struct job *j, size_t count)
{
	struct core *c = j->ask->api->core;

	j->arena = record_arena(c);
	j->event = j->arena ? arena_alloc(j->arena, sizeof(*j->event)) : NULL;
	if (j->event == NULL)
		return false;
	j->event->refused.items =
		arena_alloc(j->arena, (count + 1) * sizeof(*j->event->refused.items));
	j->view.results.items =
		arena_alloc(j->ask->arena, (count + 1) * sizeof(*j->view.results.items));
	return j->event->refused.items != NULL && j->view.results.items != NULL;
}

static void journal(struct job *j)
{
	struct core *c = j->ask->api->core;
	const char *copy = arena_strdup(j->arena, j->payload);
	size_t len;

	j->event->action = "SetVariables";
	j->event->payload = copy ? mask_secrets(j->arena, copy, strlen(copy), &len) : NULL;
	j->event->why = j->why ? arena_strdup(j->arena, j->why) : NULL;
	j->event->stations = j->view.stations;
	if (j->event->payload != NULL)
		record_now(c, EVENT_JOB_STARTED, "job", j->id, j->event, j->ask->who.actor, NULL);
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the store: %s", why ? why : "unknown");
	else
		ask_reply(k, 202, &api_job_type, k->state);
}

void variables_post(struct ask *k)
{
	const struct api_variable_post *p = k->body;
	struct core *c = k->api->core;
	struct job *j = arena_alloc(k->arena, sizeof(*j));
	struct schema_strings names;

	if (p->all == (p->stations.count > 0)) {
		ask_problem(k, 400, "stations", "name `stations`, or say `all`: one of the two");
		return;
	}
	if (j == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (!names_each_once(k, &p->stations, &names))
		return;
	j->ask = k;
	j->why = p->why;
	j->payload = payload_of(k, p);
	if (j->payload != NULL && !ask_may_send(k, "SetVariables", j->payload))
		return;
	if (j->payload == NULL || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (!make_room(j, p->all ? HASH_COUNT(c->fleet.stations) : names.count)) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	ocpp_message_ids_next(&c->ids, clock_wall().ms, j->id);
	j->view.id = j->id;
	j->view.action = "SetVariables";
	j->view.at = clock_wall();
	j->view.why = p->why;
	if (p->all)
		start_all(j);
	else
		start_named(j, &names);
	journal(j);
	k->state = &j->view;
	record_then(c, on_durable, k);
}

/* -- looking ----------------------------------------------------------------------------------- */

struct query {
	const char *id;
	struct db_job *job;
	struct db_command_list commands;
	struct db_network_job *network; /* NULL: it is none */
	const char *error;
};

static void get_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	const struct db_command_filter f = {.parent = q->id, .limit = STATIONS_MAX};

	if (db_query_job(r, q->id, k->arena, &q->job) != 0 ||
		db_query_commands(r, &f, k->arena, &q->commands) != 0 ||
		db_query_network_job(r, q->id, k->arena, &q->network) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void add_command(struct api_job *out, const struct db_command *c)
{
	int state = schema_enum_find(&api_command_state_enum, c->state);

	out->results.items[out->results.count++] = (struct api_job_result){
		.station = c->station,
		.action = c->action,
		.command = c->id,
		.state = state < 0 ? API_COMMAND_STATE_UNKNOWN : (enum api_command_state)state,
		.status = c->status,
		.note = c->note,
	};
	out->open += c->ended_at.ms == 0;
	out->done += state == API_COMMAND_STATE_DONE;
}

/* One station, several commands: it is over when the job is. */
static void add_network(struct api_job *out, const struct db_network_job *n)
{
	int state = schema_enum_find(&api_command_state_enum, n->state);

	out->has_state = state >= 0;
	out->state = (enum api_command_state)(state < 0 ? 0 : state);
	out->step = n->step >= 0 && n->step < event_network_step_enum.count
			    ? event_network_step_enum.values[n->step]
			    : NULL;
	out->note = n->note;
	out->open = state == API_COMMAND_STATE_WAITING || state == API_COMMAND_STATE_RUNNING;
	out->done = state == API_COMMAND_STATE_DONE;
}

static void get_finish(struct ask *k)
{
	const struct query *q = k->state;
	const struct db_job *j = q->job;
	struct api_job out = {0};

	if (q->error != NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error);
		return;
	}
	if (j == NULL) {
		ask_problem(k, 404, NULL, "there is no job \"%.40s\"", q->id);
		return;
	}
	out = (struct api_job){.id = j->id,
		.action = j->action,
		.at = j->at,
		.actor = j->actor,
		.why = j->why,
		.payload = j->payload,
		.stations = j->stations};
	out.results.items = arena_alloc(
		k->arena, (q->commands.count + j->refusal_count + 1) * sizeof(*out.results.items));
	if (out.results.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < q->commands.count; i++)
		add_command(&out, &q->commands.items[i]);
	for (size_t i = 0; i < j->refusal_count; i++)
		out.results.items[out.results.count++] =
			(struct api_job_result){.station = j->refusals[i].station,
				.state = API_COMMAND_STATE_REFUSED,
				.note = j->refusals[i].why};
	if (q->network != NULL)
		add_network(&out, q->network);
	ask_reply(k, 200, &api_job_type, &out);
}

void job_get(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	q->id = k->match.param[0];
	k->state = q;
	ask_read(k, get_work, get_finish);
}
