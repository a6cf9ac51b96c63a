/*
 * Loop: libev behind a dozen calls. One loop, one thread; all domain state lives on it.
 *
 * Only loop_wake_send() may be called from other threads (and from signal handlers).
 */
#ifndef CSMS_LOOP_H
#define CSMS_LOOP_H

#include "csms/timers.h"

struct loop;

/* Creates a libev loop (one per process) and ignores SIGPIPE. NULL with errno set. */
struct loop *loop_create(void);

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* The timers that this loop drives. */
struct timers *loop_timers(struct loop *l);

/* Calls `fn(arg)` on the loop soon after each loop_wake_send(); sends may be merged. */
struct loop_wake;
struct loop_wake *loop_wake_create(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_wake_send(struct loop_wake *w);
void loop_wake_destroy(struct loop_wake *w);

/* Calls `fn(arg)` on the loop when signal `signum` arrives. Watched until the loop is destroyed. */
int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg, int signum), void *arg);

/* Calls `fn(arg)` once each turn, after all events of the turn were handled and before the loop
 * sleeps: the place where replies and database batches of the turn leave. */
int loop_on_turn_end(struct loop *l, void (*fn)(void *arg), void *arg);

/* From a timer: calls `fn(arg)`, which may take many milliseconds, at once where this turn has hardly
 * begun, else in the next that has no other such task; that turn hears one event at most and runs no
 * timers. A task that waits already waits once. `l` NULL: at once. */
struct loop_task {
	void (*fn)(void *arg);
	void *arg;
	struct loop_task *next;
	bool is_waiting;
};
void loop_run_alone(struct loop *l, struct loop_task *t, void (*fn)(void *arg), void *arg);
void loop_call_off(struct loop *l, struct loop_task *t);

/* Calls `fn(arg, fd)` whenever `fd` can be read. Starts at once; the descriptor stays the caller's. */
struct loop_io;
struct loop_io *loop_io_create(struct loop *l, int fd, void (*fn)(void *arg, int fd), void *arg);
void loop_io_pause(struct loop_io *io);
void loop_io_resume(struct loop_io *io);

/* From now on also, or only, when it can be written. Neither: paused. */
void loop_io_want(struct loop_io *io, bool reading, bool writing);
void loop_io_destroy(struct loop_io *io);

/* How many turns took longer than 1, 5, 10, 25, 50, 100 and 250 ms since the start: each counts in all
 * that it is longer than. */
#define LOOP_TURN_BOUNDS 7
extern const int loop_turn_bounds_ms[LOOP_TURN_BOUNDS];
const int64_t *loop_long_turns(const struct loop *l);
const int64_t *loop_long_turns_cpu(const struct loop *l); /* … worked that long */

/* How long the turn before this one took. */
int64_t loop_last_turn_us(const struct loop *l);

/* Longest turn since the last call (for /metrics): in real time, and the most that one worked, in
 * processor time. On a busy machine the first is the longer by what others took meanwhile. */
struct loop_longest {
	int64_t real_us, cpu_us;
};
struct loop_longest loop_take_longest(struct loop *l);

/* The struct ev_loop, for csms/net/net.c to hand to libwebsockets. */
void *loop_foreign(struct loop *l);

void loop_destroy(struct loop *l);

#endif
