/*
 * Reports that come in parts: staged part by part, put in force when complete (rule 21).
 *
 * Complete means the last part is there and all before it, from number 0 on. Then, in the same
 * transaction, what the report says is written to the tables of its kind; if all of that kind was
 * asked for, what it leaves out goes. A report that is settled without its first parts only adds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/projection.h"
#include "gen/event.h"
#include "schemas/text.h"

#define REPORTS_KEPT "50" /* ended reports that are remembered, of a station and kind */

enum statement {
	READ,
	BEGIN,
	CLEAR,
	SAME_FIRST,
	ADD,
	COUNT,
	END,
	FORGET,
	WANT_ALL,
	TEXTS,
	STATEMENTS
};

/* ?1 to ?4 are the report: depot, station, kind, request id. */
#define REPORT    " depot=?1 AND station=?2 AND kind=?3 AND request_id=?4"
#define OF_REPORT " p.depot=?1 AND p.station=?2 AND p.kind=?3 AND p.request_id=?4"
#define PARTS     " FROM report_parts AS p, json_each(p.items) AS i"

static const char *const texts[STATEMENTS] = {
	[READ] = "SELECT state, last_part FROM reports WHERE" REPORT,
	[BEGIN] = "INSERT OR REPLACE INTO reports (depot, station, kind, request_id, state, parts,"
		  " replaced, began_at) VALUES (?1,?2,?3,?4,'staging',0,0,?5)",
	[CLEAR] = "DELETE FROM report_parts WHERE" REPORT,
	[SAME_FIRST] = "SELECT items=?5 FROM report_parts WHERE" REPORT " AND seq_no=0",
	[ADD] = "INSERT OR REPLACE INTO report_parts (depot, station, kind, request_id, seq_no,"
		" is_last, replaces, at, items) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
	/* parts; the last one's number; those up to it */
	[COUNT] = "WITH p AS (SELECT seq_no, is_last FROM report_parts WHERE" REPORT "),"
		  " l AS (SELECT max(seq_no) AS n FROM p WHERE is_last)"
		  " SELECT count(*), l.n, sum(seq_no<=l.n AND seq_no>=0) FROM p, l",
	[END] = "UPDATE reports SET state=?5, parts=?6, last_part=?7, replaced=?8, ended_at=?9,"
		" ended_seq=?10 WHERE" REPORT,
	[FORGET] = "DELETE FROM reports WHERE depot=?1 AND station=?2 AND kind=?3 AND ended_seq<="
		   "(SELECT ended_seq FROM reports WHERE depot=?1 AND station=?2 AND kind=?3"
		   " AND ended_seq IS NOT NULL ORDER BY ended_seq DESC LIMIT 1 OFFSET " REPORTS_KEPT
		   ")",
	[WANT_ALL] = "SELECT max(replaces) FROM report_parts WHERE" REPORT,
	[TEXTS] = "SELECT i.value" PARTS " WHERE" OF_REPORT " ORDER BY p.seq_no, i.key",
};

/* -- what complete reports say, by kind -------------------------------------------------------- */

/* The name of a variable, of the JSON object `o`. */
#define NAME(o)                                                                                    \
	" json_extract(" o ", '$.component.name'),"                                                \
	" ifnull(json_extract(" o ", '$.component.instance'), ''),"                                \
	" ifnull(json_extract(" o ", '$.component.evse.id'), 0),"                                  \
	" ifnull(json_extract(" o ", '$.component.evse.connectorId'), 0),"                         \
	" json_extract(" o ", '$.variable.name'),"                                                 \
	" ifnull(json_extract(" o ", '$.variable.instance'), '')"
#define NAME_COLUMNS                                                                               \
	" depot, station, component, component_instance, evse, connector, variable,"               \
	" variable_instance"

static const char variables[] =
	"INSERT INTO device_variables (" NAME_COLUMNS ", attribute, value, mutability,"
	" persistent, constant, value_at, source_seq) SELECT ?1, ?2," NAME(
		"i.value") ", ifnull(json_extract(a.value, '$.type'), 'Actual'), json_extract(a.value, '$.value'),"
			   " ifnull(json_extract(a.value, '$.mutability'), 'ReadWrite'),"
			   " ifnull(json_extract(a.value, '$.persistent'), 0),"
			   " ifnull(json_extract(a.value, '$.constant'), 0), p.at, ?5" PARTS
			   ", json_each(i.value, '$.variableAttribute') AS a WHERE" OF_REPORT
			   " ORDER BY p.seq_no, i.key, a.key ON CONFLICT DO UPDATE SET"
			   " previous=CASE WHEN value IS NOT excluded.value THEN value ELSE previous END,"
			   " changed_at=CASE WHEN value IS NOT excluded.value THEN excluded.value_at"
			   "  ELSE changed_at END,"
			   " value=excluded.value, mutability=excluded.mutability, persistent=excluded.persistent,"
			   " constant=excluded.constant, pending=NULL, value_at=excluded.value_at, source_seq=?5";

