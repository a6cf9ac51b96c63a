#include "csms/net/net_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "csms/net/tls.h"

enum { LINGER_S = 2 };

/* --- reading or not ------------------------------------------------------------------------ */

static void set_reading(struct net_conn *c)
{
	if (c->wsi)
		lws_rx_flow_control(c->wsi, !c->is_paused && !c->is_blocked);
}

/* While lws holds what the socket did not take it reads nothing, but the loop would go on telling it
 * that there is something to read: one client that asks and takes no answer would keep a processor
 * busy. */
static void note_blocked(struct net_conn *c)
{
	bool is_blocked = lws_partial_buffered(c->wsi) != 0;

	if (is_blocked == c->is_blocked)
		return;
	c->is_blocked = is_blocked;
	set_reading(c);
	if (is_blocked)
		lws_callback_on_writable(c->wsi);
}

/* --- closing ------------------------------------------------------------------------------- */

void net_conn_reap(struct net *n)
{
	while (n->dying) {
		struct net_conn *c = n->dying;

		n->dying = c->next_dying;
		if (c->wsi)
			lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
		free(c);
	}
}

static void on_reap(void *arg)
{
	net_conn_reap(arg);
}

void net_conn_kill(struct net_conn *c, const char *why)
{
	struct net *n = c->listener->net;

	if (c->state == CONN_DYING)
		return;
	if (c->state == CONN_OPEN)
		c->why = why;
	c->state = CONN_DYING;
	c->next_dying = n->dying;
	n->dying = c;
	/* Not here: the caller may stand in a callback of lws for this very connection. */
	timer_start(n->timers, &n->reap, 0, on_reap, n);
}

static void on_deadline(void *arg)
{
	struct net_conn *c = arg;
	enum limit which = c->deadline_limit;

	if (c->state == CONN_OPEN) {
		if (which == LIMIT_HEADER_TIME && c->listener->is_tls && c->wsi &&
			!tls_is_agreed(lws_get_ssl(c->wsi)))
			which = LIMIT_TLS_TIME;
		net_conn_limited(c, which);
	}
	net_conn_kill(c, limit_rows[which].why);
}

void net_conn_limited(const struct net_conn *c, enum limit which)
{
	net_limited(c->listener->net, which, net_conn_peer(c));
}

void net_conn_deadline(struct net_conn *c, int seconds, enum limit which)
{
	struct timers *timers = c->listener->net->timers;

	if (c->state != CONN_OPEN)
		return;
	c->deadline_limit = which;
	if (seconds > 0)
		timer_start(timers, &c->deadline, net_real_ms(seconds * 1000), on_deadline, c);
	else
		timer_stop(timers, &c->deadline);
}

static void free_chunks(struct net_conn *c)
{
	while (c->first) {
		struct chunk *chunk = c->first;

		c->first = chunk->next;
		free(chunk);
	}
	c->last = NULL;
	c->queued = 0;
}

/* lws has closed the socket: the last that is heard of a connection. */
static void on_closed(struct net_conn *c)
{
	struct net_listener *l = c->listener;
	struct net *n = l->net;

	c->wsi = NULL;
	if (c->adopting)
		return; /* net_conn_adopt() cleans up */
	timer_stop(n->timers, &c->deadline);
	DL_DELETE(n->conns, c);
	n->open--;
	if (c->uid < 0)
		net_peers_leave(n->peers, &c->address);
	l->service->closed(l->ctx, c, c->why ? c->why : "closed by peer");
	free_chunks(c);
	net_place_is_free(n);
	if (c->state != CONN_DYING)
		free(c);
}

/* The last byte is with the kernel. Closing now would send a reset if the peer still talks, and
 * the reset could overtake our last bytes: so half-close and wait for its end. */
static void linger(struct net_conn *c)
{
	struct timers *timers = c->listener->net->timers;

	c->state = CONN_LINGERING;
	if (c->listener->is_tls)
		tls_say_goodbye(lws_get_ssl(c->wsi));
	if (shutdown(lws_get_socket_fd(c->wsi), SHUT_WR)) {
		net_conn_kill(c, c->why);
		return;
	}
	timer_start(timers, &c->deadline, net_real_ms(LINGER_S * 1000), on_deadline, c);
}

