#include "csms/power/grid_edit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/power/control.h"
#include "csms/power/grid_risk.h"
#include "csms/charging/local_list.h"
#include "csms/log.h"
#include "csms/metering/meter_place.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/secret.h"
#include "csms/power/tree.h"
#include "csms/stored.h"
#include "db/query_grid.h"

#define ROW_TEXT_MAX 4000 /* of one row in JSON: the bound of GridEditType */

/* A description that is, was or may come into force: the file's with its own tree and meters. */
struct edition {
	struct arena *arena;
	struct depot_file depot;
	struct depot_grid grid; /* the same lists, with the revision */
};

struct change {
	struct grid_edits *edits;
	struct edition *next;
	wall_t at;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

struct grid_edits {
	struct core *core;
	const struct depot_file *file; /* as read at the start */
	char digest[65]; /* of the file */
	struct arena *arena;
	struct schema_strings dropped;
	struct edition *now;
	struct change *under_way; /* journalled, not in force yet; NULL: none */
	struct rated *rated;
};

/* -- editions --------------------------------------------------------------------------------- */

static void edition_destroy(struct edition *e)
{
	if (e)
		arena_destroy(e->arena);
	free(e);
}

/* Takes a deep copy of the lists of `grid`, by way of their own encoding. */
static struct edition *edition_create(const struct depot_file *file, const struct depot_grid *grid)
{
	struct edition *e = calloc(1, sizeof *e);
	struct depot_grid bare = *grid, *copy = NULL;
	struct schema_error err;
	char *text;

