#include <libwebsockets.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "tools/depotsim/ws_client.h"

#define SUBPROTOCOL  "ocpp2.0.1"
#define MAX_MESSAGE  (1 << 20)
#define MAX_PASSWORD 64 /* A00: 16 to 40 characters, more since the errata */

struct message {
	struct message *next;
	size_t len;
	unsigned char bytes[]; /* LWS_PRE bytes of room first */
};

struct wsc_link {
	struct wsc_link *next;
	struct wsc_pool *pool;
	const struct wsc_target *target;
	char identity[64];
	char password[MAX_PASSWORD + 1];
	const char *certificate, *key; /* PEM; NULL: none */
	const char *protocol;
	void *arg;
	struct lws *wsi;
	bool connecting, open, cut;
	struct message *first, *last;
	char *in;
	size_t in_len, in_room;
};

struct wsc_pool {
	struct lws_context *context;
	struct wsc_handlers handlers;
	struct wsc_link *links;
	int timer; /* timerfd, watched by the same poll */
	bool (*tick)(void *arg);
	void *tick_arg;
	bool stopped;
};

int wsc_target_parse(const char *url, struct wsc_target *out, char why[200])
{
	struct wsc_target t = {0};
	const char *at = url;
	if (strncmp(url, "ws://", 5) == 0) {
		at += 5;
	} else if (strncmp(url, "wss://", 6) == 0) {
		at += 6;
		t.tls = true;
	} else {
		snprintf(why, 200, "%.100s: the address must begin with ws:// or wss://", url);
		return -1;
	}
	size_t host = strcspn(at, ":/");
	if (host == 0 || host >= sizeof t.host) {
		snprintf(why, 200, "%.100s: there is no host name in it", url);
		return -1;
	}
	memcpy(t.host, at, host);
	at += host;
	t.port = t.tls ? 443 : 80;
	if (*at == ':') {
		char *end;
		long port = strtol(at + 1, &end, 10);
		if (end == at + 1 || (*end && *end != '/') || port < 1 || port > 65535) {
			snprintf(why, 200, "%.100s: the port must be 1 to 65535", url);
			return -1;
		}
		t.port = (int)port;
		at = end;
	}
	size_t path = strlen(at);
	while (path && at[path - 1] == '/')
		path--;
	if (path >= sizeof t.path) {
		snprintf(why, 200, "%.60s…: the path is too long", url);
		return -1;
	}
	memcpy(t.path, at, path);
	*out = t;
	return 0;
}

static void forget_messages(struct wsc_link *l)
{
	while (l->first) {
		struct message *m = l->first;
		l->first = m->next;
		free(m);
	}
	l->last = NULL;
	free(l->in);
	l->in = NULL;
	l->in_len = l->in_room = 0;
}

/* Once per connection attempt, whatever way it ended. */
static void link_closed(struct wsc_link *l, const char *why)
{
	if (!l->connecting && !l->open)
		return;
	l->connecting = l->open = l->cut = false;
	l->wsi = NULL;
	forget_messages(l);
	l->pool->handlers.closed(l->arg, why);
}

/* Authorization: Basic base64(identity:password), OCPP 2.0.1 part 2, A00.FR.203, 204. */
static int add_authorization(struct wsc_link *l, unsigned char **at, unsigned char *end)
{
	char plain[sizeof l->identity + sizeof l->password + 1];
	char header[sizeof plain * 2 + 16] = "Basic ";
	int n = snprintf(plain, sizeof plain, "%s:%s", l->identity, l->password);
	if (!l->password[0])
		return 0;
	n = lws_b64_encode_string(plain, n, header + 6, (int)sizeof header - 6);
	if (n < 0)
		return -1;
	return lws_add_http_header_by_token(
		l->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (unsigned char *)header, 6 + n, at, end);
}

static int append(struct wsc_link *l, const char *bytes, size_t len)
{
	if (l->in_len + len > MAX_MESSAGE)
		return -1;
	if (l->in_len + len + 1 > l->in_room) {
		size_t room = l->in_len + len + 1 + 1024;
		char *more = realloc(l->in, room);
		if (!more)
			return -1;
		l->in = more;
		l->in_room = room;
	}
	memcpy(l->in + l->in_len, bytes, len);
	l->in_len += len;
	l->in[l->in_len] = '\0';
	return 0;
}

static int receive(struct wsc_link *l, const char *bytes, size_t len)
{
	if (append(l, bytes, len))
		return -1;
	if (!lws_is_final_fragment(l->wsi) || lws_remaining_packet_payload(l->wsi))
		return 0;
	/* The handler may close the link, so the text is taken out first. */
	char *text = l->in;
	size_t text_len = l->in_len;
	l->in = NULL;
	l->in_len = l->in_room = 0;
	l->pool->handlers.received(l->arg, text, text_len);
	free(text);
	return 0;
}

