/*
 * What if: the plans of past nights made again with other limits, more or fewer vehicles, or another tariff. Nothing
 * changes but the answer. Both sides are made now, by the same code: what the journal kept may be of
 * an older depotd.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/plan_load.h"
#include "csms/api/whatif_nights.h"
#include "csms/api/whatif_tariff.h"
#include "csms/api/whatif_v2g.h"
#include "csms/clock.h"
#include "csms/money/prices.h"
#include "csms/view/words_whatif.h"

#define WORTH_MAX 8 /* nodes in the answer */
#define NODES_MAX 2000 /* whose worth is added up */
#define MONTH     30 /* nights */

struct worth {
	char node[61];
	double micro;
};

struct whatif {
	const struct api_what_if_post *ask;
	struct whatif_tariff tariff; /* where the ask names one */
	struct whatif_v2g v2g; /* … and where it asks for that */
	struct api_what_if_v2g given;
	struct api_what_if out;
	struct worth *worth; /* [NODES_MAX] */
	int worths;
	bool is_tonight; /* no night is over yet */
	bool ok;
	int status;
	char why[200];
};

/* -- one night -------------------------------------------------------------------------------- */

static int change_limits(struct whatif *x, struct plan_case *c)
{
	const struct plan_input *in = plan_case_input(c);
	struct plan_caps *caps = plan_case_caps(c);

	for (size_t i = 0; i < x->ask->nodes.count; i++) {
		const struct api_what_if_limit *l = &x->ask->nodes.items[i];
		int v = grid_tree_find(in->tree, l->node);

		if (v < 0) {
			snprintf(x->why, sizeof x->why,
				"no node %.60s in the plans of the past: "
				"depotctl tree lists them",
				l->node);
			x->status = 404;
			return -1;
		}
		plan_caps_add(caps, v, l->w);
	}
	return 0;
}

/* More of those that are there, in turn, at the places where they stand: a place of its own each, as
 * far as the limits above are concerned. Fewer: the last ones go. */
static struct plan_vehicle *change_vehicles(const struct whatif *x, struct plan_input *in)
{
	int64_t n = in->n + x->ask->vans;
	struct plan_vehicle *v;

	if (n < 0)
		n = 0;
	if (in->n == 0)
		n = 0;
	v = calloc((size_t)n + 1, sizeof *v);
	for (int64_t i = 0; v && i < n; i++)
		v[i] = in->vehicles[i % in->n];
	if (v) {
		in->vehicles = v;
		in->n = (int)n;
	}
	return v;
}

static int no_memory(struct whatif *x)
{
	snprintf(x->why, sizeof x->why, "no memory for the plans");
	x->status = 503;
	return -1;
}

static int add_side(struct whatif *x, const struct plan_input *in, struct api_what_if_side *side,
	struct plan **out)
{
	struct plan *p = plan_solve(in);

	if (p == NULL)
		return no_memory(x);
	side->cost += (double)p->cost / 1e6;
	if ((double)p->demand_cost / 1e6 > side->demand_cost)
		side->demand_cost = (double)p->demand_cost / 1e6;
	side->short_wh += p->short_wh;
	side->short_vans += p->short_vehicles;
	side->gap += p->gap > 0 ? (double)p->gap / 1e6 : 0;
	*out = p;
	return 0;
}

/* What is not known of a night is told. */
static void count_unknown(struct whatif *x, const struct plan_input *in, const struct plan *p)
{
	x->out.unpriced += in->prices == NULL;
	x->out.unproven += p->gap < 0;
}

static void add_worth(struct whatif *x, const struct grid_tree *t, const struct plan *p)
{
	for (int v = 0; v < grid_tree_nodes(t); v++) {
		const char *id = grid_tree_node(t, v)->id;
		int i = 0;

		if (p->worth[v] <= 0)
			continue;
		while (i < x->worths && strcmp(x->worth[i].node, id) != 0)
			i++;
		if (i == NODES_MAX)
			continue;
		if (i == x->worths)
			snprintf(x->worth[x->worths++].node, sizeof x->worth[i].node, "%s", id);
		x->worth[i].micro += (double)p->worth[v];
	}
}

static int change_tariff(
	struct whatif *x, struct db_reader *db, struct plan_input *in, struct whatif_prices *prices)
{
	if (x->ask->tariff == NULL || whatif_tariff_apply(&x->tariff, db, in, prices) == 0)
		return 0;
	snprintf(x->why, sizeof x->why, "no memory for the tariff's prices, or no store");
	x->status = 503;
	return -1;
}

static int one_night(struct whatif *x, struct db_reader *db, const struct plan_record *r)
{
	struct whatif_prices prices = {0};
	struct plan_case *c = plan_case_create(r->snapshot, x->why);
	struct plan_vehicle *more = NULL;
	struct plan *p = NULL;
	int rc = -1;

	if (c == NULL)
		return -1;
	if (add_side(x, plan_case_input(c), &x->out.without, &p) == 0) {
		add_worth(x, plan_case_input(c)->tree, p);
		count_unknown(x, plan_case_input(c), p);
		plan_destroy(p);
		rc = change_limits(x, c) || change_tariff(x, db, plan_case_input(c), &prices) ? -1
											      : 0;
		if (rc == 0 && x->ask->v2g &&
			whatif_v2g_night(&x->v2g, r->snapshot, plan_case_input(c), &x->given))
			rc = no_memory(x);
		more = change_vehicles(x, plan_case_input(c));
		p = NULL;
		rc = rc || more == NULL || add_side(x, plan_case_input(c), &x->out.with, &p) ? -1
											     : 0;
		plan_destroy(p);
	}
	x->out.nights++;
	x->out.vehicles += (int64_t)r->snapshot->vehicles.count;
	plan_case_destroy(c);
	whatif_prices_finish(&prices);
	free(more);
	return rc;
}

