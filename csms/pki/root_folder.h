/*
 * Root folder: the certificates in PEM that an administrator keeps in one of the folders of DATA/pki, one
 * file a name, NAME.pem: makers' roots, contract roots, roots of stations and of chargers. Listed, put and removed as texts; who
 * verifies reads them by csms/pki/pem_folder.h. Reads and writes the disk: never on the loop.
 */
#ifndef CSMS_PKI_ROOT_FOLDER_H
#define CSMS_PKI_ROOT_FOLDER_H

#include <stdbool.h>

#define ROOT_FILE_MAX  60000 /* characters of one file */
#define ROOT_FILES_MAX 1000
#define ROOT_NAME_MAX  60

/* 1 to 60 characters of A-Z a-z 0-9 - _ */
bool root_folder_name(const char *name);

/* Calls `found` for each file that begins with a certificate, in the order of the names, with the file's name less
 * ".pem" and its text, which lives until `found` returns. */
struct certificate_facts;
void root_folder_list(const char *data, const char *folder,
	void (*found)(void *arg, const char *name, const char *pem,
		const struct certificate_facts *facts),
	void *arg);

/* Whole under its name, or not at all. 0, or -1 with one line. */
int root_folder_put(
	const char *data, const char *folder, const char *name, const char *pem, char why[300]);

/* False: there is none of that name. */
bool root_folder_remove(const char *data, const char *folder, const char *name);

#endif
