#include "csms/pki/cert_id.h"
#include <stdio.h>
#include <string.h>

/* The algorithms of OCPP with their lengths and, as DER, their object identifiers (NIST CSOR). */
static const struct {
	const char *name;
	int len;
	unsigned char oid[11];
} hashes[CERT_HASHES] = {
	[CERT_SHA256] = {"SHA256", 32, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}},
	[CERT_SHA384] = {"SHA384", 48, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2}},
	[CERT_SHA512] = {"SHA512", 64, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3}},
};

/* -- reading ---------------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool is_hex(const char *text)
{
	for (; *text; text++)
		if (digit(*text) < 0)
			return false;
	return true;
}

static bool read_hash(const char *hex, int len, unsigned char *out)
{
	if (strlen(hex) != 2 * (size_t)len || !is_hex(hex))
		return false;
	for (int i = 0; i < len; i++)
		out[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return true;
}

static bool read_serial(const char *hex, struct cert_id *out)
{
	size_t n;

	if (!*hex || !is_hex(hex))
		return false;
	hex += strspn(hex, "0");
	n = strlen(hex);
	out->serial_len = (int)(n + 1) / 2;
	if (n > 2 * CERT_SERIAL_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)out->serial_len - 1 - (n - 1 - i) / 2;

		out->serial[at] = (unsigned char)(out->serial[at] << 4 | digit(hex[i]));
	}
	return true;
}

int cert_id_read(const char *algorithm, const char *name, const char *key, const char *serial,
	struct cert_id *out, char why[200])
{
	int h = 0;

	memset(out, 0, sizeof *out);
	while (h < CERT_HASHES && strcmp(hashes[h].name, algorithm) != 0)
		h++;
	if (h == CERT_HASHES) {
		snprintf(why, 200, "%.20s is none of SHA256, SHA384, SHA512", algorithm);
		return -1;
	}
	out->hash = (enum cert_hash)h;
	out->hash_len = hashes[h].len;
	if (!read_hash(name, out->hash_len, out->name) ||
		!read_hash(key, out->hash_len, out->key)) {
		snprintf(why, 200, "the hashes are not %d hex digits long, as those of %s are",
			2 * out->hash_len, hashes[h].name);
		return -1;
	}
	if (!read_serial(serial, out)) {
		snprintf(why, 200, "the serial number is no hex number of at most 20 bytes");
		return -1;
	}
	return 0;
}

/* -- comparing -------------------------------------------------------------------------------- */

bool cert_id_same_issuer(const struct cert_id *a, const struct cert_id *b)
{
	return a->hash == b->hash && memcmp(a->name, b->name, (size_t)a->hash_len) == 0 &&
	       memcmp(a->key, b->key, (size_t)a->hash_len) == 0;
}

bool cert_id_same(const struct cert_id *a, const struct cert_id *b)
{
	return cert_id_same_issuer(a, b) && a->serial_len == b->serial_len &&
	       memcmp(a->serial, b->serial, (size_t)a->serial_len) == 0;
}

/* -- writing ---------------------------------------------------------------------------------- */

static unsigned char *put(unsigned char *p, int tag, const unsigned char *bytes, int len)
{
	*p++ = (unsigned char)tag;
	*p++ = (unsigned char)len;
	memcpy(p, bytes, (size_t)len);
	return p + len;
}

/* A whole number, not negative: a byte more where the first bit is set. */
static unsigned char *put_serial(unsigned char *p, const struct cert_id *id)
{
	unsigned char number[CERT_SERIAL_MAX + 1] = {0};
	bool wants_zero = id->serial_len == 0 || id->serial[0] & 0x80;

	memcpy(number + wants_zero, id->serial, (size_t)id->serial_len);
	return put(p, 2, number, id->serial_len + wants_zero);
}

size_t cert_id_der(const struct cert_id *id, unsigned char out[CERT_ID_DER_MAX])
{
	static const unsigned char null[2] = {5, 0};
	unsigned char algorithm[13], body[CERT_ID_DER_MAX], *p = body;
	size_t len;

	memcpy(algorithm, hashes[id->hash].oid, 11);
	memcpy(algorithm + 11, null, 2);
	p = put(p, 0x30, algorithm, sizeof algorithm);
	p = put(p, 4, id->name, id->hash_len);
	p = put(p, 4, id->key, id->hash_len);
	p = put_serial(p, id);
	len = (size_t)(p - body);
	p = out;
	*p++ = 0x30;
	if (len > 127)
		*p++ = 0x81;
	*p++ = (unsigned char)len;
	memcpy(p, body, len);
	return (size_t)(p - out) + len;
}
