#include "csms/vehicles/bays.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "CP-1/2": the last slash parts station and EVSE. */
static struct evse *evse_named(const struct core *c, const char *bay)
{
	const char *slash = bay ? strrchr(bay, '/') : NULL;
	char id[64];
	char *end;

	if (!slash || slash == bay || (size_t)(slash - bay) >= sizeof id)
		return NULL;
	snprintf(id, sizeof id, "%.*s", (int)(slash - bay), bay);
	struct station *s = fleet_station(&c->fleet, id);
	long evse = strtol(slash + 1, &end, 10);

	return s && end != slash + 1 && *end == '\0' ? station_evse(s, (int)evse) : NULL;
}

struct evse *bays_assigned(const struct core *c, const struct vehicle *v)
{
	return v && v->row ? evse_named(c, v->row->bay) : NULL;
}

static bool is_at(const struct depot_bay *b, const struct evse *e)
{
	return b->evse == e->id && strcasecmp(b->station, e->station->id) == 0;
}

struct vehicle *bays_vehicle(const struct core *c, const struct evse *e)
{
	for (struct vehicle *v = c->fleet.vehicles; v; v = v->hh.next)
		if (v->row && v->row->bay && bays_assigned(c, v) == e)
			return v;
	for (size_t i = 0; i < c->depot->bays.count; i++)
		if (is_at(&c->depot->bays.items[i], e)) {
			struct vehicle *v =
				fleet_vehicle(&c->fleet, c->depot->bays.items[i].vehicle);
			return bays_assigned(c, v) ? NULL : v;
		}
	return NULL;
}

struct evse *bays_of(const struct core *c, const char *vehicle)
{
	struct evse *e = bays_assigned(c, fleet_vehicle(&c->fleet, vehicle));

	for (size_t i = 0; e == NULL && i < c->depot->bays.count; i++) {
		const struct depot_bay *b = &c->depot->bays.items[i];
		const struct station *s = strcmp(b->vehicle, vehicle) == 0
						  ? fleet_station(&c->fleet, b->station)
						  : NULL;
		if (s)
			e = station_evse(s, (int)b->evse);
	}
	return e;
}

int bays_check(const struct core *c, const struct depot_vehicle *row, char why[300])
{
	const struct evse *e = evse_named(c, row->bay);

	if (!row->bay)
		return 0;
	if (!e) {
		snprintf(why, 300, "there is no EVSE %.60s; write it like CP-1/2", row->bay);
		return 422;
	}
	for (const struct vehicle *v = c->fleet.vehicles; v; v = v->hh.next)
		if (strcmp(v->id, row->id) != 0 && v->row && v->row->bay &&
			bays_assigned(c, v) == e) {
			snprintf(why, 300,
				"%.60s is assigned to %.60s: give that one another first", row->bay,
				v->id);
			return 409;
		}
	return 0;
}
