/*
 * Dispatch: the one gate between a frame and its handler. Known action, right direction,
 * registration state, payload by the rows, each with its own CALLERROR; then the handler, then the
 * answer, which leaves when the turn is on disk.
 */
#ifndef CSMS_DISPATCH_H
#define CSMS_DISPATCH_H

#include "csms/station/session.h"

/* What a handler gets. All memory of the answer comes from `arena`. */
struct exchange {
	struct core *core;
	struct station *station;
	struct session *session;
	const char *action; /* wire name */
	const char *message_id;
	const struct ocpp_id *id; /* the same; NULL: it came through an adapter */
	wall_t received;
	struct arena *arena;
	const char *payload; /* the request as JSON text, `payload_len` bytes */
	size_t payload_len;
	bool is_by_our_clock; /* its times are, whatever the station's clock was; see handle_time() */
	bool has_unread; /* parts of it could not be read and are not in the request */
};

/* Returns the response struct of the action, or what exchange_later() gave (csms/station/later.h); never NULL
 * but for lack of memory. */
typedef void *(*handler_fn)(struct exchange *x, const void *request);

/* Handles one message of the session. */
void dispatch_message(struct session *s, const char *text, size_t len);

#endif
