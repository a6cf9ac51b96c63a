#include "csms/net/ws_frame.h"

#include <string.h>

enum { FIN = 0x80, RSV1 = 0x40, RSV23 = 0x30, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f };

static bool is_known_opcode(unsigned opcode)
{
	return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static const char *find_fault(const unsigned char *bytes, unsigned short_length)
{
	unsigned opcode = bytes[0] & OPCODE;

	if (bytes[0] & RSV23)
		return "reserved bits are set";
	if (!is_known_opcode(opcode))
		return "unknown opcode";
	if (!(bytes[1] & MASKED))
		return "frame is not masked";
	if (opcode & 0x8) {
		if (!(bytes[0] & FIN) || short_length > WS_CONTROL_MAX)
			return "control frame is fragmented or too long";
		if (bytes[0] & RSV1)
			return "reserved bits are set";
	}
	return NULL;
}

static uint64_t big_endian(const unsigned char *bytes, int count)
{
	uint64_t v = 0;

	for (int i = 0; i < count; i++)
		v = v << 8 | bytes[i];
	return v;
}

int ws_frame_read(const unsigned char *bytes, size_t len, struct ws_frame *f, const char **why)
{
	unsigned short_length;
	int extra;

	if (len < 2)
		return 0;
	short_length = bytes[1] & LENGTH;
	*why = find_fault(bytes, short_length);
	if (*why)
		return -1;
	extra = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
	if (len < 2 + (size_t)extra + 4)
		return 0;
	f->opcode = (enum ws_opcode)(bytes[0] & OPCODE);
	f->is_final = bytes[0] & FIN;
	f->is_compressed = bytes[0] & RSV1;
	f->length = extra ? big_endian(bytes + 2, extra) : short_length;
	if (f->length >> 63) {
		*why = "length has more than 63 bits";
		return -1;
	}
	memcpy(f->mask, bytes + 2 + extra, 4);
	f->header_size = 2 + (size_t)extra + 4;
	return (int)f->header_size;
}

size_t ws_frame_write(
	unsigned char out[WS_HEADER_MAX], enum ws_opcode opcode, bool is_compressed, size_t length)
{
	int extra = length < 126 ? 0 : length < 65536 ? 2 : 8;

	out[0] = (unsigned char)(FIN | (is_compressed ? RSV1 : 0) | (unsigned)opcode);
	out[1] = extra == 8 ? 127 : extra == 2 ? 126 : (unsigned char)length;
	for (int i = 0; i < extra; i++)
		out[2 + i] = (unsigned char)((uint64_t)length >> 8 * (extra - 1 - i));
	return 2 + (size_t)extra;
}

void ws_frame_unmask(
	unsigned char *to, const unsigned char *from, size_t len, const unsigned char mask[4])
{
	uint32_t once;
	uint64_t twice, word;
	size_t i = 0;

	memcpy(&once, mask, 4);
	twice = (uint64_t)once << 32 | once;
	for (; i + 8 <= len; i += 8) {
		memcpy(&word, from + i, 8);
		word ^= twice;
		memcpy(to + i, &word, 8);
	}
	for (; i < len; i++)
		to[i] = from[i] ^ mask[i & 3];
}

/* Length of the sequence that starts with `lead`, and the range its second byte must be in, which
 * rules out overlong forms, surrogates and code points above U+10FFFF. */
static int sequence(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*low = 0x90;
		if (lead == 0xf4)
			*high = 0x8f;
		return 4;
	}
	return 0;
}

static size_t skip_ascii(const unsigned char *s, size_t i, size_t len)
{
	uint64_t word;

	while (i + 8 <= len) {
		memcpy(&word, s + i, 8);
		if (word & 0x8080808080808080u)
			break;
		i += 8;
	}
	while (i < len && s[i] < 0x80)
		i++;
	return i;
}

bool ws_utf8_valid(const unsigned char *s, size_t len)
{
	unsigned char low, high;

	for (size_t i = skip_ascii(s, 0, len); i < len; i = skip_ascii(s, i, len)) {
		int n = sequence(s[i], &low, &high);

		if (!n || i + (size_t)n > len || s[i + 1] < low || s[i + 1] > high)
			return false;
		for (int k = 2; k < n; k++) {
			if ((s[i + (size_t)k] & 0xc0) != 0x80)
				return false;
		}
		i += (size_t)n;
	}
	return true;
}

bool ws_close_code_valid(int code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