static const char characteristics[] =
	"INSERT OR REPLACE INTO device_characteristics (" NAME_COLUMNS ", data_type, unit,"
	" min_limit, max_limit, values_list, monitored, source_seq) SELECT ?1, ?2," NAME(
		"i.value") ", json_extract(i.value, '$.variableCharacteristics.dataType'),"
			   " json_extract(i.value, '$.variableCharacteristics.unit'),"
			   " json_extract(i.value, '$.variableCharacteristics.minLimit'),"
			   " json_extract(i.value, '$.variableCharacteristics.maxLimit'),"
			   " json_extract(i.value, '$.variableCharacteristics.valuesList'),"
			   " json_extract(i.value, '$.variableCharacteristics.supportsMonitoring'), ?5" PARTS
			   " WHERE" OF_REPORT
			   " AND json_type(i.value, '$.variableCharacteristics') IS NOT NULL"
			   " ORDER BY p.seq_no, i.key";

static const char monitors[] =
	"INSERT OR REPLACE INTO device_monitors (" NAME_COLUMNS ", id, type, severity, value,"
	" in_transaction, at, source_seq) SELECT ?1, ?2," NAME(
		"i.value") ", json_extract(m.value, '$.id'), json_extract(m.value, '$.type'),"
			   " json_extract(m.value, '$.severity'), json_extract(m.value, '$.value'),"
			   " json_extract(m.value, '$.transaction'), p.at, ?5" PARTS
			   ", json_each(i.value, '$.variableMonitoring') AS m WHERE" OF_REPORT
			   " ORDER BY p.seq_no, i.key, m.key";

static const char displays[] =
	"INSERT OR REPLACE INTO displays (depot, station, id, message, at, source_seq)"
	" SELECT ?1, ?2, json_extract(i.value, '$.id'), i.value, p.at, ?5" PARTS " WHERE" OF_REPORT
	" ORDER BY p.seq_no, i.key";

static const char profiles[] =
	"INSERT INTO charging_profiles (depot, station, id, evse, purpose, stack_level,"
	" transaction_id, source, profile, at, source_seq) SELECT ?1, ?2,"
	" json_extract(i.value, '$.chargingProfile.id'), json_extract(i.value, '$.evseId'),"
	" json_extract(i.value, '$.chargingProfile.chargingProfilePurpose'),"
	" json_extract(i.value, '$.chargingProfile.stackLevel'),"
	" json_extract(i.value, '$.chargingProfile.transactionId'),"
	" json_extract(i.value, '$.chargingLimitSource'),"
	" json_extract(i.value, '$.chargingProfile'), p.at, ?5" PARTS " WHERE" OF_REPORT
	" ORDER BY p.seq_no, i.key ON CONFLICT DO UPDATE SET evse=excluded.evse,"
	" purpose=excluded.purpose, stack_level=excluded.stack_level,"
	" transaction_id=excluded.transaction_id, source=excluded.source,"
	" profile=excluded.profile, at=excluded.at, source_seq=?5";

#define DROP_OLD(table) "DELETE FROM " table " WHERE depot=?1 AND station=?2 AND source_seq<>?5"

#define STEPS_MAX 2
static const struct {
	const char *put[STEPS_MAX], *drop[STEPS_MAX]; /* drop: when all was asked for */
} kinds[] = {
	[EVENT_REPORT_KIND_INVENTORY] = {{variables, characteristics},
		{DROP_OLD("device_variables"), DROP_OLD("device_characteristics")}},
	[EVENT_REPORT_KIND_MONITORING] = {{monitors}, {DROP_OLD("device_monitors")}},
	[EVENT_REPORT_KIND_DISPLAYS] = {{displays}, {DROP_OLD("displays")}},
	[EVENT_REPORT_KIND_PROFILES] = {{profiles}, {DROP_OLD("charging_profiles")}},
	[EVENT_REPORT_KIND_CUSTOMER] = {{NULL}, {NULL}}, /* put_customer() */
};
#define KINDS (sizeof kinds / sizeof *kinds)

static const char customer[] = "INSERT OR REPLACE INTO customer_reports (depot, station,"
			       " request_id, data, at, source_seq) VALUES (?1,?2,?3,?4,?5,?6)";

static const char *const station_tables[] = {"reports", "report_parts", "device_variables",
	"device_characteristics", "device_monitors", "displays", "charging_profiles",
	"customer_reports"};
#define STATION_TABLES (sizeof station_tables / sizeof *station_tables)

struct reports {
	struct sql *sql;
	sqlite3_stmt *st[STATEMENTS], *put[KINDS][STEPS_MAX], *drop[KINDS][STEPS_MAX];
	sqlite3_stmt *customer, *remove[STATION_TABLES];
};

