#include "scheduler/tariff_price.h"
#include <stddef.h>
#include <string.h>

/* -- time ------------------------------------------------------------------------------------- */

static bool in_season(const struct tariff_mask *m, const struct calendar_day *d)
{
	int md = d->month * 100 + d->day;

	if (m->from_md <= m->to_md)
		return md >= m->from_md && md <= m->to_md;
	return md >= m->from_md || md <= m->to_md;
}

static bool on_day(
	const struct tariff *t, const struct tariff_mask *m, const struct calendar_day *d)
{
	int kind =
		calendar_is_holiday(t->holiday, t->holidays, d) ? TARIFF_HOLIDAY_BIT : d->weekday;

	return (m->days >> kind & 1) && in_season(m, d);
}

static bool in_hours(const struct tariff_mask *m, int minute)
{
	for (int i = 0; i < m->hours; i++)
		if (minute >= m->hour[i].from && minute < m->hour[i].to)
			return true;
	return false;
}

bool tariff_holds(
	const struct tariff *t, const struct tariff_mask *m, const struct calendar_time *at)
{
	return in_hours(m, at->minute) && on_day(t, m, &at->day);
}

int64_t tariff_month(const struct tariff *t, const struct calendar_day *d)
{
	return (int64_t)d->year * 12 + d->month - 1 - (d->day < t->billing_day);
}

void tariff_month_begin(const struct tariff *t, int64_t month, struct calendar_day *out)
{
	calendar_of_number(
		calendar_number((int)(month / 12), (int)(month % 12) + 1, t->billing_day), out);
}

/* -- pieces ----------------------------------------------------------------------------------- */

/* The next time of day at which any period of the component begins or ends. */
static int next_edge(const struct tariff_component *c, int minute)
{
	int edge = 1440;

	for (int i = 0; i < c->periods; i++)
		for (int k = 0; k < c->period[i].mask.hours; k++) {
			int from = c->period[i].mask.hour[k].from,
			    to = c->period[i].mask.hour[k].to;

			if (from > minute && from < edge)
				edge = from;
			if (to > minute && to < edge)
				edge = to;
		}
	return edge;
}

static void find_period(const struct tariff *t, const struct tariff_component *c,
	const struct tariff_span *s, int64_t at_ms, struct tariff_piece *out)
{
	struct calendar_time at;
	int64_t end;

	calendar_local(s->zone, at_ms, &at);
	end = at_ms + next_edge(c, at.minute) * INT64_C(60000) - at.local_ms % CALENDAR_DAY_MS;
	if (end > at.until_ms)
		end = at.until_ms;
	if (end < out->end_ms)
		out->end_ms = end;
	for (int i = 0; i < c->periods; i++)
		if (tariff_holds(t, &c->period[i].mask, &at)) {
			out->period = i;
			out->price_micro = c->period[i].price_micro;
			return;
		}
}

static int64_t tier_price(const struct tariff_component *c, int64_t month_wh)
{
	int64_t price = 0;

	for (int i = 0; i < c->tiers && month_wh >= c->tier[i].above_wh; i++)
		price = c->tier[i].price_micro;
	return price;
}

static int64_t rounded(flow_value a, int64_t by)
{
	flow_value half = by / 2;

	return (int64_t)((a >= 0 ? a + half : a - half) / by);
}

bool tariff_piece(const struct tariff *t, int component, const struct tariff_span *s, int64_t at_ms,
	int64_t until_ms, int64_t month_wh, struct tariff_piece *out)
{
	const struct tariff_component *c = &t->component[component];
	int64_t value;

	*out = (struct tariff_piece){-1, 0, until_ms};
	switch (c->kind) {
	case TARIFF_FLAT:
		out->price_micro = c->price_micro;
		break;
	case TARIFF_BY_PERIOD:
		find_period(t, c, s, at_ms, out);
		break;
	case TARIFF_BY_TIER:
		out->price_micro = tier_price(c, month_wh);
		break;
	case TARIFF_BY_SERIES:
		if (!s->market || !s->market(s->arg, c->series, at_ms, until_ms, &value))
			return false;
		out->price_micro = c->price_micro + rounded((flow_value)value * c->times, c->by);
		break;
	}
	return true;
}

/* -- slots ------------------------------------------------------------------------------------ */

/* Mean of a component over a slot, in price * ms. */
static bool add_component(const struct tariff *t, int component, const struct tariff_span *s,
	int64_t from_ms, int64_t month_wh, flow_value *sum)
{
	int64_t to_ms = from_ms + s->slot_ms;
	bool is_known = true;

	for (int64_t at = from_ms; at < to_ms;) {
		struct tariff_piece p;

		is_known &= tariff_piece(t, component, s, at, to_ms, month_wh, &p);
		*sum += (flow_value)p.price_micro * (p.end_ms - at);
		at = p.end_ms;
	}
	return is_known;
}

static int32_t bounded(int64_t price)
{
	return price > FLOW_PRICE_MAX    ? FLOW_PRICE_MAX
	       : price < -FLOW_PRICE_MAX ? -FLOW_PRICE_MAX
					 : (int32_t)price;
}

static void put_parts(const struct tariff *t, int64_t price, struct flow_part *out)
{
	int32_t below = 0;

	for (int i = 0; i <= t->blocks; i++) {
		int32_t above = i < t->blocks ? t->block[i].above_w : FLOW_POWER_MAX;

		out[i] = (struct flow_part){bounded(price), above - below};
		below = above;
		if (i < t->blocks)
			price += t->block[i].add_micro;
	}
}

int tariff_slots(const struct tariff *t, const struct tariff_span *s, struct flow_part *import,
	int32_t *feed_in)
{
	struct calendar_time at;
	int64_t month;
	int unknown = 0;

	calendar_local(s->zone, s->start_ms, &at);
	month = tariff_month(t, &at.day);
	for (int i = 0; i < s->slots; i++) {
		int64_t from = s->start_ms + i * s->slot_ms, used;
		flow_value sum[2] = {0, 0};
		bool is_known = true;

		calendar_local(s->zone, from, &at);
		used = tariff_month(t, &at.day) == month ? s->month_wh : 0;
		for (int k = 0; k < t->components; k++)
			is_known &=
				add_component(t, k, s, from, used, &sum[t->component[k].is_export]);
		unknown += !is_known;
		put_parts(t, rounded(sum[0], s->slot_ms), &import[i * (t->blocks + 1)]);
		if (feed_in)
			feed_in[i] = bounded(rounded(sum[1], s->slot_ms));
	}
	return unknown;
}
