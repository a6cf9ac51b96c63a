/*
 * Random trees for the scheduler's property tests: reproducible from a seed. Header only, so that
 * each test program links nothing more than what it tests.
 */
#ifndef TESTS_UNIT_GRID_RANDOM_H
#define TESTS_UNIT_GRID_RANDOM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/grid.h"

/* splitmix64 */
static inline uint64_t random_next(uint64_t *s)
{
	uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform in lo..hi, both included. */
static inline int64_t random_in(uint64_t *s, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(random_next(s) % (uint64_t)(hi - lo + 1));
}

static inline bool random_chance(uint64_t *s, int percent)
{
	return random_in(s, 1, 100) <= percent;
}

enum random_shape { SHAPE_BUSHY, SHAPE_FLAT, SHAPE_DEEP };

struct random_tree {
	struct grid_row *row; /* in random order */
	char (*id)[24];
	int n;
};

static inline void random_swap(struct random_tree *r, int i, int j)
{
	struct grid_row t = r->row[i];

	r->row[i] = r->row[j];
	r->row[j] = t;
}

/* `inner` nodes that are no leaf (at least 1) and `evses` EVSEs. Ratings go from 0 to about what
 * the EVSEs below would like; some nodes have none. */
static inline void random_tree_init(
	struct random_tree *r, uint64_t *s, enum random_shape shape, int inner, int evses)
{
	r->n = inner + evses;
	r->row = calloc((size_t)r->n, sizeof(*r->row));
	r->id = calloc((size_t)r->n, sizeof(*r->id));
	for (int i = 0; i < r->n; i++) {
		struct grid_row *row = &r->row[i];
		int up = shape == SHAPE_FLAT
				 ? 0
				 : (int)random_in(s, 0, (i < inner ? i : inner) - 1 + !i);

		if (shape == SHAPE_DEEP)
			up = i < inner ? i - 1 : (int)random_in(s, inner / 2, inner - 1);
		snprintf(r->id[i], sizeof(r->id[i]), "%s-%d", i < inner ? "node" : "evse", i);
		row->id = r->id[i];
		row->parent = i ? r->id[up] : NULL;
		row->margin_pm = (int)random_in(s, 0, 3) * 20;
		if (i < inner) {
			row->kind = i ? GRID_FEEDER : GRID_SITE;
			row->rated = random_chance(s, 80);
			row->rating_w =
				(int32_t)random_in(s, 0, 12000 + 8000 * (int64_t)evses / inner);
			if (random_chance(s, 10))
				row->rating_w = 0;
			if (random_chance(s, 20))
				row->reserve_w = (int32_t)random_in(s, 0, 3000);
		} else {
			row->kind = GRID_EVSE;
			row->max_w = (int32_t)random_in(s, 1, 22) * 1000;
			row->min_w = random_chance(s, 70) ? (row->max_w < 4140 ? 1000 : 4140) : 0;
			row->tail_w = random_chance(s, 20) ? row->min_w : 0;
		}
	}
	for (int i = r->n - 1; i > 0; i--)
		random_swap(r, i, (int)random_in(s, 0, i));
}

/* Phases for a tree from random_tree_init(): ratings in A, imbalance limits, places of one to three
 * phases, some of them with a rotation that nobody knows. */
static inline void random_tree_phases(struct random_tree *r, uint64_t *s)
{
	static const uint8_t places[][3] = {{2, 2, 2}, {2, 2, 2}, {6, 0, 0}, {0, 6, 0}, {0, 0, 6},
		{3, 3, 0}, {0, 3, 3}, {6, 6, 6}};

	for (int i = 0; i < r->n; i++) {
		struct grid_row *row = &r->row[i];
		struct grid_electric *e = &row->electric;

		if (row->kind == GRID_EVSE) {
			memcpy(e->sixths, places[random_in(s, 0, 7)], sizeof(e->sixths));
			continue;
		}
		if (random_chance(s, 70))
			e->phase_ma = (int32_t)random_in(s, 10, 150) * 1000;
		if (random_chance(s, 20))
			e->imbalance_ma = (int32_t)random_in(s, 10, 40) * 1000;
		if (random_chance(s, 20))
			e->reserve_ma = (int32_t)random_in(s, 1, 5) * 1000;
	}
}

static inline void random_tree_finish(struct random_tree *r)
{
	free(r->row);
	free(r->id);
}

static inline struct grid_tree *random_tree_make(
	uint64_t *s, int max_inner, int max_evses, bool with_phases)
{
	struct random_tree r;
	struct grid_error err;
	struct grid_tree *t;

	random_tree_init(&r, s, (enum random_shape)random_in(s, 0, 2),
		(int)random_in(s, 1, max_inner), (int)random_in(s, 1, max_evses));
	if (with_phases)
		random_tree_phases(&r, s);
	t = grid_tree_create(r.row, r.n, &err);
	if (!t)
		fprintf(stderr, "random tree refused: %s\n", err.text);
	random_tree_finish(&r);
	return t;
}

/* A valid tree of random shape and size; with_phases: and with phases. */
static inline struct grid_tree *random_tree(uint64_t *s, int max_inner, int max_evses)
{
	return random_tree_make(s, max_inner, max_evses, false);
}

#endif
