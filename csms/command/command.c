#include "csms/command.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/command/before.h"
#include "csms/command/private.h"
#include "csms/log.h"
#include "csms/mask.h"
#include "csms/record.h"

static bool is_over(enum event_command_state s)
{
	return s != EVENT_COMMAND_STATE_WAITING && s != EVENT_COMMAND_STATE_RUNNING;
}

int64_t command_next_request_id(struct core *c)
{
	int64_t n = c->commands->next_request_id;

	c->commands->next_request_id = n >= INT32_MAX ? 1 : n + 1;
	return n;
}

/* -- life -------------------------------------------------------------------------------------- */

struct command *command_create(struct core *c, struct station *s, const struct schema_action *a,
	const char *id, const char *payload)
{
	struct command *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->core = c;
	k->station = s;
	k->action = a;
	k->rule = &command_rules[a - ocpp201_actions];
	k->parts = 1;
	k->effect_s = k->rule->effect_s;
	k->started = clock_wall();
	snprintf(k->id, sizeof k->id, "%s", id);
	text_init(&k->response, 0);
	k->payload = strdup(payload);
	if (!k->payload) {
		free(k);
		return NULL;
	}
	HASH_ADD_STR(c->commands->all, id, k);
	DL_APPEND(s->commands, k);
	return k;
}

void command_destroy(struct command *k)
{
	timer_stop(k->core->timers, &k->deadline);
	call_forget(k->core, k->station, k->call_id);
	HASH_DEL(k->core->commands->all, k);
	DL_DELETE(k->station->commands, k);
	for (int i = 0; k->pieces && i < k->parts; i++)
		free(k->pieces[i]);
	free(k->pieces);
	text_finish(&k->response);
	free(k->early);
	free(k->payload);
	free(k->actor);
	free(k->why);
	free(k->parent);
	free(k);
}

static const char *masked(struct arena *a, const char *json)
{
	size_t len;

	const char *copy = json ? arena_strdup(a, json) : NULL;

	return copy ? mask_secrets(a, copy, strlen(copy), &len) : NULL;
}

static void journal_started(struct command *k)
{
	struct arena *a = record_arena(k->core);
	struct event_command_started *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->command_id = arena_strdup(a, k->id);
	p->action = k->action->name;
	p->payload = masked(a, k->payload);
	p->has_request_id = k->request_id != 0;
	p->request_id = k->request_id;
	p->parent = k->parent ? arena_strdup(a, k->parent) : NULL;
	p->why = k->why ? arena_printf(a, "%.200s", k->why) : NULL;
	p->has_parts = k->parts > 1;
	p->parts = k->parts;
	p->has_effect_s = k->effect_s != k->rule->effect_s;
	p->effect_s = k->effect_s;
	fleet_hear(&k->core->fleet, k->station);
	record_now(k->core, EVENT_COMMAND_STARTED, "station", k->station->id, p, k->actor, k->id);
}

static void journal_moved(struct command *k, bool with_response)
{
	struct arena *a = record_arena(k->core);
	struct event_command_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->command_id = arena_strdup(a, k->id);
	p->action = k->action->name;
	p->state = k->state;
	p->status = k->status[0] ? arena_strdup(a, k->status) : NULL;
	p->note = k->note[0] ? arena_strdup(a, k->note) : NULL;
	p->response = with_response && k->response.len ? masked(a, k->response.data) : NULL;
	p->has_reports = k->reports > 0;
	p->reports = k->reports;
	fleet_hear(&k->core->fleet, k->station);
	record_now(k->core, EVENT_COMMAND_MOVED, "station", k->station->id, p, "depotd", k->id);
}

static void tell_answered(struct command *k)
{
	void (*fn)(void *, const struct command *) = k->on_answered;

	k->on_answered = NULL;
	if (fn)
		fn(k->arg, k);
}

static void set_state(struct command *k, const struct verdict *v)
{
	k->state = v->state;
	if (v->status)
		snprintf(k->status, sizeof k->status, "%s", v->status);
	snprintf(k->note, sizeof k->note, "%s", v->note ? v->note : "");
}

/* Takes it off the station first: what the caller starts in turn must not find it. */
static void end(struct command *k)
{
	k->ended = clock_wall();
	log_info("station %s: %s: %s%s%s", k->station->id, k->action->name,
		event_command_state_enum.values[k->state], k->note[0] ? ": " : "", k->note);
	tell_answered(k);
	if (k->on_ended)
		k->on_ended(k->arg, k);
	command_destroy(k);
}

void command_move(struct command *k, const struct verdict *v)
{
	bool is_news = k->state != v->state || (v->status && strcmp(k->status, v->status) != 0) ||
		       (v->note && strcmp(k->note, v->note) != 0);

	if (!is_news)
		return;
	set_state(k, v);
	journal_moved(k, false);
	fleet_touch(&k->core->fleet, k->station);
	if (is_over(k->state))
		end(k);
}

