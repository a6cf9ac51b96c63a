/*
 * Rated: since when each limit that is written on a node stands as it is. The depot's file sets them
 * all when it is read first; a change of the tree sets those that it makes others. Both lie in the
 * journal, so an age outlives restarts. Loop thread only.
 */
#ifndef CSMS_RATED_H
#define CSMS_RATED_H

#include "csms/core.h"
#include "gen/depot.h"

enum rated_limit {
	RATED_POWER,
	RATED_PHASE, /* current of each phase */
	RATED_IMBALANCE,
	RATED_EXPORT,
	RATED_TARGET, /* of the demand windows */
	RATED_LIMITS,
};

struct rated_ages {
	wall_t since[RATED_LIMITS];
};

struct rated;

/* Reads what the journal says of the file of this digest. NULL: the store cannot be read, or no
 * memory. */
struct rated *rated_create(const struct core *c, const char *digest);

/* The tree is `to` from `at` on. -1: no memory; the ages are then those of before. */
int rated_change(
	struct rated *r, const struct depot_grid *from, const struct depot_grid *to, wall_t at);

struct rated_ages rated_of(const struct rated *r, const char *node);

void rated_destroy(struct rated *r);

#endif
