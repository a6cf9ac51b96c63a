#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_pass.h"

/*
 * Ways from what is dear to what is cheap, found backwards in layers: round 0 holds all that reaches
 * something cheap by going up only; each further round goes through one vehicle more that gives up
 * one slot for another. All slots of a node are one row of bits, so a sweep over the tree serves all
 * of them. flow_push.c then pushes flow along the layers.
 */

/* Where trees hold each other back (two phases rise by turns) a step that moves less than this part of
 * all before it is the last: the plan is not the best one anyway. */
#define SHARED_WORTH 64

/* -- layers ----------------------------------------------------------------------------------- */

static int grow_rounds(struct flow *f)
{
	size_t bytes = (size_t)f->nodes * (size_t)f->words * sizeof(uint64_t);
	int max = f->rounds_max ? 2 * f->rounds_max : 8;
	uint64_t **up = realloc(f->up, (size_t)max * sizeof *up), **down;

	if (up)
		f->up = up;
	down = realloc(f->down, (size_t)max * sizeof *down);
	if (down)
		f->down = down;
	if (!up || !down)
		return -1;
	while (f->rounds_max < max) {
		up[f->rounds_max] = malloc(bytes);
		down[f->rounds_max] = malloc(bytes);
		if (!up[f->rounds_max] || !down[f->rounds_max]) {
			free(up[f->rounds_max]);
			free(down[f->rounds_max]);
			return -1;
		}
		f->rounds_max++;
	}
	return 0;
}

static bool meets(const uint64_t *a, const uint64_t *b, const uint64_t *c, int words)
{
	for (int w = 0; w < words; w++)
		if (a[w] & (b[w] | c[w]))
			return true;
	return false;
}

/* Vehicles that reach round r, of those not reached yet. True: one of them has a surplus. */
static int reach_vehicles(struct flow *f, const struct flow_pass *p, int r)
{
	int sources = 0;

	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k], g = f->node_of[i];

		if (f->round_of[i] >= 0)
			continue;
		if (!meets(flow_bits(f->can_more, f, i), flow_bits(f->up[r], f, g),
			    flow_bits(f->down[r], f, g), f->words) &&
			(r > 0 || flow_room_to_miss(f, p, i) <= 0))
			continue;
		f->round_of[i] = r;
		sources += flow_surplus(f, p, i) > 0;
	}
	return sources;
}

static void begin_layers(struct flow *f, const struct flow_pass *p)
{
	size_t row = (size_t)f->words * sizeof(uint64_t);

	for (int k = 0; k < p->n; k++)
		f->round_of[p->vehicle[k]] = -1;
	for (int k = 0; k < p->nodes; k++) {
		int v = p->node[k];
		uint64_t *up = flow_bits(f->up[0], f, v), *reach = flow_bits(f->reach, f, v);
		const uint64_t *room = flow_bits(f->has_room, f, v);

		memset(flow_bits(f->down[0], f, v), 0, row);
		if (v == 0) {
			memset(up, 0, row);
			for (int t = 0; t < f->slots; t++) {
				int q = f->interval_of[t];

				flow_put_bit(
					up, t, f->f[t] < f->cap[t] && f->taken[q] < f->allowed[q]);
			}
		} else {
			const uint64_t *above = flow_bits(f->up[0], f, f->parent[v]);

			for (int w = 0; w < f->words; w++)
				up[w] = above[w] & room[w];
		}
		memcpy(reach, up, row);
	}
}

/* The slots that vehicles of the last round would give up, and up to the root what depends on it. */
static void sweep_up(struct flow *f, const struct flow_pass *p, int r)
{
	size_t row = (size_t)f->words * sizeof(uint64_t);

	for (int k = 0; k < p->nodes; k++)
		memset(flow_bits(f->down[r], f, p->node[k]), 0, row);
	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k];
		uint64_t *down;
		const uint64_t *less;

		if (f->round_of[i] != r - 1)
			continue;
		down = flow_bits(f->down[r], f, f->node_of[i]);
		less = flow_bits(f->can_less, f, i);
		for (int w = 0; w < f->words; w++)
			down[w] |= less[w];
	}
	for (int k = p->nodes - 1; k >= 0; k--) {
		int v = p->node[k];
		uint64_t *down = flow_bits(f->down[r], f, v);
		const uint64_t *reach = flow_bits(f->reach, f, v);
		const uint64_t *flow = flow_bits(f->has_flow, f, v);
		uint64_t *above = v ? flow_bits(f->down[r], f, f->parent[v]) : NULL;

		for (int w = 0; w < f->words; w++) {
			down[w] &= ~reach[w];
			if (above)
				above[w] |= down[w] & flow[w];
		}
	}
}

/* What the root could take instead in the same interval. */
static void turn_at_root(struct flow *f, int r)
{
	uint64_t *up = flow_bits(f->up[r], f, 0);
	const uint64_t *down = flow_bits(f->down[r], f, 0), *reach = flow_bits(f->reach, f, 0);
	const uint64_t *room = flow_bits(f->has_room, f, 0);

	memset(up, 0, (size_t)f->words * sizeof *up);
	if (f->intervals == f->slots)
		return;
	memcpy(up, down, (size_t)f->words * sizeof *up);
	flow_whole_intervals(f, up);
	for (int w = 0; w < f->words; w++)
		up[w] &= room[w] & ~(reach[w] | down[w]);
}

