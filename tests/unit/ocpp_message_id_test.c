/* Message ids: protocol rule 13, unique over connections, restarts and clocks that go back. */
#include "ocpp/message_id.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MANY 20000

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_all_differ(char (*ids)[OCPP_MESSAGE_ID_SIZE], size_t count)
{
	qsort(ids, count, sizeof(ids[0]), by_text);
	for (size_t i = 1; i < count; i++)
		ck_assert_str_ne(ids[i - 1], ids[i]);
}

START_TEST(has_the_known_shape)
{
	struct ocpp_message_ids ids;
	char id[OCPP_MESSAGE_ID_SIZE];
	const uint8_t random[10] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 31};
	ocpp_message_ids_init(&ids, random);
	ocpp_message_ids_next(&ids, 1469918176385, id); /* the example of the ULID text */
	ck_assert_str_eq(id, "01ARYZ6S41000000000000000Z");
	ocpp_message_ids_next(&ids, 1469918176385, id);
	ck_assert_str_eq(id, "01ARYZ6S410000000000000010");
	ck_assert_uint_le(strlen(id), OCPP_ID_POINTS);
}
END_TEST

START_TEST(carries_over_every_byte)
{
	struct ocpp_message_ids ids;
	char id[OCPP_MESSAGE_ID_SIZE];
	uint8_t random[10];
	memset(random, 0xff, sizeof(random));
	ocpp_message_ids_init(&ids, random);
	ocpp_message_ids_next(&ids, 0, id);
	ck_assert_str_eq(id, "0000000000ZZZZZZZZZZZZZZZZ");
	ocpp_message_ids_next(&ids, -5, id);
	ck_assert_str_eq(id, "00000000000000000000000000");
}
END_TEST

START_TEST(stays_unique_when_the_clock_stands_or_goes_back)
{
	static char ids[MANY][OCPP_MESSAGE_ID_SIZE];
	struct ocpp_message_ids gen;
	const uint8_t random[10] = "0123456789";
	ocpp_message_ids_init(&gen, random);
	for (int i = 0; i < MANY; i++)
		ocpp_message_ids_next(&gen, 1700000000000 - i % 7, ids[i]);
	assert_all_differ(ids, MANY);
}
END_TEST

START_TEST(stays_unique_over_restarts_within_a_millisecond)
{
	static char ids[1000][OCPP_MESSAGE_ID_SIZE];
	for (int start = 0; start < 100; start++) {
		struct ocpp_message_ids gen;
		uint8_t random[10];
		for (size_t i = 0; i < sizeof(random); i++)
			random[i] = (uint8_t)(rand() >> 7);
		ocpp_message_ids_init(&gen, random);
		for (int i = 0; i < 10; i++)
			ocpp_message_ids_next(&gen, 1700000000000, ids[start * 10 + i]);
	}
	assert_all_differ(ids, 1000);
}
END_TEST

START_TEST(sorts_by_time)
{
	struct ocpp_message_ids gen;
	char earlier[OCPP_MESSAGE_ID_SIZE], later[OCPP_MESSAGE_ID_SIZE];
	const uint8_t random[10] = {0xff, 0xff};
	ocpp_message_ids_init(&gen, random);
	ocpp_message_ids_next(&gen, 1700000000000, earlier);
	ocpp_message_ids_next(&gen, 1700000000001, later);
	ck_assert_int_lt(strcmp(earlier, later), 0);
}
END_TEST

START_TEST(makes_an_id_of_text)
{
	char longer[OCPP_ID_SIZE + 10];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_uint_eq(strlen(ocpp_id_make(longer).text), OCPP_ID_SIZE - 1);
	ck_assert_str_eq(ocpp_id_make("42").text, "42");
	ck_assert(!ocpp_id_make("42").is_number);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ocpp_message_id");
	TCase *tc = tcase_create("message_id");
	tcase_add_test(tc, has_the_known_shape);
	tcase_add_test(tc, carries_over_every_byte);
	tcase_add_test(tc, stays_unique_when_the_clock_stands_or_goes_back);
	tcase_add_test(tc, stays_unique_over_restarts_within_a_millisecond);
	tcase_add_test(tc, sorts_by_time);
	tcase_add_test(tc, makes_an_id_of_text);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
