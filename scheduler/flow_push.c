#include <stdlib.h>
#include "scheduler/flow_pass.h"

/*
 * Pushes flow along the layers of flow_search.c, depth first, on a stack of its own. The last stretch of
 * each way goes up to the root through nodes with room: it is climbed at once, which is most of the work.
 */

enum { FRAME_VEHICLE, FRAME_NODE_DOWN, FRAME_NODE_UP };

#define PUSH_MAX 1000000000

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

/* From a node up to the root as far as there is room, in round 0. Returns what got through; where it is
 * less than wanted, the way is closed up to where it is narrow. */
static int32_t climb(struct flow *f, int node, int place, int32_t want)
{
	int q = f->interval_of[place], narrow = 0;
	int32_t room = least_of(want, f->allowed[q] - f->taken[q]);

	for (int v = node; v >= 0; v = f->parent[v]) {
		size_t i = flow_fi(f, v, place);

		if (f->cap[i] - f->f[i] < room) {
			room = f->cap[i] - f->f[i];
			narrow = v;
		}
	}
	for (int v = node; room > 0 && v >= 0; v = f->parent[v]) {
		size_t i = flow_fi(f, v, place);

		if (f->f[i] == 0)
			flow_put_bit(flow_bits(f->has_flow, f, v), place, true);
		f->f[i] += room;
		if (f->f[i] == f->cap[i])
			flow_put_bit(flow_bits(f->has_room, f, v), place, false);
	}
	f->taken[q] += room;
	for (int v = node; room < want; v = f->parent[v]) {
		flow_put_bit(flow_bits(f->up[0], f, v), place, false);
		if (v == narrow)
			break;
	}
	return room;
}

/* What the vehicle may miss, and then the slots that lead up to the root, the cheapest first. */
static int32_t take(struct flow *f, const struct flow_pass *p, int i, int32_t want)
{
	int g = f->node_of[i];
	const uint64_t *up = flow_bits(f->up[0], f, g), *more = flow_bits(f->can_more, f, i);
	int32_t got = least_of(want, flow_room_to_miss(f, p, i));

	f->missing[i] += got;
	for (int w = 0; got < want && w < f->words; w++)
		for (uint64_t bits = more[w] & up[w]; got < want && bits; bits &= bits - 1) {
			int t = 64 * w + __builtin_ctzll(bits);
			size_t xi = flow_xi(f, i, t);
			int32_t x = climb(f, g, t, least_of(want - got, f->most[xi] - f->x[xi]));

			flow_add_x(f, i, t, xi, x);
			got += x;
		}
	if (got < want)
		f->round_of[i] = -1;
	return got;
}

/* A vehicle takes other slots: the first (cheapest) that leads on. True: it waits for one. */
static bool step_vehicle(struct flow *f, const struct flow_pass *p, int at)
{
	struct flow_frame *s = &f->stack[at];
	int i = s->id, g = f->node_of[i], r = s->round;
	const uint64_t *more = flow_bits(f->can_more, f, i);
	const uint64_t *up = flow_bits(f->up[r], f, g), *down = flow_bits(f->down[r], f, g);

	if (r == 0 && !f->shared) {
		s->got = take(f, p, i, s->want);
		return false;
	}
	if (s->at < 0 && r == 0) {
		int32_t miss = least_of(s->want, flow_room_to_miss(f, p, i));

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
	return enter_arc(f, s->id, true, s->place, s->round,
		least_of(s->want, flow_room(f, s->id, s->place)));
}

/* A node goes down: a child's or a vehicle's flow gives way. `at` counts children, then vehicles. */
static bool step_down(struct flow *f, const struct flow_pass *p, int at)
{
	struct flow_frame *s = &f->stack[at];
	int v = s->id, kids = f->child_at[v + 1] - f->child_at[v];
	size_t row = f->base[v] + (size_t)s->place * (size_t)f->size[v];

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
		size_t xi = row + (size_t)(s->at - kids);
		int32_t want;

		if (f->round_of[j] != s->round - 1)
			continue;
		want = least_of(s->want - s->got, f->x[xi] - flow_least(f, xi));
		if (want <= 0)
			continue;
		if (s->round > 1 || f->shared)
			return enter(f, FRAME_VEHICLE, j, s->place, s->round - 1, want) != NULL;
		want = take(f, p, j, want);
		flow_add_x(f, j, s->place, xi, -want);
		s->got += want;
		if (s->got == s->want)
			break;
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
								  : step_down(f, p, at);

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

		while (f->round_of[i] >= 0 && (want = flow_surplus(f, p, i)) > 0) {
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

/* Pushes all that the layers lead on. Returns how much. */
int64_t flow_push(struct flow *f, const struct flow_pass *p)
{
	return push_dear(f, p) + push_vehicles(f, p);
}
