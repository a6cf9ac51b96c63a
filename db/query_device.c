#include "db/query_device.h"

#include "db/query.h"
#include "db/query_core.h"

#define NAME "component, component_instance, evse, connector, variable, variable_instance"
#define SAME(a, b)                                                                                 \
	" " a ".component=" b ".component AND " a ".component_instance=" b ".component_instance"   \
	" AND " a ".evse=" b ".evse AND " a ".connector=" b ".connector"                           \
	" AND " a ".variable=" b ".variable AND " a ".variable_instance=" b ".variable_instance"

static void bind_text(struct query *q, const char *value)
{
	q->binds[q->bind_count].is_text = true;
	q->binds[q->bind_count++].text = value;
}

static void page(struct query *q, int limit, int64_t after)
{
	query_limit(q, limit);
	text_printf(&q->text, " OFFSET %lld", (long long)after);
}

/* The result of a query that may have failed. */
#define FINISH(q, list, out)                                                                       \
	do {                                                                                       \
		if (query_finish(q) < 0)                                                           \
			return -1;                                                                 \
		*(out) = (list);                                                                   \
		return 0;                                                                          \
	} while (0)

int db_query_report_parts(struct db_reader *r, struct arena *a, struct db_report_part_list *out)
{
	struct query q;
	struct db_report_part_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, kind, request_id, seq_no, is_last, length(items)"
		" FROM report_parts WHERE depot=?1 ORDER BY station, kind, request_id, seq_no");
	while (query_next(&q)) {
		struct db_report_part *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->station = query_text(&q, 0);
		p->kind = query_text(&q, 1);
		p->request_id = query_int(&q, 2);
		p->seq_no = query_int(&q, 3);
		p->is_last = query_int(&q, 4);
		p->bytes = query_int(&q, 5);
	}
	FINISH(&q, list, out);
}

/* -- variables -------------------------------------------------------------------------------- */

#define VARIABLES                                                                                  \
	"SELECT v.station, v.component, v.component_instance, v.evse, v.connector, v.variable,"    \
	" v.variable_instance, v.attribute, v.value, v.previous, v.pending, v.mutability,"         \
	" v.persistent, v.constant, v.value_at, v.changed_at, c.data_type, c.unit, c.min_limit,"   \
	" c.max_limit, c.values_list, c.monitored FROM device_variables AS v"                      \
	" LEFT JOIN device_characteristics AS c ON c.depot=v.depot AND c.station=v.station"        \
	" AND" SAME("c", "v") " WHERE v.depot=?1"

static void read_variable(struct query *q, struct db_variable *v)
{
	int i = 0;
	v->station = query_text(q, i++);
	v->component = query_text(q, i++);
	v->component_instance = query_text(q, i++);
	v->evse = query_int(q, i++);
	v->connector = query_int(q, i++);
	v->variable = query_text(q, i++);
	v->variable_instance = query_text(q, i++);
	v->attribute = query_text(q, i++);
	v->value = query_text(q, i++);
	v->previous = query_text(q, i++);
	v->pending = query_text(q, i++);
	v->mutability = query_text(q, i++);
	v->persistent = query_int(q, i++);
	v->constant = query_int(q, i++);
	v->value_at = query_time(q, i++);
	v->changed_at = query_time(q, i++);
	v->data_type = query_text(q, i++);
	v->unit = query_text(q, i++);
	v->has_min_limit = !query_is_null(q, i);
	v->min_limit = sqlite3_column_double(q->st, i++);
	v->has_max_limit = !query_is_null(q, i);
	v->max_limit = sqlite3_column_double(q->st, i++);
	v->values_list = query_text(q, i++);
	v->monitored = query_int(q, i++);
}

static int read_variables(struct query *q, struct db_variable_list *out)
{
	struct db_variable_list list = {0};
	while (query_next(q)) {
		struct db_variable *v = QUERY_ITEM(q, &list);
		if (!v)
			break;
		read_variable(q, v);
	}
	FINISH(q, list, out);
}

int db_query_variables(struct db_reader *r, const struct db_variable_filter *f, struct arena *a,
	struct db_variable_list *out)
{
	struct query q;
	query_init(&q, r, &r->depot, a, true, VARIABLES);
	query_and_text(&q, "v.station=?", f->station);
	query_and_text(&q, "v.station IN (SELECT value FROM json_each(?))", f->within);
	query_and_text(&q, "v.component=?", f->component);
	query_and_text(&q, "v.variable=?", f->variable);
	query_and_text(&q,
		"instr(lower(v.component||' '||v.component_instance||' '||v.variable||' '"
		"||v.variable_instance||' '||ifnull(v.value, '')), lower(?))",
		f->text);
	query_and_int(&q, "v.changed_at>=?", f->changed.ms != 0, f->changed.ms);
	query_add(&q, " ORDER BY v.station, v.component, v.component_instance, v.evse,"
		      " v.connector, v.variable, v.variable_instance, v.attribute");
	page(&q, f->limit, f->after);
	return read_variables(&q, out);
}

