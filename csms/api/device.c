/* The device model of stations, as it is stored: variables, monitors, alerts, displays. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/scope.h"
#include "db/query_device.h"
#include "db/query.h"

#define PAGE     500
#define PAGE_MAX 10000

/* What one request looks up; the handler says which. */
struct query {
	const char *station;
	struct db_variable_filter filter;
	const char *a, *b;
	bool all, only_open;
	int64_t after, limit;
	struct db_variable_list variables;
	struct db_difference_list differences;
	struct db_monitor_list monitors;
	struct db_alert_list alerts;
	struct db_display_list displays;
	struct db_customer_report_list customers;
	struct db_device_state_list states;
	const char *error;
};

static struct query *query_of(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	if (q == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	else
		q->limit = PAGE;
	k->state = q;
	return q;
}

/* The station of the path; NULL after 404. */
static const char *station_of(struct ask *k)
{
	const struct station *s = fleet_station(&k->api->core->fleet, k->match.param[0]);

	if (s == NULL)
		ask_problem(k, 404, NULL, "there is no station \"%.48s\"", k->match.param[0]);
	return s != NULL ? arena_strdup(k->arena, s->id) : NULL;
}

/* A reader's outcome. */
static void check(struct db_reader *r, struct ask *k, int rc)
{
	struct query *q = k->state;

	if (rc != 0 && q->error == NULL)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

/* Room for the answer's items, or NULL after the answer was given. */
static void *room(struct ask *k, size_t count, size_t size)
{
	const struct query *q = k->state;
	void *items = q->error == NULL ? arena_alloc(k->arena, count * size + 1) : NULL;

	if (items == NULL)
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
	return items;
}

static const char *given(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

/* Fields that the views of all kinds share: the name of a variable. */
#define COPY_NAME(out, v)                                                                          \
	do {                                                                                       \
		(out)->component = (v)->component;                                                 \
		(out)->component_instance = given((v)->component_instance);                        \
		(out)->has_evse = (v)->evse != 0;                                                  \
		(out)->evse = (v)->evse;                                                           \
		(out)->has_connector = (v)->connector != 0;                                        \
		(out)->connector = (v)->connector;                                                 \
		(out)->variable = (v)->variable;                                                   \
		(out)->variable_instance = given((v)->variable_instance);                          \
	} while (0)

/* -- variables -------------------------------------------------------------------------------- */

static void variables_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k, db_query_variables(r, &q->filter, k->arena, &q->variables));
	if (q->filter.station != NULL)
		check(r, k, db_query_device_states(r, q->filter.station, k->arena, &q->states));
}

static void view_variable(const struct db_variable *v, struct api_device_variable *out)
{
	*out = (struct api_device_variable){
		.station = v->station,
		.attribute = v->attribute,
		.value = v->value,
		.previous = v->changed_at.ms != 0 ? v->previous : NULL,
		.pending = v->pending,
		.mutability = v->mutability,
		.persistent = v->persistent,
		.constant = v->constant,
		.has_at = v->value_at.ms != 0,
		.at = v->value_at,
		.has_changed_at = v->changed_at.ms != 0,
		.changed_at = v->changed_at,
		.data_type = v->data_type,
		.unit = v->unit,
		.has_min_limit = v->has_min_limit,
		.min_limit = v->min_limit,
		.has_max_limit = v->has_max_limit,
		.max_limit = v->max_limit,
		.values = v->values_list,
		.monitored = v->monitored,
	};
	COPY_NAME(out, v);
}

static void variables_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->variables.count;
	struct api_device_variable *items = room(k, n, sizeof(*items));
	struct api_device_variable_list list = {.variables = {n, items}};

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		view_variable(&q->variables.items[i], &items[i]);
	if (q->states.count > 0 && q->states.items[0].inventory_outcome != NULL) {
		list.inventory = q->states.items[0].inventory_outcome;
		list.has_inventory_at = true;
		list.inventory_at = q->states.items[0].inventory_at;
	}
	list.has_next = (int64_t)n == q->limit;
	list.next = q->after + (int64_t)n;
	ask_reply(k, 200, &api_device_variable_list_type, &list);
}

