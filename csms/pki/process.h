/*
 * Process: a program of ours or the operator's, started without a shell, which gets nothing of us but
 * its arguments and three descriptors. Its standard error goes where ours does. Loop thread only.
 */
#ifndef CSMS_PKI_PROCESS_H
#define CSMS_PKI_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct process {
	pid_t pid; /* 0: none */
	int fd; /* our end of a socket that is its standard input and output; not blocking */
};

/* argv[0] is a path; the environment is PATH, HOME, LANG and what `more` says: "NAME" as we have it,
 * "NAME=value" as it stands there; NULL ends, NULL: nothing. -1 with one line. */
int process_start(
	struct process *p, const char *const *argv, const char *const *more, char why[200]);

/* Nothing more is written to it: its input ends. */
void process_end_input(struct process *p);

/* Closes our end, ends it if it still runs, and takes its status: that of waitpid(), -1 unknown. Waits
 * for what was ended with SIGKILL, which is soon. */
int process_finish(struct process *p);

/* It has ended by itself: its status by waitpid(), and p->pid is 0 then. */
bool process_has_ended(struct process *p, int *status);

#endif
