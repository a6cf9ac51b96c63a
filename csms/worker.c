#include "csms/worker.h"
#include "schemas/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
	struct worker_job *first, **last;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock; /* guards the two queues and is_over */
	pthread_cond_t more;
	struct queue todo, done;
	bool is_over;
	struct loop_wake *wake;
};

static void push(struct queue *q, struct worker_job *j)
{
	j->next = NULL;
	if (!q->first)
		q->last = &q->first;
	*q->last = j;
	q->last = &j->next;
}

static struct worker_job *pop(struct queue *q)
{
	struct worker_job *j = q->first;

	if (j)
		q->first = j->next;
	return j;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	struct worker_job *j;

	thread_stand_back(THREAD_LATER);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->todo.first && !w->is_over)
			pthread_cond_wait(&w->more, &w->lock);
		j = pop(&w->todo);
		if (!j)
			break;
		pthread_mutex_unlock(&w->lock);
		j->work(j->arg);
		pthread_mutex_lock(&w->lock);
		push(&w->done, j);
		loop_wake_send(w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* On the loop: what is done now; what gets done meanwhile waits for its own wake. */
static void on_done(void *arg)
{
	struct worker *w = arg;
	struct queue q;
	struct worker_job *j;

	pthread_mutex_lock(&w->lock);
	q = w->done;
	w->done.first = NULL;
	pthread_mutex_unlock(&w->lock);
	while ((j = pop(&q)) != NULL)
		j->done(j->arg);
}

struct worker *worker_create(struct loop *l)
{
	struct worker *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->wake = loop_wake_create(l, on_done, w);
	if (w->wake && pthread_create(&w->thread, NULL, run, w) == 0)
		return w;
	loop_wake_destroy(w->wake);
	free(w);
	return NULL;
}

void worker_do(struct worker *w, struct worker_job *j, void (*work)(void *arg),
	void (*done)(void *arg), void *arg)
{
	*j = (struct worker_job){.work = work, .done = done, .arg = arg};
	pthread_mutex_lock(&w->lock);
	push(&w->todo, j);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_over = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	loop_wake_destroy(w->wake);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w);
}
