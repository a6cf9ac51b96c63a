#include "csms/net/ws_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/net/ws_gate.h"
#include "csms/net/ws_private.h"

enum {
	CLOSE_WAIT_S = 3, /* for the peer's half of the closing handshake */
	REASON_MAX = 123, /* RFC 6455 5.5 */
	COMPRESS_FROM = 256, /* shorter texts do not get shorter enough */
};

/* --- closing ------------------------------------------------------------------------------- */

int ws_conn_frame(
	struct ws_conn *c, enum ws_opcode opcode, bool is_compressed, const void *data, size_t len)
{
	unsigned char header[WS_HEADER_MAX];
	size_t n = ws_frame_write(header, opcode, is_compressed, len);

	return net_conn_send(c->net, header, n, data, len);
}

static void send_close(struct ws_conn *c, int code, const char *why)
{
	unsigned char payload[2 + REASON_MAX];
	size_t len = strlen(why);

	if (len > REASON_MAX)
		len = REASON_MAX;
	while (len && !ws_utf8_valid((const unsigned char *)why, len))
		len--;
	payload[0] = (unsigned char)(code >> 8);
	payload[1] = (unsigned char)code;
	memcpy(payload + 2, why, len);
	ws_conn_frame(c, WS_CLOSE, false, payload, 2 + len);
}

static void note_close(struct ws_conn *c, int code, const char *why)
{
	if (c->close_code)
		return;
	c->close_code = code;
	c->close_why = why;
}

void ws_conn_fail(struct ws_conn *c, int code, const char *why)
{
	if (c->state == WS_ENDED)
		return;
	note_close(c, code, why);
	if (c->state == WS_OPEN)
		send_close(c, code, why);
	c->state = WS_ENDED;
	net_conn_finish(c->net);
}

void ws_conn_fail_queue(struct ws_conn *c)
{
	net_conn_drop_queue(c->net);
	net_conn_limited(c->net, LIMIT_SEND_QUEUE);
	ws_conn_fail(c, WS_CLOSE_TRY_LATER, "send queue is full");
}

const struct peer_facts *ws_conn_certificate(const struct ws_conn *c)
{
	return net_conn_certificate(c->net);
}

void ws_conn_close(struct ws_conn *c, int code, const char *why)
{
	if (c->state != WS_OPEN)
		return;
	note_close(c, code, "closed by us");
	if (code == WS_CLOSE_ABNORMAL) {
		c->state = WS_ENDED;
		net_conn_kill(c->net, why);
		return;
	}
	c->state = WS_CLOSING;
	send_close(c, code, why ? why : "");
	net_conn_deadline(c->net, CLOSE_WAIT_S, LIMIT_CLOSE_TIME);
}

void ws_conn_closed(struct ws_conn *c, const unsigned char *payload, size_t len)
{
	int code = len >= 2 ? payload[0] << 8 | payload[1] : 1005;

	if (len == 1 || (len >= 2 && !ws_close_code_valid(code))) {
		ws_conn_fail(c, WS_CLOSE_PROTOCOL, "bad close code");
		return;
	}
	if (len > 2 && !ws_utf8_valid(payload + 2, len - 2)) {
		ws_conn_fail(c, WS_CLOSE_BAD_DATA, "close reason is not UTF-8");
		return;
	}
	note_close(c, code, "closed by peer");
	if (c->state == WS_OPEN)
		ws_conn_frame(c, WS_CLOSE, false, payload, len >= 2 ? 2 : 0);
	c->state = WS_ENDED;
	net_conn_finish(c->net);
}

/* --- pings --------------------------------------------------------------------------------- */

static void on_ping_timer(void *arg)
{
	struct ws_conn *c = arg;
	struct ws_server *s = ws_server_of(c);
	int rest_s = s->limits.ping_interval_s - s->limits.pong_timeout_s;

	if (c->state != WS_OPEN)
		return;
	/* While we do not read, silence is our own doing. */
	if (c->awaits_pong && !c->heard && !c->is_paused) {
		s->stats.dropped_silent++;
		net_conn_limited(c->net, LIMIT_PONG_TIME);
		note_close(c, WS_CLOSE_ABNORMAL, "pong missing");
		c->state = WS_ENDED;
		net_conn_kill(c->net, "pong missing");
		return;
	}
	if (c->awaits_pong && rest_s > 0) {
		c->awaits_pong = false;
		timer_start(s->timers, &c->ping, net_real_ms(rest_s * 1000), on_ping_timer, c);
		return;
	}
	c->awaits_pong = true;
	c->heard = false;
	ws_conn_frame(c, WS_PING, false, "", 0);
	timer_start(s->timers, &c->ping, net_real_ms(s->limits.pong_timeout_s * 1000),
		on_ping_timer, c);
}

void ws_conn_start_pings(struct ws_conn *c)
{
	struct ws_server *s = ws_server_of(c);
	int64_t interval_ms = (int64_t)s->limits.ping_interval_s * 1000;

	if (!interval_ms)
		return;
	s->spread = s->spread * 1103515245u + 12345u;
	timer_start(s->timers, &c->ping,
		net_real_ms(interval_ms / 2 + (s->spread >> 16) % (interval_ms / 2 + 1)),
		on_ping_timer, c);
}

