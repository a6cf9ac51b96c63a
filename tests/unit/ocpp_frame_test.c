/* Frames: protocol rules 13 to 16, one row a case (OCPP 2.0.1 part 4, 4.1 to 4.4). */
#include "ocpp/frame.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID36 "123456789012345678901234567890123456"
#define V16  OCPP_VERSION_1_6
#define V201 OCPP_VERSION_2_0_1
#define V21  OCPP_VERSION_2_1

static struct ocpp_frame frame;
static struct ocpp_frame_error err;

static int parse_with(const char *text, const struct ocpp_limits *limits)
{
	/* An exact copy on the heap, so that reading one byte too many is found. */
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	int rc = ocpp_frame_parse(copy, len, limits, &frame, &err);
	if (rc == 0 && frame.payload.len != 2) {
		static char kept[70000];
		ck_assert_uint_lt(frame.payload.len, sizeof(kept));
		memcpy(kept, frame.payload.at, frame.payload.len);
		frame.payload.at = kept;
	} else if (rc == 0) {
		frame.payload.at = "{}";
	}
	free(copy);
	return rc;
}

static int parse(const char *text, enum ocpp_version version)
{
	return parse_with(text, &(struct ocpp_limits){.version = version});
}

static const struct {
	const char *text;
	enum ocpp_version version;
	enum ocpp_frame_type type;
	const char *id, *action, *payload;
} good[] = {
	{"[2,\"1\",\"Heartbeat\",{}]", V201, OCPP_CALL, "1", "Heartbeat", "{}"},
	{"[2,\"1\",\"Heartbeat\",null]", V16, OCPP_CALL, "1", "Heartbeat", "{}"},
	{"\n[ 2 ,\t\"1\" , \"Heartbeat\" ,\r\n { \"a\" : [ 1.5e-3 ] } ] ", V16, OCPP_CALL, "1",
		"Heartbeat", "{ \"a\" : [ 1.5e-3 ] }"},
	{"[2,\"" ID36 "\",\"A\",{}]", V201, OCPP_CALL, ID36, "A", "{}"},
	{"[2,\"\\u00e4\\ud83d\\udd0c\\/\",\"\\u0041\",{}]", V201, OCPP_CALL, "ä🔌/", "A", "{}"},
	{"[2,4711,\"A\",{}]", V201, OCPP_CALL, "4711", "A", "{}"},
	{"[2,-1,\"A\",{}]", V201, OCPP_CALL, "-1", "A", "{}"},
	{"[2,\"1\",\"A\",{\"b\":\"]}\\\"[{\",\"c\":true,\"d\":false,\"e\":null,\"f\":-0.5E+7}]",
		V201, OCPP_CALL, "1", "A",
		"{\"b\":\"]}\\\"[{\",\"c\":true,\"d\":false,\"e\":null,\"f\":-0.5E+7}"},
	{"[3,\"1\",{\"status\":\"Accepted\"}]", V201, OCPP_CALLRESULT, "1", "",
		"{\"status\":\"Accepted\"}"},
	{"[3,\"1\",null]", V201, OCPP_CALLRESULT, "1", "", "{}"},
	{"[6,\"1\",\"NotifyPeriodicEventStream\",{\"id\":1}]", V21, OCPP_SEND, "1",
		"NotifyPeriodicEventStream", "{\"id\":1}"},
};

START_TEST(slices_good_frames)
{
	ck_assert_msg(parse(good[_i].text, good[_i].version) == 0, "%s: %s", good[_i].text,
		err.description);
	ck_assert_int_eq(frame.type, good[_i].type);
	ck_assert_str_eq(frame.id.text, good[_i].id);
	ck_assert_str_eq(frame.action, good[_i].action);
	ck_assert_uint_eq(frame.payload.len, strlen(good[_i].payload));
	ck_assert_mem_eq(frame.payload.at, good[_i].payload, frame.payload.len);
}
END_TEST

