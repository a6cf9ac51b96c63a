#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_private.h"

/*
 * Ways from what is dear to what is cheap, found backwards in layers: round 0 holds all that reaches
 * something cheap by going up only; each further round goes through one vehicle more that gives up
 * one slot for another. All slots of a node are one row of bits, so a sweep over the tree serves all
 * of them. Then flow is pushed along the layers, depth first.
 */

enum { FRAME_VEHICLE, FRAME_NODE_DOWN, FRAME_NODE_UP };

#define PUSH_MAX 1000000000

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

/* What vehicle i wants to be rid of in this pass. */
static int64_t surplus(const struct flow *f, const struct flow_pass *p, int i)
{
	if (p->is_first)
		return f->need[i] - f->sum[i] - f->missing[i];
	return f->missing[i] - flow_may_miss(f, i, p->limit);
}

/* What of it may be missing besides. */
static int64_t room_to_miss(const struct flow *f, const struct flow_pass *p, int i)
{
	int64_t may = p->is_first ? 0 : flow_may_miss(f, i, p->limit) - f->missing[i];

	return may > 0 ? may : 0;
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
		if (!(r == 0 && room_to_miss(f, p, i) > 0) &&
			!meets(flow_bits(f->can_more, f, i), flow_bits(f->up[r], f, g),
				flow_bits(f->down[r], f, g), f->words))
			continue;
		f->round_of[i] = r;
		sources += surplus(f, p, i) > 0;
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
		uint64_t *down = flow_bits(f->down[r], f, f->node_of[i]);
		const uint64_t *less = flow_bits(f->can_less, f, i);

		for (int w = 0; f->round_of[i] == r - 1 && w < f->words; w++)
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

/* -- pushing ---------------------------------------------------------------------------------- */

static struct flow_frame *enter(
	struct flow *f, int kind, int id, int place, int round, int32_t want)
{
	struct flow_frame *s;

	if (f->frames == f->frames_max) {
		int max = f->frames_max ? 2 * f->frames_max : 256;

		s = realloc(f->stack, (size_t)max * sizeof *s);
		if (!s) {
			f->no_memory = true;
			return NULL;
		}
		f->stack = s;
		f->frames_max = max;
	}
	s = &f->stack[f->frames++];
	*s = (struct flow_frame){(uint8_t)kind, id, place, round, want, 0, -1};
	return s;
}

/* The way on from (node, place) in layer `round`. 0: entered; -1: there is none. */
static int enter_node(struct flow *f, int v, int place, int round, int32_t want)
{
	if (flow_bit(flow_bits(f->down[round], f, v), place))
		return enter(f, FRAME_NODE_DOWN, v, place, round, want) ? 0 : -1;
	if (flow_bit(flow_bits(f->up[round], f, v), place))
		return enter(f, FRAME_NODE_UP, v, place, round, want) ? 0 : -1;
	return -1;
}

/* On by the arc from `node` upwards, in either direction; what it may carry is held meanwhile. */
static bool enter_arc(struct flow *f, int node, bool is_rise, int place, int round, int32_t want)
{
	int to = is_rise ? f->parent[node] : node;

	if (flow_is_shared(f, node))
		flow_shared_hold(f, node, place, is_rise, want);
	if (enter_node(f, to, place, round, want) == 0)
		return true;
	if (flow_is_shared(f, node))
		flow_shared_hold(f, node, place, is_rise, -want);
	return false;
}

static int32_t least_of(int64_t a, int64_t b)
{
	int64_t m = a < b ? a : b;

	return (int32_t)(m < PUSH_MAX ? m : PUSH_MAX);
}

/* A vehicle takes other slots: the first (cheapest) that leads on. True: it waits for one. */
static bool step_vehicle(struct flow *f, const struct flow_pass *p, int at)
{
	struct flow_frame *s = &f->stack[at];
	int i = s->id, g = f->node_of[i], r = s->round;
	const uint64_t *more = flow_bits(f->can_more, f, i);
	const uint64_t *up = flow_bits(f->up[r], f, g), *down = flow_bits(f->down[r], f, g);

	if (s->at < 0 && r == 0) {
		int32_t miss = least_of(s->want, room_to_miss(f, p, i));

		f->missing[i] += miss;
		s->got += miss;
	}
	s->at = 0;
	for (int w = 0; s->got < s->want && w < f->words; w++) {
		uint64_t bits = more[w] & (up[w] | down[w]);

		if (!bits)
			continue;
		s->at = 64 * w + __builtin_ctzll(bits);
		size_t xi = flow_xi(f, i, s->at);

		return enter_node(f, g, s->at, r,
			       least_of(s->want - s->got, f->most[xi] - f->x[xi])) == 0;
	}
	if (s->got < s->want)
		f->round_of[i] = -1;
	return false;
}

/* The root's interval takes more, or another slot of it less. `at`: the place tried. */
static bool step_root(struct flow *f, int at)
{
	struct flow_frame *s = &f->stack[at];
	int q = f->interval_of[s->place];
	int32_t room = f->cap[s->place] - f->f[s->place];

	if (s->round == 0) {
		s->got = least_of(least_of(s->want, room), f->allowed[q] - f->taken[q]);
		flow_add_f(f, 0, s->place, s->got);
		return false;
	}
	/* What it got so far is in f already. */
	room = least_of(s->want - s->got, room);
	for (s->at = s->at < 0 ? f->interval_at[q] : s->at + 1;
		room > 0 && s->at < f->interval_at[q + 1]; s->at++)
		if (flow_bit(flow_bits(f->down[s->round], f, 0), s->at) && f->f[s->at] > 0)
			return enter(f, FRAME_NODE_DOWN, 0, s->at, s->round,
				       least_of(room, f->f[s->at])) != NULL;
	return false;
}

/* A node goes up: its parent takes the rest. */
static bool step_up(struct flow *f, int at)
{
	struct flow_frame *s = &f->stack[at];

	if (s->id == 0)
		return step_root(f, at);
	if (s->at >= 0)
		return false;
	s->at = 0;
	return enter_node(f, f->parent[s->id], s->place, s->round,
		       least_of(s->want, f->cap[flow_fi(f, s->id, s->place)] -
						 f->f[flow_fi(f, s->id, s->place)])) == 0;
}

/* A node goes down: a child's or a vehicle's flow gives way. `at` counts children, then vehicles. */
static bool step_down(struct flow *f, int at)
{
	struct flow_frame *s = &f->stack[at];
	int v = s->id, kids = f->child_at[v + 1] - f->child_at[v];

	if (s->got >= s->want)
		return false;
	for (s->at++; s->at < kids; s->at++) {
		int c = f->child[f->child_at[v] + s->at];

		if (f->mark[c] == f->marks && flow_gift(f, c, s->place) > 0 &&
			flow_bit(flow_bits(f->down[s->round], f, c), s->place))
			return enter_arc(f, c, false, s->place, s->round,
				least_of(s->want - s->got, flow_gift(f, c, s->place)));
	}
	for (; s->at < kids + f->size[v]; s->at++) {
		int j = f->first[v] + s->at - kids;
		size_t xi = flow_xi(f, j, s->place);

		if (f->round_of[j] == s->round - 1 && f->x[xi] > flow_least(f, xi))
			return enter(f, FRAME_VEHICLE, j, s->place, s->round - 1,
				       least_of(s->want - s->got, f->x[xi] - flow_least(f, xi))) !=
			       NULL;
	}
	return false;
}

/* What a frame got comes to the one that entered it. */
static void credit(struct flow *f, struct flow_frame *s, const struct flow_frame *from)
{
	bool is_rise = s->kind == FRAME_NODE_UP;
	int arc = s->kind == FRAME_VEHICLE || from->kind == FRAME_VEHICLE ? 0
		  : is_rise                                               ? s->id
									  : from->id;

	if (flow_is_shared(f, arc))
		flow_shared_hold(f, arc, s->place, is_rise, -from->want);
	s->got += from->got;
	if (!from->got)
		return;
	if (s->kind == FRAME_VEHICLE)
		flow_add_x(f, s->id, s->at, flow_xi(f, s->id, s->at), from->got);
	else if (s->kind == FRAME_NODE_UP) {
		flow_add_f(f, s->id, s->place, from->got);
		if (s->id == 0)
			flow_add_f(f, 0, from->place, -from->got);
	} else if (from->kind == FRAME_VEHICLE)
		flow_add_x(f, from->id, s->place, flow_xi(f, from->id, s->place), -from->got);
	else
		flow_add_f(f, from->id, s->place, -from->got);
}

/* A dead end is not tried again in this phase. */
static void close_way(struct flow *f, const struct flow_frame *s)
{
	uint64_t **rows = s->kind == FRAME_NODE_DOWN ? f->down : f->up;

	if (s->kind != FRAME_VEHICLE && s->got < s->want)
		flow_put_bit(flow_bits(rows[s->round], f, s->id), s->place, false);
}

/* Pushes what the lowest frame wants. Returns what got through. */
static int32_t push(struct flow *f, const struct flow_pass *p)
{
	int32_t got = 0;

	while (f->frames) {
		int at = f->frames - 1;
		struct flow_frame done;
		bool waits = f->stack[at].kind == FRAME_VEHICLE   ? step_vehicle(f, p, at)
			     : f->stack[at].kind == FRAME_NODE_UP ? step_up(f, at)
								  : step_down(f, at);

		if (waits)
			continue;
		done = f->stack[at];
		close_way(f, &done);
		f->frames--;
		got = done.got;
		if (f->frames)
			credit(f, &f->stack[f->frames - 1], &done);
	}
	return got;
}

static int64_t push_dear(struct flow *f, const struct flow_pass *p)
{
	int64_t moved = 0;

	for (int r = 1; r < f->rounds; r++)
		for (int w = 0; w < f->words; w++) {
			uint64_t bits = f->dear[w] & flow_bits(f->down[r], f, 0)[w];

			for (; bits; bits &= bits - 1) {
				int t = 64 * w + __builtin_ctzll(bits), q = f->interval_of[t];
				int64_t want = f->taken[q] - f->allowed[q];
				int32_t got;

				if (want <= 0)
					continue;
				if (!enter(f, FRAME_NODE_DOWN, 0, t, r, least_of(want, f->f[t])))
					return moved;
				got = push(f, p);
				flow_add_f(f, 0, t, -got);
				moved += got;
			}
		}
	return moved;
}

static int64_t push_vehicles(struct flow *f, const struct flow_pass *p)
{
	int64_t moved = 0;

	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k];
		int64_t want;

		while (f->round_of[i] >= 0 && (want = surplus(f, p, i)) > 0) {
			int32_t got;

			if (!enter(f, FRAME_VEHICLE, i, -1, f->round_of[i],
				    least_of(want, PUSH_MAX)))
				return moved;
			got = push(f, p);
			if (!p->is_first)
				f->missing[i] -= got;
			moved += got;
			if (!got)
				break;
		}
	}
	return moved;
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
		sources += surplus(f, p, p->vehicle[k]) > 0;
	return sources;
}