/* The report that an event is about, and how far it is. */
struct report {
	const struct journal_entry *event;
	const char *kind;
	int64_t request_id;
	bool is_staging, is_known; /* known: it was complete already, up to `last` */
	int64_t parts, last, so_far; /* last -1: not there yet; so_far: parts up to it */
};

static int prepare(struct reports *p)
{
	char text[120];
	int bad = 0;

	for (int i = 0; i < STATEMENTS; i++)
		bad |= !(p->st[i] = sql_prepare(p->sql, texts[i]));
	for (size_t k = 0; k < KINDS; k++)
		for (int i = 0; i < STEPS_MAX && kinds[k].put[i]; i++) {
			bad |= !(p->put[k][i] = sql_prepare(p->sql, kinds[k].put[i]));
			bad |= !(p->drop[k][i] = sql_prepare(p->sql, kinds[k].drop[i]));
		}
	for (size_t i = 0; i < STATION_TABLES; i++) {
		snprintf(text, sizeof text, "DELETE FROM %s WHERE depot=?1 AND station=?2",
			station_tables[i]);
		bad |= !(p->remove[i] = sql_prepare(p->sql, text));
	}
	bad |= !(p->customer = sql_prepare(p->sql, customer));
	return bad ? -1 : 0;
}

static void *create(struct sql *s)
{
	struct reports *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	if (prepare(p) == 0)
		return p;
	free(p);
	return NULL;
}

static sqlite3_stmt *bind(sqlite3_stmt *st, const struct report *r)
{
	sql_bind_text(st, 1, r->event->depot);
	sql_bind_text(st, 2, projection_subject(r->event));
	sql_bind_text(st, 3, r->kind);
	sqlite3_bind_int64(st, 4, r->request_id);
	return st;
}

static int run(struct reports *p, enum statement which, const struct report *r)
{
	return sql_run(p->sql, bind(p->st[which], r));
}

/* -- state ------------------------------------------------------------------------------------ */

static int read_state(struct reports *p, struct report *r)
{
	sqlite3_stmt *st = bind(p->st[READ], r);
	int rc = sql_step(p->sql, st);
	const char *state;

	r->last = -1;
	if (rc > 0) {
		state = (const char *)sqlite3_column_text(st, 0);
		r->is_staging = strcmp(state, "staging") == 0;
		r->is_known = strcmp(state, "complete") == 0 || strcmp(state, "settled") == 0;
		if (r->is_known)
			r->last = sqlite3_column_int64(st, 1);
		sqlite3_reset(st);
	}
	return rc < 0 ? -1 : 0;
}

static int count_parts(struct reports *p, struct report *r)
{
	sqlite3_stmt *st = bind(p->st[COUNT], r);
	int rc = sql_step(p->sql, st);

	if (rc > 0) {
		r->parts = sqlite3_column_int64(st, 0);
		r->last = sqlite3_column_type(st, 1) == SQLITE_NULL ? -1
								    : sqlite3_column_int64(st, 1);
		r->so_far = sqlite3_column_int64(st, 2);
		sqlite3_reset(st);
	}
	return rc < 0 ? -1 : 0;
}

static int begin(struct reports *p, const struct report *r)
{
	sqlite3_bind_int64(p->st[BEGIN], 5, r->event->at.ms);
	return run(p, CLEAR, r) < 0 || run(p, BEGIN, r) < 0 ? -1 : 0;
}

