#include <stdlib.h>
#include "scheduler/flow_private.h"
#include "scheduler/flow_smooth.h"

#define RUN_MAX   8 /* slots of a run that is worth moving */
#define MOVES_MAX 64 /* for one run */

/* Vehicle i gives up w in slot `from` for slot `to`; j, where there is one, the other way round. */
struct move {
	int j, from, to;
	int32_t w;
};

struct calm {
	struct flow *f;
	int vehicle, first, end; /* the run: its slots */
	struct move move[MOVES_MAX];
	int moves;
};

static int32_t x_of(const struct flow *f, int i, int slot)
{
	return slot < 0 || slot >= f->slots ? 0 : f->x[flow_xi(f, i, f->place_of[slot])];
}

static int32_t spare(const struct flow *f, int i, int slot)
{
	size_t xi = flow_xi(f, i, f->place_of[slot]);

	return f->most[xi] - f->x[xi];
}

static int32_t given(const struct flow *f, int i, int slot)
{
	size_t xi = flow_xi(f, i, f->place_of[slot]);

	return f->x[xi] - flow_least(f, xi);
}

static int32_t smaller(int64_t a, int64_t b)
{
	return (int32_t)(a < b ? a : b);
}

/* How much the interval can give (down) or take at one price. */
static int64_t at_one_price(const struct flow *f, int q, bool is_down, int32_t *price)
{
	const struct flow_part *part = f->price + (size_t)q * (size_t)f->parts;
	int64_t at = 0, room = f->peak[q] - f->taken[q];

	for (int k = 0; k < f->parts; k++) {
		int64_t end = at + flow_width(&part[k]);

		*price = part[k].price;
		if (is_down && f->taken[q] <= end)
			return f->taken[q] - at;
		if (!is_down && f->taken[q] < end)
			return end - f->taken[q] < room ? end - f->taken[q] : room;
		at = end;
	}
	return 0;
}

/* What may go from one slot to another by itself, for the same money and within all limits. */
static int32_t free_room(const struct flow *f, int i, int from, int to)
{
	int a = f->place_of[from], b = f->place_of[to];
	int32_t down, up, room = FLOW_POWER_MAX;

	if (f->interval_of[a] != f->interval_of[b]) {
		int64_t gives = at_one_price(f, f->interval_of[a], true, &down);
		int64_t takes = at_one_price(f, f->interval_of[b], false, &up);

		if (!gives || !takes || down != up)
			return 0;
		room = smaller(smaller(gives, FLOW_POWER_MAX), takes);
	}
	/* Limits that trees share are not these: there only exchanges are free. */
	if (f->shared)
		return 0;
	for (int v = f->node_of[i]; v >= 0 && room > 0; v = f->parent[v])
		room = smaller(room, f->cap[flow_fi(f, v, b)] - f->f[flow_fi(f, v, b)]);
	return room > 0 ? room : 0;
}

static void apply(struct calm *c, const struct move *m, int32_t w)
{
	flow_shift(c->f, c->vehicle, c->f->place_of[m->from], -w);
	flow_shift(c->f, c->vehicle, c->f->place_of[m->to], w);
	if (m->j >= 0) {
		flow_shift(c->f, m->j, c->f->place_of[m->to], -w);
		flow_shift(c->f, m->j, c->f->place_of[m->from], w);
	}
}

/* How much more often a vehicle goes on or off if it is switched in a slot. */
static int switched(const struct flow *f, int j, int slot)
{
	int beside = (x_of(f, j, slot - 1) > 0) + (x_of(f, j, slot + 1) > 0);

	return x_of(f, j, slot) > 0 ? 2 * beside - 2 : 2 - 2 * beside;
}

/* The exchange with a neighbour that does not make him go on or off more often; its power, 0: none. */
static int32_t exchange(const struct calm *c, int j, int from, int to)
{
	const struct flow *f = c->f;
	int32_t w = smaller(given(f, c->vehicle, from), spare(f, c->vehicle, to));
	bool goes_on, goes_off;
	int more;

	w = smaller(smaller(w, given(f, j, to)), spare(f, j, from));
	if (w <= 0)
		return 0;
	goes_on = x_of(f, j, from) == 0;
	goes_off = w == x_of(f, j, to);
	more = (goes_on ? switched(f, j, from) : 0) + (goes_off ? switched(f, j, to) : 0);
	/* Next to one another they count otherwise. */
	if (more > 0 || ((goes_on || goes_off) && abs(from - to) == 1))
		return 0;
	return w;
}

static bool move_some(struct calm *c, int from, int to)
{
	struct flow *f = c->f;
	int g = f->node_of[c->vehicle];
	struct move m = {-1, from, to, 0};

	m.w = smaller(smaller(given(f, c->vehicle, from), spare(f, c->vehicle, to)),
		free_room(f, c->vehicle, from, to));
	for (int j = f->first[g]; m.w <= 0 && j < f->first[g] + f->size[g]; j++) {
		if (j == c->vehicle)
			continue;
		m.w = exchange(c, j, from, to);
		m.j = j;
	}
	if (m.w <= 0 || c->moves == MOVES_MAX)
		return false;
	c->move[c->moves++] = m;
	apply(c, &m, m.w);
	return true;
}

/* Where the vehicle charges anyway, or next to that. */
static bool is_target(const struct calm *c, int slot)
{
	const struct flow *f = c->f;
	bool is_beside = slot > 0 && slot - 1 != c->end - 1 && x_of(f, c->vehicle, slot - 1) > 0;

	if (slot >= c->first - 1 && slot <= c->end)
		return false;
	is_beside |=
		slot + 1 < f->slots && slot + 1 != c->first && x_of(f, c->vehicle, slot + 1) > 0;
	return (is_beside || x_of(f, c->vehicle, slot) > 0) && spare(f, c->vehicle, slot) > 0;
}

static bool clear_slot(struct calm *c, int slot)
{
	for (int to = 0; to < c->f->slots && x_of(c->f, c->vehicle, slot) > 0; to++)
		while (is_target(c, to) && x_of(c->f, c->vehicle, slot) > 0)
			if (!move_some(c, slot, to))
				break;
	return x_of(c->f, c->vehicle, slot) == 0;
}

/* Moves the run away as a whole, or not at all. */
static void clear_run(struct calm *c)
{
	bool ok = true;

	c->moves = 0;
	for (int t = c->first; ok && t < c->end; t++)
		ok = clear_slot(c, t);
	while (!ok && c->moves > 0) {
		const struct move *m = &c->move[--c->moves];

		apply(c, m, -m->w);
	}
}

static int count_changes(const struct flow *f)
{
	int changes = 0;

	for (int i = 0; i < f->n; i++)
		for (int t = f->from[i]; t <= f->to[i]; t++)
			changes += (x_of(f, i, t) > 0) != (x_of(f, i, t - 1) > 0);
	return changes;
}

int flow_calm(struct flow *f)
{
	int before = count_changes(f);

	for (int length = 1; length <= RUN_MAX; length++)
		for (int i = 0; i < f->n; i++)
			for (int t = f->from[i]; t < f->to[i]; t++) {
				struct calm c = {.f = f, .vehicle = i, .first = t, .end = t};

				while (c.end < f->slots && x_of(f, i, c.end) > 0)
					c.end++;
				if (c.end - c.first == length)
					clear_run(&c);
				t = c.end > t ? c.end : t;
			}
	return before - count_changes(f);
}
