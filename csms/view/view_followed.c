/* How far chargers go by plans: modes, what is approved, what waits, and whether plans come at all. */
#include <stdio.h>
#include "csms/plan/assisted.h"
#include "csms/power/control_modes.h"
#include "csms/view/view.h"
#include "schemas/text.h"

static struct api_plan_proposal *view_proposal(const struct approval_wait *w, struct arena *a)
{
	struct api_plan_proposal *out = arena_alloc(a, sizeof *out);

	if (!out)
		return NULL;
	*out = (struct api_plan_proposal){.plan = arena_strdup(a, w->plan),
		.made_at = w->made_at,
		.trigger = arena_strdup(a, w->trigger),
		.since = w->since,
		.expires_at = w->expires,
		.then = w->then_rule ? "rule" : "plan",
		.sentence = arena_printf(a, "A plan that changes %d %s waits for a yes or no.",
			w->count, w->count == 1 ? "vehicle" : "vehicles")};
	out->changes.items = arena_alloc(a, (size_t)w->count * sizeof *out->changes.items + 1);
	for (int i = 0; out->changes.items && i < w->count; i++)
		out->changes.items[out->changes.count++] =
			(struct api_plan_change){.vehicle = arena_strdup(a, w->changes[i].vehicle),
				.station = arena_strdup(a, w->changes[i].station),
				.evse = w->changes[i].evse,
				.text = arena_strdup(a, w->changes[i].text)};
	return out;
}

static struct api_plan_approved *view_approved(const struct approval_given *g, struct arena *a)
{
	struct api_plan_approved *out = arena_alloc(a, sizeof *out);

	if (out)
		*out = (struct api_plan_approved){.plan = arena_strdup(a, g->plan),
			.at = g->at,
			.actor = arena_strdup(a, g->actor),
			.why = arena_strdup(a, g->why)};
	return out;
}

static void view_group(const struct approval *x, struct arena *a, struct api_plan_mode_view *out)
{
	if (approval_given(x))
		out->approved = view_approved(approval_given(x), a);
	if (approval_waits(x))
		out->proposal = view_proposal(approval_waits(x), a);
}

static void view_modes(const struct core *c, struct arena *a, struct api_plan_mode_view_list *out)
{
	const struct grid_tree *t = control_grid(c->control);
	const struct depot_node_list *nodes = &c->depot->nodes;

	out->items = arena_alloc(a, nodes->count * sizeof *out->items + 1);
	for (size_t i = 0; out->items && i < nodes->count; i++) {
		const struct depot_node *row = &nodes->items[i];
		int node = grid_tree_find(t, row->id);

		if (node < 0 || (row->parent && !row->has_mode))
			continue;
		out->items[out->count] = (struct api_plan_mode_view){.node = row->id,
			.mode = depot_plan_mode_enum.values[control_mode(c->control, node)],
			.said = row->has_mode,
			.evses = control_mode_evses(c->control, node)};
		if (control_mode(c->control, node) == DEPOT_PLAN_MODE_ASSISTED)
			view_group(assisted_find(control_assisted(c->control), row->id), a,
				&out->items[out->count]);
		out->count++;
	}
}

/* What somebody should know first. */
static const char *sentence(const struct api_plan_followed *f, struct arena *a)
{
	bool is_shadow = false, is_assisted = false, is_automatic = false, is_approved = false;
	const struct api_plan_proposal *waits = NULL;
	int waiting = 0;

	for (size_t i = 0; i < f->modes.count; i++) {
		enum depot_plan_mode m = (enum depot_plan_mode)schema_enum_find(
			&depot_plan_mode_enum, f->modes.items[i].mode);

		is_shadow |= m == DEPOT_PLAN_MODE_SHADOW;
		is_assisted |= m == DEPOT_PLAN_MODE_ASSISTED;
		is_automatic |= m == DEPOT_PLAN_MODE_AUTOMATIC;
		is_approved |= f->modes.items[i].approved != NULL;
		waiting += f->modes.items[i].proposal != NULL;
		waits = f->modes.items[i].proposal ? f->modes.items[i].proposal : waits;
	}
	if (f->has_late_since)
		return "No plan has come in time: all charge by the plain rule, earliest departure "
		       "first.";
	if (waiting > 1)
		return arena_printf(a, "Plans of %d groups wait for a yes or no.", waiting);
	if (waiting == 1)
		return waits->sentence;
	if (is_shadow && !is_assisted && !is_automatic)
		return "The plan is only shown: chargers go by the plain rule, earliest departure "
		       "first.";
	if (is_assisted && !is_shadow && !is_automatic)
		return is_approved ? "Chargers go by the plan that was approved."
				   : "Chargers go by the plain rule until a plan is approved.";
	return is_shadow || is_assisted ? "Not all chargers go by the plan: see the modes."
					: "Chargers go by the plan.";
}

void view_followed(const struct core *c, struct arena *a, struct api_plan_followed *out)
{
	wall_t late;

	*out = (struct api_plan_followed){.sentence = "Chargers go by the plan."};
	if (!c->control)
		return;
	late = control_late_since(c->control);
	view_modes(c, a, &out->modes);
	out->has_late_since = late.ms != 0;
	out->late_since = late;
	out->sentence = sentence(out, a);
}
