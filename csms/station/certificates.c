#include "csms/station/certificates.h"

#include <stdio.h>
#include <string.h>
#include "csms/pki/certificate.h"
#include "csms/record.h"
#include "csms/station/trust.h"
#include "gen/ocpp201.h"

#define CLOCK_SLACK_MS (24 * 3600 * 1000ll)

/* -- before: M05 ------------------------------------------------------------------------------- */

static int refuse_at(struct schema_error *err, const char *path, const char *words)
{
	memset(err, 0, sizeof *err);
	err->fault = SCHEMA_BAD_FORMAT;
	snprintf(err->path, sizeof err->path, "%s", path);
	snprintf(err->message, sizeof err->message, "%s", words);
	return -1;
}

static int refuse(struct schema_error *err, const char *words)
{
	return refuse_at(err, "certificate", words);
}

int certificates_check_install(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_install_certificate_request *r = request;
	struct certificate_facts f;
	int64_t now = clock_wall().ms;
	char why[200];

	(void)c;
	(void)s;
	if (certificate_facts(r->certificate, &f, why))
		return refuse(err, why);
	if (f.count != 1)
		return refuse(err, "must be one certificate: install each of a chain by itself");
	if (!f.is_ca)
		return refuse(err, "is of no certificate authority (basic constraints say so): "
				   "a station would reject it");
	if (f.not_after_ms <= now)
		return refuse(err, "has expired");
	if (f.not_before_ms > now + CLOCK_SLACK_MS)
		return refuse(err, "is not valid yet");
	return 0;
}

int certificates_check_signed(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_certificate_signed_request *r = request;
	struct certificate_facts f;
	int64_t now = clock_wall().ms;
	char why[200];

	(void)c;
	(void)s;
	if (strstr(r->certificate_chain, "PRIVATE KEY"))
		return refuse_at(err, "certificateChain",
			"holds a private key: that never leaves its owner");
	if (certificate_facts(r->certificate_chain, &f, why))
		return refuse_at(err, "certificateChain", why);
	if (f.is_ca)
		return refuse_at(err, "certificateChain",
			"begins with an authority: the station's own certificate comes "
			"first, then those that signed it");
	if (f.not_after_ms <= now)
		return refuse_at(err, "certificateChain", "has expired");
	if (f.not_before_ms > now + CLOCK_SLACK_MS)
		return refuse_at(err, "certificateChain", "is not valid yet");
	return 0;
}

/* -- after ------------------------------------------------------------------------------------- */

static struct event_certificate_hash hash_of(
	struct arena *a, const struct ocpp201_certificate_hash_data *h)
{
	return (struct event_certificate_hash){
		.hash_algorithm = ocpp201_hash_algorithm_enum.values[h->hash_algorithm],
		.issuer_name_hash = arena_strdup(a, h->issuer_name_hash),
		.issuer_key_hash = arena_strdup(a, h->issuer_key_hash),
		.serial = arena_strdup(a, h->serial_number),
	};
}

static size_t count_all(const struct ocpp201_get_installed_certificate_ids_response *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->certificate_hash_data_chain.count; i++)
		n += 1 + r->certificate_hash_data_chain.items[i].child_certificate_hash_data.count;
	return n;
}

static const char *type_name(enum ocpp201_get_certificate_id_use type)
{
	return ocpp201_get_certificate_id_use_enum.values[type];
}

/* M03.FR.05: certificates below a leaf stand under it. */
static void put_chain(struct arena *a, const struct ocpp201_certificate_hash_data_chain *chain,
	struct event_certificate_listed_list *out)
{
	struct event_certificate_listed *leaf = &out->items[out->count++];

	*leaf = (struct event_certificate_listed){
		.type = type_name(chain->certificate_type),
		.hash = hash_of(a, &chain->certificate_hash_data),
	};
	for (size_t i = 0; i < chain->child_certificate_hash_data.count; i++)
		out->items[out->count++] = (struct event_certificate_listed){
			.type = leaf->type,
			.hash = hash_of(a, &chain->child_certificate_hash_data.items[i]),
			.parent = leaf->hash.serial,
		};
}

static void *listed(struct arena *a,
	const struct ocpp201_get_installed_certificate_ids_request *req,
	const struct ocpp201_get_installed_certificate_ids_response *res)
{
	struct event_certificates_listed *p = arena_alloc(a, sizeof *p);
	size_t types = req->certificate_type.count;

	if (!p)
		return NULL;
	p->types.items = arena_alloc(a, (types + 1) * sizeof *p->types.items);
	p->certificates.items =
		arena_alloc(a, (count_all(res) + 1) * sizeof *p->certificates.items);
	if (!p->types.items || !p->certificates.items)
		return NULL;
	p->types.count = types;
	for (size_t i = 0; i < types; i++)
		p->types.items[i] = type_name(req->certificate_type.items[i]);
	/* M03.FR.02: NotFound says that there are none. */
	for (size_t i = 0; i < res->certificate_hash_data_chain.count; i++)
		put_chain(a, &res->certificate_hash_data_chain.items[i], &p->certificates);
	return p;
}

static void *installed(struct arena *a, const struct ocpp201_install_certificate_request *req)
{
	struct event_certificate_installed *p = arena_alloc(a, sizeof *p);
	struct certificate_facts f;
	char why[200];

	if (!p || certificate_facts(req->certificate, &f, why))
		return NULL;
	p->type = ocpp201_install_certificate_use_enum.values[req->certificate_type];
	p->subject = arena_strdup(a, f.subject);
	p->not_after.ms = f.not_after_ms;
	p->hash = (struct event_certificate_hash){
		.hash_algorithm = "SHA256",
		.issuer_name_hash = arena_strdup(a, f.issuer_name_hash),
		.issuer_key_hash = arena_strdup(a, f.issuer_key_hash),
		.serial = arena_strdup(a, f.serial),
	};
	return p;
}

static void *deleted(struct arena *a, const struct ocpp201_delete_certificate_request *req)
{
	struct event_certificate_deleted *p = arena_alloc(a, sizeof *p);

	if (p)
		p->hash = hash_of(a, &req->certificate_hash_data);
	return p;
}

void certificates_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response)
{
	const struct ocpp201_install_certificate_response *install = response;
	const struct ocpp201_delete_certificate_response *remove = response;
	const struct ocpp201_certificate_signed_response *own = response;
	struct arena *a = record_arena(c);
	const void *payload = NULL;
	int type = -1;

	if (!a)
		return;
	if (action == OCPP201_CERTIFICATE_SIGNED &&
		own->status == OCPP201_CERTIFICATE_SIGNED_STATUS_ACCEPTED)
		trust_changed(c, s);
	if (action == OCPP201_GET_INSTALLED_CERTIFICATE_IDS) {
		type = EVENT_CERTIFICATES_LISTED;
		payload = listed(a, request, response);
	} else if (action == OCPP201_INSTALL_CERTIFICATE &&
		   install->status == OCPP201_INSTALL_CERTIFICATE_STATUS_ACCEPTED) {
		type = EVENT_CERTIFICATE_INSTALLED;
		payload = installed(a, request);
	} else if (action == OCPP201_DELETE_CERTIFICATE &&
		   remove->status != OCPP201_DELETE_CERTIFICATE_STATUS_FAILED) {
		/* Deleted now, or not there at all. */
		type = EVENT_CERTIFICATE_DELETED;
		payload = deleted(a, request);
	}
	if (payload) {
		record_now(c, type, "station", s->id, payload, arena_printf(a, "station:%s", s->id),
			NULL);
		trust_take(c, s, type, payload);
	}
}