static int write_one(struct wsc_link *l)
{
	struct message *m = l->first;
	if (!m)
		return 0;
	int sent = lws_write(l->wsi, m->bytes + LWS_PRE, m->len, LWS_WRITE_TEXT);
	l->first = m->next;
	if (!l->first)
		l->last = NULL;
	free(m);
	if (sent < 0)
		return -1;
	if (l->first)
		lws_callback_on_writable(l->wsi);
	return 0;
}

/* libwebsockets compares host names only; an address must stand in the certificate too. */
static bool address_is_certified(const struct wsc_link *l, struct lws *wsi)
{
	unsigned char address[sizeof(struct in6_addr)];
	if (!l->target->tls || (inet_pton(AF_INET, l->target->host, address) != 1 &&
				       inet_pton(AF_INET6, l->target->host, address) != 1))
		return true;
	SSL *ssl = lws_get_ssl(wsi);
	X509 *cert = ssl ? SSL_get1_peer_certificate(ssl) : NULL;
	bool fits = cert && X509_check_ip_asc(cert, l->target->host, 0) == 1;
	X509_free(cert);
	return fits;
}

/* libwebsockets' own timers round down to milliseconds and spin for the rest, hence a timerfd. */
static void on_timer(struct wsc_pool *p)
{
	uint64_t expirations;
	if (read(p->timer, &expirations, sizeof expirations) != (ssize_t)sizeof expirations)
		return;
	if (p->tick(p->tick_arg))
		return;
	p->stopped = true;
	lws_cancel_service(p->context); /* or it would wait for the next frame */
}

/* Leaf first, then each that signed the one before. */
static bool show_chain(SSL *ssl, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;
	int n = 0;
	bool good = bio != NULL;
	while (good && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		good = (n++ ? SSL_add1_chain_cert(ssl, cert) : SSL_use_certificate(ssl, cert)) == 1;
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return good && n > 0;
}

static bool show_key(SSL *ssl, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	bool good = key && SSL_use_PrivateKey(ssl, key) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return good;
}

/* The server asks: which of our stations is this? */
static int on_asked(SSL *ssl, void *arg)
{
	const struct wsc_pool *p = arg;
	const struct wsc_link *l = p->links;
	while (l && (!l->wsi || lws_get_ssl(l->wsi) != ssl))
		l = l->next;
	if (!l || !l->certificate || !l->key)
		return 1;
	return show_chain(ssl, l->certificate) && show_key(ssl, l->key);
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct wsc_link *l = lws_get_opaque_user_data(wsi);
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		on_timer(lws_context_user(lws_get_context(wsi)));
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS) /* `user`: SSL_CTX */
		SSL_CTX_set_cert_cb(user, on_asked, lws_context_user(lws_get_context(wsi)));
	if (!l || !l->pool || l->pool->stopped)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
		unsigned char **at = in;
		l->wsi = wsi;
		/* Before the password leaves. */
		return address_is_certified(l, wsi) ? add_authorization(l, at, *at + len) : -1;
	}
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		l->wsi = wsi;
		l->connecting = false;
		l->open = true;
		l->pool->handlers.opened(l->arg);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(l, in, len);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (!l->cut || l->first)
			return write_one(l);
		lws_close_reason(wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
		return -1;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		link_closed(l, in ? in : "no connection");
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_WSI_DESTROY:
		link_closed(l, "closed");
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{SUBPROTOCOL, on_event, 0, 1024, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* libwebsockets' own idle checks cost a sorted list over all connections: off. */
static const lws_retry_bo_t no_retry = {0};

struct wsc_pool *wsc_pool_create(
	const char *ca_file, const struct wsc_handlers *handlers, char why[200])
{
	struct wsc_pool *p = calloc(1, sizeof *p);
	if (!p) {
		snprintf(why, 200, "out of memory");
		return NULL;
	}
	if (ca_file && access(ca_file, R_OK) != 0) {
		snprintf(why, 200, "cannot read the CA file %.120s", ca_file);
		free(p);
		return NULL;
	}
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.client_ssl_ca_filepath = ca_file,
		.retry_and_idle_policy = &no_retry,
		.user = p,
		.gid = -1,
		.uid = -1,
	};
	lws_set_log_level(0, NULL);
	p->handlers = *handlers;
	p->context = lws_create_context(&info);
	if (p->context)
		return p;
	snprintf(why, 200, "cannot start the WebSocket client%s%.100s",
		ca_file ? ": is this a PEM file? " : "", ca_file ? ca_file : "");
	free(p);
	return NULL;
}

struct wsc_link *wsc_link_create(struct wsc_pool *p, const struct wsc_target *target,
	const char *identity, const char *password, void *arg)
{
	struct wsc_link *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->pool = p;
	l->target = target;
	l->arg = arg;
	l->protocol = SUBPROTOCOL;
	if (snprintf(l->identity, sizeof l->identity, "%s", identity) >= (int)sizeof l->identity ||
		wsc_link_set_password(l, password)) {
		free(l);
		return NULL;
	}
	l->next = p->links;
	p->links = l;
	return l;
}

void wsc_link_set_protocol(struct wsc_link *l, const char *protocol)
{
	l->protocol = protocol;
}

void wsc_link_set_certificate(struct wsc_link *l, const char *chain, const char *key)
{
	l->certificate = chain;
	l->key = key;
}

void wsc_link_set_target(struct wsc_link *l, const struct wsc_target *target)
{
	l->target = target;
}

int wsc_link_set_password(struct wsc_link *l, const char *password)
{
	size_t len = password ? strlen(password) : 0;
	if (len > MAX_PASSWORD)
		return -1;
	memcpy(l->password, password ? password : "", len + 1);
	return 0;
}

/* base path + "/" + percent-encoded identity (part 4, 3.1.1) */
static void put_path(const struct wsc_link *l, char *out, size_t size)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t n = (size_t)snprintf(out, size, "%s/", l->target->path);
	for (const char *c = l->identity; *c && n + 4 < size; c++) {
		if (strchr(unreserved, *c))
			out[n++] = *c;
		else
			n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned char)*c);
	}
	out[n] = '\0';
}

