/* How far chargers go by plans: the mode of each, its group, and what another mode would change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/plan/assisted.h"
#include "csms/power/control_modes.h"
#include "csms/power/control_private.h"
#include "csms/plan/planner.h"

#define LEAST_W 100 /* less is no change */

/* -- modes ------------------------------------------------------------------------------------ */

static const struct depot_node *described(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcasecmp(c->depot->nodes.items[i].id, id) == 0)
			return &c->depot->nodes.items[i];
	return NULL;
}

/* The node at or above `node` that says a mode; NULL: none does. */
static const struct depot_node *sayer(const struct control *k, int node)
{
	for (int v = node; v >= 0; v = grid_tree_node(k->tree, v)->parent) {
		const struct depot_node *row = described(k->core, grid_tree_node(k->tree, v)->id);

		if (row && row->has_mode)
			return row;
	}
	return NULL;
}

enum depot_plan_mode control_mode(const struct control *k, int node)
{
	const struct depot_node *row = sayer(k, node);

	return row ? row->mode : DEPOT_PLAN_MODE_AUTOMATIC;
}

int control_mode_evses(const struct control *k, int node)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	const struct depot_node *row = sayer(k, node);
	int count = 0;

	for (int i = n->evse_first; i < n->evse_end; i++)
		count += sayer(k, grid_tree_evse_node(k->tree, i)) == row;
	return count;
}

void control_find_modes(struct control *k)
{
	for (int i = 0; i < k->evses; i++) {
		const struct depot_node *row = sayer(k, grid_tree_evse_node(k->tree, i));
		struct control_order *o = &k->order[i];

		o->mode = row ? row->mode : DEPOT_PLAN_MODE_AUTOMATIC;
		o->approval = o->mode == DEPOT_PLAN_MODE_ASSISTED
				      ? assisted_group(k->assisted, row->id)
				      : NULL;
	}
}

struct assisted *control_assisted(struct control *k)
{
	return k->assisted;
}

/* -- a plan is in force ----------------------------------------------------------------------- */

struct asking {
	const struct control *control;
	const struct approval *group;
};

static bool is_asked(const void *arg, const struct evse *e)
{
	const struct asking *x = arg;

	return e->grid_evse >= 0 && e->grid_evse < x->control->evses &&
	       x->control->order[e->grid_evse].approval == x->group;
}

void control_follow_plan(struct control *k)
{
	if (assisted_count(k->assisted) > 0)
		planner_record(k->planner); /* before what is proposed of it */
	for (int i = 0; i < assisted_count(k->assisted); i++) {
		struct asking x = {k, assisted_at(k->assisted, i)};

		approval_plan_made(
			assisted_at(k->assisted, i), planner_plan(k->planner), is_asked, &x);
	}
}

/* -- what another mode would change ----------------------------------------------------------- */

static void order_as(const struct control *k, int i, enum depot_plan_mode mode,
	const struct approval *group, wall_t now, struct control_order *o)
{
	const struct evse *e = k->evse[i];

	o->mode = mode;
	o->w = mode == DEPOT_PLAN_MODE_AUTOMATIC  ? planner_wanted_w(k->planner, e, now)
	       : mode == DEPOT_PLAN_MODE_ASSISTED ? (group ? approval_w(group, e, now) : -1)
						  : -1;
	o->by = mode == DEPOT_PLAN_MODE_AUTOMATIC ? CONTROL_BY_PLAN
		: mode == DEPOT_PLAN_MODE_SHADOW  ? CONTROL_BY_SHADOW
		: o->w < 0                        ? CONTROL_BY_UNAPPROVED
						  : CONTROL_BY_APPROVED;
	if (k->is_late)
		o->by = CONTROL_BY_LATE;
}

static int64_t w_of(const struct control_order *o, int32_t share)
{
	int64_t w = o->by >= CONTROL_BY_SHADOW ? share : o->w;

	return w > 0 ? w : 0;
}

static void tell(
	const struct evse *e, int64_t now_w, int64_t then_w, struct control_mode_effect *out)
{
	struct control_mode_change *c = &out->changes[out->count];

	if (!e->tx.is_open || llabs(then_w - now_w) < LEAST_W || out->count == CONTROL_MODE_CHANGES)
		return;
	out->count++;
	c->evse = e;
	snprintf(c->text, sizeof c->text, "%.1f kW at once, not %.1f kW", (double)then_w / 1000,
		(double)now_w / 1000);
}

int control_mode_try(const struct control *k, int node, enum depot_plan_mode mode, wall_t now,
	struct control_mode_effect *out)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	const struct depot_node *row = sayer(k, node);
	const struct approval *group = assisted_find(k->assisted, n->id);
	size_t size = (size_t)k->evses + 1;
	struct control_order *was = malloc(2 * size * sizeof *was), *is = was ? was + size : NULL;
	int32_t *share = malloc(2 * size * sizeof *share), *then = share ? share + size : NULL;
	int rc = -1;

	*out = (struct control_mode_effect){.from = control_mode(k, node)};
	if (was && share) {
		for (int i = 0; i < k->evses; i++) {
			was[i] = k->order[i];
			if (was[i].by == CONTROL_BY_PLAN || was[i].by == CONTROL_BY_APPROVED)
				order_as(k, i, was[i].mode, was[i].approval, now, &was[i]);
			is[i] = was[i];
		}
		for (int i = n->evse_first; i < n->evse_end; i++) {
			if (sayer(k, grid_tree_evse_node(k->tree, i)) != row)
				continue; /* a node below says its own */
			order_as(k, i, mode, group, now, &is[i]);
			out->evses++;
			out->vehicles += k->evse[i]->tx.is_open;
		}
		rc = control_share(k, was, now, share) || control_share(k, is, now, then);
	}
	for (int i = 0; rc == 0 && i < k->evses; i++)
		tell(k->evse[i], w_of(&was[i], share[i]), w_of(&is[i], then[i]), out);
	free(was);
	free(share);
	return rc ? -1 : 0;
}
