/*
 * Random nights of a depot with everything that phases bring: rotated chargers, vans of one, two and
 * three phases that are described or not, a house and a roof that load phases as they like, a
 * connection with a limit in W, in A and for the difference between phases. Anything fails: the
 * meter dies, freezes or jumps, a charger ignores its profile, depotd dies, networks split, the
 * clock is set, a limit comes. In every second no node is above a limit for longer than the stated
 * reaction time; in the end depotd is killed, and the depot settles below all of them.
 *
 * COUNT=1000 makes more of them (make nights), SEED=41 begins at that, PROGRESS=1 tells how far.
 *
 * What no controller could meet is left out: loads that jump while their meter lies or nobody can
 * be reached; a limit that comes, or a charger that ignores its profile, while depotd is dead.
 */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/envelope.h"
#include "tests/scenario/world.h"

#define NIGHT_S       5400
#define SETTLE_S      2100 /* two leases and some */
#define SAMPLE_S      15 /* control.sample_s */
#define GIVE_UP_S     3
#define FROZEN_S      35 /* until a meter that says the same is not believed */
#define DEFAULT_COUNT 12
#define START         "2026-03-11T16:00:00Z"
#define ACTIONS_MAX   8
#define STATIONS      6
#define SITE_W        55000

enum action_kind { ACTION_KILL, ACTION_METER, ACTION_LOSE, ACTION_CLOCK, ACTION_ENVELOPE };

/* What the scenario's file cannot say. */
struct action {
	enum action_kind kind;
	int at_s, until_s;
	enum world_meter how;
	int station, percent;
	int64_t amount; /* ms of the clock, W of the envelope */
	int lead_s; /* of the envelope: said so long before at_s */
	char envelope[ENVELOPE_ID_SIZE];
};

