#include "scheduler/guard_internal.h"

#define ROUNDS 12 /* lowering for one pair of phases may pull another pair apart */

/* What an EVSE surely takes on a phase if `w` is allowed: no more than it was measured to. */
static int64_t surely(const struct guard_evse *s, int p, int32_t w)
{
	int64_t most = (int64_t)w * s->weight[GRID_L1 + p];

	return s->surely[p] < most ? s->surely[p] : most;
}

/* What an EVSE adds to the most and the least that a phase carries. One on an unknown phase is in
 * the reading with what is seen of it: it may raise each phase by what it is allowed above that, and
 * lower each by what it may draw less. */
static int64_t adds_most(const struct guard *g, int e, int step, int p, int32_t w)
{
	int32_t seen = guard_seen_at(g, e, step);

	return (int64_t)(guard_most(w, seen) - seen) * g->evse[e].weight[GRID_L1 + p];
}

static int64_t adds_least(const struct guard *g, int e, int step, int p, int32_t w)
{
	int32_t was = g->seen_at[e * g->steps + step], now = guard_seen_at(g, e, step);

	return (int64_t)(guard_least(w, now) - was) * g->evse[e].weight[GRID_L1 + p];
}

/* At each node with a limit: the most that each phase may carry, and the least that it surely does.
 * A vehicle that is allowed more than it draws balances nothing. */
static void count_evse(struct guard *g, int e, int32_t high_w, int32_t low_w, int sign)
{
	const struct guard_evse *s = &g->evse[e];
	int step = 0;

	if (!guard_is_uneven(s))
		return;
	for (int n = grid_tree_evse_node(g->tree, e); n >= 0; n = g->parent[n], step++) {
		struct guard_node *v = &g->node[n];
		bool is_seen = v->has_rest && !s->exact &&
			       (s->seen_w > 0 || g->seen_at[e * g->steps + step] > 0);

		if (!(g->limited[n] & GUARD_APART))
			continue;
		for (int p = 0; p < GRID_PHASES; p++) {
			v->high[p] += sign * (is_seen ? adds_most(g, e, step, p, high_w)
						      : (int64_t)high_w * s->weight[GRID_L1 + p]);
			v->low[p] += sign * (is_seen ? adds_least(g, e, step, p, low_w)
						     : surely(s, p, low_w));
		}
	}
}

/* While lowering, one on an unknown phase is not taken for the balance of any: if it was, the meter
 * tells. */
static int32_t least_w(const struct guard_evse *s)
{
	return s->seen_w > 0 ? s->seen_w : guard_settled(s, s->w);
}

void guard_balance_begin(struct guard *g, bool counted)
{
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node *v = &g->node[n];

		for (int p = 0; v->apart && p < GRID_PHASES; p++) {
			v->high[p] = v->has_rest ? v->rest[p] : g->load[n].s[GRID_L1 + p];
			v->low[p] = v->has_rest ? v->rest[p] : 0;
		}
	}
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];

		count_evse(g, e, counted ? guard_counted(s, s->w) : guard_settled(s, s->w),
			counted ? guard_settled(s, s->w) : least_w(s), 1);
	}
}

void guard_balance_track(struct guard *g, bool next)
{
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node *v = &g->node[n];

		for (int a = 0; v->apart && a < GRID_PHASES; a++)
			for (int b = 0; b < GRID_PHASES; b++) {
				int64_t now = v->has_rest ? v->rest[a] - v->rest[b] : 0;
				int64_t *most = &v->swing[0][a][b];

				if (next) {
					v->swing[1][a][b] = *most;
					*most = now;
				} else if (*most < now) {
					*most = now;
				}
			}
	}
}

/* What two phases lately differed by more than now: nothing rises into it. */
static int64_t swing_back(const struct guard_node *v, int a, int b)
{
	int64_t most =
		v->swing[0][a][b] > v->swing[1][a][b] ? v->swing[0][a][b] : v->swing[1][a][b];
	int64_t now = v->rest[a] - v->rest[b];

	return v->has_rest && most > now ? most - now : 0;
}

/* Sixths by which a watt of the EVSE pulls phase `a` away from `b`. */
static int pull(const struct guard_evse *s, int a, int b)
{
	int up = s->weight[GRID_L1 + a], down = s->weight[GRID_L1 + b];

	if (!guard_is_uneven(s))
		return 0;
	return s->exact ? up - down : up;
}

/* The pairs of phases that the EVSE pulls apart. */
struct pulls {
	int count;
	struct {
		int a, b, by;
	} pair[GRID_PHASES * (GRID_PHASES - 1)];
};

static struct pulls find_pulls(const struct guard_evse *s)
{
	struct pulls p = {.count = 0};

