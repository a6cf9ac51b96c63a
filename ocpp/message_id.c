#include "ocpp/message_id.h"

#include <stdio.h>
#include <string.h>

/* Crockford's base 32: no I, L, O or U to be misread on the phone. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ocpp_message_ids_init(struct ocpp_message_ids *ids, const uint8_t random[10])
{
	memcpy(ids->next, random, sizeof(ids->next));
}

/* Writes `count` digits of 5 bits each, the lowest last. */
static void put_digits(char *out, uint64_t bits, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		out[i] = digits[bits & 31];
		bits >>= 5;
	}
}

/* 40 bits, highest byte first: exactly eight digits. */
static uint64_t forty_bits(const uint8_t *b)
{
	uint64_t bits = 0;
	for (int i = 0; i < 5; i++)
		bits = bits << 8 | b[i];
	return bits;
}

void ocpp_message_ids_next(
	struct ocpp_message_ids *ids, int64_t wall_ms, char out[OCPP_MESSAGE_ID_SIZE])
{
	uint64_t ms = wall_ms > 0 ? (uint64_t)wall_ms & 0xffffffffffffu : 0;
	put_digits(out, ms, 10);
	put_digits(out + 10, forty_bits(ids->next), 8);
	put_digits(out + 18, forty_bits(ids->next + 5), 8);
	out[26] = '\0';
	for (int i = (int)sizeof(ids->next) - 1; i >= 0; i--) {
		if (++ids->next[i] != 0)
			break;
	}
}

struct ocpp_id ocpp_id_make(const char *text)
{
	struct ocpp_id id = {.is_number = false};
	snprintf(id.text, sizeof(id.text), "%s", text);
	return id;
}
