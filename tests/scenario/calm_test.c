/*
 * The demo's night with the demo's prices: a van that charges goes on, as long as the price is the same
 * and it needs more. Each pause wears contactors, and some vans do not wake after one.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "scheduler/flow.h"
#include "tests/scenario/world.h"

#define VANS    20
#define SHORT_S 900

static struct world *world;

static const char tariff[] =
	"tariffs:\n"
	"  - id: demo\n    currency: EUR\n"
	"    import: [{id: energy, periods: [{id: day, hours: ['06:00-16:00'], price: 0.24}, "
	"{id: evening, hours: ['16:00-21:00'], price: 0.36}, {id: late, hours: ['21:00-23:00'], "
	"price: 0.20}, {id: night, hours: ['23:00-04:00'], price: 0.11}, {id: dawn, hours: "
	"['04:00-06:00'], price: 0.16}]}]\n";

/* What a van is told, second by second. */
static struct course {
	const struct transaction *tx;
	char id[37];
	int pause_s; /* 0: it charges, or has not begun */
	double price; /* when the pause began */
	int pauses, short_pauses; /* within one price */
	char why[160];
} course[VANS];

static char *depot(void)
{
	FILE *f = fopen("etc/demo/depot.yaml", "r");
	char *text = calloc(1, 40000);
	size_t n;

	ck_assert(f && text);
	n = fread(text, 1, 30000, f);
	fclose(f);
	memcpy(text + n, tariff, sizeof tariff);
	return text;
}

static double price_now(const struct control_plan *p)
{
	int64_t slot = p ? wall_diff_ms(clock_wall(), p->start) / p->slot_ms : -1;

	return p && p->price && slot >= 0 && slot < p->slot_count
		       ? p->price[slot * p->parts + p->parts - 1].price
		       : 0;
}

static void goes_on(struct course *c, const struct vehicle *v, double price)
{
	if (c->pause_s > 0 && price == c->price) {
		c->pauses++;
		c->short_pauses += c->pause_s <= SHORT_S;
		if (getenv("SAY"))
			fprintf(stderr, "%s: %d s, until %lld: %s | %s\n", v->id, c->pause_s,
				(long long)clock_wall().ms / 1000 % 86400, c->why,
				v->evse->told.reason);
	}
	c->pause_s = 0;
}

static void follow(struct course *c, const struct vehicle *v, double price)
{
	const struct evse *e = v->evse;

	if (!e || !e->tx.is_open || strcmp(c->id, e->tx.id) != 0) {
		snprintf(c->id, sizeof c->id, "%s", e && e->tx.is_open ? e->tx.id : "");
		c->pause_s = -1;
		return;
	}
	if (strcmp(e->told.source, "full") == 0)
		return;
	if (e->told.limit_w > 0) {
		goes_on(c, v, price);
	} else if (c->pause_s >= 0) {
		if (c->pause_s++ == 0) {
			c->price = price;
			snprintf(c->why, sizeof c->why, "%s", e->told.reason);
		}
	}
}

START_TEST(a_night_of_the_demo_has_few_pauses_within_one_price)
{
	char *text = depot();
	int pauses = 0, short_pauses = 0;
	const struct vehicle *v;
	int i;

	world = world_create(&(struct world_options){.seed = _i + 1, .depot = text});
	for (int s = 0; s < 15 * 3600; s++) {
		double price = price_now(control_plan(world_core(world)->control));

		world_step(world);
		for (i = 0, v = world_core(world)->fleet.vehicles; v && i < VANS;
			v = v->hh.next, i++)
			follow(&course[i], v, price);
	}
	for (i = 0; i < VANS; i++) {
		pauses += course[i].pauses;
		short_pauses += course[i].short_pauses;
	}
	fprintf(stderr, "%d pauses within one price, %d of them short, of %d vans in a night\n",
		pauses, short_pauses, VANS);
	ck_assert_int_le(short_pauses, VANS / 2);
	ck_assert_int_le(pauses, VANS);
	world_destroy(world);
	free(text);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("calm");
	Suite *s = suite_create("calm");

	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, a_night_of_the_demo_has_few_pauses_within_one_price, 0, 3);
	suite_add_tcase(s, c);
	return world_run_suite(s);
}