	if (!guard_is_uneven(s))
		return p;
	for (int a = 0; a < GRID_PHASES; a++)
		for (int b = 0; b < GRID_PHASES; b++) {
			int by = a == b ? 0 : pull(s, a, b);

			if (by <= 0)
				continue;
			p.pair[p.count].a = a;
			p.pair[p.count].b = b;
			p.pair[p.count++].by = by;
		}
	return p;
}

static void set_power(struct guard *g, int e, int32_t w)
{
	struct guard_evse *s = &g->evse[e];

	count_evse(g, e, guard_settled(s, s->w), least_w(s), -1);
	s->w = w;
	count_evse(g, e, guard_settled(s, s->w), least_w(s), 1);
	s->lowered_ms = g->now_ms;
}

/* What is seen of it in the node's reading, on a phase that nobody knows. */
static int32_t seen_below(const struct guard *g, int e, int n)
{
	int step = 0;

	if (g->evse[e].seen_w == 0 || !g->node[n].has_rest)
		return 0;
	for (int v = grid_tree_evse_node(g->tree, e); v != n; v = g->parent[v])
		step++;
	return guard_seen_at(g, e, step);
}

/* The same with those on unknown phases: each may be the one, so that what one of them is lowered by
 * spares no other. True: there is one that still draws. */
static bool bring_unknown(struct guard *g, int n, int a, int b)
{
	const struct grid_node *below = grid_tree_node(g->tree, n);
	struct guard_node *v = &g->node[n];
	bool found = false;

	for (int i = g->evses - 1; i >= 0 && v->high[a] - v->low[b] > v->apart; i--) {
		int e = g->order[i], by;
		struct guard_evse *s = &g->evse[e];
		int32_t seen;
		int64_t w;

		if (e < below->evse_first || e >= below->evse_end || s->fixed || s->w == 0)
			continue;
		by = pull(s, a, b);
		seen = seen_below(g, e, n);
		if (by <= 0 || seen == 0)
			continue;
		found = true;
		w = guard_most(s->w, seen) - (v->high[a] - v->low[b] - v->apart + by - 1) / by;
		if (w >= s->w)
			continue;
		set_power(g, e, w < s->min_w || w < 0 ? 0 : (int32_t)w);
		guard_bound_by(g, e, n, GRID_IMBALANCE);
	}
	return found;
}

/* Lowers, the least urgent first, what loads phase `a` of the node and not `b`: one that loads both
 * makes no difference. */
static void bring_together(struct guard *g, int n, int a, int b)
{
	const struct grid_node *below = grid_tree_node(g->tree, n);
	struct guard_node *v = &g->node[n];

	for (int i = g->evses - 1; i >= 0 && v->high[a] - v->low[b] > v->apart; i--) {
		int e = g->order[i], by;
		struct guard_evse *s = &g->evse[e];
		int64_t lack, w;

		if (e < below->evse_first || e >= below->evse_end || s->fixed || s->w == 0)
			continue;
		by = pull(s, a, b);
		if (by <= 0 || seen_below(g, e, n) > 0)
			continue;
		lack = v->high[a] - v->low[b] - v->apart;
		w = s->w - (lack + by - 1) / by;
		set_power(g, e, w < s->min_w || w < 0 ? 0 : (int32_t)w);
		guard_bound_by(g, e, n, GRID_IMBALANCE);
	}
}

/* The pair of phases that are furthest apart, but for those of `given_up` (bits 3a+b); false: all are
 * close enough. */
static bool find_pair(const struct guard_node *v, unsigned given_up, int *a, int *b)
{
	int64_t most = v->apart;

	for (int x = 0; x < GRID_PHASES; x++)
		for (int y = 0; y < GRID_PHASES; y++)
			if (x != y && !(given_up >> (GRID_PHASES * x + y) & 1) &&
				v->high[x] - v->low[y] > most) {
				most = v->high[x] - v->low[y];
				*a = x;
				*b = y;
			}
	return most > v->apart;
}

/* Nothing else has helped: all that can pull the phases of the node apart pauses, or all of it that is
 * on unknown phases. */
static void pause_uneven(struct guard *g, int n, bool only_unknown)
{
	const struct grid_node *below = grid_tree_node(g->tree, n);

	for (int e = below->evse_first; e < below->evse_end; e++) {
		struct guard_evse *s = &g->evse[e];

		if (s->fixed || s->w == 0 || !guard_is_uneven(s))
			continue;
		if (only_unknown && seen_below(g, e, n) == 0)
			continue;
		set_power(g, e, 0);
		guard_bound_by(g, e, n, GRID_IMBALANCE);
	}
}

/* Lowering one on an unknown phase helps as far as pausing it would: if that has not helped it is not
 * on the high phase. Of several each may make up for the other. */
static bool several_unknown(const struct guard *g, int n)
{
	const struct grid_node *below = grid_tree_node(g->tree, n);
	int count = 0;

	for (int e = below->evse_first; e < below->evse_end; e++)
		count += !g->evse[e].fixed && seen_below(g, e, n) > 0;
	return count > 1;
}

