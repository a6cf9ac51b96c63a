#include "csms/loop.h"

#include <ev.h>
#include <sys/epoll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <utlist.h>

struct loop_wake {
	struct loop *loop;
	ev_async watcher;
	void (*fn)(void *arg);
	void *arg;
};

struct loop_io {
	struct loop *loop;
	ev_io watcher;
	void (*fn)(void *arg, int fd);
	void *arg;
};

struct signal_hook {
	struct signal_hook *next;
	ev_signal watcher;
	void (*fn)(void *arg, int signum);
	void *arg;
};

struct turn_hook {
	struct turn_hook *next;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct ev_loop *ev;
	struct timers *timers;
	ev_timer deadline;
	ev_prepare turn_end;
	ev_check turn_start;
	int64_t turn_started_us, turn_started_cpu_us, last_turn_us;
	int64_t long_turns[LOOP_TURN_BOUNDS], long_turns_cpu[LOOP_TURN_BOUNDS];
	struct loop_longest longest;
	struct turn_hook *turn_hooks;
	struct signal_hook *signal_hooks;
	struct loop_task *alone; /* that wait, the oldest first */
};

const int loop_turn_bounds_ms[LOOP_TURN_BOUNDS] = {1, 5, 10, 25, 50, 100, 250};

/* -- how much a turn takes in ----------------------------------------------------------------- */

/* When thousands speak at once, a turn hears some of them, and the kernel keeps the others in the order
 * in which they came: guard, timers and answers get their turn between. As many as were heard within
 * EVENTS_US lately; TLS handshakes are dear, heartbeats are cheap. */
enum {
	EVENTS_MOST = 64,
	EVENTS_LEAST = 8,
	EVENTS_US = 10000,
	TIMERS_US = 10000,
	TIMERS_LEAST_US = 2500,
	ALONE_US = 2000 /* a turn that has taken no more is as good as a fresh one */
};

static int events_a_turn = EVENTS_MOST; /* of the one loop that the process has */
static bool is_next_alone; /* the next turn hears one event at most */

/* libev fetches as many events as its table holds, and lengthens the table when it was full; it has no
 * setting for that. So its call comes by here. */
int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int most = is_next_alone ? 1 : events_a_turn;

	return epoll_pwait(
		fd, events, max < most ? max : most, is_next_alone ? 0 : timeout_ms, NULL);
}

static void adapt_events(int64_t took_us)
{
	if (took_us > EVENTS_US)
		events_a_turn = events_a_turn / 2 > EVENTS_LEAST ? events_a_turn / 2 : EVENTS_LEAST;
	else if (took_us < EVENTS_US / 2 && events_a_turn < EVENTS_MOST)
		events_a_turn++;
}

/* What the events left of a turn's time; some of it in any case, or timers would starve. */
static int64_t timers_us(int64_t events_us)
{
	return events_us < TIMERS_US - TIMERS_LEAST_US ? TIMERS_US - events_us : TIMERS_LEAST_US;
}

static void on_deadline(struct ev_loop *ev, ev_timer *w, int revents)
{
	/* Its only task is to end the sleep: timers run at the end of each turn. */
}

static void arm_deadline(struct loop *l)
{
	int64_t ms = timers_next_ms(l->timers);

	ev_timer_stop(l->ev, &l->deadline);
	if (ms < 0)
		return;
	ev_now_update(l->ev); /* the turn may have been long: count from now, not from its start */
	ev_timer_set(&l->deadline, (double)ms / 1000 / clock_speed(), 0);
	ev_timer_start(l->ev, &l->deadline);
}

static void count_turn(struct loop *l, int64_t real_us, int64_t cpu_us)
{
	l->last_turn_us = real_us;
	if (real_us > l->longest.real_us)
		l->longest.real_us = real_us;
	if (cpu_us > l->longest.cpu_us)
		l->longest.cpu_us = cpu_us;
	for (int i = 0; i < LOOP_TURN_BOUNDS; i++) {
		l->long_turns[i] += real_us > loop_turn_bounds_ms[i] * INT64_C(1000);
		l->long_turns_cpu[i] += cpu_us > loop_turn_bounds_ms[i] * INT64_C(1000);
	}
}

/* False: none waits. */
static bool run_alone(struct loop *l)
{
	struct loop_task *t = l->alone;

	if (!t)
		return false;
	loop_call_off(l, t);
	t->fn(t->arg);
	return true;
}

void loop_run_alone(struct loop *l, struct loop_task *t, void (*fn)(void *arg), void *arg)
{
	struct loop_task **end = &l->alone;

	if (!l || (!l->alone && clock_real_us() - l->turn_started_us <= ALONE_US)) {
		fn(arg);
		return;
	}
	if (t->is_waiting)
		return;
	while (*end)
		end = &(*end)->next;
	*end = t;
	*t = (struct loop_task){.fn = fn, .arg = arg, .is_waiting = true};
	is_next_alone = true;
}

void loop_call_off(struct loop *l, struct loop_task *t)
{
	if (!t->is_waiting)
		return;
	t->is_waiting = false;
	LL_DELETE(l->alone, t);
	is_next_alone = l->alone != NULL;
}

static void on_turn_end(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct loop *l = w->data;
	int64_t events_us = 0;

	if (l->turn_started_us && !is_next_alone) {
		events_us = clock_real_us() - l->turn_started_us;
		adapt_events(clock_cpu_us() - l->turn_started_cpu_us);
	}
	if (!run_alone(l))
		timers_run_for(l->timers, timers_us(events_us));
	for (struct turn_hook *h = l->turn_hooks; h; h = h->next)
		h->fn(h->arg);
	arm_deadline(l);
	if (l->turn_started_us)
		count_turn(l, clock_real_us() - l->turn_started_us,
			clock_cpu_us() - l->turn_started_cpu_us);
}

