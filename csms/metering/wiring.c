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

/* Meters that share the next one above them. */
struct group {
	int upper, count; /* of core->meters; how many */
	struct wiring_group *steps; /* NULL: too many, or no memory */
	wall_t upper_at, at; /* its reading compared last; when all were */
	int silent; /* that one tells nothing now, of core->meters; -1: all do */
	bool is_beside; /* vehicles charge now that none of them sees */
};

struct wirings {
	struct core *core;
	struct timer timer;
	bool has_links;
	uint64_t version; /* of the depot whose links these are */
	struct wiring_link *links;
	int count;
	struct group *groups;
	int group_count;
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

static void join_group(struct wirings *w, struct wiring_link *l)
{
	for (l->group = 0; l->group < w->group_count; l->group++)
		if (w->groups[l->group].upper == l->upper)
			break;
	if (l->group == w->group_count)
		w->groups[w->group_count++] = (struct group){.upper = l->upper, .silent = -1};
	l->place = w->groups[l->group].count++;
}

static void drop_links(struct wirings *w)
{
	for (int i = 0; i < w->group_count; i++)
		wiring_group_destroy(w->groups[i].steps);
	free(w->groups);
	free(w->links);
	free(w->below);
	w->groups = NULL;
	w->links = NULL;
	w->below = NULL;
	w->count = w->below_count = w->group_count = 0;
}

/* The depot's description is another now, and so may the meters be. */
static void find_links(struct wirings *w)
{
	int meters = meters_count(w->core->meters);

	w->has_links = true;
	w->version = w->core->depot_version;
	w->since = clock_wall();
	drop_links(w);
	w->groups = calloc((size_t)meters + 1, sizeof *w->groups);
	w->links = calloc((size_t)meters + 1, sizeof *w->links);
	w->below = calloc((size_t)meters + 1, sizeof *w->below);
	for (int i = 0; w->links && w->groups && i < meters; i++) {
		const struct meter *m = meters_at(w->core->meters, i);
		int upper = m->node >= 0 ? meter_above(w, m->node) : -1;

		if (upper >= 0 && upper != i) {
			w->links[w->count] = (struct wiring_link){.upper = upper, .lower = i};
			join_group(w, &w->links[w->count++]);
		}
		if (w->below && m->node >= 0 && !m->charger)
			w->below[w->below_count++] = (struct wiring_below){.meter = i};
	}
	for (int i = 0; i < w->group_count; i++)
		if (w->groups[i].count <= WIRING_MOST)
			w->groups[i].steps = wiring_group_create(w->groups[i].count);
}

/* -- looking ---------------------------------------------------------------------------------- */

static bool get_phases(const struct meter_reading *r, enum meter_quantity first, double out[3])
{
	for (int i = 0; i < 3; i++)
		if (!meter_reading_get(r, (enum meter_quantity)(first + i), &out[i]))
			return false;
	return true;
}

static const char *node_id(const struct core *c, int meter)
{
	return c->depot->nodes.items[meters_at(c->meters, meter)->node].id;
}

/* What moves where nobody looks would be taken for steps of the meters. */
static bool is_anything_beside(const struct wirings *w, int group)
{
	const char *below[WIRING_MOST];
	int count = 0;

	for (int i = 0; i < w->count; i++)
		if (w->links[i].group == group)
			below[count++] = node_id(w->core, w->links[i].lower);
	return wiring_charges_beside(
		w->core, node_id(w->core, w->groups[group].upper), below, count);
}

/* A meter that tells only its total cannot be judged; its neighbours can, for what it explains is taken off
 * them all the same. */
static bool get_lower(struct wiring_link *l, const struct meter *m, double out[WIRING_PHASES])
{
	bool has_phases = get_phases(&m->last, METER_QUANTITY_POWER_L1_W, out);

	l->is_total = !has_phases;
	if (has_phases)
		return meter_is_fresh(m);
	out[1] = out[2] = 0;
	return meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &out[0]) && meter_is_fresh(m);
}

/* Of all meters of the group. False: one tells nothing, see `silent`; or is not read anew yet. */
static bool read_lowers(struct wirings *w, int group, double lower[][WIRING_PHASES])
{
	struct group *g = &w->groups[group];
	bool is_new = true;

	g->silent = -1;
	for (int i = 0; i < w->count; i++) {
		struct wiring_link *l = &w->links[i];
		const struct meter *m = meters_at(w->core->meters, l->lower);

		if (l->group != group)
			continue;
		if (!get_lower(l, m, lower[l->place]))
			g->silent = l->lower;
		is_new &= m->last_at.ms != l->lower_at.ms;
	}
	return is_new && g->silent < 0;
}

static void take_group(struct wirings *w, int group, const struct meter *upper,
	const double above[WIRING_PHASES], const double (*lower)[WIRING_PHASES])
{
	struct group *g = &w->groups[group];
	wall_t now = clock_wall();

	if (wall_diff_ms(now, g->at) > GAP_MS)
		wiring_group_gap(g->steps);
	wiring_group_add(g->steps, above, lower);
	g->at = now;
	g->upper_at = upper->last_at;
	for (int i = 0; i < w->count; i++)
		if (w->links[i].group == group)
			w->links[i].lower_at =
				meters_at(w->core->meters, w->links[i].lower)->last_at;
}

