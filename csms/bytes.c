#include "csms/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

bool bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (b->len + len + 1 > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
		unsigned char *grown;

		while (capacity < b->len + len + 1)
			capacity *= 2;
		grown = realloc(b->data, capacity);
		if (!grown)
			return false;
		b->data = grown;
		b->capacity = capacity;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

void bytes_drop(struct bytes *b, size_t n)
{
	b->len -= n;
	if (!b->len)
		bytes_free(b);
	else if (n)
		memmove(b->data, b->data + n, b->len);
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}