int db_query_actual(struct db_reader *r, const char *const *variables, struct arena *a,
	struct db_variable_list *out)
{
	struct query q;
	/* Names are our own words: no value of theirs needs quoting. */
	query_init(&q, r, &r->depot, a, true,
		VARIABLES " AND v.attribute='Actual'"
			  " AND v.variable IN (''");
	for (int i = 0; variables[i]; i++)
		text_printf(&q.text, ",'%s'", variables[i]);
	query_add(&q, ")");
	return read_variables(&q, out);
}

/* -- two stations ----------------------------------------------------------------------------- */

static void read_difference(struct query *q, struct db_difference *d)
{
	d->component = query_text(q, 0);
	d->component_instance = query_text(q, 1);
	d->evse = query_int(q, 2);
	d->connector = query_int(q, 3);
	d->variable = query_text(q, 4);
	d->variable_instance = query_text(q, 5);
	d->attribute = query_text(q, 6);
	d->in_a = query_int(q, 7);
	d->a = query_text(q, 8);
	d->in_b = query_int(q, 9);
	d->b = query_text(q, 10);
}

int db_query_compare(struct db_reader *r, const char *a, const char *b, bool all, int64_t after,
	int limit, struct arena *arena, struct db_difference_list *out)
{
	struct query q;
	struct db_difference_list list = {0};
	query_init(&q, r, &r->depot, arena, true,
		"WITH x AS (SELECT * FROM device_variables WHERE depot=?1 AND station=?2),"
		" y AS (SELECT * FROM device_variables WHERE depot=?1 AND station=?3),"
		" both AS (SELECT x.component, x.component_instance, x.evse, x.connector,"
		" x.variable, x.variable_instance, x.attribute, 1 AS in_a, x.value AS a,"
		" y.attribute IS NOT NULL AS in_b, y.value AS b FROM x LEFT JOIN y ON" SAME("x",
			"y") " AND x.attribute=y.attribute"
			     " UNION ALL SELECT y.component, y.component_instance, y.evse,"
			     " y.connector, y.variable, y.variable_instance, y.attribute, 0, NULL,"
			     " 1, y.value FROM y LEFT JOIN x ON" SAME("x",
				     "y") " AND x.attribute=y.attribute WHERE x.attribute IS NULL)"
					  " SELECT * FROM both WHERE 1");
	bind_text(&q, a);
	bind_text(&q, b);
	if (!all)
		query_add(&q, " AND (a IS NOT b OR in_a<>in_b)");
	query_add(&q, " ORDER BY " NAME ", attribute");
	page(&q, limit, after);
	while (query_next(&q)) {
		struct db_difference *d = QUERY_ITEM(&q, &list);
		if (!d)
			break;
		read_difference(&q, d);
	}
	FINISH(&q, list, out);
}

/* -- monitors, alerts ------------------------------------------------------------------------- */

int db_query_monitors(
	struct db_reader *r, const char *station, struct arena *a, struct db_monitor_list *out)
{
	struct query q;
	struct db_monitor_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, " NAME ", type, severity, value, in_transaction, at"
		" FROM device_monitors WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY id LIMIT 10000");
	while (query_next(&q)) {
		struct db_monitor *m = QUERY_ITEM(&q, &list);
		if (!m)
			break;
		m->id = query_int(&q, 0);
		m->component = query_text(&q, 1);
		m->component_instance = query_text(&q, 2);
		m->evse = query_int(&q, 3);
		m->connector = query_int(&q, 4);
		m->variable = query_text(&q, 5);
		m->variable_instance = query_text(&q, 6);
		m->type = query_text(&q, 7);
		m->severity = query_int(&q, 8);
		m->value = sqlite3_column_double(q.st, 9);
		m->in_transaction = query_int(&q, 10);
		m->at = query_time(&q, 11);
	}
	FINISH(&q, list, out);
}

static void read_alert(struct query *q, struct db_alert *v)
{
	int i = 0;
	v->station = query_text(q, i++);
	v->component = query_text(q, i++);
	v->component_instance = query_text(q, i++);
	v->evse = query_int(q, i++);
	v->connector = query_int(q, i++);
	v->variable = query_text(q, i++);
	v->variable_instance = query_text(q, i++);
	v->monitor = query_int(q, i++);
	v->is_open = query_int(q, i++);
	v->opened_at = query_time(q, i++);
	v->cleared_at = query_time(q, i++);
	v->at = query_time(q, i++);
	v->times = query_int(q, i++);
	v->event_id = query_int(q, i++);
	v->source = query_text(q, i++);
	v->value = query_text(q, i++);
	v->cause = query_int(q, i++);
	v->transaction_id = query_text(q, i++);
	v->tech_code = query_text(q, i++);
	v->tech_info = query_text(q, i++);
	v->severity = query_is_null(q, i) ? -1 : query_int(q, i);
}

