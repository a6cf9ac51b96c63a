#include "csms/power/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "scheduler/tails.h"

#define ID_SIZE (GRID_ID_MAX + 1)

/* Rows under construction, with the text of EVSE ids beside them. */
struct rows {
	struct grid_row *items;
	char (*ids)[ID_SIZE];
	int count, room;
	bool failed;
};

static const enum grid_kind kinds[] = {
	[DEPOT_NODE_KIND_SITE] = GRID_SITE,
	[DEPOT_NODE_KIND_GRID_CONNECTION] = GRID_CONNECTION,
	[DEPOT_NODE_KIND_TRANSFORMER] = GRID_TRANSFORMER,
	[DEPOT_NODE_KIND_FEEDER] = GRID_FEEDER,
	[DEPOT_NODE_KIND_GROUP] = GRID_GROUP,
	[DEPOT_NODE_KIND_LOAD] = GRID_LOAD,
	[DEPOT_NODE_KIND_PV] = GRID_PV,
	[DEPOT_NODE_KIND_STORAGE] = GRID_STORAGE,
};

static int32_t watts(int64_t w)
{
	return w >= GRID_NO_LIMIT ? GRID_NO_LIMIT - 1 : (int32_t)w;
}

/* Milliamperes; what is given is never none. */
static int32_t milliamperes(bool is_given, double a)
{
	if (!is_given)
		return 0;
	return a < 0.001 ? 1 : (int32_t)(a * 1000 + 0.5);
}

static int rows_init(struct rows *r, int room)
{
	r->count = 0;
	r->room = room;
	r->failed = false;
	r->items = calloc((size_t)room + 1, sizeof *r->items);
	r->ids = calloc((size_t)room + 1, sizeof *r->ids);
	return r->items && r->ids ? 0 : -1;
}

static void rows_finish(struct rows *r)
{
	free(r->items);
	free(r->ids);
}

static const char *node_id(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return d->nodes.items[i].id;
	return id;
}

static struct grid_electric node_electric(const struct depot_file *d, const struct depot_node *n)
{
	bool is_storage = n->kind == DEPOT_NODE_KIND_STORAGE, is_pv = n->kind == DEPOT_NODE_KIND_PV;
	int64_t own_w = n->has_limit_w ? n->limit_w : 0;

	return (struct grid_electric){
		.volts = (int32_t)d->voltage_v,
		.phase_ma = milliamperes(n->has_limit_a, n->limit_a),
		.short_w = n->has_short_w ? watts(n->short_w) : 0,
		.short_ma = milliamperes(n->has_short_a, n->short_a),
		.short_s = n->has_short_s ? (int32_t)n->short_s : 0,
		.reserve_ma = milliamperes(n->has_reserve_a, n->reserve_a),
		.imbalance_ma = milliamperes(n->has_imbalance_a, n->imbalance_a),
		.export_limited = n->has_export_limit_w,
		.export_w = n->has_export_limit_w ? watts(n->export_limit_w) : 0,
		.feed_w = n->has_discharge_w    ? watts(n->discharge_w)
			  : is_storage || is_pv ? watts(own_w)
						: 0,
		.battery_wh = n->has_battery_wh ? n->battery_wh : 0,
	};
}

/* What it may take unasked: of a load the grid knows it from its rating. */
static int32_t node_load_w(const struct depot_node *n)
{
	if (n->kind != DEPOT_NODE_KIND_STORAGE)
		return 0;
	if (n->has_charge_w)
		return watts(n->charge_w);
	return n->has_limit_w ? watts(n->limit_w) : 0;
}

static void add_nodes(struct rows *r, const struct depot_file *d, int margin_pct)
{
	for (size_t i = 0; i < d->nodes.count; i++) {
		const struct depot_node *n = &d->nodes.items[i];
		int margin_pm = n->has_margin_pct ? (int)(n->margin_pct * 10) : margin_pct * 10;

		r->items[r->count++] = (struct grid_row){
			.id = n->id,
			.parent = n->parent ? node_id(d, n->parent) : NULL,
			.kind = kinds[n->kind],
			.rated = n->has_limit_w,
			.rating_w = n->has_limit_w ? watts(n->limit_w) : 0,
			.reserve_w = watts(n->reserve_w),
			.load_w = node_load_w(n),
			.margin_pm = n->kind == DEPOT_NODE_KIND_LOAD ? 0 : margin_pm,
			.electric = node_electric(d, n),
		};
	}
}

