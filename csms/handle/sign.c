/* A02, A03: a station asks for a certificate. The answer says only whether somebody looks at it
 * (A02.FR.11, FR.12); the certificate comes by itself (csms/certificates/signing.h). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/handle/handlers.h"
#include "csms/station/later.h"
#include "csms/log.h"
#include "csms/certificates/signing.h"
#include "db/query_device.h"

#define NAMES_MAX 100 /* controllers of ISO 15118 in one station */
#define TAKEN_MAX 10000 /* … and in all of them */

static enum issued_use use_of(const struct ocpp201_sign_certificate_request *r)
{
	if (!r->has_certificate_type)
		return ISSUED_BOTH;
	return r->certificate_type == OCPP201_CERTIFICATE_SIGNING_USE_V2_G_CERTIFICATE
		       ? ISSUED_V2G
		       : ISSUED_STATION;
}

/* Rejected stops the station's retries until it is triggered again, which is what an operator wants
 * to see in the log. */
static void *answer(struct exchange *x, const struct signing_ask *q)
{
	struct ocpp201_sign_certificate_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_certificate_asked *p = arena_alloc(x->arena, sizeof *p);
	char id[37], why[300] = "";
	bool good;

	if (!res || !p)
		return NULL;
	good = signing_ask(x->core, x->station, q, id, why) == 0;
	res->status = good ? OCPP201_GENERIC_STATUS_ACCEPTED : OCPP201_GENERIC_STATUS_REJECTED;
	if (!good)
		log_warn("station %s: its request for a certificate is rejected: %s",
			x->station->id, why);
	p->type = issued_use_name(q->use);
	p->csr = arena_strdup(x->arena, q->csr);
	p->status = ocpp201_generic_status_enum.values[res->status];
	p->why = good ? NULL : arena_strdup(x->arena, why);
	p->signing_id = good ? arena_strdup(x->arena, id) : NULL;
	handle_journal(x, EVENT_CERTIFICATE_ASKED, p, x->received);
	return res;
}

/* -- ISO 15118: the names are in the store ---------------------------------------------------------- */

struct v2g_ask {
	struct later later;
	struct arena *arena;
	const char *csr;
	const char *names[NAMES_MAX + 1];
	const char **taken; /* NULL: not known */
};

/* SeccId of all stations but the one that asks. */
static void read_taken(struct db_reader *r, struct v2g_ask *q)
{
	const struct db_variable_filter filter = {
		.component = "ISO15118Ctrlr", .variable = "SeccId", .limit = TAKEN_MAX};
	struct db_variable_list list = {0};
	size_t n = 0;

	if (db_query_variables(r, &filter, q->arena, &list) ||
		!(q->taken = arena_alloc(q->arena, (2 * list.count + 1) * sizeof *q->taken)))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const struct db_variable *v = &list.items[i];

		if (!v->value || !v->value[0] || strcasecmp(v->station, q->later.station) == 0)
			continue;
		q->taken[n++] = v->station;
		q->taken[n++] = v->value;
	}
	q->taken[n] = NULL;
}

static void read_names(struct db_reader *r, void *arg)
{
	struct v2g_ask *q = arg;
	const struct db_variable_filter filter = {.station = q->later.station,
		.component = "ISO15118Ctrlr",
		.variable = "SeccId",
		.limit = NAMES_MAX};
	struct db_variable_list list = {0};
	size_t n = 0;

	if (db_query_variables(r, &filter, q->arena, &list))
		return; /* not known: whoever may speak for the station may name it */
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].value && list.items[i].value[0])
			q->names[n++] = list.items[i].value;
	if (!n)
		read_taken(r, q);
}

static void names_read(void *arg)
{
	struct v2g_ask *q = arg;
	const struct signing_ask ask = {
		.csr = q->csr, .use = ISSUED_V2G, .names = q->names, .taken = q->taken};
	struct exchange x;
	const void *response;

	if (later_exchange(&q->later, &x) && (response = answer(&x, &ask)) != NULL)
		later_answer(&q->later, response);
	arena_destroy(q->arena);
	free(q);
}

/* NULL: it is answered without the names. */
static void *answer_later(struct exchange *x, const char *csr)
{
	struct v2g_ask *q = calloc(1, sizeof *q);
	void *later = NULL;

	if (q && (q->arena = arena_create(0)) != NULL &&
		(q->csr = arena_strdup(q->arena, csr)) != NULL)
		later = exchange_later(x, &q->later);
	if (later && db_read(x->core->db, read_names, names_read, q) == 0)
		return later;
	if (q)
		arena_destroy(q->arena);
	free(q);
	return NULL;
}

void *handle_sign_certificate(struct exchange *x, const void *request)
{
	const struct ocpp201_sign_certificate_request *r = request;
	const struct signing_ask q = {.csr = r->csr, .use = use_of(r)};
	void *later = q.use == ISSUED_V2G ? answer_later(x, r->csr) : NULL;

	return later ? later : answer(x, &q);
}
