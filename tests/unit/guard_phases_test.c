#include <check.h>

#include "scheduler/guard.h"
#include "tests/unit/grid_random.h"

#define EVSES 6

/* A distribution box of 32 A a phase with six places; tests give them their phases. */
static struct grid_row box[EVSES + 1];
static char ids[EVSES][8];
static struct grid_tree *tree;
static struct guard *guard;
static struct guard_config cfg;
static struct guard_node_in node[EVSES + 1];
static struct guard_evse_in evse[EVSES];
static struct guard_report r;
static int64_t now;

static const uint8_t all_alike[3] = {2, 2, 2}, on_l1[3] = {6, 0, 0}, on_l2[3] = {0, 6, 0},
		     on_l3[3] = {0, 0, 6}, on_any[3] = {6, 6, 6}, on_l12[3] = {3, 3, 0};

static void begin(struct grid_electric el)
{
	struct grid_error err;

	now = 1000000;
	box[0] = (struct grid_row){.id = "box", .kind = GRID_FEEDER, .electric = el};
	memset(node, 0, sizeof(node));
	memset(evse, 0, sizeof(evse));
	for (int e = 0; e < EVSES; e++) {
		snprintf(ids[e], sizeof(ids[e]), "e%d", e);
		box[e + 1] = (struct grid_row){.id = ids[e],
			.parent = "box",
			.kind = GRID_EVSE,
			.max_w = 22000,
			.min_w = 1380};
		evse[e] = (struct guard_evse_in){.reachable = true,
			.measured_w = 0,
			.urgency = 5,
			.exact = true,
			.has_phases = true,
			.depart_ms = e};
		memcpy(evse[e].sixths, all_alike, 3);
	}
	tree = grid_tree_create(box, EVSES + 1, &err);
	ck_assert_msg(tree != NULL, "%s", err.text);
	cfg = guard_config_default();
	guard = guard_create(tree, &cfg);
	node[0] = (struct guard_node_in){
		.quality = GUARD_FRESH, .worst_w = GRID_UNKNOWN, .has_phases = true};
}

static void end(void)
{
	guard_destroy(guard);
	grid_tree_destroy(tree);
}

/* A vehicle of these phases that draws all it may, in force and measured. */
static void plug(int e, const uint8_t sixths[3], int32_t w, int32_t wanted_w)
{
	evse[e].connected = true;
	evse[e].commanded_w = evse[e].measured_w = w;
	evse[e].wanted_w = wanted_w;
	memcpy(evse[e].sixths, sixths, 3);
	for (int p = 0; p < 3; p++)
		evse[e].phase_w[p] = (int32_t)((int64_t)w * sixths[p] / 6);
}

/* The meter of the box shows what the EVSEs draw and so much else on its phases. */
static void cycle(int64_t l1, int64_t l2, int64_t l3)
{
	const int64_t other[3] = {l1, l2, l3};
	struct guard_in in = {now, NULL, node, evse};

	node[0].import_w = 0;
	for (int p = 0; p < 3; p++) {
		node[0].phase_w[p] = other[p];
		for (int e = 0; e < EVSES; e++)
			node[0].phase_w[p] += evse[e].phase_w[p];
		node[0].import_w += node[0].phase_w[p];
	}
	r = guard_cycle(guard, &in);
	now += 1000;
}

static void obey(void)
{
	for (int e = 0; e < EVSES; e++)
		if (evse[e].connected)
			plug(e, evse[e].sixths, r.evse[e].allowed_w, evse[e].wanted_w);
}

static int64_t phase_sum(int p)
{
	int64_t sum = 0;

	for (int e = 0; e < EVSES; e++)
		sum += (int64_t)r.evse[e].allowed_w * evse[e].sixths[p];
	return sum / 6;
}

START_TEST(a_full_phase_lowers_only_those_who_load_it)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, on_l1, 3680, 3680);
	plug(1, on_l1, 3680, 3680);
	plug(2, on_l2, 3680, 3680);
	cycle(2000, 0, 0); /* 7360 W on L1 are all there is */
	ck_assert_int_eq(r.evse[0].allowed_w, 3680);
	ck_assert_int_eq(r.evse[1].allowed_w, 1600);
	ck_assert_int_eq(r.evse[2].allowed_w, 3680);
	ck_assert_int_eq(r.evse[1].source, GRID_SOURCE_PHASE);
	ck_assert_int_eq(r.evse[1].channel, GRID_L1);
	ck_assert_int_eq(r.evse[1].node, 0);
	ck_assert_int_eq(r.node[0].binds, 1u << GRID_L1);
	ck_assert(r.node[0].phase[0].over && !r.node[0].phase[1].over && !r.node[0].over);
	ck_assert_int_eq(r.node[0].phase[0].limit_w, 7360);
	ck_assert_int_eq(r.node[0].phase[0].uncontrolled_w, 2000);
	end();
}
END_TEST

