#include <check.h>
#include <time.h>

#include "scheduler/plan.h"
#include "tests/unit/grid_random.h"

#define START_MS INT64_C(1790000000000)
#define HOUR_MS  INT64_C(3600000)

/* -- hand-made cases ------------------------------------------------------------------------- */

/* Site 10 kW, two feeders of 8 kW, two EVSEs of 11 kW each: numbers 0, 1 below F1 and 2, 3 below
 * F2. */
static struct grid_row depot[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 10000},
	{.id = "F1", .parent = "site", .kind = GRID_FEEDER, .rated = true, .rating_w = 8000},
	{.id = "a", .parent = "F1", .kind = GRID_EVSE, .max_w = 11000},
	{.id = "b", .parent = "F1", .kind = GRID_EVSE, .max_w = 11000},
	{.id = "F2", .parent = "site", .kind = GRID_FEEDER, .rated = true, .rating_w = 8000},
	{.id = "c", .parent = "F2", .kind = GRID_EVSE, .max_w = 11000},
	{.id = "d", .parent = "F2", .kind = GRID_EVSE, .max_w = 11000},
};
#define DEPOT_ROWS ((int)(sizeof(depot) / sizeof(depot[0])))

static struct grid_tree *tree;
static struct plan_caps caps;
static struct plan_vehicle van[8];
static struct plan_input in;
static struct plan *plan;
static struct plan_fault fault;

static void use_tree(const struct grid_row *rows, int n, int slots)
{
	struct grid_error err;

	tree = grid_tree_create(rows, n, &err);
	ck_assert_msg(tree != NULL, "%s", err.text);
	ck_assert_int_eq(plan_caps_init(&caps, tree, NULL, slots, NULL, NULL), 0);
	in = (struct plan_input){
		tree, &caps, START_MS, 3600, van, 0, NULL, false, NULL, 0, 0, false};
}

/* A van that is there already, loses nothing and has a battery without end. */
static struct plan_vehicle *add_van(int evse, int leaves_h, int64_t need_wh)
{
	struct plan_vehicle *v = &van[in.n++];

	*v = (struct plan_vehicle){
		.evse = evse,
		.from_ms = START_MS - 1,
		.depart_ms = leaves_h ? START_MS + leaves_h * HOUR_MS : 0,
		.need_wh = need_wh,
		.battery = {0, 100000, 800, 50, 1000},
	};
	return v;
}

static void solve(void)
{
	plan = plan_solve(&in);
	ck_assert_ptr_nonnull(plan);
	ck_assert_msg(plan_check(&in, plan, &fault), "%s: vehicle %d slot %d node %d: %lld, %lld",
		fault.what, fault.vehicle, fault.slot, fault.node, (long long)fault.got,
		(long long)fault.limit);
}

static int32_t w(int vehicle, int slot)
{
	return plan->w[vehicle * plan->slots + slot];
}

static enum grid_source why(int vehicle, int slot)
{
	return plan->source[vehicle * plan->slots + slot];
}

static const char *where(int vehicle, int slot)
{
	int node = plan->node[vehicle * plan->slots + slot];

	return node < 0 ? "" : grid_tree_node(tree, node)->id;
}

static void done(void)
{
	plan_destroy(plan);
	plan_caps_finish(&caps);
	grid_tree_destroy(tree);
	plan = NULL;
}

START_TEST(earliest_departure_goes_first)
{
	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 4, 8000);
	add_van(1, 2, 8000);
	add_van(2, 3, 4000);
	solve();
	ck_assert_int_eq(w(1, 0), 8000);
	ck_assert_int_eq(w(2, 0), 2000);
	ck_assert_int_eq(w(2, 1), 2000);
	ck_assert_int_eq(w(0, 0), 0);
	ck_assert_int_eq(w(0, 1), 8000);
	ck_assert_int_eq(plan->short_vehicles, 0);
	ck_assert_int_eq(plan->outcome[1].ready_slot, 0);
	ck_assert_int_eq(plan->outcome[0].ready_slot, 1);
	ck_assert_str_eq(where(0, 0), "F1");
	ck_assert_int_eq(why(0, 0), GRID_SOURCE_RATING);
	ck_assert_str_eq(where(2, 0), "site");
	ck_assert_int_eq(why(2, 3), GRID_SOURCE_DEPARTURE);
	ck_assert_int_eq(why(0, 3), GRID_SOURCE_PLAN);
	done();
}
END_TEST

