#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "csms/power/control.h"
#include "csms/power/envelope_apply.h"
#include "csms/power/safety.h"
#include "csms/view/view.h"

#define LIMITS_MAX 1000 /* of one node, to come included */

static const char *copy(struct arena *a, const char *s)
{
	return s[0] != '\0' ? arena_strdup(a, s) : NULL;
}

static struct api_envelope_block_post view_block(const struct envelope_block *b)
{
	return (struct api_envelope_block_post){
		.start = {b->start_ms},
		.end = {b->end_ms},
		.has_import_w = b->bound.import_w != GRID_NO_LIMIT,
		.import_w = b->bound.import_w,
		.has_export_w = b->bound.export_w != GRID_NO_LIMIT,
		.export_w = b->bound.export_w,
		.has_phase_ma = b->bound.phase_ma != GRID_NO_LIMIT,
		.phase_ma = b->bound.phase_ma,
	};
}

/* The first `max` that are not over, or all when `max` is as many as there can be. */
static void view_blocks(const struct envelope *e, int max, struct arena *a,
	struct api_envelope_block_post_list *out)
{
	int i = 0;

	out->items = arena_alloc(a, sizeof(*out->items) * ((size_t)e->count + 1));
	while (max < ENVELOPE_BLOCKS_MAX && i < e->count && e->blocks[i].end_ms <= clock_wall().ms)
		i++;
	for (; out->items != NULL && i < e->count && out->count < (size_t)max; i++)
		out->items[out->count++] = view_block(&e->blocks[i]);
}

/* Whose place it took. */
static void view_replaced(const struct core *c, const struct held_envelope *h, struct arena *a,
	struct api_envelope_replaced_list *out)
{
	size_t n = 0;

	for (const struct held_envelope *o = envelopes_first(c); o != NULL; o = o->next)
		n += strcmp(o->replaced_by, h->id) == 0;
	out->items = arena_alloc(a, sizeof(*out->items) * (n + 1));
	for (const struct held_envelope *o = envelopes_first(c); o != NULL && out->items;
		o = o->next) {
		struct api_envelope_block_post *was = arena_alloc(a, sizeof(*was));

		if (was == NULL || strcmp(o->replaced_by, h->id) != 0)
			continue;
		*was = view_block(&o->replaced);
		out->items[out->count++] = (struct api_envelope_replaced){
			.id = arena_strdup(a, o->id),
			.state = envelope_state_name(o->e.state),
			.was = o->replaced.end_ms != 0 ? was : NULL,
		};
	}
}

/* Another word of the same owner that goes first by its priority, of that quantity at that time. */
static const struct held_envelope *overruler(
	const struct core *c, const struct held_envelope *h, enum envelope_quantity q, int64_t at)
{
	for (const struct held_envelope *o = envelopes_first(c); o != NULL; o = o->next) {
		const struct envelope_block *b = NULL;

		if (o->e.node == h->e.node && o->e.owner == h->e.owner && o->e.kind == h->e.kind &&
			o->e.priority > h->e.priority)
			b = envelope_block_at(&o->e, at);
		if (b != NULL && envelope_value(&b->bound, q) != GRID_NO_LIMIT)
			return o;
	}
	return NULL;
}

/* Who is to blame that its word does not count then, and how; NULL: it does, or nobody. */
static const struct held_envelope *beaten_by(const struct core *c, const struct held_envelope *h,
	enum envelope_quantity q, wall_t at, const char **why)
{
	const struct held_envelope *o = overruler(c, h, q, at.ms);
	const struct envelope_block *b = envelope_block_at(&h->e, at.ms);
	int32_t w;

	*why = "priority";
	if (o != NULL)
		return o;
	o = envelopes_winner(c, h->node, q, at, &w);
	*why = b != NULL && envelope_value(&b->bound, q) == w ? "earlier" : "tighter";
	return o != h ? o : NULL;
}

/* Who counts in its place now or, if nothing of it runs, when its next block begins. */
static void view_rank(const struct core *c, const struct held_envelope *h, struct arena *a,
	struct api_envelope_view *out)
{
	wall_t now = clock_wall(), at = now;
	const struct envelope_block *b;

	if (envelope_block_at(&h->e, now.ms) == NULL)
		at.ms = envelope_next_edge(&h->e, now.ms);
	b = at.ms != INT64_MAX ? envelope_block_at(&h->e, at.ms) : NULL;
	for (int q = 0; b != NULL && q < ENVELOPE_QUANTITIES; q++) {
		const struct held_envelope *by;
		const char *why;

		if (envelope_value(&b->bound, (enum envelope_quantity)q) == GRID_NO_LIMIT)
			continue;
		by = beaten_by(c, h, (enum envelope_quantity)q, at, &why);
		if (by == NULL) {
			out->counts = at.ms == now.ms;
		} else {
			out->beaten_by = arena_strdup(a, by->id);
			out->beaten_owner = arena_strdup(a, by->owner);
			out->beaten_why = why;
		}
	}
}

