#include "scheduler/ramp.h"

#include <stdlib.h>
#include <string.h>

#define LONG_AGO_MS (INT64_MIN / 4)
#define TRIES_MOST  4 /* an eighth of the step: finer helps nobody */

struct ramp_node {
	bool was_gone, was_silent;
	int64_t powered_up_ms; /* the station that it stands for said so last */
	int64_t meter_back_ms;
	int64_t returned_ms; /* last; LONG_AGO_MS: never */
	int tries;
	enum ramp_sign sign; /* of the ramp under way */
	int64_t next_ms;
	int released, waiting; /* as shown */
};

struct ramp {
	const struct grid_tree *tree;
	struct ramp_config cfg;
	int nodes, evses;
	struct ramp_node *node;
	int *ups, *stations,
		*all; /* [nodes] stations below: powered up lately, in service, known */
	bool *released; /* [evses] */
};

struct ramp_config ramp_config_default(void)
{
	return (struct ramp_config){
		.settle_ms = 20000,
		.step_ms = 10000,
		.most_ms = 600000,
		.again_ms = 900000,
		.gather_ms = 60000,
		.step_pm = 100,
	};
}

struct ramp *ramp_create(const struct grid_tree *t, const struct ramp_config *cfg)
{
	struct ramp *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->tree = t;
	r->cfg = *cfg;
	r->nodes = grid_tree_nodes(t);
	r->evses = grid_tree_evses(t);
	r->node = calloc((size_t)r->nodes, sizeof *r->node);
	r->ups = calloc((size_t)r->nodes * 3, sizeof *r->ups);
	r->released = calloc((size_t)r->evses + 1, sizeof *r->released);
	if (!r->node || !r->ups || !r->released) {
		ramp_destroy(r);
		return NULL;
	}
	r->stations = r->ups + r->nodes;
	r->all = r->ups + 2 * r->nodes;
	for (int n = 0; n < r->nodes; n++)
		r->node[n].powered_up_ms = r->node[n].meter_back_ms = r->node[n].returned_ms =
			LONG_AGO_MS;
	return r;
}

void ramp_destroy(struct ramp *r)
{
	if (!r)
		return;
	free(r->node);
	free(r->ups);
	free(r->released);
	free(r);
}

/* -- signs ----------------------------------------------------------------------------------- */

void ramp_power_up(struct ramp *r, int node, int64_t now_ms)
{
	r->node[node].powered_up_ms = now_ms;
}

/* Stations in service below each node, and those of them that powered up lately, after the last
 * return there: one return is not seen twice. */
static void count_stations(struct ramp *r, int64_t now_ms, const struct ramp_node_in *in)
{
	for (int n = 0; n < r->nodes; n++)
		r->ups[n] = r->stations[n] = r->all[n] = 0;
	for (int n = 0; n < r->nodes; n++) {
		int64_t up_ms = r->node[n].powered_up_ms;
		bool is_up = now_ms - up_ms <= r->cfg.gather_ms;

		if (!in[n].is_station)
			continue;
		for (int v = n; v >= 0; v = grid_tree_node(r->tree, v)->parent) {
			r->all[v]++;
			r->stations[v] += in[n].in_service || is_up;
			/* Those that are late belong to the return that was seen. */
			r->ups[v] += is_up && up_ms > r->node[v].returned_ms + r->cfg.gather_ms;
		}
	}
}

static enum ramp_sign sign_at(struct ramp *r, int n, int64_t now_ms, const struct ramp_node_in *in)
{
	struct ramp_node *v = &r->node[n];
	bool volts_back = v->was_gone && in->volts == RAMP_VOLTS_THERE;

	if (in->is_fed)
		v->was_gone = volts_back = false;
	else if (in->volts != RAMP_VOLTS_UNKNOWN)
		v->was_gone = in->volts == RAMP_VOLTS_GONE;
	if (v->was_silent && !in->meter_is_silent)
		v->meter_back_ms = now_ms;
	v->was_silent = in->meter_is_silent;
	if (volts_back)
		return RAMP_SIGN_VOLTAGE;
	/* Those that are late belong to the return that was seen; one alone is no feeder. */
	if (now_ms - v->returned_ms <= r->cfg.gather_ms || r->ups[n] < (r->all[n] > 1 ? 2 : 1))
		return RAMP_SIGN_NONE;
	if (4 * r->ups[n] >= 3 * r->stations[n])
		return RAMP_SIGN_STATIONS;
	if (2 * r->ups[n] >= r->stations[n] && now_ms - v->meter_back_ms <= r->cfg.gather_ms)
		return RAMP_SIGN_METER;
	return RAMP_SIGN_NONE;
}

