#include "csms/station/network_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/command.h"
#include "csms/command/check.h"
#include "csms/log.h"
#include "csms/mask.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "csms/stored.h"
#include "db/query_command.h"
#include "db/query_network.h"

#define PRIORITY_MAX 1000 /* characters of NetworkConfigurationPriority */

struct network_job {
	struct network_job *prev, *next;
	struct core *core;
	char id[37], station[UTF8_SIZE(48)], actor[UTF8_SIZE(80)], why[UTF8_SIZE(200)];
	char command[37]; /* of the step that runs */
	char priority[PRIORITY_MAX + 1]; /* the order before, "" unknown */
	char note[UTF8_SIZE(300)];
	enum event_network_step step;
	enum event_command_state state;
	int slot, security_profile;
	bool at_once;
	int within_s; /* it should be back; 0: as Reset has it */
};

struct network_jobs {
	struct network_job *open;
};

/* -- what each step is, and what it leaves behind when it fails -------------------------------- */

struct step {
	const char *action;
	const char *left; /* how the station stands now, and what to do */
};

static const struct step steps[] = {
	[EVENT_NETWORK_STEP_PROFILE] = {"SetNetworkProfile", "nothing was changed"},
	[EVENT_NETWORK_STEP_READ] = {"GetVariables",
		"the profile stands in slot %d but is not used; nothing else was changed"},
	[EVENT_NETWORK_STEP_ORDER] = {"SetVariables",
		"the profile stands in slot %d but is not used; the order of profiles is as before"},
	[EVENT_NETWORK_STEP_RESTART] = {"Reset",
		"slot %d goes first when the station restarts next; reset it when it suits, or set "
		"OCPPCommCtrlr.NetworkConfigurationPriority back"},
	[EVENT_NETWORK_STEP_LOOK] = {"GetVariables",
		"slot %d still goes first in its order: mend the profile's URL or certificate, or set "
		"OCPPCommCtrlr.NetworkConfigurationPriority back"},
};

static void journal(struct network_job *j)
{
	struct arena *a = record_arena(j->core);
	struct event_network_job_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_network_job_moved){
		.station = arena_strdup(a, j->station),
		.slot = j->slot,
		.security_profile = j->security_profile,
		.at_once = j->at_once,
		.step = j->step,
		.state = j->state,
		.command_id = j->command[0] ? arena_strdup(a, j->command) : NULL,
		.priority = j->priority[0] ? arena_strdup(a, j->priority) : NULL,
		.note = j->note[0] ? arena_strdup(a, j->note) : NULL,
	};
	record_now(j->core, EVENT_NETWORK_JOB_MOVED, "job", j->id, p, j->actor, NULL);
}

static void end(struct network_job *j, enum event_command_state state)
{
	struct network_jobs *all = j->core->network_jobs;

	j->state = state;
	journal(j);
	log_info("job %s: station %s: network profile %d: %s: %s", j->id, j->station, j->slot,
		event_command_state_enum.values[state], j->note);
	DL_DELETE(all->open, j);
	free(j);
}

/* The step went wrong: says what, and how the station was left. */
static void fail(struct network_job *j, enum event_command_state state, const char *what)
{
	static const char gone[] =
		"it tries slot %d first and then the old ones: look at the profile's URL and "
		"certificate, and at the station itself";
	bool is_gone =
		j->step == EVENT_NETWORK_STEP_RESTART && state == EVENT_COMMAND_STATE_UNKNOWN;
	const char *words = is_gone ? gone : steps[j->step].left, *gap = strstr(words, "%d");
	char left[200];

	if (gap)
		snprintf(
			left, sizeof left, "%.*s%d%s", (int)(gap - words), words, j->slot, gap + 2);
	else
		snprintf(left, sizeof left, "%s", words);
	snprintf(j->note, sizeof j->note, "%s: %.120s; %s", steps[j->step].action, what, left);
	end(j, state);
}

/* -- steps ------------------------------------------------------------------------------------ */

static void on_ended(void *arg, const struct command *k);

