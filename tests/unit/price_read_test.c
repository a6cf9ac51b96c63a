/* Documents of prices, true ones and others, and what a series is reckoned with where it has holes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/money/price_plausible.h"
#include "csms/money/price_read.h"
#include "csms/money/price_series.h"
#include "csms/zone.h"

#define HOUR    INT64_C(3600000)
#define QUARTER (HOUR / 4)
#define T0      INT64_C(1769986800000) /* 2026-02-01T23:00Z: midnight in Amsterdam */

static struct depot_price_fetch fetch;
static struct depot_price_series row;
static struct price_points points;
static char why[300];

static void setup(void)
{
	fetch = (struct depot_price_fetch){.time_column = 1,
		.value_column = 2,
		.separator = ",",
		.times = "/t",
		.values = "/v"};
	row = (struct depot_price_series){.id = "day-ahead",
		.currency = "EUR",
		.unit = DEPOT_PRICE_UNIT_M_WH,
		.fetch = &fetch};
	why[0] = '\0';
	setenv("TZ", "Europe/Amsterdam", 1);
	tzset();
}

static int read_as(enum depot_price_format format, const char *text)
{
	fetch.format = format;
	return price_read(&row, text, strlen(text), &points, why);
}

/* -- ENTSO-E -------------------------------------------------------------------------------------- */

#define DOCUMENT(inside)                                                                           \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?><Publication_MarketDocument "                   \
	"xmlns=\"urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3\">"                       \
	"<period.timeInterval><start>1999-02-01T23:00Z</start></period.timeInterval>" inside       \
	"</Publication_MarketDocument>"
#define SERIES(sequence, curve, inside)                                                            \
	"<TimeSeries><currency_Unit.name>EUR</currency_Unit.name>"                                 \
	"<price_Measure_Unit.name>MWH</price_Measure_Unit.name>"                                   \
	"<classificationSequence_AttributeInstanceComponent.position>" sequence                    \
	"</classificationSequence_AttributeInstanceComponent.position><curveType>" curve           \
	"</curveType>" inside "</TimeSeries>"
#define PERIOD(resolution, inside)                                                                 \
	"<Period><timeInterval><start>2026-02-01T23:00Z</start><end>2026-02-02T01:00Z</end>"       \
	"</timeInterval><resolution>" resolution "</resolution>" inside "</Period>"
#define POINT(position, amount)                                                                    \
	"<Point>\n\t<position>" position "</position> <price.amount> " amount                      \
	"\n</price.amount></Point>"

/* Steps that are left out have the price of the last one that was named, up to the period's end. */
START_TEST(omitted_points_repeat)
{
	static const int32_t wanted[] = {
		102100, 102100, 93500, -12500, -12500, -12500, -12500, -12500};

	ck_assert_msg(read_as(DEPOT_PRICE_FORMAT_ENTSOE,
			      DOCUMENT(SERIES("1", "A03",
				      PERIOD("PT15M", POINT("1", "102.1") POINT("3", "93.5")
							      POINT("4", "-12.5"))))) == 0,
		"%s", why);
	ck_assert_int_eq(points.count, 8);
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(points.items[i].start_ms, T0 + i * QUARTER);
		ck_assert_int_eq(points.items[i].end_ms, T0 + (i + 1) * QUARTER);
		ck_assert_int_eq(points.items[i].value, wanted[i]);
	}
}
END_TEST

START_TEST(a_curve_that_names_all_has_holes)
{
	ck_assert_int_eq(read_as(DEPOT_PRICE_FORMAT_ENTSOE,
				 DOCUMENT(SERIES("1", "A01", PERIOD("PT60M", POINT("2", "5"))))),
		0);
	ck_assert_int_eq(points.count, 1);
	ck_assert_int_eq(points.items[0].start_ms, T0 + HOUR);
}
END_TEST

