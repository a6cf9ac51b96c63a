#include "db/chain.h"

#include <stdio.h>
#include <string.h>

#define REPORT_EVERY 1000

struct walk {
	struct sql *sql;
	struct hasher *hasher;
	sqlite3_stmt *st;
	int64_t last; /* sequence of the head */
	int64_t seq; /* of the event before */
	unsigned char hash[HASH_SIZE];
	int64_t sealed;
	unsigned char seal[HASH_SIZE];
};

static void read_fields(sqlite3_stmt *st, struct chain_event *e)
{
	struct hash_fields *f = &e->fields;
	f->seq = sqlite3_column_int64(st, 0);
	e->stream_id = sqlite3_column_int64(st, 1);
	f->depot = (const char *)sqlite3_column_text(st, 2);
	f->stream = (const char *)sqlite3_column_text(st, 3);
	f->version = sqlite3_column_int64(st, 4);
	f->type = (const char *)sqlite3_column_text(st, 5);
	f->type_version = sqlite3_column_int64(st, 6);
	f->at_ms = sqlite3_column_int64(st, 7);
	f->received_ms = sqlite3_column_int64(st, 8);
	f->cause = (const char *)sqlite3_column_text(st, 9);
	f->correlation = (const char *)sqlite3_column_text(st, 10);
	f->idem = (const char *)sqlite3_column_text(st, 11);
	f->actor = (const char *)sqlite3_column_text(st, 12);
	f->payload = (const char *)sqlite3_column_text(st, 13);
	f->payload_len = (size_t)sqlite3_column_bytes(st, 13);
}

static int check_event(struct walk *w, const struct chain_event *e, char why[300])
{
	const struct hash_fields *f = &e->fields;
	unsigned char hash[HASH_SIZE];
	if (f->seq != w->seq + 1) {
		snprintf(why, 300, "the journal is broken: event %lld is missing",
			(long long)w->seq + 1);
		return -1;
	}
	const void *stored = sqlite3_column_blob(w->st, 14);
	if (!f->stream || !f->type || !f->payload ||
		hasher_chain(w->hasher, w->hash, f, hash) < 0 || !stored ||
		sqlite3_column_bytes(w->st, 14) != HASH_SIZE ||
		memcmp(stored, hash, HASH_SIZE) != 0) {
		snprintf(why, 300,
			"the journal is broken: event %lld (%.60s in %.100s) was changed after it"
			" was "
			"written",
			(long long)f->seq, f->type ? f->type : "?", f->stream ? f->stream : "?");
		return -1;
	}
	memcpy(w->hash, hash, HASH_SIZE);
	w->seq = f->seq;
	return 0;
}

/* Called for the event before the walk goes on: the seal must fit the event that it names. */
static int check_seal(struct walk *w, char why[300])
{
	if (w->seq != w->sealed || memcmp(w->hash, w->seal, HASH_SIZE) == 0)
		return 0;
	snprintf(why, 300, "the journal is broken: event %lld is not the one that was sealed",
		(long long)w->seq);
	return -1;
}

static int read_seal(struct walk *w, char why[300])
{
	sqlite3_stmt *st =
		sql_prepare(w->sql, "SELECT (SELECT value FROM meta WHERE key='head_seq'),"
				    " (SELECT value FROM meta WHERE key='head_hash')");
	if (!st || sql_step(w->sql, st) < 0) {
		snprintf(why, 300, "%.299s", w->sql->error);
		return -1;
	}
	w->sealed = sqlite3_column_int64(st, 0);
	if (sqlite3_column_bytes(st, 1) == HASH_SIZE)
		memcpy(w->seal, sqlite3_column_blob(st, 1), HASH_SIZE);
	sqlite3_finalize(st);
	return 0;
}

static int walk_all(struct walk *w, const struct chain_visitor *v, char why[300])
{
	struct chain_event e;
	int rc;
	while ((rc = sql_step(w->sql, w->st)) > 0) {
		read_fields(w->st, &e);
		if (check_event(w, &e, why) < 0 || check_seal(w, why) < 0 ||
			(v->visit && v->visit(v->arg, &e, why) != 0))
			return -1;
		if (v->progress && v->progress->fn && w->seq % REPORT_EVERY == 0)
			v->progress->fn(v->progress->arg, (int)(w->seq * 100 / (w->last + 1)));
	}
	if (rc < 0) {
		snprintf(why, 300, "%.299s", w->sql->error);
		return -1;
	}
	if (w->seq >= w->sealed)
		return 0;
	snprintf(why, 300, "the journal is broken: it ends at event %lld, its seal says %lld",
		(long long)w->seq, (long long)w->sealed);
	return -1;
}

int chain_walk(struct sql *s, const struct chain_visitor *v, int64_t *events, char why[300])
{
	struct walk w = {.sql = s, .hasher = hasher_create()};
	int rc = -1;
	if (!w.hasher) {
		snprintf(why, 300, "no memory, or no SHA-256 in OpenSSL");
		return -1;
	}
	w.st = sql_prepare(s,
		"SELECT j.seq, j.stream, s.depot, s.name, j.version, j.type, j.type_version, j.at,"
		" j.received, j.cause, j.correlation, j.idem, j.actor, j.payload, j.hash"
		" FROM journal AS j LEFT JOIN streams AS s ON s.id=j.stream ORDER BY j.seq");
	if (!w.st || sql_int(s, "SELECT ifnull(max(seq), 0) FROM journal", 0, &w.last) < 0)
		snprintf(why, 300, "%.299s", s->error);
	else if (read_seal(&w, why) == 0)
		rc = walk_all(&w, v, why);
	sqlite3_finalize(w.st);
	hasher_destroy(w.hasher);
	if (events)
		*events = w.seq;
	if (rc == 0 && v->progress && v->progress->fn)
		v->progress->fn(v->progress->arg, 100);
	return rc;
}
