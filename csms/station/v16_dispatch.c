/*
 * The gate of OCPP 1.6: what a 1.6 station sends is checked by its own rows, becomes requests of
 * 2.0.1 for the same handlers, and their answer becomes the answer of 1.6. Nothing above knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/call.h"
#include "csms/command.h"
#include "csms/config.h"
#include "csms/station/dispatch_private.h"
#include "csms/charging/doubt.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/unread.h"
#include "csms/station/v16_book.h"
#include "csms/metering/values.h"
#include "ocpp/v16.h"

/* One message on its way through the adapter. */
struct passage {
	struct exchange e;
	struct v16_hints hints;
	struct v16_book *book;
	struct v16_entry *entry; /* the transaction that it is about, NULL: none */
	uint64_t digest; /* of the message's text */
	const char *text; /* as it came, `len` bytes; NULL: all of it could be read */
	size_t len;
};

/* What becomes of a 1.6 request: the 1.6 response, NULL without memory. */
typedef void *(*pass_fn)(struct passage *p, const void *request);

static uint64_t digest(const char *s, size_t len)
{
	uint64_t h = 1469598103934665603ull; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211ull;
	return h;
}

static enum ocpp201_id_token_enum kind_of(void *arg, const char *tag)
{
	const struct passage *p = arg;

	if (p->entry && p->entry->has_kind && strcasecmp(p->entry->tag, tag) == 0)
		return p->entry->kind;
	return v16_kind_of(p->e.core, p->e.station, tag);
}

/* Hands a request of 2.0.1 to its handler, with the text that the journal keeps. */
static const void *ask(struct passage *p, int action, const void *request)
{
	const struct schema_struct *type = ocpp201_actions[action].request;
	struct text t;
	const void *response = NULL;

	if (!request)
		return NULL;
	text_init(&t, 0);
	if (schema_encode(type, request, &t) == 0) {
		p->e.payload = arena_strndup(p->e.arena, t.data, t.len);
		p->e.payload_len = t.len;
		if (p->e.payload)
			response = dispatch_handle(&p->e, action, request);
	}
	text_finish(&t);
	return response;
}

/* -- transactions ----------------------------------------------------------------------------- */

/* What happened before this connection was opened was told late. */
static bool is_old(const struct passage *p, wall_t at)
{
	return at.ms < p->e.station->connected_at.ms;
}

static struct v16_tx tx_of(const struct passage *p, int64_t seq_no, wall_t at)
{
	const struct v16_entry *n = p->entry;

	return (struct v16_tx){
		.id = arena_strdup(p->e.arena, n->id), /* the entry may go before the turn */
		.connector = n->connector,
		.seq_no = seq_no,
		.is_offline = is_old(p, at),
		.has_remote_start = n->has_remote_start,
		.remote_start = n->remote_start,
	};
}

/* The state of its connector, which may have been told before the transaction. */
static void known_state(const struct passage *p, struct v16_tx *tx)
{
	const struct v16_connector *k = &p->book->connectors[p->entry->connector];

	tx->has_state = true;
	if (tx->is_offline || !k->has_status || !v16_charging_state(k->status, &tx->state))
		tx->state = OCPP201_CHARGING_STATE_EV_CONNECTED;
	p->entry->has_state = !tx->is_offline;
	p->entry->state = tx->state;
}

static void *start(struct passage *p, const void *request)
{
	const struct ocpp16_start_transaction_request *r = request;
	const struct ocpp201_transaction_event_response *res;
	struct v16_tx tx;

	p->entry = v16_book_start(p->e.core, p->e.station, r);
	if (!p->entry)
		return NULL;
	tx = tx_of(p, v16_entry_start_seq(p->entry), r->timestamp);
	if (r->connector_id >= 0 && r->connector_id <= EVSES_MAX)
		known_state(p, &tx);
	res = ask(p, OCPP201_TRANSACTION_EVENT, v16_started(&p->hints, r, &tx));
	return res ? v16_start_answer(p->e.arena, res, p->entry->number) : NULL;
}

/* Nothing that we know of can be meant: answered, so that the station need not repeat it for ever. */
static void *stop_unknown(struct passage *p, const struct ocpp16_stop_transaction_request *r)
{
	log_warn(
		"station %s: StopTransaction of %lld, which nobody knows, at a register of %lld Wh",
		p->e.station->id, (long long)r->transaction_id, (long long)r->meter_stop);
	return arena_alloc(p->e.arena, sizeof(struct ocpp16_stop_transaction_response));
}

