/*
 * The record of a limit whose node loses its meter: what the meters around it allow at most is told as
 * that, and is no load.
 */
#include <check.h>
#include <stdio.h>
#include <time.h>
#include "csms/power/envelope_apply.h"
#include "csms/power/control.h"
#include "db/query_envelope.h"
#include "tests/scenario/world.h"

#define LIMIT_W  40000
#define HOUSE_W  12000 /* no meter of its own: to the meters it may flow on the feeder */
#define DARK_S   900
#define SETTLE_S 60

static struct world *world;
static struct arena *arena;
static struct db_envelope_record_list records;
static char id[ENVELOPE_ID_SIZE];

#define PLACE(n)                                                                                   \
	"  - {id: CP-" n ", node: fa, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "       \
	"tail_w: 0}]}\n"
#define VAN(n)                                                                                     \
	"  - {id: V-" n ", token: T" n ", battery_wh: 90000, max_ac_w: 15000, max_dc_w: 15000, "   \
	"min_w: 4140, target_pct: 90, departs: \"06:00\"}\n"

static const char depot[] =
	"depot: comply\nname: Comply\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 80000, meter: main}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 20000}\n"
	"  - {id: fa, kind: feeder, parent: site, limit_w: 60000, meter: fa}\n"
	"meters:\n"
	"  - {id: fa, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 2}\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n" PLACE("1") PLACE("2") "vehicles:\n" VAN("1") VAN("2");

static const char visits[] = "base_load:\n"
			     "  - {node: house, noise_w: 0, points: [{at: \"00:00\", w: 12000}]}\n"
			     "visits:\n"
			     "  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 10}\n"
			     "  - {vehicle: V-2, station: CP-2, arrives: \"17:00\", soc_pct: 10}\n";

/* So that the store keeps up with simulated time. */
static void run_stored(int seconds)
{
	for (int s = 0; s < seconds; s += 30) {
		world_run_s(world, seconds - s < 30 ? seconds - s : 30);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

static void read_records(struct db_reader *r, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_query_envelope_records(r, id, 10, arena, &records), 0);
}

static const struct event_envelope_complied *only_record(void)
{
	arena = arena_create(0);
	for (int i = 0; i < 500 && !records.count; i++) {
		ck_assert_int_eq(db_read_now(world_core(world)->db, read_records, NULL), 0);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		world_step(world);
	}
	ck_assert_uint_eq(records.count, 1);
	return records.items[0].is;
}

static void limit_feeder(int seconds)
{
	const struct envelope_block b = {world_now(world).ms,
		world_now(world).ms + seconds * INT64_C(1000),
		{LIMIT_W, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	const struct envelope_offer o = {.node = "fa",
		.owner = "oscp/dso-1",
		.kind = ENVELOPE_LIMIT,
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "oscp:dso-1"};
	char why[200];

	ck_assert_msg(envelope_receive(world_core(world), &o, id, why) == 0, "%s", why);
}

START_TEST(a_bound_is_told_as_a_bound)
{
	const struct event_envelope_complied *r;
	int64_t sum;

	world = world_create(
		&(struct world_options){.seed = 7, .depot = depot, .scenario = visits});
	world_run_until(world, "17:30");
	limit_feeder(1800);
	run_stored(600);
	world_set_meter(world, "fa", WORLD_METER_SILENT);
	run_stored(DARK_S);
	world_set_meter(world, "fa", WORLD_METER_FINE);
	run_stored(1800 - 600 - DARK_S + 5);
	nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	world_run_s(world, SETTLE_S);
	r = only_record();
	ck_assert_int_ge(r->bounded_s, DARK_S - 120);
	ck_assert_int_le(r->bounded_s, DARK_S + 60);
	ck_assert_int_ge(r->measured_s, 800);
	sum = r->measured_s + r->estimated_s + r->bounded_s + r->unmeasured_s;
	ck_assert_int_ge(sum, 1790);
	ck_assert_int_le(sum, 1800);
	/* The vans took 30 kW while that was measured; with the house it was 42 that may flow. */
	ck_assert_int_le(r->max_w, 31000);
	ck_assert_int_gt(r->mean_w, 20000);
	ck_assert_int_le(r->mean_w, r->max_w);
	ck_assert_int_gt(r->bound_max_w, r->max_w + HOUSE_W / 2);
	arena_destroy(arena);
	world_destroy(world);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("comply");
	TCase *t = tcase_create("comply");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_bound_is_told_as_a_bound);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