static void find(struct ask *k, const char *station)
{
	struct query *q = query_of(k);

	if (q == NULL || !ask_int(k, "limit", 1, PAGE_MAX, &q->limit) ||
		!ask_int(k, "after", 0, INT32_MAX, &q->after) ||
		!ask_time(k, "changed", &q->filter.changed))
		return;
	q->filter.station = station;
	q->filter.within = scope_stations(&(struct scope){k->api->core, &k->who}, k->arena);
	q->filter.component = ask_query(k, "component");
	q->filter.variable = ask_query(k, "variable");
	q->filter.text = ask_query(k, "text");
	q->filter.after = q->after;
	q->filter.limit = (int)q->limit;
	ask_read(k, variables_work, variables_finish);
}

void device_variables(struct ask *k)
{
	const char *station = station_of(k);

	if (station != NULL)
		find(k, station);
}

void variables_find(struct ask *k)
{
	find(k, NULL);
}

/* -- two stations ----------------------------------------------------------------------------- */

static void compare_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k,
		db_query_compare(
			r, q->a, q->b, q->all, q->after, (int)q->limit, k->arena, &q->differences));
}

static void compare_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->differences.count;
	struct api_difference *items = room(k, n, sizeof(*items));
	struct api_comparison out = {.a = q->a, .b = q->b, .differences = {n, items}};

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct db_difference *d = &q->differences.items[i];

		items[i] = (struct api_difference){.attribute = d->attribute,
			.in_a = d->in_a,
			.in_b = d->in_b,
			.a = d->a,
			.b = d->b};
		COPY_NAME(&items[i], d);
	}
	out.has_next = (int64_t)n == q->limit;
	out.next = q->after + (int64_t)n;
	ask_reply(k, 200, &api_comparison_type, &out);
}

/* The station of that name in the query; NULL after the answer. */
static const char *named(struct ask *k, const char *name)
{
	const char *id = ask_query(k, name);

	if (id == NULL) {
		ask_problem(k, 400, name, "name two stations: ?a=CP-1&b=CP-2");
		return NULL;
	}
	if (fleet_station(&k->api->core->fleet, id) == NULL) {
		ask_problem(k, 404, name, "there is no station \"%.48s\"", id);
		return NULL;
	}
	return ask_station(k, id);
}

void compare_get(struct ask *k)
{
	struct query *q = query_of(k);
	const char *first, *second;
	int64_t all = 0;

	/* Not into q at once: where one is missing, the ask was answered, and q is gone with it. */
	if (q == NULL || !(first = named(k, "a")) || !(second = named(k, "b")) ||
		!ask_int(k, "all", 0, 1, &all) || !ask_int(k, "limit", 1, PAGE_MAX, &q->limit) ||
		!ask_int(k, "after", 0, INT32_MAX, &q->after))
		return;
	q->a = first;
	q->b = second;
	q->all = all;
	ask_read(k, compare_work, compare_finish);
}

/* -- monitors --------------------------------------------------------------------------------- */

static void monitors_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k, db_query_monitors(r, q->station, k->arena, &q->monitors));
	check(r, k, db_query_device_states(r, q->station, k->arena, &q->states));
}

static void monitors_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->monitors.count;
	struct api_device_monitor *items = room(k, n, sizeof(*items));
	struct api_device_monitor_list list = {.monitors = {n, items}};

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct db_monitor *m = &q->monitors.items[i];

		items[i] = (struct api_device_monitor){.id = m->id,
			.type = m->type,
			.severity = m->severity,
			.value = m->value,
			.transaction = m->in_transaction,
			.at = m->at};
		COPY_NAME(&items[i], m);
	}
	if (q->states.count > 0) {
		list.base = q->states.items[0].monitoring_base;
		list.has_level = q->states.items[0].monitoring_level >= 0;
		list.level = q->states.items[0].monitoring_level;
	}
	ask_reply(k, 200, &api_device_monitor_list_type, &list);
}

