/* Certificate calendar: what ends when, of all certificates that depotd knows of. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/pki/certificate.h"
#include "csms/pki/crl_file.h"
#include "csms/pki/pem_files.h"
#include "csms/certificates/pki_watch.h"
#include "csms/certificates/renewal.h"
#include "csms/certificates/revocation.h"
#include "csms/certificates/rollover.h"
#include "csms/view/words_setup.h"
#include "db/query.h"
#include "db/query_file.h"
#include "db/query_identity.h"
#include "db/query_issued.h"

#define ENTRIES_MAX 20000
#define PEM_MAX     12000
#define DAY_MS      86400000

struct calendar {
	const char *data;
	int64_t within_ms, renew_ms;
	wall_t now;
	size_t count;
	struct api_calendar_entry *entries;
	const char *error;
};

static void add(struct calendar *c, const struct api_calendar_entry *e)
{
	struct api_calendar_entry *new;
	int64_t left = e->not_after.ms - c->now.ms;
	bool is_list = strcmp(e->kind, "crl") == 0; /* renewed by days, not months */

	if (e->not_after.ms == 0 || left > c->within_ms || c->count == ENTRIES_MAX || !e->owner ||
		!e->subject)
		return;
	new = &c->entries[c->count++];
	*new = *e;
	new->days = left >= 0 ? left / DAY_MS : -((-left + DAY_MS - 1) / DAY_MS);
	new->state = left < 0 ? "over" : left < c->renew_ms && !is_list ? "due" : "fine";
}

/* "2026-11-21" */
static const char *day_of(int64_t ms, char out[200])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(out, 200, "%Y-%m-%d %H:%M UTC", &tm);
	return out;
}

/* -- files ------------------------------------------------------------------------------------------ */

static void add_file(struct ask *k, const char *folder, const char *name, const char *kind,
	const char *renewed_by)
{
	struct calendar *c = k->state;
	struct api_calendar_entry e = {.kind = kind, .renewed_by = renewed_by};
	struct certificate_facts facts;
	char path[800], pem[PEM_MAX + 1], why[200];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.500s/pki/%s%s%s", c->data, folder, folder[0] ? "/" : "",
		name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	n = fd >= 0 ? read(fd, pem, PEM_MAX) : -1;
	if (fd >= 0)
		close(fd);
	pem[n > 0 ? n : 0] = '\0';
	if (n <= 0 || certificate_facts(pem, &facts, why) != 0)
		return;
	e.owner = arena_strdup(k->arena,
		path + strlen(path) - strlen(name) - (folder[0] ? strlen(folder) + 1 : 0));
	e.subject = arena_strdup(k->arena, facts.subject);
	e.serial = arena_strdup(k->arena, facts.serial);
	e.not_after.ms = facts.not_after_ms;
	add(c, &e);
}

struct folder {
	struct ask *ask;
	const char *name, *kind, *renewed_by;
};

static bool add_each(void *arg, const char *path)
{
	const struct folder *f = arg;

	add_file(f->ask, f->name, strrchr(path, '/') + 1, f->kind, f->renewed_by);
	return true;
}

static void add_folder(struct ask *k, const char *folder, const char *kind, const char *renewed_by)
{
	const struct calendar *c = k->state;
	struct folder f = {k, folder, kind, renewed_by};
	char path[700], why[200];

	snprintf(path, sizeof(path), "%.500s/pki/%s", c->data, folder);
	pem_files(path, add_each, &f, why);
}

static bool add_list(void *arg, const char *path)
{
	struct ask *k = arg;
	struct api_calendar_entry e = {.kind = "crl", .renewed_by = "whoever put it there"};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *pem = fd >= 0 ? malloc(2 * CRL_BYTES_MAX) : NULL, why[200];
	ssize_t n = pem ? read(fd, pem, 2 * CRL_BYTES_MAX - 1) : -1;
	struct crl_facts facts;

	if (fd >= 0)
		close(fd);
	if (n > 0) {
		pem[n] = '\0';
		if (crl_facts(pem, &facts, why) == 0) {
			e.owner = arena_printf(k->arena, "crl/%.200s", strrchr(path, '/') + 1);
			e.subject = arena_printf(k->arena, "%s, %d revoked, of %s", facts.issuer,
				facts.revoked, day_of(facts.this_ms, why));
			e.not_after.ms = facts.next_ms;
			add(k->state, &e);
		}
	}
	free(pem);
	return true;
}

