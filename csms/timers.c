#include "csms/timers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

/* The order number makes timers of the same deadline fire in the order they were started, so that
 * a simulated night is the same night each time. */
struct entry {
	int64_t due_us;
	uint64_t order;
	struct timer *timer;
};

struct timers {
	struct entry *heap;
	size_t count, capacity;
	uint64_t next_order;
	bool running;
	int64_t running_us; /* what timers_run() takes for "now" */
};

struct timers *timers_create(void)
{
	return calloc(1, sizeof(struct timers));
}

static bool earlier(const struct entry *a, const struct entry *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void place(struct timers *ts, size_t i, struct entry e)
{
	ts->heap[i] = e;
	e.timer->slot = i + 1;
}

static void sift_up(struct timers *ts, size_t i, struct entry e)
{
	while (i > 0 && earlier(&e, &ts->heap[(i - 1) / 2])) {
		place(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(ts, i, e);
}

static void sift_down(struct timers *ts, size_t i, struct entry e)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= ts->count)
			break;
		if (child + 1 < ts->count && earlier(&ts->heap[child + 1], &ts->heap[child]))
			child++;
		if (!earlier(&ts->heap[child], &e))
			break;
		place(ts, i, ts->heap[child]);
		i = child;
	}
	place(ts, i, e);
}

static void remove_at(struct timers *ts, size_t i)
{
	struct entry last = ts->heap[--ts->count];

	ts->heap[i].timer->slot = 0;
	if (i == ts->count)
		return;
	if (i > 0 && earlier(&last, &ts->heap[(i - 1) / 2]))
		sift_up(ts, i, last);
	else
		sift_down(ts, i, last);
}

static void grow(struct timers *ts)
{
	size_t capacity = ts->capacity ? 2 * ts->capacity : 64;
	struct entry *heap = realloc(ts->heap, capacity * sizeof(*heap));

	if (!heap)
		abort(); /* a lost timer is a station that is never dropped, a limit never renewed */
	ts->heap = heap;
	ts->capacity = capacity;
}

void timer_start(struct timers *ts, struct timer *t, int64_t delay_ms, timer_fn fn, void *arg)
{
	struct entry e = {.order = ts->next_order++, .timer = t};

	timer_stop(ts, t);
	e.due_us = mono_add_ms(clock_mono(), delay_ms < 0 ? 0 : delay_ms).us;
	/* A timer that restarts itself with 0 must not keep timers_run() busy for ever. */
	if (ts->running && e.due_us <= ts->running_us)
		e.due_us = ts->running_us + 1;
	t->due.us = e.due_us;
	t->fn = fn;
	t->arg = arg;
	if (ts->count == ts->capacity)
		grow(ts);
	sift_up(ts, ts->count++, e);
}

void timer_stop(struct timers *ts, struct timer *t)
{
	if (!t->slot)
		return;
	assert(t->slot <= ts->count && ts->heap[t->slot - 1].timer == t);
	remove_at(ts, t->slot - 1);
}

int64_t timers_next_ms(const struct timers *ts)
{
	int64_t left_us;

	if (!ts->count)
		return -1;
	left_us = ts->heap[0].due_us - clock_mono().us;
	return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

int64_t timers_run_for(struct timers *ts, int64_t budget_us)
{
	int64_t started_us = clock_real_us();

	ts->running = true;
	ts->running_us = clock_mono().us;
	while (ts->count && ts->heap[0].due_us <= ts->running_us) {
		struct timer *t = ts->heap[0].timer;

		remove_at(ts, 0);
		t->fn(t->arg);
		if (clock_real_us() - started_us > budget_us)
			break;
	}
	ts->running = false;
	return timers_next_ms(ts);
}

int64_t timers_run(struct timers *ts)
{
	return timers_run_for(ts, INT64_MAX);
}

void timers_destroy(struct timers *ts)
{
	if (!ts)
		return;
	for (size_t i = 0; i < ts->count; i++)
		ts->heap[i].timer->slot = 0;
	free(ts->heap);
	free(ts);
}
