/*
 * Night: a depot and what goes wrong in it, made from a seed. Trees of several shapes, with EVSEs
 * and vans of one, two and three phases, loads, PV, stores and meters as chance has it; then several
 * troubles of different kinds whose times overlap. The same seed makes the same night.
 *
 * Loads, vans and spikes stand in the texts for the simulated depot; the other troubles are a list
 * that whoever runs the night carries out.
 */
#ifndef TESTS_SCENARIO_NIGHT_H
#define TESTS_SCENARIO_NIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NIGHT_START        "2026-03-11T16:00:00Z" /* 17:00 in Amsterdam */
#define NIGHT_START_MS     INT64_C(1773244800000)
#define NIGHT_S            4200
#define NIGHT_LEASE_S      300
#define NIGHT_NODES_MAX    24
#define NIGHT_STATIONS_MAX 24
#define NIGHT_EVSES_MAX    2 /* of a station */
#define NIGHT_TROUBLES_MAX 24
#define NIGHT_IDLE_FROM    30000 /* … and meters that hang while nobody charges */
#define NIGHT_MORE_FROM    20000 /* seeds from here on have the troubles of night_more.c too */
#define NIGHT_STORE_W      8000 /* a store charges by so much, and feeds in no more */

enum trouble_kind {
	TROUBLE_KILL, /* depotd dies, and is started again at the end */
	TROUBLE_METER_SILENT,
	TROUBLE_METER_FROZEN,
	TROUBLE_METER_ZERO,
	TROUBLE_METER_REVERSED,
	TROUBLE_METER_JUMPING,
	TROUBLE_METER_HUNG, /* its gateway repeats all that it said last, from the beginning on */
	TROUBLE_METER_KILO, /* it says kW where W are asked for */
	TROUBLE_METER_MILLI, /* … or mW */
	TROUBLE_OFFLINE, /* one station */
	TROUBLE_SPLIT, /* several at once, as when a switch dies */
	TROUBLE_LOSE, /* `amount` percent of a station's texts are lost */
	TROUBLE_IGNORE, /* a charger ignores its profiles */
	TROUBLE_SLOW, /* a station answers `amount` seconds late */
	TROUBLE_DOUBLE, /* it sends events twice */
	TROUBLE_SPIKE, /* other load rises by `amount` W */
	TROUBLE_CLOCK, /* of depotd's machine, stepped by `amount` ms */
	TROUBLE_ENVELOPE, /* a grid operator allows a node `amount` W, or mA of each phase */
	TROUBLE_STATION_CLOCK, /* a station's clock is set by `amount` ms, and right again at the end */
	TROUBLE_POWER, /* a feeder has none: its stations are dark, and boot when it is back */
	TROUBLE_ISLAND, /* the grid is gone, and a store feeds what it can */
	TROUBLE_KIND_COUNT
};

struct trouble {
	enum trouble_kind kind;
	int at_s, until_s;
	int target; /* node or station, by its place */
	unsigned stations; /* of a split: a bit each */
	int64_t amount;
	int phase; /* of a spike: 1..3, 0 all */
	bool returns; /* a clock is set right again at the end */
	bool is_current; /* an envelope of mA */
	int lead_s; /* an envelope is said so long before it begins */
	bool stays; /* an envelope that the tails fit: it holds on when depotd is gone for good */
	char id[40]; /* of the envelope, once it was received; "" */
	int64_t begin_ms, end_ms; /* … by depotd's clock */
	bool was_over;
};

struct night_node {
	char id[16];
	const char *kind;
	int parent; /* -1: the root */
	bool has_meter;
	int64_t limit_w, limit_ma, imbalance_ma; /* -1: none */
	/* at most, of all below: EVSEs, their tails, other load; in W, and W on the fullest phase */
	int64_t evse_w, tail_w, load_w, phase_evse_w, phase_tail_w, phase_load_w;
	int64_t single_tail_w; /* tails on a phase of places with one phase */
	int64_t feed_w; /* PV, a store: at most */
	int64_t base_w; /* other load that there is most of the time */
};

struct night_station {
	int node, evses, late_s; /* follows its limits so late */
	int64_t tail_w;
	int64_t clock_ms; /* its clock is ahead by so much */
	bool is_old; /* speaks OCPP 1.6 */
};

struct night {
	uint64_t seed, chance;
	const char *shape;
	struct night_node nodes[NIGHT_NODES_MAX];
	struct night_station stations[NIGHT_STATIONS_MAX];
	struct trouble troubles[NIGHT_TROUBLES_MAX];
	int node_count, station_count, evse_count, trouble_count;
	int delay_ms; /* of the wires */
	int64_t demand_w; /* target of the windows at nodes[0]; 0: none */
	char depot[20000], scenario[8000];
	size_t depot_len, scenario_len;
};

void night_make(struct night *n, uint64_t seed);

/* A number of the night's chance: 0 … max - 1. */
int night_below(struct night *n, int max);

/* The seed, the shape, and what went wrong when, in one line. */
void night_tell(const struct night *n, char *text, size_t size);

#endif
