/*
 * Contract chain: the certificates that a vehicle pays with, as a station passes them on (C07.FR.06):
 * leaf first, then its sub-CAs, PEM. Says whether they lead to a root of the pool, whose contract they
 * are, and what to ask OCSP about. Pure; any thread.
 */
#ifndef CSMS_PKI_CONTRACT_CHAIN_H
#define CSMS_PKI_CONTRACT_CHAIN_H

#include <stdint.h>
#include "csms/pki/ca_pool.h"
#include "csms/pki/cert_id.h"

#define CHAIN_CERTS_MAX 5 /* without the root */
#define CHAIN_URL_SIZE  513

enum chain_verdict { CHAIN_GOOD, CHAIN_EXPIRED, CHAIN_BROKEN };

/* One that OCSP is asked about. */
struct chain_cert {
	struct cert_id id;
	char responder[CHAIN_URL_SIZE]; /* of its authority information access; "": it names none */
};

struct contract_chain {
	enum chain_verdict verdict;
	int count;
	struct chain_cert certs[CHAIN_CERTS_MAX]; /* leaf first */
	char name[65]; /* common name of the leaf: the eMAID */
	char why[200];
};

void contract_chain_read(
	const struct ca_pool *pool, const char *pem, int64_t now_ms, struct contract_chain *out);

#endif
