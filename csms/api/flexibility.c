/* The fleet as one battery: how much less or more it can draw, and when. */
#include <stdio.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/plan_load.h"
#include "csms/plan/discharge.h"
#include "csms/plan/storage_plan.h"
#include "scheduler/flexible.h"

#define WINDOWS_MAX 48

struct flexing {
	int64_t minutes, hours;
	wall_t now;
	struct plan_loaded plan;
	struct api_flexibility out;
	bool ok;
};

static void find_windows(struct flexing *x, const struct plan_input *in, struct arena *a)
{
	struct plan *p = plan_solve(in);
	int64_t slot_ms = (int64_t)in->slot_s * 1000, length = x->minutes * 60000 / slot_ms;
	int64_t first = (x->now.ms - in->start_ms) / slot_ms;
	int64_t end = first + x->hours * 3600000 / slot_ms;

	x->out.windows.items = arena_alloc(a, WINDOWS_MAX * sizeof *x->out.windows.items);
	if (length < 1)
		length = 1;
	if (first < 0)
		first = 0;
	x->ok = p && x->out.windows.items;
	for (int64_t t = first; x->ok && t + length <= end && t + length <= p->slots &&
				x->out.windows.count < WINDOWS_MAX;
		t += length) {
		struct flexible f;

		x->ok = flexible_find(in, p, (int)t, (int)(t + length), &f) == 0;
		if (!x->ok)
			break;
		x->out.windows.items[x->out.windows.count++] = (struct api_flexible_window){
			.from.ms =
				in->start_ms + t * slot_ms +
				(t == 0 && in->first_s ? slot_ms - in->first_s * INT64_C(1000) : 0),
			.to.ms = in->start_ms + (t + length) * slot_ms,
			.planned_w = f.planned_w,
			.less_w = f.less_w,
			.less_wh = f.less_wh,
			.more_w = f.more_w,
			.more_wh = f.more_wh};
	}
	plan_destroy(p);
}

static void work(struct db_reader *r, struct ask *k)
{
	struct flexing *x = k->state;
	struct plan_case *c;

	if (!plan_load(r, NULL, k->arena, &x->plan))
		return;
	x->plan.status = 409;
	c = plan_case_create(x->plan.record.snapshot, x->plan.why);
	if (!c)
		return;
	find_windows(x, plan_case_input(c), k->arena);
	if (!x->ok)
		snprintf(x->plan.why, sizeof x->plan.why, "no memory to make plans");
	plan_case_destroy(c);
}

/* What vehicles that can be told could give right now, by the storage plan's own numbers. */
static void add_giving(const struct core *c, struct api_flexibility *out)
{
	const struct storage_case *k = storage_plan_newest(c->storage);
	wall_t now = clock_wall();

	for (int i = 0; k && i < k->count; i++) {
		const struct storage_row *r = &k->rows[i];
		int64_t held = storage_case_held_wh(k, r, now.ms);

		if (storage_plan_untold(c->storage, r, now) || held <= r->least_wh)
			continue;
		out->gives_w += r->discharge_w;
		out->gives_wh +=
			(held - r->least_wh) * k->in.devices[r->device].discharge_pm / 1000;
	}
}

static void finish(struct ask *k)
{
	struct flexing *x = k->state;

	if (!x->ok) {
		ask_problem(k, x->plan.status, NULL, "%s", x->plan.why);
		return;
	}
	x->out.plan = x->plan.id;
	x->out.made_at = x->plan.made_at;
	x->out.minutes = x->minutes;
	add_giving(k->api->core, &x->out);
	ask_reply(k, 200, &api_flexibility_type, &x->out);
}

void flexibility_get(struct ask *k)
{
	struct flexing *x = arena_alloc(k->arena, sizeof *x);

	if (!x) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	x->minutes = 60;
	x->hours = 24;
	x->now = clock_wall();
	if (!ask_int(k, "minutes", 5, 1440, &x->minutes) || !ask_int(k, "hours", 1, 72, &x->hours))
		return;
	k->state = x;
	ask_read(k, work, finish);
}