#define SILENT false
#define ANSWER true
#define RPC    OCPP_CODE_RPC_FRAMEWORK_ERROR
#define FORMAT OCPP_CODE_FORMAT_VIOLATION
#define TYPE   OCPP_CODE_MESSAGE_TYPE_NOT_SUPPORTED

static const struct {
	const char *text;
	enum ocpp_version version;
	bool may_answer;
	const char *id;
	enum ocpp_code code;
} bad[] = {
	/* rule 14: nothing readable, so "-1" */
	{"", V201, ANSWER, "-1", RPC},
	{"   ", V201, ANSWER, "-1", RPC},
	{"hello", V201, ANSWER, "-1", RPC},
	{"{}", V201, ANSWER, "-1", RPC},
	{"[]", V201, ANSWER, "-1", RPC},
	{"[2]", V201, ANSWER, "-1", RPC},
	{"[2,", V201, ANSWER, "-1", RPC},
	{"[2,]", V201, ANSWER, "-1", RPC},
	{"[2,\"abc", V201, ANSWER, "-1", RPC},
	{"[2,\"\\x\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"a\nb\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\xff\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\xed\xa0\x80\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"\xef\xbb\xbf[2,\"1\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	/* rule 13: an id is a string of 1 to 36 characters, or what stations make of it */
	{"[2,\"" ID36 "7\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,null,\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,1.5,\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,1e3,\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,007,\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,{},\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\\u0000\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\\ud83d\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\\ud83d\\u0041\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	{"[2,\"\\udd0c\\ud83d\",\"A\",{}]", V201, ANSWER, "-1", RPC},
	/* not a valid RPC request, but the id can be read */
	{"[2,\"1\"]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",\"A\"]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",\"A\",{},{}]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",\"A\",{}", V201, ANSWER, "1", RPC},
	{"[2,\"1\",\"A\",{}]]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",\"A\",{}] [2,\"2\",\"A\",{}]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",3,{}]", V201, ANSWER, "1", RPC},
	{"[2,\"1\",null,{}]", V201, ANSWER, "1", RPC},
	{"[2,\"1\" \"A\",{}]", V201, ANSWER, "1", RPC},
	{"[\"2\",\"1\",\"A\",{}]", V201, ANSWER, "1", RPC},
	{"[2.0,\"1\",\"A\",{}]", V201, ANSWER, "1", RPC},
	{"[null,\"1\",\"A\",{}]", V201, ANSWER, "1", RPC},
	/* rule 15: the payload is not JSON */
	{"[2,\"1\",\"A\",{a:1}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":1,}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\" 1}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":[1 2]}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":01}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":1.}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":.5}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":1e}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":+1}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":-}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":NaN}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":nul}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":'b'}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":\"\\u12g4\"}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":\"\xc3\x28\"}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":\"\xc0\x80\"}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{/**/}]", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":1", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",{\"a\":[", V201, ANSWER, "1", FORMAT},
	{"[2,\"1\",\"A\",", V201, ANSWER, "1", FORMAT},
	/* rule 15: not the structure of a PDU */
	{"[2,\"1\",\"A\",[]]", V201, ANSWER, "1", OCPP_CODE_PROTOCOL_ERROR},
	{"[2,\"1\",\"A\",\"{}\"]", V201, ANSWER, "1", OCPP_CODE_PROTOCOL_ERROR},
	{"[2,\"1\",\"A\",7]", V201, ANSWER, "1", OCPP_CODE_PROTOCOL_ERROR},
	/* rule 15: an action longer than any */
	{"[2,\"1\",\"A23456789B23456789C23456789D23456789E23456789F23456789G23456789H\",{}]", V201,
		ANSWER, "1", OCPP_CODE_NOT_IMPLEMENTED},
	{"[2,\"1\",\"\\u0000\",{}]", V201, ANSWER, "1", OCPP_CODE_NOT_IMPLEMENTED},
	/* rule 14: a type that the version does not know; 1.6 ignores it */
	{"[7,\"1\",\"A\",{}]", V201, ANSWER, "1", TYPE},
	{"[1,\"1\"]", V201, ANSWER, "1", TYPE},
	{"[0,\"1\"]", V21, ANSWER, "1", TYPE},
	{"[-3,\"1\"]", V21, ANSWER, "1", TYPE},
	{"[99999999999999999999,\"1\"]", V21, ANSWER, "1", TYPE},
	{"[7,[],{}]", V201, ANSWER, "-1", TYPE},
	{"[5,\"1\",\"GenericError\",\"\",{}]", V201, ANSWER, "1", TYPE},
	{"[6,\"1\",\"A\",{}]", V201, ANSWER, "1", TYPE},
	{"[7,\"1\",\"A\",{}]", V16, SILENT, "1", TYPE},
	/* rule 14: what is an answer itself is never answered */
	{"[3,\"1\"]", V201, SILENT, "1", RPC},
	{"[3,\"1\",[]]", V201, SILENT, "1", OCPP_CODE_PROTOCOL_ERROR},
	{"[3,\"1\",{]", V201, SILENT, "1", FORMAT},
	{"[3,\"1\",{}", V201, SILENT, "1", RPC},
	{"[3,null,{}]", V201, SILENT, "-1", RPC},
	{"[3", V201, SILENT, "-1", RPC},
	{"[3,", V201, SILENT, "-1", RPC},
	{"[4,\"1\",\"GenericError\",\"\",{},1]", V201, SILENT, "1", RPC},
	{"[4,\"1\",\"GenericError\",\"\",{}", V201, SILENT, "1", RPC},
	{"[4,\"1\",Oops]", V201, SILENT, "1", RPC},
	{"[4,\"1\",\"GenericError\"] x", V201, SILENT, "1", RPC},
	{"[5,\"1\",", V21, SILENT, "1", RPC},
	{"[6,\"1\",\"A\"]", V21, SILENT, "1", RPC},
	{"[6,\"1\",\"A\",{]", V21, SILENT, "1", FORMAT},
};

