/* Messages of a 1.6 station that are one message of 2.0.1, and need to know nothing more. */
#include "ocpp/v16.h"
#include <string.h>
#include "schemas/text.h"

int v16_same(const struct schema_enum *from, int v, const struct schema_enum *to, int otherwise)
{
	int found = schema_enum_find(to, from->values[v]);

	return found < 0 ? otherwise : found;
}

/* -- identity --------------------------------------------------------------------------------- */

struct ocpp201_id_token *v16_id_token(const struct v16_hints *h, const char *id_tag)
{
	struct ocpp201_id_token *t = arena_alloc(h->arena, sizeof *t);

	if (!t)
		return NULL;
	t->id_token = id_tag;
	t->type = h->kind_of ? h->kind_of(h->arg, id_tag) : OCPP201_ID_TOKEN_ISO14443;
	return t;
}

bool v16_is_tag(const char *s)
{
	size_t points;

	return schema_utf8_check(s, strlen(s), &points) && points <= V16_ID_TAG_MAX;
}

/* What 1.6 has no word for (NoCredit, NotAtThisTime …) is Invalid: it may not charge. */
void v16_id_tag_info(const struct ocpp201_id_token_info *in, struct ocpp16_id_tag_info *out)
{
	memset(out, 0, sizeof *out);
	out->status = (enum ocpp16_authorization_status)v16_same(&ocpp201_authorization_status_enum,
		in->status, &ocpp16_authorization_status_enum, OCPP16_AUTHORIZATION_STATUS_INVALID);
	out->has_expiry_date = in->has_cache_expiry_date_time;
	out->expiry_date = in->cache_expiry_date_time;
	if (in->group_id_token && v16_is_tag(in->group_id_token->id_token))
		out->parent_id_tag = in->group_id_token->id_token;
}

static void *authorize(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_authorize_request *in = request;
	struct ocpp201_authorize_request *out = arena_alloc(h->arena, sizeof *out);
	struct ocpp201_id_token *t = v16_id_token(h, in->id_tag);

	if (!out || !t)
		return NULL;
	out->id_token = *t;
	return out;
}

static void *authorize_answer(struct arena *a, const void *response)
{
	const struct ocpp201_authorize_response *in = response;
	struct ocpp16_authorize_response *out = arena_alloc(a, sizeof *out);

	if (out)
		v16_id_tag_info(&in->id_token_info, &out->id_tag_info);
	return out;
}

/* -- the station ------------------------------------------------------------------------------ */

static void *boot(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_boot_notification_request *in = request;
	struct ocpp201_boot_notification_request *out = arena_alloc(h->arena, sizeof *out);
	struct ocpp201_charging_station *cs = out ? &out->charging_station : NULL;

	if (!out)
		return NULL;
	out->reason = OCPP201_BOOT_REASON_UNKNOWN;
	cs->vendor_name = in->charge_point_vendor;
	cs->model = in->charge_point_model;
	cs->serial_number = in->charge_point_serial_number ? in->charge_point_serial_number
							   : in->charge_box_serial_number;
	cs->firmware_version = in->firmware_version;
	if (in->iccid || in->imsi) {
		cs->modem = arena_alloc(h->arena, sizeof *cs->modem);
		if (!cs->modem)
			return NULL;
		cs->modem->iccid = in->iccid;
		cs->modem->imsi = in->imsi;
	}
	return out;
}

static void *boot_answer(struct arena *a, const void *response)
{
	const struct ocpp201_boot_notification_response *in = response;
	struct ocpp16_boot_notification_response *out = arena_alloc(a, sizeof *out);

	if (!out)
		return NULL;
	out->status = (enum ocpp16_registration_status)v16_same(&ocpp201_registration_status_enum,
		in->status, &ocpp16_registration_status_enum, OCPP16_REGISTRATION_STATUS_REJECTED);
	out->current_time = in->current_time;
	out->interval = in->interval;
	return out;
}

static void *heartbeat(const struct v16_hints *h, const void *request)
{
	(void)request;
	return arena_alloc(h->arena, sizeof(struct ocpp201_heartbeat_request));
}

static void *heartbeat_answer(struct arena *a, const void *response)
{
	const struct ocpp201_heartbeat_response *in = response;
	struct ocpp16_heartbeat_response *out = arena_alloc(a, sizeof *out);

	if (out)
		out->current_time = in->current_time;
	return out;
}

/* All of 1.6's responses without fields look alike. */
static void *empty_answer(struct arena *a, const void *response)
{
	(void)response;
	return arena_alloc(a, sizeof(struct ocpp16_meter_values_response));
}

/* -- files and security ----------------------------------------------------------------------- */

static void *log_status(const struct v16_hints *h, int status, bool has_id, int64_t id)
{
	struct ocpp201_log_status_notification_request *out = arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->status = (enum ocpp201_upload_log_status)status;
	out->has_request_id = has_id || h->log_request;
	out->request_id = has_id ? id : h->log_request;
	return out;
}

static void *diagnostics(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_diagnostics_status_notification_request *in = request;
	int status = v16_same(&ocpp16_diagnostics_status_enum, in->status,
		&ocpp201_upload_log_status_enum, OCPP201_UPLOAD_LOG_STATUS_UPLOAD_FAILURE);

	return log_status(h, status, false, 0);
}

static void *log_notified(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_log_status_notification_request *in = request;
	int status = v16_same(&ocpp16_upload_log_status_enum, in->status,
		&ocpp201_upload_log_status_enum, OCPP201_UPLOAD_LOG_STATUS_UPLOAD_FAILURE);

	return log_status(h, status, in->has_request_id, in->request_id);
}

