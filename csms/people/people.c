#include "csms/people/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "csms/log.h"
#include "csms/secret.h"
#include "csms/worker.h"
#include "db/query.h"
#include "db/query_people.h"

#define WAITING_MAX   32 /* passwords that wait for the thread: a second of work */
#define NAMES_MAX     10000 /* whose failed attempts are remembered */
#define NAME_FAILURES 10 /* a minute, of one name, from addresses that it never came from */
#define ADDRESSES     4 /* of each name, that it came from */
#define MINUTE_MS     60000

/* A password on its way through the thread. */
struct check {
	struct worker_job job;
	struct check *prev, *next;
	struct people *people;
	char password[PASSWORD_MAX * 4 + 1];
	const struct person *who; /* NULL: nobody has that name, or it is hashed */
	char stored[ARGON_TEXT]; /* "": hash it */
	bool is_known, ok;
	char hash[ARGON_TEXT];
	people_told told;
	void *arg;
};

/* Attempts of one name, known by its digest: names come from strangers. */
struct tries {
	char digest[65];
	int64_t since_ms;
	int failures;
	char from[ADDRESSES][64];
	int next;
	UT_hash_handle hh;
};

struct people {
	struct core *core;
	struct worker *worker;
	struct seal *seal;
	struct person *all;
	struct tries *tries;
	struct check *waiting;
	int waiting_count;
	char nobody[ARGON_TEXT]; /* what a password of nobody is compared with */
};

/* -- start ----------------------------------------------------------------------------------- */

struct loading {
	struct arena *arena;
	struct db_person_list found;
	char error[300];
};

static void load_work(struct db_reader *r, void *arg)
{
	struct loading *l = arg;

	if (db_query_people(r, l->arena, &l->found) != 0)
		snprintf(l->error, sizeof(l->error), "%s", db_reader_error(r));
}

