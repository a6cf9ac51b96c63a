/*
 * Call filter: system calls that this process, its threads to come and the programs that it starts
 * can make no more; each fails as if it was not permitted (seccomp(2)).
 */
#ifndef CSMS_CALL_FILTER_H
#define CSMS_CALL_FILTER_H

#include <stddef.h>

#define CALL_FILTER_MAX 100

/* `forbidden`: numbers of calls, CALL_FILTER_MAX at most. Takes the right to gain rights as well. -1: the
 * system has no such filter, or it is another architecture. */
int call_filter(const unsigned int *forbidden, size_t count);

#endif
