#include "scheduler/flexible.h"
#include <stdlib.h>
#include <string.h>

/*
 * Less: the root's room in these slots is cut to what the plan draws there less a power, and the plan
 * is made anew; the greatest power that leaves nobody shorter is bisected. More: energy in these slots
 * is made a gift, and the plan made anew takes all of it that it can; what it draws more in the slot
 * in which that is least can be drawn in all of them.
 */

#define STEPS 10 /* of the bisection: a thousandth */
#define DEAR  1000000 /* a kWh in all other slots, when energy is a gift in some */

/* Of all vehicles in the slot, W. */
static int64_t drawn_w(const struct plan *p, int slot)
{
	int64_t sum = 0;

	for (int i = 0; i < p->vehicles; i++)
		sum += p->w[(size_t)i * (size_t)p->slots + (size_t)slot];
	return sum;
}

static bool is_as_ready(const struct plan *p, const struct plan *than)
{
	for (int i = 0; i < p->vehicles; i++)
		if (p->outcome[i].short_wh > than->outcome[i].short_wh)
			return false;
	return true;
}

struct plan *flexible_take(
	const struct plan_input *in, const struct plan *p, int from, int to, int64_t less_w)
{
	struct plan_caps caps = *in->caps;
	struct plan_input with = *in;
	size_t cells = (size_t)caps.nodes * (size_t)caps.slots;
	struct plan *made = NULL;

	with.caps = &caps;
	caps.w = malloc(cells * sizeof *caps.w);
	if (caps.w) {
		memcpy(caps.w, in->caps->w, cells * sizeof *caps.w);
		for (int t = from; t < to; t++) {
			int64_t w = drawn_w(p, t) - less_w;

			if (w < caps.w[t])
				caps.w[t] = w > 0 ? (int32_t)w : 0;
		}
		made = plan_solve(&with);
	}
	free(caps.w);
	return made;
}

static int find_less(const struct plan_input *in, const struct plan *p, int from, int to,
	int64_t most, struct flexible *out)
{
	int64_t low = 0, high = most + 1; /* high is more than there is */

	for (int k = 0; k < STEPS + 1 && high - low > 1; k++) {
		/* All of it first: a fleet that can wait can often wait altogether. */
		int64_t less = k ? low + (high - low) / 2 : most;
		struct plan *with = flexible_take(in, p, from, to, less);

		if (!with)
			return -1;
		if (is_as_ready(with, p))
			low = less;
		else
			high = less;
		plan_destroy(with);
	}
	out->less_w = low;
	return 0;
}

static struct plan *plan_gift(const struct plan_input *in, int from, int to)
{
	struct flow_part *part = calloc((size_t)in->caps->slots, sizeof *part);
	struct plan_prices prices = {.parts = 1, .part = part};
	struct plan_input with = *in;
	struct plan *made = NULL;

	with.prices = &prices;
	for (int t = 0; part && t < in->caps->slots; t++)
		part[t] = (struct flow_part){t >= from && t < to ? 0 : DEAR, FLOW_POWER_MAX};
	if (part)
		made = plan_solve(&with);
	free(part);
	return made;
}

static int find_more(
	const struct plan_input *in, const struct plan *p, int from, int to, struct flexible *out)
{
	struct plan *with = plan_gift(in, from, to);
	int64_t least = INT64_MAX;

	if (!with)
		return -1;
	if (is_as_ready(with, p))
		for (int t = from; t < to; t++) {
			int64_t more = drawn_w(with, t) - drawn_w(p, t);

			least = more < least ? more : least;
		}
	out->more_w = least == INT64_MAX || least < 0 ? 0 : least;
	plan_destroy(with);
	return 0;
}

int flexible_find(
	const struct plan_input *in, const struct plan *p, int from, int to, struct flexible *out)
{
	int64_t sum = 0, least = INT64_MAX, seconds;

	if (from < 0 || to > p->slots || from >= to)
		return -1;
	for (int t = from; t < to; t++) {
		int64_t w = drawn_w(p, t);

		sum += w;
		least = w < least ? w : least;
	}
	*out = (struct flexible){.planned_w = sum / (to - from)};
	if (find_less(in, p, from, to, least, out) != 0 || find_more(in, p, from, to, out) != 0)
		return -1;
	seconds = (int64_t)(to - from) * p->slot_s;
	out->less_wh = out->less_w * seconds / 3600;
	out->more_wh = out->more_w * seconds / 3600;
	return 0;
}
