/*
 * Worker: one thread for what may block on the disk for long: files that come and go. Work is done
 * in the order in which it was given; what it is about belongs to the thread until it is done.
 */
#ifndef CSMS_WORKER_H
#define CSMS_WORKER_H

#include "csms/loop.h"

struct worker;

/* NULL: no thread, no memory. */
struct worker *worker_create(struct loop *l);

/* One piece of work, in its owner: it stays where it is until it is done. */
struct worker_job {
	struct worker_job *next;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

/* Runs `work(arg)` on the thread, then `done(arg)` on the loop, where the job may be given anew. */
void worker_do(struct worker *w, struct worker_job *j, void (*work)(void *arg),
	void (*done)(void *arg), void *arg);

/* Waits for all work that was given; its `done` is not called any more. */
void worker_destroy(struct worker *w);

#endif
