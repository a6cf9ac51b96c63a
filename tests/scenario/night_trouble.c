/* What goes wrong in a night: several things at once. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "tests/scenario/night_private.h"

#define FIRST_S      600 /* troubles begin */
#define LAST_S       3500
#define SPIKES_MAX   3
#define TROUBLES_MIN 3
#define TROUBLES_MAX 8

struct trouble *night_add_trouble(struct night *n, enum trouble_kind kind, int least_s, int most_s)
{
	struct trouble *t = &n->troubles[n->trouble_count++];

	ck_assert_int_le(n->trouble_count, NIGHT_TROUBLES_MAX);
	*t = (struct trouble){.kind = kind, .at_s = night_between(n, FIRST_S, LAST_S)};
	t->until_s = t->at_s + night_between(n, least_s, most_s);
	if (t->until_s > NIGHT_S - 60)
		t->until_s = NIGHT_S - 60;
	return t;
}

/* The n-th node that is so; -1: none. */
int night_some_node(struct night *n, bool (*is_so)(const struct night_node *v))
{
	int found[NIGHT_NODES_MAX], count = 0;

	for (int i = 0; i < n->node_count; i++)
		if (is_so(&n->nodes[i]))
			found[count++] = i;
	return count ? found[night_below(n, count)] : -1;
}

bool night_has_meter(const struct night_node *v)
{
	return v->has_meter;
}

static bool has_load(const struct night_node *v)
{
	return strcmp(v->kind, "load") == 0;
}

bool night_has_evses(const struct night_node *v)
{
	return v->evse_w > 0;
}

static bool is_of_meter(enum trouble_kind kind)
{
	return kind >= TROUBLE_METER_SILENT && kind <= TROUBLE_METER_MILLI;
}

bool night_is_taken(const struct night *n, const struct trouble *t)
{
	for (const struct trouble *o = n->troubles; o < t; o++)
		if (((is_of_meter(o->kind) && is_of_meter(t->kind) && o->target == t->target) ||
			    (o->kind == TROUBLE_KILL && t->kind == TROUBLE_KILL)) &&
			o->at_s <= t->until_s + 5 && t->at_s <= o->until_s + 5)
			return true;
	return false;
}

static void add_meter_trouble(struct night *n)
{
	int node = night_some_node(n, night_has_meter);
	struct trouble *t;

	if (node < 0)
		return;
	t = night_add_trouble(n, TROUBLE_METER_SILENT + night_below(n, 5), 5, 1500);
	t->target = node;
	if (night_is_taken(n, t))
		n->trouble_count--;
}

static void add_kill(struct night *n)
{
	struct trouble *t = night_add_trouble(n, TROUBLE_KILL, 1, night_likely(n, 50) ? 60 : 900);

	if (night_is_taken(n, t))
		n->trouble_count--;
}

static void add_split(struct night *n)
{
	struct trouble *t = night_add_trouble(n, TROUBLE_SPLIT, 5, 1500);

	for (int i = 0; i < n->station_count; i++)
		if (night_likely(n, 70))
			t->stations |= 1u << i;
}

static void add_spike(struct night *n)
{
	int node = night_some_node(n, has_load), count = 0;
	struct trouble *t;

	for (int i = 0; i < n->trouble_count; i++)
		count += n->troubles[i].kind == TROUBLE_SPIKE;
	if (count >= SPIKES_MAX)
		return;
	t = night_add_trouble(n, TROUBLE_SPIKE, 5, 1200);
	t->target = node;
	/* All at once, and on one phase, they stay within what the load's row says. */
	t->amount = night_between(n, 500, strcmp(n->nodes[node].id, "shop") == 0 ? 1000 : 3200);
	t->phase = night_likely(n, 40) ? night_between(n, 1, 3) : 0;
}

static void add_clock(struct night *n)
{
	static const int64_t hours[] = {-3600000, 3600000, -86400000};
	struct trouble *t = night_add_trouble(n, TROUBLE_CLOCK, 5, 1500);

	t->amount =
		night_likely(n, 50) ? night_between(n, -60000, 60000) : hours[night_below(n, 3)];
	t->returns = t->amount > 60000 || t->amount < -60000;
}

