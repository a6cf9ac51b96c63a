/* The commissioning walk. csms/metering/walk.h does it. */
#include "csms/metering/walk.h"
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"

static const char *state_name(enum walk_state s)
{
	static const char *const names[] = {"high", "low", "done", "cancelled", "failed"};

	return names[s];
}

static void view_phases(const struct walk *w, const struct walk_meter *m, struct arena *a,
	struct api_wiring_phase_list *out)
{
	struct wiring_verdict v;

	wiring_judge(&m->phases, &v);
	out->items = arena_alloc(a, 3 * sizeof(*out->items));
	for (int i = 0; out->items != NULL && i < 3; i++)
		if (v.phases[i].upper >= 0)
			out->items[out->count++] =
				(struct api_wiring_phase){.phase = walk_own_phase(w, i) + 1,
					.has_upper_phase = true,
					.upper_phase = v.phases[i].upper + 1,
					.has_gain = true,
					.gain = v.phases[i].gain,
					.has_error = true,
					.error = v.phases[i].error};
}

/* False: it neither moved nor should have. */
static bool view_meter_of(const struct walk *w, const struct walk_meter *m, struct arena *a,
	struct api_meter_walk_meter *out)
{
	struct wiring_phase gain = walk_gain(m);
	char words[400];

	*out = (struct api_meter_walk_meter){.meter = m->id,
		.above = m->is_above,
		.steps = m->total.steps,
		.moved = gain.upper >= 0,
		.has_gain = gain.upper >= 0,
		.gain = gain.gain,
		.finding = walk_words(w, m, words)[0] ? arena_strdup(a, words) : NULL};
	view_phases(w, m, a, &out->phases);
	return out->moved || out->above;
}

static void reply_walk(struct ask *k, int status)
{
	const struct walks *walks = k->api->core->walks;
	const struct walk *w = walks != NULL ? walks_now(walks) : NULL;
	struct api_meter_walk_view view;

	if (w == NULL) {
		ask_problem(k, 404, NULL, "there has been no walk since depotd started");
		return;
	}
	view = (struct api_meter_walk_view){.id = w->id,
		.station = w->station,
		.evse = w->evse,
		.state = state_name(w->state),
		.started = w->started,
		.low_w = w->low_w,
		.high_w = w->high_w,
		.rounds = w->rounds,
		.rounds_done = w->rounds_done,
		.error = w->error[0] ? w->error : NULL};
	view.meters.items =
		arena_alloc(k->arena, sizeof(*view.meters.items) * ((size_t)w->meter_count + 1));
	for (int i = 0; view.meters.items != NULL && i < w->meter_count; i++)
		if (view_meter_of(
			    w, &w->meters[i], k->arena, &view.meters.items[view.meters.count]))
			view.meters.count++;
	ask_reply(k, status, &api_meter_walk_view_type, &view);
}

void meter_walk_post(struct ask *k)
{
	const struct api_meter_walk_post *p = k->body;
	struct walks *walks = k->api->core->walks;
	char why[300];
	int status;

	if (walks == NULL) {
		ask_problem(k, 503, NULL, "depotd is not ready yet");
		return;
	}
	if (!p->consent) {
		ask_problem(k, 400, "consent",
			"the vehicle at %s/%d would charge less for some minutes: agree with consent: "
			"true",
			p->station, (int)p->evse);
		return;
	}
	status = walks_start(
		walks, p->station, (int)p->evse, p->low_w, (int)p->rounds, k->who.actor, why);
	if (status)
		ask_problem(k, status, NULL, "%s", why);
	else
		reply_walk(k, 202);
}

void meter_walk_get(struct ask *k)
{
	reply_walk(k, 200);
}

void meter_walk_delete(struct ask *k)
{
	if (k->api->core->walks != NULL)
		walks_cancel(k->api->core->walks);
	reply_walk(k, 200);
}
