/*
 * The device model of 2.0.1 and the configuration keys of 1.6: a table of those that mean the same.
 * Every other key is component OCPP16, variable KEY.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ocpp/v16_down_private.h"

#define OTHER          "OCPP16"
#define KEY_MAX        50
#define VALUE_MAX      500
#define PASSWORD_LEAST 16 /* bytes: white paper, A00.FR.205 */
#define PASSWORD_MOST  20
#define PART_ITEMS     50 /* of a report */

enum value_kind {
	PLAIN,
	UNITS, /* "Current,Power" and "A,W" */
	PASSWORD, /* text and hexadecimal digits */
	LIMIT, /* the key is the most that the variable may be, not what it is */
};

static const struct row {
	const char *component, *variable, *instance, *key;
	enum ocpp201_data type;
	enum value_kind kind;
} table[] = {
	{"AlignedDataCtrlr", "Interval", NULL, "ClockAlignedDataInterval", OCPP201_DATA_INTEGER, 0},
	{"AlignedDataCtrlr", "Measurands", NULL, "MeterValuesAlignedData", OCPP201_DATA_MEMBER_LIST,
		0},
	{"AlignedDataCtrlr", "TxEndedMeasurands", NULL, "StopTxnAlignedData",
		OCPP201_DATA_MEMBER_LIST, 0},
	{"AuthCacheCtrlr", "Enabled", NULL, "AuthorizationCacheEnabled", OCPP201_DATA_BOOLEAN, 0},
	{"AuthCtrlr", "AuthorizeRemoteStart", NULL, "AuthorizeRemoteTxRequests",
		OCPP201_DATA_BOOLEAN, 0},
	{"AuthCtrlr", "LocalAuthorizeOffline", NULL, "LocalAuthorizeOffline", OCPP201_DATA_BOOLEAN,
		0},
	{"AuthCtrlr", "LocalPreAuthorize", NULL, "LocalPreAuthorize", OCPP201_DATA_BOOLEAN, 0},
	{"AuthCtrlr", "OfflineTxForUnknownIdEnabled", NULL, "AllowOfflineTxForUnknownId",
		OCPP201_DATA_BOOLEAN, 0},
	{"DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", "GetConfigurationMaxKeys",
		OCPP201_DATA_INTEGER, 0},
	{"LocalAuthListCtrlr", "Enabled", NULL, "LocalAuthListEnabled", OCPP201_DATA_BOOLEAN, 0},
	{"LocalAuthListCtrlr", "Entries", NULL, "LocalAuthListMaxLength", OCPP201_DATA_INTEGER,
		LIMIT},
	{"LocalAuthListCtrlr", "ItemsPerMessage", NULL, "SendLocalListMaxLength",
		OCPP201_DATA_INTEGER, 0},
	{"OCPPCommCtrlr", "FileTransferProtocols", NULL, "SupportedFileTransferProtocols",
		OCPP201_DATA_MEMBER_LIST, 0},
	{"OCPPCommCtrlr", "HeartbeatInterval", NULL, "HeartbeatInterval", OCPP201_DATA_INTEGER, 0},
	{"OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent",
		"TransactionMessageRetryInterval", OCPP201_DATA_INTEGER, 0},
	{"OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "TransactionMessageAttempts",
		OCPP201_DATA_INTEGER, 0},
	{"OCPPCommCtrlr", "ResetRetries", NULL, "ResetRetries", OCPP201_DATA_INTEGER, 0},
	{"OCPPCommCtrlr", "UnlockOnEVSideDisconnect", NULL, "UnlockConnectorOnEVSideDisconnect",
		OCPP201_DATA_BOOLEAN, 0},
	{"OCPPCommCtrlr", "WebSocketPingInterval", NULL, "WebSocketPingInterval",
		OCPP201_DATA_INTEGER, 0},
	{"ReservationCtrlr", "NonEvseSpecific", NULL, "ReserveConnectorZeroSupported",
		OCPP201_DATA_BOOLEAN, 0},
	{"SampledDataCtrlr", "TxEndedMeasurands", NULL, "StopTxnSampledData",
		OCPP201_DATA_MEMBER_LIST, 0},
	{"SampledDataCtrlr", "TxUpdatedInterval", NULL, "MeterValueSampleInterval",
		OCPP201_DATA_INTEGER, 0},
	{"SampledDataCtrlr", "TxUpdatedMeasurands", NULL, "MeterValuesSampledData",
		OCPP201_DATA_MEMBER_LIST, 0},
	{"SecurityCtrlr", "AdditionalRootCertificateCheck", NULL, "AdditionalRootCertificateCheck",
		OCPP201_DATA_BOOLEAN, 0},
	{"SecurityCtrlr", "BasicAuthPassword", NULL, "AuthorizationKey", OCPP201_DATA_STRING,
		PASSWORD},
	{"SecurityCtrlr", "CertificateEntries", NULL, "CertificateStoreMaxLength",
		OCPP201_DATA_INTEGER, LIMIT},
	{"SecurityCtrlr", "MaxCertificateChainSize", NULL, "CertificateSignedMaxChainSize",
		OCPP201_DATA_INTEGER, 0},
	{"SecurityCtrlr", "OrganizationName", NULL, "CpoName", OCPP201_DATA_STRING, 0},
	{"SecurityCtrlr", "SecurityProfile", NULL, "SecurityProfile", OCPP201_DATA_INTEGER, 0},
	{"SmartChargingCtrlr", "Entries", "ChargingProfiles", "MaxChargingProfilesInstalled",
		OCPP201_DATA_INTEGER, LIMIT},
	{"SmartChargingCtrlr", "PeriodsPerSchedule", NULL, "ChargingScheduleMaxPeriods",
		OCPP201_DATA_INTEGER, 0},
	{"SmartChargingCtrlr", "Phases3to1", NULL, "ConnectorSwitch3to1PhaseSupported",
		OCPP201_DATA_BOOLEAN, 0},
	{"SmartChargingCtrlr", "ProfileStackLevel", NULL, "ChargeProfileMaxStackLevel",
		OCPP201_DATA_INTEGER, 0},
	{"SmartChargingCtrlr", "RateUnit", NULL, "ChargingScheduleAllowedChargingRateUnit",
		OCPP201_DATA_MEMBER_LIST, UNITS},
	{"TxCtrlr", "EVConnectionTimeOut", NULL, "ConnectionTimeOut", OCPP201_DATA_INTEGER, 0},
	{"TxCtrlr", "MaxEnergyOnInvalidId", NULL, "MaxEnergyOnInvalidId", OCPP201_DATA_INTEGER, 0},
	{"TxCtrlr", "StopTxOnEVSideDisconnect", NULL, "StopTransactionOnEVSideDisconnect",
		OCPP201_DATA_BOOLEAN, 0},
	{"TxCtrlr", "StopTxOnInvalidId", NULL, "StopTransactionOnInvalidId", OCPP201_DATA_BOOLEAN,
		0},
};
#define ROWS (sizeof table / sizeof *table)

