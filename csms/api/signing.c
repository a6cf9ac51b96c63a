/* Certificates for stations: who signs them, what was asked for, what was issued. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/log.h"
#include "csms/pki/certificate.h"
#include "csms/pki/hash_data.h"
#include "csms/pki/root_folder.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "csms/certificates/signing.h"
#include "csms/net/ws_server.h"
#include "db/query.h"
#include "db/query_issued.h"

#define ROOTS_MAX 100
#define ROOT_MAX  6000

struct query {
	const char *station, *state, *fingerprint, *data;
	int limit;
	struct db_signing_list signings;
	struct db_issued_list issued;
	struct api_authority_view view;
	const char *error;
};

static struct query *query_of(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));
	int64_t limit = 100;

	if (!ask_int(k, "limit", 1, 1000, &limit))
		return NULL;
	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return NULL;
	}
	q->limit = (int)limit;
	q->station = ask_station(k, ask_query(k, "station"));
	q->state = ask_query(k, "state");
	q->data = k->api->core->data_dir;
	k->state = q;
	return q;
}

static bool has_failed(struct ask *k, const void *items)
{
	const struct query *q = k->state;

	if (q->error == NULL && items != NULL)
		return false;
	ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
	return true;
}

/* -- who signs -------------------------------------------------------------------------------------- */

struct listing {
	struct ask *k;
	const char *use;
};

static void add_root(
	void *arg, const char *name, const char *pem, const struct certificate_facts *facts)
{
	const struct listing *l = arg;
	struct arena *a = l->k->arena;
	struct query *q = l->k->state;
	struct api_station_root *item = &q->view.roots.items[q->view.roots.count];

	if (q->view.roots.count == ROOTS_MAX || strlen(pem) > ROOT_MAX)
		return;
	item->file = arena_printf(a, "%s.pem", name);
	item->use = l->use;
	item->subject = arena_strdup(a, facts->subject);
	item->certificate = arena_strdup(a, pem);
	item->not_after.ms = facts->not_after_ms;
	q->view.roots.count += item->file && item->subject && item->certificate;
}

static void roots_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	struct listing station = {k, "station"}, charger = {k, "v2g"};

	(void)r;
	q->view.roots.items = arena_alloc(k->arena, sizeof(*q->view.roots.items) * ROOTS_MAX);
	if (q->view.roots.items == NULL)
		return;
	root_folder_list(q->data, "station-roots", add_root, &station);
	root_folder_list(q->data, "charger-roots", add_root, &charger);
}

static void roots_finish(struct ask *k)
{
	const struct query *q = k->state;

	if (!has_failed(k, q->view.roots.items))
		ask_reply(k, 200, &api_authority_view_type, &q->view);
}

void authority_show(struct ask *k)
{
	const struct core *c = k->api->core;
	const struct config_trust *t = c->config->trust;
	struct query *q = query_of(k);
	char is[300];

	if (q == NULL)
		return;
	signing_describe(c, is);
	q->view = (struct api_authority_view){
		.authority = config_authority_enum.values[t->authority],
		.is = arena_strdup(k->arena, is),
		.organizations = {t->organizations.count, t->organizations.items},
		.days = t->days,
		.v2g_days = t->v2g_days,
		.renew_days = t->renew_days,
		.open = signing_count(c),
	};
	ask_read(k, roots_work, roots_finish);
}

/* -- requests --------------------------------------------------------------------------------------- */

static void requests_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_signings(r, q->station, false, q->limit, k->arena, &q->signings) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void requests_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_certificate_request_list list = {0};

	list.requests.items =
		arena_alloc(k->arena, sizeof(*list.requests.items) * (q->signings.count + 1));
	if (has_failed(k, list.requests.items))
		return;
	list.requests.count = q->signings.count;
	for (size_t i = 0; i < q->signings.count; i++) {
		const struct db_signing *s = &q->signings.items[i];
		list.requests.items[i] = (struct api_certificate_request){.id = s->id,
			.station = s->station,
			.type = s->type,
			.key_hash = s->key_hash,
			.state = s->state,
			.tries = s->tries,
			.has_next_at = s->next_at.ms != 0,
			.next_at = s->next_at,
			.command = s->command,
			.fingerprint = s->fingerprint,
			.note = s->note,
			.at = s->started_at,
			.changed_at = s->moved_at,
			.csr = s->csr};
	}
	ask_reply(k, 200, &api_certificate_request_list_type, &list);
}

void certificate_requests_list(struct ask *k)
{
	if (query_of(k) != NULL)
		ask_read(k, requests_work, requests_finish);
}

/* -- certificates ----------------------------------------------------------------------------------- */

