#include "csms/pki/ca_frame.h"

#include <string.h>

size_t ca_frame_write(unsigned char *out, size_t size, const char *const *texts, int count)
{
	size_t n = 4;

	for (int i = 0; i < count; i++) {
		size_t len = strlen(texts[i]) + 1;

		if (n + len > size || n + len > CA_FRAME_MAX + 4)
			return 0;
		memcpy(out + n, texts[i], len);
		n += len;
	}
	out[0] = (unsigned char)((n - 4) >> 24);
	out[1] = (unsigned char)((n - 4) >> 16);
	out[2] = (unsigned char)((n - 4) >> 8);
	out[3] = (unsigned char)(n - 4);
	return n;
}

long ca_frame_read(
	const unsigned char *bytes, size_t len, const char *texts[CA_FRAME_TEXTS], int *count)
{
	size_t all, at = 4;

	if (len < 4)
		return 0;
	all = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	if (all == 0 || all > CA_FRAME_MAX)
		return -1;
	if (len < all + 4)
		return 0;
	if (bytes[all + 3] != '\0')
		return -1;
	for (*count = 0; at < all + 4; (*count)++) {
		if (*count == CA_FRAME_TEXTS)
			return -1;
		texts[*count] = (const char *)bytes + at;
		at += strlen(texts[*count]) + 1;
	}
	return (long)all + 4;
}