START_TEST(three_phases_fit_where_each_does)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, all_alike, 0, 22000);
	plug(1, on_l2, 0, 3680);
	for (int i = 0; i < 120; i++) {
		cycle(0, 0, 0);
		obey();
		for (int p = 0; p < 3; p++)
			ck_assert_int_le(phase_sum(p), 7360);
	}
	ck_assert_int_ge(phase_sum(1), 7200);
	ck_assert_int_ge(r.evse[0].allowed_w, 11000);
	end();
}
END_TEST

START_TEST(unknown_rotation_counts_on_every_phase)
{
	begin((struct grid_electric){.phase_ma = 32000});
	for (int e = 0; e < 3; e++) {
		plug(e, on_any, 0, 3680);
		evse[e].exact = evse[e].has_phases = false;
	}
	for (int i = 0; i < 120; i++) {
		cycle(0, 0, 0);
		for (int e = 0; e < 3; e++)
			evse[e].commanded_w = evse[e].measured_w = r.evse[e].allowed_w;
	}
	ck_assert_int_le(r.evse[0].allowed_w + r.evse[1].allowed_w + r.evse[2].allowed_w, 7360);
	ck_assert_int_gt(r.evse[0].allowed_w + r.evse[1].allowed_w + r.evse[2].allowed_w, 7000);
	end();
}
END_TEST

START_TEST(meter_without_phases_may_hide_all_on_one)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, on_l1, 3680, 3680);
	node[0].has_phases = false;
	cycle(1800, 1800, 1800);
	ck_assert_int_eq(r.node[0].phase[0].uncontrolled_w, 3 * 1800);
	ck_assert_int_eq(r.evse[0].allowed_w, 1900);
	end();
}
END_TEST

START_TEST(draw_on_a_phase_that_nobody_reckoned_with_counts)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, on_l1, 3680, 3680);
	evse[0].phase_w[2] = 3680;
	evse[0].measured_w = 7360;
	cycle(0, 0, 0);
	ck_assert_int_eq(r.evse[0].source, GRID_SOURCE_DISOBEYED);
	ck_assert_int_ge(r.node[0].phase[2].counted_w, 3680);
	end();
}
END_TEST

START_TEST(stale_phases_have_tiers)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, on_l1, 3680, 3680);
	node[0].worst_w = 9000;
	for (int p = 0; p < 3; p++)
		node[0].worst_phase_w[p] = 5000;
	cycle(1000, 0, 0);
	ck_assert_int_eq(r.evse[0].allowed_w, 3680);
	node[0].quality = GUARD_HELD;
	cycle(0, 0, 0);
	ck_assert_int_eq(r.node[0].phase[0].uncontrolled_w, 1000);
	node[0].quality = GUARD_WORST_CASE;
	cycle(0, 0, 0);
	ck_assert_int_eq(r.node[0].phase[0].uncontrolled_w, 5000);
	ck_assert_int_eq(r.evse[0].allowed_w, 2300);
	ck_assert_int_eq(r.evse[0].source, GRID_SOURCE_STALE_DATA);
	end();
}
END_TEST

/* -- imbalance ------------------------------------------------------------------------------- */

START_TEST(imbalance_lowers_the_least_urgent_of_the_high_phase)
{
	begin((struct grid_electric){.imbalance_ma = 20000});
	plug(0, on_l1, 3680, 3680);
	plug(1, on_l1, 3680, 3680);
	plug(2, on_l2, 2000, 3680);
	plug(3, on_l3, 2800, 3680);
	plug(4, all_alike, 11000, 11000);
	cycle(0, 0, 0); /* 7360, 2000, 2800 beside 11 kW that are even: 4600 apart are allowed */
	ck_assert_int_eq(r.evse[0].allowed_w, 3680);
	ck_assert_int_eq(r.evse[1].allowed_w, 2920);
	ck_assert_int_eq(r.evse[1].source, GRID_SOURCE_IMBALANCE);
	ck_assert_int_eq(r.evse[1].channel, GRID_IMBALANCE);
	ck_assert_int_eq(r.evse[4].allowed_w, 11000);
	ck_assert_int_eq(r.node[0].imbalance_w, 5360);
	end();
}
END_TEST

START_TEST(two_phase_vehicle_on_both_makes_no_difference)
{
	begin((struct grid_electric){.imbalance_ma = 20000});
	plug(0, on_l1, 7000, 7000);
	plug(1, on_l12, 7000, 7000);
	cycle(0, 0, 0); /* 10500, 3500, 0 */
	ck_assert_int_le(phase_sum(0), 4600);
	ck_assert_int_ge(phase_sum(0), 1380);
	end();
}
END_TEST

