/*
 * Which limit binds where, and why, at every moment: by the guard or by the plan, on the node and at
 * each EVSE that gets less than it could take.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "db/query_log.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define STATIONS 4

static struct world *world;

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static struct core *core(void)
{
	return world_core(world);
}

static const struct control_node *node(const char *id)
{
	return control_node(core()->control, grid_tree_find(control_grid(core()->control), id));
}

static struct evse *evse(int station)
{
	char id[8];

	snprintf(id, sizeof id, "CP-%d", station);
	return station_evse(fleet_station(&core()->fleet, id), 1);
}

START_TEST(somebody_binds_while_a_vehicle_waits)
{
	int waiting = 0, by_plan = 0;

	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
	for (int minute = 0; minute < 60; minute++) {
		const struct control_node *n[] = {node("site"), node("feeder")};

		world_run_s(world, 60);
		for (int s = 1; s <= STATIONS; s++) {
			struct evse *e = evse(s);
			struct setpoint told;

			control_told(core()->control, e, &told);
			/* Powers are given in steps of 100 W: less is no waiting. */
			if (!e->tx.is_open || told.limit_w >= 22000 - 100 || told.limit_w < 0)
				continue;
			waiting++;
			ck_assert_msg(told.node[0] != '\0', "CP-%d: %.1f kW, no node: %s", s,
				told.limit_w / 1000.0, told.reason);
			ck_assert_msg(strcmp(told.source, "guard") == 0 ||
					      strstr(told.reason, "is full (rating)") ||
					      strstr(told.reason, "has less left"),
				"%s", told.reason);
			ck_assert_msg(n[0]->binds || n[1]->binds, "nothing binds: %s", told.reason);
			if (strcmp(told.source, "plan") != 0)
				continue;
			by_plan++;
			ck_assert_msg(told.limit_w > 0 || strstr(told.reason, "its turn comes at "),
				"%s", told.reason);
		}
		for (int i = 0; i < 2; i++)
			ck_assert(!n[i]->binds == !n[i]->binds_by);
	}
	ck_assert_int_gt(waiting, 60);
	ck_assert_int_gt(by_plan, 30);
}
END_TEST

#define ONE_VAN                                                                                    \
	"base_load:\n"                                                                             \
	"  - {node: house, points: [{at: \"00:00\", w: 10000}]}\n"                                 \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"

START_TEST(nothing_binds_where_there_is_room)
{
	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = ONE_VAN});
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert_int_gt(evse(1)->told.limit_w, 20000);
	ck_assert_uint_eq(node("site")->binds, 0);
	ck_assert_uint_eq(node("feeder")->binds, 0);
	ck_assert_ptr_null(node("site")->binds_by);
}
END_TEST

/* 43 A of the house's on L2. */
#define HOUSE_ON_L2                                                                                \
	"base_load:\n"                                                                             \
	"  - {node: house, phase: 2, points: [{at: \"00:00\", w: 10000}]}\n"                       \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 15}\n"

/* An operator allows so little on each phase of the site that L2 is full by the house alone. */
static wall_t limit_phases(int minutes, int32_t phase_ma, char id[ENVELOPE_ID_SIZE])
{
	int64_t now = clock_wall().ms;
	struct envelope_block b = {
		now, now + minutes * INT64_C(60000), {GRID_NO_LIMIT, GRID_NO_LIMIT, phase_ma}};
	struct envelope_offer o = {.node = "site",
		.owner = "operator/anna",
		.blocks = &b,
		.count = 1,
		.actor = "test"};
	char why[200];

	ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
	return (wall_t){b.end_ms};
}

START_TEST(phase_of_an_envelope_is_named_with_its_end)
{
	char id[ENVELOPE_ID_SIZE];
	int by_plan = 0;
	wall_t end;

	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = HOUSE_ON_L2});
	world_run_until(world, SMALL_ALL_HERE);
	end = limit_phases(10, 40000, id);
	world_run_s(world, 60);
	for (int i = 0; i < 40; i++) {
		const struct control_node *site = node("site");
		struct setpoint told;

		world_run_s(world, 10);
		control_told(core()->control, evse(1), &told);
		ck_assert_int_eq(told.limit_w, 0);
		ck_assert_msg(site->binds == 1U << GRID_L2, "binds: %x", site->binds);
		ck_assert_str_eq(site->binds_source, "operator");
		ck_assert_str_eq(site->binds_envelope, id);
		ck_assert_int_le(site->binds_until.ms, end.ms);
		ck_assert_int_gt(site->binds_until.ms, 0);
		if (strcmp(told.source, "plan") != 0)
			continue;
		by_plan++;
		ck_assert_msg(
			strstr(told.reason, "L2 of site is full (operator)"), "%s", told.reason);
	}
	ck_assert_int_gt(by_plan, 20);
	world_run_s(world, 300);
	ck_assert_str_eq(node("site")->binds_envelope, "");
}
END_TEST

static struct arena *arena;
static struct db_journal_page page;

