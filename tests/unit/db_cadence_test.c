/* When groups begin, for streams of events made by hand: time is a number here. */
#include <check.h>
#include <stdlib.h>

#include "db/cadence.h"

#define EVERY 5000

/* Feeds one event each `gap_us` for a second. Groups made; *longest: the longest that one waited. */
static int feed(struct cadence *c, int64_t gap_us, int64_t *longest)
{
	int groups = 0;
	*longest = 0;
	for (int64_t now = 1000000, waiting = 0, since = 0; now < 2000000; now += 50) {
		if (now % gap_us == 0 && !waiting++)
			since = now;
		if (!waiting || cadence_hold_until(c, now))
			continue;
		*longest = now - since > *longest ? now - since : *longest;
		cadence_note(c, now, (size_t)waiting);
		waiting = 0;
		groups++;
	}
	return groups;
}

START_TEST(slow_events_are_never_held)
{
	struct cadence c;
	int64_t longest;
	cadence_init(&c, EVERY);
	ck_assert_int_eq(feed(&c, 10000, &longest), 100);
	ck_assert_int_eq(longest, 0);
	cadence_init(&c, EVERY);
	ck_assert_int_eq(feed(&c, 2000, &longest), 500); /* 2.5 in an interval: not worth it */
	ck_assert_int_eq(longest, 0);
}
END_TEST

START_TEST(fast_events_gather)
{
	struct cadence c;
	int64_t longest;
	cadence_init(&c, EVERY);
	int groups = feed(&c, 500, &longest); /* 2,000 a second */
	ck_assert_int_le(groups, 210);
	ck_assert_int_ge(groups, 190);
	ck_assert_int_le(longest, EVERY);
}
END_TEST

START_TEST(a_sender_that_waits_for_each_answer_is_not_slowed)
{
	struct cadence c;
	cadence_init(&c, EVERY);
	int64_t now = 1000000;
	int sent = 0;
	while (now < 2000000) { /* an event each 400 us, but only after the one before is done */
		int64_t until = cadence_hold_until(&c, now);
		now = until ? until : now;
		cadence_note(&c, now, 1);
		now += 400;
		sent++;
	}
	ck_assert_int_ge(sent, 2000); /* of 2,500; 200 if each were held */
}
END_TEST

START_TEST(a_burst_after_silence_begins_at_once)
{
	struct cadence c;
	int64_t longest;
	cadence_init(&c, EVERY);
	feed(&c, 200, &longest);
	ck_assert_int_eq(cadence_hold_until(&c, 60000000), 0);
	cadence_note(&c, 60000000, 1);
	ck_assert_int_eq(cadence_hold_until(&c, 60000400), 0); /* the old rate is forgotten */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db_cadence");
	TCase *t = tcase_create("cadence");
	tcase_add_test(t, slow_events_are_never_held);
	tcase_add_test(t, fast_events_gather);
	tcase_add_test(t, a_sender_that_waits_for_each_answer_is_not_slowed);
	tcase_add_test(t, a_burst_after_silence_begins_at_once);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