/* -- all of them ------------------------------------------------------------------------------ */

static void whatif_work(struct db_reader *r, struct ask *k)
{
	struct whatif *x = k->state;
	const struct db_plan **best;
	struct db_plan_list list;
	int64_t begin = clock_real_us();
	size_t n;

	x->status = 500;
	snprintf(x->why, sizeof x->why, "the store cannot be read");
	best = arena_alloc(k->arena, sizeof *best * (size_t)x->ask->nights);
	x->worth = arena_alloc(k->arena, sizeof *x->worth * NODES_MAX);
	if (!best || !x->worth || db_query_plans(r, PLANS_KEPT + NIGHTS_KEPT, k->arena, &list) != 0)
		return;
	n = whatif_nights(&list, clock_wall(), best, (size_t)x->ask->nights, &x->is_tonight);
	x->ok = true;
	for (size_t i = 0; x->ok && i < n; i++) {
		struct arena *a = arena_create(0);
		struct plan_loaded plan;

		if (a && plan_load_row(r, best[i], a, &plan))
			x->ok = one_night(x, r, &plan.record) == 0;
		arena_destroy(a);
	}
	if (x->ok && x->out.nights == 0) {
		x->ok = false;
		x->status = 409;
		snprintf(x->why, sizeof x->why, "no past plan had a vehicle in it yet");
	}
	x->out.solve_us = clock_real_us() - begin;
}

static int dearest_first(const void *a, const void *b)
{
	const struct worth *x = a, *y = b;

	return (x->micro < y->micro) - (x->micro > y->micro);
}

static void fill_worth(struct whatif *x, struct arena *a)
{
	qsort(x->worth, (size_t)x->worths, sizeof *x->worth, dearest_first);
	x->out.worth.items = arena_alloc(a, sizeof *x->out.worth.items * WORTH_MAX);
	for (int i = 0; x->out.worth.items && i < x->worths && i < WORTH_MAX; i++)
		x->out.worth.items[x->out.worth.count++] =
			(struct api_what_if_node){.node = x->worth[i].node,
				.worth = x->worth[i].micro / 1e6,
				.month = x->worth[i].micro / 1e6 * MONTH / (double)x->out.nights};
}

static void say(struct ask *k, struct whatif *x)
{
	struct words_whatif w = {.nights = (int)x->out.nights,
		.is_tonight = x->is_tonight,
		.unpriced = (int)x->out.unpriced,
		.unproven = (int)x->out.unproven,
		.currency = x->out.currency,
		.saved = x->out.without.cost - x->out.with.cost,
		.peak_saved = x->out.without.demand_cost - x->out.with.demand_cost,
		.gap = x->out.without.gap + x->out.with.gap,
		.short_wh = x->out.without.short_wh,
		.short_less_wh = x->out.without.short_wh - x->out.with.short_wh,
		.binding = (int)x->out.worth.count};
	struct text t;

	text_init(&t, 290);
	words_whatif_sentence(&t, &w);
	x->out.sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_whatif_limits(&t, &w);
	x->out.limits_sentence = t.len ? ask_words(k, &t) : NULL;
	if (!x->out.limits_sentence)
		text_finish(&t);
}

static void whatif_finish(struct ask *k)
{
	struct whatif *x = k->state;

	if (!x->ok) {
		ask_problem(k, x->status, NULL, "%s", x->why);
		return;
	}
	fill_worth(x, k->arena);
	if (x->ask->v2g)
		x->out.v2g = &x->given;
	say(k, x);
	ask_reply(k, 200, &api_what_if_type, &x->out);
}

void whatif_post(struct ask *k)
{
	struct whatif *x = arena_alloc(k->arena, sizeof *x);

	if (x == NULL) {
		ask_problem(k, 503, NULL, "no memory for the plans");
		return;
	}
	x->ask = k->body;
	x->out.currency = prices_currency(k->api->core->prices);
	if (x->ask->tariff && !whatif_tariff_take(k, x->ask->tariff, &x->tariff))
		return;
	if (x->ask->tariff && x->out.currency &&
		strcmp(x->out.currency, x->tariff.tariff.currency) != 0) {
		ask_problem(k, 422, "tariff",
			"tariff %.60s is in %s, the one in force in %s: they cannot be compared",
			x->ask->tariff, x->tariff.tariff.currency, x->out.currency);
		return;
	}
	if (x->ask->v2g && whatif_v2g_take(k->api->core, k->arena, &x->v2g)) {
		ask_problem(k, 503, NULL, "no memory for the plans");
		return;
	}
	k->state = x;
	ask_read_alone(k, whatif_work, whatif_finish);
}
