#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tools/depotsim/device_model.h"

#define MAX_VALUE 256

enum access {
	RO = OCPP201_MUTABILITY_READ_ONLY,
	RW = OCPP201_MUTABILITY_READ_WRITE,
	WO = OCPP201_MUTABILITY_WRITE_ONLY,
};

enum data {
	STR = OCPP201_DATA_STRING,
	INT = OCPP201_DATA_INTEGER,
	DEC = OCPP201_DATA_DECIMAL,
	BOOL = OCPP201_DATA_BOOLEAN,
	OPTION = OCPP201_DATA_OPTION_LIST,
	LIST = OCPP201_DATA_MEMBER_LIST,
	SEQUENCE = OCPP201_DATA_SEQUENCE_LIST,
};

struct row {
	const char *component, *variable, *instance, *value, *unit;
	enum access access;
	enum data data;
	int64_t low, high; /* of numbers that can be set */
	const char *values; /* of lists and options */
};

struct variable {
	struct row row;
	int evse, connector; /* 0: none */
	char value[MAX_VALUE];
};

struct device_model {
	int count, room;
	struct variable *items;
};

#define MEASURANDS "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"

/* Of the station as a whole. Values that depend on the station are set at its creation. */
static const struct row station_rows[] = {
	{"ChargingStation", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"ChargingStation", "AvailabilityState", NULL, "Available", NULL, RO, OPTION, 0, 0,
		"Available,Occupied,Reserved,Unavailable,Faulted"},
	{"ChargingStation", "SerialNumber", NULL, "", NULL, RO, STR, 0, 0, NULL},
	{"ChargingStation", "Model", NULL, "", NULL, RO, STR, 0, 0, NULL},
	{"ChargingStation", "VendorName", NULL, "", NULL, RO, STR, 0, 0, NULL},
	{"ChargingStation", "SupplyPhases", NULL, "3", NULL, RO, INT, 0, 0, NULL},
	{"OCPPCommCtrlr", "HeartbeatInterval", NULL, "300", "s", RW, INT, 1, 86400, NULL},
	{"OCPPCommCtrlr", "WebSocketPingInterval", NULL, "0", "s", RW, INT, 0, 3600, NULL},
	{"OCPPCommCtrlr", "OfflineThreshold", NULL, "60", "s", RW, INT, 0, 86400, NULL},
	{"OCPPCommCtrlr", "MessageTimeout", "Default", "30", "s", RO, INT, 0, 0, NULL},
	{"OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "3", NULL, RW, INT, 1, 10, NULL},
	{"OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", "20", "s", RW, INT, 1, 3600,
		NULL},
	{"OCPPCommCtrlr", "RetryBackOffWaitMinimum", NULL, "5", "s", RW, INT, 1, 3600, NULL},
	{"OCPPCommCtrlr", "RetryBackOffRandomRange", NULL, "5", "s", RW, INT, 0, 3600, NULL},
	{"OCPPCommCtrlr", "RetryBackOffRepeatTimes", NULL, "4", NULL, RW, INT, 0, 10, NULL},
	{"OCPPCommCtrlr", "NetworkConfigurationPriority", NULL, "0", NULL, RW, SEQUENCE, 0, 0,
		"0,1,2,3"},
	{"OCPPCommCtrlr", "ActiveNetworkProfile", NULL, "0", NULL, RO, INT, 0, 0, NULL},
	{"OCPPCommCtrlr", "NetworkProfileConnectionAttempts", NULL, "3", NULL, RW, INT, 1, 100,
		NULL},
	{"OCPPCommCtrlr", "FileTransferProtocols", NULL, "HTTPS", NULL, RO, LIST, 0, 0,
		"FTP,FTPS,HTTP,HTTPS,SFTP"},
	{"OCPPCommCtrlr", "UnlockOnEVSideDisconnect", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"SecurityCtrlr", "SecurityProfile", NULL, "1", NULL, RO, INT, 0, 0, NULL},
	{"SecurityCtrlr", "Identity", NULL, "", NULL, RO, STR, 0, 0, NULL},
	{"SecurityCtrlr", "OrganizationName", NULL, "depot", NULL, RW, STR, 0, 0, NULL},
	{"SecurityCtrlr", "CertificateEntries", NULL, "0", NULL, RO, INT, 0, 0, NULL},
	{"SecurityCtrlr", "BasicAuthPassword", NULL, "", NULL, WO, STR, 16, 40, NULL},
	{"AuthCtrlr", "Enabled", NULL, "true", NULL, RW, BOOL, 0, 0, NULL},
	{"AuthCtrlr", "AuthorizeRemoteStart", NULL, "false", NULL, RO, BOOL, 0, 0, NULL},
	{"AuthCtrlr", "LocalAuthorizeOffline", NULL, "true", NULL, RW, BOOL, 0, 0, NULL},
	{"AuthCtrlr", "LocalPreAuthorize", NULL, "false", NULL, RO, BOOL, 0, 0, NULL},
	{"AuthCtrlr", "OfflineTxForUnknownIdEnabled", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"LocalAuthListCtrlr", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"LocalAuthListCtrlr", "Enabled", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"LocalAuthListCtrlr", "Entries", NULL, "0", NULL, RO, INT, 0, 1000, NULL},
	{"LocalAuthListCtrlr", "ItemsPerMessage", NULL, "20", NULL, RO, INT, 0, 0, NULL},
	{"LocalAuthListCtrlr", "BytesPerMessage", NULL, "16000", NULL, RO, INT, 0, 0, NULL},
	{"ReservationCtrlr", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"ReservationCtrlr", "Enabled", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"TxCtrlr", "EVConnectionTimeOut", NULL, "120", "s", RW, INT, 10, 3600, NULL},
	{"TxCtrlr", "StopTxOnEVSideDisconnect", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"TxCtrlr", "StopTxOnInvalidId", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"TxCtrlr", "TxBeforeAcceptedEnabled", NULL, "false", NULL, RO, BOOL, 0, 0, NULL},
	{"TxCtrlr", "TxStartPoint", NULL, "EVConnected", NULL, RO, LIST, 0, 0,
		"ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer"},
	{"TxCtrlr", "TxStopPoint", NULL, "EVConnected,Authorized", NULL, RO, LIST, 0, 0,
		"ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer"},
	{"SampledDataCtrlr", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"SampledDataCtrlr", "Enabled", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"SampledDataCtrlr", "TxUpdatedInterval", NULL, "60", "s", RW, INT, 0, 86400, NULL},
	{"SampledDataCtrlr", "TxEndedInterval", NULL, "0", "s", RO, INT, 0, 0, NULL},
	{"SampledDataCtrlr", "TxStartedMeasurands", NULL, "Energy.Active.Import.Register", NULL, RO,
		LIST, 0, 0, MEASURANDS},
	{"SampledDataCtrlr", "TxUpdatedMeasurands", NULL, MEASURANDS, NULL, RO, LIST, 0, 0,
		MEASURANDS},
	{"SampledDataCtrlr", "TxEndedMeasurands", NULL, "Energy.Active.Import.Register", NULL, RO,
		LIST, 0, 0, MEASURANDS},
	{"SmartChargingCtrlr", "Enabled", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"SmartChargingCtrlr", "ProfileStackLevel", NULL, "9", NULL, RO, INT, 0, 0, NULL},
	{"SmartChargingCtrlr", "RateUnit", NULL, "A,W", NULL, RO, LIST, 0, 0, "A,W"},
	{"SmartChargingCtrlr", "PeriodsPerSchedule", NULL, "1024", NULL, RO, INT, 0, 0, NULL},
	{"SmartChargingCtrlr", "Entries", "ChargingProfiles", "100", NULL, RO, INT, 0, 0, NULL},
	{"SmartChargingCtrlr", "LimitChangeSignificance", NULL, "10", "Percent", RW, DEC, 1, 100,
		NULL},
	{"SmartChargingCtrlr", "ExternalControlSignalsEnabled", NULL, "false", NULL, RO, BOOL, 0, 0,
		NULL},
	{"SmartChargingCtrlr", "ACPhaseSwitchingSupported", NULL, "false", NULL, RO, BOOL, 0, 0,
		NULL},
	{"ClockCtrlr", "TimeSource", NULL, "Heartbeat", NULL, RO, SEQUENCE, 0, 0, "Heartbeat"},
	{"DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", "20", NULL, RO, INT, 0, 0, NULL},
	{"DeviceDataCtrlr", "ItemsPerMessage", "SetVariables", "20", NULL, RO, INT, 0, 0, NULL},
	{"DeviceDataCtrlr", "ItemsPerMessage", "GetReport", "20", NULL, RO, INT, 0, 0, NULL},
	{"DeviceDataCtrlr", "BytesPerMessage", "GetVariables", "16000", NULL, RO, INT, 0, 0, NULL},
	{"DeviceDataCtrlr", "BytesPerMessage", "SetVariables", "16000", NULL, RO, INT, 0, 0, NULL},
	{"DeviceDataCtrlr", "BytesPerMessage", "GetReport", "16000", NULL, RO, INT, 0, 0, NULL},
};

static const struct row evse_rows[] = {
	{"EVSE", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"EVSE", "AvailabilityState", NULL, "Available", NULL, RO, OPTION, 0, 0,
		"Available,Occupied,Reserved,Unavailable,Faulted"},
	{"EVSE", "SupplyPhases", NULL, "3", NULL, RO, INT, 0, 0, NULL},
	{"EVSE", "Power", NULL, "0", "W", RO, DEC, 0, 0, NULL},
};

static const struct row connector_rows[] = {
	{"Connector", "Available", NULL, "true", NULL, RO, BOOL, 0, 0, NULL},
	{"Connector", "AvailabilityState", NULL, "Available", NULL, RO, OPTION, 0, 0,
		"Available,Occupied,Reserved,Unavailable,Faulted"},
	{"Connector", "ConnectorType", NULL, "sType2", NULL, RO, STR, 0, 0, NULL},
	{"Connector", "SupplyPhases", NULL, "3", NULL, RO, INT, 0, 0, NULL},
};

#define COUNT(rows) ((int)(sizeof(rows) / sizeof(rows)[0]))

static void add_rows(
	struct device_model *d, const struct row *rows, int count, int evse, int connector)
{
	for (int i = 0; i < count; i++) {
		struct variable *v = &d->items[d->count++];
		v->row = rows[i];
		v->evse = evse;
		v->connector = connector;
		snprintf(v->value, sizeof v->value, "%s", rows[i].value);
	}
}

static struct variable *find(struct device_model *d, const char *component, const char *variable,
	const char *instance, int evse, int connector)
{
	for (int i = 0; i < d->count; i++) {
		struct variable *v = &d->items[i];
		/* identifierString is case-insensitive */
		if (v->evse == evse && v->connector == connector &&
			strcasecmp(v->row.component, component) == 0 &&
			strcasecmp(v->row.variable, variable) == 0 &&
			(!v->row.instance || !instance ||
				strcasecmp(v->row.instance, instance) == 0) &&
			!v->row.instance == !instance)
			return v;
	}
	return NULL;
}

static void put(struct device_model *d, const char *component, const char *variable, int evse,
	int connector, const char *value)
{
	struct variable *v = find(d, component, variable, NULL, evse, connector);
	if (v)
		snprintf(v->value, sizeof v->value, "%s", value);
}

static void put_int(struct device_model *d, const char *component, const char *variable, int evse,
	int connector, int64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)value);
	put(d, component, variable, evse, connector, text);
}

