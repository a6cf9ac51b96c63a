/* The live picture, read from the state of this very moment. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/reach.h"
#include "csms/metering/meters.h"
#include "csms/view/view.h"

void overview_get(struct ask *k)
{
	const struct api_overview *view =
		reach_overview(&(struct scope){k->api->core, &k->who}, k->arena);

	if (view == NULL)
		ask_problem(k, 503, NULL, "no memory");
	else
		ask_reply(k, 200, &api_overview_type, view);
}

void tree_get(struct ask *k)
{
	struct api_tree view;

	view_tree(k->api->core, k->arena, &view);
	reach_energy_say(&(struct scope){k->api->core, &k->who}, &view, k->arena);
	ask_reply(k, 200, &api_tree_type, &view);
}

void plan_get(struct ask *k)
{
	const char *brief = ask_query(k, "brief");
	struct api_plan view;

	view_plan(k->api->core, k->arena, &view);
	if (brief != NULL && strcmp(brief, "0") != 0)
		view.vehicles.count = view.prices.count = 0;
	ask_reply(k, 200, &api_plan_type, &view);
}

void meters_list(struct ask *k)
{
	const struct core *c = k->api->core;
	int count = c->meters != NULL ? meters_count(c->meters) : 0;
	struct api_meter_list list = {.at = clock_wall()};

	list.meters.items = arena_alloc(k->arena, sizeof(*list.meters.items) * (size_t)count + 1);
	if (list.meters.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	list.meters.count = (size_t)count;
	for (int i = 0; i < count; i++)
		view_meter(c, i, k->arena, &list.meters.items[i]);
	reach_meters_say(&(struct scope){c, &k->who}, &list, k->arena);
	ask_reply(k, 200, &api_meter_list_type, &list);
}

void stream_get(struct ask *k)
{
	streams_open(k->api->streams, k);
}
