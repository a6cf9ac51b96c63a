#include "csms/command/device_check.h"
#include "csms/station/call_judge.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command/check.h"
#include "csms/station/device.h"
#include "csms/mask.h"

#define SEVERITY_MAX   9 /* debug; N04, N05 */
#define PASSWORD_MIN   16 /* A01; the most is what the station says, else 40 */
#define PASSWORD_MAX   40
#define PASSWORD_LIMIT 64 /* errata: maxLimit is 40 to 64 */

/* -- B05, B06: no variable twice ----------------------------------------------------------------- */

/* What B05.FR.13 compares. `index` is the place in the list. */
struct item {
	const struct ocpp201_component *component;
	const struct ocpp201_variable *variable;
	int attribute;
	size_t index;
};

static int compare_items(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int d = device_compare(a->component, a->variable, b->component, b->variable);

	return d ? d : a->attribute - b->attribute;
}

/* Sorts the items: equal ones stand side by side. */
static int check_twice(struct item *items, size_t count, const char *list, struct schema_error *err)
{
	char path[60];

	qsort(items, count, sizeof *items, compare_items);
	for (size_t i = 1; i < count; i++) {
		size_t a = items[i - 1].index, b = items[i].index;

		if (compare_items(&items[i - 1], &items[i]) != 0)
			continue;
		snprintf(path, sizeof path, "%s[%zu]", list, a > b ? a : b);
		return check_refuse(err, path,
			"%s.%s stands in the list twice: leave one out (B05.FR.13)",
			items[i].component->name, items[i].variable->name);
	}
	return 0;
}

static struct item *items_of(size_t count, struct schema_error *err)
{
	struct item *items = calloc(count + 1, sizeof *items);

	if (!items)
		check_refuse(err, "", "out of memory");
	return items;
}

/* A01, passwordString: what the station must refuse is not sent, and so never lost on the way. */
static int check_password(const struct station *s, const char *password, struct schema_error *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"*-_=:+|@.";
	int64_t most = device_fact(s, DEVICE_PASSWORD_LIMIT, PASSWORD_MAX);
	size_t points = 0;

	if (most > PASSWORD_LIMIT)
		most = PASSWORD_LIMIT;
	if (!call_in_v16(s) && password[strspn(password, allowed)])
		return check_refuse(err, "setVariableData",
			"BasicAuthPassword has letters and digits of ASCII and *-_=:+|@. only (A01)");
	if (schema_utf8_check(password, strlen(password), &points) && points >= PASSWORD_MIN &&
		points <= (size_t)most)
		return 0;
	return check_refuse(err, "setVariableData",
		"BasicAuthPassword takes %d to %lld characters: choose another (A01)", PASSWORD_MIN,
		(long long)most);
}

/* With smart charging off a station forgets the limits that every proof rests on (K01). */
static int check_smart_charging(const struct station *s, const struct ocpp201_set_variable_data *d,
	struct schema_error *err)
{
	if (s->is_manual || strcasecmp(d->component.name, "SmartChargingCtrlr") != 0 ||
		strcasecmp(d->variable.name, "Enabled") != 0 ||
		strcasecmp(d->attribute_value, "true") == 0)
		return 0;
	return check_refuse(err, "setVariableData",
		"depotd keeps %s within the limits of the tree by charging profiles, which it follows "
		"only while SmartChargingCtrlr.Enabled is true: set the station's control to manual "
		"first",
		s->id);
}

int check_set_variables(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_set_variables_request *r = request;
	size_t n = r->set_variable_data.count;
	struct item *items = items_of(n, err);
	int rc = items ? 0 : -1;

	(void)c;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct ocpp201_set_variable_data *d = &r->set_variable_data.items[i];

		items[i] = (struct item){&d->component, &d->variable, (int)d->attribute_type, i};
		if (strcasecmp(d->variable.name, "BasicAuthPassword") == 0 &&
			strcasecmp(d->component.name, "SecurityCtrlr") == 0)
			rc = check_password(s, d->attribute_value, err);
		else
			rc = check_smart_charging(s, d, err);
	}
	if (rc == 0)
		rc = check_twice(items, n, "setVariableData", err);
	free(items);
	return rc;
}

