#include "tools/depotsim/mount.h"
#include <stdio.h>
#include <string.h>

static bool has_meter(const struct depot_file *depot, const char *id)
{
	for (size_t i = 0; i < depot->meters.count; i++)
		if (strcmp(depot->meters.items[i].id, id) == 0)
			return true;
	return false;
}

int mount_check(const struct depot_file *depot, const struct scenario_file *scenario, char why[200])
{
	for (size_t i = 0; i < scenario->mounted.count; i++) {
		const struct scenario_mount *m = &scenario->mounted.items[i];

		if (!has_meter(depot, m->meter)) {
			snprintf(why, 200, "mounted[%zu]: the depot has no meter \"%s\"", i,
				m->meter);
			return -1;
		}
		if (m->phases && (strlen(m->phases) != 3 || strspn(m->phases, "123") != 3)) {
			snprintf(why, 200,
				"mounted[%zu].phases: the grid's phases on its L1, L2, L3, such as "
				"213",
				i);
			return -1;
		}
	}
	return 0;
}

const struct scenario_mount *mount_find(const struct scenario_file *scenario, const char *meter)
{
	for (size_t i = 0; i < scenario->mounted.count; i++)
		if (strcmp(scenario->mounted.items[i].meter, meter) == 0)
			return &scenario->mounted.items[i];
	return NULL;
}

struct meter_values mount_show(const struct scenario_mount *m, const struct meter_values *flows)
{
	struct meter_values out = *flows;

	if (!m)
		return out;
	for (int k = 0; k < 3; k++)
		out.phase_mw[k] =
			(int64_t)((double)flows->phase_mw[m->phases ? m->phases[k] - '1' : k] *
				  (m->reversed ? -m->ratio : m->ratio));
	out.import_mws =
		(int64_t)((double)(m->reversed ? flows->export_mws : flows->import_mws) * m->ratio);
	out.export_mws =
		(int64_t)((double)(m->reversed ? flows->import_mws : flows->export_mws) * m->ratio);
	return out;
}
