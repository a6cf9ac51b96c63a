/*
 * Discharge: the emergency stop of everything that gives energy back. One command stops it all; it stays
 * stopped, over restarts too, until somebody releases it and says why. Loop thread only.
 */
#ifndef CSMS_DISCHARGE_H
#define CSMS_DISCHARGE_H

#include "csms/core.h"

struct discharge_stop {
	bool is_stopped;
	wall_t since; /* ms 0: never stopped or released */
	char actor[100], why[UTF8_SIZE(500)]; /* of the newest stop or release */
};

/* At a start, from the store. NULL with one line. */
struct discharge *discharge_create(struct core *c, char why[300]);
void discharge_destroy(struct discharge *d);

/* `d` may be NULL: nothing was ever stopped. */
const struct discharge_stop *discharge_look(const struct discharge *d);
bool discharge_is_stopped(const struct discharge *d);

/* Stops it at once, before it is on disk: `done` follows when it is. */
void discharge_stop(struct discharge *d, const char *actor, const char *why,
	void (*done)(void *arg, int status, const char *why), void *arg);

/* Lets it go on, once that is on disk. -1: it is not stopped; `done` is not called. */
int discharge_release(struct discharge *d, const char *actor, const char *why,
	void (*done)(void *arg, int status, const char *why), void *arg);

#endif
