#include "tests/scenario/nights_private.h"

#define UNSEEN_S 25 /* … and is seen by its own samples only */
#define HIDDEN_W 2000 /* drawn by EVSEs: below it a comparison tells nothing (docs/energy.md) */
#define ERROR_W  1000 /* … nor by less than this and a tenth */

/* The meters that tell of the node: its own, else those below it. */
bool run_is_blind(const struct run *r, int node, int after_s)
{
	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (t->kind >= TROUBLE_METER_SILENT && t->kind <= TROUBLE_METER_MILLI &&
			is_on(r, t, after_s) &&
			(t->target == node ||
				(!r->n.nodes[node].has_meter && is_below(&r->n, t->target, node))))
			return true;
	}
	return false;
}

/* What PV and stores below the node may feed in, as the depot describes them. */
static int64_t fed_below_w(const struct run *r, int node)
{
	int64_t sum = 0;

	for (int i = node; i < r->n.node_count; i++)
		if (is_below(&r->n, i, node))
			sum += r->n.nodes[i].feed_w;
	return sum;
}

/* A meter that shows too little is found out by what chargers below it draw. So long as that is next to
 * nothing, or what the meter shows may as well be fed in by PV that nobody meters, all that anybody knows
 * fits a good meter: phases may then differ, by no more than EVSEs draw unseen. */
bool run_hides_it(const struct run *r, int node)
{
	const struct plant *p = world_plant(r->w);
	int64_t drawn_w = plant_node_evse_mw(p, node) / 1000,
		flows_w = plant_node_at(p, node).now_mw / 1000;

	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];
		int64_t shown_w = t->kind == TROUBLE_METER_REVERSED ? -flows_w
				  : t->kind == TROUBLE_METER_KILO   ? flows_w / 1000
								    : 0;

		if (t->target == node && is_on(r, t, 0) &&
			(t->kind == TROUBLE_METER_ZERO || t->kind == TROUBLE_METER_REVERSED ||
				t->kind == TROUBLE_METER_KILO) &&
			(drawn_w <= HIDDEN_W ||
				shown_w + fed_below_w(r, node) + ERROR_W >= drawn_w * 9 / 10))
			return true;
	}
	return false;
}

/* EVSEs below the node that do as they like. */
static int count_disobedient(const struct run *r, const enum judge_station *stations, int node)
{
	int count = 0;

	for (int i = 0; i < r->n.station_count; i++)
		if (judge_disobeys(stations[i]) && is_below(&r->n, r->n.stations[i].node, node))
			count += r->n.stations[i].evses;
	return count;
}

/* It has not told of its power since it does as it likes, or no longer does. */
static bool is_unheard(const struct run *r, int since_s, int station)
{
	int heard_s = r->heard_s[station];

	return is_cut_off(r, station) || heard_s < since_s || heard_s < r->now_s - RECENT_S;
}

static bool does_as_it_likes_unheard(const struct run *r, int station)
{
	for (int k = 0; k < r->n.trouble_count; k++) {
		const struct trouble *t = &r->n.troubles[k];

		if (t->kind == TROUBLE_IGNORE && is_of(t, station) && is_on(r, t, EDGE_S) &&
			is_unheard(r, t->at_s, station))
			return true;
	}
	return r->now_s < r->odd_until_s[station] &&
	       is_unheard(r, r->odd_since_s[station], station);
}

/* One that does as it likes and does not tell of it: only a meter does, and the node has none. */
static bool has_unseen(const struct run *r, int node)
{
	for (int i = 0; i < r->n.station_count && !r->n.nodes[node].has_meter; i++)
		if (is_below(&r->n, r->n.stations[i].node, node) && does_as_it_likes_unheard(r, i))
			return true;
	return false;
}

static bool has_evses(const struct run *r, int node)
{
	for (int i = 0; i < r->n.station_count; i++)
		if (is_below(&r->n, r->n.stations[i].node, node))
			return true;
	return false;
}

/* A meter of other load shows too little: no charger below it tells otherwise, and the node has no meter
 * of its own. */
static bool hides_load(const struct run *r, int node)
{
	for (int i = 0; i < r->n.trouble_count && !r->n.nodes[node].has_meter; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if ((t->kind == TROUBLE_METER_ZERO || t->kind == TROUBLE_METER_REVERSED ||
			    t->kind == TROUBLE_METER_KILO) &&
			is_on(r, t, EDGE_S) && is_below(&r->n, t->target, node) &&
			!has_evses(r, t->target))
			return true;
	}
	return false;
}

/* As docs/energy.md states it. */
int run_allowed_s(const struct run *r, const enum judge_station *stations, int node)
{
	int disobedient = count_disobedient(r, stations, node);
	int for_them = disobedient > 1 ? (disobedient - 1) * WORLD_REACTION_S : 0;

	if (hides_load(r, node) || (disobedient && has_unseen(r, node)))
		return JUDGE_NOT_ASKED;
	if (run_is_blind(r, node, 0))
		return BLIND_S + for_them;
	if (disobedient && !r->n.nodes[node].has_meter)
		return UNSEEN_S + for_them;
	return r->now_s < r->unsteady_s ? GIVE_UP_S + for_them : WORLD_REACTION_S;
}
