#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/auth.h"
#include "csms/secret.h"

#define MINUTE INT64_C(60000)

static struct auth *t;
static struct auth_who who;
static char code[AUTH_SECRET_SIZE], sid[AUTH_SECRET_SIZE], cookie[200];

static void setup(void)
{
	clock_simulate((wall_t){1800000000000});
	t = auth_create(3);
}

static void teardown(void)
{
	auth_destroy(t);
}

/* Signs in by a fresh link; the cookie header stands in `cookie`. */
static void sign_in(enum role role)
{
	ck_assert_int_eq(auth_link_make(t, "anna", role, NULL, code), 0);
	ck_assert(auth_sign_in(t, code, "", sid, &who));
	snprintf(cookie, sizeof(cookie), "theme=dark; __Host-sid=%s; x=y", sid);
}

START_TEST(a_link_works_once)
{
	ck_assert_int_eq(auth_link_make(t, "anna", ROLE_OPERATOR, NULL, code), 0);
	ck_assert_uint_ge(strlen(code), 32);
	ck_assert(!auth_sign_in(t, "somethingelsesomethingelse", "", sid, &who));
	ck_assert(auth_sign_in(t, code, "", sid, &who));
	ck_assert_int_eq(who.role, ROLE_OPERATOR);
	ck_assert_str_eq(who.actor, "user:anna");
	ck_assert_uint_eq(strlen(sid), 43);
	ck_assert_uint_eq(strlen(who.csrf), 32);
	ck_assert(!auth_sign_in(t, code, "", sid, &who));
}
END_TEST

START_TEST(a_link_gets_too_old)
{
	ck_assert_int_eq(auth_link_make(t, "anna", ROLE_ADMIN, NULL, code), 0);
	clock_advance_ms(AUTH_LINK_MINUTES * MINUTE - 1);
	char other[AUTH_SECRET_SIZE];
	ck_assert_int_eq(auth_link_make(t, "bert", ROLE_ADMIN, NULL, other), 0);
	clock_advance_ms(1);
	ck_assert(!auth_sign_in(t, code, "", sid, &who));
	ck_assert(auth_sign_in(t, other, "", sid, &who));
}
END_TEST

START_TEST(waiting_links_are_bounded)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(auth_link_make(t, "anna", ROLE_VIEWER, NULL, code), 0);
	ck_assert_int_eq(auth_link_make(t, "anna", ROLE_VIEWER, NULL, code), -1);
	clock_advance_ms(AUTH_LINK_MINUTES * MINUTE);
	ck_assert_int_eq(auth_link_make(t, "anna", ROLE_VIEWER, NULL, code), 0);
}
END_TEST

START_TEST(a_session_is_found_by_its_cookie)
{
	struct auth_who again;

	sign_in(ROLE_VIEWER);
	ck_assert(auth_session(t, cookie, &again));
	ck_assert_str_eq(again.csrf, who.csrf);
	ck_assert_int_eq(again.role, ROLE_VIEWER);
	ck_assert(!auth_session(t, "", &again));
	ck_assert(!auth_session(t, "__Host-sid=", &again));
	ck_assert(!auth_session(t, "sid=whatever; __Host-sid2=x", &again));
	cookie[strlen("theme=dark; __Host-sid=")] ^= 1;
	ck_assert(!auth_session(t, cookie, &again));
}
END_TEST

START_TEST(a_session_goes_idle)
{
	sign_in(ROLE_VIEWER);
	for (int i = 0; i < 4; i++) {
		clock_advance_ms(AUTH_IDLE_MINUTES * MINUTE - 1);
		ck_assert(auth_session(t, cookie, &who));
	}
	clock_advance_ms(AUTH_IDLE_MINUTES * MINUTE);
	ck_assert(!auth_session(t, cookie, &who));
	ck_assert_int_eq(auth_session_count(t), 0);
}
END_TEST

START_TEST(a_session_ends_whatever_it_does)
{
	sign_in(ROLE_VIEWER);
	for (int i = 0; i < AUTH_ABSOLUTE_MINUTES / 20 - 1; i++) {
		clock_advance_ms(20 * MINUTE);
		ck_assert(auth_alive(t, &who));
	}
	clock_advance_ms(20 * MINUTE);
	ck_assert(!auth_alive(t, &who));
	ck_assert(!auth_session(t, cookie, &who));
}
END_TEST

START_TEST(signing_in_again_ends_the_old_session)
{
	char old[200];

	sign_in(ROLE_VIEWER);
	memcpy(old, cookie, sizeof(old));
	ck_assert_int_eq(auth_link_make(t, "anna", ROLE_ADMIN, NULL, code), 0);
	ck_assert(auth_sign_in(t, code, old, sid, &who));
	ck_assert(!auth_session(t, old, &who));
	ck_assert_int_eq(auth_session_count(t), 1);
	snprintf(cookie, sizeof(cookie), "__Host-sid=%s", sid);
	auth_sign_out(t, cookie);
	ck_assert(!auth_session(t, cookie, &who));
}
END_TEST

START_TEST(forged_requests_are_refused)
{
	static const char host[] = "depot.example:8443", origin[] = "https://depot.example:8443";
	char why[200];

	sign_in(ROLE_ADMIN);
	ck_assert(auth_csrf_ok(&who, who.csrf, origin, host, "", why));
	ck_assert(auth_csrf_ok(&who, who.csrf, "", host, "same-origin", why));
	ck_assert(!auth_csrf_ok(&who, "", origin, host, "", why));
	ck_assert(!auth_csrf_ok(&who, "wrong", origin, host, "", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "", host, "", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "", host, "cross-site", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "null", host, "same-origin", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "https://evil.example", host, "", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "https://depot.example:8443.evil", host, "", why));
	ck_assert(!auth_csrf_ok(&who, who.csrf, "https://", "", "", why));
}
END_TEST

