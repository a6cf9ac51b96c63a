#include "csms/depot_tails.h"
#include <stdio.h>

#define LEAST_A 6 /* that a vehicle can take on each phase, IEC 61851-1 */

bool depot_tail_pauses(const struct depot_tail *t, char out[300])
{
	int64_t phase_w = (int64_t)t->phases * t->volts, least_w = t->is_dc ? 0 : LEAST_A * phase_w;
	double amperes = (double)t->tail_w / (double)phase_w;

	if (t->min_w > least_w)
		least_w = t->min_w;
	if (t->tail_w <= 0 || t->tail_w >= least_w)
		return false;
	if (t->is_dc)
		snprintf(out, 300,
			"a tail of %lld W is less than its min_w: vehicles pause there when depotd is "
			"gone; set %lld, or 0 if they are to pause",
			(long long)t->tail_w, (long long)least_w);
	else
		snprintf(out, 300,
			"a tail of %lld W on %d phase%s is %.1f A%s, and vehicles take %d A at least: "
			"they pause there when depotd is gone; set %lld (%.0f A), or 0 if they are to "
			"pause",
			(long long)t->tail_w, t->phases, t->phases > 1 ? "s" : "", amperes,
			t->phases > 1 ? " on each" : "", LEAST_A, (long long)least_w,
			(double)least_w / (double)phase_w);
	return true;
}

size_t depot_tails_check(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *fault), void *arg)
{
	struct depot_fault fault;
	size_t count = 0;

	for (size_t i = 0; i < d->stations.count; i++)
		for (size_t k = 0; k < d->stations.items[i].evses.count; k++) {
			const struct depot_evse *e = &d->stations.items[i].evses.items[k];
			const struct depot_tail t = {e->tail_w, e->min_w, (int)e->phases,
				(int)d->voltage_v, e->kind == DEPOT_CURRENT_DC};

			if (!depot_tail_pauses(&t, fault.text))
				continue;
			count++;
			snprintf(fault.path, sizeof fault.path, "stations[%zu].evses[%zu].tail_w",
				i, k);
			tell(arg, &fault);
		}
	return count;
}
