#include "scheduler/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRID_VOLTS 230

struct grid_tree {
	int n, evses;
	struct grid_node *node; /* depth first; ids point into `text` */
	int *evse_node; /* node index of each EVSE */
	int *by_id; /* node indices in the order of their ids */
	char *text;
};

/* What creation knows about the rows before they have their place in the tree. */
struct build {
	const struct grid_row *row;
	int n;
	int *sorted; /* rows in the order of their ids */
	int *parent; /* row of the parent, -1: root */
	int *child; /* first child, in row order */
	int *sibling; /* next one */
	int *place; /* node index of a row, -1: not reached */
	int root;
	struct grid_error *err;
};

/* -- errors ---------------------------------------------------------------------------------- */

static void set_error(struct grid_error *err, const struct grid_row *row, int index,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void set_error(
	struct grid_error *err, const struct grid_row *row, int index, const char *fmt, ...)
{
	va_list ap;

	err->row = index;
	snprintf(err->node, sizeof(err->node), "%s", row && row->id ? row->id : "");
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
}

/* -- rows ------------------------------------------------------------------------------------ */

static bool leaf_kind(enum grid_kind k)
{
	return k == GRID_LOAD || k >= GRID_EVSE;
}

static bool watts_ok(int32_t w)
{
	return w >= 0 && w < GRID_NO_LIMIT;
}

static const char *electric_fault(const struct grid_row *r)
{
	const struct grid_electric *e = &r->electric;

	if (!watts_ok(e->volts) || !watts_ok(e->phase_ma) || !watts_ok(e->short_w) ||
		!watts_ok(e->short_ma) || !watts_ok(e->short_s) || !watts_ok(e->reserve_ma) ||
		!watts_ok(e->imbalance_ma) || !watts_ok(e->export_w) || !watts_ok(e->feed_w) ||
		e->battery_wh < 0)
		return "a rating is out of range";
	if ((int64_t)e->phase_ma * (e->volts ? e->volts : GRID_VOLTS) / 1000 >= GRID_NO_LIMIT ||
		(int64_t)e->short_ma * (e->volts ? e->volts : GRID_VOLTS) / 1000 >= GRID_NO_LIMIT)
		return "the current is out of range";
	if ((e->short_w || e->short_ma) != (e->short_s > 0))
		return "a short-time rating needs both how much and how long (short_s)";
	if (e->short_w && (!r->rated || e->short_w < r->rating_w))
		return "the short-time rating is below the continuous one, or there is none (limit_w)";
	if (e->short_ma && (!e->phase_ma || e->short_ma < e->phase_ma))
		return "the short-time rating is below the continuous one, or there is none (limit_a)";
	if (e->sixths[0] > 6 || e->sixths[1] > 6 || e->sixths[2] > 6)
		return "a phase cannot carry more than the whole";
	if (leaf_kind(r->kind) && (e->imbalance_ma || e->export_limited || e->short_s))
		return "only a node with something below it has an imbalance, export or "
		       "short-time limit";
	if (r->kind != GRID_PV && r->kind != GRID_STORAGE && e->feed_w)
		return "only pv and storage feed in";
	return NULL;
}

/* The fault of one row taken alone, or NULL. */
static const char *row_fault(const struct grid_row *r)
{
	const char *fault;

	if ((unsigned)r->kind >= GRID_KIND_COUNT)
		return "unknown kind";
	fault = electric_fault(r);
	if (fault)
		return fault;
	if (!watts_ok(r->rating_w) || !watts_ok(r->reserve_w) || !watts_ok(r->load_w))
		return "rating, reserve or load is out of range";
	if (r->margin_pm < 0 || r->margin_pm > 1000)
		return "the margin must be within 0..1000 per mille";
	if (!watts_ok(r->max_w) || !watts_ok(r->min_w) || !watts_ok(r->tail_w))
		return "a power is out of range";
	if (r->kind != GRID_EVSE)
		return r->max_w || r->min_w || r->tail_w
			       ? "only an EVSE has a greatest, smallest and tail power"
			       : NULL;
	if (r->min_w > r->max_w)
		return "the smallest power is above the greatest";
	if (r->tail_w > r->max_w)
		return "the tail is above the greatest power";
	if (r->tail_w && r->tail_w < r->min_w)
		return "the tail must be 0 or at least the smallest power";
	return NULL;
}

static int check_rows(const struct build *b)
{
	for (int i = 0; i < b->n; i++) {
		const struct grid_row *r = &b->row[i];
		const char *fault;

		if (!r->id || !r->id[0] || strlen(r->id) > GRID_ID_MAX) {
			set_error(b->err, NULL, i,
				"node %d of the list: an id has 1 to %d characters", i + 1,
				GRID_ID_MAX);
			return -1;
		}
		fault = row_fault(r);
		if (fault) {
			set_error(b->err, r, i, "%s: %s", r->id, fault);
			return -1;
		}
	}
	return 0;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct grid_row *row = arg;
	int x = *(const int *)a, y = *(const int *)b;
	int c = strcmp(row[x].id, row[y].id);

	return c ? c : (x > y) - (x < y);
}

static int sort_rows(struct build *b)
{
	for (int i = 0; i < b->n; i++)
		b->sorted[i] = i;
	qsort_r(b->sorted, (size_t)b->n, sizeof(int), compare_rows, (void *)(uintptr_t)b->row);
	for (int i = 1; i < b->n; i++) {
		int at = b->sorted[i];

		if (strcmp(b->row[b->sorted[i - 1]].id, b->row[at].id) == 0) {
			set_error(b->err, &b->row[at], at, "%s: two nodes have this id",
				b->row[at].id);
			return -1;
		}
	}
	return 0;
}

static int find_row(const struct build *b, const char *id)
{
	int lo = 0, hi = b->n;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		int c = strcmp(id, b->row[b->sorted[mid]].id);

		if (c == 0)
			return b->sorted[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return -1;
}

/* -- shape ----------------------------------------------------------------------------------- */

static const char *const leaf_words[] = {
	[GRID_LOAD] = "a load",
	[GRID_EVSE] = "an EVSE",
	[GRID_PV] = "a pv",
	[GRID_STORAGE] = "a storage",
};

static int link_row(struct build *b, int i)
{
	const struct grid_row *r = &b->row[i];
	int up;

	b->parent[i] = -1;
	if (!r->parent) {
		if (b->root >= 0) {
			set_error(b->err, r, i, "%s: has no parent, but %s is the root already",
				r->id, b->row[b->root].id);
			return -1;
		}
		b->root = i;
		return 0;
	}
	up = find_row(b, r->parent);
	if (up < 0) {
		set_error(b->err, r, i, "%s: its parent %.*s does not exist", r->id, GRID_ID_MAX,
			r->parent);
		return -1;
	}
	if (leaf_kind(b->row[up].kind)) {
		set_error(b->err, r, i, "%s: its parent %s is %s and can have nothing below it",
			r->id, b->row[up].id, leaf_words[b->row[up].kind]);
		return -1;
	}
	if (b->row[up].kind == GRID_STATION && r->kind != GRID_EVSE) {
		set_error(b->err, r, i, "%s: only an EVSE can hang below the station %s", r->id,
			b->row[up].id);
		return -1;
	}
	b->parent[i] = up;
	return 0;
}

/* Fills parent, child and sibling; children keep the order of the rows. */
static int link_rows(struct build *b)
{
	b->root = -1;
	for (int i = 0; i < b->n; i++) {
		b->child[i] = b->sibling[i] = b->place[i] = -1;
		if (link_row(b, i) < 0)
			return -1;
	}
	for (int i = b->n - 1; i >= 0; i--) {
		int up = b->parent[i];

		if (up >= 0) {
			b->sibling[i] = b->child[up];
			b->child[up] = i;
		}
	}
	if (b->root < 0) {
		set_error(b->err, &b->row[0], 0, "%s: every node has a parent, so there is no root",
			b->row[0].id);
		return -1;
	}
	return 0;
}

static void fill_node(struct grid_tree *t, const struct build *b, int i, int depth, char **text)
{
	const struct grid_row *r = &b->row[i];
	struct grid_node *v = &t->node[t->n];
	size_t size = strlen(r->id) + 1;

	v->id = memcpy(*text, r->id, size);
	*text += size;
	v->kind = r->kind;
	v->row = i;
	v->parent = b->parent[i] < 0 ? -1 : b->place[b->parent[i]];
	v->depth = depth;
	v->evse_first = t->evses;
	v->rated = r->rated;
	v->rating_w = r->rating_w;
	v->reserve_w = r->reserve_w;
	v->load_w = r->kind == GRID_LOAD && r->rated && !r->load_w ? r->rating_w : r->load_w;
	v->margin_pm = r->margin_pm;
	v->max_w = r->max_w;
	v->min_w = r->min_w;
	v->tail_w = r->tail_w;
	v->electric = r->electric;
	if (!v->electric.volts)
		v->electric.volts = GRID_VOLTS;
	if (!v->electric.sixths[0] && !v->electric.sixths[1] && !v->electric.sixths[2])
		memset(v->electric.sixths, 6, sizeof(v->electric.sixths));
	b->place[i] = t->n;
	if (r->kind == GRID_EVSE)
		t->evse_node[t->evses++] = t->n;
	t->n++;
}

/* Names a row that lies on the cycle which kept row i from being reached. */
static void name_cycle(const struct build *b, int i)
{
	for (int step = 0; step < b->n; step++)
		i = b->parent[i];
	set_error(b->err, &b->row[i], i, "%s: hangs below itself (through %s)", b->row[i].id,
		b->row[b->parent[i]].id);
}

/* Walks the rows depth first from the root and gives each its place. */
static int place_rows(struct grid_tree *t, const struct build *b)
{
	char *text = t->text;
	int i = b->root, depth = 0;

	for (;;) {
		fill_node(t, b, i, depth, &text);
		if (b->child[i] >= 0) {
			i = b->child[i];
			depth++;
			continue;
		}
		while (i >= 0) {
			t->node[b->place[i]].end = t->n;
			t->node[b->place[i]].evse_end = t->evses;
			if (b->sibling[i] >= 0)
				break;
			i = b->parent[i];
			depth--;
		}
		if (i < 0)
			break;
		i = b->sibling[i];
	}
	for (i = 0; i < b->n && t->n < b->n; i++) {
		if (b->place[i] < 0) {
			name_cycle(b, i);
			return -1;
		}
	}
	for (i = 0; i < b->n; i++)
		t->by_id[i] = b->place[b->sorted[i]];
	return 0;
}

/* -- public ---------------------------------------------------------------------------------- */

static struct grid_tree *alloc_tree(const struct build *b)
{
	struct grid_tree *t = calloc(1, sizeof(*t));
	size_t text = 0;

	if (!t)
		return NULL;
	for (int i = 0; i < b->n; i++)
		text += strlen(b->row[i].id) + 1;
	t->node = calloc((size_t)b->n, sizeof(*t->node));
	t->evse_node = calloc((size_t)b->n, sizeof(int));
	t->by_id = calloc((size_t)b->n, sizeof(int));
	t->text = malloc(text);
	if (t->node && t->evse_node && t->by_id && t->text)
		return t;
	grid_tree_destroy(t);
	return NULL;
}

struct grid_tree *grid_tree_create(const struct grid_row *rows, int n, struct grid_error *err)
{
	struct build b = {.row = rows, .n = n, .err = err};
	struct grid_tree *t = NULL;
	int *scratch;

	if (n < 1 || n > GRID_NODES_MAX) {
		set_error(err, NULL, -1, "a tree has 1 to %d nodes, not %d", GRID_NODES_MAX, n);
		return NULL;
	}
	scratch = calloc((size_t)n * 5, sizeof(int));
	if (!scratch)
		goto memory;
	b.sorted = scratch;
	b.parent = scratch + n;
	b.child = scratch + 2 * (size_t)n;
	b.sibling = scratch + 3 * (size_t)n;
	b.place = scratch + 4 * (size_t)n;
	if (check_rows(&b) < 0 || sort_rows(&b) < 0 || link_rows(&b) < 0)
		goto out;
	t = alloc_tree(&b);
	if (!t)
		goto memory;
	if (place_rows(t, &b) < 0) {
		grid_tree_destroy(t);
		t = NULL;
	}
	goto out;
memory:
	set_error(err, NULL, -1, "out of memory");
out:
	free(scratch);
	return t;
}

int grid_tree_nodes(const struct grid_tree *t)
{
	return t->n;
}

int grid_tree_evses(const struct grid_tree *t)
{
	return t->evses;
}

const struct grid_node *grid_tree_node(const struct grid_tree *t, int node)
{
	return &t->node[node];
}

int grid_tree_find(const struct grid_tree *t, const char *id)
{
	int lo = 0, hi = t->n;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		int c = strcmp(id, t->node[t->by_id[mid]].id);

		if (c == 0)
			return t->by_id[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return -1;
}

int grid_tree_evse_node(const struct grid_tree *t, int evse)
{
	return t->evse_node[evse];
}

void grid_tree_destroy(struct grid_tree *t)
{
	if (!t)
		return;
	free(t->node);
	free(t->evse_node);
	free(t->by_id);
	free(t->text);
	free(t);
}

static const char *const source_names[GRID_SOURCE_COUNT] = {
	[GRID_SOURCE_NONE] = "none",
	[GRID_SOURCE_RATING] = "rating",
	[GRID_SOURCE_RESERVE] = "reserve",
	[GRID_SOURCE_ENVELOPE] = "envelope",
	[GRID_SOURCE_ENVELOPE_FALLBACK] = "fallback envelope",
	[GRID_SOURCE_OPERATOR] = "operator",
	[GRID_SOURCE_PHASE] = "phase",
	[GRID_SOURCE_STATION] = "station",
	[GRID_SOURCE_EVSE] = "charger",
	[GRID_SOURCE_VEHICLE] = "vehicle",
	[GRID_SOURCE_BATTERY] = "battery",
	[GRID_SOURCE_STALE_DATA] = "stale data",
	[GRID_SOURCE_TAIL] = "tail",
	[GRID_SOURCE_PLAN] = "plan",
	[GRID_SOURCE_DEPARTURE] = "departure",
	[GRID_SOURCE_MINIMUM] = "minimum",
	[GRID_SOURCE_HOLD] = "hold",
	[GRID_SOURCE_ROTATION] = "rotation",
	[GRID_SOURCE_DISOBEYED] = "disobeyed",
	[GRID_SOURCE_IMBALANCE] = "imbalance",
	[GRID_SOURCE_DEMAND] = "demand window",
	[GRID_SOURCE_RAMP] = "power return",
	[GRID_SOURCE_ISLAND] = "island",
	[GRID_SOURCE_COMMISSIONING] = "commissioning",
	[GRID_SOURCE_PRICE] = "price",
};

static const char *const kind_names[] = {
	[GRID_SITE] = "site",
	[GRID_CONNECTION] = "grid_connection",
	[GRID_TRANSFORMER] = "transformer",
	[GRID_FEEDER] = "feeder",
	[GRID_GROUP] = "group",
	[GRID_LOAD] = "load",
	[GRID_STATION] = "station",
	[GRID_EVSE] = "evse",
	[GRID_PV] = "pv",
	[GRID_STORAGE] = "storage",
};

static const char *const channel_names[] = {"total", "L1", "L2", "L3", "imbalance"};

const char *grid_source_name(enum grid_source s)
{
	return (unsigned)s < GRID_SOURCE_COUNT ? source_names[s] : "unknown";
}

const char *grid_kind_name(enum grid_kind k)
{
	return (unsigned)k < GRID_KIND_COUNT ? kind_names[k] : "unknown";
}

const char *grid_channel_name(enum grid_channel c)
{
	return (unsigned)c <= GRID_IMBALANCE ? channel_names[c] : "unknown";
}
