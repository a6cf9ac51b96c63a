#include "csms/depot_check.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "csms/metering/meter_ocpp.h"
#include "csms/money/tariff_read.h"
#include "scheduler/phases.h"
#include "schemas/text.h"

/* Where the fault lies: a list of the file, a row of it and one of its fields, or "". */
static struct depot_fault *at(
	struct depot_fault *out, const char *list, size_t row, const char *field)
{
	snprintf(out->path, sizeof out->path, "%s[%zu]%s%s", list, row, field[0] ? "." : "", field);
	return out;
}

__attribute__((format(printf, 2, 3))) static int fault(
	struct depot_fault *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof out->text, fmt, ap);
	va_end(ap);
	return -1;
}

/* A zone that the C library does not know is silently UTC there: look for its file. */
static bool zone_exists(const char *tz)
{
	char path[300];

	if (strcmp(tz, "UTC") == 0)
		return true;
	if (strstr(tz, "..") || tz[0] == '/')
		return false;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", tz);
	return access(path, R_OK) == 0;
}

static bool is_clock_time(const char *s)
{
	int h, m, n = 0;

	return sscanf(s, "%2d:%2d%n", &h, &m, &n) == 2 && s[n] == '\0' && h >= 0 && h < 24 &&
	       m >= 0 && m < 60;
}

static bool has_node(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return true;
	return false;
}

static bool has_meter(const struct depot_file *d, const char *id)
{
	struct meter_ocpp_name name;

	if (meter_ocpp_parse(id, &name))
		return true; /* whether the station is there is known when it registers */
	for (size_t i = 0; i < d->meters.count; i++)
		if (strcasecmp(d->meters.items[i].id, id) == 0)
			return true;
	return false;
}

static bool has_vehicle(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->vehicles.count; i++)
		if (strcmp(d->vehicles.items[i].id, id) == 0)
			return true;
	return false;
}

/* Demand windows and agreed minimums: what only the whole row says. */
static int check_agreed(const struct depot_node *n, size_t row, struct depot_fault *out)
{
	if (n->demand && !n->meter)
		return fault(at(out, "nodes", row, "demand"),
			"needs a meter at \"%s\": give it `meter`", n->id);
	if (n->has_imbalance_a && n->imbalance_a > 0 && !n->meter)
		return fault(at(out, "nodes", row, "imbalance_a"),
			"needs a meter at \"%s\" that tells currents by phase: without one nobody "
			"knows by how much they differ; give it `meter`",
			n->id);
	if (n->demand && 60 % n->demand->window_min != 0)
		return fault(at(out, "nodes", row, "demand.window_min"),
			"must divide the hour (5, 10, 15, 20, 30 or 60) but is %lld",
			(long long)n->demand->window_min);
	if (n->has_minimum_w && n->has_limit_w && n->minimum_w > n->limit_w)
		return fault(at(out, "nodes", row, "minimum_w"),
			"must not be above limit_w (%lld) but is %lld", (long long)n->limit_w,
			(long long)n->minimum_w);
	return 0;
}

/* One meter, one place: a second node would silently go unmeasured. */
static int check_metered(const struct depot_file *d, size_t row, struct depot_fault *out)
{
	const struct depot_node *n = &d->nodes.items[row];

	for (size_t j = 0; n->meter && j < row; j++)
		if (d->nodes.items[j].meter && strcasecmp(d->nodes.items[j].meter, n->meter) == 0)
			return fault(at(out, "nodes", row, "meter"),
				"\"%s\" measures node \"%s\" already", n->meter,
				d->nodes.items[j].id);
	return 0;
}

/* What depotd may command it must know: what it can do, and where it is told. */
static int check_commanded(const struct depot_node *n, size_t row, struct depot_fault *out)
{
	if (!n->control)
		return 0;
	if (n->kind != DEPOT_NODE_KIND_STORAGE)
		return fault(at(out, "nodes", row, "control"),
			"is for nodes of kind storage; chargers are controlled by OCPP");
	if (!n->meter || strncasecmp(n->meter, "ocpp:", 5) == 0)
		return fault(at(out, "nodes", row, "control"),
			"needs `meter`, a Modbus device whose register map has a setpoint");
	if (!n->has_charge_w || !n->has_discharge_w || !n->has_battery_wh)
		return fault(at(out, "nodes", row, "control"),
			"needs charge_w, discharge_w and battery_wh: what it can do and hold");
	return 0;
}

static int check_nodes(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->nodes.count; i++) {
		if (check_agreed(&d->nodes.items[i], i, out) || check_metered(d, i, out) ||
			check_commanded(&d->nodes.items[i], i, out))
			return -1;
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->nodes.items[j].id, d->nodes.items[i].id) == 0)
				return fault(at(out, "nodes", i, "id"),
					"\"%s\" is there twice (capitals do not count)",
					d->nodes.items[i].id);
	}
	return 0;
}

