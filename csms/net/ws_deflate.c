#include "csms/net/ws_deflate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* zlib cannot make raw streams with 8 bits. */
enum { BITS_MIN = 9, BITS_MAX = 15, MEM_LEVEL = 8 };

struct ws_deflate {
	z_stream inflater;
	bool can_inflate;
	z_stream deflaters[BITS_MAX + 1]; /* by window bits, made when first needed */
	bool can_deflate[BITS_MAX + 1];
	/* Two, for a message is answered while its text is still in use. */
	unsigned char *inflated, *deflated;
	size_t inflated_size, deflated_size;
	size_t made; /* bytes of the message inflated so far */
};

struct ws_deflate *ws_deflate_create(void)
{
	return calloc(1, sizeof(struct ws_deflate));
}

/* --- negotiation --------------------------------------------------------------------------- */

struct offer {
	bool server_no_takeover, client_no_takeover, client_bits;
	int server_bits; /* 0: not mentioned */
};

/* A token at *p without blanks around it, up to one of ";,=" or the end. */
static size_t take(const char **p, const char **token)
{
	size_t n;

	*p += strspn(*p, " \t");
	*token = *p;
	n = strcspn(*p, ";,=");
	*p += n;
	while (n && ((*token)[n - 1] == ' ' || (*token)[n - 1] == '\t'))
		n--;
	return n;
}

static bool is(const char *token, size_t n, const char *name)
{
	return n == strlen(name) && !memcmp(token, name, n);
}

/* "8".."15", maybe in quotes; 0 if it is neither. */
static int take_bits(const char **p)
{
	const char *value;
	size_t n;
	int bits = 0;

	(*p)++; /* '=' */
	n = take(p, &value);
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9' || (i == 0 && value[i] == '0') || bits > 15)
			return 0;
		bits = bits * 10 + value[i] - '0';
	}
	return bits >= 8 && bits <= BITS_MAX ? bits : 0;
}

/* One parameter of an offer; false if it is unknown, repeated or has a bad value (RFC 7692 7.1). */
static bool take_parameter(const char **p, struct offer *o)
{
	const char *name;
	size_t n = take(p, &name);
	bool has_value = **p == '=', *flag = NULL;
	int bits = has_value ? take_bits(p) : 0;

	if (has_value && !bits)
		return false;
	if (is(name, n, "server_max_window_bits")) {
		if (!has_value || o->server_bits)
			return false;
		o->server_bits = bits;
		return true;
	}
	if (is(name, n, "client_max_window_bits"))
		flag = &o->client_bits;
	else if (is(name, n, "server_no_context_takeover") && !has_value)
		flag = &o->server_no_takeover;
	else if (is(name, n, "client_no_context_takeover") && !has_value)
		flag = &o->client_no_takeover;
	if (!flag || *flag)
		return false;
	return *flag = true;
}

/* Parses the offer at *p and moves behind it; false if it cannot be accepted. */
static bool take_offer(const char **p, struct offer *o)
{
	const char *name;
	size_t n = take(p, &name);
	bool good = is(name, n, "permessage-deflate");

	memset(o, 0, sizeof(*o));
	while (**p == ';') {
		(*p)++;
		if (!good || !take_parameter(p, o))
			good = false;
		*p += strcspn(*p, ";,");
	}
	*p += strcspn(*p, ",");
	if (**p == ',')
		(*p)++;
	return good && (!o->server_bits || o->server_bits >= BITS_MIN);
}

int ws_deflate_negotiate(const char *offers, char response[WS_DEFLATE_RESPONSE_SIZE])
{
	struct offer o;

	while (*offers) {
		int n;

		if (!take_offer(&offers, &o))
			continue;
		n = snprintf(response, WS_DEFLATE_RESPONSE_SIZE,
			"permessage-deflate; server_no_context_takeover; "
			"client_no_context_takeover");
		if (!o.server_bits)
			return BITS_MAX;
		snprintf(response + n, WS_DEFLATE_RESPONSE_SIZE - (size_t)n,
			"; server_max_window_bits=%d", o.server_bits);
		return o.server_bits;
	}
	return 0;
}