struct night {
	uint64_t chance;
	char depot[5000], scenario[4000];
	size_t depot_len, len;
	struct action actions[ACTIONS_MAX];
	int action_count, now_s;
	bool is_disobeyed, is_slow, is_frozen;
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

static void put(char *text, size_t size, size_t *len, const char *fmt, va_list args)
{
	*len += (size_t)vsnprintf(text + *len, size - *len, fmt, args);
	ck_assert_uint_lt(*len, size);
}

static void say(struct night *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void build(struct night *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct night *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(n->scenario, sizeof n->scenario, &n->len, fmt, args);
	va_end(args);
}

static void build(struct night *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(n->depot, sizeof n->depot, &n->depot_len, fmt, args);
	va_end(args);
}

/* -- the depot -------------------------------------------------------------------------------- */

/* Three chargers of three phases, one of direct current, two of one phase. */
static const struct {
	const char *kind;
	int max_w, min_w, phases, tail_w;
	const char *rotation;
} places[STATIONS] = {
	{"ac", 22000, 4140, 3, 4140, "RST"},
	{"ac", 22000, 4140, 3, 4140, "STR"},
	{"ac", 22000, 4140, 3, 4140, "TRS"},
	{"dc", 22000, 4140, 3, 4140, NULL},
	{"ac", 7360, 1380, 1, 1380, "S"},
	{"ac", 7360, 1380, 1, 1380, "R"},
};

static void build_places(struct night *n)
{
	build(n, "stations:\n");
	for (int i = 0; i < STATIONS; i++) {
		build(n,
			"  - {id: CP-%d, node: feeder, evses: [{id: 1, kind: %s, max_w: %d, "
			"min_w: %d, phases: %d, tail_w: %d",
			i + 1, places[i].kind, places[i].max_w, places[i].min_w, places[i].phases,
			places[i].tail_w);
		if (places[i].rotation && below(n, 4))
			build(n, ", rotation: %s", places[i].rotation);
		if (places[i].kind[0] == 'a' && below(n, 2))
			build(n, ", max_a: 32");
		build(n, "}]}\n");
	}
}

/* The van draws by phases that are said here; whether depotd knows them is chance: the plant takes
 * what is written, so a van that nobody describes is one of three phases. */
static void build_vans(struct night *n)
{
	build(n, "vehicles:\n");
	for (int i = 1; i <= STATIONS; i++) {
		int phases = i == 4 ? 3 : between(n, 1, 3);
		int max_w = i == 4 ? 22000 : 7360 * phases;

		build(n,
			"  - {id: V-%d, token: T%d, battery_wh: 90000, max_ac_w: %d, max_dc_w: "
			"22000, min_w: %d, target_pct: 90, departs: \"06:%02d\", phases: %d}\n",
			i, i, max_w, 1380 * phases, 10 + i, phases);
	}
}

static void build_depot(struct night *n)
{
	build(n,
		"depot: phased\nname: Phased\ntimezone: Europe/Amsterdam\nnodes:\n"
		"  - {id: site, kind: grid_connection, limit_w: %d, limit_a: 85, imbalance_a: %d, "
		"meter: main}\n"
		"  - {id: house, kind: load, parent: site, limit_w: 26000, limit_a: 40}\n"
		"  - {id: roof, kind: pv, parent: site, limit_w: 9000}\n"
		"  - {id: feeder, kind: feeder, parent: site, limit_w: 45000, limit_a: 63}\n"
		"meters:\n"
		"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}}\n",
		SITE_W, between(n, 20, 30));
	build_places(n);
	build_vans(n);
}

/* -- the night -------------------------------------------------------------------------------- */

static void add_failure(struct night *n, const char *kind, const char *target, int for_s,
	const char *more, int value)
{
	int at_min = between(n, 17 * 60 + 10, 18 * 60 + 25);

	say(n, "  - {kind: %s, target: %s, at: \"%02d:%02d\", for_s: %d", kind, target, at_min / 60,
		at_min % 60, for_s);
	if (more)
		say(n, ", %s: %d", more, value);
	if (strcmp(kind, "base_load_spike") == 0 && below(n, 3))
		say(n, ", phase: %d", between(n, 1, 3));
	say(n, "}\n");
}

static void add_station_failure(struct night *n, const char *kind, int for_s, int delay_s)
{
	char id[8];

	snprintf(id, sizeof id, "CP-%d", between(n, 1, STATIONS));
	add_failure(n, kind, id, for_s, delay_s ? "delay_s" : NULL, delay_s);
}

static struct action *add_action(struct night *n, enum action_kind kind, int least_s, int most_s)
{
	struct action *a = &n->actions[n->action_count++];

	ck_assert_int_le(n->action_count, ACTIONS_MAX);
	a->kind = kind;
	a->at_s = between(n, 900, NIGHT_S - 900);
	a->until_s = a->at_s + between(n, least_s, most_s);
	return a;
}

/* All stations at once, as when a switch dies. */
static void split_network(struct night *n)
{
	int at_min = between(n, 17 * 60 + 10, 18 * 60 + 25), for_s = between(n, 5, 2400);

	for (int i = 1; i <= STATIONS; i++)
		say(n, "  - {kind: station_offline, target: CP-%d, at: \"%02d:%02d\", for_s: %d}\n",
			i, at_min / 60, at_min % 60, for_s);
}

static void add_visits(struct night *n)
{
	int sun_w = between(n, 0, 8000);

	say(n, "sample_s: 15\nbase_load:\n");
	say(n, "  - {node: house, noise_w: %d, points: [{at: \"00:00\", w: %d}]}\n",
		between(n, 0, 800), between(n, 3000, 9000));
	say(n,
		"  - {node: roof, points: [{at: \"17:00\", w: %d}, {at: \"18:20\", w: 0}, "
		"{at: \"23:59\", w: 0}]%s}\n",
		sun_w, below(n, 2) ? "" : ", phase: 2");
	say(n, "visits:\n");
	for (int i = 1; i <= STATIONS; i++) {
		int at_min = between(n, 17 * 60, 17 * 60 + 50);

		say(n, "  - {vehicle: V-%d, station: CP-%d, arrives: \"%02d:%02d\", soc_pct: %d}\n",
			i, i, at_min / 60, at_min % 60, between(n, 5, 88));
	}
	say(n, "failures:\n");
	add_station_failure(n, "duplicate_events", between(n, 60, 3600), 0);
	n->is_slow = below(n, 2);
	if (n->is_slow)
		add_station_failure(n, "slow_answers", between(n, 60, 3600), between(n, 1, 45));
}

/* Some come long before they count, some at once. */
static void add_envelope(struct night *n)
{
	struct action *a = add_action(n, ACTION_ENVELOPE, 60, 2400);

	a->amount = between(n, 15000, 45000);
	a->lead_s = below(n, 2) ? between(n, 30, 600) : 0;
}

static void add_trouble(struct night *n)
{
	int kind = below(n, 7);
	bool dies;

	if (kind == 0) /* the house */
		for (int i = between(n, 1, 3); i > 0; i--)
			add_failure(n, "base_load_spike", "house", between(n, 5, 1200), "w",
				between(n, 1000, 4000));
	if (kind == 1) { /* connections */
		for (int i = between(n, 1, 3); i > 0; i--)
			add_station_failure(n, "station_offline", between(n, 5, 3000), 0);
		struct action *a = add_action(n, ACTION_LOSE, 60, 1800);
		a->station = below(n, STATIONS);
		a->percent = between(n, 10, 90);
	}
	if (kind == 2) { /* the meter */
		static const enum world_meter how[] = {
			WORLD_METER_SILENT, WORLD_METER_FROZEN, WORLD_METER_JUMPING};
		enum world_meter h = how[below(n, 3)];

		add_action(n, ACTION_METER, 5, 1800)->how = h;
		n->is_frozen = h == WORLD_METER_FROZEN;
	}
	if (kind == 3) { /* one station does as it likes */
		n->is_disobeyed = true;
		add_station_failure(n, "ignore_profiles", between(n, 60, 3600), 0);
	}
	if (kind == 4)
		split_network(n);
	if (kind == 5)
		add_envelope(n);
	if (kind == 6)
		add_action(n, ACTION_CLOCK, 1, 1)->amount = between(n, -60000, 60000);
	dies = below(n, 3) == 0;
	if (dies && kind != 3 && kind != 5)
		add_action(n, ACTION_KILL, 1, 900);
}

/* Depots are mixed: in every other one some stations, or all, speak OCPP 1.6. */
static void add_old_stations(struct night *n)
{
	int old = below(n, 2) ? between(n, 1, (1 << STATIONS) - 1) : 0; /* a bit a station */

	for (int i = 0; i < STATIONS; i++)
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
	build_depot(n);
	add_visits(n);
	add_trouble(n);
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

/* A grid operator says it, as his adapter would. */
static void announce(struct action *a, struct world *w)
{
	int64_t begin_ms = world_now(w).ms + (int64_t)a->lead_s * 1000;
	struct envelope_block b = {begin_ms, begin_ms + (int64_t)(a->until_s - a->at_s) * 1000,
		{(int32_t)a->amount, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	const struct envelope_offer o = {.node = "site",
		.owner = "oscp/dso-1",
		.type = "CONSUMPTION",
		.kind = ENVELOPE_LIMIT,
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "oscp:dso-1"};
	char why[200];

	ck_assert_msg(envelope_receive(world_core(w), &o, a->envelope, why) == 0, "%s", why);
	ck_assert_int_eq(envelope_find(world_core(w), a->envelope)->e.state,
		a->lead_s ? ENVELOPE_PENDING : ENVELOPE_ACTIVE);
}

/* A second after its edges; those that are over stay to be seen for a while. */
static void check_envelope(const struct night *n, const struct action *a, struct world *w)
{
	const struct held_envelope *h = envelope_find(world_core(w), a->envelope);

	if (n->now_s != a->at_s + 2 && n->now_s != a->until_s + 2)
		return;
	ck_assert_ptr_nonnull(h);
	ck_assert_int_eq(h->e.state, n->now_s < a->until_s ? ENVELOPE_ACTIVE : ENVELOPE_EXPIRED);
}

static void begin_action(const struct action *a, struct world *w)
{
	switch (a->kind) {
	case ACTION_KILL:
		world_kill(w);
		break;
	case ACTION_METER:
		world_set_meter(w, "main", a->how);
		break;
	case ACTION_CLOCK:
		world_step_clock(w, a->amount);
		break;
	case ACTION_ENVELOPE:
		world_expect_limit(w, "site", a->amount);
		break;
	case ACTION_LOSE:
		break;
	}
}

static void end_action(const struct action *a, struct world *w)
{
	switch (a->kind) {
	case ACTION_KILL:
		world_start(w);
		break;
	case ACTION_METER:
		world_set_meter(w, "main", WORLD_METER_FINE);
		break;
	case ACTION_ENVELOPE:
		world_expect_limit(w, "site", -1);
		break;
	case ACTION_CLOCK:
	case ACTION_LOSE:
		break;
	}
}

static void act(struct night *n, struct world *w)
{
	for (int i = 0; i < n->action_count; i++) {
		struct action *a = &n->actions[i];

		if (a->kind == ACTION_ENVELOPE && n->now_s == a->at_s - a->lead_s)
			announce(a, w);
		if (a->kind == ACTION_ENVELOPE)
			check_envelope(n, a, w);
		if (n->now_s == n->actions[i].at_s)
			begin_action(&n->actions[i], w);
		if (n->now_s == n->actions[i].until_s)
			end_action(&n->actions[i], w);
	}
}

static uint64_t number(const char *name, uint64_t absent)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 10) : absent;
}

/* Nobody commands: what the stations hold ends in the tails. Every limit is kept at the end, and on
 * the way nothing rises above it. */
static void settle_without(struct world *w)
{
	world_kill(w);
	world_forget_nodes(w);
	world_run_s(w, SETTLE_S);
	world_check_limits(w, WORLD_REACTION_S);
	world_forget_nodes(w);
	world_run_s(w, 60);
	world_check_limits(w, 0);
}

static int64_t charged_wh(struct world *w)
{
	const struct plant *p = world_plant(w);
	int64_t wh = 0;

	for (int i = 0; i < plant_session_count(p); i++) {
		struct plant_session s = plant_session_at(p, i);

		wh += s.end_wh - s.begin_wh;
	}
	return wh;
}

static void tell_progress(uint64_t seed)
{
	if (getenv("PROGRESS") && seed % 10 == 0) {
		fprintf(stderr, "  night %llu\r", (unsigned long long)seed);
		fflush(stderr);
	}
}

static void tell_night(const struct night *n, uint64_t seed)
{
	static const char *const names[] = {"kill", "meter", "lose", "clock", "envelope"};

	fprintf(stderr, "seed %llu:\n%s%s", (unsigned long long)seed, n->depot, n->scenario);
	for (int i = 0; i < n->action_count; i++)
		fprintf(stderr, "  action %s from %d to %d s: %lld\n", names[n->actions[i].kind],
			n->actions[i].at_s, n->actions[i].until_s, (long long)n->actions[i].amount);
}

static void run_night(uint64_t seed)
{
	struct night n = {.len = 0};
	struct world *w;

	make_night(&n, seed);
	tell_progress(seed);
	if (getenv("SCENARIO_LOG"))
		tell_night(&n, seed);
	w = world_create(&(struct world_options){.seed = seed,
		.depot = n.depot,
		.scenario = n.scenario,
		.start = START,
		.delay_ms = between(&n, 5, 400),
		.pass = lose,
		.ctx = &n});
	for (; n.now_s < NIGHT_S; n.now_s++) {
		act(&n, w);
		world_step(w);
	}
	/* As in random_test.c: who is slow to answer, and who is only known by its own samples. */
	world_check_node(
		w, "site", WORLD_REACTION_S + (n.is_disobeyed || n.is_slow ? GIVE_UP_S : 0));
	world_check_node(w, "feeder", WORLD_REACTION_S + (n.is_disobeyed ? SAMPLE_S : 0));
	/* A charger that does as it likes, or does it late, may be too much for it alone. */
	if (!n.is_disobeyed && !n.is_slow)
		world_check_balance(
			w, "site", WORLD_REACTION_S + GIVE_UP_S + (n.is_frozen ? FROZEN_S : 0));
	ck_assert_int_gt(charged_wh(w), 2000);
	settle_without(w);
	world_destroy(w);
}

START_TEST(no_limit_is_broken_for_longer_than_the_reaction_time)
{
	run_night(number("SEED", 1) + (uint64_t)_i);
}
END_TEST

/* Nights that went wrong once. */
static const uint64_t hard_nights[] = {
	115, /* raised again and again by a reading of long ago: its station's texts got lost */
	157, /* the same, by readings that its station had kept and sent late */
};

START_TEST(a_night_that_went_wrong_goes_well)
{
	run_night(hard_nights[_i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nights");
	TCase *t = tcase_create("nights");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, no_limit_is_broken_for_longer_than_the_reaction_time, 0,
		(int)number("COUNT", DEFAULT_COUNT));
	tcase_add_loop_test(
		t, a_night_that_went_wrong_goes_well, 0, sizeof hard_nights / sizeof *hard_nights);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
