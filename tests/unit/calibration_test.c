/* Bins, interval and rule of calibration against numbers of the literature and cases at the edges. */
#include <check.h>
#include <stdlib.h>

#include "scheduler/calibration.h"

START_TEST(bins_begin_where_they_say)
{
	static const struct {
		int pm, bin;
	} cases[] = {{-5, 0}, {0, 0}, {499, 0}, {500, 1}, {799, 1}, {800, 2}, {900, 3}, {949, 3},
		{950, 4}, {989, 4}, {990, 5}, {1000, 5}, {2000, 5}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_int_eq(calibration_bin_of(cases[i].pm), cases[i].bin);
}
END_TEST

/* R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I. */
START_TEST(interval_is_wilsons)
{
	static const struct {
		int ready, count;
		double low, high;
	} cases[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718}, {20, 20, 0.8389, 1}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double low, high;

		calibration_interval(cases[i].ready, cases[i].count, &low, &high);
		ck_assert_double_eq_tol(low, cases[i].low, 0.00006);
		ck_assert_double_eq_tol(high, cases[i].high, 0.00006);
	}
}
END_TEST

static enum calibration_verdict judge(int count, int ready, int told_pm)
{
	struct calibration_bin b = {
		.count = count, .ready = ready, .told_pm = (int64_t)told_pm * count};

	return calibration_judge(&b);
}

START_TEST(a_chance_is_believed_when_enough_departures_bear_it_out)
{
	ck_assert_int_eq(judge(0, 0, 0), CALIBRATION_FEW);
	ck_assert_int_eq(judge(CALIBRATION_LEAST - 1, 97, 970), CALIBRATION_FEW);
	ck_assert_int_eq(judge(CALIBRATION_LEAST, 97, 970), CALIBRATION_TRUE);
	ck_assert_int_eq(judge(132, 128, 970), CALIBRATION_TRUE);
	ck_assert_int_eq(judge(132, 105, 970), CALIBRATION_BOLD);
	ck_assert_int_eq(judge(200, 199, 850), CALIBRATION_SHY);
	/* Nothing ever went wrong, and nothing was said to. */
	ck_assert_int_eq(judge(500, 500, 1000), CALIBRATION_TRUE);
	ck_assert_int_eq(judge(500, 499, 1000), CALIBRATION_BOLD);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("calibration");
	Suite *s = suite_create("calibration");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, bins_begin_where_they_say);
	tcase_add_test(c, interval_is_wilsons);
	tcase_add_test(c, a_chance_is_believed_when_enough_departures_bear_it_out);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