/* -- names ------------------------------------------------------------------------------------ */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcasecmp(a, b) == 0);
}

static const struct row *row_of(const struct ocpp201_component *c, const struct ocpp201_variable *v)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].kind != LIMIT && !c->evse && !c->instance &&
			same(table[i].component, c->name) && same(table[i].variable, v->name) &&
			same(table[i].instance, v->instance))
			return &table[i];
	return NULL;
}

/* The key of a variable, NULL: 1.6 has none. */
static const char *key_of(const struct ocpp201_component *c, const struct ocpp201_variable *v)
{
	const struct row *r = row_of(c, v);

	if (r)
		return r->key;
	return same(c->name, OTHER) && !c->evse && strlen(v->name) <= KEY_MAX ? v->name : NULL;
}

static const struct row *row_of_key(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcasecmp(table[i].key, key) == 0)
			return &table[i];
	return NULL;
}

/* -- values ----------------------------------------------------------------------------------- */

/* Swaps the words of a comma separated list. */
static const char *swap_units(struct arena *a, const char *list, bool to_16)
{
	static const char *const words[][2] = {{"A", "Current"}, {"W", "Power"}};
	const char *out = "";

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ", ");
		const char *word = arena_strndup(a, p, n);

		for (size_t i = 0; word && i < 2; i++)
			if (strcasecmp(word, words[i][!to_16]) == 0)
				word = words[i][to_16];
		if (n)
			out = arena_printf(a, "%s%s%s", out ? out : "", out && *out ? "," : "",
				word ? word : "");
		p += n;
		p += strspn(p, ", ");
	}
	return out;
}

