/* Error codes and frame writers: protocol rules 13 to 16 (OCPP 2.0.1 part 4, 4.2 and 4.3). */
#include "ocpp/callerror.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct text out;

static void set_up(void)
{
	text_init(&out, 0);
}

static void tear_down(void)
{
	text_finish(&out);
}

static const struct {
	enum ocpp_code code;
	const char *name, *name16;
} names[] = {
	{OCPP_CODE_NOT_IMPLEMENTED, "NotImplemented", "NotImplemented"},
	{OCPP_CODE_NOT_SUPPORTED, "NotSupported", "NotSupported"},
	{OCPP_CODE_INTERNAL_ERROR, "InternalError", "InternalError"},
	{OCPP_CODE_PROTOCOL_ERROR, "ProtocolError", "ProtocolError"},
	{OCPP_CODE_SECURITY_ERROR, "SecurityError", "SecurityError"},
	{OCPP_CODE_FORMAT_VIOLATION, "FormatViolation", "FormationViolation"},
	{OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION, "PropertyConstraintViolation",
		"PropertyConstraintViolation"},
	{OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION, "OccurrenceConstraintViolation",
		"OccurenceConstraintViolation"},
	{OCPP_CODE_TYPE_CONSTRAINT_VIOLATION, "TypeConstraintViolation", "TypeConstraintViolation"},
	{OCPP_CODE_GENERIC_ERROR, "GenericError", "GenericError"},
	{OCPP_CODE_MESSAGE_TYPE_NOT_SUPPORTED, "MessageTypeNotSupported", "GenericError"},
	{OCPP_CODE_RPC_FRAMEWORK_ERROR, "RpcFrameworkError", "GenericError"},
};

#define NAME_COUNT ((int)(sizeof(names) / sizeof(names[0])))

START_TEST(spells_each_code_for_each_version)
{
	enum ocpp_code code = names[_i].code;
	ck_assert_str_eq(ocpp_code_name(code, OCPP_VERSION_2_0_1), names[_i].name);
	ck_assert_str_eq(ocpp_code_name(code, OCPP_VERSION_2_1), names[_i].name);
	ck_assert_str_eq(ocpp_code_name(code, OCPP_VERSION_1_6), names[_i].name16);
	ck_assert_int_eq(ocpp_code_find(names[_i].name), code);
}
END_TEST

START_TEST(understands_every_spelling)
{
	ck_assert_int_eq(NAME_COUNT, OCPP_CODE_COUNT - 1);
	ck_assert_int_eq(ocpp_code_find("FormationViolation"), OCPP_CODE_FORMAT_VIOLATION);
	ck_assert_int_eq(ocpp_code_find("OccurenceConstraintViolation"),
		OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION);
	ck_assert_int_eq(ocpp_code_find("SomethingElse"), OCPP_CODE_GENERIC_ERROR);
	ck_assert_int_eq(ocpp_code_find(""), OCPP_CODE_GENERIC_ERROR);
	ck_assert_str_eq(ocpp_code_name((enum ocpp_code)99, OCPP_VERSION_2_0_1), "GenericError");
}
END_TEST

static const struct {
	enum schema_fault fault;
	enum ocpp_code code;
} faults[] = {
	{SCHEMA_OK, OCPP_CODE_NONE},
	{SCHEMA_BAD_SYNTAX, OCPP_CODE_FORMAT_VIOLATION},
	{SCHEMA_BAD_TYPE, OCPP_CODE_TYPE_CONSTRAINT_VIOLATION},
	{SCHEMA_MISSING, OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION},
	{SCHEMA_UNKNOWN, OCPP_CODE_FORMAT_VIOLATION},
	{SCHEMA_DUPLICATE, OCPP_CODE_FORMAT_VIOLATION},
	{SCHEMA_BAD_LENGTH, OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION},
	{SCHEMA_BAD_RANGE, OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION},
	{SCHEMA_BAD_ENUM, OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION},
	{SCHEMA_BAD_FORMAT, OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION},
	{SCHEMA_BAD_ITEMS, OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION},
	{SCHEMA_NO_MEMORY, OCPP_CODE_INTERNAL_ERROR},
	{(enum schema_fault)99, OCPP_CODE_INTERNAL_ERROR},
};

START_TEST(answers_each_fault_of_the_codec)
{
	ck_assert_int_eq(ocpp_code_of_fault(faults[_i].fault), faults[_i].code);
}
END_TEST

