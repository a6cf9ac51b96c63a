/*
 * Envelopes: an evening with a limit that comes later, whose owner goes silent and comes back, and
 * in which depotd is started anew.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/envelope_apply.h"
#include "csms/metering/meters.h"
#include "csms/plan/planner.h"
#include "db/query_envelope.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define HOUR_MS  INT64_C(3600000)
#define LIMIT_W  30000
#define OWNER    "oscp/dso-1"
#define SETTLE_S 60 /* records are made a little after the end of what they are about */

static struct world *world;
static char id[ENVELOPE_ID_SIZE], why[200];

static void start_world(const char *config)
{
	world = world_create(&(struct world_options){
		.seed = 5, .config = config, .depot = small_depot, .scenario = SMALL_VISITS});
	world_run_until(world, "17:30");
}

static void setup(void)
{
	start_world(NULL);
}

static void setup_ask(void)
{
	start_world("control: {envelopes: ask, envelopes_free_kwh: 1}\n");
}

static void teardown(void)
{
	world_destroy(world);
}

static struct core *core(void)
{
	return world_core(world);
}

/* From 17:30: in so many hours, for so many; W of import on the site. */
static struct envelope_block block(double in_h, double for_h, int32_t w)
{
	int64_t at = world_now(world).ms + (int64_t)(in_h * (double)HOUR_MS);

	return (struct envelope_block){
		at, at + (int64_t)(for_h * (double)HOUR_MS), {w, GRID_NO_LIMIT, GRID_NO_LIMIT}};
}

static const struct held_envelope *receive(
	enum envelope_kind kind, const struct envelope_block *b, int count)
{
	const struct envelope_offer o = {.node = "site",
		.owner = OWNER,
		.type = kind == ENVELOPE_FALLBACK ? "FALLBACK_CONSUMPTION" : "CONSUMPTION",
		.kind = kind,
		.is_grid = true,
		.blocks = b,
		.count = count,
		.actor = "oscp:dso-1"};

	ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
	return envelope_find(core(), id);
}

/* Runs with the site below `w` in every second. */
static void run_below(int seconds, int64_t w)
{
	while (seconds-- > 0) {
		world_step(world);
		ck_assert_msg(world_node(world, "site")->now_mw <= w * 1000,
			"%lld W, %d s before the end",
			(long long)(world_node(world, "site")->now_mw / 1000), seconds);
	}
}

/* -- records ---------------------------------------------------------------------------------- */

static struct arena *arena;
static struct db_envelope_record_list records;
static char asked[ENVELOPE_ID_SIZE];

static void read_records(struct db_reader *r, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_query_envelope_records(r, asked, 10, arena, &records), 0);
}

static const struct event_envelope_complied *only_record(const char *of)
{
	arena = arena_create(0);
	snprintf(asked, sizeof asked, "%s", of);
	/* It is made on a reader thread, whose time is not the simulated one. */
	for (int i = 0; i < 500; i++) {
		ck_assert_int_eq(db_read_now(core()->db, read_records, NULL), 0);
		if (records.count)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		world_step(world);
	}
	ck_assert_int_eq(records.count, 1);
	ck_assert_int_eq(strlen(records.items[0].hash), 64);
	return records.items[0].is;
}

