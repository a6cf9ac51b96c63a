#include "csms/charging/auth_cache.h"
#include <string.h>
#include "csms/log.h"
#include "csms/charging/token_check.h"

int auth_cache_clear(struct core *c, struct station *s, const char *actor, const char *why,
	const char *parent, void (*answered)(void *arg, const struct command *k), void *arg,
	struct schema_error *err)
{
	const struct command_request req = {
		.action = "ClearCache",
		.payload = "{}",
		.actor = actor,
		.why = why,
		.parent = parent,
		.answered = answered,
		.arg = arg,
	};
	char id[37];

	return command_start(c, s, &req, id, err);
}

void auth_cache_token(struct core *c, const struct token *t, const char *before)
{
	struct schema_error err;
	char job[37];

	if (!token_policy(c->depot)->clear_cache || !before || strcmp(before, "Accepted") != 0 ||
		strcmp(t->status, "Accepted") == 0)
		return;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, job);
	for (struct station *s = c->fleet.stations; s; s = s->hh.next)
		if (s->session && station_is_accepted(s) &&
			auth_cache_clear(c, s, "depotd", "a token is refused anew", job, NULL, NULL,
				&err) != 0)
			log_warn("station %s: its cache is not cleared: %s", s->id, err.message);
}
