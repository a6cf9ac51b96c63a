#include "tests/scenario/night_private.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "schemas/wall.h"

#define EVSES_MIN 4
#define EVSES_MAX 24
#define HOUSE_W   24000
#define HOUSE_A   60
#define SHOP_W    8000
#define SHOP_A    20
#define PV_W      9000
#define STORE_W   NIGHT_STORE_W

int night_below(struct night *n, int max)
{
	n->chance ^= n->chance << 13;
	n->chance ^= n->chance >> 7;
	n->chance ^= n->chance << 17;
	return (int)(n->chance % (uint64_t)max);
}

void night_put(struct text t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*t.len += (size_t)vsnprintf(t.text + *t.len, t.size - *t.len, fmt, args);
	va_end(args);
	ck_assert_uint_lt(*t.len, t.size);
}

static struct text depot(struct night *n)
{
	return (struct text){n->depot, sizeof n->depot, &n->depot_len};
}

static struct text scenario(struct night *n)
{
	return (struct text){n->scenario, sizeof n->scenario, &n->scenario_len};
}

/* -- the tree --------------------------------------------------------------------------------- */

/* EVSEs may stand at it, and its limits follow from theirs. */
static bool is_wired(const struct night_node *v)
{
	return strcmp(v->kind, "load") != 0 && strcmp(v->kind, "pv") != 0 &&
	       strcmp(v->kind, "storage") != 0;
}

static int add_node(
	struct night *n, const char *id, const char *kind, int parent, int meter_percent)
{
	struct night_node *v = &n->nodes[n->node_count];

	ck_assert_int_lt(n->node_count, NIGHT_NODES_MAX);
	*v = (struct night_node){.kind = kind,
		.parent = parent,
		.has_meter = night_likely(n, meter_percent),
		.limit_w = -1,
		.limit_ma = -1,
		.imbalance_ma = -1,
		.feed_w = strcmp(kind, "pv") == 0        ? PV_W
			  : strcmp(kind, "storage") == 0 ? STORE_W
							 : 0};
	snprintf(v->id, sizeof v->id, "%s", id);
	return n->node_count++;
}

/* Other load of a node: at most, most of the time. */
static void add_load(
	struct night *n, const char *id, int parent, int64_t most_w, int64_t most_a, int64_t base_w)
{
	int own = add_node(n, id, "load", parent, 15);

	n->nodes[own].limit_w = most_w;
	n->nodes[own].limit_ma = most_a * 1000;
	for (int v = own; v >= 0; v = n->nodes[v].parent) {
		n->nodes[v].load_w += most_w;
		n->nodes[v].phase_load_w += most_a * NIGHT_VOLTS;
		n->nodes[v].base_w += base_w;
	}
}

static void add_feeders(struct night *n, int parent, int count, int groups_each)
{
	for (int i = 0; i < count; i++) {
		char id[16];
		int feeder;

		snprintf(id, sizeof id, "feeder%d", i + 1);
		feeder = add_node(n, id, "feeder", parent, 50);
		for (int k = 0; k < groups_each; k++) {
			snprintf(id, sizeof id, "group%d%c", i + 1, 'a' + k);
			add_node(n, id, "group", feeder, 30);
		}
	}
}

static void make_flat(struct night *n)
{
	int site = add_node(n, "site", "grid_connection", -1, 85);

	add_load(n, "house", site, HOUSE_W, HOUSE_A, night_between(n, 3000, 8000));
	add_feeders(n, site, 1, 0);
}

static void make_deep(struct night *n)
{
	int site = add_node(n, "site", "site", -1, 20);
	int grid = add_node(n, "grid", "grid_connection", site, 80), trafo;

	add_load(n, "house", grid, HOUSE_W, HOUSE_A, night_between(n, 3000, 8000));
	trafo = add_node(n, "trafo", "transformer", grid, 50);
	add_feeders(n, trafo, night_between(n, 1, 3), night_between(n, 1, 2));
	add_load(
		n, "shop", trafo + 1, SHOP_W, SHOP_A, night_between(n, 500, 2500)); /* at feeder1 */
}

static void make_phases(struct night *n)
{
	/* Without a meter nobody knows how far apart phases are. */
	int site = add_node(n, "site", "grid_connection", -1, 100);

	n->nodes[site].imbalance_ma = night_between(n, 20, 32) * 1000;
	add_load(n, "house", site, HOUSE_W, HOUSE_A, night_between(n, 3000, 8000));
	add_node(n, "roof", "pv", site, 30);
	add_feeders(n, site, night_between(n, 1, 2), night_below(n, 2));
	if (!night_likely(n, 30))
		return;
	n->nodes[n->node_count - 1].imbalance_ma = night_between(n, 25, 40) * 1000;
	n->nodes[n->node_count - 1].has_meter = true;
}

