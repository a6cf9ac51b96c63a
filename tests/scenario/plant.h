/*
 * Plant: the simulated depot of tools/depotsim (stations, vans, loads, no sockets) for tests that
 * also hold depotd's core. Both sides have a `struct station` and a `struct session` of their own,
 * so this header shows neither: the plant is linked as one object that exports plant_* only.
 *
 * One thread. The same seed gives the same plant.
 */
#ifndef TESTS_SCENARIO_PLANT_H
#define TESTS_SCENARIO_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include "schemas/wall.h"

struct plant;

/* The way to the central system; `station` is its place in the depot's file. */
struct plant_wire {
	void (*connect)(void *ctx, int station);
	void (*disconnect)(void *ctx, int station, bool abrupt);
	void (*send)(void *ctx, int station, const char *text, size_t len);
	void *ctx;
};

struct plant_options {
	const char *depot, *scenario; /* files */
	wall_t start;
	uint64_t seed;
	struct plant_wire wire;
};

/* NULL with one line for a person. */
struct plant *plant_create(const struct plant_options *o, char why[400]);

/* The second that begins at plant_now(), which moves on. */
void plant_step(struct plant *p);
wall_t plant_now(const struct plant *p);

/* Answers of the wire; connect() is answered by opened or closed. */
void plant_opened(struct plant *p, int station);
void plant_closed(struct plant *p, int station);
void plant_received(struct plant *p, int station, const char *text, size_t len);

/* Troubles beside those of the scenario. */
struct plant_trouble {
	bool offline, ignores_profiles, doubles_events;
	int slow_s;
	bool no_power; /* its supply is gone */
	int late_s; /* follows limits so late */
	int64_t clock_ms; /* its own clock is so much ahead */
	int64_t floor_w; /* takes no limit below this for true, but 0 */
};
void plant_set_trouble(struct plant *p, int station, const struct plant_trouble *t);

int plant_station_count(const struct plant *p);
const char *plant_station_id(const struct plant *p, int station);
int plant_station_find(const struct plant *p, const char *id); /* -1: none */
bool plant_station_speaks_v16(const struct plant *p, int station);
bool plant_station_is_accepted(const struct plant *p, int station);
bool plant_station_is_below(const struct plant *p, int station, int node);
/* What it drew in the last second of each phase of the grid. */
void plant_station_phases(const struct plant *p, int station, int64_t mw[3]);

/* Power of the last second and the limit in force in it, of EVSE place 0, 1 … */
int plant_evse_count(const struct plant *p, int station);
int64_t plant_evse_mw(const struct plant *p, int station, int evse);
int64_t plant_evse_limit_mw(const struct plant *p, int station, int evse);

/* Nodes as in the depot's file: load of the last second, in all and by phase. */
struct plant_node {
	const char *id, *meter;
	int64_t limit_mw; /* -1: none */
	int64_t now_mw;
	int64_t phase_limit_mw, imbalance_mw; /* at the nominal voltage; -1: none */
	int64_t phase_mw[3], evse_phase_mw[3];
};
int plant_node_count(const struct plant *p);
struct plant_node plant_node_at(const struct plant *p, int node);
int64_t plant_node_evse_mw(const struct plant *p, int node); /* the EVSEs' part of it */

struct plant_session {
	const char *station, *transaction, *vehicle;
	int evse;
	bool ended;
	int64_t begin_wh, end_wh;
};
int plant_session_count(const struct plant *p);
struct plant_session plant_session_at(const struct plant *p, int i);

struct plant_stay {
	const char *vehicle;
	bool left, ready, possible;
	int soc_end; /* tenths of a percent */
};
int plant_stay_count(const struct plant *p);
struct plant_stay plant_stay_at(const struct plant *p, int i);

/* What was wrong in what the central system sent, and counts of the wire. */
struct plant_counts {
	const char *first_fault; /* in words, NULL: none */
	int64_t profiles_accepted, profiles_rejected, bad_requests;
	int64_t timeouts, discarded_events, bad_frames, bad_answers, errors;
};
struct plant_counts plant_counts(const struct plant *p);

void plant_destroy(struct plant *p);

#endif