START_TEST(limit_is_kept_from_its_first_second_on_and_on_record)
{
	struct envelope_block b = block(1.5, 1, LIMIT_W);
	const struct event_envelope_complied *r;
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &b, 1);
	char limit[ENVELOPE_ID_SIZE];

	memcpy(limit, id, sizeof limit);
	ck_assert_int_eq(h->e.state, ENVELOPE_PENDING);
	world_run_until(world, "18:50");
	ck_assert_int_gt(world_node(world, "site")->now_mw, 45000000);
	world_run_until(world, "19:00");
	run_below(1800, LIMIT_W);
	ck_assert_int_eq(envelope_find(core(), limit)->e.state, ENVELOPE_ACTIVE);
	ck_assert_int_gt(world_node(world, "site")->now_mw, 20000000); /* it is used, too */
	ck_assert_str_eq(control_node(core()->control, 0)->limit_source, "envelope");
	world_kill(world);
	run_below(20, LIMIT_W);
	world_start(world);
	h = envelope_find(core(), limit);
	ck_assert_ptr_nonnull(h);
	ck_assert_int_eq(h->e.state, ENVELOPE_ACTIVE);
	run_below(1780, LIMIT_W);
	world_run_s(world, SETTLE_S);
	ck_assert_int_eq(envelope_find(core(), limit)->e.state, ENVELOPE_EXPIRED);
	r = only_record(limit);
	ck_assert_int_eq(r->limit_w, LIMIT_W);
	ck_assert(r->kept || r->unsure);
	ck_assert_int_eq(r->above_s, 0);
	ck_assert_int_gt(r->measured_s, 2500); /* what a dying depotd had not stored is gone */
	ck_assert_int_gt(r->mean_w, 20000);
	ck_assert_int_le(r->max_w, LIMIT_W);
	ck_assert_int_eq(r->vehicles.count, 4);
	ck_assert_int_gt(r->command_count, 4);
	ck_assert_str_eq(r->decided_by, "depotd");
	arena_destroy(arena);
	world_run_until(world, "20:10");
	ck_assert_int_gt(world_node(world, "site")->now_mw, 45000000);
	world_run_until(world, "07:00");
	ck_assert_int_eq(world_count_ready(world), 4);
}
END_TEST

