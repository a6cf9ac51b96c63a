#include "csms/net/http_private.h"

#include <stdio.h>
#include <string.h>

enum {
	STREAM_QUEUE_MAX = 1024 * 1024,
};

/* --- replies ------------------------------------------------------------------------------- */

static bool has_line_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

void http_header(struct http_exchange *x, const char *name, const char *value)
{
	size_t room = sizeof(x->reply_head) - x->reply_head_len;
	int n;

	/* A value with a line break would let its author write headers, or a second reply. */
	if (has_line_break(name) || has_line_break(value))
		return;
	n = snprintf(x->reply_head + x->reply_head_len, room, "%s: %s\r\n", name, value);
	if (n < 0 || (size_t)n >= room) {
		x->reply_head[x->reply_head_len] = '\0';
		return;
	}
	x->reply_head_len += (size_t)n;
	x->sets_cache |= !strcmp(name, "cache-control");
	x->sets_csp |= !strcmp(name, "content-security-policy");
}

/* Status line and all fields but those about the length. */
static int write_reply_head(
	const struct http_exchange *x, char *out, size_t size, int status, const char *content_type)
{
	return snprintf(out, size,
		"HTTP/1.1 %d %s\r\n%s%s%s%s%s%s"
		"x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
		"connection: %s\r\n%s",
		status, http_reason(status), content_type ? "content-type: " : "",
		content_type ? content_type : "", content_type ? "\r\n" : "",
		x->sets_cache ? "" : "cache-control: no-store\r\n",
		x->sets_csp ? ""
			    : "content-security-policy: default-src 'self'; base-uri 'none'; "
			      "form-action 'self'; frame-ancestors 'none'\r\n",
		net_conn_is_tls(x->conn->net) ? "strict-transport-security: max-age=31536000\r\n"
					      : "",
		x->keeps_alive ? "keep-alive" : "close", x->reply_head);
}

static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

void http_reply(
	struct http_exchange *x, int status, const char *content_type, const char *body, size_t len)
{
	char head[HTTP_REPLY_HEAD_MAX + 1024];
	int n = write_reply_head(x, head, sizeof(head) - 64, status, len ? content_type : NULL);

	if (!has_no_body(status))
		n += snprintf(head + n, sizeof(head) - (size_t)n, "content-length: %zu\r\n", len);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
	if (x->is_head || has_no_body(status))
		len = 0;
	if (net_conn_send(x->conn->net, head, (size_t)n, body, len))
		net_conn_kill(x->conn->net, "reply does not fit the queue");
	http_end_exchange(x);
}

int http_problem(char *out, size_t size, int status, const char *detail)
{
	return snprintf(out, size,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
		http_reason(status), status, detail);
}

void http_reply_problem(struct http_exchange *x, int status, const char *detail)
{
	char body[300];
	int n = http_problem(body, sizeof(body), status, detail);

	http_reply(x, status, HTTP_PROBLEM_TYPE, body, (size_t)n);
}

void http_hold(struct http_exchange *x, void (*gone)(void *arg), void *arg)
{
	x->is_held = true;
	x->gone = gone;
	x->gone_arg = arg;
}

/* --- streams ------------------------------------------------------------------------------- */

int http_stream_begin(
	struct http_exchange *x, const char *content_type, void (*gone)(void *arg), void *arg)
{
	struct http_server *s = http_server_of(x->conn);
	char head[HTTP_REPLY_HEAD_MAX + 1024];
	int n;

	if (s->streams >= s->limits.max_streams) {
		net_conn_limited(x->conn->net, LIMIT_STREAMS);
		http_header(x, "retry-after", "5");
		http_reply_problem(
			x, 503, "too many event streams are open: close one, or try again");
		return -1;
	}
	x->is_chunked = x->head.minor_version == 1;
	if (!x->is_chunked)
		x->keeps_alive = false;
	n = write_reply_head(x, head, sizeof(head) - 64, 200, content_type);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "%s\r\n",
		x->is_chunked ? "transfer-encoding: chunked\r\n" : "");
	s->streams++;
	x->conn->state = HTTP_STREAMING;
	http_hold(x, gone, arg);
	net_conn_send(x->conn->net, head, (size_t)n, "", 0);
	return 0;
}

int http_stream_send(struct http_exchange *x, const char *bytes, size_t len)
{
	const struct http_server *s = http_server_of(x->conn);
	struct net_conn *net = x->conn->net;
	char size_line[24];
	int n = snprintf(size_line, sizeof(size_line), "%zx\r\n", len);
	int status = 0;

	if (x->is_head)
		return 1;
	if (!len)
		return 0;
	if (net_conn_queued(net) + len > STREAM_QUEUE_MAX)
		status = -1;
	else if (!x->is_chunked)
		status = net_conn_send(net, "", 0, bytes, len);
	else if (net_conn_send(net, size_line, (size_t)n, bytes, len) ||
		 net_conn_send(net, "\r\n", 2, "", 0))
		status = -1;
	if (status) {
		net_conn_limited(net, LIMIT_SEND_QUEUE);
		net_conn_kill(net, "stream reader is too slow");
	} else if (x->more) {
		net_conn_deadline(net, s->limits.transfer_idle_s, LIMIT_DOWNLOAD_IDLE);
		net_conn_when_drained(net);
	}
	return status;
}

void http_stream_on_drained(struct http_exchange *x, void (*drained)(void *arg))
{
	x->more = drained;
}

void http_stream_end(struct http_exchange *x)
{
	http_server_of(x->conn)->streams--;
	if (x->is_chunked && !x->is_head)
		net_conn_send(x->conn->net, "0\r\n\r\n", 5, "", 0);
	http_end_exchange(x);
}

/* --- replies in pieces --------------------------------------------------------------------- */

bool http_send_begin(struct http_exchange *x, int status, const char *content_type, uint64_t length,
	const struct http_source *source, void *arg)
{
	char head[HTTP_REPLY_HEAD_MAX + 1024];
	int n = write_reply_head(x, head, sizeof(head) - 64, status, content_type);

	n += snprintf(head + n, sizeof(head) - (size_t)n, "content-length: %llu\r\n\r\n",
		(unsigned long long)length);
	if (net_conn_send(x->conn->net, head, (size_t)n, "", 0))
		net_conn_kill(x->conn->net, "reply does not fit the queue");
	if (x->is_head || !length) {
		http_end_exchange(x);
		return false;
	}
	x->left = length;
	x->more = source->more;
	http_hold(x, source->gone, arg);
	x->conn->state = HTTP_SENDING;
	return true;
}

void http_send(struct http_exchange *x, const char *bytes, size_t len)
{
	struct net_conn *net = x->conn->net;

	if (len > x->left)
		len = (size_t)x->left;
	x->left -= len;
	if (net_conn_send(net, "", 0, bytes, len))
		net_conn_kill(net, "reply does not fit the queue");
	if (!x->left) {
		http_end_exchange(x);
		return;
	}
	net_conn_deadline(
		net, http_server_of(x->conn)->limits.transfer_idle_s, LIMIT_DOWNLOAD_IDLE);
	net_conn_when_drained(net);
}

void http_on_drained(struct http_conn *c)
{
	bool is_stream = c->state == HTTP_STREAMING && c->exchange->more;

	if (c->state != HTTP_SENDING && !is_stream)
		return;
	net_conn_deadline(c->net, 0, LIMIT_NONE);
	c->exchange->more(c->exchange->gone_arg);
}

void http_abort(struct http_exchange *x, const char *why)
{
	net_conn_kill(x->conn->net, why);
}
