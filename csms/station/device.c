#include "csms/station/device.h"
#include "csms/stored.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "db/query_device.h"

_Static_assert(DEVICE_FACTS <= STATION_FACTS_MAX, "room in struct station");

#define FACT_MAX 1000000000000 /* no number of a station sizes anything, and none is greater */

/*
 * Where each fact is found.
 *   component  NULL: of any component (an EVSE's own)
 *   instance   of the variable; NULL: any or none
 *   is_limit   the characteristic maxLimit instead of the value
 *   is_list    the characteristic valuesList: small numbers as bits
 */
static const struct row {
	const char *component, *variable, *instance;
	bool is_limit, is_list;
} rows[DEVICE_FACTS] = {
	[DEVICE_ITEMS_GET_REPORT] = {"DeviceDataCtrlr", "ItemsPerMessage", "GetReport"},
	[DEVICE_BYTES_GET_REPORT] = {"DeviceDataCtrlr", "BytesPerMessage", "GetReport"},
	[DEVICE_ITEMS_GET_VARIABLES] = {"DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"},
	[DEVICE_BYTES_GET_VARIABLES] = {"DeviceDataCtrlr", "BytesPerMessage", "GetVariables"},
	[DEVICE_ITEMS_SET_VARIABLES] = {"DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"},
	[DEVICE_BYTES_SET_VARIABLES] = {"DeviceDataCtrlr", "BytesPerMessage", "SetVariables"},
	[DEVICE_ITEMS_SET_MONITORING] = {"MonitoringCtrlr", "ItemsPerMessage",
		"SetVariableMonitoring"},
	[DEVICE_BYTES_SET_MONITORING] = {"MonitoringCtrlr", "BytesPerMessage",
		"SetVariableMonitoring"},
	[DEVICE_ITEMS_CLEAR_MONITORING] = {"MonitoringCtrlr", "ItemsPerMessage",
		"ClearVariableMonitoring"},
	[DEVICE_BYTES_CLEAR_MONITORING] = {"MonitoringCtrlr", "BytesPerMessage",
		"ClearVariableMonitoring"},
	[DEVICE_ITEMS_LOCAL_LIST] = {"LocalAuthListCtrlr", "ItemsPerMessage"},
	[DEVICE_BYTES_LOCAL_LIST] = {"LocalAuthListCtrlr", "BytesPerMessage"},
	[DEVICE_LOCAL_LIST_ENABLED] = {"LocalAuthListCtrlr", "Enabled"},
	[DEVICE_LOCAL_LIST_LIMIT] = {"LocalAuthListCtrlr", "Entries", NULL, true},
	[DEVICE_PASSWORD_LIMIT] = {"SecurityCtrlr", "BasicAuthPassword", NULL, true},
	[DEVICE_CHAIN_SIZE] = {"SecurityCtrlr", "MaxCertificateChainSize"},
	[DEVICE_CERTIFICATES_LIMIT] = {"SecurityCtrlr", "CertificateEntries", NULL, true},
	[DEVICE_SIGNING_WAIT_S] = {"SecurityCtrlr", "CertSigningWaitMinimum"},
	[DEVICE_PROFILES_LIMIT] = {"SmartChargingCtrlr", "Entries", "ChargingProfiles", true},
	[DEVICE_PROFILE_STACK_LEVEL] = {"SmartChargingCtrlr", "ProfileStackLevel"},
	[DEVICE_PROFILE_PERIODS] = {"SmartChargingCtrlr", "PeriodsPerSchedule"},
	[DEVICE_PROFILE_UNITS] = {"SmartChargingCtrlr", "RateUnit"},
	[DEVICE_PHASE_SWITCHING] = {NULL, "ACPhaseSwitchingSupported"},
	[DEVICE_PHASES_3_TO_1] = {"SmartChargingCtrlr", "Phases3to1"},
	[DEVICE_EXI_LENGTH] = {"OCPPCommCtrlr", "FieldLength",
		"Get15118EVCertificateResponse.exiResponse"},
	[DEVICE_MESSAGE_TIMEOUT_S] = {"OCPPCommCtrlr", "MessageTimeout"},
	[DEVICE_DISPLAYS_LIMIT] = {"DisplayMessageCtrlr", "DisplayMessages", NULL, true},
	[DEVICE_DISPLAY_AVAILABLE] = {"DisplayMessageCtrlr", "Available"},
	[DEVICE_TARIFF_AVAILABLE] = {"TariffCostCtrlr", "Available", "Tariff"},
	[DEVICE_MAY_DOWNGRADE] = {"SecurityCtrlr", "AllowSecurityProfileDowngrade"},
	[DEVICE_NETWORK_SLOTS] = {"OCPPCommCtrlr", "NetworkConfigurationPriority", NULL, false,
		true},
};

