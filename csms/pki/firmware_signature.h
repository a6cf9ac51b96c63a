/*
 * Firmware signatures: is this image what its maker signed (L01.FR.04, L01.FR.12)? RSA (PSS or
 * PKCS #1 v1.5) or ECDSA over the SHA-256 of the whole image, by a certificate that a manufacturer's
 * root signed directly: the specification allows no certificates between the two. Reads files: call
 * it on a worker, or a reader.
 */
#ifndef CSMS_PKI_FIRMWARE_SIGNATURE_H
#define CSMS_PKI_FIRMWARE_SIGNATURE_H

struct firmware_signature {
	const char *roots; /* folder of *.pem */
	const char *certificate; /* PEM */
	const char *signature; /* base64 */
	const char *sha256; /* hex, of the image */
};

/* 0 with what it was and who signed; -1 with one line for a person. */
int firmware_signature_verify(
	const struct firmware_signature *s, char algorithm[41], char signer[301], char why[300]);

/* What can be said without the image: somebody whom a known root entrusted, and a signature that may be
 * of that key. `sha256` is not read. 0, or -1 with one line. */
int firmware_signature_judge(const struct firmware_signature *s, char why[300]);

#endif
