/* Security events, certificates that stations hold, and roots of makers. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/api/why.h"
#include "csms/log.h"
#include "csms/pki/certificate.h"
#include "csms/pki/root_folder.h"
#include "csms/record.h"
#include "csms/net/tls.h"
#include "db/query.h"
#include "db/query_file.h"

struct query {
	const char *station;
	int limit;
	struct db_security_event_list events;
	struct db_certificate_list certificates;
	const char *error;
};

/* The query of the path's station; NULL after an answer. */
static struct query *query_of(struct ask *k)
{
	const struct station *s = ask_path_station(k);
	struct query *q;

	if (s == NULL)
		return NULL;
	q = arena_alloc(k->arena, sizeof(*q));
	if (q == NULL || (q->station = arena_strdup(k->arena, s->id)) == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return NULL;
	}
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

/* -- security events --------------------------------------------------------------------------- */

static void events_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_security_events(r, q->station, q->limit, k->arena, &q->events) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void events_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_security_event_list list = {0};

	list.events.items = arena_alloc(k->arena, sizeof(*list.events.items) * q->events.count + 1);
	if (has_failed(k, list.events.items))
		return;
	list.events.count = q->events.count;
	for (size_t i = 0; i < q->events.count; i++) {
		const struct db_security_event *e = &q->events.items[i];
		list.events.items[i] = (struct api_security_event){.at = e->at,
			.received_at = e->received,
			.type = e->type,
			.tech_info = e->tech_info};
	}
	ask_reply(k, 200, &api_security_event_list_type, &list);
}

void security_events_list(struct ask *k)
{
	int64_t limit = 100;

	if (!ask_int(k, "limit", 1, 1000, &limit))
		return;
	struct query *q = query_of(k);
	if (q == NULL)
		return;
	q->limit = (int)limit;
	ask_read(k, events_work, events_finish);
}

/* -- certificates of stations ------------------------------------------------------------------ */

static void certificates_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_certificates(r, q->station, k->arena, &q->certificates) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void certificates_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_station_certificate_list list = {0};
	size_t count = q->certificates.count;

	list.certificates.items =
		arena_alloc(k->arena, sizeof(*list.certificates.items) * count + 1);
	if (has_failed(k, list.certificates.items))
		return;
	list.certificates.count = count;
	for (size_t i = 0; i < count; i++) {
		const struct db_certificate *c = &q->certificates.items[i];
		list.certificates.items[i] = (struct api_station_certificate){.type = c->type,
			.hash_algorithm = c->hash_algorithm,
			.issuer_name_hash = c->issuer_name_hash,
			.issuer_key_hash = c->issuer_key_hash,
			.serial = c->serial,
			.parent = c->parent,
			.subject = c->subject,
			.has_not_after = c->not_after.ms != 0,
			.not_after = c->not_after,
			.listed = c->is_listed,
			.at = c->at};
	}
	ask_reply(k, 200, &api_station_certificate_list_type, &list);
}

void station_certificates_list(struct ask *k)
{
	if (query_of(k) != NULL)
		ask_read(k, certificates_work, certificates_finish);
}

/* -- roots of makers: DATA/pki/manufacturers/NAME.pem, read and written on a reader thread ------- */

#define ROOT_MAX 6000 /* bytes of one file */

#define MAKERS "manufacturers" /* in DATA/pki */

struct roots {
	const char *data, *name, *pem, *subject, *reason;
	struct api_manufacturer_root_list list;
	char why[300];
	bool is_missing;
};

static struct roots *roots_of(struct ask *k)
{
	struct roots *r = arena_alloc(k->arena, sizeof(*r));

	if (r == NULL)
		ask_problem(k, 503, NULL, "no memory");
	else
		r->data = k->api->core->data_dir;
	k->state = r;
	return r;
}

