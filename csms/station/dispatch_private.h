/*
 * The parts of the gate that it shares with the gate of OCPP 1.6: for csms/station/dispatch.c and
 * csms/station/v16_*.c only.
 */
#ifndef CSMS_DISPATCH_PRIVATE_H
#define CSMS_DISPATCH_PRIVATE_H

#include "csms/station/dispatch.h"

/* Answers of a CALL; `durable`: it leaves when the turn is on disk. */
void dispatch_error(
	struct session *x, const struct ocpp_id *id, enum ocpp_code code, const char *words);
void dispatch_schema_error(
	struct session *x, const struct ocpp_id *id, const struct schema_error *err);
void dispatch_result(struct session *x, const struct ocpp_id *id, const struct schema_struct *type,
	const void *response, bool durable);

/* `action`: OCPP201_…, as all above the gate count them. */
bool dispatch_may_send(const struct session *x, const struct ocpp_frame *f, int action);
bool dispatch_is_retry(struct session *x, const struct ocpp_frame *f, int action);

/* Counts the request and hands it to the handler of its action; `e` is filled but for `action`.
 * Returns the response; NULL without memory. */
const void *dispatch_handle(struct exchange *e, int action, const void *request);

/* csms/station/v16_dispatch.c: a CALL of a station that speaks 1.6. */
void v16_on_call(struct session *x, const struct ocpp_frame *f);

/* A request of 2.0.1 that the adapter makes of an answer: it is taken down as if the station had
 * sent it, and nothing goes back. */
void v16_inject(struct session *x, int action, const void *request, const char *cause);

#endif