	if (!e)
		return NULL;
	bare.revision = NULL;
	if (!bare.meters.count)
		bare.meters.items = NULL; /* absent: an empty list is none that the rows know */
	e->arena = arena_create(0);
	text = e->arena ? schema_text(e->arena, &depot_grid_type, &bare) : NULL;
	if (text)
		copy = schema_decode(&depot_grid_type, text, strlen(text), e->arena, &err);
	if (!copy || !(copy->revision = arena_alloc(e->arena, 65))) {
		edition_destroy(e);
		return NULL;
	}
	secret_digest(text, strlen(text), (char *)(uintptr_t)copy->revision);
	e->grid = *copy;
	e->depot = *file;
	e->depot.nodes = copy->nodes;
	e->depot.meters = copy->meters;
	return e;
}

/* -- rows of the tree, of either kind --------------------------------------------------------- */

struct kind {
	const char *name;
	const struct schema_struct *type;
	size_t size;
};

static const struct kind kinds[] = {
	{"node", &depot_node_type, sizeof(struct depot_node)},
	{"meter", &depot_meter_type, sizeof(struct depot_meter)},
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct rows {
	size_t count;
	const char *items;
};

static struct rows rows_of(const struct depot_grid *g, size_t kind)
{
	return kind == 0 ? (struct rows){g->nodes.count, (const char *)g->nodes.items}
			 : (struct rows){g->meters.count, (const char *)g->meters.items};
}

static const char *id_of(size_t kind, const void *row)
{
	return kind == 0 ? ((const struct depot_node *)row)->id
			 : ((const struct depot_meter *)row)->id;
}

static const void *row_at(const struct rows *r, size_t kind, size_t i)
{
	return r->items + i * kinds[kind].size;
}

static const void *find(const struct depot_grid *g, size_t kind, const char *id)
{
	struct rows r = rows_of(g, kind);

	for (size_t i = 0; i < r.count; i++)
		if (strcasecmp(id_of(kind, row_at(&r, kind, i)), id) == 0)
			return row_at(&r, kind, i);
	return NULL;
}

/* -- what differs ----------------------------------------------------------------------------- */

struct diff {
	struct event_grid_edit *items;
	size_t count, room;
	struct arena *arena;
	bool failed;
};

static void add(struct diff *d, size_t kind, const char *id, const char *before, const char *after)
{
	if (before && after && strcmp(before, after) == 0)
		return;
	if (d->count == d->room || (before && strlen(before) > ROW_TEXT_MAX) ||
		(after && strlen(after) > ROW_TEXT_MAX)) {
		d->failed = true;
		return;
	}
	d->items[d->count++] = (struct event_grid_edit){
		.kind = kinds[kind].name,
		.id = arena_strdup(d->arena, id),
		.before = before,
		.after = after,
	};
}

static char *row_text(struct diff *d, size_t kind, const void *row)
{
	char *text = row ? schema_text(d->arena, kinds[kind].type, row) : NULL;

	if (row && !text)
		d->failed = true;
	return text;
}

static void diff_kind(
	struct diff *d, size_t kind, const struct depot_grid *from, const struct depot_grid *to)
{
	struct rows was = rows_of(from, kind), is = rows_of(to, kind);

	for (size_t i = 0; i < was.count; i++) {
		const void *row = row_at(&was, kind, i);
		const char *id = id_of(kind, row);

		add(d, kind, id, row_text(d, kind, row), row_text(d, kind, find(to, kind, id)));
	}
	for (size_t i = 0; i < is.count; i++) {
		const void *row = row_at(&is, kind, i);
		const char *id = id_of(kind, row);

		if (!find(from, kind, id))
			add(d, kind, id, NULL, row_text(d, kind, row));
	}
}

/* -1: no memory, or a row too long to be journalled. */
static int diff_grids(const struct depot_grid *from, const struct depot_grid *to, struct arena *a,
	struct event_grid_edit_list *out)
{
	struct diff d = {.arena = a};

	for (size_t k = 0; k < KINDS; k++)
		d.room += rows_of(from, k).count + rows_of(to, k).count;
	d.items = arena_alloc(a, (d.room + 1) * sizeof *d.items);
	if (!d.items)
		return -1;
	for (size_t k = 0; k < KINDS; k++)
		diff_kind(&d, k, from, to);
	*out = (struct event_grid_edit_list){d.count, d.items};
	return d.failed ? -1 : 0;
}

/* -- a change --------------------------------------------------------------------------------- */

static int fail(struct depot_fault *out, int status, const char *path, const char *text)
{
	snprintf(out->path, sizeof out->path, "%s", path);
	snprintf(out->text, sizeof out->text, "%s", text);
	return status;
}

static bool has_device(const struct depot_file *d, const char *device)
{
	for (size_t i = 0; i < d->meters.count; i++)
		if (d->meters.items[i].rtu && strcmp(d->meters.items[i].rtu->device, device) == 0)
			return true;
	return false;
}

/* A meter that was not there before goes to no other place than a scan may. */
static int judge_places(const struct core *c, const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->meters.count; i++) {
		const struct depot_meter *m = &d->meters.items[i];
		char why[300];

		if (m->tcp ? meter_place_host(c, m->tcp->host, why)
			   : !has_device(c->depot, m->rtu->device) &&
					meter_place_device(m->rtu->device, why)) {
			snprintf(out->path, sizeof out->path, "meters[%zu].%s", i,
				m->tcp ? "tcp.host" : "rtu.device");
			snprintf(out->text, sizeof out->text, "%s", why);
			return -1;
		}
	}
	return 0;
}

/* References, register maps, the proof that the safe tails fit, and what it would make us blind to. */
static int judge(
	const struct core *c, const struct edition *e, bool is_forced, struct depot_fault *out)
{
	struct core next = *c;
	struct grid_tree *t;
	int status;

	if (depot_check(&e->depot, out) || judge_places(c, &e->depot, out))
		return 400;
	next.depot = &e->depot;
	if (meters_check(&next, out))
		return 400;
	t = tree_judge(&next, out);
	status = t && grid_risk_check(c, &e->depot, t, out) == 0 &&
				 (is_forced || grid_risk_unguarded(c, &e->depot, t, out) == 0)
			 ? 0
			 : 409;
	grid_tree_destroy(t);
	if (!status)
		grid_risk_warn(c, &e->depot, out->text);
	return status;
}

/* Tokens may be bound to a node: what stands below it has changed. */
static void refresh_lists(struct core *c)
{
	struct station *s, *tmp;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		local_list_station(c, s);
}

static void in_force(void *arg, int status, const char *why)
{
	struct change *x = arg;
	struct grid_edits *g = x->edits;
	struct edition *old = g->now;
	char words[400];

	g->under_way = NULL;
	if (status == 0) {
		if (rated_change(g->rated, &old->grid, &x->next->grid, x->at))
			log_error("tree: out of memory: since when its limits stand is not known");
		g->now = x->next;
		g->core->depot = &x->next->depot;
		g->core->depot_version++;
		if (meters_reload(g->core, words))
			log_error("meters: %s", words);
		if (control_rebuild(g->core->control, words))
			log_error("tree: %s", words);
		refresh_lists(g->core);
		edition_destroy(old);
	} else {
		edition_destroy(x->next);
	}
	if (x->done)
		x->done(x->arg, status, why);
	free(x);
}

static int journal(struct grid_edits *g, const struct grid_wish *wish,
	const struct event_grid_edit_list *edits, struct edition *next)
{
	struct arena *a = record_arena(g->core);
	struct event_grid_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;
	struct change *x = p ? calloc(1, sizeof *x) : NULL;

	if (!x)
		return -1;
	*x = (struct change){
		.edits = g, .next = next, .at = clock_wall(), .done = wish->done, .arg = wish->arg};
	*p = (struct event_grid_changed){
		.file = arena_strdup(a, g->digest),
		.edits = *edits,
		.why = wish->why ? arena_strdup(a, wish->why) : NULL,
	};
	g->under_way = x;
	record_now(
		g->core, EVENT_GRID_CHANGED, "depot", g->core->depot->depot, p, wish->actor, NULL);
	record_then(g->core, in_force, x);
	return 0;
}

int grid_edits_put(
	struct grid_edits *g, const struct grid_wish *wish, int *count, struct depot_fault *out)
{
	struct event_grid_edit_list edits;
	struct edition *next;
	struct arena *a;
	int status;

