/* M01, M06: what stations ask about certificates of others. There is no authority for them yet: each is
 * answered with a truthful no, and what was asked stands in the journal without its long parts,
 * which the wire log has. */
#include <string.h>
#include "csms/handle/handlers.h"

/* Failed says that we got no answer from a responder. */
void *handle_get_certificate_status(struct exchange *x, const void *request)
{
	const struct ocpp201_get_certificate_status_request *r = request;
	struct ocpp201_get_certificate_status_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_certificate_status_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!res || !p)
		return NULL;
	res->status = OCPP201_GET_CERTIFICATE_STATUS_FAILED;
	p->hash_algorithm = ocpp201_hash_algorithm_enum.values[r->ocsp_request_data.hash_algorithm];
	p->issuer_name_hash = r->ocsp_request_data.issuer_name_hash;
	p->issuer_key_hash = r->ocsp_request_data.issuer_key_hash;
	p->number = r->ocsp_request_data.serial_number;
	p->responder = r->ocsp_request_data.responder_url;
	p->status = ocpp201_get_certificate_status_enum.values[res->status];
	handle_journal(x, EVENT_CERTIFICATE_STATUS_ASKED, p, x->received);
	return res;
}

/* No contract pool is configured. */
void *handle_get_ev_certificate(struct exchange *x, const void *request)
{
	const struct ocpp201_get15118_ev_certificate_request *r = request;
	struct ocpp201_get15118_ev_certificate_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_contract_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!res || !p)
		return NULL;
	res->status = OCPP201_ISO15118_EV_CERTIFICATE_STATUS_FAILED;
	res->exi_response = "";
	p->schema_version = r->iso15118_schema_version;
	p->action = ocpp201_certificate_action_enum.values[r->action];
	p->exi_length = (int64_t)strlen(r->exi_request);
	p->status = ocpp201_iso15118_ev_certificate_status_enum.values[res->status];
	handle_journal(x, EVENT_CONTRACT_ASKED, p, x->received);
	return res;
}
