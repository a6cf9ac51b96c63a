/* Where OCSP may lead depotd: by the address as it is written, and by the one that a name means. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include "csms/certificates/emaid.h"
#include "csms/certificates/ocsp_hosts.h"

static const char *named[] = {"ocsp.example", "other.example:8080", "10.1.2.3", "[::1]:9000",
	"127.0.0.1:8880", "not a host", ""};
static const struct schema_strings hosts = {sizeof named / sizeof *named, named};

static const struct {
	const char *url;
	bool may;
} urls[] = {
	{"http://ocsp.example", true},
	{"http://ocsp.example/", true},
	{"HTTPS://OCSP.Example/a?b#c", true},
	{"https://ocsp.example:443/x", true},
	{"http://ocsp.example:80", true},
	{"http://other.example:8080/", true},
	{"http://10.1.2.3/", true},
	{"http://[::1]:9000/", true},
	{"http://127.0.0.1:8880/mo", true},
	{"http://ocsp.example:22/", false},
	{"http://other.example/", false},
	{"http://ocsp.example./", false},
	{"http://evil.example/", false},
	{"http://ocsp.example.evil.example/", false},
	{"http://evil.example/ocsp.example", false},
	{"http://evil.example#ocsp.example", false},
	{"http://evil.example?ocsp.example", false},
	{"http://ocsp.example@evil.example/", false},
	{"http://evil.example\\@ocsp.example/", false},
	{"http://u:p@ocsp.example/", false},
	{"http://ocsp.example:/", false},
	{"http://ocsp.example:0/", false},
	{"http://ocsp.example:99999/", false},
	{"http://ocsp.example:80:80/", false},
	{"http://ocsp.example:+80/", false},
	{"http://ocsp%2eexample/", false},
	{"http://ocsp.example%00.evil/", false},
	{"http:///ocsp.example/", false},
	{"http:/ocsp.example/", false},
	{"//ocsp.example/", false},
	{"ftp://ocsp.example/", false},
	{"file:///etc/passwd", false},
	{"http://", false},
	{"", false},
	{" http://ocsp.example/", false},
	{"http://ocsp.example/\r\nX: y", false},
	{"http://ocsp.example/\xc3\xa9", false},
	{"http://167838211/", false}, /* 10.1.2.3 */
	{"http://0x0a010203/", false},
	{"http://10.1.515/", false},
	{"http://[::ffff:10.1.2.3]/", false},
	{"http://[::1]/", false},
	{"http://[::1", false},
	{"http://[]/", false},
	{"http://[::1]9000/", false},
};

START_TEST(only_what_the_config_names_is_asked)
{
	char why[200];

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		ck_assert_msg(ocsp_hosts_allow(&hosts, urls[i].url, why) == urls[i].may, "%s",
			urls[i].url);
	ck_assert(!ocsp_hosts_allow(&hosts, "http://evil.example/", why));
	ck_assert_str_eq(why, "the responder evil.example:80 is not in trust.ocsp_hosts: add it if "
			      "it is your authority's");
}
END_TEST

static const struct {
	const char *address;
	int port;
	bool may;
} addresses[] = {
	{"8.8.8.8", 80, true},
	{"172.32.0.1", 80, true},
	{"2a00:1450::1", 443, true},
	{"0.0.0.0", 80, false},
	{"127.0.0.1", 80, false},
	{"127.0.0.1", 8880, true}, /* named, with this port */
	{"127.255.255.254", 8880, false},
	{"10.0.0.1", 80, false},
	{"10.1.2.3", 80, true}, /* named */
	{"10.1.2.3", 22, false},
	{"172.16.0.1", 80, false},
	{"172.31.255.255", 80, false},
	{"192.168.1.1", 80, false},
	{"169.254.169.254", 80, false},
	{"100.64.0.1", 80, false},
	{"198.18.0.1", 80, false},
	{"224.0.0.1", 80, false},
	{"255.255.255.255", 80, false},
	{"::", 80, false},
	{"::1", 80, false},
	{"::1", 9000, true}, /* named */
	{"::ffff:127.0.0.1", 80, false},
	{"::ffff:127.0.0.1", 8880, true}, /* the same place */
	{"::ffff:10.1.2.3", 443, true},
	{"::ffff:8.8.8.8", 80, true},
	{"::7f00:1", 80, false},
	{"64:ff9b::7f00:1", 80, false},
	{"2002:7f00:1::", 80, false},
	{"2001::1", 80, false},
	{"fe80::1", 80, false},
	{"fc00::1", 80, false},
	{"fd12::1", 80, false},
	{"fec0::1", 80, false},
	{"ff02::1", 80, false},
};

static bool reach(const char *text, int port)
{
	struct sockaddr_in six4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, text, &six4.sin_addr) == 1)
		return ocsp_hosts_reach(&hosts, (const struct sockaddr *)&six4);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return ocsp_hosts_reach(&hosts, (const struct sockaddr *)&six);
}

START_TEST(a_name_leads_to_no_private_address)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		ck_assert_msg(reach(addresses[i].address, addresses[i].port) == addresses[i].may,
			"%s %d", addresses[i].address, addresses[i].port);
	ck_assert(!ocsp_hosts_reach(&hosts, &local));
}
END_TEST

START_TEST(a_contract_is_the_same_however_it_is_written)
{
	char out[EMAID_SIZE];

	ck_assert(emaid_normal("NL-LAB-C00000001-X", out));
	ck_assert_str_eq(out, "NLLABC00000001");
	ck_assert(emaid_same("nllabc00000001", "NL-LAB-C00000001"));
	ck_assert(emaid_same("NLLABC000000017", "NLLABC00000001"));
	ck_assert(!emaid_same("NLLABC00000002", "NLLABC00000001"));
	ck_assert(!emaid_same("", ""));
	ck_assert(!emaid_normal("NLLABC0000000", out));
	ck_assert(!emaid_normal("NLLABC00000001XY", out));
	ck_assert(!emaid_normal("1LLABC00000001", out));
	ck_assert(!emaid_normal("NLLABC0000 001", out));
	ck_assert(!emaid_normal("NLLABC000000\xc3\xa9", out));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ocsp_hosts");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, only_what_the_config_names_is_asked);
	tcase_add_test(t, a_name_leads_to_no_private_address);
	tcase_add_test(t, a_contract_is_the_same_however_it_is_written);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
