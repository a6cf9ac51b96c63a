/* What is known against the word of a node's meter. */
#include <math.h>
#include "csms/power/control_private.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"

#define LEAST_W     2000 /* drawn by EVSEs: below it nothing is told by a comparison */
#define TOLERANCE_W 1000
#define TOLERANCE   0.1 /* of what the EVSEs draw */
#define NOTHING     0.05 /* of what the EVSEs draw: next to nothing */
#define AGREE_MS    30000
#define MOVING_W    2000 /* from here on a register of 10 Wh moves within half a minute */
#define SEEN_W      1000 /* a vehicle with the least current that there is: any meter shows it */
#define SETTLE_MS   5000 /* what was reported sooner may be of before the meter moved last */
#define IDLE_MS     300000 /* one that has not moved for so long shall prove that it still does */
#define FLOW_A      1 /* more than a meter shows of nothing */
#define FLOW_W      100
#define SAME        0.5 /* W, Wh: less is how numbers are written */
#define REPORTS     2 /* a charger's report may be as old as its interval when the vehicle stops */

int64_t control_fed_below(const struct control *k, int node)
{
	const struct grid_tree *t = k->tree;
	int64_t sum = 0;

	for (int v = node; v < grid_tree_node(t, node)->end; v++)
		sum += grid_tree_node(t, v)->electric.feed_w;
	return sum;
}

/* W that the next meters below it measured at `since_ms` or later. */
static int64_t metered_since(const struct control *k, int node, int64_t since_ms)
{
	int end = grid_tree_node(k->tree, node)->end;
	int64_t sum = 0;

	for (int v = node + 1; v < end;) {
		const struct meter *m =
			k->meter[v] >= 0 ? meters_at(k->core->meters, k->meter[v]) : NULL;
		double w = 0;

		if (m && m->last_at.ms && m->last_mono.us / 1000 >= since_ms &&
			!k->doubt[v].is_doubted)
			meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
		sum += (int64_t)w;
		v = m ? grid_tree_node(k->tree, v)->end : v + 1;
	}
	return sum;
}

/* When the EVSE's newest reading came, not when its station says that it was taken: clocks differ. */
static bool is_heard_since(const struct control *k, int evse, int64_t since_ms)
{
	return safety_heard_ms(k->safety, evse) >= since_ms;
}

/* W that flow below the node since, by EVSEs or by meters, whoever knows of more. */
static int64_t drawn_since(const struct control *k, int node, int64_t since_ms)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	int64_t sum = 0, metered = metered_since(k, node, since_ms);

	for (int i = n->evse_first; i < n->evse_end; i++)
		if (k->evse[i] && k->evse[i]->tx.is_open && is_heard_since(k, i, since_ms))
			sum += (int64_t)k->evse[i]->power_w.value;
	return sum > metered ? sum : metered;
}

/* Does the meter show less than so much, by more than two meters differ? */
static bool is_less(const struct control *k, int node, const struct meter *m, int64_t drawn_w)
{
	double w = 0;

	meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
	return drawn_w > LEAST_W && w + (double)control_fed_below(k, node) + TOLERANCE_W <
					    (1 - TOLERANCE) * (double)drawn_w;
}

/* -- no voltage --------------------------------------------------------------------------------- */

/* Where current flows without voltage it is the taps of the voltage that are lost. */
static bool shows_flow(const struct meter *m)
{
	double x;

	for (int p = 0; p < GRID_PHASES; p++)
		if (meter_reading_get(&m->last, METER_QUANTITY_CURRENT_L1_A + p, &x) &&
			fabs(x) > FLOW_A)
			return true;
	return !meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &x) || fabs(x) > FLOW_W;
}

/* A power cut, by the one witness that is left. What stations said before it is no word against that:
 * they are gone as well; only what they say since then is. */
static bool is_dark(struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	struct control_doubt *d = &k->doubt[node];
	int64_t recent_ms = now_ms - REPORTS * k->core->config->control->sample_s * 1000;

	if (control_volts(k, m) != RAMP_VOLTS_GONE || shows_flow(m)) {
		d->dark_ms = 0;
		return false;
	}
	if (!d->dark_ms)
		d->dark_ms = now_ms;
	if (recent_ms < d->dark_ms + SETTLE_MS)
		recent_ms = d->dark_ms + SETTLE_MS;
	if (!control_fed_below(k, node) && drawn_since(k, node, recent_ms) > LEAST_W)
		return false;
	d->hangs = false;
	d->others_ms = d->since_ms = 0;
	d->lit_ms = now_ms;
	return true;
}

