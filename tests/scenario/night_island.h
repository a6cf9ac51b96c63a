/*
 * Island: what the meters of a night show while its grid is gone: no voltage where it comes in, and
 * what all others need at the store.
 */
#ifndef TESTS_SCENARIO_NIGHT_ISLAND_H
#define TESTS_SCENARIO_NIGHT_ISLAND_H

#include "tests/scenario/night.h"
#include "tests/scenario/world.h"

/* Each second of it; when it is over the meters show what flows again. */
void night_step_island(struct world *w, const struct night *n, const struct trouble *t);
void night_end_island(struct world *w, const struct night *n, const struct trouble *t);

#endif
