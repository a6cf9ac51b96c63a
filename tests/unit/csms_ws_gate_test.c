#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/net/ws_gate.h"

#define C48 "123456789012345678901234567890123456789012345678"

static const struct {
	const char *base, *target;
	const char *identity; /* NULL: 404 */
} paths[] = {
	{"/ocpp", "/ocpp/CP-1", "CP-1"},
	{"/ocpp", "/ocpp/CP-1/", "CP-1"}, /* one slash is tolerated */
	{"/ocpp", "/ocpp/CP-1//", NULL},
	{"/ocpp", "/ocpp/CP-1?key=1", "CP-1"},
	{"/ocpp", "/ocpp/CP-1/?key=/x", "CP-1"},
	{"/ocpp", "/ocpp/RDAM%7C123", "RDAM|123"},
	{"/ocpp", "/ocpp/A%2bB+C%2B", "A+B+C+"},
	{"/ocpp", "/ocpp/%41%5f=@*", "A_=@*"},
	{"/ocpp", "/ocpp/CP..1", "CP..1"},
	{"/ocpp", "/ocpp/.", NULL}, /* dots alone are a path */
	{"/ocpp", "/ocpp/..", NULL},
	{"/ocpp", "/ocpp/%2e%2E", NULL},
	{"/ocpp", "/ocpp/RDAM%20123", NULL}, /* a blank is no identifierString */
	{"/ocpp", "/ocpp/" C48, C48},
	{"/ocpp", "/ocpp/" C48 "9", NULL},
	{"/ocpp", "/ocpp/%31" C48, NULL},
	{"/ocpp", "/ocpp/A%2FB", NULL},
	{"/ocpp", "/ocpp/CP%2F", NULL},
	{"/ocpp", "/ocpp/A/B", NULL},
	{"/ocpp", "/ocpp/A:B", NULL}, /* would split the Basic credentials */
	{"/ocpp", "/ocpp/A%3AB", NULL},
	{"/ocpp", "/ocpp/A%", NULL},
	{"/ocpp", "/ocpp/A%4", NULL},
	{"/ocpp", "/ocpp/A%4G", NULL},
	{"/ocpp", "/ocpp/A%G4", NULL},
	{"/ocpp", "/ocpp/A%00B", NULL},
	{"/ocpp", "/ocpp/A%C3%BC", NULL},
	{"/ocpp", "/ocpp/", NULL},
	{"/ocpp", "/ocpp//", NULL},
	{"/ocpp", "/ocpp", NULL},
	{"/ocpp", "/ocpp?x", NULL},
	{"/ocpp", "/ocp", NULL},
	{"/ocpp", "/", NULL},
	{"/ocpp", "/ocppX/CP-1", NULL},
	{"/ocpp", "/OCPP/CP-1", NULL},
	{"/ocpp", "/api/v1", NULL},
	{"/ocpp/", "/ocpp/CP-1", "CP-1"},
	{"/", "/CP-1", "CP-1"},
	{"", "/CP-1", "CP-1"},
	{"/a/b", "/a/b/CP-1", "CP-1"},
};

START_TEST(test_identity)
{
	char identity[WS_IDENTITY_MAX + 1];
	const char *why = NULL;
	int result = ws_gate_identity(paths[_i].target, paths[_i].base, identity, &why);

	ck_assert_msg(result == (paths[_i].identity ? 0 : -1), "%s", paths[_i].target);
	ck_assert_ptr_nonnull(why);
	if (paths[_i].identity)
		ck_assert_str_eq(identity, paths[_i].identity);
}
END_TEST

static const struct {
	const char *header;
	const char *user; /* NULL: not to be read */
	const char *password;
	size_t len;
} basics[] = {
	{"Basic Q1AtMTpzZWNyZXQ=", "CP-1", "secret", 6},
	{"basic   Q1AtMTpzZWNyZXQ=", "CP-1", "secret", 6},
	{"Basic Q1AtMTphOmI6Yw==", "CP-1", "a:b:c", 5}, /* the first colon splits */
	{"Basic Q1AtMToA/wo=", "CP-1", "\0\xff\n", 3}, /* any bytes */
	{"Basic Q1AtMTo=", "CP-1", "", 0}, {"Basic OnNlY3JldA==", "", "secret", 6},
	{"Basic Og==", "", "", 0}, {"Basic Q1AtMQ==", NULL, NULL, 0}, /* no colon */
	{"Basic Q1AtMTpzZWNyZXQ", NULL, NULL, 0}, /* no padding */
	{"Basic Q1AtMTpz ZWNyZXQ=", NULL, NULL, 0}, {"Basic Q1AtMT=zZWNyZXQ=", NULL, NULL, 0},
	{"Basic ====", NULL, NULL, 0}, {"Basic !!!!", NULL, NULL, 0}, {"Basic ", NULL, NULL, 0},
	{"Basic", NULL, NULL, 0}, {"", NULL, NULL, 0}, {"Bearer Q1AtMTpzZWNyZXQ=", NULL, NULL, 0},
	{"BasicQ1AtMTpzZWNyZXQ=", NULL, NULL, 0},
	{"Basic QwBQOng=", NULL, NULL, 0}, /* NUL in the user */
};

