#include "csms/pki/file_digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct file_digest {
	EVP_MD_CTX *sha256, *md5;
};

struct file_digest *file_digest_create(void)
{
	struct file_digest *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sha256 = EVP_MD_CTX_new();
	d->md5 = EVP_MD_CTX_new();
	if (d->sha256 && d->md5 && EVP_DigestInit_ex(d->sha256, EVP_sha256(), NULL) == 1 &&
		EVP_DigestInit_ex(d->md5, EVP_md5(), NULL) == 1)
		return d;
	file_digest_destroy(d);
	return NULL;
}

void file_digest_add(struct file_digest *d, const void *bytes, size_t len)
{
	EVP_DigestUpdate(d->sha256, bytes, len);
	EVP_DigestUpdate(d->md5, bytes, len);
}

static void finish(EVP_MD_CTX *ctx, char *hex)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	EVP_DigestFinal_ex(ctx, sum, &len);
	for (unsigned int i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void file_digest_end(struct file_digest *d, char sha256[65], char md5[33])
{
	finish(d->sha256, sha256);
	finish(d->md5, md5);
}

void file_digest_destroy(struct file_digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->sha256);
	EVP_MD_CTX_free(d->md5);
	free(d);
}
