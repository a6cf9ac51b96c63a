/*
 * Retry: the newest messages of a station with the answers that they got. A message that comes
 * again (same id, same action, same payload) is answered alike and does not act twice, also when
 * the connection broke between the two (OCPP-J 4.1.4, errata 2024-09).
 *
 * Bounded by number, and by time across connections: some stations count their ids anew on each.
 * One a station, loop thread only.
 */
#ifndef CSMS_RETRY_H
#define CSMS_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include "ocpp/message_id.h"
#include "schemas/wall.h"

struct retries;

/* What a message that comes in is. */
enum retry_kind {
	RETRY_NEW, /* remembered from now on: act, and tell retry_answered() */
	RETRY_WAITS, /* it is known, and its answer will go out when it is on disk */
	RETRY_ANSWERED, /* it is known: send `reply` again */
};

struct retry_answer {
	const char *reply; /* RETRY_ANSWERED; valid until the next call of this module */
	size_t len;
};

struct retries *retries_create(void);

/* A message came in on connection `epoch` at `now_ms` of a clock that only goes forward. `renews`:
 * its answer tells the time, so on another connection it is always new. */
enum retry_kind retry_take(struct retries *all, const char *id, const char *action,
	const char *payload, size_t len, bool renews, int64_t epoch, int64_t now_ms,
	struct retry_answer *out);

/* True if just that came before on connection `epoch`; remembers nothing. */
bool retry_knows(struct retries *all, const char *id, const char *action, const char *payload,
	size_t len, int64_t epoch);

/* Its answer. `is_out`: sent already; else retry_released() follows. */
void retry_answered(struct retries *all, const char *id, const char *text, size_t len, bool is_out);

/* The effects of the message with this answer are on disk, or (`is_durable` false) never will be:
 * the message is forgotten then and a new one when it comes again. True if connection `epoch`
 * still waits for that answer although it was another one that first asked. */
bool retry_released(
	struct retries *all, const char *text, size_t len, bool is_durable, int64_t epoch);

void retries_destroy(struct retries *all);

#endif
