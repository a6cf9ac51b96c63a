/* What would raise a vehicle's readiness most: each thing that may be done is simulated with the same
 * draws. */
#include "scheduler/readiness.h"
#include <stdlib.h>
#include <string.h>

#define EARLIER_MS INT64_C(3600000)
#define ROOM_PCT   10

/* A vehicle's input that may be changed; `met` and `all` of a run. */
struct trial {
	struct readiness_input in;
	struct plan_input plan;
	struct plan_caps caps;
	struct plan_vehicle *v;
	int32_t *w;
	int *met;
};

static void finish(struct trial *t)
{
	free(t->v);
	free(t->w);
	free(t->met);
}

static int begin(struct trial *t, const struct readiness_input *in)
{
	size_t n = (size_t)in->plan->n;
	size_t cells = (size_t)in->plan->caps->nodes * (size_t)in->plan->caps->slots;

	*t = (struct trial){.in = *in,
		.plan = *in->plan,
		.caps = *in->plan->caps,
		.v = malloc((n + 1) * sizeof *t->v),
		.w = malloc((cells + 1) * sizeof *t->w),
		.met = calloc(n + 1, sizeof *t->met)};
	if (!t->v || !t->w || !t->met) {
		finish(t);
		return -1;
	}
	t->in.plan = &t->plan;
	t->plan.caps = &t->caps;
	t->plan.vehicles = t->v;
	t->caps.w = t->w;
	return 0;
}

/* As it is. */
static void undo(struct trial *t, const struct readiness_input *in)
{
	memcpy(t->v, in->plan->vehicles, (size_t)in->plan->n * sizeof *t->v);
	memcpy(t->w, in->plan->caps->w,
		(size_t)in->plan->caps->nodes * (size_t)in->plan->caps->slots * sizeof *t->w);
}

static int look(struct trial *t, const struct readiness_input *in, int i,
	struct readiness_advice tried, struct readiness_advice *best)
{
	int all, rc = readiness_run(&t->in, t->met, &all);

	if (rc == 0 && t->met[i] > best->met) {
		*best = tried;
		best->met = t->met[i];
	}
	undo(t, in);
	return rc;
}

static void go_first(struct plan_vehicle *v, int n, int i)
{
	for (int k = 0; k < n; k++)
		if (v[k].priority < 1)
			v[k].priority = 1;
	v[i].priority = 0;
}

/* Of the EVSEs that the plan has nobody for and that hang somewhere else, the one that gives most; -1:
 * there is none. What the vehicle itself takes is not more there. */
static int free_bay(const struct plan_input *p, int i)
{
	int n = grid_tree_evses(p->tree), best = -1,
	    here = grid_tree_evse_node(p->tree, p->vehicles[i].evse);
	const struct grid_node *mine = grid_tree_node(p->tree, here);

	for (int e = 0; e < n; e++) {
		const struct grid_node *x =
			grid_tree_node(p->tree, grid_tree_evse_node(p->tree, e));
		bool is_free = true;

		for (int k = 0; k < p->n && is_free; k++)
			is_free = p->vehicles[k].evse != e;
		if (!is_free || x->parent == mine->parent)
			continue;
		if (best < 0 ||
			x->max_w >
				grid_tree_node(p->tree, grid_tree_evse_node(p->tree, best))->max_w)
			best = e;
	}
	return best;
}

static void raise_node(struct trial *t, int node)
{
	size_t slots = (size_t)t->caps.slots;

	for (size_t s = 0; s < slots; s++) {
		int64_t w = t->w[(size_t)node * slots + s];

		w += w / (100 / ROOM_PCT);
		t->w[(size_t)node * slots + s] = (int32_t)(w < INT32_MAX ? w : INT32_MAX);
	}
}

static int try_nodes(
	struct trial *t, const struct readiness_input *in, int i, struct readiness_advice *best)
{
	const struct grid_tree *tree = in->plan->tree;
	int evse = grid_tree_evse_node(tree, in->plan->vehicles[i].evse), rc = 0;

	for (int v = grid_tree_node(tree, evse)->parent; rc == 0 && v >= 0;
		v = grid_tree_node(tree, v)->parent) {
		raise_node(t, v);
		rc = look(t, in, i, (struct readiness_advice){READINESS_ROOM, -1, v, 0}, best);
	}
	return rc;
}

int readiness_advise(const struct readiness_input *in, int i, int met, struct readiness_advice *out)
{
	struct readiness_advice best = {READINESS_NOTHING, -1, -1, met + in->samples / 100};
	int bay = free_bay(in->plan, i), rc = 0;
	struct trial t;

	if (begin(&t, in))
		return -1;
	undo(&t, in);
	/* What costs least to do goes first: of what helps alike it is taken. */
	if (in->plan->vehicles[i].from_ms > in->plan->start_ms) {
		t.v[i].from_ms -= EARLIER_MS;
		rc = look(
			&t, in, i, (struct readiness_advice){READINESS_EARLIER, -1, -1, 0}, &best);
	}
	if (rc == 0) {
		go_first(t.v, in->plan->n, i);
		rc = look(&t, in, i, (struct readiness_advice){READINESS_FIRST, -1, -1, 0}, &best);
	}
	if (rc == 0 && bay >= 0) {
		t.v[i].evse = bay;
		rc = look(&t, in, i, (struct readiness_advice){READINESS_BAY, bay, -1, 0}, &best);
	}
	if (rc == 0)
		rc = try_nodes(&t, in, i, &best);
	finish(&t);
	if (rc)
		return rc;
	*out = best;
	if (best.act == READINESS_NOTHING)
		out->met = met;
	return 0;
}
