#include "csms/ws_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/bytes.h"
#include "csms/clock.h"
#include "csms/http_head.h"
#include "csms/net_internal.h"
#include "csms/ws_deflate.h"
#include "csms/ws_frame.h"
#include "csms/ws_gate.h"

enum {
	LISTENERS_MAX = 4,
	CLOSE_WAIT_S = 3, /* for the peer's half of the closing handshake */
	REASON_MAX = 123, /* RFC 6455 5.5 */
	COMPRESS_FROM = 256, /* shorter texts do not get shorter enough */
	PROTOCOLS_MAX = 512,
	EXTENSIONS_MAX = 1024,
};

struct endpoint {
	struct ws_server *server;
	struct net_listener *listener;
	int profile;
	char base[128];
};

enum ws_state {
	WS_HEAD, /* waits for the upgrade request */
	WS_OPEN,
	WS_CLOSING, /* we sent a close frame and wait for the peer's */
	WS_ENDED, /* nothing from the peer matters any more */
};

struct ws_conn {
	struct net_conn *net;
	struct endpoint *endpoint;
	struct ws_conn *prev, *next;
	void *user;
	const char *protocol;
	enum ws_state state;
	bool was_opened, is_paused, awaits_pong, heard, message_compressed, in_message;
	signed char deflate_bits; /* 0: not negotiated */
	int close_code; /* what `closed` will be told; 0: TCP just went away */
	const char *close_why;
	struct timer ping, resume;
	double tokens; /* messages that may come in now */
	mono_t tokens_at;
	struct bytes in; /* received, not yet a whole frame */
	struct bytes message; /* fragments of the message so far */
};

struct ws_server {
	struct net *net;
	struct timers *timers;
	struct ws_handlers on;
	struct ws_limits limits;
	struct ws_stats stats;
	struct ws_deflate *deflate;
	struct ws_conn *conns;
	struct endpoint endpoints[LISTENERS_MAX];
	int endpoint_count;
	unsigned spread; /* makes the first pings of a storm of connections come apart */
};

/* --- closing ------------------------------------------------------------------------------- */

static struct ws_server *server_of(const struct ws_conn *c)
{
	return c->endpoint->server;
}

static int send_frame(
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
	send_frame(c, WS_CLOSE, false, payload, 2 + len);
}

static void note_close(struct ws_conn *c, int code, const char *why)
{
	if (c->close_code)
		return;
	c->close_code = code;
	c->close_why = why;
}

/* Ends a connection that cannot go on: the peer broke a rule, or does not read. `why` is a string
 * that stays. */
static void fail(struct ws_conn *c, int code, const char *why)
{
	if (c->state == WS_ENDED)
		return;
	note_close(c, code, why);
	if (c->state == WS_OPEN)
		send_close(c, code, why);
	c->state = WS_ENDED;
	net_conn_finish(c->net);
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
	net_conn_deadline(c->net, CLOSE_WAIT_S, "no answer to close");
}

static void on_close_frame(struct ws_conn *c, const unsigned char *payload, size_t len)
{
	int code = len >= 2 ? payload[0] << 8 | payload[1] : 1005;

	if (len == 1 || (len >= 2 && !ws_close_code_valid(code))) {
		fail(c, WS_CLOSE_PROTOCOL, "bad close code");
		return;
	}
	if (len > 2 && !ws_utf8_valid(payload + 2, len - 2)) {
		fail(c, WS_CLOSE_BAD_DATA, "close reason is not UTF-8");
		return;
	}
	note_close(c, code, "closed by peer");
	if (c->state == WS_OPEN)
		send_frame(c, WS_CLOSE, false, payload, len >= 2 ? 2 : 0);
	c->state = WS_ENDED;
	net_conn_finish(c->net);
}

/* --- pings --------------------------------------------------------------------------------- */

