/* A plan that waits for approval: yes or no. csms/approval.h. */
#include "csms/api/ask.h"
#include "csms/api/handlers.h"
#include "csms/approval.h"
#include "csms/control.h"

static void decide(struct ask *k, bool is_yes)
{
	const struct api_plan_decide_post *post = k->body;
	struct core *c = k->api->core;
	struct approval_wish wish = {.plan = k->match.param[0],
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
	status = approval_decide(control_approval(c->control), &wish, why);
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
