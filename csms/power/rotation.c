#include "csms/power/rotation.h"
#include <stdio.h>
#include "csms/power/control.h"
#include "csms/power/tree.h"

int rotation_limited_above(const struct grid_tree *t, const struct grid_limits *l, int evse)
{
	int v = grid_tree_node(t, grid_tree_evse_node(t, evse))->parent;

	for (; v >= 0; v = grid_tree_node(t, v)->parent)
		if (grid_tree_node(t, v)->electric.imbalance_ma ||
			grid_channel_limit(t, l, v, GRID_L1).w != GRID_NO_LIMIT)
			return v;
	return -1;
}

static void put_words(const char *node, char out[300])
{
	snprintf(out, 300,
		"nobody wrote on which phases of the grid it hangs: a vehicle of one or two phases "
		"counts there on each phase of %.60s, and others get less for it; set rotation (RST: its "
		"L1 is the grid's L1)",
		node);
}

/* The node below whose limits of phases it is missed; -1: nowhere. */
static int missed_below(const struct grid_tree *t, const char *station, int64_t evse)
{
	char id[GRID_ID_MAX + 1];
	int v;

	snprintf(id, sizeof id, "%s/%lld", station, (long long)evse);
	v = grid_tree_find(t, id);
	if (v < 0 || grid_tree_node(t, v)->kind != GRID_EVSE)
		return -1;
	return rotation_limited_above(t, NULL, grid_tree_node(t, v)->evse_first);
}

static bool has_few_phases(const struct depot_file *d)
{
	for (size_t i = 0; i < d->vehicles.count; i++)
		if (d->vehicles.items[i].has_phases && d->vehicles.items[i].phases < GRID_PHASES)
			return true;
	return false;
}

size_t rotation_check(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *fault), void *arg)
{
	struct depot_fault fault;
	struct grid_tree *t = tree_build_from_file(d, 0, &fault);
	bool has_few = has_few_phases(d);
	size_t count = 0;

	for (size_t i = 0; t && i < d->stations.count; i++)
		for (size_t k = 0; k < d->stations.items[i].evses.count; k++) {
			const struct depot_evse *e = &d->stations.items[i].evses.items[k];
			int node = -1;

			if (!e->has_rotation && e->kind != DEPOT_CURRENT_DC &&
				(has_few || e->phases < GRID_PHASES))
				node = missed_below(t, d->stations.items[i].id, e->id);
			if (node < 0)
				continue;
			count++;
			snprintf(fault.path, sizeof fault.path, "stations[%zu].evses[%zu]", i, k);
			put_words(grid_tree_node(t, node)->id, fault.text);
			tell(arg, &fault);
		}
	grid_tree_destroy(t);
	return count;
}

static bool fleet_has_few_phases(const struct fleet *f)
{
	const struct vehicle *v, *tmp;

	HASH_ITER (hh, f->vehicles, v, tmp)
		if (v->phases > 0 && v->phases < GRID_PHASES)
			return true;
	return false;
}

void rotation_say(const struct core *c, const struct station *s, char out[300])
{
	bool has_few = fleet_has_few_phases(&c->fleet);
	const struct grid_tree *t = control_grid(c->control);
	char text[300];

	out[0] = '\0';
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		int node = -1;

		if (e->rotation == PHASES_UNKNOWN && !e->is_dc &&
			(has_few || e->phases < GRID_PHASES))
			node = missed_below(t, s->id, e->id);
		if (node < 0)
			continue;
		put_words(grid_tree_node(t, node)->id, text);
		snprintf(out, 300, "%.60s/%d: %.230s", s->id, e->id, text);
		return;
	}
}
