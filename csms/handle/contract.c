/* M01, M02, M06: what stations ask depotd to fetch from others: a vehicle's certificate from the contract
 * pool, the status of a certificate from its responder. What was asked stands in the journal without
 * its long parts, which the wire log has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/certificates/contract_pool.h"
#include "csms/station/device.h"
#include "csms/handle/handlers.h"
#include "csms/station/later.h"
#include "csms/log.h"
#include "csms/certificates/ocsp.h"

#define OCSP_RESULT_MAX 5500 /* characters of ocspResult */

/* -- M06 -------------------------------------------------------------------------------------- */

#define STATUSES_MAX 4 /* of one station at once: the others want answers too */

struct status_pending {
	struct later later;
	struct ocsp_waiter waiter;
	struct ocpp201_ocsp_request_data asked; /* texts are in `memory` */
	struct arena *memory;
};

/* Failed says that there is no answer of a responder; what it says is the station's to read
 * (M06, remarks). */
static void *status_answer(struct exchange *x, const struct ocpp201_ocsp_request_data *asked,
	const char *result, const char *why)
{
	struct ocpp201_get_certificate_status_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_certificate_status_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!res || !p)
		return NULL;
	res->status = result ? OCPP201_GET_CERTIFICATE_STATUS_ACCEPTED
			     : OCPP201_GET_CERTIFICATE_STATUS_FAILED;
	res->ocsp_result = result;
	p->hash_algorithm = ocpp201_hash_algorithm_enum.values[asked->hash_algorithm];
	p->issuer_name_hash = arena_strdup(x->arena, asked->issuer_name_hash);
	p->issuer_key_hash = arena_strdup(x->arena, asked->issuer_key_hash);
	p->number = arena_strdup(x->arena, asked->serial_number);
	p->responder = arena_strdup(x->arena, asked->responder_url);
	p->status = ocpp201_get_certificate_status_enum.values[res->status];
	p->why = result ? NULL : arena_strdup(x->arena, why);
	if (!result)
		log_warn("station %s: no status of certificate %.40s: %s", x->station->id,
			asked->serial_number, why);
	handle_journal(x, EVENT_CERTIFICATE_STATUS_ASKED, p, x->received);
	return res;
}

static const char *result_text(struct exchange *x, const struct ocsp_outcome *o, char why[300])
{
	char *text;

	if (!o->is_answered) {
		snprintf(why, 300, "%s", o->why);
		return NULL;
	}
	if (OCSP_TEXT_SIZE(o->len) > OCSP_RESULT_MAX + 1) {
		snprintf(why, 300,
			"the answer has %zu bytes, more than OCPP can carry (%d characters of "
			"base64): have the responder leave certificates out",
			o->len, OCSP_RESULT_MAX);
		return NULL;
	}
	text = arena_alloc(x->arena, OCSP_TEXT_SIZE(o->len));
	if (text)
		ocsp_answer_text(o->der, o->len, text);
	snprintf(why, 300, "out of memory");
	return text;
}

static void on_status(void *arg, const struct ocsp_outcome *o)
{
	struct status_pending *p = arg;
	struct station *s = later_station(&p->later);
	struct exchange x;
	char why[300];

	if (s && s->statuses_open > 0)
		s->statuses_open--;
	if (later_exchange(&p->later, &x)) {
		const char *result = result_text(&x, o, why);
		void *res = status_answer(&x, &p->asked, result, why);

		if (res)
			later_answer(&p->later, res);
	}
	arena_destroy(p->memory);
	free(p);
}

static struct status_pending *status_pending(
	struct exchange *x, const struct ocpp201_ocsp_request_data *asked)
{
	struct status_pending *p = x->core->contracts ? calloc(1, sizeof *p) : NULL;

	if (!p || (p->memory = arena_create(0)) == NULL || !exchange_later(x, &p->later)) {
		if (p)
			arena_destroy(p->memory);
		free(p);
		return NULL;
	}
	p->asked.hash_algorithm = asked->hash_algorithm;
	p->asked.issuer_name_hash = arena_strdup(p->memory, asked->issuer_name_hash);
	p->asked.issuer_key_hash = arena_strdup(p->memory, asked->issuer_key_hash);
	p->asked.serial_number = arena_strdup(p->memory, asked->serial_number);
	p->asked.responder_url = arena_strdup(p->memory, asked->responder_url);
	return p;
}

