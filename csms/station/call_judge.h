/*
 * Call judge: may a call go to a station now? Action, direction, payload, connection, registration,
 * and what the station's version of OCPP has words for: all before anything is queued (csms/station/call.h).
 */
#ifndef CSMS_CALL_JUDGE_H
#define CSMS_CALL_JUDGE_H

#include "csms/station/call.h"

/* The action's row; NULL with `err` as call_queue_add() says. */
const struct schema_action *call_judge(struct core *c, struct station *s,
	const struct call_request *req, struct schema_error *err);

/* One line and no fault of the schema. Always -1. */
int call_explain(struct schema_error *err, const char *words);

/* Its connection speaks OCPP 1.6. */
bool call_in_v16(const struct station *s);

#endif