/* So that the store keeps up with simulated time: what it has not taken by the end is not measured. */
static void run_stored(int seconds)
{
	for (int s = 0; s < seconds; s += 30) {
		world_run_s(world, seconds - s < 30 ? seconds - s : 30);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

/* The record of half an hour in which the meter at the site says nothing for so many seconds. */
static const struct event_envelope_complied *record_with_silence(int seconds)
{
	struct envelope_block b = block(0, 0.5, LIMIT_W);
	char limit[ENVELOPE_ID_SIZE];

	receive(ENVELOPE_LIMIT, &b, 1);
	memcpy(limit, id, sizeof limit);
	run_stored(600);
	world_set_meter(world, "main", WORLD_METER_SILENT);
	run_stored(seconds);
	world_set_meter(world, "main", WORLD_METER_FINE);
	run_stored(1800 - 600 - seconds + 5);
	nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	ck_assert(envelope_record_is_made(core(), limit));
	world_run_s(world, SETTLE_S);
	return only_record(limit);
}

START_TEST(meter_that_is_silent_for_a_moment_leaves_a_limit_kept)
{
	const struct event_envelope_complied *r = record_with_silence(30);

	ck_assert(r->kept && !r->unsure);
	ck_assert_int_ge(r->estimated_s, 10);
	ck_assert_int_lt(r->estimated_s + r->unmeasured_s, 300);
	ck_assert_int_ge(r->measured_s + r->estimated_s + r->unmeasured_s, 1790);
	ck_assert(!envelope_record_is_made(core(), asked));
	arena_destroy(arena);
}
END_TEST

START_TEST(what_nobody_measured_is_not_called_kept)
{
	const struct event_envelope_complied *r = record_with_silence(300);

	ck_assert(!r->kept && r->unsure);
	ck_assert_int_le(r->above_s, WORLD_REACTION_S);
	ck_assert_int_ge(r->unmeasured_s, 180);
	ck_assert_int_ge(r->measured_s, 600);
	arena_destroy(arena);
}
END_TEST

START_TEST(record_is_made_after_a_restart_if_depotd_died_before)
{
	struct envelope_block b = block(0, 0.5, LIMIT_W);
	const struct event_envelope_complied *r;
	char limit[ENVELOPE_ID_SIZE];

	receive(ENVELOPE_LIMIT, &b, 1);
	memcpy(limit, id, sizeof limit);
	world_run_until(world, "18:00");
	world_run_s(world, 3);
	ck_assert_int_eq(envelope_find(core(), limit)->e.state, ENVELOPE_EXPIRED);
	world_kill(world);
	world_run_s(world, 900);
	world_start(world);
	world_run_s(world, SETTLE_S);
	r = only_record(limit);
	ck_assert_int_eq(r->start.ms, b.start_ms);
	ck_assert_int_eq(r->end.ms, b.end_ms);
	arena_destroy(arena);
	world_kill(world); /* once is enough */
	world_start(world);
	world_run_s(world, SETTLE_S);
	only_record(limit);
	arena_destroy(arena);
}
END_TEST

START_TEST(silent_owner_means_fallback_and_his_limits_stand)
{
	struct envelope_block limit = block(0.5, 1, 40000), fallback = block(0, 10, LIMIT_W);
	char standby[ENVELOPE_ID_SIZE];

	receive(ENVELOPE_FALLBACK, &fallback, 1);
	memcpy(standby, id, sizeof standby);
	receive(ENVELOPE_LIMIT, &limit, 1);
	ck_assert_int_eq(envelope_find(core(), standby)->e.state, ENVELOPE_ELIGIBLE);
	world_run_until(world, "18:00");
	run_below(600, 40000);
	ck_assert_int_gt(world_node(world, "site")->now_mw, 35000000);
	envelope_owner_silent(core(), OWNER, true, "no heartbeat");
	ck_assert_int_eq(envelope_find(core(), standby)->e.state, ENVELOPE_IN_FALLBACK);
	world_run_s(world, WORLD_REACTION_S + 5);
	run_below(600, LIMIT_W);
	world_kill(world);
	world_start(world);
	run_below(60, LIMIT_W);
	ck_assert_str_eq(control_node(core()->control, 0)->limit_source, "fallback envelope");
	ck_assert_int_eq(envelope_find(core(), standby)->e.state, ENVELOPE_IN_FALLBACK);
	ck_assert_int_eq(envelope_find(core(), id)->e.state, ENVELOPE_ACTIVE);
	envelope_owner_silent(core(), OWNER, false, NULL);
	ck_assert_int_eq(envelope_find(core(), standby)->e.state, ENVELOPE_ELIGIBLE);
	run_below(600, 40000);
	ck_assert_int_gt(world_node(world, "site")->now_mw, 35000000);
}
END_TEST

START_TEST(newer_word_replaces_the_older_for_its_time_only)
{
	struct envelope_block first = block(0, 2, LIMIT_W), second = block(0.5, 0.5, 40000);
	const struct held_envelope *old = receive(ENVELOPE_LIMIT, &first, 1);
	int32_t w;

	receive(ENVELOPE_LIMIT, &second, 1);
	ck_assert_int_eq(old->e.count, 2);
	ck_assert_str_eq(old->replaced_by, id);
	for (int m = 5; m < 120; m += 10) {
		const struct held_envelope *h = envelopes_winner(core(), "site", ENVELOPE_IMPORT,
			wall_add_ms(world_now(world), m * 60000), &w);

		ck_assert_ptr_eq(h, m > 30 && m < 60 ? envelope_find(core(), id) : old);
		ck_assert_int_eq(w, m > 30 && m < 60 ? 40000 : LIMIT_W);
	}
	second = block(0, 3, 50000);
	receive(ENVELOPE_LIMIT, &second, 1);
	ck_assert_int_eq(old->e.state, ENVELOPE_WITHDRAWN);
}
END_TEST

START_TEST(nobody_relaxes_anothers_word)
{
	struct envelope_block tight = block(0, 1, LIMIT_W), loose = block(0, 1, 50000);
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &tight, 1);
	const struct envelope_offer o = {.node = "site",
		.owner = "operator/anna",
		.priority = 9,
		.blocks = &loose,
		.count = 1,
		.actor = "user:anna"};
	int32_t w;

	ck_assert_int_eq(envelope_receive(core(), &o, id, why), 0);
	ck_assert_ptr_eq(
		envelopes_winner(core(), "site", ENVELOPE_IMPORT, world_now(world), &w), h);
	ck_assert_int_eq(w, LIMIT_W);
	ck_assert_int_eq(
		envelope_find(core(), id)->e.state, ENVELOPE_ACTIVE); /* it stays visible */
	ck_assert_int_eq(envelope_withdraw(core(), h->id, "user:anna", "broken peer"), 0);
	envelopes_winner(core(), "site", ENVELOPE_IMPORT, world_now(world), &w);
	ck_assert_int_eq(w, 50000);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct envelope_block b = block(-2, 1, LIMIT_W);
	struct envelope_offer o = {
		.node = "site", .owner = OWNER, .blocks = &b, .count = 1, .actor = "oscp:dso-1"};

	ck_assert_int_eq(envelope_receive(core(), &o, id, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "over"));
	b = block(1, 1, LIMIT_W);
	o.node = "nowhere";
	ck_assert_int_eq(envelope_receive(core(), &o, id, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "nowhere"));
	o.node = "site";
	o.priority = 10;
	ck_assert_int_eq(envelope_receive(core(), &o, id, why), -1);
	b.end_ms = b.start_ms;
	o.priority = 0;
	ck_assert_int_eq(envelope_receive(core(), &o, id, why), -1);
	ck_assert_ptr_null(envelopes_first(core()));
}
END_TEST

static int offer(const char *owner, bool is_grid, double in_h)
{
	struct envelope_block b = block(in_h, 0.01, 50000);
	struct envelope_offer o = {.node = "site",
		.owner = owner,
		.is_grid = is_grid,
		.blocks = &b,
		.count = 1,
		.actor = "token:x"};

	return envelope_receive(core(), &o, id, why);
}

START_TEST(nobody_takes_anothers_room)
{
	char owner[30];
	int taken = 0;

	for (int i = 0; i < 1200; i++) { /* one token, many names, grid operators or not */
		snprintf(owner, sizeof owner, "openadr/p%d", i);
		taken += offer(owner, i % 2, 1) == 0;
	}
	ck_assert_int_le(taken, 150);
	ck_assert_ptr_nonnull(strstr(why, "other programs"));
	ck_assert_msg(offer("oscp/dso-1", true, 0) == 0, "%s", why);
	ck_assert_msg(offer("operator/anna", false, 0) == 0, "%s", why);
	for (int i = 0; i < 1000; i++) /* nor all of its own kind's */
		offer("oscp/dso-1", true, 1 + i * 0.02);
	ck_assert_ptr_nonnull(strstr(why, "oscp/dso-1"));
	for (int i = 0; i < 1000; i++)
		offer("operator/anna", false, 1 + i * 0.02);
	ck_assert_msg(offer("oscp/dso-2", true, 0) == 0, "%s", why);
	ck_assert_msg(offer("operator/ben", false, 0) == 0, "%s", why);
}
END_TEST

static int offer_w(const char *owner, double in_h, double for_h, int32_t w)
{
	struct envelope_block b = block(in_h, for_h, w);
	struct envelope_offer o = {
		.node = "site", .owner = owner, .blocks = &b, .count = 1, .actor = "test"};

	return envelope_receive(core(), &o, id, why);
}

static int count_open(void)
{
	int n = 0;

	for (const struct held_envelope *h = envelopes_first(core()); h; h = h->next)
		n += !envelope_is_over(h->e.state);
	return n;
}

START_TEST(tighter_limit_finds_room)
{
	char last[ENVELOPE_ID_SIZE], first[ENVELOPE_ID_SIZE];
	const struct alarm *a;
	int32_t w;

	for (int i = 0; i < 50; i++)
		ck_assert_msg(offer_w("operator/anna", 1 + i * 0.02, 0.01, 50000) == 0, "%s", why);
	memcpy(last, id, sizeof last);
	ck_assert_int_eq(count_open(), 50);
	ck_assert_int_eq(offer_w("operator/anna", 3, 0.01, 20000), -1); /* later than all */
	ck_assert_ptr_nonnull(strstr(why, "of 50 that one owner may have"));
	ck_assert_ptr_nonnull(strstr(why, "none of them can wait"));
	ck_assert_msg(offer_w("operator/anna", 0, 0.5, 20000) == 0, "%s", why);
	memcpy(first, id, sizeof first);
	ck_assert_int_eq(count_open(), 50);
	ck_assert_int_eq(envelope_find(core(), last)->e.state, ENVELOPE_REFUSED);
	ck_assert_int_eq(envelope_find(core(), first)->e.state, ENVELOPE_ACTIVE);
	envelopes_winner(core(), "site", ENVELOPE_IMPORT, world_now(world), &w);
	ck_assert_int_eq(w, 20000);
	a = alarms_open(core());
	while (a && a->kind != ALARM_ENVELOPE_REFUSED)
		a = a->hh.next;
	ck_assert_ptr_nonnull(a);
	/* no tighter than what stands; and what cannot be costs nobody anything */
	ck_assert_int_eq(offer_w("operator/anna", 0.1, 0.2, 25000), -1);
	ck_assert_int_eq(offer_w("operator/anna", 0.1, -0.2, 5000), -1);
	ck_assert_int_eq(count_open(), 50);
	ck_assert_int_eq(envelope_find(core(), first)->e.state, ENVELOPE_ACTIVE);
}
END_TEST

START_TEST(of_what_counts_now_the_loosest_gives_way)
{
	char loose[ENVELOPE_ID_SIZE];

	for (int i = 0; i < 50; i++) { /* none replaces another: each of a type of its own */
		struct envelope_block b = block(0, 1, 30000 + 100 * ((i + 7) % 50));
		char type[8];
		struct envelope_offer o = {.node = "site",
			.owner = "operator/anna",
			.type = type,
			.blocks = &b,
			.count = 1,
			.actor = "test"};

		snprintf(type, sizeof type, "t%d", i);
		ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
		if (b.bound.import_w == 34900)
			memcpy(loose, id, sizeof loose);
	}
	ck_assert_int_eq(offer_w("operator/anna", 0, 0.5, 31000), -1);
	ck_assert_msg(offer_w("operator/anna", 0, 0.5, 20000) == 0, "%s", why);
	ck_assert_int_eq(envelope_find(core(), loose)->e.state, ENVELOPE_REFUSED);
	ck_assert_int_eq(count_open(), 50);
}
END_TEST

START_TEST(limit_begins_earlier_for_slow_chargers)
{
	struct envelope_block b;

	for (int i = 0; i < 4; i++)
		plant_set_trouble(world_plant(world), i, &(struct plant_trouble){.late_s = 23});
	for (int i = 0; i < 12; i++) { /* it learns */
		b = block(120.0 / 3600, 60.0 / 3600, 20000);
		receive(ENVELOPE_LIMIT, &b, 1);
		world_run_s(world, 300);
	}
	b = block(916.0 / 3600, 0.5, 18000);
	receive(ENVELOPE_LIMIT, &b, 1);
	world_run_s(world, 560);
	ck_assert_int_gt(world_node(world, "site")->now_mw, 25000000);
	ck_assert_str_eq(control_node(core()->control, 0)->limit_source, "rating");
	world_run_s(world, 332); /* the guard goes by it 28 s before it begins */
	ck_assert_str_eq(control_node(core()->control, 0)->limit_source, "envelope");
	world_run_s(world, 24);
	run_below(600, 18000);
}
END_TEST

/* -- where an operator is asked --------------------------------------------------------------- */

START_TEST(what_costs_nothing_needs_no_yes)
{
	struct envelope_block b = block(2, 1, 55000);
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &b, 1);

	ck_assert_int_eq(h->e.state, ENVELOPE_PENDING);
	ck_assert_int_eq(h->effect.late, 0);
	ck_assert_int_ne(h->effect.judged_at.ms, 0);
}
END_TEST