static bool host_is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

void wsc_link_connect(struct wsc_link *l)
{
	char path[512], host[300];
	if (l->connecting || l->open)
		return;
	put_path(l, path, sizeof path);
	snprintf(host, sizeof host, "%s:%d", l->target->host, l->target->port);
	int tls = LCCSCF_USE_SSL;
	if (host_is_address(l->target->host))
		tls |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK; /* address_is_certified() does it */
	struct lws_client_connect_info info = {
		.context = l->pool->context,
		.address = l->target->host,
		.port = l->target->port,
		.ssl_connection = l->target->tls ? tls : 0,
		.path = path,
		.host = l->target->tls ? l->target->host : host,
		.origin = NULL,
		.protocol = l->protocol,
		.local_protocol_name = SUBPROTOCOL,
		.opaque_user_data = l,
		.pwsi = &l->wsi,
		.retry_and_idle_policy = &no_retry,
	};
	l->connecting = true;
	if (!lws_client_connect_via_info(&info))
		link_closed(l, "no connection");
}

int wsc_link_send(struct wsc_link *l, const char *text, size_t len)
{
	if (!l->open || l->cut)
		return -1;
	struct message *m = malloc(sizeof *m + LWS_PRE + len);
	if (!m)
		return -1;
	m->next = NULL;
	m->len = len;
	memcpy(m->bytes + LWS_PRE, text, len);
	if (l->last)
		l->last->next = m;
	else
		l->first = m;
	l->last = m;
	lws_callback_on_writable(l->wsi);
	return 0;
}

void wsc_link_close(struct wsc_link *l, bool abrupt)
{
	if (!l->wsi || l->cut)
		return;
	l->cut = true;
	if (abrupt || !l->open)
		lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	else
		lws_callback_on_writable(l->wsi);
}

int wsc_pool_run(struct wsc_pool *p, int64_t tick_us, bool (*tick)(void *arg), void *arg)
{
	struct itimerspec every = {
		.it_interval = {tick_us / 1000000, tick_us % 1000000 * 1000},
		.it_value = {0, 1},
	};
	lws_sock_file_fd_type fd;
	p->tick = tick;
	p->tick_arg = arg;
	p->timer = fd.filefd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer < 0 || timerfd_settime(p->timer, 0, &every, NULL) != 0 ||
		!lws_adopt_descriptor_vhost(lws_get_vhost_by_name(p->context, "default"),
			LWS_ADOPT_RAW_FILE_DESC, fd, SUBPROTOCOL, NULL))
		return -1;
	while (!p->stopped && lws_service(p->context, 0) >= 0)
		continue;
	return 0;
}

void wsc_pool_destroy(struct wsc_pool *p)
{
	if (!p)
		return;
	p->stopped = true;
	lws_context_destroy(p->context);
	while (p->links) {
		struct wsc_link *l = p->links;
		p->links = l->next;
		forget_messages(l);
		free(l);
	}
	free(p);
}