START_TEST(a_house_that_is_apart_alone_stops_only_what_adds_to_it)
{
	begin((struct grid_electric){.imbalance_ma = 20000});
	plug(0, on_l1, 3680, 3680);
	plug(1, on_l2, 3680, 3680);
	cycle(9000, 0, 0);
	ck_assert_int_eq(r.evse[0].allowed_w, 0);
	ck_assert_int_eq(r.evse[1].allowed_w, 3680);
	end();
}
END_TEST

START_TEST(rises_only_as_far_as_others_balance_it)
{
	begin((struct grid_electric){.imbalance_ma = 10000});
	plug(0, on_l1, 0, 7000);
	for (int i = 0; i < 120; i++) {
		cycle(0, 0, 0);
		obey();
	}
	ck_assert_int_eq(r.evse[0].allowed_w, 2300);
	ck_assert_int_eq(r.evse[0].source, GRID_SOURCE_IMBALANCE);
	plug(1, on_l2, 0, 7000);
	plug(2, on_l3, 0, 7000);
	for (int i = 0; i < 300; i++) {
		cycle(0, 0, 0);
		ck_assert_int_le(r.node[0].imbalance_w, 2300);
		obey();
	}
	for (int e = 0; e < 3; e++)
		ck_assert_int_ge(r.evse[e].allowed_w, 6900);
	end();
}
END_TEST

START_TEST(those_that_imbalance_keeps_waiting_take_turns)
{
	int charged[3] = {0};

	begin((struct grid_electric){.imbalance_ma = 6000});
	for (int e = 0; e < 3; e++)
		plug(e, on_l1, 0, 3680);
	for (int i = 0; i < 4 * 3600; i++) {
		cycle(0, 0, 0);
		obey();
		ck_assert_int_le(phase_sum(0), 1380);
		for (int e = 0; e < 3; e++)
			charged[e] += r.evse[e].allowed_w > 0;
	}
	for (int e = 0; e < 3; e++)
		ck_assert_int_gt(charged[e], 3600);
	end();
}
END_TEST

/* -- phase not known ------------------------------------------------------------------------- */

/* So many single-phase vans whose phase nobody knows, for ten minutes: each draws what it was told
 * late_s seconds ago (2); its meter is read every `every` seconds, and when it begins or ends to draw. Counts how often one stops. */
#define LATEST_S 9

struct unknown_run {
	bool tells_late; /* that it draws stands in the next reading only */
	int vans, every, late_s, stops, l[3];
	int truth[EVSES];
	int32_t told[EVSES][LATEST_S], draws[EVSES];
	int64_t most, apart;
};

static void begin_unknown(struct unknown_run *u, int vans)
{
	memset(u, 0, sizeof(*u));
	u->vans = vans;
	u->every = 1;
	u->late_s = 2;
	for (int e = 0; e < vans; e++) {
		plug(e, on_any, 0, 7400);
		evse[e].exact = false;
		u->truth[e] = e % 3;
	}
}

static void unknown_second(struct unknown_run *u, int i)
{
	int64_t least = INT64_MAX, most = 0;
	struct guard_in in = {now, NULL, node, evse};

	node[0].import_w = 0;
	for (int p = 0; p < 3; p++) {
		node[0].phase_w[p] = u->l[p];
		for (int e = 0; e < u->vans; e++)
			node[0].phase_w[p] += u->truth[e] == p ? u->draws[e] : 0;
		node[0].import_w += node[0].phase_w[p];
		most = node[0].phase_w[p] > most ? node[0].phase_w[p] : most;
		least = node[0].phase_w[p] < least ? node[0].phase_w[p] : least;
	}
	u->most = most;
	u->apart = most - least;
	for (int e = 0; e < u->vans; e++) {
		if (i % u->every &&
			(u->tells_late || (u->draws[e] > 0) == (evse[e].measured_w > 0)))
			continue;
		evse[e].measured_w = u->draws[e];
		evse[e].measured_ms = now;
		memset(evse[e].phase_w, 0, sizeof(evse[e].phase_w));
	}
	r = guard_cycle(guard, &in);
	for (int e = 0; e < u->vans; e++) {
		u->stops += evse[e].commanded_w > 0 && r.evse[e].allowed_w == 0;
		evse[e].commanded_w = r.evse[e].allowed_w;
		u->draws[e] = u->told[e][u->late_s - 1];
		memmove(&u->told[e][1], u->told[e], (LATEST_S - 1) * sizeof(u->told[e][0]));
		u->told[e][0] = r.evse[e].allowed_w;
	}
	now += 1000;
}

START_TEST(van_on_an_unknown_phase_charges_steadily_under_a_phase_limit)
{
	struct unknown_run u;

	begin((struct grid_electric){.phase_ma = 20000});
	begin_unknown(&u, 1);
	for (int i = 0; i < 600; i++) {
		unknown_second(&u, i);
		ck_assert_int_le(u.most, 4600);
	}
	ck_assert_int_eq(u.stops, 0);
	ck_assert_int_ge(u.draws[0], 4300);
	ck_assert_int_le(r.node[0].phase[0].uncontrolled_w, 0);
	end();
}
END_TEST

