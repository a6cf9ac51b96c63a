/* The inside of csms/pki/ and csms/ca/: OpenSSL's certificates. */
#ifndef CSMS_PKI_X509_H
#define CSMS_PKI_X509_H

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stddef.h>

/* For PEM_read_…: nobody is asked for a passphrase, whatever a text claims. */
int pem_no_password(char *out, int size, int writing, void *arg);

/* The first certificate of the text, to be freed; NULL: there is none. */
X509 *certificate_read(const char *pem);

/* All certificates of the text, in their order; NULL: none, a broken one, or more than `most`. */
STACK_OF(X509) * certificates_read(const char *pem, int most);

/* The first request of the text, to be freed; NULL: there is none. */
X509_REQ *csr_parse(const char *pem);

/* "CN=…,O=…", cut to fit. */
void certificate_name(const X509_NAME *name, char *out, size_t size);
void certificate_subject(X509 *cert, char *out, size_t size);

/* The only entry of its kind as UTF-8; "" if there is none. -1: several, longer than `size`, empty,
 * or with characters that do not print. */
int name_entry(const X509_NAME *name, int nid, char *out, size_t size);

/* Hex, in lower case: SHA-256 of the DER of the certificate; of the public key. */
void certificate_fingerprint(const X509 *cert, char out[65]);
void key_hash(EVP_PKEY *key, char out[65]);

/* The serial number as OCPP writes it: hex without zeros in front. */
void certificate_serial(X509 *cert, char out[42]);

/* UTC in ms; 0: unreadable. */
int64_t time_of(const ASN1_TIME *t);

/* Words of OpenSSL's newest error, which is cleared. */
const char *openssl_words(void);

#endif
