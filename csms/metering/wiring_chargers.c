#include "csms/metering/wiring_chargers.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "scheduler/phases.h"

#define LATE_SAMPLES 4 /* so many intervals of samples without currents: not known */
#define DRAWS_W      200

static bool is_rotation_known(const struct evse *e)
{
	return phases_place(e->rotation, 0) >= 0;
}

static bool is_late(const struct core *c, wall_t at, wall_t now)
{
	return wall_diff_ms(now, at) > LATE_SAMPLES * c->config->control->sample_s * 1000;
}

/* All phases of a rectifier carry the same. */
static void take_dc(const struct core *c, const struct evse *e, wall_t now, struct wiring_load *out)
{
	out->is_late = is_late(c, e->power_w.at, now);
	for (int i = 0; i < WIRING_PHASES; i++)
		out->w[i] = e->power_w.value / WIRING_PHASES;
}

static void take(const struct core *c, const struct evse *e, wall_t now, struct wiring_load *out)
{
	out->is_told = e->is_dc || (is_rotation_known(e) && e->currents.at.ms);
	if (!e->tx.is_open)
		return;
	/* It moves with the others, and nobody knows on which phases. */
	out->is_late = !e->is_dc && !is_rotation_known(e);
	if (!out->is_told)
		return;
	if (e->is_dc) {
		take_dc(c, e, now, out);
		return;
	}
	/* One that pauses may leave its currents out. */
	if (e->power_w.value < DRAWS_W && !is_late(c, e->power_w.at, now))
		return;
	out->is_late = is_late(c, e->currents.at, now);
	for (int i = 0; i < e->phases; i++) {
		int at = phases_place(e->rotation, i);

		if (at >= 0)
			out->w[at] = (double)e->currents.ma[i] / 1000 * (double)c->depot->voltage_v;
	}
}

struct wiring_load *wiring_loads(const struct core *c, wall_t now)
{
	const struct grid_tree *t = c->control ? control_grid(c->control) : NULL;
	int evses = t ? grid_tree_evses(t) : 0;
	struct wiring_load *out = calloc((size_t)evses + 1, sizeof *out);
	const struct station *s, *tmp;

	if (!out || !t) {
		free(out);
		return NULL;
	}
	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			if (s->evses[i].grid_evse >= 0 && s->evses[i].grid_evse < evses)
				take(c, &s->evses[i], now, &out[s->evses[i].grid_evse]);
	return out;
}

static const struct grid_node *node_of(const struct core *c, const char *node)
{
	const struct grid_tree *t = control_grid(c->control);
	int v = grid_tree_find(t, node);

	return v >= 0 ? grid_tree_node(t, v) : NULL;
}

bool wiring_has_chargers(const struct core *c, const char *node, const struct wiring_load *loads)
{
	const struct grid_node *n = node_of(c, node);

	for (int i = n ? n->evse_first : 0; n && i < n->evse_end; i++)
		if (loads[i].is_told)
			return true;
	return false;
}

bool wiring_sum(const struct core *c, const char *node, const struct wiring_load *loads,
	double out[WIRING_PHASES])
{
	const struct grid_node *n = node_of(c, node);

	memset(out, 0, WIRING_PHASES * sizeof *out);
	for (int i = n ? n->evse_first : 0; n && i < n->evse_end; i++) {
		if (loads[i].is_late)
			return false;
		for (int p = 0; p < WIRING_PHASES; p++)
			out[p] += loads[i].w[p];
	}
	return n != NULL;
}

static void mark(const struct core *c, const char *node, bool *evses, bool is_in)
{
	const struct grid_node *n = node_of(c, node);

	for (int i = n ? n->evse_first : 0; n && i < n->evse_end; i++)
		evses[i] = is_in;
}

bool wiring_charges_beside(
	const struct core *c, const char *above, const char *const *others, int count)
{
	const struct grid_tree *t = c->control ? control_grid(c->control) : NULL;
	int evses = t ? grid_tree_evses(t) : 0;
	bool *is_beside = calloc((size_t)evses + 1, sizeof *is_beside), is_any = false;
	const struct station *s, *tmp;

	if (!is_beside || !t) {
		free(is_beside);
		return false;
	}
	mark(c, above, is_beside, true);
	for (int i = 0; i < count; i++)
		mark(c, others[i], is_beside, false);
	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++) {
			const struct evse *e = &s->evses[i];

			is_any |= e->tx.is_open && e->grid_evse >= 0 && e->grid_evse < evses &&
				  is_beside[e->grid_evse];
		}
	free(is_beside);
	return is_any;
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

/* As OCPP would write the rotation of a charger described as RST, if the meter is right; "": not all
 * phases are known. */
static const char *rotation_of(const struct wiring_verdict *v, char out[4])
{
	out[0] = '\0';
	for (int i = 0; v->is_clear && i < WIRING_PHASES; i++) {
		out[i] = "RST"[v->phases[i].upper];
		out[i + 1] = '\0';
	}
	return phases_rotation_find(out) == PHASES_UNKNOWN ? "" : out;
}

static void say_swapped(const struct wiring_verdict *v, const struct wiring_self *self,
	const char *meter, char out[600])
{
	char rotation[4];

	for (int i = 0; i < WIRING_PHASES; i++)
		if (v->phases[i].upper >= 0 && v->phases[i].upper != i)
			say(out, "What the chargers draw from L%d shows on L%d of %s.", i + 1,
				v->phases[i].upper + 1, meter);
	if (self->fault == WIRING_SWAPPED || self->fault == WIRING_ROTATED) {
		say(out, "Its power factors say the same: swap its transformers or their taps.");
		return;
	}
	say(out,
		"Either these phases are swapped at %s (transformers and voltage taps together: swap "
		"both), or the `rotation` of the chargers is described wrongly",
		meter);
	if (rotation_of(v, rotation)[0])
		say(out, "(if %s is right, RST should be %s, and so on).", meter, rotation);
	else
		say(out, "(`depotctl walk` of one charger tells which).");
}

const char *wiring_chargers_words(const struct wiring_verdict *v, const struct wiring_self *self,
	const char *meter, char out[600])
{
	bool is_any = false;

	out[0] = '\0';
	for (int i = 0; i < WIRING_PHASES; i++)
		is_any |= v->phases[i].upper >= 0;
	if (!is_any) {
		say(out, "Too few chargers below %s have started and stopped to tell.", meter);
		return out;
	}
	if (v->is_swapped)
		say_swapped(v, self, meter, out);
	for (int i = 0; i < WIRING_PHASES; i++)
		if (v->is_reversed[i])
			say(out,
				"%s shows less on L%d when chargers draw more: its current "
				"transformer there looks the wrong way.",
				meter, v->phases[i].upper + 1);
	if (v->has_ratio)
		say(out, "%s shows %.2f times what the chargers say: its ratio is wrong.", meter,
			v->ratio);
	if (!out[0] && v->is_apart)
		say(out, "It agrees with the chargers on every phase.");
	else if (!out[0])
		say(out,
			"It agrees with the chargers, but phases have moved together: swapped ones "
			"would not show. Let vehicles of one phase charge.");
	return out;
}
