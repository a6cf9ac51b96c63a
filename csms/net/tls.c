#include "csms/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 200, MAX_LISTENERS = 8 };

/* The four that A00.FR.318 demands, the ECDHE-RSA ones for RSA stations that know better, and the
 * ChaCha ones for stations without AES in hardware. TLS 1.3 has its own list, OpenSSL's default. */
#define FORWARD_SECRET                                                                             \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"                             \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"                                 \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
static const char suites[] = FORWARD_SECRET ":AES128-GCM-SHA256:AES256-GCM-SHA384";
static const char forward_secret_suites[] = FORWARD_SECRET;

struct tls_server {
	char *ecdsa_cert, *ecdsa_key, *rsa_cert, *rsa_key;
	const char *suites;
	limit_reached reached;
	void *reached_ctx;
	struct peer_check *peers; /* NULL: clients show no certificates */
	SSL_CTX *live[MAX_LISTENERS]; /* of the listeners, for reload; each is a reference */
	int live_count;
};

static int explain(char why[WHY_SIZE], const char *what, const char *path)
{
	unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
	const char *reason = last ? ERR_reason_error_string(last) : NULL;

	if (first && ERR_GET_LIB(first) == ERR_LIB_SYS) /* no file, no permission */
		reason = strerror(ERR_GET_REASON(first));
	/* The file name is what a person needs if the line gets too long. */
	snprintf(why, WHY_SIZE, "%s %.110s: %.50s", what, path, reason ? reason : "unknown error");
	ERR_clear_error();
	return -1;
}

static int check_dates(const X509 *cert, const char *path, char why[WHY_SIZE])
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0) {
		snprintf(why, WHY_SIZE, "certificate %.120s has expired", path);
		return -1;
	}
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0) {
		snprintf(why, WHY_SIZE, "certificate %.120s is not valid yet; is the clock right?",
			path);
		return -1;
	}
	return 0;
}

static int load_pair(SSL_CTX *ctx, const char *cert, const char *key, char why[WHY_SIZE])
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return explain(why, "cannot use certificate", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return explain(why, "cannot use key", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return explain(why, "key does not fit its certificate:", key);
	return check_dates(SSL_CTX_get0_certificate(ctx), cert, why);
}

static int load(SSL_CTX *ctx, const struct tls_server *t, char why[WHY_SIZE])
{
	if (load_pair(ctx, t->ecdsa_cert, t->ecdsa_key, why))
		return -1;
	return t->rsa_cert ? load_pair(ctx, t->rsa_cert, t->rsa_key, why) : 0;
}

/* Alone, for next to another pair the key of that one would pass. */
static int check_pair(const char *cert, const char *key, char why[WHY_SIZE])
{
	SSL_CTX *trial = SSL_CTX_new(TLS_server_method());
	int result = trial ? load_pair(trial, cert, key, why) : explain(why, "cannot use", cert);

	SSL_CTX_free(trial);
	return result;
}

/* A trial run, so that a bad file never touches a live listener. */
static int check_files(const struct tls_server *t, char why[WHY_SIZE])
{
	if (check_pair(t->ecdsa_cert, t->ecdsa_key, why))
		return -1;
	return t->rsa_cert ? check_pair(t->rsa_cert, t->rsa_key, why) : 0;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

struct tls_server *tls_server_create(const struct tls_server_config *cfg, char why[WHY_SIZE])
{
	struct tls_server *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, WHY_SIZE, "out of memory");
		return NULL;
	}
	t->ecdsa_cert = copy(cfg->ecdsa_cert);
	t->ecdsa_key = copy(cfg->ecdsa_key);
	t->rsa_cert = copy(cfg->rsa_cert);
	t->rsa_key = copy(cfg->rsa_key);
	if (!t->ecdsa_cert || !t->ecdsa_key || (t->rsa_cert && !t->rsa_key)) {
		snprintf(why, WHY_SIZE, "TLS needs the files of a certificate and its key");
		tls_server_destroy(t);
		return NULL;
	}
	t->reached = cfg->reached;
	t->reached_ctx = cfg->reached_ctx;
	t->suites = cfg->forward_secrecy_only ? forward_secret_suites : suites;
	if (check_files(t, why) ||
		(cfg->peers && !(t->peers = peer_check_create(cfg->peers, why)))) {
		tls_server_destroy(t);
		return NULL;
	}
	return t;
}

/* -- handshakes that we end; those of stations with certificates are csms/pki/peer_check.c's ------- */

static int server_index = -1;

static void on_state(const SSL *ssl, int where, int ret)
{
	const struct tls_server *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), server_index);
	char address[64];

	if (!t || (where & SSL_CB_WRITE_ALERT) != SSL_CB_WRITE_ALERT || ret >> 8 != SSL3_AL_FATAL ||
		SSL_is_init_finished(ssl) ||
		ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return;
	peer_check_address(ssl, address);
	t->reached(t->reached_ctx, LIMIT_BAD_TLS, address);
}

static int tell_failures(struct tls_server *t, SSL_CTX *ctx)
{
	if (server_index < 0)
		server_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (server_index < 0 || SSL_CTX_set_ex_data(ctx, server_index, t) != 1)
		return -1;
	SSL_CTX_set_info_callback(ctx, on_state);
	return 0;
}

int tls_server_apply(struct tls_server *t, void *ssl_ctx)
{
	SSL_CTX *ctx = ssl_ctx;
	char why[WHY_SIZE];

	if (t->live_count == MAX_LISTENERS || load(ctx, t, why))
		return -1;
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ctx, t->suites) != 1 ||
		SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521") != 1)
		return -1;
	/* A resumed session skips the check of the client's certificate: a revoked station would
	 * stay in. Compression leaks secrets (A00.FR.321). */
	SSL_CTX_set_options(
		ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* 16 kB each way that an idle connection does not need. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* libwebsockets would move the connection to another listener by the name in its hello. */
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
	if (t->peers ? peer_check_apply(t->peers, ctx) : t->reached && tell_failures(t, ctx))
		return -1;
	SSL_CTX_up_ref(ctx);
	t->live[t->live_count++] = ctx;
	return 0;
}

int tls_server_reload(struct tls_server *t, char why[WHY_SIZE])
{
	if (check_files(t, why) || (t->peers && peer_check_reload(t->peers, why)))
		return -1;
	for (int i = 0; i < t->live_count; i++) {
		if (load(t->live[i], t, why))
			return -1;
	}
	return 0;
}

const struct peer_check *tls_server_peers(const struct tls_server *t)
{
	return t->peers;
}

const struct peer_facts *tls_peer(const void *ssl)
{
	return peer_check_facts(ssl);
}

bool tls_is_agreed(const void *ssl)
{
	return ssl && SSL_is_init_finished(ssl);
}

void tls_say_goodbye(void *ssl)
{
	if (!ssl)
		return;
	ERR_clear_error();
	SSL_shutdown(ssl);
}

void tls_server_destroy(struct tls_server *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->live_count; i++)
		SSL_CTX_free(t->live[i]);
	peer_check_destroy(t->peers);
	free(t->ecdsa_cert);
	free(t->ecdsa_key);
	free(t->rsa_cert);
	free(t->rsa_key);
	free(t);
}
