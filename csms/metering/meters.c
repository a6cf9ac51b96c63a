#include "csms/metering/meters.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/clock.h"
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "db/query_safety.h"
#include "modbus/meter_check.h"
#include "modbus/sunspec.h"

#define LINKS_LATER 32 /* for links that scans and changes of the depot make */
#define FROZEN_MS   300000 /* registers that never move for so long are not believed */
#define CHARGER_MS  60000 /* how often chargers are expected to send meter values */
#define SLOW_MS     10000 /* quantities that nothing is steered by are recorded this often */

struct meters {
	struct core *core;
	struct arena *arena;
	struct meter *items;
	int count;
	int modbus_count; /* the first so many are the depot's file's */
	struct meter_history *histories; /* of the chargers' */
	const struct meter_sunspec *sunspec; /* NULL: no meter needs it */
	struct meter_poller **pollers; /* one a link */
	int poller_count;
	struct loop_wake *wake;
	uint64_t revision;
	struct db_meter_doubt_list kept; /* what was known against them before the start */
	char **texts; /* [count] rows as they were read … */
	char **wires; /* … and without what does not change what they say: how often, called what */
	pthread_t retiring; /* stops the pollers, who may wait for a slow meter */
	bool is_retiring;
	struct meters *older; /* that retire */
};

static int64_t wall_ms(void)
{
	return clock_wall().ms;
}

/* -- readings --------------------------------------------------------------------------------- */

/* What is recorded of each reading; the rest, every SLOW_MS. */
static const bool is_fast[METER_QUANTITIES] = {
	[METER_QUANTITY_POWER_W] = true,
	[METER_QUANTITY_IMPORT_WH] = true,
	[METER_QUANTITY_EXPORT_WH] = true,
	[METER_QUANTITY_CURRENT_L1_A] = true,
	[METER_QUANTITY_CURRENT_L2_A] = true,
	[METER_QUANTITY_CURRENT_L3_A] = true,
};

static void keep_samples(struct meters *m, struct meter *k)
{
	bool is_slow_due = wall_diff_ms(k->seen_at, k->kept_at) >= SLOW_MS;
	char point[120];
	double v;

	for (int q = 0; q < METER_QUANTITIES; q++) {
		if (!(is_fast[q] || is_slow_due) ||
			!meter_reading_get(&k->seen, (enum meter_quantity)q, &v))
			continue;
		snprintf(point, sizeof point, "meter/%s/%s", k->row->id,
			meter_quantity_enum.values[q]);
		record_sample(m->core, point, k->seen_at, v, 0);
		image_put(&m->core->image,
			&(struct image_value){.name = point,
				.value = v,
				.unit = "",
				.measured_at = k->seen_at,
				.received_at = clock_wall(),
				.source = k->charger ? "station" : "modbus",
				.context = ""},
			true);
	}
	if (is_slow_due)
		k->kept_at = k->seen_at;
}

static void log_change(const struct meter *k, const struct meter_reading *reading)
{
	char before[200], after[200];
	struct meter next = *k;

	next.seen = *reading;
	meter_note(k, before);
	meter_note(&next, after);
	if (strcmp(before, after) == 0)
		return;
	if (after[0])
		log_warn("meter %s: %s", k->row->id, after);
	else
		log_info("meter %s: plausible again", k->row->id);
}

void meters_put(struct meters *m, int index, const struct meter_reading *reading)
{
	struct meter *k = &m->items[index];
	double power;
	bool has_power = meter_reading_get(reading, METER_QUANTITY_POWER_W, &power);

	if (has_power && !k->last_at.ms)
		log_info("meter %s: first reading, %.0f W", k->row->id, power);
	log_change(k, reading);
	k->revision = ++m->revision;
	k->seen = *reading;
	k->seen_at = (wall_t){reading->at_ms};
	k->seen_mono = reading_of(0, k->seen_at).mono;
	keep_samples(m, k);
	if (!has_power)
		return;
	if (!k->last_at.ms || meter_differs(&k->last, reading))
		k->moved = k->seen_mono;
	k->last = *reading;
	k->last_at = k->seen_at;
	k->last_mono = k->seen_mono;
	if (m->core->control)
		control_load_changed(m->core->control);
}