/* Starts the step; a failure to start ends the job. */
static void begin(struct network_job *j, enum event_network_step step, const char *payload)
{
	struct station *s = fleet_station(&j->core->fleet, j->station);
	struct schema_error err;
	struct command_request req = {
		.action = steps[step].action,
		.payload = payload,
		.actor = j->actor,
		.why = j->why[0] ? j->why : "to another network profile",
		.parent = j->id,
		.effect_s = step == EVENT_NETWORK_STEP_RESTART ? j->within_s : 0,
		.ended = on_ended,
		.arg = j,
	};

	j->step = step;
	j->state = EVENT_COMMAND_STATE_RUNNING;
	j->command[0] = '\0';
	if (!s)
		fail(j, EVENT_COMMAND_STATE_FAILED, "the station was removed");
	else if (command_start(j->core, s, &req, j->command, &err))
		fail(j, EVENT_COMMAND_STATE_FAILED, err.message);
	else
		journal(j);
}

#define READ_OF(variable)                                                                          \
	"{\"getVariableData\":[{\"component\":{\"name\":\"OCPPCommCtrlr\"},\"variable\":{"         \
	"\"name\":\"" variable "\"}}]}"

static void ask_order(struct network_job *j)
{
	begin(j, EVENT_NETWORK_STEP_READ, READ_OF("NetworkConfigurationPriority"));
}

/* The new slot first, the others behind it in their order. */
static void put_first(const struct network_job *j, char out[PRIORITY_MAX + 20])
{
	char copy[PRIORITY_MAX + 1], *save = NULL;
	int n = snprintf(out, PRIORITY_MAX + 20, "%d", j->slot);

	snprintf(copy, sizeof copy, "%s", j->priority);
	for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
		if (atoi(w) != j->slot && n < PRIORITY_MAX)
			n += snprintf(out + n, (size_t)(PRIORITY_MAX + 20 - n), ",%s", w);
}

static void set_order(struct network_job *j)
{
	char order[PRIORITY_MAX + 20], payload[PRIORITY_MAX + 300];

	put_first(j, order);
	snprintf(payload, sizeof payload,
		"{\"setVariableData\":[{\"attributeValue\":\"%s\",\"component\":{\"name\":"
		"\"OCPPCommCtrlr\"},\"variable\":{\"name\":\"NetworkConfigurationPriority\"}}]}",
		order);
	begin(j, EVENT_NETWORK_STEP_ORDER, payload);
}

static void restart(struct network_job *j)
{
	begin(j, EVENT_NETWORK_STEP_RESTART,
		j->at_once ? "{\"type\":\"Immediate\"}" : "{\"type\":\"OnIdle\"}");
}

/* The value of the only variable of an answer, or NULL. */
static const char *value_of(const char *response, struct arena *a)
{
	struct schema_error err;
	const struct ocpp201_get_variables_response *r =
		response ? schema_decode(&ocpp201_get_variables_response_type, response,
				   strlen(response), a, &err)
			 : NULL;

	return r && r->get_variable_result.count == 1 &&
			       r->get_variable_result.items[0].attribute_status ==
				       OCPP201_GET_VARIABLE_STATUS_ACCEPTED
		       ? r->get_variable_result.items[0].attribute_value
		       : NULL;
}

/* The order before; one that the station keeps to itself is taken for empty. */
static void take_order(struct network_job *j, const struct command_view *v)
{
	struct arena *a = arena_create(0);
	const char *value = a ? value_of(v->response, a) : NULL;

	if (value && strspn(value, "0123456789, ") == strlen(value) &&
		strlen(value) <= PRIORITY_MAX)
		snprintf(j->priority, sizeof j->priority, "%s", value);
	arena_destroy(a);
	set_order(j);
}

/* It is back. The slot that it says it uses is the proof; a station that does not know that variable
 * is judged by the security profile of its connection. */
