/* C01 authorisation by token; csms/token_check.c holds the rules. */
#include "csms/handle/handlers.h"
#include "csms/record.h"
#include "csms/token_check.h"

static bool journal(struct exchange *x)
{
	return handle_reported(x, NULL) != NULL;
}

void *handle_authorize(struct exchange *x, const void *request)
{
	const struct ocpp201_authorize_request *req = request;
	struct ocpp201_authorize_response *res = arena_alloc(x->arena, sizeof *res);

	if (!res || !journal(x))
		return NULL;
	token_check(&x->core->fleet, &req->id_token, x->received, x->arena, &res->id_token_info);
	return res;
}
