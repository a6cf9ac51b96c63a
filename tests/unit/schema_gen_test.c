#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/genschema/genschema.h"

static struct gen_model m;
static char *header, *source;

static char *print(bool (*write)(const struct gen_model *m, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert(write(&m, out));
	fclose(out);
	return text;
}

static void setup(void)
{
	memset(&m, 0, sizeof(m));
	m.arena = arena_create(0);
	m.file = "x.schema";
}

static void teardown(void)
{
	arena_destroy(m.arena);
	free(header);
	free(source);
	header = source = NULL;
}

static void generate(const char *text)
{
	ck_assert_msg(gen_read(&m, text), "%s", m.error);
	header = print(gen_write_header);
	source = print(gen_write_source);
}

#define HAS(text, part) ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text)

static const char sample[] = "schema wire\n"
			     "# a comment\n"
			     "\n"
			     "enum IdTokenEnumType\n"
			     "\tL1-N\n"
			     "\tEnergy.Active.Import\n"
			     "\tcCCS1\n"
			     "struct OuterType\n"
			     "\tinner            InnerType\n"
			     "\tmaybeInner?      InnerType\n"
			     "\tlist?[1..4]      InnerType\n"
			     "\tkinds[]          IdTokenEnumType\n"
			     "struct InnerType open\n"
			     "\tiso15118Version  string 1..50 -- as announced\n"
			     "\tdefault?         int64 0.. =7\n"
			     "\tids?[..9]        int -5..5\n"
			     "\twhen?            datetime\n"
			     "\trate?            number =0.5\n"
			     "\tkind?            IdTokenEnumType =cCCS1\n"
			     "\textra?           any InnerType\n"
			     "struct IdTokenType\n"
			     "\ttype~            IdTokenEnumType =L1-N\n"
			     "action GetOCSPStatus both M06\n"
			     "\trequest\n"
			     "\t\tidToken        IdTokenType\n"
			     "\tresponse\n"
			     "event ThingDone 3 thing\n"
			     "\tok?              bool =true\n";

START_TEST(prints_structs_in_an_order_c_can_read)
{
	generate(sample);
	HAS(header, "\nstruct wire_inner {\n"
		    "\tconst char *iso15118_version; /* as announced */\n"
		    "\tbool has_default_;\n"
		    "\tint64_t default_;\n"
		    "\tstruct schema_ints ids;\n"
		    "\tbool has_when;\n"
		    "\twall_t when;\n"
		    "\tbool has_rate;\n"
		    "\tdouble rate;\n"
		    "\tbool has_kind;\n"
		    "\tenum wire_id_token_enum kind;\n"
		    "\tconst char *extra;\n"
		    "};\n"
		    "struct wire_inner_list {\n"
		    "\tsize_t count;\n"
		    "\tstruct wire_inner *items;\n"
		    "};\n"
		    "extern const struct schema_struct wire_inner_type;\n"
		    "\nstruct wire_outer {\n"
		    "\tstruct wire_inner inner;\n"
		    "\tstruct wire_inner *maybe_inner;\n"
		    "\tstruct wire_inner_list list;\n"
		    "\tstruct wire_id_token_enum_list kinds;\n"
		    "};\n");
	HAS(header, "\nenum wire_id_token_enum {\n"
		    "\tWIRE_ID_TOKEN_L1_N,\n"
		    "\tWIRE_ID_TOKEN_ENERGY_ACTIVE_IMPORT,\n"
		    "\tWIRE_ID_TOKEN_C_CCS1,\n"
		    "};\n");
	HAS(header, "extern const struct schema_enum wire_id_token_enum;\n");
	HAS(header, "struct wire_get_ocsp_status_response {\n\tchar nothing;");
	HAS(header, "enum wire_action_place {\n\tWIRE_GET_OCSP_STATUS,\n\tWIRE_ACTION_COUNT\n};\n");
	HAS(header, "enum wire_event_place {\n\tWIRE_THING_DONE,\n\tWIRE_EVENT_COUNT\n};\n");
}
END_TEST

START_TEST(prints_rows)
{
	generate(sample);
	HAS(source,
		"\t{.name = \"iso15118Version\", .name_len = 15, .kind = SCHEMA_STRING, "
		".at = offsetof(struct wire_inner, iso15118_version), "
		".width = sizeof(((struct wire_inner *)0)->iso15118_version), .required = true, "
		".min = INT64_C(1), .max = INT64_C(50)},\n");
	HAS(source, ".min = INT64_C(0), .max = INT64_C(9007199254740991), .has_fallback = true, "
		    ".fallback = {.integer = 7}},\n");
	HAS(source, ".array = true, .items_min = INT64_C(0), .items_max = INT64_C(9), "
		    ".min = INT64_C(-5), .max = INT64_C(5)},\n");
	HAS(source, ".array = true, .items_min = INT64_C(0), .items_max = SCHEMA_NO_MAX");
	HAS(source, ".fallback = {.number = 0.5}},\n");
	HAS(source, ".required = true, .soft = true, .min = INT64_C(0), .max = INT64_C(0), "
		    ".values = &wire_id_token_enum, "
		    ".has_fallback = true, .fallback = {.integer = 0}},\n");
	HAS(source,
		".values = &wire_id_token_enum, .has_fallback = true, .fallback = {.integer = 2}}");
	HAS(source, "{\"InnerType\", sizeof(struct wire_inner), 7, true, wire_inner_rows};\n");
	HAS(source, "{\"GetOCSPStatusResponse\", sizeof(struct wire_get_ocsp_status_response), 0, "
		    "false, NULL};\n");
	HAS(source, "\t[WIRE_GET_OCSP_STATUS] = {\"GetOCSPStatus\", SCHEMA_FROM_BOTH, "
		    "&wire_get_ocsp_status_request_type, &wire_get_ocsp_status_response_type, "
		    "\"M06\"},\n");
	HAS(source,
		"\t[WIRE_THING_DONE] = {\"ThingDone\", 3, \"thing\", &wire_thing_done_type},\n");
	HAS(source, "\t[WIRE_ID_TOKEN_L1_N] = \"L1-N\",\n");
}
END_TEST

START_TEST(a_list_steps_aside_for_a_struct_of_its_name)
{
	generate("schema x\nstruct RouteType\n\ta int\n"
		 "struct RouteListType\n\troutes[] RouteType\n");
	HAS(header, "struct x_route_items {\n\tsize_t count;\n\tstruct x_route *items;\n};\n");
	HAS(header, "struct x_route_list {\n\tstruct x_route_items routes;\n};\n");
}
END_TEST

static const struct {
	const char *wire;
	const char *snake;
} names[] = {
	{"OCSPRequestData", "ocsp_request_data"},
	{"iso15118SchemaVersion", "iso15118_schema_version"},
	{"Get15118EVCertificate", "get15118_ev_certificate"},
	{"NotifyEVChargingNeeds", "notify_ev_charging_needs"},
	{"EVSE", "evse"},
	{"already_snake", "already_snake"},
	{"L1-N", "l1_n"},
	{"Power.Factor", "power_factor"},
	{"s309-1P-16A", "s309_1_p_16_a"},
};

START_TEST(makes_c_names)
{
	ck_assert_str_eq(gen_snake(m.arena, names[_i].wire), names[_i].snake);
}
END_TEST

START_TEST(cuts_type_endings)
{
	ck_assert_str_eq(gen_stem(m.arena, "AttributeEnumType"), "Attribute");
	ck_assert_str_eq(gen_stem(m.arena, "EVSEType"), "EVSE");
	ck_assert_str_eq(gen_stem(m.arena, "TypeEnumType"), "Type");
	ck_assert_str_eq(gen_stem(m.arena, "Type"), "Type");
}
END_TEST

/* What it does not understand it refuses, with the line. */
static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{"", "x.schema:1: the first line must be 'schema NAME'"},
	{"enum A\n\tb\n", "x.schema:1: the first line must be 'schema NAME'"},
	{"schema a\nschema b\n", "x.schema:2: expected one 'schema NAME'"},
	{"schema a\n\n# c\ntable B\n", "x.schema:4: 'table' is not understood"},
	{"schema a\n\tb int\n", "x.schema:2: nothing may stand at this depth here"},
	{"schema a\nstruct B\n\t\tb int\n", "x.schema:3: nothing may stand at this depth here"},
	{"schema a\nstruct B\n  b int\n", "x.schema:3: indent with tabs"},
	{"schema a\nstruct B shut\n", "x.schema:2: expected 'struct NAME' or 'struct NAME open'"},
	{"schema a\nstruct B\n\tb\n", "x.schema:3: a field needs a name and a kind"},
	{"schema a\nstruct B\n\tb-c int\n", "x.schema:3: 'b-c' is not a name"},
	{"schema a\nstruct B\n\tb~ int\n", "x.schema:3: without a default b cannot be left out"},
	{"schema a\nstruct B\n\tb~? int\n", "x.schema:3: 'b~' is not a name"},
	{"schema a\nstruct B\n\tb[ int\n", "x.schema:3: '[' without ']'"},
	{"schema a\nstruct B\n\tb[4..1] int\n", "x.schema:3: bad array bounds [4..1]"},
	{"schema a\nstruct B\n\tb[-1..] int\n", "x.schema:3: bad array bounds [-1..]"},
	{"schema a\nstruct B\n\tb integer\n", "x.schema:3: nothing is called integer"},
	{"schema a\nstruct B\n\tb int 5\n", "x.schema:3: a number needs bounds a..b, not '5'"},
	{"schema a\nstruct B\n\tb int 5..1\n",
		"x.schema:3: bounds '5..1' leave nothing or go too far"},
	{"schema a\nstruct B\n\tb int 0..3000000000\n",
		"x.schema:3: bounds '0..3000000000' leave nothing or go too far"},
	{"schema a\nstruct B\n\tb int ..\n", "x.schema:3: bad bounds '..'"},
	{"schema a\nstruct B\n\tb string 1..x\n", "x.schema:3: bad bounds '1..x'"},
	{"schema a\nstruct B\n\tb string -1..4\n",
		"x.schema:3: bounds '-1..4' leave nothing or go too far"},
	{"schema a\nstruct B\n\tb bool 1\n", "x.schema:3: '1' is not understood here"},
	{"schema a\nstruct B\n\tb int int\n", "x.schema:3: bad bounds 'int'"},
	{"schema a\nstruct B\n\tb? int =1 0..2\n", "x.schema:3: nothing may follow a default"},
	{"schema a\nstruct B\n\tb int =1\n",
		"x.schema:3: only an optional scalar can have a default"},
	{"schema a\nstruct B\n\tb?[] int =1\n",
		"x.schema:3: only an optional scalar can have a default"},
	{"schema a\nstruct B\n\tb? int 0..5 =6\n", "x.schema:3: '6' cannot be the default of b"},
	{"schema a\nstruct B\n\tb? bool =yes\n", "x.schema:3: 'yes' cannot be the default of b"},
	{"schema a\nstruct B\n\tb? number =nan\n", "x.schema:3: 'nan' cannot be the default of b"},
	{"schema a\nstruct B\n\tb? string 2 =abc\n",
		"x.schema:3: 'abc' cannot be the default of b"},
	{"schema a\nstruct B\n\tb? datetime =now\n",
		"x.schema:3: 'now' cannot be the default of b"},
	{"schema a\nenum E\n\tx\nstruct B\n\tb? E =y\n",
		"x.schema:5: 'y' cannot be the default of b"},
	{"schema a\nstruct B\n\tb int\n\tb int\n", "x.schema:4: field b stands there twice"},
	{"schema a\nstruct B\n\taB int\n\ta_b int\n", "x.schema:4: field a_b stands there twice"},
	{"schema a\nstruct B\n\tb[] bool\n", "x.schema:3: lists of this kind are not supported"},
	{"schema a\nstruct B\n\tb any C\nstruct C\n", "x.schema:3: C must be open to check an any"},
	{"schema a\nstruct B\n\tb? C\nstruct C\n\tb[] B\n", "x.schema:2: B contains itself"},
	{"schema a\nstruct BType\nstruct B\n", "x.schema:3: B has the C name of line 2"},
	{"schema a\nenum B\n\tx\nenum BEnumType\n\tx\n",
		"x.schema:4: BEnumType has the C name of line 2"},
	{"schema a\nenum B\n", "x.schema:2: enum B has no values"},
	{"schema a\nenum B\n\tx y\n", "x.schema:3: one value a line"},
	{"schema a\nenum B\n\tx\"\n", "x.schema:3: bad character in the value"},
	{"schema a\nenum B\n\tx-y\n\tx.y\n", "x.schema:4: value x.y stands there twice"},
	{"schema a\nenum B\n\tc-d\nenum B_C\n\td\n",
		"x.schema:4: the C name A_B_C_D is already taken"},
	{"schema a\naction B nobody C01\n",
		"x.schema:2: expected 'action NAME station|csms|both USE'"},
	{"schema a\naction B csms C01\n\trequest\n", "x.schema:2: B lacks a request or a response"},
	{"schema a\naction B csms C01\n\trequest\n\trequest\n",
		"x.schema:4: expected one 'request' and one 'response'"},
	{"schema a\naction B csms C01\n\tanswer\n",
		"x.schema:3: expected one 'request' and one 'response'"},
	{"schema a\nevent B 0 c\n", "x.schema:2: expected 'event NAME VERSION STREAM'"},
	{"schema a\nevent B x c\n", "x.schema:2: expected 'event NAME VERSION STREAM'"},
	{"schema a\nstruct B\n\ta b c d e f g h i\n", "x.schema:3: too many words"},
};

START_TEST(refuses)
{
	ck_assert(!gen_read(&m, refused[_i].text));
	ck_assert_str_eq(m.error, refused[_i].error);
}
END_TEST

START_TEST(refuses_more_fields_than_the_codec_counts)
{
	char text[2000] = "schema a\nstruct B\n";

	for (int i = 0; i < 65; i++)
		sprintf(text + strlen(text), "\tf%d int\n", i);
	ck_assert(!gen_read(&m, text));
	ck_assert_str_eq(m.error, "x.schema:67: more than 64 fields");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_gen");
	TCase *t = tcase_create("gen");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, prints_structs_in_an_order_c_can_read);
	tcase_add_test(t, prints_rows);
	tcase_add_test(t, a_list_steps_aside_for_a_struct_of_its_name);
	tcase_add_loop_test(t, makes_c_names, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(t, cuts_type_endings);
	tcase_add_loop_test(t, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, refuses_more_fields_than_the_codec_counts);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
