/* C01 authorisation by token, C07 by contract certificate; csms/charging/token_check.c holds the rules of the
 * one, csms/certificates/contract.c of the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/certificates/contract.h"
#include "csms/charging/cost.h"
#include "csms/handle/handlers.h"
#include "csms/station/later.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/charging/token_check.h"

static void journal(struct exchange *x, const struct ocpp201_id_token *token,
	const struct ocpp201_authorize_response *res, const char *why)
{
	const struct ocpp201_id_token_info *info = &res->id_token_info;
	struct event_token_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->id_token = arena_strdup(x->arena, token->id_token);
	p->id_token_type = ocpp201_id_token_enum.values[token->type];
	p->status = ocpp201_authorization_status_enum.values[info->status];
	p->group = info->group_id_token ? arena_strdup(x->arena, info->group_id_token->id_token)
					: NULL;
	p->has_certificate = res->has_certificate_status;
	if (res->has_certificate_status)
		p->certificate_status =
			ocpp201_authorize_certificate_status_enum.values[res->certificate_status];
	p->certificate_why = why ? arena_strdup(x->arena, why) : NULL;
	handle_journal(x, EVENT_TOKEN_ASKED, p, x->received);
}

static void check_token(
	struct exchange *x, const struct ocpp201_id_token *token, struct ocpp201_id_token_info *out)
{
	const struct token_use use = {
		.fleet = &x->core->fleet,
		.depot = x->core->depot,
		.station = x->station,
		.now = x->received,
	};

	token_check(&use, token, x->arena, out);
}

/* -- C07 -------------------------------------------------------------------------------------- */

/* The token's status where the certificate is not believed (C07.FR.15 to FR.17). */
static void refuse(struct ocpp201_authorize_response *res)
{
	struct ocpp201_id_token *group = res->id_token_info.group_id_token;

	res->id_token_info = (struct ocpp201_id_token_info){
		.status = res->certificate_status ==
					  OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERTIFICATE_EXPIRED
				  ? OCPP201_AUTHORIZATION_STATUS_EXPIRED
				  : OCPP201_AUTHORIZATION_STATUS_INVALID,
		.group_id_token = group,
	};
}

/* The contract is over, though its certificate is good (C07.FR.13). */
static bool is_cancelled(enum ocpp201_authorization_status status)
{
	return status == OCPP201_AUTHORIZATION_STATUS_BLOCKED ||
	       status == OCPP201_AUTHORIZATION_STATUS_EXPIRED ||
	       status == OCPP201_AUTHORIZATION_STATUS_INVALID ||
	       status == OCPP201_AUTHORIZATION_STATUS_UNKNOWN;
}

static struct ocpp201_authorize_response *judge(
	struct exchange *x, const struct ocpp201_id_token *token, const struct contract_result *r)
{
	struct ocpp201_authorize_response *res = arena_alloc(x->arena, sizeof *res);

	if (!res)
		return NULL;
	check_token(x, token, &res->id_token_info);
	res->has_certificate_status = true;
	res->certificate_status = r->status;
	if (r->status != OCPP201_AUTHORIZE_CERTIFICATE_STATUS_ACCEPTED) {
		refuse(res);
		log_warn("station %s: contract certificate of %.40s: %s", x->station->id,
			token->id_token, r->why);
	} else if (is_cancelled(res->id_token_info.status)) {
		res->certificate_status = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CONTRACT_CANCELLED;
	}
	journal(x, token, res, r->why[0] ? r->why : NULL);
	cost_add_text(x->core, x->station, x->arena, &res->id_token_info);
	return res;
}

struct pending {
	struct later later;
	struct ocpp201_id_token token;
	char value[UTF8_SIZE(36)];
};

static void on_judged(void *arg, const struct contract_result *r)
{
	struct pending *p = arg;
	struct exchange x;
	struct ocpp201_authorize_response *res;

	if (later_exchange(&p->later, &x) && (res = judge(&x, &p->token, r)) != NULL)
		later_answer(&p->later, res);
	free(p);
}

static void *by_contract(struct exchange *x, const struct ocpp201_authorize_request *req)
{
	struct contract_result no = {
		.status = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR,
		.why = "too many contract certificates are being checked at once"};
	struct pending *p = x->core->contracts ? calloc(1, sizeof *p) : NULL;
	void *later = p ? exchange_later(x, &p->later) : NULL;

	if (later) {
		snprintf(p->value, sizeof p->value, "%s", req->id_token.id_token);
		p->token =
			(struct ocpp201_id_token){.id_token = p->value, .type = req->id_token.type};
	}
	if (later && contract_check(x->core->contracts, p->value, req->certificate,
			     &req->iso15118_certificate_hash_data, on_judged, p) == 0)
		return later;
	free(p);
	return judge(x, &req->id_token, &no);
}

/* -- both ------------------------------------------------------------------------------------- */

void *handle_authorize(struct exchange *x, const void *request)
{
	const struct ocpp201_authorize_request *req = request;
	struct ocpp201_authorize_response *res;

	if (req->certificate || req->iso15118_certificate_hash_data.count)
		return by_contract(x, req);
	res = arena_alloc(x->arena, sizeof *res);
	if (!res)
		return NULL;
	check_token(x, &req->id_token, &res->id_token_info);
	journal(x, &req->id_token, res, NULL);
	cost_add_text(x->core, x->station, x->arena, &res->id_token_info);
	return res;
}
