#include "csms/certificates/issued.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_issued.h"

/* The newest certificate of a key, or of a station. */
struct issued_head {
	char name[65];
	struct issued_certificate *newest;
	UT_hash_handle hh;
};

struct issued {
	struct issued_certificate *all; /* uthash by fingerprint; owned */
	struct issued_head *keys, *stations; /* owned */
};

static const char *const use_names[] = {
	[ISSUED_STATION] = "ChargingStationCertificate",
	[ISSUED_V2G] = "V2GCertificate",
	[ISSUED_BOTH] = "combined",
};

const char *issued_use_name(enum issued_use u)
{
	return use_names[u];
}

int issued_use_find(const char *name)
{
	for (int i = 0; i <= ISSUED_BOTH; i++)
		if (name && strcmp(name, use_names[i]) == 0)
			return i;
	return -1;
}

/* -- the index --------------------------------------------------------------------------------- */

/* Identities compare without regard to case. */
static void lower(const char *name, char out[65])
{
	size_t n = 0;

	for (; name[n] && n < 64; n++)
		out[n] = (char)tolower((unsigned char)name[n]);
	out[n] = '\0';
}

static struct issued_head *head_of(struct issued_head *list, const char *name)
{
	struct issued_head *h;
	char key[65];

	lower(name, key);
	HASH_FIND_STR(list, key, h);
	return h;
}

static struct issued_head *head_made(struct issued_head **list, const char *name)
{
	struct issued_head *h = head_of(*list, name);

	if (h || !(h = calloc(1, sizeof *h)))
		return h;
	lower(name, h->name);
	HASH_ADD_STR(*list, name, h);
	return h;
}

static struct issued_certificate *index_add(struct issued *all, const char *fingerprint,
	const char *station, const char *key_hash, const char *serial, const char *subject)
{
	struct issued_head *key = head_made(&all->keys, key_hash);
	struct issued_head *owner = head_made(&all->stations, station);
	struct issued_certificate *i = key && owner ? calloc(1, sizeof *i) : NULL;

	if (!i || !(i->subject = strdup(subject))) {
		free(i);
		return NULL;
	}
	snprintf(i->fingerprint, sizeof i->fingerprint, "%s", fingerprint);
	snprintf(i->station, sizeof i->station, "%s", station);
	snprintf(i->key_hash, sizeof i->key_hash, "%s", key_hash);
	snprintf(i->serial, sizeof i->serial, "%s", serial);
	i->same_key = key->newest;
	key->newest = i;
	i->older = owner->newest;
	owner->newest = i;
	HASH_ADD_STR(all->all, fingerprint, i);
	return i;
}

struct issued_certificate *issued_find(const struct core *c, const char *fingerprint)
{
	struct issued_certificate *i = NULL;

	if (c->issued)
		HASH_FIND_STR(c->issued->all, fingerprint, i);
	return i;
}

struct issued_certificate *issued_of_key(const struct core *c, const char *key_hash)
{
	const struct issued_head *h = c->issued ? head_of(c->issued->keys, key_hash) : NULL;

	return h ? h->newest : NULL;
}

struct issued_certificate *issued_of_station(const struct core *c, const char *station)
{
	const struct issued_head *h = c->issued ? head_of(c->issued->stations, station) : NULL;

	return h ? h->newest : NULL;
}

const struct issued_certificate *issued_all(const struct core *c)
{
	return c->issued ? c->issued->all : NULL;
}

static bool serves(const struct issued_certificate *i, enum issued_use use)
{
	return i->use == use || i->use == ISSUED_BOTH;
}

struct issued_certificate *issued_current(
	const struct core *c, const char *station, enum issued_use use)
{
	struct issued_certificate *i = issued_of_station(c, station);

	while (i && !(serves(i, use) && i->state == EVENT_ISSUED_STATE_CURRENT))
		i = i->older;
	return i;
}

/* -- what changes ------------------------------------------------------------------------------ */

