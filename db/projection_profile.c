/* Smart charging: profiles that stations have taken, limits that others put on them, what vehicles
 * need. charging_profiles is also written by complete reports (projection_report.c). */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

enum statement { HELD, DROPPED, LIMIT, LIFT, NEEDS, SCHEDULE, GONE_LIMITS, GONE_NEEDS, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[HELD] = "INSERT OR REPLACE INTO charging_profiles (depot, station, id, evse, purpose,"
		 " stack_level, transaction_id, source, owner, profile, at, source_seq)"
		 " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
	[DROPPED] = "DELETE FROM charging_profiles WHERE depot=?1 AND station=?2 AND id=?3",
	[LIMIT] = "INSERT OR REPLACE INTO external_limits (depot, station, evse, source, critical,"
		  " schedules, at) VALUES (?1,?2,?3,?4,?5,?6,?7)",
	[LIFT] = "DELETE FROM external_limits WHERE depot=?1 AND station=?2 AND source=?3"
		 " AND (?4 IS NULL OR evse=?4)",
	[NEEDS] = "INSERT OR REPLACE INTO charging_needs (depot, station, evse, transaction_id,"
		  " status, mode, max_tuples, departs_at, energy_wh, max_w, soc_pct, needs, at)"
		  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
	[SCHEDULE] = "UPDATE charging_needs SET schedule=?4, schedule_status=?5, schedule_at=?6"
		     " WHERE depot=?1 AND station=?2 AND evse=?3",
	[GONE_LIMITS] = "DELETE FROM external_limits WHERE depot=?1 AND station=?2",
	[GONE_NEEDS] = "DELETE FROM charging_needs WHERE depot=?1 AND station=?2",
};

struct profiles {
	struct sql *sql;
	sqlite3_stmt *st[STATEMENTS];
};

static void *create(struct sql *s)
{
	struct profiles *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	for (int i = 0; i < STATEMENTS; i++)
		if (!(p->st[i] = sql_prepare(s, texts[i]))) {
			free(p);
			return NULL;
		}
	return p;
}

static sqlite3_stmt *bind(struct profiles *p, enum statement which, const struct journal_entry *e)
{
	projection_bind_key(p->st[which], e);
	return p->st[which];
}

static int on_held(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_charging_profile_held *h = e->payload;
	sqlite3_stmt *st = bind(p, HELD, e);

	sqlite3_bind_int64(st, 3, h->profile_id);
	sqlite3_bind_int64(st, 4, h->evse_id);
	sql_bind_text(st, 5, h->purpose);
	sqlite3_bind_int64(st, 6, h->stack_level);
	sql_bind_text(st, 7, h->transaction_id);
	sql_bind_text(st, 8, h->source);
	sql_bind_text(st, 9, h->owner);
	sql_bind_text(st, 10, h->profile);
	sqlite3_bind_int64(st, 11, e->at.ms);
	sqlite3_bind_int64(st, 12, e->seq);
	return sql_run(p->sql, st);
}

static int on_dropped(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_charging_profiles_dropped *d = e->payload;

	for (size_t i = 0; i < d->profile_ids.count; i++) {
		sqlite3_stmt *st = bind(p, DROPPED, e);

		sqlite3_bind_int64(st, 3, d->profile_ids.items[i]);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

static int on_limit(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_external_limit_set *l = e->payload;
	sqlite3_stmt *st = bind(p, LIMIT, e);

	sqlite3_bind_int64(st, 3, l->evse_id);
	sql_bind_text(st, 4, l->source);
	sqlite3_bind_int64(st, 5, l->is_grid_critical);
	sql_bind_text(st, 6, l->schedules);
	sqlite3_bind_int64(st, 7, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_lifted(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_external_limit_cleared *l = e->payload;
	sqlite3_stmt *st = bind(p, LIFT, e);

	sql_bind_text(st, 3, l->source);
	sql_bind_optional(st, 4, l->has_evse_id, l->evse_id);
	return sql_run(p->sql, st);
}

static int on_needs(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_charging_needs_reported *n = e->payload;
	sqlite3_stmt *st = bind(p, NEEDS, e);

	sqlite3_bind_int64(st, 3, n->evse_id);
	sql_bind_text(st, 4, n->transaction_id);
	sql_bind_text(st, 5, n->status);
	sql_bind_text(st, 6, n->mode);
	sql_bind_optional(st, 7, n->has_max_tuples, n->max_tuples);
	sql_bind_optional(st, 8, n->has_departs_at, n->departs_at.ms);
	sql_bind_optional(st, 9, n->has_energy_wh, n->energy_wh);
	sql_bind_optional(st, 10, n->has_max_w, n->max_w);
	sql_bind_optional(st, 11, n->has_soc_pct, n->soc_pct);
	sql_bind_text(st, 12, n->needs);
	sqlite3_bind_int64(st, 13, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_schedule(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;
	const struct event_charging_schedule_reported *r = e->payload;
	sqlite3_stmt *st = bind(p, SCHEDULE, e);

	sqlite3_bind_int64(st, 3, r->evse_id);
	sql_bind_text(st, 4, r->schedule);
	sql_bind_text(st, 5, r->status);
	sqlite3_bind_int64(st, 6, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct profiles *p = self;

	if (sql_run(p->sql, bind(p, GONE_LIMITS, e)) < 0)
		return -1;
	return sql_run(p->sql, bind(p, GONE_NEEDS, e));
}

const struct projection projection_profile = {"profile", create, free, NULL};

const struct projection_rule projection_profile_rules[] = {
	{EVENT_CHARGING_PROFILE_HELD, &projection_profile, on_held},
	{EVENT_CHARGING_PROFILES_DROPPED, &projection_profile, on_dropped},
	{EVENT_EXTERNAL_LIMIT_SET, &projection_profile, on_limit},
	{EVENT_EXTERNAL_LIMIT_CLEARED, &projection_profile, on_lifted},
	{EVENT_CHARGING_NEEDS_REPORTED, &projection_profile, on_needs},
	{EVENT_CHARGING_SCHEDULE_REPORTED, &projection_profile, on_schedule},
	{EVENT_STATION_REMOVED, &projection_profile, on_removed},
	{.type = -1},
};
