/* A plan as it was, for what tries to make it a little better: is it still as good, and if not, back. */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

int plan_before_init(struct plan_before *b, const struct plan_work *s)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots;
	int64_t demand;

	*b = (struct plan_before){.rows = malloc((cells + 1) * sizeof *b->rows),
		.got = malloc((n + 1) * sizeof *b->got)};
	if (!b->rows || !b->got)
		return -1;
	memcpy(b->rows, s->w, cells * sizeof *b->rows);
	memcpy(b->got, s->got_mj, n * sizeof *b->got);
	return plan_value(s, &b->value) || plan_money(s, &b->energy, &demand) ? -1 : 0;
}

int plan_is_as_cheap(
	const struct plan_before *b, const struct plan_work *s, int64_t missing_wh, bool *is)
{
	int64_t cost = b->energy < 0 ? -b->energy : b->energy;
	flow_value scaled = (flow_value)cost * PLAN_PRICE_SCALE * 3600000, after;

	if (plan_value(s, &after))
		return -1;
	*is = after <= b->value + scaled * s->in->calm_pm / 1000 +
			       (flow_value)missing_wh * 3600 * PLAN_MISS_PRICE;
	return 0;
}

void plan_before_restore(const struct plan_before *b, struct plan_work *s)
{
	plan_restore(s, b->rows);
	memcpy(s->got_mj, b->got, (size_t)s->in->n * sizeof *b->got);
}

void plan_before_finish(struct plan_before *b)
{
	free(b->rows);
	free(b->got);
}
