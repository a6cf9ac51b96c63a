/*
 * Grid edit: the tree and its meters as people change them while they are in force.
 *
 * The depot's file is what a depot starts with. A change goes on top of it: judged whole (rows,
 * references, register maps, the proof that the safe tails fit), journalled with who and why, then
 * in force without a restart. At a start the changes are taken up again, unless the file itself
 * is another meanwhile: then the file counts, and the journal says what it took the place of.
 * Loop thread only.
 */
#ifndef CSMS_GRID_EDIT_H
#define CSMS_GRID_EDIT_H

#include "csms/config.h"
#include "csms/core.h"
#include "csms/depot_check.h"
#include "csms/power/rated.h"

struct grid_edits;

/* Takes up the changes that the store holds; core->depot is then what is in force. Before the
 * file's stations are registered, meters and control are made. NULL with one line for a person. */
struct grid_edits *grid_edits_create(struct core *c, const struct config *cfg, char why[400]);

/* Of the nodes and meters of the file, SHA-256: what changes are made on. */
const char *grid_edits_digest(const struct grid_edits *g);

/* What a changed file took the place of at this start: "node yard" …; for the journal. */
const struct schema_strings *grid_edits_dropped(const struct grid_edits *g);

/* How many rows differ from the depot's file. */
int grid_edits_count(const struct grid_edits *g);

/* The tree and meters in force, with their revision; valid until the next change. */
const struct depot_grid *grid_edits_grid(struct grid_edits *g);

/* Since when what is written on the node in force stands as it is. */
struct rated_ages grid_edits_rated(const struct grid_edits *g, const char *node);

struct grid_wish {
	const struct depot_grid *grid; /* all of it; `revision` NULL: whatever is in force */
	bool is_forced; /* also what leaves EVSEs without any rating above them */
	bool only_check; /* nothing changes, `done` is not called */
	const char *actor, *why;
	void (*done)(void *arg, int status, const char *why); /* on disk and in force, or not */
	void *arg;
};

/* 0: on its way (or, with only_check, good); `*edits` rows differ (0: nothing to do, `done` is not
 * called). 400, 409 or 503 as HTTP means them, and the fault: its path in the wish, "" the whole. With
 * 0 its text is what is no longer guarded, with only_check also whose safe tail is no power, or "". */
int grid_edits_put(
	struct grid_edits *g, const struct grid_wish *wish, int *edits, struct depot_fault *out);

void grid_edits_destroy(struct grid_edits *g);

#endif
