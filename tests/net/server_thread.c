#include "tests/net/server_thread.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct server_thread {
	pthread_t thread;
	sem_t done;
	struct loop *loop;
	struct loop_wake *wake;
	void (*setup)(struct loop *l, void *arg);
	void (*call)(void *arg);
	void *setup_arg, *call_arg;
	int stops;
};

static void on_wake(void *arg)
{
	struct server_thread *t = arg;

	if (t->call)
		t->call(t->call_arg);
	if (t->stops)
		loop_stop(t->loop);
	else
		sem_post(&t->done);
}

static void *run(void *arg)
{
	struct server_thread *t = arg;

	t->loop = loop_create();
	if (!t->loop)
		abort();
	t->wake = loop_wake_create(t->loop, on_wake, t);
	t->setup(t->loop, t->setup_arg);
	sem_post(&t->done);
	loop_run(t->loop);
	loop_wake_destroy(t->wake);
	loop_destroy(t->loop);
	return NULL;
}

struct server_thread *server_thread_start(void (*setup)(struct loop *l, void *arg), void *arg)
{
	struct server_thread *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	sem_init(&t->done, 0, 0);
	t->setup = setup;
	t->setup_arg = arg;
	if (pthread_create(&t->thread, NULL, run, t))
		abort();
	sem_wait(&t->done);
	return t;
}

void server_thread_call(struct server_thread *t, void (*fn)(void *arg), void *arg)
{
	t->call = fn;
	t->call_arg = arg;
	loop_wake_send(t->wake);
	sem_wait(&t->done);
}

void server_thread_stop(struct server_thread *t, void (*teardown)(void *arg), void *arg)
{
	t->stops = 1;
	t->call = teardown;
	t->call_arg = arg;
	loop_wake_send(t->wake);
	pthread_join(t->thread, NULL);
	sem_destroy(&t->done);
	free(t);
}
