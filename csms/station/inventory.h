/*
 * Inventory: asks each station for all its variables on first contact and after a change of its
 * firmware (B07.FR.14), after everything that matters more, a few times at most. A station that
 * says it cannot is not asked again until its next firmware. Loop thread only.
 */
#ifndef CSMS_INVENTORY_H
#define CSMS_INVENTORY_H

#include "csms/core.h"

/* The station is connected and accepted: asks it soon if its inventory is not known, and after a
 * boot for its monitors. */
void inventory_station_ready(struct core *c, struct station *s, bool has_booted);

/* For restore_fleet(): what was asked before. -1 with one line. */
int inventory_restore(struct core *c, char why[300]);

/* For csms/fleet.c. */
void inventory_forget(struct station *s);

#endif
