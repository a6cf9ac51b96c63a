/* C01 authorisation by token; csms/token_check.c holds the rules. */
#include "csms/cost.h"
#include "csms/handle/handlers.h"
#include "csms/record.h"
#include "csms/token_check.h"

static void journal(struct exchange *x, const struct ocpp201_authorize_request *req,
	const struct ocpp201_id_token_info *info)
{
	struct event_token_asked *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->id_token = req->id_token.id_token;
	p->id_token_type = ocpp201_id_token_enum.values[req->id_token.type];
	p->status = ocpp201_authorization_status_enum.values[info->status];
	p->group = info->group_id_token ? arena_strdup(x->arena, info->group_id_token->id_token)
					: NULL;
	p->has_certificate = req->certificate || req->iso15118_certificate_hash_data.count;
	handle_journal(x, EVENT_TOKEN_ASKED, p, x->received);
}

void *handle_authorize(struct exchange *x, const void *request)
{
	const struct ocpp201_authorize_request *req = request;
	struct ocpp201_authorize_response *res = arena_alloc(x->arena, sizeof *res);

	const struct token_use use = {
		.fleet = &x->core->fleet,
		.depot = x->core->depot,
		.station = x->station,
		.now = x->received,
	};

	if (!res)
		return NULL;
	token_check(&use, &req->id_token, x->arena, &res->id_token_info);
	journal(x, req, &res->id_token_info);
	cost_add_text(x->core, x->station, x->arena, &res->id_token_info);
	return res;
}
