/*
 * Room of a plan: what is left at every node in every slot, in all and, where vehicles load their
 * phases differently, on each phase and between them.
 *
 * A vehicle has room for what fits into every limit on its way up: of the whole, and of each phase by
 * the part of its power that it puts there. Between the phases of the site: what it may put on one,
 * less what it is sure to put on the other, makes them differ.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

static bool is_even(const struct plan_car *c)
{
	return c->weight[0] == 2 && c->weight[1] == 2 && c->weight[2] == 2;
}

/* Sixths that a W of it makes phase `p` rise above phase `q`. */
static int64_t parts(const struct plan_car *c, int p, int q)
{
	return c->weight[p] - (c->is_exact ? c->weight[q] : 0);
}

/* How far phase `p` may be above `q` in all, less how far it is; in sixths. What is on them besides
 * may differ more than is allowed already: then vehicles may not make it worse. */
static int64_t apart_room(const struct plan_work *s, int slot, int p, int q)
{
	const struct plan_caps *caps = s->in->caps;
	const int32_t *base = caps->phase[caps->apart_node].load_w;
	int64_t other = 6 * ((int64_t)base[p] - base[q]), most = 6 * (int64_t)caps->apart_w;

	return (other > most ? other : most) - other - (s->high[slot][p] - s->low[slot][q]);
}

/* -- room ------------------------------------------------------------------------------------ */

static void bind_to(struct plan_bind *b, int64_t w, int node, int source, enum grid_channel channel)
{
	if (w >= b->w)
		return;
	*b = (struct plan_bind){(int32_t)(w > 0 ? w : 0), node, (enum grid_source)source, channel};
}

static void bind_phases(const struct plan_work *s, const struct plan_car *c, int node, int slot,
	struct plan_bind *b)
{
	for (int p = 0; p < GRID_PHASES; p++)
		if (c->weight[p] && s->phase_room[node][slot][p] < INT64_MAX)
			bind_to(b, s->phase_room[node][slot][p] / c->weight[p], node,
				s->in->caps->phase[node].source[slot],
				(enum grid_channel)(GRID_L1 + p));
}

static void bind_apart(
	const struct plan_work *s, const struct plan_car *c, int slot, struct plan_bind *b)
{
	for (int p = 0; p < GRID_PHASES; p++)
		for (int q = 0; q < GRID_PHASES; q++)
			if (p != q && parts(c, p, q) > 0)
				bind_to(b, apart_room(s, slot, p, q) / parts(c, p, q),
					s->in->caps->apart_node, GRID_SOURCE_IMBALANCE,
					GRID_IMBALANCE);
}

/* Limits of phases that all vehicles share evenly stand in the room of the whole: the tightest of
 * them is what binds there. */
static enum grid_channel channel_at(const struct plan_work *s, int node, int slot)
{
	const struct plan_caps *caps = s->in->caps;
	const struct plan_phase_caps *p = &caps->phase[node];
	int32_t least = caps->w[(size_t)node * (size_t)s->slots + (size_t)slot] / GRID_PHASES;
	enum grid_channel c = GRID_TOTAL;

	for (int k = 0; !s->by_phase && p->w && k < GRID_PHASES; k++)
		if (p->w[slot][k] < least) {
			least = p->w[slot][k];
			c = (enum grid_channel)(GRID_L1 + k);
		}
	return c;
}

static void bind_whole(const struct plan_work *s, int node, int slot, struct plan_bind *b)
{
	const struct plan_caps *caps = s->in->caps;
	enum grid_channel c = channel_at(s, node, slot);

	bind_to(b, *plan_room_at(s, node, slot), node,
		c == GRID_TOTAL ? caps->source[(size_t)node * (size_t)s->slots + (size_t)slot]
				: caps->phase[node].source[slot],
		c);
}

struct plan_bind plan_path_bind(const struct plan_work *s, const struct plan_car *c, int slot)
{
	struct plan_bind b = {GRID_NO_LIMIT, -1, GRID_SOURCE_NONE, GRID_TOTAL};

	for (int v = c->evse_node; v >= 0; v = s->up[v]) {
		bind_whole(s, v, slot, &b);
		if (s->by_phase && s->phase_room[v])
			bind_phases(s, c, v, slot, &b);
	}
	if (s->high)
		bind_apart(s, c, slot, &b);
	return b;
}

