/*
 * Live: what the events of transactions make of the present. Each part of a transaction (state,
 * token, begin, readings) is that of the event which says it last by sequence number or time, so
 * that the order in which events come does not matter (rules 27 to 29); what came before its EVSE
 * was named (E 1.5: card first, cable later) waits at the station. Loop thread only.
 */
#ifndef CSMS_LIVE_H
#define CSMS_LIVE_H

#include "csms/core.h"
#include "csms/station/dispatch.h"
#include "csms/metering/samples.h"
#include "gen/ocpp201.h"

/* Transactions of a station whose EVSE nobody named yet; more push out the oldest. */
#define LIVE_UNPLACED_MAX 4

/* The EVSE of the event: named in it, or the one that holds or held the transaction. NULL: not
 * known yet. */
struct evse *live_evse(struct station *s, const struct ocpp201_transaction_event_request *r);

/* Does the event begin to charge with the token that it carries? What ends a transaction may come
 * with the card of somebody else of the group, or with a master pass (C09, C16). */
bool live_starts_with_token(const struct ocpp201_transaction_event_request *r);

/* The token that the transaction charges with; NULL: the event has none, or nobody registered
 * it. */
const struct token *live_token(
	const struct exchange *x, const struct ocpp201_transaction_event_request *r);

/* The event changes what the EVSE shows, if it is of the present. `m` NULL: not believed. */
void live_apply(struct exchange *x, struct evse *e,
	const struct ocpp201_transaction_event_request *r, const struct samples *m);

/* Readings of the EVSE outside of a transaction's events (J01). */
void live_measured(struct exchange *x, struct evse *e, const struct samples *m);

/* No EVSE is known for it: it is kept until one is. */
void live_keep(struct exchange *x, const struct ocpp201_transaction_event_request *r,
	const struct samples *m);

/* Room for a transaction whose EVSE is not known, at the station; NULL: no memory. */
struct unplaced *live_room(struct station *s, const char *transaction_id);

#endif