/* -- the effect -------------------------------------------------------------------------------- */

static void on_deadline(void *arg)
{
	struct command *k = arg;
	struct verdict v = {.state = EVENT_COMMAND_STATE_UNKNOWN};
	char note[200];

	snprintf(note, sizeof note, "%s did not come in time; whether it happened is unknown",
		k->rule->waits_for ? k->rule->waits_for : "the effect");
	v.note = note;
	command_move(k, &v);
}

static void wait_for_effect(struct command *k)
{
	if (!k->note[0] && k->rule->waits_for)
		snprintf(k->note, sizeof k->note, "waits for %s", k->rule->waits_for);
	timer_start(k->core->timers, &k->deadline, (int64_t)k->effect_s * 1000, on_deadline, k);
}

static void *decode(const struct schema_struct *type, const char *json, struct arena *a)
{
	struct schema_error err;

	return schema_decode(type, json, strlen(json), a, &err);
}

/* N01.FR.12, L01.FR.24, G03: the one before was given up for this one. */
static void end_replaced(struct command *by, bool all)
{
	struct command *k, *tmp;
	struct arena *a = arena_create(0);
	struct verdict v = {
		.state = EVENT_COMMAND_STATE_CANCELLED,
		.note = "a later request took its place",
	};
	const void *newer = a ? decode(by->action->request, by->payload, a) : NULL;

	DL_FOREACH_SAFE (by->station->commands, k, tmp) {
		const void *older;

		if (k == by || k->action != by->action || k->state != EVENT_COMMAND_STATE_RUNNING)
			continue;
		older = !all && newer ? decode(k->action->request, k->payload, a) : NULL;
		if (all || (older && by->rule->replaces(newer, older)))
			command_move(k, &v);
	}
	arena_destroy(a);
}

/* A report that a boot cut off does not go on (B07). */
static bool is_cut_off(const struct command *k, const struct command_sign *sign)
{
	return sign->kind == SIGN_BOOTED && (k->rule->signs >> SIGN_REPORT & 1);
}

/* A sign for a command whose effect is waited for. False: it is over, and gone. */
static bool meet(struct command *k, const struct command_sign *sign, struct arena *a)
{
	struct verdict v = {.state = EVENT_COMMAND_STATE_DONE};

	if (is_cut_off(k, sign)) {
		v = (struct verdict){EVENT_COMMAND_STATE_FAILED, NULL,
			"the station booted before its report was complete"};
		command_move(k, &v);
		return false;
	}
	if (!(k->rule->signs >> sign->kind & 1))
		return true;
	if (k->rule->meet)
		v = k->rule->meet(k, decode(k->action->request, k->payload, a), sign);
	if (v.state == EVENT_COMMAND_STATE_WAITING)
		return true;
	if (sign->kind == SIGN_REPORT && sign->is_last && ++k->reports < k->parts)
		journal_moved(k, false); /* a restart must not wait for it again */
	command_move(k, &v);
	return !is_over(v.state);
}

/* What came before its answer counts now. False: it is over, and gone. */
static bool meet_early(struct command *k)
{
	struct arena *a = k->early_count ? arena_create(0) : NULL;
	const struct command_sign *sign;
	bool goes_on = true;

	while (a && goes_on && (sign = early_next(k)))
		goes_on = meet(k, sign, a);
	arena_destroy(a);
	return goes_on;
}

/* All answers are in, or there will be none. */
static void conclude(struct command *k, const struct verdict *v)
{
	k->is_answered = true;
	set_state(k, v);
	if (k->state == EVENT_COMMAND_STATE_RUNNING)
		wait_for_effect(k);
	journal_moved(k, true);
	fleet_touch(&k->core->fleet, k->station);
	if (strcmp(k->status, "AcceptedCanceled") == 0)
		end_replaced(k, true);
	else if (k->rule->replaces &&
		 (k->state == EVENT_COMMAND_STATE_RUNNING || k->state == EVENT_COMMAND_STATE_DONE))
		end_replaced(k, false);
	if (is_over(k->state))
		end(k);
	else if (meet_early(k))
		tell_answered(k);
}

void command_sign(struct core *c, struct station *s, const struct command_sign *sign)
{
	struct command *k, *tmp;
	struct arena *a = s->commands ? arena_create(0) : NULL;

	(void)c;
	if (!a)
		return;
	DL_FOREACH_SAFE (s->commands, k, tmp) {
		if (k->state == EVENT_COMMAND_STATE_RUNNING)
			meet(k, sign, a);
		else if (((k->rule->signs & ~k->rule->late) >> sign->kind & 1) &&
			 call_is_out(s, k->call_id))
			early_keep(k, sign);
	}
	arena_destroy(a);
}

/* -- the calls --------------------------------------------------------------------------------- */

