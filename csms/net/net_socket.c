#include "csms/net/net_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Long enough for a depot that reconnects at once; the kernel cuts it to net.core.somaxconn. */
enum { BACKLOG = 4096, WHY_SIZE = 200 };

static void explain_bind(
	char why[WHY_SIZE], int error, const char *address, int port, const char *key)
{
	const char *where = address ? address : "any address";

	switch (error) {
	case EADDRINUSE:
		snprintf(why, WHY_SIZE, "port %d is in use by another program; set %s.port", port,
			key);
		break;
	case EACCES:
		snprintf(why, WHY_SIZE,
			"no permission for port %d; set %s.port to 1024 or more, "
			"or grant CAP_NET_BIND_SERVICE",
			port, key);
		break;
	case EADDRNOTAVAIL:
		snprintf(why, WHY_SIZE, "this machine has no address %.60s; set %s.address", where,
			key);
		break;
	default:
		snprintf(why, WHY_SIZE, "cannot listen on %.60s port %d: %s (see %s)", where, port,
			strerror(error), key);
	}
}

static int bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.any, &len))
		return -1;
	return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

static int listen_at(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int net_socket_tcp(
	const char *address, int port, const char *config_key, int *bound, char why[WHY_SIZE])
{
	/* "::" without V6ONLY takes IPv4 too; 0.0.0.0 is for machines without IPv6. */
	const char *const fallback[] = {address ? address : "::", address ? NULL : "0.0.0.0"};
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
	char service[12];
	int fd = -1, error = 0;

	if (port < 0 || port > 65535) {
		snprintf(why, WHY_SIZE, "%d is not a port; set %s.port", port, config_key);
		return -1;
	}
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	snprintf(service, sizeof(service), "%d", port);
	for (int i = 0; i < 2 && fd < 0 && fallback[i]; i++) {
		if (getaddrinfo(fallback[i], service, &hints, &found)) {
			snprintf(why, WHY_SIZE, "\"%.60s\" is not an IP address; set %s.address",
				fallback[i], config_key);
			return -1;
		}
		fd = listen_at(found);
		error = errno;
		freeaddrinfo(found);
		if (fd < 0 && error != EAFNOSUPPORT && error != EADDRNOTAVAIL)
			break;
	}
	if (fd < 0) {
		explain_bind(why, error, address, port, config_key);
		return -1;
	}
	*bound = bound_port(fd);
	return fd;
}

/* True if a program accepts connections there. */
static bool is_alive(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	/* EAGAIN: its backlog is full, so it lives. */
	alive = !connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) || errno == EAGAIN;
	close(fd);
	return alive;
}

static int make_room(const struct sockaddr_un *sun, char why[WHY_SIZE])
{
	struct stat st;

	if (lstat(sun->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, WHY_SIZE, "%s is not a socket; move it away", sun->sun_path);
		return -1;
	}
	if (is_alive(sun)) {
		snprintf(why, WHY_SIZE, "%s is in use by another program", sun->sun_path);
		return -1;
	}
	unlink(sun->sun_path);
	return 0;
}

int net_socket_unix(const char *path, char why[WHY_SIZE])
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		snprintf(why, WHY_SIZE,
			"the path of the Unix socket is longer than %zu bytes; use a shorter data directory",
			sizeof(sun.sun_path) - 1);
		return -1;
	}
	strcpy(sun.sun_path, path);
	if (make_room(&sun, why))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* fchmod before bind: at no time can another user connect. */
	if (fd < 0 || fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
		listen(fd, BACKLOG)) {
		snprintf(why, WHY_SIZE, "cannot listen on %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}