int flow_pass_run(struct flow *f, struct flow_pass *p)
{
	if (!f->rounds_max && grow_rounds(f) != 0)
		return -1;
	begin_pass(f, p);
	for (;;) {
		int sources = count_sources(f, p);

		if (!sources && !is_any(f->dear, f->words))
			break;
		if (!find_layers(f, p, sources) || push_dear(f, p) + push_vehicles(f, p) == 0)
			break;
		find_dear(f);
	}
	for (int k = 0; k < p->n; k++)
		f->round_of[p->vehicle[k]] = -1;
	return f->no_memory ? -1 : 0;
}

/* -- who is reached --------------------------------------------------------------------------- */

/* At the root: what could be taken in a slot of an interval may leave any other slot of it. */
static void turn_forwards(struct flow *f)
{
	uint64_t more[(FLOW_SLOTS_MAX + 63) / 64];
	uint64_t *now = flow_bits(f->up[0], f, 0);
	const uint64_t *reach = flow_bits(f->reach, f, 0), *flow = flow_bits(f->has_flow, f, 0);
	const uint64_t *room = flow_bits(f->has_room, f, 0);

	for (int w = 0; w < f->words; w++)
		more[w] = now[w] & room[w];
	flow_whole_intervals(f, more);
	for (int w = 0; w < f->words; w++)
		now[w] |= more[w] & flow[w] & ~reach[w];
}