/* -- ramps ----------------------------------------------------------------------------------- */

static bool is_inside_ramp(const struct ramp *r, int n)
{
	for (int v = grid_tree_node(r->tree, n)->parent; v >= 0;
		v = grid_tree_node(r->tree, v)->parent)
		if (r->node[v].sign != RAMP_SIGN_NONE)
			return true;
	return false;
}

/* All below it waits anew; ramps inside it end. */
static void begin(struct ramp *r, int n, enum ramp_sign sign, int64_t now_ms)
{
	const struct grid_node *g = grid_tree_node(r->tree, n);
	struct ramp_node *v = &r->node[n];
	bool again = now_ms - v->returned_ms < r->cfg.again_ms;

	v->tries = again && v->tries < TRIES_MOST ? v->tries + 1 : again ? v->tries : 1;
	for (int i = n; i < g->end; i++) {
		r->node[i].returned_ms = now_ms;
		r->node[i].sign = RAMP_SIGN_NONE;
	}
	for (int e = g->evse_first; e < g->evse_end; e++)
		r->released[e] = false;
	if (is_inside_ramp(r, n))
		return; /* they queue up there */
	v->sign = sign;
	v->next_ms = now_ms + r->cfg.settle_ms;
}

void ramp_begin(struct ramp *r, int node, int64_t now_ms)
{
	begin(r, node, RAMP_SIGN_TOLD, now_ms);
}

static bool goes_before(const struct ramp_evse_in *evses, int a, int b)
{
	const struct ramp_evse_in *x = &evses[a], *y = &evses[b];

	if (x->urgency != y->urgency)
		return x->urgency < y->urgency;
	return x->depart_ms != y->depart_ms ? x->depart_ms < y->depart_ms : a < b;
}

static int next_one(const struct ramp *r, const struct grid_node *g, const struct ramp_evse_in *in)
{
	int best = -1;

	for (int e = g->evse_first; e < g->evse_end; e++)
		if (!r->released[e] && in[e].connected && (best < 0 || goes_before(in, e, best)))
			best = e;
	return best;
}

/* How much may start in one step. */
static int64_t step_power(const struct ramp *r, int n, const struct ramp_evse_in *in)
{
	const struct grid_node *g = grid_tree_node(r->tree, n);
	int64_t steps = (r->cfg.most_ms - r->cfg.settle_ms) / r->cfg.step_ms, all = 0, w;

	for (int e = g->evse_first; e < g->evse_end; e++)
		if (in[e].connected)
			all += in[e].start_w;
	w = (all * r->cfg.step_pm / 1000) >> (r->node[n].tries - 1);
	return steps > 0 && w * steps < all ? all / steps + 1 : w;
}

static void take_step(struct ramp *r, int n, int64_t now_ms, const struct ramp_evse_in *in)
{
	const struct grid_node *g = grid_tree_node(r->tree, n);
	int64_t left_w = step_power(r, n, in);
	int e;

	r->node[n].next_ms = now_ms + r->cfg.step_ms;
	for (bool is_first = true; (e = next_one(r, g, in)) >= 0; is_first = false) {
		if (!is_first && in[e].start_w > left_w)
			return;
		r->released[e] = true;
		left_w -= in[e].start_w;
	}
	if (next_one(r, g, in) < 0)
		r->node[n].sign = RAMP_SIGN_NONE;
}

static void show(struct ramp *r, int n, const struct ramp_evse_in *in, bool *held)
{
	const struct grid_node *g = grid_tree_node(r->tree, n);
	struct ramp_node *v = &r->node[n];

	v->released = v->waiting = 0;
	for (int e = g->evse_first; e < g->evse_end; e++) {
		held[e] = !r->released[e];
		v->released += in[e].connected && r->released[e];
		v->waiting += in[e].connected && !r->released[e];
	}
}

