#include "modbus/meter_poller.h"

#include "modbus/meter_check.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_SIZE  256
#define PERIOD_MIN  1000 /* µs, whatever the speed */
#define BACKOFF_MAX 10e6 /* µs of the caller's time between questions to a dead unit */
#define BACKOFF_MIN 1000000 /* but in real time at least this, where it is longer than the period */
#define BAD_ADDRESS 2 /* exception: illegal data address */
#define BAD_VALUE   3 /* … illegal data value */

struct unit {
	struct meter_poller_unit row;
	const struct meter_map *map; /* of the row, or as discovered; NULL: not yet */
	struct sunspec_map made;
	uint64_t made_at; /* the link's connections when it was made */
	struct meter_plan plan;
	struct meter_table table; /* being filled */
	struct meter_table shown; /* guarded by the poller's lock */
	struct meter_history history;
	struct meter_link_stats stats;
	int64_t period_us;
	int64_t due_us;
	int failures; /* in a row */
	atomic_bool is_asked; /* at once, by a person */
	bool is_commandable; /* its map has a setpoint */
	struct meter_lease lease;
	struct meter_command command; /* guarded by the poller's lock, as all below */
	bool is_new; /* the command */
	struct meter_told told;
};

struct meter_poller {
	struct meter_poller_config config;
	struct meter_link *link;
	struct unit *units;
	int unit_count;
	int64_t backoff_us; /* longest wait for a dead unit, in real time */
	pthread_t thread;
	bool has_thread;
	int news_fd; /* readable once the worker is to end, or to ask at once */
	atomic_bool is_stopping, is_handed_over;

	pthread_mutex_t
		lock; /* guards the queue below and what units show; nothing else is shared */
	struct meter_event *queue;
	int head, count;
	uint64_t dropped;
};

/* ---- the queue ---- */

static void push(struct meter_poller *p, const struct meter_event *event)
{
	pthread_mutex_lock(&p->lock);
	if (p->count == QUEUE_SIZE) {
		p->head = (p->head + 1) % QUEUE_SIZE;
		p->count--;
		p->dropped++;
	}
	p->queue[(p->head + p->count++) % QUEUE_SIZE] = *event;
	pthread_mutex_unlock(&p->lock);
	if (p->config.wake)
		p->config.wake(p->config.wake_arg);
}

static bool pop(struct meter_poller *p, struct meter_event *out)
{
	pthread_mutex_lock(&p->lock);
	bool has_one = p->count > 0;
	if (has_one) {
		*out = p->queue[p->head];
		p->head = (p->head + 1) % QUEUE_SIZE;
		p->count--;
	}
	pthread_mutex_unlock(&p->lock);
	return has_one;
}

int meter_poller_drain(
	struct meter_poller *p, void (*fn)(void *arg, const struct meter_event *event), void *arg)
{
	struct meter_event event;
	int n = 0;
	/* No more than were there at the start could be: a fast worker must not hold the loop. */
	while (n < QUEUE_SIZE && pop(p, &event)) {
		fn(arg, &event);
		n++;
	}
	return n;
}

uint64_t meter_poller_dropped(struct meter_poller *p)
{
	pthread_mutex_lock(&p->lock);
	uint64_t dropped = p->dropped;
	pthread_mutex_unlock(&p->lock);
	return dropped;
}

/* ---- the worker ---- */

static enum meter_result read_registers(struct meter_poller *p, struct unit *u,
	enum meter_function function, int address, int count, uint16_t *out)
{
	const struct meter_link_config *c = &p->config.link;
	int64_t start = c->mono_us();
	enum meter_result result =
		meter_link_read(p->link, u->row.unit, function, address, count, out);
	meter_stats_add(
		&u->stats, result, c->mono_us() - start, c->wall_ms(), meter_link_error(p->link));
	return result;
}

static enum meter_result read_batch(
	struct meter_poller *p, struct unit *u, int batch, struct meter_reading *out)
{
	const struct meter_batch *b = &u->plan.batches[batch];
	uint16_t registers[METER_READ_MAX];
	enum meter_result result =
		read_registers(p, u, u->map->function, b->address, b->count, registers);
	if (result != METER_OK)
		return result;
	meter_plan_decode(&u->plan, batch, registers, out);
	meter_plan_raw(&u->plan, batch, registers, u->table.rows + u->table.count);
	u->table.count += b->rows;
	return METER_OK;
}

/* Reads all batches; the first failure ends it, so a dead unit costs one timeout and a reading is
 * never half old. */
