/*
 * Contract: may a vehicle pay with this certificate (C07.FR.05)? The chain is built and checked on the
 * worker, then OCSP is asked about each certificate below the root, all at once; trust.contract_ms ends
 * it in any case. What cannot be checked is not believed. Loop thread only.
 */
#ifndef CSMS_CONTRACT_H
#define CSMS_CONTRACT_H

#include "csms/certificates/contracts.h"
#include "gen/ocpp201.h"

#define CONTRACT_CHECKS_MAX 500 /* at once */

struct contract_result {
	enum ocpp201_authorize_certificate_status status; /* Accepted, CertificateExpired,
							     CertificateRevoked, CertChainError */
	char why[300]; /* unless it is Accepted */
};

/* Checks the chain (`certificate`, PEM, or NULL) and the hash data (count 0: none) that came with the
 * eMAID; if both did, both must hold. All is copied. `done` is told once, never from within. -1: too
 * many at once, or no memory. */
int contract_check(struct contracts *c, const char *emaid, const char *certificate,
	const struct ocpp201_ocsp_request_data_list *hashes,
	void (*done)(void *arg, const struct contract_result *r), void *arg);

#endif
