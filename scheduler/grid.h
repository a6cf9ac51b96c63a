/*
 * Grid: the depot's microgrid as a tree. What hangs below what, how much each part may carry, and
 * what a set of set-points adds up to at every node.
 *
 * A tree is immutable once created and owns its strings: any thread may read it. Limits that come
 * and go (envelopes, an operator's word) live in a struct grid_limits beside it, which belongs to
 * one thread at a time. Power is in W (int32 for one setting, int64 for a sum), import positive.
 *
 * Nodes are numbered 0..nodes-1 depth first: the root is 0, a parent comes before its children and
 * the subtree of node i is the range [i, node->end). EVSEs are also numbered 0..evses-1 in the same
 * order, so those below node i are the range [node->evse_first, node->evse_end).
 */
#ifndef SCHEDULER_GRID_H
#define SCHEDULER_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRID_ID_MAX    60
#define GRID_NODES_MAX 65535
#define GRID_NO_LIMIT  INT32_MAX /* also the greatest power a row may carry, less one */
#define GRID_UNKNOWN   INT64_MIN /* a load that nobody measures or forecasts */

enum grid_kind {
	GRID_SITE,
	GRID_CONNECTION,
	GRID_TRANSFORMER,
	GRID_FEEDER,
	GRID_GROUP,
	GRID_LOAD, /* leaf: load that is not ours to control */
	GRID_STATION, /* charging station; its rating is shared by its EVSEs */
	GRID_EVSE, /* leaf: one charging place */
	GRID_PV, /* leaf: feeds in, is not ours to control */
	GRID_STORAGE, /* leaf: takes and feeds in, is not ours to control */
	GRID_KIND_COUNT
};

/* What a limit limits: the power in all, or that of one phase of the grid. */
enum grid_channel {
	GRID_TOTAL,
	GRID_L1,
	GRID_L2,
	GRID_L3,
	GRID_CHANNELS,
	GRID_IMBALANCE = GRID_CHANNELS /* greatest difference between two phases */
};
#define GRID_PHASES 3

/* Why a limit or a setting is what it is. Order and names are public (API, journal): append
 * only. */
enum grid_source {
	GRID_SOURCE_NONE,
	GRID_SOURCE_RATING, /* the node's own rating */
	GRID_SOURCE_RESERVE, /* what the rating keeps free leaves nothing */
	GRID_SOURCE_ENVELOPE, /* fresh word of the grid operator */
	GRID_SOURCE_ENVELOPE_FALLBACK, /* its fallback, the operator being silent */
	GRID_SOURCE_OPERATOR, /* set by a person */
	GRID_SOURCE_PHASE, /* one phase is full */
	GRID_SOURCE_STATION, /* the station's own limit, or it cannot be reached */
	GRID_SOURCE_EVSE, /* rating of the EVSE */
	GRID_SOURCE_VEHICLE, /* what the vehicle can take */
	GRID_SOURCE_BATTERY, /* its battery near full */
	GRID_SOURCE_STALE_DATA, /* no fresh measurement: the worst case is assumed */
	GRID_SOURCE_TAIL, /* safe power without commands */
	GRID_SOURCE_PLAN, /* the planner wants no more now */
	GRID_SOURCE_DEPARTURE, /* not there, or gone, at that time */
	GRID_SOURCE_MINIMUM, /* room, but less than the smallest power there is */
	GRID_SOURCE_HOLD, /* waits before it rises, or rises by steps */
	GRID_SOURCE_ROTATION, /* pauses to give another its turn */
	GRID_SOURCE_DISOBEYED, /* measured above what was commanded */
	GRID_SOURCE_IMBALANCE, /* the phases would differ too much */
	GRID_SOURCE_DEMAND, /* the open demand window (scheduler/demand.h) */
	GRID_SOURCE_RAMP, /* its feeder's power has returned (scheduler/ramp.h) */
	GRID_SOURCE_ISLAND, /* stores and PV feed it (scheduler/island.h) */
	GRID_SOURCE_COMMISSIONING, /* lowered to see which meters move */
	GRID_SOURCE_PRICE, /* energy is cheaper at another time, or dearer than it is worth */
	GRID_SOURCE_COUNT
};

/* What the electrician's labels say beyond the power. Currents in mA of one phase. */
struct grid_electric {
	int32_t volts; /* phase to neutral, nominal; 0: 230 */
	int32_t phase_ma; /* rating, continuous */
	int32_t short_w, short_ma; /* borne for short_s; each at least the continuous one */
	int32_t short_s;
	int32_t reserve_ma; /* as reserve_w, of each phase; 0: a third of that */
	int32_t imbalance_ma; /* greatest difference between two phases */
	bool export_limited;
	int32_t export_w; /* where export_limited */
	int32_t feed_w; /* GRID_PV, GRID_STORAGE: greatest power fed in */
	int64_t battery_wh; /* GRID_STORAGE */
	/* GRID_EVSE: at most so many sixths of its power on L1, L2, L3 of the grid (2,2,2; 3,3,0;
	 * 6,0,0); all 0: any of it on any phase */
	uint8_t sixths[GRID_PHASES];
};

/* One row of the depot's description. Strings are read, not kept. Zero means "not given". */
struct grid_row {
	const char *id;
	const char *parent; /* NULL: this is the root */
	enum grid_kind kind;
	bool rated;
	int32_t rating_w; /* where `rated` */
	int32_t reserve_w; /* load below this node that nobody measures; a child's is part of it */
	int32_t load_w; /* greatest uncontrolled load on this node itself; GRID_LOAD: its rating */
	int margin_pm; /* per mille of every limit of this node that stays free */
	int32_t max_w, min_w, tail_w; /* GRID_EVSE only: tail 0 or within min..max */
	struct grid_electric electric;
};

struct grid_node {
	const char *id;
	enum grid_kind kind;
	int row; /* index of its row */
	int parent; /* -1: the root */
	int depth;
	int end; /* one past the last node below it */
	int evse_first, evse_end;
	bool rated;
	int32_t rating_w, reserve_w, load_w;
	int margin_pm;
	int32_t max_w, min_w, tail_w;
	struct grid_electric electric; /* volts and sixths filled in */
};

struct grid_error {
	int row; /* offending row, -1: the whole */
	char node[GRID_ID_MAX + 1];
	char text[200]; /* one sentence for a person; names the node */
};

struct grid_tree;

/* Builds the tree from rows in any order. NULL: not a tree (unknown parent, cycle, two roots, an
 * EVSE with something below it, number out of range …) or no memory; *err says where. */
struct grid_tree *grid_tree_create(const struct grid_row *rows, int n, struct grid_error *err);
int grid_tree_nodes(const struct grid_tree *t);
int grid_tree_evses(const struct grid_tree *t);
const struct grid_node *grid_tree_node(const struct grid_tree *t, int node);
int grid_tree_find(const struct grid_tree *t, const char *id); /* node index or -1 */
int grid_tree_evse_node(const struct grid_tree *t, int evse);
void grid_tree_destroy(struct grid_tree *t);

const char *grid_source_name(enum grid_source s); /* "rating", "envelope fallback", … */
const char *grid_kind_name(enum grid_kind k);
const char *grid_channel_name(enum grid_channel c); /* "total", "L1" …, "imbalance" */

#endif