int64_t device_fact(const struct station *s, enum device_fact f, int64_t otherwise)
{
	return s->facts_known >> f & 1 ? s->facts[f] : otherwise;
}

static void put_fact(struct station *s, enum device_fact f, double value)
{
	if (!(value >= 0))
		return; /* NaN too */
	s->facts[f] = value < FACT_MAX ? (int64_t)value : FACT_MAX;
	s->facts_known |= UINT64_C(1) << f;
}

/* "A,W", "W": which units profiles may have (K01.FR.26). */
static double units(const char *list)
{
	int bits = 0;

	for (const char *p = list; *p; p++) {
		bits |= *p == 'A' ? DEVICE_UNIT_A : 0;
		bits |= *p == 'W' ? DEVICE_UNIT_W : 0;
	}
	return bits;
}

/* "0,1,2" as bits. 0: it is no such list, or goes beyond what a fact can hold. */
static double slots(const char *list)
{
	uint64_t bits = 0;

	for (const char *p = list; *p;) {
		char *end;
		long n = strtol(p, &end, 10);

		if (end == p || n < 0 || n > DEVICE_SLOT_MAX)
			return 0;
		bits |= UINT64_C(1) << n;
		p = end + strspn(end, " ");
		if (*p && *p++ != ',')
			return 0;
	}
	return (double)bits;
}

static void put_text(struct station *s, enum device_fact f, const char *value)
{
	char *end;
	double n;

	if (f == DEVICE_PROFILE_UNITS) {
		put_fact(s, f, units(value));
		return;
	}
	n = strtod(value, &end);
	if (strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0)
		put_fact(s, f, strcasecmp(value, "true") == 0);
	else if (end != value && *end == '\0')
		put_fact(s, f, n);
}

static void learn(struct station *s, const char *component, const char *variable,
	const char *instance, const char *value, const double *max_limit, const char *values)
{
	for (int f = 0; f < DEVICE_FACTS; f++) {
		const struct row *r = &rows[f];

		if (strcasecmp(variable, r->variable) != 0 ||
			(r->component && strcasecmp(component, r->component) != 0) ||
			(r->instance && strcasecmp(instance ? instance : "", r->instance) != 0))
			continue;
		if (r->is_list && values)
			put_fact(s, f, slots(values));
		else if (!r->is_list && !r->is_limit && value)
			put_text(s, f, value);
		else if (r->is_limit && max_limit)
			put_fact(s, f, *max_limit);
	}
}

void device_learn(struct station *s, const struct ocpp201_component *component,
	const struct ocpp201_variable *variable, const char *value, const double *max_limit,
	const char *values)
{
	learn(s, component->name, variable->name, variable->instance, value, max_limit, values);
}

/* -- start ------------------------------------------------------------------------------------ */

static void read_facts(struct db_reader *db, void *arg)
{
	const char *names[DEVICE_FACTS + 1] = {0};
	struct stored *w = arg;
	struct db_variable_list list = {0};

	for (int f = 0; f < DEVICE_FACTS; f++)
		names[f] = rows[f].variable;
	if (db_query_actual(db, names, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++) {
		const struct db_variable *v = &list.items[i];
		struct station *s = fleet_station(&w->core->fleet, v->station);

		if (s)
			learn(s, v->component, v->variable, v->variable_instance, v->value,
				v->has_max_limit ? &v->max_limit : NULL, v->values_list);
	}
}

int device_restore(struct core *c, char why[300])
{
	return stored_read(c, read_facts, NULL, "device models", why);
}
