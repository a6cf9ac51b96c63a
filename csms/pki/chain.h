/*
 * Chains that authorities return: put in order and judged before a station gets one. Leaf first,
 * then each that signed the one before, without the root: what stations want (platforms that get a
 * root in a chain refuse it). Pure; any thread.
 */
#ifndef CSMS_PKI_CHAIN_H
#define CSMS_PKI_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define CHAIN_MAX        10000 /* characters, CertificateSignedRequest.certificateChain */
#define CHAIN_DEPTH_MOST 5

struct chain_facts {
	char pem[CHAIN_MAX + 1];
	char fingerprint[65], key_hash[65], serial[42];
	char subject[301], issuer[301];
	int64_t not_before_ms, not_after_ms;
	int count;
};

/* `pem`: certificates in any order; `csr`: the request that was judged (csms/pki/csr.h). The leaf
 * must be of the request's key and name, of no authority, and signed by the next of the chain.
 * 0, or -1 with one line. */
int chain_judge(const char *pem, const char *csr, struct chain_facts *out, char why[200]);

#endif
