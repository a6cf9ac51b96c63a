/* Logs, firmware and certificates: the security white paper's messages where the station has them,
 * those of plain 1.6 where it has not. */
#include <string.h>
#include "ocpp/v16_down_private.h"

/* -- logs ------------------------------------------------------------------------------------- */

static int add_get_log(struct v16_making *m, const struct ocpp201_get_log_request *in)
{
	struct ocpp16_get_log_request *out = v16_add(m, OCPP16_GET_LOG);

	if (!out)
		return -1;
	out->log_type = in->log_type == OCPP201_LOG_SECURITY_LOG ? OCPP16_LOG_SECURITY_LOG
								 : OCPP16_LOG_DIAGNOSTICS_LOG;
	out->request_id = in->request_id;
	out->has_retries = in->has_retries;
	out->retries = in->retries;
	out->has_retry_interval = in->has_retry_interval;
	out->retry_interval = in->retry_interval;
	out->log = (struct ocpp16_log_parameters){
		.remote_location = in->log.remote_location,
		.has_oldest_timestamp = in->log.has_oldest_timestamp,
		.oldest_timestamp = in->log.oldest_timestamp,
		.has_latest_timestamp = in->log.has_latest_timestamp,
		.latest_timestamp = in->log.latest_timestamp,
	};
	return 0;
}

int v16_make_get_log(struct v16_making *m, const void *request)
{
	const struct ocpp201_get_log_request *in = request;
	bool is_security = in->log_type == OCPP201_LOG_SECURITY_LOG;
	struct ocpp16_get_diagnostics_request *out;

	if (is_security && m->facts->no_security)
		return v16_refuse(m, "the station has no security extension of OCPP 1.6, and so no "
				     "SecurityLog");
	if (!m->facts->no_security && add_get_log(m, in))
		return -1;
	if (is_security)
		return 0;
	out = v16_add(m, OCPP16_GET_DIAGNOSTICS);
	if (!out)
		return -1;
	out->location = in->log.remote_location;
	out->has_retries = in->has_retries;
	out->retries = in->retries;
	out->has_retry_interval = in->has_retry_interval;
	out->retry_interval = in->retry_interval;
	out->has_start_time = in->log.has_oldest_timestamp;
	out->start_time = in->log.oldest_timestamp;
	out->has_stop_time = in->log.has_latest_timestamp;
	out->stop_time = in->log.latest_timestamp;
	if (m->plan->count > 1)
		v16_mark_fallback(m);
	return 0;
}

const void *v16_conclude_get_log(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	int action = 0;
	const void *in = v16_last(p, replies, &action);
	const struct ocpp16_get_log_response *log = in;
	const struct ocpp16_get_diagnostics_response *diagnostics = in;
	struct ocpp201_get_log_response *out = arena_alloc(a, sizeof *out);

	(void)why;
	if (!out)
		return NULL;
	if (action == OCPP16_GET_LOG) {
		out->status = (enum ocpp201_log_status)v16_same(&ocpp16_log_status_enum,
			log->status, &ocpp201_log_status_enum, OCPP201_LOG_STATUS_REJECTED);
		out->filename = log->filename;
		return out;
	}
	/* No file name: there is nothing to upload. */
	out->filename = diagnostics->file_name;
	out->status = diagnostics->file_name && *diagnostics->file_name
			      ? OCPP201_LOG_STATUS_ACCEPTED
			      : OCPP201_LOG_STATUS_REJECTED;
	if (out->status == OCPP201_LOG_STATUS_REJECTED)
		out->status_info = v16_info(a, "NoDiagnostics", "it has no diagnostics to upload");
	return out;
}

/* -- firmware --------------------------------------------------------------------------------- */

static int add_signed_update(struct v16_making *m, const struct ocpp201_update_firmware_request *in)
{
	struct ocpp16_signed_update_firmware_request *out =
		v16_add(m, OCPP16_SIGNED_UPDATE_FIRMWARE);

	if (!out)
		return -1;
	out->request_id = in->request_id;
	out->has_retries = in->has_retries;
	out->retries = in->retries;
	out->has_retry_interval = in->has_retry_interval;
	out->retry_interval = in->retry_interval;
	out->firmware = (struct ocpp16_firmware){
		.location = in->firmware.location,
		.retrieve_date_time = in->firmware.retrieve_date_time,
		.has_install_date_time = in->firmware.has_install_date_time,
		.install_date_time = in->firmware.install_date_time,
		.signing_certificate = in->firmware.signing_certificate,
		.signature = in->firmware.signature,
	};
	return 0;
}

