/*
 * CertificateHashData: how OCPP names a certificate (2.0.1 Part 2, datatype of that name), which is
 * OCSP's CertID (RFC 6960 4.1.1): hashes of the issuer's name and of its key's bits, and the serial
 * number. Pure; any thread.
 */
#ifndef CSMS_PKI_HASH_DATA_H
#define CSMS_PKI_HASH_DATA_H

struct hash_data {
	char issuer_name_hash[129], issuer_key_hash[129]; /* hex in lower case */
	char serial[42]; /* hex without zeros in front */
};

/* Of the first certificate of `pem`. `issuer`: the certificate that signed it; NULL: it signed itself.
 * `algorithm`: SHA256, SHA384 or SHA512. 0, or -1 with one line. */
int hash_data_of(const char *pem, const char *issuer, const char *algorithm, struct hash_data *out,
	char why[200]);

#endif