static void make_store(struct night *n)
{
	int site = add_node(n, "site", "grid_connection", -1, 100), store;

	add_load(n, "house", site, HOUSE_W, HOUSE_A, night_between(n, 3000, 8000));
	add_node(n, "roof", "pv", site, 60);
	store = add_node(n, "store", "storage", site, 80);
	for (int v = store; v >= 0; v = n->nodes[v].parent) {
		n->nodes[v].load_w += STORE_W;
		n->nodes[v].phase_load_w +=
			STORE_W; /* nobody says that it is shared by the phases */
	}
	add_feeders(n, site, night_between(n, 1, 2), night_below(n, 2));
	n->demand_w = 1; /* set when the limits are */
}

/* -- places ----------------------------------------------------------------------------------- */

struct place {
	int station, id;
	const char *kind, *rotation;
	int max_w, min_w, phases, tail_w;
};

static struct place make_place(struct night *n)
{
	static const char *const three[] = {"RST", "STR", "TRS", "RTS", "SRT", "TSR"};
	static const char *const one[] = {"R", "S", "T"};
	int what = night_below(n, 10), few = strcmp(n->shape, "phases") == 0 ? 4 : 2;
	struct place p = {.kind = "ac", .max_w = 22000, .min_w = 4140, .phases = 3, .id = 1};

	if (what == 0) {
		p.kind = "dc";
		p.max_w = night_between(n, 22, 40) * 1000;
	} else if (what <= few) {
		p.max_w = 7360;
		p.min_w = 1380;
		p.phases = 1;
	}
	p.tail_w = night_likely(n, 70) ? p.min_w : 0;
	if (p.kind[0] == 'a' && night_likely(n, 75))
		p.rotation = p.phases == 3 ? three[night_below(n, 6)] : one[night_below(n, 3)];
	return p;
}

static void count_place(struct night *n, int node, const struct place *p)
{
	int64_t parts = p->phases == 3 && p->kind[0] == 'a' ? 3 : 1;

	/* A direct one loads all phases alike, but nobody needs to rely on it here. */
	for (int v = node; v >= 0; v = n->nodes[v].parent) {
		struct night_node *to = &n->nodes[v];

		to->evse_w += p->max_w;
		to->tail_w += p->tail_w;
		to->phase_evse_w += p->max_w / (p->phases == 3 ? 3 : 1);
		to->phase_tail_w += p->tail_w / parts;
		to->single_tail_w += p->phases == 1 ? p->tail_w : 0;
	}
}

static void build_place(struct text t, const struct place *p, bool says_current)
{
	night_put(t, "%s{id: %d, kind: %s, max_w: %d, min_w: %d, phases: %d, tail_w: %d",
		p->id > 1 ? ", " : "", p->id, p->kind, p->max_w, p->min_w, p->phases, p->tail_w);
	if (p->rotation)
		night_put(t, ", rotation: %s", p->rotation);
	if (says_current && p->kind[0] == 'a')
		night_put(t, ", max_a: 32");
	night_put(t, "}");
}

static void build_van(struct night *n, struct text t, const struct place *p, int number)
{
	int phases = p->kind[0] == 'd' ? 3 : p->phases == 1 ? 1 : night_between(n, 1, 3);

	night_put(t,
		"  - {id: V-%d, token: T%d, battery_wh: 90000, max_ac_w: %d, max_dc_w: %d, "
		"min_w: %d, target_pct: 90, departs: \"06:%02d\"",
		number, number, 7360 * phases, p->max_w, 1380 * phases, 10 + number);
	/* One that nobody describes is of three phases in the simulated depot. */
	if (phases < 3 || night_likely(n, 60))
		night_put(t, ", phases: %d", phases);
	night_put(t, "}\n");
}

static int random_place(struct night *n)
{
	for (;;) {
		int v = night_below(n, n->node_count);

		if (strcmp(n->nodes[v].kind, "feeder") == 0 ||
			strcmp(n->nodes[v].kind, "group") == 0)
			return v;
	}
}