static void fill(struct device_model *d, const struct device_info *info)
{
	bool amperes = false;
	put(d, "ChargingStation", "SerialNumber", 0, 0, info->serial);
	put(d, "ChargingStation", "Model", 0, 0, info->model);
	put(d, "ChargingStation", "VendorName", 0, 0, info->vendor);
	put(d, "SecurityCtrlr", "Identity", 0, 0, info->serial);
	put_int(d, "SampledDataCtrlr", "TxUpdatedInterval", 0, 0, info->sample_s);
	for (int i = 0; i < info->evse_count; i++) {
		const struct device_evse *e = &info->evses[i];
		int phases = e->dc ? 3 : e->phases;
		amperes = amperes || !e->dc;
		put_int(d, "EVSE", "SupplyPhases", e->id, 0, phases);
		put_int(d, "EVSE", "Power", e->id, 0, e->max_w);
		put_int(d, "Connector", "SupplyPhases", e->id, 1, phases);
		put(d, "Connector", "ConnectorType", e->id, 1, e->dc ? "cCCS2" : "sType2");
	}
	put(d, "SmartChargingCtrlr", "RateUnit", 0, 0, amperes ? "A,W" : "W");
	if (info->bay_sensor) {
		put(d, "TxCtrlr", "TxStartPoint", 0, 0, "ParkingBayOccupancy");
		put(d, "TxCtrlr", "TxStopPoint", 0, 0, "ParkingBayOccupancy,Authorized");
		put(d, "TxCtrlr", "StopTxOnEVSideDisconnect", 0, 0, "false");
	}
}

