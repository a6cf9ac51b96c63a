/*
 * Transactions, in a way that does not depend on the order in which their events arrive.
 *
 * Each value remembers the sequence number of the event it came from. What identifies a
 * transaction (start, EVSE, token, first register) is taken from the event with the smallest number
 * that has it; what describes its present (state, power, charge, last register) from the one with
 * the greatest. So any permutation of the same events, with any duplicates, gives the same row, and
 * an event that was queued offline never moves the present back.
 *
 * A station numbers the events of a transaction, and that number is the idempotency key that the
 * daemon gives them. While all events of a stream have such keys (`keyed`), the set of numbers that
 * the row holds anyway is the set of taken keys, and an index of them would only say it again. The
 * first event that breaks the rule moves the keys of its stream to db/keys.h, for good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "db/keys.h"
#include "db/projection.h"
#include "db/seqset.h"
#include "gen/event.h"

#define CACHE_MAX 5000 /* rows kept in memory; the oldest goes first */
#define NONE      (-1)

/* Columns ruled by a sequence number, in the order of the statements below. */
enum mark {
	MARK_START, /* smallest wins … */
	MARK_EVSE,
	MARK_TOKEN,
	MARK_REMOTE,
	MARK_QUARANTINE,
	MARK_BEGIN,
	MARK_END, /* … greatest wins */
	MARK_VEHICLE,
	MARK_STATE,
	MARK_METER,
	MARK_POWER,
	MARK_SOC,
	MARK_COUNT
};

/* What merging needs to know of a row; its texts stay in the table. */
struct row {
	int64_t id;
	int64_t mark[MARK_COUNT];
	int64_t heard_at, last_at, events, samples;
	double begin_wh, meter_wh, power_w, soc_pct;
	int64_t meter_at, power_at, soc_at;
	struct seqset seqs;
	bool keyed; /* `seqs` are the keys of the stream, all of them */
	bool lost; /* closed because its end was lost */
	UT_hash_handle hh;
};

struct transactions {
	struct sql *sql;
	struct keys *keys;
	struct row *cache;
	struct text seqs;
	sqlite3_stmt *load, *add, *live, *identity, *heard, *close, *unkey, *lost, *reopen;
};

/* -- life ----------------------------------------------------------------------------------- */

static void row_destroy(struct row *r)
{
	seqset_finish(&r->seqs);
	free(r);
}

static void forget(void *self)
{
	struct transactions *p = self;
	struct row *r, *next;
	HASH_ITER (hh, p->cache, r, next) {
		HASH_DEL(p->cache, r);
		row_destroy(r);
	}
}

static void destroy(void *self)
{
	struct transactions *p = self;
	forget(p);
	keys_destroy(p->keys);
	text_finish(&p->seqs);
	free(p);
}

