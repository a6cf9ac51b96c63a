/*
 * Stale: what a measured point counts for while it grows old. One with a fresh value is measured;
 * after that three tiers, each with its own time: what was found last is held; then it counts as
 * its worst case, and the EVSEs below it are left what is agreed for that (the contractual
 * minimum); then they get their safe tails only. Recovers at once with a fresh value.
 *
 * Plain structs, no memory of their own, one thread. now_ms is any clock that never goes back.
 */
#ifndef SCHEDULER_STALE_H
#define SCHEDULER_STALE_H

#include <stdbool.h>
#include <stdint.h>

#define STALE_NEVER_MS (-1)

enum stale_tier { STALE_FRESH, STALE_HOLD, STALE_MINIMUM, STALE_TAIL };

struct stale_config {
	int64_t hold_ms; /* older than this: held */
	int64_t minimum_ms; /* … the worst case, and the agreed minimum */
	int64_t tail_ms; /* … the tails */
};

struct stale_point {
	enum stale_tier tier;
	int64_t since_ms; /* in this tier */
	int64_t bad_ms; /* when it was first not believed; with is_bad */
	bool started, is_bad;
};

/* `age_ms` of the newest value, STALE_NEVER_MS: there was none. `is_broken`: values come but are
 * not believed (frozen): no value is held then. True: the tier has changed. */
bool stale_step(const struct stale_config *cfg, struct stale_point *p, int64_t now_ms,
	int64_t age_ms, bool is_broken);

const char *stale_tier_name(enum stale_tier t); /* "fresh", "hold", "minimum", "tail" */

#endif
