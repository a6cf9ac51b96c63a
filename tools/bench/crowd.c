#include "tools/bench/crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_A_TURN 256
#define QUIET_US      500000 /* no CALL for so long: depotd has said what it had to say */
#define SETTLE_US     20000000
#define DRAIN_US      10000000

struct crowd {
	struct station *stations;
	int count;
	const char *password;
	int epoll;
	int *idle; /* ring of idle stations, longest idle first */
	int idle_first, idle_count;
	int up, rising; /* stations that are ready, and that are on the way */
	int64_t calls, call_us; /* CALLs of depotd, and when the last came */
	int64_t bad;
	struct crowd_run *run; /* NULL: none */
	int in_flight;
	int64_t run_end_us;
	struct station *current; /* whose client is taking its turn */
	struct crowd_watch *watch; /* NULL: nobody watches */
};

int64_t crowd_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct crowd *crowd_create(int count, const char *password)
{
	struct crowd *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->count = count;
	c->password = password;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->stations = calloc((size_t)count, sizeof *c->stations);
	c->idle = calloc((size_t)count, sizeof *c->idle);
	if (c->epoll < 0 || !c->stations || !c->idle) {
		crowd_destroy(c);
		return NULL;
	}
	for (int i = 0; i < count; i++)
		station_init(&c->stations[i], i);
	return c;
}

/* -- idle stations ---------------------------------------------------------------------------- */

static void push_idle(struct crowd *c, int number)
{
	c->idle[(c->idle_first + c->idle_count++) % c->count] = number;
}

static struct station *pop_idle(struct crowd *c)
{
	struct station *s;

	if (!c->idle_count)
		return NULL;
	s = &c->stations[c->idle[c->idle_first]];
	c->idle_first = (c->idle_first + 1) % c->count;
	c->idle_count--;
	return s;
}

static bool send_next(struct crowd *c, int64_t due_us)
{
	struct station *s = pop_idle(c);

	if (!s)
		return false;
	c->in_flight++;
	station_do(s, c->run->job, due_us);
	return true;
}

/* -- what depotd says ------------------------------------------------------------------------- */

static void count_answer(struct crowd *c, struct station *s)
{
	int64_t now = crowd_now_us();

	c->in_flight--;
	push_idle(c, s->number);
	if (!c->run)
		return;
	histogram_add(&c->run->latency, now - s->due_us);
	c->run->done++;
	if (now > c->run_end_us)
		return;
	c->run->answered++;
	if (c->run->window)
		send_next(c, now);
}

static void on_opened(void *arg)
{
	struct crowd *c = arg;

	station_opened(c->current);
}

static void look(struct crowd *c, const struct station *s, enum station_news news)
{
	struct crowd_watch *w = c->watch;
	int64_t since = !w ? 0 : w->meter ? meter_said_us(w->meter) : w->since_us;

	if (!since)
		return;
	if (news == NEWS_LOWERED)
		histogram_add(w->lowered, crowd_now_us() - since);
	if (news == NEWS_RAISED && w->raised && s->number == w->station) {
		histogram_add(w->raised, crowd_now_us() - since);
		w->raised = NULL;
	}
}

static void on_text(void *arg, const char *text, size_t len)
{
	struct crowd *c = arg;
	struct station *s = c->current;
	enum station_news news = station_take(s, text, len);

	look(c, s, news);
	switch (news) {
	case NEWS_LOWERED:
	case NEWS_RAISED:
	case NEWS_CALL:
		c->calls++;
		c->call_us = crowd_now_us();
		break;
	case NEWS_READY:
		c->up++;
		c->rising--;
		push_idle(c, s->number);
		break;
	case NEWS_ANSWERED:
		count_answer(c, s);
		break;
	case NEWS_BAD:
		if (!c->bad++)
			fprintf(stderr, "bench: %s was told: %.*s\n", s->id,
				(int)(len < 300 ? len : 300), text);
		break;
	case NEWS_NONE:
		break;
	}
}

static void lose(struct crowd *c, struct station *s)
{
	if (!c->bad++)
		fprintf(stderr, "bench: %s lost its connection\n", s->id);
	client_drop(&s->client);
	s->state = STATION_DOWN;
}

/* One turn of the loop, at most `wait_us` long. */
static void turn(struct crowd *c, int64_t wait_us)
{
	static const struct client_handlers on = {.opened = on_opened, .text = on_text};
	struct epoll_event events[EVENTS_A_TURN];
	struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
	int n = epoll_pwait2(c->epoll, events, EVENTS_A_TURN, &wait, NULL);

	for (int i = 0; i < n; i++) {
		struct station *s = c->current = events[i].data.ptr;

		if (s->state == STATION_DOWN)
			continue;
		/* A plain client reads once an event and would not see an end behind the last text. */
		if (client_turn(&s->client, s->id, c->password, &on, c) ||
			events[i].events & (EPOLLRDHUP | EPOLLERR))
			lose(c, s);
	}
}

/* -- up and down ------------------------------------------------------------------------------ */

