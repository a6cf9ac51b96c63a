/*
 * Unshown: transactions of a station that are open and that no EVSE of it shows: replaced before their
 * end came, delivered late, or without an EVSE. A sound station has a few for a moment; of more than
 * limits.open_transactions the one that was heard of longest ago is given up as lost. What
 * the station still says of such a one counts (db/projection_transaction.c). Kept in memory: after a
 * start they are counted anew. Loop thread only.
 */
#ifndef CSMS_UNSHOWN_H
#define CSMS_UNSHOWN_H

#include "csms/core.h"

/* An event of `id` was journalled, and EVSEs show what they show after it. */
void unshown_heard(struct core *c, struct station *s, const char *id, bool has_ended);

/* Of a station that goes. */
void unshown_forget(struct station *s);

#endif
