/*
 * CRL file: certificate revocation lists (RFC 5280 5) as they are fetched and kept: DER or PEM in, judged
 * by who signed it and by its times, PEM out. Pure.
 */
#ifndef CSMS_PKI_CRL_FILE_H
#define CSMS_PKI_CRL_FILE_H

#include <stddef.h>
#include <stdint.h>

#define CRL_BYTES_MAX (4 * 1024 * 1024)

struct crl_facts {
	char issuer[301];
	int64_t this_ms, next_ms; /* made; renewed by then at the latest. 0: it does not say */
	int revoked; /* certificates in it */
};

/* The first list of a PEM text. 0, or -1 with one line. */
int crl_facts(const char *pem, struct crl_facts *out, char why[200]);

/* Judges a fetched list: it must be whole, of now, and signed by a certificate of `issuers` (PEM, one or
 * several) whose name it bears and who may sign lists. Its PEM (free() it), or NULL with one line. */
char *crl_judge(const void *bytes, size_t len, const char *issuers, int64_t now_ms,
	struct crl_facts *out, char why[200]);

#endif
