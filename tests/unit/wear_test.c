#include <check.h>
#include <stdlib.h>
#include "scheduler/wear.h"

/* Gasper et al.: 3,000 cycles of 80 % at C/4 and 25 °C take 11.5 % of an LFP cell, at C/2 16.4 %. */
START_TEST(lfp_as_published)
{
	struct wear_use u = {WEAR_LFP, 0.8, 0.25, 25, 3000};

	ck_assert_double_eq_tol(wear_lost(&u), 0.115, 0.002);
	u.rate = 0.5;
	ck_assert_double_eq_tol(wear_lost(&u), 0.164, 0.005);
	u.rate = 0.25;
	u.cycles = 1000;
	ck_assert_double_eq_tol(wear_price(&u, 120, 0.2), 0.023, 0.001);
}
END_TEST

/* Schmalstieg et al.: half cycles cost an NMC pack of 120 €/kWh 9 to 20 ct/kWh. */
START_TEST(nmc_as_published)
{
	struct wear_use u = {WEAR_NMC, 0.1, 0.1, 25, 400};

	ck_assert_double_ge(wear_price(&u, 120, 0.2), 0.03);
	u.depth = 0.5;
	ck_assert_double_le(wear_price(&u, 120, 0.2), 0.204);
	ck_assert_double_ge(wear_price(&u, 120, 0.2), 0.08);
}
END_TEST

START_TEST(the_next_cycle_is_what_cycles_add)
{
	for (int c = 0; c < WEAR_CHEMISTRIES; c++)
		for (double n = 200; n < 5000; n *= 2) {
			struct wear_use a = {(enum wear_chemistry)c, 0.5, 0.3, 30, n - 0.5}, b = a;

			b.cycles = n + 0.5;
			a.cycles = n;
			ck_assert_double_eq_tol(wear_next(&a),
				wear_lost(&b) - (a.cycles = n - 0.5, wear_lost(&a)), 1e-9);
		}
}
END_TEST

START_TEST(lto_wears_least_and_the_unknown_most)
{
	struct wear_use u = {WEAR_LTO, 0.5, 0.25, 25, 1000};
	double lto = wear_next(&u), lfp, nmc;

	u.chemistry = WEAR_LFP;
	lfp = wear_next(&u);
	u.chemistry = WEAR_NMC;
	nmc = wear_next(&u);
	u.chemistry = WEAR_OTHER;
	ck_assert_double_lt(lto, lfp);
	ck_assert_double_lt(lfp, nmc);
	ck_assert_double_ge(wear_next(&u), nmc);
}
END_TEST

START_TEST(names_and_numbers_out_of_range)
{
	struct wear_use wild = {WEAR_LFP, 7, -3, 400, -10};

	ck_assert_int_eq(wear_chemistry_of("lfp"), WEAR_LFP);
	ck_assert_int_eq(wear_chemistry_of("sodium"), WEAR_OTHER);
	ck_assert_double_eq(wear_lost(&wild), 0);
	ck_assert_double_gt(wear_next(&wild), 0);
	ck_assert_double_lt(wear_next(&wild), 0.01);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wear");
	TCase *t = tcase_create("wear");
	SRunner *runner;
	int failed;

	tcase_add_test(t, lfp_as_published);
	tcase_add_test(t, nmc_as_published);
	tcase_add_test(t, the_next_cycle_is_what_cycles_add);
	tcase_add_test(t, lto_wears_least_and_the_unknown_most);
	tcase_add_test(t, names_and_numbers_out_of_range);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