static int check_evses(const struct depot_station *s, size_t row, struct depot_fault *out)
{
	char field[40];

	for (size_t j = 0; j < s->evses.count; j++) {
		const struct depot_evse *e = &s->evses.items[j];
		const char *rotation =
			e->has_rotation ? depot_rotation_enum.values[e->rotation] : "";

		if (!phases_fit(phases_rotation_find(rotation), (int)e->phases)) {
			snprintf(field, sizeof field, "evses[%zu].rotation", j);
			return fault(at(out, "stations", row, field),
				"\"%s\" is one phase but the EVSE has %lld: say `phases: 1`, or the "
				"order of its phases, such as RST",
				rotation, (long long)e->phases);
		}
		if (e->id == (int64_t)j + 1)
			continue;
		snprintf(field, sizeof field, "evses[%zu].id", j);
		return fault(at(out, "stations", row, field),
			"must be %zu (OCPP numbers EVSEs from 1 without gaps) but is %lld", j + 1,
			(long long)s->evses.items[j].id);
	}
	return 0;
}

int depot_check_identity(const char *id, char why[300])
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-_=+|@.";
	size_t n = strlen(id);

	if (n >= 1 && n <= 48 && strspn(id, letters) == n && strspn(id, ".") < n)
		return 0;
	snprintf(why, 300,
		"an identity has 1 to 48 characters of A-Z a-z 0-9 * - _ = + | @ . and not only "
		"dots");
	return -1;
}

static int check_stations(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->stations.count; i++) {
		const struct depot_station *s = &d->stations.items[i];
		char why[300];

		if (depot_check_identity(s->id, why))
			return fault(at(out, "stations", i, "id"), "\"%s\": %s", s->id, why);
		if (s->security_profile == 3 && !s->serial)
			return fault(at(out, "stations", i, "security_profile"),
				"3 needs the station's serial number, which its certificate names: "
				"give `serial`");
		if (!has_node(d, s->node))
			return fault(at(out, "stations", i, "node"),
				"station %s stands on node \"%s\", which is not there; the nodes "
				"are listed under `nodes`",
				s->id, s->node);
		for (size_t j = 0; j < i; j++) {
			const struct depot_station *other = &d->stations.items[j];

			if (strcasecmp(other->id, s->id) == 0)
				return fault(at(out, "stations", i, "id"), "\"%s\" is there twice",
					s->id);
			if (s->serial && other->serial && strcmp(s->serial, other->serial) == 0)
				return fault(at(out, "stations", i, "serial"),
					"station %s has the serial number %s already", other->id,
					s->serial);
		}
		if (check_evses(s, i, out))
			return -1;
	}
	return 0;
}

bool depot_knows_class(const struct depot_file *d, const char *class, char why[300])
{
	struct text t;
	bool is_known = !class || d->classes.count == 0;

	text_init(&t, 0);
	text_printf(&t, "there is no class \"%.40s\"; the depot's file has ", class ? class : "");
	for (size_t i = 0; !is_known && i < d->classes.count; i++) {
		is_known = strcmp(d->classes.items[i].id, class) == 0;
		text_printf(&t, "%s%.40s", i ? ", " : "", d->classes.items[i].id);
	}
	if (!is_known)
		snprintf(why, 300, "%.295s", text_ok(&t) ? t.data : "there is no such class");
	text_finish(&t);
	return is_known;
}

static int check_vehicles(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->vehicles.count; i++) {
		const struct depot_vehicle *v = &d->vehicles.items[i];
		char why[300];

		if (v->departs && !is_clock_time(v->departs))
			return fault(at(out, "vehicles", i, "departs"),
				"must be a time like 05:30 but is \"%s\"", v->departs);
		if (!depot_knows_class(d, v->class, why))
			return fault(at(out, "vehicles", i, "class"), "%s", why);
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->vehicles.items[j].id, v->id) == 0)
				return fault(at(out, "vehicles", i, "id"), "\"%s\" is there twice",
					v->id);
	}
	return 0;
}

static int check_meters(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->meters.count; i++)
		if (!d->meters.items[i].tcp == !d->meters.items[i].rtu)
			return fault(at(out, "meters", i, ""), "give either `tcp` or `rtu`");
	for (size_t i = 0; i < d->meters.count; i++)
		if (!(d->meters.items[i].ratio > 0))
			return fault(at(out, "meters", i, "ratio"), "must be above 0");
	for (size_t i = 0; i < d->meters.count; i++)
		if (strncasecmp(d->meters.items[i].id, "ocpp:", 5) == 0)
			return fault(at(out, "meters", i, "id"),
				"\"ocpp:\" stands for chargers' own meters: choose another id");
	for (size_t i = 0; i < d->nodes.count; i++)
		if (d->nodes.items[i].meter && !has_meter(d, d->nodes.items[i].meter))
			return fault(at(out, "nodes", i, "meter"),
				"there is no meter \"%s\"; one of the chargers is \"ocpp:\" and "
				"the station, with / and the EVSE where it is that of an EVSE",
				d->nodes.items[i].meter);
	return 0;
}