static enum meter_result read_unit(
	struct meter_poller *p, struct unit *u, struct meter_reading *out)
{
	enum meter_result result = METER_OK;
	u->table.count = 0;
	for (int i = 0; i < u->plan.batch_count && result == METER_OK; i++) {
		if (atomic_load(&p->is_stopping))
			return METER_DOWN;
		result = read_batch(p, u, i, out);
	}
	return result;
}

/* Some meters refuse a request that touches a register they lack, so the gaps are given up. */
static bool give_up_gaps(struct meter_poller *p, struct unit *u, enum meter_result result)
{
	bool is_refused = result == METER_EXCEPTION && meter_link_exception(p->link) == BAD_ADDRESS;
	if (!is_refused || !u->map || u->plan.max_gap == 0)
		return false;
	meter_plan_make(u->map, 0, &u->plan);
	return true;
}

/* ---- SunSpec ---- */

struct looking {
	struct meter_poller *p;
	struct unit *u;
};

static enum meter_result look(void *arg, int address, int count, uint16_t *out)
{
	struct looking *l = arg;
	if (atomic_load(&l->p->is_stopping))
		return METER_DOWN;
	return read_registers(l->p, l->u, METER_FUNCTION_HOLDING, address, count, out);
}

static enum meter_result discover(struct meter_poller *p, struct unit *u)
{
	struct looking l = {p, u};
	struct sunspec_device device;
	char why[200] = "";
	u->map = NULL;
	enum meter_result result = sunspec_discover(look, &l, &device, why);
	if (result == METER_OK && sunspec_map_make(u->row.sunspec, &device, u->row.sunspec_model,
					  u->row.sunspec_instance, &u->made, why) < 0)
		result = METER_GARBLED;
	if (result == METER_GARBLED)
		snprintf(u->stats.last_error, sizeof(u->stats.last_error), "%.119s", why);
	if (result != METER_OK)
		return result;
	u->map = &u->made.map;
	u->made_at = meter_link_stats(p->link)->connects;
	snprintf(u->table.about, sizeof(u->table.about), "%s", u->made.about);
	meter_plan_make(u->map, METER_GAP, &u->plan);
	return METER_OK;
}

/* A device that was away may be another one, or have other models now. */
static bool is_to_discover(struct meter_poller *p, const struct unit *u)
{
	return !u->row.map && (!u->map || u->made_at != meter_link_stats(p->link)->connects);
}

static enum meter_result read_whole(
	struct meter_poller *p, struct unit *u, struct meter_reading *out)
{
	enum meter_result result = is_to_discover(p, u) ? discover(p, u) : METER_OK;
	if (result == METER_OK)
		result = read_unit(p, u, out);
	if (give_up_gaps(p, u, result)) {
		memset(out, 0, sizeof(*out));
		result = read_unit(p, u, out);
	}
	/* Its models are not where they were: look anew next time. */
	if (result == METER_EXCEPTION && !u->row.map)
		u->map = NULL;
	return result;
}

/* When to ask again: the period, doubled with each failure of a unit that does not answer. */
static int64_t next_due(struct meter_poller *p, struct unit *u, enum meter_result result)
{
	int64_t now = p->config.link.mono_us();
	if (result == METER_BROKEN || result == METER_DOWN) {
		/* The link failed, which says nothing about this unit. */
		int64_t retry = meter_link_retry_us(p->link);
		return retry > now + u->period_us ? retry : now + u->period_us;
	}
	if (result == METER_OK) {
		u->failures = 0;
		int64_t due = u->due_us + u->period_us;
		return due > now ? due : now + u->period_us;
	}
	int64_t wait = u->period_us;
	for (int i = 0; i < u->failures && wait < p->backoff_us; i++)
		wait *= 2;
	if (wait > p->backoff_us)
		wait = u->period_us > p->backoff_us ? u->period_us : p->backoff_us;
	if (u->failures < 30)
		u->failures++;
	return now + wait;
}

static void show(struct meter_poller *p, struct unit *u, int64_t at_ms)
{
	u->table.at_ms = at_ms;
	pthread_mutex_lock(&p->lock);
	u->shown = u->table;
	pthread_mutex_unlock(&p->lock);
}

bool meter_poller_table(struct meter_poller *p, int key, struct meter_table *out)
{
	bool is_found = false;
	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < p->unit_count && !is_found; i++) {
		is_found = p->units[i].row.key == key;
		if (is_found)
			*out = p->units[i].shown;
	}
	pthread_mutex_unlock(&p->lock);
	return is_found;
}

