#include "csms/power/rated.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>
#include "db/query_grid.h"

struct row {
	char key[61]; /* id in lower case */
	struct rated_ages ages;
	UT_hash_handle hh;
};

struct rated {
	wall_t file; /* was read first */
	struct row *rows; /* of nodes that were changed since */
};

/* -- what is written on a node ---------------------------------------------------------------- */

static bool same_power(const struct depot_node *a, const struct depot_node *b)
{
	return a->has_limit_w == b->has_limit_w && a->limit_w == b->limit_w;
}

static bool same_phase(const struct depot_node *a, const struct depot_node *b)
{
	return a->has_limit_a == b->has_limit_a && a->limit_a == b->limit_a;
}

static bool same_imbalance(const struct depot_node *a, const struct depot_node *b)
{
	return a->has_imbalance_a == b->has_imbalance_a && a->imbalance_a == b->imbalance_a;
}

static bool same_export(const struct depot_node *a, const struct depot_node *b)
{
	return a->has_export_limit_w == b->has_export_limit_w &&
	       a->export_limit_w == b->export_limit_w;
}

static bool same_target(const struct depot_node *a, const struct depot_node *b)
{
	return (a->demand != NULL) == (b->demand != NULL) &&
	       (!a->demand || a->demand->target_w == b->demand->target_w);
}

static bool (*const same[RATED_LIMITS])(const struct depot_node *, const struct depot_node *) = {
	[RATED_POWER] = same_power,
	[RATED_PHASE] = same_phase,
	[RATED_IMBALANCE] = same_imbalance,
	[RATED_EXPORT] = same_export,
	[RATED_TARGET] = same_target,
};

/* -- the book ---------------------------------------------------------------------------------- */

static void key_of(const char *id, char key[61])
{
	size_t i = 0;

	for (; id[i] && i < 60; i++)
		key[i] = (char)tolower((unsigned char)id[i]);
	key[i] = '\0';
}

static struct row *find(const struct rated *r, const char *id)
{
	struct row *row;
	char key[61];

	key_of(id, key);
	HASH_FIND_STR(r->rows, key, row);
	return row;
}

static struct rated_ages all_since(wall_t at)
{
	struct rated_ages ages;

	for (int x = 0; x < RATED_LIMITS; x++)
		ages.since[x] = at;
	return ages;
}

static struct row *have(struct rated *r, const char *id)
{
	struct row *row = find(r, id);

	if (row)
		return row;
	row = calloc(1, sizeof *row);
	if (!row)
		return NULL;
	key_of(id, row->key);
	row->ages = all_since(r->file);
	HASH_ADD_STR(r->rows, key, row);
	return row;
}

/* `before` NULL: the node is new, and so is all that is written on it. */
static int put(
	struct rated *r, const struct depot_node *before, const struct depot_node *after, wall_t at)
{
	struct row *row = NULL;

	for (int x = 0; x < RATED_LIMITS; x++) {
		if (before && same[x](before, after))
			continue;
		if (!row && !(row = have(r, after->id)))
			return -1;
		row->ages.since[x] = at;
	}
	return 0;
}

/* -- the journal ------------------------------------------------------------------------------- */

struct rated_reading {
	struct rated *rated;
	const char *digest;
	struct arena *arena;
	int rc;
};

static const struct depot_node *node_of(const char *text, struct arena *a)
{
	struct schema_error err;

	return text ? schema_decode(&depot_node_type, text, strlen(text), a, &err) : NULL;
}

static void read_journal(struct db_reader *db, void *arg)
{
	struct rated_reading *x = arg;
	struct rated *r = x->rated;
	struct db_grid_word_list list = {0};

	x->rc = db_query_file_since(db, x->digest, x->arena, &r->file);
	if (!x->rc && r->file.ms)
		x->rc = db_query_grid_words(db, x->digest, r->file, x->arena, &list);
	if (!r->file.ms)
		r->file = clock_wall(); /* this start reads it first */
	for (size_t i = 0; !x->rc && i < list.count; i++) {
		const struct depot_node *after = node_of(list.items[i].after, x->arena);

		if (after)
			x->rc = put(r, node_of(list.items[i].before, x->arena), after,
				list.items[i].at);
	}
}

struct rated *rated_create(const struct core *c, const char *digest)
{
	struct rated *r = calloc(1, sizeof *r);
	struct rated_reading x = {.rated = r, .digest = digest, .arena = arena_create(0)};

	if (r && x.arena && !db_read_now(c->db, read_journal, &x) && !x.rc) {
		arena_destroy(x.arena);
		return r;
	}
	arena_destroy(x.arena);
	rated_destroy(r);
	return NULL;
}

static const struct depot_node *same_id(const struct depot_grid *g, size_t i, const char *id)
{
	/* Most rows keep their place. */
	if (i < g->nodes.count && strcasecmp(g->nodes.items[i].id, id) == 0)
		return &g->nodes.items[i];
	for (size_t x = 0; x < g->nodes.count; x++)
		if (strcasecmp(g->nodes.items[x].id, id) == 0)
			return &g->nodes.items[x];
	return NULL;
}

int rated_change(
	struct rated *r, const struct depot_grid *from, const struct depot_grid *to, wall_t at)
{
	for (size_t i = 0; i < to->nodes.count; i++) {
		const struct depot_node *n = &to->nodes.items[i];

		if (put(r, same_id(from, i, n->id), n, at))
			return -1;
	}
	return 0;
}

struct rated_ages rated_of(const struct rated *r, const char *node)
{
	const struct row *row = find(r, node);

	return row ? row->ages : all_since(r->file);
}

void rated_destroy(struct rated *r)
{
	struct row *row, *tmp;

	if (!r)
		return;
	HASH_ITER (hh, r->rows, row, tmp) {
		HASH_DEL(r->rows, row);
		free(row);
	}
	free(r);
}
