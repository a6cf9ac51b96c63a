/*
 * Random nights (tests/scenario/night.h) in which several things fail at once: meters die, freeze,
 * jump and lie, chargers ignore their profiles or follow late, depotd dies, networks split, texts get
 * lost, the clock is set, limits come. In every second no node, metered or not, is above a limit for
 * longer than the stated reaction time (docs/energy.md); in the end depotd is killed, and the depot
 * settles below all of them.
 *
 * COUNT=1000 makes more of them (make nights), SEED=41 begins at that, PROGRESS=1 tells how far.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/envelope.h"
#include "tests/scenario/judge.h"
#include "tests/scenario/night.h"
#include "tests/scenario/night_island.h"
#include "tests/scenario/nights_private.h"
#include "tests/scenario/world.h"

#define SETTLE_S      (2 * NIGHT_LEASE_S + 120) /* two leases and some */
#define SETTLED_S     30
#define BELIEVED_S    35 /* … and is not believed for a while when it no longer does */
#define AFTER_S       40 /* a call that was lost may still be waited for */
#define CLOCK_S       70 /* until messages tell of a station's clock that was set */
#define RETURN_S      18 /* nobody rises for so long after power is back */
#define SETTLED_IN_S  60
#define CHARGED_WH    1000
#define DEFAULT_COUNT 12

/* -- stations --------------------------------------------------------------------------------- */

static int64_t station_clock_ms(const struct run *r, int station)
{
	int64_t ms = r->n.stations[station].clock_ms;

	for (int i = 0; i < r->n.trouble_count; i++)
		if (r->n.troubles[i].kind == TROUBLE_STATION_CLOCK &&
			r->n.troubles[i].target == station && is_on(r, &r->n.troubles[i], 0))
			ms += r->n.troubles[i].amount;
	return ms;
}

static void set_station(struct run *r, int station)
{
	struct plant_trouble now = {
		.late_s = r->n.stations[station].late_s, .clock_ms = station_clock_ms(r, station)};

	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		now.no_power = now.no_power ||
			       (t->kind == TROUBLE_POWER && is_on(r, t, 0) &&
				       is_below(&r->n, r->n.stations[station].node, t->target));
		if (!is_of(t, station) || !is_on(r, t, 0))
			continue;
		now.offline = now.offline || t->kind == TROUBLE_OFFLINE || t->kind == TROUBLE_SPLIT;
		now.ignores_profiles = now.ignores_profiles || t->kind == TROUBLE_IGNORE;
		now.doubles_events = now.doubles_events || t->kind == TROUBLE_DOUBLE;
		if (t->kind == TROUBLE_SLOW)
			now.slow_s = (int)t->amount;
	}
	plant_set_trouble(world_plant(r->w), station, &now);
}

/* A reading of the power goes to depotd. */
static void hear(struct run *r, const struct world_frame *f)
{
	static const char key[] = "\"timestamp\":\"";
	const char *at = NULL;
	wall_t said;
	int of_s;

	if (f->to_station || !strstr(f->text, "Power.Active.Import"))
		return;
	for (const char *p = f->text; (p = strstr(p, key)) != NULL; p++)
		at = p + strlen(key);
	if (!at || !wall_parse(at, strcspn(at, "\""), &said))
		return;
	of_s = (int)((said.ms - station_clock_ms(r, f->station) - NIGHT_START_MS) / 1000);
	if (of_s > r->now_s - RECENT_S && of_s > r->heard_s[f->station])
		r->heard_s[f->station] = of_s;
}

static bool lose(void *ctx, const struct world_frame *f)
{
	struct run *r = ctx;

	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (t->kind == TROUBLE_LOSE && is_of(t, f->station) && is_on(r, t, 0) &&
			night_below(&r->n, 100) < t->amount)
			return false;
	}
	hear(r, f);
	return true;
}

