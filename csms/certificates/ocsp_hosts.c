#include "csms/certificates/ocsp_hosts.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 253, TEXT_SIZE = HOST_MAX + 1 };

struct place {
	char host[TEXT_SIZE]; /* a literal IPv6 address without its brackets */
	int port; /* 0: none was named */
};

/* -- words ------------------------------------------------------------------------------------ */

static bool read_port(const char *text, size_t len, int *port)
{
	*port = 0;
	if (len == 0 || len > 5 || strspn(text, "0123456789") < len)
		return false;
	*port = atoi(text);
	return *port > 0 && *port < 65536;
}

/* "host", "host:port", "[::1]:port" of `len` characters, and nothing else. */
static bool read_place(const char *text, size_t len, struct place *out)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	const char *end = text + len, *host = text, *host_end, *rest;

	*out = (struct place){.port = 0};
	if (len && text[0] == '[') {
		host = text + 1;
		host_end = memchr(host, ']', len - 1);
		if (!host_end ||
			strspn(host, "0123456789abcdefABCDEF:.") < (size_t)(host_end - host))
			return false;
		rest = host_end + 1;
	} else {
		size_t n = strspn(text, name);

		host_end = text + (n < len ? n : len);
		rest = host_end;
	}
	if (host_end == host || host_end - host > HOST_MAX)
		return false;
	memcpy(out->host, host, (size_t)(host_end - host));
	if (rest == end)
		return true;
	return *rest == ':' && read_port(rest + 1, (size_t)(end - rest - 1), &out->port);
}

static bool is_port_of(const struct place *may, int port)
{
	return may->port ? may->port == port : port == 80 || port == 443;
}

/* Strict on purpose: what is not plainly host and port is refused, so that nobody downstream can
 * read it in another way. */
static bool read_url(const char *url, struct place *out)
{
	size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
			: strncasecmp(url, "http://", 7) == 0 ? 7
							      : 0;

	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '\\')
			return false;
	if (!scheme || !read_place(url + scheme, strcspn(url + scheme, "/?#"), out))
		return false;
	if (!out->port)
		out->port = scheme == 8 ? 443 : 80;
	return true;
}

bool ocsp_hosts_allow(const struct schema_strings *hosts, const char *url, char why[200])
{
	struct place at, may;

	if (!read_url(url, &at)) {
		snprintf(why, 200, "%s",
			url[0] ? "the responder's address is no plain http(s) address"
			       : "the certificate names no responder that could be asked");
		return false;
	}
	for (size_t i = 0; i < hosts->count; i++) {
		if (!read_place(hosts->items[i], strlen(hosts->items[i]), &may) ||
			strcasecmp(may.host, at.host) != 0)
			continue;
		if (is_port_of(&may, at.port))
			return true;
	}
	snprintf(why, 200,
		"the responder %.100s:%d is not in trust.ocsp_hosts: add it if it is your "
		"authority's",
		at.host, at.port);
	return false;
}

/* -- addresses -------------------------------------------------------------------------------- */

/* Networks that the Internet does not lead to (IANA special-purpose registries). */
static const struct {
	uint32_t network;
	int bits;
} private4[] = {
	{0x00000000, 8}, /* this network */
	{0x0a000000, 8}, /* private, RFC 1918 */
	{0x64400000, 10}, /* carrier-grade NAT */
	{0x7f000000, 8}, /* loopback */
	{0xa9fe0000, 16}, /* link-local; clouds keep their secrets there */
	{0xac100000, 12}, /* private */
	{0xc0000000, 24}, /* protocol assignments */
	{0xc0a80000, 16}, /* private */
	{0xc6120000, 15}, /* benchmarks */
	{0xe0000000, 3}, /* multicast, reserved, broadcast */
};

static bool is_private4(uint32_t ip)
{
	for (size_t i = 0; i < sizeof private4 / sizeof *private4; i++)
		if ((ip ^ private4[i].network) >> (32 - private4[i].bits) == 0)
			return true;
	return false;
}

static uint32_t last4(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Only 2000::/3 is the Internet; what wraps an IPv4 address is that address. */
static bool is_private6(const struct in6_addr *a)
{
	const unsigned char *b = a->s6_addr;

	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
		return is_private4(last4(b + 2));
	if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] < 2) /* Teredo and its like */
		return true;
	if (b[0] == 0 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b) /* NAT64 */
		return is_private4(last4(b + 12));
	return (b[0] & 0xe0) != 0x20;
}

/* An address of the config, by itself. */
static bool is_named(
	const struct schema_strings *hosts, int family, const void *address, in_port_t port)
{
	unsigned char named[16];
	struct place may;

	for (size_t i = 0; i < hosts->count; i++)
		if (read_place(hosts->items[i], strlen(hosts->items[i]), &may) &&
			is_port_of(&may, ntohs(port)) && inet_pton(family, may.host, named) == 1 &&
			memcmp(named, address, family == AF_INET ? 4 : 16) == 0)
			return true;
	return false;
}

bool ocsp_hosts_reach(const void *hosts, const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *to = (const void *)address;

		return !is_private4(ntohl(to->sin_addr.s_addr)) ||
		       is_named(hosts, AF_INET, &to->sin_addr, to->sin_port);
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *to = (const void *)address;
		const struct in6_addr *a = &to->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a))
			return !is_private4(last4(a->s6_addr + 12)) ||
			       is_named(hosts, AF_INET, a->s6_addr + 12, to->sin6_port);
		return !is_private6(a) || is_named(hosts, AF_INET6, a, to->sin6_port);
	}
	return false;
}