struct issued_certificate *issued_add(
	struct core *c, const char fingerprint[65], const struct event_certificate_issued *p)
{
	int use = issued_use_find(p->type);
	struct issued_certificate *i = c->issued && !issued_find(c, fingerprint)
					       ? index_add(c->issued, fingerprint, p->station,
							 p->key_hash, p->serial, p->subject)
					       : NULL;

	if (!i)
		return NULL;
	i->use = use < 0 ? ISSUED_BOTH : (enum issued_use)use;
	i->state = EVENT_ISSUED_STATE_PENDING;
	i->not_before = p->not_before;
	i->not_after = p->not_after;
	i->issued_at = clock_wall();
	record_now(c, EVENT_CERTIFICATE_ISSUED, "issued", i->fingerprint, p, NULL, NULL);
	log_info("station %s: %s %s issued by %s", i->station, issued_use_name(i->use), i->serial,
		p->issuer);
	return i;
}

void issued_move(struct core *c, struct issued_certificate *i, enum event_issued_state state,
	const char *actor, const char *why)
{
	struct arena *a = record_arena(c);
	struct event_issued_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p || i->state == state)
		return;
	log_info("station %s: certificate %s: %s -> %s%s%s", i->station, i->serial,
		event_issued_state_enum.values[i->state], event_issued_state_enum.values[state],
		why ? ": " : "", why ? why : "");
	i->state = state;
	p->station = i->station;
	p->state = state;
	p->why = why ? arena_strdup(a, why) : NULL;
	record_now(c, EVENT_ISSUED_MOVED, "issued", i->fingerprint, p, actor, NULL);
}

void issued_withdraw(struct core *c, const char *station, const char *actor, const char *why)
{
	char words[260];

	snprintf(words, sizeof words, "the station was removed%s%.200s", why ? ": " : "",
		why ? why : "");
	for (struct issued_certificate *i = issued_of_station(c, station); i; i = i->older)
		issued_move(c, i, EVENT_ISSUED_STATE_REVOKED, actor, words);
}

int issued_judge_key(const struct core *c, const char *station, const char *key_hash, char why[200])
{
	const struct issued_certificate *i = issued_of_key(c, key_hash);

	for (; i; i = i->same_key) {
		if (strcasecmp(i->station, station) != 0) {
			snprintf(why, 200, "its key is the key of station %s", i->station);
			return -1;
		}
		if (i->state == EVENT_ISSUED_STATE_REVOKED) {
			snprintf(why, 200,
				"its key is that of certificate %s, which was revoked: the station "
				"must make a new one",
				i->serial);
			return -1;
		}
	}
	return 0;
}

/* -- logins ------------------------------------------------------------------------------------ */

static const struct issued_certificate *find_any_case(const struct core *c, const char *fingerprint)
{
	char key[65];

	lower(fingerprint, key);
	return issued_find(c, key);
}

bool issued_is_revoked(const struct core *c, const char *fingerprint)
{
	const struct issued_certificate *i = find_any_case(c, fingerprint);

	return i && i->state == EVENT_ISSUED_STATE_REVOKED;
}

bool issued_is_combined(const struct core *c, const char *fingerprint)
{
	const struct issued_certificate *i = find_any_case(c, fingerprint);

	return i && i->use == ISSUED_BOTH;
}

bool issued_refused(
	const struct core *c, const char *station, const char fingerprint[65], char why[200])
{
	const struct issued_certificate *i = find_any_case(c, fingerprint);

	if (!i)
		return false;
	if (i->state == EVENT_ISSUED_STATE_REVOKED)
		snprintf(why, 200, "certificate %s of station %s was revoked", i->serial,
			i->station);
	else if (strcasecmp(i->station, station) != 0)
		snprintf(why, 200, "certificate %s was issued to station %s, not to this one",
			i->serial, i->station);
	else if (i->use == ISSUED_V2G)
		snprintf(why, 200, "certificate %s is for ISO 15118, not for connections with us",
			i->serial);
	else
		return false;
	return true;
}