void device_monitors(struct ask *k)
{
	const char *station = station_of(k);
	struct query *q = station != NULL ? query_of(k) : NULL;

	if (q == NULL)
		return;
	q->station = station;
	ask_read(k, monitors_work, monitors_finish);
}

/* -- alerts ----------------------------------------------------------------------------------- */

static void alerts_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k,
		db_query_alerts(r, q->station, q->only_open, (int)q->limit, k->arena, &q->alerts));
}

static void view_alert(const struct db_alert *v, struct api_alert *out)
{
	*out = (struct api_alert){
		.station = v->station,
		.has_monitor = v->monitor != 0,
		.monitor = v->monitor,
		.has_severity = v->severity >= 0,
		.severity = v->severity,
		.open = v->is_open,
		.has_opened_at = v->opened_at.ms != 0,
		.opened_at = v->opened_at,
		.has_cleared_at = v->cleared_at.ms != 0,
		.cleared_at = v->cleared_at,
		.at = v->at,
		.times = v->times,
		.event_id = v->event_id,
		.source = v->source,
		.value = v->value,
		.has_cause = v->cause != 0,
		.cause = v->cause,
		.transaction = v->transaction_id,
		.tech_code = v->tech_code,
		.tech_info = v->tech_info,
	};
	COPY_NAME(out, v);
}

static void alerts_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->alerts.count;
	struct api_alert *items = room(k, n, sizeof(*items));

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		view_alert(&q->alerts.items[i], &items[i]);
	ask_reply(k, 200, &api_alert_list_type, &(struct api_alert_list){.alerts = {n, items}});
}

static void find_alerts(struct ask *k, const char *station)
{
	struct query *q = query_of(k);
	int64_t all = 0;

	if (q == NULL || !ask_int(k, "all", 0, 1, &all) ||
		!ask_int(k, "limit", 1, PAGE_MAX, &q->limit))
		return;
	q->station = station;
	q->only_open = !all;
	ask_read(k, alerts_work, alerts_finish);
}

void device_alerts(struct ask *k)
{
	const char *station = station_of(k);

	if (station != NULL)
		find_alerts(k, station);
}

void alerts_list(struct ask *k)
{
	find_alerts(k, NULL);
}

/* -- displays, customers ---------------------------------------------------------------------- */

static void displays_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k, db_query_displays(r, q->station, k->arena, &q->displays));
}

static void displays_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->displays.count;
	struct api_display *items = room(k, n, sizeof(*items));

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		items[i] = (struct api_display){.id = q->displays.items[i].id,
			.message = q->displays.items[i].message,
			.at = q->displays.items[i].at};
	ask_reply(
		k, 200, &api_display_list_type, &(struct api_display_list){.displays = {n, items}});
}

void device_displays(struct ask *k)
{
	const char *station = station_of(k);
	struct query *q = station != NULL ? query_of(k) : NULL;

	if (q == NULL)
		return;
	q->station = station;
	ask_read(k, displays_work, displays_finish);
}

static void customers_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	check(r, k,
		db_query_customer_reports(r, q->station, (int)q->limit, k->arena, &q->customers));
}

static void customers_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t n = q->customers.count;
	struct api_customer_report *items = room(k, n, sizeof(*items));

	if (items == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		items[i] =
			(struct api_customer_report){.request_id = q->customers.items[i].request_id,
				.at = q->customers.items[i].at,
				.data = q->customers.items[i].data};
	ask_reply(k, 200, &api_customer_report_list_type,
		&(struct api_customer_report_list){.reports = {n, items}});
}

void device_customer_reports(struct ask *k)
{
	const char *station = station_of(k);
	struct query *q = station != NULL ? query_of(k) : NULL;

	if (q == NULL || !ask_int(k, "limit", 1, PAGE_MAX, &q->limit))
		return;
	q->station = station;
	ask_read(k, customers_work, customers_finish);
}