START_TEST(test_basic)
{
	struct ws_basic b;
	bool read = ws_gate_basic(basics[_i].header, &b);

	ck_assert_msg(read == (basics[_i].user != NULL), "%s", basics[_i].header);
	if (!read)
		return;
	ck_assert_str_eq(b.user, basics[_i].user);
	ck_assert_uint_eq(b.password_len, basics[_i].len);
	ck_assert_mem_eq(b.password, basics[_i].password, b.password_len);
}
END_TEST

START_TEST(test_basic_is_bounded)
{
	struct ws_basic b;
	char header[8 + 684 + 4 + 1] = "Basic ";

	memset(header + 6, 'O', 684); /* 513 bytes of "8"s and ":"s would not fit */
	header[6 + 684] = '\0';
	ck_assert(!ws_gate_basic(header, &b));
	header[6 + 680] = '\0';
	memcpy(header + 6, "Og==", 0);
	memcpy(header + 6, "Ojo6", 4); /* ":::" */
	ck_assert(ws_gate_basic(header, &b));
	ck_assert_uint_eq(b.password_len, 509);
}
END_TEST

#define GET  "GET /ocpp/X HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define UP   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static const struct {
	const char *head;
	int status;
} upgrades[] = {
	{GET HOST UP V13 KEY "\r\n", 101},
	{GET HOST "upgrade: foo, WebSocket\r\nconnection: keep-alive, UPGRADE\r\n" V13 KEY "\r\n",
		101},
	{GET HOST "\r\n", 426},
	{GET HOST "Upgrade: websocket\r\n" V13 KEY "\r\n", 426},
	{GET HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n" V13 KEY "\r\n", 426},
	{"GET /ocpp/X HTTP/1.0\r\n" HOST UP V13 KEY "\r\n", 426},
	{GET HOST UP KEY "\r\n", 426},
	{GET HOST UP "Sec-WebSocket-Version: 8\r\n" KEY "\r\n", 426},
	{GET HOST UP V13 "\r\n", 400},
	{GET HOST UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n", 400},
	{GET HOST UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n\r\n", 400},
	{GET HOST UP V13 "Sec-WebSocket-Key: !GhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 400},
	{GET UP V13 KEY "\r\n", 400},
	{GET HOST UP V13 KEY KEY "\r\n", 400},
	{GET HOST UP V13 V13 KEY "\r\n", 400},
	{GET HOST UP V13 KEY "Content-Length: 0\r\n\r\n", 101},
	{GET HOST UP V13 KEY "Content-Length: 1\r\n\r\n", 400},
	{GET HOST UP V13 KEY "Transfer-Encoding: chunked\r\n\r\n", 400},
	{"POST /ocpp/X HTTP/1.1\r\n" HOST UP V13 KEY "\r\n", 405},
};

START_TEST(test_upgrade)
{
	struct http_head h;
	char text[1024];
	const char *why = NULL;

	snprintf(text, sizeof(text), "%s", upgrades[_i].head);
	ck_assert_int_eq(http_head_parse(text, strlen(text), &h), 0);
	ck_assert_msg(ws_gate_upgrade(&h, &why) == upgrades[_i].status, "%s", upgrades[_i].head);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(test_accept_key)
{
	char accept[29];

	ws_gate_accept_key("dGhlIHNhbXBsZSBub25jZQ==", accept); /* RFC 6455 1.3 */
	ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

#define ROWS(t) (int)(sizeof(t) / sizeof((t)[0]))

static Suite *suite(void)
{
	Suite *s = suite_create("csms_ws_gate");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, test_identity, 0, ROWS(paths));
	tcase_add_loop_test(t, test_basic, 0, ROWS(basics));
	tcase_add_test(t, test_basic_is_bounded);
	tcase_add_loop_test(t, test_upgrade, 0, ROWS(upgrades));
	tcase_add_test(t, test_accept_key);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
