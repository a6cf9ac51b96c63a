/*
 * A vehicle that charges on a phase of the grid that nobody knows, below limits of phases: it counts
 * on each of them (docs/control.md). Said once of an EVSE, until its rotation is written down.
 */
#include <stdio.h>
#include "csms/alarms.h"
#include "csms/power/rotation.h"
#include "csms/power/safety_private.h"

static bool is_blind(const struct evse *e)
{
	return e && !e->is_dc && e->rotation == PHASES_UNKNOWN;
}

static bool charges_on_few(const struct evse *e)
{
	return e->tx.is_open && e->power_w.value > 0 && e->currents.pattern.phases > 0 &&
	       e->currents.pattern.phases < GRID_PHASES;
}

void safety_rotation_watch(struct safety *s)
{
	for (int i = 0; i < s->evses; i++) {
		struct evse *e = s->k->evse[i];
		const char *id = grid_tree_node(s->tree, grid_tree_evse_node(s->tree, i))->id;
		int node = is_blind(e) ? rotation_limited_above(s->tree, s->k->limits, i) : -1;
		int phases;

		if (node < 0) {
			if (s->evse[i].says_blind)
				alarm_clear(s->core, ALARM_PHASE_UNKNOWN, id);
			s->evse[i].says_blind = false;
			continue;
		}
		if (s->evse[i].says_blind || !charges_on_few(e))
			continue;
		s->evse[i].says_blind = true;
		phases = e->currents.pattern.phases;
		alarm_raise(s->core, ALARM_PHASE_UNKNOWN, id,
			"A vehicle charges at %s on %d phase%s, and nobody wrote on which of the grid: "
			"it counts on each phase of %s, and others get less for it.",
			id, phases, phases > 1 ? "s" : "", grid_tree_node(s->tree, node)->id);
	}
}