START_TEST(writes_a_call)
{
	ck_assert_int_eq(ocpp_write_call(&out, "a\"b", "Reset", "{\"type\":\"OnIdle\"}"), 0);
	ck_assert_str_eq(out.data, "[2,\"a\\\"b\",\"Reset\",{\"type\":\"OnIdle\"}]");
	text_clear(&out);
	ck_assert_int_eq(ocpp_write_send(&out, "1", "NotifyPeriodicEventStream", NULL), 0);
	ck_assert_str_eq(out.data, "[6,\"1\",\"NotifyPeriodicEventStream\",{}]");
}
END_TEST

START_TEST(gives_the_id_back_as_it_came)
{
	struct ocpp_id id = ocpp_id_make("77");
	ck_assert_int_eq(ocpp_write_result(&out, &id, NULL), 0);
	ck_assert_str_eq(out.data, "[3,\"77\",{}]");
	text_clear(&out);
	id.is_number = true;
	ck_assert_int_eq(ocpp_write_result(&out, &id, "{\"a\":1}"), 0);
	ck_assert_str_eq(out.data, "[3,77,{\"a\":1}]");
}
END_TEST

START_TEST(an_error_has_five_elements)
{
	struct ocpp_id id = ocpp_id_make("x");
	ck_assert_int_eq(ocpp_write_error(&out, &id, OCPP_VERSION_2_0_1, OCPP_CODE_SECURITY_ERROR,
				 NULL, NULL, NULL),
		0);
	ck_assert_str_eq(out.data, "[4,\"x\",\"SecurityError\",\"\",{}]");
	text_clear(&out);
	ocpp_write_error(&out, &id, OCPP_VERSION_1_6, OCPP_CODE_FORMAT_VIOLATION, "why", "a[0].b",
		"Unknown");
	ck_assert_str_eq(out.data, "[4,\"x\",\"FormationViolation\",\"why\","
				   "{\"path\":\"a[0].b\",\"rule\":\"Unknown\"}]");
	text_clear(&out);
	ocpp_write_result_error(&out, &id, OCPP_CODE_FORMAT_VIOLATION, "why", NULL, "Unknown");
	ck_assert_str_eq(out.data, "[5,\"x\",\"FormatViolation\",\"why\",{\"rule\":\"Unknown\"}]");
}
END_TEST

START_TEST(says_where_the_schema_was_broken)
{
	struct ocpp_id id = ocpp_id_make("x");
	struct schema_error why = {
		SCHEMA_BAD_ENUM, "meterValue[2].measurand", "must be one of A, B"};
	ocpp_write_schema_error(&out, &id, OCPP_VERSION_2_0_1, &why);
	ck_assert_ptr_nonnull(strstr(out.data, "\"PropertyConstraintViolation\""));
	ck_assert_ptr_nonnull(strstr(out.data, "\"must be one of A, B\""));
	ck_assert_ptr_nonnull(
		strstr(out.data, "{\"path\":\"meterValue[2].measurand\",\"rule\":\""));
	ck_assert_ptr_nonnull(strstr(out.data, schema_fault_name(SCHEMA_BAD_ENUM)));
}
END_TEST

/* 300 characters of `unit` bytes each become exactly 255, none of them halved. */
static void assert_cut(const char *character)
{
	size_t unit = strlen(character);
	char description[300 * 4 + 1] = "";
	for (int i = 0; i < 300; i++)
		memcpy(description + i * unit, character, unit + 1);
	struct ocpp_id id = ocpp_id_make("x");
	text_clear(&out);
	ocpp_write_error(
		&out, &id, OCPP_VERSION_2_0_1, OCPP_CODE_GENERIC_ERROR, description, NULL, NULL);
	static const char head[] = "[4,\"x\",\"GenericError\",\"";
	ck_assert_uint_eq(out.len, strlen(head) + 255 * unit + strlen("\",{}]"));
	ck_assert(schema_utf8_check(out.data, out.len, NULL));
}

START_TEST(cuts_the_description_between_characters)
{
	assert_cut("a");
	assert_cut("ä");
	assert_cut("€");
	assert_cut("🔌");
}
END_TEST

START_TEST(tells_when_the_text_is_full)
{
	struct ocpp_id id = ocpp_id_make("x");
	text_finish(&out);
	text_init(&out, 8);
	ck_assert_int_eq(ocpp_write_result(&out, &id, "{\"a\":12345}"), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ocpp_callerror");
	TCase *tc = tcase_create("callerror");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, spells_each_code_for_each_version, 0, NAME_COUNT);
	tcase_add_test(tc, understands_every_spelling);
	tcase_add_loop_test(
		tc, answers_each_fault_of_the_codec, 0, (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(tc, writes_a_call);
	tcase_add_test(tc, gives_the_id_back_as_it_came);
	tcase_add_test(tc, an_error_has_five_elements);
	tcase_add_test(tc, says_where_the_schema_was_broken);
	tcase_add_test(tc, cuts_the_description_between_characters);
	tcase_add_test(tc, tells_when_the_text_is_full);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