/* In the UPDATEs a value that does not change is bound as NULL and stays. */
static void *create(struct sql *s)
{
	struct transactions *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	p->keys = keys_create(s);
	text_init(&p->seqs, 0);
	const struct sql_prepared list[] = {
		{&p->load,
			"SELECT start_seq, evse_seq, token_seq, remote_seq, quarantine_seq,"
			" begin_seq,"
			" end_seq, vehicle_seq, state_seq, meter_seq, power_seq, soc_seq, heard_at,"
			" last_at, events, samples, begin_wh, meter_wh, power_w, soc_pct, meter_at,"
			" power_at, soc_at, seqs, seqs_over, keyed, open"
			" FROM transactions WHERE id=?1"},
		{&p->add, "INSERT INTO transactions (id, depot, station, transaction_id, open,"
			  " heard_at,"
			  " last_at, events, seqs, seqs_over, samples, keyed)"
			  " VALUES (?1,?2,?3,?4,1,?5,?5,0,'',0,0,1)"},
		{&p->live, "UPDATE transactions SET last_at=?2, events=?3, seqs=?4, seqs_over=?5,"
			   " samples=?6,"
			   " state_seq=?7, charging_state=ifnull(?8, charging_state),"
			   " begin_seq=?9, begin_wh=?10, meter_seq=?11, meter_wh=?12, meter_at=?13,"
			   " power_seq=?14, power_w=?15, power_at=?16, soc_seq=?17, soc_pct=?18,"
			   " soc_at=?19"
			   " WHERE id=?1"},
		{&p->identity,
			"UPDATE transactions SET start_seq=?2, started_at=ifnull(?3, started_at),"
			" end_seq=?4, ended_at=ifnull(?5, ended_at),"
			" stopped_reason=iif(?6, ?7, stopped_reason),"
			" evse_seq=?8, evse=iif(?9, ?10, evse), connector=iif(?9, ?11, connector),"
			" token_seq=?12, token=iif(?13, ?14, token), token_type=iif(?13, ?15,"
			" token_type),"
			" token_status=iif(?13, ?16, token_status),"
			" vehicle_seq=?17, vehicle=ifnull(?18, vehicle),"
			" remote_seq=?19, remote_start_id=ifnull(?20, remote_start_id),"
			" quarantine_seq=?21, quarantined=ifnull(?22, quarantined) WHERE id=?1"},
		{&p->heard, "UPDATE transactions SET heard_at=?2 WHERE id=?1"},
		{&p->close, "UPDATE transactions SET open=0 WHERE id=?1"},
		/* Whatever a station still says of its end counts more, before or after. */
		{&p->lost, "UPDATE transactions SET open=0, ended_at=last_at,"
			   " stopped_reason='MessageLost' WHERE id=?1 AND end_seq IS NULL"},
		{&p->reopen, "UPDATE transactions SET open=1, ended_at=NULL, stopped_reason=NULL"
			     " WHERE id=?1"},
		{&p->unkey, "UPDATE transactions SET keyed=0 WHERE id=?1"},
	};
	if (p->keys && sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	destroy(p);
	return NULL;
}

/* -- rows ------------------------------------------------------------------------------------- */

static void read_row(sqlite3_stmt *st, struct row *r)
{
	for (int i = 0; i < MARK_COUNT; i++)
		r->mark[i] = sqlite3_column_type(st, i) == SQLITE_NULL
				     ? NONE
				     : sqlite3_column_int64(st, i);
	int i = MARK_COUNT;
	r->heard_at = sqlite3_column_int64(st, i++);
	r->last_at = sqlite3_column_int64(st, i++);
	r->events = sqlite3_column_int64(st, i++);
	r->samples = sqlite3_column_int64(st, i++);
	r->begin_wh = sqlite3_column_double(st, i++);
	r->meter_wh = sqlite3_column_double(st, i++);
	r->power_w = sqlite3_column_double(st, i++);
	r->soc_pct = sqlite3_column_double(st, i++);
	r->meter_at = sqlite3_column_int64(st, i++);
	r->power_at = sqlite3_column_int64(st, i++);
	r->soc_at = sqlite3_column_int64(st, i++);
	const char *seqs = (const char *)sqlite3_column_text(st, i++);
	if (!seqs || seqset_parse(&r->seqs, seqs) < 0 || sqlite3_column_int(st, i))
		r->seqs.over = true;
	r->keyed = sqlite3_column_int(st, i + 1) && !r->seqs.over;
	r->lost = !sqlite3_column_int(st, i + 2) && r->mark[MARK_END] == NONE;
}

static int add_row(struct transactions *p, const struct journal_entry *e, struct row *r)
{
	const struct event_transaction_reported *t = e->payload;
	for (int i = 0; i < MARK_COUNT; i++)
		r->mark[i] = NONE;
	r->heard_at = r->last_at = e->at.ms;
	r->keyed = true;
	sqlite3_bind_int64(p->add, 1, e->stream_id);
	sql_bind_text(p->add, 2, e->depot);
	sql_bind_text(p->add, 3, t->station_id);
	sql_bind_text(p->add, 4, t->transaction_id);
	sqlite3_bind_int64(p->add, 5, e->at.ms);
	return sql_run(p->sql, p->add);
}

/* 1: read; 0: there is none; -1: failed. */
static int load_row(struct transactions *p, struct row *r)
{
	sqlite3_bind_int64(p->load, 1, r->id);
	int rc = sql_step(p->sql, p->load);
	if (rc <= 0)
		return rc;
	read_row(p->load, r);
	sqlite3_reset(p->load);
	return 1;
}

/* The row of a stream, from the cache or the table; with an event also a new one. NULL: there is
 * none (then *rc is 0), or failed. */
static struct row *get_row(
	struct transactions *p, int64_t stream, const struct journal_entry *e, int *rc)
{
	struct row *r;
	HASH_FIND(hh, p->cache, &stream, sizeof stream, r);
	*rc = -1;
	if (r)
		return r;
	r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->id = stream;
	/* The first event of a stream finds no row: no need to look. */
	*rc = e && e->version == 1 ? 0 : load_row(p, r);
	if (*rc == 0 && e)
		*rc = add_row(p, e, r) < 0 ? -1 : 1;
	if (*rc <= 0) {
		row_destroy(r);
		return NULL;
	}
	if (HASH_COUNT(p->cache) >= CACHE_MAX) {
		struct row *oldest = p->cache;
		HASH_DEL(p->cache, oldest);
		row_destroy(oldest);
	}
	HASH_ADD(hh, p->cache, id, sizeof r->id, r);
	return r;
}

/* -- merging ---------------------------------------------------------------------------------- */

static bool take(struct row *r, enum mark m, bool present, int64_t seq)
{
	if (!present)
		return false;
	bool newest = m >= MARK_END;
	if (r->mark[m] != NONE && (newest ? seq < r->mark[m] : seq > r->mark[m]))
		return false;
	r->mark[m] = seq;
	return true;
}

/* Which marks the event takes over, as bits. Numbers are copied, texts left to the statements. */
static unsigned merge(struct row *r, const struct journal_entry *e)
{
	const struct event_transaction_reported *t = e->payload;
	const bool believed = !t->quarantined;
	const bool has[MARK_COUNT] = {
		[MARK_START] = strcmp(t->kind, "Started") == 0,
		[MARK_EVSE] = t->has_evse_id,
		[MARK_TOKEN] = t->id_token != NULL,
		[MARK_REMOTE] = t->has_remote_start_id,
		[MARK_QUARANTINE] = !believed,
		[MARK_BEGIN] = believed && (t->has_first_meter_wh || t->has_meter_wh),
		[MARK_END] = strcmp(t->kind, "Ended") == 0,
		[MARK_VEHICLE] = t->vehicle_id != NULL,
		[MARK_STATE] = t->charging_state != NULL,
		[MARK_METER] = believed && t->has_meter_wh,
		[MARK_POWER] = believed && t->has_power_w,
		[MARK_SOC] = believed && t->has_soc_pct,
	};
	unsigned taken = 0;
	for (int i = 0; i < MARK_COUNT; i++)
		if (take(r, i, has[i], t->seq_no))
			taken |= 1u << i;
	if (taken & 1u << MARK_BEGIN)
		r->begin_wh = t->has_first_meter_wh ? t->first_meter_wh : t->meter_wh;
	if (taken & 1u << MARK_METER) {
		r->meter_wh = t->meter_wh;
		r->meter_at = t->has_meter_at ? t->meter_at.ms : e->at.ms;
	}
	if (taken & 1u << MARK_POWER) {
		r->power_w = t->power_w;
		r->power_at = e->at.ms;
	}
	if (taken & 1u << MARK_SOC) {
		r->soc_pct = t->soc_pct;
		r->soc_at = e->at.ms;
	}
	return taken;
}

/* -- writing ---------------------------------------------------------------------------------- */

static void bind_mark(sqlite3_stmt *st, int i, const struct row *r, enum mark m)
{
	sql_bind_optional(st, i, r->mark[m] != NONE, r->mark[m]);
}

static int write_live(struct transactions *p, const struct row *r,
	const struct event_transaction_reported *t, unsigned taken)
{
	sqlite3_stmt *st = p->live;
	text_clear(&p->seqs);
	seqset_format(&r->seqs, &p->seqs);
	sqlite3_bind_int64(st, 1, r->id);
	sqlite3_bind_int64(st, 2, r->last_at);
	sqlite3_bind_int64(st, 3, r->events);
	sqlite3_bind_text(st, 4, p->seqs.len ? p->seqs.data : "", (int)p->seqs.len, SQLITE_STATIC);
	sqlite3_bind_int(st, 5, r->seqs.over);
	sqlite3_bind_int64(st, 6, r->samples);
	bind_mark(st, 7, r, MARK_STATE);
	sql_bind_text(st, 8, taken & 1u << MARK_STATE ? t->charging_state : NULL);
	bind_mark(st, 9, r, MARK_BEGIN);
	sql_bind_optional_real(st, 10, r->mark[MARK_BEGIN] != NONE, r->begin_wh);
	bind_mark(st, 11, r, MARK_METER);
	sql_bind_optional_real(st, 12, r->mark[MARK_METER] != NONE, r->meter_wh);
	sql_bind_optional(st, 13, r->mark[MARK_METER] != NONE, r->meter_at);
	bind_mark(st, 14, r, MARK_POWER);
	sql_bind_optional_real(st, 15, r->mark[MARK_POWER] != NONE, r->power_w);
	sql_bind_optional(st, 16, r->mark[MARK_POWER] != NONE, r->power_at);
	bind_mark(st, 17, r, MARK_SOC);
	sql_bind_optional_real(st, 18, r->mark[MARK_SOC] != NONE, r->soc_pct);
	sql_bind_optional(st, 19, r->mark[MARK_SOC] != NONE, r->soc_at);
	return sql_run(p->sql, st);
}

#define IDENTITY                                                                                   \
	(1u << MARK_START | 1u << MARK_END | 1u << MARK_EVSE | 1u << MARK_TOKEN |                  \
		1u << MARK_VEHICLE | 1u << MARK_REMOTE | 1u << MARK_QUARANTINE)

static int write_identity(
	struct transactions *p, const struct row *r, const struct journal_entry *e, unsigned taken)
{
	const struct event_transaction_reported *t = e->payload;
	sqlite3_stmt *st = p->identity;
	const bool ended = taken & 1u << MARK_END, token = taken & 1u << MARK_TOKEN;
	sqlite3_bind_int64(st, 1, r->id);
	bind_mark(st, 2, r, MARK_START);
	sql_bind_optional(st, 3, taken & 1u << MARK_START, e->at.ms);
	bind_mark(st, 4, r, MARK_END);
	sql_bind_optional(st, 5, ended, e->at.ms);
	sqlite3_bind_int(st, 6, ended);
	sql_bind_text(st, 7, t->stopped_reason);
	bind_mark(st, 8, r, MARK_EVSE);
	sqlite3_bind_int(st, 9, (taken & 1u << MARK_EVSE) != 0);
	sqlite3_bind_int64(st, 10, t->evse_id);
	sql_bind_optional(st, 11, t->has_connector_id, t->connector_id);
	bind_mark(st, 12, r, MARK_TOKEN);
	sqlite3_bind_int(st, 13, token);
	sql_bind_text(st, 14, t->id_token);
	sql_bind_text(st, 15, t->id_token_type);
	sql_bind_text(st, 16, t->token_status);
	bind_mark(st, 17, r, MARK_VEHICLE);
	sql_bind_text(st, 18, taken & 1u << MARK_VEHICLE ? t->vehicle_id : NULL);
	bind_mark(st, 19, r, MARK_REMOTE);
	sql_bind_optional(st, 20, taken & 1u << MARK_REMOTE, t->remote_start_id);
	bind_mark(st, 21, r, MARK_QUARANTINE);
	sql_bind_text(st, 22, taken & 1u << MARK_QUARANTINE ? t->quarantined : NULL);
	return sql_run(p->sql, st);
}

/* Columns that stand in an index are written only when they change. */
static int write_indexed(struct transactions *p, struct row *r, const struct journal_entry *e,
	unsigned taken, bool was_open)
{
	if (e->at.ms < r->heard_at) {
		r->heard_at = e->at.ms;
		sqlite3_bind_int64(p->heard, 1, r->id);
		sqlite3_bind_int64(p->heard, 2, r->heard_at);
		if (sql_run(p->sql, p->heard) < 0)
			return -1;
	}
	if (!was_open || !(taken & 1u << MARK_END))
		return 0;
	sqlite3_bind_int64(p->close, 1, r->id);
	return sql_run(p->sql, p->close);
}

/* -- keys ------------------------------------------------------------------------------------- */

static bool is_key_of(const char *key, int64_t seq_no)
{
	int64_t v;
	return key && keys_number(key, &v) && v == seq_no;
}

/* The numbers seen so far are the keys taken so far. */
static int move_keys(struct transactions *p, struct row *r)
{
	char key[24];
	for (int i = 0; i < r->seqs.count; i++)
		for (int64_t v = r->seqs.items[i].low; v <= r->seqs.items[i].high; v++) {
			snprintf(key, sizeof key, "%lld", (long long)v);
			if (keys_add(p->keys, r->id, key) < 0)
				return -1;
		}
	r->keyed = false;
	sqlite3_bind_int64(p->unkey, 1, r->id);
	return sql_run(p->sql, p->unkey);
}

/* Adds number and key of an event. 1: the number is new; 0: it was there under another key; 1 also
 * if the set refused it: nobody can say then; -1: failed. */
static int add_number(struct transactions *p, struct row *r, const struct journal_entry *e)
{
	const struct event_transaction_reported *t = e->payload;
	if (r->keyed && !is_key_of(e->idem, t->seq_no) && move_keys(p, r) < 0)
		return -1;
	int added = seqset_add(&r->seqs, t->seq_no);
	if (r->keyed && added < 0 && move_keys(p, r) < 0)
		return -1;
	if (!r->keyed && e->idem && keys_add(p->keys, r->id, e->idem) < 0)
		return -1;
	return added != 0;
}

int projection_transaction_knows_key(void *self, int64_t stream_id, const char *key)
{
	int64_t v;
	int rc;
	if (!keys_number(key, &v))
		return 0;
	const struct row *r = get_row(self, stream_id, NULL, &rc);
	if (!r)
		return rc;
	return r->keyed && seqset_covers(&r->seqs, v, v);
}

/* -- lost and found --------------------------------------------------------------------------- */

/* Greater than all numbers of it so far; so many that nobody can say counts as well. */
static bool is_newest(const struct row *r, int64_t seq_no)
{
	return r->seqs.over || !r->seqs.count || seq_no > r->seqs.items[r->seqs.count - 1].high;
}

/* What was given up as lost is over by its own end, or goes on after all. */
static int find_again(struct transactions *p, struct row *r, bool is_end)
{
	r->lost = false;
	if (is_end)
		return 0;
	sqlite3_bind_int64(p->reopen, 1, r->id);
	return sql_run(p->sql, p->reopen);
}

/* -- the event -------------------------------------------------------------------------------- */

static int on_reported(void *self, const struct journal_entry *e)
{
	struct transactions *p = self;
	const struct event_transaction_reported *t = e->payload;
	int rc;
	struct row *r = get_row(p, e->stream_id, e, &rc);
	if (!r)
		return -1;
	const bool is_news = r->lost && is_newest(r, t->seq_no);
	rc = add_number(p, r, e);
	if (rc <= 0)
		return rc;
	const bool was_open = r->mark[MARK_END] == NONE;
	const unsigned taken = merge(r, e);
	r->events++;
	r->samples += t->samples;
	if (e->at.ms > r->last_at)
		r->last_at = e->at.ms;
	if (write_live(p, r, t, taken) < 0)
		return -1;
	if (taken & IDENTITY && write_identity(p, r, e, taken) < 0)
		return -1;
	if (is_news && find_again(p, r, r->mark[MARK_END] != NONE) < 0)
		return -1;
	return write_indexed(p, r, e, taken, was_open);
}

static int on_lost(void *self, const struct journal_entry *e)
{
	struct transactions *p = self;
	int rc;
	struct row *r = get_row(p, e->stream_id, NULL, &rc);
	if (!r)
		return rc;
	r->lost = r->mark[MARK_END] == NONE;
	sqlite3_bind_int64(p->lost, 1, e->stream_id);
	return sql_run(p->sql, p->lost);
}

const struct projection projection_transaction = {"transaction", create, destroy, forget};

const struct projection_rule projection_transaction_rules[] = {
	{EVENT_TRANSACTION_REPORTED, &projection_transaction, on_reported},
	{EVENT_TRANSACTION_LOST, &projection_transaction, on_lost},
	{.type = -1},
};
