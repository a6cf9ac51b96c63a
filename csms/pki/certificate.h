/*
 * Certificates as people paste and stations store them: PEM in, what it says out.
 */
#ifndef CSMS_PKI_CERTIFICATE_H
#define CSMS_PKI_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

/* What a certificate authority's certificate says. Hashes are hex, SHA-256, as OCSP has them
 * (RFC 6960 4.1.1): over the DER of the issuer's name, and over the bits of the issuer's key. */
struct certificate_facts {
	char subject[301], serial[42];
	char issuer_name_hash[65], issuer_key_hash[65]; /* key: "" unless it issued itself */
	int64_t not_before_ms, not_after_ms;
	bool is_ca, is_self_issued;
	int count; /* certificates in the text */
};

/* 0, or -1 with one line: it is no certificate. */
int certificate_facts(const char *pem, struct certificate_facts *out, char why[200]);

#endif
