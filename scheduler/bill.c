#include "scheduler/bill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX  20000
#define MS_AN_HOUR INT64_C(3600000)

static int64_t rounded(flow_value a, flow_value by)
{
	return (int64_t)((a >= 0 ? a + by / 2 : a - by / 2) / by);
}

/* -- lines ------------------------------------------------------------------------------------ */

static struct bill_line *add_line(struct bill *b, enum bill_kind kind, int64_t month)
{
	struct bill_line *l;

	if (b->count == b->room) {
		int room = b->room ? b->room * 2 : 32;

		l = b->room < LINES_MAX ? realloc(b->lines, (size_t)room * sizeof *l) : NULL;
		if (!l)
			return NULL;
		b->lines = l;
		b->room = room;
	}
	l = &b->lines[b->count++];
	*l = (struct bill_line){.kind = kind, .month = month, .peak_ms = -1};
	return l;
}

/* Energy of a line on its way: Wh * ms and price * Wh * ms. */
struct sum {
	flow_value energy, cost;
};

/* All that one billing month adds up to. */
struct month {
	int64_t number;
	int64_t from_ms, to_ms; /* of the span, in this month */
	int64_t used_wh; /* taken in the month so far */
	struct sum component[TARIFF_COMPONENTS][TARIFF_PERIODS + 1]; /* last: without a period */
	struct sum block[TARIFF_BLOCKS];
};

static int put_sum(struct bill *b, const struct month *m, const struct sum *sum,
	const struct tariff_span *s, const struct bill_line *draft)
{
	struct bill_line *l;
	char name[BILL_NAME];

	if (!sum->energy && !sum->cost)
		return 0;
	memcpy(name, draft->name, sizeof name);
	l = add_line(b, draft->kind, m->number);
	if (!l)
		return -1;
	memcpy(l->name, name, sizeof name);
	l->is_internal = draft->is_internal;
	l->quantity = rounded(sum->energy, s->slot_ms);
	l->amount_micro = rounded(sum->cost, (flow_value)s->slot_ms * 1000);
	return 0;
}

static int put_component(struct bill *b, const struct tariff *t, int i, const struct month *m,
	const struct tariff_span *s)
{
	const struct tariff_component *c = &t->component[i];
	struct bill_line draft = {
		.kind = c->is_export ? BILL_FEED_IN : BILL_ENERGY, .is_internal = c->is_internal};

	for (int p = 0; p < c->periods; p++) {
		snprintf(draft.name, sizeof draft.name, "%s: %s", c->name, c->period[p].name);
		if (put_sum(b, m, &m->component[i][p], s, &draft) < 0)
			return -1;
	}
	snprintf(draft.name, sizeof draft.name, "%s", c->name);
	return put_sum(b, m, &m->component[i][TARIFF_PERIODS], s, &draft);
}

/* -- energy ----------------------------------------------------------------------------------- */

/* Energy of a piece of time by tiers: from what the month has used, each tier its own part. */
static flow_value tier_cost(
	const struct tariff_component *c, int64_t used_wh, flow_value wh_ms, int64_t slot_ms)
{
	flow_value cost = 0, at = (flow_value)used_wh * slot_ms, end = at + wh_ms;

	for (int i = 0; i < c->tiers && at < end; i++) {
		flow_value top =
			i + 1 < c->tiers ? (flow_value)c->tier[i + 1].above_wh * slot_ms : end;

		if (top > end)
			top = end;
		if (top <= at)
			continue;
		cost += c->tier[i].price_micro * (top - at);
		at = top;
	}
	return cost;
}

