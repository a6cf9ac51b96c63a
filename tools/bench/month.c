#include "tools/bench/month.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/bill.h"
#include "scheduler/plan.h"

#define INDEX_MS  INT64_C(300000) /* of the file's times */
#define SLOT_MS   (MONTH_SLOT_S * INT64_C(1000))
#define PER_HOUR  (3600 / MONTH_SLOT_S)
#define HORIZON   (24 * PER_HOUR)
#define LEAST_W   1248 /* 6 A */
#define MOST_W    6600
#define STATIONS  100
#define LINE_SIZE 300

/* Above all prices of energy, so that what is missing is what cannot be had. */
#define MISS_PRICE 1400000000

const char *const month_way_names[MONTH_WAYS] = {
	"unmanaged", "earliest_departure", "planner", "clairvoyant"};

/* -- the file --------------------------------------------------------------------------------- */

static int station_of(char (*names)[20], int *count, const char *name)
{
	for (int i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (*count == STATIONS)
		return -1;
	snprintf(names[*count], sizeof names[0], "%s", name);
	return (*count)++;
}

/* id, station, arrival, departure, estimated departure, requested kWh, … */
static int read_line(struct month *m, char (*names)[20], const char *line)
{
	struct month_session *grown, s;
	char name[20];
	double kwh;
	int from, to;

	if (sscanf(line, "%*[^,],%19[^,],%d,%d,%*d,%lf", name, &from, &to, &kwh) != 4)
		return -1;
	s.station = station_of(names, &m->stations, name);
	s.from = (int)((from * INDEX_MS + SLOT_MS - 1) / SLOT_MS);
	s.to = (int)(to * INDEX_MS / SLOT_MS);
	s.to = s.to < m->slots ? s.to : m->slots;
	s.need_wh = (int64_t)(kwh * 1000 + 0.5);
	if (s.station < 0 || from < 0 || kwh < 0)
		return -1;
	if (s.need_wh > (int64_t)(s.to - s.from) * MOST_W / PER_HOUR) {
		int64_t most = s.to > s.from ? (int64_t)(s.to - s.from) * MOST_W / PER_HOUR : 0;

		m->cut_wh += s.need_wh - most;
		s.need_wh = most;
	}
	grown = realloc(m->sessions, ((size_t)m->count + 1) * sizeof *grown);
	if (!grown)
		return -1;
	m->sessions = grown;
	if (s.need_wh)
		grown[m->count++] = s;
	return 0;
}

int month_read(const char *path, const struct calendar_zone *zone, int64_t start_ms, int days,
	struct month *out, char why[200])
{
	char line[LINE_SIZE], names[STATIONS][20];
	struct calendar_time t;
	FILE *f = fopen(path, "r");
	int rc = f ? 0 : -1;

	calendar_local(zone, start_ms, &t);
	t.day.day += days;
	*out = (struct month){.start_ms = start_ms};
	out->slots = (int)((calendar_begin_ms(zone, &t.day) - start_ms) / SLOT_MS);
	snprintf(why, 200, "%.150s cannot be read", path);
	while (rc == 0 && fgets(line, sizeof line, f))
		if (line[0] != '#' && strncmp(line, "session_id", 10) != 0 &&
			read_line(out, names, line)) {
			snprintf(why, 200, "not a session: %.150s", line);
			rc = -1;
		}
	if (f)
		fclose(f);
	if (rc)
		month_finish(out);
	return rc;
}

void month_finish(struct month *m)
{
	free(m->sessions);
	*m = (struct month){0};
}

/* -- what every way has in common ------------------------------------------------------------- */

struct walk {
	const struct month *m;
	const struct tariff *t;
	const struct calendar_zone *zone;
	int32_t limit_w;
	int64_t *left_ws; /* [sessions] missing, W·slot */
	int64_t *drawn_w; /* [slots] */
	struct flow_part *price; /* [slots and a horizon more] */
	int *here; /* sessions that are there and miss something … */
	int count; /* … how many */
};

static struct tariff_span span(const struct walk *x, int from, int slots)
{
	return (struct tariff_span){.zone = x->zone,
		.start_ms = x->m->start_ms + from * SLOT_MS,
		.slot_ms = SLOT_MS,
		.slots = slots};
}

static void find_here(struct walk *x, int slot)
{
	x->count = 0;
	for (int i = 0; i < x->m->count; i++)
		if (x->m->sessions[i].from <= slot && slot < x->m->sessions[i].to &&
			x->left_ws[i] > 0)
			x->here[x->count++] = i;
}

/* It draws no more than it misses. */
static void draw(struct walk *x, int i, int slot, int64_t w)
{
	w = w < x->left_ws[i] ? w : x->left_ws[i];
	x->left_ws[i] -= w;
	x->drawn_w[slot] += w;
}

/* -- the ways --------------------------------------------------------------------------------- */

static int unmanaged(struct walk *x, struct month_result *out)
{
	(void)out;
	for (int t = 0; t < x->m->slots; t++) {
		find_here(x, t);
		for (int k = 0; k < x->count; k++)
			draw(x, x->here[k], t, MOST_W);
	}
	return 0;
}

static int by_departure(const void *a, const void *b, void *arg)
{
	const struct month_session *s = arg;
	int x = *(const int *)a, y = *(const int *)b;

	return s[x].to != s[y].to ? s[x].to - s[y].to : x - y;
}

static int earliest(struct walk *x, struct month_result *out)
{
	(void)out;
	for (int t = 0; t < x->m->slots; t++) {
		int64_t room = x->limit_w;

		find_here(x, t);
		qsort_r(x->here, (size_t)x->count, sizeof(int), by_departure, x->m->sessions);
		for (int k = 0; k < x->count; k++) {
			int64_t w = room < MOST_W ? room : MOST_W, before = x->drawn_w[t];

			if (w < LEAST_W)
				break;
			draw(x, x->here[k], t, w);
			room -= x->drawn_w[t] - before;
		}
	}
	return 0;
}

/* What csms' planner has: the tree, and the charges that a kW more would cost something of. */
struct depot {
	struct grid_row *row;
	char (*name)[8];
	struct grid_tree *tree;
	struct plan_caps caps;
	struct plan_vehicle *vehicles;
	struct bill_peak peak[TARIFF_DEMANDS]; /* of the month so far */
};

static int build(struct depot *d, const struct walk *x)
{
	size_t n = (size_t)x->m->stations + 1;
	struct grid_error err;

	d->row = calloc(n, sizeof *d->row);
	d->name = calloc(n, sizeof *d->name);
	d->vehicles = calloc((size_t)x->m->count + 1, sizeof *d->vehicles);
	if (!d->row || !d->name || !d->vehicles)
		return -1;
	for (size_t i = 0; i < n; i++) {
		snprintf(d->name[i], sizeof d->name[i], "n%zu", i);
		d->row[i] = (struct grid_row){.id = d->name[i],
			.parent = i ? d->name[0] : NULL,
			.kind = i ? GRID_EVSE : GRID_SITE,
			.rated = i == 0,
			.rating_w = i ? 0 : x->limit_w,
			.max_w = i ? MOST_W : 0,
			.min_w = i ? LEAST_W : 0};
	}
	d->tree = grid_tree_create(d->row, (int)n, &err);
	return d->tree ? plan_caps_init(&d->caps, d->tree, NULL, HORIZON, NULL, NULL) : -1;
}

static void clear(struct depot *d)
{
	plan_caps_finish(&d->caps);
	grid_tree_destroy(d->tree);
	free(d->row);
	free(d->name);
	free(d->vehicles);
}

/* Leaves are numbered in the tree's order, which is that of their names. */
static int evse_of(const struct depot *d, int station)
{
	return grid_tree_node(d->tree, grid_tree_find(d->tree, d->name[station + 1]))->evse_first;
}

static void fill_vehicles(struct depot *d, const struct walk *x, int64_t now_ms)
{
	for (int k = 0; k < x->count; k++) {
		const struct month_session *s = &x->m->sessions[x->here[k]];

		d->vehicles[k] = (struct plan_vehicle){.evse = evse_of(d, s->station),
			.from_ms = now_ms,
			.depart_ms = x->m->start_ms + s->to * SLOT_MS,
			.need_wh = (x->left_ws[x->here[k]] + PER_HOUR - 1) / PER_HOUR,
			.priority = 5,
			.max_w = MOST_W,
			.min_w = LEAST_W,
			.battery = {0, MOST_W, 1000, 1000, 1000}};
	}
}

static void remember_peaks(struct depot *d, const struct walk *x, int slot)
{
	struct tariff_span s = span(x, slot, 1);
	int64_t wh = x->drawn_w[slot] / PER_HOUR, at;

	for (int k = 0; k < x->t->demands; k++) {
		int64_t month = d->peak[k].month, w = bill_peak_w(x->t, k, &s, &wh, month, &at);

		d->peak[k].w = w > d->peak[k].w ? w : d->peak[k].w;
	}
}

static int one_plan(struct depot *d, struct walk *x, int slot)
{
	struct bill_peaks peaks = {x->t->demands, d->peak};
	struct tariff_span s = span(x, slot, HORIZON);
	struct plan_prices prices = {.parts = 1, .part = &x->price[slot]};
	struct plan_input in = {.tree = d->tree,
		.caps = &d->caps,
		.start_ms = s.start_ms,
		.slot_s = MONTH_SLOT_S,
		.vehicles = d->vehicles,
		.n = x->count,
		.prices = &prices};
	struct bill_demand_row *row = NULL;
	int rows = bill_demand_rows(x->t, &s, &peaks, &row);
	struct plan *p;

	fill_vehicles(d, x, s.start_ms);
	for (int k = 0; k < rows && prices.demands < PLAN_DEMANDS; k++)
		prices.demand[prices.demands++] = (struct plan_demand){
			row[k].mask, row[k].price_micro_kw, (int32_t)row[k].incumbent_w};
	p = rows < 0 ? NULL : plan_solve(&in);
	for (int k = 0; p && k < x->count; k++)
		draw(x, x->here[k], slot, p->w[(size_t)k * HORIZON]);
	bill_demand_free(row, rows < 0 ? 0 : rows);
	plan_destroy(p);
	return p ? 0 : -1;
}

static int planner(struct walk *x, struct month_result *out)
{
	struct calendar_time at;
	struct depot d = {0};
	int rc = build(&d, x);

	(void)out;
	calendar_local(x->zone, x->m->start_ms, &at);
	for (int k = 0; k < x->t->demands; k++)
		d.peak[k] = (struct bill_peak){.demand = k, .month = tariff_month(x->t, &at.day)};
	for (int t = 0; rc == 0 && t < x->m->slots; t++) {
		find_here(x, t);
		if (x->count)
			rc = one_plan(&d, x, t);
		remember_peaks(&d, x, t);
	}
	clear(&d);
	return rc;
}

static int64_t money(flow_value value)
{
	return (int64_t)(value / (1000 * PER_HOUR));
}

/* All that is known of the month as one problem, proved. */
static int best(struct walk *x, struct month_result *out)
{
	const struct month *m = x->m;
	struct flow_vehicle *v = calloc((size_t)m->count, sizeof *v);
	int32_t *cap = malloc((size_t)m->slots * sizeof *cap);
	struct flow_input in = {.slots = m->slots,
		.nodes = 1,
		.parent = (const int[]){-1},
		.cap_w = cap,
		.parts = 1,
		.price = x->price,
		.n = m->count,
		.vehicles = v};
	struct flow_peak peak = {.charges = x->t->demands};
	struct flow *f = NULL;
	flow_value missing = 0;
	int rc = -1;

	for (int t = 0; cap && t < m->slots; t++)
		cap[t] = x->limit_w;
	for (int i = 0; v && i < m->count; i++)
		v[i] = (struct flow_vehicle){.from = m->sessions[i].from,
			.to = m->sessions[i].to,
			.max_w = MOST_W,
			.need = x->left_ws[i],
			.tiers = 1,
			.tier = {{INT64_MAX, MISS_PRICE}}};
	for (int k = 0; k < x->t->demands; k++)
		peak.charge[k] =
			(struct flow_charge){.price = x->t->demand[k].price_micro * PER_HOUR};
	if (v && cap && x->t->demands <= FLOW_CHARGES)
		f = flow_create(&in);
	if (f && flow_peak_solve(f, &peak) == 0) {
		for (int i = 0; i < m->count; i++) {
			x->left_ws[i] = flow_missing(f, i);
			missing += (flow_value)x->left_ws[i] * MISS_PRICE;
		}
		for (int t = 0; t < m->slots; t++)
			x->drawn_w[t] = flow_node_w(f, 0, t);
		out->bound_micro = money(peak.bound - missing);
		rc = 0;
	}
	flow_destroy(f);
	free(v);
	free(cap);
	return rc;
}

/* -- public ----------------------------------------------------------------------------------- */

static int add_up(const struct walk *x, struct month_result *out)
{
	int64_t *wh = malloc(((size_t)x->m->slots + 1) * sizeof *wh);
	struct tariff_span s = span(x, 0, x->m->slots);
	struct bill_peaks none = {0};
	struct bill b;
	int rc = -1;

	for (int t = 0; wh && t < x->m->slots; t++) {
		wh[t] = x->drawn_w[t] / PER_HOUR;
		out->drawn_wh += wh[t];
		out->peak_w = x->drawn_w[t] > out->peak_w ? x->drawn_w[t] : out->peak_w;
	}
	for (int i = 0; i < x->m->count; i++)
		out->missing_wh += x->left_ws[i] / PER_HOUR;
	if (wh && bill_make(x->t, &s, wh, NULL, &none, &b) == 0) {
		for (int i = 0; i < b.count; i++) {
			if (b.lines[i].kind == BILL_ENERGY)
				out->energy_micro += b.lines[i].amount_micro;
			if (b.lines[i].kind == BILL_DEMAND)
				out->demand_micro += b.lines[i].amount_micro;
		}
		bill_finish(&b);
		rc = 0;
	}
	free(wh);
	return rc;
}

int month_walk(const struct month *m, const struct tariff *t, const struct calendar_zone *zone,
	int32_t limit_w, enum month_way way, struct month_result *out)
{
	static int (*const ways[MONTH_WAYS])(struct walk * x, struct month_result * out) = {
		unmanaged, earliest, planner, best};
	struct walk x = {.m = m, .t = t, .zone = zone, .limit_w = limit_w};
	struct tariff_span s = span(&x, 0, m->slots + HORIZON);
	int rc = -1;

	*out = (struct month_result){0};
	x.left_ws = calloc((size_t)m->count + 1, sizeof *x.left_ws);
	x.drawn_w = calloc((size_t)m->slots + 1, sizeof *x.drawn_w);
	x.price = calloc((size_t)m->slots + HORIZON, sizeof *x.price);
	x.here = calloc((size_t)m->count + 1, sizeof *x.here);
	if (x.left_ws && x.drawn_w && x.price && x.here && t->blocks == 0) {
		for (int i = 0; i < m->count; i++)
			x.left_ws[i] = m->sessions[i].need_wh * PER_HOUR;
		tariff_slots(t, &s, x.price, NULL);
		rc = ways[way](&x, out) || add_up(&x, out) ? -1 : 0;
	}
	free(x.left_ws);
	free(x.drawn_w);
	free(x.price);
	free(x.here);
	return rc;
}