struct device_model *device_model_create(const struct device_info *info)
{
	struct device_model *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->room =
		COUNT(station_rows) + info->evse_count * (COUNT(evse_rows) + COUNT(connector_rows));
	d->items = calloc((size_t)d->room, sizeof *d->items);
	if (!d->items) {
		free(d);
		return NULL;
	}
	add_rows(d, station_rows, COUNT(station_rows), 0, 0);
	for (int i = 0; i < info->evse_count; i++) {
		add_rows(d, evse_rows, COUNT(evse_rows), info->evses[i].id, 0);
		add_rows(d, connector_rows, COUNT(connector_rows), info->evses[i].id, 1);
	}
	fill(d, info);
	return d;
}

static struct variable *own(
	const struct device_model *d, const char *component, const char *variable)
{
	for (int i = 0; i < d->count; i++) {
		struct variable *v = &d->items[i];
		if (v->evse == 0 && strcmp(v->row.component, component) == 0 &&
			strcmp(v->row.variable, variable) == 0)
			return v;
	}
	return NULL;
}

int64_t device_model_number(
	const struct device_model *d, const char *component, const char *variable, int64_t absent)
{
	const struct variable *v = own(d, component, variable);
	return v ? strtoll(v->value, NULL, 10) : absent;
}

const char *device_model_text(
	const struct device_model *d, const char *component, const char *variable)
{
	const struct variable *v = own(d, component, variable);
	return v ? v->value : "";
}