void meters_sampled(struct meters *m, const char *station, int evse,
	const struct ocpp201_meter_value_list *values, wall_t now)
{
	struct meter_reading r;

	for (int i = m->modbus_count; i < m->count; i++) {
		struct meter *k = &m->items[i];

		if (k->charger->evse != evse || strcmp(k->charger->station, station) != 0)
			continue;
		/* Values that a station kept while it was offline come late, and out of order. */
		if (!meter_ocpp_read(values, evse, (int)m->core->depot->voltage_v, now, &r) ||
			(r.at_ms <= k->seen_at.ms && k->seen_at.ms <= now.ms + CLOCK_STEP_MS))
			return;
		meter_history_check(&m->histories[i - m->modbus_count], &r, 0);
		meters_put(m, i, &r);
		return;
	}
}

int meters_find(const struct meters *m, const char *id)
{
	for (int i = 0; i < m->count; i++)
		if (strcasecmp(m->items[i].row->id, id) == 0)
			return i;
	return -1;
}

const char *meters_wire(const struct meters *m, int index)
{
	return m->wires[index];
}

bool meters_table(const struct meters *m, int index, struct meter_table *out)
{
	for (int i = 0; i < m->poller_count; i++)
		if (meter_poller_table(m->pollers[i], index, out))
			return out->at_ms != 0;
	return false;
}

bool meters_ask(const struct meters *m, int index)
{
	for (int i = 0; i < m->poller_count; i++)
		if (meter_poller_ask(m->pollers[i], index))
			return true;
	return false;
}

bool meters_command(const struct meters *m, int index, const struct meter_command *command)
{
	for (int i = 0; i < m->poller_count; i++)
		if (meter_poller_command(m->pollers[i], index, command))
			return true;
	return false;
}

bool meters_told(const struct meters *m, int index, struct meter_told *out)
{
	for (int i = 0; i < m->poller_count; i++)
		if (meter_poller_told(m->pollers[i], index, out))
			return true;
	return false;
}

/* -- pollers ---------------------------------------------------------------------------------- */

