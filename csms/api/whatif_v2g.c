#include "csms/api/whatif_v2g.h"

#include <string.h>

#include "csms/fleet.h"
#include "csms/plan/storage_fill.h"
#include "scheduler/wear.h"

#define MEMORY (256u << 20)
#define GAP    1e-5

int whatif_v2g_take(const struct core *c, struct arena *a, struct whatif_v2g *out)
{
	const struct config_discharge *cfg = c->config->discharge;
	const struct vehicle *v, *tmp;
	size_t n = HASH_COUNT(c->fleet.vehicles);

	*out = (struct whatif_v2g){.batteries = arena_alloc(a, (n + 1) * sizeof *out->batteries),
		.below_need = cfg->below_need,
		.export_w = FLOW_POWER_MAX,
		.battery_price = cfg->battery_price,
		.worn_share = (double)cfg->worn_pct / 100,
		.celsius = cfg->celsius};
	if (!out->batteries)
		return -1;
	for (size_t i = 0; i < c->depot->nodes.count; i++) {
		const struct depot_node *d = &c->depot->nodes.items[i];

		if (!d->parent && d->has_export_limit_w && d->export_limit_w < out->export_w)
			out->export_w = d->export_limit_w;
	}
	HASH_ITER (hh, c->fleet.vehicles, v, tmp) {
		const struct depot_vehicle *is = v->row;
		struct whatif_battery *b = &out->batteries[out->count];

		if (!is || (is->has_health_pct && is->health_pct < cfg->health_pct))
			continue;
		b->id = arena_strdup(a, v->id);
		if (!b->id)
			return -1;
		b->least = (double)(cfg->floor_pct > is->min_soc_pct ? cfg->floor_pct
								     : is->min_soc_pct) /
			   100;
		b->cycles = is->cycles;
		b->chemistry = depot_chemistry_enum.values[is->chemistry];
		out->count++;
	}
	return 0;
}

/* -- one night as a problem -------------------------------------------------------------------- */

struct night {
	const struct whatif_v2g *terms;
	const struct plan_input *plan;
	struct storage_fill fill;
	struct storage_input in;
	struct storage_device *devices;
	int givers;
};

static const struct whatif_battery *find(const struct whatif_v2g *v, const char *id)
{
	for (int i = 0; i < v->count; i++)
		if (strcmp(v->batteries[i].id, id) == 0)
			return &v->batteries[i];
	return NULL;
}

static int slot_of(const struct night *n, int64_t at_ms)
{
	int64_t t = (at_ms - n->plan->start_ms) / n->fill.slot_ms;

	return t < 0 ? 0 : t > n->in.slots ? n->in.slots : (int)t;
}

static int32_t wear(const struct whatif_v2g *v, const struct whatif_battery *b, double rate)
{
	struct wear_use use = {
		wear_chemistry_of(b->chemistry), (1 - b->least) / 2, rate, v->celsius, b->cycles};
	double price = wear_price(&use, v->battery_price, v->worn_share) * 1e6;

	return price < FLOW_PRICE_MAX ? (int32_t)price : FLOW_PRICE_MAX;
}

/* As storage_case.c has it, but that each that is described can give back as much as it draws. */
static void add_vehicle(struct night *n, const struct plan_vehicle *v, const char *id)
{
	const struct whatif_battery *b = v->battery.capacity_wh ? find(n->terms, id) : NULL;
	struct storage_device *d = &n->devices[n->in.n++];
	double full = (double)v->battery.capacity_wh, need = (double)(v->stored_wh + v->need_wh);
	int from = slot_of(n, v->from_ms),
	    to = v->depart_ms ? slot_of(n, v->depart_ms) : n->in.slots;
	double least;

	if (full < need)
		full = need;
	*d = (struct storage_device){.node = grid_tree_evse_node(n->plan->tree, v->evse),
		.from = from,
		.to = to > from ? to : from + (from < n->in.slots),
		.charge_w = storage_bounded_w(v->max_w),
		.charge_pm = v->battery.efficiency_pm,
		.discharge_pm = v->battery.efficiency_pm,
		.stored = storage_energy(&n->fill, (double)v->stored_wh),
		.full = storage_energy(&n->fill, full),
		.need = storage_energy(&n->fill, need),
		.missing = storage_missing(v->priority)};
	if (!b)
		return;
	least = b->least * full;
	if (!n->terms->below_need && least < need)
		least = need;
	d->least = storage_energy(&n->fill, least);
	d->discharge_w = d->charge_w;
	d->wear = wear(n->terms, b, (double)v->max_w / full);
	n->givers++;
}

