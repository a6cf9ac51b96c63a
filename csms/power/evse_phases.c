#include "csms/power/evse_phases.h"
#include <string.h>

#define CABLE_LEAST_A 6 /* less is no current that IEC 61851-1 can charge with … */
#define CABLE_MOST_A  100 /* … and more no cable of mode 3 bears */
#define TOGETHER_MS   5000 /* currents this close to a power belong to the same measurement */

static unsigned all_phases(int count)
{
	return (1u << count) - 1;
}

/* Does it tell all phases of the EVSE? */
static bool is_complete(const struct evse *e, unsigned told)
{
	return e->phases == 1 || (told & all_phases(e->phases)) == all_phases(e->phases);
}

/* Phases that the vehicle is said to use, 0: nobody said. The station knows the cable and its own
 * contactors, the depot the vehicle; where they differ, more phases are the safe guess: a command is
 * a current of each. */
static int phases_said(const struct evse *e)
{
	int vehicle = e->tx.vehicle ? e->tx.vehicle->phases : 0;
	int64_t station = e->tx.phases_used;

	if (station < 1 || station > e->phases)
		return vehicle;
	return station > vehicle ? (int)station : vehicle;
}

/* The transaction that the learner is of: its start names it. */
static void begin_anew(struct evse *e)
{
	struct evse_phases *p = &e->currents;

	if (p->of.ms == e->tx.started.ms)
		return;
	p->of = e->tx.started;
	p->learner = (struct phases_learner){0};
}

void evse_phases_take(struct evse *e, const struct samples *s)
{
	struct evse_phases *p = &e->currents;
	int vehicle = phases_said(e);

	if (e->is_dc || !s->phases || s->quarantined || s->current_at.ms < p->at.ms ||
		!is_complete(e, s->phases))
		return;
	for (int i = 0; i < GRID_PHASES; i++)
		p->ma[i] = (int32_t)(s->current_a[i] * 1000);
	/* Chargers of one phase call it L1, or by the phase of the grid. */
	if (e->phases == 1)
		p->ma[0] = p->ma[0] + p->ma[1] + p->ma[2];
	p->at = s->current_at;
	if (!e->tx.is_open || s->current_at.ms < e->tx.started.ms)
		return;
	begin_anew(e);
	if (e->phases == 1)
		return; /* there is nothing to learn */
	phases_learn(&p->learner, s->current_at.ms, p->ma,
		vehicle && vehicle < e->phases ? all_phases(vehicle) : 0);
}

void evse_phases_find(struct evse *e)
{
	struct phases_facts f = {
		.is_dc = e->is_dc,
		.phases = e->phases,
		.rotation = e->rotation,
	};

	if (e->tx.is_open) {
		begin_anew(e);
		f.vehicle = phases_said(e);
		f.used = e->currents.learner.used & all_phases(e->phases);
	}
	e->currents.pattern = phases_find(&f);
}

int evse_phases_count(const struct evse *e)
{
	return e->currents.pattern.phases ? e->currents.pattern.phases
	       : e->is_dc                 ? GRID_PHASES
					  : e->phases;
}

int64_t evse_phases_part(const struct evse *e, int64_t w)
{
	return e->is_dc ? w : w * evse_phases_count(e) / e->phases;
}

int64_t evse_phases_cable_w(const struct evse *e, int volts)
{
	int64_t a = e->tx.cable_max_a;

	if (!e->tx.is_open || e->is_dc || a < CABLE_LEAST_A || a > CABLE_MOST_A)
		return INT64_MAX;
	return a * volts * evse_phases_count(e);
}

/* Each phase of the grid as far as the rotation tells it; where it does not, what the phase that
 * carries least carries, which is what each does at least. */
static bool certain_phases(const struct evse *e, int volts, int32_t out[GRID_PHASES])
{
	const int32_t *ma = e->currents.ma;
	int32_t least = INT32_MAX;

	memset(out, 0, GRID_PHASES * sizeof *out);
	for (int i = 0; i < e->phases; i++) {
		int at = phases_place(e->rotation, i);

		least = ma[i] < least ? ma[i] : least;
		if (at >= 0)
			out[at] = (int32_t)((int64_t)ma[i] * volts / 1000);
	}
	for (int i = 0;
		e->rotation == PHASES_UNKNOWN && e->phases == GRID_PHASES && i < GRID_PHASES; i++)
		out[i] = (int32_t)((int64_t)least * volts / 1000);
	return e->rotation != PHASES_UNKNOWN || e->phases == GRID_PHASES;
}

void evse_phases_fill(const struct evse *e, int volts, struct guard_evse_in *in)
{
	const struct phases_pattern *p = &e->currents.pattern;
	int64_t apart = wall_diff_ms(e->currents.at, e->power_w.at);

	memcpy(in->sixths, p->sixths, sizeof in->sixths);
	in->exact = p->exact;
	if (in->measured_w == GUARD_UNKNOWN_W)
		return;
	if (e->currents.at.ms && apart > -TOGETHER_MS && apart < TOGETHER_MS) {
		in->has_phases = certain_phases(e, volts, in->phase_w);
		return;
	}
	in->has_phases = p->exact;
	for (int i = 0; p->exact && i < GRID_PHASES; i++)
		in->phase_w[i] = (int32_t)((int64_t)in->measured_w * p->sixths[i] / 6);
}
