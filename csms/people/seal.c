#include "csms/people/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY = 32, NONCE = 12, TAG = 16 };

struct seal {
	unsigned char key[KEY];
};

static int make_key(struct seal *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = -1;

	if (fd < 0)
		return -1;
	if (RAND_bytes(s->key, KEY) == 1 && write(fd, s->key, KEY) == KEY && fsync(fd) == 0)
		rc = 0;
	close(fd);
	if (rc != 0)
		unlink(path);
	return rc;
}

static int read_key(struct seal *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? make_key(s, path) : -1;
	n = read(fd, s->key, KEY);
	close(fd);
	errno = EINVAL;
	return n == KEY ? 0 : -1;
}

struct seal *seal_open(const char *path, char why[300])
{
	struct seal *s = calloc(1, sizeof(*s));

	if (s != NULL && read_key(s, path) == 0)
		return s;
	snprintf(why, 300, "%.200s: %s; without it second factors must be set up anew", path,
		strerror(errno));
	seal_close(s);
	return NULL;
}

static EVP_CIPHER_CTX *begin(
	const struct seal *s, const char *name, const unsigned char *nonce, int encrypts)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	if (c != NULL &&
		EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, s->key, nonce, encrypts) == 1 &&
		EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)name, (int)strlen(name)) == 1)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

int seal_put(const struct seal *s, const char *name, const unsigned char *bytes, size_t len,
	char out[SEAL_TEXT])
{
	unsigned char all[NONCE + SEAL_BYTES_MAX + TAG];
	EVP_CIPHER_CTX *c;
	int n = 0, rc = -1;

	if (len > SEAL_BYTES_MAX || RAND_bytes(all, NONCE) != 1)
		return -1;
	c = begin(s, name, all, 1);
	if (c != NULL && EVP_CipherUpdate(c, all + NONCE, &n, bytes, (int)len) == 1 &&
		EVP_CipherFinal_ex(c, all + NONCE + n, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, all + NONCE + len) == 1) {
		for (size_t i = 0; i < NONCE + len + TAG; i++)
			sprintf(out + 2 * i, "%02x", all[i]);
		rc = 0;
	}
	EVP_CIPHER_CTX_free(c);
	return rc;
}

static int from_hex(const char *text, unsigned char *out, size_t max)
{
	size_t len = strlen(text) / 2;

	if (len > max || strlen(text) % 2 != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned v;
		if (sscanf(text + 2 * i, "%2x", &v) != 1)
			return -1;
		out[i] = (unsigned char)v;
	}
	return (int)len;
}

int seal_get(
	const struct seal *s, const char *name, const char *text, unsigned char out[SEAL_BYTES_MAX])
{
	unsigned char all[NONCE + SEAL_BYTES_MAX + TAG];
	int len = from_hex(text, all, sizeof(all)) - NONCE - TAG, n = 0, rc = -1;
	EVP_CIPHER_CTX *c = len < 0 ? NULL : begin(s, name, all, 0);

	if (c != NULL && EVP_CipherUpdate(c, out, &n, all + NONCE, len) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, all + NONCE + len) == 1 &&
		EVP_CipherFinal_ex(c, out + n, &n) == 1)
		rc = len;
	EVP_CIPHER_CTX_free(c);
	return rc;
}

void seal_close(struct seal *s)
{
	if (s != NULL)
		OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}