	if (wish->grid->revision && strcmp(wish->grid->revision, g->now->grid.revision) != 0)
		return fail(out, 409, "revision",
			"somebody changed the tree meanwhile; read it again and repeat the change");
	if (g->under_way || g->core->placings)
		return fail(out, 409, "", "another change is on its way; try again");
	next = edition_create(g->file, wish->grid);
	a = !next || wish->only_check ? NULL : record_arena(g->core);
	if (!next || (!a && !wish->only_check))
		return fail(out, 503, "", "out of memory");
	status = judge(g->core, next, wish->is_forced, out);
	if (!status && diff_grids(&g->now->grid, &next->grid, a ? a : next->arena, &edits))
		status = fail(out, 503, "", "out of memory, or a row of over 4000 characters");
	if (!status)
		*count = (int)edits.count;
	if (!status && wish->only_check && !out->text[0])
		grid_risk_tails(g->core, out->text);
	if (status || wish->only_check || !edits.count) {
		edition_destroy(next);
		return status;
	}
	if (journal(g, wish, &edits, next)) {
		edition_destroy(next);
		return fail(out, 503, "", "out of memory");
	}
	return 0;
}

/* -- at the start ----------------------------------------------------------------------------- */

struct changes {
	struct arena *arena;
	struct db_grid_edit_list list;
	int rc;
};

static void read_stored(struct db_reader *r, void *arg)
{
	struct changes *s = arg;

	s->rc = db_query_grid_edits(r, s->arena, &s->list);
}

/* The list with the row in place of the one of that id, at its end, or without it. */
static void put_row(char *items, size_t *count, size_t kind, const char *id, const void *row)
{
	size_t size = kinds[kind].size, i = 0;

	while (i < *count && strcasecmp(id_of(kind, items + i * size), id) != 0)
		i++;
	if (row) {
		memcpy(items + i * size, row, size);
		*count += i == *count;
	} else if (i < *count) {
		memmove(items + i * size, items + (i + 1) * size, (*count - i - 1) * size);
		(*count)--;
	}
}

static int apply(const struct changes *s, struct depot_grid *out)
{
	size_t counts[KINDS];
	char *items[KINDS];

	for (size_t k = 0; k < KINDS; k++) {
		struct rows r = rows_of(out, k);

		counts[k] = r.count;
		items[k] = arena_alloc(s->arena, (r.count + s->list.count + 1) * kinds[k].size);
		if (!items[k])
			return -1;
		if (r.count)
			memcpy(items[k], r.items, r.count * kinds[k].size);
	}
	for (size_t i = 0; i < s->list.count; i++) {
		const struct db_grid_edit *e = &s->list.items[i];
		size_t k = strcmp(e->kind, "meter") == 0;
		struct schema_error err;
		void *row = e->row ? schema_decode(
					     kinds[k].type, e->row, strlen(e->row), s->arena, &err)
				   : NULL;

		if (e->row && !row)
			log_error("tree: the change of %s %s is not understood any more: %s: %s",
				e->kind, e->id, err.path, err.message);
		else
			put_row(items[k], &counts[k], k, e->id, row);
	}
	out->nodes = (struct depot_node_list){counts[0], (void *)items[0]};
	out->meters = (struct depot_meter_list){counts[1], (void *)items[1]};
	return 0;
}

/* The tree of the file is another than the changes were made on: it counts, and they are named. */
static int drop(struct grid_edits *g, const struct db_grid_edit_list *list)
{
	const char **names = arena_alloc(g->arena, (list->count + 1) * sizeof *names);

	if (!names)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		names[i] = arena_printf(g->arena, "%s %s", list->items[i].kind, list->items[i].id);
		log_warn(
			"tree: nodes or meters of the depot's file have changed: it takes the place of "
			"what was changed of %s while it was in force",
			names[i] ? names[i] : "");
	}
	g->dropped = (struct schema_strings){list->count, names};
	return 0;
}