/* What can be asked of it: one that answers late, or whose texts get lost, may not have been told. */
static enum judge_station standing_of(const struct run *r, int station)
{
	bool is_lost = is_cut_off(r, station);
	/* What it was told is over too early, or lasts too long, until it can be told anew. */
	bool disobeys = r->now_s < r->odd_until_s[station];

	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (!is_of(t, station))
			continue;
		disobeys = disobeys || (t->kind == TROUBLE_IGNORE && is_on(r, t, EDGE_S));
		is_lost = is_lost || (t->kind == TROUBLE_LOSE && is_on(r, t, AFTER_S)) ||
			  (t->kind == TROUBLE_SLOW && is_on(r, t, (int)t->amount + GIVE_UP_S));
	}
	if (disobeys)
		return is_lost ? JUDGE_DISOBEYS_CUT_OFF : JUDGE_DISOBEYS;
	return is_lost ? JUDGE_CUT_OFF : JUDGE_OBEYS;
}

static void watch_clock(struct run *r, int station)
{
	int64_t ms = station_clock_ms(r, station);
	bool is_odd = r->now_s < r->odd_until_s[station];

	if (ms != r->clock_ms[station] && !is_odd)
		r->odd_since_s[station] = r->now_s;
	if (ms != r->clock_ms[station] || (is_odd && is_cut_off(r, station)))
		r->odd_until_s[station] = r->now_s + CLOCK_S;
	r->clock_ms[station] = ms;
}
/* -- what else is watched --------------------------------------------------------------------- */

static bool all_obey(const struct run *r, const enum judge_station *stations, int node)
{
	for (int i = 0; i < r->n.station_count; i++)
		if (stations[i] != JUDGE_OBEYS && is_below(&r->n, r->n.stations[i].node, node))
			return false;
	return true;
}

static bool has_kind(const struct run *r, enum trouble_kind kind)
{
	for (int i = 0; i < r->n.trouble_count; i++)
		if (r->n.troubles[i].kind == kind)
			return true;
	return false;
}

/* Is it sound to ask for what the window of a target comes to? */
static bool is_sound(const struct run *r, const enum judge_station *stations)
{
	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if ((t->kind == TROUBLE_ISLAND || t->kind == TROUBLE_POWER ||
			    (t->kind <= TROUBLE_METER_MILLI && t->kind != TROUBLE_KILL)) &&
			is_on(r, t, SETTLED_IN_S))
			return false;
	}
	return r->is_alive && !has_kind(r, TROUBLE_CLOCK) && all_obey(r, stations, 0);
}

/* It had done nothing that it was told when its power went, and nobody could tell it again: what it has
 * of before counts as disobeyed until then. */
static bool went_untold(const struct run *r, const struct trouble *cut)
{
	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (t->kind == TROUBLE_IGNORE && t->at_s < cut->at_s &&
			t->until_s + SETTLED_IN_S > cut->at_s &&
			is_below(&r->n, r->n.stations[t->target].node, cut->target))
			return true;
	}
	return false;
}

static void watch_return(struct run *r, const struct trouble *t)
{
	const struct plant *p = world_plant(r->w);
	int64_t tails_w = 0;

	if (!r->n.nodes[t->target].has_meter || r->now_s <= t->until_s ||
		r->now_s > t->until_s + RETURN_S || went_untold(r, t))
		return;
	for (int i = 0; i < r->n.trouble_count; i++)
		if (&r->n.troubles[i] != t && r->n.troubles[i].kind != TROUBLE_ENVELOPE &&
			is_on(r, &r->n.troubles[i], SETTLED_IN_S))
			return;
	for (int i = 0; i < r->n.station_count; i++)
		if (is_below(&r->n, r->n.stations[i].node, t->target))
			tails_w += r->n.stations[i].tail_w;
	night_watch_return(&r->watch, r->now_s, r->n.nodes[t->target].id, tails_w,
		plant_node_evse_mw(p, t->target));
}

/* The island is seen by the meters of the grid and of the store: without them nobody can know of it. */
static bool shows_island(const struct run *r, const struct trouble *island)
{
	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (t->kind != TROUBLE_KILL && t->kind <= TROUBLE_METER_MILLI &&
			(t->target == 0 || t->target == island->target) &&
			is_on(r, t, SETTLED_IN_S))
			return false;
	}
	return true;
}

/* Whatever else is wrong, nobody is switched on and off all the time. */
static void watch_starts(struct run *r, int station)
{
	const struct plant *p = world_plant(r->w);

	for (int e = 0; e < plant_evse_count(p, station); e++)
		night_watch_starts(&r->watch, r->now_s, plant_station_id(p, station), e + 1,
			&r->starts[station][e], plant_evse_mw(p, station, e));
}

