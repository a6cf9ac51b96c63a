/*
 * Power over time, from the measurement series: load of a node, what its EVSEs take of it, the rest
 * ("base"), and the limit that was in force. Control writes node/ID/load_w, …/evse_w, …/limit_w and
 * …/limit_source, a number of enum grid_source;
 * where there is no load yet the node's own meter stands in.
 */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "db/query.h"
#include "db/query_log.h"
#include "scheduler/grid.h"

#define POINTS_MAX 10000
#define HOUR_MS    INT64_C(3600000)

struct query {
	const char *load, *evse, *limit, *source, *meter; /* names of points; meter may be NULL */
	wall_t from, to;
	int64_t step_ms;
	bool has_rating; /* the node's own, in force where no limit was recorded */
	double rating_w;
	struct db_series_list loads, evses, limits, sources;
	const char *error;
};

static void power_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	struct {
		const char *point;
		struct db_series_list *out;
	} list[] = {{q->load, &q->loads}, {q->evse, &q->evses}, {q->limit, &q->limits},
		{q->source, &q->sources}};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]) && q->error == NULL; i++)
		if (db_query_series(r, list[i].point, q->from, q->to, q->step_ms, k->arena,
			    list[i].out) != 0)
			q->error = arena_strdup(k->arena, db_reader_error(r));
	if (q->error == NULL && q->loads.count == 0 && q->meter != NULL &&
		db_query_series(r, q->meter, q->from, q->to, q->step_ms, k->arena, &q->loads) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

/* The value of the step that begins at `at`, if the list has it; `*i` walks along. */
static bool take(const struct db_series_list *list, size_t *i, int64_t at, double *out)
{
	while (*i < list->count && list->items[*i].at.ms < at)
		(*i)++;
	if (*i == list->count || list->items[*i].at.ms != at)
		return false;
	*out = list->items[*i].mean;
	return true;
}

/* Whose the limit was that counted last in the step that begins at `at`. */
static const char *source_at(const struct db_series_list *list, size_t *i, int64_t at)
{
	int source;

	while (*i < list->count && list->items[*i].at.ms < at)
		(*i)++;
	if (*i == list->count || list->items[*i].at.ms != at)
		return grid_source_name(GRID_SOURCE_RATING); /* of a depotd that kept none */
	source = (int)list->items[*i].last;
	return grid_source_name(source > 0 && source < GRID_SOURCE_COUNT ? (enum grid_source)source
									 : GRID_SOURCE_NONE);
}

static int64_t next_at(const struct db_series_list *list, size_t i, int64_t best)
{
	return i < list->count && list->items[i].at.ms < best ? list->items[i].at.ms : best;
}

/* Merges the series by time: one point for each step that any of them has. */
static size_t merge(const struct query *q, struct api_power_point *out, size_t room)
{
	size_t n = 0, load = 0, evse = 0, limit = 0, source = 0;

	while (n < room) {
		int64_t at = next_at(&q->limits, limit,
			next_at(&q->evses, evse, next_at(&q->loads, load, INT64_MAX)));
		if (at == INT64_MAX)
			break;
		struct api_power_point *p = &out[n++];
		*p = (struct api_power_point){.at = {at}};
		p->has_site_w = take(&q->loads, &load, at, &p->site_w);
		p->has_evse_w = take(&q->evses, &evse, at, &p->evse_w);
		p->has_limit_w = take(&q->limits, &limit, at, &p->limit_w);
		p->has_base_w = p->has_site_w && p->has_evse_w;
		p->base_w = p->site_w - p->evse_w;
		load += p->has_site_w;
		evse += p->has_evse_w;
		limit += p->has_limit_w;
		if (q->limits.count == 0 && q->has_rating) {
			p->has_limit_w = true;
			p->limit_w = q->rating_w;
		}
		if (p->has_limit_w)
			p->limit_source = source_at(&q->sources, &source, at);
	}
	return n;
}

static void power_finish(struct ask *k)
{
	const struct query *q = k->state;
	size_t room = q->loads.count + q->evses.count + q->limits.count;
	struct api_power_series series = {0};

	series.points.items = arena_alloc(k->arena, sizeof(*series.points.items) * room + 1);
	if (q->error != NULL || series.points.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
		return;
	}
	series.points.count = merge(q, series.points.items, room);
	ask_reply(k, 200, &api_power_series_type, &series);
}

static const struct depot_node *wanted_node(struct ask *k)
{
	const struct depot_node_list *nodes = &k->api->core->depot->nodes;
	const char *id = ask_query(k, "node");

	for (size_t i = 0; i < nodes->count; i++)
		if (id != NULL ? strcmp(nodes->items[i].id, id) == 0
			       : nodes->items[i].parent == NULL)
			return &nodes->items[i];
	ask_problem(
		k, 400, "node", "node: there is none of that name; GET /api/v1/tree lists them");
	return NULL;
}

static bool check_span(struct ask *k, const struct query *q)
{
	if (q->to.ms <= q->from.ms) {
		ask_problem(k, 400, "to", "to: must be after from");
		return false;
	}
	if ((q->to.ms - q->from.ms) / q->step_ms <= POINTS_MAX)
		return true;
	ask_problem(k, 400, "step",
		"step: from and to are more than %d steps apart; make it longer", POINTS_MAX);
	return false;
}

void power_get(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));
	const struct depot_node *n;
	int64_t step_s = 60;

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	q->to = clock_wall();
	if (!ask_time(k, "to", &q->to))
		return;
	q->from = wall_add_ms(q->to, -12 * HOUR_MS);
	if (!ask_time(k, "from", &q->from) || !ask_int(k, "step", 1, 86400, &step_s))
		return;
	q->step_ms = step_s * 1000;
	if (!check_span(k, q) || (n = wanted_node(k)) == NULL)
		return;
	q->load = arena_printf(k->arena, "node/%s/load_w", n->id);
	q->evse = arena_printf(k->arena, "node/%s/evse_w", n->id);
	q->limit = arena_printf(k->arena, "node/%s/limit_w", n->id);
	q->source = arena_printf(k->arena, "node/%s/limit_source", n->id);
	q->meter = n->meter != NULL ? arena_printf(k->arena, "meter/%s/power_w", n->meter) : NULL;
	q->has_rating = n->has_limit_w;
	q->rating_w = (double)n->limit_w;
	k->state = q;
	ask_read(k, power_work, power_finish);
}
