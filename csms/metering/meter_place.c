#include "csms/metering/meter_place.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Networks of private use: RFC 1918. Not loopback nor link-local, behind which this machine and
 * the clouds' own services are. */
static const struct {
	uint32_t network;
	int bits;
} private_networks[] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};

static bool is_private(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;
	uint32_t a;

	if (inet_pton(AF_INET6, host, &v6) == 1)
		return (v6.s6_addr[0] & 0xfe) == 0xfc; /* RFC 4193 */
	if (inet_pton(AF_INET, host, &v4) != 1)
		return false;
	a = ntohl(v4.s_addr);
	for (size_t i = 0; i < sizeof private_networks / sizeof *private_networks; i++)
		if (a >> (32 - private_networks[i].bits) ==
			private_networks[i].network >> (32 - private_networks[i].bits))
			return true;
	return false;
}

static bool has_host(const struct core *c, const char *host)
{
	const struct depot_file *d = c->depot;

	for (size_t i = 0; i < d->meters.count; i++)
		if (d->meters.items[i].tcp && strcasecmp(d->meters.items[i].tcp->host, host) == 0)
			return true;
	for (size_t i = 0; i < c->config->meter_hosts.count; i++)
		if (strcasecmp(c->config->meter_hosts.items[i], host) == 0)
			return true;
	return false;
}

int meter_place_host(const struct core *c, const char *host, char why[300])
{
	if (is_private(host) || has_host(c, host))
		return 0;
	snprintf(why, 300,
		"%.100s is no private address: meters are looked for in 10.0.0.0/8, 172.16.0.0/12, "
		"192.168.0.0/16, fc00::/7, at hosts of the depot's meters and at meter_hosts of the "
		"config",
		host);
	return -1;
}

int meter_place_device(const char *device, char why[300])
{
	static const char *const folders[] = {
		"/dev/tty", "/dev/serial/by-id/", "/dev/serial/by-path/"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (strncmp(device, folders[i], strlen(folders[i])) == 0 && !strstr(device, "..") &&
			strcmp(device, "/dev/tty") != 0)
			return 0;
	snprintf(why, 300,
		"%.100s is no serial line: /dev/tty…, /dev/serial/by-id/… or /dev/serial/by-path/…",
		device);
	return -1;
}