int db_query_alerts(struct db_reader *r, const char *station, bool only_open, int limit,
	struct arena *a, struct db_alert_list *out)
{
	struct query q;
	struct db_alert_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, " NAME ", monitor, open, opened_at, cleared_at, at, times,"
		" event_id, source, value, cause, transaction_id, tech_code, tech_info, severity"
		" FROM alerts WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	if (only_open)
		query_add(&q, " AND open");
	query_add(&q, " ORDER BY at DESC, " NAME ", monitor");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_alert *v = QUERY_ITEM(&q, &list);
		if (!v)
			break;
		read_alert(&q, v);
	}
	FINISH(&q, list, out);
}

/* -- displays, profiles, customers ------------------------------------------------------------ */

int db_query_displays(
	struct db_reader *r, const char *station, struct arena *a, struct db_display_list *out)
{
	struct query q;
	struct db_display_list list = {0};
	query_init(
		&q, r, &r->depot, a, true, "SELECT id, message, at FROM displays WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY id LIMIT 10000");
	while (query_next(&q)) {
		struct db_display *d = QUERY_ITEM(&q, &list);
		if (!d)
			break;
		d->id = query_int(&q, 0);
		d->message = query_text(&q, 1);
		d->at = query_time(&q, 2);
	}
	FINISH(&q, list, out);
}

int db_query_charging_profiles(struct db_reader *r, const char *station, struct arena *a,
	struct db_charging_profile_list *out)
{
	struct query q;
	struct db_charging_profile_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, id, evse, purpose, stack_level, transaction_id, source, profile,"
		" at FROM charging_profiles WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY station, evse, purpose, stack_level DESC, id");
	while (query_next(&q)) {
		struct db_charging_profile *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->station = query_text(&q, 0);
		p->id = query_int(&q, 1);
		p->evse = query_int(&q, 2);
		p->purpose = query_text(&q, 3);
		p->stack_level = query_int(&q, 4);
		p->transaction_id = query_text(&q, 5);
		p->source = query_text(&q, 6);
		p->profile = query_text(&q, 7);
		p->at = query_time(&q, 8);
	}
	FINISH(&q, list, out);
}

int db_query_customer_reports(struct db_reader *r, const char *station, int limit, struct arena *a,
	struct db_customer_report_list *out)
{
	struct query q;
	struct db_customer_report_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT request_id, data, at FROM customer_reports WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY at DESC, request_id");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_customer_report *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		c->request_id = query_int(&q, 0);
		c->data = query_text(&q, 1);
		c->at = query_time(&q, 2);
	}
	FINISH(&q, list, out);
}

int db_query_device_states(
	struct db_reader *r, const char *station, struct arena *a, struct db_device_state_list *out)
{
	struct query q;
	struct db_device_state_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, monitoring_base, monitoring_level, inventory_of,"
		" inventory_outcome, inventory_tries, inventory_at FROM device_state"
		" WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY station");
	while (query_next(&q)) {
		struct db_device_state *s = QUERY_ITEM(&q, &list);
		if (!s)
			break;
		s->station = query_text(&q, 0);
		s->monitoring_base = query_text(&q, 1);
		s->monitoring_level = query_is_null(&q, 2) ? -1 : query_int(&q, 2);
		s->inventory_of = query_text(&q, 3);
		s->inventory_outcome = query_text(&q, 4);
		s->inventory_tries = query_int(&q, 5);
		s->inventory_at = query_time(&q, 6);
	}
	FINISH(&q, list, out);
}

static int add_refusals(struct db_reader *r, struct arena *a, struct db_job *j)
{
	struct query q;
	query_init(
		&q, r, &r->depot, a, true, "SELECT station, why FROM job_refusals WHERE depot=?1");
	query_and_text(&q, "job=?", j->id);
	query_add(&q, " ORDER BY station");
	while (query_next(&q)) {
		struct db_job_refusal *f = query_item(
			&q, (void **)&j->refusals, &j->refusal_count, sizeof *j->refusals);
		if (!f)
			break;
		f->station = query_text(&q, 0);
		f->why = query_text(&q, 1);
	}
	return query_finish(&q);
}

int db_query_job(struct db_reader *r, const char *id, struct arena *a, struct db_job **out)
{
	struct query q;
	struct db_job *j = NULL;
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, action, payload, why, actor, at, stations FROM jobs WHERE depot=?1");
	query_and_text(&q, "id=?", id);
	if (query_next(&q) && (j = arena_alloc(a, sizeof *j))) {
		j->id = query_text(&q, 0);
		j->action = query_text(&q, 1);
		j->payload = query_text(&q, 2);
		j->why = query_text(&q, 3);
		j->actor = query_text(&q, 4);
		j->at = query_time(&q, 5);
		j->stations = query_int(&q, 6);
	}
	if (query_finish(&q) < 0 || (j && add_refusals(r, a, j) < 0))
		return -1;
	*out = j;
	return 0;
}