START_TEST(priority_decides_only_when_not_all_fits)
{
	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 2, 16000)->priority = 5;
	add_van(1, 4, 8000)->priority = 1;
	solve();
	ck_assert_int_eq(plan->short_wh, 0);
	ck_assert_int_eq(w(0, 0), 8000); /* fits: the early one first, though it matters less */
	plan_destroy(plan);

	van[1].need_wh = 24000;
	solve();
	ck_assert_int_eq(plan->outcome[1].short_wh, 0);
	ck_assert_int_eq(plan->outcome[0].short_wh, 8000);
	ck_assert_int_eq(plan->short_vehicles, 1);
	ck_assert_int_eq(plan->outcome[0].why, GRID_SOURCE_RATING);
	ck_assert_str_eq(grid_tree_node(tree, plan->outcome[0].why_node)->id, "F1");
	done();
}
END_TEST

START_TEST(who_is_short_is_told_why)
{
	use_tree(depot, DEPOT_ROWS, 4);
	depot[2].max_w = 2000;
	done();
	use_tree(depot, DEPOT_ROWS, 4);
	depot[2].max_w = 11000;
	add_van(0, 2, 5000); /* its EVSE gives 2 kW */
	add_van(1, 2, 5000)->max_w = 1500;
	add_van(2, 0, 5000)->from_ms = START_MS + 4 * HOUR_MS;
	add_van(3, 0, 5000)->battery = (struct battery){10000, 11000, 800, 50, 1000};
	van[3].stored_wh = 9000;
	solve();
	ck_assert_int_eq(plan->outcome[0].short_wh, 1000);
	ck_assert_int_eq(plan->outcome[0].why, GRID_SOURCE_EVSE);
	ck_assert_int_eq(plan->outcome[1].short_wh, 2000);
	ck_assert_int_eq(plan->outcome[1].why, GRID_SOURCE_VEHICLE);
	ck_assert_int_eq(plan->outcome[2].short_wh, 5000);
	ck_assert_int_eq(plan->outcome[2].why, GRID_SOURCE_DEPARTURE);
	ck_assert_int_ge(plan->outcome[3].short_wh, 4000);
	ck_assert_int_eq(plan->outcome[3].why, GRID_SOURCE_BATTERY);
	done();
}
END_TEST

/* 1 kW by an envelope for an hour of four costs it 1 kWh; the other 36 its own size. */
START_TEST(a_limit_is_blamed_for_what_it_costs)
{
	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 4, 40000)->max_w = 1000;
	plan_caps_lower(&caps, tree, 0, 0, 1, 0, GRID_SOURCE_ENVELOPE);
	solve();
	ck_assert_int_eq(plan->outcome[0].short_wh, 37000);
	ck_assert_int_eq(plan->outcome[0].own_short_wh, 36000);
	ck_assert_int_eq(plan->outcome[0].own_why, GRID_SOURCE_VEHICLE);
	ck_assert_int_eq(plan->outcome[0].why, GRID_SOURCE_ENVELOPE);
	done();

	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 4, 4000)->max_w = 1000;
	plan_caps_lower(&caps, tree, 0, 0, 1, 0, GRID_SOURCE_ENVELOPE);
	solve();
	ck_assert_int_eq(plan->outcome[0].short_wh, 1000);
	ck_assert_int_eq(plan->outcome[0].own_short_wh, 0);
	done();
}
END_TEST

START_TEST(minimum_power_is_all_or_nothing)
{
	use_tree(depot, DEPOT_ROWS, 3);
	add_van(0, 3, 12000)->min_w = 6000;
	add_van(1, 3, 5000)->min_w = 3000;
	solve();
	for (int t = 0; t < 3; t++) {
		ck_assert(w(0, t) == 0 || w(0, t) >= 6000);
		ck_assert(w(1, t) == 0 || w(1, t) >= 3000);
	}
	ck_assert_int_eq(plan->short_wh, 0);
	plan_destroy(plan);

	/* 1 kW is left beside the first: less than the smallest there is. */
	in.n = 1;
	van[0].need_wh = 21000;
	van[0].max_w = 7000;
	add_van(1, 3, 1000)->min_w = 3000;
	van[1].priority = 1;
	solve();
	ck_assert_int_eq(plan->outcome[0].short_wh, 0);
	ck_assert_int_eq(plan->outcome[1].short_wh, 1000);
	ck_assert_int_eq(plan->outcome[1].why, GRID_SOURCE_MINIMUM);
	ck_assert_str_eq(where(1, 0), "F1");
	done();
}
END_TEST