static void add_root(
	void *arg, const char *name, const char *pem, const struct certificate_facts *facts)
{
	struct ask *k = arg;
	struct roots *r = k->state;
	struct api_manufacturer_root *item = &r->list.roots.items[r->list.roots.count];

	(void)pem;
	item->name = arena_strdup(k->arena, name);
	item->subject = arena_strdup(k->arena, facts->subject);
	item->not_after.ms = facts->not_after_ms;
	r->list.roots.count += item->name != NULL && item->subject != NULL;
}

static void roots_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	r->list.roots.items = arena_alloc(k->arena, sizeof(*r->list.roots.items) * ROOT_FILES_MAX);
	if (r->list.roots.items != NULL)
		root_folder_list(r->data, MAKERS, add_root, k);
}

static void roots_finish(struct ask *k)
{
	const struct roots *r = k->state;

	ask_reply(k, 200, &api_manufacturer_root_list_type, &r->list);
}

void manufacturer_roots_list(struct ask *k)
{
	if (roots_of(k) != NULL)
		ask_read(k, roots_work, roots_finish);
}

/* The name of the path; NULL after a 400. */
static const char *root_name(struct ask *k)
{
	const char *name = k->match.param[0];

	if (root_folder_name(name))
		return arena_strdup(k->arena, name);
	ask_problem(k, 400, "name", "name: 1 to 60 characters of A-Z a-z 0-9 - _");
	return NULL;
}

/* Stations on security profile 3 may come by them, too. */
static void take_effect(const struct core *c)
{
	char why[200];

	if (c->station_tls != NULL && tls_server_reload(c->station_tls, why) != 0)
		log_error("roots of makers were not read again for security profile 3: %s", why);
}

static void journal(struct ask *k)
{
	const struct roots *r = k->state;
	struct core *c = k->api->core;
	struct arena *a = record_arena(c);
	struct event_manufacturer_root_changed *p = a != NULL ? arena_alloc(a, sizeof(*p)) : NULL;

	if (p == NULL)
		return;
	p->name = arena_strdup(a, r->name);
	p->removed = r->pem == NULL;
	p->subject = r->subject != NULL ? arena_strdup(a, r->subject) : NULL;
	p->why = r->reason != NULL ? arena_strdup(a, r->reason) : NULL;
	record_now(c, EVENT_MANUFACTURER_ROOT_CHANGED, "trust", p->name, p, k->who.actor, NULL);
	log_info("manufacturer's root %s %s by %s", p->name, p->removed ? "removed" : "put",
		k->who.actor);
}

static void change_finish(struct ask *k)
{
	const struct roots *r = k->state;

	if (r->is_missing)
		ask_problem(k, 404, NULL, "there is no root of that name");
	else if (r->why[0] != '\0')
		ask_problem(k, 503, NULL, "%s", r->why);
	else {
		journal(k);
		take_effect(k->api->core);
		ask_done(k, NULL);
	}
}

static void put_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	root_folder_put(r->data, MAKERS, r->name, r->pem, r->why);
}

void manufacturer_root_put(struct ask *k)
{
	const struct api_manufacturer_root_put *put = k->body;
	const char *name = root_name(k);
	struct certificate_facts facts;
	struct roots *r;
	char why[200];

	if (name == NULL || (r = roots_of(k)) == NULL)
		return;
	if (certificate_facts(put->certificate, &facts, why) != 0) {
		ask_problem(k, 422, "certificate", "certificate: %s", why);
		return;
	}
	if (!facts.is_ca || !facts.is_self_issued || facts.count != 1) {
		ask_problem(k, 422, "certificate",
			"certificate: must be one root: of a certificate authority, issued by itself");
		return;
	}
	r->name = name;
	r->pem = put->certificate;
	r->subject = arena_strdup(k->arena, facts.subject);
	r->reason = put->why;
	ask_read(k, put_work, change_finish);
}

static void delete_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	r->is_missing = !root_folder_remove(r->data, MAKERS, r->name);
}

void manufacturer_root_delete(struct ask *k)
{
	const char *name = root_name(k);
	struct roots *r = name != NULL ? roots_of(k) : NULL;

	if (r == NULL || !ask_why(k, &r->reason))
		return;
	r->name = name;
	ask_read(k, delete_work, change_finish);
}
