/* A plan that waits for approval: yes or no; what another mode would change. csms/plan/assisted.h. */
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/plan/assisted.h"
#include "csms/power/control_modes.h"

static void decide(struct ask *k, bool is_yes)
{
	const struct api_plan_decide_post *post = k->body;
	struct core *c = k->api->core;
	struct approval_wish wish = {.plan = k->match.param[0],
		.node = post->node,
		.is_yes = is_yes,
		.actor = k->who.actor,
		.why = post->why,
		.done = ask_changed,
		.arg = k};
	char why[200];
	int status;

	if (c->control == NULL) {
		ask_problem(k, 503, NULL, "depotd is starting; try again");
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	status = assisted_decide(control_assisted(c->control), &wish, why);
	if (status != 0)
		ask_problem(k, status, NULL, "%s", why);
}

void plan_approve_post(struct ask *k)
{
	decide(k, true);
}

void plan_reject_post(struct ask *k)
{
	decide(k, false);
}

/* In the order of enum depot_plan_mode. */
static const char *const meanings[] = {
	[DEPOT_PLAN_MODE_SHADOW] = "Plans are only shown: chargers go by the plain rule, earliest "
				   "departure first.",
	[DEPOT_PLAN_MODE_ASSISTED] =
		"Chargers go by the plan that somebody approved, and by the "
		"plain rule until one is. A departure in danger does not wait.",
	[DEPOT_PLAN_MODE_AUTOMATIC] = "Chargers go by the newest plan at once; nobody is asked.",
};

static const char *say_effect(const struct control_mode_effect *x, bool is_same, struct arena *a)
{
	if (is_same)
		return "It is so already.";
	if (x->count == 0)
		return x->vehicles == 0 ? "Nobody is plugged in there: nothing changes at once."
					: "Nothing changes at once for the vehicles that are here.";
	return arena_printf(a, "%d %s charge otherwise at once.", x->count,
		x->count == 1 ? "vehicle would" : "vehicles would");
}

static void view_changes(
	const struct control_mode_effect *x, struct arena *a, struct api_plan_change_list *out)
{
	out->items = arena_alloc(a, (size_t)x->count * sizeof *out->items + 1);
	for (int i = 0; out->items && i < x->count; i++) {
		const struct evse *e = x->changes[i].evse;

		out->items[out->count++] = (struct api_plan_change){
			.vehicle = e->tx.vehicle ? arena_strdup(a, e->tx.vehicle->id) : "unknown",
			.station = arena_strdup(a, e->station->id),
			.evse = e->id,
			.text = arena_strdup(a, x->changes[i].text)};
	}
}

void node_mode_effect(struct ask *k)
{
	const struct control *c = k->api->core->control;
	const char *to = ask_query(k, "to");
	int mode = to ? schema_enum_find(&depot_plan_mode_enum, to) : -1;
	int node = c ? grid_tree_find(control_grid(c), k->match.param[0]) : -1;
	struct control_mode_effect *x = arena_alloc(k->arena, sizeof *x);
	struct api_plan_mode_effect out;

	if (mode < 0) {
		ask_problem(k, 400, "to", "to: shadow, assisted or automatic");
	} else if (node < 0) {
		ask_problem(k, 404, NULL, "there is no node \"%.60s\"; GET /api/v1/grid lists them",
			k->match.param[0]);
	} else if (!x || control_mode_try(c, node, (enum depot_plan_mode)mode, clock_wall(), x)) {
		ask_problem(k, 503, NULL, "no memory");
	} else {
		out = (struct api_plan_mode_effect){.node = k->match.param[0],
			.from = depot_plan_mode_enum.values[x->from],
			.to = depot_plan_mode_enum.values[mode],
			.means = meanings[mode],
			.sentence = say_effect(x, (int)x->from == mode, k->arena),
			.evses = x->evses,
			.vehicles = x->vehicles};
		view_changes(x, k->arena, &out.changes);
		ask_reply(k, 200, &api_plan_mode_effect_type, &out);
	}
}
