#include "scheduler/tariff.h"
#include <stdarg.h>
#include <stdio.h>

#define PRICE_MAX INT64_C(1000000000) /* a kWh: 1,000 of any currency */
#define DAY_KINDS 8

__attribute__((format(printf, 2, 3))) static int fault(char why[300], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, 300, fmt, ap);
	va_end(ap);
	return -1;
}

static const char *kind_name(int kind)
{
	return kind == TARIFF_HOLIDAY_BIT ? "on holidays" : calendar_weekday_name(kind);
}

static bool in_season(const struct tariff_mask *m, int md)
{
	return m->from_md <= m->to_md ? md >= m->from_md && md <= m->to_md
				      : md >= m->from_md || md <= m->to_md;
}

/* -- one mask --------------------------------------------------------------------------------- */

static int check_mask(const struct tariff_mask *m, const char *name, char why[300])
{
	if (!m->days)
		return fault(why, "\"%s\" holds on no day: name its days", name);
	if (m->hours < 1 || m->hours > TARIFF_HOURS)
		return fault(why, "\"%s\" must have 1 to %d pieces of the day", name, TARIFF_HOURS);
	for (int i = 0; i < m->hours; i++) {
		if (m->hour[i].from < 0 || m->hour[i].to > 1440 || m->hour[i].from >= m->hour[i].to)
			return fault(
				why, "the hours of \"%s\" must lie between 00:00 and 24:00", name);
		for (int k = 0; k < i; k++)
			if (m->hour[i].from < m->hour[k].to && m->hour[k].from < m->hour[i].to)
				return fault(why, "the hours of \"%s\" overlap", name);
	}
	return 0;
}

/* -- two masks -------------------------------------------------------------------------------- */

/* The first minute of the day in both, or -1. */
static int shared_minute(const struct tariff_mask *a, const struct tariff_mask *b)
{
	for (int i = 0; i < a->hours; i++)
		for (int k = 0; k < b->hours; k++)
			if (a->hour[i].from < b->hour[k].to && b->hour[k].from < a->hour[i].to)
				return a->hour[i].from > b->hour[k].from ? a->hour[i].from
									 : b->hour[k].from;
	return -1;
}

/* The first day of the year in both, as month * 100 + day, or 0. */
static int shared_day(const struct tariff_mask *a, const struct tariff_mask *b)
{
	return in_season(b, a->from_md) ? a->from_md : in_season(a, b->from_md) ? b->from_md : 0;
}

static int check_pair(const struct tariff_period *a, const struct tariff_period *b, char why[300])
{
	int md = shared_day(&a->mask, &b->mask), minute = shared_minute(&a->mask, &b->mask);
	int both = a->mask.days & b->mask.days, kind = 0;

	if (!md || minute < 0 || !both)
		return 0;
	while (!(both >> kind & 1))
		kind++;
	return fault(why,
		"periods \"%s\" and \"%s\" overlap: both hold on %02d-%02d, %s, at %02d:%02d; give "
		"one of them other days, hours or another season",
		a->name, b->name, md / 100, md % 100, kind_name(kind), minute / 60, minute % 60);
}

/* -- all of them ------------------------------------------------------------------------------ */

/* The first minute that no period has on such a day, or -1. None overlap. */
static int gap_minute(const struct tariff_component *c, int md, int kind)
{
	int minute = 0, last = -1;

	while (minute < 1440 && minute != last) {
		last = minute;
		for (int i = 0; i < c->periods; i++) {
			const struct tariff_mask *m = &c->period[i].mask;

			if (!(m->days >> kind & 1) || !in_season(m, md))
				continue;
			for (int k = 0; k < m->hours; k++)
				if (minute >= m->hour[k].from && minute < m->hour[k].to)
					minute = m->hour[k].to;
		}
	}
	return minute < 1440 ? minute : -1;
}

static int check_gaps(const struct tariff *t, const struct tariff_component *c, char why[300])
{
	int kinds = t->holidays ? DAY_KINDS : DAY_KINDS - 1;

	for (int month = 1; month <= 12; month++)
		for (int day = 1; day <= calendar_month_days(2000, month); day++)
			for (int kind = 0; kind < kinds; kind++) {
				int minute = gap_minute(c, month * 100 + day, kind);

				if (minute >= 0)
					return fault(why,
						"\"%s\" leaves a gap: none of its periods holds on "
						"%02d-%02d, %s, at %02d:%02d",
						c->name, month, day, kind_name(kind), minute / 60,
						minute % 60);
			}
	return 0;
}

