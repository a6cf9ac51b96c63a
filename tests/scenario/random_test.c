/*
 * Two hours of a small depot with failures by chance: no node is above its limit for longer than
 * the guard's reaction time, whatever fails. COUNT=300 makes more of them, SEED=41 begins at that.
 *
 * What no controller could meet is left out: a load that jumps while its meter is silent, while
 * stations cannot be reached or depotd is down, and a second station that ignores its profile.
 */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define NIGHT_S       7200
#define SAMPLE_S      15 /* control.sample_s */
#define GIVE_UP_S     3
#define DEFAULT_COUNT 30
#define START         "2026-03-11T16:00:00Z"
#define ACTIONS_MAX   8

enum action_kind { ACTION_KILL, ACTION_METER, ACTION_LOSE };

/* What the scenario's file cannot say. */
struct action {
	enum action_kind kind;
	int at_s, until_s;
	enum world_meter how;
	int station, percent;
};

struct night {
	uint64_t chance;
	char scenario[4000];
	size_t len;
	struct action actions[ACTIONS_MAX];
	int action_count, now_s;
	bool is_disobeyed;
};

static int below(struct night *n, int max)
{
	n->chance ^= n->chance << 13;
	n->chance ^= n->chance >> 7;
	n->chance ^= n->chance << 17;
	return (int)(n->chance % (uint64_t)max);
}

static int between(struct night *n, int from, int to)
{
	return from + below(n, to - from + 1);
}

static void say(struct night *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct night *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	n->len += (size_t)vsnprintf(n->scenario + n->len, sizeof n->scenario - n->len, fmt, args);
	va_end(args);
	ck_assert_uint_lt(n->len, sizeof n->scenario);
}

/* -- making one ------------------------------------------------------------------------------- */

static void add_failure(struct night *n, const char *kind, const char *target, int for_s,
	const char *more, int value)
{
	int at_min = between(n, 17 * 60 + 10, 18 * 60 + 50);

	say(n, "  - {kind: %s, target: %s, at: \"%02d:%02d\", for_s: %d", kind, target, at_min / 60,
		at_min % 60, for_s);
	if (more)
		say(n, ", %s: %d", more, value);
	say(n, "}\n");
}

static void add_station_failure(struct night *n, const char *kind, int for_s, int delay_s)
{
	char id[8];

	snprintf(id, sizeof id, "CP-%d", between(n, 1, 4));
	add_failure(n, kind, id, for_s, delay_s ? "delay_s" : NULL, delay_s);
}

static struct action *add_action(struct night *n, enum action_kind kind, int least_s, int most_s)
{
	struct action *a = &n->actions[n->action_count++];

	ck_assert_int_le(n->action_count, ACTIONS_MAX);
	a->kind = kind;
	a->at_s = between(n, 600, NIGHT_S - 600);
	a->until_s = a->at_s + between(n, least_s, most_s);
	return a;
}

static void add_visits(struct night *n)
{
	say(n, "base_load:\n  - {node: house, noise_w: %d, points: [{at: \"00:00\", w: %d}]}\n",
		between(n, 0, 800), between(n, 4000, 11000));
	say(n, "visits:\n");
	for (int i = 1; i <= 4; i++) {
		int at_min = between(n, 17 * 60, 18 * 60 + 30);

		say(n, "  - {vehicle: V-%d, station: CP-%d, arrives: \"%02d:%02d\", soc_pct: %d}\n",
			i, i, at_min / 60, at_min % 60, between(n, 5, 95));
	}
	say(n, "failures:\n");
	add_station_failure(n, "duplicate_events", between(n, 60, 3600), 0);
	add_station_failure(n, "slow_answers", between(n, 60, 3600), between(n, 1, 45));
}

static void add_lost_texts(struct night *n)
{
	struct action *a = add_action(n, ACTION_LOSE, 60, 1800);

	a->station = below(n, 4);
	a->percent = between(n, 10, 90);
}