/* A station without the extension cannot check a signature: that is said in the answer. */
int v16_make_update_firmware(struct v16_making *m, const void *request)
{
	const struct ocpp201_update_firmware_request *in = request;
	bool is_signed = in->firmware.signing_certificate && in->firmware.signature;
	struct ocpp16_update_firmware_request *out;

	if (is_signed && !m->facts->no_security && add_signed_update(m, in))
		return -1;
	if (!is_signed && in->firmware.has_install_date_time)
		return v16_refuse(m, "OCPP 1.6 has no installDateTime without signing certificate "
				     "and signature");
	if (in->firmware.has_install_date_time)
		return m->facts->no_security
			       ? v16_refuse(m, "the station has no security extension of OCPP 1.6, "
					       "and so no installDateTime")
			       : 0;
	out = v16_add(m, OCPP16_UPDATE_FIRMWARE);
	if (!out)
		return -1;
	out->location = in->firmware.location;
	out->retrieve_date = in->firmware.retrieve_date_time;
	out->has_retries = in->has_retries;
	out->retries = in->retries;
	out->has_retry_interval = in->has_retry_interval;
	out->retry_interval = in->retry_interval;
	if (m->plan->count > 1)
		v16_mark_fallback(m);
	return 0;
}

const void *v16_conclude_update_firmware(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	int action = 0;
	const struct ocpp16_signed_update_firmware_response *in = v16_last(p, replies, &action);
	struct ocpp201_update_firmware_response *out = arena_alloc(a, sizeof *out);

	(void)why;
	if (!out)
		return NULL;
	if (action == OCPP16_SIGNED_UPDATE_FIRMWARE) {
		out->status = (enum ocpp201_update_firmware_status)v16_same(
			&ocpp16_update_firmware_status_enum, in->status,
			&ocpp201_update_firmware_status_enum,
			OCPP201_UPDATE_FIRMWARE_STATUS_REJECTED);
		return out;
	}
	out->status = OCPP201_UPDATE_FIRMWARE_STATUS_ACCEPTED;
	out->status_info = v16_info(a, "NotSigned",
		"plain UpdateFirmware of OCPP 1.6: the station checks no signature");
	return out;
}

/* -- certificates ----------------------------------------------------------------------------- */

int v16_make_install(struct v16_making *m, const void *request)
{
	const struct ocpp201_install_certificate_request *in = request;
	struct ocpp16_install_certificate_request *out = v16_add(m, OCPP16_INSTALL_CERTIFICATE);

	if (!out)
		return -1;
	out->certificate = in->certificate;
	switch (in->certificate_type) {
	case OCPP201_INSTALL_CERTIFICATE_USE_CSMS_ROOT_CERTIFICATE:
		out->certificate_type = OCPP16_CERTIFICATE_USE_CENTRAL_SYSTEM_ROOT_CERTIFICATE;
		return 0;
	case OCPP201_INSTALL_CERTIFICATE_USE_MANUFACTURER_ROOT_CERTIFICATE:
		out->certificate_type = OCPP16_CERTIFICATE_USE_MANUFACTURER_ROOT_CERTIFICATE;
		return 0;
	case OCPP201_INSTALL_CERTIFICATE_USE_V2_G_ROOT_CERTIFICATE:
	case OCPP201_INSTALL_CERTIFICATE_USE_MO_ROOT_CERTIFICATE:
		break;
	}
	return v16_refuse(m, "OCPP 1.6 has no %s",
		ocpp201_install_certificate_use_enum.values[in->certificate_type]);
}

int v16_make_delete(struct v16_making *m, const void *request)
{
	const struct ocpp201_delete_certificate_request *in = request;
	struct ocpp16_delete_certificate_request *out = v16_add(m, OCPP16_DELETE_CERTIFICATE);
	const struct ocpp201_certificate_hash_data *h = &in->certificate_hash_data;

	if (!out)
		return -1;
	out->certificate_hash_data = (struct ocpp16_certificate_hash_data){
		.hash_algorithm = (enum ocpp16_hash_algorithm)v16_same(&ocpp201_hash_algorithm_enum,
			h->hash_algorithm, &ocpp16_hash_algorithm_enum,
			OCPP16_HASH_ALGORITHM_SHA256),
		.issuer_name_hash = h->issuer_name_hash,
		.issuer_key_hash = h->issuer_key_hash,
		.serial_number = h->serial_number,
	};
	return 0;
}