/* What flows back through a node is bounded as what flows in is; the site's own load takes of it, and
 * beyond that no more leaves than may be fed in. */
static int fill_feed(struct night *n)
{
	size_t slots = (size_t)n->in.slots, cells = (size_t)n->in.nodes * slots;
	int32_t *feed = arena_alloc(n->fill.arena, cells * sizeof *feed);

	if (!feed)
		return -1;
	memcpy(feed, n->in.cap_w, cells * sizeof *feed);
	for (size_t t = 0; t < slots; t++) {
		int32_t most = storage_bounded_w(n->terms->export_w + n->in.load_w[t]);

		feed[t] = feed[t] < most ? feed[t] : most;
	}
	n->in.feed_w = feed;
	return 0;
}

static int fill(struct night *n, const struct event_plan_snapshot *s)
{
	storage_fill_begin(&n->fill, &n->in);
	n->devices = arena_alloc(n->fill.arena, ((size_t)n->plan->n + 1) * sizeof *n->devices);
	if (!n->devices || !storage_fill_caps(&n->fill, &n->in) ||
		!storage_fill_prices(&n->fill, &n->in) || storage_fill_charges(&n->fill, &n->in) ||
		fill_feed(n))
		return -1;
	n->in.devices = n->devices;
	for (int i = 0; i < n->plan->n; i++)
		add_vehicle(n, &n->plan->vehicles[i],
			i < (int)s->vehicles.count ? s->vehicles.items[i].id : "");
	return 0;
}

/* -- what it costs ----------------------------------------------------------------------------- */

struct outcome {
	double all, peaks, gap; /* money; all: with the peaks */
	double given_wh;
};

static void *take(void *arg, size_t bytes)
{
	return arena_alloc(arg, bytes);
}

static int solve(const struct night *n, struct outcome *out)
{
	struct arena *a = arena_create(MEMORY);
	struct storage *s = a ? storage_create(&n->in, &(struct storage_memory){take, a}) : NULL;

	*out = (struct outcome){0};
	if (s) {
		storage_solve(s, &(struct storage_effort){.gap = GAP});
		out->all = storage_money(&n->fill, storage_cost(s));
		out->gap = out->all - storage_money(&n->fill, storage_bound(s));
		for (int k = 0; k < n->in.charges; k++) {
			const struct storage_charge *c = &n->in.charge[k];
			double over_w = storage_peak_w(s, k) - c->paid_w;

			out->peaks += storage_money(&n->fill, over_w * (double)c->price);
		}
		for (int i = 0; i < n->in.n; i++)
			for (int t = 0; t < n->in.slots; t++)
				if (storage_w(s, i, t) < 0)
					out->given_wh -= storage_w(s, i, t) *
							 (double)n->fill.slot_ms / 3600000.0;
	}
	arena_destroy(a);
	return s ? 0 : -1;
}

static void keep_most(double v, double *most)
{
	*most = v > *most ? v : *most;
}

int whatif_v2g_night(const struct whatif_v2g *v, const struct event_plan_snapshot *s,
	const struct plan_input *in, struct api_what_if_v2g *out)
{
	struct night n = {.terms = v, .plan = in};
	struct outcome without, with;
	struct storage_device *plain;
	int rc = -1;

	if (!in->prices || in->prices->parts < 2 || in->n == 0)
		return 0;
	n.fill = (struct storage_fill){.arena = arena_create(MEMORY),
		.tree = in->tree,
		.caps = in->caps,
		.prices = in->prices,
		.plan_slot_ms = (int64_t)in->slot_s * 1000};
	if (n.fill.arena && fill(&n, s) == 0 && solve(&n, &with) == 0) {
		plain = n.devices;
		for (int i = 0; i < n.in.n; i++)
			plain[i].discharge_w = 0;
		rc = solve(&n, &without);
	}
	if (rc == 0) {
		out->batteries += n.givers;
		out->given_wh += (int64_t)with.given_wh;
		out->worth += without.all - without.peaks - (with.all - with.peaks);
		keep_most(without.peaks, &out->peaks_without);
		keep_most(with.peaks, &out->peaks_with);
		out->gap += without.gap + with.gap;
	}
	arena_destroy(n.fill.arena);
	return rc;
}
