/*
 * Lock: one process per data folder, by flock on DIR/depot.lock. The kernel lets go of it when the
 * process dies, however it dies.
 */
#ifndef DB_LOCK_H
#define DB_LOCK_H

/* A descriptor that holds the lock, or -1 with one line: no such folder, not writable, in use. */
int lock_take(const char *dir, char why[300]);
void lock_release(int fd);

#endif
