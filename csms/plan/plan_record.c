#include "csms/plan/plan_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- rows of numbers -------------------------------------------------------------------------- */

static void put_runs(struct text *t, const int32_t *row, int n)
{
	for (int i = 0, from = 0; i < n; i++)
		if (i + 1 == n || row[i + 1] != row[i]) {
			if (from)
				text_putc(t, ',');
			text_put_int(t, i + 1 - from);
			text_putc(t, 'x');
			text_put_int(t, row[i]);
			from = i + 1;
		}
}

/* In the arena; NULL: no memory. */
static const char *runs(struct arena *a, const int32_t *row, int n)
{
	struct text t;
	const char *out;

	text_init(&t, 0);
	put_runs(&t, row, n);
	out = text_ok(&t) ? arena_strdup(a, t.data ? t.data : "") : NULL;
	text_finish(&t);
	return out;
}

static const char *runs_of_bytes(struct arena *a, const uint8_t *row, int n)
{
	int32_t *wide = arena_alloc(a, sizeof *wide * (size_t)n + 1);

	for (int i = 0; wide && i < n; i++)
		wide[i] = row[i];
	return wide ? runs(a, wide, n) : NULL;
}

int plan_runs_read(const char *text, int n, int32_t *out)
{
	int at = 0;

	while (*text) {
		char *end;
		long count = strtol(text, &end, 10), value;

		if (end == text || *end != 'x' || count < 1 || count > n - at)
			return -1;
		text = end + 1;
		value = strtol(text, &end, 10);
		if (end == text || value < INT32_MIN || value > INT32_MAX ||
			(*end && (*end != ',' || !end[1])))
			return -1;
		while (count--)
			out[at++] = (int32_t)value;
		text = *end ? end + 1 : end;
	}
	return at == n ? 0 : -1;
}

/* -- writing ---------------------------------------------------------------------------------- */

static int digits_of(const uint8_t sixths[GRID_PHASES])
{
	return sixths[0] * 100 + sixths[1] * 10 + sixths[2];
}

static void read_digits(int64_t digits, uint8_t sixths[GRID_PHASES])
{
	sixths[0] = (uint8_t)(digits / 100);
	sixths[1] = (uint8_t)(digits / 10 % 10);
	sixths[2] = (uint8_t)(digits % 10);
}

/* NULL: no memory. */
static struct event_plan_snapshot_phases *phases_of(
	const struct plan_phase_caps *p, struct arena *a, int slots)
{
	struct event_plan_snapshot_phases *out = arena_alloc(a, sizeof *out);
	int32_t *row = arena_alloc(a, sizeof *row * (size_t)slots);
	const char *text[GRID_PHASES] = {0};

	for (int k = 0; out && row && k < GRID_PHASES; k++) {
		for (int t = 0; t < slots; t++)
			row[t] = p->w[t][k];
		text[k] = runs(a, row, slots);
	}
	if (!out || !text[0] || !text[1] || !text[2])
		return NULL;
	*out = (struct event_plan_snapshot_phases){text[0], text[1], text[2],
		runs_of_bytes(a, p->source, slots), p->load_w[0], p->load_w[1], p->load_w[2]};
	return out->source ? out : NULL;
}

static int fill_node(
	const struct planner_job *j, struct arena *a, int v, struct event_plan_snapshot_node *out)
{
	const struct grid_node *n = grid_tree_node(j->tree, v);
	size_t at = (size_t)v * (size_t)j->caps.slots;

	out->id = n->id;
	out->parent = n->parent;
	out->room_w = runs(a, &j->caps.w[at], j->caps.slots);
	out->source = runs_of_bytes(a, &j->caps.source[at], j->caps.slots);
	if (j->caps.phase[v].w)
		out->phases = phases_of(&j->caps.phase[v], a, j->caps.slots);
	if (!out->room_w || !out->source || (j->caps.phase[v].w && !out->phases))
		return -1;
	if (n->kind != GRID_EVSE)
		return 0;
	out->has_evse = out->evse = true;
	out->has_max_w = out->has_min_w = out->has_idle_w = true;
	out->max_w = n->max_w;
	out->min_w = n->min_w;
	out->idle_w = j->idle_w[n->evse_first];
	out->has_sixths = true;
	out->sixths = digits_of(n->electric.sixths);
	return 0;
}

