#include "csms/metering/scans.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/clock.h"
#include "csms/log.h"
#include "csms/metering/meter_place.h"
#include "csms/record.h"

struct scans {
	struct core *core;
	struct scan *items[SCANS_KEPT]; /* newest first */
	int count;
};

/* -- where it may go -------------------------------------------------------------------------- */

/* The meter that uses the device, NULL: none. */
static const char *user_of(const struct depot_file *d, const char *device)
{
	for (size_t i = 0; i < d->meters.count; i++)
		if (d->meters.items[i].rtu && strcmp(d->meters.items[i].rtu->device, device) == 0)
			return d->meters.items[i].id;
	return NULL;
}

int scans_judge(const struct core *c, const struct scan_order *o, char why[300])
{
	const struct depot_file *d = c->depot;
	const char *user;

	if (o->first > o->last) {
		snprintf(why, 300, "first_unit %d is above last_unit %d", o->first, o->last);
		return -1;
	}
	if (!o->host == !o->device) {
		snprintf(why, 300, "name either a host or a device");
		return -1;
	}
	if (o->host ? meter_place_host(c, o->host, why) : meter_place_device(o->device, why))
		return -1;
	user = o->device ? user_of(d, o->device) : NULL;
	if (user) {
		snprintf(why, 300,
			"%.100s is the bus of meter %.60s: two masters would disturb each other; take "
			"its meters out of the depot first",
			o->device, user);
		return -1;
	}
	return 0;
}

/* -- their life ------------------------------------------------------------------------------- */

struct scans *scans_create(struct core *c)
{
	struct scans *s = calloc(1, sizeof *s);

	if (s)
		s->core = c;
	return s;
}

static bool is_running(const struct scan *x)
{
	struct meter_scan_state state;

	meter_scan_look(x->scan, &state);
	return !state.is_over;
}

static void free_scan(struct scan *x)
{
	meter_scan_destroy(x->scan);
	free(x);
}

/* Makes room for one more: the oldest that is over goes. More than SCANS_RUNNING never run. */
static void make_room(struct scans *s)
{
	for (int i = s->count - 1; s->count == SCANS_KEPT && i >= 0; i--) {
		if (is_running(s->items[i]))
			continue;
		free_scan(s->items[i]);
		s->count--;
		memmove(&s->items[i], &s->items[i + 1],
			(size_t)(s->count - i) * sizeof(struct scan *));
	}
}

static int64_t wall_ms(void)
{
	return clock_wall().ms;
}

static struct meter_scan_config config_of(const struct scans *s, const struct scan_order *o)
{
	return (struct meter_scan_config){
		.link = {.host = o->host,
			.port = o->port,
			.device = o->device,
			.baud = o->baud,
			.parity = o->parity,
			.stop_bits = o->stop_bits,
			.timeout_ms = o->timeout_ms,
			.mono_us = clock_real_us,
			.wall_ms = wall_ms},
		.first = o->first,
		.last = o->last,
		.maps = o->is_identifying ? s->core->meter_maps : NULL,
	};
}

static void journal(
	struct scans *s, const struct scan *x, const struct scan_order *o, const char *actor)
{
	struct arena *a = record_arena(s->core);
	struct event_meter_scan_started *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_meter_scan_started){.scan = arena_strndup(a, x->id, strlen(x->id)),
		.link = arena_strndup(a, x->link, strlen(x->link)),
		.first_unit = o->first,
		.last_unit = o->last};
	record_now(
		s->core, EVENT_METER_SCAN_STARTED, "depot", s->core->depot->depot, e, actor, NULL);
	log_info("meters: %s scans %s, units %d to %d", actor, x->link, o->first, o->last);
}

const struct scan *scans_start(
	struct scans *s, const struct scan_order *o, const char *actor, int *status, char why[300])
{
	struct meter_scan_config cfg = config_of(s, o);
	struct scan *x;
	int running = 0;

	*status = 400;
	if (scans_judge(s->core, o, why))
		return NULL;
	for (int i = 0; i < s->count; i++)
		running += is_running(s->items[i]);
	*status = 409;
	if (running >= SCANS_RUNNING) {
		snprintf(why, 300, "%d scans are running: wait, or cancel one", running);
		return NULL;
	}
	make_room(s);
	*status = 503;
	x = calloc(1, sizeof *x);
	snprintf(why, 300, "out of memory");
	if (!x)
		return NULL;
	x->started = clock_wall();
	ocpp_message_ids_next(&s->core->ids, x->started.ms, x->id);
	if (o->host)
		snprintf(x->link, sizeof x->link, "tcp %.253s:%d", o->host, o->port);
	else
		snprintf(x->link, sizeof x->link, "rtu %.200s %d", o->device, o->baud);
	x->scan = meter_scan_create(&cfg, why);
	if (!x->scan) {
		free(x);
		return NULL;
	}
	memmove(&s->items[1], &s->items[0], (size_t)s->count * sizeof(struct scan *));
	s->items[0] = x;
	s->count++;
	journal(s, x, o, actor);
	return x;
}

const struct scan *scans_find(const struct scans *s, const char *id)
{
	for (int i = 0; i < s->count; i++)
		if (strcmp(s->items[i]->id, id) == 0)
			return s->items[i];
	return NULL;
}

const struct scan *scans_at(const struct scans *s, int index)
{
	return index < s->count ? s->items[index] : NULL;
}

void scans_destroy(struct scans *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->count; i++)
		meter_scan_cancel(s->items[i]->scan);
	for (int i = 0; i < s->count; i++)
		free_scan(s->items[i]);
	free(s);
}
