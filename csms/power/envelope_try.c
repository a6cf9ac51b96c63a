/* What an envelope would cost, and whether somebody is asked before it counts. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"
#include "csms/log.h"
#include "csms/plan/planner.h"
#include "csms/record.h"

static bool is_operators(const struct held_envelope *h)
{
	return envelope_source(h) == GRID_SOURCE_OPERATOR;
}

/* A fallback is agreed beforehand and an operator has just spoken: nobody is left to ask. */
static bool is_asked(const struct core *c, const struct held_envelope *h)
{
	return c->config->control->envelopes == CONFIG_ENVELOPE_ACCEPT_ASK &&
	       h->e.kind == ENVELOPE_LIMIT && !is_operators(h);
}

int64_t envelope_obeyed_from(const struct core *c, const struct held_envelope *h)
{
	if (!h->is_grid || !h->e.count)
		return INT64_MAX;
	return h->e.blocks[0].start_ms - c->config->control->envelopes_urgent_s * 1000;
}

void envelope_effect_of(const struct planner_trial *t, struct envelope_effect *out)
{
	*out = (struct envelope_effect){.judged_at = clock_wall(), .shed_w = t->shed_w};
	for (int i = 0; i < t->count; i++) {
		int64_t more = t->rows[i].with.short_wh - t->rows[i].without.short_wh;

		if (more < PLANNER_SHOWN_WH)
			continue;
		out->late++;
		out->shed_wh += more;
	}
}

static void journal_judged(struct core *c, const struct held_envelope *h)
{
	struct arena *a = record_arena(c);
	struct event_envelope_judged *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_envelope_judged){
		.late = h->effect.late,
		.shed_wh = h->effect.shed_wh,
		.shed_w = h->effect.shed_w,
		.words = arena_printf(a,
			"%d vehicles miss %.1f kWh by it, up to %.1f kW are given up",
			h->effect.late, (double)h->effect.shed_wh / 1000,
			(double)h->effect.shed_w / 1000),
	};
	record_now(c, EVENT_ENVELOPE_JUDGED, "envelope", h->id, p, "planner", NULL);
}

/* -- the trial -------------------------------------------------------------------------------- */

/* As if it were accepted, and its owner silent if it is a fallback. It stands a step above the words
 * that it would replace. */
struct held_envelope envelope_as_accepted(const struct held_envelope *h)
{
	struct held_envelope x = *h;

	x.e.state = h->e.kind == ENVELOPE_FALLBACK ? ENVELOPE_ELIGIBLE : ENVELOPE_PENDING;
	x.e.is_silent = true;
	x.e.priority++;
	return x;
}

struct judging {
	struct core *core;
	char id[ENVELOPE_ID_SIZE];
};

static void on_judged(void *arg, const struct planner_trial *t)
{
	struct judging *j = arg;
	struct core *c = j->core;
	struct held_envelope *h = envelope_hold(c, j->id);

	if (t && h && !c->is_stopping) {
		envelope_effect_of(t, &h->effect);
		journal_judged(c, h);
		if (h->e.state == ENVELOPE_RECEIVED &&
			(double)h->effect.shed_wh <= c->config->control->envelopes_free_kwh * 1000)
			envelope_take(
				c, h, false, "depotd", "costs no more than the config allows");
		else if (h->e.state == ENVELOPE_RECEIVED)
			log_info("envelope %s of %s on %s waits for an operator: %d vehicles would "
				 "miss %.1f kWh",
				h->id, h->owner, h->node, h->effect.late,
				(double)h->effect.shed_wh / 1000);
		envelopes_step(c);
	}
	free(j);
}

static void judge(struct core *c, const struct held_envelope *h)
{
	struct held_envelope x = envelope_as_accepted(h);
	struct judging *j = calloc(1, sizeof *j);

	if (!j)
		return;
	j->core = c;
	memcpy(j->id, h->id, sizeof j->id);
	if (control_try(c->control, &x, on_judged, j))
		free(j);
}

void envelope_decide(struct core *c, struct held_envelope *h, const char *actor)
{
	bool starts_at_once = envelope_obeyed_from(c, h) <= clock_wall().ms;

	if (!is_asked(c, h)) {
		judge(c, h);
		if (h->e.state == ENVELOPE_RECEIVED)
			envelope_take(c, h, false, is_operators(h) ? actor : "depotd", NULL);
	} else if (starts_at_once) {
		envelope_take(c, h, true, "depotd", "begins at once: obeyed first");
	} else {
		judge(c, h);
	}
}
