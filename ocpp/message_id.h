/*
 * Message ids: those that we make, and those that a peer sent and wants to see again.
 *
 * OCPP-J part 4, 4.1.4: an id is at most 36 characters and is never used again by the same sender
 * for the same station, on any connection, so a counter of the connection would not do. Ours are
 * 26 characters in the manner of a ULID: 48 bits of wall time and 80 bits that start at random and
 * count up with each id. They sort by time, and stay unique when the clock is set back.
 *
 * No memory is allocated. One generator belongs to one thread.
 */
#ifndef OCPP_MESSAGE_ID_H
#define OCPP_MESSAGE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define OCPP_ID_POINTS       36 /* longest id, in code points */
#define OCPP_ID_SIZE         (OCPP_ID_POINTS * 4 + 1) /* and in bytes with its NUL */
#define OCPP_MESSAGE_ID_SIZE 27 /* one of ours with its NUL */
#define OCPP_ID_UNREADABLE   "-1" /* part 4, 4.2.3 */

/* An id as a peer sent it. Some stations send a bare number; they get a number back. */
struct ocpp_id {
	char text[OCPP_ID_SIZE];
	bool is_number;
};

struct ocpp_message_ids {
	uint8_t next[10]; /* the 80 bits of the next id, highest byte first */
};

/* Starts a generator with bytes from a good random source, fresh at each start of the program. */
void ocpp_message_ids_init(struct ocpp_message_ids *ids, const uint8_t random[10]);

/* Writes the next id. `wall_ms`: UTC milliseconds since 1970; negative counts as 0. */
void ocpp_message_ids_next(
	struct ocpp_message_ids *ids, int64_t wall_ms, char out[OCPP_MESSAGE_ID_SIZE]);

/* The id `text`, cut to OCPP_ID_SIZE - 1 bytes, as a string. */
struct ocpp_id ocpp_id_make(const char *text);

#endif
