#include "csms/station/later.h"
#include <stdio.h>
#include "csms/station/dispatch_private.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/retry.h"

static char mark; /* its address is no response */

bool is_later(const void *response)
{
	return response == &mark;
}

void *exchange_later(struct exchange *x, struct later *l)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, x->action);

	if (!x->id || !a)
		return NULL;
	*l = (struct later){
		.core = x->core,
		.id = *x->id,
		.epoch = x->station->epoch,
		.received = x->received,
		.action = a,
	};
	snprintf(l->station, sizeof l->station, "%s", x->station->id);
	return &mark;
}

struct station *later_station(const struct later *l)
{
	return fleet_station(&l->core->fleet, l->station);
}

bool later_exchange(const struct later *l, struct exchange *out)
{
	*out = (struct exchange){
		.core = l->core,
		.station = later_station(l),
		.action = l->action->name,
		.message_id = l->id.text,
		.id = &l->id,
		.received = l->received,
		.arena = record_arena(l->core),
	};
	return out->station && out->arena;
}

void later_answer(const struct later *l, const void *response)
{
	struct station *s = later_station(l);
	struct text payload, t;

	if (!s)
		return;
	text_init(&payload, 0);
	text_init(&t, 0);
	if (schema_encode(l->action->response, response, &payload) ||
		ocpp_write_result(&t, &l->id, payload.data)) {
		log_error("station %s: the answer to %s could not be written", s->id,
			l->action->name);
	} else {
		if (s->retries)
			retry_answered(s->retries, l->id.text, t.data, t.len, false);
		record_reply(l->core, s, l->epoch, l->id.text, t.data, t.len);
	}
	text_finish(&payload);
	text_finish(&t);
}