static void fill_vehicle(
	const struct planner_job *j, int i, struct event_plan_snapshot_vehicle *out)
{
	const struct plan_vehicle *v = &j->vehicles[i];
	const struct control_plan_row *r = &j->rows[i];

	*out = (struct event_plan_snapshot_vehicle){
		.id = r->vehicle ? r->vehicle->id : "unknown",
		.station = r->evse->station->id,
		.evse_id = r->evse->id,
		.evse = v->evse,
		.from = {v->from_ms},
		.has_departs = v->depart_ms != 0,
		.departs = {v->depart_ms},
		.need_wh = v->need_wh,
		.stored_wh = v->stored_wh,
		.max_w = v->max_w,
		.min_w = v->min_w,
		.priority = v->priority,
		.worth = v->worth,
		.capacity_wh = v->battery.capacity_wh,
		.battery_w = v->battery.max_w,
		.knee_pm = v->battery.knee_pm,
		.floor_pm = v->battery.floor_pm,
		.efficiency_pm = v->battery.efficiency_pm,
		.has_need_spread_wh = r->need_spread_wh > 0,
		.need_spread_wh = r->need_spread_wh,
		.need_by = charge_by_names[r->by],
		.has_from_spread_s = r->from_spread_s > 0,
		.from_spread_s = r->from_spread_s,
		.has_sixths = true,
		.sixths = digits_of(v->sixths),
		.has_exact = true,
		.exact = v->is_exact,
		.has_now_w = v->now_w > 0,
		.now_w = v->now_w,
	};
}

static int fill_demands(
	const struct planner_job *j, struct arena *a, struct event_plan_snapshot *out)
{
	const struct plan_prices *m = &j->prices;

	if (m->load_w) {
		out->load_w = runs(a, m->load_w, j->slots);
		if (!out->load_w)
			return -1;
	}
	if (m->demands == 0)
		return 0;
	out->demands.items = arena_alloc(a, sizeof *out->demands.items * PLAN_DEMANDS);
	for (int k = 0; out->demands.items && k < m->demands; k++) {
		struct event_plan_snapshot_demand *d = &out->demands.items[out->demands.count++];

		d->price = m->demand[k].price;
		d->paid_w = m->demand[k].paid_w;
		d->counts = runs_of_bytes(a, m->demand[k].counts, j->slots);
		if (!d->counts)
			return -1;
	}
	return out->demands.items ? 0 : -1;
}

static int fill_prices(
	const struct planner_job *j, struct arena *a, struct event_plan_snapshot *out)
{
	int n = j->slots * j->prices.parts;
	int32_t *price, *w;
	bool has_carbon = false;

	if (!j->prices.part)
		return 0;
	price = arena_alloc(a, sizeof *price * (size_t)n);
	w = arena_alloc(a, sizeof *w * (size_t)n);
	if (!price || !w)
		return -1;
	for (int i = 0; i < n; i++) {
		price[i] = j->prices.part[i].price;
		w[i] = j->prices.part[i].w;
	}
	out->has_price_parts = true;
	out->price_parts = j->prices.parts;
	out->prices = runs(a, price, n);
	out->price_w = runs(a, w, n);
	for (int t = 0; t < j->slots; t++)
		has_carbon |= j->told.carbon[t] != 0;
	if (has_carbon)
		out->carbon = runs(a, j->told.carbon, j->slots);
	if (!out->prices || !out->price_w || (has_carbon && !out->carbon))
		return -1;
	return fill_demands(j, a, out);
}

static int write_snapshot(const struct planner_job *j, struct arena *a, struct text *out)
{
	size_t nodes = (size_t)grid_tree_nodes(j->tree), n = (size_t)j->count;
	struct event_plan_snapshot s = {
		.start = {j->start_ms}, .slot_s = j->slot_ms / 1000, .slots = j->slots};

	s.nodes.items = arena_alloc(a, sizeof *s.nodes.items * nodes);
	s.vehicles.items = arena_alloc(a, sizeof *s.vehicles.items * n + 1);
	if (!s.nodes.items || !s.vehicles.items || fill_prices(j, a, &s))
		return -1;
	memset(s.nodes.items, 0, sizeof *s.nodes.items * nodes);
	s.nodes.count = nodes;
	s.vehicles.count = n;
	s.has_first_s = j->first_s > 0;
	s.first_s = j->first_s;
	s.has_calm_pm = true;
	s.calm_pm = j->calm_pm;
	if (j->caps.apart_node >= 0) {
		s.has_apart_node = s.has_apart_w = true;
		s.apart_node = j->caps.apart_node;
		s.apart_w = j->caps.apart_w;
	}
	for (size_t v = 0; v < nodes; v++)
		if (fill_node(j, a, (int)v, &s.nodes.items[v]))
			return -1;
	for (int i = 0; i < j->count; i++)
		fill_vehicle(j, i, &s.vehicles.items[i]);
	return schema_encode(&event_plan_snapshot_type, &s, out);
}

