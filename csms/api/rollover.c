/* The depot's root, replaced step by step. csms/certificates/rollover.h keeps it. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/certificates/rollover.h"

void rollover_show(struct ask *k)
{
	const struct core *c = k->api->core;
	struct rollover_view v;
	struct api_rollover_view view;
	size_t count = HASH_COUNT(c->fleet.stations);

	rollover_look(c, &v);
	view = (struct api_rollover_view){
		.open = v.is_open,
		.subject = v.subject,
		.serial = v.serial,
		.has_not_after = v.is_open,
		.not_after = v.not_after,
		.needed = v.needed,
		.ready = v.ready,
	};
	view.stations.items = arena_alloc(k->arena, sizeof(*view.stations.items) * (count + 1));
	if (view.stations.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (const struct station *s = c->fleet.stations; v.is_open && s; s = s->hh.next) {
		struct api_rollover_station *row = &view.stations.items[view.stations.count++];
		char note[200];

		*row = (struct api_rollover_station){
			.station = s->id,
			.state = rollover_state_names[rollover_station(c, s, note)],
		};
		row->note = note[0] ? arena_strdup(k->arena, note) : NULL;
	}
	ask_reply(k, 200, &api_rollover_view_type, &view);
}

void rollover_post(struct ask *k)
{
	const struct api_rollover_post *post = k->body;
	static const enum rollover_act acts[] = {
		[API_ROLLOVER_STEP_START] = ROLLOVER_START,
		[API_ROLLOVER_STEP_SWITCH] = ROLLOVER_SWITCH,
		[API_ROLLOVER_STEP_ABORT] = ROLLOVER_ABORT,
	};
	const struct rollover_order order = {.act = acts[post->step],
		.actor = k->who.actor,
		.reason = post->why,
		.without = post->without};
	char why[600];

	ask_hold(k);
	if (rollover_do(k->api->core, &order, ask_changed, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}
