/* Protocol rule 13: what is a retry, what it gets, and what is remembered of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/station/retry.h"

static struct retries *all;
static struct retry_answer got;

static void setup(void)
{
	all = retries_create();
	ck_assert_ptr_nonnull(all);
}

static void teardown(void)
{
	retries_destroy(all);
}

static enum retry_kind take(const char *id, const char *payload, int64_t epoch, int64_t now_ms)
{
	return retry_take(
		all, id, "Authorize", payload, strlen(payload), false, epoch, now_ms, &got);
}

static void answer(const char *id, const char *text, bool is_out)
{
	retry_answered(all, id, text, strlen(text), is_out);
}

START_TEST(rule_13_same_id_and_payload_is_answered_alike)
{
	ck_assert_int_eq(take("1", "{}", 1, 0), RETRY_NEW);
	answer("1", "[3,\"1\",{}]", true);
	ck_assert_int_eq(take("1", "{}", 1, 10), RETRY_ANSWERED);
	ck_assert_int_eq((int)got.len, 10);
	ck_assert_mem_eq(got.reply, "[3,\"1\",{}]", got.len);
	ck_assert_int_eq(take("1", "{\"a\":1}", 1, 10), RETRY_NEW);
	ck_assert_int_eq(take("2", "{}", 1, 10), RETRY_NEW);
}
END_TEST

START_TEST(rule_13_it_waits_for_the_disk_and_is_forgotten_when_that_fails)
{
	take("1", "{}", 1, 0);
	answer("1", "[3,\"1\",{}]", false);
	ck_assert_int_eq(take("1", "{}", 1, 5), RETRY_WAITS);
	ck_assert(retry_released(all, "[3,\"1\",{}]", 10, true, 1));
	ck_assert_int_eq(take("1", "{}", 1, 6), RETRY_ANSWERED);
	take("2", "{}", 1, 7);
	answer("2", "[3,\"2\",{}]", false);
	ck_assert(!retry_released(all, "[3,\"2\",{}]", 10, false, 1));
	ck_assert_int_eq(take("2", "{}", 1, 8), RETRY_NEW);
}
END_TEST

START_TEST(rule_13_a_retry_on_a_new_connection_gets_the_answer_of_the_old)
{
	take("1", "{}", 1, 0);
	answer("1", "[3,\"1\",{}]", false);
	ck_assert_int_eq(take("1", "{}", 2, 5), RETRY_WAITS);
	ck_assert(retry_released(all, "[3,\"1\",{}]", 10, true, 2));
	ck_assert_int_eq(take("1", "{}", 3, 100000), RETRY_ANSWERED);
	/* much later it is a station that counts anew */
	ck_assert_int_eq(take("1", "{}", 4, 300001), RETRY_NEW);
}
END_TEST

START_TEST(rule_13_who_did_not_ask_again_is_not_waited_for)
{
	take("1", "{}", 1, 0);
	answer("1", "[3,\"1\",{}]", false);
	ck_assert(!retry_released(all, "[3,\"1\",{}]", 10, true, 2));
}
END_TEST

START_TEST(rule_13_answers_that_tell_the_time_are_new_on_a_new_connection)
{
	retry_take(all, "1", "Heartbeat", "{}", 2, true, 1, 0, &got);
	answer("1", "[3,\"1\",{}]", true);
	ck_assert_int_eq(
		retry_take(all, "1", "Heartbeat", "{}", 2, true, 1, 1, &got), RETRY_ANSWERED);
	ck_assert_int_eq(retry_take(all, "1", "Heartbeat", "{}", 2, true, 2, 2, &got), RETRY_NEW);
}
END_TEST

START_TEST(rule_13_only_so_many_are_remembered)
{
	char id[20];

	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "%d", i);
		ck_assert_int_eq(take(id, "{}", 1, i), RETRY_NEW);
		answer(id, "[3,\"\",{}]", true);
	}
	ck_assert_int_eq(take("99", "{}", 1, 100), RETRY_ANSWERED);
	ck_assert_int_eq(take("93", "{}", 1, 100), RETRY_ANSWERED);
	ck_assert_int_eq(take("1", "{}", 1, 100), RETRY_NEW);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csms_retry");
	TCase *t = tcase_create("rule 13");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, rule_13_same_id_and_payload_is_answered_alike);
	tcase_add_test(t, rule_13_it_waits_for_the_disk_and_is_forgotten_when_that_fails);
	tcase_add_test(t, rule_13_a_retry_on_a_new_connection_gets_the_answer_of_the_old);
	tcase_add_test(t, rule_13_who_did_not_ask_again_is_not_waited_for);
	tcase_add_test(t, rule_13_answers_that_tell_the_time_are_new_on_a_new_connection);
	tcase_add_test(t, rule_13_only_so_many_are_remembered);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
