#include "csms/net.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/net_internal.h"
#include "csms/net_peers.h"
#include "csms/net_socket.h"
#include "csms/tls.h"

/*
 * libwebsockets 4.1.6 carries the bytes (TLS, polling on our libev loop, partial writes). HTTP and
 * WebSocket framing are ours, for three reasons: its permessage-deflate, which OCPP-J demands, ends
 * the process by an assertion when a client sends 3,083 equal letters, and keeps 100 kB a
 * connection; its URI parser turns '+' into a space and decodes %2F before anyone sees the path, so
 * an identity cannot be judged; and it hangs up without an answer where a station needs a status.
 *
 * What of its traps remains is handled here:
 * - fd_limit_per_thread is never set: it makes every look-up of a connection a linear search;
 * - its timers on libev fire late when an earlier one is set after a later one: one repeating
 *   200 ms timer bounds that, and all our deadlines are on csms/timers;
 * - the vhost of a connection says nothing: the listener travels in the opaque pointer;
 * - the receive buffer is larger than a TLS record, so that no data can stay inside of OpenSSL,
 *   for which lws would search all connections in each turn.
 */
enum {
	HEARTBEAT_US = 200 * 1000,
	SERVICE_BUFFER = 16384 + LWS_PRE + 64,
	SCRATCH = 65536,
	ACCEPTS_PER_TURN = 64,
	RETRY_ACCEPT_MS = 100,
	LINGER_S = 2,
	SPARE_FILES = 256, /* databases, meters, HTTP client, and the listeners themselves */
};

/* A piece that waits to be sent. */
struct chunk {
	struct chunk *next;
	size_t len;
	char bytes[];
};

struct net_listener {
	struct net *net;
	struct net_listener *prev, *next;
	struct lws_vhost *vhost;
	struct loop_io *io;
	int fd;
	char *unix_path;
	bool is_tls;
	size_t max_queue;
	const struct net_service *service;
	void *ctx;
};

enum conn_state { CONN_OPEN, CONN_FINISHING, CONN_LINGERING, CONN_DYING };

struct net_conn {
	struct net_listener *listener;
	struct lws *wsi; /* NULL once lws let go of it */
	void *user;
	struct net_conn *prev, *next;
	struct net_conn *next_dying;
	struct net_address address;
	int uid;
	enum conn_state state;
	bool adopting, heard;
	struct timer deadline;
	const char *deadline_why, *why;
	struct chunk *first, *last;
	size_t queued;
};

struct net {
	struct loop *loop;
	struct timers *timers;
	struct net_limits limits;
	struct lws_context *lws;
	struct lws_vhost *plain;
	struct net_listener *listeners;
	struct net_conn *conns, *dying;
	struct net_peers *peers;
	struct timer reap, resume;
	lws_sorted_usec_list_t heartbeat;
	int open;
	bool accepting_paused;
	double tokens; /* connections that may be accepted now */
	mono_t tokens_at;
	unsigned char scratch[SCRATCH];
};

struct timers *net_timers(struct net *n)
{
	return n->timers;
}

int64_t net_real_ms(int64_t ms)
{
	return (int64_t)((double)ms * clock_speed());
}

/* --- closing ------------------------------------------------------------------------------- */

static void reap_dying(void *arg)
{
	struct net *n = arg;

	while (n->dying) {
		struct net_conn *c = n->dying;

		n->dying = c->next_dying;
		if (c->wsi)
			lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
		free(c);
	}
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
	timer_start(n->timers, &n->reap, 0, reap_dying, n);
}

static void on_deadline(void *arg)
{
	struct net_conn *c = arg;

	net_conn_kill(c, c->deadline_why);
}

void net_conn_deadline(struct net_conn *c, int seconds, const char *why)
{
	struct timers *timers = c->listener->net->timers;

	if (c->state != CONN_OPEN)
		return;
	c->deadline_why = why;
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

static void start_accepting(void *arg);

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
	if (n->accepting_paused && !timer_running(&n->resume))
		timer_start(n->timers, &n->resume, 0, start_accepting, n);
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
	c->deadline_why = c->why;
	if (c->heard)
		lws_rx_flow_control(c->wsi, 1);
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
}

int net_conn_send(
	struct net_conn *c, const void *head, size_t head_len, const void *body, size_t len)
{
	struct net *n = c->listener->net;