static int add_component(struct month *m, const struct tariff *t, int i,
	const struct tariff_span *s, int64_t from_ms, int64_t wh)
{
	const struct tariff_component *c = &t->component[i];
	int64_t to_ms = from_ms + s->slot_ms;
	int unknown = 0;

	if (c->kind == TARIFF_BY_TIER) {
		m->component[i][TARIFF_PERIODS].energy += (flow_value)wh * s->slot_ms;
		m->component[i][TARIFF_PERIODS].cost +=
			tier_cost(c, m->used_wh, (flow_value)wh * s->slot_ms, s->slot_ms);
		return 0;
	}
	for (int64_t at = from_ms; at < to_ms;) {
		struct tariff_piece p;
		struct sum *sum;

		unknown += !tariff_piece(t, i, s, at, to_ms, 0, &p);
		sum = &m->component[i][p.period < 0 ? TARIFF_PERIODS : p.period];
		sum->energy += (flow_value)wh * (p.end_ms - at);
		sum->cost += (flow_value)(c->is_export ? -p.price_micro : p.price_micro) * wh *
			     (p.end_ms - at);
		at = p.end_ms;
	}
	return unknown;
}

/* What was taken above each level of power, as the mean of the slot. */
static void add_blocks(
	struct month *m, const struct tariff *t, const struct tariff_span *s, int64_t wh)
{
	for (int i = 0; i < t->blocks; i++) {
		/* Wh * ms of a slot at the level: W * slot / hour * slot */
		flow_value level =
			(flow_value)t->block[i].above_w * s->slot_ms * s->slot_ms / MS_AN_HOUR;
		flow_value over = (flow_value)wh * s->slot_ms - level;

		if (over <= 0)
			continue;
		m->block[i].energy += over;
		m->block[i].cost += over * t->block[i].add_micro;
	}
}

static void add_slot(struct bill *b, struct month *m, const struct tariff *t,
	const struct tariff_span *s, int64_t from_ms, int64_t in_wh, int64_t out_wh)
{
	for (int i = 0; i < t->components; i++) {
		int64_t wh = t->component[i].is_export ? out_wh : in_wh;

		if (wh)
			b->unknown += add_component(m, t, i, s, from_ms, wh);
	}
	add_blocks(m, t, s, in_wh);
	m->used_wh += in_wh;
}

/* -- demand ----------------------------------------------------------------------------------- */

/* Energy (Wh * ms) of the slots in [from, to), each by the part of it that lies there. */
static flow_value energy_in(
	const struct tariff_span *s, const int64_t *wh, int64_t from_ms, int64_t to_ms)
{
	int64_t i = (from_ms - s->start_ms) / s->slot_ms;
	flow_value sum = 0;

	for (i = i < 0 ? 0 : i; i < s->slots && s->start_ms + i * s->slot_ms < to_ms; i++) {
		int64_t a = s->start_ms + i * s->slot_ms, e = a + s->slot_ms;

		a = a < from_ms ? from_ms : a;
		e = e > to_ms ? to_ms : e;
		if (e > a)
			sum += (flow_value)wh[i] * (e - a);
	}
	return sum;
}

int64_t bill_peak_w(const struct tariff *t, int demand, const struct tariff_span *s,
	const int64_t *import_wh, int64_t month, int64_t *at_ms)
{
	const struct tariff_demand *d = &t->demand[demand];
	int64_t step = d->interval_min * INT64_C(60000), end = s->start_ms + s->slots * s->slot_ms;
	int64_t best = -1;
	struct calendar_time at;

	calendar_local(s->zone, s->start_ms, &at);
	/* the interval that the span begins in, on the local clock */
	for (int64_t from = s->start_ms - at.local_ms % step; from < end; from += step) {
		int64_t w;

		calendar_local(s->zone, from, &at);
		if (tariff_month(t, &at.day) != month || !tariff_holds(t, &d->mask, &at))
			continue;
		w = rounded(energy_in(s, import_wh, from, from + step) * MS_AN_HOUR,
			(flow_value)s->slot_ms * step);
		if (w > best) {
			best = w;
			*at_ms = from;
		}
	}
	return best;
}

static int64_t known_peak(
	const struct bill_peaks *peaks, int demand, int64_t from_month, int64_t to_month)
{
	int64_t w = 0;

	for (int i = 0; i < peaks->count; i++)
		if (peaks->items[i].demand == demand && peaks->items[i].month >= from_month &&
			peaks->items[i].month <= to_month && peaks->items[i].w > w)
			w = peaks->items[i].w;
	return w;
}

