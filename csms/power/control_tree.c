#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control_private.h"
#include "csms/power/grid_edit.h"
#include "csms/metering/meters.h"
#include "csms/plan/planner.h"
#include "csms/power/safety.h"
#include "csms/power/tree.h"
#include "scheduler/rule.h"

#define GRACE_MS 5000 /* beside the interval of reports: till then a rising van looks like load */

void control_unload(struct control *k)
{
	safety_destroy(k->safety);
	guard_destroy(k->guard);
	grid_limits_destroy(k->limits);
	grid_tree_destroy(k->tree);
	free(k->evse);
	free(k->lanes);
	free(k->node);
	free(k->meter);
	free(k->rated);
	free(k->worst_w);
	free(k->said);
	free(k->full);
	free(k->worst);
	free(k->base_w);
	free(k->base_phase_w);
	free(k->doubt);
	free(k->order);
	free(k->share);
	free(k->room);
	free(k->node_in);
	free(k->evse_in);
	free(k->store);
	free(k->lean);
	k->safety = NULL;
	k->guard = NULL;
	k->limits = NULL;
	k->tree = NULL;
	k->lanes = NULL;
	k->evses = 0;
}

static int place_of(const struct grid_tree *t, const char *name)
{
	int node = grid_tree_find(t, name);

	return node >= 0 ? grid_tree_node(t, node)->evse_first : -1;
}

/* A limit of its phases stands on the way to the root. */
static bool has_phase_limit(const struct grid_tree *t, int evse)
{
	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		if (grid_tree_node(t, v)->electric.phase_ma ||
			grid_tree_node(t, v)->electric.imbalance_ma)
			return true;
	return false;
}

/* What the plan gave it stands until there is one for the new tree: an edit is no reason to start who
 * pauses. */
static void keep_order(struct control *k, int now, const struct control *old, int was)
{
	const struct control_order *then = &old->order[was];
	const struct evse *e = k->evse[now];

	if (then->by != CONTROL_BY_PLAN || then->w < 0 || !e->tx.is_open)
		return;
	k->order[now].is_kept = true;
	memcpy(k->order[now].kept_for, e->tx.id, sizeof e->tx.id);
	k->order[now].kept_w = then->w;
}

/* A lane for the EVSE, with what the station was known to hold before the tree was built anew. */
static void bind_evse(struct control *k, const struct control *old, struct evse *e)
{
	char name[GRID_ID_MAX + 1];
	int now, was;

	snprintf(name, sizeof name, "%.48s/%d", e->station->id, e->id);
	now = place_of(k->tree, name);
	was = old ? place_of(old->tree, name) : -1;
	e->grid_evse = now;
	if (now < 0)
		return;
	k->evse[now] = e;
	lane_init(&k->lanes[now], k->core, e);
	e->currents.pattern.phases = 0; /* by what it is registered as now */
	if (was >= 0) {
		k->lanes[now] = old->lanes[was];
		k->lanes[now].evse = e;
		keep_order(k, now, old, was);
	}
	k->lanes[now].phases_limited = has_phase_limit(k->tree, now);
}

static bool is_rated_the_same(const struct grid_node *a, const struct grid_node *b)
{
	return a->rated == b->rated && a->rating_w == b->rating_w &&
	       a->electric.phase_ma == b->electric.phase_ma &&
	       a->electric.imbalance_ma == b->electric.imbalance_ma &&
	       a->electric.export_limited == b->electric.export_limited &&
	       a->electric.export_w == b->electric.export_w;
}

/* What was registered stands since then; a station that is registered anew with the same ratings
 * has them since before. */
static wall_t registered_at(const struct control *k, const struct control *old, int i)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);
	int was = old ? grid_tree_find(old->tree, n->id) : -1;
	char id[GRID_ID_MAX + 1];
	struct station *s;

	if (was >= 0 && is_rated_the_same(n, grid_tree_node(old->tree, was)))
		return old->rated[was].since[RATED_POWER];
	snprintf(id, sizeof id, "%.*s", (int)strcspn(n->id, "/"), n->id);
	s = fleet_station(&k->core->fleet, id);
	return s && s->registered_at.ms ? s->registered_at : clock_wall();
}

