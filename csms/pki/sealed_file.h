/*
 * Sealed files: a secret under a passphrase, for copies that leave the machine. The text is CMS
 * AuthEnvelopedData in PEM (RFC 5083, RFC 5652), AES-256-GCM, its key wrapped under PBKDF2 of the
 * passphrase (RFC 3211, RFC 8018): `openssl cms -decrypt -inform PEM -pwri_password …` opens it
 * without us. Pure but for memory and random numbers; any thread; takes a tenth of a second by design.
 */
#ifndef CSMS_PKI_SEALED_FILE_H
#define CSMS_PKI_SEALED_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define SEALED_FILE_MAX   (1024 * 1024) /* bytes of a secret */
#define SEALED_FILE_END   ".sealed" /* of the name of a sealed one */
#define SEALED_PASSPHRASE 12 /* characters that a passphrase must have at least */

/* Is that text a private key, as PEM has them? */
bool sealed_file_is_key(const char *text, size_t len);

/* Returns the sealed text (for free(), `out_len` bytes), NULL: too long, no memory, or OpenSSL said no. */
char *sealed_file_make(const void *secret, size_t len, const char *passphrase, size_t *out_len);

/* The secret (for free()); NULL: another passphrase, a changed text, or none of ours. */
char *sealed_file_open(const char *text, size_t len, const char *passphrase, size_t *out_len);

#endif
