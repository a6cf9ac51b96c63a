/*
 * A loop in a thread of its own, so that a test can talk to real servers over real sockets and
 * assert from its main thread.
 */
#ifndef TESTS_NET_SERVER_THREAD_H
#define TESTS_NET_SERVER_THREAD_H

#include "csms/loop.h"

struct server_thread;

/* Runs `setup(loop, arg)` and then the loop in a new thread; returns once setup is through. */
struct server_thread *server_thread_start(void (*setup)(struct loop *l, void *arg), void *arg);

/* Runs `fn(arg)` on the loop and waits for it. */
void server_thread_call(struct server_thread *t, void (*fn)(void *arg), void *arg);

/* Runs `teardown(arg)` on the loop's thread, destroys the loop and joins. */
void server_thread_stop(struct server_thread *t, void (*teardown)(void *arg), void *arg);

#endif