static void *firmware_status(const struct v16_hints *h, int status, bool has_id, int64_t id)
{
	struct ocpp201_firmware_status_notification_request *out =
		arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->status = (enum ocpp201_firmware_status)status;
	out->has_request_id = has_id || h->firmware_request;
	out->request_id = has_id ? id : h->firmware_request;
	return out;
}

static void *firmware(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_firmware_status_notification_request *in = request;
	int status = v16_same(&ocpp16_firmware_status_enum, in->status,
		&ocpp201_firmware_status_enum, OCPP201_FIRMWARE_STATUS_INSTALLATION_FAILED);

	return firmware_status(h, status, false, 0);
}

static void *signed_firmware(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_signed_firmware_status_notification_request *in = request;
	int status = v16_same(&ocpp16_signed_firmware_status_enum, in->status,
		&ocpp201_firmware_status_enum, OCPP201_FIRMWARE_STATUS_INSTALLATION_FAILED);

	return firmware_status(h, status, in->has_request_id, in->request_id);
}

static void *security_event(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_security_event_notification_request *in = request;
	struct ocpp201_security_event_notification_request *out =
		arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->type = in->type;
	out->timestamp = in->timestamp;
	out->tech_info = in->tech_info;
	return out;
}

static void *sign_certificate(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_sign_certificate_request *in = request;
	struct ocpp201_sign_certificate_request *out = arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->csr = in->csr;
	out->has_certificate_type = true;
	out->certificate_type = OCPP201_CERTIFICATE_SIGNING_USE_CHARGING_STATION_CERTIFICATE;
	return out;
}

static void *sign_certificate_answer(struct arena *a, const void *response)
{
	const struct ocpp201_sign_certificate_response *in = response;
	struct ocpp16_sign_certificate_response *out = arena_alloc(a, sizeof *out);

	if (out)
		out->status = in->status == OCPP201_GENERIC_STATUS_ACCEPTED
				      ? OCPP16_GENERIC_STATUS_ACCEPTED
				      : OCPP16_GENERIC_STATUS_REJECTED;
	return out;
}

/* -- data ------------------------------------------------------------------------------------- */

const char *v16_data_json(struct arena *a, const char *words)
{
	struct text t;
	const char *out;

	text_init(&t, 0);
	text_put_json(&t, words);
	out = text_ok(&t) ? arena_strndup(a, t.data, t.len) : NULL;
	text_finish(&t);
	return out;
}

/* The codec knows how to read a JSON string: let it. */
const char *v16_data_text(struct arena *a, const char *json)
{
	struct schema_error err;
	const char *wrapped = arena_printf(a, "{\"vendorId\":\"\",\"data\":%s}", json);
	const struct ocpp16_data_transfer_request *r =
		wrapped ? schema_decode(&ocpp16_data_transfer_request_type, wrapped,
				  strlen(wrapped), a, &err)
			: NULL;

	return r ? r->data : json;
}

static void *data_transfer(const struct v16_hints *h, const void *request)
{
	const struct ocpp16_data_transfer_request *in = request;
	struct ocpp201_data_transfer_request *out = arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->vendor_id = in->vendor_id;
	out->message_id = in->message_id;
	out->data = in->data ? v16_data_json(h->arena, in->data) : NULL;
	return out;
}

static void *data_transfer_answer(struct arena *a, const void *response)
{
	const struct ocpp201_data_transfer_response *in = response;
	struct ocpp16_data_transfer_response *out = arena_alloc(a, sizeof *out);

	if (!out)
		return NULL;
	out->status = (enum ocpp16_data_transfer_status)v16_same(&ocpp201_data_transfer_status_enum,
		in->status, &ocpp16_data_transfer_status_enum,
		OCPP16_DATA_TRANSFER_STATUS_REJECTED);
	out->data = in->data ? v16_data_text(a, in->data) : NULL;
	return out;
}

/* -- the table -------------------------------------------------------------------------------- */

static const struct v16_up rows[] = {
	{OCPP16_AUTHORIZE, OCPP201_AUTHORIZE, authorize, authorize_answer},
	{OCPP16_BOOT_NOTIFICATION, OCPP201_BOOT_NOTIFICATION, boot, boot_answer},
	{OCPP16_DATA_TRANSFER, OCPP201_DATA_TRANSFER, data_transfer, data_transfer_answer},
	{OCPP16_DIAGNOSTICS_STATUS_NOTIFICATION, OCPP201_LOG_STATUS_NOTIFICATION, diagnostics,
		empty_answer},
	{OCPP16_FIRMWARE_STATUS_NOTIFICATION, OCPP201_FIRMWARE_STATUS_NOTIFICATION, firmware,
		empty_answer},
	{OCPP16_HEARTBEAT, OCPP201_HEARTBEAT, heartbeat, heartbeat_answer},
	{OCPP16_LOG_STATUS_NOTIFICATION, OCPP201_LOG_STATUS_NOTIFICATION, log_notified,
		empty_answer},
	{OCPP16_SECURITY_EVENT_NOTIFICATION, OCPP201_SECURITY_EVENT_NOTIFICATION, security_event,
		empty_answer},
	{OCPP16_SIGN_CERTIFICATE, OCPP201_SIGN_CERTIFICATE, sign_certificate,
		sign_certificate_answer},
	{OCPP16_SIGNED_FIRMWARE_STATUS_NOTIFICATION, OCPP201_FIRMWARE_STATUS_NOTIFICATION,
		signed_firmware, empty_answer},
};

const struct v16_up *v16_up_find(int action)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].action == action)
			return &rows[i];
	return NULL;
}
