#include "csms/api/whatif_tariff.h"

#include <stdlib.h>
#include <string.h>

#include "csms/money/prices_cost.h"
#include "scheduler/bill.h"

bool whatif_tariff_take(struct ask *k, const char *id, struct whatif_tariff *out)
{
	const struct core *c = k->api->core;
	const struct price_tariff *t = c->prices ? prices_find(c->prices, id) : NULL;
	const struct calendar_zone *zone = c->prices ? prices_zone(c->prices) : NULL;
	struct calendar_shift *shifts;

	if (t == NULL) {
		ask_problem(k, 404, "tariff",
			"there is no tariff \"%.60s\"; depotctl tariff lists them", id);
		return false;
	}
	shifts = arena_alloc(k->arena, sizeof *shifts * (size_t)zone->count + 1);
	if (shifts == NULL) {
		ask_problem(k, 503, NULL, "no memory for the plans");
		return false;
	}
	memcpy(shifts, zone->shifts, sizeof *shifts * (size_t)zone->count);
	out->tariff = t->tariff;
	out->zone = (struct calendar_zone){zone->count, shifts};
	out->series = &c->depot->prices;
	return true;
}

struct market {
	const struct calendar_zone *zone;
	struct price_past past;
};

static bool market(void *arg, int series, int64_t from_ms, int64_t to_ms, int64_t *value)
{
	const struct market *m = arg;
	struct price_value v;

	if (series >= m->past.count)
		return false;
	v = price_series_mean(m->past.series[series], m->zone, from_ms, to_ms);
	*value = v.value;
	return v.source != PRICE_NONE;
}

/* What the site fed in then goes first, at what that would earn now. */
static int fill_parts(const struct whatif_tariff *t, const struct tariff_span *s,
	const struct plan_prices *was, struct whatif_prices *out)
{
	size_t parts = (size_t)t->tariff.blocks + 1, slots = (size_t)s->slots;
	struct flow_part *import = calloc(slots * parts, sizeof *import);
	int32_t *feed_in = calloc(slots, sizeof *feed_in);

	out->part = calloc(slots * (parts + 1), sizeof *out->part);
	if (import && feed_in && out->part)
		tariff_slots(&t->tariff, s, import, feed_in);
	for (size_t i = 0; import && feed_in && out->part && i < slots; i++) {
		struct flow_part *p = &out->part[i * (parts + 1)];
		const struct flow_part *first = &import[i * parts];

		if (was && was->parts > 1)
			p->w = was->part[i * (size_t)was->parts].w;
		p->price = feed_in[i] < first->price ? feed_in[i] : first->price;
		memcpy(p + 1, first, parts * sizeof *p);
	}
	out->prices = (struct plan_prices){.parts = (int)parts + 1, .part = out->part};
	free(import);
	free(feed_in);
	return import && feed_in && out->part ? 0 : -1;
}

static int64_t paid_w(const struct plan_prices *was)
{
	int64_t most = 0;

	for (int k = 0; was && k < was->demands; k++)
		most = was->demand[k].paid_w > most ? was->demand[k].paid_w : most;
	return most;
}

static int fill_demands(const struct whatif_tariff *t, const struct tariff_span *s,
	const struct plan_prices *was, struct whatif_prices *out)
{
	struct bill_peaks none = {0};
	int n = bill_demand_rows(&t->tariff, s, &none, &out->demand);
	int64_t paid = paid_w(was);

	if (n < 0)
		return -1;
	out->demands = n;
	out->prices.load_w = was ? was->load_w : NULL;
	for (int i = 0; i < n && out->prices.demands < PLAN_DEMANDS; i++) {
		const struct bill_demand_row *r = &out->demand[i];
		int64_t floor_w = r->incumbent_w > paid ? r->incumbent_w : paid;

		if (r->price_micro_kw <= 0)
			continue;
		out->prices.demand[out->prices.demands++] = (struct plan_demand){.counts = r->mask,
			.price = r->price_micro_kw < PLAN_DEMAND_PRICE_MAX ? r->price_micro_kw
									   : PLAN_DEMAND_PRICE_MAX,
			.paid_w = floor_w < FLOW_POWER_MAX ? (int32_t)floor_w : FLOW_POWER_MAX};
	}
	return 0;
}

static bool has_series(const struct tariff *t)
{
	for (int k = 0; k < t->components; k++)
		if (t->component[k].kind == TARIFF_BY_SERIES)
			return true;
	return false;
}

int whatif_tariff_apply(const struct whatif_tariff *t, struct db_reader *r, struct plan_input *in,
	struct whatif_prices *out)
{
	struct market m = {.zone = &t->zone};
	struct tariff_span s = {.zone = &t->zone,
		.start_ms = in->start_ms,
		.slot_ms = in->slot_s * INT64_C(1000),
		.slots = in->caps->slots,
		.market = market,
		.arg = &m};
	int rc = 0;

	*out = (struct whatif_prices){0};
	if (has_series(&t->tariff))
		rc = price_past_read(r, t->series, (wall_t){s.start_ms},
			(wall_t){s.start_ms + s.slots * s.slot_ms}, &m.past);
	if (rc == 0)
		rc = fill_parts(t, &s, in->prices, out) || fill_demands(t, &s, in->prices, out) ? -1
												: 0;
	price_past_finish(&m.past);
	if (rc == 0)
		in->prices = &out->prices;
	return rc;
}

void whatif_prices_finish(struct whatif_prices *p)
{
	free(p->part);
	bill_demand_free(p->demand, p->demands);
	*p = (struct whatif_prices){0};
}