static void add_lists(struct ask *k)
{
	const struct calendar *c = k->state;
	char path[700], why[200];

	snprintf(path, sizeof(path), "%.500s/pki/crl", c->data);
	pem_files(path, add_list, k, why);
}

static void add_files(struct ask *k)
{
	static const char start[] = "depotd, at its start";
	static const struct {
		const char *folder, *kind, *renewed_by;
	} folders[] = {
		{"ca", "issuer", "depotd-ca, when it signs; roots: by hand"},
		{"station-roots", "station-root", "whoever put it there"},
		{"charger-roots", "v2g-root", "whoever put it there"},
		{"manufacturers", "maker-root", "the maker"},
	};

	add_file(k, "", "root.pem", "root", "depotctl ca rollover");
	add_file(k, "", "server-ecdsa.pem", "server", start);
	add_file(k, "", "server-rsa.pem", "server", start);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		add_folder(k, folders[i].folder, folders[i].kind, folders[i].renewed_by);
	add_lists(k);
}

/* -- the store --------------------------------------------------------------------------------------- */

static void add_issued(struct db_reader *r, struct ask *k)
{
	struct calendar *c = k->state;
	const struct db_issued_filter filter = {.state = "current", .limit = -1};
	struct db_issued_list list = {0};

	if (db_query_issued(r, &filter, k->arena, &list) != 0)
		c->error = arena_strdup(k->arena, db_reader_error(r));
	for (size_t i = 0; i < list.count; i++) {
		const struct db_issued *x = &list.items[i];
		add(c, &(struct api_calendar_entry){
			       .kind = strcmp(x->type, "V2GCertificate") == 0 ? "v2g" : "station",
			       .owner = x->station,
			       .subject = x->subject,
			       .serial = x->serial,
			       .not_after = x->not_after,
			       .renewed_by = "depotd, by asking the station",
		       });
	}
}

/* Those of stations that somebody else issued, as they came with them last. */
static void add_seen(struct db_reader *r, struct ask *k)
{
	struct calendar *c = k->state;
	struct db_identity_list list = {0};

	if (db_query_identities(r, NULL, k->arena, &list) != 0)
		c->error = arena_strdup(k->arena, db_reader_error(r));
	for (size_t i = 0; i < list.count; i++) {
		const struct db_identity *x = &list.items[i];
		bool is_ours = false;

		for (size_t n = 0; x->fingerprint && n < c->count && !is_ours; n++)
			is_ours = c->entries[n].serial && x->certificate_serial &&
				  strcmp(c->entries[n].owner, x->station) == 0 &&
				  strcasecmp(c->entries[n].serial, x->certificate_serial) == 0;
		if (x->fingerprint && !is_ours)
			add(c, &(struct api_calendar_entry){
				       .kind = "station",
				       .owner = x->station,
				       .subject = x->common_name,
				       .serial = x->certificate_serial,
				       .not_after = x->not_after,
				       .renewed_by = "whoever issued it",
			       });
	}
}

static void add_others(struct db_reader *r, struct ask *k)
{
	struct calendar *c = k->state;
	struct db_certificate_list installed = {0};
	struct db_firmware_list firmware = {0};

	if (db_query_certificates(r, NULL, k->arena, &installed) != 0 ||
		db_query_firmware(r, k->arena, &firmware) != 0)
		c->error = arena_strdup(k->arena, db_reader_error(r));
	for (size_t i = 0; i < installed.count; i++)
		add(c, &(struct api_calendar_entry){
			       .kind = "installed",
			       .owner = installed.items[i].station,
			       .subject = installed.items[i].subject,
			       .serial = installed.items[i].serial,
			       .not_after = installed.items[i].not_after,
			       .renewed_by = "InstallCertificate",
		       });
	for (size_t i = 0; i < firmware.count; i++) {
		const struct db_firmware *f = &firmware.items[i];
		struct certificate_facts facts;
		char why[200];

		if (f->certificate && certificate_facts(f->certificate, &facts, why) == 0)
			add(c, &(struct api_calendar_entry){
				       .kind = "firmware",
				       .owner = f->name,
				       .subject = arena_strdup(k->arena, facts.subject),
				       .serial = arena_strdup(k->arena, facts.serial),
				       .not_after.ms = facts.not_after_ms,
				       .renewed_by = "the maker: a new signature",
			       });
	}
}

/* -- the answer --------------------------------------------------------------------------------------- */

