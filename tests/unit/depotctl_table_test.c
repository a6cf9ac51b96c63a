#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/table.h"

static struct arena *a;
static struct text out;

static void setup(void)
{
	a = arena_create(0);
	text_init(&out, 0);
	cell_clock("Europe/Amsterdam", (wall_t){1773265200000}); /* 2026-03-11 22:40 there */
}

static void teardown(void)
{
	text_finish(&out);
	arena_destroy(a);
}

START_TEST(columns_line_up)
{
	struct table *t = table_create(a, "NAME|>POWER|NOTE", false);

	table_row(t);
	table_cell(t, "Hof Süd");
	table_cell(t, "9.0 kW");
	table_cell(t, "first");
	table_row(t);
	table_cell(t, "B");
	table_cell(t, "142 kW");
	table_print(t, &out);
	ck_assert_str_eq(out.data, "NAME      POWER  NOTE\n"
				   "Hof Süd  9.0 kW  first\n"
				   "B        142 kW  -\n");
	ck_assert_int_eq(table_rows(t), 2);
}
END_TEST

START_TEST(colours_take_no_room)
{
	struct table *t = table_create(a, "S|X", true);

	table_row(t);
	table_cell_colour(t, COLOUR_RED, "bad");
	table_cell(t, "y");
	table_print(t, &out);
	ck_assert_str_eq(out.data, "\033[2mS\033[0m    \033[2mX\033[0m\n\033[31mbad\033[0m  y\n");
}
END_TEST

START_TEST(hostile_text_is_shown_not_obeyed)
{
	struct table *t = table_create(a, "X", true);

	table_row(t);
	table_cell(t, "a\033[2Jb\nc");
	table_print(t, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "a?[2Jb?c\n"));
}
END_TEST

START_TEST(values_carry_units_and_zones)
{
	ck_assert_str_eq(cell_power(a, true, 9440), "9.4 kW");
	ck_assert_str_eq(cell_power(a, true, 142000), "142 kW");
	ck_assert_str_eq(cell_power(a, false, 1), "-");
	ck_assert_str_eq(cell_energy(a, true, 1500), "1.5 kWh");
	ck_assert_str_eq(cell_percent(a, true, 79.6), "80 %");
	ck_assert_str_eq(cell_time(a, true, (wall_t){1773265200000 - 3600000}), "21:40:00");
	ck_assert_str_eq(cell_time(a, true, (wall_t){1773265200000 + 30 * 3600000LL}), "Fri 04:40");
	ck_assert_str_eq(
		cell_time(a, true, (wall_t){1773265200000 - 8 * 86400000LL}), "2026-03-03 22:40");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("depotctl_table");
	TCase *c = tcase_create("table");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, columns_line_up);
	tcase_add_test(c, colours_take_no_room);
	tcase_add_test(c, hostile_text_is_shown_not_obeyed);
	tcase_add_test(c, values_carry_units_and_zones);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
