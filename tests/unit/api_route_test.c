#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/route.h"

static const struct route table[] = {
	{"GET", "/api/v1/stations", "", MAY_READ, NULL, NULL, NULL, ""},
	{"GET", "/api/v1/stations/{id}", "limit from", MAY_READ, NULL, NULL, NULL, ""},
	{"PUT", "/api/v1/stations/{id}", "", MAY_SET_UP, NULL, NULL, NULL, ""},
	{"POST", "/api/v1/stations/{id}/calls", "async", MAY_OPERATE, NULL, NULL, NULL, ""},
	{"GET", "/api/v1/tokens/{type}/{value}", "", MAY_READ, NULL, NULL, NULL, ""},
};

static struct arena *a;
static struct route_match m;
static char why[200];

static void setup(void)
{
	a = arena_create(0);
}

static void teardown(void)
{
	arena_destroy(a);
}

static int find(const char *method, const char *path, const char *query)
{
	return route_find(table, sizeof(table) / sizeof(table[0]), method, path, query, a, &m, why);
}

START_TEST(paths_lead_to_rows)
{
	ck_assert_int_eq(find("GET", "/api/v1/stations", ""), 200);
	ck_assert_ptr_eq(m.row, &table[0]);
	ck_assert_int_eq(find("PUT", "/api/v1/stations/CP-7", ""), 200);
	ck_assert_ptr_eq(m.row, &table[2]);
	ck_assert_str_eq(m.param[0], "CP-7");
	ck_assert_int_eq(find("HEAD", "/api/v1/stations/CP-7", ""), 200);
	ck_assert_ptr_eq(m.row, &table[1]);
	ck_assert_int_eq(find("GET", "/api/v1/tokens/ISO14443/04%2fA2%20", ""), 200);
	ck_assert_str_eq(m.param[0], "ISO14443");
	ck_assert_str_eq(m.param[1], "04/A2 ");
}
END_TEST

START_TEST(other_paths_are_refused)
{
	static const struct {
		const char *method, *path;
		int status;
	} rows[] = {
		{"GET", "/api/v1/station", 404},
		{"GET", "/api/v1/stations/", 404},
		{"GET", "/api/v1/stations//calls", 404},
		{"GET", "/api/v1/stations/CP-7/calls/9", 404},
		{"GET", "/api/v1", 404},
		{"GET", "", 404},
		{"DELETE", "/api/v1/stations/CP-7", 405},
		{"GET", "/api/v1/stations/CP-7/calls", 405},
		{"get", "/api/v1/stations", 405},
		{"GET", "/api/v1/stations/%", 400},
		{"GET", "/api/v1/stations/%4", 400},
		{"GET", "/api/v1/stations/%zz", 400},
		{"GET", "/api/v1/stations/a%00b", 400},
		{"GET", "/api/v1/stations/a%0ab", 400},
		{"GET", "/api/v1/stations/%ff", 400},
		{"GET", "/api/v1/stations/%c0%af", 400},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(find(rows[i].method, rows[i].path, "") == rows[i].status, "%s %s",
			rows[i].method, rows[i].path);
}
END_TEST

START_TEST(a_wrong_method_is_told_the_right_ones)
{
	ck_assert_int_eq(find("PATCH", "/api/v1/stations/CP-7", ""), 405);
	ck_assert_str_eq(why, "GET, PUT");
}
END_TEST

START_TEST(queries_are_decoded_and_bounded)
{
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "limit=5&from=a+b%26c&"), 200);
	ck_assert_str_eq(route_query(&m, "limit"), "5");
	ck_assert_str_eq(route_query(&m, "from"), "a b&c");
	ck_assert_ptr_null(route_query(&m, "to"));
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "limit"), 200);
	ck_assert_str_eq(route_query(&m, "limit"), "");
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "limits=5"), 400);
	ck_assert_ptr_nonnull(strstr(why, "limits"));
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "lim=5"), 400);
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "limit=1&limit=2"), 400);
	ck_assert_int_eq(find("GET", "/api/v1/stations/x", "limit=%g0"), 400);
	ck_assert_int_eq(find("GET", "/api/v1/stations", "limit=1"), 400);
}
END_TEST

START_TEST(roles_have_names)
{
	ck_assert_int_eq(role_parse("viewer"), ROLE_VIEWER);
	ck_assert_int_eq(role_parse("admin"), ROLE_ADMIN);
	ck_assert_int_eq(role_parse("nobody"), -1);
	ck_assert_int_eq(role_parse("root"), -1);
	ck_assert_str_eq(role_name(ROLE_OPERATOR), "operator");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api_route");
	TCase *t = tcase_create("route");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, paths_lead_to_rows);
	tcase_add_test(t, other_paths_are_refused);
	tcase_add_test(t, a_wrong_method_is_told_the_right_ones);
	tcase_add_test(t, queries_are_decoded_and_bounded);
	tcase_add_test(t, roles_have_names);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
