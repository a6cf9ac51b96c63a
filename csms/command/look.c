/* How a command looks from outside, and which one it is. */
#include <utlist.h>
#include "csms/command/before.h"
#include "csms/command/private.h"

void command_look(const struct command *k, struct command_view *out)
{
	*out = (struct command_view){
		.id = k->id,
		.station = k->station->id,
		.action = k->action->name,
		.payload = k->payload,
		.actor = k->actor,
		.why = k->why,
		.state = k->state,
		.request_id = k->request_id,
		.outcome = k->outcome,
		.is_sent = call_is_out(k->station, k->call_id),
		.is_answered = k->is_answered,
		.call_id = k->call_id,
		.took_ms = wall_diff_ms(k->ended.ms ? k->ended : clock_wall(), k->started),
		.response = k->response.len ? k->response.data : NULL,
		.status = k->status[0] ? k->status : NULL,
		.note = k->note[0] ? k->note : NULL,
		.error_code = k->error_code[0] ? k->error_code : NULL,
		.error_text = k->error_text[0] ? k->error_text : NULL,
		.started = k->started,
		.ended = k->ended,
	};
}

bool command_kind(const char *action, struct command_kind *out)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, action);

	if (!a || !(a->sender & SCHEMA_FROM_CSMS))
		return false;
	*out = (struct command_kind){
		.action = a,
		.waits_for = command_rules[a - ocpp201_actions].waits_for,
		.number = command_rules[a - ocpp201_actions].number,
	};
	return true;
}

struct command *command_find(const struct core *c, const char *id)
{
	struct command *k;

	HASH_FIND_STR(c->commands->all, id, k);
	return k;
}

bool command_is_running(const struct station *s, int action)
{
	const struct command *k;

	DL_FOREACH (s->commands, k)
		if (command_action(k) == action)
			return true;
	return false;
}

struct command *command_by_request(
	const struct core *c, const struct station *s, int action, int64_t request_id)
{
	struct command *k;

	(void)c;
	DL_FOREACH (s->commands, k)
		if (command_action(k) == action && request_id >= k->request_id &&
			request_id < k->request_id + k->parts)
			return k;
	return NULL;
}
