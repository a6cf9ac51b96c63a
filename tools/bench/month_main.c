/*
 * A month of real sessions, charged in four ways under two tariffs, printed as "bench: NAME VALUE UNIT".
 *
 *   bench-month FILE.csv TARIFF.yaml...
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "csms/money/tariff_read.h"
#include "csms/zone.h"
#include "schemas/arena.h"
#include "schemas/yaml.h"
#include "tools/bench/figure.h"
#include "tools/bench/month.h"

#define LIMIT_W 50000 /* half of what the cars draw together when nobody holds them back */
#define DAYS    31

static int read_tariff(const char *path, struct tariff *out)
{
	static const struct depot_price_series_list none;
	struct arena *a = arena_create(0);
	const struct depot_tariff *row = NULL;
	struct depot_fault fault = {0};
	char why[400] = "out of memory";
	int rc = -1;

	if (a)
		row = schema_yaml_load(&depot_tariff_type, path, 1 << 16, a, why);
	if (row)
		rc = tariff_read(row, &none, out, &fault);
	if (rc)
		fprintf(stderr, "bench: %s: %s\n", path, row ? fault.text : why);
	arena_destroy(a);
	return rc;
}

static void print(
	const char *tariff, enum month_way way, const char *what, double value, const char *unit)
{
	char name[120];

	snprintf(name, sizeof name, "month_%s_%s_%s", tariff, month_way_names[way], what);
	figure_print_plan(name, value, unit);
}

static int walk(const struct month *m, const struct zone *zone, const char *path)
{
	struct tariff t;

	if (read_tariff(path, &t))
		return -1;
	for (int k = 0; k < MONTH_WAYS; k++) {
		double begin = figure_cpu_ms();
		struct month_result r;

		if (month_walk(m, &t, &zone->zone, LIMIT_W, (enum month_way)k, &r))
			return -1;
		print(t.name, (enum month_way)k, "energy", (double)r.energy_micro / 1e6,
			t.currency);
		print(t.name, (enum month_way)k, "demand", (double)r.demand_micro / 1e6,
			t.currency);
		print(t.name, (enum month_way)k, "missing", (double)r.missing_wh / 1e3, "kWh");
		print(t.name, (enum month_way)k, "peak", (double)r.peak_w / 1e3, "kW");
		if (k == MONTH_BEST)
			print(t.name, (enum month_way)k, "bound", (double)r.bound_micro / 1e6,
				t.currency);
		if (k >= MONTH_PLANNER)
			print(t.name, (enum month_way)k, "cpu", figure_cpu_ms() - begin, "ms");
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct zone zone;
	struct calendar_day begin = {2019, 1, 1, 0}, end = {2020, 1, 1, 0}, first = {2019, 3, 1, 0};
	struct calendar_zone utc = {0};
	struct month m;
	char why[200];
	int rc = 0;

	if (argc < 3) {
		fputs("usage: bench-month FILE.csv TARIFF.yaml...\n", stderr);
		return 2;
	}
	setenv("TZ", "America/Los_Angeles", 1);
	tzset();
	zone_read(&zone, calendar_begin_ms(&utc, &begin), calendar_begin_ms(&utc, &end));
	if (month_read(argv[1], &zone.zone, calendar_begin_ms(&zone.zone, &first), DAYS, &m, why)) {
		fprintf(stderr, "bench: %s\n", why);
		return 1;
	}
	fprintf(stderr,
		"bench: %d sessions at %d stations; %.1f kWh do not fit into whole quarters\n",
		m.count, m.stations, (double)m.cut_wh / 1000);
	for (int i = 2; rc == 0 && i < argc; i++)
		rc = walk(&m, &zone, argv[i]);
	month_finish(&m);
	return rc ? 1 : 0;
}