START_TEST(what_costs_energy_waits_but_is_obeyed_in_time)
{
	struct envelope_block b = block(1, 12, 5000);
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &b, 1);

	ck_assert_int_eq(h->e.state, ENVELOPE_RECEIVED);
	ck_assert_int_eq(h->effect.late, 4);
	ck_assert_int_gt(h->effect.shed_wh, 100000);
	ck_assert_int_gt(h->effect.shed_w, 30000);
	world_run_until(world, "18:10");
	ck_assert_int_eq(envelope_find(core(), id)->e.state, ENVELOPE_RECEIVED);
	world_run_until(world, "18:16"); /* a quarter of an hour before it begins */
	h = envelope_find(core(), id);
	ck_assert_int_eq(h->e.state, ENVELOPE_PENDING);
	ck_assert(h->is_urgent);
	ck_assert_int_eq(envelope_refuse(core(), id, "user:anna", "the vans come first", why), 0);
	ck_assert_int_eq(h->e.state, ENVELOPE_REFUSED);
	ck_assert_int_eq(envelope_refuse(core(), id, "user:anna", "again", why), -1);
}
END_TEST

START_TEST(emergency_is_obeyed_first)
{
	struct envelope_block b = block(0, 12, 15000);
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &b, 1);

	ck_assert_int_eq(h->e.state, ENVELOPE_ACTIVE);
	ck_assert(h->is_urgent);
	world_run_s(world, WORLD_REACTION_S + 5);
	run_below(300, 15000);
}
END_TEST