static int check_bays(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->bays.count; i++) {
		const struct depot_bay *b = &d->bays.items[i];

		if (!has_vehicle(d, b->vehicle))
			return fault(at(out, "bays", i, "vehicle"), "there is no vehicle \"%s\"",
				b->vehicle);
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->bays.items[j].station, b->station) == 0 &&
				d->bays.items[j].evse == b->evse)
				return fault(at(out, "bays", i, ""),
					"EVSE %lld of %s has two vehicles", (long long)b->evse,
					b->station);
	}
	return 0;
}

/* Groups of one provider: known nodes, no group twice. */
static int check_groups(const struct depot_file *d, const struct depot_oscp_peer *p, size_t row,
	struct depot_fault *out)
{
	char field[40];

	for (size_t i = 0; i < p->groups.count; i++) {
		const struct depot_oscp_group *g = &p->groups.items[i];

		snprintf(field, sizeof field, "groups[%zu].node", i);
		if (!has_node(d, g->node))
			return fault(at(out, "oscp.peers", row, field),
				"there is no node \"%s\"; the nodes are listed under `nodes`",
				g->node);
		snprintf(field, sizeof field, "groups[%zu].group", i);
		for (size_t j = 0; j < i; j++)
			if (strcmp(p->groups.items[j].group, g->group) == 0)
				return fault(at(out, "oscp.peers", row, field),
					"\"%s\" is there twice", g->group);
		/* Its forecasts of one node replace one another, whatever the group. */
		snprintf(field, sizeof field, "groups[%zu].node", i);
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(p->groups.items[j].node, g->node) == 0)
				return fault(at(out, "oscp.peers", row, field),
					"\"%s\" has another group of this provider already",
					g->node);
	}
	return 0;
}

static int check_oscp(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; d->oscp && i < d->oscp->peers.count; i++) {
		const struct depot_oscp_peer *p = &d->oscp->peers.items[i];

		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->oscp->peers.items[j].id, p->id) == 0)
				return fault(at(out, "oscp.peers", i, "id"),
					"\"%s\" is there twice (capitals do not count)", p->id);
		if (check_groups(d, p, i, out))
			return -1;
	}
	return 0;
}

/* Series of prices: ids, units, and where in JSON they stand. */
static int check_prices(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->prices.count; i++) {
		const struct depot_price_series *p = &d->prices.items[i];
		bool is_carbon = p->kind == DEPOT_PRICE_KIND_CARBON;

		for (size_t j = 0; j < i; j++)
			if (strcmp(d->prices.items[j].id, p->id) == 0)
				return fault(
					at(out, "prices", i, "id"), "\"%s\" is there twice", p->id);
		if (p->has_unit && is_carbon != (p->unit == DEPOT_PRICE_UNIT_G_K_WH))
			return fault(at(out, "prices", i, "unit"),
				"prices of energy are in kWh or MWh, carbon in g_kWh");
		if (p->fetch && p->fetch->format == DEPOT_PRICE_FORMAT_JSON &&
			(!p->fetch->times || !p->fetch->values))
			return fault(at(out, "prices", i, "fetch"),
				"JSON needs `times` and `values`: pointers to where they stand");
	}
	return 0;
}

static int check_tariffs(const struct depot_file *d, struct depot_fault *out)
{
	for (size_t i = 0; i < d->tariffs.count; i++) {
		const struct depot_tariff *t = &d->tariffs.items[i];
		struct depot_fault inside = {0};
		struct tariff judged;

		for (size_t j = 0; j < i; j++)
			if (strcmp(d->tariffs.items[j].id, t->id) == 0)
				return fault(at(out, "tariffs", i, "id"), "\"%s\" is there twice",
					t->id);
		if (tariff_read(t, &d->prices, &judged, &inside) < 0)
			return fault(
				at(out, "tariffs", i, inside.path), "%s: %s", t->id, inside.text);
	}
	return 0;
}

int depot_check(const struct depot_file *d, struct depot_fault *out)
{
	if (!zone_exists(d->timezone)) {
		snprintf(out->path, sizeof out->path, "timezone");
		return fault(out,
			"\"%s\" is not known here; use an IANA name such as Europe/Amsterdam "
			"(package tzdata)",
			d->timezone);
	}
	return check_nodes(d, out) || check_stations(d, out) || check_vehicles(d, out) ||
			       check_meters(d, out) || check_bays(d, out) || check_oscp(d, out) ||
			       check_prices(d, out) || check_tariffs(d, out)
		       ? -1
		       : 0;
}
