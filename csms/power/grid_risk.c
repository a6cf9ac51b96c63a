#include "csms/power/grid_risk.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/depot_tails.h"
#include "csms/metering/meter_ocpp.h"
#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "scheduler/limits.h"

static int row_of(const struct depot_file *d, const char *node)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, node) == 0)
			return (int)i;
	return -1;
}

static void name(const struct depot_file *d, const char *node, struct depot_fault *out)
{
	int row = row_of(d, node);

	snprintf(out->path, sizeof out->path, row < 0 ? "nodes" : "nodes[%d]", row);
}

/* What takes the place of a node: itself, or the nearest above it that is left. */
static const char *heir_of(
	const struct depot_file *now, const struct depot_file *next, const char *id)
{
	for (int steps = 0; id && steps < GRID_NODES_MAX && row_of(next, id) < 0; steps++) {
		int row = row_of(now, id);

		id = row >= 0 ? now->nodes.items[row].parent : NULL;
	}
	return id;
}

/* Other load that nobody measures any more must be described. */
static int check_node(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, const int64_t *described_w, const char *id,
	struct depot_fault *out)
{
	const char *heir = heir_of(c->depot, next, id);
	int was = grid_tree_find(control_grid(c->control), id), node;
	int64_t other_w = was >= 0 ? control_other_w(c->control, was) : GRID_UNKNOWN;

	if (!heir || next->nodes.items[row_of(next, heir)].meter)
		return 0;
	node = grid_tree_find(tree, heir);
	if (node < 0 ||
		(other_w == GRID_UNKNOWN ? described_w[node] > 0 : other_w <= described_w[node]))
		return 0;
	name(next, heir, out);
	if (other_w == GRID_UNKNOWN)
		snprintf(out->text, sizeof out->text,
			"without the meter of %s nothing is known of its other load: describe it below "
			"%s as `load` nodes with their limit_w, or as its reserve_w, first",
			id, heir);
	else
		snprintf(out->text, sizeof out->text,
			"the meter of %s shows %lld W of other load, and %lld W are described below "
			"%s: describe it as `load` nodes with their limit_w, or as its reserve_w, "
			"first",
			id, (long long)other_w, (long long)described_w[node], heir);
	return -1;
}

static int check_meters(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, struct depot_fault *out)
{
	int64_t *described_w = calloc((size_t)grid_tree_nodes(tree), sizeof *described_w);
	int rc = 0;

	if (!described_w) {
		snprintf(out->text, sizeof out->text, "out of memory");
		return -1;
	}
	grid_tree_uncontrolled(tree, NULL, described_w);
	for (size_t i = 0; rc == 0 && i < c->depot->nodes.count; i++) {
		const struct depot_node *n = &c->depot->nodes.items[i];

		if (n->meter)
			rc = check_node(c, next, tree, described_w, n->id, out);
	}
	free(described_w);
	return rc;
}

/* A limit stands until its owner takes it back: its node must not vanish below it. */
static int check_envelopes(
	const struct core *c, const struct depot_file *next, struct depot_fault *out)
{
	for (const struct held_envelope *h = envelopes_first(c); h; h = h->next) {
		if (envelope_is_over(h->e.state) || row_of(next, h->node) >= 0 ||
			row_of(c->depot, h->node) < 0)
			continue;
		name(next, h->node, out);
		snprintf(out->text, sizeof out->text,
			"a limit of %s stands on %s (envelope %s): it must be withdrawn before the node "
			"goes",
			h->owner, h->node, h->id);
		return -1;
	}
	return 0;
}

int grid_risk_check(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, struct depot_fault *out)
{
	return check_meters(c, next, tree, out) || check_envelopes(c, next, out) ? -1 : 0;
}

/* -- ratings that go ------------------------------------------------------------------------------ */

/* The nearest node above the EVSE with a rating of power or of phases; -1: none. */
static int guard_of(const struct grid_tree *t, int evse)
{
	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent) {
		const struct grid_node *n = grid_tree_node(t, v);

		if (n->kind != GRID_EVSE && n->kind != GRID_STATION &&
			(n->rated || n->electric.phase_ma))
			return v;
	}
	return -1;
}

int grid_risk_unguarded(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, struct depot_fault *out)
{
	const struct grid_tree *now = control_grid(c->control);
	const char *first = NULL, *guarded_by = NULL;
	int count = 0;

	for (int e = 0; e < grid_tree_evses(tree); e++) {
		const char *id = grid_tree_node(tree, grid_tree_evse_node(tree, e))->id;
		int was = grid_tree_find(now, id), guard;

		if (guard_of(tree, e) >= 0 || was < 0 ||
			grid_tree_node(now, was)->kind != GRID_EVSE)
			continue;
		guard = guard_of(now, grid_tree_node(now, was)->evse_first);
		if (guard < 0)
			continue;
		count++;
		first = first ? first : id;
		guarded_by = guarded_by ? guarded_by : grid_tree_node(now, guard)->id;
	}
	if (!count)
		return 0;
	name(next, guarded_by, out);
	snprintf(out->text, sizeof out->text,
		"no node above %.60s%s would have limit_w or limit_a any more: vehicles there could "
		"draw all that they want, whatever %.60s carries; if that is meant, repeat it with "
		"force=1 (depotctl: --yes)",
		first, count > 1 ? " and others" : "", guarded_by);
	return -1;
}