/* Forwards: from what is dear down to those who draw then, from them to any slot that they could
 * take instead, from there up and down again. */
static bool spread(struct flow *f, const struct flow_pass *p)
{
	uint64_t any = 0;

	for (int k = p->nodes - 1; k >= 0; k--) {
		int v = p->node[k];
		uint64_t *now = flow_bits(f->up[0], f, v);
		const uint64_t *reach = flow_bits(f->reach, f, v);
		const uint64_t *room = flow_bits(f->has_room, f, v);
		uint64_t *above = v ? flow_bits(f->up[0], f, f->parent[v]) : NULL;

		for (int w = 0; w < f->words; w++) {
			now[w] &= ~reach[w];
			if (above)
				above[w] |= now[w] & room[w];
		}
	}
	if (f->intervals < f->slots)
		turn_forwards(f);
	for (int k = 0; k < p->nodes; k++) {
		int v = p->node[k];
		uint64_t *now = flow_bits(f->up[0], f, v), *reach = flow_bits(f->reach, f, v);
		const uint64_t *flow = flow_bits(f->has_flow, f, v);
		const uint64_t *above = v ? flow_bits(f->up[0], f, f->parent[v]) : NULL;

		for (int w = 0; w < f->words; w++) {
			now[w] = (now[w] | (above ? above[w] & flow[w] : 0)) & ~reach[w];
			reach[w] |= now[w];
			any |= now[w];
		}
	}
	return any != 0;
}

