#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/report.h"
#include "tools/depotsim/visits.h"

#define STAY_MS       (INT64_C(12) * 3600 * 1000) /* when nobody says when it leaves */
#define LATE_START_MS 60000 /* vans that are there at the start plug in within a minute */

struct visit {
	const struct scenario_visit *config;
	const struct depot_vehicle *vehicle;
	struct van *van;
	bool *busy; /* the van is at some socket */
	struct station *station;
	int evse; /* place in the station */
	bool dc;
	int arrive_min; /* every day; -1: once */
	bool here, over;
	wall_t arrives, departs;
	struct stay *stay;
	int64_t stored_mws, target_mws, import_mws;
};

struct visits {
	struct station_env *env;
	struct van *vans; /* by vehicle */
	bool *busy;
	int van_count;
	int visit_count, here;
	struct visit *items;
	wall_t next_event; /* nothing happens before */
};

static int find_vehicle(const struct depot_file *depot, const char *id)
{
	for (size_t i = 0; i < depot->vehicles.count; i++) {
		if (strcmp(depot->vehicles.items[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

static const struct depot_station *find_station(
	const struct depot_file *depot, const char *id, int *place)
{
	for (size_t i = 0; i < depot->stations.count; i++) {
		if (strcmp(depot->stations.items[i].id, id) == 0) {
			*place = (int)i;
			return &depot->stations.items[i];
		}
	}
	return NULL;
}

static wall_t departure(const struct visit *it, wall_t arrives)
{
	if (it->config->has_departs_at)
		return it->config->departs_at;
	if (it->vehicle->has_departs_at)
		return it->vehicle->departs_at;
	int minutes = it->vehicle->departs ? daytime_parse(it->vehicle->departs) : -1;
	return minutes < 0 ? wall_add_ms(arrives, STAY_MS) : daytime_next(arrives, minutes);
}

/* When it comes next, seen from `now`; a stay that is under way begins now. */
static void schedule(struct visits *v, struct visit *it, bool at_start)
{
	wall_t now = v->env->now;
	if (it->arrive_min < 0) {
		it->arrives = it->config->arrives_at;
		it->departs = departure(it, it->arrives);
		it->over = it->departs.ms <= now.ms || !at_start;
		return;
	}
	it->arrives = daytime_last(now, it->arrive_min);
	it->departs = departure(it, it->arrives);
	if (at_start && it->departs.ms > now.ms + LATE_START_MS) {
		if (it->arrives.ms + LATE_START_MS < now.ms)
			it->arrives = wall_add_ms(
				now, station_env_random(v->env, LATE_START_MS / 1000) * 1000);
		return;
	}
	it->arrives = daytime_next(wall_add_ms(now, 1000), it->arrive_min);
	it->departs = departure(it, it->arrives);
	it->over = it->departs.ms <= it->arrives.ms;
}

static int init_visit(struct visits *v, struct visit *it, const struct depot_file *depot,
	const struct scenario_visit *config, struct station **stations, int station_count,
	char why[200])
{
	int place = 0;
	int vehicle = find_vehicle(depot, config->vehicle);
	const struct depot_station *station = find_station(depot, config->station, &place);
	it->config = config;
	it->arrive_min = -1;
	if (vehicle < 0 || !station) {
		snprintf(why, 200, "the depot has no %s %s", vehicle < 0 ? "vehicle" : "station",
			vehicle < 0 ? config->vehicle : config->station);
		return -1;
	}
	it->vehicle = &depot->vehicles.items[vehicle];
	it->van = &v->vans[vehicle];
	it->busy = &v->busy[vehicle];
	it->evse = -1;
	for (size_t i = 0; i < station->evses.count; i++) {
		if (station->evses.items[i].id == config->evse)
			it->evse = (int)i;
	}
	if (it->evse < 0) {
		snprintf(why, 200, "station %s has no EVSE %lld", config->station,
			(long long)config->evse);
		return -1;
	}
	it->dc = station->evses.items[it->evse].kind == DEPOT_CURRENT_DC;
	if (!config->has_arrives_at) {
		it->arrive_min = config->arrives ? daytime_parse(config->arrives) : -1;
		if (it->arrive_min < 0) {
			snprintf(why, 200, "vehicle %s: arrives must be HH:MM", config->vehicle);
			return -1;
		}
	}
	if (place < station_count) {
		it->station = stations[place];
		schedule(v, it, true);
	} else {
		it->over = true;
	}
	return 0;
}

static void init_vans(struct visits *v, const struct depot_file *depot)
{
	for (int i = 0; i < v->van_count; i++) {
		const struct depot_vehicle *from = &depot->vehicles.items[i];
		v->vans[i] = (struct van){
			.id = from->id,
			.token = from->token,
			.token_type = from->token_type,
			.capacity_mws = from->battery_wh * MWS_PER_WH,
			.max_ac_mw = from->max_ac_w * 1000,
			.phases = from->has_phases ? (int)from->phases : 0,
			.max_dc_mw = from->max_dc_w * 1000,
			.min_mw = from->min_w * 1000,
		};
	}
}

struct visits *visits_create(struct station_env *env, const struct depot_file *depot,
	const struct scenario_file *scenario, struct station **stations, int station_count,
	char why[200])
{
	struct visits *v = calloc(1, sizeof *v);
	snprintf(why, 200, "out of memory");
	if (!v)
		return NULL;
	v->env = env;
	v->van_count = (int)depot->vehicles.count;
	v->vans = calloc(depot->vehicles.count + 1, sizeof *v->vans);
	v->busy = calloc(depot->vehicles.count + 1, sizeof *v->busy);
	v->items = calloc(scenario->visits.count + 1, sizeof *v->items);
	if (!v->vans || !v->busy || !v->items) {
		visits_destroy(v);
		return NULL;
	}
	init_vans(v, depot);
	for (size_t i = 0; i < scenario->visits.count; i++) {
		if (init_visit(v, &v->items[v->visit_count++], depot, &scenario->visits.items[i],
			    stations, station_count, why) != 0) {
			visits_destroy(v);
			return NULL;
		}
	}
	return v;
}

static int64_t socket_mws(const struct visits *v, const struct visit *it, int64_t battery_mws)
{
	int permille = it->dc ? v->env->efficiency_dc_permille : v->env->efficiency_ac_permille;
	return battery_mws > 0 ? battery_mws / permille * 1000 : 0;
}

static void plan_energy(struct visits *v, struct visit *it)
{
	int64_t capacity = it->van->capacity_mws;
	if (it->config->has_need_wh) {
		it->stored_mws = capacity - it->config->need_wh * MWS_PER_WH;
		it->target_mws = capacity;
	} else {
		it->stored_mws = (int64_t)((double)capacity * it->config->soc_pct / 100);
		it->target_mws = capacity / 100 * it->vehicle->target_pct;
	}
	if (it->stored_mws < 0)
		it->stored_mws = 0;
	if (!it->config->has_need_wh && it->vehicle->has_need_wh) {
		int permille =
			it->dc ? v->env->efficiency_dc_permille : v->env->efficiency_ac_permille;
		it->target_mws =
			it->stored_mws + it->vehicle->need_wh * MWS_PER_WH / 1000 * permille;
		if (it->target_mws > capacity)
			it->target_mws = capacity;
	}
}

static void arrive(struct visits *v, struct visit *it)
{
	plan_energy(v, it);
	station_van_arrives(it->station, it->evse, it->van, it->stored_mws);
	it->import_mws = station_evse_import_mws(it->station, it->evse);
	it->here = *it->busy = true;
	v->here++;
	struct stay *s = it->stay = report_stay(v->env->report);
	if (!s)
		return;
	snprintf(s->vehicle, sizeof s->vehicle, "%s", it->van->id);
	snprintf(s->station, sizeof s->station, "%s", station_id(it->station));
	s->evse = (int)it->config->evse;
	s->arrived = v->env->now;
	s->departs = it->departs;
	s->soc_begin = battery_soc_permille(&it->van->battery);
	s->need_wh = socket_mws(v, it, it->target_mws - it->stored_mws) / MWS_PER_WH;
}

static void settle(struct visit *it)
{
	struct stay *s = it->stay;
	if (!s)
		return;
	int64_t got = station_evse_import_mws(it->station, it->evse) - it->import_mws;
	s->got_wh = got / MWS_PER_WH;
	s->soc_end = battery_soc_permille(&it->van->battery);
	s->ready = it->van->battery.stored_mws >= it->target_mws;
	s->possible = it->van->unlimited.stored_mws >= it->target_mws;
}

static void leave(struct visits *v, struct visit *it)
{
	settle(it);
	if (it->stay)
		it->stay->left = v->env->now;
	it->stay = NULL;
	it->here = *it->busy = false;
	v->here--;
	station_van_leaves(it->station, it->evse);
	schedule(v, it, false);
}

/* A van whose place is taken, or that is elsewhere, waits; one that waits too long goes away. */
static void try_arrive(struct visits *v, struct visit *it)
{
	if (v->env->now.ms >= it->departs.ms)
		schedule(v, it, false);
	else if (!*it->busy && station_evse_is_free(it->station, it->evse))
		arrive(v, it);
}

static void note_next(struct visits *v, const struct visit *it)
{
	if (it->over)
		return;
	wall_t at = it->here ? it->departs : it->arrives;
	if (at.ms < v->next_event.ms)
		v->next_event = at;
}

void visits_step(struct visits *v)
{
	int64_t now_ms = v->env->now.ms;
	if (now_ms < v->next_event.ms)
		return;
	for (int i = 0; i < v->visit_count; i++) {
		if (v->items[i].here && now_ms >= v->items[i].departs.ms)
			leave(v, &v->items[i]);
	}
	v->next_event.ms = INT64_MAX;
	for (int i = 0; i < v->visit_count; i++) {
		struct visit *it = &v->items[i];
		if (!it->here && !it->over && now_ms >= it->arrives.ms)
			try_arrive(v, it);
		note_next(v, it);
	}
}

int visits_van_count(const struct visits *v)
{
	return v->van_count;
}

int visits_here(const struct visits *v)
{
	return v->here;
}

void visits_settle(struct visits *v)
{
	for (int i = 0; i < v->visit_count; i++) {
		if (v->items[i].here)
			settle(&v->items[i]);
	}
}

void visits_destroy(struct visits *v)
{
	if (!v)
		return;
	free(v->vans);
	free(v->busy);
	free(v->items);
	free(v);
}
