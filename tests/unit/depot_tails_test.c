/*
 * Safe tails that look like power and let no vehicle charge.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "csms/depot_tails.h"

static const struct row {
	struct depot_tail tail;
	const char *says; /* NULL: vehicles charge, or are meant to pause */
} rows[] = {
	{{1380, 1380, 3, 230, false},
		"a tail of 1380 W on 3 phases is 2.0 A on each, and vehicles take 6 A at least: they "
		"pause there when depotd is gone; set 4140 (6 A), or 0 if they are to pause"},
	{{4139, 0, 3, 230, false}, "set 4140 (6 A)"},
	{{4140, 4140, 3, 230, false}, NULL},
	{{0, 4140, 3, 230, false}, NULL},
	{{1380, 1380, 1, 230, false}, NULL},
	{{1000, 1380, 1, 230, false}, "a tail of 1000 W on 1 phase is 4.3 A, and"},
	{{1300, 0, 3, 120, false}, "set 2160 (6 A)"},
	{{4140, 5520, 3, 230, false}, "set 5520 (8 A)"},
	{{1380, 0, 3, 230, true}, NULL},
	{{5000, 8000, 3, 230, true}, "less than its min_w"},
};

START_TEST(says_so_and_what_to_set)
{
	const struct row *r = &rows[_i];
	char why[300] = "";

	ck_assert_int_eq(depot_tail_pauses(&r->tail, why), r->says != NULL);
	if (r->says)
		ck_assert_msg(strstr(why, r->says) != NULL, "%s", why);
}
END_TEST

static struct depot_fault last;

static void keep(void *arg, const struct depot_fault *fault)
{
	++*(int *)arg;
	last = *fault;
}

START_TEST(names_the_row_of_the_file)
{
	struct depot_evse first[] = {{.id = 1, .min_w = 1380, .phases = 3, .tail_w = 4140}};
	struct depot_evse second[] = {{.id = 1, .min_w = 1380, .phases = 3},
		{.id = 2, .min_w = 1380, .phases = 3, .tail_w = 1380}};
	struct depot_station stations[] = {
		{.id = "CP-1", .evses = {1, first}}, {.id = "CP-2", .evses = {2, second}}};
	const struct depot_file d = {.voltage_v = 230, .stations = {2, stations}};
	int told = 0;

	ck_assert_uint_eq(depot_tails_check(&d, keep, &told), 1);
	ck_assert_int_eq(told, 1);
	ck_assert_str_eq(last.path, "stations[1].evses[1].tail_w");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("depot_tails");
	TCase *t = tcase_create("tails");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, says_so_and_what_to_set, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, names_the_row_of_the_file);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