/* Depots are mixed: in every other one some stations, or all, speak OCPP 1.6. */
static void add_old_stations(struct night *n)
{
	int old = below(n, 2) ? between(n, 1, 15) : 0; /* a bit a station */

	for (int i = 0; i < 4; i++)
		if (old >> i & 1)
			say(n, "%sCP-%d", old & ((1 << i) - 1) ? ", " : "ocpp16: [", i + 1);
	if (old)
		say(n, "]\n");
}

static void make_night(struct night *n, uint64_t seed)
{
	n->chance = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	for (int i = 0; i < 10; i++)
		below(n, 2);
	add_visits(n);
	switch (below(n, 4)) {
	case 0: /* the house */
		for (int i = between(n, 1, 3); i > 0; i--)
			add_failure(n, "base_load_spike", "house", between(n, 5, 1200), "w",
				between(n, 2000, 6000));
		break;
	case 1: /* connections */
		for (int i = between(n, 1, 3); i > 0; i--)
			add_station_failure(n, "station_offline", between(n, 5, 3000), 0);
		for (int i = between(n, 0, 2); i > 0; i--)
			add_lost_texts(n);
		if (below(n, 2))
			add_action(n, ACTION_KILL, 1, 900);
		break;
	case 2: /* the meter */
		add_action(n, ACTION_METER, 5, 1800)->how =
			below(n, 2) ? WORLD_METER_SILENT : WORLD_METER_FROZEN;
		if (below(n, 2))
			add_station_failure(n, "station_offline", between(n, 5, 3000), 0);
		else
			add_action(n, ACTION_KILL, 1, 900);
		break;
	case 3: /* one station does as it likes */
		n->is_disobeyed = true;
		add_station_failure(n, "ignore_profiles", between(n, 60, 3600), 0);
		break;
	}
	add_old_stations(n);
}

/* -- running it ------------------------------------------------------------------------------- */

static bool lose(void *ctx, const struct world_frame *f)
{
	struct night *n = ctx;

	for (int i = 0; i < n->action_count; i++) {
		const struct action *a = &n->actions[i];

		if (a->kind == ACTION_LOSE && a->station == f->station && n->now_s >= a->at_s &&
			n->now_s < a->until_s && below(n, 100) < a->percent)
			return false;
	}
	return true;
}

static void act(struct night *n, struct world *w)
{
	for (int i = 0; i < n->action_count; i++) {
		const struct action *a = &n->actions[i];

		if (a->kind == ACTION_KILL && n->now_s == a->at_s)
			world_kill(w);
		else if (a->kind == ACTION_KILL && n->now_s == a->until_s)
			world_start(w);
		else if (a->kind == ACTION_METER && n->now_s == a->at_s)
			world_set_meter(w, "main", a->how);
		else if (a->kind == ACTION_METER && n->now_s == a->until_s)
			world_set_meter(w, "main", WORLD_METER_FINE);
	}
}

static uint64_t number(const char *name, uint64_t absent)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 10) : absent;
}

START_TEST(no_node_stays_above_its_limit)
{
	struct night n = {.len = 0};
	uint64_t seed = number("SEED", 1) + (uint64_t)_i;
	struct world *w;

	make_night(&n, seed);
	if (getenv("SCENARIO_LOG"))
		fprintf(stderr, "seed %llu:\n%s", (unsigned long long)seed, n.scenario);
	w = world_create(&(struct world_options){.seed = seed,
		.depot = small_depot,
		.scenario = n.scenario,
		.start = START,
		.delay_ms = between(&n, 5, 400),
		.pass = lose,
		.ctx = &n});
	for (; n.now_s < NIGHT_S; n.now_s++) {
		act(&n, w);
		world_step(w);
	}
	/* A lowering that another station is too slow to answer is given up after the reaction time;
	 * only then the rest goes down for it. */
	world_check_node(w, "site", WORLD_REACTION_S + (n.is_disobeyed ? GIVE_UP_S : 0));
	/* No meter: who disobeys is found out by its own samples. */
	world_check_node(w, "feeder", WORLD_REACTION_S + (n.is_disobeyed ? SAMPLE_S : 0));
	world_destroy(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("random");
	TCase *t = tcase_create("random");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
		t, no_node_stays_above_its_limit, 0, (int)number("COUNT", DEFAULT_COUNT));
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