START_TEST(forecast_and_envelope_bound_a_slot)
{
	const int32_t load[4] = {9000, 3000, -500, 12000};
	const int32_t *base[DEPOT_ROWS] = {load};
	struct plan_caps wrong;

	use_tree(depot, DEPOT_ROWS, 4);
	plan_caps_finish(&caps);
	ck_assert_int_eq(plan_caps_init(&caps, tree, NULL, 4, base, NULL), 0);
	plan_caps_lower(&caps, tree, 0, 1, 3, 5000, GRID_SOURCE_ENVELOPE);
	plan_caps_lower(&caps, tree, 0, 2, 99, 6000, GRID_SOURCE_OPERATOR);
	add_van(0, 0, 100000);
	solve();
	ck_assert_int_eq(w(0, 0), 1000);
	ck_assert_int_eq(why(0, 0), GRID_SOURCE_RATING);
	ck_assert_int_eq(w(0, 1), 2000);
	ck_assert_int_eq(why(0, 1), GRID_SOURCE_ENVELOPE);
	ck_assert_int_eq(w(0, 2), 5000);
	ck_assert_int_eq(why(0, 2), GRID_SOURCE_ENVELOPE);
	ck_assert_int_eq(w(0, 3), 0);
	ck_assert_int_eq(plan->short_wh, 92000);
	ck_assert_int_eq(plan_caps_init(&wrong, tree, NULL, 0, NULL, NULL), -1);
	ck_assert_int_eq(plan_caps_init(&wrong, tree, NULL, PLAN_SLOTS_MAX + 1, NULL, NULL), -1);
	done();
}
END_TEST

START_TEST(tail_of_an_empty_place_is_kept_free)
{
	depot[3].tail_w = 2000;
	use_tree(depot, DEPOT_ROWS, 4);
	depot[3].tail_w = 0;
	add_van(0, 0, 100000);
	add_van(1, 3, 0)->from_ms = START_MS + HOUR_MS; /* there in slots 1 and 2, wants nothing */
	solve();
	ck_assert_int_eq(w(0, 0), 6000);
	ck_assert_int_eq(w(0, 1), 8000);
	ck_assert_int_eq(w(0, 2), 8000);
	ck_assert_int_eq(w(0, 3), 6000);
	ck_assert_int_eq(plan->outcome[1].ready_slot, -2);
	/* Told to draw nothing unasked, the empty place needs no room. */
	plan_destroy(plan);
	in.idle_w = (const int32_t[DEPOT_ROWS]){0};
	solve();
	ck_assert_int_eq(w(0, 0), 8000);
	ck_assert_int_eq(w(0, 3), 8000);
	in.idle_w = NULL;
	done();
}
END_TEST

START_TEST(overdue_van_charges_first_and_counts_as_short)
{
	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 1, 8000);
	add_van(1, -1, 4000);
	solve();
	ck_assert_int_eq(w(1, 0), 4000);
	ck_assert_int_eq(plan->outcome[1].short_wh, 4000);
	ck_assert_int_eq(plan->outcome[1].planned_wh, 4000);
	ck_assert_int_eq(plan->outcome[1].why, GRID_SOURCE_DEPARTURE);
	ck_assert_int_eq(plan->outcome[1].ready_slot, 0);
	done();
}
END_TEST

START_TEST(battery_tapers_and_spare_room_fills_it)
{
	use_tree(depot, DEPOT_ROWS, 8);
	add_van(0, 0, 4000)->battery = battery_default(20000, 8000);
	van[0].stored_wh = 15000;
	solve();
	ck_assert_int_lt(w(0, 0), 4500);
	ck_assert_int_gt(w(0, 0), w(0, 1));
	ck_assert_int_eq(plan->short_wh, 0);
	ck_assert_int_eq(why(0, 0), GRID_SOURCE_BATTERY);
	ck_assert_int_lt(plan->planned_wh, 4010);
	plan_destroy(plan);

	in.fill_spare = true;
	solve();
	ck_assert_int_gt(plan->planned_wh, 4800);
	ck_assert_int_le(plan->planned_wh, 5000);
	done();
}
END_TEST

