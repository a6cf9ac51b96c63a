/* Demand charges as a plan must see them: what one kW more of a month's peak costs, and where. */
#include <stdlib.h>
#include "scheduler/bill.h"

/* What the peak may still be without costing more, and what a kW above it costs. */
static void price_row(
	const struct tariff *t, const struct bill_peaks *peaks, struct bill_demand_row *r)
{
	const struct tariff_demand *d = &t->demand[r->demand];

	r->interval_min = d->interval_min;
	r->incumbent_w = bill_floor_w(t, r->demand, r->month, peaks);
	r->price_micro_kw = d->price_micro;
	if (!d->block_w || d->subscribed_w)
		return;
	/* a block that is begun is paid whole; one more costs its price at once, or on the mean */
	r->incumbent_w = (r->incumbent_w + d->block_w - 1) / d->block_w * d->block_w;
	r->price_micro_kw = d->block_micro * 1000 / d->block_w;
}

/* Marks the slots of the row's month that the charge looks at. Slots count by the interval that
 * their middle lies in. */
static int mark(const struct tariff *t, const struct tariff_span *s, struct bill_demand_row *r)
{
	int marked = 0;

	for (int i = 0; i < s->slots; i++) {
		struct calendar_time at;

		calendar_local(s->zone, s->start_ms + i * s->slot_ms + s->slot_ms / 2, &at);
		if (tariff_month(t, &at.day) != r->month ||
			!tariff_holds(t, &t->demand[r->demand].mask, &at))
			continue;
		r->mask[i] = 1;
		if (!marked++)
			r->from = i;
		r->to = i + 1;
	}
	return marked;
}

static int64_t month_of(const struct tariff *t, const struct tariff_span *s, int64_t at_ms)
{
	struct calendar_time at;

	calendar_local(s->zone, at_ms, &at);
	return tariff_month(t, &at.day);
}

int bill_demand_rows(const struct tariff *t, const struct tariff_span *s,
	const struct bill_peaks *peaks, struct bill_demand_row **out)
{
	int64_t first = month_of(t, s, s->start_ms);
	int64_t last = month_of(t, s, s->start_ms + s->slots * s->slot_ms - 1);
	size_t most = (size_t)(last - first + 1) * (size_t)t->demands;
	struct bill_demand_row *rows = calloc(most + 1, sizeof *rows);
	int n = 0;

	if (!rows)
		return -1;
	for (int64_t month = first; month <= last; month++)
		for (int i = 0; i < t->demands; i++) {
			struct bill_demand_row *r = &rows[n];

			*r = (struct bill_demand_row){.demand = i, .month = month};
			r->mask = calloc((size_t)s->slots + 1, 1);
			if (!r->mask) {
				bill_demand_free(rows, n);
				return -1;
			}
			price_row(t, peaks, r);
			if (r->price_micro_kw > 0 && mark(t, s, r))
				n++;
			else
				free(r->mask);
		}
	*out = rows;
	return n;
}

void bill_demand_free(struct bill_demand_row *rows, int count)
{
	for (int i = 0; i < count; i++)
		free(rows[i].mask);
	free(rows);
}
