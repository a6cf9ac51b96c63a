/*
 * A month of real sessions under real tariffs: what four ways of charging cost. The expectations are
 * those of docs/planning.md; whoever changes a plan changes them, and the table there.
 */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "csms/money/tariff_read.h"
#include "csms/zone.h"
#include "schemas/arena.h"
#include "schemas/yaml.h"
#include "tools/bench/month.h"

#define LIMIT_W 50000

static struct zone zone;
static struct month month;

static struct tariff read_tariff(const char *path)
{
	struct arena *a = arena_create(0);
	static const struct depot_price_series_list none;
	const struct depot_tariff *row;
	struct depot_fault fault;
	struct tariff t;
	char why[400];

	row = schema_yaml_load(&depot_tariff_type, path, 1 << 16, a, why);
	ck_assert_msg(row != NULL, "%s", why);
	ck_assert_int_eq(tariff_read(row, &none, &t, &fault), 0);
	arena_destroy(a);
	return t;
}

static void setup(void)
{
	struct calendar_day first = {2019, 3, 1, 0};
	struct calendar_day begin = {2019, 1, 1, 0}, end = {2020, 1, 1, 0};
	struct calendar_zone utc = {0};
	char why[200];

	setenv("TZ", "America/Los_Angeles", 1);
	tzset();
	zone_read(&zone, calendar_begin_ms(&utc, &begin), calendar_begin_ms(&utc, &end));
	ck_assert_msg(month_read("tests/unit/data/caltech_2019-03.csv", &zone.zone,
			      calendar_begin_ms(&zone.zone, &first), 31, &month, why) == 0,
		"%s", why);
	ck_assert_int_eq(month.slots, 31 * 96 - 4); /* one hour was left out on March 10 */
}

static void teardown(void)
{
	month_finish(&month);
}

/* In hundredths of the currency. */
struct expected {
	int64_t energy, demand, missing_wh;
};

static void check(const char *tariff, const struct expected want[MONTH_WAYS])
{
	struct tariff t = read_tariff(tariff);
	struct month_result got[MONTH_WAYS];

	for (int k = 0; k < MONTH_WAYS; k++) {
		ck_assert_int_eq(
			month_walk(&month, &t, &zone.zone, LIMIT_W, (enum month_way)k, &got[k]), 0);
		ck_assert_msg(got[k].energy_micro / 10000 == want[k].energy &&
				      got[k].demand_micro / 10000 == want[k].demand &&
				      got[k].missing_wh == want[k].missing_wh,
			"%s: {%lld, %lld, %lld}, peak %lld", month_way_names[k],
			(long long)(got[k].energy_micro / 10000),
			(long long)(got[k].demand_micro / 10000), (long long)got[k].missing_wh,
			(long long)got[k].peak_w);
		ck_assert_int_ge(got[k].missing_wh + (k == MONTH_UNMANAGED),
			got[MONTH_UNMANAGED].missing_wh);
		ck_assert(k == MONTH_UNMANAGED || got[k].peak_w <= LIMIT_W);
	}
	/* The bound is that of the plan itself, but for watt-hours that the bill rounds. */
	ck_assert_int_le(got[MONTH_BEST].bound_micro,
		got[MONTH_BEST].energy_micro + got[MONTH_BEST].demand_micro + 1000000);
	ck_assert_int_ge(got[MONTH_BEST].bound_micro,
		got[MONTH_BEST].energy_micro + got[MONTH_BEST].demand_micro - 1000000);
}

START_TEST(energy_by_the_hour)
{
	check("etc/tariffs/sce-tou-ev-8.yaml",
		(struct expected[MONTH_WAYS]){
			{103635, 0, 0}, {103786, 0, 0}, {93724, 0, 0}, {93715, 0, 0}});
}
END_TEST

START_TEST(a_charge_for_the_peak)
{
	check("etc/tariffs/sce-tou-ev-4.yaml",
		(struct expected[MONTH_WAYS]){{65488, 149299, 0}, {66088, 77550, 0},
			{64962, 67536, 0}, {65356, 52398, 0}});
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_month");
	TCase *c = tcase_create("month");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, energy_by_the_hour);
	tcase_add_test(c, a_charge_for_the_peak);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