START_TEST(van_on_an_unknown_phase_charges_steadily_under_an_imbalance_limit)
{
	struct unknown_run u;

	begin((struct grid_electric){.phase_ma = 40000, .imbalance_ma = 16000});
	begin_unknown(&u, 1);
	for (int i = 0; i < 600; i++) {
		unknown_second(&u, i);
		ck_assert_int_le(u.apart, 3680);
	}
	ck_assert_int_eq(u.stops, 0);
	ck_assert_int_ge(u.draws[0], 3300);
	end();
}
END_TEST

START_TEST(vans_on_unknown_phases_count_together)
{
	struct unknown_run u;

	begin((struct grid_electric){.phase_ma = 32000});
	begin_unknown(&u, 3);
	u.truth[1] = u.truth[2] = 0; /* all on one */
	for (int i = 0; i < 600; i++) {
		unknown_second(&u, i);
		ck_assert_int_le(u.most, 7360);
	}
	ck_assert_int_eq(u.stops, 0);
	ck_assert_int_ge(u.most, 6900);
	end();
}
END_TEST

/* The house's load rises on the van's phase or on another: it is lowered where it helps, the limit
 * holds, and it comes back. */
START_TEST(other_load_beside_an_unknown_phase_keeps_the_limit)
{
	for (int p = 0; p < 3; p++) {
		struct unknown_run u;
		int over = 0;

		begin((struct grid_electric){.phase_ma = 32000});
		begin_unknown(&u, 2);
		u.every = 4;
		for (int i = 0; i < 1200; i++) {
			u.l[p] = i / 200 % 2 ? 5500 : 1000;
			unknown_second(&u, i);
			over = u.most > 7360 ? over + 1 : 0;
			ck_assert_int_le(over, 4);
		}
		ck_assert_int_le(u.stops, 6);
		end();
	}
}
END_TEST

START_TEST(imbalance_beside_an_unknown_phase_keeps_the_limit)
{
	for (int p = 0; p < 3; p++) {
		struct unknown_run u;
		int over = 0;

		begin((struct grid_electric){.phase_ma = 63000, .imbalance_ma = 16000});
		begin_unknown(&u, 2);
		for (int i = 0; i < 1200; i++) {
			u.l[p] = i / 200 % 2 ? 3400 : 500;
			unknown_second(&u, i);
			over = u.apart > 3680 ? over + 1 : 0;
			ck_assert_int_le(over, 12);
		}
		ck_assert_int_le(u.stops, 8);
		end();
	}
}
END_TEST

/* Most chargers tell their power each quarter of a minute and at no other time: until then the meter
 * shows other load, and the van stands in the books besides. */
START_TEST(charger_that_tells_late_is_not_stopped_for_balance)
{
	struct unknown_run u;

	begin((struct grid_electric){.phase_ma = 40000, .imbalance_ma = 16000});
	begin_unknown(&u, 1);
	u.every = 15;
	u.tells_late = true;
	u.l[0] = 500;
	for (int i = 7; i < 1200; i++)
		unknown_second(&u, i);
	ck_assert_int_eq(u.stops, 0);
	ck_assert_int_ge(u.draws[0], 2500);
	end();
}
END_TEST

/* A house whose load on one phase is never the same, and chargers that take their time: each little breach
 * asks for an ampere or two less, and stops nobody. */
START_TEST(house_that_is_never_still_stops_no_van_on_an_unknown_phase)
{
	for (int late_s = 2; late_s <= 8; late_s += 2) {
		for (int vans = 1; vans <= 2; vans++) {
			struct unknown_run u;
			uint64_t chance = 7;
			int over = 0, worst = 0;

			begin((struct grid_electric){.phase_ma = 40000, .imbalance_ma = 16000});
			begin_unknown(&u, vans);
			u.every = 15;
			u.late_s = late_s;
			for (int i = 0; i < 3600; i++) {
				if (i % 10 == 0) {
					chance = chance * 6364136223846793005u +
						 1442695040888963407u;
					over = 0; /* each step of the house has a time of its own */
					u.l[0] = 600 + (int)(chance >> 33) % 800;
				}
				unknown_second(&u, i);
				over = u.apart > 3680 ? over + 1 : 0;
				worst = over > worst ? over : worst;
			}
			ck_assert_int_le(worst, 12);
			ck_assert_msg(u.stops <= 6,
				"%d vans that follow after %d s: %d stops in an hour", vans, late_s,
				u.stops);
			end();
		}
	}
}
END_TEST

