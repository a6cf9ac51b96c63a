#include <check.h>

#include "csms/view/words_session.h"
#include "tests/unit/words_fixture.h"

static wall_t began;

static void setup_session(void)
{
	setup();
	ck_assert(wall_parse("2026-03-11T18:15:00Z", 20, &began));
}

START_TEST(a_list_of_them)
{
	words_sessions_sentence(&t, &(struct words_sessions){.sessions = 3, .open = 2});
	SAYS("2 sessions are open.");
	words_sessions_sentence(&t, &(struct words_sessions){.sessions = 3, .aside = 1});
	SAYS("1 record contradicts itself. Nobody charges now.");
	words_sessions_sub(&t, &(struct words_sessions){.sessions = 41, .wh = 812000});
	SAYS("41 sessions in this list took 812\u202fkWh.");
	words_sessions_sub(&t, &(struct words_sessions){.sessions = 0});
	SAYS("No session is in this list.");
}
END_TEST

START_TEST(one_that_is_open)
{
	struct words_session s = {.who = "VAN 05",
		.place = "CP-A3/1",
		.is_open = true,
		.has_wh = true,
		.wh = 12400,
		.started = began,
		.now = now,
		.has_expected = true,
		.expected = 4.1,
		.currency = "EUR"};

	words_session_sentence(&t, &s);
	SAYS("VAN 05 has taken 12.4\u202fkWh at CP-A3/1 since 19:15.");
	words_session_sub(&t, &s);
	SAYS("It is not settled yet, expected was 4.10 EUR. It is still open. So far no message is missing.");
}
END_TEST

START_TEST(the_rule_is_said_where_it_charged)
{
	words_session_ruled(&t, 0, 7200000, NULL);
	ck_assert_uint_eq(t.len, 0);
	words_session_ruled(&t, 7200000, 7200000,
		"earliest departure first: the plan is only shown here (shadow)");
	SAYS("The plain rule said when it charged, not the plan: the plan is only shown here (shadow).");
	words_session_ruled(&t, 1200000, 7200000, "earliest departure first: no plan came in time");
	SAYS("For 20\u202fmin the plain rule said when it charged, not the plan: no plan came in time.");
}
END_TEST

START_TEST(standing_is_not_held_against_what_was_expected_for_energy)
{
	struct words_session s = {.place = "CP-A3/1",
		.has_cost = true,
		.cost = 12,
		.idle_cost = 9,
		.has_expected = true,
		.expected = 2.9,
		.is_guess = true,
		.currency = "EUR"};

	words_session_sub(&t, &s);
	SAYS("It cost 12.00 EUR, 9.00 EUR of it for standing there; for the energy 2.90 EUR was expected. That was a guess: nobody had told what it needs. Its record is complete.");
	s.has_expected = s.is_guess = false;
	words_session_sub(&t, &s);
	SAYS("It cost 12.00 EUR, 9.00 EUR of it for standing there. Its record is complete.");
}
END_TEST

START_TEST(one_that_is_over_with_gaps)
{
	struct words_session s = {.place = "CP-A3/1",
		.has_wh = true,
		.wh = 34200,
		.started = began,
		.ended = now,
		.now = now,
		.has_cost = true,
		.cost = 3.92,
		.currency = "EUR",
		.ended_by = "EVDisconnected",
		.missing = "3-5"};

	words_session_sentence(&t, &s);
	SAYS("An unknown van took 34.2\u202fkWh at CP-A3/1, 19:15 to 22:40.");
	words_session_sub(&t, &s);
	SAYS("It cost 3.92 EUR. It ended by EVDisconnected. Messages 3-5 of the station are missing.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_session");
	TCase *c = tcase_create("sessions");

	tcase_add_checked_fixture(c, setup_session, teardown);
	tcase_add_test(c, a_list_of_them);
	tcase_add_test(c, one_that_is_open);
	tcase_add_test(c, the_rule_is_said_where_it_charged);
	tcase_add_test(c, standing_is_not_held_against_what_was_expected_for_energy);
	tcase_add_test(c, one_that_is_over_with_gaps);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
