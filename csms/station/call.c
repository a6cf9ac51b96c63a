#include "csms/station/call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/call_judge.h"
#include "csms/core.h"
#include "csms/power/holding.h"
#include "csms/station/invite.h"
#include "csms/log.h"
#include "csms/mask.h"
#include "csms/station/password.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "csms/station/v16_book.h"
#include "csms/station/v16_call.h"
#include "ocpp/callerror.h"

struct call {
	struct call *prev, *next;
	char id[37];
	char wire_id[37]; /* of the message that is out: a call of 1.6 may take a few */
	const struct schema_action *action;
	char *payload;
	struct v16_call *v16; /* when it goes to a station that speaks 1.6 */
	struct password_call password; /* that it sets */
	bool is_held; /* until what it sets is on disk */
	char actor[81];
	bool by_control;
	int timeout_s;
	mono_t queued;
	call_done_fn done;
	void *arg;
};

struct call_queue {
	struct call *waiting; /* utlist, next to go first */
	struct call *outstanding; /* on the wire, NULL: none (OCPP-J 4.1.1) */
	int length;
	struct timer deadline;
	struct core *core; /* for the deadline */
	struct station *station;
};

struct call_queue *call_queue_create(void)
{
	return calloc(1, sizeof(struct call_queue));
}

static void free_call(struct call *k)
{
	v16_call_destroy(k->v16);
	free(k->payload);
	free(k);
}

static void journal_queued(
	struct core *c, struct station *s, const struct call *k, const struct call_request *req)
{
	struct arena *a = record_arena(c);
	struct event_call_queued *p = a ? arena_alloc(a, sizeof *p) : NULL;
	size_t len;

	if (!p)
		return;
	p->call_id = arena_strdup(a, k->id);
	p->action = k->action->name;
	p->payload = arena_strdup(a, k->payload);
	if (p->payload)
		p->payload = mask_secrets(a, p->payload, strlen(p->payload), &len);
	p->why = req->why ? arena_printf(a, "%.200s", req->why) : NULL;
	p->command_id = req->command_id ? arena_strdup(a, req->command_id) : NULL;
	record_now(c, EVENT_CALL_QUEUED, "station", s->id, p, req->actor, k->id);
}

/* -- ending ----------------------------------------------------------------------------------- */

static const char *status_of(struct arena *a, const char *response)
{
	struct schema_error err;
	const struct event_status_only *o = response ? schema_decode(&event_status_only_type,
							       response, strlen(response), a, &err)
						     : NULL;

	return o ? o->status : NULL;
}

static void journal_ended(
	struct core *c, struct station *s, const struct call *k, const struct call_result *r)
{
	struct arena *a = record_arena(c);
	struct event_call_ended *p = a ? arena_alloc(a, sizeof *p) : NULL;
	size_t len;

	if (!p)
		return;
	p->call_id = arena_strdup(a, k->id);
	p->action = k->action->name;
	p->outcome = r->outcome;
	p->response = r->response ? arena_strdup(a, r->response) : NULL;
	if (p->response)
		p->response = mask_secrets(a, p->response, strlen(p->response), &len);
	p->status = status_of(a, r->response);
	p->error_code = r->error_code ? arena_printf(a, "%.60s", r->error_code) : NULL;
	p->error_text = r->error_text ? arena_printf(a, "%.300s", r->error_text) : NULL;
	p->took_ms = r->took_ms;
	record_now(c, EVENT_CALL_ENDED, "station", s->id, p, "depotd", k->id);
}

/* Tells journal and caller, exactly once, and frees the call. */
static void end_call(struct core *c, struct station *s, struct call *k, struct call_result *r)
{
	r->call_id = k->id;
	r->action = k->action->name;
	r->took_ms = mono_diff_ms(clock_mono(), k->queued);
	s->calls->length--;
	password_ended(c, s, &k->password, r);
	journal_ended(c, s, k, r);
	if (r->outcome != EVENT_CALL_OUTCOME_ANSWERED)
		log_warn("station %s: %s: %s: %s", s->id, r->action,
			event_call_outcome_enum.values[r->outcome],
			r->error_text ? r->error_text : "");
	c->cause = k->id;
	if (k->done)
		k->done(k->arg, r);
	c->cause = NULL;
	free_call(k);
}

static void send_next(struct core *c, struct station *s);

