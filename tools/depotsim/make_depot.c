#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "schemas/wall.h"
#include "tools/depotsim/csv.h"
#include "tools/depotsim/make_depot.h"

#define STEPS_A_DAY   288
#define VOLTS         208
#define LEAST_AMPERES 6
#define MOST_AMPERES  32
#define LEAST_WH      1000 /* the smallest battery that a depot's file may name */
#define MAX_STATIONS  1000

struct day {
	struct csv_sessions all;
	int64_t first, after; /* steps */
	int station_count;
	const char *stations[MAX_STATIONS]; /* names, belong to `all` */
};

static bool belongs(const struct day *d, const struct csv_session *s)
{
	return s->arrival >= d->first && s->arrival < d->after && s->departure > s->arrival &&
	       s->requested_wh > 0;
}

static int find_stations(struct day *d, char why[300])
{
	for (int i = 0; i < d->all.count; i++) {
		const struct csv_session *s = &d->all.items[i];
		int k = 0;
		if (!belongs(d, s))
			continue;
		while (k < d->station_count && strcmp(d->stations[k], s->station) != 0)
			k++;
		if (k == MAX_STATIONS) {
			snprintf(why, 300, "more than %d stations on that day", MAX_STATIONS);
			return -1;
		}
		if (k == d->station_count)
			d->stations[d->station_count++] = s->station;
	}
	if (d->station_count)
		return 0;
	snprintf(why, 300, "there is no session on that day");
	return -1;
}

static const char *time_of(int64_t step, char buf[WALL_TEXT_SIZE])
{
	return wall_format((wall_t){CSV_EPOCH_MS + step * CSV_STEP_S * 1000}, buf);
}

static int64_t battery_wh(const struct csv_session *s)
{
	return s->requested_wh > LEAST_WH ? s->requested_wh : LEAST_WH;
}

/* Two feeders of 60 % each. The tail is the least that charges at all, if all of them fit. */
static void write_depot(const struct day *d, const struct make_depot_options *o, FILE *f)
{
	char time[WALL_TEXT_SIZE];
	int64_t least = VOLTS * LEAST_AMPERES;
	bool tails_fit = least * d->station_count <= o->site_w &&
			 least * ((d->station_count + 1) / 2) <= o->site_w * 6 / 10;
	fprintf(f, "# One day of real charging sessions as a depot; made by depotsim.\n");
	fprintf(f, "depot: sessions-day-%d\nname: Sessions of day %d\n", o->day, o->day);
	fprintf(f, "timezone: %s\nvoltage_v: %d\n\nnodes:\n", CSV_ZONE, VOLTS);
	fprintf(f, "  - {id: site, kind: site, limit_w: %lld%s}\n", (long long)o->site_w,
		o->meter_port ? ", meter: site" : "");
	for (int k = 0; k < 2; k++)
		fprintf(f, "  - {id: feeder-%c, kind: feeder, parent: site, limit_w: %lld}\n",
			'a' + k, (long long)o->site_w * 6 / 10);
	if (o->meter_port)
		fprintf(f,
			"\nmeters:\n  - {id: site, map: eastron-sdm630, "
			"tcp: {host: 127.0.0.1, port: %d}}\n",
			o->meter_port);
	fprintf(f, "\nstations:\n");
	for (int k = 0; k < d->station_count; k++)
		fprintf(f,
			"  - {id: %s, node: feeder-%c, security_profile: 1, evses: [{id: 1, "
			"kind: ac, max_w: %d, min_w: %lld, phases: 1, tail_w: %lld}]}\n",
			d->stations[k], 'a' + k % 2, VOLTS * MOST_AMPERES, (long long)least,
			(long long)(tails_fit ? least : 0));
	fprintf(f, "\nvehicles:\n");
	for (int i = 0, n = 0; i < d->all.count; i++) {
		const struct csv_session *s = &d->all.items[i];
		if (!belongs(d, s))
			continue;
		n++;
		fprintf(f,
			"  - {id: EV-%03d, token: \"CARD%04d\", battery_wh: %lld, max_ac_w: %lld, "
			"max_dc_w: 0, min_w: %lld, target_pct: 100, need_wh: %lld, "
			"departs_at: \"%s\"}\n",
			n, n, (long long)battery_wh(s), (long long)s->max_w, (long long)least,
			(long long)s->requested_wh, time_of(s->departure, time));
	}
}

static int write_scenario(const struct day *d, const struct make_depot_options *o, FILE *f)
{
	char time[WALL_TEXT_SIZE];
	int n = 0;
	fprintf(f, "# The visits of one day of real charging sessions; made by depotsim.\n");
	fprintf(f, "name: Sessions of day %d\nstart: \"%s\"\n", o->day, time_of(d->first, time));
	fprintf(f, "efficiency_ac_pct: 100 # the data tell what the socket delivered\n");
	fprintf(f, "\nvisits:\n");
	for (int i = 0; i < d->all.count; i++) {
		const struct csv_session *s = &d->all.items[i];
		if (!belongs(d, s))
			continue;
		n++;
		fprintf(f, "  - {vehicle: EV-%03d, station: %s, arrives_at: \"%s\", ", n,
			s->station, time_of(s->arrival, time));
		fprintf(f, "departs_at: \"%s\", need_wh: %lld}\n", time_of(s->departure, time),
			(long long)s->requested_wh);
	}
	return n;
}

static FILE *open_in(const char *folder, const char *name, char why[300])
{
	char path[1000];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (!f)
		snprintf(why, 300, "cannot write %.200s: %s", path, strerror(errno));
	return f;
}

static int write_all(const struct day *d, const struct make_depot_options *o, char why[300])
{
	int n = -1;
	if (mkdir(o->out, 0755) != 0 && errno != EEXIST) {
		snprintf(why, 300, "cannot make the folder %.200s: %s", o->out, strerror(errno));
		return -1;
	}
	FILE *depot = open_in(o->out, "depot.yaml", why);
	FILE *scenario = depot ? open_in(o->out, "scenario.yaml", why) : NULL;
	if (scenario) {
		write_depot(d, o, depot);
		n = write_scenario(d, o, scenario);
	}
	if ((depot && fclose(depot) != 0) || (scenario && fclose(scenario) != 0)) {
		snprintf(why, 300, "cannot write to %.200s: %s", o->out, strerror(errno));
		n = -1;
	}
	return n;
}

int make_depot(const struct make_depot_options *o, char why[300])
{
	char cause[200];
	FILE *f = fopen(o->csv, "r");
	if (!f) {
		snprintf(why, 300, "cannot read %.200s: %s", o->csv, strerror(errno));
		return -1;
	}
	struct day *d = calloc(1, sizeof *d);
	int n = -1;
	snprintf(why, 300, "out of memory");
	if (d && csv_read(f, &d->all, cause) != 0) {
		snprintf(why, 300, "%.100s: %.180s", o->csv, cause);
	} else if (d) {
		d->first = (int64_t)o->day * STEPS_A_DAY;
		d->after = d->first + STEPS_A_DAY;
		if (find_stations(d, why) == 0)
			n = write_all(d, o, why);
		csv_finish(&d->all);
	}
	free(d);
	fclose(f);
	return n;
}