/* -- export ------------------------------------------------------------------------------------ */

/* The meter shows so much for so long; it is alive. */
static void pose(int seconds, double w)
{
	struct meter_reading r = {0};

	for (; seconds > 0; seconds--) {
		r.values[METER_QUANTITY_POWER_W] =
			(struct meter_value){w + seconds % 7, METER_GOOD};
		world_pose_meter(world, "main", &r);
		world_step(world);
	}
}

/* No van is there: a meter that shows less than they draw is not believed. */
static void setup_empty(void)
{
	world = world_create(&(struct world_options){.seed = 3,
		.depot = small_depot,
		.scenario = "base_load:\n"
			    "  - {node: house, points: [{at: \"00:00\", w: 4000}]}\n"});
	world_run_s(world, 60);
}

START_TEST(export_above_its_limit_is_alarmed_and_on_record)
{
	struct envelope_block b = block(0.1, 0.5, GRID_NO_LIMIT);
	const struct event_envelope_complied *e;
	char limit[ENVELOPE_ID_SIZE];
	bool is_alarmed = false;

	b.bound.export_w = 5000;
	receive(ENVELOPE_LIMIT, &b, 1);
	memcpy(limit, id, sizeof limit);
	world_run_s(world, 700);
	ck_assert_ptr_null(alarms_open(core()));
	pose(120, -9010);
	for (const struct alarm *a = alarms_open(core()); a; a = a->hh.next)
		is_alarmed |= a->kind == ALARM_ENVELOPE_BROKEN && strstr(a->text, "feeds in 9.0");
	ck_assert(is_alarmed);
	ck_assert_int_eq(control_node(core()->control, 0)->feed.limit, 5000);
	ck_assert_int_ge(control_node(core()->control, 0)->feed.load, 9000);
	world_pose_meter(world, "main", NULL);
	world_run_s(world, 1600 + SETTLE_S);
	e = only_record(limit);
	ck_assert(!e->kept && !e->has_limit_w && e->has_export_limit_w);
	ck_assert_int_eq(e->export_limit_w, 5000);
	ck_assert_int_ge(e->export_max_w, 9000);
	ck_assert_int_ge(e->export_above_s, 100);
	ck_assert_int_le(e->export_above_s, 140);
	ck_assert_int_ge(e->export_above_wh, 100); /* 4 kW for two minutes: 133 */
	ck_assert_int_le(e->export_above_wh, 160);
	ck_assert_int_eq(e->above_s, 0);
	arena_destroy(arena);
}
END_TEST

