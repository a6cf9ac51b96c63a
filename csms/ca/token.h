/*
 * Token: private keys in a PKCS #11 token, by the engine of libengine-pkcs11-openssl. The key never
 * leaves the token; what is returned only names it.
 */
#ifndef CSMS_CA_TOKEN_H
#define CSMS_CA_TOKEN_H

#include <openssl/evp.h>

/* Loads the module; the PIN is the first line of the file (NULL: the token asks for none). -1 with one
 * line. */
int token_open(const char *module, const char *pin_file, char why[200]);

/* By URI of RFC 7512. NULL with one line. */
EVP_PKEY *token_key(const char *uri, char why[200]);

#endif