/* --- messages ------------------------------------------------------------------------------ */

static bool reserve(unsigned char **buffer, size_t *capacity, size_t size)
{
	unsigned char *grown;

	if (size <= *capacity)
		return true;
	grown = realloc(*buffer, size);
	if (!grown)
		return false;
	*buffer = grown;
	*capacity = size;
	return true;
}

/* Room for more output, up to `max` + 1 bytes, the one telling too much; 0: there is none. */
static size_t make_room(struct ws_deflate *d, size_t max)
{
	size_t wanted = 2 * d->inflated_size;

	if (d->made + 1 < d->inflated_size)
		return d->inflated_size - 1 - d->made;
	if (wanted > max + 2)
		wanted = max + 2;
	if (!reserve(&d->inflated, &d->inflated_size, wanted))
		return 0;
	return d->inflated_size - 1 - d->made;
}

/* Inflates one piece of input. */
static int inflate_piece(struct ws_deflate *d, const unsigned char *in, size_t len, size_t max)
{
	z_stream *z = &d->inflater;

	z->next_in = (unsigned char *)in;
	z->avail_in = (uInt)len;
	for (;;) {
		size_t room = make_room(d, max);
		int status;

		if (!room)
			return d->made > max ? -2 : -1;
		z->next_out = d->inflated + d->made;
		z->avail_out = (uInt)room;
		status = inflate(z, Z_SYNC_FLUSH);
		d->made += room - z->avail_out;
		if (d->made > max)
			return -2;
		if (status == Z_STREAM_END) /* a final block; more may follow (RFC 7692 7.2.3.4) */
			inflateReset(z);
		else if (status != Z_OK && status != Z_BUF_ERROR)
			return -1;
		else if (z->avail_out) /* it had room, so it is through with the input */
			return 0;
		if (status == Z_STREAM_END && !z->avail_in)
			return 0;
	}
}

long ws_deflate_inflate(
	struct ws_deflate *d, const unsigned char *in, size_t len, size_t max, unsigned char **out)
{
	static const unsigned char tail[4] = {0x00, 0x00, 0xff, 0xff}; /* RFC 7692 7.2.2 */
	int status;

	if (!d->can_inflate) {
		if (inflateInit2(&d->inflater, -BITS_MAX) != Z_OK)
			return -1;
		d->can_inflate = true;
	}
	inflateReset(&d->inflater);
	d->made = 0;
	if (!reserve(&d->inflated, &d->inflated_size, 4096))
		return -1;
	status = inflate_piece(d, in, len, max);
	if (!status)
		status = inflate_piece(d, tail, sizeof(tail), max);
	if (status < 0)
		return status;
	*out = d->inflated;
	return (long)d->made;
}

static z_stream *deflater(struct ws_deflate *d, int bits)
{
	z_stream *z = &d->deflaters[bits];

	if (d->can_deflate[bits])
		return deflateReset(z) == Z_OK ? z : NULL;
	if (deflateInit2(z, Z_BEST_SPEED, Z_DEFLATED, -bits, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	d->can_deflate[bits] = true;
	return z;
}

long ws_deflate_deflate(struct ws_deflate *d, int window_bits, const void *in, size_t len,
	const unsigned char **out)
{
	z_stream *z = deflater(d, window_bits);

	/* Room for less than the message and the tail that is cut off: more is of no use. */
	if (!z || len < 8 || !reserve(&d->deflated, &d->deflated_size, len + 8))
		return -1;
	z->next_in = (unsigned char *)in;
	z->avail_in = (uInt)len;
	z->next_out = d->deflated;
	z->avail_out = (uInt)(len + 3);
	if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in || !z->avail_out)
		return -1;
	*out = d->deflated;
	return (long)z->total_out - 4;
}

void ws_deflate_destroy(struct ws_deflate *d)
{
	if (!d)
		return;
	if (d->can_inflate)
		inflateEnd(&d->inflater);
	for (int bits = BITS_MIN; bits <= BITS_MAX; bits++) {
		if (d->can_deflate[bits])
			deflateEnd(&d->deflaters[bits]);
	}
	free(d->inflated);
	free(d->deflated);
	free(d);
}
