#include "scheduler/flow_smooth.h"
#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_private.h"

/* -- flat and early: prices that are told apart ------------------------------------------------ */

struct codes {
	int64_t step; /* W·slot of a piece */
	int pieces, parts; /* of an interval */
	int32_t per_piece, per_price; /* how many codes */
};

/* The number of a price among all. */
static int32_t rank_of(const struct flow *f, int32_t price)
{
	int a = 0, b = f->levels;

	while (a < b) {
		int m = (a + b) / 2;

		if (f->level[m] < price)
			a = m + 1;
		else
			b = m;
	}
	return a;
}

static int64_t load_of(const struct flow *f, const struct flow_smoothing *s, int q)
{
	return s->load ? s->load[f->theirs_interval[q]] : 0;
}

static bool find_codes(const struct flow *f, const struct flow_smoothing *s, struct codes *c)
{
	int64_t top = 1, codes;

	for (int q = 0; q < f->intervals; q++)
		if (load_of(f, s, q) + f->taken[q] > top)
			top = load_of(f, s, q) + f->taken[q];
	c->pieces = s->pieces < 1 ? 1 : s->pieces < FLOW_PIECES_MAX ? s->pieces : FLOW_PIECES_MAX;
	c->parts = f->parts + c->pieces;
	c->step = (top + c->pieces - 1) / c->pieces;
	c->per_piece = s->early ? f->intervals : 1;
	c->per_price = c->per_piece * c->pieces;
	codes = (int64_t)c->per_price * (f->levels + 1);
	return codes < FLOW_PRICE_MAX && c->step < FLOW_POWER_MAX;
}

/* An interval's parts, cut where a piece ends. */
static void cut_parts(const struct flow *f, const struct flow_smoothing *s, const struct codes *c,
	int q, struct flow_part *out)
{
	const struct flow_part *part = f->price + (size_t)q * (size_t)f->parts;
	int64_t load = load_of(f, s, q), at = 0, end = 0;
	int32_t early = s->early ? f->theirs_interval[q] : 0;
	int k = 0, n = 0, piece = 0;

	for (; k < f->parts; k++) {
		end += flow_width(&part[k]);
		while (at < end) {
			bool is_last = piece == c->pieces - 1;
			int64_t to = is_last ? end : (piece + 1) * c->step - load;
			int64_t w;

			if (to <= at) {
				piece++;
				continue;
			}
			w = (to < end ? to : end) - at;
			out[n].price = rank_of(f, part[k].price) * c->per_price +
				       piece * c->per_piece + early;
			out[n++].w = w < FLOW_POWER_MAX ? (int32_t)w : FLOW_POWER_MAX;
			at += w;
		}
	}
	for (; n < c->parts; n++)
		out[n] = (struct flow_part){n ? out[n - 1].price : 0, 0};
}

int flow_smooth(struct flow *f, const struct flow_smoothing *s)
{
	struct flow_part *price = f->price, *cut;
	struct flow_tier *tier = f->tier, *own;
	struct codes c;
	int parts = f->parts, rc = -1;

	if (flow_find_levels(f) != 0 || !find_codes(f, s, &c))
		return -1;
	cut = malloc((size_t)f->intervals * (size_t)c.parts * sizeof *cut);
	own = malloc(((size_t)f->n * FLOW_TIERS + 1) * sizeof *own);
	if (cut && own) {
		for (int q = 0; q < f->intervals; q++)
			cut_parts(f, s, &c, q, cut + (size_t)q * (size_t)c.parts);
		/* What is missing comes after all energy of the same price. */
		memcpy(own, tier, (size_t)f->n * FLOW_TIERS * sizeof *own);
		for (int i = 0; i < f->n; i++)
			for (int k = 0; k < f->tiers[i]; k++) {
				struct flow_tier *t = &own[(size_t)i * FLOW_TIERS + (size_t)k];

				t->price = rank_of(f, t->price) * c.per_price + c.per_price - 1;
			}
		f->price = cut;
		f->tier = own;
		f->parts = c.parts;
		f->levels_stale = true;
		rc = flow_solve(f);
		f->price = price;
		f->tier = tier;
		f->parts = parts;
		f->levels_stale = true;
	}
	free(cut);
	free(own);
	return flow_find_levels(f) == 0 ? rc : -1;
}