static void issued_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	const struct db_issued_filter filter = {.station = q->station,
		.state = q->state,
		.fingerprint = q->fingerprint,
		.chains = q->fingerprint != NULL,
		.limit = q->limit};

	if (db_query_issued(r, &filter, k->arena, &q->issued) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static struct api_issued_certificate view_of(const struct db_issued *i)
{
	return (struct api_issued_certificate){.fingerprint = i->fingerprint,
		.station = i->station,
		.type = i->type,
		.state = i->state,
		.why = i->why,
		.serial = i->serial,
		.key_hash = i->key_hash,
		.subject = i->subject,
		.issuer = i->issuer,
		.not_before = i->not_before,
		.not_after = i->not_after,
		.authority = i->authority,
		.request = i->signing,
		.at = i->issued_at,
		.changed_at = i->moved_at,
		.actor = i->actor,
		.chain = i->chain};
}

static void issued_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_issued_certificate_list list = {0};

	list.certificates.items =
		arena_alloc(k->arena, sizeof(*list.certificates.items) * (q->issued.count + 1));
	if (has_failed(k, list.certificates.items))
		return;
	list.certificates.count = q->issued.count;
	for (size_t i = 0; i < q->issued.count; i++)
		list.certificates.items[i] = view_of(&q->issued.items[i]);
	ask_reply(k, 200, &api_issued_certificate_list_type, &list);
}

void issued_list(struct ask *k)
{
	const struct query *q = query_of(k);

	if (q == NULL)
		return;
	if (q->state != NULL && schema_enum_find(&event_issued_state_enum, q->state) < 0)
		ask_problem(k, 400, "state",
			"state: must be pending, current, superseded, revoked or rejected");
	else
		ask_read(k, issued_work, issued_finish);
}

static void one_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_issued_certificate view;

	if (has_failed(k, q))
		return;
	if (q->issued.count != 1) {
		ask_problem(k, 404, NULL, "no such certificate was issued here");
		return;
	}
	view = view_of(&q->issued.items[0]);
	ask_reply(k, 200, &api_issued_certificate_type, &view);
}

/* Fingerprints are shown with colons and in capitals by many. */
static const char *fingerprint_of(struct ask *k)
{
	const char *from = k->match.param[0];
	char out[65];
	size_t n = 0;

	for (; *from != '\0' && n < sizeof(out) - 1; from++)
		if (*from != ':')
			out[n++] = (char)tolower((unsigned char)*from);
	out[n] = '\0';
	return arena_strdup(k->arena, out);
}

void issued_get(struct ask *k)
{
	struct query *q = query_of(k);

	if (q == NULL)
		return;
	q->fingerprint = fingerprint_of(k);
	ask_read(k, issued_work, one_finish);
}

/* Who is connected with it now is connected no longer. */
static void cut_off(struct core *c, const struct issued_certificate *i)
{
	struct station *s = fleet_station(&c->fleet, i->station);

	if (s && s->session && s->connected_profile == 3 &&
		strcasecmp(s->identity.fingerprint, i->fingerprint) == 0)
		session_close(s->session, WS_CLOSE_POLICY, "its certificate was revoked");
}

void issued_revoke(struct ask *k)
{
	const struct api_revoke_post *post = k->body;
	struct core *c = k->api->core;
	const char *fingerprint = fingerprint_of(k);
	struct issued_certificate *i = fingerprint ? issued_find(c, fingerprint) : NULL;
	const char *why = post->why != NULL ? post->why : post->reason;

	if (why == NULL) {
		ask_problem(k, 400, "why", "why: say why; it is kept in the journal");
		return;
	}
	if (i == NULL) {
		ask_problem(k, 404, NULL, "no such certificate was issued here");
		return;
	}
	if (i->state == EVENT_ISSUED_STATE_REVOKED) {
		ask_done(k, "It was revoked before.");
		return;
	}
	issued_move(c, i, EVENT_ISSUED_STATE_REVOKED, k->who.actor, why);
	cut_off(c, i);
	ask_hold(k);
	record_then(c, ask_changed, k);
}

/* -- names of certificates ------------------------------------------------------------------------------ */

void certificate_hashes_post(struct ask *k)
{
	static const char *const algorithms[] = {"SHA256", "SHA384", "SHA512"};
	const struct api_certificate_hashes_post *post = k->body;
	struct api_certificate_hashes view = {0};
	struct hash_data h[3];
	char why[200];

	view.hashes.items = arena_alloc(k->arena, sizeof(*view.hashes.items) * 3);
	for (int i = 0; i < 3 && view.hashes.items != NULL; i++) {
		if (hash_data_of(post->certificate, post->issuer, algorithms[i], &h[i], why) != 0) {
			ask_problem(k, 422, "certificate", "certificate: %s", why);
			return;
		}
		view.hashes.items[view.hashes.count++] =
			(struct api_certificate_hash){.hash_algorithm = algorithms[i],
				.issuer_name_hash = h[i].issuer_name_hash,
				.issuer_key_hash = h[i].issuer_key_hash,
				.serial_number = h[i].serial};
	}
	ask_reply(k, 200, &api_certificate_hashes_type, &view);
}
