/*
 * Doubt: open transactions of which a station says nothing after it has come back. It is asked
 * about each (GetTransactionStatus, E14): one that goes on, or whose messages are still queued
 * there, stays open (E14.FR.03, FR.04); one that is over and of which nothing more will come is
 * ended as lost, so that it is not open for ever. The answer counts the same when an operator asks.
 * Loop thread only.
 */
#ifndef CSMS_DOUBT_H
#define CSMS_DOUBT_H

#include "csms/station/session.h"
#include "gen/ocpp201.h"

/* The station is connected and accepted: waits limits.doubt_s for what it has to say by itself. */
void doubt_begin(struct session *x);

/* The connection is gone. */
void doubt_end(struct session *x);

/* It is over, and nothing more of it is expected: ends it here too, as lost, unless it has ended. */
void doubt_settle(struct core *c, struct station *s, const char *id);

/* The same for one that no EVSE shows, without a look whether it has ended: its end counts more. */
void doubt_journal_lost(struct core *c, const struct station *s, const char *id);

/* Over, and nothing more to come. */
bool doubt_is_lost(const struct ocpp201_get_transaction_status_response *answer);

/* The answer to an operator's question; a row of csms/command/rules.c. */
void doubt_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response);

#endif