/* One item a line. */
static int lines(const char *text, char *out, int max, size_t size)
{
	int n = 0;

	for (const char *at = text != NULL ? text : ""; *at != '\0' && n < max; n++) {
		size_t len = strcspn(at, "\n");
		snprintf(out + (size_t)n * size, size, "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	return n;
}

static void take_row(struct people *p, const struct db_person *row)
{
	struct person *who = people_get(p, row->name);
	int role = role_parse(row->role);

	if (who == NULL)
		return;
	who->role = role > 0 ? (enum role)role : ROLE_NOBODY;
	who->is_disabled = row->is_disabled;
	snprintf(who->hash, sizeof(who->hash), "%s", row->hash != NULL ? row->hash : "");
	snprintf(who->factor, sizeof(who->factor), "%s", row->factor != NULL ? row->factor : "");
	snprintf(who->provider, sizeof(who->provider), "%s",
		row->provider != NULL ? row->provider : "");
	snprintf(
		who->subject, sizeof(who->subject), "%s", row->subject != NULL ? row->subject : "");
	who->node_count = lines(row->nodes, who->nodes[0], PERSON_NODES, sizeof(who->nodes[0]));
	who->code_count = lines(row->recovery, who->codes[0], PERSON_CODES, sizeof(who->codes[0]));
	who->makers = auth_makers_of_lines(row->makers);
	who->factor_used = row->factor_step;
	who->changed = row->changed;
	who->signed_in = row->signed_in;
	if (row->peer != NULL)
		people_succeeded(p, row->name, row->peer);
}

static int load(struct people *p, char why[300])
{
	struct loading l = {.arena = arena_create(16 << 20)};

	if (l.arena == NULL || db_read_now(p->core->db, load_work, &l) != 0)
		snprintf(l.error, sizeof(l.error), "the store does not answer");
	for (size_t i = 0; i < l.found.count && l.error[0] == '\0'; i++)
		take_row(p, &l.found.items[i]);
	arena_destroy(l.arena);
	if (l.error[0] == '\0')
		return 0;
	snprintf(why, 300, "the users could not be read: %.250s", l.error);
	return -1;
}

struct people *people_create(struct core *c, char why[300])
{
	struct people *p = calloc(1, sizeof(*p));
	char random[41], path[600];

	snprintf(why, 300, "no memory for users");
	if (p == NULL)
		return NULL;
	p->core = c;
	p->worker = worker_create(c->loop);
	secret_random(random, 40);
	snprintf(path, sizeof(path), "%s/people.key", c->data_dir);
	if (p->worker != NULL && argon_hash(random, p->nobody) == 0 &&
		(p->seal = seal_open(path, why)) != NULL && load(p, why) == 0)
		return p;
	people_destroy(p);
	return NULL;
}

struct person *people_find(struct people *p, const char *name)
{
	struct person *who = NULL;

	HASH_FIND_STR(p->all, name, who);
	return who;
}

struct person *people_of_provider(struct people *p, const char *provider, const char *subject)
{
	for (struct person *who = p->all; who != NULL; who = who->hh.next)
		if (strcmp(who->provider, provider) == 0 && strcmp(who->subject, subject) == 0)
			return who;
	return NULL;
}

struct person *people_first(struct people *p)
{
	return p->all;
}

struct person *people_get(struct people *p, const char *name)
{
	struct person *who = people_find(p, name);

	if (who != NULL || HASH_COUNT(p->all) >= PEOPLE_MAX ||
		(who = calloc(1, sizeof(*who))) == NULL)
		return who;
	snprintf(who->name, sizeof(who->name), "%s", name);
	HASH_ADD_STR(p->all, name, who);
	return who;
}

const struct seal *people_seal(const struct people *p)
{
	return p->seal;
}

/* -- passwords ------------------------------------------------------------------------------- */

static void check_free(struct check *k)
{
	DL_DELETE(k->people->waiting, k);
	k->people->waiting_count--;
	explicit_bzero(k->password, sizeof(k->password));
	free(k);
}

static void check_work(void *arg)
{
	struct check *k = arg;

	if (k->stored[0] == '\0')
		k->ok = argon_hash(k->password, k->hash) == 0;
	else
		k->ok = argon_matches(k->password, k->stored) & k->is_known;
}

static void check_done(void *arg)
{
	struct check *k = arg;

	/* It may have been taken away since: what opens the door is what they have now. */
	if (k->is_known)
		k->ok = k->ok && !k->who->is_disabled && strcmp(k->who->hash, k->stored) == 0;
	k->told(k->arg, k->ok, k->hash, false);
	check_free(k);
}

static struct check *check_create(
	struct people *p, const char *password, people_told told, void *arg)
{
	struct check *k = p->waiting_count < WAITING_MAX ? calloc(1, sizeof(*k)) : NULL;

	if (k == NULL)
		return NULL;
	k->people = p;
	k->told = told;
	k->arg = arg;
	snprintf(k->password, sizeof(k->password), "%s", password);
	p->waiting_count++;
	DL_APPEND(p->waiting, k);
	return k;
}

int people_check(
	struct people *p, const char *name, const char *password, people_told told, void *arg)
{
	struct check *k = check_create(p, password, told, arg);
	const struct person *who = people_find(p, name);

	if (k == NULL)
		return -1;
	k->who = who;
	k->is_known = who != NULL && who->hash[0] != '\0' && !who->is_disabled;
	snprintf(k->stored, sizeof(k->stored), "%s", k->is_known ? who->hash : p->nobody);
	worker_do(p->worker, &k->job, check_work, check_done, k);
	return 0;
}

int people_hash(struct people *p, const char *password, people_told told, void *arg)
{
	struct check *k = check_create(p, password, told, arg);

	if (k == NULL)
		return -1;
	worker_do(p->worker, &k->job, check_work, check_done, k);
	return 0;
}

/* -- attempts -------------------------------------------------------------------------------- */

/* Real milliseconds, as in csms/api/auth.c. */
static int64_t real_ms(void)
{
	return (int64_t)((double)clock_mono().us / clock_speed() / 1000.0);
}

static struct tries *tries_of(struct people *p, const char *name, bool makes)
{
	struct tries *t = NULL;
	char digest[65];

	secret_digest(name, strlen(name), digest);
	HASH_FIND_STR(p->tries, digest, t);
	if (t == NULL && makes) {
		if (HASH_COUNT(p->tries) >= NAMES_MAX) {
			t = p->tries; /* the oldest makes room */
			HASH_DEL(p->tries, t);
			free(t);
		}
		if ((t = calloc(1, sizeof(*t))) == NULL)
			return NULL;
		memcpy(t->digest, digest, sizeof(digest));
		HASH_ADD_STR(p->tries, digest, t);
	}
	if (t != NULL && real_ms() - t->since_ms >= MINUTE_MS) {
		t->since_ms = real_ms();
		t->failures = 0;
	}
	return t;
}

static bool came_from(const struct tries *t, const char *peer)
{
	for (int i = 0; i < ADDRESSES; i++)
		if (strcmp(t->from[i], peer) == 0)
			return true;
	return false;
}

bool people_may_try(struct people *p, const char *name, const char *peer)
{
	const struct tries *t = tries_of(p, name, false);

	return t == NULL || t->failures < NAME_FAILURES || came_from(t, peer);
}

void people_failed(struct people *p, const char *name, const char *peer)
{
	struct tries *t = tries_of(p, name, true);

	if (t != NULL && !came_from(t, peer))
		t->failures++;
}

void people_succeeded(struct people *p, const char *name, const char *peer)
{
	struct tries *t = tries_of(p, name, true);

	if (t == NULL || came_from(t, peer))
		return;
	snprintf(t->from[t->next], sizeof(t->from[0]), "%s", peer);
	t->next = (t->next + 1) % ADDRESSES;
}

void people_destroy(struct people *p)
{
	struct check *k, *kn;
	struct person *who, *wn;
	struct tries *t, *tn;

	if (p == NULL)
		return;
	worker_destroy(p->worker);
	DL_FOREACH_SAFE (p->waiting, k, kn) {
		k->told(k->arg, false, "", true);
		check_free(k);
	}
	HASH_ITER (hh, p->all, who, wn) {
		HASH_DEL(p->all, who);
		free(who);
	}
	HASH_ITER (hh, p->tries, t, tn) {
		HASH_DEL(p->tries, t);
		free(t);
	}
	seal_close(p->seal);
	free(p);
}
