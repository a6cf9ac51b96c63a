/* A charger that is known to need long: its room stays taken, and the node does not wait for it. */
#include <check.h>
#include <string.h>

#include "tests/unit/guard_three.h"

START_TEST(slow_charger_holds_its_room_for_longer)
{
	for (int slow = 0; slow <= 1; slow++) {
		begin(6000, 1000);
		cycle();
		evse[0].reaction_ms = slow ? 30000 : 0;
		evse[0].wanted_w = evse[0].commanded_w = 4200;
		cycle();
		ck_assert_int_eq(r.evse[0].counted_w, 6000);
		for (int s = 0; s < 12; s++)
			cycle();
		ck_assert_int_eq(r.evse[0].counted_w, slow ? 6000 : 4200);
		for (int s = 0; s < 20; s++)
			cycle();
		ck_assert_int_eq(r.evse[0].counted_w, 4200);
		end();
	}
}
END_TEST

/* It has 30 s, the node has 10: meanwhile the others are lowered in its place. */
START_TEST(the_others_do_not_wait_for_a_slow_charger)
{
	begin(6000, 2000);
	evse[0].urgency = 9;
	evse[0].reaction_ms = 30000;
	cycle();
	node[0].import_w = 2000 + 3 * 6000 + 1800;
	cycle();
	ck_assert_int_eq(allowed(0), 4200);
	evse[0].commanded_w = 4200;
	for (int i = 0; i < 9; i++)
		cycle();
	ck_assert_int_eq(allowed(1) + allowed(2), 12000);
	for (int i = 0; i < 3; i++) {
		evse[0].measured_ms = in.now_ms;
		cycle();
	}
	ck_assert_int_le(allowed(1) + allowed(2), 10200);
	ck_assert_int_ne(r.evse[0].source, GRID_SOURCE_DISOBEYED);
	evse[0].measured_w = 4200;
	evse[0].measured_ms = in.now_ms;
	node[0].import_w -= 1800;
	for (int i = 0; i < 60; i++)
		cycle();
	ck_assert_int_gt(allowed(1) + allowed(2), 10200);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_slow");
	TCase *c = tcase_create("guard_slow");
	SRunner *runner;
	int failed;

	tcase_add_test(c, slow_charger_holds_its_room_for_longer);
	tcase_add_test(c, the_others_do_not_wait_for_a_slow_charger);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