struct others {
	struct passage *p;
	int connector;
};

static void take_other(void *arg, const struct v16_other *v)
{
	const struct others *o = arg;
	wall_t now = o->p->e.received;

	values_take_other(o->p->e.core, o->p->e.station, o->connector, v->measurand, v->location,
		&(struct image_value){
			.value = v->value,
			.measured_at = v->at.ms > now.ms ? now : v->at,
			.received_at = now,
			.source = "station",
			.context = v->context ? v->context : "",
		});
}

/* Temperatures and fan speeds cannot go through 2.0.1: they are points of the process image. */
static void take_others(
	struct passage *p, const struct ocpp16_meter_value_list *values, int64_t connector)
{
	struct others o = {p, (int)connector};

	if (connector >= 0 && connector <= EVSES_MAX)
		v16_other_values(values, take_other, &o);
}

static void *stop(struct passage *p, const void *request)
{
	const struct ocpp16_stop_transaction_request *r = request;
	const struct ocpp201_transaction_event_response *res;
	struct v16_tx tx;

	p->entry = v16_book_find(p->e.core, p->e.station, r->transaction_id, 0, r->timestamp);
	if (!p->entry)
		return stop_unknown(p, r);
	take_others(p, &r->transaction_data, p->entry->connector);
	if (p->text)
		unread_measurands(&p->e, p->text, p->len, p->entry->connector);
	tx = tx_of(p, v16_entry_seq(p->entry, p->digest), r->timestamp);
	res = ask(p, OCPP201_TRANSACTION_EVENT, v16_ended(&p->hints, r, &tx));
	if (!res)
		return NULL;
	p->entry->is_open = false;
	return v16_stop_answer(p->e.arena, res);
}

static wall_t oldest(const struct ocpp16_meter_values_request *r, wall_t otherwise)
{
	return r->meter_value.count ? r->meter_value.items[0].timestamp : otherwise;
}

/* Sampled values that 2.0.1 cannot carry at all leave nothing to tell. */
static bool is_empty(const struct ocpp201_transaction_event_request *r)
{
	return r->meter_value.count == 0;
}

static void *metered(struct passage *p, const struct ocpp16_meter_values_request *r)
{
	struct ocpp201_transaction_event_request *req;
	struct v16_tx tx = tx_of(p, 0, oldest(r, p->e.received));

	tx.connector = r->connector_id;
	req = v16_metered(&p->hints, r, &tx);
	if (!req)
		return NULL;
	if (!is_empty(req)) {
		req->seq_no = v16_entry_seq(p->entry, p->digest);
		if (!ask(p, OCPP201_TRANSACTION_EVENT, req))
			return NULL;
		/* In 2.0.1 it is another message; in 1.6 it is the one that was asked for. */
		command_sign(p->e.core, p->e.station,
			&(struct command_sign){
				.kind = SIGN_TRIGGERED, .action = OCPP201_METER_VALUES});
	}
	return arena_alloc(p->e.arena, sizeof(struct ocpp16_meter_values_response));
}

/* Values that come after the end of their transaction are told as of the connector: the
 * transaction's history is closed. */
static void *meter_values(struct passage *p, const void *request)
{
	const struct ocpp16_meter_values_request *r = request;
	struct ocpp201_meter_values_request *req;
	bool nothing;

	take_others(p, &r->meter_value, r->connector_id);
	if (p->text)
		unread_measurands(&p->e, p->text, p->len, r->connector_id);
	if (r->has_transaction_id)
		p->entry = v16_book_find(p->e.core, p->e.station, r->transaction_id,
			r->connector_id, oldest(r, p->e.received));
	if (p->entry && p->entry->is_open)
		return metered(p, r);
	req = v16_measured(&p->hints, r, &nothing);
	if (!req || (!nothing && !ask(p, OCPP201_METER_VALUES, req)))
		return NULL;
	return arena_alloc(p->e.arena, sizeof(struct ocpp16_meter_values_response));
}

/* -- connectors ------------------------------------------------------------------------------- */