static bool is_hex(const char *s)
{
	size_t n = strlen(s);

	return n >= 2 * PASSWORD_LEAST && n <= 2 * PASSWORD_MOST && n % 2 == 0 &&
	       strspn(s, "0123456789abcdefABCDEF") == n;
}

/* A password is its bytes, or the digits of them. */
static const char *password(struct v16_making *m, const char *value)
{
	size_t n = strlen(value);
	char hex[2 * PASSWORD_MOST + 1];

	if (is_hex(value))
		return value;
	if (n < PASSWORD_LEAST || n > PASSWORD_MOST) {
		v16_refuse(m,
			"OCPP 1.6 has passwords of 16 to 20 bytes: give 16 to 20 letters, or 32 "
			"to 40 hexadecimal digits");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)value[i]);
	return arena_strndup(m->arena, hex, 2 * n);
}

static const char *value_16(struct v16_making *m, const struct row *r, const char *value)
{
	size_t points;

	if (r && r->kind == PASSWORD)
		return password(m, value);
	if (r && r->kind == UNITS)
		value = swap_units(m->arena, value, true);
	if (value && schema_utf8_check(value, strlen(value), &points) && points <= VALUE_MAX)
		return value;
	v16_refuse(m, "OCPP 1.6 has no value of more than %d characters", VALUE_MAX);
	return NULL;
}

static const char *value_201(struct arena *a, const struct row *r, const char *value)
{
	if (!value || (r && r->kind == PASSWORD))
		return "";
	return r && r->kind == UNITS ? swap_units(a, value, false) : value;
}

/* -- SetVariables ----------------------------------------------------------------------------- */

static bool is_actual(bool has, enum ocpp201_attribute type)
{
	return !has || type == OCPP201_ATTRIBUTE_ACTUAL;
}

/* Only what the key of a variable can take is asked: the others are answered without. */
static bool is_asked(const struct ocpp201_set_variable_data *d)
{
	return is_actual(d->has_attribute_type, d->attribute_type) &&
	       key_of(&d->component, &d->variable);
}

int v16_make_set_variables(struct v16_making *m, const void *request)
{
	const struct ocpp201_set_variables_request *in = request;
	const struct ocpp201_set_variable_data *d = in->set_variable_data.items;

	for (size_t i = 0; i < in->set_variable_data.count; i++, d++) {
		const struct row *r = row_of(&d->component, &d->variable);
		struct ocpp16_change_configuration_request *out;

		if (!is_asked(d))
			continue;
		out = v16_add(m, OCPP16_CHANGE_CONFIGURATION);
		if (!out || !(out->value = value_16(m, r, d->attribute_value)))
			return -1;
		out->key = key_of(&d->component, &d->variable);
		m->plan->asks[m->plan->count - 1].is_secret =
			strcasecmp(out->key, "AuthorizationKey") == 0;
	}
	d = in->set_variable_data.items;
	return m->plan->count ? 0
			      : v16_refuse(m, "OCPP 1.6 has no %.50s.%.50s that could be written",
					d->component.name, d->variable.name);
}