START_TEST(refuses_with_the_right_code_and_id)
{
	ck_assert_msg(parse(bad[_i].text, bad[_i].version) == -1, "took %s", bad[_i].text);
	ck_assert_msg(err.may_answer == bad[_i].may_answer, "%s may_answer", bad[_i].text);
	ck_assert_msg(err.code == bad[_i].code, "%s: %s, not %s (%s)", bad[_i].text,
		ocpp_code_name(err.code, V201), ocpp_code_name(bad[_i].code, V201),
		err.description);
	ck_assert_str_eq(err.id.text, bad[_i].id);
	ck_assert_int_eq(err.has_id, strcmp(bad[_i].id, "-1") != 0);
	ck_assert_str_ne(err.description, "");
	ck_assert_uint_le(err.at, strlen(bad[_i].text));
}
END_TEST

START_TEST(its_own_complaints_are_good_frames)
{
	struct text out;
	text_init(&out, 0);
	enum ocpp_version version = bad[_i].version;
	parse(bad[_i].text, version);
	struct ocpp_frame_error first = err;
	ck_assert_int_eq(ocpp_write_frame_error(&out, version, &first), 0);
	ck_assert_msg(parse(out.data, version) == 0, "%s: %s", out.data, err.description);
	ck_assert_int_eq(frame.type, OCPP_CALLERROR);
	ck_assert_str_eq(frame.id.text, first.id.text);
	ck_assert_str_eq(frame.code_text, ocpp_code_name(first.code, version));
	ck_assert_str_eq(frame.description, first.description);
	text_finish(&out);
}
END_TEST