static int by_end(const void *a, const void *b)
{
	const struct api_calendar_entry *x = a, *y = b;

	return (x->not_after.ms > y->not_after.ms) - (x->not_after.ms < y->not_after.ms);
}

static void calendar_work(struct db_reader *r, struct ask *k)
{
	struct calendar *c = k->state;

	c->entries = arena_alloc(k->arena, sizeof(*c->entries) * ENTRIES_MAX);
	if (c->entries == NULL) {
		c->error = "no memory";
		return;
	}
	add_files(k);
	add_issued(r, k);
	add_seen(r, k);
	add_others(r, k);
	qsort(c->entries, c->count, sizeof(*c->entries), by_end);
}

/* Of a list that depotd fetches: from where, and why the last try failed. */
static void add_fetching(struct ask *k, struct api_calendar_entry *e)
{
	struct revocation_view v;

	if (strcmp(e->kind, "crl") != 0 ||
		!revocation_look(pki_watch_revocations(k->api->core->pki_watch),
			strrchr(e->owner, '/') + 1, &v))
		return;
	e->renewed_by = arena_printf(k->arena, "depotd, from %.80s", v.url);
	e->step = v.why[0] ? "fetch" : "done";
	e->note = v.why[0] ? arena_strdup(k->arena, v.why) : NULL;
}

/* What is being done about it is known on the loop. */
static void add_renewal(struct ask *k, struct api_calendar_entry *e)
{
	static const struct {
		const char *kind;
		enum issued_use use;
	} rows[] = {{"station", ISSUED_STATION}, {"station", ISSUED_BOTH}, {"v2g", ISSUED_V2G}};
	struct renewal_view v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].kind, e->kind) == 0 &&
			renewal_look(k->api->core, e->owner, rows[i].use, &v)) {
			e->step = v.step;
			e->note = v.note[0] ? arena_strdup(k->arena, v.note) : NULL;
			e->has_again_at = v.again.ms != 0;
			e->again_at = v.again;
		}
}

static void count_entry(struct words_certificates *n, const struct api_calendar_entry *e)
{
	bool is_over = strcmp(e->state, "over") == 0, is_due = strcmp(e->state, "due") == 0;
	bool is_failed = e->note != NULL && !is_over;

	n->all++;
	/* Entries come by their end: the first of a kind is the worst of it. */
	if ((is_over && n->over == 0) || (is_failed && n->over == 0 && n->failed == 0))
		n->worst = e->owner;
	n->over += is_over;
	n->failed += is_failed;
	n->due += is_due;
	if (!is_over && n->first == NULL) {
		n->first = e->owner;
		n->first_days = e->days;
	}
}

static void say(struct ask *k, struct api_calendar *view)
{
	struct words_certificates n = {0};
	struct rollover_view v;
	struct text t;

	for (size_t i = 0; i < view->entries.count; i++)
		count_entry(&n, &view->entries.items[i]);
	rollover_look(k->api->core, &v);
	n.is_rollover = v.is_open;
	n.ready = v.ready;
	n.needed = v.needed;
	text_init(&t, 290);
	words_certificates_sentence(&t, &n);
	view->sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_certificates_sub(&t, &n);
	view->sub = ask_words(k, &t);
}

static void calendar_finish(struct ask *k)
{
	const struct calendar *c = k->state;
	struct api_calendar view = {
		.at = c->now,
		.renew_days = k->api->core->config->trust->renew_days,
		.entries = {c->count, c->entries},
	};

	if (c->error != NULL) {
		ask_problem(k, 503, NULL, "the store: %s", c->error);
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		add_renewal(k, &c->entries[i]);
		add_fetching(k, &c->entries[i]);
	}
	say(k, &view);
	ask_reply(k, 200, &api_calendar_type, &view);
}

void calendar_show(struct ask *k)
{
	struct calendar *c = arena_alloc(k->arena, sizeof(*c));
	int64_t days = 36500;

	if (!ask_int(k, "within_days", 0, 36500, &days))
		return;
	if (c == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	c->data = k->api->core->data_dir;
	c->now = clock_wall();
	c->within_ms = days * DAY_MS;
	c->renew_ms = k->api->core->config->trust->renew_days * (int64_t)DAY_MS;
	k->state = c;
	ask_read(k, calendar_work, calendar_finish);
}

void calendar_look(struct ask *k)
{
	renewals_look_now(k->api->core);
	ask_done(k, "Those that are due and online are asked now, a few at a time.");
}