	if (c->state != CONN_OPEN || !c->wsi)
		return -1;
	if (!c->first && head_len + len <= SCRATCH && !lws_partial_buffered(c->wsi)) {
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

	while (c->first && n + c->first->len <= SCRATCH) {
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
	if (lws_partial_buffered(c->wsi))
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
	if (c->wsi)
		lws_rx_flow_control(c->wsi, 0);
}

void net_conn_resume(struct net_conn *c)
{
	if (c->wsi)
		lws_rx_flow_control(c->wsi, 1);
}

static int on_lws(
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
		/* lws would accept any certificate: its own verdict arrives in `len`. */
		return len ? 0 : 1;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "bytes", .callback = on_lws, .tx_packet_size = SCRATCH},
	{0},
};

/* Validity pings off: lws keeps them in a sorted list, each connect walks it. */
static const lws_retry_bo_t no_pings = {0};

/* --- accepting ----------------------------------------------------------------------------- */

static void net_conn_adopt(
	struct net_listener *l, int fd, const struct net_address *address, int uid)
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
	net_conn_deadline(c, n->limits.header_timeout_s, "no request in time");
	l->service->opened(l->ctx, c);
	return;
refused:
	if (uid < 0)
		net_peers_leave(n->peers, address);
}

/* Local operators get in when stations have used up every place. */
static bool is_limited(const struct net_listener *l)
{
	return !l->unix_path;
}

static void pause_accepting(struct net *n, int64_t ms)
{
	struct net_listener *l;

	n->accepting_paused = true;
	DL_FOREACH (n->listeners, l) {
		if (is_limited(l) && l->io)
			loop_io_pause(l->io);
	}
	if (ms >= 0)
		timer_start(n->timers, &n->resume, net_real_ms(ms), start_accepting, n);
}

/* True if one more may be accepted now. If not, the kernel keeps the callers waiting. */
static bool take_place(struct net *n)
{
	mono_t now = clock_mono();
	int rate = n->limits.connects_per_s;

	if (n->open >= n->limits.max_connections) {
		pause_accepting(n, -1);
		return false;
	}
	if (!rate)
		return true;
	n->tokens += (double)(now.us - n->tokens_at.us) / 1e6 / clock_speed() * rate;
	n->tokens_at = now;
	if (n->tokens > rate)
		n->tokens = rate;
	if (n->tokens < 1) {
		pause_accepting(n, 1 + (int64_t)((1 - n->tokens) * 1000 / rate));
		return false;
	}
	n->tokens -= 1;
	return true;
}

static int unix_peer_uid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? -1 : (int)cred.uid;
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct net_listener *l, int listen_fd)
{
	struct net *n = l->net;
	struct sockaddr_storage from;
	struct net_address address = {{0}};
	socklen_t len = sizeof(from);
	int fd, on = 1, uid = -1;

	if (is_limited(l) && !take_place(n))
		return false;
	fd = accept4(listen_fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		n->tokens += is_limited(l);
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(n, RETRY_ACCEPT_MS);
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (l->unix_path) {
		uid = unix_peer_uid(fd);
		if (uid < 0) {
			close(fd);
			return true;
		}
	} else if (!net_address_from(&from, &address) ||
		   !net_peers_enter(n->peers, &address, n->limits.max_per_address)) {
		close(fd);
		return true;
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	net_conn_adopt(l, fd, &address, uid);
	return true;
}

static void on_connect(void *arg, int fd)
{
	for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(arg, fd); i++)
		;
}

static void start_accepting(void *arg)
{
	struct net *n = arg;
	struct net_listener *l;

	n->accepting_paused = false;
	DL_FOREACH (n->listeners, l) {
		if (l->io)
			loop_io_resume(l->io);
	}
}

/* --- listeners ----------------------------------------------------------------------------- */

static struct lws_vhost *create_vhost(struct net *n, struct tls_server *tls)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.vhost_name = tls ? "tls" : "plain",
		.protocols = protocols,
		.retry_and_idle_policy = &no_pings,
		.user = tls,
		.alpn = "http/1.1",
	};

	if (tls)
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			       LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	return lws_create_vhost(n->lws, &info);
}

int net_listen(
	struct net *n, const struct net_listen *cfg, struct net_listener **out, char why[200])
{
	struct net_listener *l = calloc(1, sizeof(*l));
	int port = 0;

	if (!l) {
		snprintf(why, 200, "out of memory");
		return -1;
	}
	l->net = n;
	l->is_tls = cfg->tls;
	l->max_queue = cfg->max_queue;
	l->service = cfg->service;
	l->ctx = cfg->ctx;
	l->fd = cfg->unix_path
			? net_socket_unix(cfg->unix_path, why)
			: net_socket_tcp(cfg->address, cfg->port, cfg->config_key, &port, why);
	if (l->fd < 0) {
		free(l);
		return -1;
	}
	snprintf(why, 200, "cannot set up the listener (see the log)");
	l->vhost = cfg->tls ? create_vhost(n, cfg->tls) : n->plain;
	l->unix_path = cfg->unix_path ? strdup(cfg->unix_path) : NULL;
	l->io = loop_io_create(n->loop, l->fd, on_connect, l);
	DL_APPEND(n->listeners, l);
	if (!l->vhost || !l->io || (cfg->unix_path && !l->unix_path)) {
		net_listener_close(l);
		return -1;
	}
	why[0] = '\0';
	*out = l;
	return port;
}

