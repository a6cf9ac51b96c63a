/* Subprotocol negotiation: protocol rule 3 (OCPP 2.1 part 4, 3.1.2). */
#include "ocpp/version.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define V16  OCPP_VERSION_BIT(OCPP_VERSION_1_6)
#define V201 OCPP_VERSION_BIT(OCPP_VERSION_2_0_1)
#define V21  OCPP_VERSION_BIT(OCPP_VERSION_2_1)

static const struct {
	const char *offered;
	unsigned supported;
	enum ocpp_version want;
} rows[] = {
	{"ocpp2.0.1", OCPP_VERSION_ALL, OCPP_VERSION_2_0_1},
	{"ocpp0.1,ocpp2.0.1", OCPP_VERSION_ALL, OCPP_VERSION_2_0_1},
	{"ocpp0.1", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{"ocpp2.1, ocpp2.0.1", OCPP_VERSION_ALL, OCPP_VERSION_2_1},
	{"ocpp2.1, ocpp2.0.1", V201 | V16, OCPP_VERSION_2_0_1},
	/* the client's order decides, not ours */
	{"ocpp1.6, ocpp2.0.1", OCPP_VERSION_ALL, OCPP_VERSION_1_6},
	{"ocpp1.6, ocpp2.0.1", V201, OCPP_VERSION_2_0_1},
	/* several headers joined, empty entries, stray space, duplicates */
	{" ,\tocpp2.0.1 ,, ocpp2.0.1,", OCPP_VERSION_ALL, OCPP_VERSION_2_0_1},
	{"ocpp0.1\r\nocpp2.1\r\n ocpp1.6", OCPP_VERSION_ALL, OCPP_VERSION_2_1},
	{"ocpp1.5 ocpp1.6", OCPP_VERSION_ALL, OCPP_VERSION_1_6},
	/* names are compared whole, and case matters */
	{"OCPP2.0.1", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{"ocpp2.0", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{"ocpp2.0.10,ocpp1.66", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{"none", OCPP_VERSION_ALL | 1u, OCPP_VERSION_NONE},
	{"", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{" , ,", OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{NULL, OCPP_VERSION_ALL, OCPP_VERSION_NONE},
	{"ocpp2.0.1", 0, OCPP_VERSION_NONE},
	{"ocpp2.1", V21, OCPP_VERSION_2_1},
};

START_TEST(negotiates_in_the_clients_order)
{
	enum ocpp_version got = ocpp_version_negotiate(rows[_i].offered, rows[_i].supported);
	ck_assert_msg(got == rows[_i].want, "\"%s\" gave %s, not %s", rows[_i].offered,
		ocpp_version_name(got), ocpp_version_name(rows[_i].want));
}
END_TEST

START_TEST(names_and_back)
{
	for (int v = OCPP_VERSION_1_6; v < OCPP_VERSION_COUNT; v++) {
		const char *name = ocpp_version_name((enum ocpp_version)v);
		ck_assert_int_eq(ocpp_version_find(name, strlen(name)), v);
		ck_assert_int_eq(ocpp_version_find(name, strlen(name) - 1), OCPP_VERSION_NONE);
	}
	ck_assert_str_eq(ocpp_version_name((enum ocpp_version)77), "none");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ocpp_version");
	TCase *tc = tcase_create("version");
	tcase_add_loop_test(
		tc, negotiates_in_the_clients_order, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, names_and_back);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
