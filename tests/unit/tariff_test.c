/* Tariffs: real ones as YAML, what is refused, and the price of an hour in every kind of day. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/money/tariff_read.h"
#include "csms/zone.h"
#include "schemas/arena.h"
#include "schemas/yaml.h"
#include "scheduler/bill.h"

#define HOUR INT64_C(3600000)

static struct arena *arena;
static struct tariff t;
static struct zone zone;
static struct depot_fault fault;

static const struct depot_price_series two_series[] = {
	{.id = "day-ahead", .kind = DEPOT_PRICE_KIND_ENERGY},
	{.id = "co2", .kind = DEPOT_PRICE_KIND_CARBON},
};
static const struct depot_price_series_list series = {
	2, (struct depot_price_series *)(uintptr_t)two_series};

static void setup(void)
{
	arena = arena_create(0);
}

static void teardown(void)
{
	arena_destroy(arena);
}

static int read_row(const struct depot_tariff *row)
{
	ck_assert_ptr_nonnull(row);
	return tariff_read(row, &series, &t, &fault);
}

static int load(const char *path)
{
	char why[400] = "";
	const struct depot_tariff *row =
		schema_yaml_load(&depot_tariff_type, path, 1 << 16, arena, why);

	ck_assert_msg(row != NULL, "%s", why);
	return read_row(row);
}

static int read_text(const char *text)
{
	char why[400] = "";
	const struct depot_tariff *row =
		schema_yaml_decode(&depot_tariff_type, "test", text, strlen(text), arena, why);

	ck_assert_msg(row != NULL, "%s", why);
	return read_row(row);
}

static void use_zone(const char *tz)
{
	struct calendar_day begin = {2018, 1, 1, 0}, end = {2028, 1, 1, 0};
	struct calendar_zone utc = {0};

	setenv("TZ", tz, 1);
	tzset();
	zone_read(&zone, calendar_begin_ms(&utc, &begin), calendar_begin_ms(&utc, &end));
}

static int64_t local_ms(int y, int m, int d, int h, int min)
{
	struct calendar_day day = {y, m, d, 0};

	return calendar_begin_ms(&zone.zone, &day) + h * HOUR + min * INT64_C(60000);
}

static bool fixed_market(void *arg, int i, int64_t from_ms, int64_t to_ms, int64_t *value)
{
	const int64_t *values = arg;

	(void)from_ms;
	(void)to_ms;
	*value = values[i];
	return values[i] >= 0;
}

static struct tariff_span span(int64_t start_ms, int64_t slot_ms, int slots)
{
	return (struct tariff_span){
		.zone = &zone.zone, .start_ms = start_ms, .slot_ms = slot_ms, .slots = slots};
}

static int32_t price_at(int64_t at_ms)
{
	struct tariff_span s = span(at_ms, 60000, 1);
	struct flow_part part[TARIFF_PARTS];

	tariff_slots(&t, &s, part, NULL);
	return part[0].price;
}

/* -- the four real tariffs ---------------------------------------------------------------------- */

START_TEST(real_tariffs)
{
	static const struct {
		const char *file;
		int y, m, d, h, min;
		int32_t micro;
	} rows[] = {
		{"sce-tou-ev-8", 2019, 7, 3, 15, 59, 125970}, /* Wednesday */
		{"sce-tou-ev-8", 2019, 7, 3, 16, 0, 496190},
		{"sce-tou-ev-8", 2019, 7, 3, 21, 0, 125970},
		{"sce-tou-ev-8", 2019, 7, 6, 16, 0, 255630}, /* Saturday */
		{"sce-tou-ev-8", 2019, 9, 30, 23, 59, 125970},
		{"sce-tou-ev-8", 2019, 10, 1, 0, 0, 135680},
		{"sce-tou-ev-8", 2019, 12, 31, 12, 0, 77240},
		{"sce-tou-ev-8", 2020, 2, 29, 18, 0, 297000},
		{"sce-tou-ev-8-2018", 2019, 7, 6, 16, 0, 176980},
		{"sce-tou-ev-8-2018", 2019, 1, 6, 10, 0, 39640},
		{"sce-tou-ev-4", 2019, 7, 3, 13, 0, 266680},
		{"sce-tou-ev-4", 2019, 3, 1, 8, 0, 74920},
		{"sce-tou-ev-4", 2019, 3, 2, 8, 0, 60870},
		{"pge-bev2-s", 2024, 7, 4, 9, 0, 178720},
		{"pge-bev2-s", 2024, 7, 4, 20, 59, 415220},
		{"pge-bev2-s", 2024, 7, 4, 3, 0, 201990},
	};
	char path[100];

	use_zone("America/Los_Angeles");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t at;

		snprintf(path, sizeof path, "etc/tariffs/%s.yaml", rows[i].file);
		ck_assert_msg(load(path) == 0, "%s: %s", path, fault.text);
		at = local_ms(rows[i].y, rows[i].m, rows[i].d, rows[i].h, rows[i].min);
		ck_assert_msg(price_at(at) == rows[i].micro, "row %zu: %d", i, (int)price_at(at));
	}
}
END_TEST

