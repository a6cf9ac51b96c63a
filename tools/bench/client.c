#include "tools/bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_SIZE = 65536,
	SEND_MAX = 8192, /* a message of ours with its header */
	OP_TEXT = 1,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10,
};

SSL_CTX *client_tls_create(const char *root_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx || SSL_CTX_load_verify_locations(ctx, root_pem, NULL) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

/* -- bytes ------------------------------------------------------------------------------------ */

static int keep(struct client_bytes *b, const void *data, size_t len)
{
	if (b->len + len > b->room) {
		size_t room = b->len + len + 256;
		unsigned char *grown = realloc(b->data, room);

		if (!grown)
			return -1;
		b->data = grown;
		b->room = room;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

static void forget(struct client_bytes *b)
{
	free(b->data);
	*b = (struct client_bytes){0};
}

/* Bytes written, 0 when the socket takes none now, -1 when it has ended. */
static ssize_t put(struct client *w, const void *data, size_t len)
{
	ssize_t n;

	if (w->ssl) {
		int rc = SSL_write(w->ssl, data, (int)len);
		int why = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(w->ssl, rc);

		if (rc > 0)
			return rc;
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	n = send(w->fd, data, len, MSG_NOSIGNAL);
	return n >= 0 ? n : errno == EAGAIN ? 0 : -1;
}

static ssize_t get(struct client *w, void *data, size_t len)
{
	ssize_t n;

	if (w->ssl) {
		int rc = SSL_read(w->ssl, data, (int)len);
		int why = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(w->ssl, rc);

		if (rc > 0)
			return rc;
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	n = recv(w->fd, data, len, 0);
	return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
}

static int write_all(struct client *w, const void *data, size_t len)
{
	ssize_t n = w->out.len ? 0 : put(w, data, len);

	if (n < 0)
		return -1;
	return (size_t)n == len ? 0 : keep(&w->out, (const char *)data + n, len - (size_t)n);
}

static int flush(struct client *w)
{
	ssize_t n;

	while (w->out.len) {
		n = put(w, w->out.data, w->out.len);
		if (n <= 0)
			return (int)n;
		w->out.len -= (size_t)n;
		memmove(w->out.data, w->out.data + n, w->out.len);
	}
	forget(&w->out);
	return 0;
}

/* -- frames ----------------------------------------------------------------------------------- */

/* Masks are to keep intermediaries honest (RFC 6455 10.3); here there is none, so cheap ones do. */
static uint32_t next_mask(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void copy_masked(unsigned char *out, const char *in, size_t len, uint32_t mask)
{
	uint64_t wide = (uint64_t)mask << 32 | mask, word;
	unsigned char key[4];
	size_t i;

	memcpy(key, &mask, sizeof key);
	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, in + i, 8);
		word ^= wide;
		memcpy(out + i, &word, 8);
	}
	for (; i < len; i++)
		out[i] = (unsigned char)in[i] ^ key[i & 3];
}

static int send_frame(struct client *w, int opcode, const char *data, size_t len)
{
	unsigned char frame[SEND_MAX];
	uint32_t mask = next_mask();
	size_t n = 2;

	if (len > SEND_MAX - 8)
		return -1;
	frame[0] = (unsigned char)(0x80 | opcode);
	if (len < 126) {
		frame[1] = (unsigned char)(0x80 | len);
	} else {
		frame[1] = 0x80 | 126;
		frame[n++] = (unsigned char)(len >> 8);
		frame[n++] = (unsigned char)len;
	}
	memcpy(frame + n, &mask, 4);
	copy_masked(frame + n + 4, data, len, mask);
	return write_all(w, frame, n + 4 + len);
}

int client_send(struct client *w, const char *text, size_t len)
{
	return w->state == CLIENT_OPEN ? send_frame(w, OP_TEXT, text, len) : -1;
}

/* Length of header and payload of the frame at `p`, 0 while its header is not whole. */
static size_t frame_size(const unsigned char *p, size_t len, size_t *header)
{
	size_t n = len >= 2 ? p[1] & 127 : 0;

	*header = n < 126 ? 2 : n == 126 ? 4 : 10;
	if (len < *header || len < 2)
		return 0;
	if (n >= 126) {
		size_t bytes = *header - 2;

		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | p[2 + i];
	}
	return *header + n;
}

static int take_frames(struct client *w, const unsigned char *p, size_t len,
	const struct client_handlers *on, void *arg)
{
	size_t used = 0, size, header;

	while ((size = frame_size(p + used, len - used, &header)) && size <= len - used) {
		const char *payload = (const char *)p + used + header;
		int opcode = p[used] & 15;

		used += size;
		if (opcode == OP_CLOSE)
			return -1;
		if (opcode == OP_PING && send_frame(w, OP_PONG, payload, size - header))
			return -1;
		if (opcode == OP_TEXT)
			on->text(arg, payload, size - header);
		if (w->state != CLIENT_OPEN)
			return 0;
	}
	return (int)used;
}

/* -- upgrade ---------------------------------------------------------------------------------- */

static int send_upgrade(struct client *w, const char *id, const char *password)
{
	char basic[128], coded[200], request[700];
	int n = snprintf(basic, sizeof basic, "%s:%s", id, password);

	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)basic, n);
	n = snprintf(request, sizeof request,
		"GET /ocpp/%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: ocpp2.0.1\r\nAuthorization: Basic %s\r\n\r\n",
		id, coded);
	return write_all(w, request, (size_t)n);
}

/* Bytes of the answer's head, 0 while it is not whole, -1: refused. */
static int take_head(const unsigned char *p, size_t len)
{
	const unsigned char *end = memmem(p, len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	return len > 12 && memcmp(p + 9, "101", 3) == 0 ? (int)(end - p) + 4 : -1;
}

static int take(struct client *w, const unsigned char *p, size_t len,
	const struct client_handlers *on, void *arg)
{
	int head = 0, n;

	if (w->state == CLIENT_UPGRADING) {
		head = take_head(p, len);
		if (head <= 0)
			return head;
		w->state = CLIENT_OPEN;
		on->opened(arg);
	}
	n = take_frames(w, p + head, len - (size_t)head, on, arg);
	return n < 0 ? -1 : head + n;
}

static int take_new(struct client *w, const unsigned char *p, size_t len,
	const struct client_handlers *on, void *arg)
{
	bool held = w->in.len != 0;
	int used;

	if (held) {
		if (keep(&w->in, p, len))
			return -1;
		p = w->in.data;
		len = w->in.len;
	}
	used = take(w, p, len, on, arg);
	if (used < 0 || w->state == CLIENT_DOWN)
		return used < 0 ? -1 : 0;
	if (!held)
		return (size_t)used < len ? keep(&w->in, p + used, len - (size_t)used) : 0;
	w->in.len -= (size_t)used;
	memmove(w->in.data, w->in.data + used, w->in.len);
	if (!w->in.len)
		forget(&w->in);
	return 0;
}

/* -- life ------------------------------------------------------------------------------------- */

static int start_tls(struct client *w, SSL_CTX *ctx)
{
	w->ssl = SSL_new(ctx);
	if (!w->ssl || SSL_set_fd(w->ssl, w->fd) != 1 || SSL_set1_host(w->ssl, "localhost") != 1)
		return -1;
	SSL_set_tlsext_host_name(w->ssl, "localhost");
	SSL_set_connect_state(w->ssl);
	return 0;
}

int client_open(struct client *w, const struct client_target *target)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)target->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1;

	*w = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	if (w->fd < 0)
		return -1;
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	w->state = CLIENT_CONNECTING;
	if ((target->tls && start_tls(w, target->tls)) ||
		(connect(w->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)) {
		client_drop(w);
		return -1;
	}
	return 0;
}

/* 1 when bytes can flow, 0 when not yet, -1 when it failed. */
static int finish_connecting(struct client *w)
{
	socklen_t size = sizeof(struct sockaddr_in);
	struct sockaddr_in peer;
	int rc, why;

	if (!w->ssl)
		return getpeername(w->fd, (struct sockaddr *)&peer, &size) ? 0 : 1;
	rc = SSL_do_handshake(w->ssl);
	why = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(w->ssl, rc);
	if (rc == 1)
		return 1;
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static bool has_failed(const struct client *w)
{
	socklen_t size = sizeof(int);
	int error = 0;

	return getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error;
}

static int connect_on(struct client *w, const char *id, const char *password)
{
	int rc = has_failed(w) ? -1 : finish_connecting(w);

	if (rc <= 0)
		return rc;
	w->state = CLIENT_UPGRADING;
	return send_upgrade(w, id, password);
}

int client_turn(struct client *w, const char *id, const char *password,
	const struct client_handlers *on, void *arg)
{
	static unsigned char buffer[READ_SIZE];
	ssize_t n;

	if (w->state == CLIENT_CONNECTING && connect_on(w, id, password))
		return -1;
	if (w->state == CLIENT_CONNECTING)
		return 0;
	if (w->out.len && flush(w))
		return -1;
	do {
		n = get(w, buffer, sizeof buffer);
		if (n < 0 || (n > 0 && take_new(w, buffer, (size_t)n, on, arg)))
			return -1;
		/* A plain read that did not fill the buffer emptied the socket. */
	} while (n > 0 && w->state != CLIENT_DOWN && (w->ssl || n == READ_SIZE));
	return 0;
}

void client_drop(struct client *w)
{
	SSL_free(w->ssl);
	if (w->fd >= 0 && w->state != CLIENT_DOWN)
		close(w->fd);
	forget(&w->in);
	forget(&w->out);
	*w = (struct client){.fd = -1};
}