static void find_ages(struct control *k, const struct control *old)
{
	for (int i = 0; i < k->nodes; i++) {
		const struct grid_node *n = grid_tree_node(k->tree, i);
		bool is_place = n->kind == GRID_STATION || n->kind == GRID_EVSE;

		if (!is_place && k->core->grid_edits) {
			k->rated[i] = grid_edits_rated(k->core->grid_edits, n->id);
			continue;
		}
		for (int x = 0; x < RATED_LIMITS; x++)
			k->rated[i].since[x] = registered_at(k, old, i);
	}
}

/* Limits of other sources: as they were shown, so that they keep their times; what leans on stores. */
static void keep_shown(struct control *k, const struct control *old)
{
	for (int i = 0; i < k->nodes; i++) {
		int was = grid_tree_find(old->tree, grid_tree_node(k->tree, i)->id);
		const struct control_node *v = was >= 0 ? &old->node[was] : NULL;

		if (!v)
			continue;
		k->node[i].limit_w = v->limit_w;
		k->node[i].limit_source = v->limit_source;
		k->node[i].limit_since = v->limit_since;
		memcpy(k->node[i].phase, v->phase, sizeof v->phase);
		k->node[i].imbalance = v->imbalance;
		k->node[i].feed = v->feed;
		k->room[i] = old->room[was]; /* as the guard found it last, for the plain rule */
		k->lean[i] = old->lean[was];
		k->any_leans = k->any_leans || k->lean[i].leans;
	}
}

