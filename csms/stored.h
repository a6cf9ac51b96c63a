/*
 * Stored: what a part of depotd reads back from the store when it starts.
 */
#ifndef CSMS_STORED_H
#define CSMS_STORED_H

#include "csms/core.h"
#include "db/query.h"

/* Given to what reads. Rows live in the arena until it returns. */
struct stored {
	struct core *core;
	struct arena *arena;
	void *user;
	bool failed; /* set by it: not all could be read */
};

/* Calls read with a struct stored on a reader's thread and waits: for start-up. `what` is the name of
 * the rows, for people ("alarms"). -1 with one line for a person. */
int stored_read(struct core *c, void (*read)(struct db_reader *, void *stored), void *user,
	const char *what, char why[300]);

/* The line for those that read in their own way. */
void stored_unreadable(const char *what, char why[300]);

#endif