/* Some come long before they count, some at once; some so tight that nothing may charge. */
static void add_envelope(struct night *n)
{
	int node = night_some_node(n, night_has_evses), count = 0;
	const struct night_node *v = &n->nodes[node];
	struct trouble *t;

	for (int i = 0; i < n->trouble_count; i++)
		count += n->troubles[i].kind == TROUBLE_ENVELOPE;
	if (count >= 3)
		return;
	t = night_add_trouble(n, TROUBLE_ENVELOPE, 60, 1500);
	t->target = node;
	t->lead_s = night_likely(n, 50) ? night_between(n, 30, 500) : 0;
	t->is_current = night_likely(n, 40);
	if (t->is_current)
		t->amount = (v->base_w / 3 + v->phase_evse_w * night_between(n, 5, 70) / 100) *
			    1000 / NIGHT_VOLTS;
	else
		t->amount = v->base_w + v->evse_w * night_between(n, 2, 70) / 100;
	if (count == 0 && night_likely(n, 40)) {
		t->stays = true;
		t->until_s = 100000;
		t->is_current = false;
		t->amount = night_greater(t->amount, v->tail_w + v->load_w + 100);
	}
}

static void add_one(struct night *n)
{
	int what = night_below(n, 100), station = night_below(n, n->station_count);
	static const struct {
		int until, least_s, most_s;
		enum trouble_kind kind;
	} of_stations[] = {
		{8, 5, 1500, TROUBLE_OFFLINE},
		{16, 60, 1200, TROUBLE_LOSE},
		{26, 60, 1500, TROUBLE_IGNORE},
		{33, 60, 1500, TROUBLE_SLOW},
		{37, 60, 1500, TROUBLE_DOUBLE},
	};
	struct trouble *t;

	for (size_t i = 0; i < sizeof of_stations / sizeof *of_stations; i++)
		if (what < of_stations[i].until) {
			t = night_add_trouble(n, of_stations[i].kind, of_stations[i].least_s,
				of_stations[i].most_s);
			t->target = station;
			t->amount = t->kind == TROUBLE_LOSE ? night_between(n, 10, 90)
							    : night_between(n, 1, 45);
			return;
		}
	if (what < 55)
		add_meter_trouble(n);
	else if (what < 63)
		add_split(n);
	else if (what < 73)
		add_kill(n);
	else if (what < 84)
		add_spike(n);
	else if (what < 90)
		add_clock(n);
	else
		add_envelope(n);
}

void night_add_troubles(struct night *n)
{
	int troubles = night_between(n, TROUBLES_MIN, TROUBLES_MAX);

	while (n->trouble_count < troubles)
		add_one(n);
	if (night_has_more(n))
		night_add_more(n);
}

void night_tell(const struct night *n, char *text, size_t size)
{
	static const char *const names[TROUBLE_KIND_COUNT] = {"depotd dead", "meter silent",
		"meter frozen", "meter at zero", "meter reversed", "meter jumps", "meter hung",
		"meter in kW", "meter in mW", "offline", "split", "texts lost", "ignores profiles",
		"answers late", "events twice", "load rises", "clock steps", "envelope",
		"station's clock", "no power", "island"};
	size_t len = 0;
	struct text t = {text, size, &len};

	night_put(t, "SEED=%llu COUNT=1: %s, %d EVSEs at %d stations", (unsigned long long)n->seed,
		n->shape, n->evse_count, n->station_count);
	for (int i = 0; i < n->trouble_count; i++) {
		const struct trouble *o = &n->troubles[i];
		bool at_node = is_of_meter(o->kind) || o->kind == TROUBLE_SPIKE ||
			       o->kind == TROUBLE_ENVELOPE || o->kind == TROUBLE_POWER;
		bool at_station = (o->kind >= TROUBLE_OFFLINE && o->kind <= TROUBLE_DOUBLE &&
					  o->kind != TROUBLE_SPLIT) ||
				  o->kind == TROUBLE_STATION_CLOCK;

		night_put(t, "; %s", names[o->kind]);
		if (at_node)
			night_put(t, " at %s", n->nodes[o->target].id);
		if (at_station)
			night_put(t, " CP-%d", o->target + 1);
		if (o->amount)
			night_put(t, " %lld%s", (long long)o->amount, o->is_current ? " mA" : "");
		night_put(t, " %d-%d s", o->at_s, o->until_s);
	}
}
