/* Messages that are taken down whole, and those that this depot answers with a truthful no. */
#include <string.h>
#include "csms/handle/handlers.h"

/* Big enough for every response that is all optional fields. */
#define EMPTY_RESPONSE_BYTES 64

static bool journal(struct exchange *x)
{
	struct event_station_reported *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return false;
	p->action = x->action;
	p->payload = arena_strndup(x->arena, x->payload, x->payload_len);
	handle_journal(x, EVENT_STATION_REPORTED, p, x->received);
	return p->payload != NULL;
}

void *handle_reported(struct exchange *x, const void *request)
{
	(void)request;
	return journal(x) ? arena_alloc(x->arena, EMPTY_RESPONSE_BYTES) : NULL;
}

/* A02: there is no certificate authority for stations yet; Rejected stops the station's retries
 * only until it is triggered again, which is what an operator wants to see in the log. */
void *handle_sign_certificate(struct exchange *x, const void *request)
{
	struct ocpp201_sign_certificate_response *res = arena_alloc(x->arena, sizeof *res);

	(void)request;
	if (!res || !journal(x))
		return NULL;
	res->status = OCPP201_GENERIC_STATUS_REJECTED;
	return res;
}

/* M06: Failed says that we got no answer from a responder. */
void *handle_get_certificate_status(struct exchange *x, const void *request)
{
	struct ocpp201_get_certificate_status_response *res = arena_alloc(x->arena, sizeof *res);

	(void)request;
	if (!res || !journal(x))
		return NULL;
	res->status = OCPP201_GET_CERTIFICATE_STATUS_FAILED;
	return res;
}

/* M01: no contract pool is configured. */
void *handle_get_ev_certificate(struct exchange *x, const void *request)
{
	struct ocpp201_get15118_ev_certificate_response *res = arena_alloc(x->arena, sizeof *res);

	(void)request;
	if (!res || !journal(x))
		return NULL;
	res->status = OCPP201_ISO15118_EV_CERTIFICATE_STATUS_FAILED;
	res->exi_response = "";
	return res;
}
