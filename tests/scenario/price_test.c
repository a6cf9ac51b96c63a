/*
 * What a night cost: the month's peak and energy by the site's demand windows, what each session was
 * expected to cost and did, over a restart, and that it all adds up.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "csms/money/prices_cost.h"
#include "db/query_price.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;

static const char tariffs[] =
	"tariffs:\n"
	"  - id: tou\n    currency: EUR\n"
	"    import: [{id: e, periods: [{id: night, hours: ['00:00-06:00'], price: 0.1}, {id: day, "
	"hours: ['06:00-24:00'], price: 0.3}]}]\n"
	"    demand: [{id: peak, price: 10}, {id: night, hours: ['00:00-06:00'], price: 1}]\n";

static const char *depot(void)
{
	static char text[sizeof small_depot + sizeof tariffs + 100];
	static const char row[] = "limit_w: 60000, meter: main";
	const char *at = strstr(small_depot, row) + strlen(row);

	snprintf(text, sizeof text, "%.*s, demand: {target_w: 45000}%s%s", (int)(at - small_depot),
		small_depot, at, tariffs);
	return text;
}

static void setup(void)
{
	world = world_create(
		&(struct world_options){.seed = 5, .depot = depot(), .scenario = SMALL_VISITS});
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

struct found {
	struct arena *arena;
	struct db_site_window_list windows;
	struct db_energy_cost_list costs;
};

static void read_found(struct db_reader *r, void *arg)
{
	struct found *f = arg;
	wall_t from = wall_add_ms(world_now(world), -3 * CALENDAR_DAY_MS);
	wall_t to = wall_add_ms(world_now(world), CALENDAR_DAY_MS);
	struct db_energy_cost_ask ask = {.from = from, .to = to};

	ck_assert_int_eq(db_query_site_windows(r, "site", from, to, f->arena, &f->windows), 0);
	ck_assert_int_eq(db_query_energy_costs(r, &ask, f->arena, &f->costs), 0);
}

static void find(struct found *f)
{
	*f = (struct found){.arena = arena_create(0)};
	ck_assert_int_eq(db_read_now(world_core(world)->db, read_found, f), 0);
}

/* The peak that plans go by is that of the windows, in each mask its own, also after a restart. */
static void check_peaks(const struct found *f)
{
	struct prices *p = world_core(world)->prices;
	int64_t most = 0, energy = 0, demand, site;
	struct price_slots s;

	for (size_t i = 0; i < f->windows.count; i++) {
		int64_t wh = prices_window_wh(
			&f->windows.items[i], i ? &f->windows.items[i - 1] : NULL, 900000);

		most = wh * 4 > most ? wh * 4 : most;
		energy += wh;
	}
	ck_assert_int_gt(most, 30000);
	ck_assert_int_eq(prices_fill(p, world_now(world), 900000, 96, &s), 0);
	ck_assert_int_eq(s.demands, 2);
	ck_assert_int_eq(s.demand[0].incumbent_w, most);
	ck_assert_int_eq(s.demand[0].price_micro_kw, 10000000);
	ck_assert_int_le(s.demand[1].incumbent_w, most); /* of the night alone; plans go there */
	ck_assert_int_gt(s.demand[1].incumbent_w, 0);
	ck_assert_int_eq(s.month_wh, energy);
	price_slots_finish(&s);
	ck_assert(prices_month(p, world_now(world).ms, &demand, &site));
	ck_assert_int_eq(site, energy);
	ck_assert_int_ge(demand, most * 10000);
}

START_TEST(a_night_is_reckoned)
{
	int64_t session_wh = 0, site_wh = 0;
	struct found f;

	world_run_until(world, "07:00");
	find(&f);
	/* What ended is looked at by a thread, which knows nothing of the simulated clock. */
	for (int i = 0; f.costs.count < 4 && i < 300; i++) {
		usleep(100000);
		arena_destroy(f.arena);
		world_run_s(world, 60);
		find(&f);
	}
	ck_assert_uint_eq(f.costs.count, 4);
	for (size_t i = 0; i < f.costs.count; i++) {
		const struct db_energy_cost *c = &f.costs.items[i];

		ck_assert(c->has_estimate && c->has_actual);
		ck_assert_int_gt(c->energy_wh, 40000);
		ck_assert_int_ge(c->energy_micro, c->energy_wh * 100);
		ck_assert_int_le(c->energy_micro, c->energy_wh * 300);
		ck_assert_str_eq(c->source, "fixed");
		session_wh += c->energy_wh;
	}
	for (size_t i = 0; i < f.windows.count; i++)
		site_wh += f.windows.items[i].mean_w / 4;
	ck_assert_int_gt(site_wh, session_wh);
	world_run_s(world, 16 * 60); /* months are read every quarter of an hour */
	arena_destroy(f.arena);
	world_kill(world);
	world_start(world);
	find(&f);
	check_peaks(&f);
	ck_assert_uint_eq(f.costs.count, 4); /* settled once */
	arena_destroy(f.arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("price");
	TCase *t = tcase_create("price");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_night_is_reckoned);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
