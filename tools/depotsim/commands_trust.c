/* Certificates and network profiles: A02, A03, M03 to M05, B09. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/keyring.h"
#include "tools/depotsim/station_state.h"

static struct ocpp201_status_info *reason(struct arena *a, const char *code, const char *words)
{
	struct ocpp201_status_info *info = arena_alloc(a, sizeof *info);
	if (info)
		*info = (struct ocpp201_status_info){.reason_code = code, .additional_info = words};
	return info;
}

/* ---- A02, A03: requests ---- */

bool trust_asks(struct station *s, enum ocpp201_message_trigger message)
{
	bool v2g = message == OCPP201_MESSAGE_TRIGGER_SIGN_V2_G_CERTIFICATE;
	const char *organisation =
		device_model_text(s->device, "SecurityCtrlr", "OrganizationName");
	char *csr =
		s->port.keys ? keyring_request(s->port.keys, organisation, s->config->id) : NULL;
	struct ocpp201_sign_certificate_request req = {
		.csr = csr,
		.has_certificate_type =
			message != OCPP201_MESSAGE_TRIGGER_SIGN_COMBINED_CERTIFICATE,
		.certificate_type =
			v2g ? OCPP201_CERTIFICATE_SIGNING_USE_V2_G_CERTIFICATE
			    : OCPP201_CERTIFICATE_SIGNING_USE_CHARGING_STATION_CERTIFICATE,
	};
	if (csr)
		station_call(s, OUTBOX_TRIGGERED, "SignCertificate",
			&ocpp201_sign_certificate_request_type, &req);
	free(csr);
	return csr != NULL;
}

const void *command_certificate_signed(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_certificate_signed_request *req = request;
	struct ocpp201_certificate_signed_response *res = arena_alloc(a, sizeof *res);
	bool login = !req->has_certificate_type ||
		     req->certificate_type ==
			     OCPP201_CERTIFICATE_SIGNING_USE_CHARGING_STATION_CERTIFICATE;
	if (!res)
		return NULL;
	res->status = OCPP201_CERTIFICATE_SIGNED_STATUS_ACCEPTED;
	if (s->port.keys && keyring_take(s->port.keys, req->certificate_chain, login) == 0)
		return res;
	res->status = OCPP201_CERTIFICATE_SIGNED_STATUS_REJECTED;
	res->status_info = reason(a, "InvalidCertificate", "it is of no key of this station");
	return res;
}

/* ---- M03 to M05: roots ---- */

/* Uses of roots by the names of the lists that they are asked for by. */
static const int uses[] = {
	[OCPP201_INSTALL_CERTIFICATE_USE_V2_G_ROOT_CERTIFICATE] =
		OCPP201_GET_CERTIFICATE_ID_USE_V2_G_ROOT_CERTIFICATE,
	[OCPP201_INSTALL_CERTIFICATE_USE_MO_ROOT_CERTIFICATE] =
		OCPP201_GET_CERTIFICATE_ID_USE_MO_ROOT_CERTIFICATE,
	[OCPP201_INSTALL_CERTIFICATE_USE_CSMS_ROOT_CERTIFICATE] =
		OCPP201_GET_CERTIFICATE_ID_USE_CSMS_ROOT_CERTIFICATE,
	[OCPP201_INSTALL_CERTIFICATE_USE_MANUFACTURER_ROOT_CERTIFICATE] =
		OCPP201_GET_CERTIFICATE_ID_USE_MANUFACTURER_ROOT_CERTIFICATE,
};

const void *command_install_certificate(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_install_certificate_request *req = request;
	struct ocpp201_install_certificate_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	res->status = OCPP201_INSTALL_CERTIFICATE_STATUS_ACCEPTED;
	if (s->port.keys &&
		keyring_install(s->port.keys, uses[req->certificate_type], req->certificate) == 0)
		return res;
	res->status = OCPP201_INSTALL_CERTIFICATE_STATUS_REJECTED;
	res->status_info = reason(a, "InvalidCertificate",
		"no root, none that a root of this station signed, or no room");
	return res;
}

static bool is_asked(const struct ocpp201_get_installed_certificate_ids_request *req, int type)
{
	for (size_t i = 0; i < req->certificate_type.count; i++)
		if ((int)req->certificate_type.items[i] == type)
			return true;
	return req->certificate_type.count == 0;
}

static void fill(
	struct arena *a, const struct hash_data *h, struct ocpp201_certificate_hash_data *out)
{
	out->hash_algorithm = OCPP201_HASH_ALGORITHM_SHA256;
	out->issuer_name_hash = arena_strdup(a, h->issuer_name_hash);
	out->issuer_key_hash = arena_strdup(a, h->issuer_key_hash);
	out->serial_number = arena_strdup(a, h->serial);
}