/* Tells the transaction of the connector that its charging state changed. */
static bool tell_state(struct passage *p, const struct ocpp16_status_notification_request *r)
{
	wall_t at = r->has_timestamp ? r->timestamp : p->e.received;
	enum ocpp201_charging_state state;
	struct v16_tx tx;

	p->entry = v16_book_open(p->e.station, r->connector_id);
	if (!p->entry || (r->has_timestamp && at.ms < p->entry->started.ms))
		return true;
	if (r->status != OCPP16_CHARGE_POINT_STATUS_AVAILABLE)
		p->entry->freed = (mono_t){0};
	else if (!p->entry->freed.us)
		p->entry->freed = clock_mono();
	if (!v16_charging_state(r->status, &state))
		return true;
	if (p->entry->has_state && p->entry->state == state)
		return true;
	tx = tx_of(p, v16_entry_seq(p->entry, p->digest), at);
	tx.has_state = p->entry->has_state = true;
	tx.state = p->entry->state = state;
	return ask(p, OCPP201_TRANSACTION_EVENT, v16_changed(&p->hints, at, &tx));
}

/* An errorCode, or the end of one. */
static bool tell_problem(struct passage *p, struct v16_connector *k,
	const struct ocpp16_status_notification_request *r)
{
	bool is_bad = r->error_code != OCPP16_CHARGE_POINT_ERROR_CODE_NO_ERROR ||
		      r->status == OCPP16_CHARGE_POINT_STATUS_FAULTED;

	/* What was open before depotd started is not known here: the first word counts. */
	if (!is_bad && !k->has_problem && k->knows_problem)
		return true;
	k->has_problem = is_bad;
	k->knows_problem = true;
	return ask(p, OCPP201_NOTIFY_EVENT, v16_problem(&p->hints, r, v16_number(p->e.core)));
}

static void *status(struct passage *p, const void *request)
{
	const struct ocpp16_status_notification_request *r = request;
	struct v16_connector *k = r->connector_id >= 0 && r->connector_id <= EVSES_MAX
					  ? &p->book->connectors[r->connector_id]
					  : NULL;

	if (!ask(p, OCPP201_STATUS_NOTIFICATION, v16_status(&p->hints, r)))
		return NULL;
	if (k) {
		k->has_status = true;
		k->status = r->status;
		if (!tell_state(p, r) || !tell_problem(p, k, r))
			return NULL;
	}
	return arena_alloc(p->e.arena, sizeof(struct ocpp16_status_notification_response));
}

/* -- the gate --------------------------------------------------------------------------------- */

/* The actions that need the book; the others stand in ocpp/v16_up.c. */
static const struct {
	int action, to;
	pass_fn pass;
} kept[] = {
	{OCPP16_METER_VALUES, OCPP201_METER_VALUES, meter_values},
	{OCPP16_START_TRANSACTION, OCPP201_TRANSACTION_EVENT, start},
	{OCPP16_STATUS_NOTIFICATION, OCPP201_STATUS_NOTIFICATION, status},
	{OCPP16_STOP_TRANSACTION, OCPP201_TRANSACTION_EVENT, stop},
};

static pass_fn pass_of(int action, const struct v16_up **up, int *to)
{
	*up = v16_up_find(action);
	*to = *up ? (*up)->to : -1;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (kept[i].action == action) {
			*to = kept[i].to;
			return kept[i].pass;
		}
	return NULL;
}

static void *pass_up(struct passage *p, const struct v16_up *up, const void *request)
{
	if (up->action == OCPP16_BOOT_NOTIFICATION)
		p->book->no_security = false; /* it may have new firmware */
	const void *response = ask(p, up->to, up->request(&p->hints, request));

	return response ? up->answer(p->e.arena, response) : NULL;
}

/* A command that names a transaction (its profile) must not overtake the answer that tells the
 * station its number: calls wait until that answer has left. */
struct told {
	struct core *core;
	char station[49];
};

static void start_told(void *arg, int status, const char *why)
{
	struct told *t = arg;
	struct station *s = fleet_station(&t->core->fleet, t->station);

	(void)status;
	(void)why;
	if (s && s->v16 && s->v16->untold > 0) {
		s->v16->untold--;
		call_resume(t->core, s);
	}
	free(t);
}

static void release_calls(struct session *x)
{
	struct told *t = calloc(1, sizeof *t);

	if (!t) {
		x->station->v16->untold--;
		return;
	}
	t->core = x->core;
	snprintf(t->station, sizeof t->station, "%s", x->station->id);
	record_then(x->core, start_told, t);
}