int check_get_variables(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_get_variables_request *r = request;
	size_t n = r->get_variable_data.count;
	struct item *items = items_of(n, err);
	int rc = -1;

	(void)c;
	(void)s;
	for (size_t i = 0; items && i < n; i++) {
		const struct ocpp201_get_variable_data *d = &r->get_variable_data.items[i];

		items[i] = (struct item){&d->component, &d->variable, (int)d->attribute_type, i};
	}
	if (items)
		rc = check_twice(items, n, "getVariableData", err);
	free(items);
	return rc;
}

/* -- N04 to N06: monitors ----------------------------------------------------------------------- */

static int check_severity(int64_t severity, const char *path, struct schema_error *err)
{
	if (severity >= 0 && severity <= SEVERITY_MAX)
		return 0;
	return check_refuse(err, path, "a severity is 0 (danger) to %d (debug)", SEVERITY_MAX);
}

/* N04.FR.10: one of a type and severity for each variable; FR.14: a Delta is not negative. */
int check_set_monitoring(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_set_variable_monitoring_request *r = request;
	size_t n = r->set_monitoring_data.count;
	struct item *items = items_of(n, err);
	int rc = items ? 0 : -1;
	char path[60];

	(void)c;
	(void)s;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct ocpp201_set_monitoring_data *d = &r->set_monitoring_data.items[i];

		snprintf(path, sizeof path, "setMonitoringData[%zu].severity", i);
		rc = check_severity(d->severity, path, err);
		snprintf(path, sizeof path, "setMonitoringData[%zu].value", i);
		if (rc == 0 && d->type == OCPP201_MONITOR_DELTA && d->value < 0)
			rc = check_refuse(err, path, "a Delta is not negative (N04.FR.14)");
		if (rc == 0 && d->type >= OCPP201_MONITOR_PERIODIC && d->value < 1)
			rc = check_refuse(err, path, "a period is a number of seconds");
		items[i] = (struct item){&d->component, &d->variable,
			(int)d->type * (SEVERITY_MAX + 1) + (int)d->severity, i};
	}
	if (rc == 0)
		rc = check_twice(items, n, "setMonitoringData", err);
	free(items);
	return rc;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int check_clear_monitoring(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_clear_variable_monitoring_request *r = request;
	int64_t *ids = calloc(r->id.count + 1, sizeof *ids);
	int rc = 0;

	(void)c;
	(void)s;
	if (!ids)
		return check_refuse(err, "", "out of memory");
	memcpy(ids, r->id.items, r->id.count * sizeof *ids);
	qsort(ids, r->id.count, sizeof *ids, compare_ids);
	for (size_t i = 1; rc == 0 && i < r->id.count; i++)
		if (ids[i] == ids[i - 1])
			rc = check_refuse(err, "id", "monitor %lld stands in the list twice",
				(long long)ids[i]);
	free(ids);
	return rc;
}

int check_monitoring_level(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_set_monitoring_level_request *r = request;

	(void)c;
	(void)s;
	return check_severity(r->severity, "severity", err);
}

/* -- N09, N10: customers ------------------------------------------------------------------------ */

int check_customer(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_customer_information_request *r = request;
	int named = (r->id_token != NULL) + (r->customer_certificate != NULL) +
		    (r->customer_identifier != NULL);

	(void)c;
	(void)s;
	if (named != 1)
		return check_refuse(err, "",
			"name the customer by one of idToken, customerCertificate,"
			" customerIdentifier (N09.FR.04)");
	if (!r->report && !r->clear)
		return check_refuse(err, "",
			"set report, clear or both: else there is nothing to do"
			" (N09.FR.07)");
	return 0;
}

/* -- O01, O02: displays ------------------------------------------------------------------------- */

int check_set_display(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_set_display_message_request *r = request;
	const struct ocpp201_message_info *m = &r->message;

	(void)c;
	(void)s;
	if (m->id < 0)
		return check_refuse(err, "message.id", "the number of a message is not negative");
	if (m->has_start_date_time && m->has_end_date_time &&
		m->end_date_time.ms <= m->start_date_time.ms)
		return check_refuse(err, "message.endDateTime", "it would end before it starts");
	if (!m->message.content[0])
		return check_refuse(err, "message.message.content", "there is nothing to show");
	return 0;
}