static enum ocpp201_set_variable_status set_status(
	const struct ocpp16_change_configuration_response *r)
{
	static const enum ocpp201_set_variable_status is[] = {
		[OCPP16_CONFIGURATION_STATUS_ACCEPTED] = OCPP201_SET_VARIABLE_STATUS_ACCEPTED,
		[OCPP16_CONFIGURATION_STATUS_REJECTED] = OCPP201_SET_VARIABLE_STATUS_REJECTED,
		[OCPP16_CONFIGURATION_STATUS_REBOOT_REQUIRED] =
			OCPP201_SET_VARIABLE_STATUS_REBOOT_REQUIRED,
		[OCPP16_CONFIGURATION_STATUS_NOT_SUPPORTED] =
			OCPP201_SET_VARIABLE_STATUS_UNKNOWN_VARIABLE,
	};

	return r ? is[r->status] : OCPP201_SET_VARIABLE_STATUS_REJECTED;
}

const void *v16_conclude_set_variables(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	const struct ocpp201_set_variables_request *in = p->request;
	struct ocpp201_set_variables_response *out = arena_alloc(a, sizeof *out);
	struct ocpp201_set_variable_result_list *list = out ? &out->set_variable_result : NULL;
	size_t asked = 0;

	(void)why;
	if (!out)
		return NULL;
	list->items = arena_alloc(a, in->set_variable_data.count * sizeof *list->items);
	for (size_t i = 0; list->items && i < in->set_variable_data.count; i++) {
		const struct ocpp201_set_variable_data *d = &in->set_variable_data.items[i];
		struct ocpp201_set_variable_result *r = &list->items[list->count++];

		r->component = d->component;
		r->variable = d->variable;
		r->has_attribute_type = d->has_attribute_type;
		r->attribute_type = d->attribute_type;
		if (is_asked(d))
			r->attribute_status = set_status(replies[asked++].response);
		else
			r->attribute_status =
				is_actual(d->has_attribute_type, d->attribute_type)
					? OCPP201_SET_VARIABLE_STATUS_UNKNOWN_VARIABLE
					: OCPP201_SET_VARIABLE_STATUS_NOT_SUPPORTED_ATTRIBUTE_TYPE;
	}
	return list->items ? out : NULL;
}

/* -- GetVariables ----------------------------------------------------------------------------- */

int v16_make_get_variables(struct v16_making *m, const void *request)
{
	const struct ocpp201_get_variables_request *in = request;
	const struct ocpp201_get_variable_data *d = in->get_variable_data.items;
	struct ocpp16_get_configuration_request *out = v16_add(m, OCPP16_GET_CONFIGURATION);

	if (!out)
		return -1;
	out->key.items =
		arena_alloc(m->arena, in->get_variable_data.count * sizeof *out->key.items);
	for (size_t i = 0; out->key.items && i < in->get_variable_data.count; i++) {
		const char *key = key_of(&d[i].component, &d[i].variable);

		if (key && is_actual(d[i].has_attribute_type, d[i].attribute_type))
			out->key.items[out->key.count++] = key;
	}
	if (!out->key.items)
		return v16_refuse(m, "out of memory");
	return out->key.count ? 0
			      : v16_refuse(m, "OCPP 1.6 has no %.50s.%.50s that could be read",
					d->component.name, d->variable.name);
}

static const struct ocpp16_key_value *find(
	const struct ocpp16_get_configuration_response *r, const char *key)
{
	for (size_t i = 0; i < r->configuration_key.count; i++)
		if (strcasecmp(r->configuration_key.items[i].key, key) == 0)
			return &r->configuration_key.items[i];
	return NULL;
}

static void read_one(struct arena *a, const struct ocpp201_get_variable_data *d,
	const struct ocpp16_get_configuration_response *in, struct ocpp201_get_variable_result *out)
{
	const struct row *r = row_of(&d->component, &d->variable);
	const char *key = key_of(&d->component, &d->variable);
	const struct ocpp16_key_value *kv = key ? find(in, key) : NULL;

	out->component = d->component;
	out->variable = d->variable;
	out->has_attribute_type = d->has_attribute_type;
	out->attribute_type = d->attribute_type;
	if (!is_actual(d->has_attribute_type, d->attribute_type)) {
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_NOT_SUPPORTED_ATTRIBUTE_TYPE;
	} else if (!kv) {
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_UNKNOWN_VARIABLE;
	} else if (r && r->kind == PASSWORD) {
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_REJECTED; /* write only */
	} else {
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_ACCEPTED;
		out->attribute_value = value_201(a, r, kv->value);
	}
}

