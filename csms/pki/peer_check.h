/*
 * Peer check: is the certificate that a station shows one that we trust, and what does it say
 * (OCPP 2.0.1 A00.FR.401 to 408, 427 to 429, 501 to 514)? For a listener of security profile 3.
 *
 * OpenSSL builds and checks the path (RFC 5280), with the folders of roots and revocation lists
 * as they were when last loaded. What it does not ask is asked here: a name that can be compared, no
 * authority's certificate as a station's. Whose station it is, is for csms/station/gate.c to say.
 *
 * libwebsockets is not asked: in 4.1.6 its own callback lets any certificate pass. Loop thread only.
 */
#ifndef CSMS_PKI_PEER_CHECK_H
#define CSMS_PKI_PEER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum { PEER_NAME_SIZE = 257, PEER_ORGANIZATIONS = 4 };

/* What a certificate says. Texts are UTF-8 without control characters. */
struct peer_facts {
	char common_name[PEER_NAME_SIZE];
	char organizations[PEER_ORGANIZATIONS][PEER_NAME_SIZE];
	int organization_count;
	char serial[65]; /* hex */
	char issuer[301];
	char fingerprint[65]; /* SHA-256 of all of it, hex */
	int64_t not_after_ms;
	bool is_expired; /* only where `may_be_expired` said yes */
	bool is_factory; /* a manufacturer's root vouches for it, none of ours (A00.FR.804) */
	bool is_charger; /* the root of ISO 15118 vouches for it, no root of stations */
};

/* A handshake that we ended. */
struct peer_refusal {
	const struct peer_facts *facts; /* NULL: no certificate was read */
	const char *why; /* one line for a person */
	const char *peer; /* address */
};

struct peer_check_config {
	/* Folders of *.pem; missing ones are empty. */
	const char *roots, *factory_roots, *charger_roots, *crls;
	bool refuse_overdue; /* whose issuer's revocation list was not renewed */
	/* May a station with this name come with a certificate that is over (A00.FR.429)? */
	bool (*may_be_expired)(void *ctx, const char *common_name);
	/* Each handshake that failed on our side, once. */
	void (*refused)(void *ctx, const struct peer_refusal *r);
	void *ctx;
};

struct peer_check;

/* NULL with one line: a file that cannot be read. The config's strings are copied. */
struct peer_check *peer_check_create(const struct peer_check_config *cfg, char why[200]);

/* Makes a listener's SSL_CTX ask for a certificate and judge it. */
int peer_check_apply(struct peer_check *p, void *ssl_ctx);

/* Reads the folders again; -1 with one line: those before stay in force. Open connections live on. */
int peer_check_reload(struct peer_check *p, char why[200]);

/* How many roots and revocation lists are in force. */
int peer_check_roots(const struct peer_check *p);
int peer_check_crls(const struct peer_check *p);

/* What the verified certificate of a connection says; NULL: it has none. Lives as long as `ssl`. */
const struct peer_facts *peer_check_facts(const void *ssl);

/* The address at the other end of a connection; "?" if it is gone. */
void peer_check_address(const void *ssl, char out[64]);

void peer_check_destroy(struct peer_check *p);

#endif
