/* P02 data of vendors: what the config names is accepted and journalled, anything else is told
 * apart as an unknown vendor or an unknown message (P02.FR.06, FR.07). */
#include <string.h>
#include <strings.h>
#include "csms/handle/handlers.h"

static const struct config_known_vendor *find_vendor(const struct core *c, const char *vendor)
{
	const struct config_known_vendor_list *all = &c->config->data_transfer;

	for (size_t i = 0; i < all->count; i++)
		if (strcasecmp(all->items[i].vendor, vendor) == 0)
			return &all->items[i];
	return NULL;
}

static bool knows_message(const struct config_known_vendor *v, const char *message)
{
	if (v->messages.count == 0)
		return true;
	for (size_t i = 0; message && i < v->messages.count; i++)
		if (strcmp(v->messages.items[i], message) == 0)
			return true;
	return false;
}

static bool journal(struct exchange *x, const struct ocpp201_data_transfer_request *r)
{
	struct event_vendor_data_received *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return false;
	p->vendor = r->vendor_id;
	p->message = r->message_id;
	p->data = r->data;
	handle_journal(x, EVENT_VENDOR_DATA_RECEIVED, p, x->received);
	return true;
}

static bool refuse(struct exchange *x, const struct ocpp201_data_transfer_request *r,
	struct ocpp201_data_transfer_response *res, enum ocpp201_data_transfer_status status)
{
	struct event_vendor_data_refused *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return false;
	res->status = status;
	p->vendor = r->vendor_id;
	p->message = r->message_id;
	p->data_length = r->data ? (int64_t)strlen(r->data) : 0;
	p->status = ocpp201_data_transfer_status_enum.values[status];
	handle_journal(x, EVENT_VENDOR_DATA_REFUSED, p, x->received);
	return true;
}

void *handle_data_transfer(struct exchange *x, const void *request)
{
	const struct ocpp201_data_transfer_request *r = request;
	struct ocpp201_data_transfer_response *res = arena_alloc(x->arena, sizeof *res);
	const struct config_known_vendor *v = find_vendor(x->core, r->vendor_id);

	if (!res)
		return NULL;
	if (!v)
		return refuse(x, r, res, OCPP201_DATA_TRANSFER_STATUS_UNKNOWN_VENDOR_ID) ? res
											 : NULL;
	if (!knows_message(v, r->message_id))
		return refuse(x, r, res, OCPP201_DATA_TRANSFER_STATUS_UNKNOWN_MESSAGE_ID) ? res
											  : NULL;
	res->status = OCPP201_DATA_TRANSFER_STATUS_ACCEPTED;
	return journal(x, r) ? res : NULL;
}
