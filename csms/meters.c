#include "csms/meters.h"
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <string.h>
#include "csms/clock.h"
#include "csms/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "modbus/meter_poller.h"

#define FROZEN_MS 300000 /* registers that never move for so long are not believed */

struct meters {
	struct core *core;
	struct arena *arena;
	struct meter *items;
	int count;
	struct meter_poller **pollers; /* one a link */
	int poller_count;
	struct loop_wake *wake;
	uint64_t revision;
	char **texts; /* [count] rows as they were read */
	pthread_t retiring; /* stops the pollers, who may wait for a slow meter */
	bool is_retiring;
	struct meters *older; /* that retire */
};

static int64_t wall_ms(void)
{
	return clock_wall().ms;
}

/* -- readings --------------------------------------------------------------------------------- */

static void keep_samples(struct meters *m, const struct meter *k)
{
	static const struct {
		enum meter_quantity q;
		const char *name;
	} kept[] = {
		{METER_QUANTITY_POWER_W, "power_w"},
		{METER_QUANTITY_IMPORT_WH, "import_wh"},
		{METER_QUANTITY_EXPORT_WH, "export_wh"},
	};
	char point[120];
	double v;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (!meter_reading_get(&k->last, kept[i].q, &v))
			continue;
		snprintf(point, sizeof point, "meter/%s/%s", k->row->id, kept[i].name);
		record_sample(m->core, point, k->last_at, v, 0);
	}
}

void meters_put(struct meters *m, int index, const struct meter_reading *reading)
{
	struct meter *k = &m->items[index];
	double power;

	if (!meter_reading_get(reading, METER_QUANTITY_POWER_W, &power))
		return;
	if (!k->last_at.ms)
		log_info("meter %s: first reading, %.0f W", k->row->id, power);
	k->revision = ++m->revision;
	k->last = *reading;
	k->last_at = (wall_t){reading->at_ms};
	keep_samples(m, k);
	if (m->core->control)
		control_load_changed(m->core->control);
}

static void on_event(void *arg, const struct meter_event *e)
{
	struct meters *m = arg;

	m->items[e->key].stats = e->stats;
	m->items[e->key].revision = ++m->revision;
	if (e->result == METER_OK)
		meters_put(m, e->key, &e->reading);
}

/* Its pollers have ended: takes it out of the chain of those that retire. */
static void retired(struct meters *m)
{
	struct meters **at = &m->core->meters->older;

	while (*at != m)
		at = &(*at)->older;
	*at = m->older;
	m->older = NULL;
	meters_destroy(m);
}

static void drain(void *arg)
{
	struct meters *m = arg;

	if (m->is_retiring) {
		retired(m);
		return;
	}
	for (int i = 0; i < m->poller_count; i++)
		meter_poller_drain(m->pollers[i], on_event, m);
}

/* Called on a poller's thread. */
static void wake(void *arg)
{
	loop_wake_send(arg);
}

/* -- start ------------------------------------------------------------------------------------ */

static bool same_link(const struct depot_meter *a, const struct depot_meter *b)
{
	if (a->tcp && b->tcp)
		return strcmp(a->tcp->host, b->tcp->host) == 0 && a->tcp->port == b->tcp->port;
	return a->rtu && b->rtu && strcmp(a->rtu->device, b->rtu->device) == 0;
}

static void fill_link(const struct depot_meter *row, struct meter_link_config *link)
{
	memset(link, 0, sizeof *link);
	if (row->tcp) {
		link->host = row->tcp->host;
		link->port = (int)row->tcp->port;
	} else {
		link->device = row->rtu->device;
		link->baud = (int)row->rtu->baud;
		link->parity = row->rtu->parity == DEPOT_PARITY_NONE   ? 'N'
			       : row->rtu->parity == DEPOT_PARITY_EVEN ? 'E'
								       : 'O';
		link->stop_bits = (int)row->rtu->stop_bits;
	}
	link->timeout_ms = (int)row->timeout_ms;
	link->wall_ms = wall_ms;
	link->mono_us = clock_real_us;
}

/* One poller for all meters on the link of meter `first`. */
static int start_link(struct meters *m, int first, char why[400])
{
	const struct depot_file *d = m->core->depot;
	struct meter_poller_unit *units = calloc((size_t)m->count, sizeof *units);
	struct meter_poller_config cfg = {
		.units = units,
		.speed = clock_speed(),
		.frozen_ms = FROZEN_MS,
		.wake = wake,
		.wake_arg = m->wake,
	};
	char words[200] = "out of memory";
	struct meter_poller *p;

	for (int i = first; units && i < m->count; i++)
		if (same_link(&d->meters.items[first], &d->meters.items[i]))
			units[cfg.unit_count++] = (struct meter_poller_unit){m->items[i].map,
				(int)d->meters.items[i].unit, (int)d->meters.items[i].poll_ms, i};
	fill_link(&d->meters.items[first], &cfg.link);
	p = units ? meter_poller_create(&cfg, words) : NULL;
	free(units);
	if (!p) {
		snprintf(why, 400, "meter %s: %s", d->meters.items[first].id, words);
		return -1;
	}
	m->pollers[m->poller_count++] = p;
	return 0;
}