int64_t bill_floor_w(
	const struct tariff *t, int demand, int64_t month, const struct bill_peaks *peaks)
{
	const struct tariff_demand *d = &t->demand[demand];
	int64_t w = known_peak(peaks, demand, month, month), ratchet;

	ratchet = known_peak(peaks, demand, month - d->ratchet_months, month - 1) * d->ratchet_pct /
		  100;
	if (ratchet > w)
		w = ratchet;
	return d->subscribed_w > w ? d->subscribed_w : w;
}

/* What a peak of `w` costs: blocks, and what of it exceeds them. */
struct charge {
	int64_t blocks, over_w, block_micro, over_micro;
};

static struct charge charge_of(const struct tariff_demand *d, int64_t w)
{
	int64_t sold = d->subscribed_w ? d->subscribed_w : w;
	struct charge c = {.over_w = w};

	if (d->block_w) {
		c.blocks = (sold + d->block_w - 1) / d->block_w;
		c.block_micro = c.blocks * d->block_micro;
		c.over_w = w > c.blocks * d->block_w ? w - c.blocks * d->block_w : 0;
	}
	c.over_micro = rounded((flow_value)c.over_w * d->price_micro, 1000);
	return c;
}

int64_t bill_demand_micro(
	const struct tariff *t, int demand, int64_t month, const struct bill_peaks *peaks)
{
	struct charge c = charge_of(&t->demand[demand], bill_floor_w(t, demand, month, peaks));

	return c.block_micro + c.over_micro;
}

/* The mask holds in some day of the month: a charge of summer has no line in winter. */
static bool is_in_season(
	const struct tariff *t, int demand, const struct tariff_span *s, const struct month *m)
{
	for (int64_t at_ms = m->from_ms; at_ms < m->to_ms;) {
		struct calendar_time at;
		const struct tariff_mask *k = &t->demand[demand].mask;

		calendar_local(s->zone, at_ms, &at);
		at.minute = k->hour[0].from;
		if (tariff_holds(t, k, &at))
			return true;
		at_ms = at.until_ms;
	}
	return false;
}

static int put_demand_line(struct bill *b, const struct tariff_demand *d, const struct month *m,
	enum bill_kind kind, int64_t quantity, int64_t amount, int64_t peak_ms)
{
	struct bill_line *l = add_line(b, kind, m->number);

	if (!l)
		return -1;
	snprintf(l->name, sizeof l->name, "%s%s", d->name,
		kind == BILL_DEMAND && d->block_w ? ": above the subscription" : "");
	l->quantity = quantity;
	l->amount_micro = amount;
	l->peak_ms = peak_ms;
	return 0;
}

static int put_demand(struct bill *b, const struct tariff *t, int i, const struct tariff_span *s,
	const int64_t *import_wh, const struct bill_peaks *peaks, const struct month *m)
{
	const struct tariff_demand *d = &t->demand[i];
	int64_t at_ms = -1, peak = bill_peak_w(t, i, s, import_wh, m->number, &at_ms);
	int64_t floor_w = bill_floor_w(t, i, m->number, peaks), w = peak > floor_w ? peak : floor_w;
	struct charge c = charge_of(d, w);

	if (!is_in_season(t, i, s, m))
		return 0;
	if (peak < floor_w)
		at_ms = -1;
	if (c.blocks && put_demand_line(b, d, m, BILL_BLOCKS, c.blocks, c.block_micro, at_ms) < 0)
		return -1;
	return c.over_w > 0 ? put_demand_line(b, d, m, BILL_DEMAND, c.over_w, c.over_micro, at_ms)
			    : 0;
}

/* -- fees ------------------------------------------------------------------------------------- */