/* What an EVSE may draw when nobody commands it: of one that depotd does not command, anything. */
static int64_t uncommanded_w(bool is_manual, int64_t max_w, int64_t tail_w)
{
	return is_manual ? max_w : tail_w;
}

/* One place as a registration or the depot's file has it. */
struct place {
	const char *station, *node;
	int64_t id, max_w, min_w, tail_w, max_ma;
	struct phases_facts facts;
};

static void add_evse(struct rows *r, const struct depot_file *d, const struct place *p)
{
	char *name = r->ids[r->count];
	struct phases_pattern pattern = phases_find(&p->facts);
	struct grid_row *row = &r->items[r->count++];

	if (snprintf(name, ID_SIZE, "%s/%lld", p->station, (long long)p->id) >= ID_SIZE)
		r->failed = true;
	*row = (struct grid_row){
		.id = name,
		.parent = node_id(d, p->node),
		.kind = GRID_EVSE,
		.max_w = watts(p->max_w),
		.min_w = watts(p->min_w),
		.tail_w = watts(p->tail_w),
		.electric = {.volts = (int32_t)d->voltage_v, .phase_ma = (int32_t)p->max_ma},
	};
	memcpy(row->electric.sixths, pattern.sixths, sizeof row->electric.sixths);
}

/* *row: that of the node at fault, -1: none. */
static struct grid_tree *finish(struct rows *r, int *row, char why[300])
{
	struct grid_error err;
	struct grid_tails_fault fault;
	struct grid_tree *t;

	*row = -1;
	if (r->failed) {
		snprintf(why, 300, "a station's identity is too long for the tree");
		return NULL;
	}
	t = grid_tree_create(r->items, r->count, &err);
	if (!t) {
		*row = err.row;
		snprintf(why, 300, "tree: %s", err.text);
		return NULL;
	}
	if (grid_tails_check(t, &fault, 1) != 0) {
		*row = grid_tree_node(t, fault.node)->row;
		grid_tails_explain(t, &fault, why, 300);
		grid_tree_destroy(t);
		return NULL;
	}
	return t;
}

static void add_registration(struct rows *r, const struct depot_file *d, const char *id,
	const struct event_station_registered *reg)
{
	bool is_manual = reg->control == EVENT_CONTROL_MANUAL;

	for (size_t i = 0; i < reg->evses.count; i++) {
		const struct event_evse *e = &reg->evses.items[i];
		struct place p = {id, reg->node, e->id, e->max_w, e->min_w,
			uncommanded_w(is_manual, e->max_w, e->tail_w),
			milliamperes(e->has_max_a, e->max_a),
			{.is_dc = strcmp(e->kind, "dc") == 0,
				.phases = (int)e->phases,
				.rotation = e->rotation ? phases_rotation_find(e->rotation)
							: PHASES_UNKNOWN}};

		add_evse(r, d, &p);
	}
}

static void add_station(struct rows *r, const struct depot_file *d, const struct station *s)
{
	if (!s->node[0])
		return; /* a guest that nobody placed yet */
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		struct place p = {s->id, s->node, e->id, e->max_w, e->min_w,
			uncommanded_w(s->is_manual, e->max_w, e->tail_w), e->max_ma,
			{.is_dc = e->is_dc, .phases = e->phases, .rotation = e->rotation}};

		add_evse(r, d, &p);
	}
}

/* The newest registration of the station that is not in force yet; NULL: none. */
static const struct placing *placing_of(const struct core *c, const char *id)
{
	const struct placing *p, *found = NULL;

	DL_FOREACH (c->placings, p)
		if (strcasecmp(p->id, id) == 0)
			found = p;
	return found;
}

/* What will be in force when `instead` comes into force: registrations on their way included. */
static void add_future(struct rows *r, const struct core *c, const char *instead,
	const struct event_station_registered *reg)
{
	const struct station *s, *tmp;
	const struct placing *p;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		if (strcasecmp(s->id, instead) != 0 && !placing_of(c, s->id))
			add_station(r, c->depot, s);
	DL_FOREACH (c->placings, p)
		if (strcasecmp(p->id, instead) != 0 && placing_of(c, p->id) == p)
			add_registration(r, c->depot, p->id, p->reg);
	add_registration(r, c->depot, instead, reg);
}

