/* Secrets in OCPP texts that are kept. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "csms/mask.h"

static const struct {
	const char *in, *out;
} rows[] = {
	/* nothing secret: the very same text */
	{"{\"setVariableData\":[{\"attributeValue\":\"60\",\"variable\":{\"name\":\"HeartbeatInterval\"}}]}",
		NULL},
	/* value before and after the name */
	{"{\"attributeValue\":\"hunter2\",\"variable\":{\"name\":\"BasicAuthPassword\"}}",
		"{\"attributeValue\":\"***\",\"variable\":{\"name\":\"BasicAuthPassword\"}}"},
	{"{\"variable\":{\"name\":\"BasicAuthPassword\"}, \"attributeValue\" : \"hun\\\"ter\\\\\"}",
		"{\"variable\":{\"name\":\"BasicAuthPassword\"}, \"attributeValue\" : \"***\"}"},
	/* in any case of letters */
	{"{\"attributeValue\":\"hunter2\",\"variable\":{\"name\":\"BASICAUTHPASSWORD\"}}",
		"{\"attributeValue\":\"***\",\"variable\":{\"name\":\"BASICAUTHPASSWORD\"}}"},
	/* a report that tells it: only in the entry that names it, wherever the value stands */
	{"{\"reportData\":[{\"variable\":{\"name\":\"A\"},\"variableAttribute\":[{\"value\":\"1\"}]},"
	 "{\"variableAttribute\":[{\"value\":\"hunter2\"}],\"variable\":{\"name\":\"basicAuthPassword\"}}]}",
		"{\"reportData\":[{\"variable\":{\"name\":\"A\"},\"variableAttribute\":[{\"value\":\"1\"}]},"
		"{\"variableAttribute\":[{\"value\":\"***\"}],\"variable\":{\"name\":\"basicAuthPassword\"}}]}"},
	{"[{\"actualValue\":\"hunter2\",\"variable\":{\"name\":\"BasicAuthPassword\"}},{\"value\":\"2\"}]",
		"[{\"actualValue\":\"***\",\"variable\":{\"name\":\"BasicAuthPassword\"}},{\"value\":\"2\"}]"},
	{"{\"variable\":{\"name\":\"BasicAuthPassword\"},\"variableAttribute\":[{\"value\":\"hunt",
		"{\"variable\":{\"name\":\"BasicAuthPassword\"},\"variableAttribute\":[{\"value\":\"***"},
	/* OCPP 1.6: beside its key, and only there */
	{"{\"configurationKey\":[{\"key\":\"A\",\"value\":\"1\"},"
	 "{\"value\":\"hunter2\",\"readonly\":false,\"key\" : \"AuthorizationKey\"}]}",
		"{\"configurationKey\":[{\"key\":\"A\",\"value\":\"1\"},"
		"{\"value\":\"***\",\"readonly\":false,\"key\" : \"AuthorizationKey\"}]}"},
	{"[2,\"1\",\"ChangeConfiguration\",{\"key\":\"AuthorizationKey\",\"value\":\"hunter2\"}]",
		"[2,\"1\",\"ChangeConfiguration\",{\"key\":\"AuthorizationKey\",\"value\":\"***\"}]"},
	{"{\"unknownKey\":[\"AuthorizationKey\"],\"key\":\"A\"}",
		"{\"unknownKey\":[\"AuthorizationKey\"],\"key\":\"A\"}"},
	/* the password of a URL, also with slashes as JSON may write them; an address alone stays */
	{"{\"remoteLocation\":\"ftp://user:hunter2@10.0.0.1/up\",\"x\":\"a:b@c\"}",
		"{\"remoteLocation\":\"ftp://user:*******@10.0.0.1/up\",\"x\":\"a:b@c\"}"},
	{"{\"location\":\"sftp:\\/\\/u:p@ss@host\\/f\"}",
		"{\"location\":\"sftp:\\/\\/u:****@host\\/f\"}"},
	{"{\"location\":\"https://host:8443/a@b:c\"}", NULL},
	{"{\"location\":\"ftp://user@host/\"}", NULL},
	/* network profile */
	{"{\"connectionData\":{\"apn\":{\"apnPassword\":\"s3\"},\"vpn\":{\"password\":\"p\",\"key\":\"k\"}}}",
		"{\"connectionData\":{\"apn\":{\"apnPassword\":\"***\"},\"vpn\":{\"password\":\"***\",\"key\":\"***\"}}}"},
	/* addresses of files */
	{"{\"log\":{\"remoteLocation\":\"https://h:8443/files/in/Abc123\"}}",
		"{\"log\":{\"remoteLocation\":\"https://h:8443/files/in/******\"}}"},
	{"{\"location\":\"https:\\/\\/h\\/files\\/out\\/Abc\\/fw.bin\",\"x\":\"/files/\"}",
		"{\"location\":\"https:\\/\\/h\\/files\\/out\\/***\\/fw.bin\",\"x\":\"/files/\"}"},
	{"{\"location\":\"/files/in/\"}", NULL},
	/* broken off inside of a value: nothing of it is kept */
	{"{\"name\":\"BasicAuthPassword\",\"attributeValue\":\"hunt",
		"{\"name\":\"BasicAuthPassword\",\"attributeValue\":\"***"},
};