static int check_price(int64_t price, const char *name, char why[300])
{
	if (price < -PRICE_MAX || price > PRICE_MAX)
		return fault(why, "the price of \"%s\" must be between -1000 and 1000 a kWh", name);
	return 0;
}

static int check_periods(const struct tariff *t, const struct tariff_component *c, char why[300])
{
	if (c->periods < 1 || c->periods > TARIFF_PERIODS)
		return fault(why, "\"%s\" must have 1 to %d periods", c->name, TARIFF_PERIODS);
	for (int i = 0; i < c->periods; i++)
		if (check_mask(&c->period[i].mask, c->period[i].name, why) < 0 ||
			check_price(c->period[i].price_micro, c->period[i].name, why) < 0)
			return -1;
	for (int i = 0; i < c->periods; i++)
		for (int k = 0; k < i; k++)
			if (check_pair(&c->period[k], &c->period[i], why) < 0)
				return -1;
	return check_gaps(t, c, why);
}

static int check_tiers(const struct tariff_component *c, char why[300])
{
	if (c->tiers < 1 || c->tiers > TARIFF_TIERS || c->tier[0].above_wh != 0)
		return fault(why, "\"%s\" must have 1 to %d tiers, the first one above 0 kWh",
			c->name, TARIFF_TIERS);
	for (int i = 0; i < c->tiers; i++) {
		if (i && c->tier[i].above_wh <= c->tier[i - 1].above_wh)
			return fault(why, "the tiers of \"%s\" must rise", c->name);
		if (check_price(c->tier[i].price_micro, c->name, why) < 0)
			return -1;
	}
	return 0;
}

static int check_component(const struct tariff *t, const struct tariff_component *c, char why[300])
{
	switch (c->kind) {
	case TARIFF_FLAT:
		return check_price(c->price_micro, c->name, why);
	case TARIFF_BY_PERIOD:
		return check_periods(t, c, why);
	case TARIFF_BY_TIER:
		if (c->is_export)
			return fault(why, "\"%s\": what is fed in has no tiers", c->name);
		return check_tiers(c, why);
	case TARIFF_BY_SERIES:
		if (c->by <= 0)
			return fault(why, "\"%s\" must divide its series by more than 0", c->name);
		return check_price(c->price_micro, c->name, why);
	}
	return 0;
}

static int check_demand(const struct tariff_demand *d, char why[300])
{
	if (check_mask(&d->mask, d->name, why) < 0)
		return -1;
	if (d->interval_min < 1 || 60 % d->interval_min != 0)
		return fault(
			why, "the interval of \"%s\" must be a divisor of 60 minutes", d->name);
	if (d->price_micro < 0 || d->block_micro < 0 || d->block_w < 0)
		return fault(why, "\"%s\" must not cost less than 0", d->name);
	if (d->subscribed_w && !d->block_w)
		return fault(why, "\"%s\" has a subscription, but no blocks", d->name);
	if (d->block_w && d->subscribed_w % d->block_w != 0)
		return fault(why, "the subscription of \"%s\" must be whole blocks", d->name);
	if (!d->block_w && !d->price_micro)
		return fault(why, "\"%s\" must have a price or blocks", d->name);
	if (d->ratchet_pct < 0 || d->ratchet_pct > 100 || d->ratchet_months < 0 ||
		d->ratchet_months > 24)
		return fault(why,
			"the ratchet of \"%s\" must be 0 to 100 per cent of 0 to 24 months",
			d->name);
	return 0;
}

int tariff_check(const struct tariff *t, char why[300])
{
	bool has_import = false;

	if (t->billing_day < 1 || t->billing_day > 28)
		return fault(why, "the billing month must begin on a day from 1 to 28");
	for (int i = 0; i < t->components; i++) {
		has_import |= !t->component[i].is_export && !t->component[i].is_internal;
		if (check_component(t, &t->component[i], why) < 0)
			return -1;
	}
	if (!has_import)
		return fault(why, "the tariff must say what energy costs: give it an import price");
	for (int i = 0; i < t->blocks; i++) {
		if (t->block[i].add_micro < 0)
			return fault(why, "power above a level must not cost less than below it");
		if (t->block[i].above_w <= (i ? t->block[i - 1].above_w : 0))
			return fault(why, "levels of power must rise, from above 0");
	}
	for (int i = 0; i < t->demands; i++)
		if (check_demand(&t->demand[i], why) < 0)
			return -1;
	return 0;
}