/* The meter is silent: what an unknown phase no longer draws is room on no other phase. */
START_TEST(room_an_unknown_phase_leaves_is_not_believed_of_an_old_reading)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, on_any, 3680, 3680);
	evse[0].exact = false;
	memset(evse[0].phase_w, 0, sizeof(evse[0].phase_w));
	plug(1, on_l2, 0, 7000);
	evse[1].wanted_w = 0;
	for (int i = 0; i < 40; i++)
		cycle(3680, 5000, 0); /* 3680 are the van's */
	node[0].quality = GUARD_HELD;
	evse[0].wanted_w = 0;
	evse[0].commanded_w = evse[0].measured_w = 0;
	evse[1].wanted_w = 7000;
	for (int i = 0; i < 60; i++) {
		cycle(0, 5000, 0);
		evse[1].commanded_w = r.evse[1].allowed_w;
		ck_assert_int_le(r.evse[1].allowed_w, 7360 - 5000);
	}
	end();
}
END_TEST

/* -- short-time rating ----------------------------------------------------------------------- */

/* Told 20 A on what was thought to be three phases, it is not told 32 A on the one that it uses. */
START_TEST(phases_that_become_known_allow_no_greater_current)
{
	for (int say_w = 0; say_w < 2; say_w++) {
		begin((struct grid_electric){.phase_ma = 20000});
		guard_destroy(guard);
		cfg.grace_ms = 5000;
		guard = guard_create(tree, &cfg);
		plug(0, all_alike, 13800, 22000);
		cycle(0, 0, 0);
		ck_assert_int_eq(r.evse[0].allowed_w, 13800);
		for (int i = 0; i < 30; i++) {
			plug(0, on_l1, 4600, 7400);
			if (say_w) /* what it was told is a power, which it may draw on one phase */
				evse[0].commanded_w = i < 3 ? 13800 : r.evse[0].allowed_w;
			cycle(0, 0, 0);
			ck_assert_int_eq(r.evse[0].allowed_w, 4600);
			ck_assert_int_eq(r.evse[0].counted_w, say_w && i < 13 ? 13800 : 4600);
		}
		end();
	}
}
END_TEST

START_TEST(short_time_rating_is_borne_and_then_rested_off)
{
	int borne = 0;

	begin((struct grid_electric){.phase_ma = 32000, .short_ma = 40000, .short_s = 60});
	plug(0, on_l1, 3680, 3680);
	cycle(3000, 0, 0);
	ck_assert_int_eq(r.evse[0].allowed_w, 3680);
	for (int i = 0; i < 100; i++) {
		cycle(5000, 0, 0); /* 37.7 A */
		if (r.evse[0].allowed_w < 3680)
			break;
		ck_assert(r.node[0].bears || i == 0);
		borne++;
	}
	ck_assert_int_ge(borne, 45); /* the rest of the minute is for the vehicle to follow */
	ck_assert_int_le(borne, 51);
	ck_assert_int_eq(r.evse[0].allowed_w, 2300);
	/* Used up: not borne again before it has rested as long. */
	plug(0, on_l1, 2300, 2300);
	for (int i = 0; i < 20; i++)
		cycle(4000, 0, 0);
	cycle(5500, 0, 0);
	ck_assert_int_lt(r.evse[0].allowed_w, 2300);
	end();
}
END_TEST

START_TEST(above_the_short_time_rating_nothing_is_borne)
{
	begin((struct grid_electric){.phase_ma = 32000, .short_ma = 40000, .short_s = 60});
	plug(0, on_l1, 3680, 3680);
	cycle(3000, 0, 0);
	cycle(6000, 0, 0); /* 42 A */
	ck_assert_int_le(r.evse[0].allowed_w, 9200 - 6000);
	end();
}
END_TEST

START_TEST(nothing_rises_into_the_short_time_rating)
{
	begin((struct grid_electric){.phase_ma = 32000, .short_ma = 80000, .short_s = 3600});
	plug(0, on_l1, 0, 15000);
	for (int i = 0; i < 200; i++) {
		cycle(1000, 0, 0);
		obey();
		ck_assert_int_le(r.evse[0].allowed_w, 6360);
	}
	end();
}
END_TEST

START_TEST(power_fed_in_by_a_vehicle_hides_no_load)
{
	begin((struct grid_electric){.phase_ma = 32000});
	plug(0, all_alike, 0, 0);
	evse[0].measured_w = -6000;
	for (int p = 0; p < 3; p++)
		evse[0].phase_w[p] = -2000;
	cycle(5000, 5000, 5000);
	ck_assert_int_eq(r.node[0].phase[0].uncontrolled_w, 5000);
	ck_assert_int_eq(r.node[0].uncontrolled_w, 15000);
	end();
}
END_TEST

/* -- nights against what really flows -------------------------------------------------------- */

#define PLACES_MAX 14
#define NODES_MAX  24

