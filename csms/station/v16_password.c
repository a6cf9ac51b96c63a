#include "csms/station/v16_password.h"
#include <string.h>

#define KEY_MAX 20 /* bytes; as digits 40 */

static size_t to_hex(const unsigned char *in, size_t len, const char *digits, unsigned char *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = (unsigned char)digits[in[i] >> 4];
		out[2 * i + 1] = (unsigned char)digits[in[i] & 15];
	}
	return 2 * len;
}

static int digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0: these are no digits of bytes. */
static size_t from_hex(const unsigned char *in, size_t len, unsigned char *out)
{
	if (len % 2 || len > 2 * KEY_MAX)
		return 0;
	for (size_t i = 0; i < len / 2; i++) {
		int high = digit(in[2 * i]), low = digit(in[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return len / 2;
}

bool v16_password_fits(const unsigned char *password, size_t len,
	bool (*fits)(void *arg, const unsigned char *password, size_t len), void *arg)
{
	unsigned char other[2 * KEY_MAX];
	size_t n;
	bool ok = fits(arg, password, len);

	if (!ok && len <= KEY_MAX)
		ok = fits(arg, other, to_hex(password, len, "0123456789abcdef", other)) ||
		     fits(arg, other, to_hex(password, len, "0123456789ABCDEF", other));
	if (!ok && (n = from_hex(password, len, other)))
		ok = fits(arg, other, n);
	explicit_bzero(other, sizeof other);
	return ok;
}
