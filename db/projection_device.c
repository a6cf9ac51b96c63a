/*
 * What is known of a station's device model besides its reports: answers to Get- and SetVariables,
 * monitors that were set and cleared, alerts, display messages; and jobs. The tables of the model are those
 * of projection_report.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/projection.h"
#include "gen/event.h"

/* ?1 and ?2 are depot and station, ?3 to ?8 the name of the variable. */
#define NAME                                                                                       \
	"depot, station, component, component_instance, evse, connector, variable,"                \
	" variable_instance"
#define IS_NAME                                                                                    \
	" depot=?1 AND station=?2 AND component=?3 AND component_instance=?4 AND evse=?5"          \
	" AND connector=?6 AND variable=?7 AND variable_instance=?8"

enum statement {
	VALUE,
	PENDING,
	DROP_VALUES,
	DROP_CHARACTERISTICS,
	MONITOR,
	DROP_MONITOR,
	DROP_MONITORS,
	DISPLAY,
	DROP_DISPLAY,
	END_DISPLAYS,
	ALERT,
	CLEAR,
	CLEARED,
	BASE,
	LEVEL,
	INVENTORY,
	JOB,
	REFUSAL,
	REMOVE_ALERTS,
	REMOVE_STATE,
	STATEMENTS
};

static const char *const texts[STATEMENTS] = {
	/* A value that is older than the one we have says nothing. */
	[VALUE] = "INSERT INTO device_variables (" NAME ", attribute, value, value_at, source_seq)"
		  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO UPDATE SET"
		  " previous=CASE WHEN value IS NOT ?10 THEN value ELSE previous END,"
		  " changed_at=CASE WHEN value IS NOT ?10 THEN ?11 ELSE changed_at END,"
		  " value=?10, value_at=?11, pending=NULL"
		  " WHERE value_at IS NULL OR value_at<=?11",
	[PENDING] = "UPDATE device_variables SET pending=?10 WHERE" IS_NAME " AND attribute=?9",
	[DROP_VALUES] = "DELETE FROM device_variables WHERE" IS_NAME,
	[DROP_CHARACTERISTICS] = "DELETE FROM device_characteristics WHERE" IS_NAME,
	[MONITOR] = "INSERT OR REPLACE INTO device_monitors (" NAME ", id, type, severity, value,"
		    " in_transaction, at, source_seq)"
		    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
	[DROP_MONITOR] = "DELETE FROM device_monitors WHERE depot=?1 AND station=?2 AND id=?3",
	[DROP_MONITORS] = "DELETE FROM device_monitors WHERE depot=?1 AND station=?2",
	[DISPLAY] = "INSERT OR REPLACE INTO displays (depot, station, id, message, at, source_seq)"
		    " VALUES (?1,?2,?3,?4,?5,?6)",
	[DROP_DISPLAY] = "DELETE FROM displays WHERE depot=?1 AND station=?2 AND id=?3",
	[END_DISPLAYS] = "DELETE FROM displays WHERE depot=?1 AND station=?2"
			 " AND json_extract(message, '$.transactionId')=?3",
	[ALERT] = "INSERT INTO alerts (" NAME ", monitor, open, opened_at, at, times, event_id,"
		  " source, value, cause, transaction_id, tech_code, tech_info, severity)"
		  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,1,?10,?10,1,?11,?12,?13,?14,?15,?16,?17,"
		  " (SELECT severity FROM device_monitors WHERE depot=?1 AND station=?2 AND id=?9))"
		  " ON CONFLICT DO UPDATE SET"
		  " opened_at=CASE WHEN open THEN opened_at ELSE ?10 END,"
		  " times=times+1, open=1, at=?10, cleared_at=NULL, event_id=?11, source=?12,"
		  " value=?13, cause=?14, transaction_id=?15, tech_code=?16, tech_info=?17,"
		  " severity=excluded.severity WHERE at<=?10",
	/* One without a monitor's number ends all of its variable, and is ended by any. */
	[CLEAR] = "UPDATE alerts SET open=0, cleared_at=?10, at=?10, event_id=?11, value=?13"
		  " WHERE" IS_NAME " AND (monitor=?9 OR monitor=0 OR ?9=0) AND open AND at<=?10",
	/* The alert itself never came: the station was offline (N07, remark). */
	[CLEARED] = "INSERT INTO alerts (" NAME ", monitor, open, cleared_at, at, times, event_id,"
		    " source, value, cause, transaction_id, tech_code, tech_info)"
		    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,0,?10,?10,0,?11,?12,?13,?14,?15,?16,?17)"
		    " ON CONFLICT DO NOTHING",
	[BASE] = "INSERT INTO device_state (depot, station, monitoring_base) VALUES (?1,?2,?3)"
		 " ON CONFLICT DO UPDATE SET monitoring_base=?3",
	[LEVEL] = "INSERT INTO device_state (depot, station, monitoring_level) VALUES (?1,?2,?3)"
		  " ON CONFLICT DO UPDATE SET monitoring_level=?3",
	[INVENTORY] = "INSERT INTO device_state (depot, station, inventory_of, inventory_outcome,"
		      " inventory_tries, inventory_at) VALUES (?1,?2,?3,?4,?5,?6)"
		      " ON CONFLICT DO UPDATE SET inventory_of=?3, inventory_outcome=?4,"
		      " inventory_tries=?5, inventory_at=?6",
	[JOB] = "INSERT OR REPLACE INTO jobs (depot, id, action, payload, why, actor, at, stations)"
		" VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
	[REFUSAL] = "INSERT OR REPLACE INTO job_refusals (depot, job, station, why)"
		    " VALUES (?1,?2,?3,?4)",
	[REMOVE_ALERTS] = "DELETE FROM alerts WHERE depot=?1 AND station=?2",
	[REMOVE_STATE] = "DELETE FROM device_state WHERE depot=?1 AND station=?2",
};

