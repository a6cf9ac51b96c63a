/*
 * TLS server settings: certificates, versions, suites and no resumption, per listener.
 * Owner of <openssl/ssl.h> together with csms/pki/.
 */
#ifndef CSMS_TLS_H
#define CSMS_TLS_H

#include <stdbool.h>
#include "csms/net/limit.h"
#include "csms/pki/peer_check.h"

struct tls_server_config {
	const char *ecdsa_cert, *ecdsa_key; /* PEM files: chain, leaf first; key */
	const char *rsa_cert, *rsa_key; /* second pair, or NULL */
	bool forward_secrecy_only; /* without the plain RSA suites that A00.FR.318 demands */
	limit_reached
		reached; /* handshakes that we ended, where no certificate is asked for; or NULL */
	void *reached_ctx;
	const struct peer_check_config *peers; /* clients must show a certificate; NULL: none */
};

struct tls_server;

/* Loads and checks the files (key matches, not expired). NULL with one line for a person. */
struct tls_server *tls_server_create(const struct tls_server_config *cfg, char why[200]);

/* Called by csms/net/net.c with the SSL_CTX of a fresh listener: installs certificates, TLS 1.2+,
 * the four mandatory suites of OCPP A00.FR.318 and TLS 1.3, no tickets, no session cache. */
int tls_server_apply(struct tls_server *t, void *ssl_ctx);

/* Reads the files again, and the folders of roots and revocation lists (SIGHUP, or one of them was
 * changed); open connections live on. -1 with `why`: the old ones stay. */
int tls_server_reload(struct tls_server *t, char why[200]);

/* Who is checked by what; NULL: clients show no certificates. */
const struct peer_check *tls_server_peers(const struct tls_server *t);

/* The certificate that the client of a connection has shown, verified; NULL: none. `ssl` is the SSL
 * of the connection, as long as which it lives. */
const struct peer_facts *tls_peer(const void *ssl);

/* Is the handshake of a connection over? */
bool tls_is_agreed(const void *ssl);

/* Sends the alert that ends a TLS connection properly. `ssl` is the SSL of the connection. */
void tls_say_goodbye(void *ssl);

void tls_server_destroy(struct tls_server *t);

#endif
