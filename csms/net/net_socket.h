/*
 * Listening sockets: made, bound and explained to a person when that fails.
 */
#ifndef CSMS_NET_SOCKET_H
#define CSMS_NET_SOCKET_H

/* A listening TCP socket on `address` (NULL: all, IPv4 and IPv6) and `port` (0: any free one). The
 * descriptor with the bound port in `bound`, or -1 with `why`; `config_key` names the setting to
 * change. */
int net_socket_tcp(
	const char *address, int port, const char *config_key, int *bound, char why[200]);

/* A listening Unix socket at `path`, mode 0600. A leftover that nobody listens on is replaced. */
int net_socket_unix(const char *path, char why[200]);

#endif
