#include "csms/grid_risk.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include "csms/control.h"
#include "csms/envelope.h"
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
