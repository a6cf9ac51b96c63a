#include "csms/metering/walk_others.h"
#include <stdlib.h>
#include "csms/metering/wiring_chargers.h"
#include "csms/power/control.h"

static void state(const struct core *c, const struct grid_tree *t, int evse, int64_t most_w)
{
	struct grid_bound b = {(int32_t)most_w, GRID_NO_LIMIT, GRID_NO_LIMIT};

	grid_limits_set(control_limits(c->control), grid_tree_evse_node(t, evse),
		GRID_SOURCE_COMMISSIONING, most_w < 0 ? NULL : &b);
}

int walk_others_begin(struct walk_others *o, const struct core *c, const struct evse *walked)
{
	const struct grid_tree *t = control_grid(c->control);
	int evses = grid_tree_evses(t);
	const struct station *s, *tmp;

	o->most_w = malloc(((size_t)evses + 1) * sizeof *o->most_w);
	if (!o->most_w)
		return -1;
	o->tree = t;
	for (int e = 0; e < evses; e++)
		o->most_w[e] = -1;
	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++) {
			const struct evse *e = &s->evses[i];

			if (e != walked && e->tx.is_open && e->grid_evse >= 0 &&
				e->grid_evse < evses && e->told.limit_w >= 0)
				o->most_w[e->grid_evse] = e->told.limit_w;
		}
	return 0;
}

void walk_others_hold(const struct walk_others *o, const struct core *c)
{
	const struct grid_tree *t = control_grid(c->control);

	for (int e = 0; o->tree == t && e < grid_tree_evses(t); e++)
		if (o->most_w[e] >= 0)
			state(c, t, e, o->most_w[e]);
}

void walk_others_end(struct walk_others *o, const struct core *c)
{
	const struct grid_tree *t = control_grid(c->control);

	for (int e = 0; o->tree == t && e < grid_tree_evses(t); e++)
		if (o->most_w[e] >= 0)
			state(c, t, e, -1);
	free(o->most_w);
	*o = (struct walk_others){0};
}

static bool is_below(const struct core *c, const struct evse *e, const char *node)
{
	const struct grid_tree *t = control_grid(c->control);
	int v = grid_tree_find(t, node);
	const struct grid_node *n = v >= 0 ? grid_tree_node(t, v) : NULL;

	return n && e->grid_evse >= n->evse_first && e->grid_evse < n->evse_end;
}

bool walk_others_draw(const struct core *c, const struct evse *walked, const char *node,
	double *total, double on_phase[3])
{
	struct wiring_load *loads = wiring_loads(c, clock_wall());
	const struct station *s, *tmp;
	bool is_told;

	*total = 0;
	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			if (&s->evses[i] != walked && s->evses[i].tx.is_open &&
				is_below(c, &s->evses[i], node))
				*total += s->evses[i].power_w.value;
	if (!loads)
		return false;
	if (walked->grid_evse >= 0)
		loads[walked->grid_evse] = (struct wiring_load){0};
	is_told = wiring_sum(c, node, loads, on_phase);
	free(loads);
	return is_told;
}