static int fill_result(
	const struct plan *p, int nodes, struct arena *a, struct event_plan_result *out)
{
	size_t n = (size_t)p->vehicles, slots = (size_t)p->slots;
	struct text worth;

	*out = (struct event_plan_result){
		.by_rule = p->by_rule, .cost = p->cost, .gap = p->gap, .short_wh = p->short_wh};
	out->rows.items = arena_alloc(a, sizeof *out->rows.items * n + 1);
	out->rows.count = n;
	for (size_t i = 0; out->rows.items && i < n; i++) {
		const struct plan_outcome *o = &p->outcome[i];

		out->rows.items[i] = (struct event_plan_result_row){
			.w = runs(a, &p->w[i * slots], p->slots),
			.source = runs_of_bytes(a, &p->source[i * slots], p->slots),
			.node = runs(a, &p->node[i * slots], p->slots),
			.planned_wh = o->planned_wh,
			.short_wh = o->short_wh,
			.ready_slot = o->ready_slot,
			.why = o->why,
			.why_node = o->why_node,
			.marginal = p->marginal[i],
		};
		if (!out->rows.items[i].w || !out->rows.items[i].source || !out->rows.items[i].node)
			return -1;
	}
	text_init(&worth, 0);
	for (int v = 0; v < nodes; v++)
		text_printf(&worth, "%s%lld", v ? "," : "", (long long)p->worth[v]);
	out->worth = text_ok(&worth) ? arena_strdup(a, worth.data ? worth.data : "") : NULL;
	text_finish(&worth);
	return out->rows.items && out->worth ? 0 : -1;
}

int plan_record_write(const struct planner_job *j, struct text *snapshot, struct text *result)
{
	struct arena *a = arena_create(0);
	struct event_plan_result r;
	int rc = -1;

	if (a && write_snapshot(j, a, snapshot) == 0 &&
		fill_result(j->plan, grid_tree_nodes(j->tree), a, &r) == 0)
		rc = schema_encode(&event_plan_result_type, &r, result);
	arena_destroy(a);
	return rc;
}

/* -- reading ---------------------------------------------------------------------------------- */

int plan_record_read(
	const struct event_plan_made *e, struct arena *a, struct plan_record *out, char why[200])
{
	struct schema_error err;

	out->snapshot =
		schema_decode(&event_plan_snapshot_type, e->snapshot, strlen(e->snapshot), a, &err);
	out->result = out->snapshot ? schema_decode(&event_plan_result_type, e->result,
					      strlen(e->result), a, &err)
				    : NULL;
	if (out->result && out->result->rows.count == out->snapshot->vehicles.count)
		return 0;
	snprintf(why, 200, "the journal has too little of this plan: an older depotd made it");
	return -1;
}

struct plan_case {
	struct grid_tree *tree;
	struct plan_caps caps;
	struct plan_vehicle *vehicles;
	int32_t *idle_w;
	struct flow_part *part;
	struct plan_prices prices;
	int32_t *load_w;
	uint8_t *counts[PLAN_DEMANDS];
	struct plan_input in;
};

void plan_case_destroy(struct plan_case *c)
{
	if (!c)
		return;
	grid_tree_destroy(c->tree);
	plan_caps_finish(&c->caps);
	free(c->vehicles);
	free(c->idle_w);
	free(c->part);
	free(c->load_w);
	for (int k = 0; k < PLAN_DEMANDS; k++)
		free(c->counts[k]);
	free(c);
}

/* The same nodes in the same order. */
static struct grid_tree *make_tree(const struct event_plan_snapshot *s)
{
	size_t n = s->nodes.count;
	struct grid_row *rows = calloc(n, sizeof *rows);
	struct grid_tree *t = NULL;
	struct grid_error err;