START_TEST(a_tariff_whose_masks_overlap_is_refused_with_both_names)
{
	ck_assert_int_eq(load("tests/unit/tariffs/pge-a10-tou.yaml"), -1);
	ck_assert_msg(strstr(fault.text, "\"Winter-Weekday off-peak\"") != NULL &&
			      strstr(fault.text, "\"Winter-Weekend\"") != NULL &&
			      strstr(fault.text, "11-01, Mon, at 21:30") != NULL,
		"%s", fault.text);
}
END_TEST

/* -- what is refused ----------------------------------------------------------------------------- */

#define HEAD "{id: x, currency: EUR, "

static const struct {
	const char *text, *says;
} refused[] = {
	{HEAD "import: [{id: a, periods: [{id: day, hours: ['07:00-22:59'], price: 1},"
	      " {id: night, hours: ['23:00-07:00'], price: 1}]}]}",
		"\"a\" leaves a gap: none of its periods holds on 01-01, Mon, at 22:59"},
	{HEAD "import: [{id: a, periods: [{id: week, days: [weekdays], price: 1},"
	      " {id: sat, days: [sat], price: 1}]}]}",
		"01-01, Sun, at 00:00"},
	{HEAD "holidays: [12-25], import: [{id: a, periods: [{id: week, days: [weekdays], price: "
	      "1}, {id: end, days: [sat, sun], price: 1}]}]}",
		"on holidays, at 00:00"},
	{HEAD "import: [{id: a, periods: [{id: s, from: 03-01, to: 11-30, price: 1}]}]}",
		"gap: none of its periods holds on 01-01"},
	{HEAD "import: [{id: a, periods: [{id: s, from: 03-01, to: 02-15, price: 1}]}]}",
		"gap: none of its periods holds on 02-16"},
	{HEAD "import: [{id: a, periods: [{id: s, from: 06-01, to: 09-30, price: 1},"
	      " {id: w, from: 09-30, to: 05-31, price: 1}]}]}",
		"\"s\" and \"w\" overlap: both hold on 09-30"},
	{HEAD "import: [{id: a, price: 1, series: day-ahead}]}", "exactly one of"},
	{HEAD "import: [{id: a}]}", "exactly one of"},
	{HEAD "import: [{id: a, series: nothing}]}", "there is no series \"nothing\""},
	{HEAD "import: [{id: a, series: co2}]}", "there is no series \"co2\""},
	{HEAD "import: [{id: a, periods: [{id: d, from: 02-30, price: 1}]}]}", "from must be"},
	{HEAD "import: [{id: a, periods: [{id: d, days: [moon], price: 1}]}]}", "days must be"},
	{HEAD "import: [{id: a, periods: [{id: d, hours: ['25:00-26:00'], price: 1}]}]}",
		"hours must be"},
	{HEAD "import: [{id: a, tiers: [{above_kwh: 5, price: 1}]}]}", "first one above 0"},
	{HEAD "import: [{id: a, price: 1}], demand: [{id: d, interval_min: 7, price: 1}]}",
		"divisor of 60"},
	{HEAD "import: [{id: a, price: 1}], demand: [{id: d}]}", "a price or blocks"},
	{HEAD "import: [{id: a, price: 1}], demand: [{id: d, block_kw: 50, block_price: 1,"
	      " subscribed_kw: 60}]}",
		"whole blocks"},
	{HEAD "import: [{id: a, price: 1}], blocks: [{above_kw: 5, add: 1}, {above_kw: 5, add: "
	      "1}]}",
		"must rise"},
	{HEAD "import: [{id: a, price: 1}], holidays: [13-01]}", "must be like 12-25"},
	{HEAD "import: [{id: a, price: 1}], valid_from: 2026-02-29}", "a day like"},
	{HEAD "import: [{id: a, price: 1}], carbon: {price_t: 5}}", "exactly one of"},
};