static void on_event(void *arg, const struct meter_event *e)
{
	struct meters *m = arg;

	struct meter *k = &m->items[e->key];

	k->stats = e->stats;
	snprintf(k->refused, sizeof k->refused, "%s", e->is_refused ? e->stats.last_error : "");
	k->revision = ++m->revision;
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

/* What was found of its energy takes minutes to be found again: it holds over restarts, and while other
 * meters are described anew. */
static void recall_odd(const struct meters *m, int i, struct meter_poller_unit *u)
{
	const struct meters *old = m->core->meters;

	for (int j = 0; old && j < old->count; j++)
		if (strcmp(old->wires[j], m->wires[i]) == 0) {
			const struct meter_reading *r = &old->items[j].seen;

			u->odd = r->odd;
			u->is_power_low =
				r->values[METER_QUANTITY_POWER_W].quality == METER_SUSPECT;
		}
	for (size_t j = 0; !old && j < m->kept.count; j++)
		if (strcmp(m->kept.items[j].row, m->wires[i]) == 0) {
			u->odd = m->kept.items[j].odd;
			u->is_power_low = m->kept.items[j].is_power_low;
		}
}

static struct meter_poller_unit unit_of(const struct meters *m, int i)
{
	const struct depot_meter *row = m->items[i].row;

	struct meter_poller_unit u = {
		.map = m->items[i].map,
		.sunspec = m->sunspec,
		.sunspec_model = (int)row->sunspec_model,
		.sunspec_instance = (int)row->sunspec_instance,
		.ratio = row->ratio,
		.is_reversed = row->reversed,
		.unit = (int)row->unit,
		.poll_ms = (int)row->poll_ms,
		.key = i,
	};

	recall_odd(m, i, &u);
	return u;
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

	for (int i = first; units && i < m->modbus_count; i++)
		if (same_link(&d->meters.items[first], &d->meters.items[i]))
			units[cfg.unit_count++] = unit_of(m, i);
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

/* The map of one meter; SunSpec's list of models is shared. */
static int load_map(struct meters *m, struct meter *k, const char *dir, char why[400])
{
	char path[700];

	snprintf(path, sizeof path, "%s/%s.yaml", dir, k->row->map);
	if (strcmp(k->row->map, "sunspec") == 0) {
		if (!m->sunspec)
			m->sunspec = sunspec_load(path, m->arena, why);
		return m->sunspec ? 0 : -1;
	}
	k->map = meter_map_load(path, m->arena, why);
	return k->map ? 0 : -1;
}

static int load_maps(struct meters *m, const char *dir, char why[400])
{
	const struct depot_file *d = m->core->depot;

	for (int i = 0; i < m->modbus_count; i++) {
		struct meter *k = &m->items[i];

		k->row = &d->meters.items[i];
		k->node = node_of(d, k->row->id);
		if (load_map(m, k, dir, why))
			return -1;
		if (k->node >= 0 && d->nodes.items[k->node].control &&
			!(k->map && k->map->setpoint)) {
			snprintf(why, 400,
				"node %s: `control` needs a register map with a setpoint; that of "
				"meter %s (%s) has none",
				d->nodes.items[k->node].id, k->row->id, k->row->map);
			return -1;
		}
	}
	return 0;
}

/* Does node `i` name a charger's meter that no node before it names? */
static bool names_charger(const struct depot_file *d, size_t i, struct meter_ocpp_name *out)
{
	const char *id = d->nodes.items[i].meter;

	return id && meter_ocpp_parse(id, out) && node_of(d, id) == (int)i;
}

/* What stands for a row of the depot's file; lives as long as the meters. */
static const struct depot_meter *charger_row(struct meters *m, const char *id)
{
	struct depot_meter *row = arena_alloc(m->arena, sizeof *row);
	char *kept = arena_strndup(m->arena, id, strlen(id));

	if (!row || !kept)
		return NULL;
	*row = (struct depot_meter){.id = kept, .map = "ocpp", .poll_ms = CHARGER_MS, .ratio = 1};
	return row;
}

static int add_chargers(struct meters *m)
{
	const struct depot_file *d = m->core->depot;
	struct meter_ocpp_name name;

	for (size_t i = 0; i < d->nodes.count; i++) {
		struct meter *k = &m->items[m->count];
		struct meter_ocpp_name *kept;

		if (!names_charger(d, i, &name))
			continue;
		kept = arena_alloc(m->arena, sizeof *kept);
		k->row = charger_row(m, d->nodes.items[i].meter);
		if (!kept || !k->row)
			return -1;
		*kept = name;
		k->charger = kept;
		k->node = (int)i;
		meter_history_init(&m->histories[m->count++ - m->modbus_count]);
	}
	return 0;
}

static int keep_texts(struct meters *m)
{
	static uint64_t editions;

	m->texts = arena_alloc(m->arena, ((size_t)m->count + 1) * sizeof *m->texts);
	m->wires = arena_alloc(m->arena, ((size_t)m->count + 1) * sizeof *m->wires);
	for (int i = 0; m->texts && m->wires && i < m->count; i++) {
		m->texts[i] = schema_text(m->arena, &depot_meter_type, m->items[i].row);
		m->wires[i] = meter_wire(m->arena, m->items[i].row);
		if (!m->texts[i] || !m->wires[i])
			return -1;
		m->items[i].edition = ++editions;
	}
	return m->texts && m->wires ? 0 : -1;
}

static void read_kept(struct db_reader *db, void *arg)
{
	struct meters *m = arg;

	if (db_query_meter_doubts(db, m->arena, &m->kept))
		m->kept.count = 0;
}

static int start(struct meters *m, char why[400])
{
	if (load_maps(m, m->core->meter_maps, why) || add_chargers(m) || keep_texts(m))
		return -1;
	if (!m->core->meters && m->core->loop && m->core->db &&
		db_read_now(m->core->db, read_kept, m)) {
		snprintf(why, 400, "what is known against meters cannot be read");
		return -1;
	}
	for (int i = 0; m->core->loop && i < m->modbus_count; i++)
		if (is_first_of_link(m->core->depot, i) && start_link(m, i, why))
			return -1;
	return 0;
}

struct meters *meters_create(struct core *c, char why[400])
{
	struct meters *m = calloc(1, sizeof *m);
	size_t n = c->depot->meters.count, nodes = c->depot->nodes.count;

	snprintf(why, 400, "out of memory");
	if (!m)
		return NULL;
	m->core = c;
	m->count = m->modbus_count = (int)n;
	meter_link_reserve(LINKS_LATER);
	m->arena = arena_create(0);
	m->items = calloc(n + nodes + 1, sizeof *m->items);
	m->histories = calloc(nodes + 1, sizeof *m->histories);
	m->pollers = calloc(n + 1, sizeof(struct meter_poller *));
	m->wake = c->loop ? loop_wake_create(c->loop, drain, m) : NULL;
	if (!m->arena || !m->items || !m->histories || !m->pollers || (c->loop && !m->wake) ||
		start(m, why)) {
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
	free(m->histories);
	free(m->items);
	free(m);
}

/* -- another description ---------------------------------------------------------------------- */

static bool has_same_chargers(const struct meters *m, const struct depot_file *d)
{
	struct meter_ocpp_name name;
	int count = 0;

	for (size_t i = 0; i < d->nodes.count; i++) {
		if (!names_charger(d, i, &name))
			continue;
		if (m->modbus_count + count >= m->count ||
			strcmp(m->items[m->modbus_count + count].row->id,
				d->nodes.items[i].meter) != 0)
			return false;
		count++;
	}
	return m->modbus_count + count == m->count;
}

/* True if the rows are the same; the meters then have them from the new description. */
static bool take_rows(struct meters *m, const struct depot_file *d)
{
	struct arena *a = arena_create(0);
	bool same = a && m->modbus_count == (int)d->meters.count && has_same_chargers(m, d);

	for (int i = 0; same && i < m->modbus_count; i++) {
		const char *text = schema_text(a, &depot_meter_type, &d->meters.items[i]);

		same = text && strcmp(text, m->texts[i]) == 0;
	}
	for (int i = 0; same && i < m->modbus_count; i++)
		m->items[i].row = &d->meters.items[i];
	for (int i = 0; same && i < m->count; i++)
		m->items[i].node = node_of(d, m->items[i].row->id);
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
			if (strcmp(fresh->wires[i], old->wires[j]) != 0)
				continue;
			k->edition = old->items[j].edition;
			k->last = old->items[j].last;
			k->last_at = old->items[j].last_at;
			k->seen = old->items[j].seen;
			k->seen_at = old->items[j].seen_at;
			k->last_mono = old->items[j].last_mono;
			k->seen_mono = old->items[j].seen_mono;
			k->moved = old->items[j].moved;
			k->stats = old->items[j].stats;
			memcpy(k->refused, old->items[j].refused, sizeof k->refused);
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
	for (int i = 0; i < old->poller_count; i++)
		meter_poller_hand_over(old->pollers[i]);
	keep_readings(fresh, old);
	c->meters = fresh;
	old->is_retiring = old->wake && !pthread_create(&old->retiring, NULL, retire, old);
	if (old->is_retiring)
		fresh->older = old;
	else
		meters_destroy(old);
	return 0;
}