static const struct rating {
	const char *name, *unit, *loss;
	size_t has, at;
	bool is_whole; /* an int64_t; else a double */
} ratings[] = {
	{"limit_w", "W", "its power is not guarded", offsetof(struct depot_node, has_limit_w),
		offsetof(struct depot_node, limit_w), true},
	{"limit_a", "A", "its phases are not guarded", offsetof(struct depot_node, has_limit_a),
		offsetof(struct depot_node, limit_a), false},
	{"imbalance_a", "A", "its phases may differ by anything",
		offsetof(struct depot_node, has_imbalance_a),
		offsetof(struct depot_node, imbalance_a), false},
	{"export_limit_w", "W", "it may feed in anything",
		offsetof(struct depot_node, has_export_limit_w),
		offsetof(struct depot_node, export_limit_w), true},
};
#define RATINGS (sizeof ratings / sizeof *ratings)

static bool has(const struct depot_node *n, const struct rating *r)
{
	return n && *(const bool *)((const char *)n + r->has);
}

static double value(const struct depot_node *n, const struct rating *r)
{
	const char *at = (const char *)n + r->at;

	return r->is_whole ? (double)*(const int64_t *)(const void *)at
			   : *(const double *)(const void *)at;
}

/* Does anything hang on it now? */
static bool has_below(const struct core *c, const char *id)
{
	const struct grid_tree *t = control_grid(c->control);
	int v = grid_tree_find(t, id);

	return v >= 0 && grid_tree_node(t, v)->end > v + 1;
}

/* A charger's meter that is new there, of a station that nobody has registered: maybe it is yet to come. */
static const char *stranger_of(
	const struct core *c, const struct depot_node *is, struct meter_ocpp_name *name)
{
	int row = row_of(c->depot, is->id);
	const char *was = row >= 0 ? c->depot->nodes.items[row].meter : NULL;

	if (!is->meter || (was && strcasecmp(was, is->meter) == 0) ||
		!meter_ocpp_parse(is->meter, name))
		return NULL;
	return fleet_station(&c->fleet, name->station) ? NULL : name->station;
}

void grid_risk_warn(const struct core *c, const struct depot_file *next, char out[300])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->depot->nodes.count; i++) {
		const struct depot_node *was = &c->depot->nodes.items[i];
		int row = row_of(next, was->id);
		const struct depot_node *is = row >= 0 ? &next->nodes.items[row] : NULL;

		for (size_t k = 0; k < RATINGS && n < 300; k++)
			if (has(was, &ratings[k]) && !has(is, &ratings[k]) && has_below(c, was->id))
				n += (size_t)snprintf(out + n, 300 - n,
					"%s%s of %s (%.10g %s) is gone: %s", n ? "; " : "",
					ratings[k].name, was->id, value(was, &ratings[k]),
					ratings[k].unit, ratings[k].loss);
	}
	for (size_t i = 0; i < next->nodes.count && n < 300; i++) {
		struct meter_ocpp_name name;

		if (stranger_of(c, &next->nodes.items[i], &name))
			n += (size_t)snprintf(out + n, 300 - n,
				"%sthere is no station \"%s\" yet: until it speaks, the load of %s counts as its worst case",
				n ? "; " : "", name.station, next->nodes.items[i].id);
	}
}

/* Counts those of the station; the first of all is kept. */
static int count_tails(
	const struct core *c, const struct station *s, int count, char first[80], char why[300])
{
	char text[300];

	for (int i = 0; i < s->evse_count && !s->is_manual; i++) {
		const struct evse *e = &s->evses[i];
		const struct depot_tail t = {
			e->tail_w, e->min_w, e->phases, (int)c->depot->voltage_v, e->is_dc};

		if (!depot_tail_pauses(&t, text))
			continue;
		if (!count++) {
			snprintf(first, 80, "%.60s/%d", s->id, e->id);
			memcpy(why, text, sizeof text);
		}
	}
	return count;
}

static void say_tails(int count, const char *first, const char *why, char out[300])
{
	out[0] = '\0';
	if (count > 1)
		snprintf(out, 300, "%s and %d more: %.200s", first, count - 1, why);
	else if (count)
		snprintf(out, 300, "%s: %.210s", first, why);
}

void grid_risk_tails(const struct core *c, char out[300])
{
	const struct station *s, *tmp;
	char first[80] = "", why[300];
	int count = 0;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		count = count_tails(c, s, count, first, why);
	say_tails(count, first, why, out);
}

void grid_risk_station(const struct core *c, const struct station *s, char out[300])
{
	char first[80] = "", why[300];

	say_tails(count_tails(c, s, 0, first, why), first, why, out);
}