/* A vehicle and the phases that it really uses; the guard may know less. */
struct place {
	bool connected, tells; /* tells: its meter shows phases */
	uint8_t truth[3];
	int32_t in_force, draws_by, sent, vehicle_w, measured, phase[3];
	int64_t confirm_ms, obey_ms, measured_ms;
	int every_s;
};

struct night {
	uint64_t s;
	struct grid_tree *tree;
	struct guard *guard;
	struct guard_config cfg;
	int nodes, evses;
	struct place c[PLACES_MAX];
	struct guard_node_in node[NODES_MAX];
	struct guard_evse_in evse[PLACES_MAX];
	int64_t load[NODES_MAX][3];
	double total[NODES_MAX][3];
	int over_s[NODES_MAX], worst_s;
	int64_t quiet_until;
	int64_t charged;
};

static bool could_carry(const struct night *n)
{
	for (int v = 0; v < n->nodes; v++) {
		const struct grid_node *g = grid_tree_node(n->tree, v);
		int64_t sum[3] = {0};

		for (int b = v; b < g->end; b++)
			for (int p = 0; p < 3; p++)
				sum[p] += n->load[b][p] +
					  6 * (int64_t)grid_tree_node(n->tree, b)->tail_w;
		for (int p = 0; p < 3; p++)
			if (sum[p] + g->electric.reserve_ma * 230 / 1000 >
					grid_channel_limit(n->tree, NULL, v, GRID_L1).usable_w ||
				sum[0] + sum[1] + sum[2] + g->reserve_w >
					grid_channel_limit(n->tree, NULL, v, GRID_TOTAL).usable_w)
				return false;
	}
	return true;
}

static void jump(struct night *n)
{
	int at = (int)random_in(&n->s, 0, n->nodes - 1);
	int64_t old[3];

	if (n->node[at].quality == GUARD_NO_METER)
		return;
	memcpy(old, n->load[at], sizeof(old));
	for (int p = 0; p < 3; p++)
		n->load[at][p] = random_in(&n->s, 0, 9000);
	if (!could_carry(n))
		memcpy(n->load[at], old, sizeof(old));
}

static void step_place(struct night *n, struct place *c, const struct grid_node *leaf)
{
	if (random_chance(&n->s, 1) && random_chance(&n->s, 20)) {
		c->connected = !c->connected;
		c->in_force = c->draws_by = c->sent = leaf->tail_w;
		c->confirm_ms = c->obey_ms = -1;
		c->vehicle_w = (int32_t)random_in(&n->s, 1000, 22000);
		c->measured = 0;
		memset(c->phase, 0, sizeof(c->phase));
	}
	if (c->confirm_ms >= 0 && now >= c->confirm_ms) {
		c->in_force = c->sent;
		c->confirm_ms = -1;
	}
	if (c->obey_ms >= 0 && now >= c->obey_ms) {
		c->draws_by = c->sent;
		c->obey_ms = -1;
	}
	if (now / 1000 % c->every_s == 0) {
		int32_t w = !c->connected                ? 0
			    : c->draws_by > c->vehicle_w ? c->vehicle_w
							 : c->draws_by;

		c->measured = w;
		c->measured_ms = now;
		for (int p = 0; p < 3; p++)
			c->phase[p] = w * c->truth[p] / 6;
	}
}

static int32_t draw(const struct place *c)
{
	if (!c->connected)
		return 0;
	return c->draws_by > c->vehicle_w ? c->vehicle_w : c->draws_by;
}

static void measure(struct night *n)
{
	for (int v = 0; v < n->nodes; v++)
		for (int p = 0; p < 3; p++)
			n->total[v][p] = (double)n->load[v][p];
	for (int e = 0; e < n->evses; e++)
		for (int p = 0; p < 3; p++)
			n->total[grid_tree_evse_node(n->tree, e)][p] +=
				draw(&n->c[e]) * n->c[e].truth[p] / 6.0;
	for (int v = n->nodes - 1; v > 0; v--)
		for (int p = 0; p < 3; p++)
			n->total[grid_tree_node(n->tree, v)->parent][p] += n->total[v][p];
	for (int v = 0; v < n->nodes; v++) {
		struct guard_node_in *m = &n->node[v];

		m->import_w = (int64_t)(n->total[v][0] + n->total[v][1] + n->total[v][2]);
		for (int p = 0; p < 3; p++)
			m->phase_w[p] = (int64_t)n->total[v][p];
		if (m->quality == GUARD_NO_METER)
			continue;
		if (m->quality == GUARD_FRESH && random_chance(&n->s, 1) &&
			random_chance(&n->s, 10))
			m->quality = GUARD_HELD;
		else if (m->quality == GUARD_HELD && random_chance(&n->s, 10))
			m->quality = random_chance(&n->s, 50) ? GUARD_FRESH : GUARD_WORST_CASE;
		else if (m->quality == GUARD_WORST_CASE && random_chance(&n->s, 5))
			m->quality = GUARD_FRESH;
		if (m->quality != GUARD_FRESH)
			n->quiet_until = now + 40000;
	}
}