void net_conn_finish(struct net_conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	c->state = CONN_FINISHING;
	c->why = "closed by us";
	c->is_paused = false;
	note_blocked(c);
	if (c->heard)
		set_reading(c);
	if (!c->first && !lws_partial_buffered(c->wsi)) {
		linger(c);
		return;
	}
	timer_start(c->listener->net->timers, &c->deadline, net_real_ms(LINGER_S * 1000),
		on_deadline, c);
}

/* --- sending ------------------------------------------------------------------------------- */

static int enqueue(
	struct net_conn *c, const void *head, size_t head_len, const void *body, size_t len)
{
	struct chunk *chunk;

	if (c->queued + head_len + len > c->listener->max_queue)
		return -1;
	chunk = malloc(sizeof(*chunk) + head_len + len);
	if (!chunk)
		return -1;
	chunk->next = NULL;
	chunk->len = head_len + len;
	memcpy(chunk->bytes, head, head_len);
	memcpy(chunk->bytes + head_len, body, len);
	if (c->last)
		c->last->next = chunk;
	else
		c->first = chunk;
	c->last = chunk;
	c->queued += chunk->len;
	return 0;
}

/* lws keeps what the socket does not take at once. */
static void write_now(struct net_conn *c, unsigned char *bytes, size_t len)
{
	if (lws_write(c->wsi, bytes, len, LWS_WRITE_RAW) < 0)
		net_conn_kill(c, "write failed");
	else
		note_blocked(c);
}

int net_conn_send(
	struct net_conn *c, const void *head, size_t head_len, const void *body, size_t len)
{
	struct net *n = c->listener->net;

	if (c->state != CONN_OPEN || !c->wsi)
		return -1;
	if (!c->first && head_len + len <= NET_SCRATCH && !lws_partial_buffered(c->wsi)) {
		memcpy(n->scratch, head, head_len);
		if (len)
			memcpy(n->scratch + head_len, body, len);
		write_now(c, n->scratch, head_len + len);
		return 0;
	}
	if (enqueue(c, head, head_len, len ? body : "", len))
		return -1;
	lws_callback_on_writable(c->wsi);
	return 0;
}

void net_conn_when_drained(struct net_conn *c)
{
	if (c->state == CONN_OPEN && c->wsi)
		lws_callback_on_writable(c->wsi);
}

size_t net_conn_queued(const struct net_conn *c)
{
	return c->queued;
}

void net_conn_drop_queue(struct net_conn *c)
{
	free_chunks(c);
}

/* Moves as many whole chunks as fit into the scratch buffer: one write, one TLS record. */
static size_t gather(struct net_conn *c, unsigned char *to)
{
	size_t n = 0;

	while (c->first && n + c->first->len <= NET_SCRATCH) {
		struct chunk *chunk = c->first;

		memcpy(to + n, chunk->bytes, chunk->len);
		n += chunk->len;
		c->queued -= chunk->len;
		c->first = chunk->next;
		free(chunk);
	}
	if (!c->first)
		c->last = NULL;
	return n;
}

static void write_large(struct net_conn *c)
{
	struct chunk *chunk = c->first;

	c->first = chunk->next;
	if (!c->first)
		c->last = NULL;
	c->queued -= chunk->len;
	write_now(c, (unsigned char *)chunk->bytes, chunk->len);
	free(chunk);
}

static void on_writable(struct net_conn *c)
{
	struct net_listener *l = c->listener;

	if (c->state >= CONN_LINGERING)
		return;
	if (c->first) {
		size_t n = gather(c, l->net->scratch);

		if (n)
			write_now(c, l->net->scratch, n);
		else
			write_large(c);
		if (c->state < CONN_LINGERING)
			lws_callback_on_writable(c->wsi);
		return;
	}
	note_blocked(c);
	if (c->is_blocked)
		return;
	if (c->state == CONN_FINISHING)
		linger(c);
	else if (l->service->drained)
		l->service->drained(l->ctx, c);
}

