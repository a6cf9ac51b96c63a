/* How far chargers go by plans: shown, a plan approved or rejected, the mode of a node. */
#include <stdio.h>
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static void print_proposal(struct ctl *c, const struct api_plan_proposal *p)
{
	printf("WAITS FOR APPROVAL until %s: plan %s, made %s for \"%s\"; then %s counts.\n",
		cell_time(c->arena, true, p->expires_at), p->plan,
		cell_time(c->arena, true, p->made_at), p->trigger,
		strcmp(p->then, "rule") == 0 ? "the plain rule" : "what was approved last");
	for (size_t i = 0; i < p->changes.count; i++)
		printf("  %s at %s/%d: %s\n", p->changes.items[i].vehicle,
			p->changes.items[i].station, (int)p->changes.items[i].evse,
			p->changes.items[i].text);
}

static void print_group(struct ctl *c, const struct api_plan_mode_view *m)
{
	if (m->approved)
		printf("    Approved: plan %s, %s by %s: %s\n", m->approved->plan,
			cell_time(c->arena, true, m->approved->at), m->approved->actor,
			m->approved->why ? m->approved->why : "");
	if (m->proposal)
		print_proposal(c, m->proposal);
}

void follow_print(struct ctl *c, const struct api_plan_followed *f)
{
	printf("%s\n", f->sentence);
	if (f->has_late_since)
		printf("NO PLAN HAS COME since %s.\n", cell_time(c->arena, true, f->late_since));
	for (size_t i = 0; i < f->modes.count; i++) {
		if (f->modes.count > 1 || f->modes.items[i].said)
			printf("  %s: %s\n", f->modes.items[i].node, f->modes.items[i].mode);
		print_group(c, &f->modes.items[i]);
	}
}

int follow_decide(struct ctl *c, const char *verb, const char *plan)
{
	struct api_plan_decide_post post = {
		.why = ctl_option(c, "--why"), .node = ctl_option(c, "--node")};
	bool is_yes = strcmp(verb, "approve") == 0;

	if (!post.why)
		return ctl_complain(CTL_USAGE, "say with --why=TEXT why");
	return ctl_done(c, "POST", arena_printf(c->arena, "plans/%s/%s", ctl_escape(c, plan), verb),
		&api_plan_decide_post_type, &post,
		is_yes ? "Approved: chargers go by this plan." : "Rejected.");
}

/* What it would change, and nothing more. */
static int try_mode(struct ctl *c, const char *node, const char *mode)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(
			c->arena, "nodes/%s/mode?to=%s", ctl_escape(c, node), ctl_escape(c, mode)),
		NULL, NULL, &api_plan_mode_effect_type, &answer);
	const struct api_plan_mode_effect *x = answer;

	if (!x)
		return status;
	printf("%s: %s\n%s\n", x->node, x->means, x->sentence);
	for (size_t i = 0; i < x->changes.count; i++)
		printf("  %s at %s/%d: %s\n", x->changes.items[i].vehicle,
			x->changes.items[i].station, (int)x->changes.items[i].evse,
			x->changes.items[i].text);
	return status;
}

int follow_mode(struct ctl *c, const char *node, const char *mode)
{
	struct api_plan_mode_put put = {.mode = mode, .why = ctl_option(c, "--why")};
	const struct api_grid_result *r;
	void *answer;
	int status;

	if (ctl_flag(c, "--check"))
		return try_mode(c, node, mode);
	if (!put.why)
		return ctl_complain(
			CTL_USAGE, "say with --why=TEXT why; --check says what it would change");
	status = ctl_ask_struct(c, "PUT",
		arena_printf(c->arena, "nodes/%s/mode", ctl_escape(c, node)),
		&api_plan_mode_put_type, &put, &api_grid_result_type, &answer);
	r = answer;
	if (r)
		printf("%s: %s\n", node, r->changed ? mode : "was so already");
	return status;
}
