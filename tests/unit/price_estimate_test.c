#include <check.h>
#include <stdlib.h>

#include "csms/money/price_estimate.h"

#define SLOTS 4

/* Cheap, dear, cheap, cheap: of each 0.02 is the depot's own price of carbon. */
static struct flow_part import[SLOTS] = {
	{.price = 120000}, {.price = 320000}, {.price = 120000}, {.price = 120000}};
static int32_t carbon[SLOTS] = {20000, 20000, 20000, 20000};
static uint8_t source[SLOTS] = {PRICE_FIXED, PRICE_SERIES, PRICE_YESTERDAY, PRICE_NONE};
static const struct price_slots prices = {
	.slots = SLOTS, .parts = 1, .import = import, .carbon = carbon, .source = source};

static struct price_estimate of(const struct battery *b, int64_t stored_wh, const int64_t *w,
	int64_t first_s, int64_t taken_wh)
{
	struct price_estimate e;

	price_estimate(&(struct price_estimate_ask){.prices = &prices,
			       .battery = b,
			       .stored_wh = stored_wh,
			       .w = w,
			       .slots = SLOTS,
			       .slot_s = 900,
			       .first_s = first_s,
			       .taken_wh = taken_wh},
		&e);
	return e;
}

START_TEST(energy_alone_counts_as_the_actual_cost_has_it)
{
	struct battery b = battery_default(0, 20000);
	const int64_t w[SLOTS] = {20000, 20000, 0, 0};
	struct price_estimate e = of(&b, 0, w, 0, 0);

	ck_assert_int_eq(e.energy_wh, 10000);
	ck_assert_int_eq(e.cost_micro, 5 * 100000 + 5 * 300000);
	ck_assert_int_eq(e.source, PRICE_SERIES);
}
END_TEST

START_TEST(of_a_slot_that_has_begun_what_is_left_counts)
{
	struct battery b = battery_default(0, 20000);
	const int64_t w[SLOTS] = {20000, 0, 0, 0};
	struct price_estimate e = of(&b, 0, w, 180, 0);

	ck_assert_int_eq(e.energy_wh, 1000);
	ck_assert_int_eq(e.cost_micro, 100000);
}
END_TEST

/* 9 kWh are missing in it; it is offered 20 kWh, and takes ten, ever more slowly. */
START_TEST(a_battery_draws_what_it_has_room_for)
{
	struct battery b = battery_default(90000, 20000);
	const int64_t w[SLOTS] = {20000, 20000, 20000, 20000};
	struct price_estimate e = of(&b, 81000, w, 0, 0);

	ck_assert_int_le(e.energy_wh, 10000);
	ck_assert_int_gt(e.energy_wh, 5000);
	ck_assert_int_eq(e.source, PRICE_NONE);
}
END_TEST

START_TEST(what_it_took_before_counts_too)
{
	struct battery b = battery_default(0, 20000);
	const int64_t w[SLOTS] = {0, 20000, 0, 0};
	struct price_estimate e = of(&b, 0, w, 0, 2000);

	ck_assert_int_eq(e.energy_wh, 7000);
	ck_assert_int_eq(e.cost_micro, 2 * 100000 + 5 * 300000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("price_estimate");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, energy_alone_counts_as_the_actual_cost_has_it);
	tcase_add_test(t, of_a_slot_that_has_begun_what_is_left_counts);
	tcase_add_test(t, a_battery_draws_what_it_has_room_for);
	tcase_add_test(t, what_it_took_before_counts_too);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
