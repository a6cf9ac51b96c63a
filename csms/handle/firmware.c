/* L01, L02 firmware, L03 its publication, N01 logs, A04 security events: what a station says of
 * them. Any status may follow any other, come twice or late: the last word counts, and the
 * journal has them all. */
#include <stdio.h>
#include "csms/command.h"
#include "csms/handle/handlers.h"
#include "csms/log.h"

struct said {
	enum event_transfer_kind kind;
	enum command_sign_kind sign;
	const char *status, *message;
	bool has_request_id;
	int64_t request_id;
	struct schema_strings locations;
};

static void take_down(struct exchange *x, const struct said *t)
{
	struct transfer_state *now = &x->station->transfers[t->kind];
	struct event_transfer_status_changed *p = arena_alloc(x->arena, sizeof *p);
	struct command_sign sign = {
		.kind = t->sign,
		.action = -1,
		.request_id = t->has_request_id ? t->request_id : 0,
		.status = t->status,
	};

	snprintf(now->status, sizeof now->status, "%s", t->status);
	now->request_id = sign.request_id;
	now->at = x->received;
	if (p) {
		p->kind = t->kind;
		p->status = t->status;
		p->has_request_id = t->has_request_id;
		p->request_id = t->request_id;
		p->locations.count = t->locations.count;
		p->locations.items = t->locations.items;
		p->message = t->message;
	}
	handle_journal(x, EVENT_TRANSFER_STATUS_CHANGED, p, x->received);
	fleet_touch(&x->core->fleet, x->station);
	command_sign(x->core, x->station, &sign);
}

void *handle_firmware_status(struct exchange *x, const void *request)
{
	const struct ocpp201_firmware_status_notification_request *req = request;

	take_down(x, &(struct said){
			     .kind = EVENT_TRANSFER_KIND_FIRMWARE,
			     .sign = SIGN_FIRMWARE,
			     .status = ocpp201_firmware_status_enum.values[req->status],
			     .has_request_id = req->has_request_id,
			     .request_id = req->request_id,
		     });
	return arena_alloc(x->arena, sizeof(struct ocpp201_firmware_status_notification_response));
}

void *handle_publish_status(struct exchange *x, const void *request)
{
	const struct ocpp201_publish_firmware_status_notification_request *req = request;

	take_down(x, &(struct said){
			     .kind = EVENT_TRANSFER_KIND_PUBLISH,
			     .sign = SIGN_PUBLISH,
			     .status = ocpp201_publish_firmware_status_enum.values[req->status],
			     .has_request_id = req->has_request_id,
			     .request_id = req->request_id,
			     .locations = req->location,
		     });
	return arena_alloc(
		x->arena, sizeof(struct ocpp201_publish_firmware_status_notification_response));
}

void *handle_log_status(struct exchange *x, const void *request)
{
	const struct ocpp201_log_status_notification_request *req = request;

	take_down(x, &(struct said){
			     .kind = EVENT_TRANSFER_KIND_LOG,
			     .sign = SIGN_LOG,
			     .status = ocpp201_upload_log_status_enum.values[req->status],
			     .has_request_id = req->has_request_id,
			     .request_id = req->request_id,
		     });
	return arena_alloc(x->arena, sizeof(struct ocpp201_log_status_notification_response));
}

void *handle_security_event(struct exchange *x, const void *request)
{
	const struct ocpp201_security_event_notification_request *req = request;
	struct event_security_event_reported *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return NULL;
	p->type = req->type;
	p->tech_info = req->tech_info;
	p->said_at = req->timestamp;
	p->has_said_at = handle_when(x, req->timestamp).ms != req->timestamp.ms;
	handle_journal(x, EVENT_SECURITY_EVENT_REPORTED, p, handle_when(x, req->timestamp));
	log_warn("station %s: security event %s", x->station->id, req->type);
	return arena_alloc(x->arena, sizeof(struct ocpp201_security_event_notification_response));
}
