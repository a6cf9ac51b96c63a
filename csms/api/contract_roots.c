/* Roots whose contracts may charge: DATA/pki/mo-roots/NAME.pem and v2g-roots/NAME.pem, read and written
 * on a reader thread. A change counts as soon as it is answered. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/api/ask.h"
#include "csms/api/handlers.h"
#include "csms/api/why.h"
#include "csms/contracts.h"
#include "csms/log.h"
#include "csms/pki/certificate.h"
#include "csms/record.h"

enum { FILE_MAX = 60000, MOST = 1000 };

static const struct kind {
	const char *name, *folder;
} kinds[] = {{"mo", "mo-roots"}, {"v2g", "v2g-roots"}};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct roots {
	const char *data;
	const struct kind *kind;
	const char *name, *file, *pem, *subject, *reason;
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

static int open_folder(const struct roots *r, const struct kind *kind)
{
	char path[700];

	snprintf(path, sizeof(path), "%.500s/pki", r->data);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%.500s/pki/%s", r->data, kind->folder);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* -- listing ---------------------------------------------------------------------------------- */

static void read_root(struct ask *k, const struct kind *kind, int folder, const char *file)
{
	struct roots *r = k->state;
	struct api_contract_root *item = &r->list.roots.items[r->list.roots.count];
	struct certificate_facts facts;
	char *pem = arena_alloc(k->arena, FILE_MAX + 1), why[200];
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd >= 0 && pem != NULL ? read(fd, pem, FILE_MAX) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0 || certificate_facts(pem, &facts, why) != 0)
		return;
	item->kind = kind->name;
	item->name = arena_strndup(k->arena, file, strlen(file) - 4);
	item->subject = arena_strdup(k->arena, facts.subject);
	item->not_after.ms = facts.not_after_ms;
	item->certificates = facts.count;
	r->list.roots.count += item->name != NULL && item->subject != NULL;
}

static void list_folder(struct ask *k, const struct kind *kind)
{
	struct roots *r = k->state;
	int fd = open_folder(r, kind);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (dir != NULL && r->list.roots.count < MOST && (e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);
		if (n > 4 && n <= 64 && strcmp(e->d_name + n - 4, ".pem") == 0)
			read_root(k, kind, dirfd(dir), e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static void list_work(struct db_reader *reader, struct ask *k)
{
	struct roots *r = k->state;

	(void)reader;
	r->list.roots.items = arena_alloc(k->arena, sizeof(*r->list.roots.items) * MOST);
	for (size_t i = 0; r->list.roots.items != NULL && i < KINDS; i++)
		list_folder(k, &kinds[i]);
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
	size_t n = strlen(name);
	struct roots *r;

	if (kind == NULL) {
		ask_problem(k, 404, "kind", "kind: mo (mobility operators) or v2g");
		return NULL;
	}
	if (n < 1 || n > 60 ||
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
			n) {
		ask_problem(k, 400, "name", "name: 1 to 60 characters of A-Z a-z 0-9 - _");
		return NULL;
	}
	r = roots_of(k);
	if (r != NULL) {
		r->kind = kind;
		r->name = arena_strdup(k->arena, name);
		r->file = arena_printf(k->arena, "%s.pem", name);
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

/* Whole under its name, or not at all. */
static void put_work(struct db_reader *reader, struct ask *k)
{
	static const char part[] = ".new";
	struct roots *r = k->state;
	size_t len = strlen(r->pem);
	int folder = open_folder(r, r->kind), fd = -1;
	bool good = false;

	(void)reader;
	if (folder >= 0) {
		unlinkat(folder, part, 0);
		fd = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		good = fd >= 0 && write(fd, r->pem, len) == (ssize_t)len && fsync(fd) == 0 &&
		       renameat(folder, part, folder, r->file) == 0 && fsync(folder) == 0;
	}
	if (!good)
		snprintf(r->why, sizeof(r->why), "pki/%s cannot be written: %s", r->kind->folder,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
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
	int folder = open_folder(r, r->kind);

	(void)reader;
	r->is_missing = folder < 0 || unlinkat(folder, r->file, 0) != 0;
	if (folder >= 0)
		close(folder);
}

void contract_root_delete(struct ask *k)
{
	struct roots *r = named(k);

	if (r != NULL && ask_why(k, &r->reason))
		ask_read(k, delete_work, change_finish);
}