struct device {
	struct sql *sql;
	sqlite3_stmt *st[STATEMENTS];
};

static void *create(struct sql *s)
{
	struct device *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	for (int i = 0; i < STATEMENTS; i++) {
		p->st[i] = sql_prepare(s, texts[i]);
		if (!p->st[i]) {
			free(p);
			return NULL;
		}
	}
	return p;
}

static sqlite3_stmt *bind_station(
	struct device *p, enum statement which, const struct journal_entry *e)
{
	projection_bind_key(p->st[which], e);
	return p->st[which];
}

static sqlite3_stmt *bind_name(struct device *p, enum statement which,
	const struct journal_entry *e, const struct event_device_name *n)
{
	sqlite3_stmt *st = bind_station(p, which, e);

	sql_bind_text(st, 3, n->component);
	sql_bind_text(st, 4, n->component_instance ? n->component_instance : "");
	sqlite3_bind_int64(st, 5, n->has_evse ? n->evse : 0);
	sqlite3_bind_int64(st, 6, n->has_connector ? n->connector : 0);
	sql_bind_text(st, 7, n->variable);
	sql_bind_text(st, 8, n->variable_instance ? n->variable_instance : "");
	return st;
}

/* -- variables -------------------------------------------------------------------------------- */

static int put_value(struct device *p, const struct journal_entry *e,
	const struct event_device_name *n, const char *attribute, const char *value, wall_t at)
{
	sqlite3_stmt *st = bind_name(p, VALUE, e, n);

	sql_bind_text(st, 9, attribute);
	sql_bind_text(st, 10, value);
	sqlite3_bind_int64(st, 11, at.ms);
	sqlite3_bind_int64(st, 12, e->seq);
	return sql_run(p->sql, st);
}

static int drop_variable(
	struct device *p, const struct journal_entry *e, const struct event_device_name *n)
{
	return sql_run(p->sql, bind_name(p, DROP_VALUES, e, n)) < 0 ||
			       sql_run(p->sql, bind_name(p, DROP_CHARACTERISTICS, e, n)) < 0
		       ? -1
		       : 0;
}

static int put_pending(
	struct device *p, const struct journal_entry *e, const struct event_device_value *v)
{
	sqlite3_stmt *st = bind_name(p, PENDING, e, &v->of);

	sql_bind_text(st, 9, v->attribute);
	sql_bind_text(st, 10, v->value);
	return sql_run(p->sql, st);
}

