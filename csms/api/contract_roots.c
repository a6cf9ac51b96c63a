/* Roots whose contracts may charge: DATA/pki/mo-roots/NAME.pem and v2g-roots/NAME.pem, read and written
 * on a reader thread. A change counts as soon as it is answered. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/api/why.h"
#include "csms/certificates/contracts.h"
#include "csms/log.h"
#include "csms/pki/certificate.h"
#include "csms/pki/root_folder.h"
#include "csms/record.h"

static const struct kind {
	const char *name, *folder;
} kinds[] = {{"mo", "mo-roots"}, {"v2g", "v2g-roots"}};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct roots {
	const char *data;
	const struct kind *kind;
	const char *name, *pem, *subject, *reason;
	struct api_contract_root_list list;
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

/* -- listing ---------------------------------------------------------------------------------- */

static void add_root(
	void *arg, const char *name, const char *pem, const struct certificate_facts *facts)
{
	struct ask *k = arg;
	struct roots *r = k->state;
	struct api_contract_root *item = &r->list.roots.items[r->list.roots.count];

	(void)pem;
	if (r->list.roots.count == ROOT_FILES_MAX)
		return;
	item->kind = r->kind->name;
	item->name = arena_strdup(k->arena, name);
	item->subject = arena_strdup(k->arena, facts->subject);
	item->not_after.ms = facts->not_after_ms;
	item->certificates = facts->count;
	r->list.roots.count += item->name != NULL && item->subject != NULL;
}

static void list_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	r->list.roots.items = arena_alloc(k->arena, sizeof(*r->list.roots.items) * ROOT_FILES_MAX);
	for (size_t i = 0; r->list.roots.items != NULL && i < KINDS; i++) {
		r->kind = &kinds[i];
		root_folder_list(r->data, kinds[i].folder, add_root, k);
	}
}

static void list_finish(struct ask *k)
{
	const struct roots *r = k->state;

	ask_reply(k, 200, &api_contract_root_list_type, &r->list);
}

void contract_roots_list(struct ask *k)
{
	if (roots_of(k) != NULL)
		ask_read(k, list_work, list_finish);
}

/* -- changing --------------------------------------------------------------------------------- */

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* What the path names; NULL after an answer. */
static struct roots *named(struct ask *k)
{
	const struct kind *kind = find_kind(k->match.param[0]);
	const char *name = k->match.param[1];
	struct roots *r;

	if (kind == NULL) {
		ask_problem(k, 404, "kind", "kind: mo (mobility operators) or v2g");
		return NULL;
	}
	if (!root_folder_name(name)) {
		ask_problem(k, 400, "name", "name: 1 to 60 characters of A-Z a-z 0-9 - _");
		return NULL;
	}
	r = roots_of(k);
	if (r != NULL) {
		r->kind = kind;
		r->name = arena_strdup(k->arena, name);
	}
	return r;
}

static void journal(struct ask *k)
{
	const struct roots *r = k->state;
	struct core *c = k->api->core;
	struct arena *a = record_arena(c);
	struct event_contract_root_changed *p = a != NULL ? arena_alloc(a, sizeof(*p)) : NULL;

	if (p == NULL)
		return;
	p->kind = r->kind->name;
	p->name = arena_strdup(a, r->name);
	p->removed = r->pem == NULL;
	p->subject = r->subject != NULL ? arena_strdup(a, r->subject) : NULL;
	p->why = r->reason != NULL ? arena_strdup(a, r->reason) : NULL;
	record_now(c, EVENT_CONTRACT_ROOT_CHANGED, "trust", r->name, p, k->who.actor, NULL);
}

static void change_finish(struct ask *k)
{
	const struct roots *r = k->state;

	if (r->is_missing) {
		ask_problem(k, 404, NULL, "there is no root of that name");
	} else if (r->why[0] != '\0') {
		ask_problem(k, 503, NULL, "%s", r->why);
	} else {
		journal(k);
		log_info("contract root %s/%s %s by %s", r->kind->name, r->name,
			r->pem != NULL ? "put" : "removed", k->who.actor);
		contracts_reload(k->api->core->contracts);
		ask_done(k, NULL);
	}
}

static void put_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	root_folder_put(r->data, r->kind->folder, r->name, r->pem, r->why);
}

void contract_root_put(struct ask *k)
{
	const struct api_contract_root_put *put = k->body;
	struct roots *r = named(k);
	struct certificate_facts facts;
	char why[200];

	if (r == NULL)
		return;
	if (certificate_facts(put->certificates, &facts, why) != 0) {
		ask_problem(k, 422, "certificates", "certificates: %s", why);
		return;
	}
	if (!facts.is_ca || strstr(put->certificates, "PRIVATE KEY") != NULL) {
		ask_problem(k, 422, "certificates",
			"certificates: only of authorities, the root first, and no keys");
		return;
	}
	if (!facts.is_self_issued) {
		ask_problem(k, 422, "certificates",
			"certificates: the root comes first, which signed itself; %.200s did not. Put "
			"the root of this sub-CA before it: without it nothing below is believed",
			facts.subject);
		return;
	}
	r->pem = put->certificates;
	r->reason = put->why;
	r->subject = arena_strdup(k->arena, facts.subject);
	ask_read(k, put_work, change_finish);
}

static void delete_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	r->is_missing = !root_folder_remove(r->data, r->kind->folder, r->name);
}

void contract_root_delete(struct ask *k)
{
	struct roots *r = named(k);

	if (r != NULL && ask_why(k, &r->reason))
		ask_read(k, delete_work, change_finish);
}
