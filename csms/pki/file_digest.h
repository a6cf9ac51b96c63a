/*
 * File digest: SHA-256 and MD5 of bytes as they pass. (MD5 names a firmware file to a Local
 * Controller, L03.FR.02; nothing here trusts it.) One thread at a time.
 */
#ifndef CSMS_PKI_FILE_DIGEST_H
#define CSMS_PKI_FILE_DIGEST_H

#include <stddef.h>

struct file_digest;

struct file_digest *file_digest_create(void);
void file_digest_add(struct file_digest *d, const void *bytes, size_t len);

/* Hex and a NUL. */
void file_digest_end(struct file_digest *d, char sha256[65], char md5[33]);
void file_digest_destroy(struct file_digest *d);

#endif
