#include <stdio.h>
#include <string.h>
#include "csms/net/http_head.h"
#include "csms/net/ws_gate.h"
#include "csms/net/ws_private.h"

enum {
	PROTOCOLS_MAX = 512,
	EXTENSIONS_MAX = 1024,
};

static void refuse(struct ws_conn *c, int status)
{
	char reply[WS_REPLY_MAX];
	size_t n = ws_gate_refusal(status, reply);

	ws_server_of(c)->stats.refused++;
	c->state = WS_ENDED;
	net_conn_send(c->net, reply, n, "", 0);
	net_conn_finish(c->net);
}

static void refuse_early(struct ws_conn *c, int status, const char *identity, const char *why)
{
	struct ws_server *s = ws_server_of(c);

	if (s->on.refused)
		s->on.refused(s->on.ctx, c->endpoint->profile, status, identity,
			net_conn_peer(c->net), why);
	refuse(c, status);
}

static void ask_gate(struct ws_conn *c, const struct http_head *h, const char *identity,
	const char *protocols, struct ws_gate_answer *answer)
{
	struct ws_server *s = ws_server_of(c);
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
		.certificate = net_conn_certificate(c->net),
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
	struct ws_server *s = ws_server_of(c);

	c->state = WS_OPEN;
	c->user = answer->user;
	c->protocol = answer->protocol;
	c->tokens = s->limits.message_burst;
	c->tokens_at = clock_mono();
	net_conn_deadline(c->net, 0, LIMIT_NONE);
	answer_upgrade(c, h, answer->protocol, protocols);
	c->was_opened = true;
	s->stats.open++;
	s->stats.accepted++;
	ws_conn_start_pings(c);
	s->on.opened(s->on.ctx, c->user, c);
}

/* A connection that lives just long enough to be told why not. */
static void open_and_close(struct ws_conn *c, const struct http_head *h, int code)
{
	ws_server_of(c)->stats.refused++;
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

void ws_upgrade_bytes(struct ws_conn *c, unsigned char *data, size_t len)
{
	size_t seen = c->in.len;
	int head;

	if (!bytes_add(&c->in, data, len)) {
		refuse_early(c, 503, "", "out of memory");
		return;
	}
	head = http_head_length(c->in.data, c->in.len, seen);
	if (head < 0) {
		net_conn_limited(c->net, LIMIT_HEADER_SIZE);
		refuse_early(c, -head, "", "request header is too long");
	}
	if (head <= 0)
		return;
	on_head(c, (char *)c->in.data, (size_t)head);
	bytes_drop(&c->in, (size_t)head);
	ws_messages_held(c);
}