int32_t plan_path_room(const struct plan_work *s, const struct plan_car *c, int slot)
{
	int32_t least = GRID_NO_LIMIT;

	if (s->by_phase)
		return plan_path_bind(s, c, slot).w;
	for (int v = c->evse_node; v >= 0; v = s->up[v])
		if (*plan_room_at(s, v, slot) < least)
			least = *plan_room_at(s, v, slot);
	return least > 0 ? least : 0;
}

static void take_phases(struct plan_work *s, int node, int slot, const uint8_t *weight, int64_t w)
{
	for (int p = 0; s->phase_room[node] && p < GRID_PHASES; p++)
		if (s->phase_room[node][slot][p] < INT64_MAX)
			s->phase_room[node][slot][p] -= w * weight[p];
}

void plan_take(struct plan_work *s, const struct plan_car *c, int slot, int32_t w)
{
	*plan_w_at(s, c, slot) += w;
	for (int v = c->evse_node; v >= 0; v = s->up[v]) {
		*plan_room_at(s, v, slot) -= w;
		if (s->by_phase)
			take_phases(s, v, slot, c->weight, w);
	}
	for (int p = 0; s->high && p < GRID_PHASES; p++) {
		s->high[slot][p] += (int64_t)w * c->weight[p];
		s->low[slot][p] += c->is_exact ? (int64_t)w * c->weight[p] : 0;
	}
}

void plan_clear_row(struct plan_work *s, const struct plan_car *c)
{
	for (int t = c->first; t < c->last; t++)
		if (*plan_w_at(s, c, t))
			plan_take(s, c, t, -*plan_w_at(s, c, t));
}

/* -- giving way ------------------------------------------------------------------------------ */

/* Brings one pair of phases together. */
static void balance_pair(struct plan_work *s, int slot, int p, int q)
{
	for (int k = s->in->n - 1; k >= 0 && apart_room(s, slot, p, q) < 0; k--) {
		const struct plan_car *c = &s->car[s->by_priority[k]];
		int64_t over = -apart_room(s, slot, p, q), by = parts(c, p, q), less;
		int32_t w = *plan_w_at(s, c, slot);

		if (w == 0 || by <= 0)
			continue;
		less = (over + by - 1) / by;
		plan_take(s, c, slot, w - less < c->min_w ? -w : (int32_t)-less);
	}
}

/* Lowering brings one pair together and may part another one; since it only ever lowers, it ends. */
static void balance_slot(struct plan_work *s, int slot)
{
	bool again = true;

	while (again) {
		again = false;
		for (int p = 0; p < GRID_PHASES; p++)
			for (int q = 0; q < GRID_PHASES; q++)
				if (p != q && apart_room(s, slot, p, q) < 0) {
					balance_pair(s, slot, p, q);
					again = true;
				}
	}
}

void plan_balance(struct plan_work *s)
{
	if (!s->high)
		return;
	for (int slot = 0; slot < s->slots; slot++)
		balance_slot(s, slot);
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = plan_row_mj(s, &s->car[i]);
}

/* -- what flows unasked ---------------------------------------------------------------------- */

static int32_t idle_w(const struct plan_input *in, int evse)
{
	if (in->idle_w)
		return in->idle_w[evse];
	return grid_tree_node(in->tree, grid_tree_evse_node(in->tree, evse))->tail_w;
}

static void reserve_at(struct plan_work *s, int node, int slot, const uint8_t *weight, int32_t idle)
{
	int32_t *r = plan_room_at(s, node, slot);
	int64_t(*row)[GRID_PHASES] = s->phase_room[node];

	*r = *r > idle ? *r - idle : 0;
	for (int p = 0; row && p < GRID_PHASES; p++)
		if (row[slot][p] < INT64_MAX)
			row[slot][p] = row[slot][p] > (int64_t)idle * weight[p]
					       ? row[slot][p] - (int64_t)idle * weight[p]
					       : 0;
}

static void reserve_idle(struct plan_work *s, int evse, const bool *planned)
{
	const struct grid_tree *t = s->in->tree;
	int leaf = grid_tree_evse_node(t, evse);
	const uint8_t *weight = grid_tree_node(t, leaf)->electric.sixths;
	int32_t idle = idle_w(s->in, evse);

	for (int slot = 0; slot < s->slots; slot++)
		for (int v = leaf; v >= 0 && !planned[slot]; v = s->up[v])
			reserve_at(s, v, slot, weight, idle);
}

