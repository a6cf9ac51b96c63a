/* Requests that no station can do anything right with: an EVSE that it does not have, times that run
 * backwards, an amount below zero. */
#include <stdio.h>
#include "csms/command/check.h"
#include "csms/power/profile_check.h"

/* An EVSE by its number, which begins at 1. */
static int check_evse(const struct station *s, int64_t id, struct schema_error *err)
{
	char all[100] = "";
	int n = 0;

	if (station_evse(s, id) || (s->is_guest && id > 0))
		return 0;
	for (int i = 0; i < s->evse_count && n < (int)sizeof all - 12; i++)
		n += snprintf(
			all + n, sizeof all - (size_t)n, "%s%d", i ? ", " : "", s->evses[i].id);
	return check_refuse(err, "evseId", "%s has no EVSE %lld, but: %s", s->id, (long long)id,
		n ? all : "none yet (PUT /api/v1/stations gives it some)");
}

/* F01, F02, K05 */
int check_start(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_request_start_transaction_request *r = request;

	if (r->has_evse_id && check_evse(s, r->evse_id, err))
		return -1;
	return profile_check_start(c, s, request, err);
}

/* `id`, `connector`: where they stand in the request. */
static int check_connector(const struct station *s, int64_t evse, int64_t connector, const char *id,
	const char *connector_id, struct schema_error *err)
{
	const struct evse *e = station_evse(s, evse);

	if (check_evse(s, evse, err)) {
		snprintf(err->path, sizeof err->path, "%s", id);
		return -1;
	}
	if (!e || (connector > 0 && connector <= e->connector_count))
		return 0;
	return check_refuse(
		err, connector_id, "EVSE %d has connectors 1 to %d", e->id, e->connector_count);
}

/* An EVSE, with or without a connector; 0 is the station. */
static int check_scope(
	const struct station *s, const struct ocpp201_evse *evse, struct schema_error *err)
{
	if (!evse || evse->id == 0)
		return 0;
	return check_connector(s, evse->id, evse->has_connector_id ? evse->connector_id : 1,
		"evse.id", "evse.connectorId", err);
}

/* G03, G04 */
int check_availability(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_change_availability_request *r = request;

	(void)c;
	return check_scope(s, r->evse, err);
}

/* F05 */
int check_unlock(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_unlock_connector_request *r = request;

	(void)c;
	return check_connector(s, r->evse_id, r->connector_id, "evseId", "connectorId", err);
}

/* F06.FR.13: a status belongs to a connector, so the question must name one. */
int check_trigger(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_trigger_message_request *r = request;

	(void)c;
	if (r->requested_message == OCPP201_MESSAGE_TRIGGER_STATUS_NOTIFICATION &&
		!(r->evse && r->evse->has_connector_id)) {
		check_refuse(err, "evse.connectorId",
			"a StatusNotification is of one connector: name evse.id and "
			"evse.connectorId (F06.FR.13)");
		err->fault = SCHEMA_MISSING;
		return -1;
	}
	return check_scope(s, r->evse, err);
}

/* B11, B12 */
int check_reset(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_reset_request *r = request;

	(void)c;
	return r->has_evse_id ? check_evse(s, r->evse_id, err) : 0;
}

/* I02 */
int check_cost(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_cost_updated_request *r = request;

	(void)c;
	(void)s;
	return r->total_cost < 0 ? check_refuse(err, "totalCost", "is 0 or more") : 0;
}

/* N01 */
int check_log(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_log_parameters *l =
		&((const struct ocpp201_get_log_request *)request)->log;

	(void)c;
	(void)s;
	if (!l->has_oldest_timestamp || !l->has_latest_timestamp ||
		l->oldest_timestamp.ms <= l->latest_timestamp.ms)
		return 0;
	return check_refuse(err, "log.oldestTimestamp",
		"is after latestTimestamp: there is no log between the two");
}

/* L01, L02 */
int check_firmware(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_firmware *f =
		&((const struct ocpp201_update_firmware_request *)request)->firmware;

	(void)c;
	(void)s;
	if (!f->has_install_date_time || f->install_date_time.ms >= f->retrieve_date_time.ms)
		return 0;
	return check_refuse(err, "firmware.installDateTime",
		"is before retrieveDateTime: it cannot be installed before it is there");
}
