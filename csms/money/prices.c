#include "csms/money/prices.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/log.h"
#include "csms/money/prices_private.h"

#define MINUTE_MS  60000
#define ZONE_BACK  (800 * CALENDAR_DAY_MS)
#define ZONE_AHEAD (800 * CALENDAR_DAY_MS)

/* -- life ------------------------------------------------------------------------------------- */

static void read_zone(struct prices *p)
{
	int64_t now = clock_wall().ms;

	zone_read(&p->zone, now - ZONE_BACK, now + ZONE_AHEAD);
	p->zone_until_ms = now + ZONE_AHEAD / 2;
}

const struct calendar_zone *prices_zone(const struct prices *p)
{
	return &p->zone.zone;
}

static void on_minute(void *arg)
{
	struct prices *p = arg;

	if (clock_wall().ms > p->zone_until_ms)
		read_zone(p);
	prices_series_watch(p);
	if (p->minutes++ % 15 == 0)
		prices_months_refresh(p);
	prices_costs_work(p);
	timer_start(p->core->timers, &p->minute, MINUTE_MS, on_minute, p);
}

struct prices *prices_create(struct core *c, char why[400])
{
	struct prices *p = calloc(1, sizeof *p);

	snprintf(why, 400, "out of memory");
	if (!p)
		return NULL;
	p->core = c;
	read_zone(p);
	c->prices = p;
	if (prices_series_restore(p, why) < 0 || prices_tariffs_restore(p, why) < 0 ||
		prices_months_restore(p, why) < 0 || prices_costs_restore(p, why) < 0) {
		prices_destroy(p);
		c->prices = NULL;
		return NULL;
	}
	if (prices_fetch_start(p) < 0) {
		snprintf(why, 400, "the client for series of prices cannot be made");
		prices_destroy(p);
		c->prices = NULL;
		return NULL;
	}
	timer_start(c->timers, &p->minute, MINUTE_MS, on_minute, p);
	return p;
}

void prices_destroy(struct prices *p)
{
	if (!p)
		return;
	timer_stop(p->core->timers, &p->minute);
	prices_fetch_stop(p);
	prices_months_forget(p);
	prices_costs_forget(p);
	prices_tariffs_finish(p);
	for (int i = 0; i < p->feed_count; i++)
		free(p->feeds[i]);
	free(p);
}

/* -- for the planner -------------------------------------------------------------------------- */

void price_slots_finish(struct price_slots *s)
{
	free(s->import);
	free(s->carbon);
	free(s->feed_in);
	free(s->source);
	free(s->received_ms);
	bill_demand_free(s->demand, s->demands);
	*s = (struct price_slots){0};
}

static bool market(void *arg, int series, int64_t from_ms, int64_t to_ms, int64_t *value)
{
	struct price_value v = prices_series_mean(arg, series, from_ms, to_ms);

	*value = v.value;
	return v.source != PRICE_NONE;
}

/* The worst source that the price of each slot has, and the oldest. */
static void put_sources(
	const struct prices *p, const struct tariff *t, struct price_slots *out, int from, int to)
{
	for (int i = from; i < to; i++)
		for (int k = 0; k < t->components; k++) {
			int64_t at = out->start_ms + i * out->slot_ms;
			struct price_value v;

			if (t->component[k].kind != TARIFF_BY_SERIES)
				continue;
			v = prices_series_mean(p, t->component[k].series, at, at + out->slot_ms);
			if (v.source > out->source[i])
				out->source[i] = (uint8_t)v.source;
			if (!out->received_ms[i] || v.received_ms < out->received_ms[i])
				out->received_ms[i] = v.received_ms;
		}
}

static struct tariff_span span_of(struct prices *p, const struct price_slots *s, int from, int to)
{
	return (struct tariff_span){
		.zone = prices_zone(p),
		.start_ms = s->start_ms + from * s->slot_ms,
		.slot_ms = s->slot_ms,
		.slots = to - from,
		.month_wh = s->month_wh,
		.market = market,
		.arg = p,
	};
}