/* How much of a day, month or year of the calendar the time of `m` is, as amount of the fee. */
static int64_t fee_amount(const struct tariff *t, const struct tariff_fee *f,
	const struct tariff_span *s, const struct month *m)
{
	struct calendar_day begin, end;
	int64_t whole, days;

	tariff_month_begin(t, m->number, &begin);
	tariff_month_begin(t, m->number + 1, &end);
	whole = calendar_begin_ms(s->zone, &end) - calendar_begin_ms(s->zone, &begin);
	days = calendar_number(end.year, end.month, end.day) -
	       calendar_number(begin.year, begin.month, begin.day);
	if (f->per == TARIFF_PER_DAY)
		return rounded((flow_value)f->price_micro * days * (m->to_ms - m->from_ms), whole);
	return rounded((flow_value)f->price_micro * (m->to_ms - m->from_ms),
		(flow_value)whole * (f->per == TARIFF_PER_YEAR ? 12 : 1));
}

static int put_fees(
	struct bill *b, const struct tariff *t, const struct tariff_span *s, const struct month *m)
{
	for (int i = 0; i < t->fees; i++) {
		struct bill_line *l = add_line(b, BILL_FEE, m->number);

		if (!l)
			return -1;
		snprintf(l->name, sizeof l->name, "%s", t->fee[i].name);
		l->quantity = m->to_ms - m->from_ms;
		l->amount_micro = fee_amount(t, &t->fee[i], s, m);
	}
	return 0;
}

/* -- the bill --------------------------------------------------------------------------------- */

static int put_blocks(
	struct bill *b, const struct tariff *t, const struct tariff_span *s, const struct month *m)
{
	for (int i = 0; i < t->blocks; i++) {
		struct bill_line draft = {.kind = BILL_POWER};

		snprintf(draft.name, sizeof draft.name, "above %lld kW",
			(long long)(t->block[i].above_w / 1000));
		if (put_sum(b, m, &m->block[i], s, &draft) < 0)
			return -1;
	}
	return 0;
}

static int close_month(struct bill *b, const struct tariff *t, const struct tariff_span *s,
	const int64_t *import_wh, const struct bill_peaks *peaks, const struct month *m)
{
	for (int i = 0; i < t->components; i++)
		if (put_component(b, t, i, m, s) < 0)
			return -1;
	if (put_blocks(b, t, s, m) < 0)
		return -1;
	for (int i = 0; i < t->demands; i++)
		if (put_demand(b, t, i, s, import_wh, peaks, m) < 0)
			return -1;
	return put_fees(b, t, s, m);
}

int bill_make(const struct tariff *t, const struct tariff_span *s, const int64_t *import_wh,
	const int64_t *feed_wh, const struct bill_peaks *peaks, struct bill *out)
{
	struct month *m = calloc(1, sizeof *m);
	struct bill b = {0};
	int rc = m ? 0 : -1;

	for (int i = 0; rc == 0 && i < s->slots; i++) {
		int64_t from = s->start_ms + i * s->slot_ms, number;
		struct calendar_time at;

		calendar_local(s->zone, from, &at);
		number = tariff_month(t, &at.day);
		if (i && number != m->number) {
			rc = close_month(&b, t, s, import_wh, peaks, m);
			memset(m, 0, sizeof *m);
		}
		if (!i || !m->to_ms)
			*m = (struct month){
				.number = number, .from_ms = from, .used_wh = i ? 0 : s->month_wh};
		m->to_ms = from + s->slot_ms;
		add_slot(&b, m, t, s, from, import_wh[i], feed_wh ? feed_wh[i] : 0);
	}
	if (rc == 0 && s->slots)
		rc = close_month(&b, t, s, import_wh, peaks, m);
	free(m);
	if (rc < 0) {
		bill_finish(&b);
		return -1;
	}
	for (int i = 0; i < b.count; i++)
		*(b.lines[i].is_internal ? &b.internal_micro : &b.total_micro) +=
			b.lines[i].amount_micro;
	*out = b;
	return 0;
}

void bill_finish(struct bill *b)
{
	free(b->lines);
	*b = (struct bill){0};
}
