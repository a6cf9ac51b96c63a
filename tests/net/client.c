#include "tests/net/client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 8000 };

void client_connect(struct client *c, int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	c->len = 0;
	inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
}

void client_connect_unix(struct client *c, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	c->len = 0;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
}

void client_send(struct client *c, const void *bytes, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(c->fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0)
			return; /* the peer left: what it said before is the matter of the test */
		sent += (size_t)n;
	}
}

void client_send_text(struct client *c, const char *text)
{
	client_send(c, text, strlen(text));
}

/* More bytes into c->in. 1, 0 at the end, -1 on timeout. */
static int fill(struct client *c, int ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return -1;
	n = recv(c->fd, c->in + c->len, sizeof(c->in) - c->len - 1, 0);
	if (n <= 0)
		return 0;
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	return 1;
}

static void take(struct client *c, size_t n, char *out, size_t size)
{
	if (out) {
		ck_assert_uint_lt(n, size);
		memcpy(out, c->in, n);
		out[n] = '\0';
	}
	c->len -= n;
	memmove(c->in, c->in + n, c->len);
}

bool client_read_until(struct client *c, const char *text, char *out, size_t size)
{
	const unsigned char *found;

	while (!(found = memmem(c->in, c->len, text, strlen(text)))) {
		if (fill(c, PATIENCE_MS) <= 0)
			return false;
	}
	take(c, (size_t)(found - c->in) + strlen(text), out, size);
	return true;
}

int client_read_reply(struct client *c, char *out, size_t size)
{
	size_t head, body = 0;
	const char *length;
	int status = 0;

	if (!client_read_until(c, "\r\n\r\n", out, size))
		return -1;
	head = strlen(out);
	sscanf(out, "HTTP/1.1 %d", &status);
	length = strcasestr(out, "content-length:");
	if (length)
		body = (size_t)atol(length + 15);
	while (c->len < body && fill(c, PATIENCE_MS) > 0)
		;
	take(c, body < c->len ? body : c->len, out + head, size - head);
	return status;
}

bool client_sees_end(struct client *c, int ms)
{
	int got;

	while ((got = fill(c, ms)) > 0)
		c->len = 0;
	return got == 0;
}

bool client_sees_silence(struct client *c, int ms)
{
	return !c->len && fill(c, ms) < 0;
}

int client_upgrade(struct client *c, const char *path, const char *headers, char *out, size_t size)
{
	char request[4096];
	int n = snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: depot.example\r\nUpgrade: websocket\r\n"
		"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		path, headers);

	client_send(c, request, (size_t)n);
	return client_read_reply(c, out, size);
}

size_t client_make_frame(unsigned char *out, int first, const void *payload, size_t len)
{
	static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	size_t n = 0;

	out[n++] = (unsigned char)first;
	if (len < 126) {
		out[n++] = (unsigned char)(0x80 | len);
	} else if (len < 65536) {
		out[n++] = 0x80 | 126;
		out[n++] = (unsigned char)(len >> 8);
		out[n++] = (unsigned char)len;
	} else {
		out[n++] = 0x80 | 127;
		for (int i = 7; i >= 0; i--)
			out[n++] = (unsigned char)(len >> 8 * i);
	}
	memcpy(out + n, mask, 4);
	n += 4;
	for (size_t i = 0; i < len; i++)
		out[n++] = ((const unsigned char *)payload)[i] ^ mask[i % 4];
	return n;
}

void client_send_frame(struct client *c, int first, const void *payload, size_t len)
{
	unsigned char *frame = malloc(len + 14);

	ck_assert_ptr_nonnull(frame);
	client_send(c, frame, client_make_frame(frame, first, payload, len));
	free(frame);
}

static bool have(struct client *c, size_t n)
{
	while (c->len < n) {
		if (fill(c, PATIENCE_MS) <= 0)
			return false;
	}
	return true;
}

long client_read_frame(struct client *c, int *first, char *out, size_t size)
{
	size_t head = 2, len;

	if (!have(c, 2))
		return -1;
	*first = c->in[0];
	len = c->in[1];
	ck_assert_uint_lt(len, 128); /* a server does not mask */
	if (len >= 126) {
		size_t extra = len == 126 ? 2 : 8;

		if (!have(c, 2 + extra))
			return -1;
		len = 0;
		for (size_t i = 0; i < extra; i++)
			len = len << 8 | c->in[2 + i];
		head += extra;
	}
	if (!have(c, head + len))
		return -1;
	take(c, head, NULL, 0);
	take(c, len, out, size);
	return (long)len;
}

int client_read_close(struct client *c)
{
	static char payload[1 << 20];
	int first;
	long n;

	do {
		n = client_read_frame(c, &first, payload, sizeof(payload));
		if (n < 0)
			return 1006;
	} while ((first & 0x0f) != 0x8);
	return n >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 1005;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
