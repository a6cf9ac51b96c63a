#include "csms/metering/wiring.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/clock.h"
#include "csms/metering/meters.h"
#include "csms/metering/wiring_chargers.h"

#define LOOK_MS 10000
#define GAP_MS  300000 /* readings further apart are not compared */

struct wirings {
	struct core *core;
	struct timer timer;
	bool has_links;
	uint64_t version; /* of the depot whose links these are */
	struct wiring_link *links;
	int count;
	struct wiring_below *below;
	int below_count;
	wall_t since;
};

/* -- who is above whom ------------------------------------------------------------------------ */

static int node_named(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* The meter of the nearest node above that has one, -1: none. */
static int meter_above(const struct wirings *w, int node)
{
	const struct depot_file *d = w->core->depot;

	for (size_t steps = 0; node >= 0 && steps <= d->nodes.count; steps++) {
		const char *parent = d->nodes.items[node].parent;

		node = parent ? node_named(d, parent) : -1;
		if (node < 0 || !d->nodes.items[node].meter)
			continue;
		return meters_find(w->core->meters, d->nodes.items[node].meter);
	}
	return -1;
}

static bool is_current(const struct wirings *w)
{
	return w->has_links && w->version == w->core->depot_version;
}

/* The depot's description is another now, and so may the meters be. */
static void find_links(struct wirings *w)
{
	int meters = meters_count(w->core->meters);

	w->has_links = true;
	w->version = w->core->depot_version;
	w->since = clock_wall();
	w->count = w->below_count = 0;
	free(w->links);
	free(w->below);
	w->links = calloc((size_t)meters + 1, sizeof *w->links);
	w->below = calloc((size_t)meters + 1, sizeof *w->below);
	for (int i = 0; w->links && i < meters; i++) {
		const struct meter *m = meters_at(w->core->meters, i);
		int upper = m->node >= 0 ? meter_above(w, m->node) : -1;

		if (upper >= 0 && upper != i)
			w->links[w->count++] = (struct wiring_link){.upper = upper, .lower = i};
		if (w->below && m->node >= 0 && !m->charger)
			w->below[w->below_count++] = (struct wiring_below){.meter = i};
	}
}

/* -- looking ---------------------------------------------------------------------------------- */

static bool get_phases(const struct meter_reading *r, enum meter_quantity first, double out[3])
{
	for (int i = 0; i < 3; i++)
		if (!meter_reading_get(r, (enum meter_quantity)(first + i), &out[i]))
			return false;
	return true;
}

static void compare(struct wiring_link *l, const struct meter *upper, const struct meter *lower)
{
	double above[3], below[3];
	bool is_apart = wall_diff_ms(lower->last_at, l->lower_at) > GAP_MS;

	if (lower->last_at.ms == l->lower_at.ms || upper->last_at.ms == l->upper_at.ms ||
		!meter_is_fresh(upper) || !meter_is_fresh(lower) ||
		!get_phases(&upper->last, METER_QUANTITY_POWER_L1_W, above) ||
		!get_phases(&lower->last, METER_QUANTITY_POWER_L1_W, below))
		return;
	if (is_apart)
		l->pair.has_last = false;
	l->lower_at = lower->last_at;
	l->upper_at = upper->last_at;
	wiring_add(&l->pair, above, below);
}

/* One that says nothing for a while begins anew: nobody knows what moved meanwhile. */
static void compare_below(
	const struct core *c, struct wiring_below *b, const struct wiring_load *loads)
{
	const struct meter *m = meters_at(c->meters, b->meter);
	const char *node = c->depot->nodes.items[m->node].id;
	double above[3], below[3];

	if (!meter_is_fresh(m) || !get_phases(&m->last, METER_QUANTITY_POWER_L1_W, above) ||
		!wiring_sum(c, node, loads, below)) {
		b->rest = (struct wiring_rest){0};
		return;
	}
	if (m->last_at.ms == b->at.ms)
		return;
	b->at = m->last_at;
	wiring_rest_add(&b->rest, &b->pair, above, below);
}

static void look_below(struct wirings *w)
{
	struct wiring_load *loads = w->below_count ? wiring_loads(w->core, clock_wall()) : NULL;

	for (int i = 0; loads && i < w->below_count; i++)
		compare_below(w->core, &w->below[i], loads);
	free(loads);
}

static void look(void *arg)
{
	struct wirings *w = arg;

	timer_start(w->core->timers, &w->timer, LOOK_MS, look, w);
	if (!w->core->meters)
		return;
	if (!is_current(w))
		find_links(w);
	for (int i = 0; i < w->count; i++)
		compare(&w->links[i], meters_at(w->core->meters, w->links[i].upper),
			meters_at(w->core->meters, w->links[i].lower));
	look_below(w);
}

struct wirings *wirings_create(struct core *c)
{
	struct wirings *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->core = c;
	look(w);
	return w;
}

int wirings_count(const struct wirings *w)
{
	return is_current(w) ? w->count : 0;
}

const struct wiring_link *wirings_at(const struct wirings *w, int index)
{
	return &w->links[index];
}

int wirings_below_count(const struct wirings *w)
{
	return is_current(w) ? w->below_count : 0;
}

const struct wiring_below *wirings_below(const struct wirings *w, int index)
{
	return &w->below[index];
}

wall_t wirings_since(const struct wirings *w)
{
	return w->since;
}

void wirings_reset(struct wirings *w)
{
	w->since = clock_wall();
	for (int i = 0; i < w->count; i++)
		memset(&w->links[i].pair, 0, sizeof w->links[i].pair);
	for (int i = 0; i < w->below_count; i++)
		w->below[i] = (struct wiring_below){.meter = w->below[i].meter};
}

void wirings_destroy(struct wirings *w)
{
	if (!w)
		return;
	timer_stop(w->core->timers, &w->timer);
	free(w->links);
	free(w->below);
	free(w);
}

/* -- in words --------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(char out[600], const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	snprintf(out + len, 600 - len, "%s", len ? " " : "");
	len = strlen(out);
	vsnprintf(out + len, 600 - len, fmt, ap);
	va_end(ap);
}

static bool is_known(const struct wiring_verdict *v)
{
	return v->phases[0].upper >= 0 || v->phases[1].upper >= 0 || v->phases[2].upper >= 0;
}

const char *wiring_words(
	const struct wiring_verdict *v, const char *upper, const char *lower, char out[600])
{
	out[0] = '\0';
	if (!is_known(v)) {
		say(out, "Too little has moved below %s to tell: let a charger start and stop.",
			lower);
		return out;
	}
	for (int i = 0; v->is_swapped && i < 3; i++)
		if (v->phases[i].upper >= 0 && v->phases[i].upper != i)
			say(out, "L%d of %s is L%d of %s.", i + 1, lower, v->phases[i].upper + 1,
				upper);
	for (int i = 0; i < 3; i++)
		if (v->is_reversed[i])
			say(out,
				"L%d of %s moves the other way than %s: one of the two current "
				"transformers looks the wrong way.",
				i + 1, lower, upper);
	if (v->has_ratio)
		say(out, "%s shows %.2f times what %s does: one of the two has a wrong ratio.",
			upper, v->ratio, lower);
	if (!out[0] && v->is_clear && !v->is_apart)
		say(out,
			"They agree, but all phases have moved alike: swapped ones would not show. Let "
			"a vehicle of one phase charge.");
	else if (!out[0])
		say(out, v->is_clear ? "They agree." : "They agree as far as phases have moved.");
	return out;
}

const char *wiring_self_words(const struct wiring_self *s, char out[300])
{
	int a = (s->phase + 1) % 3 + 1, b = (s->phase + 2) % 3 + 1;

	out[0] = '\0';
	if (s->fault == WIRING_REVERSED)
		snprintf(out, 300,
			"L%d runs the other way than the other two: its current transformer is "
			"mounted the wrong way round, unless something feeds in on that phase alone.",
			s->phase + 1);
	else if (s->fault == WIRING_SWAPPED)
		snprintf(out, 300,
			"L%d and L%d have power factors of about -0.5: the current of each is measured "
			"against the voltage of the other; swap their transformers or their taps.",
			a < b ? a : b, a < b ? b : a);
	else if (s->fault == WIRING_ROTATED)
		snprintf(out, 300,
			"All phases have power factors of about -0.5: every current is measured against "
			"the voltage of another phase.");
	return out;
}
