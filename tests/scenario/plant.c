#include "tests/scenario/plant.h"
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "schemas/yaml.h"
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/sim.h"

#define FILE_MAX_BYTES  (4u << 20)
#define CALL_TIMEOUT_MS 30000

struct port {
	struct plant *plant;
	int station;
};

struct plant {
	struct arena *arena;
	const struct depot_file *depot;
	const struct scenario_file *scenario;
	struct plant_wire wire;
	struct port *ports;
	struct sim *sim;
	const struct report *report;
};

/* -- chance ----------------------------------------------------------------------------------- */

static uint64_t chance;

/* The sim takes its seeds from the system; here they follow from the plant's, so that a run can be
 * had again. Stays inside the plant's object. */
ssize_t getrandom(void *buf, size_t len, unsigned flags);

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	uint8_t *out = buf;

	(void)flags;
	for (size_t i = 0; i < len; i++) {
		chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		out[i] = (uint8_t)(chance >> 56);
	}
	return (ssize_t)len;
}

/* -- ports ------------------------------------------------------------------------------------ */

static void on_connect(void *ctx)
{
	struct port *p = ctx;

	p->plant->wire.connect(p->plant->wire.ctx, p->station);
}

static void on_disconnect(void *ctx, bool abrupt)
{
	struct port *p = ctx;

	p->plant->wire.disconnect(p->plant->wire.ctx, p->station, abrupt);
}

static int on_send(void *ctx, const char *text, size_t len)
{
	struct port *p = ctx;

	p->plant->wire.send(p->plant->wire.ctx, p->station, text, len);
	return 0;
}

static int on_password(void *ctx, const char *password)
{
	(void)ctx;
	(void)password;
	return 0;
}

static int make_port(void *ctx, int i, const char *id, int profile, struct station_port *out)
{
	struct plant *p = ctx;

	(void)id;
	(void)profile;
	p->ports[i] = (struct port){p, i};
	*out = (struct station_port){
		on_connect, on_disconnect, on_send, on_password, &p->ports[i], NULL, NULL, NULL};
	return 0;
}

/* -- life ------------------------------------------------------------------------------------- */

static int load(struct plant *p, const struct plant_options *o, char why[400])
{
	struct sim_options options = {
		.start = o->start,
		.call_timeout_ms = CALL_TIMEOUT_MS,
		.no_meters = true,
		.port = make_port,
		.ctx = p,
	};

	p->depot = schema_yaml_load(&depot_file_type, o->depot, FILE_MAX_BYTES, p->arena, why);
	if (!p->depot)
		return -1;
	p->scenario =
		schema_yaml_load(&scenario_file_type, o->scenario, FILE_MAX_BYTES, p->arena, why);
	if (!p->scenario)
		return -1;
	if (daytime_set_zone(p->depot->timezone)) {
		snprintf(why, 400, "no such zone: %s", p->depot->timezone);
		return -1;
	}
	p->ports = calloc(p->depot->stations.count + 1, sizeof *p->ports);
	if (p->ports)
		p->sim = sim_create(p->depot, p->scenario, &options, why);
	return p->sim ? 0 : -1;
}

struct plant *plant_create(const struct plant_options *o, char why[400])
{
	struct plant *p = calloc(1, sizeof *p);

	snprintf(why, 400, "out of memory");
	if (!p)
		return NULL;
	chance = o->seed;
	p->wire = o->wire;
	p->arena = arena_create(0);
	if (!p->arena || load(p, o, why)) {
		plant_destroy(p);
		return NULL;
	}
	p->report = sim_report(p->sim);
	return p;
}

void plant_step(struct plant *p)
{
	sim_step(p->sim);
}

wall_t plant_now(const struct plant *p)
{
	return sim_now(p->sim);
}

void plant_opened(struct plant *p, int station)
{
	station_opened(sim_station(p->sim, station));
}

void plant_closed(struct plant *p, int station)
{
	station_closed(sim_station(p->sim, station));
}

void plant_received(struct plant *p, int station, const char *text, size_t len)
{
	station_received(sim_station(p->sim, station), text, len);
}

void plant_set_trouble(struct plant *p, int station, const struct plant_trouble *t)
{
	struct station_trouble own = {
		.offline = t->offline,
		.ignores_profiles = t->ignores_profiles,
		.doubles_events = t->doubles_events,
		.slow_s = t->slow_s,
		.no_power = t->no_power,
		.late_s = t->late_s,
		.clock_ms = t->clock_ms,
		.floor_w = t->floor_w,
	};

	station_set_trouble(sim_station(p->sim, station), &own);
}

/* -- looking ---------------------------------------------------------------------------------- */

int plant_station_count(const struct plant *p)
{
	return sim_station_count(p->sim);
}

const char *plant_station_id(const struct plant *p, int station)
{
	return station_id(sim_station(p->sim, station));
}

