/*
 * Measurements: what the meter of a group's node counts, to the provider, as energy.
 *
 *   it wants        node with a meter                        node without
 *   CONTINUOUS      registers as they stand, TOTAL           nothing: a sum of chargers is no register
 *   INTERMITTENT    what they grew by since the last value   what the chargers below it delivered
 *                   that it took, TOTAL                      since then, FLEXIBLE
 *   both            both; those with initial_measure_time
 *                   are the intermittent ones
 *
 * A value that it did not take is not lost: the next one begins where the last one that it took
 * ended. After a restart intermittent values begin anew.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/power/control.h"
#include "csms/metering/meters.h"
#include "csms/oscp/private.h"

enum way { IMPORT, EXPORT, WAYS };

static const struct {
	enum meter_quantity quantity;
	enum oscp20_energy_flow_direction direction;
} ways[WAYS] = {
	[IMPORT] = {METER_QUANTITY_IMPORT_WH, OSCP20_ENERGY_FLOW_DIRECTION_IMPORT},
	[EXPORT] = {METER_QUANTITY_EXPORT_WH, OSCP20_ENERGY_FLOW_DIRECTION_EXPORT},
};

/* A message under way: what the group's values begin with once it is taken. */
struct posting {
	int64_t epoch;
	int group;
	struct oscp_span until[WAYS];
	double flex_wh;
	wall_t flex_until; /* ms 0: none of the chargers */
};

/* -- what is there to say ------------------------------------------------------------------------ */

static const struct meter *meter_of(const struct core *c, const char *node)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++) {
		const struct depot_node *n = &c->depot->nodes.items[i];
		int found;

		if (strcasecmp(n->id, node) != 0)
			continue;
		found = n->meter ? meters_find(c->meters, n->meter) : -1;
		return found < 0 ? NULL : meters_at(c->meters, found);
	}
	return NULL;
}

/* Energy of one charger since it was last looked at. A register that went back began anew. */
static double grown(struct oscp_group *g, const struct evse *e)
{
	const struct reading *now = &e->tx.meter_wh;
	struct oscp_evse *seen = NULL;
	char key[64];
	double wh;

	if (!now->at.ms)
		return 0;
	snprintf(key, sizeof key, "%s/%d", e->station->id, e->id);
	HASH_FIND_STR(g->evses, key, seen);
	if (!seen) {
		seen = calloc(1, sizeof *seen);
		if (!seen)
			return 0;
		snprintf(seen->key, sizeof seen->key, "%s", key);
		/* A session that began since the group's time counts from its beginning. */
		seen->wh =
			e->tx.begin_wh.at.ms >= g->flex_from.ms ? e->tx.begin_wh.value : now->value;
		HASH_ADD_STR(g->evses, key, seen);
	}
	wh = now->value >= seen->wh ? now->value - seen->wh : now->value;
	seen->wh = now->value;
	return wh;
}

/* What all chargers below the node have delivered goes to the group's sum. */
static void gather(struct oscp_group *g, struct core *c, const char *node)
{
	const struct grid_tree *t = control_grid(c->control);
	int at = grid_tree_find(t, node);

	if (at < 0)
		return;
	const struct grid_node *n = grid_tree_node(t, at);
	for (struct station *s = c->fleet.stations; s; s = s->hh.next)
		for (int i = 0; i < s->evse_count; i++)
			if (s->evses[i].grid_evse >= n->evse_first &&
				s->evses[i].grid_evse < n->evse_end)
				g->flex_wh += grown(g, &s->evses[i]);
}

static struct oscp20_energy_measurement measurement(double wh,
	enum oscp20_energy_flow_direction direction, enum oscp20_energy_kind kind, wall_t at)
{
	return (struct oscp20_energy_measurement){
		.value = wh,
		.phase = OSCP20_PHASE_INDICATOR_ALL,
		.unit = OSCP20_ENERGY_MEASUREMENT_UNIT_WH,
		.direction = direction,
		.has_energy_type = true,
		.energy_type = kind,
		.measure_time = at,
	};
}

/* Both sorts of value of one register; the number of them. */
static int of_register(const struct oscp_peer *p, struct oscp_group *g, const struct meter *m,
	enum way w, struct posting *post, struct oscp20_energy_measurement *out)
{
	struct oscp_span *base = &g->base[w];
	int n = 0;
	double wh;