START_TEST(bad_input_gives_no_plan)
{
	use_tree(depot, DEPOT_ROWS, 4);
	add_van(0, 1, 8000);
	van[0].evse = 4;
	ck_assert_ptr_null(plan_solve(&in));
	van[0].evse = 0;
	van[0].need_wh = -1;
	ck_assert_ptr_null(plan_solve(&in));
	van[0].need_wh = 1;
	van[0].battery.efficiency_pm = 0;
	ck_assert_ptr_null(plan_solve(&in));
	van[0].battery.efficiency_pm = 1000;
	van[0].depart_ms = INT64_MAX;
	ck_assert_ptr_null(plan_solve(&in));
	van[0].depart_ms = 0;
	in.slot_s = 0;
	ck_assert_ptr_null(plan_solve(&in));
	in.slot_s = 3600;
	in.n = 0;
	solve();
	ck_assert_int_eq(plan->vehicles, 0);
	done();
	plan_destroy(NULL);
}
END_TEST

/* -- random cases ---------------------------------------------------------------------------- */

static const int slot_lengths[] = {60, 300, 900, 3600};

static struct plan_vehicle random_van(uint64_t *s, int evse, int slots, int slot_s)
{
	int64_t span = (int64_t)slots * slot_s * 1000;
	struct plan_vehicle v = {.evse = evse, .priority = (int)random_in(s, 0, 3)};

	v.battery = battery_default(random_chance(s, 80) ? random_in(s, 5000, 100000) : 0,
		(int32_t)random_in(s, 1, 50) * 1000);
	v.battery.efficiency_pm = (int)random_in(s, 700, 1000);
	v.stored_wh = v.battery.capacity_wh ? random_in(s, 0, v.battery.capacity_wh) : 0;
	v.from_ms = START_MS + random_in(s, -HOUR_MS, random_chance(s, 50) ? 0 : span);
	if (random_chance(s, 80))
		v.depart_ms = v.from_ms + random_in(s, 1, span * 5 / 4);
	v.need_wh = random_in(s, 0, 22 * span / 3600);
	v.max_w = random_chance(s, 50) ? (int32_t)random_in(s, 1, 22000) : 0;
	v.min_w = random_chance(s, 50) ? 1380 : 0;
	return v;
}

struct instance {
	struct plan_input in;
	struct plan_caps caps;
	struct plan_vehicle van[16];
};

static void random_instance(struct instance *i, uint64_t *s)
{
	int slots = (int)random_in(s, 1, 16), slot_s = slot_lengths[random_in(s, 0, 3)];
	struct grid_tree *t = random_tree(s, 6, 8);
	int32_t load[16];
	const int32_t *base[64] = {0};

	for (int k = 0; k < slots; k++)
		load[k] = (int32_t)random_in(s, -1000, 15000);
	if (random_chance(s, 50))
		base[random_in(s, 0, grid_tree_nodes(t) - 1)] = load;
	ck_assert_int_eq(plan_caps_init(&i->caps, t, NULL, slots, base, NULL), 0);
	if (random_chance(s, 50))
		plan_caps_lower(&i->caps, t, (int)random_in(s, 0, grid_tree_nodes(t) - 1),
			(int)random_in(s, 0, slots), (int)random_in(s, 0, slots),
			(int32_t)random_in(s, 0, 20000), GRID_SOURCE_ENVELOPE);
	i->in = (struct plan_input){t, &i->caps, START_MS, slot_s, i->van, 0, NULL,
		random_chance(s, 20), NULL, 0, 0, false};
	i->in.n = (int)random_in(s, 0, 12);
	for (int k = 0; k < i->in.n; k++)
		i->van[k] =
			random_van(s, (int)random_in(s, 0, grid_tree_evses(t) - 1), slots, slot_s);
}

static void instance_finish(struct instance *i)
{
	plan_caps_finish(&i->caps);
	grid_tree_destroy((struct grid_tree *)(uintptr_t)i->in.tree);
}