static void on_deadline(void *arg)
{
	struct call_queue *q = arg;
	struct call *k = q->outstanding;
	struct call_result r = {
		.outcome = EVENT_CALL_OUTCOME_TIMEOUT,
		.error_code = "Timeout",
		.error_text = "the station did not answer in time; whether it acted is unknown",
	};

	q->outstanding = NULL;
	q->core->metrics.calls_timed_out++;
	end_call(q->core, q->station, k, &r);
	send_next(q->core, q->station);
}

/* Writes one message to the wire and the wire log; of a secret one the log gets no payload. */
static void send_frame(struct core *c, struct station *s, const struct call *k, const char *action,
	const char *payload, bool is_secret)
{
	struct text t;

	text_init(&t, 0);
	if (ocpp_write_call(&t, k->wire_id, action, payload) == 0) {
		session_send(s->session, t.data, t.len);
		if (is_secret) {
			text_clear(&t);
			ocpp_write_call(&t, k->wire_id, action, "{\"masked\":true}");
		}
		if (text_ok(&t))
			record_frame(c, s, DB_FRAME_OUT, k->wire_id, action, NULL, t.data, t.len);
	}
	text_finish(&t);
}

/* The next message of a call of 1.6. False: there is none. */
static bool send_v16(struct core *c, struct station *s, struct call *k)
{
	const char *action, *payload;
	bool is_secret;

	if (!v16_call_next(k->v16, &action, &payload, &is_secret))
		return false;
	v16_call_sent(c, s, k->v16);
	send_frame(c, s, k, action, payload, is_secret);
	return true;
}

/* Sends it; false with the reason: 1.6 has no such thing after all. */
static bool begin(struct core *c, struct station *s, struct call *k, char why[200])
{
	memcpy(k->wire_id, k->id, sizeof k->wire_id);
	if (!call_in_v16(s)) {
		send_frame(c, s, k, k->action->name, k->payload, false);
		return true;
	}
	k->v16 = v16_call_create(s, (int)(k->action - ocpp201_actions), k->payload, why);
	return k->v16 && send_v16(c, s, k);
}

static void start_deadline(struct core *c, struct call_queue *q, const struct call *k)
{
	timer_start(c->timers, &q->deadline, (int64_t)k->timeout_s * 1000, on_deadline, q);
}

/* A station of 1.6 must have the number of its transaction before anything names it. */
static bool may_send(const struct station *s)
{
	return s->session && !(call_in_v16(s) && s->v16 && s->v16->untold);
}

static void send_next(struct core *c, struct station *s)
{
	struct call_queue *q = s->calls;
	struct call *k;
	char why[200] = "it cannot be written";

	while (!q->outstanding && (k = q->waiting) != NULL && !k->is_held && may_send(s)) {
		DL_DELETE(q->waiting, k);
		q->outstanding = k;
		q->core = c;
		q->station = s;
		c->metrics.calls_out[k->action - ocpp201_actions]++;
		if (k->action == &ocpp201_actions[OCPP201_RESET])
			s->reset_at = clock_mono();
		invite_asked(s->session, k->action, k->payload);
		start_deadline(c, q, k);
		if (!begin(c, s, k, why)) {
			struct call_result r = {.outcome = EVENT_CALL_OUTCOME_ERROR,
				.error_code = "NotSupported",
				.error_text = why};

			timer_stop(c->timers, &q->deadline);
			q->outstanding = NULL;
			end_call(c, s, k, &r);
		}
	}
}

/* -- passwords -------------------------------------------------------------------------------- */

/* Rule 23: a station may act on a password whose answer is lost, and depotd may end at that very
 * moment: the offer is on disk before the call leaves. */
struct held {
	struct core *core;
	char station[49], call[37];
};

static void release_held(void *arg, int status, const char *why)
{
	struct held *h = arg;
	struct station *s = fleet_station(&h->core->fleet, h->station);
	struct call *k, *found = NULL;
	struct call_result r = {
		.outcome = EVENT_CALL_OUTCOME_CANCELLED,
		.error_code = "NotStored",
		.error_text = "the new password could not be stored, so it was not sent",
	};

	(void)why;
	if (s)
		DL_FOREACH (s->calls->waiting, k)
			if (strcmp(k->id, h->call) == 0)
				found = k;
	if (found && status) {
		DL_DELETE(s->calls->waiting, found);
		end_call(h->core, s, found, &r);
	} else if (found) {
		found->is_held = false;
	}
	if (s)
		send_next(h->core, s);
	free(h);
}

