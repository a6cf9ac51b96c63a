/*
 * Care of a store on disk: check, rebuild, copy. For `depotctl`, `depotd --check` and tests.
 *
 * They take the folder of a store. What only reads works beside a running daemon, on one snapshot;
 * what writes takes the lock and refuses if a process holds it. All of them block.
 */
#ifndef DB_CARE_H
#define DB_CARE_H

#include <stdbool.h>
#include <stdint.h>

/* How far a long job has come; may be NULL. */
struct db_progress {
	void (*fn)(void *arg, int percent);
	void *arg;
};

/* Checks the pages of the three files. -1 with one line that names the file. */
int db_check_files(const char *dir, char why[300]);

/* Walks the chain from the first event to the head. -1 with one line that names the first sequence
 * number that does not fit. `events` (may be NULL) gets their number. */
int db_verify_chain(const char *dir, const struct db_progress *p, int64_t *events, char why[300]);

/* Whether event `seq` is still the one of that hash (hex), kept elsewhere: who can write the whole
 * chain anew cannot write this one. Only with a chain that db_verify_chain() found whole does it vouch
 * for all before it. -1 with one line. */
int db_check_anchor(const char *dir, int64_t seq, const char *hash, char why[300]);

/* Recomputes all projections from the journal (walking the chain as it goes) and compares them row
 * by row with those stored. 0: equal; 1: they differ, `why` names table, row and column of the
 * first difference; -1: the journal cannot be read. */
int db_rebuild_check(const char *dir, const struct db_progress *p, int64_t *events, char why[300]);

/* Recomputes all projections and puts them in place of those stored, in one transaction. */
int db_rebuild(const char *dir, const struct db_progress *p, int64_t *events, char why[300]);

/* Copies the store into the folder `to` (made if missing), one snapshot a file, page by page beside
 * a running daemon. Each copy is checked, the journal's chain too, before it takes its name. */
int db_copy(const char *dir, const char *to, const struct db_progress *p, char why[300]);

#endif