static void find_reached(struct flow *f, const struct flow_pass *p)
{
	size_t row = (size_t)f->words * sizeof(uint64_t);
	uint64_t *const now = f->up[0], *const next = f->down[0];

	for (int k = 0; k < p->nodes; k++) {
		memset(flow_bits(now, f, p->node[k]), 0, row);
		memset(flow_bits(f->reach, f, p->node[k]), 0, row);
	}
	for (int w = 0; w < f->words; w++)
		now[w] = f->dear[w] & flow_bits(f->has_flow, f, 0)[w];
	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k];
		uint64_t *to = flow_bits(now, f, f->node_of[i]);
		const uint64_t *more = flow_bits(f->can_more, f, i);

		f->round_of[i] = surplus(f, p, i) > 0 ? 0 : -1;
		for (int w = 0; f->round_of[i] == 0 && w < f->words; w++)
			to[w] |= more[w];
	}
	while (spread(f, p)) {
		for (int k = 0; k < p->nodes; k++)
			memset(flow_bits(next, f, p->node[k]), 0, row);
		for (int k = 0; k < p->n; k++) {
			int i = p->vehicle[k], g = f->node_of[i];
			uint64_t *to = flow_bits(next, f, g);
			const uint64_t *more = flow_bits(f->can_more, f, i);

			if (f->round_of[i] >= 0 ||
				!meets(flow_bits(f->can_less, f, i), flow_bits(now, f, g),
					flow_bits(now, f, g), f->words))
				continue;
			f->round_of[i] = 0;
			for (int w = 0; w < f->words; w++)
				to[w] |= more[w];
		}
		for (int k = 0; k < p->nodes; k++)
			memcpy(flow_bits(now, f, p->node[k]), flow_bits(next, f, p->node[k]), row);
	}
}

int flow_pass_split(struct flow *f, struct flow_pass *p)
{
	int kept = 0, reached = 0;

	find_reached(f, p);
	for (int k = 0; k < p->n; k++) {
		int i = p->vehicle[k];

		if (f->round_of[i] >= 0)
			f->swap[reached++] = i;
		else
			p->vehicle[kept++] = i;
		f->round_of[i] = -1;
	}
	memcpy(p->vehicle + kept, f->swap, (size_t)reached * sizeof *f->swap);
	return reached;
}
