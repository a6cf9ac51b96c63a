#include "csms/people/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHA1 = 20, DIGITS = 6, MODULUS = 1000000 };

void totp_secret(unsigned char secret[TOTP_SECRET], char text[TOTP_SECRET_TEXT])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, 6 */

	if (RAND_bytes(secret, TOTP_SECRET) != 1)
		abort(); /* no randomness: no secret */
	for (int i = 0; i < TOTP_SECRET * 8 / 5; i++) {
		int bit = i * 5, at = bit / 8;
		unsigned two = (unsigned)secret[at] << 8;
		if (at + 1 < TOTP_SECRET)
			two |= secret[at + 1];
		text[i] = letters[two >> (11 - bit % 8) & 31];
	}
	text[TOTP_SECRET_TEXT - 1] = '\0';
}

int totp_code(const unsigned char *secret, size_t len, int64_t step)
{
	unsigned char counter[8], mac[SHA1];
	unsigned n = 0;

	for (int i = 0; i < 8; i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	if (HMAC(EVP_sha1(), secret, (int)len, counter, sizeof(counter), mac, &n) == NULL)
		abort(); /* only without memory: nobody may be let in on a code that was not made */
	const unsigned char *at = mac + (mac[SHA1 - 1] & 15);
	uint32_t bits = (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 |
			(uint32_t)at[2] << 8 | at[3];
	return (int)(bits % MODULUS);
}

bool totp_matches(
	const unsigned char secret[TOTP_SECRET], const char *code, int64_t now_s, int64_t *used)
{
	int64_t now = now_s / TOTP_STEP_S;
	char text[DIGITS + 1];

	if (strlen(code) != DIGITS)
		return false;
	for (int64_t step = now - 1; step <= now + 1; step++) {
		snprintf(text, sizeof(text), "%06d", totp_code(secret, TOTP_SECRET, step));
		if (step > *used && strcmp(text, code) == 0) {
			*used = step;
			return true;
		}
	}
	return false;
}
