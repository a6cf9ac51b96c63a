#include <check.h>
#include <string.h>
#include <time.h>

#include "schemas/wall.h"

static const struct {
	const char *text;
	int64_t ms;
	const char *back; /* as we write it */
} good[] = {
	{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
	{"1970-01-01t00:00:00z", 0, "1970-01-01T00:00:00Z"},
	{"1970-01-01 00:00:00.000Z", 0, "1970-01-01T00:00:00Z"},
	{"2026-03-11T22:40:12.345+01:00", INT64_C(1773265212345), "2026-03-11T21:40:12.345Z"},
	{"2026-03-11T22:40:12.3459999+0100", INT64_C(1773265212345), "2026-03-11T21:40:12.345Z"},
	{"2026-03-11T22:40:12.3+01", INT64_C(1773265212300), "2026-03-11T21:40:12.300Z"},
	{"2024-02-29T12:00:00-11:30", INT64_C(1709249400000), "2024-02-29T23:30:00Z"},
	{"2024-02-29T23:30:00-00:30", INT64_C(1709251200000), "2024-03-01T00:00:00Z"},
	{"2000-02-29T00:00:00Z", INT64_C(951782400000), "2000-02-29T00:00:00Z"},
	{"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
	{"0000-01-01T00:00:00Z", INT64_C(-62167219200000), "0000-01-01T00:00:00Z"},
	{"9999-12-31T23:59:59.999Z", INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
	{"2016-12-31T23:59:60Z", INT64_C(1483228800000), "2017-01-01T00:00:00Z"},
	{"2017-01-01T00:59:60+01:00", INT64_C(1483228800000), "2017-01-01T00:00:00Z"},
	{"2016-12-31T15:59:60-08:00", INT64_C(1483228800000), "2017-01-01T00:00:00Z"},
};

START_TEST(reads_and_writes)
{
	char buf[WALL_TEXT_SIZE];
	wall_t t = {42};

	ck_assert(wall_parse(good[_i].text, strlen(good[_i].text), &t));
	ck_assert_int_eq(t.ms, good[_i].ms);
	ck_assert_str_eq(wall_format(t, buf), good[_i].back);
}
END_TEST

static const char *const bad[] = {
	"",
	"2024-02-30T00:00:00Z",
	"2023-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2024-00-01T00:00:00Z",
	"2024-13-01T00:00:00Z",
	"2024-04-31T00:00:00Z",
	"2024-01-00T00:00:00Z",
	"2024-01-01T24:00:00Z",
	"2024-01-01T00:60:00Z",
	"2024-01-01T00:00:61Z",
	"2024-01-01T00:00:60Z",
	"2016-12-31T23:59:60+01:00",
	"2024-01-01T00:00:00",
	"2024-01-01T00:00Z",
	"2024-01-01",
	"2024-01-01T00:00:00.Z",
	"2024-01-01T00:00:00,5Z",
	"2024-01-01T00:00:00+1:00",
	"2024-01-01T00:00:00+24:00",
	"2024-01-01T00:00:00+23:60",
	"2024-01-01T00:00:00+01:",
	"2024-01-01T00:00:00ZZ",
	"2024-01-01T00:00:00Z ",
	" 2024-01-01T00:00:00Z",
	"2024-01-01_00:00:00Z",
	"24-01-01T00:00:00Z",
	"+2024-01-01T00:00:00Z",
	"2024-1-1T0:0:0Z",
};

START_TEST(refuses)
{
	wall_t t = {42};

	ck_assert_msg(!wall_parse(bad[_i], strlen(bad[_i]), &t), "took %s", bad[_i]);
	ck_assert_int_eq(t.ms, 42);
}
END_TEST

START_TEST(reads_no_further_than_told)
{
	const char text[] = "2024-01-01T00:00:00Z+";
	wall_t t;

	ck_assert(wall_parse(text, 20, &t));
	for (size_t n = 0; n < 20; n++)
		ck_assert(!wall_parse(text, n, &t));
	ck_assert(!wall_parse("2024-01-01T00:00:00\0Z", 21, &t));
}
END_TEST

/* The C library walks the same calendar: one moment of each day of 400 years and a bit. */
START_TEST(agrees_with_the_c_library)
{
	for (int64_t day = -150000; day < 60000; day++) {
		wall_t t = {day * 86400000 + (day * 7919 % 86400) * 1000}, back;
		time_t seconds = (time_t)(t.ms / 1000);
		char ours[WALL_TEXT_SIZE], theirs[WALL_TEXT_SIZE];
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_str_eq(wall_format(t, ours), theirs);
		ck_assert(wall_parse(ours, strlen(ours), &back));
		ck_assert_int_eq(back.ms, t.ms);
	}
}
END_TEST

START_TEST(writes_the_nearest_year_it_has_digits_for)
{
	char buf[WALL_TEXT_SIZE];

	ck_assert_str_eq(wall_format((wall_t){INT64_MIN}, buf), "0000-01-01T00:00:00Z");
	ck_assert_str_eq(wall_format((wall_t){INT64_MAX}, buf), "9999-12-31T23:59:59.999Z");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_wall");
	TCase *t = tcase_create("wall");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, reads_and_writes, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, refuses, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, reads_no_further_than_told);
	tcase_add_test(t, agrees_with_the_c_library);
	tcase_add_test(t, writes_the_nearest_year_it_has_digits_for);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