static void watch(struct run *r, const enum judge_station *stations)
{
	const struct plant *p = world_plant(r->w);
	struct plant_node root = plant_node_at(p, 0);
	int64_t evse_mw = plant_node_evse_mw(p, 0);

	if (r->n.demand_w)
		night_watch_demand(&r->watch, r->now_s, r->n.demand_w, root.now_mw, evse_mw,
			is_sound(r, stations));
	for (int i = 0; i < r->n.station_count; i++)
		watch_starts(r, i);
	for (int i = 0; i < r->n.trouble_count; i++) {
		const struct trouble *t = &r->n.troubles[i];

		if (t->kind == TROUBLE_POWER)
			watch_return(r, t);
		if (t->kind == TROUBLE_ISLAND && is_on(r, t, 0))
			night_watch_island(&r->watch, r->now_s, NIGHT_STORE_W,
				root.now_mw - plant_node_at(p, t->target).now_mw, evse_mw,
				r->is_alive && shows_island(r, t) && all_obey(r, stations, 0));
	}
}

/* -- one second ------------------------------------------------------------------------------- */

static void judge(struct run *r)
{
	enum judge_station stations[NIGHT_STATIONS_MAX];
	int may_s[NIGHT_NODES_MAX], apart_s[NIGHT_NODES_MAX];
	bool is_blind_now = false;

	for (int i = 0; i < r->n.station_count; i++) {
		watch_clock(r, i);
		stations[i] = standing_of(r, i);
		if (stations[i] != JUDGE_OBEYS)
			r->unsteady_s = r->now_s + AFTER_S;
	}
	for (int i = 0; i < r->n.node_count; i++) {
		may_s[i] = run_allowed_s(r, stations, i);
		is_blind_now = is_blind_now || run_is_blind(r, i, BELIEVED_S);
	}
	for (int i = 0; i < r->n.node_count; i++)
		apart_s[i] = run_hides_it(r, i) ? JUDGE_NOT_ASKED
			     : is_blind_now     ? BLIND_S
						: GIVE_UP_S;
	judge_second(r->judge, stations, may_s, apart_s);
	watch(r, stations);
}

/* -- envelopes -------------------------------------------------------------------------------- */

/* A grid operator says it, as his adapter would; again once depotd is there, if it was not. */
static void announce(struct run *r, struct trouble *t)
{
	struct grid_bound bound = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};
	struct envelope_block b = {NIGHT_START_MS + r->skew_ms + (int64_t)t->at_s * 1000,
		NIGHT_START_MS + r->skew_ms + (int64_t)t->until_s * 1000, bound};
	struct envelope_offer o = {.node = r->n.nodes[t->target].id,
		.owner = "oscp/dso-1",
		.type = "CONSUMPTION",
		.kind = ENVELOPE_LIMIT,
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "oscp:dso-1"};
	char why[200], owner[30];

	/* Each by another: newer words of one owner would replace his older ones. */
	snprintf(owner, sizeof owner, "oscp/dso-%d", (int)(t - r->n.troubles));
	o.owner = owner;
	*(t->is_current ? &b.bound.phase_ma : &b.bound.import_w) = (int32_t)t->amount;
	ck_assert_msg(envelope_receive(world_core(r->w), &o, t->id, why) == 0, "%s", why);
	t->begin_ms = b.start_ms;
	t->end_ms = b.end_ms;
}

/* It stands by the clock of depotd's machine, and what is over does not come back. */
static void hold_envelope(struct run *r, struct trouble *t, int place)
{
	int64_t now_ms = world_now(r->w).ms + r->skew_ms;
	bool counts;

	if (!t->id[0] && r->is_alive && r->now_s >= t->at_s - t->lead_s && r->now_s < t->until_s)
		announce(r, t);
	if (!t->id[0])
		return;
	t->was_over = t->was_over || (r->is_alive && now_ms >= t->end_ms);
	counts = !t->was_over && now_ms >= t->begin_ms && now_ms < t->end_ms;
	judge_limit(r->judge, place, t->target, counts && !t->is_current ? t->amount : -1,
		counts && t->is_current ? t->amount * 230 / 1000 : -1);
}

