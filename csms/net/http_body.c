#include "csms/net/http_body.h"

#include <stdlib.h>
#include <string.h>

/* Chunk sizes, extensions and trailers together: more is an attack. */
enum { OVERHEAD_PER_BYTE = 16, OVERHEAD_MIN = 4096, TRAILER_LINE_MAX = 1024 };

void http_body_init(struct http_body *b, long long length, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
	b->is_chunked = length < 0;
	b->expected = length < 0 ? 0 : (size_t)length;
	b->is_complete = length == 0;
}

void http_body_to(struct http_body *b, void (*sink)(void *arg, const char *bytes, size_t len),
	void *arg, size_t max)
{
	b->sink = sink;
	b->sink_arg = arg;
	b->max = max;
}

/* Grows with what arrives, not with what was announced. */
static int append(struct http_body *b, const char *bytes, size_t len)
{
	if (len > b->max - b->got)
		return -413;
	b->got += len;
	if (b->sink) {
		b->sink(b->sink_arg, bytes, len);
		return 0;
	}
	if (!bytes_add(&b->bytes, bytes, len))
		return -503;
	b->bytes.data[b->bytes.len] = '\0';
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int on_size_char(struct http_body *b, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		if (++b->digits > 8)
			return -413;
		b->expected = b->expected << 4 | (size_t)digit;
		return 0;
	}
	if (!b->digits || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
		return -400;
	b->state = CHUNK_EXTENSION;
	return 0;
}

/* One character between the data of chunks. */
static int on_frame_char(struct http_body *b, char c)
{
	if (++b->overhead > OVERHEAD_MIN + OVERHEAD_PER_BYTE * b->got)
		return -400;
	switch (b->state) {
	case CHUNK_SIZE:
		return on_size_char(b, c);
	case CHUNK_EXTENSION:
		if (c == '\n')
			b->state = b->expected ? CHUNK_DATA : CHUNK_TRAILER;
		return 0;
	case CHUNK_DATA_CR:
		b->state = CHUNK_DATA_LF;
		return c == '\r' ? 0 : -400;
	case CHUNK_DATA_LF:
		b->state = CHUNK_SIZE;
		b->digits = 0;
		return c == '\n' ? 0 : -400;
	case CHUNK_TRAILER:
		if (c == '\r')
			b->state = CHUNK_TRAILER_LF;
		else if (++b->trailer_line > TRAILER_LINE_MAX)
			return -431;
		return 0;
	case CHUNK_TRAILER_LF:
		b->is_complete = !b->trailer_line;
		b->trailer_line = 0;
		b->state = CHUNK_TRAILER;
		return c == '\n' ? 0 : -400;
	case CHUNK_DATA:
		break;
	}
	return -400;
}

static long take_chunked(struct http_body *b, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len && !b->is_complete) {
		int status;

		if (b->state == CHUNK_DATA) {
			size_t n = len - i < b->expected ? len - i : b->expected;

			status = append(b, bytes + i, n);
			i += n;
			b->expected -= n;
			if (!b->expected)
				b->state = CHUNK_DATA_CR;
		} else {
			status = on_frame_char(b, bytes[i++]);
		}
		if (status)
			return status;
	}
	return (long)i;
}

long http_body_take(struct http_body *b, const char *bytes, size_t len)
{
	size_t n = b->expected - b->got;
	int status;

	if (b->is_chunked)
		return take_chunked(b, bytes, len);
	if (n > len)
		n = len;
	status = append(b, bytes, n);
	b->is_complete = b->got == b->expected;
	return status ? status : (long)n;
}

void http_body_finish(struct http_body *b)
{
	bytes_free(&b->bytes);
	memset(b, 0, sizeof(*b));
}