	for (size_t v = 0; rows && v < n; v++) {
		const struct event_plan_snapshot_node *x = &s->nodes.items[v];

		if (x->parent >= (int64_t)v || (x->parent < 0) != (v == 0))
			break;
		rows[v].id = x->id;
		rows[v].parent = v ? s->nodes.items[x->parent].id : NULL;
		rows[v].kind = x->evse ? GRID_EVSE : v ? GRID_GROUP : GRID_SITE;
		rows[v].max_w = (int32_t)x->max_w;
		rows[v].min_w = (int32_t)x->min_w;
		if (x->has_sixths)
			read_digits(x->sixths, rows[v].electric.sixths);
		if (v + 1 == n)
			t = grid_tree_create(rows, (int)n, &err);
	}
	free(rows);
	for (size_t v = 0; t && v < n; v++)
		if (strcmp(grid_tree_node(t, (int)v)->id, s->nodes.items[v].id) != 0) {
			grid_tree_destroy(t);
			return NULL;
		}
	return t;
}

static int read_phases(struct plan_caps *caps, int v, const struct event_plan_snapshot_phases *x)
{
	const char *text[GRID_PHASES] = {x->l1_w, x->l2_w, x->l3_w};
	struct plan_phase_caps *p = &caps->phase[v];
	int32_t *row = malloc((size_t)caps->slots * sizeof *row);
	int rc = row && plan_caps_make_phases(caps, v) == 0 ? 0 : -1;

	for (int k = 0; rc == 0 && k < GRID_PHASES; k++) {
		rc = plan_runs_read(text[k], caps->slots, row);
		for (int t = 0; rc == 0 && t < caps->slots; t++)
			p->w[t][k] = row[t];
	}
	if (rc == 0)
		rc = plan_runs_read(x->source, caps->slots, row);
	for (int t = 0; rc == 0 && t < caps->slots; t++)
		p->source[t] = (uint8_t)row[t];
	p->load_w[0] = (int32_t)x->l1_load_w;
	p->load_w[1] = (int32_t)x->l2_load_w;
	p->load_w[2] = (int32_t)x->l3_load_w;
	free(row);
	return rc;
}

static int read_caps(struct plan_case *c, const struct event_plan_snapshot *s)
{
	size_t slots = (size_t)s->slots, cells = s->nodes.count * slots;
	int32_t *sources = malloc(slots * sizeof *sources);
	int rc = -1;

	c->caps.nodes = (int)s->nodes.count;
	c->caps.slots = (int)slots;
	c->caps.w = malloc(cells * sizeof *c->caps.w);
	c->caps.load_w = calloc(cells, sizeof *c->caps.load_w);
	c->caps.source = malloc(cells);
	c->caps.phase = calloc(s->nodes.count, sizeof *c->caps.phase);
	c->caps.apart_node = s->has_apart_node && s->apart_node < (int64_t)s->nodes.count
				     ? (int)s->apart_node
				     : -1;
	c->caps.apart_w = (int32_t)s->apart_w;
	c->idle_w = calloc(s->nodes.count, sizeof *c->idle_w);
	if (!sources || !c->caps.w || !c->caps.load_w || !c->caps.source || !c->caps.phase ||
		!c->idle_w)
		goto out;
	for (size_t v = 0; v < s->nodes.count; v++) {
		const struct event_plan_snapshot_node *x = &s->nodes.items[v];

		if (plan_runs_read(x->room_w, (int)slots, &c->caps.w[v * slots]) ||
			plan_runs_read(x->source, (int)slots, sources) ||
			(x->phases && read_phases(&c->caps, (int)v, x->phases)))
			goto out;
		for (size_t t = 0; t < slots; t++)
			c->caps.source[v * slots + t] = (uint8_t)sources[t];
		if (x->evse)
			c->idle_w[grid_tree_node(c->tree, (int)v)->evse_first] = (int32_t)x->idle_w;
	}
	rc = 0;
out:
	free(sources);
	return rc;
}

static int read_demands(struct plan_case *c, const struct event_plan_snapshot *s)
{
	int slots = (int)s->slots;
	int32_t *row = malloc((size_t)slots * sizeof *row);
	int rc = row && s->demands.count <= PLAN_DEMANDS ? 0 : -1;

	if (rc == 0 && s->load_w) {
		c->load_w = malloc((size_t)slots * sizeof *c->load_w);
		rc = c->load_w ? plan_runs_read(s->load_w, slots, c->load_w) : -1;
		c->prices.load_w = c->load_w;
	}
	for (size_t k = 0; rc == 0 && k < s->demands.count; k++) {
		const struct event_plan_snapshot_demand *d = &s->demands.items[k];

		c->counts[k] = malloc((size_t)slots);
		rc = c->counts[k] ? plan_runs_read(d->counts, slots, row) : -1;
		for (int t = 0; rc == 0 && t < slots; t++)
			c->counts[k][t] = row[t] != 0;
		c->prices.demand[c->prices.demands++] =
			(struct plan_demand){c->counts[k], d->price, (int32_t)d->paid_w};
	}
	free(row);
	return rc;
}

