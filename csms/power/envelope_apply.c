/* What counts of the envelopes: for the guard now, for the planner in each slot of a plan. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"
#include "csms/power/safety.h"

/* Guard and planner go by a limit this long before it begins, at least: chargers and vehicles take up
 * to ten seconds to follow, and the limit is to be kept from its first second. Where one below the
 * node was seen to need longer, so much earlier. */
#define LEAD_MS        15000
#define LEAD_MOST_MS   65000
#define AFTER_MS       5000 /* more than it needs */
#define LEAST_LEASE_MS 60000 /* shorter ones would be said again and again */

enum grid_source envelope_source(const struct held_envelope *h)
{
	if (h->e.kind == ENVELOPE_FALLBACK)
		return GRID_SOURCE_ENVELOPE_FALLBACK;
	return strncmp(h->owner, "operator/", 9) == 0 ? GRID_SOURCE_OPERATOR : GRID_SOURCE_ENVELOPE;
}

/* Nodes have other numbers after a change of the tree, or are gone. */
void envelope_place(struct core *c, struct held_envelope *h)
{
	const struct grid_tree *t = control_grid(c->control);
	int was = h->e.node;

	if (was >= 0 && was < grid_tree_nodes(t) &&
		strcasecmp(grid_tree_node(t, was)->id, h->node) == 0)
		return;
	h->e.node = grid_tree_find(t, h->node);
	if (h->e.node >= 0 && was < 0)
		alarm_clear(c, ALARM_ENVELOPE_REFUSED, h->node);
	if (h->e.node < 0 && !envelope_is_over(h->e.state))
		alarm_raise(c, ALARM_ENVELOPE_REFUSED, h->node,
			"The limit of %s is kept no longer: the tree has no node %s now.", h->owner,
			h->node);
}

/* All that are not over, as the pure rules want them. NULL: there are none, or no memory. */
static const struct envelope **list_open(
	struct envelopes *all, int *n, const struct held_envelope *extra)
{
	const struct envelope **list;
	struct held_envelope *h;
	int count = extra != NULL;

	*n = 0;
	DL_FOREACH (all->list, h)
		count += !envelope_is_over(h->e.state);
	list = count ? malloc((size_t)count * sizeof *list) : NULL;
	if (!list)
		return NULL;
	DL_FOREACH (all->list, h) {
		if (envelope_is_over(h->e.state))
			continue;
		envelope_place(all->core, h);
		list[(*n)++] = &h->e;
	}
	if (extra)
		list[(*n)++] = &extra->e;
	return list;
}

static const struct held_envelope *held(const struct envelope *e)
{
	return (const struct held_envelope *)(const void *)e; /* its first member */
}

static int64_t lead_ms(const struct envelopes *all, int node)
{
	const struct safety *s = node >= 0 ? control_safety(all->core->control) : NULL;
	int64_t ms = s ? safety_slowest_ms(s, node) + AFTER_MS : 0;

	return ms < LEAD_MS ? LEAD_MS : ms < LEAD_MOST_MS ? ms : LEAD_MOST_MS;
}

static bool begins_within(const struct envelope *e, int64_t now, int64_t ms)
{
	for (int i = 0; i < e->count && e->blocks[i].start_ms <= now + ms; i++)
		if (e->blocks[i].start_ms > now)
			return true;
	return false;
}

/* -- now -------------------------------------------------------------------------------------- */

