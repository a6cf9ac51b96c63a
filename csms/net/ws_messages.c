#include <string.h>
#include "csms/net/ws_private.h"

#define TAKE_US 5000 /* of one connection, in one turn of the loop */

/* --- rate ---------------------------------------------------------------------------------- */

static void on_resume(void *arg)
{
	struct ws_conn *c = arg;

	c->is_paused = false;
	ws_messages_held(c);
	if (!c->is_paused)
		net_conn_resume(c->net);
}

/* Counts one message, or a ping, a pong or a piece of a message, which cost as much; pauses reading when the connection is above its rate. The rate is one of
 * station time, so a depot on a fast clock may talk as fast. */
static void count_message(struct ws_conn *c)
{
	struct ws_server *s = ws_server_of(c);
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
	net_conn_limited(c->net, LIMIT_MESSAGE_RATE);
	net_conn_pause(c->net);
	timer_start(s->timers, &c->resume, 1 + (int64_t)(-c->tokens * 1000 / rate), on_resume, c);
}

/* --- messages in --------------------------------------------------------------------------- */

/* `text` has room for a NUL at text[len]. */
static void deliver(struct ws_conn *c, unsigned char *text, size_t len)
{
	struct ws_server *s = ws_server_of(c);

	if (!ws_utf8_valid(text, len)) {
		ws_conn_fail(c, WS_CLOSE_BAD_DATA, "not UTF-8");
		return;
	}
	text[len] = '\0';
	s->stats.messages_in++;
	s->on.message(s->on.ctx, c->user, c, (const char *)text, len);
}

static void fail_oversize(struct ws_conn *c)
{
	ws_server_of(c)->stats.dropped_oversize++;
	net_conn_limited(c->net, LIMIT_MESSAGE_SIZE);
	ws_conn_fail(c, WS_CLOSE_TOO_BIG, "message is too big");
}

static void deliver_message(struct ws_conn *c, unsigned char *payload, size_t len)
{
	struct ws_server *s = ws_server_of(c);
	unsigned char *text = payload;
	long n = (long)len;

	if (c->message_compressed) {
		n = ws_deflate_inflate(s->deflate, payload, len, s->limits.max_message, &text);
		if (n == -1)
			ws_conn_fail(c, WS_CLOSE_BAD_DATA, "bad compressed data");
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
		ws_server_of(c)->stats.dropped_binary++;
		ws_conn_fail(c, WS_CLOSE_UNSUPPORTED, "binary frames are not OCPP-J");
		return false;
	}
	if ((f->opcode == WS_CONTINUATION) != c->in_message) {
		ws_conn_fail(c, WS_CLOSE_PROTOCOL, "fragments out of order");
		return false;
	}
	if (f->is_compressed && (!c->deflate_bits || f->opcode == WS_CONTINUATION)) {
		ws_conn_fail(c, WS_CLOSE_PROTOCOL, "reserved bits are set");
		return false;
	}
	if (f->length > ws_server_of(c)->limits.max_message - c->message.len) {
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
		ws_conn_fail(c, WS_CLOSE_TRY_LATER, "out of memory");
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
	if (c->state == WS_OPEN && f->opcode != WS_CLOSE)
		count_message(c);
	switch (f->opcode) {
	case WS_CLOSE:
		ws_conn_closed(c, payload, (size_t)f->length);
		break;
	case WS_PING:
		if (c->state == WS_OPEN &&
			ws_conn_frame(c, WS_PONG, false, payload, (size_t)f->length))
			ws_conn_fail_queue(c);
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
		ws_conn_fail(c, WS_CLOSE_PROTOCOL, why);
	if (n <= 0)
		return 0;
	if (f.opcode < WS_CLOSE && c->state == WS_OPEN && !accept_data(c, &f))
		return 0;
	if (c->state == WS_CLOSING && f.length > ws_server_of(c)->limits.max_message) {
		ws_conn_fail(c, WS_CLOSE_TOO_BIG, "message is too big");
		return 0;
	}
	if (len - (size_t)n < f.length)
		return 0;
	/* Unmasked onto the place of the mask, so that behind the text there is room for a NUL. */
	ws_frame_unmask(data + n - 4, data + n, (size_t)f.length, f.mask);
	on_frame(c, &f, data + n - 4);
	return (size_t)n + (size_t)f.length;
}

/* What one read brought may be thousands of messages: the others get their turn between. */
static void rest(struct ws_conn *c)
{
	c->is_paused = true;
	net_conn_pause(c->net);
	timer_start(ws_server_of(c)->timers, &c->resume, 0, on_resume, c);
}

/* Takes the whole frames from the front of `data`. Bytes used. */
static size_t take_frames(struct ws_conn *c, unsigned char *data, size_t len)
{
	int64_t until_us = clock_real_us() + TAKE_US;
	size_t used = 0, n = 1;

	while (n && used < len && c->state != WS_ENDED && !c->is_paused) {
		n = take_frame(c, data + used, len - used);
		used += n;
		if (n && used < len && c->state != WS_ENDED && !c->is_paused &&
			clock_real_us() > until_us)
			rest(c);
	}
	return c->state == WS_ENDED ? len : used;
}

void ws_messages_held(struct ws_conn *c)
{
	bytes_drop(&c->in, take_frames(c, c->in.data, c->in.len));
}

void ws_messages_bytes(struct ws_conn *c, unsigned char *data, size_t len)
{
	struct ws_server *s = ws_server_of(c);
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
		ws_conn_fail(c, WS_CLOSE_TRY_LATER, "out of memory");
	else if (!used && !c->is_paused)
		ws_messages_held(c);
}
