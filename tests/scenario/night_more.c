/* What nights from NIGHT_MORE_FROM on have besides: targets of demand windows, meters of another
 * unit, stations whose clocks are hours off or are set, limits that tighten one after the other,
 * feeders without power, islands; those from NIGHT_IDLE_FROM on a meter that hangs before vans come. */
#include <string.h>
#include "tests/scenario/night_private.h"

#define HOUR_MS  INT64_C(3600000)
#define SERIES   3
#define MORE_MAX 3

/* A chance of its own; returns the night's. */
static uint64_t own_chance(struct night *n, uint64_t salt)
{
	uint64_t was = n->chance;

	n->chance = (n->seed + salt) * UINT64_C(0xD1B54A32D192ED03) | 1;
	for (int i = 0; i < 10; i++)
		night_below(n, 2);
	return was;
}

void night_choose_demand(struct night *n)
{
	uint64_t was = own_chance(n, 1);

	if (!n->demand_w && n->nodes[0].has_meter && night_likely(n, 50))
		n->demand_w = 1; /* set when the limits are */
	n->chance = was;
}

static void set_clocks(struct night *n)
{
	static const int64_t off[] = {-26 * HOUR_MS, -HOUR_MS, HOUR_MS, 2 * HOUR_MS, 26 * HOUR_MS};

	for (int i = 0; i < n->station_count; i++)
		if (night_likely(n, 40))
			n->stations[i].clock_ms = off[night_below(n, 5)];
}

static void add_unit(struct night *n)
{
	int node = night_some_node(n, night_has_meter);
	struct trouble *t;

	if (node < 0)
		return;
	t = night_add_trouble(n, TROUBLE_METER_KILO + night_below(n, 2), 60, 1500);
	t->target = node;
	if (night_is_taken(n, t))
		n->trouble_count--;
}

/* A grid operator allows less and less, a minute or a few apart. */
static void add_series(struct night *n)
{
	int node = night_some_node(n, night_has_evses), until_s;
	const struct night_node *v = &n->nodes[node];
	struct trouble *t = night_add_trouble(n, TROUBLE_ENVELOPE, 600, 1200);
	int part = night_between(n, 50, 80);

	until_s = t->until_s;
	for (int i = 0, at_s = t->at_s; i < SERIES; i++) {
		if (i)
			t = night_add_trouble(n, TROUBLE_ENVELOPE, 60, 60);
		t->at_s = at_s;
		t->until_s = until_s;
		t->target = node;
		t->lead_s = night_likely(n, 50) ? night_between(n, 1, 60) : 0;
		t->amount = v->base_w + v->evse_w * part / 100;
		part = part * night_between(n, 10, 70) / 100;
		at_s += night_between(n, 15, 180);
	}
}

static void add_station_clock(struct night *n)
{
	struct trouble *t = night_add_trouble(n, TROUBLE_STATION_CLOCK, 120, 1500);

	t->target = night_below(n, n->station_count);
	t->amount = night_between(n, -120, 120) * INT64_C(60000);
}

static bool is_branch(const struct night_node *v)
{
	return strcmp(v->kind, "feeder") == 0 || strcmp(v->kind, "group") == 0;
}

static void add_power(struct night *n)
{
	struct trouble *t = night_add_trouble(n, TROUBLE_POWER, 20, 900);

	t->target = night_some_node(n, is_branch);
}

static void add_island(struct night *n)
{
	int store = -1;
	struct trouble *t;

	for (int i = 0; i < n->node_count; i++)
		if (strcmp(n->nodes[i].kind, "storage") == 0 && n->nodes[i].has_meter)
			store = i;
	if (store < 0)
		return;
	t = night_add_trouble(n, TROUBLE_ISLAND, 60, 1200);
	t->target = store;
}

static bool has_idle_meter(const struct night_node *v)
{
	return v->has_meter && v->evse_w > 0;
}

/* A meter that died while little or nothing flowed, before the first van came. */
static void add_hung(struct night *n)
{
	int node = night_some_node(n, has_idle_meter);
	struct trouble *t;

	if (node < 0)
		return;
	t = night_add_trouble(n, TROUBLE_METER_HUNG, 300, 3000);
	t->at_s = night_between(n, 2, 60);
	t->target = node;
	if (night_is_taken(n, t))
		n->trouble_count--;
}

static int count_of(const struct night *n, enum trouble_kind kind)
{
	int count = 0;

	for (int i = 0; i < n->trouble_count; i++)
		count += n->troubles[i].kind == kind;
	return count;
}

void night_add_more(struct night *n)
{
	static void (*const adders[])(struct night *) = {
		add_unit, add_series, add_station_clock, add_power};
	uint64_t was = own_chance(n, 2);
	int more = night_below(n, MORE_MAX + 1);

	if (night_likely(n, 40))
		set_clocks(n);
	while (more-- > 0) {
		void (*add)(struct night *) = adders[night_below(n, 4)];

		if (add != add_series || count_of(n, TROUBLE_ENVELOPE) <= SERIES)
			add(n);
	}
	if (night_likely(n, 60))
		add_island(n);
	if (n->seed >= NIGHT_IDLE_FROM)
		add_hung(n);
	n->chance = was;
}