static int32_t tighter(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/* Does less count at `later` than now? */
static bool is_tighter(
	const struct envelope *const *list, int n, int node, int64_t now, int64_t later)
{
	int32_t before, after;

	for (int q = 0; q < ENVELOPE_QUANTITIES; q++) {
		envelope_winner(list, n, node, (enum envelope_quantity)q, now, &before);
		envelope_winner(list, n, node, (enum envelope_quantity)q, later, &after);
		if (after < before)
			return true;
	}
	return false;
}

static void touch(struct envelopes *all, int node)
{
	if (all->touched_count == all->touched_room) {
		int room = all->touched_room ? 2 * all->touched_room : 16;
		int *more = realloc(all->touched, (size_t)room * sizeof *more);

		if (!more)
			return;
		all->touched = more;
		all->touched_room = room;
	}
	all->touched[all->touched_count++] = node;
}

static void lift_all(struct envelopes *all, const struct grid_tree *t, struct grid_limits *l)
{
	for (int i = 0; i < all->touched_count; i++) {
		if (all->touched[i] >= grid_tree_nodes(t))
			continue;
		grid_limits_set(l, all->touched[i], GRID_SOURCE_ENVELOPE, NULL);
		grid_limits_set(l, all->touched[i], GRID_SOURCE_ENVELOPE_FALLBACK, NULL);
		grid_limits_set(l, all->touched[i], GRID_SOURCE_OPERATOR, NULL);
	}
	all->touched_count = 0;
}

/* The tightest of those of the same source: the limits themselves see to the tightest of all. */
static void put(struct envelopes *all, struct grid_limits *l, const struct envelope *const *list,
	int n, int i, int64_t now)
{
	enum grid_source source = envelope_source(held(list[i]));
	struct grid_bound b;

	if (!envelope_block_at(list[i], now))
		return; /* nothing of it then */
	b = grid_limits_get(l, list[i]->node, source);
	b.import_w = tighter(b.import_w, envelope_says(list, n, i, ENVELOPE_IMPORT, now, NULL));
	b.export_w = tighter(b.export_w, envelope_says(list, n, i, ENVELOPE_EXPORT, now, NULL));
	b.phase_ma = tighter(b.phase_ma, envelope_says(list, n, i, ENVELOPE_PHASE, now, NULL));
	grid_limits_set(l, list[i]->node, source, &b);
	touch(all, list[i]->node);
}

void envelopes_apply(
	struct envelopes *all, const struct grid_tree *t, struct grid_limits *l, wall_t now)
{
	const struct envelope **list;
	int n;

	if (!all)
		return;
	lift_all(all, t, l);
	list = list_open(all, &n, NULL);
	for (int i = 0; i < n; i++) {
		put(all, l, list, n, i, now.ms);
		put(all, l, list, n, i, now.ms + LEAD_MS);
		if (begins_within(list[i], now.ms, LEAD_MOST_MS))
			put(all, l, list, n, i, now.ms + lead_ms(all, list[i]->node));
	}
	free(list);
}

void envelopes_look_ahead(struct envelopes *all, wall_t now)
{
	const struct envelope **list;
	int n;

	all->tighter_at = INT64_MAX;
	list = list_open(all, &n, NULL);
	for (int i = 0; i < n; i++) {
		int64_t lead = lead_ms(all, list[i]->node);

		for (int b = 0; b < list[i]->count; b++) {
			int64_t at = list[i]->blocks[b].start_ms - lead;

			if (at <= now.ms || list[i]->node < 0)
				continue;
			if (at < all->tighter_at &&
				is_tighter(list, n, list[i]->node, now.ms, at + lead))
				all->tighter_at = at;
			break; /* the next one of it will do: it is looked at again then */
		}
	}
	free(list);
}

int64_t envelopes_lease_ms(const struct envelopes *all, wall_t now, int64_t lease_ms)
{
	int64_t left = all && all->tighter_at != INT64_MAX ? all->tighter_at - now.ms : lease_ms;

	if (left < LEAST_LEASE_MS)
		left = LEAST_LEASE_MS;
	return left < lease_ms ? left : lease_ms;
}

const struct held_envelope *envelopes_winner(
	const struct core *c, const char *node, enum envelope_quantity q, wall_t at, int32_t *value)
{
	const struct grid_tree *t = control_grid(c->control);
	const struct envelope **list;
	int n, i, v = grid_tree_find(t, node);
	const struct held_envelope *h;

	*value = GRID_NO_LIMIT;
	if (!c->envelopes || v < 0)
		return NULL;
	list = list_open(c->envelopes, &n, NULL);
	i = envelope_winner(list, n, v, q, at.ms, value);
	h = i >= 0 ? held(list[i]) : NULL;
	free(list);
	return h;
}

/* -- in a plan -------------------------------------------------------------------------------- */

static int by_time(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

struct plan_window {
	const struct grid_tree *tree;
	struct plan_caps *caps;
	int64_t start, slot_ms, now, end;
	int64_t lead_ms; /* of the node in hand */
};

/* Lowers the slots that [from, to) touches: the tightest of a slot counts for all of it. */
static void lower(const struct plan_window *w, const struct envelope *const *list, int n, int node,
	int64_t from, int64_t to)
{
	int32_t import, phase;
	int i = envelope_winner(list, n, node, ENVELOPE_IMPORT, from, &import);
	int k = envelope_winner(list, n, node, ENVELOPE_PHASE, from, &phase);
	int first, last = (int)((to - w->start + w->slot_ms - 1) / w->slot_ms);

	from -= w->lead_ms;
	first = from > w->start ? (int)((from - w->start) / w->slot_ms) : 0;
	if (i >= 0)
		plan_caps_lower(w->caps, w->tree, node, first, last, import,
			envelope_source(held(list[i])));
	if (k >= 0 && plan_caps_lower_phases(w->caps, w->tree, node, first, last, phase,
			      envelope_source(held(list[k]))))
		log_error("planner: no memory for the phases of an envelope");
}

/* Edges of all blocks on the node within the plan, in order; the caller frees them. */
static int64_t *edges_of(const struct plan_window *w, const struct envelope *const *list, int n,
	int node, int *count)
{
	int64_t *edges;
	size_t room = 2;

	for (int i = 0; i < n; i++)
		room += list[i]->node == node ? 2 * (size_t)list[i]->count : 0;
	edges = malloc(room * sizeof *edges);
	*count = 0;
	if (!edges)
		return NULL;
	edges[(*count)++] = w->now;
	edges[(*count)++] = w->end;
	for (int i = 0; i < n; i++)
		for (int b = 0; list[i]->node == node && b < list[i]->count; b++) {
			int64_t both[] = {list[i]->blocks[b].start_ms, list[i]->blocks[b].end_ms};

			for (int k = 0; k < 2; k++)
				if (both[k] > w->now && both[k] < w->end)
					edges[(*count)++] = both[k];
		}
	qsort(edges, (size_t)*count, sizeof *edges, by_time);
	return edges;
}

static bool is_first_on_node(const struct envelope *const *list, int i)
{
	for (int j = 0; j < i; j++)
		if (list[j]->node == list[i]->node)
			return false;
	return list[i]->node >= 0;
}

void envelopes_lower(struct envelopes *all, const struct envelope_slots *slots,
	const struct held_envelope *extra)
{
	struct plan_window w = {slots->tree, slots->caps, slots->start_ms, slots->slot_ms,
		slots->now_ms, slots->start_ms + slots->slot_ms * slots->caps->slots, 0};
	const struct envelope **list;
	int n, count;

	if (!all)
		return;
	list = list_open(all, &n, extra);
	for (int i = 0; i < n; i++) {
		int64_t *edges = is_first_on_node(list, i)
					 ? edges_of(&w, list, n, list[i]->node, &count)
					 : NULL;

		w.lead_ms = edges ? lead_ms(all, list[i]->node) : 0;
		for (int k = 0; edges && k + 1 < count; k++)
			if (edges[k] < edges[k + 1])
				lower(&w, list, n, list[i]->node, edges[k], edges[k + 1]);
		free(edges);
	}
	free(list);
}