void device_model_put(
	struct device_model *d, const char *component, const char *variable, const char *value)
{
	struct variable *v = own(d, component, variable);
	if (v)
		snprintf(v->value, sizeof v->value, "%s", value);
}

static bool component_exists(const struct device_model *d, const struct ocpp201_component *c)
{
	int evse = c->evse ? (int)c->evse->id : 0;
	int connector = c->evse && c->evse->has_connector_id ? (int)c->evse->connector_id : 0;
	for (int i = 0; i < d->count; i++) {
		if (d->items[i].evse == evse && d->items[i].connector == connector &&
			strcasecmp(d->items[i].row.component, c->name) == 0)
			return true;
	}
	return false;
}

static struct variable *find_asked(const struct device_model *d, const struct ocpp201_component *c,
	const struct ocpp201_variable *v)
{
	int connector = c->evse && c->evse->has_connector_id ? (int)c->evse->connector_id : 0;
	return find((struct device_model *)d, c->name, v->name, v->instance,
		c->evse ? (int)c->evse->id : 0, connector);
}

void device_model_get(const struct device_model *d, const struct ocpp201_get_variable_data *ask,
	struct ocpp201_get_variable_result *out)
{
	const struct variable *v = find_asked(d, &ask->component, &ask->variable);
	*out = (struct ocpp201_get_variable_result){
		.component = ask->component,
		.variable = ask->variable,
		.has_attribute_type = ask->has_attribute_type,
		.attribute_type = ask->attribute_type,
	};
	if (!v)
		out->attribute_status = component_exists(d, &ask->component)
						? OCPP201_GET_VARIABLE_STATUS_UNKNOWN_VARIABLE
						: OCPP201_GET_VARIABLE_STATUS_UNKNOWN_COMPONENT;
	else if (ask->has_attribute_type && ask->attribute_type != OCPP201_ATTRIBUTE_ACTUAL)
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_NOT_SUPPORTED_ATTRIBUTE_TYPE;
	else if (v->row.access == WO)
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_REJECTED;
	else {
		out->attribute_status = OCPP201_GET_VARIABLE_STATUS_ACCEPTED;
		out->attribute_value = v->value;
	}
}