/* What the node's meter does not show, but the books, is borne for a while: one that has just begun to draw
 * looks like other load until its charger tells. */
static bool has_grace(struct guard *g, struct guard_node *v)
{
	int64_t most = v->import.s[GRID_L1], least = most;
	int a, b;

	if (!find_pair(v, 0, &a, &b)) {
		v->books_apart_ms = GUARD_LONG_AGO_MS;
		return false;
	}
	if (v->books_apart_ms == GUARD_LONG_AGO_MS)
		v->books_apart_ms = g->now_ms;
	for (int c = GRID_L1; c < GRID_CHANNELS; c++) {
		if (v->import.s[c] == GRID_UNKNOWN)
			return false;
		most = v->import.s[c] > most ? v->import.s[c] : most;
		least = v->import.s[c] < least ? v->import.s[c] : least;
	}
	return most - least <= v->apart && g->now_ms - v->books_apart_ms < g->cfg.grace_ms;
}

/* What is left of a pair's difference when nothing that makes it charges any more is not ours. */
static void balance_node(struct guard *g, int n)
{
	struct guard_node *v = &g->node[n];
	unsigned given_up = 0;
	bool guessed = false;
	int a = 0, b = 0;

	if (has_grace(g, v))
		return;
	for (int i = 0; i < ROUNDS && find_pair(v, given_up, &a, &b); i++) {
		bring_together(g, n, a, b);
		guessed = bring_unknown(g, n, a, b) || guessed;
		if (v->high[a] - v->low[b] > v->apart)
			given_up |= 1u << (GRID_PHASES * a + b);
	}
	if (find_pair(v, given_up, &a, &b))
		pause_uneven(g, n, false);
	if (!guessed)
		v->apart_since_ms = GUARD_LONG_AGO_MS;
	else if (v->apart_since_ms == GUARD_LONG_AGO_MS)
		v->apart_since_ms = g->now_ms;
	else if (g->now_ms - v->apart_since_ms >= g->cfg.reaction_ms / 2 && several_unknown(g, n))
		pause_uneven(g, n, true); /* they were lowered, and it has not helped */
}

void guard_balance(struct guard *g)
{
	guard_balance_begin(g, false);
	for (int n = 0; n < g->nodes; n++)
		if (g->node[n].apart)
			balance_node(g, n);
}

void guard_balance_room(
	const struct guard *g, int e, int64_t *room, int *node, enum grid_channel *channel)
{
	const struct pulls p = find_pulls(&g->evse[e]);

	for (int n = grid_tree_evse_node(g->tree, e); p.count && n >= 0; n = g->parent[n]) {
		const struct guard_node *v = &g->node[n];

		for (int i = 0; (g->limited[n] & GUARD_APART) && i < p.count; i++) {
			int by = p.pair[i].by;
			int a = p.pair[i].a, b = p.pair[i].b;
			int64_t slack = v->apart - (v->high[a] - v->low[b]) - swing_back(v, a, b);

			if (slack >= 0 && *room < INT64_MAX / 6 && slack >= *room * by)
				continue;
			if ((slack < 0 ? slack : slack / by) >= *room)
				continue;
			*room = slack < 0 ? slack : slack / by;
			*node = n;
			*channel = GRID_IMBALANCE;
		}
	}
}

void guard_balance_use(struct guard *g, int e, int64_t w)
{
	const struct guard_evse *s = &g->evse[e];

	for (int n = grid_tree_evse_node(g->tree, e); n >= 0 && guard_is_uneven(s);
		n = g->parent[n])
		for (int p = 0; (g->limited[n] & GUARD_APART) && p < GRID_PHASES; p++)
			g->node[n].high[p] += w * s->weight[GRID_L1 + p];
}

bool guard_balance_lacks(const struct guard *g, int e, int64_t need, int victim)
{
	const struct pulls p = find_pulls(&g->evse[e]);

	for (int n = grid_tree_evse_node(g->tree, e); p.count && n >= 0; n = g->parent[n]) {
		const struct grid_node *below = grid_tree_node(g->tree, n);
		const struct guard_node *v = &g->node[n];
		bool helps = victim >= below->evse_first && victim < below->evse_end;

		for (int i = 0; (g->limited[n] & GUARD_APART) && i < p.count; i++) {
			int a = p.pair[i].a, b = p.pair[i].b, by = p.pair[i].by, back = 0;
			int64_t slack = v->apart - (v->high[a] - v->low[b]);

			if (helps)
				back = pull(&g->evse[victim], a, b);
			if (back > 0)
				slack += (int64_t)back * g->evse[victim].w;
			if (slack < need * by)
				return true;
		}
	}
	return false;
}
