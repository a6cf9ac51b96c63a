#include "csms/view/words_whatif.h"
#include "tests/unit/words_fixture.h"

START_TEST(money_and_what_is_missing)
{
	struct words_whatif w = {.nights = 30, .currency = "EUR", .saved = 214, .binding = 1};

	words_whatif_sentence(&t, &w);
	SAYS("30 nights: 214.00 EUR less for energy. All vehicles would have what they need, as they had.");
	w.nights = 1;
	w.saved = -0.5;
	w.peak_saved = -12;
	w.short_wh = 5000;
	w.short_less_wh = -2000;
	words_whatif_sentence(&t, &w);
	SAYS("1 night: 0.50 EUR more for energy. The dearest peak would have cost 12.00 EUR more. 2.0\u202fkWh more would be missing.");
	w.saved = 0.004;
	w.peak_saved = 0;
	w.short_less_wh = 5000;
	words_whatif_sentence(&t, &w);
	SAYS("1 night: the same cost for energy. Nothing would be missing of 5.0\u202fkWh that were.");
	w.short_less_wh = 0;
	w.gap = 1.5;
	words_whatif_sentence(&t, &w);
	SAYS("1 night: the same cost for energy. 5.0\u202fkWh would be missing all the same. Better plans may change this by up to 1.50 EUR.");
}
END_TEST

/* More room never costs more: what it seems to cost is how exact the plans are. */
START_TEST(a_difference_that_plans_do_not_know_is_none)
{
	struct words_whatif w = {
		.nights = 1, .is_tonight = true, .currency = "EUR", .saved = -0.19, .gap = 0.24};

	words_whatif_sentence(&t, &w);
	SAYS("Tonight: the difference in the cost of energy is less than what the plans are uncertain by, 0.24 EUR. All vehicles would have what they need, as they had.");
	w.peak_saved = 0.2;
	words_whatif_sentence(&t, &w);
	SAYS("Tonight: the difference in the cost of energy is less than what the plans are uncertain by, 0.24 EUR. The cost of the dearest peak differs by less than what the plans are uncertain by, 0.24 EUR. All vehicles would have what they need, as they had.");
	w.peak_saved = 0;
	w.saved = -0.3;
	words_whatif_sentence(&t, &w);
	SAYS("Tonight: 0.30 EUR more for energy. All vehicles would have what they need, as they had. Better plans may change this by up to 0.24 EUR.");
}
END_TEST

START_TEST(what_is_not_known_is_said)
{
	struct words_whatif w = {.nights = 3, .unpriced = 3};

	words_whatif_sentence(&t, &w);
	SAYS("3 nights: no prices were known, so nothing is said of money. All vehicles would have what they need, as they had.");
	words_whatif_limits(&t, &w);
	SAYS("No limit of the depot cost anything in these nights, as far as can be told without prices.");
	w.unpriced = 1;
	w.saved = 1;
	w.currency = "EUR";
	words_whatif_sentence(&t, &w);
	SAYS("3 nights: 1.00 EUR less for energy. All vehicles would have what they need, as they had. Of 1 night no prices are known.");
}
END_TEST

START_TEST(no_limit_cost_anything_only_where_that_is_known)
{
	struct words_whatif w = {.nights = 3, .currency = "EUR"};

	words_whatif_limits(&t, &w);
	SAYS("No limit of the depot cost anything in these nights.");
	w.unproven = 3;
	words_whatif_limits(&t, &w);
	SAYS("What limits cost is not known: no best plans of these nights were found.");
	w.unproven = 1;
	words_whatif_limits(&t, &w);
	SAYS("No limit of the depot cost anything in these nights. Of 1 night it is not known: no best plan was found.");
	w.binding = 2;
	words_whatif_limits(&t, &w);
	SAYS("Of 1 night it is not known: no best plan was found.");
	w = (struct words_whatif){.nights = 3, .short_wh = 9000};
	words_whatif_limits(&t, &w);
	SAYS("No limit of the depot cost anything in these nights. What is missing, chargers, vehicles or the time leave out.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_whatif");
	TCase *c = tcase_create("sentences");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, money_and_what_is_missing);
	tcase_add_test(c, a_difference_that_plans_do_not_know_is_none);
	tcase_add_test(c, what_is_not_known_is_said);
	tcase_add_test(c, no_limit_cost_anything_only_where_that_is_known);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