static void hold(struct core *c, struct station *s, struct call *k)
{
	struct held *h = calloc(1, sizeof *h);

	if (!h) {
		k->is_held = false;
		return;
	}
	h->core = c;
	snprintf(h->station, sizeof h->station, "%s", s->id);
	memcpy(h->call, k->id, sizeof h->call);
	record_then(c, release_held, h);
}

static int offer_password(
	struct core *c, struct station *s, struct call *k, struct schema_error *err)
{
	char why[200];
	int rc = password_offer(c, s, k->id, k->payload, &k->password, why);

	k->is_held = rc > 0;
	return rc < 0 ? call_explain(err, why) : 0;
}

/* -- in --------------------------------------------------------------------------------------- */

int call_queue_add(struct core *c, struct station *s, const struct call_request *req,
	char call_id[37], struct schema_error *err)
{
	const struct schema_action *a = call_judge(c, s, req, err);
	struct call *k;

	if (!a)
		return -1;
	k = calloc(1, sizeof *k);
	if (!k || !(k->payload = strdup(req->payload))) {
		free(k);
		return call_explain(err, "out of memory");
	}
	ocpp_message_ids_next(&c->ids, clock_wall().ms, k->id);
	k->action = a;
	if (a == &ocpp201_actions[OCPP201_SET_VARIABLES] && offer_password(c, s, k, err)) {
		free_call(k);
		return -1;
	}
	k->timeout_s = req->timeout_s > 0 ? req->timeout_s : (int)c->config->limits->call_timeout_s;
	k->queued = clock_mono();
	k->by_control = req->by_control;
	snprintf(k->actor, sizeof k->actor, "%s", req->actor ? req->actor : "");
	k->done = req->done;
	k->arg = req->arg;
	if (req->urgent)
		DL_PREPEND(s->calls->waiting, k);
	else
		DL_APPEND(s->calls->waiting, k);
	s->calls->length++;
	if (call_id)
		memcpy(call_id, k->id, sizeof k->id);
	journal_queued(c, s, k, req);
	if (k->is_held)
		hold(c, s, k);
	send_next(c, s);
	return 0;
}

void call_resume(struct core *c, struct station *s)
{
	send_next(c, s);
}

int call_check(
	struct core *c, struct station *s, const struct call_request *req, struct schema_error *err)
{
	return call_judge(c, s, req, err) ? 0 : -1;
}

void call_forget(struct core *c, struct station *s, const char *call_id)
{
	struct call_queue *q = s->calls;
	struct call *k;

	(void)c;
	if (q->outstanding && strcmp(q->outstanding->id, call_id) == 0)
		q->outstanding->done = NULL;
	DL_FOREACH (q->waiting, k)
		if (strcmp(k->id, call_id) == 0)
			k->done = NULL;
}

bool call_is_sound(const struct station *s, const char *message_id, const char *payload, size_t len,
	char why[400])
{
	const struct call *k = s->calls->outstanding;
	struct arena *a;
	struct schema_error err;
	bool ok;

	if (!k || strcmp(k->wire_id, message_id) != 0)
		return true;
	if (k->v16)
		return !v16_call_fault(k->v16, payload, len, why);
	if (!(a = arena_create(0)))
		return true;
	ok = schema_decode(k->action->response, payload, len, a, &err) != NULL;
	if (!ok)
		snprintf(why, 400, "%s: %s", err.path, err.message);
	arena_destroy(a);
	return ok;
}

/* Takes the outstanding call if it has that id: an answer to an older one is dropped (rule 12). */
static struct call *take(struct core *c, struct station *s, const char *message_id)
{
	struct call_queue *q = s->calls;
	struct call *k = q->outstanding;

	if (!k || strcmp(k->wire_id, message_id) != 0)
		return NULL;
	timer_stop(c->timers, &q->deadline);
	q->outstanding = NULL;
	return k;
}

/* What an answer changes of what we know of the station, before its caller is told. */
static void learn(
	struct core *c, struct station *s, const struct call *k, const struct call_result *r)
{
	if (r->outcome != EVENT_CALL_OUTCOME_ANSWERED)
		return;
	c->cause = k->id;
	holding_answered(c, s, (int)(k->action - ocpp201_actions), k->payload, r->response_struct,
		k->actor, k->by_control);
	c->cause = NULL;
}

