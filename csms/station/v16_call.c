#include "csms/station/v16_call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/station/device.h"
#include "csms/station/dispatch_private.h"
#include "csms/station/session.h"
#include "csms/station/v16_book.h"
#include "ocpp/v16_down.h"

#define VOLTS 230 /* between a phase and neutral, while nobody is connected */

struct v16_call {
	struct station *station;
	struct arena *arena;
	struct v16_plan plan;
	struct v16_reply *replies; /* plan.count */
	size_t at; /* the ask that is out or next */
	const void *response; /* of 2.0.1 */
	char code[61], text[301]; /* of the last CALLERROR, "" none */
};

/* -- making ----------------------------------------------------------------------------------- */

static int phases(void *arg, int64_t evse)
{
	const struct evse *e = station_evse(arg, evse);

	if (!e)
		return 3;
	return e->is_dc ? 0 : e->phases;
}

static struct v16_facts facts_of(struct station *s)
{
	int64_t units = device_fact(s, DEVICE_PROFILE_UNITS, DEVICE_UNIT_A | DEVICE_UNIT_W);

	return (struct v16_facts){
		.no_security = s->v16 && s->v16->no_security,
		.only_amperes = units == DEVICE_UNIT_A,
		.only_watts = units == DEVICE_UNIT_W,
		.phases = phases,
		.arg = s,
		.volts = s->session ? (int)s->session->core->depot->voltage_v : VOLTS,
	};
}

const char *v16_call_refusal(struct station *s, int action, const void *request, struct arena *a)
{
	struct v16_facts facts = facts_of(s);
	struct v16_plan plan;
	const char *why = NULL;

	return v16_plan_make(a, &facts, action, request, &plan, &why) ? why : NULL;
}

static int make(struct v16_call *k, int action, const char *payload, char why[200])
{
	struct v16_facts facts = facts_of(k->station);
	struct schema_error err;
	const char *words = NULL;
	const void *request = schema_decode(
		ocpp201_actions[action].request, payload, strlen(payload), k->arena, &err);

	if (request && v16_plan_make(k->arena, &facts, action, request, &k->plan, &words) == 0)
		k->replies = arena_alloc(k->arena, k->plan.count * sizeof *k->replies);
	snprintf(why, 200, "%s", words ? words : "out of memory");
	return k->replies ? 0 : -1;
}

struct v16_call *v16_call_create(struct station *s, int action, const char *payload, char why[200])
{
	struct v16_call *k = calloc(1, sizeof *k);

	snprintf(why, 200, "out of memory");
	if (!k)
		return NULL;
	k->station = s;
	k->arena = arena_create(0);
	if (k->arena && make(k, action, payload, why) == 0)
		return k;
	v16_call_destroy(k);
	return NULL;
}

/* -- sending ---------------------------------------------------------------------------------- */

static bool is_security(int action)
{
	return strcmp(ocpp16_actions[action].use, "security") == 0;
}

/* A fallback is asked only where the one before it is not implemented. */
static void skip_fallbacks(struct v16_call *k)
{
	while (k->at < k->plan.count && k->plan.asks[k->at].is_fallback &&
		!(k->station->v16 && k->station->v16->no_security))
		k->at++;
}

bool v16_call_next(struct v16_call *k, const char **action, const char **payload, bool *is_secret)
{
	const struct v16_ask *ask;
	struct text t;

	skip_fallbacks(k);
	if (k->at >= k->plan.count)
		return false;
	ask = &k->plan.asks[k->at];
	text_init(&t, 0);
	*payload = schema_encode(ocpp16_actions[ask->action].request, ask->request, &t) == 0
			   ? arena_strndup(k->arena, t.data, t.len)
			   : NULL;
	text_finish(&t);
	*action = ocpp16_actions[ask->action].name;
	*is_secret = ask->is_secret;
	return *payload != NULL;
}

void v16_call_sent(struct core *c, struct station *s, struct v16_call *k)
{
	if (k->at)
		return;
	if (k->plan.action == OCPP201_REQUEST_START_TRANSACTION) {
		const struct ocpp201_request_start_transaction_request *r = k->plan.request;

		v16_book_asked_start(
			c, s, r->remote_start_id, &r->id_token, r->has_evse_id ? r->evse_id : 0);
	} else if (k->plan.action == OCPP201_GET_LOG) {
		const struct ocpp201_get_log_request *r = k->plan.request;

		v16_book_asked_log(c, s, r->request_id);
	} else if (k->plan.action == OCPP201_UPDATE_FIRMWARE) {
		const struct ocpp201_update_firmware_request *r = k->plan.request;

		v16_book_asked_firmware(c, s, r->request_id);
	}
}

