#include "scheduler/flow_private.h"

static int tree_of(const struct flow_shared *s, int node)
{
	return (node - 1) / s->nodes;
}

static int place_in_tree(const struct flow_shared *s, int node)
{
	return (node - 1) % s->nodes;
}

static size_t cell(const struct flow *f, int v, int place)
{
	return (size_t)v * (size_t)f->slots + (size_t)place;
}

/* What is free, in parts of which each W takes `sixths`. */
static int64_t parts_of(int64_t is_free, int sixths)
{
	return is_free > 0 ? is_free / sixths : 0;
}

/* By how many W tree q may rise (sign 1) or fall (-1) until two phases differ too much. Whatever is
 * under way counts against it. */
static int64_t slack(const struct flow_shared *s, int q, int place, int sign)
{
	const struct flow_pattern *p = &s->pattern[q];
	int64_t w = FLOW_POWER_MAX;

	for (int a = 0; a < FLOW_PHASES; a++)
		for (int b = 0; b < FLOW_PHASES; b++) {
			int64_t is_free =
				s->spread[place][a][b] - (s->high[place][a] - s->low[place][b]);
			int sixths = sign * (p->most[1 + a] - p->least[1 + b]);

			if (a != b && sixths > 0 && parts_of(is_free, sixths) < w)
				w = parts_of(is_free, sixths);
		}
	return w;
}

int32_t flow_shared_room(const struct flow *f, int node, int place)
{
	const struct flow_shared *s = f->shared;
	int q = tree_of(s, node), v = place_in_tree(s, node);
	size_t i = cell(f, v, place);
	int64_t w = FLOW_POWER_MAX;

	for (int c = 0; c < FLOW_CHANNELS; c++) {
		int sixths = s->pattern[q].most[c];
		int64_t parts = sixths ? parts_of(s->limit[i][c] - s->load[i][c], sixths) : w;

		w = parts < w ? parts : w;
	}
	if (v == 0 && s->spread) {
		int64_t most = slack(s, q, place, 1);

		w = most < w ? most : w;
	}
	return (int32_t)w;
}

int32_t flow_shared_gift(const struct flow *f, int node, int place)
{
	const struct flow_shared *s = f->shared;
	int32_t w = f->f[flow_fi(f, node, place)];

	if (place_in_tree(s, node) == 0 && s->spread) {
		int64_t most = slack(s, tree_of(s, node), place, -1);

		w = most < w ? (int32_t)most : w;
	}
	return w;
}

static bool has_room(const struct flow_pattern *p, const int64_t *limit, const int64_t *load)
{
	for (int c = 0; c < FLOW_CHANNELS; c++)
		if (p->most[c] && limit[c] - load[c] < p->most[c])
			return false;
	return true;
}

void flow_shared_bits(struct flow *f, int v, int place)
{
	const struct flow_shared *s = f->shared;
	size_t i = cell(f, v, place);

	for (int q = 0; q < s->patterns; q++) {
		int node = 1 + q * s->nodes + v;
		bool room = has_room(&s->pattern[q], s->limit[i], s->load[i]);
		bool flow = f->f[flow_fi(f, node, place)] > 0;

		if (v == 0 && s->spread) {
			room = room && slack(s, q, place, 1) > 0;
			flow = flow && slack(s, q, place, -1) > 0;
		}
		flow_put_bit(flow_bits(f->has_room, f, node), place, room);
		flow_put_bit(flow_bits(f->has_flow, f, node), place, flow);
	}
}

void flow_shared_add(struct flow *f, int node, int place, int32_t w)
{
	struct flow_shared *s = f->shared;
	const struct flow_pattern *p = &s->pattern[tree_of(s, node)];
	int v = place_in_tree(s, node);
	size_t i = cell(f, v, place);

	for (int c = 0; c < FLOW_CHANNELS; c++)
		s->load[i][c] += (int64_t)p->most[c] * w;
	for (int a = 0; v == 0 && s->spread && a < FLOW_PHASES; a++) {
		s->high[place][a] += (int64_t)p->most[1 + a] * w;
		s->low[place][a] += (int64_t)p->least[1 + a] * w;
	}
	flow_shared_bits(f, v, place);
}

/* What rises counts in the loads at once, what falls only when it has fallen; of what is carried for
 * sure it is the other way round. */
void flow_shared_hold(struct flow *f, int node, int place, bool is_rise, int32_t w)
{
	struct flow_shared *s = f->shared;
	const struct flow_pattern *p = &s->pattern[tree_of(s, node)];
	int v = place_in_tree(s, node);
	size_t i = cell(f, v, place);
	bool has_spread = v == 0 && s->spread;

	for (int c = 0; is_rise && c < FLOW_CHANNELS; c++)
		s->load[i][c] += (int64_t)p->most[c] * w;
	for (int a = 0; has_spread && a < FLOW_PHASES; a++)
		if (is_rise)
			s->high[place][a] += (int64_t)p->most[1 + a] * w;
		else
			s->low[place][a] -= (int64_t)p->least[1 + a] * w;
	if (is_rise || has_spread)
		flow_shared_bits(f, v, place);
}
