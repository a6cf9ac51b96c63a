/* What stations tell of few transactions, or once: cable, phases, reservation, time spent charging.
 * Each value is that of the event with the greatest number that has it, as in
 * db/projection_transaction.c, so that the order of arrival does not matter. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct sessions {
	struct sql *sql;
	sqlite3_stmt *put;
};

/* A value with the number of its event; NULLs compare as unknown and leave what is there. */
#define NEWER(seq)        "ifnull(excluded." seq ">=ifnull(" seq ",-1),0)"
#define TAKES(value, seq) value "=iif(" NEWER(seq) ",excluded." value "," value ")"
#define PAIR(value, seq)  TAKES(value, seq) "," TAKES(seq, seq)

static void *create(struct sql *s)
{
	struct sessions *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	p->put = sql_prepare(s,
		"INSERT INTO transaction_details (id, cable_seq, cable_max_a, phases_seq,"
		" phases_used, charging_seq, charging_s, reservation_seq, reservation_id)"
		" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"
		" ON CONFLICT (id) DO UPDATE SET " PAIR("cable_max_a", "cable_seq") "," PAIR(
			"phases_used", "phases_seq") "," PAIR("charging_s",
			"charging_seq") "," PAIR("reservation_id", "reservation_seq"));
	if (p->put)
		return p;
	free(p);
	return NULL;
}

static void bind_pair(sqlite3_stmt *st, int i, bool has, int64_t seq, int64_t value)
{
	sql_bind_optional(st, i, has, seq);
	sql_bind_optional(st, i + 1, has, value);
}

static int on_reported(void *self, const struct journal_entry *e)
{
	struct sessions *p = self;
	const struct event_transaction_reported *t = e->payload;
	sqlite3_stmt *st = p->put;
	if (!t->has_cable_max_a && !t->has_phases_used && !t->has_charging_s &&
		!t->has_reservation_id)
		return 0;
	sqlite3_bind_int64(st, 1, e->stream_id);
	bind_pair(st, 2, t->has_cable_max_a, t->seq_no, t->cable_max_a);
	bind_pair(st, 4, t->has_phases_used, t->seq_no, t->phases_used);
	bind_pair(st, 6, t->has_charging_s, t->seq_no, t->charging_s);
	bind_pair(st, 8, t->has_reservation_id, t->seq_no, t->reservation_id);
	return sql_run(p->sql, st);
}

const struct projection projection_session = {"session", create, free, NULL};

const struct projection_rule projection_session_rules[] = {
	{EVENT_TRANSACTION_REPORTED, &projection_session, on_reported},
	{.type = -1},
};