/* -- running it ------------------------------------------------------------------------------- */

static void step_clock(struct run *r, int64_t ms)
{
	world_step_clock(r->w, ms);
	r->skew_ms += ms;
}

/* The meters of a feeder without power, as far as they have no other trouble. */
static void darken(struct run *r, int node, enum world_meter how)
{
	char meter[24];

	for (int i = 0; i < r->n.node_count; i++) {
		if (!r->n.nodes[i].has_meter || !is_below(&r->n, i, node) || run_is_blind(r, i, 0))
			continue;
		snprintf(meter, sizeof meter, "m-%s", r->n.nodes[i].id);
		world_set_meter(r->w, meter, how);
	}
}

static void begin(struct run *r, const struct trouble *t)
{
	static const enum world_meter meters[] = {WORLD_METER_SILENT, WORLD_METER_FROZEN,
		WORLD_METER_ZERO, WORLD_METER_REVERSED, WORLD_METER_JUMPING, WORLD_METER_HUNG,
		WORLD_METER_KILO, WORLD_METER_MILLI};
	char meter[24];

	snprintf(meter, sizeof meter, "m-%s", r->n.nodes[t->target].id);
	if (t->kind == TROUBLE_KILL) {
		world_kill(r->w);
		r->is_alive = false;
	} else if (t->kind == TROUBLE_POWER) {
		darken(r, t->target, WORLD_METER_DARK);
	} else if (t->kind <= TROUBLE_METER_MILLI) {
		world_set_meter(r->w, meter, meters[t->kind - TROUBLE_METER_SILENT]);
	} else if (t->kind == TROUBLE_CLOCK) {
		step_clock(r, t->amount);
	}
}

static void end(struct run *r, const struct trouble *t)
{
	char meter[24];

	snprintf(meter, sizeof meter, "m-%s", r->n.nodes[t->target].id);
	if (t->kind == TROUBLE_KILL) {
		world_start(r->w);
		r->is_alive = true;
	} else if (t->kind == TROUBLE_POWER) {
		darken(r, t->target, WORLD_METER_FINE);
	} else if (t->kind == TROUBLE_ISLAND) {
		night_end_island(r->w, &r->n, t);
	} else if (t->kind <= TROUBLE_METER_MILLI) {
		world_set_meter(r->w, meter, WORLD_METER_FINE);
	} else if (t->returns) {
		step_clock(r, -t->amount);
	}
}

static void act(struct run *r)
{
	int place = 0;

	for (int i = 0; i < r->n.trouble_count; i++) {
		struct trouble *t = &r->n.troubles[i];

		if (r->now_s == t->at_s)
			begin(r, t);
		if (r->now_s == t->until_s)
			end(r, t);
		if (t->kind == TROUBLE_ISLAND && is_on(r, t, 0))
			night_step_island(r->w, &r->n, t);
		if (t->kind == TROUBLE_ENVELOPE)
			hold_envelope(r, t, place++);
	}
	for (int i = 0; i < r->n.station_count; i++)
		set_station(r, i);
}

static uint64_t number(const char *name, uint64_t absent)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 10) : absent;
}

/* Nobody commands: what the stations hold ends in the tails. Every limit is kept at the end, and on
 * the way nothing rises above it. Envelopes that the tails do not fit are lifted first. */