/* -- answers ---------------------------------------------------------------------------------- */

void v16_call_answered(struct v16_call *k, const char *payload, size_t len)
{
	const struct v16_ask *ask = &k->plan.asks[k->at];
	struct v16_reply *r = &k->replies[k->at++];
	struct schema_error err;

	r->was_asked = true;
	r->response =
		schema_decode(ocpp16_actions[ask->action].response, payload, len, k->arena, &err);
	if (r->response)
		return;
	snprintf(k->code, sizeof k->code, "InvalidAnswer");
	snprintf(k->text, sizeof k->text, "the answer breaks the schema: %.100s: %.150s", err.path,
		err.message);
}

void v16_call_refused(struct v16_call *k, const char *code, const char *text)
{
	const struct v16_ask *ask = &k->plan.asks[k->at];
	enum ocpp_code known = ocpp_code_find(code ? code : "");
	struct v16_book *b = v16_book(k->station);

	k->replies[k->at++].was_asked = true;
	snprintf(k->code, sizeof k->code, "%s", code ? code : "GenericError");
	snprintf(k->text, sizeof k->text, "%s", text ? text : "");
	if (b && is_security(ask->action) &&
		(known == OCPP_CODE_NOT_IMPLEMENTED || known == OCPP_CODE_NOT_SUPPORTED))
		b->no_security = true;
}

const char *v16_call_fault(const struct v16_call *k, const char *payload, size_t len, char why[400])
{
	struct arena *a = k->at < k->plan.count ? arena_create(0) : NULL;
	struct schema_error err;
	bool ok;

	if (!a)
		return NULL;
	ok = schema_decode(
		ocpp16_actions[k->plan.asks[k->at].action].response, payload, len, a, &err);
	if (!ok)
		snprintf(why, 400, "%s: %s", err.path, err.message);
	arena_destroy(a);
	return ok ? NULL : why;
}

static bool has_response(const struct v16_call *k)
{
	for (size_t i = 0; i < k->plan.count; i++)
		if (k->replies[i].response)
			return true;
	return false;
}

/* The response as JSON and, read again, as the struct that all above the adapter take. */
static bool encode(struct v16_call *k, const void *response, struct call_result *out)
{
	const struct schema_struct *type = ocpp201_actions[k->plan.action].response;
	struct schema_error err;
	struct text t;

	text_init(&t, 0);
	if (schema_encode(type, response, &t) == 0)
		out->response = arena_strndup(k->arena, t.data, t.len);
	text_finish(&t);
	if (out->response)
		k->response = out->response_struct =
			schema_decode(type, out->response, strlen(out->response), k->arena, &err);
	return k->response != NULL;
}

void v16_call_result(struct v16_call *k, struct call_result *out)
{
	const char *why = NULL;
	const void *response =
		has_response(k) ? v16_plan_conclude(k->arena, &k->plan, k->replies, &why) : NULL;

	memset(out, 0, sizeof *out);
	if (response && encode(k, response, out)) {
		out->outcome = EVENT_CALL_OUTCOME_ANSWERED;
		return;
	}
	out->response = NULL;
	out->outcome = EVENT_CALL_OUTCOME_ERROR;
	out->error_code = k->code[0] && !why ? k->code : "NotSupported";
	out->error_text = why ? why : k->text;
}

/* -- what follows ----------------------------------------------------------------------------- */

static void report(struct core *c, struct station *s, struct v16_call *k)
{
	const struct ocpp201_get_base_report_response *r = k->response;
	const struct ocpp201_notify_report_request *part;

	(void)c;
	if (r->status != OCPP201_GENERIC_DEVICE_MODEL_STATUS_ACCEPTED)
		return;
	for (int i = 0; s->session; i++) {
		part = v16_report(k->arena, &k->plan, k->replies, clock_wall(), i);
		if (!part)
			return;
		v16_inject(s->session, OCPP201_NOTIFY_REPORT, part, "GetConfiguration");
	}
}

void v16_call_after(struct core *c, struct station *s, struct v16_call *k)
{
	if (k->plan.action == OCPP201_REQUEST_START_TRANSACTION) {
		const struct ocpp201_request_start_transaction_request *q = k->plan.request;
		const struct ocpp201_request_start_transaction_response *r = k->response;

		if (!r || r->status != OCPP201_REQUEST_START_STOP_STATUS_ACCEPTED)
			v16_book_drop_start(s, q->remote_start_id);
	} else if (k->plan.action == OCPP201_GET_BASE_REPORT && k->response) {
		report(c, s, k);
	}
}

void v16_call_destroy(struct v16_call *k)
{
	if (!k)
		return;
	arena_destroy(k->arena);
	free(k);
}
