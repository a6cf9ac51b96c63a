/* The usual envelope of what a station tells. */
#include "csms/handle/handlers.h"
#include "csms/record.h"

void handle_journal(struct exchange *x, int type, const void *payload, wall_t at)
{
	struct db_event e = {
		.stream = arena_printf(x->arena, "station/%s", x->station->id),
		.expect_version = DB_ANY_VERSION,
		.type = type,
		.payload = payload,
		.at = at,
		.received = x->received,
		.cause = arena_strdup(x->arena, x->message_id),
		.actor = arena_printf(x->arena, "station:%s", x->station->id),
	};

	if (payload && e.stream && e.actor)
		record_event(x->core, &e);
}
