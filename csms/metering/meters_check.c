/* Are the register maps that a depot's file names there, and good? */
#include <stdio.h>
#include <unistd.h>
#include "csms/metering/meters.h"

/* The first meter whose map is not there; -1: all are. */
static int find_mapless(const struct core *c)
{
	char path[700];

	for (size_t i = 0; i < c->depot->meters.count; i++) {
		snprintf(path, sizeof path, "%s/%s.yaml", c->meter_maps,
			c->depot->meters.items[i].map);
		if (access(path, R_OK))
			return (int)i;
	}
	return -1;
}

int meters_check(struct core *c, struct depot_fault *out)
{
	struct core quiet = *c;
	int mapless = find_mapless(c);
	struct meters *m;
	char why[400];

	if (mapless >= 0) {
		snprintf(out->path, sizeof out->path, "meters[%d].map", mapless);
		snprintf(out->text, sizeof out->text,
			"there is no register map \"%.40s\": its name is that of a file in %.150s, "
			"such as eastron-sdm630, without .yaml",
			c->depot->meters.items[mapless].map, c->meter_maps);
		return -1;
	}
	quiet.loop = NULL; /* maps only, no pollers */
	m = meters_create(&quiet, why);
	meters_destroy(m);
	if (!m) {
		snprintf(out->path, sizeof out->path, "meters");
		snprintf(out->text, sizeof out->text, "%.290s", why);
	}
	return m ? 0 : -1;
}