	if (m->last_at.ms <= g->posted_at.ms || !meter_reading_get(&m->last, ways[w].quantity, &wh))
		return 0;
	wh = round(wh); /* whole Wh, so that the differences add up to the register */
	if (p->wants_continuous)
		out[n++] = measurement(wh, ways[w].direction, OSCP20_ENERGY_KIND_TOTAL, m->last_at);
	if (p->wants_intermittent && base->at.ms && m->last_at.ms > base->at.ms && wh >= base->wh) {
		out[n] = measurement(
			wh - base->wh, ways[w].direction, OSCP20_ENERGY_KIND_TOTAL, m->last_at);
		out[n].has_initial_measure_time = true;
		out[n++].initial_measure_time = base->at;
	}
	post->until[w] = (struct oscp_span){wh, m->last_at};
	if (!base->at.ms || wh < base->wh)
		*base = post->until[w];
	return n;
}

static int of_chargers(struct oscp_group *g, struct core *c, const char *node, wall_t now,
	struct posting *post, struct oscp20_energy_measurement *out)
{
	double wh;

	gather(g, c, node);
	if (now.ms <= g->flex_from.ms)
		return 0;
	wh = round(g->flex_wh);
	*out = measurement(
		wh, OSCP20_ENERGY_FLOW_DIRECTION_IMPORT, OSCP20_ENERGY_KIND_FLEXIBLE, now);
	out->has_initial_measure_time = true;
	out->initial_measure_time = g->flex_from;
	post->flex_wh = wh;
	post->flex_until = now;
	return 1;
}

/* -- sending ------------------------------------------------------------------------------------- */

static void on_posted(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	struct posting *post = arg;
	struct oscp_group *g = &p->groups[post->group];

	if (post->epoch == p->epoch) {
		g->is_posting = false;
		if (o->status == 204) {
			p->counters.measurements++;
			for (int w = 0; w < WAYS; w++)
				if (post->until[w].at.ms) {
					g->base[w] = post->until[w];
					g->posted_at = post->until[w].at;
				}
			if (post->flex_until.ms) {
				g->flex_wh -= post->flex_wh;
				g->flex_from = post->flex_until;
			}
		}
	}
	free(post);
}

static void post_group(struct oscp_peer *p, int index)
{
	struct core *c = p->oscp->core;
	struct oscp_group *g = &p->groups[index];
	const struct depot_oscp_group *row = &p->row->groups.items[index];
	const struct meter *m = meter_of(c, row->node);
	struct oscp20_energy_measurement items[2 * WAYS];
	struct oscp20_group_measurements body = {row->group, {0, items}};
	struct posting *post = g->is_posting ? NULL : calloc(1, sizeof *post);
	int n = 0;

	if (!post)
		return;
	post->epoch = p->epoch;
	post->group = index;
	for (int w = 0; m && w < WAYS; w++)
		n += of_register(p, g, m, w, post, items + n);
	if (!m && p->wants_intermittent)
		n = of_chargers(g, c, row->node, clock_wall(), post, items);
	else if (!m)
		oscp_failed(p,
			"group %s: node %s has no meter, and only a meter can give CONTINUOUS values",
			row->group, row->node);
	body.measurements.count = (size_t)n;
	if (n > 0 && oscp_send(p,
			     &(struct oscp_out){.action = "update_group_measurements",
				     .type = &oscp20_group_measurements_type,
				     .value = &body,
				     .tries = 2,
				     .is_quiet = true,
				     .done = on_posted,
				     .arg = post},
			     NULL) == 0)
		g->is_posting = true;
	else
		free(post);
}

static void on_time(void *arg)
{
	struct oscp_peer *p = arg;

	timer_start(p->oscp->core->timers, &p->measure, p->row->measure_s * 1000, on_time, p);
	for (size_t i = 0; i < p->row->groups.count; i++)
		post_group(p, (int)i);
}

/* -- begin and end ------------------------------------------------------------------------------- */

static void forget_group(struct oscp_group *g, wall_t now)
{
	struct oscp_evse *e, *next;

	HASH_ITER (hh, g->evses, e, next) {
		HASH_DEL(g->evses, e);
		free(e);
	}
	memset(g->base, 0, sizeof g->base);
	g->posted_at = (wall_t){0};
	g->flex_wh = 0;
	g->flex_from = now;
	g->is_posting = false;
}

void oscp_measure_begin(struct oscp_peer *p)
{
	bool wants = p->wants_continuous || p->wants_intermittent;

	if (!wants || !p->row->measure_s)
		oscp_measure_end(p);
	else if (!timer_running(&p->measure)) {
		for (size_t i = 0; i < p->row->groups.count; i++)
			forget_group(&p->groups[i], clock_wall());
		on_time(p);
	}
}

void oscp_measure_end(struct oscp_peer *p)
{
	timer_stop(p->oscp->core->timers, &p->measure);
}
