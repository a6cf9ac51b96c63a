/*
 * The book of a station that speaks OCPP 1.6: what 1.6 leaves to the central system to keep.
 *
 * Numbers of transactions (unique for ever: seconds since 2024, or one more than the last), the
 * sequence numbers that 2.0.1 wants of their events, the last state of each connector, and the
 * requests whose reports name no number. Numbers and requests are journalled in the turn that makes
 * them and restored at start; sequence numbers come back from the journal's own. Loop thread only.
 */
#ifndef CSMS_V16_BOOK_H
#define CSMS_V16_BOOK_H

#include "csms/core.h"
#include "db/query_v16.h"
#include "gen/ocpp16.h"
#include "gen/ocpp201.h"

#define V16_TAG_SIZE UTF8_SIZE(20)

/* A transaction of a 1.6 station. */
struct v16_entry {
	struct v16_entry *prev, *next;
	int64_t number;
	char id[24]; /* the number in decimal: the 2.0.1 transactionId */
	int64_t connector; /* 0: not known */
	char tag[V16_TAG_SIZE];
	bool has_kind; /* the kind of the tag, as it was known at the start */
	enum ocpp201_id_token_enum kind;
	bool has_meter_start;
	int64_t meter_start;
	wall_t started;
	int64_t last_seq; /* of its events, -1: none yet */
	uint64_t last_digest; /* of the message behind last_seq, 0: not known */
	bool is_open, has_remote_start;
	int64_t remote_start;
	mono_t freed; /* since when its connector is Available; us 0: it is not */
	bool has_state; /* the charging state that was told last */
	enum ocpp201_charging_state state;
};

/* A remote start that no transaction answered yet. */
struct v16_start {
	int64_t request_id; /* 0: free */
	char tag[V16_TAG_SIZE];
	enum ocpp201_id_token_enum kind;
	int64_t connector; /* 0: any */
	wall_t at;
};

struct v16_connector {
	bool has_status, has_problem, knows_problem;
	enum ocpp16_charge_point_status status;
};

#define V16_STARTS_MAX 8

struct v16_book {
	struct v16_entry *entries; /* utlist, oldest first */
	int count;
	struct v16_start starts[V16_STARTS_MAX];
	struct v16_connector connectors[EVSES_MAX + 1];
	int64_t log_request, firmware_request; /* newest, 0: none */
	int untold; /* StartTransactions whose answer has not left: their number is not known there */
	bool no_security; /* it answered a message of the security extension with "no such" */
};

/* The station's book, made when there is none. NULL: no memory. */
struct v16_book *v16_book(struct station *s);

/* A number like no other: for transactions and events. */
int64_t v16_number(struct core *c);

/* The entry of a StartTransaction: the one that the same message made before (same connector, tag,
 * register and time: its answer was lost), or a new one, journalled. NULL: no memory. */
struct v16_entry *v16_book_start(
	struct core *c, struct station *s, const struct ocpp16_start_transaction_request *r);

/* The entry that a message about transaction `number` means. Numbers that are none (0, -1: it began
 * offline and does not know its own yet) are matched by connector (0: any) and time; one that nobody
 * knows is taken over as it is. NULL: nothing fits, or no memory. */
struct v16_entry *v16_book_find(
	struct core *c, struct station *s, int64_t number, int64_t connector, wall_t at);

/* The open transaction of the connector, or NULL. */
struct v16_entry *v16_book_open(const struct station *s, int64_t connector);

/* The sequence number of its start, 0 for every retry, and of its next event: the last one again for
 * the same message (`digest`), and for whatever follows the end. */
int64_t v16_entry_start_seq(struct v16_entry *e);
int64_t v16_entry_seq(struct v16_entry *e, uint64_t digest);

/* The kind under which a tag is known: asked for by a remote start, or a token of the fleet. */
enum ocpp201_id_token_enum v16_kind_of(
	const struct core *c, const struct station *s, const char *tag);

/* A request goes out whose reports will name no number; journalled. */
void v16_book_asked_start(struct core *c, struct station *s, int64_t request_id,
	const struct ocpp201_id_token *token, int64_t connector);
void v16_book_asked_log(struct core *c, struct station *s, int64_t request_id);
void v16_book_asked_firmware(struct core *c, struct station *s, int64_t request_id);

/* The station would not start it. */
void v16_book_drop_start(struct station *s, int64_t request_id);

/* -- at start --------------------------------------------------------------------------------- */

void v16_book_restore(struct station *s, const struct db_v16_transaction *row, int64_t last_seq);
/* Since when connectors are Available, of transactions that are open; of the time that a lost
 * StopTransaction is waited for (`wait_ms`) a part is left all the same: it may come now. */
void v16_book_restore_freed(struct station *s, int64_t wait_ms);

void v16_book_restore_asked(struct station *s, const struct db_v16_asked *row);

void v16_book_destroy(struct v16_book *b);

#endif
