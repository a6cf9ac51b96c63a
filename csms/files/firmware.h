/*
 * Firmware: images for stations, kept in the files store, and whether their maker signed them
 * (L01.FR.04, L01.FR.12): a signature over the whole image by a certificate that chains to a root in
 * DATA/pki/manufacturers/. An image whose signature is wrong is never handed out. Loop thread only.
 */
#ifndef CSMS_FIRMWARE_H
#define CSMS_FIRMWARE_H

#include "csms/files/files.h"

struct firmware;

/* Strings are the store's. */
struct firmware_image {
	char id[37], vendor[UTF8_SIZE(50)], model[UTF8_SIZE(20)], version[UTF8_SIZE(50)];
	char name[101], sha256[65], md5[33];
	char actor[81];
	int64_t size;
	wall_t added;
	char *signature, *certificate; /* base64 and PEM, verified; NULL: unsigned */
	char algorithm[41], signer[301];
	UT_hash_handle hh;
};

/* Reads the store; after files_create(). NULL with why. */
struct firmware *firmware_create(struct core *c, char why[300]);

/* All images, oldest first (uthash). */
struct firmware_image *firmware_all(const struct firmware *f);
struct firmware_image *firmware_find(const struct firmware *f, const char *id);

/* The bytes of the id are in the files store: journals and keeps the image. NULL: no memory. */
struct firmware_image *firmware_add(
	struct firmware *f, const struct firmware_image *what, const char *actor);

/* Verifies on the worker; `done` on the loop with status 0 (it is journalled and in force) or -1
 * with one line. */
void firmware_sign(struct firmware *f, const char *id, const char *signature,
	const char *certificate, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg);

/* The station is of that maker and model, or has not said of which it is. */
bool firmware_fits(const struct station *s, const struct firmware_image *x);

void firmware_remove(struct firmware *f, struct firmware_image *image, const char *actor);

/* The payload of an UpdateFirmware with the image, to be filled in below. NULL: no memory. */
struct firmware_order {
	bool is_unsigned; /* although nobody signed it */
	wall_t retrieve_at, install_at; /* ms 0: now; when it can */
	int64_t retries, interval_s; /* -1: the station's own */
};
const char *firmware_payload(
	struct arena *a, const struct firmware_image *x, const struct firmware_order *o);

/* What depotd puts into a payload (csms/command/rules.c): where a GetLog without remoteLocation brings
 * its file; for a location `firmware:ID` the URL of that image, with its signature and certificate
 * (UpdateFirmware) or its checksum (PublishFirmware). `firmware-unsigned:ID` takes an image that
 * nobody signed (L02), `firmware-unsigned:URL` one of somebody else without certificate and
 * signature. A new text, or NULL with why. */
char *firmware_fill_get_log(struct core *c, struct station *s, const char *payload, char why[200]);
char *firmware_fill_update(struct core *c, struct station *s, const char *payload, char why[200]);
char *firmware_fill_publish(struct core *c, struct station *s, const char *payload, char why[200]);

void firmware_destroy(struct firmware *f);

#endif