static int start(struct crowd *c, struct station *s, const struct client_target *target)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s};

	if (client_open(&s->client, target) ||
		epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->client.fd, &e)) {
		fprintf(stderr, "bench: %s cannot connect: %s\n", s->id, strerror(errno));
		return -1;
	}
	s->state = STATION_CONNECTING;
	c->rising++;
	return 0;
}

double crowd_rise(struct crowd *c, const struct client_target *target, int window, double limit_s)
{
	int64_t begin = crowd_now_us(), limit = begin + (int64_t)(limit_s * 1e6);
	int next = 0;

	while (c->up < c->count && !c->bad && crowd_now_us() < limit) {
		for (; next < c->count && c->rising < window; next++)
			if (c->stations[next].state == STATION_DOWN &&
				start(c, &c->stations[next], target))
				return -1;
		turn(c, 100000);
	}
	if (c->up == c->count)
		return (double)(crowd_now_us() - begin) / 1e6;
	fprintf(stderr, "bench: %d of %d stations were up after %.1f s\n", c->up, c->count,
		(double)(crowd_now_us() - begin) / 1e6);
	return -1;
}

void crowd_fall(struct crowd *c)
{
	for (int i = 0; i < c->count; i++) {
		client_drop(&c->stations[i].client);
		c->stations[i].state = STATION_DOWN;
	}
	c->up = c->rising = c->idle_count = c->in_flight = 0;
}

void crowd_settle(struct crowd *c)
{
	int64_t limit = crowd_now_us() + SETTLE_US;

	c->call_us = crowd_now_us();
	while (crowd_now_us() < limit && crowd_now_us() - c->call_us < QUIET_US)
		turn(c, 50000);
}

/* -- runs ------------------------------------------------------------------------------------- */

static int drain(struct crowd *c)
{
	int64_t limit = crowd_now_us() + DRAIN_US;

	while (c->in_flight && !c->bad && crowd_now_us() < limit)
		turn(c, 50000);
	if (c->in_flight)
		fprintf(stderr, "bench: %d CALLs were not answered\n", c->in_flight);
	return c->in_flight || c->bad ? -1 : 0;
}

int crowd_begin(struct crowd *c)
{
	struct crowd_run run = {.job = JOB_EVENT};
	int rc;

	c->run = &run;
	c->run_end_us = 0;
	while (send_next(c, crowd_now_us()))
		turn(c, 0);
	rc = drain(c);
	c->run = NULL;
	return rc;
}

static void run_closed(struct crowd *c)
{
	for (int i = 0; i < c->run->window; i++)
		send_next(c, crowd_now_us());
	while (crowd_now_us() < c->run_end_us && !c->bad)
		turn(c, 10000);
}

static void run_open(struct crowd *c, int64_t begin)
{
	double gap_us = 1e6 / c->run->rate_per_s;
	int64_t due = begin, sent = 0, now;

	while ((now = crowd_now_us()) < c->run_end_us && !c->bad) {
		if (due <= now && send_next(c, due))
			due = begin + (int64_t)((double)++sent * gap_us);
		else
			turn(c, due > now ? due - now : 1000); /* or all stations are busy */
		if (now - due > 1000)
			turn(c, 0); /* behind: do not leave answers lying */
	}
	/* What was due and found no free station waited at least until now. */
	for (; due < c->run_end_us; due = begin + (int64_t)((double)++sent * gap_us))
		histogram_add(&c->run->latency, c->run_end_us - due);
}

int crowd_run(struct crowd *c, struct crowd_run *run)
{
	int64_t begin = crowd_now_us();
	int rc;

	c->run = run;
	c->run_end_us = begin + (int64_t)(run->seconds * 1e6);
	if (run->window)
		run_closed(c);
	else
		run_open(c, begin);
	run->took_s = (double)(crowd_now_us() - begin) / 1e6;
	rc = drain(c);
	c->run = NULL;
	return rc;
}

void crowd_watch(struct crowd *c, struct crowd_watch *w)
{
	c->watch = w;
}

void crowd_wait(struct crowd *c, double seconds)
{
	int64_t end = crowd_now_us() + (int64_t)(seconds * 1e6);

	while (crowd_now_us() < end && !c->bad)
		turn(c, 10000);
}

double crowd_power_w(const struct crowd *c)
{
	double w = 0;

	for (int i = 0; i < c->count; i++)
		w += c->stations[i].power_w;
	return w;
}

int crowd_drawing(const struct crowd *c)
{
	int count = 0;

	for (int i = 0; i < c->count; i++)
		count += c->stations[i].power_w > 0;
	return count;
}

double crowd_station_w(const struct crowd *c, int station)
{
	return c->stations[station].power_w;
}

int64_t crowd_calls(const struct crowd *c)
{
	return c->calls;
}

void crowd_destroy(struct crowd *c)
{
	if (!c)
		return;
	if (c->stations)
		crowd_fall(c);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c->stations);
	free(c->idle);
	free(c);
}
