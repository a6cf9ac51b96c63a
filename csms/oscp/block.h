/*
 * Blocks: capacity over time, from the units and phases of OSCP to what the grid's tree knows:
 * watts in all and milliamperes on the most loaded phase. Pure: no clock, no I/O.
 *
 *   CONSUMPTION   ALL, UNKNOWN             ONE, TWO, THREE (which phase, not how many)
 *   A             each phase               that phase, so each: the tree has one bound for all three
 *   W, KW         all phases together      that phase, at the nominal voltage, so each
 *   WH, KWH       as the mean power of the block: Wh divided by its hours
 *
 * GENERATION is watts in all: a bound of one phase counts three times, as if fed in evenly, since
 * the tree's bound of currents is one for both directions.
 *
 * Everything is rounded down. Blocks of one message may overlap (one for each phase): the tightest
 * counts. UNKNOWN amperes may all flow on one phase, so each phase gets no more than that.
 */
#ifndef CSMS_OSCP_BLOCK_H
#define CSMS_OSCP_BLOCK_H

#include "gen/oscp20.h"

#define OSCP_BLOCKS_MAX 10000
#define OSCP_NO_LIMIT   INT32_MAX

struct oscp_block {
	wall_t from, to;
	int32_t w, phase_ma; /* OSCP_NO_LIMIT: none */
};

/* In the order of time, without overlap. */
struct oscp_blocks {
	size_t count;
	struct oscp_block *items; /* malloc'd */
};

/* Reads the blocks of a message. `voltage_v`: phase to neutral. -1 with one line that names the
 * block; `out` untouched. */
int oscp_blocks_read(const struct oscp20_forecasted_block *items, size_t count, bool is_export,
	int voltage_v, wall_t now, struct oscp_blocks *out, char why[200]);

void oscp_blocks_free(struct oscp_blocks *b);

#endif
