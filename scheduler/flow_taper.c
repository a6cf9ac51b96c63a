#include "scheduler/flow_taper.h"
#include "scheduler/flow_private.h"

static int32_t given_bound(const struct flow_vehicle *v, int slot)
{
	return slot >= v->from && slot < v->to ? flow_most_of(v, slot) : 0;
}

/* What the battery takes all through a slot. */
static int32_t hold(const struct flow_taper *t, const struct battery *b, int slot, int64_t stored)
{
	if (slot || !t->first_s)
		return battery_hold_w(b, stored, t->slot_s);
	return (int32_t)((int64_t)battery_hold_w(b, stored, t->first_s) * t->first_s / t->slot_s);
}

static void set_bound(struct flow *f, int i, int place, int32_t most)
{
	size_t xi = flow_xi(f, i, place);

	f->most[xi] = most;
	flow_add_x(f, i, place, xi, 0);
}

/* Its need, which is rounded up, ends where its battery still takes all that it may be given: no plan
 * of it is bounded. */
static bool never_tapers(
	const struct flow_vehicle *v, const struct battery *b, int64_t stored, int slot_s)
{
	return v->max_w <= b->max_w &&
	       (flow_value)(v->need - 1) * slot_s * b->efficiency_pm + stored <= battery_knee_mj(b);
}

/* Bounds one vehicle along its plan, which is cut to them. Returns what was cut, W·slot. */
static int64_t bound_vehicle(struct flow *f, const struct flow_vehicle *v, int i,
	const struct flow_taper *t, bool only_less)
{
	const struct battery *b = &t->battery[f->theirs[i]];
	int64_t stored = t->stored_mj[f->theirs[i]], cut = 0;

	if (never_tapers(v, b, stored, t->slot_s))
		return 0;
	for (int slot = v->from; slot < v->to; slot++) {
		int place = f->place_of[slot];
		size_t xi = flow_xi(f, i, place);
		int32_t most = given_bound(v, slot), holds = hold(t, b, slot, stored);

		if (only_less && f->most[xi] < most)
			most = f->most[xi];
		most = holds < most ? holds : most;
		/* What must be drawn has been promised to somebody else. */
		if (most < flow_least(f, xi))
			most = flow_least(f, xi);
		if (f->x[xi] > most) {
			cut += f->x[xi] - most;
			flow_shift(f, i, place, most - f->x[xi]);
		}
		set_bound(f, i, place, most);
		stored += (int64_t)f->x[xi] * t->slot_s * b->efficiency_pm;
	}
	return cut;
}

static void reset_bounds(struct flow *f, const struct flow_input *in)
{
	for (int i = 0; i < f->n; i++)
		for (int slot = 0; slot < f->slots; slot++) {
			int32_t most = given_bound(&in->vehicles[f->theirs[i]], slot);

			if (f->most[flow_xi(f, i, f->place_of[slot])] != most)
				set_bound(f, i, f->place_of[slot], most);
		}
}

int flow_taper(struct flow *f, const struct flow_input *in, struct flow_taper *t)
{
	t->solves = 0;
	reset_bounds(f, in);
	for (;;) {
		bool is_last = t->solves >= t->passes;

		if (flow_solve(f) != 0)
			return -1;
		if (!t->solves++) {
			t->bound = flow_cost(f);
			for (int i = 0; t->missing && i < f->n; i++)
				t->missing[f->theirs[i]] = f->missing[i];
		}
		t->cut = 0;
		for (int i = 0; i < f->n; i++) {
			int64_t cut = bound_vehicle(
				f, &in->vehicles[f->theirs[i]], i, t, t->solves > t->passes / 2);

			if (is_last)
				f->missing[i] += cut;
			t->cut += cut;
		}
		if (!t->cut || is_last)
			return 0;
	}
}