START_TEST(secrets_are_hidden)
{
	struct arena *a = arena_create(0);
	size_t len;
	const char *got = mask_secrets(a, rows[_i].in, strlen(rows[_i].in), &len);

	ck_assert_str_eq(got, rows[_i].out ? rows[_i].out : rows[_i].in);
	ck_assert_uint_eq(len, strlen(got));
	if (!rows[_i].out)
		ck_assert_ptr_eq(got, rows[_i].in);
	arena_destroy(a);
}
END_TEST

/* A station may repeat what it was sent, in words of its own, or as 1.6 has it in hexadecimal. */
START_TEST(what_was_sent_is_hidden_wherever_it_stands)
{
	static const char in[] = "[3,\"1\",{\"additionalInfo\":\"bad S3cretS3cret and "
				 "5333637265745333637265740a; S3cretS3cret\"}]";
	struct arena *a = arena_create(0);
	size_t len;

	mask_learn("S3cretS3cret");
	mask_learn("short");
	ck_assert_str_eq(mask_secrets(a, in, strlen(in), &len),
		"[3,\"1\",{\"additionalInfo\":\"bad ************ and "
		"************************0a; ************\"}]");
	ck_assert_uint_eq(len, strlen(in));
	ck_assert_str_eq(mask_learned(a, "short", 5), "short");
	arena_destroy(a);
}
END_TEST

/* The order in which they were learnt does not matter: the longer one is hidden whole. */
START_TEST(a_secret_that_begins_with_another_is_hidden_whole)
{
	static const char *const learnt[][2] = {
		{"AbcdefgH", "AbcdefgHijklmno"}, {"ZyxwvutsRqponml", "Zyxwvuts"}};
	static const char *const in[] = {
		"x AbcdefgHijklmno y AbcdefgH z", "x ZyxwvutsRqponml y Zyxwvuts z"};
	struct arena *a = arena_create(0);

	mask_learn(learnt[_i][0]);
	mask_learn(learnt[_i][1]);
	ck_assert_str_eq(mask_learned(a, in[_i], strlen(in[_i])), "x *************** y ******** z");
	arena_destroy(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mask");
	TCase *c = tcase_create("mask");
	SRunner *r;
	int failed;

	tcase_add_loop_test(c, secrets_are_hidden, 0, sizeof rows / sizeof *rows);
	tcase_add_test(c, what_was_sent_is_hidden_wherever_it_stands);
	tcase_add_loop_test(c, a_secret_that_begins_with_another_is_hidden_whole, 0, 2);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