static int send_part(struct command *k, struct schema_error *err);

static void take_status(struct answer *ans, const char *response, struct arena *a)
{
	const struct event_status_only *o = decode(&event_status_only_type, response, a);

	if (!o)
		return;
	ans->status = o->status;
	ans->reason = o->status_info ? o->status_info->reason_code : NULL;
	ans->more = o->status_info ? o->status_info->additional_info : NULL;
}

static void take_answer(struct command *k, const struct call_result *r)
{
	struct arena *a = arena_create(0);
	const char *piece = k->pieces ? k->pieces[k->part] : k->payload;
	struct answer ans = {.core = k->core, .station = k->station};
	struct verdict v;
	struct schema_error err;

	if (!a)
		return;
	ans.request = decode(k->action->request, piece, a);
	ans.response = r->response_struct;
	if (k->rule->answered && ans.request)
		k->rule->answered(
			k->core, k->station, command_action(k), ans.request, ans.response);
	cut_join(&k->response, k->action, r->response);
	ans.request = decode(k->action->request, k->payload, a);
	ans.response = k->response.len ? decode(k->action->response, k->response.data, a) : NULL;
	if (!ans.request || !ans.response) {
		v = (struct verdict){EVENT_COMMAND_STATE_UNKNOWN, NULL, "out of memory"};
		conclude(k, &v);
	} else {
		take_status(&ans, k->response.data, a);
		v = command_judge(k->rule, &ans, a);
		if (++k->part >= k->parts || (ans.status && v.state == EVENT_COMMAND_STATE_REFUSED))
			conclude(k, &v);
		else if (send_part(k, &err) != 0) {
			v = (struct verdict){EVENT_COMMAND_STATE_UNKNOWN, NULL, err.message};
			conclude(k, &v);
		}
	}
	arena_destroy(a);
}

/* A lost answer is no success. Where a sign would tell, it may yet come. */
static void take_loss(struct command *k, const struct call_result *r)
{
	struct verdict v = {.note = r->error_text, .status = r->error_code};

	switch (r->outcome) {
	case EVENT_CALL_OUTCOME_CANCELLED:
		v.state = k->part ? EVENT_COMMAND_STATE_UNKNOWN : EVENT_COMMAND_STATE_CANCELLED;
		break;
	case EVENT_CALL_OUTCOME_TIMEOUT:
	case EVENT_CALL_OUTCOME_LOST:
		v.state =
			k->rule->signs ? EVENT_COMMAND_STATE_RUNNING : EVENT_COMMAND_STATE_UNKNOWN;
		break;
	default:
		v.state = r->error_code && strcmp(r->error_code, "InvalidAnswer") == 0
				  ? EVENT_COMMAND_STATE_UNKNOWN
				  : EVENT_COMMAND_STATE_REFUSED;
	}
	conclude(k, &v);
}

static void on_call_done(void *arg, const struct call_result *r)
{
	struct command *k = arg;

	k->outcome = r->outcome;
	snprintf(k->error_code, sizeof k->error_code, "%s", r->error_code ? r->error_code : "");
	snprintf(k->error_text, sizeof k->error_text, "%s", r->error_text ? r->error_text : "");
	if (r->outcome == EVENT_CALL_OUTCOME_ANSWERED)
		take_answer(k, r);
	else
		take_loss(k, r);
}

static struct call_request call_of(struct command *k)
{
	return (struct call_request){
		.action = k->action->name,
		.payload = k->pieces ? k->pieces[k->part] : k->payload,
		.timeout_s = k->timeout_s,
		.actor = k->actor,
		.why = k->why,
		.command_id = k->id,
		.done = on_call_done,
		.arg = k,
	};
}

static int send_part(struct command *k, struct schema_error *err)
{
	struct call_request req = call_of(k);

	return call_queue_add(k->core, k->station, &req, k->call_id, err);
}

/* -- starting ---------------------------------------------------------------------------------- */

static int say(struct schema_error *err, const char *words)
{
	memset(err, 0, sizeof *err);
	snprintf(err->message, sizeof err->message, "%s", words);
	return -1;
}

/* All that can be wrong with it, before a trace of it is left. */
static int check(struct core *c, struct station *s, const struct command_request *req,
	const struct schema_action *a, const char *payload, char ***pieces,
	struct schema_error *err)
{
	struct call_request call = {.action = req->action, .payload = payload, .actor = req->actor};
	struct arena *arena;
	const void *request;
	char why[200];
	int parts = -1;

	if (HASH_COUNT(c->commands->all) >= COMMANDS_MAX)
		return say(err, "too many commands are open; try again later");
	if (call_check(c, s, &call, err))
		return -1;
	arena = arena_create(0);
	request = arena ? decode(a->request, payload, arena) : NULL;
	if (!request) {
		say(err, "out of memory");
	} else if (!command_rules[a - ocpp201_actions].check ||
		   command_rules[a - ocpp201_actions].check(c, s, request, err) == 0) {
		parts = cut_request(s, a, request, pieces, why);
		if (parts < 0)
			say(err, why);
	}
	arena_destroy(arena);
	return parts;
}

