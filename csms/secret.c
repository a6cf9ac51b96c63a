#include "csms/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SALT_HEX = 32, SHA_SIZE = 32, SHA_HEX = 64 };

/* "s1$" salt "$" hash */
enum { SALT_AT = 3, HASH_AT = SALT_AT + SALT_HEX + 1, TEXT_LEN = HASH_AT + SHA_HEX };

static void random_bytes(unsigned char *out, size_t n)
{
	if (RAND_bytes(out, (int)n) != 1) {
		fputs("depotd: the system has no randomness; cannot make secrets\n", stderr);
		abort();
	}
}

static void to_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[bytes[i] >> 4];
		out[2 * i + 1] = hex[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static void sha256_hex(const void *a, size_t a_len, const void *b, size_t b_len, char out[65])
{
	unsigned char digest[SHA_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (!md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
		EVP_DigestUpdate(md, a, a_len) != 1 || EVP_DigestUpdate(md, b, b_len) != 1 ||
		EVP_DigestFinal_ex(md, digest, NULL) != 1)
		abort(); /* only without memory: nobody may be let in on a hash that was not made */
	EVP_MD_CTX_free(md);
	to_hex(out, digest, SHA_SIZE);
	OPENSSL_cleanse(digest, sizeof(digest));
}

void secret_random(char *out, size_t n)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char pool[64];
	size_t used = sizeof(pool);

	for (size_t i = 0; i < n;) {
		if (used == sizeof(pool)) {
			random_bytes(pool, sizeof(pool));
			used = 0;
		}
		/* 248 = 4 * 62: bytes above would favour the first letters. */
		if (pool[used] < 248)
			out[i++] = letters[pool[used] % 62];
		used++;
	}
	out[n] = '\0';
	OPENSSL_cleanse(pool, sizeof(pool));
}

void secret_hash(const void *secret, size_t len, char out[SECRET_HASH_SIZE])
{
	unsigned char salt[SALT_HEX / 2];
	char hash[SHA_HEX + 1];

	random_bytes(salt, sizeof(salt));
	memcpy(out, "s1$", SALT_AT);
	to_hex(out + SALT_AT, salt, sizeof(salt));
	sha256_hex(out + SALT_AT, SALT_HEX, secret, len, hash);
	out[HASH_AT - 1] = '$';
	memcpy(out + HASH_AT, hash, sizeof(hash));
}

static bool well_formed(const char *stored)
{
	return stored && strlen(stored) == TEXT_LEN && !memcmp(stored, "s1$", SALT_AT) &&
	       stored[HASH_AT - 1] == '$';
}

bool secret_matches(const void *secret, size_t len, const char *stored)
{
	static const char nobody[] =
		"s1$00000000000000000000000000000000$"
		"0000000000000000000000000000000000000000000000000000000000000000";
	bool known = well_formed(stored);
	const char *text = known ? stored : nobody;
	char hash[SHA_HEX + 1];

	sha256_hex(text + SALT_AT, SALT_HEX, secret, len, hash);
	return (CRYPTO_memcmp(hash, text + HASH_AT, SHA_HEX) == 0) & known;
}

void secret_digest(const void *secret, size_t len, char out[65])
{
	sha256_hex("", 0, secret, len, out);
}
