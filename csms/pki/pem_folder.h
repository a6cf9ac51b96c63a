/*
 * PEM folder: what lies in the files *.pem of a folder, several in a file or not. A folder that is
 * not there is empty. Bounded; what is in it was put there by an administrator.
 */
#ifndef CSMS_PKI_PEM_FOLDER_H
#define CSMS_PKI_PEM_FOLDER_H

#include <openssl/x509.h>
#include <stdbool.h>

/* Calls `add` for each certificate or list; it is freed after. 0, or -1 with one line: a file cannot
 * be read, holds none, or `add` said no. */
int pem_folder_certificates(
	const char *path, bool (*add)(void *arg, X509 *cert), void *arg, char why[200]);
int pem_folder_crls(
	const char *path, bool (*add)(void *arg, X509_CRL *crl), void *arg, char why[200]);

#endif