void control_bind(struct control *k, const struct control *old)
{
	struct station *s, *tmp;

	find_ages(k, old);
	if (old)
		keep_shown(k, old);
	HASH_ITER (hh, k->core->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			bind_evse(k, old, &s->evses[i]);
	control_find_modes(k);
}

static int meter_of(const struct core *c, const char *node)
{
	for (int i = 0; i < meters_count(c->meters); i++) {
		int row = meters_at(c->meters, i)->node;

		if (row >= 0 && strcasecmp(c->depot->nodes.items[row].id, node) == 0)
			return i;
	}
	return -1;
}

/* The worst case is what the depot's file says the loads can draw; where it names none under a
 * metered node nobody knows, and the EVSEs below get their tails. */
static void find_worst(struct control *k)
{
	grid_tree_uncontrolled(k->tree, NULL, k->worst_w);
	grid_tree_uncontrolled_loads(k->tree, NULL, k->worst);
	for (int i = 0; i < k->nodes; i++) {
		struct grid_load reserve = grid_reserve(grid_tree_node(k->tree, i));

		for (int c = 0; c < GRID_CHANNELS; c++)
			k->worst[i].s[c] -= reserve.s[c];
		k->meter[i] = meter_of(k->core, grid_tree_node(k->tree, i)->id);
		k->worst_w[i] -= grid_tree_node(k->tree, i)->reserve_w; /* the guard adds it */
		if (k->meter[i] >= 0 && k->worst_w[i] <= 0)
			k->worst_w[i] = GRID_UNKNOWN;
		k->base_w[i] = GRID_UNKNOWN;
		if (k->meter[i] >= 0)
			k->doubt[i].edition = meters_at(k->core->meters, k->meter[i])->edition;
		k->doubt[i].above = -1;
		for (int p = 0; p < GRID_PHASES; p++)
			k->base_phase_w[i][p] = GRID_UNKNOWN;
		k->node[i].limit_w = -1;
		k->node[i].load_w = GRID_UNKNOWN;
	}
}

int control_load(struct control *k, struct grid_tree *tree)
{
	struct guard_config cfg = guard_config_default();

	cfg.grace_ms = GRACE_MS + k->core->config->control->sample_s * 1000;
	k->tree = tree;
	k->nodes = grid_tree_nodes(tree);
	k->evses = grid_tree_evses(tree);
	k->limits = grid_limits_create(tree);
	k->guard = guard_create(tree, &cfg);
	k->evse = calloc((size_t)k->evses + 1, sizeof *k->evse);
	k->lanes = calloc((size_t)k->evses + 1, sizeof *k->lanes);
	k->node = calloc((size_t)k->nodes, sizeof *k->node);
	k->rated = calloc((size_t)k->nodes, sizeof *k->rated);
	k->meter = calloc((size_t)k->nodes, sizeof *k->meter);
	k->worst_w = calloc((size_t)k->nodes, sizeof *k->worst_w);
	k->worst = calloc((size_t)k->nodes, sizeof *k->worst);
	k->base_w = calloc((size_t)k->nodes, sizeof *k->base_w);
	k->base_phase_w = calloc((size_t)k->nodes, sizeof *k->base_phase_w);
	k->doubt = calloc((size_t)k->nodes, sizeof *k->doubt);
	k->node_in = calloc((size_t)k->nodes, sizeof *k->node_in);
	k->evse_in = calloc((size_t)k->evses + 1, sizeof *k->evse_in);
	k->store = calloc((size_t)k->nodes, sizeof *k->store);
	k->lean = calloc((size_t)k->nodes, sizeof *k->lean);
	k->said = calloc((size_t)k->evses + 1, sizeof *k->said);
	k->order = calloc((size_t)k->evses + 1, sizeof *k->order);
	k->share = calloc((size_t)k->evses + 1, sizeof *k->share);
	k->room = calloc((size_t)k->nodes, sizeof *k->room);
	k->shared.us = 0;
	k->trial = (struct control_trial_run){.is_on = false};
	k->full = calloc((size_t)k->nodes, sizeof *k->full);
	if (!k->limits || !k->guard || !k->evse || !k->lanes || !k->node || !k->rated || !k->said ||
		!k->full || !k->meter || !k->worst_w || !k->worst || !k->base_w ||
		!k->base_phase_w || !k->doubt || !k->order || !k->share || !k->room ||
		!k->node_in || !k->evse_in || !k->store || !k->lean)
		return -1;
	for (int i = 0; i < k->nodes; i++)
		k->room[i] = control_follow_no_limits();
	find_worst(k);
	return 0;
}

/* An EVSE that was below the node and is elsewhere now: what it drew was held against the wrong
 * meter. */
static bool has_lost_evse(const struct control *k, int node, const struct control *old, int was)
{
	const struct grid_node *now = grid_tree_node(k->tree, node);
	const struct grid_node *then = grid_tree_node(old->tree, was);

	for (int i = then->evse_first; i < then->evse_end; i++) {
		const char *id = grid_tree_node(old->tree, grid_tree_evse_node(old->tree, i))->id;
		int place = place_of(k->tree, id);

		if (place >= 0 && (place < now->evse_first || place >= now->evse_end))
			return true;
	}
	return false;
}

/* What was found out about a meter stays for as long as it is described the same, whatever else of
 * the tree changes; so does the load that it showed last. */
static int keep_doubts(struct control *k, const struct control *old)
{
	bool *is_same = calloc((size_t)k->nodes, sizeof *is_same);

	if (!is_same)
		return -1;
	for (int i = 0; i < k->nodes; i++) {
		int was = grid_tree_find(old->tree, grid_tree_node(k->tree, i)->id);

		is_same[i] = was >= 0 && k->doubt[i].edition == old->doubt[was].edition &&
			     !has_lost_evse(k, i, old, was);
		if (was >= 0 && !is_same[i] && k->meter[i] >= 0) {
			k->doubt[i].told = old->doubt[was].told; /* to be taken back */
			k->doubt[i].found = old->doubt[was].found;
		}
		if (!is_same[i])
			continue;
		k->doubt[i] = old->doubt[was];
		k->doubt[i].above = -1; /* a place in the old tree */
		k->base_w[i] = old->base_w[was];
		memcpy(k->base_phase_w[i], old->base_phase_w[was], sizeof k->base_phase_w[i]);
	}
	guard_keep(k->guard, old->guard, is_same);
	free(is_same);
	return 0;
}

int control_rebuild(struct control *k, char why[300])
{
	struct grid_tree *tree = tree_build(k->core, NULL, NULL, why);
	struct control old = *k;

	/* A registration is proven before it is journalled, so this cannot fail but for memory; then
	 * the EVSEs have moved and the old tree is of no use any more. */
	if (!tree)
		abort();
	planner_forget(k->planner);
	timer_stop(k->core->timers, &k->send_timer);
	if (control_load(k, tree) || keep_doubts(k, &old))
		abort();
	control_bind(k, &old);
	k->safety = safety_create(k, old.safety);
	if (!k->safety)
		abort();
	control_unload(&old);
	control_evse_changed(k, NULL, "registration changed");
	return 0;
}
