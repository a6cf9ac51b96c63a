/* What a station's clock shows, from the times in its messages. */
#include <check.h>
#include <stdlib.h>
#include "csms/station/station_clock.h"

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

START_TEST(one_message_may_be_right)
{
	ck_assert_int_eq(station_clock_perhaps_ahead_ms(&c), 0);
	hear_some(1, 1, HOUR_MS);
	ck_assert_int_eq(station_clock_perhaps_ahead_ms(&c), HOUR_MS);
	hear_some(1, 1, -HOUR_MS);
	ck_assert_int_eq(station_clock_perhaps_ahead_ms(&c), 0);
	hear_some(3, 15, HOUR_MS);
	ck_assert_int_eq(station_clock_perhaps_ahead_ms(&c), 0); /* it is known */
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

static int64_t ours_ms(int64_t said_ahead_ms)
{
	wall_t now = clock_wall();

	return wall_diff_ms(station_clock_ours(&c, wall_add_ms(now, said_ahead_ms), now), now);
}

#define MILLENNIA_MS (INT64_C(251607016404) * 1000) /* to the end of 9999 */

START_TEST(what_it_tells_is_brought_to_our_clock)
{
	ck_assert_int_eq(ours_ms(MILLENNIA_MS), 0); /* never later than now */
	ck_assert_int_eq(ours_ms(-HOUR_MS), -HOUR_MS);
	hear_some(3, 15, 2 * HOUR_MS);
	ck_assert_int_eq(ours_ms(2 * HOUR_MS), 0);
	ck_assert_int_eq(ours_ms(HOUR_MS), -HOUR_MS); /* it waited for an hour */
	ck_assert_int_eq(ours_ms(3 * HOUR_MS), 0);
	c = (struct station_clock){0};
	hear_some(3, 15, MILLENNIA_MS);
	ck_assert_int_eq(ours_ms(MILLENNIA_MS), 0);
	ck_assert_int_eq(ours_ms(MILLENNIA_MS - HOUR_MS), -HOUR_MS);
	ck_assert_int_eq(ours_ms(-HOUR_MS), -HOUR_MS); /* it is right again, or was */
	c = (struct station_clock){0};
	hear_some(3, 15, -2 * HOUR_MS);
	ck_assert_int_eq(ours_ms(-3 * HOUR_MS), -HOUR_MS);
}
END_TEST

START_TEST(a_clock_that_shows_our_time_again_is_right)
{
	wall_t now = clock_wall();

	ck_assert(!station_clock_is_ours_now(&c, now, now)); /* it was never wrong */
	hear_some(3, 15, 2 * HOUR_MS);
	now = clock_wall();
	ck_assert(station_clock_is_ours_now(&c, now, now));
	ck_assert(station_clock_is_ours_now(&c, wall_add_ms(now, -20000), now));
	ck_assert(!station_clock_is_ours_now(&c, wall_add_ms(now, 2 * HOUR_MS), now));
	ck_assert(!station_clock_is_ours_now(&c, wall_add_ms(now, HOUR_MS), now));
	c = (struct station_clock){.kept_ms = MILLENNIA_MS};
	ck_assert(station_clock_is_ours_now(&c, now, now));
}
END_TEST

/* What was learnt before a restart, and is years off. */
START_TEST(a_distance_that_was_kept_and_is_far_is_doubted)
{
	c.kept_ms = HOUR_MS;
	ck_assert(!station_clock_is_doubtful(&c));
	c.kept_ms = MILLENNIA_MS;
	ck_assert(station_clock_is_doubtful(&c));
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms);
	ck_assert_int_eq(ours_ms(MILLENNIA_MS - HOUR_MS), -HOUR_MS);
	ck_assert_int_eq(ours_ms(-HOUR_MS), -HOUR_MS);
	/* It was told by ours, so that the journal was right is news. */
	ck_assert(hear_some(3, 15, MILLENNIA_MS));
	ck_assert(!station_clock_is_doubtful(&c));
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms + MILLENNIA_MS);
	c = (struct station_clock){.kept_ms = -MILLENNIA_MS / 100};
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms + c.kept_ms);
	ck_assert(hear_some(3, 15, 0));
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms);
}
END_TEST

START_TEST(what_was_kept_and_is_said_again_is_known_at_once)
{
	c = (struct station_clock){.kept_ms = 26 * HOUR_MS};
	ck_assert(station_clock_is_doubtful(&c));
	ck_assert(station_clock_hear(&c, (wall_t){clock_wall().ms + 26 * HOUR_MS - 1000}));
	ck_assert(!station_clock_is_doubtful(&c));
	ck_assert_int_eq(station_clock_now(&c).ms, clock_wall().ms + 26 * HOUR_MS - 1000);
	c = (struct station_clock){.kept_ms = 26 * HOUR_MS};
	ck_assert(!station_clock_hear(&c, (wall_t){clock_wall().ms + 25 * HOUR_MS}));
	ck_assert(station_clock_is_doubtful(&c));
	c = (struct station_clock){0}; /* nothing is kept: one message is none */
	ck_assert(!station_clock_hear(&c, clock_wall()));
	ck_assert(!c.is_known);
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
	tcase_add_test(t, what_it_tells_is_brought_to_our_clock);
	tcase_add_test(t, a_clock_that_shows_our_time_again_is_right);
	tcase_add_test(t, a_distance_that_was_kept_and_is_far_is_doubted);
	tcase_add_test(t, what_was_kept_and_is_said_again_is_known_at_once);
	tcase_add_test(t, ours_may_be_set);
	tcase_add_test(t, while_nothing_is_known_the_earlier_counts);
	tcase_add_test(t, one_message_may_be_right);
	tcase_add_test(t, the_fastest_message_counts_and_drift_is_followed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
