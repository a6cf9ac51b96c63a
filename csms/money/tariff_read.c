#include "csms/money/tariff_read.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MICRO    1e6
#define WEEKDAYS 0x1f
#define WEEKENDS (0x60 | 1 << TARIFF_HOLIDAY_BIT)

static int64_t micro_of(double price)
{
	return llround(price * MICRO);
}

__attribute__((format(printf, 3, 4))) static int fault_at(
	struct depot_fault *out, const char *path, const char *fmt, ...)
{
	va_list ap;

	snprintf(out->path, sizeof out->path, "%s", path);
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof out->text, fmt, ap);
	va_end(ap);
	return -1;
}

static void put_name(char out[TARIFF_NAME], const char *name)
{
	snprintf(out, TARIFF_NAME, "%s", name);
}

/* -- when ------------------------------------------------------------------------------------- */

int tariff_read_date(const char *text, int64_t *day)
{
	int y, m, d, n = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &n) != 3 || text[n] || y < 1970 || m < 1 ||
		m > 12 || d < 1 || d > calendar_month_days(y, m))
		return -1;
	*day = calendar_number(y, m, d);
	return 0;
}

static int read_days(const struct schema_strings *days, uint8_t *out)
{
	static const struct {
		const char *name;
		uint8_t bits;
	} groups[] = {
		{"all", TARIFF_ALL_DAYS},
		{"weekdays", WEEKDAYS},
		{"weekends", WEEKENDS},
		{"holidays", 1 << TARIFF_HOLIDAY_BIT},
	};

	*out = days->count ? 0 : TARIFF_ALL_DAYS;
	for (size_t i = 0; i < days->count; i++) {
		int one = calendar_read_weekday(days->items[i], (int)strlen(days->items[i]));
		uint8_t bits = one < 0 ? 0 : (uint8_t)(1 << one);

		for (size_t k = 0; k < sizeof groups / sizeof *groups; k++)
			if (strcasecmp(days->items[i], groups[k].name) == 0)
				bits = groups[k].bits;
		if (!bits)
			return -1;
		*out |= bits;
	}
	return 0;
}

/* "16:00-21:00"; one that passes midnight becomes two pieces of the same day. */
static int read_hours(const char *text, struct tariff_mask *m)
{
	int a, b, c, d, n = 0, from, to;

	if (sscanf(text, "%2d:%2d-%2d:%2d%n", &a, &b, &c, &d, &n) != 4 || text[n] || a < 0 ||
		a > 23 || b < 0 || b > 59 || c < 0 || c > 24 || d < 0 || d > 59 ||
		c * 60 + d > 1440)
		return -1;
	from = a * 60 + b;
	to = c * 60 + d;
	if (from == to || m->hours + 1 + (from > to && to > 0) > TARIFF_HOURS)
		return -1;
	m->hour[m->hours].from = from;
	m->hour[m->hours++].to = from < to ? to : 1440;
	if (from > to && to > 0) {
		m->hour[m->hours].from = 0;
		m->hour[m->hours++].to = to;
	}
	return 0;
}

/* The fields that periods and demand charges share. */
struct when {
	const char *from, *to;
	const struct schema_strings *days, *hours;
};

static int read_mask(
	const struct when *w, const char *path, struct tariff_mask *m, struct depot_fault *fault)
{
	int month, day;

	*m = (struct tariff_mask){0};
	if (calendar_read_month_day(w->from, &month, &day) < 0)
		return fault_at(fault, path, "from must be a day like 06-01, not \"%s\"", w->from);
	m->from_md = month * 100 + day;
	if (calendar_read_month_day(w->to, &month, &day) < 0)
		return fault_at(fault, path, "to must be a day like 09-30, not \"%s\"", w->to);
	m->to_md = month * 100 + day;
	/* the leap day belongs to February: who ends on its 28th means its end */
	if (m->to_md == 228)
		m->to_md = 229;
	if (read_days(w->days, &m->days) < 0)
		return fault_at(fault, path,
			"days must be of mon … sun, holidays, weekdays, weekends, all");
	for (size_t i = 0; i < w->hours->count; i++)
		if (read_hours(w->hours->items[i], m) < 0)
			return fault_at(fault, path,
				"hours must be pieces of the day like 16:00-21:00, at most %d (one that "
				"passes midnight is two)",
				TARIFF_HOURS);
	if (!m->hours) {
		m->hours = 1;
		m->hour[0].to = 1440;
	}
	return 0;
}

