#include "modbus/site_frame.h"

#include <string.h>

/* MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3: the header is transaction, protocol
 * (0), length of what follows, unit. */
#define HEADER    7
#define LENGTH_AT 4
#define COUNTED   6 /* bytes of the header that its length does not count */

#define READ_HOLDING 3
#define READ_INPUT   4
#define READ_PDU     5 /* function, address, count */
#define READ_MAX     125

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };

static int word_at(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put_word(uint8_t *p, int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* MODBUS Application Protocol V1.1b3, 6.3 and 6.4: which exception a read gets, 0 none. */
static int refusal(const uint8_t *pdu, size_t len, const struct site_image *image)
{
	if (pdu[0] != READ_HOLDING && pdu[0] != READ_INPUT)
		return ILLEGAL_FUNCTION;
	if (len != READ_PDU)
		return ILLEGAL_VALUE;
	int address = word_at(pdu + 1), count = word_at(pdu + 3);
	if (count < 1 || count > READ_MAX)
		return ILLEGAL_VALUE;
	return address + count > image->count ? ILLEGAL_ADDRESS : 0;
}

static size_t answer_pdu(
	const uint8_t *pdu, size_t len, const struct site_image *image, uint8_t *out)
{
	int code = refusal(pdu, len, image);
	if (code) {
		out[0] = pdu[0] | 0x80;
		out[1] = (uint8_t)code;
		return 2;
	}
	int address = word_at(pdu + 1), count = word_at(pdu + 3);
	out[0] = pdu[0];
	out[1] = (uint8_t)(2 * count);
	for (int i = 0; i < count; i++)
		put_word(out + 2 + 2 * i, image->words[address + i]);
	return 2 + 2 * (size_t)count;
}

int site_frame_take(const uint8_t *in, size_t len, const struct site_image *image,
	uint8_t out[SITE_FRAME_MAX], size_t *answer)
{
	if (len < HEADER)
		return 0;
	size_t counted = (size_t)word_at(in + LENGTH_AT);
	if (word_at(in + 2) != 0 || counted < 2 || counted > SITE_FRAME_MAX - COUNTED)
		return -1;
	if (len < COUNTED + counted)
		return 0;
	size_t pdu = answer_pdu(in + HEADER, counted - 1, image, out + HEADER);
	memcpy(out, in, HEADER);
	put_word(out + LENGTH_AT, (int)pdu + 1);
	*answer = HEADER + pdu;
	return (int)(COUNTED + counted);
}