static int put_answer(
	struct device *p, const struct journal_entry *e, const struct event_device_value *v)
{
	if (strcmp(v->status, "Accepted") == 0)
		return put_value(p, e, &v->of, v->attribute, v->value, e->at);
	if (strcmp(v->status, "RebootRequired") == 0)
		return put_pending(p, e, v);
	if (strcmp(v->status, "UnknownComponent") == 0 || strcmp(v->status, "UnknownVariable") == 0)
		return drop_variable(p, e, &v->of);
	return 0;
}

static int on_values(void *self, const struct journal_entry *e)
{
	const struct event_variables_read *r = e->payload; /* VariablesSet looks the same */

	for (size_t i = 0; i < r->values.count; i++)
		if (put_answer(self, e, &r->values.items[i]) < 0)
			return -1;
	return 0;
}
_Static_assert(sizeof(struct event_variables_read) == sizeof(struct event_variables_set),
	"one rule reads both");

/* -- monitors --------------------------------------------------------------------------------- */

static int on_monitors_set(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_monitors_set *r = e->payload;

	for (size_t i = 0; i < r->monitors.count; i++) {
		const struct event_device_monitor *m = &r->monitors.items[i];
		sqlite3_stmt *st;

		if (!m->has_id || strcmp(m->status, "Accepted") != 0)
			continue;
		st = bind_name(p, MONITOR, e, &m->of);
		sqlite3_bind_int64(st, 9, m->id);
		sql_bind_text(st, 10, m->type);
		sqlite3_bind_int64(st, 11, m->severity);
		sqlite3_bind_double(st, 12, m->value);
		sqlite3_bind_int64(st, 13, m->in_transaction);
		sqlite3_bind_int64(st, 14, e->at.ms);
		sqlite3_bind_int64(st, 15, e->seq);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

static int on_monitors_cleared(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_monitors_cleared *r = e->payload;

	for (size_t i = 0; i < r->ids.count; i++) {
		sqlite3_stmt *st = bind_station(p, DROP_MONITOR, e);

		sqlite3_bind_int64(st, 3, r->ids.items[i]);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

/* N03.FR.04, FR.05: all but All discards what was set before; what remains, a report tells. */
static int on_base(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_monitoring_base_set *b = e->payload;

	if (strcmp(b->base, "All") != 0 && sql_run(p->sql, bind_station(p, DROP_MONITORS, e)) < 0)
		return -1;
	sql_bind_text(bind_station(p, BASE, e), 3, b->base);
	return sql_run(p->sql, p->st[BASE]);
}

static int on_level(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_monitoring_level_set *l = e->payload;

	sqlite3_bind_int64(bind_station(p, LEVEL, e), 3, l->severity);
	return sql_run(p->sql, p->st[LEVEL]);
}

/* -- events of the station -------------------------------------------------------------------- */

static int put_alert(struct device *p, enum statement which, const struct journal_entry *e,
	const struct event_device_event *v)
{
	sqlite3_stmt *st = bind_name(p, which, e, &v->of);

	sqlite3_bind_int64(st, 9, v->has_monitor_id ? v->monitor_id : 0);
	sqlite3_bind_int64(st, 10, v->at.ms);
	sqlite3_bind_int64(st, 11, v->event_id);
	sql_bind_text(st, 12, v->source);
	sql_bind_text(st, 13, v->value);
	sql_bind_optional(st, 14, v->has_cause, v->cause);
	sql_bind_text(st, 15, v->transaction_id);
	sql_bind_text(st, 16, v->tech_code);
	sql_bind_text(st, 17, v->tech_info);
	return sql_run(p->sql, st);
}

/* Variables that say by themselves that something is wrong, whatever triggers their event (G05). */
static bool tells_problem(const struct event_device_event *v)
{
	return v->value && (strcasecmp(v->of.variable, "Problem") == 0 ||
				   strcasecmp(v->of.variable, "Tripped") == 0);
}

static int on_event(
	struct device *p, const struct journal_entry *e, const struct event_device_event *v)
{
	if (v->value && put_value(p, e, &v->of, "Actual", v->value, v->at) < 0)
		return -1;
	if (v->cleared || (tells_problem(v) && strcasecmp(v->value, "false") == 0))
		return put_alert(p, CLEAR, e, v) < 0 ? -1 : put_alert(p, CLEARED, e, v);
	if (strcmp(v->trigger, "Alerting") == 0 ||
		(tells_problem(v) && strcasecmp(v->value, "true") == 0))
		return put_alert(p, ALERT, e, v);
	return 0;
}

static int on_events(void *self, const struct journal_entry *e)
{
	const struct event_device_events *r = e->payload;

	for (size_t i = 0; i < r->events.count; i++)
		if (on_event(self, e, &r->events.items[i]) < 0)
			return -1;
	return 0;
}

/* -- the rest --------------------------------------------------------------------------------- */

static int on_display(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_display_changed *d = e->payload;
	sqlite3_stmt *st = bind_station(p, d->message ? DISPLAY : DROP_DISPLAY, e);

	sqlite3_bind_int64(st, 3, d->id);
	if (d->message) {
		sql_bind_text(st, 4, d->message);
		sqlite3_bind_int64(st, 5, e->at.ms);
		sqlite3_bind_int64(st, 6, e->seq);
	}
	return sql_run(p->sql, st);
}

/* O02.FR.02: a message of a transaction goes with it. */
static int on_transaction(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_transaction_reported *t = e->payload;
	sqlite3_stmt *st = p->st[END_DISPLAYS];

	if (strcmp(t->kind, "Ended") != 0)
		return 0;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, t->station_id);
	sql_bind_text(st, 3, t->transaction_id);
	return sql_run(p->sql, st);
}

static int on_inventory(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_inventory_taken *i = e->payload;
	sqlite3_stmt *st = bind_station(p, INVENTORY, e);

	sql_bind_text(st, 3, i->of);
	sql_bind_text(st, 4, i->outcome);
	sqlite3_bind_int64(st, 5, i->tries);
	sqlite3_bind_int64(st, 6, e->at.ms);
	return sql_run(p->sql, st);
}

/* The subject of the stream is the job here. */
static int on_job(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_job_started *j = e->payload;
	sqlite3_stmt *st = bind_station(p, JOB, e);

	sql_bind_text(st, 3, j->action);
	sql_bind_text(st, 4, j->payload);
	sql_bind_text(st, 5, j->why);
	sql_bind_text(st, 6, e->actor);
	sqlite3_bind_int64(st, 7, e->at.ms);
	sqlite3_bind_int64(st, 8, j->stations);
	if (sql_run(p->sql, st) < 0)
		return -1;
	for (size_t i = 0; i < j->refused.count; i++) {
		st = bind_station(p, REFUSAL, e);
		sql_bind_text(st, 3, j->refused.items[i].station);
		sql_bind_text(st, 4, j->refused.items[i].why);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

static int on_job_refused(void *self, const struct journal_entry *e)
{
	struct device *p = self;
	const struct event_job_refused *f = e->payload;
	sqlite3_stmt *st = bind_station(p, REFUSAL, e);

	sql_bind_text(st, 3, f->station);
	sql_bind_text(st, 4, f->why);
	return sql_run(p->sql, st);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct device *p = self;

	return sql_run(p->sql, bind_station(p, REMOVE_ALERTS, e)) < 0
		       ? -1
		       : sql_run(p->sql, bind_station(p, REMOVE_STATE, e));
}

const struct projection projection_device = {"device", create, free, NULL};

const struct projection_rule projection_device_rules[] = {
	{EVENT_VARIABLES_READ, &projection_device, on_values},
	{EVENT_VARIABLES_SET, &projection_device, on_values},
	{EVENT_MONITORS_SET, &projection_device, on_monitors_set},
	{EVENT_MONITORS_CLEARED, &projection_device, on_monitors_cleared},
	{EVENT_MONITORING_BASE_SET, &projection_device, on_base},
	{EVENT_MONITORING_LEVEL_SET, &projection_device, on_level},
	{EVENT_DISPLAY_CHANGED, &projection_device, on_display},
	{EVENT_DEVICE_EVENTS, &projection_device, on_events},
	{EVENT_TRANSACTION_REPORTED, &projection_device, on_transaction},
	{EVENT_INVENTORY_TAKEN, &projection_device, on_inventory},
	{EVENT_JOB_REFUSED, &projection_device, on_job_refused},
	{EVENT_JOB_STARTED, &projection_device, on_job},
	{EVENT_STATION_REMOVED, &projection_device, on_removed},
	{.type = -1},
};