const void *v16_conclude_get_variables(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	const struct ocpp201_get_variables_request *in = p->request;
	struct ocpp201_get_variables_response *out = arena_alloc(a, sizeof *out);
	struct ocpp201_get_variable_result_list *list = out ? &out->get_variable_result : NULL;
	const struct ocpp16_get_configuration_response *got = v16_last(p, replies, NULL);

	(void)why;
	if (!out)
		return NULL;
	list->items = arena_alloc(a, in->get_variable_data.count * sizeof *list->items);
	for (size_t i = 0; list->items && i < in->get_variable_data.count; i++)
		read_one(a, &in->get_variable_data.items[i], got, &list->items[list->count++]);
	return list->items ? out : NULL;
}

/* -- reports ---------------------------------------------------------------------------------- */

int v16_make_base_report(struct v16_making *m, const void *request)
{
	const struct ocpp201_get_base_report_request *in = request;

	if (in->report_base == OCPP201_REPORT_BASE_SUMMARY_INVENTORY)
		return v16_refuse(m, "OCPP 1.6 has no SummaryInventory");
	return v16_add(m, OCPP16_GET_CONFIGURATION) ? 0 : -1; /* without keys: all */
}

static void fill_value(struct arena *a, const struct row *r, const struct ocpp16_key_value *kv,
	struct ocpp201_variable_attribute *at, struct ocpp201_variable_characteristics *about)
{
	at->has_mutability = true;
	at->mutability =
		kv->readonly ? OCPP201_MUTABILITY_READ_ONLY : OCPP201_MUTABILITY_READ_WRITE;
	if (r && r->kind == PASSWORD) {
		at->mutability = OCPP201_MUTABILITY_WRITE_ONLY;
	} else if (r && r->kind == LIMIT) {
		about->max_limit = kv->value ? strtod(kv->value, NULL) : -1;
		about->has_max_limit = about->max_limit >= 0 && about->max_limit <= INT32_MAX;
	} else {
		at->value = value_201(a, r, kv->value);
	}
}

static bool fill_item(
	struct arena *a, const struct ocpp16_key_value *kv, struct ocpp201_report_data *out)
{
	const struct row *r = row_of_key(kv->key);
	struct ocpp201_variable_attribute *at = arena_alloc(a, sizeof *at);

	out->variable_characteristics = arena_alloc(a, sizeof *out->variable_characteristics);
	if (!at || !out->variable_characteristics)
		return false;
	out->component.name = r ? r->component : OTHER;
	out->variable.name = r ? r->variable : kv->key;
	out->variable.instance = r ? r->instance : NULL;
	out->variable_attribute.count = 1;
	out->variable_attribute.items = at;
	fill_value(a, r, kv, at, out->variable_characteristics);
	out->variable_characteristics->data_type = r ? r->type : OCPP201_DATA_STRING;
	return true;
}

const struct ocpp201_notify_report_request *v16_report(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, wall_t now, int part)
{
	const struct ocpp201_get_base_report_request *asked = p->request;
	const struct ocpp16_get_configuration_response *in = v16_last(p, replies, NULL);
	struct ocpp201_notify_report_request *out;
	size_t first = (size_t)part * PART_ITEMS, n;

	if (!in || first >= in->configuration_key.count)
		return NULL;
	n = in->configuration_key.count - first;
	n = n > PART_ITEMS ? PART_ITEMS : n;
	out = arena_alloc(a, sizeof *out);
	if (!out || !(out->report_data.items = arena_alloc(a, n * sizeof *out->report_data.items)))
		return NULL;
	out->request_id = asked->request_id;
	out->generated_at = now;
	out->seq_no = part;
	out->has_tbc = true;
	out->tbc = first + n < in->configuration_key.count;
	for (size_t i = 0; i < n; i++) {
		struct ocpp201_report_data *d = &out->report_data.items[i];

		if (!fill_item(a, &in->configuration_key.items[first + i], d))
			return NULL;
		out->report_data.count++;
	}
	return out;
}
