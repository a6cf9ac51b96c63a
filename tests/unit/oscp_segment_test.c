#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/oscp/segment.h"

static struct oscp_segments s;
static void *out[OSCP_SEGMENTS_MAX];
static char first[OSCP_ID_SIZE], names[8][8];
static const char *why;
static int dropped;
static wall_t at;

static void drop(void *item)
{
	dropped++;
}

static void setup(void)
{
	memset(&s, 0, sizeof s);
	s.drop = drop;
	dropped = 0;
	at = (wall_t){1000};
	for (int i = 0; i < 8; i++)
		snprintf(names[i], sizeof names[i], "%d", i);
}

static void finish(void)
{
	oscp_segments_finish(&s);
}

/* A part of that index; its item is its name. */
static enum oscp_segment_result add(
	const char *id, const char *correlation, int index, int count, const char *key)
{
	struct oscp_segment g = {.index = index, .count = count, .at = at};

	snprintf(g.id, sizeof g.id, "%s", id);
	snprintf(g.correlation, sizeof g.correlation, "%s", correlation);
	snprintf(g.key, sizeof g.key, "%s", key);
	g.item = index >= 0 && index < 8 ? names[index] : names[0];
	return oscp_segments_add(&s, &g, out, first, &why);
}

static void is_whole(int count)
{
	for (int i = 0; i < count; i++)
		ck_assert_ptr_eq(out[i], names[i + 1]);
	ck_assert_int_eq(s.kept, 0);
	ck_assert_ptr_null(s.all);
}

START_TEST(later_parts_name_the_first)
{
	ck_assert_int_eq(add("a", "", 1, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("b", "a", 2, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("c", "a", 3, 3, "k"), OSCP_SEGMENT_WHOLE);
	is_whole(3);
	ck_assert_str_eq(first, "a");
}
END_TEST

START_TEST(later_parts_name_the_one_before)
{
	/* The first part correlates to what it answers, as any message. */
	ck_assert_int_eq(add("a", "adjust-7", 1, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("b", "a", 2, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("c", "b", 3, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("d", "c", 4, 4, "k"), OSCP_SEGMENT_WHOLE);
	is_whole(4);
}
END_TEST

START_TEST(any_order)
{
	ck_assert_int_eq(add("d", "c", 4, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("b", "a", 2, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("a", "", 1, 4, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("c", "b", 3, 4, "k"), OSCP_SEGMENT_WHOLE);
	is_whole(4);
}
END_TEST

START_TEST(two_messages_at_once_stay_apart)
{
	ck_assert_int_eq(add("a", "", 1, 2, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("x", "", 1, 2, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("q", "z", 2, 2, "k"), OSCP_SEGMENT_WAITS); /* of nobody's */
	ck_assert_int_eq(add("c", "a", 2, 2, "other"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("y", "x", 2, 2, "k"), OSCP_SEGMENT_WHOLE);
	ck_assert_str_eq(first, "x");
	ck_assert_int_eq(s.kept, 3);
}
END_TEST

START_TEST(a_part_sent_again_counts_once)
{
	ck_assert_int_eq(add("a", "", 1, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("a", "", 1, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("b", "a", 2, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(add("b2", "a", 2, 3, "k"), OSCP_SEGMENT_WAITS);
	ck_assert_int_eq(dropped, 2);
	ck_assert_int_eq(add("c", "a", 3, 3, "k"), OSCP_SEGMENT_WHOLE);
	is_whole(3);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	ck_assert_int_eq(add("a", "", 0, 3, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_int_eq(add("a", "", 4, 3, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_int_eq(add("a", "", 1, 100000, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_int_eq(add("a", "", -1, -1, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_int_eq(add("b", "", 2, 3, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_ptr_nonnull(strstr(why, "X-Correlation-ID"));
	ck_assert_int_eq(add("one", "", 1, 1, "k"), OSCP_SEGMENT_WHOLE);
}
END_TEST

START_TEST(what_never_becomes_whole_is_bounded_and_forgotten)
{
	char id[20];

	for (int i = 0; i < OSCP_SEGMENTS_KEPT; i++) {
		snprintf(id, sizeof id, "id%d", i);
		ck_assert_int_eq(add(id, "", 1, 2, "k"), OSCP_SEGMENT_WAITS);
	}
	ck_assert_int_eq(add("more", "", 1, 2, "k"), OSCP_SEGMENT_REFUSED);
	ck_assert_int_eq(oscp_segments_age(&s, (wall_t){at.ms + OSCP_SEGMENT_AGE_MS - 1}), 0);
	ck_assert_int_eq(
		oscp_segments_age(&s, (wall_t){at.ms + OSCP_SEGMENT_AGE_MS}), OSCP_SEGMENTS_KEPT);
	ck_assert_int_eq(dropped, OSCP_SEGMENTS_KEPT);
	ck_assert_int_eq(add("more", "", 1, 2, "k"), OSCP_SEGMENT_WAITS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oscp_segment");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, finish);
	tcase_add_test(t, later_parts_name_the_first);
	tcase_add_test(t, later_parts_name_the_one_before);
	tcase_add_test(t, any_order);
	tcase_add_test(t, two_messages_at_once_stay_apart);
	tcase_add_test(t, a_part_sent_again_counts_once);
	tcase_add_test(t, what_cannot_be_is_refused);
	tcase_add_test(t, what_never_becomes_whole_is_bounded_and_forgotten);
	suite_add_tcase(suite, t);
	r = srunner_create(suite);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
