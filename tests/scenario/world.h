/*
 * World: depotd's core and a simulated depot in one process on the simulated clock, joined by
 * wires that take time. Every part is the one that runs in earnest, but for sockets, meters' wires and threads of the
 * planner: sessions, journal on disk, guard, planner, stations, vans. Loads of nodes are checked
 * in every simulated second, in all, on each phase and for the difference between phases. Failures of the harness itself end the test.
 */
#ifndef TESTS_SCENARIO_WORLD_H
#define TESTS_SCENARIO_WORLD_H

#include "csms/alarms.h"
#include "csms/core.h"
#include "tests/scenario/plant.h"

#define WORLD_REACTION_S 10 /* within which the guard brings a node below its limit */

enum world_meter {
	WORLD_METER_FINE,
	WORLD_METER_SILENT,
	WORLD_METER_FROZEN, /* its measuring part hangs; the voltages live on */
	WORLD_METER_ZERO, /* its current transformers are open */
	WORLD_METER_REVERSED, /* … or the wrong way round */
	WORLD_METER_KILO, /* … by another unit: a thousandth of it */
	WORLD_METER_MILLI, /* … or a thousand times of it */
	WORLD_METER_DARK, /* its feeder has no power */
	WORLD_METER_JUMPING, /* now and then a value is nonsense */
	WORLD_METER_PLAIN, /* fine, but it tells no voltages */
	WORLD_METER_HUNG, /* its gateway repeats all that it said last */
	WORLD_METER_SWAPPED, /* L1 and L2 have changed places, with their voltages */
};

struct world_node {
	const char *id;
	int64_t limit_mw; /* -1: none */
	int64_t now_mw, max_mw;
	wall_t max_at;
	int over_s; /* seconds above the limit, up to now in a row, for which EVSEs are to blame */
	int longest_s;
	wall_t longest_at;
	char longest_what[80]; /* which limit that was */
	int apart_s, longest_apart_s; /* the same for the difference between phases */
	char longest_apart_what[80];
};

/* One text on its way. */
struct world_frame {
	int station;
	bool to_station;
	const char *text;
};

struct world_options {
	const char *config, *depot, *scenario; /* texts; NULL: the files of etc/demo */
	const char *start; /* NULL: 2026-03-11T15:00:00Z, 16:00 in Amsterdam */
	uint64_t seed;
	int delay_ms; /* each way; 0: 40 */
	/* Looks at every text before it is sent; false: it is lost. May be NULL. */
	bool (*pass)(void *ctx, const struct world_frame *f);
	void *ctx;
};

struct world;

struct world *world_create(const struct world_options *o);

/* The text of etc/demo's scenario, but that a third of the stations speaks OCPP 1.6; free() it. */
char *world_mixed_scenario(void);

/* One second; many; until that local time comes next. */
void world_step(struct world *w);
void world_run_s(struct world *w, int seconds);
void world_run_until(struct world *w, const char *local);
wall_t world_now(const struct world *w);

/* depotd lives, and the station is connected to it. */
bool world_reaches(const struct world *w, int station);

struct core *world_core(struct world *w);

/* The first of that kind that stands, of that subject (NULL: of any); NULL: there is none. */
const struct alarm *world_alarm(struct world *w, enum alarm_kind kind, const char *subject);

struct plant *world_plant(struct world *w);

/* A text to depotd as if the station had sent it. False: it is not connected. */
bool world_say(struct world *w, int station, const char *text);

/* A text to the station as if depotd had sent it. */
void world_answer(struct world *w, int station, const char *text);

void world_set_meter(struct world *w, const char *meter, enum world_meter how);

/* From now on the meter reads this each second, whatever flows (its time is filled in); for what the
 * plant does not have: voltage that is gone, stores, PV. NULL: the plant's power again. */
struct meter_reading;
void world_pose_meter(struct world *w, const char *meter, const struct meter_reading *r);

/* A limit counts on the node from now on, or no longer (-1): it is judged by it. Whoever tests tells
 * depotd, as the limit's owner would. */
void world_expect_limit(struct world *w, const char *node, int64_t import_w);

/* The clock of depotd's machine is set; the stations' are not. */
void world_step_clock(struct world *w, int64_t ms);

/* depotd dies as by SIGKILL: all connections break, nothing runs, what was on disk stays. */
void world_kill(struct world *w);

/* It is started anew on what was on disk. */
void world_start(struct world *w);

/* By id; world_forget_nodes() begins the records anew. */
const struct world_node *world_node(const struct world *w, const char *id);
void world_forget_nodes(struct world *w);

/* The node, or no node at all, was above its limit for longer than `seconds` in a row. */
void world_check_node(const struct world *w, const char *id, int seconds);
void world_check_limits(const struct world *w, int seconds);
void world_check_balance(const struct world *w, const char *id, int seconds);

/* Stays whose van is, or left, ready. */
int world_count_ready(struct world *w);

/* The journal has all sessions of the plant that ended, complete and to the watt-hour; true if so,
 * else one line about the first that differs. Returns their number, or -1. */
int world_compare_sessions(struct world *w, char why[300]);

void world_destroy(struct world *w);

/* Runs a suite (check.h) of such tests; what main() returns. */
struct Suite;
int world_run_suite(struct Suite *suite);

#endif
