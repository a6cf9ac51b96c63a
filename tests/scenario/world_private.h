/*
 * World, inside: its state, shared by world.c (wires, depotd, time), world_files.c (what lies on
 * disk) and world_meters.c (what meters show). Nobody else includes this.
 */
#ifndef TESTS_SCENARIO_WORLD_PRIVATE_H
#define TESTS_SCENARIO_WORLD_PRIVATE_H

#include <semaphore.h>
#include "csms/config.h"
#include "modbus/meter_check.h"
#include "tests/scenario/world.h"

#define METERS_MAX 12
#define NODES_MAX  32

struct meter_state {
	enum world_meter how;
	struct meter_history history;
	int node;
	double frozen_w, frozen_phase_w[3], frozen_wh, import_wh;
	bool poses;
	struct meter_reading pose;
};

struct world {
	struct world_options opt;
	int delay_ms;
	char dir[300], data[340];
	int lives;
	struct config config;
	struct core core;
	bool is_alive, has_news;
	sem_t stored;
	struct plant *plant;
	struct conn *conns, **lines; /* lines[station]: the connection it has or opens */
	struct mail *first;
	struct meter_state meters[METERS_MAX];
	struct world_node nodes[NODES_MAX];
	int64_t now_ms;
	int64_t skew_ms; /* of depotd's wall clock */
	int64_t envelope_w; /* -1: none */
	int envelope_node;
};

/* world_files.c: a folder for the world with its files in it; what kill -9 leaves of another; gone. */
void world_make_files(struct world *w);
void world_copy_data(const char *from, const char *to);
void world_remove_dir(const char *dir);

/* world_meters.c: finds the meters of the depot that runs, once; one second of each. */
void world_bind_meters(struct world *w);
void world_read_meters(struct world *w);

#endif
