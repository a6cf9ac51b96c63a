/*
 * What a command to a station needs beyond the right to send commands: what the paths of their own need
 * that do the same, so that nobody takes a station over by the general one.
 */
#include <string.h>
#include <strings.h>

#include "csms/api/four_eyes.h"
#include "csms/api/ask.h"
#include "csms/api/command_say.h"
#include "gen/ocpp201.h"

static const struct {
	const char *action;
	enum permission needs;
} actions[] = {
	{"InstallCertificate", MAY_TRUST},
	{"DeleteCertificate", MAY_TRUST},
	{"CertificateSigned", MAY_TRUST},
	{"SetNetworkProfile", MAY_SET_UP},
	{"CustomerInformation", MAY_AUDIT},
	{"SendLocalList", MAY_ADMIT},
	{"ClearCache", MAY_ADMIT},
	{"ReserveNow", MAY_DISPATCH},
	{"CancelReservation", MAY_DISPATCH},
};

/* Of SetVariables: who the station is to others, and where it dials. Names of OCPP compare without
 * regard to case. AuthorizationKey is what 1.6 calls its password. */
static const struct {
	const char *component, *variable; /* NULL: any */
	enum permission needs;
} settings[] = {
	{"SecurityCtrlr", NULL, MAY_TRUST},
	{NULL, "BasicAuthPassword", MAY_TRUST},
	{NULL, "AuthorizationKey", MAY_TRUST},
	{NULL, "CpoName", MAY_TRUST}, /* OrganizationName of 1.6 */
	{NULL, "SecurityProfile", MAY_TRUST},
	{NULL, "NetworkConfigurationPriority", MAY_SET_UP},
	{NULL, "NetworkProfile", MAY_SET_UP},
};

static bool may(struct ask *k, enum permission needs, const char *what)
{
	char roles[120];

	if (role_may(k->who.role, needs) &&
		(k->approver == NULL || role_may(k->approver_role, needs)))
		return !four_eyes_hold(k, needs);
	permission_roles_text(needs, roles);
	if (role_may(k->who.role, needs)) {
		ask_problem(k, 403, NULL,
			"%s needs the role %s, and so does who approves it; %s has "
			"the role %s: ask for it again",
			what, roles, k->approver, role_name(k->approver_role));
		return false;
	}
	ask_problem(k, 403, NULL, "%s needs the role %s; %s has the role %s", what, roles,
		k->who.name, role_name(k->who.role));
	return false;
}

enum permission command_permission(const char *action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcasecmp(action, actions[i].action) == 0)
			return actions[i].needs;
	return MAY_OPERATE;
}

static bool is_named(const char *wanted, const char *name)
{
	return wanted == NULL || strcasecmp(wanted, name) == 0;
}

static bool may_set(struct ask *k, const struct ocpp201_set_variable_data *d)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (is_named(settings[i].component, d->component.name) &&
			is_named(settings[i].variable, d->variable.name) &&
			!may(k, settings[i].needs,
				settings[i].variable ? settings[i].variable
						     : settings[i].component))
			return false;
	return true;
}

/* By what the station will read. What cannot be read is not sent either: the codec says what is wrong. */
bool ask_may_send(struct ask *k, const char *action, const char *payload)
{
	enum permission needs = command_permission(action);
	const struct ocpp201_set_variables_request *r;
	struct schema_error err;

	if (needs != MAY_OPERATE)
		return may(k, needs, action);
	if (strcasecmp(action, "SetVariables") != 0 || payload == NULL)
		return true;
	r = schema_decode(
		&ocpp201_set_variables_request_type, payload, strlen(payload), k->arena, &err);
	for (size_t i = 0; r != NULL && i < r->set_variable_data.count; i++)
		if (!may_set(k, &r->set_variable_data.items[i]))
			return false;
	return true;
}
