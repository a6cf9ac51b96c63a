#include "scheduler/flexible.h"
#include <stdlib.h>
#include <string.h>

/*
 * Less: the root's room in these slots is cut to what the plan draws there less a power, and the plan
 * is made anew; the greatest power that leaves nobody shorter is bisected. More: energy in these slots
 * is made a gift, below a limit for the root so much above the plan, and the plan made anew takes all of
 * it that it can; what it draws more in the slot in which that is least can be drawn in all of them. The
 * limit is bisected: without it vehicles that need less than the slots could give would take it all in
 * the first ones.
 */

#define STEPS      10 /* of the bisection: a thousandth */
#define MORE_STEPS 7
#define DEAR       1000000 /* a kWh in all other slots, when energy is a gift in some */

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

/* The input with the root's room in these slots cut to what the plan draws and `more_w`. 0, or -1: no
 * memory; `caps->w` is to be freed. */
static int cut_root(const struct plan_input *in, const struct plan *p, int from, int to,
	int64_t more_w, struct plan_caps *caps)
{
	size_t cells = (size_t)in->caps->nodes * (size_t)in->caps->slots;

	*caps = *in->caps;
	caps->w = malloc(cells * sizeof *caps->w);
	if (!caps->w)
		return -1;
	memcpy(caps->w, in->caps->w, cells * sizeof *caps->w);
	for (int t = from; t < to; t++) {
		int64_t w = drawn_w(p, t) + more_w;

		if (w < caps->w[t])
			caps->w[t] = w > 0 ? (int32_t)w : 0;
	}
	return 0;
}

struct plan *flexible_take(
	const struct plan_input *in, const struct plan *p, int from, int to, int64_t less_w)
{
	struct plan_caps caps;
	struct plan_input with = *in;
	struct plan *made;

	if (cut_root(in, p, from, to, -less_w, &caps))
		return NULL;
	with.caps = &caps;
	made = plan_solve(&with);
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

/* The plan where energy is a gift in these slots, up to so much more than `p` draws. */
static struct plan *plan_gift(
	const struct plan_input *in, const struct plan *p, int from, int to, int64_t more_w)
{
	struct flow_part *part = calloc((size_t)in->caps->slots, sizeof *part);
	struct plan_prices prices = {.parts = 1, .part = part};
	struct plan_input with = *in;
	struct plan *made = NULL;
	struct plan_caps caps = {0};

	with.prices = &prices;
	with.caps = &caps;
	with.calm_pm = 0;
	for (int t = 0; part && t < in->caps->slots; t++)
		part[t] = (struct flow_part){t >= from && t < to ? 0 : DEAR, FLOW_POWER_MAX};
	if (part && cut_root(in, p, from, to, more_w, &caps) == 0)
		made = plan_solve(&with);
	free(part);
	free(caps.w);
	return made;
}

/* What can be drawn more in each of the slots when it is limited to `most`; *sum: in all of them
 * together. -1: no memory. */
static int64_t more_below(const struct plan_input *in, const struct plan *p, int from, int to,
	int64_t most, int64_t *sum)
{
	struct plan *with = plan_gift(in, p, from, to, most);
	int64_t least = INT64_MAX;

	*sum = 0;
	if (!with)
		return -1;
	for (int t = from; t < to; t++) {
		int64_t more = drawn_w(with, t) - drawn_w(p, t);

		least = more < least ? more : least;
		*sum += more;
	}
	if (least < 0 || !is_as_ready(with, p))
		least = 0;
	plan_destroy(with);
	return least;
}

/* The least of the slots is what counts: where the limit is not reached in all of them it was too
 * high, and what was drawn all the same, spread over them, is the next that it may be. */
static int find_more(
	const struct plan_input *in, const struct plan *p, int from, int to, struct flexible *out)
{
	int64_t sum, got = more_below(in, p, from, to, FLOW_POWER_MAX, &sum), low = got, high;

	out->more_w = got;
	high = sum > 0 ? sum / (to - from) : 0;
	for (int k = 0; got >= 0 && k < MORE_STEPS && high > low; k++) {
		int64_t most = k ? low + (high - low) / 2 : high;

		got = more_below(in, p, from, to, most, &sum);
		out->more_w = got > out->more_w ? got : out->more_w;
		if (got < most - most / 50)
			high = most - 1;
		else
			low = most;
	}
	return got < 0 ? -1 : 0;
}

/* Slots last so long; the first one may have begun. */
static int64_t slot_s(const struct plan_input *in, int slot)
{
	return slot == 0 && in->first_s ? in->first_s : in->slot_s;
}

int flexible_find(
	const struct plan_input *in, const struct plan *p, int from, int to, struct flexible *out)
{
	int64_t sum_ws = 0, least = INT64_MAX, seconds = 0;

	if (from < 0 || to > p->slots || from >= to)
		return -1;
	for (int t = from; t < to; t++) {
		int64_t w = drawn_w(p, t);

		sum_ws += w * slot_s(in, t);
		seconds += slot_s(in, t);
		least = w < least ? w : least;
	}
	*out = (struct flexible){.planned_w = sum_ws / seconds};
	if (find_less(in, p, from, to, least, out) != 0 || find_more(in, p, from, to, out) != 0)
		return -1;
	out->less_wh = out->less_w * seconds / 3600;
	out->more_wh = out->more_w * seconds / 3600;
	return 0;
}
