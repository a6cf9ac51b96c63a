#include "schemas/codec.h"

/* Length of the well-formed sequence that starts at `s`, 0 if there is none (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
static size_t sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (left < n || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool schema_utf8_check(const char *s, size_t len, size_t *points)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;
	size_t count = 0;

	while (p < end) {
		size_t n = 1;

		if (*p == 0)
			return false;
		if (*p >= 0x80)
			n = sequence(p, (size_t)(end - p));
		if (n == 0)
			return false;
		p += n;
		count++;
	}
	if (points)
		*points = count;
	return true;
}