/* What changes are made on: nodes and meters of the file, whatever else stands in it. (Journals of before
 * name the whole file: so long as it is that one, so does this.) */
static int find_digest(
	struct grid_edits *g, const struct config *cfg, const struct db_grid_edit_list *list)
{
	struct depot_grid grid = {.nodes = g->file->nodes, .meters = g->file->meters};
	struct edition *e = edition_create(g->file, &grid);
	bool is_whole = list->count && strcmp(list->items[0].file, cfg->depot_digest) == 0;

	if (!e)
		return -1;
	snprintf(
		g->digest, sizeof g->digest, "%s", is_whole ? cfg->depot_digest : e->grid.revision);
	edition_destroy(e);
	return 0;
}

static int take_up(struct grid_edits *g, const struct config *cfg, struct changes *s, char why[400])
{
	struct depot_grid grid = {.nodes = g->file->nodes, .meters = g->file->meters};
	struct depot_fault fault;
	bool same_file = s->list.count && strcmp(s->list.items[0].file, g->digest) == 0;

	snprintf(why, 400, "out of memory");
	if (same_file ? apply(s, &grid) : drop(g, &s->list))
		return -1;
	g->now = edition_create(g->file, &grid);
	if (!g->now)
		return -1;
	if (depot_check(&g->now->depot, &fault)) {
		snprintf(why, 400,
			"the tree with its changes: %s: %s (change any line of %.200s and the file counts "
			"again)",
			fault.path, fault.text, cfg->depot_path);
		return -1;
	}
	g->core->depot = &g->now->depot;
	if (same_file)
		log_info("tree: %zu changes on top of the depot's file", s->list.count);
	return 0;
}

struct grid_edits *grid_edits_create(struct core *c, const struct config *cfg, char why[400])
{
	struct grid_edits *g = calloc(1, sizeof *g);
	struct changes s = {.arena = arena_create(0)};
	int rc = -1;

	snprintf(why, 400, "out of memory");
	if (g && s.arena && (g->arena = arena_create(0))) {
		g->core = c;
		g->file = cfg->depot;
		if (!db_read_now(c->db, read_stored, &s) && !s.rc && !find_digest(g, cfg, &s.list))
			g->rated = rated_create(c, g->digest);
		if (!g->rated)
			stored_unreadable("changes of the tree", why);
		else
			rc = take_up(g, cfg, &s, why);
	}
	arena_destroy(s.arena);
	if (rc) {
		grid_edits_destroy(g);
		return NULL;
	}
	return g;
}

const char *grid_edits_digest(const struct grid_edits *g)
{
	return g->digest;
}

const struct schema_strings *grid_edits_dropped(const struct grid_edits *g)
{
	return &g->dropped;
}

int grid_edits_count(const struct grid_edits *g)
{
	struct depot_grid file = {.nodes = g->file->nodes, .meters = g->file->meters};
	struct arena *a = arena_create(0);
	struct event_grid_edit_list edits = {0};

	if (a && diff_grids(&file, &g->now->grid, a, &edits))
		edits.count = 0;
	arena_destroy(a);
	return (int)edits.count;
}

const struct depot_grid *grid_edits_grid(struct grid_edits *g)
{
	return &g->now->grid;
}

struct rated_ages grid_edits_rated(const struct grid_edits *g, const char *node)
{
	return rated_of(g->rated, node);
}

void grid_edits_destroy(struct grid_edits *g)
{
	if (!g)
		return;
	rated_destroy(g->rated);
	if (g->under_way)
		edition_destroy(g->under_way->next);
	free(g->under_way);
	g->core->depot = g->file;
	edition_destroy(g->now);
	arena_destroy(g->arena);
	free(g);
}