START_TEST(the_lowest_sequence_counts)
{
	ck_assert_int_eq(
		read_as(DEPOT_PRICE_FORMAT_ENTSOE,
			DOCUMENT(SERIES("2", "A03", PERIOD("PT15M", POINT("1", "7")))
					SERIES("1", "A03", PERIOD("PT60M", POINT("1", "5"))))),
		0);
	ck_assert_int_eq(points.count, 2);
	ck_assert_int_eq(points.items[0].value, 5000);
	ck_assert_int_eq(points.items[1].end_ms, T0 + 2 * HOUR);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_xml[] = {
	{"", "no element found"},
	{"<a>", "no element found"},
	{"<a></b>", "mismatched tag"},
	{DOCUMENT(""), "it has no prices"},
	{DOCUMENT("<Reason><text>No matching data found</text></Reason>"),
		"it has no prices: No matching data found"},
	{"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><x>&a;</x>",
		"document type declaration"},
	{"<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\"><x/>", "document type declaration"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT15M", POINT("9", "1")))), "positions"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT15M", POINT("0", "1")))), "positions"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT15M", POINT("2", "1") POINT("2", "1")))),
		"positions"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT15M", POINT("1", "x")))), "price"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT15M", POINT("1", "1e300")))), "no price"},
	{DOCUMENT(SERIES("1", "A03", PERIOD("PT7M", POINT("1", "1")))), "resolution"},
	{DOCUMENT(SERIES("1", "A05", PERIOD("PT15M", POINT("1", "1")))), "curve type is A05"},
	{DOCUMENT("<TimeSeries><currency_Unit.name>PLN</currency_Unit.name></TimeSeries>"),
		"the currency is PLN, not EUR"},
	{DOCUMENT("<TimeSeries><price_Measure_Unit.name>KWH</price_Measure_Unit.name>"
		  "</TimeSeries>"),
		"the unit is KWH"},
	{DOCUMENT("<TimeSeries><Period><timeInterval><start>1990-01-01T00:00Z</start>"
		  "<end>2026-01-01T00:00Z</end></timeInterval><resolution>PT15M</resolution>"
		  "<Point><position>1</position><price.amount>1</price.amount></Point></Period>"
		  "</TimeSeries>"),
		"a period needs"},
};

START_TEST(other_documents_are_refused)
{
	ck_assert_int_eq(read_as(DEPOT_PRICE_FORMAT_ENTSOE, bad_xml[_i].text), -1);
	ck_assert_msg(strstr(why, bad_xml[_i].says) != NULL, "%s", why);
}
END_TEST

/* Entities that double each other, and elements without end: both end at once. */
START_TEST(bombs_are_refused)
{
	char deep[4000] = "";

	for (int i = 0; i < 1000; i++)
		strcat(deep, "<a>");
	ck_assert_int_eq(read_as(DEPOT_PRICE_FORMAT_ENTSOE, deep), -1);
	ck_assert_msg(strstr(why, "too deep") != NULL, "%s", why);
}
END_TEST

/* -- CSV and JSON --------------------------------------------------------------------------------- */