/* -- phases ------------------------------------------------------------------------------------ */

/* The meter shows 12 kW in all, 52 A of it on one phase. */
static void pose_phase(int seconds, int phase)
{
	struct meter_reading r = {0};

	for (; seconds > 0; seconds--) {
		r.values[METER_QUANTITY_POWER_W] =
			(struct meter_value){12000 + seconds % 7, METER_GOOD};
		for (int p = 0; p < 3; p++)
			r.values[METER_QUANTITY_CURRENT_L1_A + p] =
				(struct meter_value){p == phase ? 52 : 0.1, METER_GOOD};
		world_pose_meter(world, "main", &r);
		world_step(world);
	}
}

/* 12 kW are less than three times 40 A: one phase alone breaks it, and then another. */
START_TEST(limit_of_a_phase_is_broken_by_the_worst_one)
{
	struct envelope_block b = block(0, 0.25, GRID_NO_LIMIT);
	const struct event_envelope_complied *e;
	char limit[ENVELOPE_ID_SIZE];

	b.bound.phase_ma = 40000;
	receive(ENVELOPE_LIMIT, &b, 1);
	memcpy(limit, id, sizeof limit);
	pose_phase(90, 0);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_ENVELOPE_BROKEN, "site"));
	pose_phase(60, 1);
	world_pose_meter(world, "main", NULL);
	world_run_s(world, 800 + SETTLE_S);
	e = only_record(limit);
	ck_assert(!e->kept && !e->has_limit_w);
	ck_assert_int_eq(e->limit_ma, 40000);
	ck_assert_int_eq(e->phases.count, 3);
	ck_assert_str_eq(e->phases.items[1].phase, "L2");
	ck_assert_int_eq(e->phases.items[1].max_ma, 52000);
	ck_assert_int_ge(e->phases.items[0].above_s, 80);
	ck_assert_int_ge(e->phases.items[1].above_s, 50);
	ck_assert_int_eq(e->phases.items[2].above_s, 0);
	ck_assert_int_eq(e->above_s, e->phases.items[0].above_s + e->phases.items[1].above_s);
	ck_assert_int_ge(e->above_wh, 100); /* 2.8 kW for 150 s: 115 */
	arena_destroy(arena);
}
END_TEST