static int make_room(struct price_slots *out)
{
	size_t n = (size_t)out->slots + 1;

	out->import = calloc(n * (size_t)out->parts, sizeof *out->import);
	out->carbon = calloc(n, sizeof *out->carbon);
	out->feed_in = calloc(n, sizeof *out->feed_in);
	out->source = calloc(n, sizeof *out->source);
	out->received_ms = calloc(n, sizeof *out->received_ms);
	return out->import && out->carbon && out->feed_in && out->source && out->received_ms ? 0
											     : -1;
}

/* What of the price no bill has: by the same rules, with those components alone. */
static int fill_carbon(const struct tariff *t, const struct tariff_span *s, int32_t *carbon)
{
	struct flow_part *part = calloc((size_t)s->slots + 1, sizeof *part);
	struct tariff own = *t;

	own.components = own.blocks = own.demands = 0;
	for (int k = 0; k < t->components; k++)
		if (t->component[k].is_internal)
			own.component[own.components++] = t->component[k];
	if (part && own.components)
		tariff_slots(&own, s, part, NULL);
	for (int i = 0; part && i < s->slots; i++)
		carbon[i] = part[i].price;
	free(part);
	return part ? 0 : -1;
}

/* Slots [from, to) by that tariff; of one with other blocks than the first the base alone. */
static int fill(struct prices *p, const struct tariff *t, struct price_slots *out, int from, int to)
{
	struct tariff_span s = span_of(p, out, from, to);
	struct tariff same = *t;

	if (t->blocks + 1 != out->parts) {
		same.blocks = out->parts - 1;
		memcpy(same.block, out->tariff.block, sizeof same.block);
	}
	tariff_slots(&same, &s, &out->import[from * out->parts], &out->feed_in[from]);
	put_sources(p, t, out, from, to);
	return fill_carbon(t, &s, &out->carbon[from]);
}

static int fill_demand(struct prices *p, struct price_slots *out)
{
	struct bill_peaks peaks = {p->peak_count, p->peaks};
	struct tariff_span s = span_of(p, out, 0, out->slots);
	int n = bill_demand_rows(&out->tariff, &s, &peaks, &out->demand);

	out->demands = n < 0 ? 0 : n;
	return n < 0 ? -1 : 0;
}

static int begin(struct prices *p, const struct tariff *t, wall_t start, int64_t slot_ms, int slots,
	struct price_slots *out)
{
	*out = (struct price_slots){.start_ms = start.ms,
		.slot_ms = slot_ms,
		.slots = slots,
		.parts = 1 + (t ? t->blocks : 0),
		.month_wh = p->month_wh};
	if (t)
		out->tariff = *t;
	return make_room(out);
}

int prices_fill_by(struct prices *p, const struct tariff *t, wall_t start, int64_t slot_ms,
	int slots, struct price_slots *out)
{
	if (begin(p, t, start, slot_ms, slots, out) == 0 && fill(p, t, out, 0, slots) == 0 &&
		fill_demand(p, out) == 0)
		return 0;
	price_slots_finish(out);
	return -1;
}

int prices_fill(struct prices *p, wall_t start, int64_t slot_ms, int slots, struct price_slots *out)
{
	const struct price_tariff *now = prices_in_force(p, start.ms);
	int rc = 0;

	if (begin(p, now ? &now->tariff : NULL, start, slot_ms, slots, out) < 0) {
		price_slots_finish(out);
		return -1;
	}
	for (int from = 0, to; rc == 0 && from < slots; from = to) {
		const struct price_tariff *t = prices_in_force(p, start.ms + from * slot_ms);

		for (to = from + 1; to < slots; to++)
			if (prices_in_force(p, start.ms + to * slot_ms) != t)
				break;
		if (t)
			rc = fill(p, &t->tariff, out, from, to);
	}
	for (int i = 0; !now && i < slots; i++)
		if (!out->import[i].w)
			out->import[i].w = FLOW_POWER_MAX;
	if (rc || (now && fill_demand(p, out) < 0)) {
		price_slots_finish(out);
		return -1;
	}
	return 0;
}