/* -- components ------------------------------------------------------------------------------- */

static int find_series(
	const struct depot_price_series_list *list, const char *id, enum depot_price_kind kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].id, id) == 0)
			return list->items[i].kind == kind ? (int)i : -1;
	return -1;
}

static int read_periods(const struct depot_tariff_component *row, const char *path,
	struct tariff_component *c, struct depot_fault *fault)
{
	c->kind = TARIFF_BY_PERIOD;
	for (size_t i = 0; i < row->periods.count && i < TARIFF_PERIODS; i++) {
		const struct depot_tariff_period *p = &row->periods.items[i];
		struct when w = {p->from, p->to, &p->days, &p->hours};
		char own[120];

		snprintf(own, sizeof own, "%.60s.periods[%zu]", path, i);
		if (read_mask(&w, own, &c->period[i].mask, fault) < 0)
			return -1;
		put_name(c->period[i].name, p->id);
		c->period[i].price_micro = micro_of(p->price);
		c->periods++;
	}
	return 0;
}

static int read_series(const struct depot_tariff_component *row, const char *path,
	const struct depot_price_series_list *series, struct tariff_component *c,
	struct depot_fault *fault)
{
	c->kind = TARIFF_BY_SERIES;
	c->series = find_series(series, row->series, DEPOT_PRICE_KIND_ENERGY);
	c->times = micro_of(row->factor);
	c->by = (int64_t)MICRO;
	c->price_micro = micro_of(row->add);
	if (c->series < 0)
		return fault_at(fault, path,
			"there is no series \"%s\" of prices of energy: name it under prices, in the "
			"depot's file",
			row->series);
	return 0;
}

static int read_component(const struct depot_tariff_component *row, const char *path,
	bool is_export, const struct depot_price_series_list *series, struct tariff *t,
	struct depot_fault *fault)
{
	struct tariff_component *c = &t->component[t->components++];
	int forms = row->has_price + (row->periods.count > 0) + (row->tiers.count > 0) +
		    (row->series != NULL);

	put_name(c->name, row->id);
	c->is_export = is_export;
	if (forms != 1)
		return fault_at(fault, path,
			"\"%s\" must have exactly one of price, periods, tiers, series", row->id);
	if (row->periods.count)
		return read_periods(row, path, c, fault);
	if (row->series)
		return read_series(row, path, series, c, fault);
	c->kind = row->has_price ? TARIFF_FLAT : TARIFF_BY_TIER;
	c->price_micro = micro_of(row->price);
	for (size_t i = 0; i < row->tiers.count && i < TARIFF_TIERS; i++) {
		c->tier[i].above_wh = llround(row->tiers.items[i].above_kwh * 1000);
		c->tier[i].price_micro = micro_of(row->tiers.items[i].price);
		c->tiers++;
	}
	return 0;
}

static int read_components(const struct depot_tariff_component_list *list, const char *field,
	bool is_export, const struct depot_price_series_list *series, struct tariff *t,
	struct depot_fault *fault)
{
	for (size_t i = 0; i < list->count; i++) {
		char path[60];

		snprintf(path, sizeof path, "%s[%zu]", field, i);
		if (t->components == TARIFF_COMPONENTS)
			return fault_at(fault, path,
				"a tariff has at most %d components, of import, export and carbon",
				TARIFF_COMPONENTS);
		if (read_component(&list->items[i], path, is_export, series, t, fault) < 0)
			return -1;
	}
	return 0;
}