/* The struct stays until net_destroy(): connections point to it. */
void net_listener_close(struct net_listener *l)
{
	if (l->fd < 0)
		return;
	loop_io_destroy(l->io);
	l->io = NULL;
	close(l->fd);
	l->fd = -1;
	if (l->unix_path)
		unlink(l->unix_path);
}

static void ignore(void *ctx, struct net_conn *c)
{
}

static void ignore_bytes(void *ctx, struct net_conn *c, unsigned char *bytes, size_t len)
{
}

static void ignore_end(void *ctx, struct net_conn *c, const char *why)
{
}

void net_listener_abandon(struct net_listener *l)
{
	static const struct net_service nobody = {ignore, ignore_bytes, NULL, ignore_end};
	struct net_conn *c;

	net_listener_close(l);
	l->service = &nobody;
	DL_FOREACH (l->net->conns, c) {
		if (c->listener == l)
			net_conn_kill(c, "shutting down");
	}
}

void net_stop_listening(struct net *n)
{
	struct net_listener *l;

	DL_FOREACH (n->listeners, l)
		net_listener_close(l);
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
	static char text[64];

	return c->uid >= 0 ? "unix" : net_address_format(&c->address, text, sizeof(text));
}

int net_conn_uid(const struct net_conn *c)
{
	return c->uid;
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_heartbeat(lws_sorted_usec_list_t *sul)
{
	struct net *n = lws_container_of(sul, struct net, heartbeat);

	lws_sul_schedule(n->lws, 0, &n->heartbeat, on_heartbeat, HEARTBEAT_US);
}

static void on_lws_log(int level, const char *line)
{
	size_t len = strlen(line);

	while (len && line[len - 1] == '\n')
		len--;
	if (level & LLL_ERR)
		log_warn("libwebsockets: %.*s", (int)len, line);
	else
		log_debug("libwebsockets: %.*s", (int)len, line);
}

/* lws sizes its table of connections by this limit when the context is made. */
static void raise_file_limit(int connections)
{
	struct rlimit rl;
	rlim_t want = (rlim_t)connections + SPARE_FILES;

	if (getrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur >= want)
		return;
	rl.rlim_cur = rl.rlim_max == RLIM_INFINITY || rl.rlim_max > want ? want : rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur < want)
		log_warn("only %llu files may be open, %llu are wanted for %d connections: raise "
			 "LimitNOFILE",
			(unsigned long long)rl.rlim_cur, (unsigned long long)want, connections);
}

struct net *net_create(struct loop *l, const struct net_limits *limits)
{
	struct net *n = calloc(1, sizeof(*n));
	void *loops[1] = {loop_foreign(l)};
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.foreign_loops = loops,
		.pt_serv_buf_size = SERVICE_BUFFER,
		.timeout_secs = (unsigned int)limits->header_timeout_s,
		.retry_and_idle_policy = &no_pings,
	};

	if (!n)
		return NULL;
	n->loop = l;
	n->timers = loop_timers(l);
	n->limits = *limits;
	n->tokens = limits->connects_per_s;
	n->tokens_at = clock_mono();
	raise_file_limit(limits->max_connections);
	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	n->peers = net_peers_create();
	n->lws = lws_create_context(&info);
	n->plain = n->lws ? create_vhost(n, NULL) : NULL;
	if (!n->peers || !n->plain) {
		log_error(
			"cannot start libwebsockets on libev: is libwebsockets-evlib-ev installed?");
		net_destroy(n);
		return NULL;
	}
	lws_sul_schedule(n->lws, 0, &n->heartbeat, on_heartbeat, HEARTBEAT_US);
	return n;
}

void net_destroy(struct net *n)
{
	struct net_listener *l, *next_l;
	struct net_conn *c, *next_c;

	if (!n)
		return;
	net_stop_listening(n);
	DL_FOREACH_SAFE(n->conns, c, next_c)
	net_conn_kill(c, "shutting down");
	reap_dying(n);
	timer_stop(n->timers, &n->reap);
	timer_stop(n->timers, &n->resume);
	if (n->lws) {
		lws_sul_cancel(&n->heartbeat);
		lws_context_destroy(n->lws);
	}
	DL_FOREACH_SAFE(n->listeners, l, next_l)
	{
		free(l->unix_path);
		free(l);
	}
	net_peers_destroy(n->peers);
	free(n);
}
