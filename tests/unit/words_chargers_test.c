#include <check.h>
#include <string.h>

#include "csms/view/words_chargers.h"
#include "tests/unit/words_fixture.h"

START_TEST(all_of_them_the_worst_first)
{
	struct words_chargers n = {0};

	words_chargers_sentence(&t, &n, now);
	SAYS("No charger is registered.");
	n = (struct words_chargers){.chargers = 12, .evses = 24, .charging = 14, .free = 5};
	words_chargers_sentence(&t, &n, now);
	SAYS("All 12 chargers are connected and without a fault.");
	words_chargers_sub(&t, &n);
	SAYS("14 of 24 EVSEs charge, 5 are free.");
	n.pending = 1;
	words_chargers_sentence(&t, &n, now);
	SAYS("1 charger waits for registration.");
	n.silent = 1;
	n.silent_name = "CP-Y4";
	words_chargers_sentence(&t, &n, now);
	SAYS("CP-Y4 has never connected.");
	n.silent_since = wall_add_ms(now, -41 * 60000);
	n.faulted = 1;
	n.faulted_name = "CP-B3 EVSE 1";
	words_chargers_sentence(&t, &n, now);
	SAYS("CP-B3 EVSE 1 has a fault. CP-Y4 is silent since 21:59.");
	n.faulted = 3;
	n.silent = 2;
	n.rejected = 1;
	words_chargers_sentence(&t, &n, now);
	SAYS("3 EVSEs have a fault. 2 chargers are silent.");
	words_chargers_sub(&t, &n);
	SAYS("14 of 24 EVSEs charge, 5 are free. 1 charger is not admitted.");
	n = (struct words_chargers){.chargers = 1, .evses = 1, .charging = 1};
	words_chargers_sentence(&t, &n, now);
	SAYS("The charger is connected and without a fault.");
	words_chargers_sub(&t, &n);
	SAYS("1 of 1 EVSE charges, 0 are free.");
}
END_TEST

START_TEST(one_by_its_evses)
{
	const char *states[] = {
		"faulted", "charging", "free", "charging", "free", "free", "free", "free", "odd"};
	struct words_charger c = {
		.name = "CP-B3", .is_connected = true, .now = now, .evses = 2, .states = states};

	words_charger_sentence(&t, &c);
	SAYS("CP-B3: EVSE 1 has a fault, EVSE 2 charges.");
	c.evses = 4;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3: EVSE 1 has a fault, EVSE 2 and 4 charge, EVSE 3 is free.");
	c.evses = 9;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3: EVSE 1 has a fault, EVSE 2 and 4 charge, 5 EVSEs are free.");
	c.evses = 0;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3 is connected.");
	c.is_pending = true;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3 waits for registration.");
	c.is_connected = false;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3 has never connected.");
	c.last_seen = wall_add_ms(now, -41 * 60000);
	words_charger_sentence(&t, &c);
	SAYS("CP-B3 is silent since 21:59.");
	c.is_rejected = true;
	words_charger_sentence(&t, &c);
	SAYS("CP-B3 is not admitted.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_chargers");
	TCase *tc = tcase_create("words");
	SRunner *r;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_of_them_the_worst_first);
	tcase_add_test(tc, one_by_its_evses);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