static void on_turn_start(struct ev_loop *ev, ev_check *w, int revents)
{
	struct loop *l = w->data;

	l->turn_started_us = clock_real_us();
	l->turn_started_cpu_us = clock_cpu_us();
}

struct loop *loop_create(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	events_a_turn = EVENTS_MOST;
	is_next_alone = false;
	/* Not the default loop: that one reaps every child of the process behind our back. */
	l->ev = ev_loop_new(EVFLAG_AUTO);
	l->timers = timers_create();
	if (!l->ev || !l->timers) {
		if (l->ev)
			ev_loop_destroy(l->ev);
		timers_destroy(l->timers);
		free(l);
		return NULL;
	}
	signal(SIGPIPE,
		SIG_IGN); /* OpenSSL writes with write(2): a peer that left must not kill us */
	signal(SIGXFSZ, SIG_IGN); /* a file may not grow: the store says so and tries on */
	ev_timer_init(&l->deadline, on_deadline, 0, 0);
	ev_prepare_init(&l->turn_end, on_turn_end);
	ev_check_init(&l->turn_start, on_turn_start);
	l->turn_end.data = l->turn_start.data = l;
	/* libev calls wakes before all that has no higher priority: they are part of the turn too. */
	ev_set_priority(&l->turn_start, EV_MAXPRI);
	ev_prepare_start(l->ev, &l->turn_end);
	ev_check_start(l->ev, &l->turn_start);
	return l;
}

void loop_run(struct loop *l)
{
	ev_run(l->ev, 0);
}

void loop_stop(struct loop *l)
{
	ev_break(l->ev, EVBREAK_ALL);
}

struct timers *loop_timers(struct loop *l)
{
	return l->timers;
}

static void on_wake(struct ev_loop *ev, ev_async *w, int revents)
{
	struct loop_wake *wake = w->data;

	wake->fn(wake->arg);
}

struct loop_wake *loop_wake_create(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_wake *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = l;
	w->fn = fn;
	w->arg = arg;
	ev_async_init(&w->watcher, on_wake);
	w->watcher.data = w;
	ev_async_start(l->ev, &w->watcher);
	return w;
}

void loop_wake_send(struct loop_wake *w)
{
	ev_async_send(w->loop->ev, &w->watcher);
}

void loop_wake_destroy(struct loop_wake *w)
{
	if (!w)
		return;
	ev_async_stop(w->loop->ev, &w->watcher);
	free(w);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct signal_hook *h = w->data;

	h->fn(h->arg, w->signum);
}

int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg, int signum), void *arg)
{
	struct signal_hook *h = calloc(1, sizeof(*h));

	if (!h)
		return -1;
	h->fn = fn;
	h->arg = arg;
	h->next = l->signal_hooks;
	l->signal_hooks = h;
	ev_signal_init(&h->watcher, on_signal, signum);
	h->watcher.data = h;
	ev_signal_start(l->ev, &h->watcher);
	return 0;
}

int loop_on_turn_end(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct turn_hook *h = calloc(1, sizeof(*h)), **end = &l->turn_hooks;

	if (!h)
		return -1;
	h->fn = fn;
	h->arg = arg;
	while (*end)
		end = &(*end)->next;
	*end = h;
	return 0;
}

static void on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop_io *io = w->data;

	io->fn(io->arg, w->fd);
}

struct loop_io *loop_io_create(struct loop *l, int fd, void (*fn)(void *arg, int fd), void *arg)
{
	struct loop_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->loop = l;
	io->fn = fn;
	io->arg = arg;
	ev_io_init(&io->watcher, on_io, fd, EV_READ);
	io->watcher.data = io;
	ev_io_start(l->ev, &io->watcher);
	return io;
}

void loop_io_pause(struct loop_io *io)
{
	ev_io_stop(io->loop->ev, &io->watcher);
}

void loop_io_resume(struct loop_io *io)
{
	ev_io_start(io->loop->ev, &io->watcher);
}

void loop_io_want(struct loop_io *io, bool reading, bool writing)
{
	int events = (reading ? EV_READ : 0) | (writing ? EV_WRITE : 0);

	ev_io_stop(io->loop->ev, &io->watcher);
	ev_io_set(&io->watcher, io->watcher.fd, events);
	if (events)
		ev_io_start(io->loop->ev, &io->watcher);
}

void loop_io_destroy(struct loop_io *io)
{
	if (!io)
		return;
	ev_io_stop(io->loop->ev, &io->watcher);
	free(io);
}

int64_t loop_last_turn_us(const struct loop *l)
{
	return l->last_turn_us;
}

const int64_t *loop_long_turns(const struct loop *l)
{
	return l->long_turns;
}

const int64_t *loop_long_turns_cpu(const struct loop *l)
{
	return l->long_turns_cpu;
}

struct loop_longest loop_take_longest(struct loop *l)
{
	struct loop_longest longest = l->longest;

	l->longest = (struct loop_longest){0};
	return longest;
}

void *loop_foreign(struct loop *l)
{
	return l->ev;
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	while (l->signal_hooks) {
		struct signal_hook *h = l->signal_hooks;

		l->signal_hooks = h->next;
		ev_signal_stop(l->ev, &h->watcher);
		free(h);
	}
	while (l->turn_hooks) {
		struct turn_hook *h = l->turn_hooks;

		l->turn_hooks = h->next;
		free(h);
	}
	ev_timer_stop(l->ev, &l->deadline);
	ev_prepare_stop(l->ev, &l->turn_end);
	ev_check_stop(l->ev, &l->turn_start);
	timers_destroy(l->timers);
	ev_loop_destroy(l->ev);
	free(l);
}