static const char *clock_of(int64_t at_ms, struct arena *a)
{
	time_t s = (time_t)(at_ms / 1000);
	char out[24];
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(out, sizeof(out), "%b %e %H:%M:%S", &tm);
	return arena_strdup(a, out);
}

/* "30.0 kW", "40.0 A". */
static const char *amount_of(int32_t value, enum envelope_quantity q, struct arena *a)
{
	return arena_printf(a, "%.1f %s", value / 1000.0, q == ENVELOPE_PHASE ? "A" : "kW");
}

/* From a block of its own and one of the other that goes first: the time that both speak of. */
static const char *overlap_note(const struct held_envelope *o, const struct envelope_block *own,
	const struct envelope_block *other, struct arena *a)
{
	int64_t now = clock_wall().ms;
	int64_t from = own->start_ms > other->start_ms ? own->start_ms : other->start_ms;
	int64_t to = own->end_ms < other->end_ms ? own->end_ms : other->end_ms;

	for (int q = 0; q < ENVELOPE_QUANTITIES && from < to && to > now; q++) {
		int32_t value = envelope_value(&other->bound, (enum envelope_quantity)q);

		if (value == GRID_NO_LIMIT ||
			envelope_value(&own->bound, (enum envelope_quantity)q) == GRID_NO_LIMIT)
			continue;
		return arena_printf(a,
			"it does NOT count %s%suntil %s: %s of the same owner goes first by its "
			"priority %d, with %s. %s",
			from > now ? "from " : "",
			from > now ? arena_printf(a, "%s ", clock_of(from, a)) : "",
			clock_of(to, a), o->id, o->e.priority,
			amount_of(value, (enum envelope_quantity)q, a),
			o->e.priority < ENVELOPE_PRIORITY_MAX
				? "Withdraw that one, or give this one a higher priority"
				: "Withdraw that one to have this one count");
	}
	return NULL;
}

/* One that does not count because its owner said otherwise with a higher priority must not be taken
 * in silence: whoever orders 0 kW believes that nothing flows. */
static const char *overruled_note(
	const struct core *c, const struct held_envelope *h, struct arena *a)
{
	for (const struct held_envelope *o = envelopes_first(c); o != NULL; o = o->next) {
		const char *note = NULL;

		if (o->e.node != h->e.node || o->e.owner != h->e.owner || o->e.kind != h->e.kind ||
			o->e.priority <= h->e.priority || envelope_is_over(o->e.state) ||
			o->e.state == ENVELOPE_RECEIVED || envelope_is_over(h->e.state))
			continue;
		for (int i = 0, j = 0; i < h->e.count && j < o->e.count && note == NULL;) {
			const struct envelope_block *own = &h->e.blocks[i],
						    *other = &o->e.blocks[j];

			note = overlap_note(o, own, other, a);
			if (own->end_ms < other->end_ms)
				i++;
			else
				j++;
		}
		if (note != NULL)
			return note;
	}
	return NULL;
}

/* What it cannot do, for the one who has just put it there. */
static const char *note_of(const struct core *c, const struct held_envelope *h, struct arena *a)
{
	const struct grid_tree *t = control_grid(c->control);
	int at = grid_tree_find(t, h->node);
	const char *overruled = overruled_note(c, h, a);

	if (overruled != NULL)
		return overruled;
	if (at < 0 || grid_tree_node(t, at)->evse_first < grid_tree_node(t, at)->evse_end)
		return NULL;
	return arena_printf(a,
		"nothing below %s is controlled: the limit is recorded and alarmed, "
		"depotd cannot keep it",
		h->node);
}

static void view_some(const struct core *c, const struct held_envelope *h, int blocks_max,
	struct arena *a, struct api_envelope_view *out)
{
	wall_t silent = {0};
	struct api_envelope_effect *effect =
		h->effect.judged_at.ms != 0 ? arena_alloc(a, sizeof(*effect)) : NULL;

