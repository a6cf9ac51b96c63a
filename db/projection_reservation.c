/* Reservations as they stand. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct reservations {
	struct sql *sql;
	sqlite3_stmt *put;
};

static void *create(struct sql *s)
{
	struct reservations *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->put,
			"INSERT INTO reservations (depot, station, id, state, evse, connector_type,"
			" token, token_type, group_id, expires, transaction_id, note, made_at,"
			" changed_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?13)"
			" ON CONFLICT (depot, station, id) DO UPDATE SET state=?4, evse=?5,"
			" connector_type=?6, token=?7, token_type=?8, group_id=?9, expires=?10,"
			" transaction_id=?11, note=?12, changed_at=?13"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct reservations *p = self;
	const struct event_reservation_changed *r = e->payload;
	sqlite3_stmt *st = p->put;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, r->station_id);
	sqlite3_bind_int64(st, 3, r->reservation_id);
	sql_bind_text(st, 4, event_reservation_state_enum.values[r->state]);
	sql_bind_optional(st, 5, r->has_evse_id, r->evse_id);
	sql_bind_text(st, 6, r->connector_type);
	sql_bind_text(st, 7, r->id_token);
	sql_bind_text(st, 8, r->id_token_type);
	sql_bind_text(st, 9, r->group);
	sqlite3_bind_int64(st, 10, r->expires.ms);
	sql_bind_text(st, 11, r->transaction_id);
	sql_bind_text(st, 12, r->note);
	sqlite3_bind_int64(st, 13, e->at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_reservation = {"reservation", create, free, NULL};

const struct projection_rule projection_reservation_rules[] = {
	{EVENT_RESERVATION_CHANGED, &projection_reservation, on_changed},
	{.type = -1},
};
