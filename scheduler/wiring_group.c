#include "scheduler/wiring_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP_W    400 /* as of wiring.c */
#define CALM_PART 0.01 /* of its load: what a large feeder moves at rest */
#define ALONE     0.1 /* of a meter's steps, squared, that its neighbours must leave unexplained */
#define NEW       0.01 /* … of a neighbour's phase, to be more than a copy of those before */

struct wiring_group {
	int lowers, size; /* size: phases of all lower meters, then those of the upper one */
	int samples; /* steps in which any lower one moved */
	int *steps; /* [lowers] … in which this one did */
	bool has_last, has_seen;
	bool was_calm; /* the last look, against the one before it */
	double *last; /* [size] at the last look at rest */
	double *seen; /* [size] at the last look */
	double *sum; /* [size][size] products of steps */
};

struct wiring_group *wiring_group_create(int lowers)
{
	struct wiring_group *g = calloc(1, sizeof *g);
	size_t n = ((size_t)lowers + 1) * WIRING_PHASES;

	if (!g)
		return NULL;
	g->lowers = lowers;
	g->size = (int)n;
	g->steps = calloc((size_t)lowers, sizeof *g->steps);
	g->last = calloc(n, sizeof *g->last);
	g->seen = calloc(n, sizeof *g->seen);
	g->sum = calloc(n * n, sizeof *g->sum);
	if (g->steps && g->last && g->seen && g->sum)
		return g;
	wiring_group_destroy(g);
	return NULL;
}

void wiring_group_destroy(struct wiring_group *g)
{
	if (!g)
		return;
	free(g->steps);
	free(g->last);
	free(g->seen);
	free(g->sum);
	free(g);
}

void wiring_group_gap(struct wiring_group *g)
{
	g->has_last = g->has_seen = g->was_calm = false;
}

void wiring_group_reset(struct wiring_group *g)
{
	size_t n = (size_t)g->size;

	wiring_group_gap(g);
	g->samples = 0;
	memset(g->steps, 0, (size_t)g->lowers * sizeof *g->steps);
	memset(g->sum, 0, n * n * sizeof *g->sum);
}

/* -- looking ---------------------------------------------------------------------------------- */

/* A look stands for what is drawn only if the looks before and after it show the same: the upper meter may
 * have been read after a move that a lower one has yet to show. */
static bool is_calm(const struct wiring_group *g, const double *now)
{
	for (int i = 0; i < g->size - WIRING_PHASES; i++)
		if (fabs(now[i] - g->seen[i]) >= fmax((double)STEP_W / 2, CALM_PART * fabs(now[i])))
			return false;
	return g->has_seen;
}

static void count_step(struct wiring_group *g, const double *now)
{
	double step[(WIRING_MOST + 1) * WIRING_PHASES];
	bool is_any = false;

	for (int i = 0; i < g->size; i++)
		step[i] = now[i] - g->last[i];
	for (int m = 0; m < g->lowers; m++) {
		bool moves = false;

		for (int p = 0; p < WIRING_PHASES; p++)
			moves |= fabs(step[m * WIRING_PHASES + p]) >= STEP_W;
		g->steps[m] += moves;
		is_any |= moves;
	}
	g->samples += is_any;
	for (int i = 0; is_any && i < g->size; i++)
		for (int j = 0; j < g->size; j++)
			g->sum[i * g->size + j] += step[i] * step[j];
}

void wiring_group_add(struct wiring_group *g, const double upper[WIRING_PHASES],
	const double (*lower)[WIRING_PHASES])
{
	double now[(WIRING_MOST + 1) * WIRING_PHASES];
	size_t bytes = (size_t)g->size * sizeof *now;
	bool calm;

	for (int m = 0; m < g->lowers; m++)
		for (int p = 0; p < WIRING_PHASES; p++)
			now[m * WIRING_PHASES + p] = lower[m][p];
	for (int p = 0; p < WIRING_PHASES; p++)
		now[g->lowers * WIRING_PHASES + p] = upper[p];
	calm = is_calm(g, now);
	if (calm && g->was_calm) {
		if (g->has_last)
			count_step(g, g->seen);
		memcpy(g->last, g->seen, bytes);
		g->has_last = true;
	}
	memcpy(g->seen, now, bytes);
	g->has_seen = true;
	g->was_calm = calm;
}

/* -- judging ---------------------------------------------------------------------------------- */

/* Takes off the others what row k explains of them. */
static void take_off(double *a, int n, int k)
{
	double pivot = a[k * n + k];

	for (int i = 0; i < n; i++) {
		double part = a[i * n + k] / pivot;

		if (i == k || part == 0)
			continue;
		for (int j = 0; j < n; j++)
			a[i * n + j] -= part * a[k * n + j];
	}
	for (int i = 0; i < n; i++)
		a[i * n + k] = a[k * n + i] = 0;
}

/* The phases of the neighbours one after the other; how many said something of their own. */
static int take_neighbours_off(const struct wiring_group *g, double *a, int lower)
{
	int n = g->size, taken = 0;

	for (int k = 0; k < g->lowers * WIRING_PHASES; k++) {
		double all = g->sum[k * n + k];

		if (k / WIRING_PHASES == lower || all <= 0 || a[k * n + k] <= NEW * all)
			continue;
		take_off(a, n, k);
		taken++;
	}
	return taken;
}

struct wiring_pair wiring_group_pair(const struct wiring_group *g, int lower, bool *is_together)
{
	struct wiring_pair pair = {.steps = g->steps[lower]};
	int n = g->size, own = lower * WIRING_PHASES, up = g->lowers * WIRING_PHASES;
	double *a = calloc((size_t)n * (size_t)n, sizeof *a);

	*is_together = false;
	if (!a)
		return (struct wiring_pair){0};
	memcpy(a, g->sum, (size_t)n * (size_t)n * sizeof *a);
	pair.freedom = g->samples - take_neighbours_off(g, a, lower);
	for (int i = 0; i < WIRING_PHASES; i++) {
		double left = a[(own + i) * n + own + i], all = g->sum[(own + i) * n + own + i];

		pair.upper2[i] = fmax(a[(up + i) * n + up + i], 0);
		if (all <= 0 || left <= ALONE * all) {
			*is_together |= all > 0 && pair.steps > 0;
			continue;
		}
		pair.lower2[i] = left;
		for (int j = 0; j < WIRING_PHASES; j++)
			pair.product[i][j] = a[(own + i) * n + up + j];
	}
	free(a);
	return pair;
}