/* The plainest judge: what really flows on each phase, and how far the phases are apart, against the
 * labels; only while somebody who could be lowered makes it worse. */
static bool is_over(const struct night *n, int v)
{
	const struct grid_node *g = grid_tree_node(n->tree, v);
	double most = n->total[v][0], least = most;
	int high = 0, low = 0;

	for (int p = 0; p < 3; p++) {
		bool blame = false;

		for (int e = g->evse_first; e < g->evse_end; e++)
			blame = blame || (draw(&n->c[e]) > 0 && n->c[e].truth[p]);
		if (blame && g->electric.phase_ma && n->total[v][p] > g->electric.phase_ma * 0.23)
			return true;
		if (n->total[v][p] > most) {
			most = n->total[v][p];
			high = p;
		}
		if (n->total[v][p] < least) {
			least = n->total[v][p];
			low = p;
		}
	}
	if (!g->electric.imbalance_ma || most - least <= g->electric.imbalance_ma * 0.23)
		return false;
	for (int e = g->evse_first; e < g->evse_end; e++)
		if (draw(&n->c[e]) > 0 && n->c[e].truth[high] > n->c[e].truth[low])
			return true;
	return false;
}

static void judge(struct night *n, int run)
{
	for (int v = 0; v < n->nodes; v++) {
		n->over_s[v] = is_over(n, v) ? n->over_s[v] + 1 : 0;
		n->worst_s = n->over_s[v] > n->worst_s ? n->over_s[v] : n->worst_s;
		ck_assert_msg(n->over_s[v] <= n->cfg.reaction_ms / 1000 + 9,
			"run %d, %llds: %s at %.0f %.0f %.0f W for %d s", run,
			(long long)now / 1000, grid_tree_node(n->tree, v)->id, n->total[v][0],
			n->total[v][1], n->total[v][2], n->over_s[v]);
	}
}

/* Bounds become truth: of 6,6,6 one phase is taken, of 2,2,2 all, or one at a third. */
static void begin_place(
	struct night *n, struct place *c, struct guard_evse_in *in, const struct grid_node *leaf)
{
	*c = (struct place){.confirm_ms = -1,
		.obey_ms = -1,
		.connected = random_chance(&n->s, 70),
		.tells = random_chance(&n->s, 70),
		.every_s = (int)random_in(&n->s, 1, 10),
		.vehicle_w = 22000,
		.in_force = leaf->tail_w,
		.draws_by = leaf->tail_w};
	memcpy(c->truth, leaf->electric.sixths, 3);
	memcpy(in->sixths, leaf->electric.sixths, 3);
	in->exact = true;
	if (c->truth[0] == 6 && c->truth[1] == 6) {
		memset(c->truth, 0, 3);
		c->truth[random_in(&n->s, 0, 2)] = 6;
		in->exact = c->tells = false;
	} else if (c->truth[0] == 2 && random_chance(&n->s, 30)) {
		memset(c->truth, 0, 3);
		c->truth[random_in(&n->s, 0, 2)] = 2;
		in->exact = false;
	}
}

static void begin_night(struct night *n, uint64_t seed)
{
	memset(n, 0, sizeof(*n));
	n->s = seed;
	n->tree = random_tree_make(&n->s, 7, PLACES_MAX, true);
	n->nodes = grid_tree_nodes(n->tree);
	n->evses = grid_tree_evses(n->tree);
	n->cfg = guard_config_default();
	n->guard = guard_create(n->tree, &n->cfg);
	for (int v = 0; v < n->nodes; v++) {
		const struct grid_node *g = grid_tree_node(n->tree, v);
		bool metered = g->kind != GRID_EVSE &&
			       (v == 0 || g->electric.imbalance_ma || random_chance(&n->s, 50));

		n->node[v] =
			(struct guard_node_in){.quality = metered ? GUARD_FRESH : GUARD_NO_METER,
				.worst_w = GRID_UNKNOWN,
				.has_phases = g->electric.imbalance_ma || random_chance(&n->s, 80)};
	}
	for (int e = 0; e < n->evses; e++)
		begin_place(n, &n->c[e], &n->evse[e],
			grid_tree_node(n->tree, grid_tree_evse_node(n->tree, e)));
}

static void fill_evse(const struct place *c, struct guard_evse_in *in, int e)
{
	in->connected = c->connected;
	in->reachable = true;
	in->commanded_w = c->confirm_ms >= 0 && c->sent > c->in_force ? c->sent : c->in_force;
	in->wanted_w = 22000;
	in->measured_w = c->measured;
	in->measured_ms = c->measured_ms;
	in->urgency = e % 2;
	in->depart_ms = e;
	in->has_phases = c->tells;
	memcpy(in->phase_w, c->phase, sizeof(in->phase_w));
}