/* For a moment what was known of the other load is held: somebody may yet say otherwise. */
static enum guard_quality worth_of_dark(const struct control *k, int node, int64_t now_ms)
{
	int64_t report_ms = REPORTS * k->core->config->control->sample_s * 1000;

	return now_ms - k->doubt[node].dark_ms < report_ms ? GUARD_HELD : GUARD_FRESH;
}

/* -- one that does not move --------------------------------------------------------------------- */

/* After a restart it is still the reading of before, or it has moved meanwhile. */
static bool is_still_that(const struct control_still *s, const struct meter *m)
{
	double w = 0, wh = 0;

	meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
	meter_reading_get(&m->last, METER_QUANTITY_IMPORT_WH, &wh);
	return s->is_known && fabs(w - s->w) < SAME && fabs(wh - s->wh) < SAME;
}

int64_t control_still_ms(const struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	const struct control_doubt *d = &k->doubt[node];
	int64_t ms = meter_still_ms(m);

	if (m->last_at.ms && is_still_that(&d->still, m))
		ms = now_ms - d->still.since_ms;
	return d->lit_ms && now_ms - d->lit_ms < ms ? now_ms - d->lit_ms : ms;
}

/* What the EVSEs have reported, or the meters below have shown, since this one moved last. */
static int64_t drawn_meanwhile(
	const struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	int64_t from_ms = now_ms - control_still_ms(k, node, m, now_ms) + SETTLE_MS;
	int64_t recent_ms = now_ms - REPORTS * k->core->config->control->sample_s * 1000;

	return drawn_since(k, node, from_ms > recent_ms ? from_ms : recent_ms);
}

/* Do others say that load flows, for longer than it takes the meter to be read again? */
static bool is_contradicted(
	const struct control *k, int node, const struct meter *m, double w, int64_t now_ms)
{
	struct control_doubt *d = &k->doubt[node];
	int64_t reported = drawn_meanwhile(k, node, m, now_ms);
	int64_t below = control_measured_below(k, grid_tree_node(k->tree, node));
	bool is_small = reported > SEEN_W &&
			2 * (w + (double)control_fed_below(k, node)) < (double)reported;

	if (reported <= MOVING_W && below <= MOVING_W && !is_small) {
		d->others_ms = 0;
		return false;
	}
	if (!d->others_ms)
		d->others_ms = now_ms;
	d->drawn_w = reported > below ? reported : below;
	return now_ms - d->others_ms >= SETTLE_MS + 3 * m->row->poll_ms;
}

/* A meter that carries load never says the same for long: a gateway that repeats itself would hide
 * whatever is drawn since. One through which nothing flows may well say so all day: it hangs only if
 * others know better, and is believed again when it moves. */
static bool hangs(const struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	struct control_doubt *d = &k->doubt[node];
	int64_t for_ms = k->core->config->control->stale_worst_s * 1000 + 3 * m->row->poll_ms;
	double w = 0;

	/* What does as it is told may say the same for as long as it is told the same. */
	if (control_still_ms(k, node, m, now_ms) <= for_ms || control_store_obeys(k, node)) {
		d->hangs = d->still.is_known = false;
		d->others_ms = 0;
		return false;
	}
	if (d->hangs)
		return true;
	meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
	d->shown_w = d->drawn_w = (int64_t)w;
	d->hangs = fabs(w) > MOVING_W || is_contradicted(k, node, m, w, now_ms);
	return d->hangs;
}

/* -- one that shows too little ------------------------------------------------------------------ */

/* Agrees with chargers that do draw. What PV may feed in explains that it shows less than they do; of
 * one that was caught, and still shows next to nothing, it explains too much. */
static bool agrees(const struct control_doubt *d, const struct meter *m, int64_t drawn_w)
{
	double w = 0;

	meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
	return drawn_w > LEAST_W && !(d->is_doubted && fabs(w) < NOTHING * (double)drawn_w);
}

