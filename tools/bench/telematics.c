/*
 * How many readings of vehicles depotd takes in a second of one core, from the JSON as a source posts
 * it to the disk: mapped, judged, made the newest, recorded and rolled up. All threads count.
 *
 *   bench-telematics DEPOTD FOLDER telematics
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "csms/config.h"
#include "csms/record.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/vehicles.h"

#define VEHICLES 1000
#define ROUNDS   100 /* each a post with four readings of every vehicle, a minute on */
#define READINGS 4

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int write_files(const char *folder, char config[600])
{
	char depot[600], maps[PATH_MAX];
	FILE *f;

	mkdir(folder, 0700);
	snprintf(config, 600, "%s/depotd.yaml", folder);
	snprintf(depot, sizeof depot, "%s/depot.yaml", folder);
	if (!realpath("etc/telematics", maps) || !(f = fopen(config, "w")))
		return -1;
	fprintf(f,
		"depot: depot.yaml\ntelematics:\n  mappings: %s\n  sources:\n"
		"    - {id: bench, mapping: generic, http: true, readings_per_s: 1000000, "
		"readings_burst: 10000000}\n",
		maps);
	fclose(f);
	f = fopen(depot, "w");
	if (!f)
		return -1;
	fputs("depot: bench\nname: Bench\ntimezone: UTC\nnodes:\n  - {id: site, kind: site, "
	      "limit_w: 100000}\nvehicles:\n",
		f);
	for (int i = 0; i < VEHICLES; i++)
		fprintf(f, "  - {id: VAN-%d, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0}\n",
			i);
	fclose(f);
	return 0;
}

static void write_post(struct text *t, int round, wall_t start)
{
	char at[WALL_TEXT_SIZE];

	text_clear(t);
	for (int i = 0; i < VEHICLES; i++)
		text_printf(t,
			"%c{\"vehicle\":\"VAN-%d\",\"time\":\"%s\",\"soc_pct\":%d.%d,"
			"\"odometer_km\":%d,\"battery_c\":%d.5,\"ambient_c\":%d}",
			i ? ',' : '[', i, wall_format((wall_t){start.ms + round * 60000LL + i}, at),
			20 + round % 60, i % 10, 12000 + round, 20 + i % 7, round % 25);
	text_putc(t, ']');
}

static int run(struct core *c)
{
	struct telematics_source *s = telematics_source_find(c->telematics, "bench");
	struct telematics_counts counts = {0};
	struct text t;
	double cpu, took = 0;
	wall_t start = wall_add_ms(clock_wall(), -ROUNDS * 60000LL);

	text_init(&t, 0);
	cpu = 0;
	for (int round = 0; round < ROUNDS; round++) {
		write_post(&t, round, start);
		const struct telematics_message msg = {
			.text = t.data, .len = t.len, .received = clock_wall()};
		double before = cpu_seconds();
		int64_t from = clock_real_us();

		telematics_ingest(s, &msg, false, &counts);
		record_turn_end(c);
		if (db_flush(c->db))
			return -1;
		cpu += cpu_seconds() - before;
		took += (double)(clock_real_us() - from) / 1e6;
	}
	text_finish(&t);
	if (counts.readings != (int64_t)VEHICLES * ROUNDS * READINGS) {
		fprintf(stderr, "bench: %lld readings were taken\n", (long long)counts.readings);
		return -1;
	}
	printf("bench: telemetry.readings_per_core_s %.0f readings/s\n",
		(double)counts.readings / cpu);
	printf("bench: telemetry.readings_per_s %.0f readings/s\n", (double)counts.readings / took);
	return 0;
}

int main(int argc, char **argv)
{
	static struct core c;
	struct config config;
	char path[600], why[400] = "";

	if (argc != 4)
		return 2;
	if (write_files(argv[2], path) || config_load(path, &config, why)) {
		fprintf(stderr, "bench: %s\n", why);
		return 1;
	}
	const struct db_config store = {.dir = argv[2], .depot = config.depot->depot};
	c.config = config.file;
	c.depot = config.depot;
	c.telematics_maps = config.telematics_maps;
	c.timers = timers_create();
	fleet_init(&c.fleet);
	c.db = db_open(&store, why);
	if (!c.db || vehicles_restore(&c, why) || !telematics_create(&c, why) || run(&c)) {
		fprintf(stderr, "bench: %s\n", why);
		return 1;
	}
	db_close(c.db);
	return 0;
}