static void judge(struct network_job *j, const struct command_view *v)
{
	const struct station *s = fleet_station(&j->core->fleet, j->station);
	struct arena *a = arena_create(0);
	const char *value = a && v ? value_of(v->response, a) : NULL;
	int used = value ? atoi(value) : 0, profile = s ? s->connected_profile : 0;
	char what[160];

	if (value && used != j->slot) {
		snprintf(what, sizeof what, "it came back on the profile of slot %d", used);
		fail(j, EVENT_COMMAND_STATE_FAILED, what);
	} else if (profile != j->security_profile) {
		snprintf(what, sizeof what, "it came back with security profile %d, not %d",
			profile, j->security_profile);
		fail(j, EVENT_COMMAND_STATE_FAILED, what);
	} else {
		snprintf(j->note, sizeof j->note, "back on slot %d%s, security profile %d", j->slot,
			value ? "" : " (as far as its connection shows)", profile);
		end(j, EVENT_COMMAND_STATE_DONE);
	}
	arena_destroy(a);
}

/* SetVariables and GetVariables are Accepted as calls; what became of the variable is inside. */
static const char *refusal_in(const struct command_view *v)
{
	switch (v->state) {
	case EVENT_COMMAND_STATE_DONE:
		return NULL;
	case EVENT_COMMAND_STATE_UNKNOWN:
		return v->note && v->note[0] ? v->note : "no answer";
	default:
		return v->note && v->note[0]       ? v->note
		       : v->status && v->status[0] ? v->status
						   : "refused";
	}
}

static void go_on(struct network_job *j, const struct command_view *v)
{
	const char *no = refusal_in(v);

	/* What only looks may fail. */
	if (no && j->step == EVENT_NETWORK_STEP_READ && v->state != EVENT_COMMAND_STATE_UNKNOWN)
		set_order(j);
	else if (no && j->step == EVENT_NETWORK_STEP_LOOK)
		judge(j, NULL);
	else if (no)
		fail(j, v->state, no);
	else if (j->step == EVENT_NETWORK_STEP_PROFILE)
		ask_order(j);
	else if (j->step == EVENT_NETWORK_STEP_READ)
		take_order(j, v);
	else if (j->step == EVENT_NETWORK_STEP_ORDER)
		restart(j);
	else if (j->step == EVENT_NETWORK_STEP_RESTART)
		begin(j, EVENT_NETWORK_STEP_LOOK, READ_OF("ActiveNetworkProfile"));
	else
		judge(j, v);
}

static void on_ended(void *arg, const struct command *k)
{
	struct command_view v;

	command_look(k, &v);
	go_on(arg, &v);
}

/* -- from outside ----------------------------------------------------------------------------- */

static int check(struct core *c, const struct station *s, const struct network_order *o,
	struct schema_error *err)
{
	const struct network_job *j;

	if (check_network_slot(s, o->slot, err) || check_network_data(s, o->profile, err))
		return -1;
	DL_FOREACH (c->network_jobs->open, j)
		if (strcasecmp(j->station, s->id) == 0)
			return check_conflict(
				err, "%s is being moved already: job %s", s->id, j->id);
	if (!s->session)
		return check_conflict(err, "%s is not connected; try again when it is", s->id);
	return 0;
}

static void journal_started(struct network_job *j, const char *payload)
{
	struct arena *a = record_arena(j->core);
	struct event_job_started *p = a ? arena_alloc(a, sizeof *p) : NULL;
	size_t len;

	if (!p)
		return;
	*p = (struct event_job_started){
		.action = "SetNetworkProfile",
		.payload = mask_secrets(a, arena_strdup(a, payload), strlen(payload), &len),
		.why = j->why[0] ? arena_strdup(a, j->why) : NULL,
		.stations = 1,
	};
	record_now(j->core, EVENT_JOB_STARTED, "job", j->id, p, j->actor, NULL);
}

int network_job_start(struct core *c, struct station *s, const struct network_order *o, char id[37],
	struct schema_error *err)
{
	struct ocpp201_set_network_profile_request req = {
		.configuration_slot = o->slot,
		.connection_data = *o->profile,
	};
	struct network_job *j;
	struct text payload;

