#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/meter_server.h"
#include "tools/depotsim/sim.h"
#include "tools/depotsim/mount.h"
#include "tools/depotsim/store.h"
#include "tools/depotsim/visits.h"

#define NOISE_MS        10000
#define METER_START_MWS (1000000 * MWS_PER_WH)
#define SPARE_EVSE_W    22000
#define STEADY_WH       1000 /* a store that tells its energy coarsely */

struct node {
	const struct depot_node *config;
	int parent; /* -1: the root */
	const struct scenario_base_load *base;
	int64_t noise_mw;
	int64_t spike_mw[3]; /* of the failures in force, by phase */
	int64_t base_mw[3]; /* in this second */
	int64_t phase_mw[3]; /* of all EVSEs below */
	int64_t below_mw[3]; /* base loads of this node and those below */
	struct meter_server *meter;
	const struct scenario_mount *mount; /* NULL: as drawn */
	struct meter_values values;
	bool is_store; /* told by its meter's setpoint */
	struct store store;
};

struct failure {
	const struct scenario_failure *config;
	int at_min; /* every day; -1: once */
	int target; /* station or node */
	bool active;
	wall_t from, until;
};

struct spare {
	char id[16];
	struct depot_station config;
};

struct sim {
	struct station_env env;
	const struct depot_file *depot;
	int node_count, station_count, failure_count;
	struct node *nodes;
	struct station **stations;
	int *station_node;
	struct failure *failures;
	struct visits *visits;
	struct spare *spare; /* made up beyond those of the depot */
	struct arena *arena; /* register maps */
};

/* ---- building ---- */

