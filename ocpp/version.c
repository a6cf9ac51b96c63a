#include "ocpp/version.h"

#include <string.h>

static const char *const names[OCPP_VERSION_COUNT] = {
	[OCPP_VERSION_NONE] = "none",
	[OCPP_VERSION_1_6] = "ocpp1.6",
	[OCPP_VERSION_2_0_1] = "ocpp2.0.1",
	[OCPP_VERSION_2_1] = "ocpp2.1",
};

/* What may stand between two names: the comma, and the white space that proxies leave around it. */
#define BETWEEN ", \t\r\n"

const char *ocpp_version_name(enum ocpp_version version)
{
	if ((unsigned)version >= OCPP_VERSION_COUNT)
		version = OCPP_VERSION_NONE;
	return names[version];
}

enum ocpp_version ocpp_version_find(const char *name, size_t len)
{
	for (int v = OCPP_VERSION_1_6; v < OCPP_VERSION_COUNT; v++) {
		if (strlen(names[v]) == len && memcmp(names[v], name, len) == 0)
			return (enum ocpp_version)v;
	}
	return OCPP_VERSION_NONE;
}

enum ocpp_version ocpp_version_negotiate(const char *offered, unsigned supported)
{
	if (!offered)
		return OCPP_VERSION_NONE;
	const char *p = offered + strspn(offered, BETWEEN);
	while (*p) {
		size_t len = strcspn(p, BETWEEN);
		enum ocpp_version v = ocpp_version_find(p, len);
		if (v != OCPP_VERSION_NONE && (supported & OCPP_VERSION_BIT(v)))
			return v;
		p += len;
		p += strspn(p, BETWEEN);
	}
	return OCPP_VERSION_NONE;
}