static int read_prices(struct plan_case *c, const struct event_plan_snapshot *s)
{
	size_t n = (size_t)(s->slots * s->price_parts);
	int32_t *row;
	int rc = -1;

	if (!s->has_price_parts || !s->prices || !s->price_w)
		return 0;
	row = malloc(n * sizeof *row);
	c->part = malloc(n * sizeof *c->part);
	if (row && c->part && plan_runs_read(s->prices, (int)n, row) == 0) {
		for (size_t i = 0; i < n; i++)
			c->part[i].price = row[i];
		rc = plan_runs_read(s->price_w, (int)n, row);
		for (size_t i = 0; rc == 0 && i < n; i++)
			c->part[i].w = row[i];
	}
	free(row);
	c->prices = (struct plan_prices){.parts = (int)s->price_parts, .part = c->part};
	c->in.prices = &c->prices;
	return rc ? rc : read_demands(c, s);
}

static int read_vehicles(struct plan_case *c, const struct event_plan_snapshot *s)
{
	c->vehicles = calloc(s->vehicles.count + 1, sizeof *c->vehicles);
	for (size_t i = 0; c->vehicles && i < s->vehicles.count; i++) {
		const struct event_plan_snapshot_vehicle *v = &s->vehicles.items[i];

		c->vehicles[i] = (struct plan_vehicle){
			.evse = (int)v->evse,
			.from_ms = v->from.ms,
			.depart_ms = v->has_departs ? v->departs.ms : 0,
			.need_wh = v->need_wh,
			.stored_wh = v->stored_wh,
			.priority = (int)v->priority,
			.max_w = (int32_t)v->max_w,
			.min_w = (int32_t)v->min_w,
			.worth = (int32_t)v->worth,
			.battery = {v->capacity_wh, (int32_t)v->battery_w, (int)v->knee_pm,
				(int)v->floor_pm, (int)v->efficiency_pm},
			.is_exact = v->exact,
			.now_w = v->has_now_w ? (int32_t)v->now_w : 0,
		};
		read_digits(v->sixths, c->vehicles[i].sixths);
	}
	return c->vehicles ? 0 : -1;
}

struct plan_case *plan_case_create(const struct event_plan_snapshot *s, char why[200])
{
	struct plan_case *c = calloc(1, sizeof *c);

	if (c && (c->tree = make_tree(s)) && read_caps(c, s) == 0 && read_vehicles(c, s) == 0 &&
		read_prices(c, s) == 0) {
		c->in.tree = c->tree;
		c->in.caps = &c->caps;
		c->in.start_ms = s->start.ms;
		c->in.slot_s = (int)s->slot_s;
		c->in.first_s = s->has_first_s ? (int)s->first_s : 0;
		c->in.vehicles = c->vehicles;
		c->in.n = (int)s->vehicles.count;
		c->in.idle_w = c->idle_w;
		c->in.calm_pm = (int)s->calm_pm;
		return c;
	}
	snprintf(why, 200, "what the journal has of this plan cannot be read, or no memory");
	plan_case_destroy(c);
	return NULL;
}

struct plan_input *plan_case_input(struct plan_case *c)
{
	return &c->in;
}

struct plan_caps *plan_case_caps(struct plan_case *c)
{
	return &c->caps;
}

bool plan_record_equals(
	const struct event_plan_result *kept, const struct plan_input *in, const struct plan *p)
{
	struct arena *a = arena_create(0);
	struct event_plan_result r;
	struct text was, is;
	bool equal = false;

	text_init(&was, 0);
	text_init(&is, 0);
	if (a && fill_result(p, grid_tree_nodes(in->tree), a, &r) == 0 &&
		schema_encode(&event_plan_result_type, &r, &is) == 0 &&
		schema_encode(&event_plan_result_type, kept, &was) == 0)
		equal = was.len == is.len && memcmp(was.data, is.data, is.len) == 0;
	text_finish(&was);
	text_finish(&is);
	arena_destroy(a);
	return equal;
}
