#include "db/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "db/hash.h"
#include "db/readable.h"
#include "gen/event.h"

#define HEADS_MAX  20000 /* cached streams; the oldest goes first */
#define SEAL_EVERY 256 /* events; a seal in each commit would be one page more to write */

struct head {
	char *stream;
	int64_t id; /* 0: not in the table yet */
	int64_t version; /* of its newest event, 0: none */
	UT_hash_handle hh;
};

struct journal {
	struct sql *sql;
	char *depot;
	struct hasher *hasher;
	struct head *heads;
	int64_t seq;
	int64_t sealed; /* sequence in the newest seal, as far as we know */
	int64_t last_stream_id;
	unsigned char hash[HASH_SIZE];
	struct text payload;
	struct arena *scratch; /* for reading a payload back */
	char error[320];
	struct journal_keys keys;
	sqlite3_stmt *find_stream, *find_version, *add_stream, *add_event, *seal;
};

static int fail(struct journal *j, const char *what)
{
	snprintf(j->error, sizeof j->error, "%s", what);
	return DB_FAILED;
}

static void heads_clear(struct journal *j)
{
	struct head *h, *next;
	HASH_ITER (hh, j->heads, h, next) {
		HASH_DEL(j->heads, h);
		free(h->stream);
		free(h);
	}
}

/* -- life ----------------------------------------------------------------------------------- */

static int prepare(struct journal *j)
{
	const struct sql_prepared list[] = {
		{&j->find_stream, "SELECT id FROM streams WHERE depot=?1 AND name=?2"},
		{&j->find_version, "SELECT max(version) FROM journal WHERE stream=?1"},
		{&j->add_stream, "INSERT INTO streams (id, depot, name) VALUES (?1, ?2, ?3)"},
		{&j->add_event, "INSERT INTO journal (seq, stream, version, type, type_version, at,"
				" received,"
				" cause, correlation, idem, actor, payload, hash)"
				" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"},
		{&j->seal, "INSERT OR REPLACE INTO meta (key, value) VALUES ('head_seq', ?1),"
			   " ('head_hash', ?2)"},
	};
	return sql_prepare_all(j->sql, list, sizeof list / sizeof *list);
}

/* The event that the seal names must be there with its hash: else rows were removed from the end,
 * or changed, by someone else. */
static int check_head(struct journal *j, char why[300])
{
	sqlite3_stmt *st = sql_prepare(j->sql,
		"SELECT s.value, j.hash = h.value FROM meta AS s JOIN meta AS h ON"
		" h.key='head_hash'"
		" LEFT JOIN journal AS j ON j.seq=s.value WHERE s.key='head_seq'");
	int rc = st ? sql_step(j->sql, st) : -1;
	if (rc < 0) {
		snprintf(why, 300, "%.299s", j->sql->error);
		return -1;
	}
	bool same = !rc || sqlite3_column_int(st, 1) == 1;
	j->sealed = rc ? sqlite3_column_int64(st, 0) : 0;
	if (!same)
		snprintf(why, 300,
			"%.150s is damaged (the journal ends at %lld, its seal says %lld):"
			" restore a "
			"backup",
			j->sql->path, (long long)j->seq, (long long)j->sealed);
	sqlite3_finalize(st);
	return same ? 0 : -1;
}