int plant_station_find(const struct plant *p, const char *id)
{
	for (int i = 0; i < sim_station_count(p->sim); i++)
		if (strcmp(plant_station_id(p, i), id) == 0)
			return i;
	return -1;
}

bool plant_station_speaks_v16(const struct plant *p, int station)
{
	return sim_speaks_v16(p->scenario, plant_station_id(p, station));
}

bool plant_station_is_accepted(const struct plant *p, int station)
{
	return station_is_accepted(sim_station(p->sim, station));
}

int plant_evse_count(const struct plant *p, int station)
{
	return station_evse_count(sim_station(p->sim, station));
}

int64_t plant_evse_mw(const struct plant *p, int station, int evse)
{
	return station_evse_power_mw(sim_station(p->sim, station), evse);
}

int64_t plant_evse_limit_mw(const struct plant *p, int station, int evse)
{
	return station_evse_limit_mw(sim_station(p->sim, station), evse);
}

int plant_node_count(const struct plant *p)
{
	return p->report->node_count;
}

static int parent_of(const struct depot_file *d, int node)
{
	const char *id = d->nodes.items[node].parent;

	for (size_t i = 0; id && i < d->nodes.count; i++)
		if (strcmp(d->nodes.items[i].id, id) == 0)
			return (int)i;
	return -1;
}

bool plant_station_is_below(const struct plant *p, int station, int node)
{
	const struct depot_file *d = p->depot;

	for (size_t i = 0; i < d->nodes.count; i++) {
		if (strcmp(d->nodes.items[i].id, d->stations.items[station].node) != 0)
			continue;
		for (int at = (int)i; at >= 0; at = parent_of(d, at))
			if (at == node)
				return true;
	}
	return false;
}

void plant_station_phases(const struct plant *p, int station, int64_t mw[3])
{
	memset(mw, 0, 3 * sizeof *mw);
	station_add_phases(sim_station(p->sim, station), mw);
}

struct plant_node plant_node_at(const struct plant *p, int node)
{
	const struct node_record *n = &p->report->nodes[node];
	const struct depot_node *row = &p->depot->nodes.items[node];
	double mw = (double)p->depot->voltage_v * 1000;
	struct plant_node out = {
		.id = n->id,
		.meter = row->meter,
		.limit_mw = n->limit_mw,
		.now_mw = n->now_mw,
		.phase_limit_mw = row->has_limit_a ? (int64_t)(row->limit_a * mw) : -1,
		.imbalance_mw = row->has_imbalance_a ? (int64_t)(row->imbalance_a * mw) : -1,
	};

	memcpy(out.phase_mw, n->phase_mw, sizeof out.phase_mw);
	memcpy(out.evse_phase_mw, n->evse_phase_mw, sizeof out.evse_phase_mw);
	return out;
}

int64_t plant_node_evse_mw(const struct plant *p, int node)
{
	int64_t sum = 0;

	for (int i = 0; i < sim_station_count(p->sim); i++)
		if (plant_station_is_below(p, i, node))
			sum += station_power_mw(sim_station(p->sim, i));
	return sum;
}

int plant_session_count(const struct plant *p)
{
	return p->report->session_count;
}

struct plant_session plant_session_at(const struct plant *p, int i)
{
	const struct session *s = p->report->sessions[i];

	return (struct plant_session){
		.station = s->station,
		.transaction = s->transaction,
		.vehicle = s->vehicle,
		.evse = s->evse,
		.ended = s->ended.ms != 0,
		.begin_wh = s->begin_wh,
		.end_wh = s->end_wh,
	};
}

int plant_stay_count(const struct plant *p)
{
	return p->report->stay_count;
}

struct plant_stay plant_stay_at(const struct plant *p, int i)
{
	const struct stay *s = sim_report(p->sim)->stays[i];

	return (struct plant_stay){
		.vehicle = s->vehicle,
		.left = s->left.ms != 0,
		.ready = s->ready,
		.possible = s->possible,
		.soc_end = s->soc_end,
	};
}

struct plant_counts plant_counts(const struct plant *p)
{
	const struct wire_counts *w = &p->report->wire;

	return (struct plant_counts){
		.first_fault = p->report->fault_count ? p->report->faults[0] : NULL,
		.profiles_accepted = w->profiles_accepted,
		.profiles_rejected = w->profiles_rejected,
		.bad_requests = w->bad_requests,
		.timeouts = w->timeouts,
		.discarded_events = w->discarded_events,
		.bad_frames = w->bad_frames,
		.bad_answers = w->bad_answers,
		.errors = w->received_errors,
	};
}

void plant_destroy(struct plant *p)
{
	if (!p)
		return;
	sim_destroy(p->sim);
	free(p->ports);
	arena_destroy(p->arena);
	free(p);
}