int ramp_cycle(struct ramp *r, int64_t now_ms, const struct ramp_node_in *nodes,
	const struct ramp_evse_in *evses, bool *held)
{
	int ramps = 0;

	count_stations(r, now_ms, nodes);
	for (int e = 0; e < r->evses; e++)
		held[e] = false;
	for (int n = 0; n < r->nodes; n++) {
		enum ramp_sign sign = sign_at(r, n, now_ms, &nodes[n]);

		/* What returned with the whole is not told again of its parts. */
		if (sign != RAMP_SIGN_NONE && r->node[n].returned_ms != now_ms)
			begin(r, n, sign, now_ms);
	}
	for (int n = 0; n < r->nodes; n++) {
		if (r->node[n].sign == RAMP_SIGN_NONE)
			continue;
		if (now_ms >= r->node[n].next_ms)
			take_step(r, n, now_ms, evses);
		if (r->node[n].sign == RAMP_SIGN_NONE)
			continue;
		show(r, n, evses, held);
		ramps++;
	}
	return ramps;
}

/* -- over edits and restarts ------------------------------------------------------------------ */

/* The node of the same id, or else of the nearest one above that is there still; -1: none is. */
static int find_kept(const struct ramp *r, const struct ramp *old, int was)
{
	int n = -1;

	for (; was >= 0 && n < 0; was = grid_tree_node(old->tree, was)->parent)
		n = grid_tree_find(r->tree, grid_tree_node(old->tree, was)->id);
	return n;
}

/* Who got his turn keeps it; at a node that takes the place of one that is gone, so does whoever did
 * not wait. */
static void keep_turns(struct ramp *r, const struct ramp *old, int n, int was)
{
	const struct grid_node *g = grid_tree_node(r->tree, n), *from;

	for (int e = g->evse_first; e < g->evse_end; e++) {
		const char *id = grid_tree_node(r->tree, grid_tree_evse_node(r->tree, e))->id;
		int leaf = grid_tree_find(old->tree, id), o;

		if (leaf < 0 || grid_tree_node(old->tree, leaf)->kind != GRID_EVSE)
			continue;
		from = grid_tree_node(old->tree, was);
		o = grid_tree_node(old->tree, leaf)->evse_first;
		r->released[e] = old->released[o] || o < from->evse_first || o >= from->evse_end;
	}
}

void ramp_keep(struct ramp *r, const struct ramp *old)
{
	for (int was = 0; was < old->nodes; was++) {
		int same = grid_tree_find(r->tree, grid_tree_node(old->tree, was)->id);
		int n = find_kept(r, old, was);

		if (same >= 0)
			r->node[same] = old->node[was];
		if (n < 0 || old->node[was].sign == RAMP_SIGN_NONE)
			continue;
		if (same < 0 && r->node[n].sign == RAMP_SIGN_NONE)
			r->node[n] = old->node[was];
		keep_turns(r, old, n, was);
	}
	for (int n = 0; n < r->nodes; n++) /* one that was moved below another queues up there */
		if (is_inside_ramp(r, n))
			r->node[n].sign = RAMP_SIGN_NONE;
}

void ramp_restore(struct ramp *r, int node, const struct ramp_view *v)
{
	const struct grid_node *g = grid_tree_node(r->tree, node);
	struct ramp_node *to = &r->node[node];

	for (int i = node; i < g->end; i++)
		r->node[i].returned_ms = v->since_ms;
	to->tries = v->tries;
	to->sign = is_inside_ramp(r, node) ? RAMP_SIGN_NONE : v->sign;
	to->next_ms = v->next_ms;
}

void ramp_release(struct ramp *r, int evse)
{
	r->released[evse] = true;
}

bool ramp_is_released(const struct ramp *r, int evse)
{
	return r->released[evse];
}

struct ramp_view ramp_look(const struct ramp *r, int node)
{
	const struct ramp_node *v = &r->node[node];

	if (v->sign == RAMP_SIGN_NONE)
		return (struct ramp_view){.sign = RAMP_SIGN_NONE};
	return (struct ramp_view){
		.sign = v->sign,
		.since_ms = v->returned_ms,
		.next_ms = v->next_ms,
		.released = v->released,
		.waiting = v->waiting,
		.tries = v->tries,
	};
}

static const char *const names[] = {
	[RAMP_SIGN_NONE] = "none",
	[RAMP_SIGN_VOLTAGE] = "voltage",
	[RAMP_SIGN_STATIONS] = "stations",
	[RAMP_SIGN_METER] = "meter",
	[RAMP_SIGN_TOLD] = "told",
};

const char *ramp_sign_name(enum ramp_sign s)
{
	return names[s];
}

enum ramp_sign ramp_sign_find(const char *name)
{
	for (int s = RAMP_SIGN_NONE; s <= RAMP_SIGN_TOLD; s++)
		if (strcmp(names[s], name) == 0)
			return (enum ramp_sign)s;
	return RAMP_SIGN_NONE;
}
