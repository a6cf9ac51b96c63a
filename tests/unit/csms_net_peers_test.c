#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "csms/net/net_peers.h"

static struct net_peers *peers;

static void setup(void)
{
	peers = net_peers_create();
}

static void teardown(void)
{
	net_peers_destroy(peers);
}

static struct net_address address(const char *text)
{
	struct sockaddr_storage ss = {0};
	struct net_address a;

	if (strchr(text, ':')) {
		ss.ss_family = AF_INET6;
		inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr);
	} else {
		ss.ss_family = AF_INET;
		inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr);
	}
	ck_assert(net_address_from(&ss, &a));
	return a;
}

static mono_t now;

static enum net_peers_verdict come(const char *text, int max, double per_s)
{
	struct net_address a = address(text);
	struct net_peers_limits limits = {max, per_s};

	return net_peers_enter(peers, &a, &limits, now);
}

static bool enter(const char *text, int max)
{
	return come(text, max, 0) == NET_PEERS_OK;
}

static void leave(const char *text)
{
	struct net_address a = address(text);

	net_peers_leave(peers, &a);
}

START_TEST(test_format)
{
	static const char *const texts[] = {"192.0.2.7", "2001:db8::7", "::1"};
	struct sockaddr_storage unix_address = {.ss_family = AF_UNIX};
	struct net_address a;
	char buf[64];

	for (int i = 0; i < 3; i++) {
		a = address(texts[i]);
		ck_assert_str_eq(net_address_format(&a, buf, sizeof(buf)), texts[i]);
	}
	a = address("::ffff:192.0.2.7"); /* an IPv4 client on an IPv6 listener */
	ck_assert_str_eq(net_address_format(&a, buf, sizeof(buf)), "192.0.2.7");
	ck_assert(!net_address_from(&unix_address, &a));
}
END_TEST

START_TEST(test_counts_each_address)
{
	ck_assert(enter("192.0.2.7", 2));
	ck_assert(enter("::ffff:192.0.2.7", 2));
	ck_assert(!enter("192.0.2.7", 2));
	ck_assert(enter("192.0.2.8", 2));
	leave("192.0.2.7");
	ck_assert(enter("192.0.2.7", 2));
	ck_assert(!enter("192.0.2.7", 2));
	for (int i = 0; i < 100; i++)
		ck_assert(enter("192.0.2.9", 0));
	ck_assert(!enter("192.0.2.9", 100));
}
END_TEST

/* Whoever has one IPv6 address has 2^64 of them. */
START_TEST(test_ipv6_counts_by_64)
{
	ck_assert(enter("2001:db8:0:1::1", 2));
	ck_assert(enter("2001:db8:0:1:ffff::2", 2));
	ck_assert(!enter("2001:db8:0:1::3", 2));
	ck_assert(enter("2001:db8:0:2::1", 2));
	leave("2001:db8:0:1::1");
	leave("2001:db8:0:1:ffff::2");
	ck_assert(enter("2001:db8:0:1::3", 1));
}
END_TEST

/* Ten seconds' worth at once, then at the pace; others do not notice, and leaving forgets nothing. */
START_TEST(test_pace_of_an_address)
{
	now = (mono_t){1000000};
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_OK);
		leave("192.0.2.7");
	}
	ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_TOO_FAST);
	ck_assert_int_eq(come("192.0.2.8", 0, 2), NET_PEERS_OK);
	now.us += 500000;
	ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_OK);
	ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_TOO_FAST);
	now.us += 3600 * 1000000ll;
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_OK);
	ck_assert_int_eq(come("192.0.2.7", 0, 2), NET_PEERS_TOO_FAST);
}
END_TEST

/* Many addresses that come once: what is remembered of them is bounded, and who stays is not lost. */
START_TEST(test_many_addresses)
{
	char text[40];

	now = (mono_t){1000000};
	ck_assert_int_eq(come("192.0.2.7", 1, 5), NET_PEERS_OK);
	for (int i = 0; i < 60000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		ck_assert_int_eq(come(text, 1, 5), NET_PEERS_OK);
		leave(text);
		now.us += 1000;
	}
	ck_assert_int_eq(come("192.0.2.7", 1, 5), NET_PEERS_TOO_MANY);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_net_peers");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_format);
	tcase_add_test(t, test_counts_each_address);
	tcase_add_test(t, test_ipv6_counts_by_64);
	tcase_add_test(t, test_pace_of_an_address);
	tcase_add_test(t, test_many_addresses);
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
