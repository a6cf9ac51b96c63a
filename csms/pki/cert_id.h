/*
 * Certificate id: how OCSP, and with it OCPP, names a certificate without having it (RFC 6960 4.1.1,
 * OCPP 2.0.1 Part 2 CertificateHashDataType): the hash of its issuer's name, the hash of its issuer's
 * key without tag and length, and its serial number. Pure.
 */
#ifndef CSMS_PKI_CERT_ID_H
#define CSMS_PKI_CERT_ID_H

#include <stdbool.h>
#include <stddef.h>

enum cert_hash { CERT_SHA256, CERT_SHA384, CERT_SHA512, CERT_HASHES };

#define CERT_SERIAL_MAX 20 /* bytes, RFC 5280 4.1.2.2 */

struct cert_id {
	enum cert_hash hash;
	unsigned char name[64], key[64];
	int hash_len; /* of both */
	unsigned char serial[CERT_SERIAL_MAX]; /* no leading zeros; 0 has length 0 */
	int serial_len;
};

/* `algorithm`: "SHA256" and so on; the rest hex, in any case, the serial with leading zeros or
 * without. 0, or -1 with one line: they are no hashes of that algorithm, or no number. */
int cert_id_read(const char *algorithm, const char *name, const char *key, const char *serial,
	struct cert_id *out, char why[200]);

bool cert_id_same(const struct cert_id *a, const struct cert_id *b);

/* Both were issued by the same authority. */
bool cert_id_same_issuer(const struct cert_id *a, const struct cert_id *b);

#define CERT_ID_DER_MAX 220

/* The CertID of RFC 6960 in DER; its length. */
size_t cert_id_der(const struct cert_id *id, unsigned char out[CERT_ID_DER_MAX]);

#endif