/* One of the messages of a call of 1.6 was answered: the next one, or the end. */
static void step_v16(struct core *c, struct station *s, struct call *k)
{
	struct call_queue *q = s->calls;
	struct v16_call *v16 = k->v16;
	struct call_result r;

	ocpp_message_ids_next(&c->ids, clock_wall().ms, k->wire_id);
	q->outstanding = k;
	if (s->session && send_v16(c, s, k)) {
		start_deadline(c, q, k);
		return;
	}
	q->outstanding = NULL;
	v16_call_result(v16, &r);
	learn(c, s, k, &r);
	k->v16 = NULL;
	end_call(c, s, k, &r);
	v16_call_after(c, s, v16);
	v16_call_destroy(v16);
	send_next(c, s);
}

bool call_answered(
	struct core *c, struct station *s, const char *message_id, const char *payload, size_t len)
{
	struct call *k = take(c, s, message_id);
	struct arena *a = k ? arena_create(0) : NULL;
	struct call_result r = {.outcome = EVENT_CALL_OUTCOME_ANSWERED};
	struct schema_error err;
	char words[400];

	if (!k)
		return false;
	payload = a ? mask_learned(a, payload, len) : NULL;
	if (!payload) {
		payload = "";
		len = 0;
	}
	if (k->v16) {
		v16_call_answered(k->v16, payload, len);
		arena_destroy(a);
		step_v16(c, s, k);
		return true;
	}
	if (a) {
		r.response = arena_strndup(a, payload, len);
		r.response_struct = schema_decode(k->action->response, payload, len, a, &err);
	}
	if (!r.response_struct && a) {
		snprintf(words, sizeof words, "the answer breaks the schema: %s: %s", err.path,
			err.message);
		r.outcome = EVENT_CALL_OUTCOME_ERROR;
		r.error_code = "InvalidAnswer";
		r.error_text = words;
	}
	learn(c, s, k, &r);
	end_call(c, s, k, &r);
	arena_destroy(a);
	send_next(c, s);
	return true;
}

bool call_refused(struct core *c, struct station *s, const char *message_id, const char *code,
	const char *text)
{
	struct call *k = take(c, s, message_id);
	struct arena *a = k ? arena_create(0) : NULL;
	const char *said = a ? mask_learned(a, text, strlen(text)) : NULL;
	struct call_result r = {.outcome = EVENT_CALL_OUTCOME_ERROR,
		.error_code = code,
		.error_text = said ? said : ""};

	if (!k)
		return false;
	c->metrics.errors_in++;
	if (k->v16) {
		v16_call_refused(k->v16, code, r.error_text);
		arena_destroy(a);
		step_v16(c, s, k);
		return true;
	}
	end_call(c, s, k, &r);
	arena_destroy(a);
	send_next(c, s);
	return true;
}

void call_connection_lost(struct core *c, struct station *s)
{
	struct call_queue *q = s->calls;
	struct call *k, *tmp, *waiting = q->waiting;
	struct call_result r = {
		.outcome = EVENT_CALL_OUTCOME_LOST,
		.error_code = "ConnectionLost",
		.error_text = "the connection went before the answer; whether it acted is unknown",
	};

	timer_stop(c->timers, &q->deadline);
	k = q->outstanding;
	q->outstanding = NULL;
	q->waiting = NULL;
	if (k)
		end_call(c, s, k, &r);
	r.outcome = EVENT_CALL_OUTCOME_CANCELLED;
	r.error_text = "the connection went before this was sent";
	DL_FOREACH_SAFE (waiting, k, tmp)
		end_call(c, s, k, &r);
}

bool call_is_out(const struct station *s, const char *call_id)
{
	return s->calls && s->calls->outstanding && strcmp(s->calls->outstanding->id, call_id) == 0;
}

int call_queue_length(const struct call_queue *q)
{
	return q->length;
}

void call_queue_destroy(struct call_queue *q)
{
	struct call *k, *tmp;

	if (!q)
		return;
	DL_FOREACH_SAFE (q->waiting, k, tmp)
		free_call(k);
	if (q->outstanding)
		free_call(q->outstanding);
	free(q);
}
