/* The inside of csms/pki/: OpenSSL's certificates. */
#ifndef CSMS_PKI_X509_H
#define CSMS_PKI_X509_H

#include <openssl/x509.h>
#include <stddef.h>

/* The first certificate of the text, to be freed; NULL: there is none. */
X509 *certificate_read(const char *pem);

/* "CN=…,O=…", cut to fit. */
void certificate_name(const X509_NAME *name, char *out, size_t size);
void certificate_subject(X509 *cert, char *out, size_t size);

#endif