static const struct {
	const char *text;
	enum ocpp_code code;
	const char *code_text, *description, *details;
} complaints[] = {
	{"[4,\"1\",\"NotSupported\",\"no \\\"such\\\" thing\",{\"a\":1}]", OCPP_CODE_NOT_SUPPORTED,
		"NotSupported", "no \"such\" thing", "{\"a\":1}"},
	{"[4,\"1\",\"FormationViolation\",\"\",{}]", OCPP_CODE_FORMAT_VIOLATION,
		"FormationViolation", "", "{}"},
	{"[4,\"1\",\"Whatever\",null,null]", OCPP_CODE_GENERIC_ERROR, "Whatever", "", "{}"},
	{"[4,\"1\",\"InternalError\"]", OCPP_CODE_INTERNAL_ERROR, "InternalError", "", "{}"},
	{"[4,\"1\"]", OCPP_CODE_GENERIC_ERROR, "", "", "{}"},
	{"[4,\"1\",17,18,\"19\"]", OCPP_CODE_GENERIC_ERROR, "", "", "{}"},
};

START_TEST(reads_complaints_leniently)
{
	const char *text = complaints[_i].text;
	ck_assert_int_eq(ocpp_frame_parse(text, strlen(text),
				 &(struct ocpp_limits){.version = V201}, &frame, &err),
		0);
	ck_assert_int_eq(frame.type, OCPP_CALLERROR);
	ck_assert_int_eq(frame.code, complaints[_i].code);
	ck_assert_str_eq(frame.code_text, complaints[_i].code_text);
	ck_assert_str_eq(frame.description, complaints[_i].description);
	ck_assert_uint_eq(frame.details.len, strlen(complaints[_i].details));
	ck_assert_mem_eq(frame.details.at, complaints[_i].details, frame.details.len);
}
END_TEST

START_TEST(cuts_a_long_complaint)
{
	char text[4000] = "[4,\"1\",\"", *p = text + strlen(text);
	p += sprintf(p, "%0200d\",\"", 0);
	for (int i = 0; i < 400; i++)
		p += sprintf(p, "€");
	sprintf(p, "\",{}]");
	ck_assert_int_eq(parse(text, V201), 0);
	ck_assert_uint_eq(strlen(frame.code_text), OCPP_ACTION_SIZE - 1);
	ck_assert_uint_eq(strlen(frame.description), 255 * strlen("€"));
}
END_TEST

START_TEST(keeps_numeric_ids_numeric)
{
	ck_assert_int_eq(parse("[2,17,\"A\",{}]", V16), 0);
	ck_assert(frame.id.is_number);
	ck_assert_int_eq(parse("[2,\"17\",\"A\",{}]", V16), 0);
	ck_assert(!frame.id.is_number);
}
END_TEST

START_TEST(counts_id_characters_not_bytes)
{
	char text[400] = "[2,\"";
	for (int i = 0; i < 36; i++)
		strcat(text, "🔌");
	char longer[400];
	snprintf(longer, sizeof(longer), "%s🔌\",\"A\",{}]", text);
	strcat(text, "\",\"A\",{}]");
	ck_assert_int_eq(parse(text, V201), 0);
	ck_assert_uint_eq(strlen(frame.id.text), 36 * 4);
	ck_assert_int_eq(parse(longer, V201), -1);
	ck_assert_str_eq(err.id.text, "-1");
}
END_TEST

START_TEST(holds_the_size_limit)
{
	const char text[] = "[2,\"big\",\"A\",{\"a\":\"0123456789\"}]";
	struct ocpp_limits limits = {.version = V201, .max_bytes = sizeof(text) - 1};
	ck_assert_int_eq(parse_with(text, &limits), 0);
	limits.max_bytes--;
	ck_assert_int_eq(parse_with(text, &limits), -1);
	ck_assert_int_eq(err.code, OCPP_CODE_GENERIC_ERROR);
	ck_assert_str_eq(err.id.text, "big");
	ck_assert(err.may_answer);
	limits.max_bytes = 5; /* too small to see the id */
	ck_assert_int_eq(parse_with(text, &limits), -1);
	ck_assert_str_eq(err.id.text, "-1");
}
END_TEST

