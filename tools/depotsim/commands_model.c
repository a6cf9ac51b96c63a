#include <stdio.h>
#include <string.h>
#include "tools/depotsim/station_state.h"

#define MAX_COMPOSITE_PERIODS 1024
#define MAX_COMPOSITE_S       (7 * 86400)
#define PASSWORD_DELAY_MS     1000

/* ---- device model ---- */

const void *command_get_variables(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_variables_request *req = request;
	struct ocpp201_get_variables_response *res = arena_alloc(a, sizeof *res);
	size_t n = req->get_variable_data.count;
	if (!res || !(res->get_variable_result.items =
				    arena_alloc(a, n * sizeof *res->get_variable_result.items)))
		return NULL;
	res->get_variable_result.count = n;
	for (size_t i = 0; i < n; i++)
		device_model_get(s->device, &req->get_variable_data.items[i],
			&res->get_variable_result.items[i]);
	return res;
}

const void *command_set_variables(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_set_variables_request *req = request;
	struct ocpp201_set_variables_response *res = arena_alloc(a, sizeof *res);
	size_t n = req->set_variable_data.count;
	if (!res || !(res->set_variable_result.items =
				    arena_alloc(a, n * sizeof *res->set_variable_result.items)))
		return NULL;
	res->set_variable_result.count = n;
	for (size_t i = 0; i < n; i++) {
		const char *password = NULL;
		struct ocpp201_set_variable_result *result = &res->set_variable_result.items[i];
		device_model_set(s->device, &req->set_variable_data.items[i], result, &password);
		if (!password)
			continue;
		if (s->port.set_password(s->port.ctx, password) != 0)
			result->attribute_status = OCPP201_SET_VARIABLE_STATUS_REJECTED;
		else
			s->reconnect_due_ms = s->env->now.ms + PASSWORD_DELAY_MS; /* A01 */
	}
	return res;
}

static void send_report_part(struct station *s, int64_t request_id, bool configuration, int first,
	int count, int seq_no, bool more)
{
	struct ocpp201_report_data rows[DEVICE_ITEMS_PER_MESSAGE];
	struct ocpp201_evse evses[DEVICE_ITEMS_PER_MESSAGE];
	struct ocpp201_variable_attribute attributes[DEVICE_ITEMS_PER_MESSAGE];
	struct ocpp201_variable_characteristics traits[DEVICE_ITEMS_PER_MESSAGE];
	for (int i = 0; i < count; i++)
		device_model_report_row(s->device, configuration, first + i, &rows[i], &evses[i],
			&attributes[i], &traits[i]);
	struct ocpp201_notify_report_request req = {
		.request_id = request_id,
		.generated_at = station_wall(s),
		.report_data = {.count = (size_t)count, .items = rows},
		.has_tbc = more,
		.tbc = more,
		.seq_no = seq_no,
	};
	station_call(
		s, OUTBOX_TRIGGERED, "NotifyReport", &ocpp201_notify_report_request_type, &req);
}

const void *command_get_base_report(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_base_report_request *req = request;
	struct ocpp201_get_base_report_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	bool configuration = req->report_base == OCPP201_REPORT_BASE_CONFIGURATION_INVENTORY;
	if (req->report_base == OCPP201_REPORT_BASE_SUMMARY_INVENTORY) {
		res->status = OCPP201_GENERIC_DEVICE_MODEL_STATUS_NOT_SUPPORTED;
		return res;
	}
	int total = device_model_report_count(s->device, configuration);
	res->status = OCPP201_GENERIC_DEVICE_MODEL_STATUS_ACCEPTED;
	for (int first = 0, seq_no = 0; first < total; seq_no++) {
		int count = total - first < DEVICE_ITEMS_PER_MESSAGE ? total - first
								     : DEVICE_ITEMS_PER_MESSAGE;
		send_report_part(s, req->request_id, configuration, first, count, seq_no,
			first + count < total);
		first += count;
	}
	return res;
}

/* ---- charging profiles ---- */

const void *command_set_profile(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_set_charging_profile_request *req = request;
	struct ocpp201_set_charging_profile_response *res = arena_alloc(a, sizeof *res);
	struct ocpp201_status_info *info = arena_alloc(a, sizeof *info);
	if (!res || !info)
		return NULL;
	struct evse *e = req->evse_id ? station_evse(s, req->evse_id) : NULL;
	struct profiles_evse view = {0};
	if (e)
		view = evse_profiles_view(e);
	const char *why = profiles_set(s->profiles, (int)req->evse_id, req->evse_id == 0 || e,
		e ? &view : NULL, &req->charging_profile);
	res->status = OCPP201_CHARGING_PROFILE_STATUS_ACCEPTED;
	if (!why) {
		s->env->report->wire.profiles_accepted++;
		return res;
	}
	s->env->report->wire.profiles_rejected++;
	report_fault(s->env->report, "%s SetChargingProfile for EVSE %lld rejected: %s",
		s->config->id, (long long)req->evse_id, why);
	res->status = OCPP201_CHARGING_PROFILE_STATUS_REJECTED;
	info->reason_code = why;
	res->status_info = info;
	return res;
}