/* Number 0 again with other words: a new report under an old number. */
static int begins_anew(struct reports *p, const struct report *r, const char *items)
{
	sqlite3_stmt *st = bind(p->st[SAME_FIRST], r);
	int rc, anew = 0;

	sql_bind_text(st, 5, items);
	rc = sql_step(p->sql, st);
	if (rc > 0) {
		anew = !sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return rc < 0 ? -1 : anew;
}

static int add_part(struct reports *p, const struct report *r, int64_t seq_no,
	const struct event_report_part *part)
{
	sqlite3_stmt *st = p->st[ADD];

	sqlite3_bind_int64(st, 5, seq_no);
	sqlite3_bind_int64(st, 6, part->is_last);
	sqlite3_bind_int64(st, 7, part->replaces);
	sqlite3_bind_int64(st, 8, r->event->at.ms);
	sql_bind_text(st, 9, part->items);
	return run(p, ADD, r);
}

/* -- in force --------------------------------------------------------------------------------- */

static int put_customer(struct reports *p, const struct report *r)
{
	sqlite3_stmt *st = bind(p->st[TEXTS], r);
	struct text t;
	int rc;

	text_init(&t, 0);
	while ((rc = sql_step(p->sql, st)) > 0)
		text_put(&t, (const char *)sqlite3_column_text(st, 0),
			(size_t)sqlite3_column_bytes(st, 0));
	if (rc == 0 && text_ok(&t)) {
		sql_bind_text(p->customer, 1, r->event->depot);
		sql_bind_text(p->customer, 2, projection_subject(r->event));
		sqlite3_bind_int64(p->customer, 3, r->request_id);
		sql_bind_text(p->customer, 4, t.data ? t.data : "");
		sqlite3_bind_int64(p->customer, 5, r->event->at.ms);
		sqlite3_bind_int64(p->customer, 6, r->event->seq);
		rc = sql_run(p->sql, p->customer);
	} else {
		rc = -1;
	}
	text_finish(&t);
	return rc;
}

static int put(struct reports *p, const struct report *r, enum event_report_kind kind, bool replace)
{
	for (int i = 0; i < STEPS_MAX && p->put[kind][i]; i++) {
		sqlite3_bind_int64(p->put[kind][i], 5, r->event->seq);
		if (sql_run(p->sql, bind(p->put[kind][i], r)) < 0)
			return -1;
	}
	for (int i = 0; replace && i < STEPS_MAX && p->drop[kind][i]; i++) {
		sqlite3_bind_int64(p->drop[kind][i], 5, r->event->seq);
		if (sql_run(p->sql, bind(p->drop[kind][i], r)) < 0)
			return -1;
	}
	return kind == EVENT_REPORT_KIND_CUSTOMER ? put_customer(p, r) : 0;
}

static int end(struct reports *p, const struct report *r, const char *state, bool replaced)
{
	sqlite3_stmt *st = p->st[END];

	sql_bind_text(st, 5, state);
	sqlite3_bind_int64(st, 6, r->parts);
	sql_bind_optional(st, 7, r->last >= 0, r->last);
	sqlite3_bind_int64(st, 8, replaced);
	sqlite3_bind_int64(st, 9, r->event->at.ms);
	sqlite3_bind_int64(st, 10, r->event->seq);
	return run(p, END, r) < 0 || run(p, CLEAR, r) < 0 || run(p, FORGET, r) < 0 ? -1 : 0;
}

static int complete(struct reports *p, const struct report *r, enum event_report_kind kind)
{
	sqlite3_stmt *st = bind(p->st[WANT_ALL], r);
	int rc = sql_step(p->sql, st);
	bool all = rc > 0 && sqlite3_column_int64(st, 0);

	if (rc > 0)
		sqlite3_reset(st);
	return rc < 0 || put(p, r, kind, all) < 0 ? -1 : end(p, r, "complete", all);
}

/* -- events ----------------------------------------------------------------------------------- */

static int on_part(void *self, const struct journal_entry *e)
{
	struct reports *p = self;
	const struct event_report_part *part = e->payload;
	struct report r = {.event = e,
		.kind = event_report_kind_enum.values[part->kind],
		.request_id = part->request_id};
	int rc;

	if (read_state(p, &r) < 0)
		return -1;
	if (r.is_known && part->has_seq_no && part->seq_no > 0 && part->seq_no <= r.last)
		return 0; /* its answer was lost; the report is in force */
	rc = r.is_staging && part->has_seq_no && part->seq_no == 0 ? begins_anew(p, &r, part->items)
								   : !r.is_staging;
	if (rc < 0 || (rc && begin(p, &r) < 0) || count_parts(p, &r) < 0)
		return -1;
	if (add_part(p, &r, part->has_seq_no ? part->seq_no : r.parts, part) < 0 ||
		count_parts(p, &r) < 0)
		return -1;
	return r.last >= 0 && r.so_far == r.last + 1 ? complete(p, &r, part->kind) : 0;
}

static int on_ended(void *self, const struct journal_entry *e)
{
	struct reports *p = self;
	const struct event_report_ended *x = e->payload;
	struct report r = {.event = e,
		.kind = event_report_kind_enum.values[x->kind],
		.request_id = x->request_id};

	if (read_state(p, &r) < 0)
		return -1;
	if (!r.is_staging)
		return 0;
	if (count_parts(p, &r) < 0)
		return -1;
	if (x->outcome == EVENT_REPORT_OUTCOME_SETTLED && put(p, &r, x->kind, false) < 0)
		return -1;
	return end(p, &r, event_report_outcome_enum.values[x->outcome], false);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct reports *p = self;

	for (size_t i = 0; i < STATION_TABLES; i++) {
		projection_bind_key(p->remove[i], e);
		if (sql_run(p->sql, p->remove[i]) < 0)
			return -1;
	}
	return 0;
}

const struct projection projection_report = {"report", create, free, NULL};

const struct projection_rule projection_report_rules[] = {
	{EVENT_REPORT_PART, &projection_report, on_part},
	{EVENT_REPORT_ENDED, &projection_report, on_ended},
	{EVENT_STATION_REMOVED, &projection_report, on_removed},
	{.type = -1},
};