static void on_ping_timer(void *arg)
{
	struct ws_conn *c = arg;
	struct ws_server *s = server_of(c);
	int rest_s = s->limits.ping_interval_s - s->limits.pong_timeout_s;

	if (c->state != WS_OPEN)
		return;
	/* While we do not read, silence is our own doing. */
	if (c->awaits_pong && !c->heard && !c->is_paused) {
		s->stats.dropped_silent++;
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
	send_frame(c, WS_PING, false, "", 0);
	timer_start(s->timers, &c->ping, net_real_ms(s->limits.pong_timeout_s * 1000),
		on_ping_timer, c);
}

/* The first ping comes somewhere in the second half of the interval. */
static void start_pings(struct ws_conn *c)
{
	struct ws_server *s = server_of(c);
	int64_t interval_ms = (int64_t)s->limits.ping_interval_s * 1000;

	if (!interval_ms)
		return;
	s->spread = s->spread * 1103515245u + 12345u;
	timer_start(s->timers, &c->ping,
		net_real_ms(interval_ms / 2 + (s->spread >> 16) % (interval_ms / 2 + 1)),
		on_ping_timer, c);
}

/* --- rate ---------------------------------------------------------------------------------- */

static void consume_held(struct ws_conn *c);

static void on_resume(void *arg)
{
	struct ws_conn *c = arg;

	c->is_paused = false;
	consume_held(c);
	if (!c->is_paused)
		net_conn_resume(c->net);
}

/* Counts one message; pauses reading when the connection is above its rate. The rate is one of
 * station time, so a depot on a fast clock may talk as fast. */
static void count_message(struct ws_conn *c)
{
	struct ws_server *s = server_of(c);
	mono_t now = clock_mono();
	int rate = s->limits.messages_per_s;

	if (!rate)
		return;
	c->tokens += (double)(now.us - c->tokens_at.us) / 1e6 * rate;
	c->tokens_at = now;
	if (c->tokens > s->limits.message_burst)
		c->tokens = s->limits.message_burst;
	c->tokens -= 1;
	if (c->tokens >= 0)
		return;
	c->is_paused = true;
	net_conn_pause(c->net);
	timer_start(s->timers, &c->resume, 1 + (int64_t)(-c->tokens * 1000 / rate), on_resume, c);
}

/* --- messages in --------------------------------------------------------------------------- */

/* `text` has room for a NUL at text[len]. */
static void deliver(struct ws_conn *c, unsigned char *text, size_t len)
{
	struct ws_server *s = server_of(c);

	if (!ws_utf8_valid(text, len)) {
		fail(c, WS_CLOSE_BAD_DATA, "not UTF-8");
		return;
	}
	text[len] = '\0';
	s->stats.messages_in++;
	count_message(c);
	s->on.message(s->on.ctx, c->user, c, (const char *)text, len);
}

static void fail_oversize(struct ws_conn *c)
{
	server_of(c)->stats.dropped_oversize++;
	fail(c, WS_CLOSE_TOO_BIG, "message is too big");
}

static void deliver_message(struct ws_conn *c, unsigned char *payload, size_t len)
{
	struct ws_server *s = server_of(c);
	unsigned char *text = payload;
	long n = (long)len;

	if (c->message_compressed) {
		n = ws_deflate_inflate(s->deflate, payload, len, s->limits.max_message, &text);
		if (n == -1)
			fail(c, WS_CLOSE_BAD_DATA, "bad compressed data");
		if (n == -2)
			fail_oversize(c);
	}
	if (n >= 0)
		deliver(c, text, (size_t)n);
}

/* A data frame whose header made sense so far; false if it cannot be accepted. */
static bool accept_data(struct ws_conn *c, const struct ws_frame *f)
{
	if (f->opcode == WS_BINARY) {
		server_of(c)->stats.dropped_binary++;
		fail(c, WS_CLOSE_UNSUPPORTED, "binary frames are not OCPP-J");
		return false;
	}
	if ((f->opcode == WS_CONTINUATION) != c->in_message) {
		fail(c, WS_CLOSE_PROTOCOL, "fragments out of order");
		return false;
	}
	if (f->is_compressed && (!c->deflate_bits || f->opcode == WS_CONTINUATION)) {
		fail(c, WS_CLOSE_PROTOCOL, "reserved bits are set");
		return false;
	}
	if (f->length > server_of(c)->limits.max_message - c->message.len) {
		fail_oversize(c);
		return false;
	}
	return true;
}

/* `payload` is unmasked and has room for one byte more. */
static void on_data(struct ws_conn *c, const struct ws_frame *f, unsigned char *payload)
{
	size_t len = (size_t)f->length;

	if (f->opcode == WS_TEXT)
		c->message_compressed = f->is_compressed;
	if (f->is_final && !c->in_message) {
		deliver_message(c, payload, len);
		return;
	}
	if (!bytes_add(&c->message, payload, len)) {
		fail(c, WS_CLOSE_TRY_LATER, "out of memory");
		return;
	}
	c->in_message = !f->is_final;
	if (f->is_final) {
		struct bytes whole = c->message;

		memset(&c->message, 0, sizeof(c->message));
		deliver_message(c, whole.data, whole.len);
		bytes_free(&whole);
	}
}

static void on_frame(struct ws_conn *c, const struct ws_frame *f, unsigned char *payload)
{
	switch (f->opcode) {
	case WS_CLOSE:
		on_close_frame(c, payload, (size_t)f->length);
		break;
	case WS_PING:
		if (c->state == WS_OPEN)
			send_frame(c, WS_PONG, false, payload, (size_t)f->length);
		break;
	case WS_PONG:
		break;
	case WS_CONTINUATION:
	case WS_TEXT:
	case WS_BINARY:
		if (c->state == WS_OPEN)
			on_data(c, f, payload);
		break;
	}
}

/* Takes one frame from the front. Bytes used; 0: not whole yet, or the connection ended. */
static size_t take_frame(struct ws_conn *c, unsigned char *data, size_t len)
{
	struct ws_frame f;
	const char *why;
	int n = ws_frame_read(data, len, &f, &why);

	if (n < 0)
		fail(c, WS_CLOSE_PROTOCOL, why);
	if (n <= 0)
		return 0;
	if (f.opcode < WS_CLOSE && c->state == WS_OPEN && !accept_data(c, &f))
		return 0;
	if (c->state == WS_CLOSING && f.length > server_of(c)->limits.max_message) {
		fail(c, WS_CLOSE_TOO_BIG, "message is too big");
		return 0;
	}
	if (len - (size_t)n < f.length)
		return 0;
	/* Unmasked onto the place of the mask, so that behind the text there is room for a NUL. */
	ws_frame_unmask(data + n - 4, data + n, (size_t)f.length, f.mask);
	on_frame(c, &f, data + n - 4);
	return (size_t)n + (size_t)f.length;
}

/* Takes the whole frames from the front of `data`. Bytes used. */
static size_t take_frames(struct ws_conn *c, unsigned char *data, size_t len)
{
	size_t used = 0, n = 1;

	while (n && used < len && c->state != WS_ENDED && !c->is_paused) {
		n = take_frame(c, data + used, len - used);
		used += n;
	}
	return c->state == WS_ENDED ? len : used;
}

static void consume_held(struct ws_conn *c)
{
	bytes_drop(&c->in, take_frames(c, c->in.data, c->in.len));
}

static void on_bytes(struct ws_conn *c, unsigned char *data, size_t len)
{
	struct ws_server *s = server_of(c);
	size_t used = 0;

	s->stats.bytes_in += (int64_t)len;
	c->heard = true;
	if (s->on.alive)
		s->on.alive(s->on.ctx, c->user, c);
	if (!c->in.len && !c->is_paused)
		used = take_frames(c, data, len);
	if (used == len)
		return;
	if (!bytes_add(&c->in, data + used, len - used))
		fail(c, WS_CLOSE_TRY_LATER, "out of memory");
	else if (!used && !c->is_paused)
		consume_held(c);
}

/* --- the gate ------------------------------------------------------------------------------ */

static void refuse(struct ws_conn *c, int status)
{
	char reply[WS_REPLY_MAX];
	size_t n = ws_gate_refusal(status, reply);

	server_of(c)->stats.refused++;
	c->state = WS_ENDED;
	net_conn_send(c->net, reply, n, "", 0);
	net_conn_finish(c->net);
}

static void refuse_early(struct ws_conn *c, int status, const char *identity, const char *why)
{
	struct ws_server *s = server_of(c);

	if (s->on.refused)
		s->on.refused(s->on.ctx, status, identity, net_conn_peer(c->net), why);
	refuse(c, status);
}

static void ask_gate(struct ws_conn *c, const struct http_head *h, const char *identity,
	const char *protocols, struct ws_gate_answer *answer)
{
	struct ws_server *s = server_of(c);
	const char *authorization = http_head_get(h, "authorization");
	struct ws_basic basic = {.user = ""};
	char peer[NET_PEER_SIZE];
	struct ws_gate_request request = {
		.profile = c->endpoint->profile,
		.identity = identity,
		.has_basic = authorization && ws_gate_basic(authorization, &basic),
		.user = basic.user,
		.password = basic.password,
		.password_len = basic.password_len,
		.protocols = protocols,
		.peer = peer,
	};

	snprintf(peer, sizeof(peer), "%s", net_conn_peer(c->net));
	s->on.gate(s->on.ctx, &request, answer);
	explicit_bzero(&basic, sizeof(basic));
}

static void answer_upgrade(
	struct ws_conn *c, const struct http_head *h, const char *protocol, const char *protocols)
{
	char reply[WS_REPLY_MAX], extension[WS_DEFLATE_RESPONSE_SIZE], offers[EXTENSIONS_MAX];
	size_t n;

	if (http_head_join(h, "sec-websocket-extensions", offers, sizeof(offers)))
		c->deflate_bits = (signed char)ws_deflate_negotiate(offers, extension);
	/* A protocol is only named to a client that asked for some. */
	n = ws_gate_acceptance(
		h, protocols[0] ? protocol : NULL, c->deflate_bits ? extension : NULL, reply);
	net_conn_send(c->net, reply, n, "", 0);
}

static void open_connection(struct ws_conn *c, const struct http_head *h, const char *protocols,
	const struct ws_gate_answer *answer)
{
	struct ws_server *s = server_of(c);

	c->state = WS_OPEN;
	c->user = answer->user;
	c->protocol = answer->protocol;
	c->tokens = s->limits.message_burst;
	c->tokens_at = clock_mono();
	net_conn_deadline(c->net, 0, NULL);
	answer_upgrade(c, h, answer->protocol, protocols);
	c->was_opened = true;
	s->stats.open++;
	s->stats.accepted++;
	start_pings(c);
	s->on.opened(s->on.ctx, c->user, c);
}

/* A connection that lives just long enough to be told why not. */
static void open_and_close(struct ws_conn *c, const struct http_head *h, int code)
{
	server_of(c)->stats.refused++;
	answer_upgrade(c, h, NULL, "");
	c->state = WS_OPEN;
	ws_conn_close(c, code, "no subprotocol that we speak");
}

static void on_head(struct ws_conn *c, char *bytes, size_t len)
{
	char identity[WS_IDENTITY_MAX + 1] = "", protocols[PROTOCOLS_MAX];
	struct ws_gate_answer answer = {.status = 503};
	struct http_head h;
	const char *why = "not HTTP/1.1";
	int status = -http_head_parse(bytes, len, &h);

	if (!status && ws_gate_identity(h.target, c->endpoint->base, identity, &why)) {
		identity[0] = '\0';
		status = 404;
	}
	if (!status)
		status = ws_gate_upgrade(&h, &why);
	if (status == 101 &&
		!http_head_join(&h, "sec-websocket-protocol", protocols, sizeof(protocols))) {
		why = "Sec-WebSocket-Protocol is too long";
		status = 400;
	}
	if (status != 101) {
		refuse_early(c, status, identity, why);
		return;
	}
	ask_gate(c, &h, identity, protocols, &answer);
	if (answer.status == 101 && answer.close_code)
		open_and_close(c, &h, answer.close_code);
	else if (answer.status == 101)
		open_connection(c, &h, protocols, &answer);
	else
		refuse(c, answer.status);
}

/* The request may come in pieces, and frames may come right behind it. */
static void on_head_bytes(struct ws_conn *c, unsigned char *data, size_t len)
{
	size_t seen = c->in.len;
	int head;

	if (!bytes_add(&c->in, data, len)) {
		refuse_early(c, 503, "", "out of memory");
		return;
	}
	head = http_head_length(c->in.data, c->in.len, seen);
	if (head < 0)
		refuse_early(c, -head, "", "request header is too long");
	if (head <= 0)
		return;
	on_head(c, (char *)c->in.data, (size_t)head);
	bytes_drop(&c->in, (size_t)head);
	consume_held(c);
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
	DL_APPEND(server_of(c)->conns, c);
}

static void on_net_received(void *ctx, struct net_conn *net, unsigned char *data, size_t len)
{
	struct ws_conn *c = net_conn_user(net);

	if (!c)
		return;
	if (c->state == WS_HEAD)
		on_head_bytes(c, data, len);
	else if (c->state != WS_ENDED)
		on_bytes(c, data, len);
}

static void free_conn(struct ws_conn *c)
{
	struct ws_server *s = server_of(c);

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
	s = server_of(c);
	if (c->was_opened) {
		s->stats.open--;
		s->on.closed(s->on.ctx, c->user, c,
			c->close_code ? c->close_code : WS_CLOSE_ABNORMAL,
			c->close_why ? c->close_why : why);
	} else if (c->state == WS_HEAD && c->in.len && s->on.refused) {
		s->on.refused(s->on.ctx, 408, "", net_conn_peer(net), why);
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
	struct endpoint *e = &s->endpoints[s->endpoint_count];
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

	if (s->endpoint_count == LISTENERS_MAX || strlen(base) >= sizeof(e->base)) {
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
		n = ws_deflate_deflate(server_of(c)->deflate, c->deflate_bits, text, len, &packed);
	return n < 0 ? send_frame(c, WS_TEXT, false, text, len)
		     : send_frame(c, WS_TEXT, true, packed, (size_t)n);
}

int ws_conn_send(struct ws_conn *c, const char *text, size_t len)
{
	struct ws_server *s = server_of(c);

	if (c->state != WS_OPEN)
		return -1;
	if (send_text(c, text, len)) {
		net_conn_drop_queue(c->net);
		fail(c, WS_CLOSE_TRY_LATER, "send queue is full");
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
