/* Network profiles (B09, A05): a station that takes a wrong one may never be heard of again. */
#include <stdio.h>
#include <string.h>
#include "csms/command/check.h"
#include "csms/station/device.h"

#define TIMEOUT_MAX_S 3600

/* The host of a ws:// or wss:// address, or NULL. */
static const char *host_of(const char *url)
{
	if (strncmp(url, "ws://", 5) == 0)
		return url + 5;
	return strncmp(url, "wss://", 6) == 0 ? url + 6 : NULL;
}

static int check_url(const struct ocpp201_network_connection_profile *p, struct schema_error *err)
{
	const char *url = p->ocpp_csms_url, *host = host_of(url);

	if (!host)
		return check_refuse(err, "ocppCsmsUrl", "must begin with wss:// (or ws://)");
	if (strcspn(host, "/:?#") == 0 || strpbrk(url, " \t\r\n#"))
		return check_refuse(err, "ocppCsmsUrl",
			"is wss://HOST:PORT/PATH, without blanks and without a # part");
	if ((p->security_profile >= 2) != (strncmp(url, "wss:", 4) == 0))
		return check_refuse(err, "ocppCsmsUrl",
			"security profile 2 and 3 go by wss://, profile 1 by ws://");
	return 0;
}

/* B09.FR.04, A05.FR.07: never back to a weaker one. */
static int check_floor(const struct station *s, int64_t profile, struct schema_error *err)
{
	int floor = s->security_profile > s->connected_profile ? s->security_profile
							       : s->connected_profile;

	if (profile >= floor ||
		(floor == 3 && profile == 2 && device_fact(s, DEVICE_MAY_DOWNGRADE, 0) == 1))
		return 0;
	return check_conflict(err,
		"security profile %lld would lower that of %s, which is %d: a station never goes "
		"back to a weaker one (A05)",
		(long long)profile, s->id, floor);
}

int check_network_data(const struct station *s, const struct ocpp201_network_connection_profile *p,
	struct schema_error *err)
{
	if (p->message_timeout < 1 || p->message_timeout > TIMEOUT_MAX_S)
		return check_refuse(err, "messageTimeout",
			"is 1 to %d seconds; 30 suits most networks", TIMEOUT_MAX_S);
	if (p->ocpp_version != OCPP201_OCPP_VERSION_OCPP20 &&
		p->ocpp_version != OCPP201_OCPP_VERSION_OCPP16)
		return check_refuse(err, "ocppVersion",
			"is OCPP20, which is also 2.0.1, or OCPP16: older ones do not go by WebSocket");
	if (p->ocpp_transport != OCPP201_OCPP_TRANSPORT_JSON)
		return check_refuse(err, "ocppTransport",
			"is JSON: SOAP is not a transport of OCPP 2.0.1, and depotd has none");
	if (p->security_profile < 1 || p->security_profile > 3)
		return check_refuse(err, "securityProfile", "is 1, 2 or 3");
	if (check_url(p, err))
		return -1;
	return check_floor(s, p->security_profile, err);
}

/* B09: the slots are those that the station has in the valuesList of its order of profiles. */
int check_network_slot(const struct station *s, int64_t slot, struct schema_error *err)
{
	int64_t slots = device_fact(s, DEVICE_NETWORK_SLOTS, 0);
	char all[200] = "";
	int n = 0;

	if (slot < 0)
		return check_refuse(err, "configurationSlot", "is 0 or more");
	if (!slots || (slot <= DEVICE_SLOT_MAX && slots >> slot & 1))
		return 0;
	for (int i = 0; i <= DEVICE_SLOT_MAX; i++)
		if (slots >> i & 1)
			n += snprintf(all + n, sizeof all - (size_t)n, "%s%d", n ? ", " : "", i);
	return check_refuse(err, "configurationSlot",
		"%s has the slots %s (valuesList of OCPPCommCtrlr.NetworkConfigurationPriority)",
		s->id, all);
}

int check_network_profile(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_set_network_profile_request *r = request;
	char path[sizeof err->path];

	(void)c;
	if (check_network_slot(s, r->configuration_slot, err))
		return -1;
	if (check_network_data(s, &r->connection_data, err) == 0)
		return 0;
	if (err->path[0]) {
		snprintf(path, sizeof path, "connectionData.%.100s", err->path);
		snprintf(err->path, sizeof err->path, "%s", path);
	}
	return -1;
}