/* Not one of those by which a gateway says that nobody answers behind it (10, 11), nor of a device
 * that is busy or broken (4 to 8). */
static bool is_refused(const struct meter_poller *p, const struct unit *u, enum meter_result result)
{
	/* It answers, and has no SunSpec, or not the model that is asked for. */
	if (result == METER_GARBLED && !u->row.map && !u->map)
		return true;
	return result == METER_EXCEPTION && meter_link_exception(p->link) <= BAD_VALUE;
}

static void poll_unit(struct meter_poller *p, struct unit *u)
{
	struct meter_event event;
	memset(&event, 0, sizeof(event));
	event.key = u->row.key;
	event.result = read_whole(p, u, &event.reading);
	event.is_refused = is_refused(p, u, event.result);
	if (atomic_load(&p->is_stopping))
		return;
	if (event.result == METER_OK) {
		double ratio = u->row.ratio > 0 ? u->row.ratio : 1;
		event.reading.at_ms = p->config.link.wall_ms();
		meter_reading_mount(&event.reading, ratio, u->row.is_reversed);
		/* What is commanded may do the same for as long as it is told the same; whether it does
		 * is known to who commands it. */
		meter_history_check(
			&u->history, &event.reading, u->lease.told.is_on ? 0 : p->config.frozen_ms);
		show(p, u, event.reading.at_ms);
	} else {
		memset(&event.reading, 0, sizeof(event.reading));
	}
	event.stats = u->stats;
	u->due_us = next_due(p, u, event.result);
	push(p, &event);
}

bool meter_poller_ask(struct meter_poller *p, int key)
{
	for (int i = 0; i < p->unit_count; i++) {
		if (p->units[i].row.key != key)
			continue;
		atomic_store(&p->units[i].is_asked, true);
		eventfd_write(p->news_fd, 1);
		return true;
	}
	return false;
}

/* What a person asks for is not waited for, be it the unit or the link that failed. */
static void take_asked(struct meter_poller *p)
{
	for (int i = 0; i < p->unit_count; i++) {
		if (!atomic_exchange(&p->units[i].is_asked, false))
			continue;
		p->units[i].failures = 0;
		p->units[i].due_us = 0;
		meter_link_retry_now(p->link);
	}
}

/* ---- what storages are told ---- */

bool meter_poller_command(struct meter_poller *p, int key, const struct meter_command *c)
{
	bool is_found = false, is_news = false;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < p->unit_count && !is_found; i++) {
		struct unit *u = &p->units[i];

		is_found = u->row.key == key && u->is_commandable;
		if (!is_found)
			continue;
		is_news = u->command.is_on != c->is_on || (c->is_on && u->command.w != c->w);
		u->is_new |= is_news;
		u->command = *c;
	}
	pthread_mutex_unlock(&p->lock);
	if (is_news)
		eventfd_write(p->news_fd, 1);
	return is_found;
}

bool meter_poller_told(struct meter_poller *p, int key, struct meter_told *out)
{
	bool is_found = false;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < p->unit_count && !is_found; i++) {
		is_found = p->units[i].row.key == key && p->units[i].is_commandable;
		if (is_found)
			*out = p->units[i].told;
	}
	pthread_mutex_unlock(&p->lock);
	return is_found;
}

/* Tells all that is due; when the next of it is. */
static int64_t tell(struct meter_poller *p)
{
	const struct meter_link_config *c = &p->config.link;
	int64_t next = INT64_MAX;

	for (int i = 0; i < p->unit_count && !atomic_load(&p->is_stopping); i++) {
		struct unit *u = &p->units[i];
		struct meter_command command;

		if (!u->is_commandable)
			continue;
		pthread_mutex_lock(&p->lock);
		command = u->command;
		if (u->is_new)
			u->lease.due_us = 0;
		u->is_new = false;
		pthread_mutex_unlock(&p->lock);
		meter_lease_run(&u->lease, &command, p->link, c->mono_us(), c->wall_ms());
		pthread_mutex_lock(&p->lock);
		u->told = u->lease.told;
		pthread_mutex_unlock(&p->lock);
		int64_t due = meter_lease_due_us(&u->lease, &command, c->mono_us());
		next = due < next ? due : next;
	}
	return next;
}

void meter_poller_hand_over(struct meter_poller *p)
{
	atomic_store(&p->is_handed_over, true);
}