START_TEST(every_plan_is_sound)
{
	struct instance i;
	uint64_t s = 21;
	int short_plans = 0, charged = 0;

	for (int run = 0; run < 20000; run++) {
		struct plan *p, *again;
		struct plan_fault f = {0};

		random_instance(&i, &s);
		i.in.first_s = run % 3 ? 0 : 1 + run * 37 % i.in.slot_s; /* slot 0 has begun */
		p = plan_solve(&i.in);
		ck_assert_ptr_nonnull(p);
		ck_assert_msg(plan_check(&i.in, p, &f),
			"run %d: %s: vehicle %d slot %d node %d: %lld, %lld", run, f.what,
			f.vehicle, f.slot, f.node, (long long)f.got, (long long)f.limit);
		if (run % 100 == 0) {
			again = plan_solve(&i.in);
			ck_assert_mem_eq(p->w, again->w,
				(size_t)p->vehicles * (size_t)p->slots * sizeof(*p->w));
			plan_destroy(again);
		}
		short_plans += p->short_vehicles > 0;
		charged += p->planned_wh > 0;
		plan_destroy(p);
		instance_finish(&i);
	}
	ck_assert_int_gt(short_plans, 5000);
	ck_assert_int_gt(charged, 10000);
}
END_TEST

/* A plan that was tampered with does not pass. */
START_TEST(the_checker_sees_faults)
{
	struct instance i;
	uint64_t s = 22;
	int seen[6] = {0};

	for (int run = 0; run < 5000; run++) {
		struct plan *p;
		struct plan_fault f;
		int kind = (int)random_in(&s, 0, 5), v, at;
		const struct grid_node *evse;

		random_instance(&i, &s);
		p = plan_solve(&i.in);
		v = (int)random_in(&s, 0, i.in.n);
		at = v * p->slots + (int)random_in(&s, 0, p->slots - 1);
		if (v == i.in.n)
			goto next;
		evse = grid_tree_node(i.in.tree, grid_tree_evse_node(i.in.tree, i.van[v].evse));
		if (kind == 0)
			p->w[at] = evse->max_w + 1;
		else if (kind == 1)
			p->w[at] = -1;
		else if (kind == 2 && p->w[at] > 0)
			p->w[at] = 0;
		else if (kind == 3)
			p->outcome[v].short_wh++;
		else if (kind == 4)
			p->outcome[v].planned_wh++;
		else if (kind == 5)
			p->outcome[v].ready_slot++;
		else
			goto next;
		/* Taking one slot away may be hidden by rounding to Wh only if it stored less
		 * than one. */
		if (plan_check(&i.in, p, &f))
			ck_assert_msg(kind == 2, "run %d kind %d passed", run, kind);
		else
			seen[kind]++;
	next:
		plan_destroy(p);
		instance_finish(&i);
	}
	for (int kind = 0; kind < 6; kind++)
		ck_assert_int_gt(seen[kind], kind == 2 ? 80 : 500);
}
END_TEST

/* -- against a maximum flow ------------------------------------------------------------------ */

#define FLOW_MAX 128

struct flow {
	int n;
	int32_t cap[FLOW_MAX][FLOW_MAX];
};

/* Edmonds-Karp; 0 is the source, n - 1 the sink. */
static int64_t max_flow(struct flow *g)
{
	int64_t total = 0;

	for (;;) {
		int from[FLOW_MAX], queue[FLOW_MAX], head = 0, tail = 0, v = g->n - 1;
		int32_t most = INT32_MAX;

		memset(from, -1, sizeof(from));
		from[0] = 0;
		queue[tail++] = 0;
		while (head < tail && from[v] < 0) {
			int u = queue[head++];

			for (int x = 0; x < g->n; x++) {
				if (from[x] >= 0 || g->cap[u][x] <= 0)
					continue;
				from[x] = u;
				queue[tail++] = x;
			}
		}
		if (from[v] < 0)
			return total;
		for (int x = v; x != 0; x = from[x])
			most = g->cap[from[x]][x] < most ? g->cap[from[x]][x] : most;
		for (int x = v; x != 0; x = from[x]) {
			g->cap[from[x]][x] -= most;
			g->cap[x][from[x]] += most;
		}
		total += most;
	}
}