	if (effect != NULL)
		*effect = (struct api_envelope_effect){.judged_at = h->effect.judged_at,
			.late = h->effect.late,
			.shed_wh = h->effect.shed_wh,
			.shed_w = h->effect.shed_w};
	*out = (struct api_envelope_view){
		.id = arena_strdup(a, h->id),
		.node = arena_strdup(a, h->node),
		.owner = arena_strdup(a, h->owner),
		.type = copy(a, h->type),
		.kind = h->e.kind == ENVELOPE_FALLBACK ? API_ENVELOPE_KIND_FALLBACK
						       : API_ENVELOPE_KIND_LIMIT,
		.priority = h->e.priority,
		.grid = h->is_grid,
		.reference = copy(a, h->reference),
		.state = envelope_state_name(h->e.state),
		.urgent = h->is_urgent,
		.why = copy(a, h->why),
		.note = note_of(c, h, a),
		.received_at = {h->e.received_ms},
		.moved_at = h->moved_at,
		.decided_by = copy(a, h->decided_by),
		.has_decided_at = h->decided_at.ms != 0,
		.decided_at = h->decided_at,
		.replaced_by = copy(a, h->replaced_by),
		.has_silent_since = envelopes_owner_is_silent(c, h->owner, &silent),
		.silent_since = silent,
		.effect = effect,
	};
	view_blocks(&h->e, blocks_max, a, &out->blocks);
	view_replaced(c, h, a, &out->replaces);
	view_rank(c, h, a, out);
}

void view_envelope(const struct core *c, const struct held_envelope *h, struct arena *a,
	struct api_envelope_view *out)
{
	view_some(c, h, ENVELOPE_BLOCKS_MAX, a, out);
}

void view_envelopes(
	const struct core *c, int blocks_max, struct arena *a, struct api_envelope_view_list *out)
{
	const struct held_envelope *h;
	size_t n = 0;

	for (h = envelopes_first(c); h != NULL; h = h->next)
		n++;
	*out = (struct api_envelope_view_list){
		.items = arena_alloc(a, sizeof(*out->items) * n + 1)};
	for (h = envelopes_first(c); h != NULL && out->items != NULL; h = h->next)
		view_some(c, h, blocks_max, a, &out->items[out->count++]);
}

/* -- all limits of a node --------------------------------------------------------------------- */

struct limits {
	const struct core *core;
	struct arena *arena;
	struct api_node_limit_list *out;
	const char *node;
	wall_t now;
	int64_t standing[ENVELOPE_QUANTITIES]; /* tightest of those without an end */
	const char *standing_source[ENVELOPE_QUANTITIES];
};

static const char *const quantities[] = {
	[ENVELOPE_IMPORT] = "import", [ENVELOPE_EXPORT] = "export", [ENVELOPE_PHASE] = "phase"};

static struct api_node_limit *add(struct limits *l, enum envelope_quantity q, int64_t limit)
{
	struct api_node_limit *row;

	if (limit >= GRID_NO_LIMIT || l->out->count == LIMITS_MAX)
		return NULL;
	row = &l->out->items[l->out->count++];
	*row = (struct api_node_limit){
		.quantity = quantities[q], .limit = limit, .state = "in-force"};
	return row;
}

static void add_standing(struct limits *l, enum envelope_quantity q, int64_t limit,
	enum grid_source source, wall_t since)
{
	struct api_node_limit *row = add(l, q, limit);

	if (row == NULL)
		return;
	row->source = grid_source_name(source);
	row->has_since = row->has_age_s = true;
	row->since = since;
	row->age_s = (l->now.ms - since.ms) / 1000;
	if (limit < l->standing[q]) {
		l->standing[q] = limit;
		l->standing_source[q] = row->source;
	}
}

static bool is_envelopes(enum grid_source s)
{
	return s == GRID_SOURCE_ENVELOPE || s == GRID_SOURCE_ENVELOPE_FALLBACK ||
	       s == GRID_SOURCE_OPERATOR;
}

/* What the node is built for, and what the guard's own rules put on it now. */
static void add_own(struct limits *l, int node)
{
	const struct grid_node *n = grid_tree_node(control_grid(l->core->control), node);
	const struct grid_limits *now = control_limits(l->core->control);
	const struct control *k = l->core->control;
	struct safety_island_view island = safety_island(control_safety(l->core->control));

	add_standing(l, ENVELOPE_IMPORT, n->rated ? n->rating_w : GRID_NO_LIMIT, GRID_SOURCE_RATING,
		control_rated_since(k, node, RATED_POWER));
	add_standing(l, ENVELOPE_EXPORT,
		n->electric.export_limited ? n->electric.export_w : GRID_NO_LIMIT,
		GRID_SOURCE_RATING, control_rated_since(k, node, RATED_EXPORT));
	add_standing(l, ENVELOPE_PHASE,
		n->electric.phase_ma > 0 ? n->electric.phase_ma : GRID_NO_LIMIT, GRID_SOURCE_RATING,
		control_rated_since(k, node, RATED_PHASE));
	if (island.node == node)
		add_standing(l, ENVELOPE_IMPORT, island.limit_w, GRID_SOURCE_ISLAND,
			wall_add_ms(l->now, -island.for_ms));
	for (int s = 0; s < GRID_SOURCE_COUNT; s++) {
		struct grid_bound b = grid_limits_get(now, node, (enum grid_source)s);

		if (is_envelopes((enum grid_source)s))
			continue;
		for (int q = 0; q < ENVELOPE_QUANTITIES; q++)
			add_standing(l, (enum envelope_quantity)q,
				envelope_value(&b, (enum envelope_quantity)q), (enum grid_source)s,
				l->now); /* found anew in each cycle of the guard */
	}
}