/* A CALL whose payload has `depth` - 2 arrays in an object. */
static void nest(char *text, int depth)
{
	char *p = text + sprintf(text, "[2,\"1\",\"A\",{\"a\":");
	for (int i = 0; i < depth - 2; i++)
		*p++ = '[';
	for (int i = 0; i < depth - 2; i++)
		*p++ = ']';
	strcpy(p, "}]");
}

START_TEST(holds_the_depth_limit)
{
	static char text[60000];
	struct ocpp_limits limits = {.version = V201, .max_depth = 7};
	nest(text, 7);
	ck_assert_int_eq(parse_with(text, &limits), 0);
	nest(text, 8);
	ck_assert_int_eq(parse_with(text, &limits), -1);
	ck_assert_int_eq(err.code, OCPP_CODE_FORMAT_VIOLATION);
	limits.max_depth = 1000000; /* capped, so the stack is safe */
	nest(text, OCPP_DEPTH_MAX);
	ck_assert_int_eq(parse_with(text, &limits), 0);
	nest(text, 20000);
	ck_assert_int_eq(parse_with(text, &limits), -1);
}
END_TEST

START_TEST(names_the_types)
{
	ck_assert_str_eq(ocpp_frame_type_name(OCPP_CALL), "CALL");
	ck_assert_str_eq(ocpp_frame_type_name(OCPP_SEND), "SEND");
	ck_assert_str_eq(ocpp_frame_type_name(OCPP_FRAME_UNKNOWN), "?");
	ck_assert_str_eq(ocpp_frame_type_name((enum ocpp_frame_type)1000), "?");
}
END_TEST

static unsigned next_random(void)
{
	static unsigned state = 12345;
	state = state * 1664525u + 1013904223u;
	return state >> 8;
}

/* Any damage to a good frame is either a frame that can be written again, or a complaint that
 * says one thing clearly. */
START_TEST(survives_random_damage)
{
	static const char spice[] = "[]{}\",:\\ \n0129-+.eEtfnulrsax\x80\xc3\xff\x01";
	int taken = 0, refused = 0;
	for (int round = 0; round < 40000; round++) {
		char text[200];
		size_t len = (size_t)snprintf(text, sizeof(text), "%s",
			good[next_random() % (sizeof(good) / sizeof(good[0]))].text);
		for (unsigned hits = next_random() % 3 + 1; hits > 0 && len > 0; hits--) {
			size_t at = next_random() % len;
			if (next_random() % 3 == 0) {
				memmove(text + at, text + at + 1, len - at);
				len--;
			} else {
				text[at] = spice[next_random() % (sizeof(spice) - 1)];
			}
		}
		text[len] = '\0';
		if (parse(text, V21) == 0) {
			taken++;
			ck_assert(frame.id.text[0]);
			ck_assert(frame.payload.at[0] == '{');
		} else {
			refused++;
			ck_assert_int_ne(err.code, OCPP_CODE_NONE);
			bool is_answer = err.type != OCPP_CALL && err.type != OCPP_FRAME_UNKNOWN;
			ck_assert(err.may_answer == !is_answer);
			ck_assert(err.has_id || strcmp(err.id.text, "-1") == 0);
		}
	}
	ck_assert_int_gt(taken, 1000);
	ck_assert_int_gt(refused, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ocpp_frame");
	TCase *tc = tcase_create("frame");
	int bad_count = (int)(sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, slices_good_frames, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tc, refuses_with_the_right_code_and_id, 0, bad_count);
	tcase_add_loop_test(tc, its_own_complaints_are_good_frames, 0, bad_count);
	tcase_add_loop_test(tc, reads_complaints_leniently, 0,
		(int)(sizeof(complaints) / sizeof(complaints[0])));
	tcase_add_test(tc, cuts_a_long_complaint);
	tcase_add_test(tc, keeps_numeric_ids_numeric);
	tcase_add_test(tc, counts_id_characters_not_bytes);
	tcase_add_test(tc, holds_the_size_limit);
	tcase_add_test(tc, holds_the_depth_limit);
	tcase_add_test(tc, names_the_types);
	tcase_add_test(tc, survives_random_damage);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