/* Stations and vans into texts of their own: the limits of the nodes stand before them. */
static void make_places(struct night *n, struct text stations, struct text vans, struct text visits)
{
	int few = night_below(n, EVSES_MAX - EVSES_MIN + 1),
	    other = night_below(n, EVSES_MAX - EVSES_MIN + 1),
	    wanted = EVSES_MIN + (few < other ? few : other); /* small ones are quicker to run */

	while (n->evse_count < wanted) {
		struct night_station *s = &n->stations[n->station_count++];
		int evses = wanted - n->evse_count > 1 && night_likely(n, 25) ? 2 : 1;

		*s = (struct night_station){.node = random_place(n), .evses = evses};
		night_put(stations, "  - {id: CP-%d, node: %s, evses: [", n->station_count,
			n->nodes[s->node].id);
		for (int i = 1; i <= evses; i++) {
			struct place p = make_place(n);
			int number = ++n->evse_count, at_s = night_between(n, 30, 2100);

			p.id = i;
			count_place(n, s->node, &p);
			s->tail_w += p.tail_w;
			build_place(stations, &p, night_likely(n, 50));
			build_van(n, vans, &p, number);
			night_put(visits,
				"  - {vehicle: V-%d, station: CP-%d, evse: %d, arrives: \"17:%02d\", "
				"soc_pct: %d}\n",
				number, n->station_count, i, at_s / 60, night_between(n, 5, 85));
		}
		night_put(stations, "]}\n");
	}
}

/* -- limits ----------------------------------------------------------------------------------- */

/* Tight, but so that tails and other load fit: anything else depotd refuses. */
static void set_limits(struct night *n, struct night_node *v)
{
	int64_t least_w = v->tail_w + v->load_w, most_w = v->evse_w + v->base_w;
	int64_t least_phase_w = v->phase_tail_w + v->phase_load_w;
	int64_t most_phase_w = v->phase_evse_w + v->base_w / 3;
	bool is_root = v->parent < 0;

	if (v->imbalance_ma >= 0) /* else depotd refuses the depot: tails alone break it */
		v->imbalance_ma = night_greater(
			v->imbalance_ma, (v->single_tail_w * 1000) / NIGHT_VOLTS + 2000);
	if (!is_root && night_likely(n, 15))
		return; /* no rating of its own */
	if (is_root || night_likely(n, 85))
		v->limit_w = night_greater(least_w + 1000, most_w * night_between(n, 30, 80) / 100);
	if (night_likely(n, 60))
		v->limit_ma = night_greater(least_phase_w + NIGHT_VOLTS,
				      most_phase_w * night_between(n, 35, 85) / 100) *
			      1000 / NIGHT_VOLTS;
}

static void build_node(struct night *n, const struct night_node *v)
{
	struct text t = depot(n);

	night_put(t, "  - {id: %s, kind: %s", v->id, v->kind);
	if (v->parent >= 0)
		night_put(t, ", parent: %s", n->nodes[v->parent].id);
	if (v->limit_w >= 0)
		night_put(t, ", limit_w: %lld", (long long)v->limit_w);
	if (v->limit_ma >= 0)
		night_put(t, ", limit_a: %.3f", (double)v->limit_ma / 1000);
	if (v->imbalance_ma >= 0)
		night_put(t, ", imbalance_a: %.3f", (double)v->imbalance_ma / 1000);
	if (v->has_meter)
		night_put(t, ", meter: m-%s", v->id);
	if (strcmp(v->kind, "pv") == 0)
		night_put(t, ", limit_w: %d", PV_W);
	if (strcmp(v->kind, "storage") == 0)
		night_put(
			t, ", charge_w: %d, discharge_w: %d, battery_wh: 100000", STORE_W, STORE_W);
	if (v->parent < 0 && n->demand_w)
		night_put(
			t, ", demand: {target_w: %lld, incumbent: false}", (long long)n->demand_w);
	night_put(t, "}\n");
}

static void build_nodes(struct night *n)
{
	int port = 1502;

	for (int i = 0; i < n->node_count; i++)
		if (is_wired(&n->nodes[i]))
			set_limits(n, &n->nodes[i]);
	if (n->demand_w)
		n->demand_w = night_greater(n->nodes[0].limit_w * night_between(n, 60, 95) / 100,
			n->nodes[0].tail_w + n->nodes[0].load_w);
	night_put(depot(n), "depot: night\nname: Night\ntimezone: Europe/Amsterdam\nnodes:\n");
	for (int i = 0; i < n->node_count; i++)
		build_node(n, &n->nodes[i]);
	for (int i = 0, count = 0; i < n->node_count; i++)
		if (n->nodes[i].has_meter)
			night_put(depot(n),
				"%s  - {id: m-%s, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: "
				"%d}}\n",
				count++ ? "" : "meters:\n", n->nodes[i].id, port++);
}