static bool prepare(struct passage *p, struct session *x, const char *message_id)
{
	p->e = (struct exchange){
		.core = x->core,
		.station = x->station,
		.session = x,
		.message_id = message_id,
		.received = clock_wall(),
		.arena = record_arena(x->core),
	};
	p->book = v16_book(x->station);
	if (!p->book || !p->e.arena)
		return false;
	p->hints = (struct v16_hints){
		.arena = p->e.arena,
		.now = p->e.received,
		.kind_of = kind_of,
		.arg = p,
		.log_request = p->book->log_request,
		.firmware_request = p->book->firmware_request,
	};
	return true;
}

/* A connector that is Available has no transaction: if no StopTransaction says so for as long as a
 * station of 2.0.1 is given before it is asked, that was lost. Should it come yet, it still counts. */
static void end_left(struct passage *p)
{
	int64_t wait_ms = p->e.core->config->limits->doubt_s * 1000;
	struct v16_entry *e, *tmp;

	DL_FOREACH_SAFE (p->book->entries, e, tmp) {
		if (!e->is_open || !e->freed.us || wait_ms <= 0 ||
			mono_diff_ms(clock_mono(), e->freed) < wait_ms)
			continue;
		e->freed = (mono_t){0};
		doubt_settle(p->e.core, p->e.station, e->id);
	}
}

static void take(struct session *x, const struct ocpp_frame *f, const struct schema_action *a,
	pass_fn pass, const struct v16_up *up)
{
	struct passage p = {0};
	struct schema_error err;
	struct schema_notes unread;
	bool is_start = a == &ocpp16_actions[OCPP16_START_TRANSACTION];
	const void *request, *response;

	if (!prepare(&p, x, f->id.text)) {
		dispatch_error(x, &f->id, OCPP_CODE_INTERNAL_ERROR, "out of memory");
		return;
	}
	p.digest = digest(f->payload.at, f->payload.len);
	request = schema_decode_lenient(
		a->request, f->payload.at, f->payload.len, p.e.arena, &unread, &err);
	if (!request) {
		log_warn("station %s: %s refused: %s: %s", x->station->id, f->action, err.path,
			err.message);
		dispatch_schema_error(x, &f->id, &err);
		return;
	}
	p.e.action = a->name;
	unread_tell(&p.e, &unread);
	p.text = unread.count ? f->payload.at : NULL;
	p.len = f->payload.len;
	p.book->untold += is_start;
	response = pass ? pass(&p, request) : pass_up(&p, up, request);
	if (!response)
		dispatch_error(x, &f->id, OCPP_CODE_INTERNAL_ERROR, "out of memory");
	else
		dispatch_result(
			x, &f->id, a->response, response, a != &ocpp16_actions[OCPP16_HEARTBEAT]);
	if (is_start)
		release_calls(x);
	end_left(&p);
}

void v16_on_call(struct session *x, const struct ocpp_frame *f)
{
	const struct schema_action *a =
		schema_action_find(ocpp16_actions, OCPP16_ACTION_COUNT, f->action);
	const struct v16_up *up = NULL;
	pass_fn pass;
	int to = -1;

	if (!a) {
		dispatch_error(x, &f->id, OCPP_CODE_NOT_IMPLEMENTED, "OCPP 1.6 has no such action");
		return;
	}
	pass = pass_of((int)(a - ocpp16_actions), &up, &to);
	if (to < 0)
		dispatch_error(x, &f->id, OCPP_CODE_NOT_SUPPORTED,
			"only a central system sends this action");
	else if (!dispatch_may_send(x, f, to))
		dispatch_error(x, &f->id, OCPP_CODE_SECURITY_ERROR,
			"not accepted yet: send a BootNotification first");
	else if (!dispatch_is_retry(x, f, to))
		take(x, f, a, pass, up);
}

/* What it is made of goes with its call: the turn gets a copy of its own. */
void v16_inject(struct session *x, int action, const void *request, const char *cause)
{
	const struct schema_struct *type = ocpp201_actions[action].request;
	struct passage p = {0};
	struct schema_error err;
	struct text t;
	const void *copy = NULL;

	text_init(&t, 0);
	if (prepare(&p, x, cause) && schema_encode(type, request, &t) == 0)
		copy = schema_decode(type, t.data, t.len, p.e.arena, &err);
	text_finish(&t);
	if (!copy || !ask(&p, action, copy))
		log_error("station %s: %s could not be taken down", x->station->id,
			ocpp201_actions[action].name);
}