int v16_make_signed(struct v16_making *m, const void *request)
{
	const struct ocpp201_certificate_signed_request *in = request;
	struct ocpp16_certificate_signed_request *out = v16_add(m, OCPP16_CERTIFICATE_SIGNED);

	if (!out)
		return -1;
	if (in->has_certificate_type &&
		in->certificate_type == OCPP201_CERTIFICATE_SIGNING_USE_V2_G_CERTIFICATE)
		return v16_refuse(m, "OCPP 1.6 has no V2GCertificate");
	out->certificate_chain = in->certificate_chain;
	return 0;
}

static const struct {
	enum ocpp201_get_certificate_id_use use;
	enum ocpp16_certificate_use is;
} uses[] = {
	{OCPP201_GET_CERTIFICATE_ID_USE_CSMS_ROOT_CERTIFICATE,
		OCPP16_CERTIFICATE_USE_CENTRAL_SYSTEM_ROOT_CERTIFICATE},
	{OCPP201_GET_CERTIFICATE_ID_USE_MANUFACTURER_ROOT_CERTIFICATE,
		OCPP16_CERTIFICATE_USE_MANUFACTURER_ROOT_CERTIFICATE},
};
#define USES (sizeof uses / sizeof *uses)

static bool is_wanted(const struct ocpp201_get_installed_certificate_ids_request *r, size_t use)
{
	for (size_t i = 0; i < r->certificate_type.count; i++)
		if (r->certificate_type.items[i] == uses[use].use)
			return true;
	return r->certificate_type.count == 0;
}

/* 1.6 tells of one use at a time. */
int v16_make_installed(struct v16_making *m, const void *request)
{
	for (size_t i = 0; i < USES; i++) {
		struct ocpp16_get_installed_certificate_ids_request *out;

		if (!is_wanted(request, i))
			continue;
		out = v16_add(m, OCPP16_GET_INSTALLED_CERTIFICATE_IDS);
		if (!out)
			return -1;
		out->certificate_type = uses[i].is;
	}
	return m->plan->count
		       ? 0
		       : v16_refuse(m, "OCPP 1.6 has no certificates but CSMSRootCertificate "
				       "and ManufacturerRootCertificate");
}

static void put_chain(const struct ocpp16_certificate_hash_data *in,
	enum ocpp16_certificate_use use, struct ocpp201_certificate_hash_data_chain *out)
{
	for (size_t i = 0; i < USES; i++)
		if (uses[i].is == use)
			out->certificate_type = uses[i].use;
	out->certificate_hash_data = (struct ocpp201_certificate_hash_data){
		.hash_algorithm = (enum ocpp201_hash_algorithm)v16_same(&ocpp16_hash_algorithm_enum,
			in->hash_algorithm, &ocpp201_hash_algorithm_enum,
			OCPP201_HASH_ALGORITHM_SHA256),
		.issuer_name_hash = in->issuer_name_hash,
		.issuer_key_hash = in->issuer_key_hash,
		.serial_number = in->serial_number,
	};
}

const void *v16_conclude_installed(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	struct ocpp201_get_installed_certificate_ids_response *out = arena_alloc(a, sizeof *out);
	struct ocpp201_certificate_hash_data_chain_list *list;
	size_t n = 0;

	(void)why;
	for (size_t i = 0; i < p->count; i++) {
		const struct ocpp16_get_installed_certificate_ids_response *r = replies[i].response;

		n += r ? r->certificate_hash_data.count : 0;
	}
	if (!out)
		return NULL;
	list = &out->certificate_hash_data_chain;
	out->status = n ? OCPP201_GET_INSTALLED_CERTIFICATE_STATUS_ACCEPTED
			: OCPP201_GET_INSTALLED_CERTIFICATE_STATUS_NOT_FOUND;
	if (!n)
		return out;
	list->items = arena_alloc(a, n * sizeof *list->items);
	for (size_t i = 0; list->items && i < p->count; i++) {
		const struct ocpp16_get_installed_certificate_ids_request *q = p->asks[i].request;
		const struct ocpp16_get_installed_certificate_ids_response *r = replies[i].response;

		for (size_t j = 0; r && j < r->certificate_hash_data.count; j++)
			put_chain(&r->certificate_hash_data.items[j], q->certificate_type,
				&list->items[list->count++]);
	}
	return list->items ? out : NULL;
}