void *handle_get_certificate_status(struct exchange *x, const void *request)
{
	const struct ocpp201_get_certificate_status_request *r = request;
	const struct ocpp201_ocsp_request_data *asked = &r->ocsp_request_data;
	struct status_pending *p;
	struct cert_id id;
	void *later;
	char why[200];

	if (cert_id_read(ocpp201_hash_algorithm_enum.values[asked->hash_algorithm],
		    asked->issuer_name_hash, asked->issuer_key_hash, asked->serial_number, &id,
		    why))
		return status_answer(x, asked, NULL, why);
	if (x->station->statuses_open >= STATUSES_MAX)
		return status_answer(x, asked, NULL, "several others are being asked for it");
	p = status_pending(x, asked);
	if (!p)
		return status_answer(x, asked, NULL, "nobody can be asked just now");
	x->station->statuses_open++;
	later = exchange_later(x, &p->later);
	ocsp_ask(contracts_ocsp(x->core->contracts), &id, asked->responder_url, &p->waiter,
		on_status, p);
	return later;
}

/* -- M01, M02 --------------------------------------------------------------------------------- */

struct pool_pending {
	struct later later;
	char schema_version[UTF8_SIZE(50)];
	enum ocpp201_certificate_action action;
	int64_t exi_length;
};

static void *pool_response(
	struct exchange *x, const struct pool_pending *q, const char *exi, const char *why)
{
	struct ocpp201_get15118_ev_certificate_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_contract_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!res || !p)
		return NULL;
	res->status = exi ? OCPP201_ISO15118_EV_CERTIFICATE_STATUS_ACCEPTED
			  : OCPP201_ISO15118_EV_CERTIFICATE_STATUS_FAILED;
	res->exi_response = exi ? exi : "";
	p->schema_version = arena_strdup(x->arena, q->schema_version);
	p->action = ocpp201_certificate_action_enum.values[q->action];
	p->exi_length = q->exi_length;
	p->status = ocpp201_iso15118_ev_certificate_status_enum.values[res->status];
	p->why = exi ? NULL : arena_strdup(x->arena, why);
	p->has_answer_length = exi != NULL;
	p->answer_length = exi ? (int64_t)strlen(exi) : 0;
	if (!exi)
		log_warn("station %s: no certificate for a vehicle: %s", x->station->id, why);
	handle_journal(x, EVENT_CONTRACT_ASKED, p, x->received);
	return res;
}

static void on_pool(void *arg, const struct pool_answer *a)
{
	struct pool_pending *q = arg;
	struct exchange x;
	void *res;

	if (later_exchange(&q->later, &x) && (res = pool_response(&x, q, a->exi, a->why)) != NULL)
		later_answer(&q->later, res);
	free(q);
}

/* What the station takes: it may announce more than OCPP's 5600, never less. */
static int64_t exi_most(const struct station *s)
{
	int64_t n = device_fact(s, DEVICE_EXI_LENGTH, EXI_USUAL);

	return n < EXI_USUAL ? EXI_USUAL : n > EXI_MOST ? EXI_MOST : n;
}

void *handle_get_ev_certificate(struct exchange *x, const void *request)
{
	const struct ocpp201_get15118_ev_certificate_request *r = request;
	struct pool_pending *q = calloc(1, sizeof *q);
	char why[300] = "nobody can be asked just now";
	void *later, *res;

	if (!q)
		return NULL;
	q->action = r->action;
	q->exi_length = (int64_t)strlen(r->exi_request);
	snprintf(q->schema_version, sizeof q->schema_version, "%s", r->iso15118_schema_version);
	later = x->core->contracts ? exchange_later(x, &q->later) : NULL;
	if (later && contract_pool_ask(x->core->contracts, q->schema_version, r->exi_request,
			     exi_most(x->station), on_pool, q, why) == 0)
		return later;
	res = pool_response(x, q, NULL, why);
	free(q);
	return res;
}