/* The most energy (W·slot) that any plan could deliver; no minimum, no taper, no losses. */
static int64_t best_energy(const struct plan_input *input)
{
	static struct flow g;
	const struct grid_tree *t = input->tree;
	int nodes = grid_tree_nodes(t), slots = input->caps->slots;

	memset(&g, 0, sizeof(g));
	g.n = 2 + input->n + nodes * slots;
	ck_assert_int_le(g.n, FLOW_MAX);
	for (int i = 0; i < input->n; i++) {
		const struct plan_vehicle *v = &input->vehicles[i];
		int leaf = grid_tree_evse_node(t, v->evse);

		g.cap[0][1 + i] = (int32_t)v->need_wh;
		for (int k = 0; k < slots; k++) {
			int64_t at = START_MS + k * HOUR_MS;

			if (at >= v->from_ms && at + HOUR_MS <= v->depart_ms)
				g.cap[1 + i][1 + input->n + leaf * slots + k] = v->max_w;
		}
	}
	for (int n = 0; n < nodes; n++) {
		int up = grid_tree_node(t, n)->parent;

		for (int k = 0; k < slots; k++)
			g.cap[1 + input->n + n * slots + k]
			     [up < 0 ? g.n - 1 : 1 + input->n + up * slots + k] =
				input->caps->w[n * slots + k];
	}
	return max_flow(&g);
}

/* Vans of 1..9 W and hours: every unit counts. `wide`: one van can use all of the limit. */
static void flow_instance(struct instance *i, uint64_t *s, struct grid_tree *t, bool wide)
{
	int slots = (int)random_in(s, 1, 6), n = (int)random_in(s, 1, 5);

	ck_assert_int_eq(plan_caps_init(&i->caps, t, NULL, slots, NULL, NULL), 0);
	for (int k = 0; k < slots; k++)
		plan_caps_lower(&i->caps, t, 0, k, k + 1, (int32_t)random_in(s, 0, 9),
			GRID_SOURCE_ENVELOPE);
	i->in = (struct plan_input){
		t, &i->caps, START_MS, 3600, i->van, n, NULL, false, NULL, 0, 0, false};
	for (int k = 0; k < n; k++) {
		int from = (int)random_in(s, 0, slots - 1);

		i->van[k] = (struct plan_vehicle){
			.evse = k,
			.from_ms = START_MS + from * HOUR_MS,
			.depart_ms = START_MS + random_in(s, from + 1, slots) * HOUR_MS,
			.need_wh = random_in(s, 0, wide ? 15 : 8),
			.max_w = wide ? 9 : (int32_t)random_in(s, 1, 5),
			.battery = {0, 1000, 800, 50, 1000},
		};
	}
}

static struct grid_tree *small_tree(uint64_t *s, bool feeders)
{
	struct grid_row rows[8] = {{.id = "site", .kind = GRID_SITE}};
	static const char *const id[] = {"a", "b", "c", "d", "e"};
	struct grid_error err;
	int n = 1;

	for (int f = 0; feeders && f < 2; f++)
		rows[n++] = (struct grid_row){.id = f ? "F2" : "F1",
			.parent = "site",
			.kind = GRID_FEEDER,
			.rated = true,
			.rating_w = (int32_t)random_in(s, 1, 6)};
	for (int e = 0; e < 5; e++)
		rows[n++] = (struct grid_row){.id = id[e],
			.kind = GRID_EVSE,
			.max_w = 9,
			.parent = feeders ? rows[random_in(s, 1, 2)].id : "site"};
	return grid_tree_create(rows, n, &err);
}

/* Where one van can use the whole limit, earliest departure first is provably the best there is: it
 * delivers as much as any plan, and if all can be ready, all are. */
START_TEST(single_machine_is_optimal)
{
	struct instance i;
	uint64_t s = 23;
	int feasible = 0;

	for (int run = 0; run < 10000; run++) {
		struct plan *p;
		int64_t most, need = 0;

		flow_instance(&i, &s, small_tree(&s, false), true);
		for (int k = 0; k < i.in.n; k++)
			need += i.van[k].need_wh;
		most = best_energy(&i.in);
		p = plan_solve(&i.in);
		ck_assert_int_eq(p->planned_wh, most);
		ck_assert_int_eq(p->short_wh, need - most);
		feasible += most == need && need > 0;
		plan_destroy(p);
		instance_finish(&i);
	}
	ck_assert_int_gt(feasible, 1000);
}
END_TEST

