/* Certificates in PKCS #7, as EST returns them (RFC 7030 4.1.3). Pure. */
#ifndef CSMS_PKI_PKCS7_H
#define CSMS_PKI_PKCS7_H

#include <stddef.h>

/* Base64 of a certs-only PKCS #7 as PEM, to be freed; NULL with one line. */
char *pkcs7_to_pem(const char *base64, size_t len, char why[200]);

/* What stands between the lines of a request in PEM: base64, into `out`. -1: it does not fit. */
int pem_body(const char *pem, char *out, size_t size);

#endif