START_TEST(api_tokens_hold_until_revoked_or_expired)
{
	char digest[65], header[100], first[41];
	const char *secret = "dt_0123456789012345678901234567890123456789";
	const char nodes[2][61] = {"east", "yard"};

	secret_digest(secret, strlen(secret), digest);
	snprintf(header, sizeof(header), "Bearer %s", secret);
	ck_assert(!auth_bearer(t, header, "192.0.2.9", &who, first));
	ck_assert_int_eq(auth_token_add(t, &(struct auth_token){.id = "id1",
						   .digest = digest,
						   .name = "job",
						   .role = ROLE_OPERATOR,
						   .expires = wall_add_ms(clock_wall(), 1000),
						   .node_count = 2,
						   .nodes = nodes}),
		0);
	struct auth_token other = {
		.id = "id2", .digest = digest, .name = "job", .role = ROLE_ADMIN};
	ck_assert_int_eq(auth_token_add(t, &other), -1);
	ck_assert(auth_bearer(t, header, "192.0.2.9", &who, first));
	ck_assert_str_eq(who.actor, "apitoken:job");
	ck_assert_str_eq(first, "id1");
	ck_assert_int_eq(who.node_count, 2);
	ck_assert_str_eq(who.nodes[1], "yard");
	ck_assert(auth_bearer(t, header, "192.0.2.9", &who, first));
	ck_assert_str_eq(first, "");
	ck_assert_int_eq(who.role, ROLE_OPERATOR);
	ck_assert(!auth_bearer(t, secret, "192.0.2.9", &who, first));
	ck_assert(!auth_bearer(t, "Bearer dt_other", "192.0.2.9", &who, first));
	clock_advance_ms(1000);
	ck_assert(!auth_bearer(t, header, "192.0.2.9", &who, first));
	ck_assert(auth_token_remove(t, "id1"));
	ck_assert(!auth_token_remove(t, "id1"));
	other.id = "id3";
	ck_assert_int_eq(auth_token_add(t, &other), 0);
	ck_assert(auth_bearer(t, header, "192.0.2.9", &who, first));
	ck_assert(auth_alive(t, &who));
	ck_assert(auth_token_remove(t, "id3"));
	ck_assert(!auth_alive(t, &who));
}
END_TEST

START_TEST(what_was_not_told_of_an_address_is_told_with_the_next)
{
	struct auth *own = auth_create(3);
	int64_t missed = -1;

	for (int i = 0; i < 2; i++) {
		ck_assert(auth_may_tell(own, "192.0.2.1", 2, &missed));
		ck_assert_int_eq(missed, 0);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(!auth_may_tell(own, "192.0.2.1", 2, &missed));
	ck_assert(auth_may_tell(own, "192.0.2.2", 2, &missed));
	ck_assert_int_eq(missed, 0);
	clock_advance_ms(61000);
	ck_assert(!auth_blocked(own, "192.0.2.1"));
	ck_assert(auth_may_tell(own, "192.0.2.1", 2, &missed));
	ck_assert_int_eq(missed, 5);
	ck_assert(auth_may_tell(own, "192.0.2.1", 2, &missed));
	ck_assert_int_eq(missed, 0);
	auth_destroy(own);
}
END_TEST

START_TEST(failures_are_counted_by_address_and_minute)
{
	ck_assert(!auth_blocked(t, "192.0.2.1"));
	for (int i = 0; i < 3; i++)
		ck_assert(!auth_failed(t, "192.0.2.1"));
	ck_assert(auth_blocked(t, "192.0.2.1"));
	ck_assert(auth_failed(t, "192.0.2.1"));
	ck_assert(!auth_blocked(t, "192.0.2.2"));
	clock_advance_ms(MINUTE);
	ck_assert(!auth_blocked(t, "192.0.2.1"));
	ck_assert_int_eq(auth_failure_count(t), 4);
}
END_TEST

START_TEST(many_addresses_cost_bounded_memory)
{
	char address[40];

	for (int i = 0; i < 30000; i++) {
		snprintf(address, sizeof(address), "2001:db8::%x", i);
		auth_failed(t, address);
	}
	for (int i = 0; i < 3; i++)
		auth_failed(t, "192.0.2.1");
	ck_assert(auth_blocked(t, "192.0.2.1"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api_auth");
	TCase *c = tcase_create("auth");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_link_works_once);
	tcase_add_test(c, a_link_gets_too_old);
	tcase_add_test(c, waiting_links_are_bounded);
	tcase_add_test(c, a_session_is_found_by_its_cookie);
	tcase_add_test(c, a_session_goes_idle);
	tcase_add_test(c, a_session_ends_whatever_it_does);
	tcase_add_test(c, signing_in_again_ends_the_old_session);
	tcase_add_test(c, forged_requests_are_refused);
	tcase_add_test(c, api_tokens_hold_until_revoked_or_expired);
	tcase_add_test(c, what_was_not_told_of_an_address_is_told_with_the_next);
	tcase_add_test(c, failures_are_counted_by_address_and_minute);
	tcase_add_test(c, many_addresses_cost_bounded_memory);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
