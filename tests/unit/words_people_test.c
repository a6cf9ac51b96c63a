#include <check.h>
#include <stdlib.h>

#include "csms/view/words_people.h"

static struct text t;

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	text_init(&t, 0);
}

static void teardown(void)
{
	text_finish(&t);
}

#define SAYS(words)                                                                                \
	do {                                                                                       \
		ck_assert_str_eq(t.data ? t.data : "", words);                                     \
		text_clear(&t);                                                                    \
	} while (0)

START_TEST(people)
{
	struct words_people n = {0};

	words_people_sentence(&t, &n);
	SAYS("No user is set up: people sign in by links.");
	words_people_sub(&t, &n);
	SAYS("depotctl link makes one, good once for a few minutes.");
	n.may = 1;
	words_people_sentence(&t, &n);
	SAYS("1 person may sign in.");
	words_people_sub(&t, &n);
	SAYS("Nobody has a password only.");
	n = (struct words_people){.may = 4, .disabled = 2, .bare = 1};
	words_people_sentence(&t, &n);
	SAYS("4 people may sign in, 2 are disabled.");
	words_people_sub(&t, &n);
	SAYS("1 has a password only.");
}
END_TEST

START_TEST(audit)
{
	wall_t now = {.ms = 1773160000000}; /* 2026-03-10T16:26:40Z */
	struct words_audit n = {0};

	words_audit_sentence(&t, &n);
	SAYS("Nothing of that kind was done or refused.");
	words_audit_sub(&t, &n, now);
	SAYS("The journal is empty.");
	n = (struct words_audit){.lines = 100, .is_newest = true, .head = 912, .head_at = now};
	words_audit_sentence(&t, &n);
	SAYS("None of the newest 100 lines was refused.");
	words_audit_sub(&t, &n, now);
	SAYS("The journal reaches line 912, of 16:26. depotctl audit verify finds any line that was changed.");
	n = (struct words_audit){.lines = 7, .refused = 1};
	words_audit_sentence(&t, &n);
	SAYS("Of 7 lines 1 was refused.");
	n.refused = 3;
	n.is_newest = true;
	words_audit_sentence(&t, &n);
	SAYS("Of the newest 7 lines 3 were refused.");
	n = (struct words_audit){.lines = 1, .refused = 1};
	words_audit_sentence(&t, &n);
	SAYS("One thing was refused.");
}
END_TEST

START_TEST(wire)
{
	struct words_wire n = {0};

	words_wire_sentence(&t, &n);
	SAYS("No message fits.");
	n = (struct words_wire){.requests = 100, .is_newest = true};
	words_wire_sentence(&t, &n);
	SAYS("All of the newest 100 requests were answered.");
	words_wire_sub(&t, &n);
	SAYS("Each message is here as it was, with its answer. Secrets are masked.");
	n.waiting = 1;
	words_wire_sentence(&t, &n);
	SAYS("Of the newest 100 requests 1 waits for an answer, none went wrong.");
	n.wrong = 3;
	words_wire_sentence(&t, &n);
	SAYS("Of the newest 100 requests 3 went wrong.");
	words_wire_sub(&t, &n);
	SAYS("They broke their schema, were answered by an error, or not at all.");
	n = (struct words_wire){.requests = 1, .waiting = 1};
	words_wire_sentence(&t, &n);
	SAYS("One request waits for its answer.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_people");
	TCase *c = tcase_create("sentences");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, people);
	tcase_add_test(c, audit);
	tcase_add_test(c, wire);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