static bool is_first_of_link(const struct depot_file *d, int i)
{
	for (int j = 0; j < i; j++)
		if (same_link(&d->meters.items[j], &d->meters.items[i]))
			return false;
	return true;
}

static int node_of(const struct depot_file *d, const char *meter)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (d->nodes.items[i].meter && strcasecmp(d->nodes.items[i].meter, meter) == 0)
			return (int)i;
	return -1;
}

static char *text_of(const struct depot_meter *row, struct arena *a)
{
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	if (schema_encode(&depot_meter_type, row, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

static int load_maps(struct meters *m, const char *dir, char why[400])
{
	const struct depot_file *d = m->core->depot;
	char path[700];

	m->texts = arena_alloc(m->arena, ((size_t)m->count + 1) * sizeof *m->texts);
	if (!m->texts)
		return -1;

	for (int i = 0; i < m->count; i++) {
		struct meter *k = &m->items[i];

		k->row = &d->meters.items[i];
		k->node = node_of(d, k->row->id);
		m->texts[i] = text_of(k->row, m->arena);
		if (!m->texts[i])
			return -1;
		snprintf(path, sizeof path, "%s/%s.yaml", dir, k->row->map);
		k->map = meter_map_load(path, m->arena, why);
		if (!k->map)
			return -1;
	}
	return 0;
}

static int start(struct meters *m, char why[400])
{
	if (load_maps(m, m->core->meter_maps, why))
		return -1;
	for (int i = 0; m->core->loop && i < m->count; i++)
		if (is_first_of_link(m->core->depot, i) && start_link(m, i, why))
			return -1;
	return 0;
}

struct meters *meters_create(struct core *c, char why[400])
{
	struct meters *m = calloc(1, sizeof *m);
	size_t n = c->depot->meters.count;

	snprintf(why, 400, "out of memory");
	if (!m)
		return NULL;
	m->core = c;
	m->count = (int)n;
	m->arena = arena_create(0);
	m->items = calloc(n + 1, sizeof *m->items);
	m->pollers = calloc(n + 1, sizeof(struct meter_poller *));
	m->wake = c->loop ? loop_wake_create(c->loop, drain, m) : NULL;
	if (!m->arena || !m->items || !m->pollers || (c->loop && !m->wake) || start(m, why)) {
		meters_destroy(m);
		return NULL;
	}
	return m;
}

int meters_count(const struct meters *m)
{
	return m->count;
}

const struct meter *meters_at(const struct meters *m, int index)
{
	return &m->items[index];
}

void meters_destroy(struct meters *m)
{
	if (!m)
		return;
	meters_destroy(m->older);
	if (m->is_retiring)
		pthread_join(m->retiring, NULL);
	for (int i = 0; i < m->poller_count; i++)
		meter_poller_destroy(m->pollers[i]);
	if (m->wake)
		loop_wake_destroy(m->wake);
	arena_destroy(m->arena);
	free(m->pollers);
	free(m->items);
	free(m);
}

/* -- another description ---------------------------------------------------------------------- */

/* True if the rows are the same; the meters then have them from the new description. */
static bool take_rows(struct meters *m, const struct depot_file *d)
{
	struct arena *a = arena_create(0);
	bool same = a && m->count == (int)d->meters.count;

	for (int i = 0; same && i < m->count; i++) {
		const char *text = text_of(&d->meters.items[i], a);

		same = text && strcmp(text, m->texts[i]) == 0;
	}
	for (int i = 0; same && i < m->count; i++) {
		m->items[i].row = &d->meters.items[i];
		m->items[i].node = node_of(d, m->items[i].row->id);
	}
	arena_destroy(a);
	return same;
}

static void keep_readings(struct meters *fresh, const struct meters *old)
{
	fresh->revision = old->revision + 1;
	for (int i = 0; i < fresh->count; i++)
		for (int j = 0; j < old->count; j++) {
			struct meter *k = &fresh->items[i];

			k->revision = fresh->revision;
			if (strcmp(fresh->texts[i], old->texts[j]) != 0)
				continue;
			k->last = old->items[j].last;
			k->last_at = old->items[j].last_at;
			k->stats = old->items[j].stats;
		}
}

static void *retire(void *arg)
{
	struct meters *m = arg;

	for (int i = 0; i < m->poller_count; i++)
		meter_poller_destroy(m->pollers[i]);
	m->poller_count = 0;
	loop_wake_send(m->wake);
	return NULL;
}

/* A poller ends within its timeouts, which the loop cannot wait for: a thread does. */
int meters_reload(struct core *c, char why[400])
{
	struct meters *old = c->meters, *fresh;

	if (take_rows(old, c->depot))
		return 0;
	fresh = meters_create(c, why);
	if (!fresh)
		return -1;
	keep_readings(fresh, old);
	c->meters = fresh;
	old->is_retiring = old->wake && !pthread_create(&old->retiring, NULL, retire, old);
	if (old->is_retiring)
		fresh->older = old;
	else
		meters_destroy(old);
	return 0;
}

int meters_check(struct core *c, char why[400])
{
	struct core quiet = *c;
	struct meters *m;

	quiet.loop = NULL; /* maps only, no pollers */
	m = meters_create(&quiet, why);
	meters_destroy(m);
	return m ? 0 : -1;
}