static void settle_without(struct run *r)
{
	int place = 0;

	for (int i = 0; i < r->n.trouble_count; i++) {
		if (r->n.troubles[i].kind == TROUBLE_ENVELOPE && !r->n.troubles[i].stays)
			judge_limit(r->judge, place, 0, -1, -1);
		place += r->n.troubles[i].kind == TROUBLE_ENVELOPE;
	}
	world_kill(r->w);
	r->is_alive = false;
	for (int i = 0; i < SETTLE_S; i++, r->now_s++) {
		world_step(r->w);
		judge(r);
	}
	for (int i = 0; i < SETTLED_S; i++, r->now_s++) {
		world_step(r->w);
		judge_settled(r->judge);
	}
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

/* Phases may not differ too much, and for most of the night no meter tells by how much they do: what house
 * and vans then take of each phase at worst can leave next to nothing. */
static bool may_starve(const struct night *n)
{
	for (int i = 0; i < n->trouble_count; i++) {
		const struct trouble *t = &n->troubles[i];

		if (t->kind >= TROUBLE_METER_SILENT && t->kind <= TROUBLE_METER_MILLI &&
			t->until_s - t->at_s > NIGHT_S / 2 && n->nodes[t->target].imbalance_ma >= 0)
			return true;
	}
	return false;
}

static void tell_progress(uint64_t seed)
{
	if (getenv("PROGRESS") && seed % 10 == 0) {
		fprintf(stderr, "  night %llu\r", (unsigned long long)seed);
		fflush(stderr);
	}
}

static void run_night(uint64_t seed)
{
	static struct run r;
	int64_t tails_w[NIGHT_STATIONS_MAX];

	night_make(&r.n, seed);
	night_tell(&r.n, r.words, sizeof r.words);
	tell_progress(seed);
	if (getenv("SCENARIO_LOG"))
		fprintf(stderr, "%s\n%s%s", r.words, r.n.depot, r.n.scenario);
	r.w = world_create(&(struct world_options){.seed = seed,
		.config = "control: {lease_s: 300}\n",
		.depot = r.n.depot,
		.scenario = r.n.scenario,
		.start = NIGHT_START,
		.delay_ms = r.n.delay_ms,
		.pass = lose,
		.ctx = &r});
	r.is_alive = true;
	for (int i = 0; i < r.n.station_count; i++)
		tails_w[i] = r.n.stations[i].tail_w, r.heard_s[i] = -1,
		r.clock_ms[i] = r.n.stations[i].clock_ms;
	r.judge = judge_create(world_plant(r.w), tails_w);
	for (; r.now_s < NIGHT_S; r.now_s++) {
		act(&r);
		world_step(r.w);
		judge(&r);
	}
	settle_without(&r);
	ck_assert_msg(!judge_verdict(r.judge), "%s\n%s", judge_verdict(r.judge), r.words);
	ck_assert_msg(!r.watch.verdict[0], "%s\n%s", r.watch.verdict, r.words);
	ck_assert_msg(charged_wh(r.w) > (may_starve(&r.n) ? 0 : CHARGED_WH), "%lld Wh\n%s",
		(long long)charged_wh(r.w), r.words);
	judge_destroy(r.judge);
	world_destroy(r.w);
}

START_TEST(no_limit_is_broken_for_longer_than_the_reaction_time)
{
	run_night(number("SEED", 1) + (uint64_t)_i);
}
END_TEST

/* Nights that went wrong once. */
static const uint64_t hard_nights[] = {
	3, /* a clock that was set an hour ahead: what it then told began in the future for the chargers */
	1909, /* a meter the wrong way round was not doubted: the chargers' clocks were 57 s late */
	2113, /* an hour ahead again: registers seemed to run backwards, and no power was believed */
	10317, /* an hour late at a restart: registers seemed too fast, and power beside them was hidden */
	20174, /* a clock a day ahead, a restart, a boot: a charger that pauses was not told again */
	20053, /* silence while its power was gone was learnt as a reaction: no longer judged for a minute */
	20612, /* an island's power went to and fro, to one van before the other had left it */
	22006, /* one EVSE ignored its limit, and the other of its station was relied upon */
	22575, /* a meter in kW was believed again: its nothing could have been the sun's */
	40011, /* an island with room for hardly one van switched it on and off */
	40112, /* phases that nobody measured did the same */
	40443, /* an island beside PV whose meter was the wrong way round: what it fed seemed to be drawn */
	45033, /* the meter at the grid hung after an island, which never ended */
	41131, /* after a restart, to a clock a day ahead: what was told was over when it came */
	41181, /* what an unheard charger took was forgotten when the site's meter froze */
	42093, /* dead while our clock was set back: the stations' were ahead of it, unknown to us */
	2314, /* who had not answered for minutes was relied upon to be lowered */
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
	if (!getenv("SEED"))
		tcase_add_loop_test(t, a_night_that_went_wrong_goes_well, 0,
			sizeof hard_nights / sizeof *hard_nights);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