/* Where it stands among all that count when its block runs. */
static void rank(struct limits *l, const struct held_envelope *h, enum envelope_quantity q,
	wall_t at, struct api_node_limit *row)
{
	const char *why;
	const struct held_envelope *by = beaten_by(l->core, h, q, at, &why);

	if (h->e.state == ENVELOPE_RECEIVED) {
		row->state = "waits";
	} else if (h->e.kind == ENVELOPE_FALLBACK && !h->e.is_silent) {
		row->state = "stands-by";
	} else if (by != NULL) {
		row->state = "beaten";
		row->beaten_by = arena_strdup(l->arena, by->owner);
		row->beaten_envelope = arena_strdup(l->arena, by->id);
		row->beaten_why = why;
	} else if (row->limit > l->standing[q]) {
		row->state = "beaten";
		row->beaten_by = l->standing_source[q];
		row->beaten_why = "tighter";
	} else {
		row->state = at.ms > l->now.ms ? "to-come" : "in-force";
	}
}

static void add_envelope(struct limits *l, const struct held_envelope *h)
{
	for (int i = 0; i < h->e.count; i++) {
		const struct envelope_block *b = &h->e.blocks[i];

		for (int q = 0; q < ENVELOPE_QUANTITIES && b->end_ms > l->now.ms; q++) {
			struct api_node_limit *row = add(l, (enum envelope_quantity)q,
				envelope_value(&b->bound, (enum envelope_quantity)q));

			if (row == NULL)
				continue;
			row->source = grid_source_name(envelope_source(h));
			row->owner = arena_strdup(l->arena, h->owner);
			row->envelope = arena_strdup(l->arena, h->id);
			row->has_since = row->has_until = row->has_age_s = true;
			row->since = (wall_t){b->start_ms};
			row->until = (wall_t){b->end_ms};
			row->age_s = (l->now.ms - h->e.received_ms) / 1000;
			rank(l, h, (enum envelope_quantity)q,
				b->start_ms > l->now.ms ? row->since : l->now, row);
		}
	}
}

/* A limit that always stands loses while a tighter envelope runs. */
static void beat_standing(struct limits *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct api_node_limit *row = &l->out->items[i];

		for (int q = 0; q < ENVELOPE_QUANTITIES; q++) {
			const struct held_envelope *first;
			int32_t w;

			if (row->quantity != quantities[q])
				continue;
			first = envelopes_winner(
				l->core, l->node, (enum envelope_quantity)q, l->now, &w);
			if (first != NULL && w < row->limit) {
				row->state = "beaten";
				row->beaten_by = arena_strdup(l->arena, first->owner);
				row->beaten_envelope = arena_strdup(l->arena, first->id);
				row->beaten_why = "tighter";
			} else if (row->limit > l->standing[q]) {
				row->state = "beaten";
				row->beaten_by = l->standing_source[q];
				row->beaten_why = "tighter";
			}
		}
	}
}

static int by_force_and_time(const void *x, const void *y)
{
	const struct api_node_limit *a = x, *b = y;
	int p = strcmp(a->state, "in-force") == 0, q = strcmp(b->state, "in-force") == 0;

	if (p != q)
		return q - p;
	return (a->since.ms > b->since.ms) - (a->since.ms < b->since.ms);
}

void view_node_limits(
	const struct core *c, int node, struct arena *a, struct api_node_limit_list *out)
{
	struct limits l = {.core = c,
		.arena = a,
		.out = out,
		.node = grid_tree_node(control_grid(c->control), node)->id,
		.now = clock_wall(),
		.standing = {INT64_MAX, INT64_MAX, INT64_MAX}};
	size_t standing;

	*out = (struct api_node_limit_list){
		.items = arena_alloc(a, sizeof(*out->items) * LIMITS_MAX)};
	if (out->items == NULL)
		return;
	add_own(&l, node);
	standing = out->count;
	for (const struct held_envelope *h = envelopes_first(c); h != NULL; h = h->next)
		if (h->e.node == node && !envelope_is_over(h->e.state))
			add_envelope(&l, h);
	beat_standing(&l, standing);
	qsort(out->items, out->count, sizeof(*out->items), by_force_and_time);
}
