#include "csms/metering/wiring_doubt.h"

#define FEEDS_IN_W (-100) /* a meter below this sees a feed-in … */
#define SLACK_W    1000 /* … and so much more than the one above, and a share, is no rounding */
#define SLACK      1.15

bool wiring_of_meter(const struct meter *m, struct wiring_self *out)
{
	double volts[3], amperes[3], watts[3];
	const enum meter_quantity firsts[] = {METER_QUANTITY_VOLTAGE_L1_V,
		METER_QUANTITY_CURRENT_L1_A, METER_QUANTITY_POWER_L1_W};
	double *const to[] = {volts, amperes, watts};

	for (int q = 0; q < 3; q++)
		for (int i = 0; i < 3; i++)
			if (!meter_reading_get(
				    &m->last, (enum meter_quantity)(firsts[q] + i), &to[q][i]))
				return false;
	*out = wiring_look(volts, amperes, watts);
	return meter_is_fresh(m);
}

bool wiring_is_wrong(const struct wiring_verdict *v)
{
	return v->is_swapped || v->has_ratio || v->is_reversed[0] || v->is_reversed[1] ||
	       v->is_reversed[2];
}

static bool power_of(const struct meter *m, double *w)
{
	return meter_is_fresh(m) && meter_reading_get(&m->last, METER_QUANTITY_POWER_W, w);
}

/* It shows more than the one above it, and nothing feeds in: one of the two is wrong. */
static bool shows_more(const struct core *c, const struct wiring_link *l)
{
	double lower, upper, w;

	if (!power_of(meters_at(c->meters, l->lower), &lower) ||
		!power_of(meters_at(c->meters, l->upper), &upper) ||
		lower <= SLACK * upper + SLACK_W)
		return false;
	for (int i = 0; i < meters_count(c->meters); i++)
		if (power_of(meters_at(c->meters, i), &w) && w < FEEDS_IN_W)
			return false;
	return true;
}

bool wiring_is_doubted(const struct core *c, int meter)
{
	char words[300];
	struct wiring_self self;
	struct wiring_verdict v;
	struct wiring_found found;

	if (wiring_of_meter(meters_at(c->meters, meter), &self) &&
		wiring_self_words(&self, words)[0])
		return true;
	for (int i = 0; c->wirings && i < wirings_count(c->wirings); i++) {
		const struct wiring_link *l = wirings_at(c->wirings, i);

		if (l->lower != meter)
			continue;
		wirings_judge(c->wirings, i, &found);
		if (wiring_is_wrong(&found.verdict) || shows_more(c, l))
			return true;
	}
	for (int i = 0; c->wirings && i < wirings_below_count(c->wirings); i++) {
		const struct wiring_below *b = wirings_below(c->wirings, i);

		if (b->meter != meter)
			continue;
		wiring_judge(&b->pair, &v);
		if (wiring_is_wrong(&v))
			return true;
	}
	return false;
}