static int reserve_idle_ones(struct plan_work *s)
{
	const struct grid_tree *t = s->in->tree;
	size_t evses = (size_t)grid_tree_evses(t), n = (size_t)s->in->n;
	int *car_of = malloc((evses + n + 1) * sizeof(int)), *next;
	bool *planned = malloc((size_t)s->slots);

	if (!car_of || !planned) {
		free(car_of);
		free(planned);
		return -1;
	}
	next = car_of + evses;
	memset(car_of, -1, evses * sizeof(int));
	for (int i = 0; i < s->in->n; i++) {
		int e = grid_tree_node(t, s->car[i].evse_node)->evse_first;

		next[i] = car_of[e];
		car_of[e] = i;
	}
	for (size_t e = 0; e < evses; e++) {
		if (idle_w(s->in, (int)e) <= 0)
			continue;
		memset(planned, 0, (size_t)s->slots);
		for (int i = car_of[e]; i >= 0; i = next[i])
			memset(planned + s->car[i].first, 1,
				(size_t)(s->car[i].last - s->car[i].first));
		reserve_idle(s, (int)e, planned);
	}
	free(car_of);
	free(planned);
	return 0;
}

/* -- beginning and end ----------------------------------------------------------------------- */

static int init_phases(struct plan_work *s)
{
	const struct plan_caps *caps = s->in->caps;
	size_t slots = (size_t)s->slots;

	for (int v = 0; v < s->nodes; v++) {
		if (!caps->phase[v].w)
			continue;
		s->phase_room[v] = malloc(slots * sizeof(*s->phase_room[v]));
		if (!s->phase_room[v])
			return -1;
		for (size_t t = 0; t < slots; t++)
			for (int p = 0; p < GRID_PHASES; p++)
				s->phase_room[v][t][p] =
					caps->phase[v].w[t][p] == GRID_NO_LIMIT
						? INT64_MAX
						: 6 * (int64_t)caps->phase[v].w[t][p];
	}
	return 0;
}

/* Vehicles that all load the three phases alike need no more than the room of the whole. */
static void fold_phases(struct plan_work *s)
{
	for (int v = 0; v < s->nodes; v++)
		for (int t = 0; s->phase_room[v] && t < s->slots; t++)
			for (int p = 0; p < GRID_PHASES; p++)
				if (s->phase_room[v][t][p] / 2 < *plan_room_at(s, v, t))
					*plan_room_at(s, v, t) =
						(int32_t)(s->phase_room[v][t][p] / 2);
}

/* Do phases need books of their own; and may the vehicles part them? */
static void look_at_phases(const struct plan_work *s, bool *by_phase, bool *by_apart)
{
	bool is_limited = false, is_uneven = false, is_loose = false;

	for (int v = 0; v < s->nodes; v++)
		is_limited |= s->phase_room[v] != NULL;
	for (int i = 0; i < s->in->n; i++) {
		is_uneven |= !is_even(&s->car[i]);
		is_loose |= !is_even(&s->car[i]) || !s->car[i].is_exact;
	}
	*by_apart = is_loose && s->in->caps->apart_node >= 0;
	*by_phase = *by_apart || (is_limited && is_uneven);
}

int plan_room_init(struct plan_work *s)
{
	const struct plan_caps *caps = s->in->caps;
	size_t cells = (size_t)s->nodes * (size_t)s->slots, slots = (size_t)s->slots;
	bool by_apart;

	s->room = malloc(cells * sizeof(*s->room));
	s->phase_room = calloc((size_t)s->nodes, sizeof(*s->phase_room));
	s->up = malloc((size_t)s->nodes * sizeof(*s->up));
	if (!s->room || !s->phase_room || !s->up)
		return -1;
	for (int v = 0; v < s->nodes; v++)
		s->up[v] = grid_tree_node(s->in->tree, v)->parent;
	memcpy(s->room, caps->w, cells * sizeof(*s->room));
	if (init_phases(s) || reserve_idle_ones(s))
		return -1;
	look_at_phases(s, &s->by_phase, &by_apart);
	if (!s->by_phase)
		fold_phases(s);
	if (!by_apart)
		return 0;
	s->high = calloc(slots, sizeof(*s->high));
	s->low = calloc(slots, sizeof(*s->low));
	return s->high && s->low ? 0 : -1;
}

void plan_room_finish(struct plan_work *s)
{
	for (int v = 0; s->phase_room && v < s->nodes; v++)
		free(s->phase_room[v]);
	free(s->phase_room);
	free(s->room);
	free(s->up);
	free(s->high);
	free(s->low);
}