/* A vehicle that stops is seen by the meter before its charger reports it, so a first look says
 * little: what was known of the other load is held. If chargers that have reported since still draw
 * more than the meter shows, it is the meter: an open current transformer, a wrong ratio or sign, a
 * dead converter. It is believed again once it has agreed with chargers that do draw. */
static void compare(struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	int64_t report_ms = REPORTS * k->core->config->control->sample_s * 1000;
	struct control_doubt *d = &k->doubt[node];
	int64_t drawn = drawn_since(k, node, now_ms - report_ms);
	double w = 0;

	if (is_less(k, node, m, drawn)) {
		d->agrees_ms = 0;
		if (!d->since_ms)
			d->since_ms = now_ms;
		if (now_ms - d->since_ms <= report_ms / REPORTS ||
			!is_less(k, node, m, drawn_since(k, node, d->since_ms)))
			return;
		meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
		d->is_doubted = true;
		d->shown_w = (int64_t)w;
		d->drawn_w = drawn;
		return;
	}
	d->since_ms = 0;
	if (!agrees(d, m, drawn))
		d->agrees_ms = 0;
	else if (!d->agrees_ms)
		d->agrees_ms = now_ms;
	if (d->agrees_ms && now_ms - d->agrees_ms >= AGREE_MS)
		d->is_doubted = false;
}

/* -- all of it ---------------------------------------------------------------------------------- */

static bool is_idle(const struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	double w = 0;

	meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &w);
	return control_still_ms(k, node, m, now_ms) >= IDLE_MS && fabs(w) <= MOVING_W;
}

/* It answers, and repeats itself: after some minutes the poller believes nothing of it any more, and
 * its last good reading grows old (modbus/meter_check.h). */
static bool repeats_itself(const struct control *k, const struct meter *m)
{
	return meter_seen_age_ms(m) <= k->core->config->control->stale_hold_s * 1000 &&
	       !meter_differs(&m->last, &m->seen);
}

static enum guard_quality worth_of_old(
	struct control *k, struct control_doubt *d, const struct meter *m)
{
	d->belief = d->hangs && repeats_itself(k, m) ? BELIEF_HANGS
		    : d->is_doubted                  ? BELIEF_LESS
						     : BELIEF_SILENT;
	return GUARD_WORST_CASE;
}

enum guard_quality control_doubt(struct control *k, int node, int64_t now_ms)
{
	const struct config_control *cfg = k->core->config->control;
	struct control_doubt *d = &k->doubt[node];
	const struct meter *m;

	if (k->meter[node] < 0)
		return GUARD_NO_METER;
	m = meters_at(k->core->meters, k->meter[node]);
	if (meter_age_ms(m) > cfg->stale_worst_s * 1000)
		return worth_of_old(k, d, m);
	d->belief = BELIEF_DARK;
	if (is_dark(k, node, m, now_ms))
		return worth_of_dark(k, node, now_ms);
	d->belief = d->is_doubted ? BELIEF_LESS : BELIEF_HANGS;
	if (hangs(k, node, m, now_ms))
		return GUARD_WORST_CASE;
	d->belief = d->is_doubted                 ? BELIEF_LESS
		    : is_idle(k, node, m, now_ms) ? BELIEF_IDLE
						  : BELIEF_GOOD;
	if (meter_age_ms(m) > cfg->stale_hold_s * 1000)
		return d->is_doubted ? GUARD_WORST_CASE : GUARD_HELD;
	compare(k, node, m, now_ms);
	if (!d->is_doubted)
		return d->since_ms ? GUARD_HELD : GUARD_FRESH;
	d->belief = BELIEF_LESS;
	return GUARD_WORST_CASE;
}

bool control_doubt_of(const struct control *k, int meter, struct control_doubt_view *out)
{
	for (int i = 0; i < k->nodes; i++) {
		const struct control_doubt *d = &k->doubt[i];

		if (k->meter[i] != meter)
			continue;
		*out = (struct control_doubt_view){.belief = d->belief,
			.shown_w = d->shown_w,
			.drawn_w = d->drawn_w,
			.still_ms = control_still_ms(
				k, i, meters_at(k->core->meters, meter), clock_mono().us / 1000),
			.above = d->above < 0
					 ? NULL
					 : meters_at(k->core->meters, k->meter[d->above])->row->id};
		return true;
	}
	return false;
}
