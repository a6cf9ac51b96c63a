/*
 * Stores: stationary batteries that depotd commands by Modbus (`control: true` on their node,
 * docs/storage.md). In each cycle of the guard each is told what the storage plan has for now, within
 * what it can do, what it holds and what the tree has room for in either direction. Where the plan does
 * not hold it is given back, in an island too; while discharging is stopped it is held at 0 W. Loop
 * thread only.
 */
#ifndef CSMS_STORES_H
#define CSMS_STORES_H

#include "csms/core.h"

struct control;

/* What a store is told, as found in the newest cycle. */
struct store_view {
	bool is_on; /* it is commanded … */
	int32_t w; /* … to draw so much, below 0: to feed in */
	wall_t at; /* … as was written last; ms 0: never */
	char note[200]; /* what stands in the way, "": nothing */
};

/* False: no node of the tree that depotd commands. */
bool stores_look(const struct control *k, const char *node, struct store_view *out);

#endif
