/*
 * Sequence set: which sequence numbers of a transaction have been seen, as merged ranges, so that
 * duplicates and gaps are known whatever the order of arrival.
 *
 * Bounded: a station that skips around makes at most SEQSET_MAX ranges; after that new ranges are
 * refused and the set says so.
 */
#ifndef DB_SEQSET_H
#define DB_SEQSET_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/text.h"

#define SEQSET_MAX 500

struct seqset {
	int count, room;
	bool over; /* a number was refused: the set is not complete */
	struct seq_range {
		int64_t low, high;
	} * items; /* ascending, never touching */
};

/* 1: added; 0: was there; -1: refused, `over` is set. A zeroed set is an empty one. */
int seqset_add(struct seqset *s, int64_t v);

/* True if every number from `low` to `high` is there. */
bool seqset_covers(const struct seqset *s, int64_t low, int64_t high);

/* "0-5,9", as it is stored. */
void seqset_format(const struct seqset *s, struct text *out);

/* Reads that form into an empty set; -1 if it is none. */
int seqset_parse(struct seqset *s, const char *text);

/* Appends the gaps between `low` and `high` as "3-5, 9", at most `max` of them. */
void seqset_missing(const struct seqset *s, int64_t low, int64_t high, int max, struct text *out);

void seqset_finish(struct seqset *s);

#endif
