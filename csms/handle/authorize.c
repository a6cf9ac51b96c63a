/* C01 authorisation by token; csms/token_check.c holds the rules. */
#include "csms/cost.h"
#include "csms/handle/handlers.h"
#include "csms/record.h"
#include "csms/token_check.h"

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

	if (!res || !handle_reported(x, request))
		return NULL;
	token_check(&use, &req->id_token, x->arena, &res->id_token_info);
	cost_add_text(x->core, x->station, x->arena, &res->id_token_info);
	return res;
}
