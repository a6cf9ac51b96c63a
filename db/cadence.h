/*
 * Cadence: when the writer should begin its next group.
 *
 * A commit costs the same for one event as for ten. So while events come thick and fast the next
 * group begins a full interval after the last one; an event that comes alone is never held, nor one
 * whose sender waits for its answer before it sends another. Pure arithmetic; the caller brings the
 * time.
 */
#ifndef DB_CADENCE_H
#define DB_CADENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cadence {
	int64_t every_us; /* shortest distance of two groups while events come fast */
	int64_t last_us; /* start of the last group */
	double per_us; /* events a microsecond, smoothed */
	int pause; /* groups to go without holding, after holding brought nothing */
	bool held; /* the group that begins was held */
};

void cadence_init(struct cadence *c, int64_t every_us);

/* Something waits: 0, begin at once; otherwise the time to wait for. */
int64_t cadence_hold_until(struct cadence *c, int64_t now_us);

/* A group of so many events began at `start_us`. */
void cadence_note(struct cadence *c, int64_t start_us, size_t events);

#endif