static void compare(struct wirings *w, int group)
{
	struct group *g = &w->groups[group];
	const struct meter *upper = meters_at(w->core->meters, g->upper);
	double above[WIRING_PHASES], lower[WIRING_MOST][WIRING_PHASES];
	bool is_read;

	if (!g->steps)
		return;
	is_read = read_lowers(w, group, lower);
	g->is_beside = is_anything_beside(w, group);
	if (!meter_is_fresh(upper) || !get_phases(&upper->last, METER_QUANTITY_POWER_L1_W, above))
		g->silent = g->upper;
	if (g->silent >= 0 || g->is_beside)
		wiring_group_gap(g->steps);
	else if (is_read && upper->last_at.ms != g->upper_at.ms)
		take_group(w, group, upper, above, (const double(*)[WIRING_PHASES])lower);
}

static bool is_within(const struct depot_file *d, int node, const char *above)
{
	for (size_t steps = 0; node >= 0 && steps <= d->nodes.count; steps++) {
		if (strcasecmp(d->nodes.items[node].id, above) == 0)
			return true;
		node = d->nodes.items[node].parent ? node_named(d, d->nodes.items[node].parent)
						   : -1;
	}
	return false;
}

/* Batteries that depotd commands move when the chargers do. False: what one draws is not known now. */
static bool take_stores_off(const struct core *c, const char *node, double above[WIRING_PHASES])
{
	const struct depot_file *d = c->depot;

	for (size_t i = 0; i < d->nodes.count; i++) {
		const struct depot_node *n = &d->nodes.items[i];
		int at = n->control && n->meter ? meters_find(c->meters, n->meter) : -1;
		const struct meter *m = at >= 0 ? meters_at(c->meters, at) : NULL;
		double w[WIRING_PHASES], all;

		if (!n->control || !is_within(d, (int)i, node))
			continue;
		if (!m || !meter_is_fresh(m) ||
			!meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &all))
			return false;
		if (!get_phases(&m->last, METER_QUANTITY_POWER_L1_W, w))
			w[0] = w[1] = w[2] = all / WIRING_PHASES;
		for (int p = 0; p < WIRING_PHASES; p++)
			above[p] -= w[p];
	}
	return true;
}

/* One that says nothing for a while begins anew: nobody knows what moved meanwhile. */
static void compare_below(
	const struct core *c, struct wiring_below *b, const struct wiring_load *loads)
{
	const struct meter *m = meters_at(c->meters, b->meter);
	const char *node = c->depot->nodes.items[m->node].id;
	double above[3], below[3];

	if (!meter_is_fresh(m) || !get_phases(&m->last, METER_QUANTITY_POWER_L1_W, above) ||
		!wiring_sum(c, node, loads, below) || !take_stores_off(c, node, above)) {
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
	for (int i = 0; i < w->group_count; i++)
		compare(w, i);
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
	for (int i = 0; i < w->group_count; i++)
		if (w->groups[i].steps)
			wiring_group_reset(w->groups[i].steps);
	for (int i = 0; i < w->below_count; i++)
		w->below[i] = (struct wiring_below){.meter = w->below[i].meter};
}

void wirings_destroy(struct wirings *w)
{
	if (!w)
		return;
	timer_stop(w->core->timers, &w->timer);
	drop_links(w);
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

static void say_unknown(const struct wirings *w, const struct wiring_link *l, bool is_together,
	const char *lower, char out[600])
{
	const struct group *g = &w->groups[l->group];
	const struct meters *all = w->core->meters;

	if (g->count > WIRING_MOST)
		say(out, "More than %d meters stand below %s: too many to tell their steps apart.",
			WIRING_MOST, meters_at(all, g->upper)->row->id);
	else if (g->silent >= 0)
		say(out, "%s does not tell its power now: without it nothing can be said.",
			meters_at(all, g->silent)->row->id);
	else if (l->is_total)
		say(out, "%s tells its total only, not its phases: nothing can be said of them.",
			lower);
	else if (is_together)
		say(out,
			"%s has moved only together with the meters beside it: let a charger below it "
			"start and stop while the others rest.",
			lower);
	else if (g->is_beside)
		say(out,
			"Vehicles charge beside %s where no meter looks: what they draw cannot be told "
			"from its steps. Wait until they have ended.",
			lower);
	else
		say(out, "Too little has moved below %s to tell: let a charger start and stop.",
			lower);
}

/* One sentence a fault. */
static void say_known(
	const struct wiring_verdict *v, const char *upper, const char *lower, char out[600])
{
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
}

void wirings_judge(const struct wirings *w, int index, struct wiring_found *out)
{
	const struct wiring_link *l = &w->links[index];
	const struct meters *all = w->core->meters;
	const char *lower = meters_at(all, l->lower)->row->id;
	const struct wiring_group *steps = w->groups[l->group].steps;
	struct wiring_pair pair = {0};
	bool is_together = false;

	if (steps && !l->is_total)
		pair = wiring_group_pair(steps, l->place, &is_together);
	out->steps = pair.steps;
	out->words[0] = '\0';
	wiring_judge(&pair, &out->verdict);
	if (is_known(&out->verdict))
		say_known(&out->verdict, meters_at(all, l->upper)->row->id, lower, out->words);
	else
		say_unknown(w, l, is_together, lower, out->words);
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
