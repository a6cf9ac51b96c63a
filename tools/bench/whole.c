/*
 * What a plan costs as depotd makes it: 500 vans with batteries that taper and least powers, feeders
 * and a site that carry about half of them, 288 slots of five minutes, calm, prices of two rates, with
 * and without a demand charge; the check of the plan counted in.
 */
#include <stdio.h>
#include <string.h>
#include "scheduler/plan.h"
#include "tools/bench/figure.h"

#define VANS    500
#define FEEDERS 10
#define SLOTS   288
#define SLOT_S  300
#define REPEATS 5

static int failed;

static void complain(const char *what)
{
	fprintf(stderr, "bench-whole: %s\n", what);
	failed = 1;
}

struct depot {
	struct grid_tree *tree;
	struct plan_caps caps;
	struct flow_part part[SLOTS][2];
	uint8_t counts[SLOTS];
	int32_t load_w[SLOTS];
	struct plan_prices prices;
	struct plan_vehicle van[VANS];
	struct plan_input in;
};

static int make_tree(struct depot *d)
{
	static struct grid_row row[1 + FEEDERS + VANS];
	static char id[1 + FEEDERS + VANS][12];
	struct grid_error err;

	for (int i = 0; i < 1 + FEEDERS + VANS; i++) {
		bool is_evse = i > FEEDERS;

		snprintf(id[i], sizeof id[i], "n%d", i);
		row[i] = (struct grid_row){.id = id[i],
			.parent = i == 0    ? NULL
				  : is_evse ? id[1 + i % FEEDERS]
					    : id[0],
			.kind = i == 0    ? GRID_SITE
				: is_evse ? GRID_EVSE
					  : GRID_FEEDER,
			.rated = !is_evse,
			.rating_w = i == 0 ? VANS * 6000 : VANS / FEEDERS * 6500};
		if (is_evse) {
			row[i].max_w = 22000;
			row[i].min_w = 4140;
		}
	}
	d->tree = grid_tree_create(row, 1 + FEEDERS + VANS, &err);
	return d->tree && plan_caps_init(&d->caps, d->tree, NULL, SLOTS, NULL, NULL) == 0 ? 0 : -1;
}

enum kind {
	STAY, /* till the horizon's end, to 80 %: as the bench of the whole depotd has them */
	LEAVE, /* one after another, with 80 % */
	FULL /* … with 100 %: the taper is all that they do for hours */
};

static void set_van(struct plan_vehicle *v, int i, int64_t start, enum kind kind)
{
	int64_t stored = kind == STAY ? 8000 : 20000 + i * 37 % 41 * 1000;
	int64_t stays_h = 12 + i * 7 % 12;

	*v = (struct plan_vehicle){
		.evse = i,
		.from_ms = start,
		.depart_ms = kind == STAY ? 0 : start + stays_h * 3600000LL,
		.need_wh = (kind == FULL ? 80000 : 64000) - stored,
		.stored_wh = stored,
		.priority = 5,
		.max_w = 11000,
		.min_w = 4140,
		.battery = battery_default(80000, 11000),
	};
	if (i == 7)
		v->depart_ms = start + 5 * 3600000LL;
}

static struct depot *make(bool has_demand, enum kind kind)
{
	static struct depot d;
	const int64_t start = INT64_C(1790000000000);

	memset(&d, 0, sizeof d);
	if (make_tree(&d))
		return NULL;
	for (int t = 0; t < SLOTS; t++) {
		d.part[t][0] = (struct flow_part){60000, 0};
		d.part[t][1] = (struct flow_part){t < 96 ? 100000 : 300000, FLOW_POWER_MAX};
		d.counts[t] = 1;
		d.load_w[t] = 40000;
	}
	d.prices = (struct plan_prices){.parts = 2, .part = d.part[0], .load_w = d.load_w};
	if (has_demand) {
		d.prices.demands = 1;
		d.prices.demand[0] = (struct plan_demand){d.counts, 15510000, 400000};
	}
	for (int i = 0; i < VANS; i++)
		set_van(&d.van[i], i, start, kind);
	d.in = (struct plan_input){.tree = d.tree,
		.caps = &d.caps,
		.start_ms = start,
		.slot_s = SLOT_S,
		.vehicles = d.van,
		.n = VANS,
		.prices = &d.prices,
		.calm_pm = 5};
	return &d;
}

static void measure(bool has_demand, enum kind kind, const char *name)
{
	struct depot *d = make(has_demand, kind);
	double ms[REPEATS] = {0};
	struct plan_fault fault;

	for (int k = 0; d && k < REPEATS; k++) {
		double begin = figure_cpu_ms();
		struct plan *p = plan_solve(&d->in);

		if (!p || !plan_check(&d->in, p, &fault))
			complain("no plan, or not sound");
		ms[k] = figure_cpu_ms() - begin;
		plan_destroy(p);
	}
	figure_print_plan(name, figure_quantile(ms, REPEATS, 0.5), "ms");
}

int main(void)
{
	measure(false, STAY, "whole_500x288_ms");
	measure(false, LEAVE, "whole_leave_500x288_ms");
	measure(true, LEAVE, "whole_demand_500x288_ms");
	measure(true, FULL, "whole_full_500x288_ms");
	return failed;
}
