#include "modbus/meter_scan.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UNITS_MAX 248
#define FAILURES  3 /* connections that fail in a row end the scan */
/* Exceptions of a gateway that has no such unit: path unavailable, no answer. */
#define GATEWAY_PATH   10
#define GATEWAY_TARGET 11

struct meter_scan {
	struct meter_scan_config config;
	char *host, *device, *folder;
	struct meter_link *link;
	struct arena *arena; /* of the maps */
	const struct meter_map *maps[METER_SCAN_FAMILIES];
	int map_count;
	const struct meter_sunspec *models;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_stopping;
	pthread_mutex_t lock; /* guards all below */
	struct meter_scan_state state;
	struct meter_scan_unit *units;
};

/* ---- the register maps ---- */

static int is_map(const struct dirent *d)
{
	size_t len = strlen(d->d_name);
	return len > 5 && len < 100 && strcmp(d->d_name + len - 5, ".yaml") == 0;
}

/* A map that cannot be read is left out: the scan is for finding, not for judging files. */
static void load_one(struct meter_scan *s, const char *name)
{
	char path[700], why[400];
	snprintf(path, sizeof(path), "%.500s/%.100s", s->folder, name);
	if (strcmp(name, "sunspec.yaml") == 0) {
		s->models = sunspec_load(path, s->arena, why);
		return;
	}
	const struct meter_map *map = meter_map_load(path, s->arena, why);
	if (map && s->map_count < METER_SCAN_FAMILIES)
		s->maps[s->map_count++] = map;
}