/* -- what it costs ------------------------------------------------------------------------------ */

START_TEST(shortage_that_shows_as_nothing_is_none)
{
	struct planner_trial_row rows[] = {
		{.without = {.short_wh = 1000}, .with = {.short_wh = 1000 + 49}},
		{.without = {.short_wh = 0}, .with = {.short_wh = 50}},
		{.without = {.short_wh = 700}, .with = {.short_wh = 0}},
	};
	struct planner_trial t = {.count = 3, .rows = rows, .shed_w = 5000};
	struct envelope_effect e;

	envelope_effect_of(&t, &e);
	ck_assert_int_eq(e.late, 1);
	ck_assert_int_eq(e.shed_wh, 50);
	ck_assert_int_eq(e.shed_w, 5000);
}
END_TEST

/* -- the plan --------------------------------------------------------------------------------- */

/* What the plan gives all vans in so many hours. */
static int64_t planned_w(double in_h)
{
	const struct control_plan *p = control_plan(core()->control);
	int64_t at_ms = world_now(world).ms + (int64_t)(in_h * (double)HOUR_MS), sum = 0;
	int slot;

	ck_assert_ptr_nonnull(p);
	slot = (int)((at_ms - p->start.ms) / p->slot_ms);
	ck_assert_int_lt(slot, p->slot_count);
	for (int r = 0; r < p->row_count; r++)
		sum += p->rows[r].w[slot];
	return sum;
}

static int64_t charged_wh(void)
{
	const struct plant *p = world_plant(world);
	int64_t wh = 0;

	for (int i = 0; i < plant_session_count(p); i++) {
		struct plant_session s = plant_session_at(p, i);

		wh += s.end_wh - s.begin_wh;
	}
	return wh;
}

/* Two hours of hardly anything in the middle of the evening: what is known in time costs nobody a
 * kWh. */
START_TEST(vans_charge_before_a_limit_that_is_known)
{
	struct envelope_block b;
	int64_t before_wh;

	world_run_until(world, "18:00");
	ck_assert_int_gt(planned_w(2.5), 20000);
	before_wh = charged_wh();
	b = block(2, 2, 12000);
	receive(ENVELOPE_LIMIT, &b, 1);
	world_run_s(world, 130); /* a plan later */
	ck_assert_int_le(planned_w(2.5), 2000); /* the house takes ten */
	ck_assert_int_gt(planned_w(1.5), 40000);
	ck_assert_int_gt(planned_w(4.25), 20000);
	world_run_until(world, "20:00");
	ck_assert_int_gt(charged_wh() - before_wh, 70000);
	run_below(7200, 12000);
	world_run_until(world, "07:00");
	ck_assert_int_eq(world_count_ready(world), 4); /* nobody is late */
}
END_TEST