START_TEST(what_is_not_whole_is_refused)
{
	ck_assert_int_eq(read_text(refused[_i].text), -1);
	ck_assert_msg(strstr(fault.text, refused[_i].says) != NULL, "%s", fault.text);
}
END_TEST

/* -- days -------------------------------------------------------------------------------------- */

static const char two_periods[] =
	HEAD "import: [{id: e, periods: [{id: night, hours: ['00:00-04:00'], price: 0.1},"
	     " {id: day, hours: ['04:00-24:00'], price: 0.3}]}]}";

/* On the day that the clock goes forward the night has three hours, on the other one five. */
START_TEST(daylight_saving)
{
	static const struct {
		int m, d, hours;
		int64_t micro;
	} rows[] = {
		{3, 28, 24, 4 * 100000 + 20 * 300000},
		{3, 29, 23, 3 * 100000 + 20 * 300000},
		{10, 25, 25, 5 * 100000 + 20 * 300000},
	};

	use_zone("Europe/Amsterdam");
	ck_assert_int_eq(read_text(two_periods), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t from = local_ms(2026, rows[i].m, rows[i].d, 0, 0);
		int64_t to = local_ms(2026, rows[i].m, rows[i].d + 1, 0, 0), wh[25];
		struct tariff_span s = span(from, HOUR, rows[i].hours);
		struct bill_peaks none = {0};
		struct bill b;

		ck_assert_int_eq(to - from, rows[i].hours * HOUR);
		for (int k = 0; k < 25; k++)
			wh[k] = 1000;
		ck_assert_int_eq(bill_make(&t, &s, wh, NULL, &none, &b), 0);
		ck_assert_int_eq(b.total_micro, rows[i].micro);
		ck_assert_int_eq(b.count, 2);
		bill_finish(&b);
	}
}
END_TEST