static bool fits(const struct variable *v, const char *value)
{
	if (strlen(value) >= MAX_VALUE)
		return false;
	if (v->row.data == BOOL)
		return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
	if (v->row.data == INT || v->row.data == DEC) {
		char *end;
		double n = strtod(value, &end);
		return end != value && !*end && n >= (double)v->row.low && n <= (double)v->row.high;
	}
	if (v->row.access == WO) {
		int64_t n = (int64_t)strlen(value);
		return n >= v->row.low && n <= v->row.high;
	}
	return true;
}

void device_model_set(struct device_model *d, const struct ocpp201_set_variable_data *ask,
	struct ocpp201_set_variable_result *out, const char **password)
{
	struct variable *v = find_asked(d, &ask->component, &ask->variable);
	*out = (struct ocpp201_set_variable_result){
		.component = ask->component,
		.variable = ask->variable,
		.has_attribute_type = ask->has_attribute_type,
		.attribute_type = ask->attribute_type,
	};
	if (!v)
		out->attribute_status = component_exists(d, &ask->component)
						? OCPP201_SET_VARIABLE_STATUS_UNKNOWN_VARIABLE
						: OCPP201_SET_VARIABLE_STATUS_UNKNOWN_COMPONENT;
	else if (ask->has_attribute_type && ask->attribute_type != OCPP201_ATTRIBUTE_ACTUAL)
		out->attribute_status = OCPP201_SET_VARIABLE_STATUS_NOT_SUPPORTED_ATTRIBUTE_TYPE;
	else if (v->row.access == RO || !fits(v, ask->attribute_value))
		out->attribute_status = OCPP201_SET_VARIABLE_STATUS_REJECTED;
	else {
		out->attribute_status = OCPP201_SET_VARIABLE_STATUS_ACCEPTED;
		if (v->row.access == WO)
			*password = ask->attribute_value;
		else
			snprintf(v->value, sizeof v->value, "%s", ask->attribute_value);
	}
}

static bool reported(const struct variable *v, bool configuration)
{
	return !configuration || v->row.access != RO;
}

int device_model_report_count(const struct device_model *d, bool configuration)
{
	int n = 0;
	for (int i = 0; i < d->count; i++)
		n += reported(&d->items[i], configuration);
	return n;
}

void device_model_report_row(const struct device_model *d, bool configuration, int index,
	struct ocpp201_report_data *row, struct ocpp201_evse *evse,
	struct ocpp201_variable_attribute *attribute,
	struct ocpp201_variable_characteristics *characteristics)
{
	int i = 0;
	while (!reported(&d->items[i], configuration) || index-- > 0)
		i++;
	const struct variable *v = &d->items[i];
	*evse = (struct ocpp201_evse){
		.id = v->evse, .has_connector_id = v->connector != 0, .connector_id = v->connector};
	*attribute = (struct ocpp201_variable_attribute){
		.value = v->row.access == WO ? NULL : v->value, /* write-only: no value */
		.has_mutability = true,
		.mutability = (enum ocpp201_mutability)v->row.access,
	};
	*characteristics = (struct ocpp201_variable_characteristics){
		.unit = v->row.unit,
		.data_type = (enum ocpp201_data)v->row.data,
		.values_list = v->row.values,
	};
	if (v->row.high) {
		characteristics->has_min_limit = characteristics->has_max_limit = true;
		characteristics->min_limit = (double)v->row.low;
		characteristics->max_limit = (double)v->row.high;
	}
	*row = (struct ocpp201_report_data){
		.component = {.name = v->row.component, .evse = v->evse ? evse : NULL},
		.variable = {.name = v->row.variable, .instance = v->row.instance},
		.variable_attribute = {.count = 1, .items = attribute},
		.variable_characteristics = characteristics,
	};
}

void device_model_destroy(struct device_model *d)
{
	if (!d)
		return;
	free(d->items);
	free(d);
}