/* Where vans are narrower than the limit, and on trees, the greedy order may miss a little. */
START_TEST(trees_come_close_to_the_best)
{
	struct instance i;
	uint64_t s = 24;
	int feasible = 0, missed = 0;
	int64_t best = 0, got = 0;

	for (int run = 0; run < 5000; run++) {
		struct plan *p;
		int64_t most, need = 0;

		flow_instance(&i, &s, small_tree(&s, random_chance(&s, 70)), false);
		for (int k = 0; k < i.in.n; k++)
			need += i.van[k].need_wh;
		most = best_energy(&i.in);
		p = plan_solve(&i.in);
		ck_assert_int_le(p->planned_wh, most);
		best += most;
		got += p->planned_wh;
		feasible += most == need && need > 0;
		missed += most == need && p->short_wh > 0;
		plan_destroy(p);
		instance_finish(&i);
	}
	printf("plan: %d of %d feasible cases missed, %.2f %% of the best energy\n", missed,
		feasible, 100.0 * (double)got / (double)best);
	ck_assert_int_gt(feasible, 500);
	ck_assert_int_le(missed * 100, feasible * 3);
	ck_assert(got * 100 >= best * 98);
}
END_TEST

/* -- speed ----------------------------------------------------------------------------------- */

START_TEST(five_hundred_vans_and_a_day_of_slots_in_time)
{
	struct random_tree r;
	struct grid_error err;
	struct grid_tree *t;
	struct plan_caps c;
	struct plan_vehicle *v = calloc(500, sizeof(*v));
	struct plan_input input;
	struct timespec a, b;
	uint64_t s = 25;
	double best_ms = 1e9;

	random_tree_init(&r, &s, SHAPE_BUSHY, 100, 500);
	for (int i = 0; i < r.n; i++)
		r.row[i].rated = r.row[i].kind == GRID_SITE;
	t = grid_tree_create(r.row, r.n, &err);
	ck_assert_int_eq(plan_caps_init(&c, t, NULL, 288, NULL, NULL), 0);
	plan_caps_lower(&c, t, 0, 0, 288, 900000, GRID_SOURCE_ENVELOPE);
	for (int i = 0; i < 500; i++)
		v[i] = random_van(&s, i, 288, 300);
	input = (struct plan_input){t, &c, START_MS, 300, v, 500, NULL, false, NULL, 0, 0, false};
	for (int i = 0; i < 3; i++) {
		struct plan *p;
		struct plan_fault f;
		double ms;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		p = plan_solve(&input);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
		best_ms = ms < best_ms ? ms : best_ms;
		ck_assert_msg(plan_check(&input, p, &f), "%s", f.what);
		ck_assert_int_gt(p->short_vehicles, 0); /* the longer way through the planner */
		plan_destroy(p);
	}
	printf("plan: 500 vehicles x 288 slots in %.1f ms\n", best_ms);
#if !defined(__SANITIZE_ADDRESS__)
	ck_assert(best_ms < 50);
#endif
	plan_caps_finish(&c);
	grid_tree_destroy(t);
	random_tree_finish(&r);
	free(v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *c = tcase_create("solve");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, earliest_departure_goes_first);
	tcase_add_test(c, priority_decides_only_when_not_all_fits);
	tcase_add_test(c, who_is_short_is_told_why);
	tcase_add_test(c, a_limit_is_blamed_for_what_it_costs);
	tcase_add_test(c, minimum_power_is_all_or_nothing);
	tcase_add_test(c, forecast_and_envelope_bound_a_slot);
	tcase_add_test(c, tail_of_an_empty_place_is_kept_free);
	tcase_add_test(c, overdue_van_charges_first_and_counts_as_short);
	tcase_add_test(c, battery_tapers_and_spare_room_fills_it);
	tcase_add_test(c, bad_input_gives_no_plan);
	tcase_add_test(c, every_plan_is_sound);
	tcase_add_test(c, the_checker_sees_faults);
	tcase_add_test(c, single_machine_is_optimal);
	tcase_add_test(c, trees_come_close_to_the_best);
	tcase_add_test(c, five_hundred_vans_and_a_day_of_slots_in_time);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
