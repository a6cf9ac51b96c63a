/*
 * Later: answers to stations that need more than a turn of the loop, because somebody else is asked
 * first. The handler returns what exchange_later() gives; the answer follows, is journalled and leaves
 * like any other, also on a newer connection if the station asks there again. Loop thread only.
 */
#ifndef CSMS_LATER_H
#define CSMS_LATER_H

#include "csms/station/dispatch.h"

struct later {
	struct core *core;
	char station[49];
	struct ocpp_id id;
	int64_t epoch;
	wall_t received;
	const struct schema_action *action;
};

/* Fills `l`, which outlives the exchange, and returns what the handler returns. NULL: this exchange
 * must be answered at once. */
void *exchange_later(struct exchange *x, struct later *l);
bool is_later(const void *response);

/* The station that asked; NULL: it was removed meanwhile. */
struct station *later_station(const struct later *l);

/* An exchange for the handlers' helpers, in this turn: journals as told by the message. False: the
 * station is gone or there is no memory. */
bool later_exchange(const struct later *l, struct exchange *out);

/* Answers. `response`: a struct of the action. */
void later_answer(const struct later *l, const void *response);

#endif
