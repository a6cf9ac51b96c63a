/*
 * What is asked of a station, row by row: when the station took it, what it waits for, and what
 * ends it. The use case of each stands in the action table (schemas/ocpp201.schema).
 */
#include <stdio.h>
#include <string.h>
#include <utlist.h>
#include "csms/command/check.h"
#include "csms/command/device_check.h"
#include "csms/station/certificates.h"
#include "csms/command/private.h"
#include "csms/charging/doubt.h"
#include "csms/files/files.h"
#include "csms/files/firmware.h"
#include "csms/power/profile_check.h"
#include "csms/charging/local_list.h"
#include "csms/charging/reservation.h"
#include "csms/station/device.h"
#include "csms/station/trust.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400

bool command_word_in(const char *list, const char *word)
{
	size_t n = word ? strlen(word) : 0;

	for (const char *p = list; n && p && (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

static struct verdict none(void)
{
	return (struct verdict){.state = EVENT_COMMAND_STATE_WAITING};
}

static struct verdict over(enum event_command_state state, const char *status, const char *note)
{
	return (struct verdict){.state = state, .status = status, .note = note};
}

static struct verdict done(const char *status)
{
	return over(EVENT_COMMAND_STATE_DONE, status, NULL);
}

static struct verdict moves(const char *status)
{
	return over(EVENT_COMMAND_STATE_RUNNING, status, NULL);
}

/* -- availability: G03, G04 -------------------------------------------------------------------- */

/* Operative is what is neither Unavailable nor Faulted; what is unknown is not as wanted. */
static bool shows(const char *status, bool want_out)
{
	return want_out ? strcmp(status, "Unavailable") == 0
			: status[0] && !command_word_in("Unavailable Faulted", status);
}

/* All connectors in the scope of the request are as it wants them; without any, nothing is. */
static bool is_as_wanted(
	const struct station *s, const struct ocpp201_change_availability_request *r)
{
	bool want_out = r->operational_status == OCPP201_OPERATIONAL_STATUS_INOPERATIVE;
	int in_scope = 0;

	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];

		if (r->evse && r->evse->id != 0 && r->evse->id != e->id)
			continue;
		for (int j = 0; j < e->connector_count; j++) {
			if (r->evse && r->evse->has_connector_id && r->evse->connector_id != j + 1)
				continue;
			if (!shows(e->connectors[j].status, want_out))
				return false;
			in_scope++;
		}
	}
	return in_scope > 0;
}

/* The same EVSE and connector: the newer word counts. */
static bool is_same_scope(const void *newer, const void *older)
{
	const struct ocpp201_change_availability_request *a = newer, *b = older;
	int64_t evse_a = a->evse ? a->evse->id : 0, evse_b = b->evse ? b->evse->id : 0;
	int64_t con_a = a->evse && a->evse->has_connector_id ? a->evse->connector_id : 0;
	int64_t con_b = b->evse && b->evse->has_connector_id ? b->evse->connector_id : 0;

	return evse_a == evse_b && con_a == con_b;
}

/* G03.FR.04: Accepted also when it is so already, and then no status follows. */
static struct verdict judge_availability(const struct answer *ans, struct arena *a)
{
	if (!command_word_in("Accepted Scheduled", ans->status))
		return over(EVENT_COMMAND_STATE_REFUSED, ans->status,
			command_said_no(ans->reason, ans->more, a));
	if (strcmp(ans->status, "Accepted") == 0 && is_as_wanted(ans->station, ans->request))
		return done(ans->status);
	return moves(ans->status);
}

static struct verdict meet_availability(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	(void)sign;
	return is_as_wanted(k->station, request) ? done("Accepted") : none();
}

/* -- reset: B11, B12 --------------------------------------------------------------------------- */

/* What has been seen of an EVSE that is reset, kept as the command's status. */
#define EVSE_GONE "Unavailable"
#define EVSE_FREE "TransactionEnded"

/* May the next state of its connectors be that of the EVSE after its reset? Scheduled: only once its
 * transaction has ended (B12.FR.01, FR.07), or it went; that it goes is not said by all (B11.FR.08). */
static bool has_begun(const struct command *k, int64_t evse)
{
	const struct evse *e = station_evse(k->station, (int)evse);

	return strcmp(k->status, EVSE_GONE) == 0 || strcmp(k->status, EVSE_FREE) == 0 ||
	       (strcmp(k->status, "Accepted") == 0 && !(e && e->tx.is_open));
}

static struct verdict meet_evse_reset(
	const struct command *k, int64_t evse, const struct command_sign *sign)
{
	if (sign->evse_id != evse)
		return none();
	if (sign->kind == SIGN_TRANSACTION)
		return strcmp(sign->status, "Ended") == 0 ? moves(EVSE_FREE) : none();
	if (strcmp(sign->status, "Unavailable") == 0)
		return moves(EVSE_GONE);
	return has_begun(k, evse) ? over(EVENT_COMMAND_STATE_DONE, sign->status, "the EVSE is back")
				  : none();
}

/* A whole station boots; an EVSE by itself shows its connectors again. */
static struct verdict meet_reset(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	const struct ocpp201_reset_request *r = request;

	if (sign->kind == SIGN_BOOTED)
		return over(EVENT_COMMAND_STATE_DONE, sign->status, "the station is back");
	return r->has_evse_id ? meet_evse_reset(k, r->evse_id, sign) : none();
}

/* -- what names its number: reports, logs, firmware -------------------------------------------- */

/* Reports that the action brings. */
static int report_of(int action)
{
	switch (action) {
	case OCPP201_GET_BASE_REPORT:
	case OCPP201_GET_REPORT:
		return OCPP201_NOTIFY_REPORT;
	case OCPP201_GET_MONITORING_REPORT:
		return OCPP201_NOTIFY_MONITORING_REPORT;
	case OCPP201_GET_CHARGING_PROFILES:
		return OCPP201_REPORT_CHARGING_PROFILES;
	case OCPP201_GET_DISPLAY_MESSAGES:
		return OCPP201_NOTIFY_DISPLAY_MESSAGES;
	default:
		return OCPP201_NOTIFY_CUSTOMER_INFORMATION;
	}
}

static struct verdict meet_report(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	if (sign->action != report_of(command_action(k)) || sign->request_id < k->request_id ||
		sign->request_id >= k->request_id + k->parts)
		return none();
	if (!sign->is_last || k->reports + 1 < k->parts)
		return moves("Reporting");
	if (command_action(k) == OCPP201_CUSTOMER_INFORMATION &&
		!((const struct ocpp201_customer_information_request *)request)->report)
		return over(EVENT_COMMAND_STATE_DONE, "Cleared",
			"the station said that the data is cleared (N10.FR.06)");
	return over(EVENT_COMMAND_STATE_DONE, "Reported", "the last part of the report came");
}

/* How a status that is reported in the course of a transfer is read. */
struct course {
	const char *good, *bad; /* words between spaces; others only move */
};

/* What names no number is said of the only one that runs, if there is only one. */
static bool is_alone(const struct command *k)
{
	const struct command *o;

	DL_FOREACH (k->station->commands, o)
		if (o != k && o->action == k->action && o->state == EVENT_COMMAND_STATE_RUNNING)
			return false;
	return true;
}

static struct verdict meet_course(
	const struct command *k, const struct command_sign *sign, const struct course *course)
{
	if (sign->request_id ? sign->request_id != k->request_id : !is_alone(k))
		return none();
	if (!sign->status)
		return sign->text ? over(EVENT_COMMAND_STATE_RUNNING, NULL, sign->text) : none();
	if (command_word_in(course->good, sign->status))
		return done(sign->status);
	if (command_word_in(course->bad, sign->status))
		return over(EVENT_COMMAND_STATE_FAILED, sign->status, "the station reported it");
	if (strcmp(sign->status, "AcceptedCanceled") == 0)
		return over(EVENT_COMMAND_STATE_CANCELLED, sign->status,
			"a later request took its place");
	return moves(sign->status);
}

/* "Uploaded" is what the station says. Where the file was to come here, it must be here. */
static struct verdict upload_over(const struct command *k, const char *status)
{
	switch (files_arrival(k->core->files, k->station, k->request_id)) {
	case FILES_NOTHING:
		return over(EVENT_COMMAND_STATE_FAILED, status,
			"the station says so, but no file came here: ask again, and see its network");
	case FILES_COMING:
		return over(EVENT_COMMAND_STATE_RUNNING, status, "the file is still coming");
	default:
		return done(status);
	}
}

static struct verdict meet_log(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	static const struct course course = {
		.good = "Uploaded",
		.bad = "BadMessage NotSupportedOperation PermissionDenied UploadFailure",
	};
	struct verdict v = meet_course(k, sign, &course);

	(void)request;
	if (v.state == EVENT_COMMAND_STATE_DONE)
		return upload_over(k, v.status);
	if (sign->kind == SIGN_UPLOADED && v.state != EVENT_COMMAND_STATE_WAITING &&
		strcmp(k->status, course.good) == 0)
		return over(EVENT_COMMAND_STATE_DONE, NULL, sign->text);
	return v;
}

static struct verdict meet_firmware(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	static const struct course course = {
		.good = "Installed",
		.bad = "DownloadFailed InstallationFailed InstallVerificationFailed "
		       "InvalidSignature",
	};

	(void)request;
	if (sign->status && strcmp(sign->status, "Idle") == 0)
		return none();
	return meet_course(k, sign, &course);
}

static struct verdict meet_publish(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	static const struct course course = {
		.good = "Published",
		.bad = "DownloadFailed InvalidChecksum PublishFailed",
	};

	(void)request;
	if (sign->status && strcmp(sign->status, "Idle") == 0)
		return none();
	return meet_course(k, sign, &course);
}

/* -- transactions: F01 to F03 ------------------------------------------------------------------- */

static struct verdict meet_start(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	(void)request;
	return sign->request_id == k->request_id
		       ? over(EVENT_COMMAND_STATE_DONE, sign->status, "the transaction runs")
		       : none();
}

static struct verdict meet_stop(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	const struct ocpp201_request_stop_transaction_request *r = request;

	(void)k;
	if (!sign->text || strcmp(sign->text, r->transaction_id) != 0 ||
		strcmp(sign->status, "Ended") != 0)
		return none();
	return over(EVENT_COMMAND_STATE_DONE, sign->status, "the transaction ended");
}

/* -- trigger: F06 ------------------------------------------------------------------------------- */

static const int triggered[] = {
	[OCPP201_MESSAGE_TRIGGER_BOOT_NOTIFICATION] = OCPP201_BOOT_NOTIFICATION,
	[OCPP201_MESSAGE_TRIGGER_LOG_STATUS_NOTIFICATION] = OCPP201_LOG_STATUS_NOTIFICATION,
	[OCPP201_MESSAGE_TRIGGER_FIRMWARE_STATUS_NOTIFICATION] =
		OCPP201_FIRMWARE_STATUS_NOTIFICATION,
	[OCPP201_MESSAGE_TRIGGER_HEARTBEAT] = OCPP201_HEARTBEAT,
	[OCPP201_MESSAGE_TRIGGER_METER_VALUES] = OCPP201_METER_VALUES,
	[OCPP201_MESSAGE_TRIGGER_SIGN_CHARGING_STATION_CERTIFICATE] = OCPP201_SIGN_CERTIFICATE,
	[OCPP201_MESSAGE_TRIGGER_SIGN_V2_G_CERTIFICATE] = OCPP201_SIGN_CERTIFICATE,
	[OCPP201_MESSAGE_TRIGGER_STATUS_NOTIFICATION] = OCPP201_STATUS_NOTIFICATION,
	[OCPP201_MESSAGE_TRIGGER_TRANSACTION_EVENT] = OCPP201_TRANSACTION_EVENT,
	[OCPP201_MESSAGE_TRIGGER_SIGN_COMBINED_CERTIFICATE] = OCPP201_SIGN_CERTIFICATE,
	[OCPP201_MESSAGE_TRIGGER_PUBLISH_FIRMWARE_STATUS_NOTIFICATION] =
		OCPP201_PUBLISH_FIRMWARE_STATUS_NOTIFICATION,
};

static struct verdict meet_trigger(
	const struct command *k, const void *request, const struct command_sign *sign)
{
	const struct ocpp201_trigger_message_request *r = request;

	/* rule 34: the state of a connector may come as a NotifyEvent too */
	int came = sign->kind == SIGN_CONNECTOR ? OCPP201_STATUS_NOTIFICATION : sign->action;

	(void)k;
	if (came != triggered[r->requested_message])
		return none();
	if (r->evse && sign->evse_id && sign->evse_id != r->evse->id)
		return none();
	if (r->evse && r->evse->has_connector_id && sign->connector_id &&
		sign->connector_id != r->evse->connector_id)
		return none();
	return over(EVENT_COMMAND_STATE_DONE, "Accepted", "the message came");
}

/* -- the rows ----------------------------------------------------------------------------------- */

#define REPORTS                                                                                    \
	.signs = 1u << SIGN_REPORT, .meet = meet_report, .effect_s = 10 * MINUTE,                  \
	.waits_for = "the last part of the report", .number = "requestId"

const struct command_rule command_rules[OCPP201_ACTION_COUNT] = {
	[OCPP201_CANCEL_RESERVATION] = {.yes = "Accepted", .answered = reservation_answered},
	[OCPP201_CERTIFICATE_SIGNED] = {.yes = "Accepted",
		.check = certificates_check_signed,
		.answered = certificates_answered},
	[OCPP201_CHANGE_AVAILABILITY] = {.signs = 1u << SIGN_CONNECTOR,
		.check = check_availability,
		.judge = judge_availability,
		.meet = meet_availability,
		.replaces = is_same_scope,
		.effect_s = DAY,
		.waits_for = "the status of the connectors"},
	[OCPP201_CLEAR_CACHE] = {.yes = "Accepted"},
	[OCPP201_CLEAR_CHARGING_PROFILE] = {.yes = "Accepted", .check = profile_check_clear},
	[OCPP201_CLEAR_DISPLAY_MESSAGE] = {.yes = "Accepted", .answered = device_answered},
	[OCPP201_CLEAR_VARIABLE_MONITORING] = {.judge = judge_clear_monitoring,
		.check = check_clear_monitoring,
		.answered = device_answered},
	[OCPP201_COST_UPDATED] = {.check = check_cost},
	[OCPP201_CUSTOMER_INFORMATION] = {REPORTS, .yes = "Accepted", .check = check_customer,
		.answered = local_list_answered},
	[OCPP201_DATA_TRANSFER] = {.yes = "Accepted"},
	[OCPP201_DELETE_CERTIFICATE] = {.yes = "Accepted",
		.check = trust_check_delete,
		.answered = certificates_answered},
	[OCPP201_GET_BASE_REPORT] = {REPORTS, .yes = "Accepted EmptyResultSet",
		.over = "EmptyResultSet"},
	[OCPP201_GET_CHARGING_PROFILES] = {REPORTS, .check = profile_check_get,
		.yes = "Accepted NoProfiles", .over = "NoProfiles", .answered = device_answered},
	[OCPP201_GET_COMPOSITE_SCHEDULE] = {.yes = "Accepted", .check = profile_check_composite},
	[OCPP201_GET_DISPLAY_MESSAGES] = {REPORTS, .yes = "Accepted Unknown", .over = "Unknown",
		.answered = device_answered},
	[OCPP201_GET_INSTALLED_CERTIFICATE_IDS] = {.yes = "Accepted NotFound",
		.answered = certificates_answered},
	[OCPP201_GET_LOCAL_LIST_VERSION] = {.yes = NULL, .answered = local_list_answered},
	[OCPP201_GET_LOG] = {.yes = "Accepted AcceptedCanceled",
		.signs = 1u << SIGN_LOG | 1u << SIGN_UPLOADED,
		.fill = firmware_fill_get_log,
		.check = check_log,
		.meet = meet_log,
		.effect_s = HOUR,
		.waits_for = "the upload",
		.number = "requestId"},
	[OCPP201_GET_MONITORING_REPORT] = {REPORTS, .yes = "Accepted EmptyResultSet",
		.over = "EmptyResultSet", .answered = device_answered},
	[OCPP201_GET_REPORT] = {REPORTS, .yes = "Accepted EmptyResultSet",
		.over = "EmptyResultSet"},
	[OCPP201_GET_TRANSACTION_STATUS] = {.judge = judge_transaction_status,
		.answered = doubt_answered},
	[OCPP201_GET_VARIABLES] = {.judge = judge_get_variables,
		.check = check_get_variables,
		.answered = device_answered},
	[OCPP201_INSTALL_CERTIFICATE] = {.yes = "Accepted",
		.check = certificates_check_install,
		.answered = certificates_answered},
	[OCPP201_PUBLISH_FIRMWARE] = {.yes = "Accepted",
		.signs = 1u << SIGN_PUBLISH,
		.fill = firmware_fill_publish,
		.meet = meet_publish,
		.effect_s = HOUR,
		.waits_for = "the publication",
		.number = "requestId"},
	[OCPP201_REQUEST_START_TRANSACTION] = {.yes = "Accepted",
		.check = check_start,
		.signs = 1u << SIGN_TRANSACTION,
		.meet = meet_start,
		.effect_s = 5 * MINUTE,
		.waits_for = "the transaction to start",
		.number = "remoteStartId"},
	[OCPP201_REQUEST_STOP_TRANSACTION] = {.yes = "Accepted",
		.signs = 1u << SIGN_TRANSACTION,
		.meet = meet_stop,
		.effect_s = 5 * MINUTE,
		.waits_for = "the transaction to end"},
	[OCPP201_RESERVE_NOW] = {.yes = "Accepted",
		.number = "id",
		.check = reservation_check,
		.answered = reservation_answered},
	[OCPP201_RESET] = {.yes = "Accepted Scheduled",
		.check = check_reset,
		.signs = 1u << SIGN_BOOTED | 1u << SIGN_CONNECTOR | 1u << SIGN_TRANSACTION,
		.late = 1u << SIGN_CONNECTOR,
		.meet = meet_reset,
		.effect_s = DAY,
		.waits_for = "the station to come back"},
	[OCPP201_SEND_LOCAL_LIST] = {.yes = "Accepted",
		.check = check_local_list,
		.answered = local_list_answered},
	[OCPP201_SET_CHARGING_PROFILE] = {.yes = "Accepted", .check = profile_check_set},
	[OCPP201_SET_DISPLAY_MESSAGE] = {.yes = "Accepted",
		.check = check_set_display,
		.answered = device_answered},
	[OCPP201_SET_MONITORING_BASE] = {.yes = "Accepted", .answered = device_answered},
	[OCPP201_SET_MONITORING_LEVEL] = {.yes = "Accepted",
		.check = check_monitoring_level,
		.answered = device_answered},
	[OCPP201_SET_NETWORK_PROFILE] = {.yes = "Accepted", .check = check_network_profile},
	[OCPP201_SET_VARIABLE_MONITORING] = {.judge = judge_set_monitoring,
		.check = check_set_monitoring,
		.answered = device_answered},
	[OCPP201_SET_VARIABLES] = {.judge = judge_set_variables,
		.check = check_set_variables,
		.answered = device_answered},
	[OCPP201_TRIGGER_MESSAGE] = {.yes = "Accepted",
		.signs = 1u << SIGN_TRIGGERED | 1u << SIGN_CONNECTOR,
		.check = check_trigger,
		.meet = meet_trigger,
		.effect_s = MINUTE,
		.waits_for = "the message"},
	[OCPP201_UNLOCK_CONNECTOR] = {.yes = "Unlocked", .check = check_unlock},
	[OCPP201_UNPUBLISH_FIRMWARE] = {.yes = "Unpublished"},
	[OCPP201_UPDATE_FIRMWARE] = {.yes = "Accepted AcceptedCanceled",
		.signs = 1u << SIGN_FIRMWARE,
		.fill = firmware_fill_update,
		.check = check_firmware,
		.meet = meet_firmware,
		.effect_s = DAY,
		.waits_for = "the installation",
		.number = "requestId"},
};