/* --- receiving ----------------------------------------------------------------------------- */

static void on_received(struct net_conn *c, unsigned char *bytes, size_t len)
{
	struct net_listener *l = c->listener;

	if (!c->heard) {
		c->heard = true;
		/* lws gives a TLS client a few seconds to say something; our deadline rules now. */
		lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	}
	if (c->state == CONN_OPEN)
		l->service->received(l->ctx, c, bytes, len);
}

void net_conn_pause(struct net_conn *c)
{
	c->is_paused = true;
	set_reading(c);
}

void net_conn_resume(struct net_conn *c)
{
	c->is_paused = false;
	set_reading(c);
}

int net_conn_on_lws(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct net_conn *c;

	switch (reason) {
	case LWS_CALLBACK_RAW_RX:
		c = lws_get_opaque_user_data(wsi);
		if (c)
			on_received(c, in, len);
		return 0;
	case LWS_CALLBACK_RAW_WRITEABLE:
		c = lws_get_opaque_user_data(wsi);
		if (c && c->wsi)
			on_writable(c);
		return 0;
	case LWS_CALLBACK_RAW_CLOSE:
		c = lws_get_opaque_user_data(wsi);
		lws_set_opaque_user_data(wsi, NULL);
		if (c)
			on_closed(c);
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		/* A fresh TLS listener: `user` is its SSL_CTX, `in` its vhost. */
		return tls_server_apply(lws_get_vhost_user(in), user) ? 1 : 0;
	case LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION:
		/* Nobody asks lws (csms/pki/peer_check.h). If somebody did: it would accept any
		 * certificate, its own verdict arrives in `len`. */
		return len ? 0 : 1;
	default:
		return 0;
	}
}

/* --- life ---------------------------------------------------------------------------------- */

void net_conn_adopt(struct net_listener *l, int fd, const struct net_address *address, int uid)
{
	struct net *n = l->net;
	struct net_conn *c = calloc(1, sizeof(*c));
	lws_adopt_desc_t desc = {.vh = l->vhost, .type = LWS_ADOPT_SOCKET, .opaque = c};

	if (!c) {
		close(fd);
		goto refused;
	}
	desc.fd.sockfd = fd;
	if (l->is_tls)
		desc.type |= LWS_ADOPT_ALLOW_SSL;
	c->listener = l;
	c->address = *address;
	c->uid = uid;
	c->adopting = true;
	c->wsi = lws_adopt_descriptor_vhost_via_info(&desc); /* closes fd if it fails */
	c->adopting = false;
	if (!c->wsi) {
		free(c);
		goto refused;
	}
	DL_APPEND(n->conns, c);
	n->open++;
	net_conn_deadline(c, n->limits.header_timeout_s, LIMIT_HEADER_TIME);
	l->service->opened(l->ctx, c);
	return;
refused:
	if (uid < 0)
		net_peers_leave(n->peers, address);
}

/* --- connections seen from outside --------------------------------------------------------- */

void net_conn_set_user(struct net_conn *c, void *user)
{
	c->user = user;
}

void *net_conn_user(const struct net_conn *c)
{
	return c->user;
}

struct net_listener *net_conn_listener(const struct net_conn *c)
{
	return c->listener;
}

bool net_conn_is_tls(const struct net_conn *c)
{
	return c->listener->is_tls;
}

const char *net_conn_peer(const struct net_conn *c)
{
	static char text[NET_PEER_SIZE];

	return c->uid >= 0 ? "unix" : net_address_format(&c->address, text, sizeof(text));
}

const struct peer_facts *net_conn_certificate(const struct net_conn *c)
{
	return c->listener->is_tls && c->wsi ? tls_peer(lws_get_ssl(c->wsi)) : NULL;
}

int net_conn_uid(const struct net_conn *c)
{
	return c->uid;
}