/* --- the network's callbacks --------------------------------------------------------------- */

static void on_net_opened(void *ctx, struct net_conn *net)
{
	struct ws_conn *c = calloc(1, sizeof(*c));

	net_conn_set_user(net, c);
	if (!c) {
		net_conn_kill(net, "out of memory");
		return;
	}
	c->net = net;
	c->endpoint = ctx;
	DL_APPEND(ws_server_of(c)->conns, c);
}

static void on_net_received(void *ctx, struct net_conn *net, unsigned char *data, size_t len)
{
	struct ws_conn *c = net_conn_user(net);

	if (!c)
		return;
	if (c->state == WS_HEAD)
		ws_upgrade_bytes(c, data, len);
	else if (c->state != WS_ENDED)
		ws_messages_bytes(c, data, len);
}

static void free_conn(struct ws_conn *c)
{
	struct ws_server *s = ws_server_of(c);

	DL_DELETE(s->conns, c);
	timer_stop(s->timers, &c->ping);
	timer_stop(s->timers, &c->resume);
	bytes_free(&c->in);
	bytes_free(&c->message);
	free(c);
}

static void on_net_closed(void *ctx, struct net_conn *net, const char *why)
{
	struct ws_conn *c = net_conn_user(net);
	struct ws_server *s;

	if (!c)
		return;
	s = ws_server_of(c);
	if (c->was_opened) {
		s->stats.open--;
		s->on.closed(s->on.ctx, c->user, c,
			c->close_code ? c->close_code : WS_CLOSE_ABNORMAL,
			c->close_why ? c->close_why : why);
	} else if (c->state == WS_HEAD && c->in.len && s->on.refused) {
		s->on.refused(s->on.ctx, c->endpoint->profile, 408, "", net_conn_peer(net), why);
	}
	free_conn(c);
}

static const struct net_service service = {
	on_net_opened,
	on_net_received,
	NULL,
	on_net_closed,
};

/* --- public -------------------------------------------------------------------------------- */

struct ws_server *ws_server_create(
	struct net *n, const struct ws_handlers *handlers, const struct ws_limits *limits)
{
	struct ws_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->net = n;
	s->timers = net_timers(n);
	s->on = *handlers;
	s->limits = *limits;
	s->spread = (unsigned)clock_real_us();
	s->deflate = ws_deflate_create();
	if (!s->deflate) {
		free(s);
		return NULL;
	}
	return s;
}

int ws_server_listen(struct ws_server *s, const char *address, int port, const char *base,
	int profile, struct tls_server *tls, char why[200])
{
	struct ws_endpoint *e = &s->endpoints[s->endpoint_count];
	char key[32];
	struct net_listen cfg = {
		.address = address,
		.port = port,
		.tls = tls,
		.config_key = key,
		.max_queue = s->limits.max_queue,
		.service = &service,
		.ctx = e,
	};
	int bound;

	if (s->endpoint_count == WS_LISTENERS_MAX || strlen(base) >= sizeof(e->base)) {
		snprintf(why, 200, "too many listeners, or the path %.100s is too long", base);
		return -1;
	}
	snprintf(key, sizeof(key), "listen.profile%d", profile);
	bound = net_listen(s->net, &cfg, &e->listener, why);
	if (bound < 0)
		return -1;
	e->server = s;
	e->profile = profile;
	strcpy(e->base, base);
	s->endpoint_count++;
	return bound;
}

/* Compressed if the peer can and it pays. */
static int send_text(struct ws_conn *c, const char *text, size_t len)
{
	const unsigned char *packed;
	long n = -1;

	if (c->deflate_bits && len >= COMPRESS_FROM)
		n = ws_deflate_deflate(
			ws_server_of(c)->deflate, c->deflate_bits, text, len, &packed);
	return n < 0 ? ws_conn_frame(c, WS_TEXT, false, text, len)
		     : ws_conn_frame(c, WS_TEXT, true, packed, (size_t)n);
}

int ws_conn_send(struct ws_conn *c, const char *text, size_t len)
{
	struct ws_server *s = ws_server_of(c);

	if (c->state != WS_OPEN)
		return -1;
	if (send_text(c, text, len)) {
		ws_conn_fail_queue(c);
		return -1;
	}
	s->stats.messages_out++;
	s->stats.bytes_out += (int64_t)len;
	return 0;
}

void ws_conn_set_user(struct ws_conn *c, void *user)
{
	c->user = user;
}

int ws_conn_profile(const struct ws_conn *c)
{
	return c->endpoint->profile;
}

const char *ws_conn_protocol(const struct ws_conn *c)
{
	return c->protocol;
}

const char *ws_conn_peer(const struct ws_conn *c)
{
	return net_conn_peer(c->net);
}

const struct ws_stats *ws_server_stats(const struct ws_server *s)
{
	return &s->stats;
}

void ws_server_close_all(struct ws_server *s)
{
	for (struct ws_conn *c = s->conns; c; c = c->next)
		ws_conn_close(c, WS_CLOSE_GOING_AWAY, "server is shutting down");
}

void ws_server_destroy(struct ws_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->endpoint_count; i++)
		net_listener_abandon(s->endpoints[i].listener);
	while (s->conns)
		free_conn(s->conns);
	ws_deflate_destroy(s->deflate);
	free(s);
}
