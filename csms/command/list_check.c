/* A local authorisation list that an operator sends himself (D01), before it is sent. depotd's own
 * lists (csms/charging/local_list.h) are cut and numbered by it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "csms/command/check.h"
#include "csms/station/device.h"
#include "csms/charging/local_list.h"

static bool same_token(
	const struct ocpp201_authorization_data *a, const struct ocpp201_authorization_data *b)
{
	return a->id_token.type == b->id_token.type &&
	       strcasecmp(a->id_token.id_token, b->id_token.id_token) == 0;
}

static int check_entries(const struct ocpp201_send_local_list_request *r, struct schema_error *err)
{
	const struct ocpp201_authorization_data *list = r->local_authorization_list.items;
	char path[80];

	for (size_t i = 0; i < r->local_authorization_list.count; i++) {
		snprintf(path, sizeof path, "localAuthorizationList[%zu]", i);
		if (r->update_type == OCPP201_UPDATE_FULL && !list[i].id_token_info)
			return check_refuse(err, path,
				"needs an idTokenInfo: a Full list has no entries to remove (errata of D01)");
		for (size_t j = 0; j < i; j++)
			if (same_token(&list[j], &list[i]))
				return check_refuse(
					err, path, "the token is there twice (D01.FR.06)");
	}
	return 0;
}

int check_local_list(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_send_local_list_request *r = request;
	struct local_list_view known;
	int64_t most = device_fact(s, DEVICE_ITEMS_LOCAL_LIST, INT64_MAX);

	local_list_look(c, s, &known);
	if (r->version_number <= 0)
		return check_refuse(err, "versionNumber", "must be greater than 0 (D01.FR.18)");
	if (r->update_type == OCPP201_UPDATE_DIFFERENTIAL && r->version_number <= known.version)
		return check_refuse(err, "versionNumber",
			"must be greater than %lld, which the station has (D01.FR.19); GetLocalListVersion "
			"asks it",
			(long long)known.version);
	if ((int64_t)r->local_authorization_list.count > most)
		return check_refuse(err, "localAuthorizationList",
			"the station takes %lld entries in a message (D01.FR.11): send so many, the rest as "
			"Differential, or let depotd keep the list (PUT …/local-list)",
			(long long)most);
	return check_entries(r, err);
}