/* Who reaches one of these by going up. False: nothing is new. */
static bool sweep_down(struct flow *f, const struct flow_pass *p, int r)
{
	uint64_t any = 0;

	turn_at_root(f, r);
	for (int k = 0; k < p->nodes; k++) {
		int v = p->node[k];
		uint64_t *up = flow_bits(f->up[r], f, v), *down = flow_bits(f->down[r], f, v);
		uint64_t *reach = flow_bits(f->reach, f, v);
		const uint64_t *room = flow_bits(f->has_room, f, v);
		const uint64_t *up_above = v ? flow_bits(f->up[r], f, f->parent[v]) : NULL;
		const uint64_t *down_above = v ? flow_bits(f->down[r], f, f->parent[v]) : NULL;

		for (int w = 0; w < f->words; w++) {
			if (v)
				up[w] = (up_above[w] | down_above[w]) & room[w] &
					~(reach[w] | down[w]);
			reach[w] |= up[w] | down[w];
			any |= up[w] | down[w];
		}
	}
	return any != 0;
}

/* Dear intervals that this round reaches; they leave `left`. */
static int take_dear(struct flow *f, uint64_t *left, int r)
{
	uint64_t hit[(FLOW_SLOTS_MAX + 63) / 64];
	const uint64_t *down = flow_bits(f->down[r], f, 0);
	int found = 0;

	for (int w = 0; w < f->words; w++) {
		hit[w] = left[w] & down[w];
		found += hit[w] != 0;
	}
	if (found)
		flow_whole_intervals(f, hit);
	for (int w = 0; found && w < f->words; w++)
		left[w] &= ~hit[w];
	return found;
}

static bool is_any(const uint64_t *bits, int words)
{
	for (int w = 0; w < words; w++)
		if (bits[w])
			return true;
	return false;
}

/* Lays the layers. True: some surplus reaches something cheap. */
static bool find_layers(struct flow *f, const struct flow_pass *p, int sources)
{
	uint64_t left[(FLOW_SLOTS_MAX + 63) / 64];
	int reached, dears = 0;
	bool is_new = true;

	memcpy(left, f->dear, (size_t)f->words * sizeof *left);
	begin_layers(f, p);
	reached = reach_vehicles(f, p, 0);
	for (f->rounds = 1; is_new && (reached < sources || is_any(left, f->words)); f->rounds++) {
		if (f->rounds == f->rounds_max && grow_rounds(f) != 0) {
			f->no_memory = true;
			break;
		}
		sweep_up(f, p, f->rounds);
		is_new = sweep_down(f, p, f->rounds);
		if (!is_new)
			break;
		dears += take_dear(f, left, f->rounds);
		reached += reach_vehicles(f, p, f->rounds);
	}
	return reached + dears > 0;
}

/* -- a pass ----------------------------------------------------------------------------------- */

static void find_dear(struct flow *f)
{
	for (int t = 0; t < f->slots; t++) {
		int q = f->interval_of[t];

		flow_put_bit(f->dear, t, f->taken[q] > f->allowed[q]);
	}
}

static void begin_pass(struct flow *f, const struct flow_pass *p)
{
	f->marks++;
	for (int k = 0; k < p->nodes; k++)
		f->mark[p->node[k]] = f->marks;
	for (int q = 0; q < f->intervals; q++)
		f->allowed[q] = flow_allowed(f, q, p->limit);
	find_dear(f);
}

static int count_sources(const struct flow *f, const struct flow_pass *p)
{
	int sources = 0;

	for (int k = 0; k < p->n; k++)
		sources += flow_surplus(f, p, p->vehicle[k]) > 0;
	return sources;
}

int flow_pass_run(struct flow *f, struct flow_pass *p)
{
	const int64_t worth = f->shared ? SHARED_WORTH : INT64_MAX;

	if (!f->rounds_max && grow_rounds(f) != 0)
		return -1;
	begin_pass(f, p);
	for (int64_t all = 0, moved = 0; all == 0 || moved > all / worth; all += moved) {
		int sources = count_sources(f, p);

		if (!sources && !is_any(f->dear, f->words))
			break;
		if (!find_layers(f, p, sources))
			break;
		moved = flow_push(f, p);
		if (moved == 0)
			break;
		find_dear(f);
	}
	return f->no_memory ? -1 : 0;
}

/* What got nowhere cheap is for the higher prices, the others for the lower ones: no way for a price
 * below leaves those that can reach something cheap, and none for a price above enters them. */
int flow_pass_split(struct flow *f, struct flow_pass *p)
{
	bool is_dear = is_any(f->dear, f->words) || count_sources(f, p) > 0;
	int low = 0, high = 0;

	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k];

		if (!is_dear || f->round_of[i] >= 0)
			p->vehicle[low++] = i;
		else
			f->swap[high++] = i;
		f->round_of[i] = -1;
	}
	memcpy(p->vehicle + low, f->swap, (size_t)high * sizeof *f->swap);
	return high;
}
