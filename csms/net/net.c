#include "csms/net/net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/net/net_private.h"
#include "csms/net/net_socket.h"
#include "csms/net/tls.h"

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
	ACCEPTS_PER_TURN = 64,
	ACCEPTS_LEAST = 8, /* also when others keep the processor busy */
	LONG_TURN_US = 15000,
	RETRY_ACCEPT_MS = 100,
	LWS_LATER_S = 5,
	SPARE_FILES = 256, /* databases, meters, HTTP client, and the listeners themselves */
};

struct timers *net_timers(struct net *n)
{
	return n->timers;
}

int64_t net_real_ms(int64_t ms)
{
	return (int64_t)((double)ms * clock_speed());
}

static const struct lws_protocols protocols[] = {
	{.name = "bytes", .callback = net_conn_on_lws, .tx_packet_size = NET_SCRATCH},
	{0},
};

/* Validity pings off: lws keeps them in a sorted list, each connect walks it. */
static const lws_retry_bo_t no_pings = {0};

void net_limited(const struct net *n, enum limit which, const char *peer)
{
	if (n->limits.reached)
		n->limits.reached(n->limits.reached_ctx, which, peer);
}

/* --- accepting ----------------------------------------------------------------------------- */

/* Local operators get in when stations have used up every place. */
static bool is_limited(const struct net_listener *l)
{
	return !l->unix_path;
}

static void start_accepting(void *arg);

static void pause_accepting(struct net *n, int64_t ms)
{
	n->accepting_paused = true;
	for (struct net_listener *l = n->listeners; l; l = l->next) {
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
		net_limited(n, LIMIT_CONNECTIONS, "");
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
		net_limited(n, LIMIT_CONNECT_RATE, "");
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

/* Of one address only so many, and only so fast. Closing at once costs us the least. */
static bool may_enter(struct net *n, const struct net_address *a)
{
	const struct net_peers_limits limits = {
		.open = n->limits.max_per_address,
		.per_s = n->limits.address_connects_per_s / clock_speed(),
	};
	enum net_peers_verdict v = net_peers_enter(n->peers, a, &limits, clock_mono());
	char text[NET_PEER_SIZE];

	if (v == NET_PEERS_OK)
		return true;
	net_limited(n, v == NET_PEERS_TOO_FAST ? LIMIT_ADDRESS_RATE : LIMIT_ADDRESS_CONNECTIONS,
		net_address_format(a, text, sizeof(text)));
	return false;
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
	} else if (!net_address_from(&from, &address) || !may_enter(n, &address)) {
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
	struct net *n = ((struct net_listener *)arg)->net;

	/* Whoever is let in costs the turns that follow: a handshake, a boot. When thousands come at
	 * once, they come as fast as those turns stay short, and wait in the kernel meanwhile. */
	if (loop_last_turn_us(n->loop) > LONG_TURN_US)
		n->accepts = n->accepts / 2 > ACCEPTS_LEAST ? n->accepts / 2 : ACCEPTS_LEAST;
	else if (n->accepts < ACCEPTS_PER_TURN)
		n->accepts++;
	for (int i = 0; i < n->accepts && accept_one(arg, fd); i++)
		;
}

static void start_accepting(void *arg)
{
	struct net *n = arg;

	n->accepting_paused = false;
	for (struct net_listener *l = n->listeners; l; l = l->next) {
		if (l->io)
			loop_io_resume(l->io);
	}
}

void net_place_is_free(struct net *n)
{
	if (n->accepting_paused && !timer_running(&n->resume))
		timer_start(n->timers, &n->resume, 0, start_accepting, n);
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
	for (c = l->net->conns; c; c = c->next) {
		if (c->listener == l)
			net_conn_kill(c, "shutting down");
	}
}

void net_stop_listening(struct net *n)
{
	for (struct net_listener *l = n->listeners; l; l = l->next)
		net_listener_close(l);
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
		/* Behind our own deadline, which says and counts what it was. */
		.timeout_secs = (unsigned int)limits->header_timeout_s + LWS_LATER_S,
		.retry_and_idle_policy = &no_pings,
	};

	if (!n)
		return NULL;
	n->loop = l;
	n->timers = loop_timers(l);
	n->limits = *limits;
	n->accepts = ACCEPTS_LEAST;
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
	if (!n)
		return;
	net_stop_listening(n);
	for (struct net_conn *c = n->conns; c; c = c->next)
		net_conn_kill(c, "shutting down");
	net_conn_reap(n);
	timer_stop(n->timers, &n->reap);
	timer_stop(n->timers, &n->resume);
	if (n->lws) {
		lws_sul_cancel(&n->heartbeat);
		lws_context_destroy(n->lws);
	}
	while (n->listeners) {
		struct net_listener *l = n->listeners;

		DL_DELETE(n->listeners, l);
		free(l->unix_path);
		free(l);
	}
	net_peers_destroy(n->peers);
	free(n);
}
