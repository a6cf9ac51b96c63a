/*
 * Limit: what one client may take of depotd, and for how long. A row each with its setting in
 * depotd.yaml; how often each was reached is counted in /metrics (depotd_limits_reached_total), who
 * was turned away by it stands in the journal (csms/station/refusal.h). docs/security.md has the table.
 */
#ifndef CSMS_LIMIT_H
#define CSMS_LIMIT_H

#include <stdbool.h>

enum limit {
	LIMIT_NONE,
	LIMIT_CONNECTIONS,
	LIMIT_CONNECT_RATE,
	LIMIT_ADDRESS_CONNECTIONS,
	LIMIT_ADDRESS_RATE,
	LIMIT_TLS_TIME,
	LIMIT_HEADER_TIME,
	LIMIT_BODY_TIME,
	LIMIT_UPLOAD_IDLE,
	LIMIT_DOWNLOAD_IDLE,
	LIMIT_IDLE,
	LIMIT_CLOSE_TIME,
	LIMIT_HEADER_SIZE,
	LIMIT_BODY_SIZE,
	LIMIT_MESSAGE_SIZE,
	LIMIT_MESSAGE_RATE,
	LIMIT_BROKEN_MESSAGES,
	LIMIT_SEND_QUEUE,
	LIMIT_PONG_TIME,
	LIMIT_STREAMS,
	LIMIT_SIGN_IN,
	LIMIT_SIGN_IN_NAME,
	LIMIT_REFUSALS,
	LIMIT_OPEN_TRANSACTIONS, /* these two: csms/station/flood.h */
	LIMIT_REPORT_BYTES,
	LIMIT_BAD_HTTP, /* no limits: what nobody sends by mistake is counted beside them */
	LIMIT_BAD_PATH,
	LIMIT_BAD_TLS,
	LIMIT_COUNT,
};

struct limit_row {
	const char *name; /* the label in /metrics */
	const char *setting; /* in depotd.yaml; NULL: fixed */
	const char *why; /* what the one who reached it did */
	bool is_told; /* turned away, and no other line of the journal says so */
};

extern const struct limit_row limit_rows[LIMIT_COUNT];

/* Told by csms/net/net.h each time that a client reaches one; `peer` is "" where it is nobody's. */
typedef void (*limit_reached)(void *ctx, enum limit which, const char *peer);

#endif