static int find_node(const struct depot_file *depot, const char *id)
{
	for (size_t i = 0; i < depot->nodes.count; i++) {
		if (strcmp(depot->nodes.items[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

static int init_nodes(struct sim *s, char why[200])
{
	s->node_count = (int)s->depot->nodes.count;
	for (int i = 0; i < s->node_count; i++) {
		struct node *n = &s->nodes[i];
		n->config = &s->depot->nodes.items[i];
		n->parent = n->config->parent ? find_node(s->depot, n->config->parent) : -1;
		n->values.import_mws = METER_START_MWS;
		s->env.report->nodes[i].id = n->config->id;
		s->env.report->nodes[i].limit_mw =
			n->config->has_limit_w ? n->config->limit_w * 1000 : -1;
		if (n->config->parent && n->parent < 0) {
			snprintf(why, 200, "node %s: there is no node %s above it", n->config->id,
				n->config->parent);
			return -1;
		}
	}
	for (int i = 0; i < s->node_count; i++) {
		int at = i, steps = 0;
		while (at >= 0 && steps++ <= s->node_count)
			at = s->nodes[at].parent;
		if (at >= 0) {
			snprintf(why, 200, "node %s stands below itself", s->nodes[i].config->id);
			return -1;
		}
	}
	return 0;
}

static int init_base_loads(struct sim *s, const struct scenario_file *scenario, char why[200])
{
	for (size_t i = 0; i < scenario->base_load.count; i++) {
		const struct scenario_base_load *b = &scenario->base_load.items[i];
		int node = find_node(s->depot, b->node);
		if (node < 0) {
			snprintf(why, 200, "base load: the depot has no node %s", b->node);
			return -1;
		}
		int before = -1;
		for (size_t k = 0; k < b->points.count; k++) {
			int at = daytime_parse(b->points.items[k].at);
			if (at <= before) {
				snprintf(why, 200,
					"base load of %s: times must be HH:MM and rise, not %s",
					b->node, b->points.items[k].at);
				return -1;
			}
			before = at;
		}
		s->nodes[node].base = b;
	}
	return 0;
}

/* The family that a meter of the depot's file is to pose as. */
static int choose_pose(struct sim *s, const struct depot_meter *m, const char *maps,
	struct pose *out, char why[200])
{
	const struct meter_map *map = NULL;
	char path[500], words[400];

	if (strcmp(m->map, "sunspec") == 0) {
		pose_init_sunspec(out);
		return 0;
	}
	if (strcmp(m->map, "eastron-sdm630") != 0) {
		if (!maps) {
			snprintf(why, 200, "meter %s: to pose as %s: --meter-maps DIR", m->id,
				m->map);
			return -1;
		}
		snprintf(path, sizeof path, "%.400s/%.60s.yaml", maps, m->map);
		map = meter_map_load(path, s->arena, words);
		if (!map) {
			snprintf(why, 200, "meter %s: %.150s", m->id, words);
			return -1;
		}
	}
	pose_init(out, map);
	return 0;
}

/* A storage whose device can be told what to do does it. */
static void init_store(struct node *n, const struct pose *pose)
{
	const struct depot_node *d = n->config;

	n->is_store =
		d->kind == DEPOT_NODE_KIND_STORAGE && pose->map->setpoint && d->has_battery_wh;
	if (n->is_store)
		store_init(&n->store, d->battery_wh, d->has_charge_w ? d->charge_w : 0,
			d->has_discharge_w ? d->discharge_w : 0,
			(int)pose->map->setpoint->lets_go_s);
}

static int init_meters(
	struct sim *s, const struct scenario_file *scenario, const char *maps, char why[200])
{
	struct pose pose;

	if (mount_check(s->depot, scenario, why) != 0)
		return -1;

	for (int i = 0; i < s->node_count; i++) {
		const char *id = s->nodes[i].config->meter;
		for (size_t k = 0; id && k < s->depot->meters.count; k++) {
			const struct depot_meter *m = &s->depot->meters.items[k];
			if (strcmp(m->id, id) != 0 || !m->tcp)
				continue;
			if (choose_pose(s, m, maps, &pose, why) != 0)
				return -1;
			s->nodes[i].mount = mount_find(scenario, id);
			s->nodes[i].meter = meter_server_create(
				m->tcp->host, (int)m->tcp->port, (int)m->unit, &pose, why);
			if (!s->nodes[i].meter)
				return -1;
			init_store(&s->nodes[i], &pose);
		}
	}
	return 0;
}

static bool wants_event_status(const struct scenario_file *scenario, const char *id)
{
	for (size_t i = 0; i < scenario->status_by_event.count; i++) {
		if (strcmp(scenario->status_by_event.items[i], id) == 0)
			return true;
	}
	return false;
}

bool sim_speaks_v16(const struct scenario_file *scenario, const char *id)
{
	for (size_t i = 0; i < scenario->ocpp16.count; i++) {
		if (strcmp(scenario->ocpp16.items[i], id) == 0)
			return true;
	}
	return false;
}

/* Stations beyond the depot's own, for load tests: SIM-00001 and so on, one 22 kW EVSE each. */
static int make_spare(struct sim *s, int count)
{
	static struct depot_evse evse = {.id = 1,
		.kind = DEPOT_CURRENT_AC,
		.max_w = SPARE_EVSE_W,
		.min_w = 1380,
		.phases = 3,
		.connectors = 1};
	if (count <= 0)
		return 0;
	s->spare = calloc((size_t)count, sizeof *s->spare);
	if (!s->spare)
		return -1;
	for (int i = 0; i < count; i++) {
		struct spare *it = &s->spare[i];
		snprintf(it->id, sizeof it->id, "SIM-%05d", i + 1);
		it->config = (struct depot_station){
			.id = it->id, .node = s->depot->nodes.items[0].id, .evses = {1, &evse}};
	}
	return 0;
}

static int init_stations(struct sim *s, const struct scenario_file *scenario,
	const struct sim_options *options, char why[200])
{
	int own = (int)s->depot->stations.count;
	int wanted = options->station_count ? options->station_count : own;
	s->stations = calloc((size_t)wanted + 1, sizeof *s->stations);
	s->station_node = calloc((size_t)wanted + 1, sizeof *s->station_node);
	if (!s->stations || !s->station_node || make_spare(s, wanted - own) != 0) {
		snprintf(why, 200, "out of memory");
		return -1;
	}
	for (int i = 0; i < wanted; i++) {
		const struct depot_station *d =
			i < own ? &s->depot->stations.items[i] : &s->spare[i - own].config;
		struct station_port port = {0};
		struct station_options how = {
			wants_event_status(scenario, d->id), sim_speaks_v16(scenario, d->id)};
		s->station_node[i] = find_node(s->depot, d->node);
		if (s->station_node[i] < 0) {
			snprintf(why, 200, "station %s: the depot has no node %s", d->id, d->node);
			return -1;
		}
		snprintf(why, 200, "station %s: out of memory", d->id);
		if (options->port(options->ctx, i, d->id, (int)d->security_profile, &port) != 0)
			return -1;
		s->stations[i] = station_create(&s->env, d, &how, &port);
		if (!s->stations[i])
			return -1;
		s->station_count++;
	}
	return 0;
}

/* ---- failures ---- */

static bool is_meter_failure(const struct failure *f)
{
	return f->config->kind == SCENARIO_FAILURE_KIND_METER_SILENT ||
	       f->config->kind == SCENARIO_FAILURE_KIND_METER_FROZEN;
}

static bool is_store_failure(const struct failure *f)
{
	return f->config->kind == SCENARIO_FAILURE_KIND_STORE_STUCK ||
	       f->config->kind == SCENARIO_FAILURE_KIND_STORE_STEADY;
}

static int failure_target(const struct sim *s, const struct failure *f)
{
	const char *id = f->config->target;
	int node = find_node(s->depot, id);

	if (f->config->kind == SCENARIO_FAILURE_KIND_BASE_LOAD_SPIKE)
		return node;
	if (is_store_failure(f))
		return node >= 0 && s->nodes[node].config->kind == DEPOT_NODE_KIND_STORAGE ? node
											   : -1;
	for (int i = 0; is_meter_failure(f) && i < s->node_count; i++) {
		const char *meter = s->nodes[i].config->meter;
		if (meter && strcmp(meter, id) == 0)
			return i;
	}
	for (int i = 0; !is_meter_failure(f) && i < s->station_count; i++) {
		if (strcmp(station_id(s->stations[i]), id) == 0)
			return i;
	}
	return -1;
}

static void schedule_failure(const struct sim *s, struct failure *f, bool at_start)
{
	if (f->at_min < 0) {
		f->from = f->config->at_time;
	} else {
		f->from = daytime_last(s->env.now, f->at_min);
		if (!at_start || f->from.ms + f->config->for_s * 1000 <= s->env.now.ms)
			f->from = daytime_next(wall_add_ms(s->env.now, 1000), f->at_min);
	}
	f->until = wall_add_ms(f->from, f->config->for_s * 1000);
}

static int init_failures(struct sim *s, const struct scenario_file *scenario, char why[200])
{
	s->failures = calloc(scenario->failures.count + 1, sizeof *s->failures);
	if (!s->failures) {
		snprintf(why, 200, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < scenario->failures.count; i++) {
		struct failure *f = &s->failures[i];
		f->config = &scenario->failures.items[i];
		f->target = failure_target(s, f);
		f->at_min = f->config->at && !f->config->has_at_time ? daytime_parse(f->config->at)
								     : -1;
		if (f->target < 0) {
			snprintf(why, 200, "failure %s: there is no %s",
				scenario_failure_kind_enum.values[f->config->kind],
				f->config->target);
			return -1;
		}
		if (f->at_min < 0 && !f->config->has_at_time) {
			snprintf(why, 200, "failure %s of %s: say when, at: HH:MM or at_time",
				scenario_failure_kind_enum.values[f->config->kind],
				f->config->target);
			return -1;
		}
		s->failure_count++;
		schedule_failure(s, f, true);
	}
	return 0;
}

/* All failures in force on one station, taken together. */
static void set_station_trouble(struct sim *s, int station)
{
	struct station_trouble t = {0};
	for (int i = 0; i < s->failure_count; i++) {
		const struct failure *f = &s->failures[i];
		if (!f->active || f->target != station)
			continue;
		switch (f->config->kind) {
		case SCENARIO_FAILURE_KIND_STATION_OFFLINE:
			t.offline = true;
			break;
		case SCENARIO_FAILURE_KIND_IGNORE_PROFILES:
			t.ignores_profiles = true;
			break;
		case SCENARIO_FAILURE_KIND_DUPLICATE_EVENTS:
			t.doubles_events = true;
			break;
		case SCENARIO_FAILURE_KIND_SLOW_ANSWERS:
			t.slow_s = (int)f->config->delay_s;
			break;
		default:
			break;
		}
	}
	station_set_trouble(s->stations[station], &t);
}

/* On one phase (1..3), or shared by all (0). */
static void add_load(int64_t mw[3], int64_t load_mw, int phase)
{
	for (int k = 0; k < 3; k++)
		mw[k] += phase == 0       ? load_mw / 3 + (k == 0 ? load_mw % 3 : 0)
			 : phase == k + 1 ? load_mw
					  : 0;
}

static void apply_failure(struct sim *s, const struct failure *f)
{
	if (f->config->kind == SCENARIO_FAILURE_KIND_BASE_LOAD_SPIKE) {
		add_load(s->nodes[f->target].spike_mw, (f->active ? 1 : -1) * f->config->w * 1000,
			f->config->has_phase ? (int)f->config->phase : 0);
		return;
	}
	if (f->config->kind == SCENARIO_FAILURE_KIND_STORE_STUCK) {
		s->nodes[f->target].store.is_stuck = f->active;
		return;
	}
	if (f->config->kind == SCENARIO_FAILURE_KIND_STORE_STEADY) {
		s->nodes[f->target].store.is_steady = f->active;
		return;
	}
	if (!is_meter_failure(f)) {
		set_station_trouble(s, f->target);
		return;
	}
	enum meter_trouble trouble =
		f->config->kind == SCENARIO_FAILURE_KIND_METER_SILENT ? METER_SILENT : METER_FROZEN;
	if (s->nodes[f->target].meter)
		meter_server_trouble(s->nodes[f->target].meter, f->active ? trouble : METER_FINE);
}

static void step_failures(struct sim *s)
{
	int64_t now_ms = s->env.now.ms;
	for (int i = 0; i < s->failure_count; i++) {
		struct failure *f = &s->failures[i];
		bool wanted = now_ms >= f->from.ms && now_ms < f->until.ms;
		if (wanted == f->active)
			continue;
		f->active = wanted;
		apply_failure(s, f);
		if (!wanted && f->at_min >= 0)
			schedule_failure(s, f, false);
	}
}

/* ---- life ---- */

struct sim *sim_create(const struct depot_file *depot, const struct scenario_file *scenario,
	const struct sim_options *options, char why[200])
{
	struct sim *s = calloc(1, sizeof *s);
	snprintf(why, 200, "out of memory");
	if (!s)
		return NULL;
	s->depot = depot;
	s->env.now = (wall_t){options->start.ms / 1000 * 1000};
	s->env.voltage_v = (int)depot->voltage_v;
	s->env.sample_s = (int)scenario->sample_s;
	s->env.bare_changes = scenario->bare_changes;
	s->env.efficiency_ac_permille = (int)scenario->efficiency_ac_pct * 10;
	s->env.efficiency_dc_permille = (int)scenario->efficiency_dc_pct * 10;
	s->env.call_timeout_ms = options->call_timeout_ms;
	s->env.report = report_create((int)depot->nodes.count);
	s->nodes = calloc(depot->nodes.count + 1, sizeof *s->nodes);
	s->arena = arena_create(0);
	if (!s->arena || !s->env.report || !s->nodes || station_env_init(&s->env) != 0)
		goto fail;
	if (init_nodes(s, why) || init_base_loads(s, scenario, why) ||
		init_stations(s, scenario, options, why) || init_failures(s, scenario, why))
		goto fail;
	if (!options->no_meters && init_meters(s, scenario, options->meter_maps, why) != 0)
		goto fail;
	s->visits = visits_create(&s->env, depot, scenario, s->stations, s->station_count, why);
	if (s->visits)
		return s;
fail:
	sim_destroy(s);
	return NULL;
}

void sim_destroy(struct sim *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->node_count; i++)
		meter_server_destroy(s->nodes[i].meter);
	visits_destroy(s->visits);
	for (int i = 0; i < s->station_count; i++)
		station_destroy(s->stations[i]);
	report_destroy(s->env.report);
	arena_destroy(s->arena);
	free(s->spare);
	free(s->stations);
	free(s->station_node);
	free(s->failures);
	free(s->nodes);
	free(s);
}

int sim_station_count(const struct sim *s)
{
	return s->station_count;
}

struct station *sim_station(struct sim *s, int i)
{
	return s->stations[i];
}

wall_t sim_now(const struct sim *s)
{
	return s->env.now;
}

int sim_meter_port(const struct sim *s, const char *id)
{
	for (int i = 0; i < s->node_count; i++) {
		const struct node *n = &s->nodes[i];
		if (n->meter && strcmp(n->config->meter, id) == 0)
			return meter_server_port(n->meter);
	}
	return -1;
}

/* ---- loads ---- */

/* The building's curve at that second of the day, in straight lines, over midnight too. */
static int64_t curve_mw(const struct scenario_base_load *b, int second)
{
	size_t count = b->points.count, next = 0;
	assert(count > 0); /* scenario.schema */
	while (next < count && daytime_parse(b->points.items[next].at) * 60 <= second)
		next++;
	const struct scenario_point *from = &b->points.items[(next + count - 1) % count];
	const struct scenario_point *to = &b->points.items[next % count];
	int from_s = daytime_parse(from->at) * 60;
	int length = (daytime_parse(to->at) * 60 - from_s + 86400) % 86400;
	int gone = (second - from_s + 86400) % 86400;
	if (length == 0)
		return from->w * 1000;
	return from->w * 1000 + (to->w - from->w) * 1000 * gone / length;
}

static void step_store(struct node *n)
{
	double w;

	if (meter_server_told(n->meter, &w))
		store_tell(&n->store, w);
	store_step(&n->store);
	add_load(n->base_mw, n->store.now_mw, 0);
	n->values.soc_pct = store_soc_pct(&n->store);
	n->values.stored_wh = (double)n->store.stored_mws / (double)MWS_PER_WH;
	if (n->store.is_steady) {
		n->values.soc_pct = floor(n->values.soc_pct);
		n->values.stored_wh = floor(n->values.stored_wh / STEADY_WH) * STEADY_WH;
	}
}

static void step_base_loads(struct sim *s)
{
	int second = daytime_seconds(s->env.now);
	for (int i = 0; i < s->node_count; i++) {
		struct node *n = &s->nodes[i];
		int64_t sign = n->config->kind == DEPOT_NODE_KIND_PV ? -1 : 1;
		memcpy(n->base_mw, n->spike_mw, sizeof n->base_mw);
		memset(n->below_mw, 0, sizeof n->below_mw);
		memset(n->phase_mw, 0, sizeof n->phase_mw);
		if (n->is_store)
			step_store(n);
		if (!n->base)
			continue;
		if (n->base->noise_w && s->env.now.ms % NOISE_MS == 0)
			n->noise_mw = station_env_random(&s->env, n->base->noise_w * 1000);
		add_load(n->base_mw, sign * (curve_mw(n->base, second) + n->noise_mw),
			n->base->has_phase ? (int)n->base->phase : 0);
	}
}

static void add_up(struct sim *s)
{
	for (int i = 0; i < s->node_count; i++) {
		for (int at = i; at >= 0; at = s->nodes[at].parent)
			for (int k = 0; k < 3; k++)
				s->nodes[at].below_mw[k] += s->nodes[i].base_mw[k];
	}
	for (int i = 0; i < s->station_count; i++) {
		int64_t phase_mw[3] = {0};
		station_add_phases(s->stations[i], phase_mw);
		for (int at = s->station_node[i]; at >= 0; at = s->nodes[at].parent) {
			for (int k = 0; k < 3; k++)
				s->nodes[at].phase_mw[k] += phase_mw[k];
		}
	}
}

static void step_nodes(struct sim *s)
{
	step_base_loads(s);
	add_up(s);
	for (int i = 0; i < s->node_count; i++) {
		struct node *n = &s->nodes[i];
		struct node_record *r = &s->env.report->nodes[i];
		int64_t evse_mw = n->phase_mw[0] + n->phase_mw[1] + n->phase_mw[2];
		int64_t mw = evse_mw + n->below_mw[0] + n->below_mw[1] + n->below_mw[2];
		int64_t limit_mw = n->config->has_limit_w ? n->config->limit_w * 1000 : -1;
		report_node_second(s->env.report, i, mw, evse_mw, limit_mw, s->env.now);
		for (int k = 0; k < 3; k++) {
			r->evse_phase_mw[k] = n->phase_mw[k];
			r->phase_mw[k] = n->phase_mw[k] + n->below_mw[k];
		}
		*(mw < 0 ? &n->values.export_mws : &n->values.import_mws) += mw < 0 ? -mw : mw;
		if (!n->meter)
			continue;
		n->values.volts = s->env.voltage_v;
		memcpy(n->values.phase_mw, r->phase_mw, sizeof n->values.phase_mw);
		struct meter_values shown = mount_show(n->mount, &n->values);
		meter_server_set(n->meter, &shown);
	}
}

void sim_step(struct sim *s)
{
	step_failures(s);
	visits_step(s->visits);
	for (int i = 0; i < s->station_count; i++)
		station_step(s->stations[i]);
	step_nodes(s);
	s->env.report->steps++;
	s->env.now = wall_add_ms(s->env.now, 1000);
}

/* ---- looking ---- */

void sim_print_progress(const struct sim *s, FILE *out)
{
	char time[8];
	int online = 0, charging = 0;
	for (int i = 0; i < s->station_count; i++) {
		online +=
			station_is_connected(s->stations[i]) && station_is_accepted(s->stations[i]);
		for (int k = 0; k < station_evse_count(s->stations[i]); k++)
			charging += station_evse_power_mw(s->stations[i], k) > 0;
	}
	fprintf(out, "%s  stations %d/%d  vans here %d/%d charging %d ",
		daytime_format(s->env.now, time), online, s->station_count, visits_here(s->visits),
		visits_van_count(s->visits), charging);
	for (int i = 0; i < s->node_count && i < 8; i++) {
		const struct node_record *n = &s->env.report->nodes[i];
		if (n->limit_mw < 0)
			continue;
		fprintf(out, " %s %.1f/%.0f kW%s", n->id, (double)n->now_mw / 1e6,
			(double)n->limit_mw / 1e6, n->now_mw > n->limit_mw ? "!" : "");
	}
	fputc('\n', out);
}

const struct report *sim_report(struct sim *s)
{
	visits_settle(s->visits);
	return s->env.report;
}
