/*
 * Writer: the one thread that writes. Takes batches from the queue, puts all that wait into one
 * transaction, tells their owners after the commit, and records frames and samples after that.
 *
 * A group ends when the queue is empty, so a lone message is never held; while the disk syncs, the
 * next group gathers by itself.
 */
#ifndef DB_WRITER_H
#define DB_WRITER_H

struct db;
struct writer;

/* Opens the files for writing and reads the heads; no thread yet. NULL with one line. */
struct writer *writer_create(struct db *db, char why[300]);

/* Starts the thread. */
int writer_start(struct writer *w);

/* Writes what is queued, stops the thread, closes the files. After a failure that lasts, what is
 * left is given back as DB_FAILED. */
void writer_destroy(struct writer *w);

#endif