const void *command_clear_profile(struct station *s, const void *request, struct arena *a)
{
	struct ocpp201_clear_charging_profile_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	res->status = profiles_clear(s->profiles, request) > 0
			      ? OCPP201_CLEAR_CHARGING_PROFILE_STATUS_ACCEPTED
			      : OCPP201_CLEAR_CHARGING_PROFILE_STATUS_UNKNOWN;
	return res;
}

/* One ReportChargingProfiles a profile: all parts but the last say that more follows. */
const void *command_get_profiles(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_charging_profiles_request *req = request;
	struct ocpp201_get_charging_profiles_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	int evse_id = 0, next = 0;
	const struct ocpp201_charging_profile *it =
		profiles_match(s->profiles, 0, req, &evse_id, &next);
	res->status = it ? OCPP201_GET_CHARGING_PROFILE_STATUS_ACCEPTED
			 : OCPP201_GET_CHARGING_PROFILE_STATUS_NO_PROFILES;
	while (it) {
		struct ocpp201_charging_profile copy = *it;
		struct ocpp201_report_charging_profiles_request part = {
			.request_id = req->request_id,
			.charging_limit_source = OCPP201_CHARGING_LIMIT_SOURCE_CSO,
			.charging_profile = {.count = 1, .items = &copy},
			.evse_id = evse_id,
		};
		it = profiles_match(s->profiles, next, req, &evse_id, &next);
		part.has_tbc = part.tbc = it != NULL;
		station_call(s, OUTBOX_TRIGGERED, "ReportChargingProfiles",
			&ocpp201_report_charging_profiles_request_type, &part);
	}
	return res;
}

/* What the EVSE (NULL: the station) may draw at most at `t`. */
static int64_t composite_mw(struct station *s, const struct evse *e, wall_t t)
{
	int64_t station = profiles_station_mw(s->profiles, t);
	int64_t sum = 0;
	for (int i = 0; i < s->evse_count; i++) {
		if (e && e != &s->evses[i])
			continue;
		struct profiles_evse view = evse_profiles_view(&s->evses[i]);
		int64_t mw = profiles_evse_mw(s->profiles, &view, t);
		sum += mw < view.max_mw ? mw : view.max_mw;
	}
	return sum < station ? sum : station;
}

static wall_t composite_next(struct station *s, const struct evse *e, wall_t t, wall_t end)
{
	wall_t next = end;
	for (int i = 0; i < s->evse_count; i++) {
		if (e && e != &s->evses[i])
			continue;
		struct profiles_evse view = evse_profiles_view(&s->evses[i]);
		next = profiles_next_change(s->profiles, &view, t, next);
	}
	return next;
}

static double composite_limit(
	const struct station *s, const struct evse *e, int64_t mw, bool amperes)
{
	double watts = (double)mw / 1000;
	if (!amperes)
		return watts;
	double volts = (double)s->env->voltage_v * (e ? e->phases : 3);
	return (double)(int64_t)(watts / volts * 10) / 10;
}

const void *command_get_composite(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_composite_schedule_request *req = request;
	struct ocpp201_get_composite_schedule_response *res = arena_alloc(a, sizeof *res);
	struct ocpp201_composite_schedule *schedule = arena_alloc(a, sizeof *schedule);
	struct ocpp201_charging_schedule_period *periods =
		arena_alloc(a, MAX_COMPOSITE_PERIODS * sizeof *periods);
	if (!res || !schedule || !periods)
		return NULL;
	const struct evse *e = req->evse_id ? station_evse(s, req->evse_id) : NULL;
	bool amperes = req->has_charging_rate_unit &&
		       req->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A;
	res->status = OCPP201_GENERIC_STATUS_REJECTED;
	if ((req->evse_id && !e) || req->duration < 1 || req->duration > MAX_COMPOSITE_S ||
		(amperes && s->bay_sensor))
		return res; /* K08.FR.05, 07 */
	wall_t from = station_wall(s), end = wall_add_ms(from, req->duration * 1000);
	size_t n = 0;
	for (wall_t t = from; t.ms < end.ms; t = composite_next(s, e, t, end)) {
		double limit = composite_limit(s, e, composite_mw(s, e, t), amperes);
		if (n && periods[n - 1].limit == limit)
			continue;
		if (n == MAX_COMPOSITE_PERIODS)
			break;
		periods[n].start_period = (t.ms - from.ms + 999) / 1000;
		periods[n++].limit = limit;
	}
	*schedule = (struct ocpp201_composite_schedule){
		.charging_schedule_period = {.count = n, .items = periods},
		.evse_id = req->evse_id,
		.duration = req->duration,
		.schedule_start = from,
		.charging_rate_unit =
			amperes ? OCPP201_CHARGING_RATE_UNIT_A : OCPP201_CHARGING_RATE_UNIT_W,
	};
	res->status = OCPP201_GENERIC_STATUS_ACCEPTED;
	res->schedule = schedule;
	return res;
}
