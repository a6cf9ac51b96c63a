/*
 * Confine: what depotd gives up when it starts, before it listens or makes a thread: root's rights,
 * system calls that it has no use for, core files. What is left is docs/security.md's business.
 */
#ifndef CSMS_CONFINE_H
#define CSMS_CONFINE_H

/* From root to that user, who gets the folder `dir` if it is root's; the right to listen on ports below
 * 1024 stays. Nothing when the process is not root's. -1 with one line: no such user, or refused. */
int confine_user(const char *name, const char *dir, char why[300]);

/* No core files, no new rights, no calls of confine.c's list, for this process and all that it
 * starts. -1: the system has no such filter. */
int confine_calls(void);

#endif