static void live_second(struct night *n, int run)
{
	struct guard_in gin = {now, NULL, n->node, n->evse};
	struct guard_report rep;

	if (now >= n->quiet_until && random_chance(&n->s, 3)) {
		jump(n);
		n->quiet_until = now + 40000;
	}
	for (int e = 0; e < n->evses; e++) {
		step_place(n, &n->c[e], grid_tree_node(n->tree, grid_tree_evse_node(n->tree, e)));
		fill_evse(&n->c[e], &n->evse[e], e);
		n->charged += draw(&n->c[e]);
	}
	measure(n);
	judge(n, run);
	rep = guard_cycle(n->guard, &gin);
	for (int e = 0; e < n->evses; e++) {
		struct place *c = &n->c[e];

		if (!c->connected || c->confirm_ms >= 0 || c->obey_ms >= 0 ||
			rep.evse[e].allowed_w == c->in_force)
			continue;
		c->sent = rep.evse[e].allowed_w;
		c->confirm_ms = now + random_in(&n->s, 0, 2000);
		c->obey_ms = c->confirm_ms + random_in(&n->s, 0, 4000);
	}
}

/* Tails are another proof's matter. */
static bool tails_fit(const struct night *n)
{
	for (int v = 0; v < n->nodes; v++) {
		const struct grid_node *g = grid_tree_node(n->tree, v);
		int64_t tails = 0;

		for (int e = g->evse_first; e < g->evse_end; e++)
			tails += grid_tree_node(n->tree, grid_tree_evse_node(n->tree, e))->tail_w;
		if (tails && (g->electric.phase_ma || g->rated || g->electric.imbalance_ma))
			return false;
	}
	return true;
}

START_TEST(no_phase_stays_over_its_limit)
{
	struct night n;
	int nights = 0, worst = 0;
	int64_t wh = 0;

	for (int run = 0; run < 1500; run++) {
		begin_night(&n, (uint64_t)run + 7000);
		if (tails_fit(&n)) {
			nights++;
			for (now = 0; now < 900 * 1000; now += 1000)
				live_second(&n, run);
			worst = n.worst_s > worst ? n.worst_s : worst;
			wh += n.charged / 3600;
		}
		guard_destroy(n.guard);
		grid_tree_destroy(n.tree);
	}
	printf("guard: %d nights of phases, %lld kWh, longest overload %d s\n", nights,
		(long long)wh / 1000, worst);
	ck_assert_int_gt(nights, 300);
	ck_assert_int_gt(wh, 300000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard phases");
	TCase *c = tcase_create("phases");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_full_phase_lowers_only_those_who_load_it);
	tcase_add_test(c, three_phases_fit_where_each_does);
	tcase_add_test(c, unknown_rotation_counts_on_every_phase);
	tcase_add_test(c, meter_without_phases_may_hide_all_on_one);
	tcase_add_test(c, draw_on_a_phase_that_nobody_reckoned_with_counts);
	tcase_add_test(c, stale_phases_have_tiers);
	tcase_add_test(c, imbalance_lowers_the_least_urgent_of_the_high_phase);
	tcase_add_test(c, two_phase_vehicle_on_both_makes_no_difference);
	tcase_add_test(c, a_house_that_is_apart_alone_stops_only_what_adds_to_it);
	tcase_add_test(c, rises_only_as_far_as_others_balance_it);
	tcase_add_test(c, those_that_imbalance_keeps_waiting_take_turns);
	tcase_add_test(c, van_on_an_unknown_phase_charges_steadily_under_a_phase_limit);
	tcase_add_test(c, van_on_an_unknown_phase_charges_steadily_under_an_imbalance_limit);
	tcase_add_test(c, vans_on_unknown_phases_count_together);
	tcase_add_test(c, other_load_beside_an_unknown_phase_keeps_the_limit);
	tcase_add_test(c, imbalance_beside_an_unknown_phase_keeps_the_limit);
	tcase_add_test(c, charger_that_tells_late_is_not_stopped_for_balance);
	tcase_add_test(c, house_that_is_never_still_stops_no_van_on_an_unknown_phase);
	tcase_add_test(c, room_an_unknown_phase_leaves_is_not_believed_of_an_old_reading);
	tcase_add_test(c, phases_that_become_known_allow_no_greater_current);
	tcase_add_test(c, short_time_rating_is_borne_and_then_rested_off);
	tcase_add_test(c, above_the_short_time_rating_nothing_is_borne);
	tcase_add_test(c, nothing_rises_into_the_short_time_rating);
	tcase_add_test(c, power_fed_in_by_a_vehicle_hides_no_load);
	tcase_add_test(c, no_phase_stays_over_its_limit);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