/* Whoever was commanded may go its own way. */
static void let_go(struct meter_poller *p)
{
	for (int i = 0; i < p->unit_count; i++)
		if (p->units[i].is_commandable)
			meter_lease_end(&p->units[i].lease, p->link);
}

static struct unit *most_urgent(struct meter_poller *p)
{
	struct unit *best = &p->units[0];
	for (int i = 1; i < p->unit_count; i++) {
		if (p->units[i].due_us < best->due_us)
			best = &p->units[i];
	}
	return best;
}

/* Waits until `due_us` or the stop; a whole millisecond at least is rounded up. */
static void wait_until(struct meter_poller *p, int64_t due_us)
{
	int64_t left = due_us - p->config.link.mono_us();
	if (left <= 0)
		return;
	struct pollfd news = {.fd = p->news_fd, .events = POLLIN};
	int64_t ms = (left + 999) / 1000;
	eventfd_t value;
	if (poll(&news, 1, ms < 60000 ? (int)ms : 60000) > 0)
		eventfd_read(p->news_fd, &value);
}

static void *work(void *arg)
{
	struct meter_poller *p = arg;
	while (!atomic_load(&p->is_stopping)) {
		take_asked(p);
		int64_t tell_us = tell(p);
		struct unit *u = most_urgent(p);
		if (u->due_us <= p->config.link.mono_us())
			poll_unit(p, u);
		else
			wait_until(p, u->due_us < tell_us ? u->due_us : tell_us);
	}
	if (!atomic_load(&p->is_handed_over))
		let_go(p);
	return NULL;
}

/* ---- life ---- */

static void start_units(struct meter_poller *p)
{
	double speed = p->config.speed > 0 ? p->config.speed : 1;
	int64_t now = p->config.link.mono_us();
	p->backoff_us = (int64_t)(BACKOFF_MAX / speed);
	if (p->backoff_us < BACKOFF_MIN)
		p->backoff_us = BACKOFF_MIN;
	for (int i = 0; i < p->unit_count; i++) {
		struct unit *u = &p->units[i];
		u->row = p->config.units[i];
		u->period_us = (int64_t)(u->row.poll_ms * 1000.0 / speed);
		if (u->period_us < PERIOD_MIN)
			u->period_us = PERIOD_MIN;
		u->due_us = now;
		u->map = u->row.map;
		if (u->map)
			meter_plan_make(u->map, METER_GAP, &u->plan);
		u->is_commandable = u->map && u->map->setpoint;
		if (u->is_commandable)
			meter_lease_init(&u->lease, u->map, u->row.unit, speed);
		meter_history_init(&u->history);
		u->history.balance.odd = u->row.odd;
		u->history.balance.is_power_low = u->row.is_power_low;
	}
}

struct meter_poller *meter_poller_create(const struct meter_poller_config *config, char why[200])
{
	struct meter_poller *p = calloc(1, sizeof(*p));
	if (!p)
		goto no_memory;
	p->config = *config;
	p->unit_count = config->unit_count;
	p->news_fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	p->queue = calloc(QUEUE_SIZE, sizeof(*p->queue));
	p->units = calloc(
		(size_t)(config->unit_count > 0 ? config->unit_count : 1), sizeof(*p->units));
	if (!p->queue || !p->units)
		goto no_memory;
	if (config->unit_count < 1) {
		snprintf(why, 200, "a poller needs a unit to poll");
		goto fail;
	}
	p->link = meter_link_create(&config->link, why);
	if (!p->link)
		goto fail;
	start_units(p);
	p->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->news_fd < 0 || pthread_create(&p->thread, NULL, work, p) != 0) {
		snprintf(why, 200, "cannot start the poller of %.100s", meter_link_name(p->link));
		goto fail;
	}
	p->has_thread = true;
	return p;
no_memory:
	snprintf(why, 200, "out of memory");
fail:
	meter_poller_destroy(p);
	return NULL;
}

const char *meter_poller_name(const struct meter_poller *p)
{
	return meter_link_name(p->link);
}

void meter_poller_destroy(struct meter_poller *p)
{
	if (!p)
		return;
	atomic_store(&p->is_stopping, true);
	if (p->has_thread) {
		eventfd_write(p->news_fd, 1);
		pthread_join(p->thread, NULL);
	}
	if (p->news_fd >= 0)
		close(p->news_fd);
	meter_link_destroy(p->link);
	pthread_mutex_destroy(&p->lock);
	free(p->queue);
	free(p->units);
	free(p);
}