START_TEST(csv)
{
	ck_assert_msg(read_as(DEPOT_PRICE_FORMAT_CSV,
			      "# of the exchange\nTime,Price\n2026-02-02 00:00,102.1\r\n"
			      "2026-02-02T01:00:00+01:00,\"98.7\"\n1769994000,-3\n\n") == 0,
		"%s", why);
	ck_assert_int_eq(points.count, 3);
	ck_assert_int_eq(points.items[0].start_ms, T0);
	ck_assert_int_eq(points.items[1].value, 98700);
	ck_assert_int_eq(points.items[2].end_ms, T0 + 3 * HOUR);

	/* decimals of the continent, columns that others chose */
	fetch.separator = ";";
	fetch.time_column = 2;
	fetch.value_column = 4;
	row.unit = DEPOT_PRICE_UNIT_K_WH;
	ck_assert_msg(
		read_as(DEPOT_PRICE_FORMAT_CSV, "x;2026-02-02 00:00;y;0,1021\n") == 0, "%s", why);
	ck_assert_int_eq(points.items[0].value, 102100);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_csv[] = {
	{"", "it has no values"},
	{"2026-02-02 00:00,5\n2026-02-02 01:00,\n", "line 2: columns 1 and 2"},
	{"2026-02-02 00:00,5\nnever,5\n", "line 2"},
	{"2026-02-02 00:03,5\n", "five minutes"},
	{"2026-02-02 00:00,5\n2026-02-02 00:00,6\n", "two values for the same time"},
	{"2026-02-02 00:00,9e99\n", "no price"},
	{"2026-02-02 00:00,nan\n", "no price"},
};

START_TEST(bad_csv_is_refused)
{
	ck_assert_int_eq(read_as(DEPOT_PRICE_FORMAT_CSV, bad_csv[_i].text), -1);
	ck_assert_msg(strstr(why, bad_csv[_i].says) != NULL, "%s", why);
}
END_TEST

START_TEST(json)
{
	ck_assert_msg(read_as(DEPOT_PRICE_FORMAT_JSON,
			      "{\"t\": [1769986800, 1769990400, 1769994000], \"v\": [102.1, null, "
			      "-5]}") == 0,
		"%s", why);
	ck_assert_int_eq(points.count, 2);
	ck_assert_int_eq(points.items[1].value, -5000);

	/* a list of items; carbon in g/kWh */
	fetch.items = "/data/list";
	fetch.times = "/from";
	fetch.values = "/intensity/forecast";
	row.kind = DEPOT_PRICE_KIND_CARBON;
	row.unit = DEPOT_PRICE_UNIT_G_K_WH;
	fetch.has_step_min = true;
	fetch.step_min = 30;
	ck_assert_msg(read_as(DEPOT_PRICE_FORMAT_JSON,
			      "{\"data\": {\"list\": [{\"from\": \"2026-02-01T23:00:00Z\", "
			      "\"intensity\": {\"forecast\": 212.5}}]}}") == 0,
		"%s", why);
	ck_assert_int_eq(points.items[0].value, 212500);
	ck_assert_int_eq(points.items[0].end_ms, T0 + HOUR / 2);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_json[] = {
	{"{", "byte"},
	{"[]", "there is no list at /t"},
	{"{\"t\": [1769986800], \"v\": []}", "not as many times"},
	{"{\"t\": [true], \"v\": [1]}", "value 1"},
	{"{\"t\": [1769986800], \"v\": [\"x\"]}", "value 1"},
	{"{\"t\": [-5], \"v\": [1]}", "value 1"},
};

START_TEST(bad_json_is_refused)
{
	ck_assert_int_eq(read_as(DEPOT_PRICE_FORMAT_JSON, bad_json[_i].text), -1);
	ck_assert_msg(strstr(why, bad_json[_i].says) != NULL, "%s", why);
}
END_TEST

/* -- holes ----------------------------------------------------------------------------------------- */

static struct price_series series;
static struct zone zone;

static void put_day(int64_t midnight_ms, int32_t base)
{
	for (int h = 0; h < 24; h++)
		price_series_put(&series, midnight_ms + h * HOUR, midnight_ms + (h + 1) * HOUR,
			base + h, midnight_ms - HOUR);
}

static struct price_value at(int64_t from_ms)
{
	return price_series_mean(&series, &zone.zone, from_ms, from_ms + QUARTER);
}

START_TEST(holes_are_visible)
{
	int64_t now = T0 + 30 * HOUR * 24, today = T0 + 30 * HOUR * 24; /* Tuesday, 3 March */
	struct price_value v;

	zone_read(&zone, T0 - 100 * CALENDAR_DAY_MS, T0 + 100 * CALENDAR_DAY_MS);
	price_series_init(&series, now);
	v = at(now);
	ck_assert_int_eq(v.source, PRICE_NONE);

	put_day(today - 7 * CALENDAR_DAY_MS, 1000);
	put_day(today - 14 * CALENDAR_DAY_MS, 2000);
	v = at(today + 5 * HOUR);
	ck_assert_int_eq(v.source, PRICE_WEEKDAY);
	ck_assert_int_eq(v.value, 1505);
	ck_assert_int_eq(v.received_ms, today - 14 * CALENDAR_DAY_MS - HOUR);
	v = at(today + CALENDAR_DAY_MS + 5 * HOUR); /* Wednesday: nobody knows one */
	ck_assert_int_eq(v.source, PRICE_LAST);
	ck_assert_int_eq(v.value, 1005);

	put_day(today - CALENDAR_DAY_MS, 5000);
	v = at(today + 5 * HOUR);
	ck_assert_int_eq(v.source, PRICE_YESTERDAY);
	ck_assert_int_eq(v.value, 5005);

	put_day(today, 7000);
	v = at(today + 5 * HOUR);
	ck_assert_int_eq(v.source, PRICE_SERIES);
	ck_assert_int_eq(v.value, 7005);
	ck_assert_int_eq(v.received_ms, today - HOUR);
	ck_assert_int_eq(price_series_known_until(&series, now), today + CALENDAR_DAY_MS);

	/* half of a stretch is known: its source is the worse one */
	v = price_series_mean(&series, &zone.zone, today + 23 * HOUR, today + 25 * HOUR);
	ck_assert_int_eq(v.source, PRICE_YESTERDAY);
	ck_assert_int_eq(v.value, (7023 + 7000 + 1) / 2);

	/* days later the day is yesterday's no more, and in the end it is forgotten */
	price_series_move(&series, now + 5 * CALENDAR_DAY_MS);
	ck_assert_int_eq(at(today + 5 * HOUR).value, 7005);
	price_series_move(&series, now + 50 * CALENDAR_DAY_MS);
	ck_assert_int_eq(at(today + 50 * CALENDAR_DAY_MS).source, PRICE_NONE);
}
END_TEST

/* Yesterday's price of an hour is that of the same hour of the clock, also when it was changed. */
START_TEST(yesterday_by_the_clock)
{
	int64_t sunday = INT64_C(1774738800000); /* 2026-03-29 00:00 in Amsterdam */

	zone_read(&zone, sunday - 100 * CALENDAR_DAY_MS, sunday + 100 * CALENDAR_DAY_MS);
	price_series_init(&series, sunday);
	put_day(sunday - CALENDAR_DAY_MS, 1000);
	/* 10:00 of the day that lacks an hour is nine hours after midnight */
	ck_assert_int_eq(at(sunday + 9 * HOUR).value, 1010);
	ck_assert_int_eq(at(sunday + HOUR).value, 1001);
}
END_TEST

/* What is the same is no news; what is out of the window does not count. */
START_TEST(news)
{
	price_series_init(&series, T0);
	ck_assert(price_series_put(&series, T0, T0 + HOUR, 5, 1));
	ck_assert(!price_series_put(&series, T0, T0 + HOUR, 5, 2));
	ck_assert(price_series_put(&series, T0, T0 + QUARTER, 6, 3));
	ck_assert(!price_series_put(
		&series, T0 + 60 * CALENDAR_DAY_MS, T0 + 60 * CALENDAR_DAY_MS + HOUR, 5, 2));
	ck_assert(!price_series_put(&series, 0, HOUR, 5, 2));
	ck_assert_int_eq(at(T0).value, 6);
}
END_TEST

static void use_day(int32_t micro_kwh, int hours)
{
	points.count = hours;
	for (int h = 0; h < hours; h++)
		points.items[h] = (struct price_point){
			T0 + h * HOUR, T0 + (h + 1) * HOUR, h % 3 ? micro_kwh : 100000};
}

/* 0.21 a kWh, read as 0.21 a MWh; and 80 a MWh, read as 80 a kWh. */
START_TEST(another_unit_is_noticed)
{
	fetch.format = DEPOT_PRICE_FORMAT_CSV;
	use_day(210, 24);
	ck_assert(price_series_is_odd(&row, &points, why));
	ck_assert_str_eq(why,
		"half of its 24 values are below 1 a MWh, which prices seldom are: if they are told "
		"a kWh, write `unit: kWh` in this series of the depot's file");
	use_day(-80000000, 24);
	row.unit = DEPOT_PRICE_UNIT_K_WH;
	ck_assert(price_series_is_odd(&row, &points, why));
	ck_assert_ptr_nonnull(strstr(why, "above 5000 a MWh"));
	ck_assert_ptr_nonnull(strstr(why, "write `unit: MWh`"));
	use_day(-80000, 24);
	ck_assert(!price_series_is_odd(&row, &points, why));
	use_day(0, 6); /* a sunny noon, no day */
	ck_assert(!price_series_is_odd(&row, &points, why));
	use_day(210, 24);
	row.kind = DEPOT_PRICE_KIND_CARBON;
	ck_assert(!price_series_is_odd(&row, &points, why));
}
END_TEST

static void keep(void *arg, const struct depot_fault *odd)
{
	*(struct depot_fault *)arg = *odd;
}

START_TEST(tariffs_of_another_unit_are_noticed)
{
	struct depot_tariff_component part[2] = {
		{.id = "levy", .has_price = true, .price = 0.0005},
		{.id = "energy", .has_price = true, .price = 0.2},
	};
	struct depot_tariff t = {.id = "T", .import = {2, part}};
	struct depot_file d = {.tariffs = {1, &t}};
	struct depot_fault odd;

	ck_assert_uint_eq(price_depot_odd(&d, keep, &odd), 0);
	part[1].price = 210;
	ck_assert_uint_eq(price_depot_odd(&d, keep, &odd), 1);
	ck_assert_str_eq(odd.path, "tariffs[0].import[1]");
	ck_assert_str_eq(odd.text,
		"prices here are a kWh, and 210 is seldom one: if it is meant a MWh, write 0.21");
	part[1].price = 0.0002;
	ck_assert_uint_eq(price_depot_odd(&d, keep, &odd), 1);
	part[1] = (struct depot_tariff_component){.id = "market", .series = "S"};
	ck_assert_uint_eq(price_depot_odd(&d, keep, &odd), 0);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
	Suite *s = suite_create("price_read");
	TCase *c = tcase_create("price_read");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, omitted_points_repeat);
	tcase_add_test(c, a_curve_that_names_all_has_holes);
	tcase_add_test(c, the_lowest_sequence_counts);
	tcase_add_loop_test(c, other_documents_are_refused, 0, COUNT(bad_xml));
	tcase_add_test(c, bombs_are_refused);
	tcase_add_test(c, csv);
	tcase_add_loop_test(c, bad_csv_is_refused, 0, COUNT(bad_csv));
	tcase_add_test(c, json);
	tcase_add_loop_test(c, bad_json_is_refused, 0, COUNT(bad_json));
	tcase_add_test(c, holes_are_visible);
	tcase_add_test(c, yesterday_by_the_clock);
	tcase_add_test(c, news);
	tcase_add_test(c, another_unit_is_noticed);
	tcase_add_test(c, tariffs_of_another_unit_are_noticed);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