const void *command_installed_certificates(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_installed_certificate_ids_request *req = request;
	struct ocpp201_get_installed_certificate_ids_response *res = arena_alloc(a, sizeof *res);
	struct ocpp201_certificate_hash_data_chain *items =
		arena_alloc(a, KEYRING_ROOTS_MAX * sizeof *items);
	struct hash_data h;
	int type;
	size_t n = 0;
	if (!res || !items)
		return NULL;
	for (int i = 0; s->port.keys && keyring_look(s->port.keys, i, &type, &h); i++) {
		if (!is_asked(req, type))
			continue;
		items[n].certificate_type = (enum ocpp201_get_certificate_id_use)type;
		fill(a, &h, &items[n++].certificate_hash_data);
	}
	res->status = n ? OCPP201_GET_INSTALLED_CERTIFICATE_STATUS_ACCEPTED
			: OCPP201_GET_INSTALLED_CERTIFICATE_STATUS_NOT_FOUND;
	if (n) {
		res->certificate_hash_data_chain.items = items;
		res->certificate_hash_data_chain.count = n;
	}
	return res;
}

const void *command_delete_certificate(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_delete_certificate_request *req = request;
	const struct ocpp201_certificate_hash_data *d = &req->certificate_hash_data;
	struct ocpp201_delete_certificate_response *res = arena_alloc(a, sizeof *res);
	struct hash_data h;
	int type;
	if (!res)
		return NULL;
	res->status = OCPP201_DELETE_CERTIFICATE_STATUS_NOT_FOUND;
	for (int i = 0; s->port.keys && keyring_look(s->port.keys, i, &type, &h); i++)
		if (strcasecmp(h.issuer_name_hash, d->issuer_name_hash) == 0 &&
			strcasecmp(h.issuer_key_hash, d->issuer_key_hash) == 0 &&
			strcasecmp(h.serial, d->serial_number) == 0 &&
			keyring_remove(s->port.keys, i)) {
			res->status = OCPP201_DELETE_CERTIFICATE_STATUS_ACCEPTED;
			break;
		}
	return res;
}

/* ---- B09: where it dials ---- */

const void *command_set_network_profile(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_set_network_profile_request *req = request;
	const struct ocpp201_network_connection_profile *p = &req->connection_data;
	struct ocpp201_set_network_profile_response *res = arena_alloc(a, sizeof *res);
	struct network_slot *slot;
	if (!res)
		return NULL;
	res->status = OCPP201_SET_NETWORK_PROFILE_STATUS_REJECTED;
	if (!s->port.move || req->configuration_slot < 1 ||
		req->configuration_slot >= NETWORK_SLOTS) {
		res->status_info = reason(
			a, "InvalidConfSlot", "slots 1 to 3 may be set; 0 is the command line's");
		return res;
	}
	if (p->ocpp_version != OCPP201_OCPP_VERSION_OCPP20) {
		res->status_info =
			reason(a, "InvalidNetworkConf", "this station speaks OCPP 2.0.1");
		return res;
	}
	slot = &s->slots[req->configuration_slot];
	slot->security_profile = (int)p->security_profile;
	snprintf(slot->url, sizeof slot->url, "%s", p->ocpp_csms_url);
	res->status = OCPP201_SET_NETWORK_PROFILE_STATUS_ACCEPTED;
	return res;
}

/* The slots of its order that can be used; the last is always the command line's. */
static int order_of(const struct station *s, int out[NETWORK_SLOTS])
{
	const char *text =
		device_model_text(s->device, "OCPPCommCtrlr", "NetworkConfigurationPriority");
	int n = 0;
	bool has_zero = false;
	for (const char *at = text; *at && n < NETWORK_SLOTS; at++) {
		int slot = *at - '0';
		if (slot < 0 || slot >= NETWORK_SLOTS || (slot && !s->slots[slot].url[0]))
			continue;
		has_zero = has_zero || slot == 0;
		out[n++] = slot;
	}
	if (!has_zero && n < NETWORK_SLOTS)
		out[n++] = 0;
	return n;
}

void network_dial(struct station *s, bool anew)
{
	int order[NETWORK_SLOTS], n = order_of(s, order);
	char text[12];
	if (!s->port.move)
		return;
	s->slot_place = anew ? 0 : (s->slot_place + 1) % n;
	int slot = order[s->slot_place];
	const struct network_slot *p = &s->slots[slot];
	if (s->port.move(s->port.ctx, slot ? p->url : NULL, slot ? p->security_profile : 0) != 0)
		return;
	snprintf(text, sizeof text, "%d", slot);
	device_model_put(s->device, "OCPPCommCtrlr", "ActiveNetworkProfile", text);
	if (slot) {
		snprintf(text, sizeof text, "%d", p->security_profile);
		device_model_put(s->device, "SecurityCtrlr", "SecurityProfile", text);
	}
}