/* -- what there is besides -------------------------------------------------------------------- */

static void build_loads(struct night *n)
{
	struct text t = scenario(n);

	night_put(t, "sample_s: 15\nbase_load:\n");
	for (int i = 0; i < n->node_count; i++) {
		const struct night_node *v = &n->nodes[i];

		if (strcmp(v->kind, "load") == 0)
			night_put(t,
				"  - {node: %s, noise_w: %d, points: [{at: \"00:00\", w: %lld}]}\n",
				v->id, night_between(n, 0, (int)v->base_w / 10),
				(long long)v->base_w);
		if (strcmp(v->kind, "pv") == 0)
			night_put(t,
				"  - {node: %s, points: [{at: \"17:00\", w: %d}, {at: \"18:20\", w: 0}, "
				"{at: \"23:59\", w: 0}]%s}\n",
				v->id, night_between(n, 0, 8000),
				night_likely(n, 50) ? "" : ", phase: 2");
		if (strcmp(v->kind, "storage") == 0)
			night_put(t,
				"  - {node: %s, points: [{at: \"17:00\", w: %d}, {at: \"17:%02d\", w: %d}, "
				"{at: \"18:30\", w: 0}]}\n",
				v->id, night_between(n, -STORE_W, STORE_W),
				night_between(n, 10, 50), night_between(n, -STORE_W, STORE_W));
	}
}

/* Depots are mixed: in every other one some stations, or all, speak OCPP 1.6. */
static void choose_stations(struct night *n)
{
	bool has_old = night_likely(n, 50), has_late = night_likely(n, 50);
	int old = 0;

	for (int i = 0; i < n->station_count; i++) {
		n->stations[i].is_old = has_old && night_likely(n, 50);
		if (n->stations[i].is_old)
			night_put(scenario(n), "%sCP-%d", old++ ? ", " : "ocpp16: [", i + 1);
		if (has_late && night_likely(n, 40))
			n->stations[i].late_s = night_between(n, 1, 6);
	}
	if (old)
		night_put(scenario(n), "]\n");
}

/* -- all of it -------------------------------------------------------------------------------- */

static void build_spikes(struct night *n)
{
	bool is_first = true;

	for (int i = 0; i < n->trouble_count; i++) {
		const struct trouble *t = &n->troubles[i];
		char at[WALL_TEXT_SIZE];

		if (t->kind != TROUBLE_SPIKE)
			continue;
		night_put(scenario(n),
			"%s  - {kind: base_load_spike, target: %s, at_time: \"%s\", for_s: %d, w: %lld",
			is_first ? "failures:\n" : "", n->nodes[t->target].id,
			wall_format((wall_t){NIGHT_START_MS + (int64_t)t->at_s * 1000}, at),
			t->until_s - t->at_s, (long long)t->amount);
		if (t->phase)
			night_put(scenario(n), ", phase: %d", t->phase);
		night_put(scenario(n), "}\n");
		is_first = false;
	}
}

void night_make(struct night *n, uint64_t seed)
{
	static const struct {
		const char *name;
		void (*make)(struct night *n);
	} shapes[] = {{"flat", make_flat}, {"deep", make_deep}, {"phases", make_phases},
		{"store", make_store}};
	static char stations[8000], vans[8000], visits[4000];
	size_t stations_len = 0, vans_len = 0, visits_len = 0;
	int shape;

	memset(n, 0, sizeof *n);
	n->seed = seed;
	n->chance = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	for (int i = 0; i < 10; i++)
		night_below(n, 2);
	shape = night_below(n, 4);
	n->shape = shapes[shape].name;
	shapes[shape].make(n);
	make_places(n, (struct text){stations, sizeof stations, &stations_len},
		(struct text){vans, sizeof vans, &vans_len},
		(struct text){visits, sizeof visits, &visits_len});
	if (night_has_more(n))
		night_choose_demand(n);
	build_nodes(n);
	night_put(depot(n), "stations:\n%svehicles:\n%s", stations, vans);
	build_loads(n);
	night_put(scenario(n), "visits:\n%s", visits);
	choose_stations(n);
	night_add_troubles(n);
	build_spikes(n);
	n->delay_ms = night_between(n, 5, 400);
}
