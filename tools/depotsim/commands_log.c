/* What a person at the console looks after a station with: its log, its cache. */
#include <stdio.h>
#include <string.h>
#include "tools/depotsim/station_state.h"

/* ---- N01: the log ---- */

static void write_log(const struct station *s, struct text *out)
{
	char at[WALL_TEXT_SIZE];
	text_printf(out, "%s: log of a simulated station, %s\n", s->config->id,
		wall_format(station_wall(s), at));
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		text_printf(out, "EVSE %d: %s, %lld W of %lld W, %lld Wh since it was built%s%s\n",
			e->id, ocpp201_connector_status_enum.values[evse_status(e)],
			(long long)(e->power_mw / 1000), (long long)(e->limit_mw / 1000),
			(long long)(e->import_mws / 3600000), e->tx.active ? ", transaction " : "",
			e->tx.active ? e->tx.id : "");
	}
}

const void *command_get_log(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_log_request *req = request;
	struct ocpp201_get_log_response *res = arena_alloc(a, sizeof *res);
	struct text log;
	if (!res)
		return NULL;
	res->status = OCPP201_LOG_STATUS_REJECTED;
	text_init(&log, 0);
	write_log(s, &log);
	/* One at a time; a station without a way to bring it says no. */
	if (!s->log_runs && s->port.upload && text_ok(&log) &&
		s->port.upload(s->port.ctx, req->log.remote_location, log.data, log.len) == 0) {
		s->log_runs = true;
		s->log_request = req->request_id;
		res->status = OCPP201_LOG_STATUS_ACCEPTED;
		res->filename = arena_printf(a, "%s.log", s->config->id);
	}
	text_finish(&log);
	return res;
}

void station_log_goes(struct station *s, enum station_log how)
{
	static const enum ocpp201_upload_log_status words[] = {
		[STATION_LOG_UPLOADING] = OCPP201_UPLOAD_LOG_STATUS_UPLOADING,
		[STATION_LOG_UPLOADED] = OCPP201_UPLOAD_LOG_STATUS_UPLOADED,
		[STATION_LOG_FAILED] = OCPP201_UPLOAD_LOG_STATUS_UPLOAD_FAILURE,
	};
	struct ocpp201_log_status_notification_request req = {
		.status = words[how], .has_request_id = true, .request_id = s->log_request};
	s->log_runs = how == STATION_LOG_UPLOADING;
	if (s->connected)
		station_call(s, OUTBOX_OTHER, "LogStatusNotification",
			&ocpp201_log_status_notification_request_type, &req);
}

/* ---- C11: the cache ---- */

/* It asks about each card anew, so that there is never anything left to forget. */
const void *command_clear_cache(struct station *s, const void *request, struct arena *a)
{
	struct ocpp201_clear_cache_response *res = arena_alloc(a, sizeof *res);
	if (res)
		res->status = OCPP201_CLEAR_CACHE_STATUS_ACCEPTED;
	return res;
}
