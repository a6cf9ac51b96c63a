/*
 * PEM files: the one loop over a folder of certificates or lists, *.pem, without OpenSSL. Bounded; what is
 * in it was put there by an administrator. Reads the disk.
 */
#ifndef CSMS_PKI_PEM_FILES_H
#define CSMS_PKI_PEM_FILES_H

#include <stdbool.h>

/* Calls `each` for every file in the order of the names, none if there is no such folder. 0, or -1: `each`
 * said no (what it left in `why` stays), or with one line: it cannot be read, or holds more than 1000. */
int pem_files(
	const char *folder, bool (*each)(void *arg, const char *path), void *arg, char why[200]);

#endif