START_TEST(holidays)
{
	static const struct {
		int y, m, d;
		bool is_one;
	} rows[] = {
		{2026, 12, 25, true},
		{2026, 4, 6, true},
		{2025, 4, 21, true},
		{2026, 5, 14, true}, /* Ascension Day */
		{2026, 11, 26, true},
		{2026, 11, 19, false},
		{2026, 5, 25, true},
		{2026, 5, 18, false},
		{2027, 1, 2, true},
		{2028, 1, 2, false},
		{2026, 11, 21, false},
	};

	use_zone("Europe/Amsterdam");
	ck_assert_msg(
		read_text(HEAD "holidays: ['12-25', easter+1, easter+39, 4th thu 11, last "
			       "mon 05, '2027-01-02'], import: [{id: e, periods: [{id: w, "
			       "days: [mon, tue, wed, thu, fri, sat, sun], price: 1}, {id: h, "
			       "days: [holidays], price: 2}]}]}") == 0,
		"%s", fault.text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg((price_at(local_ms(rows[i].y, rows[i].m, rows[i].d, 12, 0)) ==
				      2000000) == rows[i].is_one,
			"row %zu", i);
}
END_TEST

/* A slot over a change of price counts with its mean; a planner's slots begin at any second. */
START_TEST(slots_over_an_edge)
{
	struct tariff_span s;
	struct flow_part part[2];

	use_zone("Europe/Amsterdam");
	ck_assert_int_eq(read_text(two_periods), 0);
	s = span(local_ms(2026, 5, 4, 3, 45), HOUR, 2);
	tariff_slots(&t, &s, part, NULL);
	ck_assert_int_eq(part[0].price, 250000);
	ck_assert_int_eq(part[1].price, 300000);
}
END_TEST

/* -- sums, tiers, blocks, series ------------------------------------------------------------------ */

START_TEST(components_add_up)
{
	int64_t market[] = {80000, 300000}; /* 0.08 a kWh; 300 g/kWh in mg */
	struct tariff_span s;
	struct flow_part part[3];
	int32_t feed_in;

	use_zone("Europe/Amsterdam");
	ck_assert_msg(
		read_text(HEAD
			"import: [{id: market, series: day-ahead, factor: 1.21, add: 0.018},"
			" {id: tax, price: 0.1088}], export: [{id: market, series: "
			"day-ahead, add: -0.005}], carbon: {price_t: 100, series: co2},"
			" blocks: [{above_kw: 100, add: 0.02}, {above_kw: 150, add: 0.05}]}") == 0,
		"%s", fault.text);
	s = span(local_ms(2026, 5, 4, 3, 45), HOUR, 1);
	s.market = fixed_market;
	s.arg = market;
	ck_assert_int_eq(tariff_slots(&t, &s, part, &feed_in), 0);
	/* 0.08 * 1.21 + 0.018 + 0.1088 + 100 a tonne * 0.3 kg */
	ck_assert_int_eq(part[0].price, 96800 + 18000 + 108800 + 30000);
	ck_assert_int_eq(part[0].w, 100000);
	ck_assert_int_eq(part[1].price, part[0].price + 20000);
	ck_assert_int_eq(part[1].w, 50000);
	ck_assert_int_eq(part[2].price, part[0].price + 70000);
	ck_assert_int_eq(feed_in, 75000);
	market[0] = -1;
	ck_assert_int_eq(tariff_slots(&t, &s, part, &feed_in), 1);
}
END_TEST

START_TEST(a_bill_has_its_lines)
{
	int64_t market[] = {80000, 300000}, wh[] = {120000, 60000}, out_wh[] = {0, 2000};
	struct tariff_span s;
	struct bill_peaks none = {0};
	struct bill b;

	use_zone("Europe/Amsterdam");
	ck_assert_int_eq(
		read_text(HEAD "import: [{id: market, series: day-ahead}, {id: network, tiers: "
			       "[{above_kwh: 0, price: 0.1}, {above_kwh: 100, price: 0.05}]}],"
			       " export: [{id: feed-in, price: 0.04}], carbon: {price_t: 100, "
			       "series: co2}, blocks: [{above_kw: 100, add: 0.02}], fees: [{id: "
			       "meter, per: day, price: 2.4}]}"),
		0);
	s = span(local_ms(2026, 5, 4, 10, 0), HOUR, 2);
	s.market = fixed_market;
	s.arg = market;
	s.month_wh = 40000;
	ck_assert_int_eq(bill_make(&t, &s, wh, out_wh, &none, &b), 0);
	ck_assert_int_eq(b.count, 6);
	ck_assert_int_eq(b.lines[0].amount_micro, 180 * 80000);
	/* 60 kWh are left of the first tier */
	ck_assert_int_eq(b.lines[1].amount_micro, 60 * 100000 + 120 * 50000);
	ck_assert_int_eq(b.lines[2].amount_micro, -2 * 40000);
	ck_assert_int_eq(b.lines[3].amount_micro, 180 * 30000);
	ck_assert(b.lines[3].is_internal);
	ck_assert_int_eq(b.lines[4].amount_micro, 20 * 20000);
	ck_assert_int_eq(b.lines[4].quantity, 20000);
	ck_assert_int_eq(b.lines[5].amount_micro, 200000); /* two hours of a day */
	ck_assert_int_eq(b.internal_micro, 5400000);
	ck_assert_int_eq(b.total_micro, 14400000 + 12000000 - 80000 + 400000 + 200000);
	bill_finish(&b);
}
END_TEST

/* -- demand ------------------------------------------------------------------------------------- */

/* 5-minute slots of power; the second quarter has the peak. */
static void fill_power(int64_t wh[], int slots, const int64_t kw[], int n)
{
	for (int i = 0; i < slots; i++)
		wh[i] = kw[i % n] * 1000 / 12;
}

START_TEST(demand_charges)
{
	static const int64_t kw[] = {60, 60, 60, 240, 120, 120, 60, 60, 60, 60, 60, 60};
	struct bill_peak known[] = {{0, 0, 200000}, {0, 0, 0}};
	struct bill_peaks peaks = {1, known};
	struct tariff_span s;
	struct bill_demand_row *rows;
	struct bill b;
	int64_t wh[12], at_ms = 0, month = 2026 * 12 + 4;
	int n;

	use_zone("Europe/Amsterdam");
	ck_assert_int_eq(
		read_text(HEAD "import: [{id: e, price: 0}], demand: [{id: peak, price: 10, "
			       "ratchet_pct: 90, ratchet_months: 11}, {id: day, hours: "
			       "['10:15-24:00'], price: 1}]}"),
		0);
	fill_power(wh, 12, kw, 12);
	s = span(local_ms(2026, 5, 4, 10, 0), 300000, 12);
	ck_assert_int_eq(bill_peak_w(&t, 0, &s, wh, month, &at_ms), 160000);
	ck_assert_int_eq(at_ms, local_ms(2026, 5, 4, 10, 15));
	ck_assert_int_eq(bill_peak_w(&t, 0, &s, wh, month + 1, &at_ms), -1);

	/* the ratchet: 90 % of 200 kW of a month before */
	known[0].month = month - 11;
	ck_assert_int_eq(bill_make(&t, &s, wh, NULL, &peaks, &b), 0);
	ck_assert_int_eq(b.count, 3);
	ck_assert_int_eq(b.lines[1].quantity, 180000);
	ck_assert_int_eq(b.lines[1].amount_micro, INT64_C(1800000000));
	ck_assert_int_eq(b.lines[1].peak_ms, -1);
	ck_assert_int_eq(b.lines[2].amount_micro, 160000000);
	bill_finish(&b);
	known[0].month = month - 12; /* too long ago */
	ck_assert_int_eq(bill_floor_w(&t, 0, month, &peaks), 0);

	known[0].month = month;
	n = bill_demand_rows(&t, &s, &peaks, &rows);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(rows[0].incumbent_w, 200000);
	ck_assert_int_eq(rows[0].price_micro_kw, 10000000);
	ck_assert_int_eq(rows[1].incumbent_w, 0);
	ck_assert_int_eq(rows[1].from, 3);
	ck_assert_int_eq(rows[1].mask[2], 0);
	bill_demand_free(rows, n);
}
END_TEST

/* The horizon passes the month: the new one has paid for nothing yet. */
START_TEST(a_month_ends_in_the_horizon)
{
	struct bill_peak known[] = {{0, 2026 * 12 + 4, 90000}};
	struct bill_peaks peaks = {1, known};
	struct tariff_span s;
	struct bill_demand_row *rows;
	int n;

	use_zone("Europe/Amsterdam");
	ck_assert_int_eq(read_text(HEAD "import: [{id: e, price: 0}], demand: [{id: peak, price: "
					"10}]}"),
		0);
	s = span(local_ms(2026, 5, 31, 20, 0), HOUR, 12);
	n = bill_demand_rows(&t, &s, &peaks, &rows);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(rows[0].incumbent_w, 90000);
	ck_assert_int_eq(rows[0].to, 4);
	ck_assert_int_eq(rows[1].incumbent_w, 0);
	ck_assert_int_eq(rows[1].from, 4);
	bill_demand_free(rows, n);
}
END_TEST

START_TEST(subscription_blocks)
{
	struct bill_peaks none = {0};
	struct bill_demand_row *rows;
	struct tariff_span s;
	struct bill b;
	int64_t wh[4] = {55000, 56250, 50000, 0}; /* up to 225 kW */
	int n;

	use_zone("America/Los_Angeles");
	ck_assert_int_eq(load("etc/tariffs/pge-bev2-s.yaml"), 0);
	s = span(local_ms(2024, 7, 4, 0, 0), 900000, 4);
	ck_assert_int_eq(bill_make(&t, &s, wh, NULL, &none, &b), 0);
	ck_assert_int_eq(b.count, 3);
	ck_assert_int_eq(b.lines[1].kind, BILL_BLOCKS);
	ck_assert_int_eq(b.lines[1].quantity, 4);
	ck_assert_int_eq(b.lines[1].amount_micro, 4 * 95560000);
	ck_assert_int_eq(b.lines[2].quantity, 25000);
	ck_assert_int_eq(b.lines[2].amount_micro, 25 * 3820000);
	bill_finish(&b);
	n = bill_demand_rows(&t, &s, &none, &rows);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(rows[0].incumbent_w, 200000);
	ck_assert_int_eq(rows[0].price_micro_kw, 3820000);
	bill_demand_free(rows, n);

	/* without a subscription: as many blocks as the peak needs */
	t.demand[0].subscribed_w = 0;
	ck_assert_int_eq(bill_make(&t, &s, wh, NULL, &none, &b), 0);
	ck_assert_int_eq(b.lines[1].quantity, 5);
	ck_assert_int_eq(b.count, 2);
	bill_finish(&b);
}
END_TEST

/* -- exactness ------------------------------------------------------------------------------------ */

/* The planner's prices times energy are the bill's energy to the last millionth, slot by slot, when
 * no price changes in a slot; a bill of a stretch is the sum of its halves. */
START_TEST(plans_and_bills_agree)
{
	enum { SLOTS = 4 * 24 * 62 };
	static int64_t wh[SLOTS];
	static struct flow_part part[SLOTS];
	struct bill_peaks none = {0};
	struct tariff_span s, half;
	struct bill whole, first, second;
	__int128 sum = 0;
	uint32_t seed = 7;

	use_zone("America/Los_Angeles");
	ck_assert_int_eq(load("etc/tariffs/sce-tou-ev-8.yaml"), 0);
	s = span(local_ms(2019, 9, 1, 0, 0), 900000, SLOTS);
	tariff_slots(&t, &s, part, NULL);
	for (int i = 0; i < SLOTS; i++) {
		seed = seed * 1664525 + 1013904223;
		wh[i] = (seed >> 8) % 1000 * 1000;
		sum += (__int128)wh[i] * part[i].price;
	}
	ck_assert_int_eq(bill_make(&t, &s, wh, NULL, &none, &whole), 0);
	ck_assert_int_eq((int64_t)(sum / 1000), whole.total_micro);
	half = s;
	half.slots = SLOTS / 2;
	ck_assert_int_eq(bill_make(&t, &half, wh, NULL, &none, &first), 0);
	half.start_ms += SLOTS / 2 * half.slot_ms;
	ck_assert_int_eq(bill_make(&t, &half, wh + SLOTS / 2, NULL, &none, &second), 0);
	ck_assert_int_eq(first.total_micro + second.total_micro, whole.total_micro);
	bill_finish(&whole);
	bill_finish(&first);
	bill_finish(&second);
}
END_TEST

START_TEST(days_count_right)
{
	for (int64_t n = -200000; n < 200000; n += 37) {
		struct calendar_day d;

		calendar_of_number(n, &d);
		ck_assert_int_eq(calendar_number(d.year, d.month, d.day), n);
		ck_assert_int_eq(d.weekday, ((n + 3) % 7 + 7) % 7);
	}
	ck_assert_int_eq(calendar_month_days(2100, 2), 28);
	ck_assert_int_eq(calendar_month_days(2000, 2), 29);
	ck_assert_int_eq(calendar_month_days(2026, 12), 31);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tariff");
	TCase *c = tcase_create("tariff");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, real_tariffs);
	tcase_add_test(c, a_tariff_whose_masks_overlap_is_refused_with_both_names);
	tcase_add_loop_test(
		c, what_is_not_whole_is_refused, 0, (int)(sizeof refused / sizeof *refused));
	tcase_add_test(c, daylight_saving);
	tcase_add_test(c, holidays);
	tcase_add_test(c, slots_over_an_edge);
	tcase_add_test(c, components_add_up);
	tcase_add_test(c, a_bill_has_its_lines);
	tcase_add_test(c, demand_charges);
	tcase_add_test(c, a_month_ends_in_the_horizon);
	tcase_add_test(c, subscription_blocks);
	tcase_add_test(c, plans_and_bills_agree);
	tcase_add_test(c, days_count_right);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