/* What its neighbour in time becomes when `used` is the one in use. */
static void settle(struct core *c, const struct issued_certificate *used,
	struct issued_certificate *i, bool is_newer)
{
	if (i == used || i->use == ISSUED_V2G)
		return;
	if (is_newer && i->state == EVENT_ISSUED_STATE_CURRENT)
		issued_move(c, i, EVENT_ISSUED_STATE_PENDING, NULL,
			"the station came back with an older one");
	else if (!is_newer &&
		 (i->state == EVENT_ISSUED_STATE_CURRENT || i->state == EVENT_ISSUED_STATE_PENDING))
		issued_move(
			c, i, EVENT_ISSUED_STATE_SUPERSEDED, NULL, "the station uses a newer one");
}

void issued_seen(struct core *c, struct station *s, const char fingerprint[65])
{
	char key[65];
	struct issued_certificate *used;
	bool is_newer = true;

	lower(fingerprint, key);
	used = issued_find(c, key);
	if (!used || used->state == EVENT_ISSUED_STATE_CURRENT ||
		used->state == EVENT_ISSUED_STATE_REVOKED || strcasecmp(used->station, s->id) != 0)
		return;
	for (struct issued_certificate *i = issued_of_station(c, s->id); i; i = i->older) {
		settle(c, used, i, is_newer);
		is_newer = is_newer && i != used;
	}
	issued_move(c, used, EVENT_ISSUED_STATE_CURRENT, NULL, "the station logged in with it");
}

void issued_taken(struct core *c, struct issued_certificate *taken)
{
	for (struct issued_certificate *i = taken->older; i; i = i->older)
		if (i->use == taken->use && strcmp(i->subject, taken->subject) == 0 &&
			(i->state == EVENT_ISSUED_STATE_CURRENT ||
				i->state == EVENT_ISSUED_STATE_PENDING))
			issued_move(c, i, EVENT_ISSUED_STATE_SUPERSEDED, NULL,
				"the station took a newer one");
	issued_move(c, taken, EVENT_ISSUED_STATE_CURRENT, NULL, "the station took it");
}

/* -- life -------------------------------------------------------------------------------------- */

struct restore {
	struct issued *all;
	struct arena *arena;
	bool failed;
};

static void take_up(struct restore *w, const struct db_issued *row)
{
	struct issued_certificate *i = index_add(
		w->all, row->fingerprint, row->station, row->key_hash, row->serial, row->subject);
	int state = schema_enum_find(&event_issued_state_enum, row->state);
	int use = issued_use_find(row->type);

	if (!i) {
		w->failed = true;
		return;
	}
	i->use = use < 0 ? ISSUED_BOTH : (enum issued_use)use;
	i->state = state < 0 ? EVENT_ISSUED_STATE_PENDING : (enum event_issued_state)state;
	i->not_before = row->not_before;
	i->not_after = row->not_after;
	i->issued_at = row->issued_at;
}

static void read_rows(struct db_reader *db, void *arg)
{
	static const struct db_issued_filter filter = {.limit = -1};
	struct restore *w = arg;
	struct db_issued_list list = {0};

	if (db_query_issued(db, &filter, w->arena, &list))
		w->failed = true;
	for (size_t n = list.count; n > 0; n--) /* the newest are at the front of their lists */
		take_up(w, &list.items[n - 1]);
}

struct issued *issued_create(struct core *c, char why[300])
{
	struct restore w = {.all = calloc(1, sizeof *w.all), .arena = arena_create(0)};

	if (!w.all || !w.arena || db_read_now(c->db, read_rows, &w) || w.failed) {
		stored_unreadable("certificates of stations", why);
		issued_destroy(w.all);
		w.all = NULL;
	}
	arena_destroy(w.arena);
	c->issued = w.all;
	return w.all;
}

static void free_heads(struct issued_head *list)
{
	struct issued_head *h, *next;

	HASH_ITER (hh, list, h, next) {
		HASH_DEL(list, h);
		free(h);
	}
}

void issued_destroy(struct issued *all)
{
	struct issued_certificate *i, *next;

	if (!all)
		return;
	HASH_ITER (hh, all->all, i, next) {
		HASH_DEL(all->all, i);
		free(i->subject);
		free(i);
	}
	free_heads(all->keys);
	free_heads(all->stations);
	free(all);
}