static int room_for(const struct core *c)
{
	const struct station *s, *tmp;
	const struct placing *p;
	int room = (int)c->depot->nodes.count + EVSES_MAX;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		room += s->evse_count;
	DL_FOREACH (c->placings, p)
		room += (int)p->reg->evses.count;
	return room;
}

/* `row`: the one at fault, -1: none by itself. */
static struct grid_tree *build(const struct core *c, const char *instead,
	const struct event_station_registered *reg, int *row, char why[300])
{
	const struct station *s, *tmp;
	struct grid_tree *t = NULL;
	struct rows r;

	*row = -1;

	if (rows_init(&r, room_for(c))) {
		snprintf(why, 300, "out of memory");
	} else {
		add_nodes(&r, c->depot, (int)c->config->control->margin_pct);
		if (instead)
			add_future(&r, c, instead, reg);
		else
			HASH_ITER (hh, c->fleet.stations, s, tmp)
				add_station(&r, c->depot, s);
		t = finish(&r, row, why);
	}
	rows_finish(&r);
	return t;
}

struct grid_tree *tree_build(const struct core *c, const char *instead,
	const struct event_station_registered *reg, char why[300])
{
	int row;

	return build(c, instead, reg, &row, why);
}

struct grid_tree *tree_judge(const struct core *c, struct depot_fault *out)
{
	int row;
	struct grid_tree *t = build(c, NULL, NULL, &row, out->text);

	snprintf(out->path, sizeof out->path, "nodes");
	if (row >= 0 && row < (int)c->depot->nodes.count)
		snprintf(out->path, sizeof out->path, "nodes[%d]", row);
	return t;
}

static void add_file_evse(struct rows *r, const struct depot_file *d, const struct depot_station *s,
	const struct depot_evse *e)
{
	bool is_manual = s->control == DEPOT_CONTROL_MANUAL;
	struct place p = {s->id, s->node, e->id, e->max_w, e->min_w,
		uncommanded_w(is_manual, e->max_w, e->tail_w), milliamperes(e->has_max_a, e->max_a),
		{.is_dc = e->kind == DEPOT_CURRENT_DC,
			.phases = (int)e->phases,
			.rotation = e->has_rotation
					    ? phases_rotation_find(
						      depot_rotation_enum.values[e->rotation])
					    : PHASES_UNKNOWN}};

	add_evse(r, d, &p);
}

/* Rows of nodes come first, in the order of the file; then the EVSEs of its stations. */
static void name_place(const struct depot_file *d, int row, struct depot_fault *out)
{
	int first = (int)d->nodes.count;

	out->path[0] = '\0';
	if (row >= 0 && row < first)
		snprintf(out->path, sizeof out->path, "nodes[%d]", row);
	for (size_t i = 0; row >= first && i < d->stations.count; i++) {
		int count = (int)d->stations.items[i].evses.count;

		if (row < first + count) {
			snprintf(out->path, sizeof out->path, "stations[%zu].evses[%d]", i,
				row - first);
			return;
		}
		first += count;
	}
}

struct grid_tree *tree_build_from_file(
	const struct depot_file *d, int margin_pct, struct depot_fault *out)
{
	struct grid_tree *t = NULL;
	struct rows r;
	int room = (int)d->nodes.count, row = -1;

	for (size_t i = 0; i < d->stations.count; i++)
		room += (int)d->stations.items[i].evses.count;
	if (rows_init(&r, room)) {
		snprintf(out->text, sizeof out->text, "out of memory");
	} else {
		add_nodes(&r, d, margin_pct);
		for (size_t i = 0; i < d->stations.count; i++) {
			const struct depot_station *s = &d->stations.items[i];

			for (size_t j = 0; j < s->evses.count; j++)
				add_file_evse(&r, d, s, &s->evses.items[j]);
		}
		t = finish(&r, &row, out->text);
	}
	rows_finish(&r);
	name_place(d, row, out);
	return t;
}