static void read_acts(struct db_reader *r, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_query_journal(r,
				 &(struct db_journal_filter){
					 .type = "GuardActed", .newest_first = true, .limit = 1},
				 arena, &page),
		0);
}

/* A limit in A is one of amperes wherever it is told. */
START_TEST(lowering_for_a_phase_is_journalled_in_amperes)
{
	char id[ENVELOPE_ID_SIZE];

	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = HOUSE_ON_L2});
	world_run_until(world, SMALL_ALL_HERE);
	limit_phases(10, 40000, id);
	world_run_s(world, 60);
	arena = arena_create(0);
	for (int i = 0; i < 500 && !page.count; i++) {
		ck_assert_int_eq(db_read_now(core()->db, read_acts, NULL), 0);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	ck_assert_uint_eq(page.count, 1);
	ck_assert_msg(strstr(page.items[0].payload, "\"channel\":\"L2\"") &&
			      strstr(page.items[0].payload, "\"limit_ma\":40000") &&
			      strstr(page.items[0].payload, "\"measured_ma\":") &&
			      !strstr(page.items[0].payload, ":-1"),
		"%s", page.items[0].payload);
	arena_destroy(arena);
}
END_TEST

/* The site is full by its rating for a while; then an operator allows less: since then. */
START_TEST(limit_of_another_binds_since_it_came)
{
	struct envelope_block b = {.bound = {40000, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	struct envelope_offer o = {.node = "site",
		.owner = "operator/anna",
		.blocks = &b,
		.count = 1,
		.actor = "test"};
	char id[ENVELOPE_ID_SIZE], why[200];
	wall_t came;

	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
	for (int s = 0; s < 600 && !node("site")->binds; s++)
		world_step(world);
	world_run_s(world, 5);
	ck_assert_uint_eq(node("site")->binds, 1U << GRID_TOTAL);
	ck_assert_str_eq(node("site")->binds_source, "rating");
	came = clock_wall();
	b.start_ms = came.ms;
	b.end_ms = came.ms + 3600000;
	ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
	for (int s = 0; s < 120 && strcmp(node("site")->binds_envelope, id) != 0; s++)
		world_step(world);
	ck_assert_str_eq(node("site")->binds_source, "operator");
	ck_assert_int_ge(node("site")->binds_since.ms, came.ms);
}
END_TEST

/* A limit that comes within the slot of the plan is what the plan keeps to, before it is in force. */
START_TEST(what_the_plan_keeps_to_is_what_binds_by_it)
{
	struct envelope_block b = {.bound = {24000, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	struct envelope_offer o = {.node = "site",
		.owner = "operator/anna",
		.blocks = &b,
		.count = 1,
		.actor = "test"};
	char id[ENVELOPE_ID_SIZE], why[200];
	int early = 0;

	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = ONE_VAN});
	world_run_until(world, SMALL_ALL_HERE);
	b.start_ms = clock_wall().ms + 240000;
	b.end_ms = b.start_ms + 3600000;
	ck_assert_msg(envelope_receive(core(), &o, id, why) == 0, "%s", why);
	for (int i = 0; i < 60; i++) {
		world_run_s(world, 10);
		const struct control_node *site = node("site");
		struct setpoint told;

		control_told(core()->control, evse(1), &told);
		if (strcmp(told.source, "plan") != 0 || !site->binds_by ||
			strcmp(site->binds_by, "plan") != 0 ||
			!strstr(told.reason, "site is full (operator)"))
			continue;
		ck_assert_str_eq(site->binds_source, "operator");
		early += site->limit_w > 24000;
	}
	ck_assert_int_gt(early, 0);
}
END_TEST

/* The house with a rating of its phases, and no meter: it counts as its worst case, but nobody has
 * read that. */
START_TEST(what_nobody_measures_shows_no_load_of_its_phases)
{
	const char *end = "limit_w: 30000}", *at = strstr(small_depot, end);
	char depot[sizeof small_depot + 20];

	snprintf(depot, sizeof depot, "%.*slimit_w: 30000, limit_a: 45}%s", (int)(at - small_depot),
		small_depot, at + strlen(end));
	world = world_create(
		&(struct world_options){.seed = 5, .depot = depot, .scenario = HOUSE_ON_L2});
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert(node("house")->load_w == GRID_UNKNOWN);
	for (int p = 0; p < GRID_PHASES; p++) {
		ck_assert_int_eq(node("house")->phase[p].limit, 45000);
		ck_assert_int_eq(node("house")->phase[p].load, -1);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("binds");
	TCase *t = tcase_create("binds");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, somebody_binds_while_a_vehicle_waits);
	tcase_add_test(t, nothing_binds_where_there_is_room);
	tcase_add_test(t, phase_of_an_envelope_is_named_with_its_end);
	tcase_add_test(t, lowering_for_a_phase_is_journalled_in_amperes);
	tcase_add_test(t, limit_of_another_binds_since_it_came);
	tcase_add_test(t, what_the_plan_keeps_to_is_what_binds_by_it);
	tcase_add_test(t, what_nobody_measures_shows_no_load_of_its_phases);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