static int keep_request(struct command *k, const struct command_request *req)
{
	k->actor = strdup(req->actor ? req->actor : "depotd");
	k->why = req->why ? strdup(req->why) : NULL;
	k->parent = req->parent ? strdup(req->parent) : NULL;
	k->timeout_s = req->timeout_s;
	if (req->effect_s > 0)
		k->effect_s = req->effect_s;
	k->on_answered = req->answered;
	k->on_ended = req->ended;
	k->arg = req->arg;
	return k->actor && (k->why || !req->why) && (k->parent || !req->parent) ? 0 : -1;
}

/* Each piece has a number of its own, counted on from the first: none of them is made again. */
static void reserve_numbers(struct core *c, const struct command *k)
{
	for (int i = 1; k->rule->number && i < k->parts; i++)
		command_next_request_id(c);
}

static struct command *start(struct core *c, struct station *s, const struct command_request *req,
	const struct schema_action *a, const char *payload, struct schema_error *err)
{
	char **pieces = NULL;
	char id[37];
	int parts = check(c, s, req, a, payload, &pieces, err);
	struct command *k;

	if (parts < 0)
		return NULL;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, id);
	k = command_create(c, s, a, id, payload);
	if (!k || keep_request(k, req)) {
		say(err, "out of memory");
		if (k)
			command_destroy(k);
		return NULL;
	}
	k->parts = parts;
	k->pieces = pieces;
	if (k->rule->number)
		k->request_id = payload_number(payload, k->rule->number);
	reserve_numbers(c, k);
	journal_started(k);
	if (send_part(k, err) == 0)
		return k;
	command_destroy(k);
	return NULL;
}

/* What the asker left to us: a number, a URL. NULL with `err`. */
static char *complete(struct core *c, struct station *s, const struct command_request *req,
	const struct command_rule *rule, struct schema_error *err)
{
	char *payload = rule && rule->number ? payload_fill(req->payload, rule->number,
						       command_next_request_id(c))
					     : strdup(req->payload);
	char *filled, why[200] = "out of memory";

	if (!payload || !rule || !rule->fill) {
		if (!payload)
			say(err, why);
		return payload;
	}
	filled = rule->fill(c, s, payload, why);
	if (!filled)
		say(err, why);
	free(payload);
	return filled;
}

int command_start(struct core *c, struct station *s, const struct command_request *req, char id[37],
	struct schema_error *err)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, req->action);
	struct command *k;
	char *payload;

	memset(err, 0, sizeof *err);
	payload = complete(c, s, req, a ? &command_rules[a - ocpp201_actions] : NULL, err);
	if (!payload)
		return -1;
	if (a) {
		k = start(c, s, req, a, payload, err);
		if (k && id)
			memcpy(id, k->id, sizeof k->id);
	} else {
		struct call_request call = {.action = req->action, .payload = payload};

		k = NULL;
		call_check(c, s, &call, err); /* says that there is no such action */
	}
	free(payload);
	return k ? 0 : -1;
}

int command_check(struct core *c, struct station *s, const struct command_request *req,
	struct schema_error *err)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, req->action);
	const struct command_rule *rule = a ? &command_rules[a - ocpp201_actions] : NULL;
	struct call_request call = {.action = req->action, .payload = req->payload};
	char **pieces = NULL, *payload;
	int parts;

	memset(err, 0, sizeof *err);
	if (!rule)
		return call_check(c, s, &call, err);
	if (rule->fill)
		return 0;
	payload = rule->number ? payload_fill(req->payload, rule->number, 1) : strdup(req->payload);
	parts = payload ? check(c, s, req, a, payload, &pieces, err) : say(err, "out of memory");
	for (int i = 0; pieces && i < parts; i++)
		free(pieces[i]);
	free(pieces);
	free(payload);
	return parts < 0 ? -1 : 0;
}

/* -- letting go -------------------------------------------------------------------------------- */

void command_cancel(struct core *c, struct command *k, const char *actor)
{
	struct verdict v = {.state = EVENT_COMMAND_STATE_CANCELLED};
	char note[100];

	(void)c;
	snprintf(note, sizeof note, "%.60s stopped waiting for it", actor);
	v.note = note;
	command_move(k, &v);
}

void command_follow(struct command *k, void (*ended)(void *arg, const struct command *k), void *arg)
{
	k->on_ended = ended;
	k->arg = arg;
}

void command_forget(struct command *k, void *arg)
{
	if (k->arg != arg)
		return;
	k->on_answered = NULL;
	k->on_ended = NULL;
}
