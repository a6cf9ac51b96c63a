/* Runs that soon end, again and again; and a silent meter above EVSEs of which nothing is heard. */
#include <check.h>
#include <string.h>

#include "tests/unit/guard_three.h"

/* The third wants to charge; the others do not. */
static void begin_alone(void)
{
	begin(0, 13000);
	evse[0].wanted_w = evse[1].wanted_w = 0;
}

/* A second in which it obeys, beside so much other load. */
static void second(int32_t load)
{
	cycle();
	evse[2].commanded_w = evse[2].measured_w = r.evse[2].allowed_w;
	evse[2].measured_ms = in.now_ms;
	node[0].import_w = load + evse[2].measured_w;
}

/* Load that goes to and fro, just too much for its minimum each time it has started. */
static int count_starts(int seconds, int runs_s)
{
	int starts = 0, ran_s = 0;

	for (int i = 0; i < seconds; i++) {
		bool was_on = r.evse && allowed(2) > 0;

		second(ran_s > runs_s ? 18000 : 13000);
		starts += !was_on && allowed(2) > 0;
		ran_s = allowed(2) > 0 ? ran_s + 1 : 0;
	}
	return starts;
}

START_TEST(nobody_is_switched_on_and_off_all_the_time)
{
	begin_alone();
	r.evse = NULL;
	ck_assert_int_le(count_starts(300, 5), 4);
	ck_assert_int_ge(count_starts(3600, 5), 12); /* and yet it tries */
	ck_assert_int_le(count_starts(3600, 5), 16);
	end();
}
END_TEST

START_TEST(who_has_charged_for_a_while_does_not_rest)
{
	begin_alone();
	r.evse = NULL;
	count_starts(600, 5);
	for (int i = 0; i < 600; i++)
		second(13000);
	ck_assert_int_gt(allowed(2), 4140);
	second(18000);
	second(18000);
	ck_assert_int_eq(allowed(2), 0);
	for (int i = 0; i < 45; i++)
		second(13000);
	ck_assert_int_gt(allowed(2), 0);
	end();
}
END_TEST

/* Who waits for nothing but that is told until when. */
START_TEST(it_is_said_until_when_it_rests)
{
	int64_t until = 0;
	int rests = 0;

	begin_alone();
	for (int i = 0; i < 1200; i++) {
		bool was_on = r.evse && i && allowed(2) > 0;

		second(was_on ? 18000 : 13000);
		if (allowed(2) > 0 || r.evse[2].source != GRID_SOURCE_HOLD) {
			ck_assert_int_eq(r.evse[2].rests_until_ms, 0);
			ck_assert_msg(allowed(2) == 0 || in.now_ms - 1000 >= until, "too early");
			until = 0;
			continue;
		}
		rests += r.evse[2].rests_until_ms > 0;
		if (r.evse[2].rests_until_ms > 0) {
			ck_assert_int_gt(r.evse[2].rests_until_ms, in.now_ms - 1000);
			ck_assert_int_le(r.evse[2].rests_until_ms, in.now_ms + 16 * 15000);
			until = r.evse[2].rests_until_ms;
		}
	}
	ck_assert_int_gt(rests, 600);
	end();
}
END_TEST

START_TEST(another_vehicle_does_not_rest)
{
	begin_alone();
	r.evse = NULL;
	count_starts(1200, 5);
	second(18000);
	second(18000);
	ck_assert_int_eq(allowed(2), 0);
	evse[2].connected = false;
	second(13000);
	evse[2].connected = true;
	for (int i = 0; i < 45; i++)
		second(13000);
	ck_assert_int_gt(allowed(2), 0);
	end();
}
END_TEST

/* 9 kW beside what EVSEs explain were seen last, of which the third may have drawn 5. */
START_TEST(what_was_found_may_be_of_one_that_is_not_heard)
{
	for (int heard = 0; heard <= 1; heard++) {
		begin(6000, 2000);
		evse[2].silent = !heard;
		evse[2].measured_w = heard ? 6000 : GUARD_UNKNOWN_W;
		node[0].import_w = 9000 + 6000 + 6000 + (heard ? 6000 : 0);
		cycle();
		ck_assert_int_eq(r.node[0].uncontrolled_w, 9000);
		node[0].quality = GUARD_WORST_CASE;
		node[0].worst_w = 3000;
		evse[0].commanded_w = evse[1].commanded_w = evse[2].commanded_w = 6000;
		cycle();
		ck_assert_int_eq(r.node[0].uncontrolled_w, heard ? 3000 : 3000 + 11000 - 6000);
		node[0].worst_w = 8000;
		cycle();
		ck_assert_int_eq(r.node[0].uncontrolled_w, heard ? 8000 : 9000);
		end();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_rest");
	TCase *c = tcase_create("guard_rest");
	SRunner *runner;
	int failed;

	tcase_add_test(c, nobody_is_switched_on_and_off_all_the_time);
	tcase_add_test(c, who_has_charged_for_a_while_does_not_rest);
	tcase_add_test(c, it_is_said_until_when_it_rests);
	tcase_add_test(c, another_vehicle_does_not_rest);
	tcase_add_test(c, what_was_found_may_be_of_one_that_is_not_heard);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