	if (check(c, s, o, err))
		return -1;
	text_init(&payload, 0);
	j = calloc(1, sizeof *j);
	if (!j || schema_encode(&ocpp201_set_network_profile_request_type, &req, &payload)) {
		text_finish(&payload);
		free(j);
		return check_conflict(err, "out of memory");
	}
	j->core = c;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, j->id);
	snprintf(j->station, sizeof j->station, "%s", s->id);
	snprintf(j->actor, sizeof j->actor, "%s", o->actor);
	snprintf(j->why, sizeof j->why, "%s", o->why ? o->why : "");
	j->slot = o->slot;
	j->security_profile = (int)o->profile->security_profile;
	j->at_once = o->at_once;
	j->within_s = o->within_s;
	snprintf(id, 37, "%s", j->id);
	DL_APPEND(c->network_jobs->open, j);
	journal_started(j, payload.data);
	begin(j, EVENT_NETWORK_STEP_PROFILE, payload.data);
	text_finish(&payload);
	return 0;
}

/* -- life ------------------------------------------------------------------------------------- */

struct restore {
	struct arena *arena;
	struct db_network_job_list list;
	struct db_command_list *commands; /* [list.count] those of each job */
	int rc;
};

static void read_stored(struct db_reader *r, void *arg)
{
	struct restore *x = arg;

	x->rc = db_query_network_jobs(r, x->arena, &x->list);
	if (x->rc == 0)
		x->commands = arena_alloc(x->arena, (x->list.count + 1) * sizeof *x->commands);
	if (!x->commands)
		x->rc = -1;
	for (size_t i = 0; x->rc == 0 && i < x->list.count; i++)
		x->rc = db_query_commands(r,
			&(struct db_command_filter){
				.parent = x->list.items[i].id, .bodies = true, .limit = 100},
			x->arena, &x->commands[i]);
}

/* The step's command: still under way, or over when or before depotd ended. */
static void resume(struct network_job *j, const struct db_command_list *commands)
{
	struct command *k = command_find(j->core, j->command);

	if (k) {
		command_follow(k, on_ended, j);
		return;
	}
	for (size_t i = 0; i < commands->count; i++) {
		const struct db_command *row = &commands->items[i];
		int state = schema_enum_find(&event_command_state_enum, row->state);
		struct command_view v = {.status = row->status, .note = row->note};

		if (strcmp(row->id, j->command) != 0 || state < 0)
			continue;
		v.state = (enum event_command_state)state;
		v.response = row->response;
		go_on(j, &v);
		return;
	}
	fail(j, EVENT_COMMAND_STATE_UNKNOWN, "depotd was stopped in the middle of it");
}

static void take_up(
	struct core *c, const struct db_network_job *row, const struct db_command_list *commands)
{
	struct network_job *j = calloc(1, sizeof *j);

	if (!j)
		return;
	j->core = c;
	snprintf(j->id, sizeof j->id, "%s", row->id);
	snprintf(j->station, sizeof j->station, "%s", row->station);
	snprintf(j->actor, sizeof j->actor, "%s", row->actor ? row->actor : "depotd");
	snprintf(j->command, sizeof j->command, "%s", row->command ? row->command : "");
	snprintf(j->priority, sizeof j->priority, "%s", row->priority ? row->priority : "");
	j->step = (enum event_network_step)row->step;
	j->state = EVENT_COMMAND_STATE_RUNNING;
	j->slot = (int)row->slot;
	j->security_profile = (int)row->security_profile;
	j->at_once = row->at_once;
	DL_APPEND(c->network_jobs->open, j);
	resume(j, commands);
}

struct network_jobs *network_jobs_create(struct core *c, char why[300])
{
	struct restore x = {.arena = arena_create(0)};
	struct network_jobs *all = calloc(1, sizeof *all);

	if (!all || !x.arena || db_read_now(c->db, read_stored, &x) || x.rc) {
		stored_unreadable("network jobs", why);
		free(all);
		all = NULL;
	}
	c->network_jobs = all;
	for (size_t i = 0; all && i < x.list.count; i++)
		take_up(c, &x.list.items[i], &x.commands[i]);
	arena_destroy(x.arena);
	return all;
}

void network_jobs_destroy(struct network_jobs *all)
{
	struct network_job *j, *tmp;

	if (!all)
		return;
	DL_FOREACH_SAFE (all->open, j, tmp) {
		DL_DELETE(all->open, j);
		free(j);
	}
	free(all);
}
