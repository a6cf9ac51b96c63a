/* New passwords for many stations: a job (csms/station/rotation.h). */
#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/api/names.h"
#include "csms/record.h"
#include "csms/station/rotation.h"

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the store: %s", why ? why : "unknown");
	else
		ask_reply(k, 202, &api_job_type, k->state);
}

/* All that somebody registered. */
static bool name_all(struct ask *k, struct schema_strings *out)
{
	const struct station *all = k->api->core->fleet.stations;

	out->items = arena_alloc(k->arena, sizeof(*out->items) * HASH_COUNT(all) + 1);
	for (const struct station *s = all; s != NULL && out->items != NULL; s = s->hh.next)
		if (!s->is_guest)
			out->items[out->count++] = s->id;
	return out->items != NULL;
}

void password_rotation_post(struct ask *k)
{
	const struct api_password_rotation_post *p = k->body;
	struct api_job *view = arena_alloc(k->arena, sizeof(*view));
	char *id = arena_alloc(k->arena, 37);
	struct schema_strings names = {0};
	char why[200];

	if (p->all == (p->stations.count > 0)) {
		ask_problem(k, 400, "stations", "name `stations`, or say `all`: one of the two");
		return;
	}
	if (p->all ? !name_all(k, &names) : !names_each_once(k, &p->stations, &names))
		return;
	if (!replay_begin(k->api->replay, k))
		return;
	const struct rotation_order order = {
		.stations = names.items,
		.count = names.count,
		.actor = k->who.actor,
		.why = p->why,
	};
	if (rotation_start(k->api->core, &order, id, why) != 0) {
		ask_problem(k, 409, NULL, "%s", why);
		return;
	}
	*view = (struct api_job){.id = id,
		.action = "SetVariables",
		.at = clock_wall(),
		.why = p->why,
		.stations = (int64_t)names.count,
		.open = (int64_t)names.count};
	k->state = view;
	ask_hold(k);
	record_then(k->api->core, on_durable, k);
}
