/*
 * Cost: what the transaction at an EVSE costs so far, told to its driver as the depot's file says:
 * in the answers to TransactionEvent, or by CostUpdated now and then (I01 to I03, I06). Loop thread
 * only.
 */
#ifndef CSMS_COST_H
#define CSMS_COST_H

#include "csms/station/dispatch.h"
#include "gen/ocpp201.h"

/* In millionths of the currency. False: there is no charge price, or what was charged is not known. */
bool cost_of(const struct core *c, const struct transaction *t, wall_t now, int64_t *micro);

/* The price in words, added to what the holder of an accepted token is shown (I01). */
void cost_add_text(const struct core *c, const struct station *s, struct arena *a,
	struct ocpp201_id_token_info *info);

/* An event of the transaction that the EVSE shows was taken in: fills totalCost and the message of
 * its answer, journals the final cost, sends CostUpdated when it is time. */
void cost_event(struct exchange *x, struct evse *e,
	const struct ocpp201_transaction_event_request *r,
	struct ocpp201_transaction_event_response *res);

#endif