int journal_reload(struct journal *j)
{
	heads_clear(j);
	sqlite3_stmt *st =
		sql_prepare(j->sql, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1");
	int rc = st ? sql_step(j->sql, st) : -1;
	if (rc >= 0) {
		j->seq = rc ? sqlite3_column_int64(st, 0) : 0;
		memset(j->hash, 0, HASH_SIZE);
		if (rc && sqlite3_column_bytes(st, 1) == HASH_SIZE)
			memcpy(j->hash, sqlite3_column_blob(st, 1), HASH_SIZE);
	}
	sqlite3_finalize(st);
	if (rc < 0 || sql_int(j->sql, "SELECT ifnull(max(id), 0) FROM streams", 0,
			      &j->last_stream_id) < 0)
		return fail(j, j->sql->error);
	return 0;
}

struct journal *journal_create(
	struct sql *s, const char *depot, const struct journal_keys *keys, char why[300])
{
	struct journal *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->sql = s;
	j->keys = *keys;
	text_init(&j->payload, 0);
	j->depot = strdup(depot);
	j->hasher = hasher_create();
	j->scratch = arena_create(0);
	if (!j->depot || !j->hasher || !j->scratch)
		snprintf(why, 300, "no memory, or no SHA-256 in OpenSSL");
	else if (prepare(j) < 0 || journal_reload(j) < 0)
		snprintf(why, 300, "%.299s", s->error);
	else if (check_head(j, why) == 0)
		return j;
	journal_destroy(j);
	return NULL;
}

void journal_destroy(struct journal *j)
{
	if (!j)
		return;
	heads_clear(j);
	hasher_destroy(j->hasher);
	text_finish(&j->payload);
	arena_destroy(j->scratch);
	free(j->depot);
	free(j);
}

/* -- heads of streams ------------------------------------------------------------------------- */

static int load_head(struct journal *j, struct head *h)
{
	sql_bind_text(j->find_stream, 1, j->depot);
	sql_bind_text(j->find_stream, 2, h->stream);
	int rc = sql_step(j->sql, j->find_stream);
	if (rc <= 0)
		return rc;
	h->id = sqlite3_column_int64(j->find_stream, 0);
	sqlite3_reset(j->find_stream);
	sqlite3_bind_int64(j->find_version, 1, h->id);
	if (sql_step(j->sql, j->find_version) < 0)
		return -1;
	h->version = sqlite3_column_int64(j->find_version, 0);
	sqlite3_reset(j->find_version);
	return 0;
}

static struct head *head_get(struct journal *j, const char *stream)
{
	struct head *h;
	HASH_FIND_STR(j->heads, stream, h);
	if (h)
		return h;
	h = calloc(1, sizeof *h);
	if (h)
		h->stream = strdup(stream);
	if (!h || !h->stream || load_head(j, h) < 0) {
		fail(j, h && h->stream ? j->sql->error : "no memory");
		if (h)
			free(h->stream);
		free(h);
		return NULL;
	}
	if (HASH_COUNT(j->heads) >= HEADS_MAX) {
		struct head *oldest = j->heads;
		HASH_DEL(j->heads, oldest);
		free(oldest->stream);
		free(oldest);
	}
	HASH_ADD_KEYPTR(hh, j->heads, h->stream, strlen(h->stream), h);
	return h;
}

static int head_number(struct journal *j, struct head *h)
{
	if (h->id)
		return 0;
	sqlite3_bind_int64(j->add_stream, 1, j->last_stream_id + 1);
	sql_bind_text(j->add_stream, 2, j->depot);
	sql_bind_text(j->add_stream, 3, h->stream);
	if (sql_run(j->sql, j->add_stream) < 0)
		return fail(j, j->sql->error);
	h->id = ++j->last_stream_id;
	return 0;
}

/* 1: an event with the key of this one is in the stream. */
static int is_repeat(struct journal *j, const struct head *h, const struct db_event *e)
{
	if (!e->idem || !h->version)
		return 0;
	int rc = j->keys.taken(j->keys.arg, h->id, e);
	return rc < 0 ? fail(j, j->sql->error) : rc;
}

/* -- checking a batch before it is written ----------------------------------------------------- */

/* Where a stream or a key of the batch would stand after the events looked at so far. */
struct preview {
	char *key; /* stream, or stream NUL idem */
	size_t len;
	int64_t version;
	UT_hash_handle hh;
};

static struct preview *preview_get(struct preview **all, const char *stream, const char *idem)
{
	size_t n = strlen(stream), m = idem ? strlen(idem) + 1 : 0;
	char *key = malloc(n + m + 1);
	if (!key)
		return NULL;
	memcpy(key, stream, n + 1);
	if (idem)
		memcpy(key + n + 1, idem, m);
	struct preview *p;
	HASH_FIND(hh, *all, key, n + m, p);
	if (p) {
		free(key);
		return p;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		free(key);
		return NULL;
	}
	p->key = key;
	p->len = n + m;
	p->version = -1;
	HASH_ADD_KEYPTR(hh, *all, p->key, p->len, p);
	return p;
}

static int check_one(
	struct journal *j, struct preview **all, const struct db_event *e, char why[200])
{
	struct head *h = head_get(j, e->stream);
	struct preview *at = h ? preview_get(all, e->stream, NULL) : NULL;
	struct preview *key = at && e->idem ? preview_get(all, e->stream, e->idem) : NULL;
	int known = h ? is_repeat(j, h, e) : 0;
	if (!h || !at || (e->idem && !key) || known < 0)
		return DB_FAILED;
	if (known || (key && key->version >= 0))
		return 0; /* will be dropped: its version does not matter */
	if (at->version < 0)
		at->version = h->version;
	if (e->expect_version != DB_ANY_VERSION && e->expect_version != at->version) {
		snprintf(why, 200, "%.100s is at version %lld, not %lld", e->stream,
			(long long)at->version, (long long)e->expect_version);
		return DB_CONFLICT;
	}
	at->version++;
	if (key)
		key->version = at->version;
	return 0;
}

int journal_check(struct journal *j, const struct db_event *events, size_t count, char why[200])
{
	size_t bound = 0;
	for (size_t i = 0; i < count; i++)
		bound += events[i].expect_version != DB_ANY_VERSION;
	if (!bound)
		return 0;
	struct preview *all = NULL, *p, *next;
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = check_one(j, &all, &events[i], why);
	HASH_ITER (hh, all, p, next) {
		HASH_DEL(all, p);
		free(p->key);
		free(p);
	}
	return rc;
}

/* -- appending -------------------------------------------------------------------------------- */

static int compute_hash(struct journal *j, const struct db_event *e, const struct head *h,
	unsigned char out[HASH_SIZE])
{
	const struct schema_event *t = &event_events[e->type];
	const struct hash_fields f = {
		.seq = j->seq + 1,
		.version = h->version + 1,
		.type_version = t->version,
		.at_ms = e->at.ms,
		.received_ms = e->received.ms,
		.depot = j->depot,
		.stream = e->stream,
		.type = t->name,
		.cause = e->cause,
		.correlation = e->correlation,
		.idem = e->idem,
		.actor = e->actor,
		.payload = j->payload.data,
		.payload_len = j->payload.len,
	};
	return hasher_chain(j->hasher, j->hash, &f, out);
}

static int insert(struct journal *j, const struct db_event *e, const struct head *h,
	const unsigned char hash[HASH_SIZE])
{
	sqlite3_stmt *st = j->add_event;
	sqlite3_bind_int64(st, 1, j->seq + 1);
	sqlite3_bind_int64(st, 2, h->id);
	sqlite3_bind_int64(st, 3, h->version + 1);
	sqlite3_bind_text(st, 4, event_events[e->type].name, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 5, event_events[e->type].version);
	sqlite3_bind_int64(st, 6, e->at.ms);
	sqlite3_bind_int64(st, 7, e->received.ms);
	sql_bind_text(st, 8, e->cause);
	sql_bind_text(st, 9, e->correlation);
	sql_bind_text(st, 10, e->idem);
	sql_bind_text(st, 11, e->actor);
	sqlite3_bind_text(st, 12, j->payload.data, (int)j->payload.len, SQLITE_STATIC);
	sqlite3_bind_blob(st, 13, hash, HASH_SIZE, SQLITE_STATIC);
	return sql_run(j->sql, st);
}

/* The payload as text. What cannot be read back must not get into a record that is never changed:
 * better this batch fails, loudly, than every rebuild from now on. */
static int encode(struct journal *j, const struct db_event *e)
{
	const struct schema_event *t = &event_events[e->type];
	struct schema_error err = {0};
	text_clear(&j->payload);
	if (schema_encode(t->type, e->payload, &j->payload) < 0) {
		snprintf(j->error, sizeof j->error, "%s has a value that its schema does not allow",
			t->name);
		return DB_FAILED;
	}
	if (readable_surely(t->type, e->payload))
		return 0;
	arena_reset(j->scratch);
	if (schema_decode(t->type, j->payload.data, j->payload.len, j->scratch, &err))
		return 0;
	snprintf(j->error, sizeof j->error, "%s: %s: %s", t->name, err.path, err.message);
	return DB_FAILED;
}

int journal_append(struct journal *j, const struct db_event *e, struct journal_entry *out)
{
	if (e->type < 0 || e->type >= EVENT_EVENT_COUNT)
		return fail(j, "an event of unknown type");
	struct head *h = head_get(j, e->stream);
	if (!h || head_number(j, h) < 0)
		return DB_FAILED;
	int repeat = is_repeat(j, h, e);
	if (repeat)
		return repeat < 0 ? DB_FAILED : 0;
	unsigned char hash[HASH_SIZE];
	if (encode(j, e) < 0)
		return DB_FAILED;
	if (compute_hash(j, e, h, hash) < 0)
		return fail(j, "no memory for the hash of an event");
	if (insert(j, e, h, hash) < 0)
		return fail(j, j->sql->error);
	j->seq++;
	h->version++;
	memcpy(j->hash, hash, HASH_SIZE);
	*out = (struct journal_entry){
		.seq = j->seq,
		.depot = j->depot,
		.stream = e->stream,
		.stream_id = h->id,
		.version = h->version,
		.type = e->type,
		.payload = e->payload,
		.at = e->at,
		.received = e->received,
		.actor = e->actor,
		.idem = e->idem,
	};
	return 1;
}

int journal_seal(struct journal *j, bool now)
{
	if (j->seq == j->sealed || (!now && j->seq - j->sealed < SEAL_EVERY))
		return 0;
	sqlite3_bind_int64(j->seal, 1, j->seq);
	sqlite3_bind_blob(j->seal, 2, j->hash, HASH_SIZE, SQLITE_STATIC);
	if (sql_run(j->sql, j->seal) < 0)
		return fail(j, j->sql->error);
	j->sealed = j->seq;
	return 0;
}

int64_t journal_seq(const struct journal *j)
{
	return j->seq;
}

const char *journal_error(const struct journal *j)
{
	return j->error;
}
