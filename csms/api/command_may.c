/*
 * What a command to a station needs beyond the right to send commands: what the paths of their own need
 * that do the same, so that nobody takes a station over by the general one.
 */
#include <string.h>
#include <strings.h>

#include "csms/api/approvals.h"
#include "csms/api/ask.h"
#include "csms/api/command_say.h"

static const struct {
	const char *action;
	enum permission needs;
} actions[] = {
	{"InstallCertificate", MAY_TRUST},
	{"DeleteCertificate", MAY_TRUST},
	{"CertificateSigned", MAY_TRUST},
	{"SetNetworkProfile", MAY_SET_UP},
	{"CustomerInformation", MAY_AUDIT},
};

/* Of SetVariables: who the station is to others, and where it dials. */
static const struct {
	const char *name; /* of a component or variable, wherever it stands in the payload */
	enum permission needs;
} settings[] = {
	{"BasicAuthPassword", MAY_TRUST},
	{"SecurityCtrlr", MAY_TRUST},
	{"AuthorizationKey", MAY_TRUST},
	{"SecurityProfile", MAY_TRUST},
	{"NetworkConfigurationPriority", MAY_SET_UP},
	{"NetworkProfile", MAY_SET_UP},
};

static bool may(struct ask *k, enum permission needs, const char *what)
{
	char roles[120];

	if (role_may(k->who.role, needs))
		return !approvals_hold(k, needs);
	permission_roles_text(needs, roles);
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

/* Names may be written with escapes (\u0042asic…): such a payload is not looked into, it needs the
 * greater right. */
bool ask_may_send(struct ask *k, const char *action, const char *payload)
{
	enum permission needs = command_permission(action);

	if (needs != MAY_OPERATE)
		return may(k, needs, action);
	if (strcasecmp(action, "SetVariables") != 0 || payload == NULL)
		return true;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcasestr(payload, settings[i].name) != NULL)
			return may(k, settings[i].needs, settings[i].name);
	return strstr(payload, "\\u") == NULL || may(k, MAY_TRUST, "a payload with \\u in it");
}
