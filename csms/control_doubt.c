#include "csms/control_private.h"
#include "csms/evse_phases.h"
#include "csms/meters.h"
#include "csms/safety.h"

#define LEAST_W     2000 /* drawn by EVSEs: below it nothing is told by a comparison */
#define TOLERANCE_W 1000
#define TOLERANCE   0.1 /* of what the EVSEs draw */
#define AGREE_MS    30000
#define REPORTS     2 /* a charger's report may be as old as its interval when the vehicle stops */

/* What may feed in below the node and so flows to the EVSEs past its meter. */
static int64_t fed_below(const struct grid_tree *t, int node)
{
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
	return drawn_w > LEAST_W && w + (double)fed_below(k->tree, node) + TOLERANCE_W <
					    (1 - TOLERANCE) * (double)drawn_w;
}

bool control_is_doubted(const struct control *k, int node)
{
	return k->doubt[node].is_doubted;
}

/* A vehicle that stops is seen by the meter before its charger reports it, so a first look says
 * little: what was known of the other load is held. If chargers that have reported since still draw
 * more than the meter shows, it is the meter: an open current transformer, a wrong ratio or sign, a
 * dead converter. It is believed again once it has agreed with chargers that do draw. */
enum guard_quality control_doubt(struct control *k, int node, const struct meter *m, int64_t now_ms)
{
	int64_t report_ms = REPORTS * k->core->config->control->sample_s * 1000;
	struct control_doubt *d = &k->doubt[node];
	int64_t drawn = drawn_since(k, node, now_ms - report_ms);

	if (is_less(k, node, m, drawn)) {
		d->agrees_ms = 0;
		if (!d->since_ms)
			d->since_ms = now_ms;
		if (now_ms - d->since_ms > report_ms / REPORTS &&
			is_less(k, node, m, drawn_since(k, node, d->since_ms)))
			d->is_doubted = true;
	} else {
		d->since_ms = 0;
		if (drawn > LEAST_W && !d->agrees_ms)
			d->agrees_ms = now_ms;
		else if (drawn <= LEAST_W)
			d->agrees_ms = 0;
		if (d->agrees_ms && now_ms - d->agrees_ms >= AGREE_MS)
			d->is_doubted = false;
	}
	return d->is_doubted ? GUARD_WORST_CASE : d->since_ms ? GUARD_HELD : GUARD_FRESH;
}
