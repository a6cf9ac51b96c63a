/*
 * Certificate signing requests (PKCS #10) of stations: is this one that an authority should look at
 * at all? Bounded work for any text: the size of the key is known before its signature is verified.
 * Extensions and attributes that a request asks for are ignored: what a certificate says of itself
 * is the authority's word. Pure; any thread.
 */
#ifndef CSMS_PKI_CSR_H
#define CSMS_PKI_CSR_H

#include <stdbool.h>

#define CSR_MAX 5500 /* characters, SignCertificateRequest.csr */

struct csr_facts {
	char key_hash[65]; /* SHA-256 of the public key (SubjectPublicKeyInfo), hex */
	char key[40]; /* "EC P-256", "RSA 2048" */
	char common_name[257], organisation[257]; /* 64 characters of any script; "" none */
	bool is_rsa;
};

/* One request in PEM, signed by its own key, which is strong enough (A00.FR.501 and after: RSA from
 * 2048 bits, curves from 224); a subject of few parts, at most one name and one organisation of
 * printable characters, the name no address of the network. 0, or -1 with one line for a person. */
int csr_read(const char *pem, struct csr_facts *out, char why[200]);

#endif
