/* A station to another network profile: a job of several commands. csms/station/network_job.h. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/station/network_job.h"
#include "csms/record.h"

/* A part of OCPP's own form, or NULL; *ok false after the answer was given. */
static void *part(struct ask *k, const char *name, const struct schema_struct *type,
	const char *json, bool *ok)
{
	struct schema_error err;
	void *out;

	if (json == NULL || !*ok)
		return NULL;
	out = schema_decode(type, json, strlen(json), k->arena, &err);
	if (out == NULL) {
		ask_schema_problem(k, &err, name);
		*ok = false;
	}
	return out;
}

static bool read_profile(struct ask *k, const struct api_network_profile_post *p,
	struct ocpp201_network_connection_profile *out)
{
	int interface = schema_enum_find(&ocpp201_ocpp_interface_enum, p->interface);
	bool ok = true;

	if (interface < 0) {
		ask_problem(k, 400, "interface",
			"interface: is Wired0 to Wired3 or Wireless0 to Wireless3 but is \"%.20s\"",
			p->interface);
		return false;
	}
	*out = (struct ocpp201_network_connection_profile){
		.ocpp_version = OCPP201_OCPP_VERSION_OCPP20, /* also what 2.0.1 calls itself */
		.ocpp_transport = OCPP201_OCPP_TRANSPORT_JSON,
		.ocpp_csms_url = p->url,
		.message_timeout = p->message_timeout_s,
		.security_profile = p->security_profile,
		.ocpp_interface = (enum ocpp201_ocpp_interface)interface,
		.apn = part(k, "apn", &ocpp201_apn_type, p->apn, &ok),
		.vpn = part(k, "vpn", &ocpp201_vpn_type, p->vpn, &ok),
	};
	return ok;
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the store: %s", why ? why : "unknown");
	else
		ask_reply(k, 202, &api_job_type, k->state);
}

/* In the words of the request: its fields are named otherwise than OCPP's. */
static void refuse(struct ask *k, const struct schema_error *err)
{
	static const struct {
		const char *ocpp, *ours;
	} names[] = {
		{"configurationSlot", "slot"},
		{"ocppCsmsUrl", "url"},
		{"messageTimeout", "message_timeout_s"},
		{"securityProfile", "security_profile"},
	};
	struct schema_error e = *err;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(err->path, names[i].ocpp) == 0)
			snprintf(e.path, sizeof(e.path), "%s", names[i].ours);
	if (e.fault == SCHEMA_OK)
		ask_problem(k, 409, NULL, "%s", e.message);
	else
		ask_schema_problem(k, &e, "");
}

void network_profile_post(struct ask *k)
{
	const struct api_network_profile_post *p = k->body;
	struct station *s = ask_path_station(k);
	struct ocpp201_network_connection_profile profile;
	struct api_job *view = arena_alloc(k->arena, sizeof(*view));
	char *id = arena_alloc(k->arena, 37);
	struct schema_error err;
	struct network_order order = {.slot = (int)p->slot,
		.profile = &profile,
		.at_once = p->reset == API_RESET_CHOICE_IMMEDIATE,
		.within_s = p->has_within_s ? (int)p->within_s : 0,
		.actor = k->who.actor,
		.why = p->why};

	if (s == NULL || !read_profile(k, p, &profile))
		return;
	if (view == NULL || id == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (network_job_start(k->api->core, s, &order, id, &err) != 0) {
		refuse(k, &err);
		return;
	}
	*view = (struct api_job){.id = id,
		.action = "SetNetworkProfile",
		.at = clock_wall(),
		.actor = k->who.actor,
		.why = p->why,
		.stations = 1,
		.open = 1,
		.has_state = true,
		.state = API_COMMAND_STATE_RUNNING,
		.step = "profile"};
	k->state = view;
	record_then(k->api->core, on_durable, k);
}
