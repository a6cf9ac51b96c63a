#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

static bool input_valid(const struct plan_input *in)
{
	if (in->slot_s < 1 || in->slot_s > 86400 || in->n < 0 || in->start_ms < 0 ||
		in->start_ms > PLAN_TIME_MAX_MS || in->caps->slots < 1 ||
		in->caps->nodes != grid_tree_nodes(in->tree))
		return false;
	for (int i = 0; i < in->n; i++) {
		const struct plan_vehicle *v = &in->vehicles[i];

		if (v->evse < 0 || v->evse >= grid_tree_evses(in->tree) || v->from_ms < 0 ||
			v->from_ms > PLAN_TIME_MAX_MS || v->depart_ms < 0 ||
			v->depart_ms > PLAN_TIME_MAX_MS || v->need_wh < 0 ||
			v->need_wh > 100000000 || v->stored_wh < 0 || v->stored_wh > 100000000 ||
			v->max_w < 0 || v->min_w < 0 || !battery_valid(&v->battery))
			return false;
	}
	return true;
}

static struct plan *alloc_plan(const struct plan_input *in)
{
	struct plan *p = calloc(1, sizeof(*p));
	size_t n = (size_t)in->n, cells = n * (size_t)in->caps->slots;

	if (!p)
		return NULL;
	p->vehicles = in->n;
	p->slots = in->caps->slots;
	p->slot_s = in->slot_s;
	p->start_ms = in->start_ms;
	p->w = calloc(cells + 1, sizeof(*p->w));
	p->source = calloc(cells + 1, 1);
	p->node = calloc(cells + 1, sizeof(*p->node));
	p->outcome = calloc(n + 1, sizeof(*p->outcome));
	if (p->w && p->source && p->node && p->outcome)
		return p;
	plan_destroy(p);
	return NULL;
}

static int init_solver(struct plan_work *s, const struct plan_input *in, struct plan *p)
{
	size_t n = (size_t)in->n, cells;

	s->in = in;
	s->slots = in->caps->slots;
	s->nodes = in->caps->nodes;
	s->w = p->w;
	cells = (size_t)s->nodes * (size_t)s->slots;
	s->room = malloc(cells * sizeof(*s->room));
	s->spare_w = malloc((size_t)s->slots * sizeof(*s->spare_w));
	s->car = calloc(n + 1, sizeof(*s->car));
	s->by_priority = calloc(n + 1, sizeof(int));
	s->got_mj = calloc(n + 1, sizeof(*s->got_mj));
	if (!s->room || !s->spare_w || !s->car || !s->by_priority || !s->got_mj)
		return -1;
	memcpy(s->room, in->caps->w, cells * sizeof(*s->room));
	for (int i = 0; i < in->n; i++)
		plan_car_set(&s->car[i], in, i);
	plan_car_order(s);
	return plan_reserve_idle(s);
}

struct plan *plan_solve(const struct plan_input *in)
{
	struct plan_work s = {0};
	struct plan *p;
	int rc;

	if (!input_valid(in))
		return NULL;
	p = alloc_plan(in);
	if (!p)
		return NULL;
	rc = init_solver(&s, in, p);
	if (rc == 0)
		rc = plan_early(&s);
	if (rc == 0 && in->fill_spare)
		plan_fill_spare(&s);
	if (rc == 0)
		plan_explain(&s, p);
	free(s.room);
	free(s.spare_w);
	free(s.car);
	free(s.by_priority);
	free(s.got_mj);
	if (rc == 0)
		return p;
	plan_destroy(p);
	return NULL;
}

void plan_destroy(struct plan *p)
{
	if (!p)
		return;
	free(p->w);
	free(p->source);
	free(p->node);
	free(p->outcome);
	free(p);
}
