/*
 * Doubt: open transactions of which a station says nothing after it has come back. It is asked
 * about each (GetTransactionStatus, E14): one that goes on, or whose messages are still queued
 * there, stays open (E14.FR.03, FR.04); one that is over and of which nothing more will come is
 * ended as lost, so that it is not open for ever. Loop thread only.
 */
#ifndef CSMS_DOUBT_H
#define CSMS_DOUBT_H

#include "csms/session.h"

/* The station is connected and accepted: waits limits.doubt_s for what it has to say by itself. */
void doubt_begin(struct session *x);

/* The connection is gone. */
void doubt_end(struct session *x);

#endif