static void load_maps(struct meter_scan *s)
{
	struct dirent **names = NULL;
	int count = s->folder ? scandir(s->folder, &names, is_map, alphasort) : 0;
	for (int i = 0; i < count; i++) {
		load_one(s, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

/* ---- one unit ---- */

struct asking {
	struct meter_scan *s;
	int unit;
};

static void rest_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

/* A link that lost its gateway waits before it connects again, and so does the scan. */
static void wait_for_link(struct meter_scan *s)
{
	for (;;) {
		int64_t left = meter_link_retry_us(s->link) - s->config.link.mono_us();
		if (left <= 0 || atomic_load(&s->is_stopping))
			return;
		rest_ms(left / 1000 < 50 ? left / 1000 + 1 : 50);
	}
}

static enum meter_result ask_unit(
	void *arg, enum meter_function function, int address, int count, uint16_t *out)
{
	struct asking *a = arg;
	if (atomic_load(&a->s->is_stopping))
		return METER_DOWN;
	enum meter_result result =
		meter_link_read(a->s->link, a->unit, function, address, count, out);
	if (result == METER_DOWN || result == METER_BROKEN)
		wait_for_link(a->s);
	return result;
}

static bool is_from_gateway(const struct meter_scan *s, enum meter_result result)
{
	int code = meter_link_exception(s->link);
	return result == METER_EXCEPTION && (code == GATEWAY_PATH || code == GATEWAY_TARGET);
}

/* Whatever a unit answers, it is there: register 0 by both functions, since some meters say nothing
 * to a function that they lack. */
static enum meter_result knock(struct asking *a, struct meter_scan_unit *out)
{
	static const enum meter_function functions[] = {
		METER_FUNCTION_INPUT, METER_FUNCTION_HOLDING};
	enum meter_result result = METER_TIMEOUT;
	bool is_refused = false;
	uint16_t word[2];
	for (int i = 0; i < 2; i++) {
		int64_t start = a->s->config.link.mono_us();
		result = ask_unit(a, functions[i], 0, 2, word);
		out->latency_us = a->s->config.link.mono_us() - start;
		if (result == METER_OK || result == METER_BROKEN || result == METER_DOWN)
			return result;
		if (is_from_gateway(a->s, result))
			return METER_TIMEOUT;
		is_refused |= result == METER_EXCEPTION;
	}
	return is_refused ? METER_EXCEPTION : result;
}

static void add_unit(struct meter_scan *s, const struct meter_scan_unit *u)
{
	pthread_mutex_lock(&s->lock);
	s->units[s->state.found++] = *u;
	pthread_mutex_unlock(&s->lock);
	if (s->config.wake)
		s->config.wake(s->config.wake_arg);
}

static enum meter_result scan_unit(struct meter_scan *s, int unit)
{
	struct asking a = {s, unit};
	struct meter_scan_unit found = {.unit = unit};
	enum meter_result result = knock(&a, &found);
	if (result != METER_OK && result != METER_EXCEPTION)
		return result;
	found.is_refusing = result == METER_EXCEPTION;
	if (s->folder)
		found.guess_count = meter_identify(
			ask_unit, &a, s->models, s->maps, s->map_count, found.guesses);
	found.is_refusing &= found.guess_count == 0;
	add_unit(s, &found);
	return METER_OK;
}

/* ---- the thread ---- */

static void end(struct meter_scan *s, const char *error)
{
	pthread_mutex_lock(&s->lock);
	s->state.is_over = true;
	s->state.is_cancelled = atomic_load(&s->is_stopping) && s->state.next <= s->config.last;
	snprintf(s->state.error, sizeof(s->state.error), "%s", error);
	pthread_mutex_unlock(&s->lock);
	if (s->config.wake)
		s->config.wake(s->config.wake_arg);
}

static void *work(void *arg)
{
	struct meter_scan *s = arg;
	int failures = 0;
	load_maps(s);
	for (int unit = s->config.first; unit <= s->config.last;) {
		pthread_mutex_lock(&s->lock);
		s->state.next = unit;
		pthread_mutex_unlock(&s->lock);
		if (atomic_load(&s->is_stopping))
			break;
		enum meter_result result = scan_unit(s, unit);
		bool is_lost = result == METER_BROKEN || result == METER_DOWN;
		failures = is_lost ? failures + 1 : 0;
		if (failures >= FAILURES && !atomic_load(&s->is_stopping)) {
			end(s, meter_link_error(s->link));
			return NULL;
		}
		unit += is_lost ? 0 : 1;
		pthread_mutex_lock(&s->lock);
		s->state.next = unit;
		pthread_mutex_unlock(&s->lock);
	}
	end(s, "");
	return NULL;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

struct meter_scan *meter_scan_create(const struct meter_scan_config *config, char why[200])
{
	struct meter_scan *s = calloc(1, sizeof(*s));
	snprintf(why, 200, "out of memory");
	if (!s)
		return NULL;
	s->config = *config;
	s->host = copy(config->link.host);
	s->device = copy(config->link.device);
	s->folder = copy(config->maps);
	s->config.link.host = s->host;
	s->config.link.device = s->device;
	s->state.first = s->state.next = config->first;
	s->state.last = config->last;
	pthread_mutex_init(&s->lock, NULL);
	s->arena = arena_create(0);
	s->units = calloc(UNITS_MAX, sizeof(*s->units));
	if (!s->arena || !s->units)
		goto fail;
	if (config->first < 0 || config->last >= UNITS_MAX || config->first > config->last) {
		snprintf(why, 200, "units must be from 0 to 247, the first not above the last");
		goto fail;
	}
	s->link = meter_link_create(&s->config.link, why);
	if (!s->link)
		goto fail;
	if (pthread_create(&s->thread, NULL, work, s) != 0) {
		snprintf(why, 200, "cannot start a thread for the scan");
		goto fail;
	}
	s->has_thread = true;
	return s;
fail:
	meter_scan_destroy(s);
	return NULL;
}

void meter_scan_look(struct meter_scan *s, struct meter_scan_state *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->state;
	pthread_mutex_unlock(&s->lock);
}

bool meter_scan_unit(struct meter_scan *s, int index, struct meter_scan_unit *out)
{
	pthread_mutex_lock(&s->lock);
	bool is_there = index >= 0 && index < s->state.found;
	if (is_there)
		*out = s->units[index];
	pthread_mutex_unlock(&s->lock);
	return is_there;
}

void meter_scan_cancel(struct meter_scan *s)
{
	atomic_store(&s->is_stopping, true);
}

void meter_scan_destroy(struct meter_scan *s)
{
	if (!s)
		return;
	meter_scan_cancel(s);
	if (s->has_thread)
		pthread_join(s->thread, NULL);
	meter_link_destroy(s->link);
	arena_destroy(s->arena);
	pthread_mutex_destroy(&s->lock);
	free(s->units);
	free(s->host);
	free(s->device);
	free(s->folder);
	free(s);
}