/* The series is in mg/kWh: price of a tonne * mg / 10^9. */
static int read_carbon(const struct depot_tariff_carbon *row,
	const struct depot_price_series_list *series, struct tariff *t, struct depot_fault *fault)
{
	struct tariff_component *c;

	if (!row)
		return 0;
	if ((row->series != NULL) + row->has_g_kwh != 1)
		return fault_at(fault, "carbon", "must have exactly one of series and g_kwh");
	if (t->components == TARIFF_COMPONENTS)
		return fault_at(fault, "carbon",
			"a tariff has at most %d components, of import, export and carbon",
			TARIFF_COMPONENTS);
	c = &t->component[t->components++];
	put_name(c->name, "carbon");
	c->is_internal = true;
	c->kind = row->series ? TARIFF_BY_SERIES : TARIFF_FLAT;
	c->price_micro = row->series ? 0 : llround(row->g_kwh * row->price_t);
	c->times = micro_of(row->price_t);
	c->by = 1000000000;
	c->series = row->series ? find_series(series, row->series, DEPOT_PRICE_KIND_CARBON) : 0;
	if (c->series < 0)
		return fault_at(fault, "carbon.series",
			"there is no series \"%s\" of carbon: name it under prices, in the depot's "
			"file",
			row->series);
	return 0;
}

/* -- the rest --------------------------------------------------------------------------------- */

static int read_demand(const struct depot_tariff *row, struct tariff *t, struct depot_fault *fault)
{
	for (size_t i = 0; i < row->demand.count && i < TARIFF_DEMANDS; i++) {
		const struct depot_tariff_demand *d = &row->demand.items[i];
		struct when w = {d->from, d->to, &d->days, &d->hours};
		struct tariff_demand *out = &t->demand[t->demands++];
		char path[30];

		snprintf(path, sizeof path, "demand[%zu]", i);
		if (read_mask(&w, path, &out->mask, fault) < 0)
			return -1;
		put_name(out->name, d->id);
		out->interval_min = (int)d->interval_min;
		out->price_micro = micro_of(d->price);
		out->block_w = llround(d->block_kw * 1000);
		out->block_micro = micro_of(d->block_price);
		out->subscribed_w = d->has_subscribed_kw ? llround(d->subscribed_kw * 1000) : 0;
		out->ratchet_pct = (int)d->ratchet_pct;
		out->ratchet_months = d->ratchet_pct ? (int)d->ratchet_months : 0;
	}
	return 0;
}

static void read_fees(const struct depot_tariff *row, struct tariff *t)
{
	for (size_t i = 0; i < row->fees.count && i < TARIFF_FEES; i++) {
		put_name(t->fee[i].name, row->fees.items[i].id);
		t->fee[i].per = (enum tariff_per)row->fees.items[i].per;
		t->fee[i].price_micro = micro_of(row->fees.items[i].price);
		t->fees++;
	}
	for (size_t i = 0; i < row->blocks.count && i < TARIFF_BLOCKS; i++) {
		t->block[i].above_w = (int32_t)llround(row->blocks.items[i].above_kw * 1000);
		t->block[i].add_micro = micro_of(row->blocks.items[i].add);
		t->blocks++;
	}
	if (row->idle) {
		t->idle_micro_h = micro_of(row->idle->price_h);
		t->idle_grace_ms = row->idle->grace_min * 60000;
	}
}

static int read_holidays(
	const struct depot_tariff *row, struct tariff *t, struct depot_fault *fault)
{
	for (size_t i = 0; i < row->holidays.count && i < TARIFF_HOLIDAYS; i++) {
		char path[30];

		snprintf(path, sizeof path, "holidays[%zu]", i);
		if (calendar_read_holiday(row->holidays.items[i], &t->holiday[t->holidays++]) < 0)
			return fault_at(fault, path,
				"must be like 12-25, 2027-01-02, easter+1, 4th thu 11 or last mon 05");
	}
	return 0;
}

int tariff_read(const struct depot_tariff *row, const struct depot_price_series_list *series,
	struct tariff *out, struct depot_fault *fault)
{
	int64_t day;

	*out = (struct tariff){.billing_day = (int)row->billing_day};
	put_name(out->name, row->id);
	snprintf(out->currency, sizeof out->currency, "%.3s", row->currency);
	if (row->valid_from && tariff_read_date(row->valid_from, &day) < 0)
		return fault_at(fault, "valid_from", "must be a day like 2026-01-01");
	if (read_holidays(row, out, fault) < 0 ||
		read_components(&row->import, "import", false, series, out, fault) < 0 ||
		read_components(&row->export, "export", true, series, out, fault) < 0 ||
		read_carbon(row->carbon, series, out, fault) < 0 ||
		read_demand(row, out, fault) < 0)
		return -1;
	read_fees(row, out);
	fault->path[0] = '\0';
	return tariff_check(out, fault->text);
}