static void on_tried(void *arg, const struct planner_trial *t)
{
	ck_assert_ptr_nonnull(t);
	*(int64_t *)arg = t->shed_w;
}

/* Power has just returned: that all wait for their step says nothing of the night. */
START_TEST(trial_is_not_about_limits_of_these_minutes)
{
	const struct grid_bound none = {0, GRID_NO_LIMIT, GRID_NO_LIMIT};
	const struct grid_tree *t = control_grid(core()->control);
	struct envelope_block b = block(0, 10, 15000);
	struct envelope_offer o = {.node = "site",
		.owner = OWNER,
		.type = "CONSUMPTION",
		.kind = ENVELOPE_LIMIT,
		.blocks = &b,
		.count = 1,
		.actor = "oscp:dso-1"};
	struct held_envelope *draft = envelope_draft(core(), &o, why), accepted;
	int64_t shed_w = -1;

	ck_assert_msg(draft != NULL, "%s", why);
	accepted = envelope_as_accepted(draft);
	for (int e = 0; e < grid_tree_evses(t); e++)
		grid_limits_set(control_limits(core()->control), grid_tree_evse_node(t, e),
			GRID_SOURCE_RAMP, &none);
	ck_assert_int_eq(control_try(core()->control, &accepted, on_tried, &shed_w), 0);
	envelope_draft_free(draft);
	ck_assert_int_gt(shed_w, 10000);
}
END_TEST

START_TEST(yes_is_final_and_no_is_the_end)
{
	struct envelope_block b = block(2, 12, 5000);
	const struct held_envelope *h = receive(ENVELOPE_LIMIT, &b, 1);

	ck_assert_int_eq(envelope_accept(core(), id, "user:anna", NULL, why), 0);
	ck_assert_int_eq(h->e.state, ENVELOPE_PENDING);
	ck_assert_str_eq(h->decided_by, "user:anna");
	ck_assert_int_eq(envelope_accept(core(), id, "user:ben", NULL, why), -1);
	ck_assert_int_eq(envelope_refuse(core(), id, "user:ben", "no", why), -1);
	ck_assert_ptr_nonnull(strstr(why, "anna"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("envelope");
	TCase *t = tcase_create("envelope");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, limit_is_kept_from_its_first_second_on_and_on_record);
	tcase_add_test(t, meter_that_is_silent_for_a_moment_leaves_a_limit_kept);
	tcase_add_test(t, what_nobody_measured_is_not_called_kept);
	tcase_add_test(t, record_is_made_after_a_restart_if_depotd_died_before);
	tcase_add_test(t, silent_owner_means_fallback_and_his_limits_stand);
	tcase_add_test(t, newer_word_replaces_the_older_for_its_time_only);
	tcase_add_test(t, nobody_relaxes_anothers_word);
	tcase_add_test(t, what_cannot_be_is_refused);
	tcase_add_test(t, vans_charge_before_a_limit_that_is_known);
	tcase_add_test(t, nobody_takes_anothers_room);
	tcase_add_test(t, tighter_limit_finds_room);
	tcase_add_test(t, of_what_counts_now_the_loosest_gives_way);
	tcase_add_test(t, limit_begins_earlier_for_slow_chargers);
	tcase_add_test(t, trial_is_not_about_limits_of_these_minutes);
	suite_add_tcase(s, t);
	t = tcase_create("export");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_empty, teardown);
	tcase_add_test(t, export_above_its_limit_is_alarmed_and_on_record);
	tcase_add_test(t, limit_of_a_phase_is_broken_by_the_worst_one);
	tcase_add_test(t, shortage_that_shows_as_nothing_is_none);
	suite_add_tcase(s, t);
	t = tcase_create("ask");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_ask, teardown);
	tcase_add_test(t, what_costs_nothing_needs_no_yes);
	tcase_add_test(t, what_costs_energy_waits_but_is_obeyed_in_time);
	tcase_add_test(t, emergency_is_obeyed_first);
	tcase_add_test(t, yes_is_final_and_no_is_the_end);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
