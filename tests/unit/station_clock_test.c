/* What a station's clock shows, from the times in its messages. */
#include <check.h>
#include <stdlib.h>
#include "csms/station_clock.h"

#define HOUR_MS 3600000

static const wall_t start = {INT64_C(1773244800000)};
static struct station_clock c;

static void setup(void)
{
	clock_simulate(start);
	c = (struct station_clock){0};
}

static bool hear_ahead(int64_t ms)
{
	return station_clock_hear(&c, wall_add_ms(clock_wall(), ms));
}

/* Every `s` seconds a message of a clock that is so much ahead; true if one was news. */
static bool hear_some(int count, int s, int64_t ahead_ms)
{
	bool is_news = false;

	for (int i = 0; i < count; i++) {
		clock_advance_ms(s * 1000);
		is_news |= hear_ahead(ahead_ms);
	}
	return is_news;
}

START_TEST(three_messages_tell_and_one_does_not)
{
	ck_assert(!hear_some(2, 15, HOUR_MS));
	ck_assert_int_eq(station_clock_ahead_ms(&c), 0);
	ck_assert(hear_some(1, 15, HOUR_MS));
	ck_assert_int_eq(station_clock_ahead_ms(&c), HOUR_MS);
	ck_assert(!hear_some(1, 15, 100 * HOUR_MS));
	ck_assert(!hear_some(1, 15, HOUR_MS));
	ck_assert(!hear_some(2, 15, 100 * HOUR_MS));
	ck_assert_int_eq(station_clock_ahead_ms(&c), HOUR_MS);
}
END_TEST

START_TEST(a_message_that_comes_often_is_one)
{
	clock_advance_ms(15000);
	for (int i = 0; i < 10; i++)
		ck_assert(!hear_ahead(HOUR_MS));
	ck_assert(!c.is_known);
}
END_TEST

/* What was kept while the station was offline comes with ages of its own. */
START_TEST(a_queue_that_is_delivered_late_moves_nothing)
{
	hear_some(3, 15, 0);
	for (int i = 0; i < 20; i++) {
		clock_advance_ms(1000);
		hear_ahead(-600000 + 14000 * i);
	}
	ck_assert_int_eq(station_clock_ahead_ms(&c), 0);
}
END_TEST

START_TEST(ours_may_be_set)
{
	hear_some(3, 15, 0);
	clock_step_ms(-HOUR_MS);
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms + HOUR_MS);
	ck_assert(!hear_some(5, 15, HOUR_MS));
	ck_assert_int_eq(station_clock_ahead_ms(&c), HOUR_MS);
}
END_TEST

START_TEST(while_nothing_is_known_the_earlier_counts)
{
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms);
	hear_some(1, 1, HOUR_MS);
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms);
	hear_some(1, 1, -HOUR_MS);
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms - HOUR_MS);
}
END_TEST

START_TEST(the_fastest_message_counts_and_drift_is_followed)
{
	hear_some(3, 15, -40);
	hear_some(1, 15, -1500);
	ck_assert_int_ge(station_clock_ahead_ms(&c), -200);
	ck_assert(!hear_some(400, 15, -1900));
	ck_assert_int_le(station_clock_ahead_ms(&c), -1850);
	hear_some(1, 15, -30);
	ck_assert_int_eq(station_clock_ahead_ms(&c), -30);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("station_clock");
	TCase *t = tcase_create("station_clock");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, three_messages_tell_and_one_does_not);
	tcase_add_test(t, a_message_that_comes_often_is_one);
	tcase_add_test(t, a_queue_that_is_delivered_late_moves_nothing);
	tcase_add_test(t, ours_may_be_set);
	tcase_add_test(t, while_nothing_is_known_the_earlier_counts);
	tcase_add_test(t, the_fastest_message_counts_and_drift_is_followed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
