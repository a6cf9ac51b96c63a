/*
 * Outbox: the CALLs that one station has yet to send, and the one that waits for its answer.
 *
 * OCPP 2.0.1 part 4, 4.1.1: one outstanding CALL a direction. Transaction messages keep their
 * order, survive the loss of the connection (then they are offline, E11, E12) and are repeated
 * when the central system does not accept them (E13); all others are lost with the connection.
 * Times are milliseconds of the simulated clock.
 */
#ifndef DEPOTSIM_OUTBOX_H
#define DEPOTSIM_OUTBOX_H

#include "ocpp/message_id.h"
#include "schemas/text.h"

enum outbox_kind {
	OUTBOX_BOOT, /* may go before the station is accepted */
	OUTBOX_TRIGGERED, /* the same: the central system asked for it (B02.FR.02) */
	OUTBOX_TRANSACTION, /* kept, in order, repeated */
	OUTBOX_OTHER,
};

struct outbox_item {
	struct outbox_item *next;
	enum outbox_kind kind;
	const char *action; /* static string */
	char *payload; /* JSON object; of a transaction message without `offline` */
	bool offline;
	int evse_id; /* whom the answer concerns; 0: the station */
	char transaction[37]; /* "" if none */
	char id[OCPP_MESSAGE_ID_SIZE];
	int attempts;
	int64_t not_before_ms;
};

struct outbox {
	struct outbox_item *first, *last;
	struct outbox_item *sent; /* out of the list, waits for its answer */
	int64_t deadline_ms; /* of the one sent */
	int waiting; /* transaction messages, the one sent included */
	int64_t discarded; /* transaction messages given up (E13.FR.04) */
	struct ocpp_message_ids *ids;
};

void outbox_init(struct outbox *o, struct ocpp_message_ids *ids);

/* Takes `payload` over (malloc'd; NULL is refused). The item, or NULL when out of memory. */
struct outbox_item *outbox_push(
	struct outbox *o, enum outbox_kind kind, const char *action, char *payload, bool online);

/* Sets the next item that may go as sent and writes its frame. `accepted`: the registration
 * stands, so all kinds may go. False: nothing to send now. */
bool outbox_send_next(
	struct outbox *o, bool accepted, int64_t now_ms, int64_t timeout_ms, struct text *frame);

/* The answer to `id` came: hands out the item (free with outbox_item_free), or NULL if it is none
 * of ours or too late. */
struct outbox_item *outbox_take_answered(struct outbox *o, const char *id);

/* The item just taken was refused (CALLERROR), or the one sent timed out: a transaction message is
 * put back in front, to go again after attempts x interval, up to `max_attempts`. */
void outbox_refused(struct outbox *o, struct outbox_item *it, int max_attempts, int64_t interval_ms,
	int64_t now_ms);

/* The one sent if its answer is overdue, handed out as by outbox_take_answered(). */
struct outbox_item *outbox_take_overdue(struct outbox *o, int64_t now_ms);

/* The connection is gone: transaction messages stay and are offline, the rest is dropped. */
void outbox_disconnected(struct outbox *o);

/* Transaction messages that wait, of one transaction or (NULL) of all. */
int outbox_waiting(const struct outbox *o, const char *transaction);

void outbox_item_free(struct outbox_item *it);
void outbox_finish(struct outbox *o);

#endif
