#include "csms/config.h"
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "csms/secret.h"
#include "schemas/yaml.h"

#define FILE_MAX_BYTES (8u << 20)

/* A section that the file leaves out still has its defaults: decode an empty object. */
static void *defaults(const struct schema_struct *type, struct arena *a)
{
	struct schema_error err;

	return schema_decode(type, "{}", 2, a, &err);
}

static int fill_sections(struct config_file *f, struct arena *a)
{
	if (!f->listen)
		f->listen = defaults(&config_listen_type, a);
	if (!f->limits)
		f->limits = defaults(&config_limits_type, a);
	if (!f->store)
		f->store = defaults(&config_store_type, a);
	if (!f->control)
		f->control = defaults(&config_control_type, a);
	if (!f->boot)
		f->boot = defaults(&config_boot_type, a);
	if (!f->device)
		f->device = defaults(&config_device_type, a);
	if (!f->files)
		f->files = defaults(&config_files_type, a);
	return f->listen && f->limits && f->store && f->control && f->boot && f->device && f->files
		       ? 0
		       : -1;
}

static void beside(const char *file, const char *name, char out[512])
{
	char copy[512];

	if (name[0] == '/') {
		snprintf(out, 512, "%s", name);
		return;
	}
	snprintf(copy, sizeof copy, "%s", file);
	snprintf(out, 512, "%s/%s", dirname(copy), name);
}

static int digest_file(const char *path, char digest[65])
{
	FILE *f = fopen(path, "rb");
	char *bytes = malloc(FILE_MAX_BYTES);
	size_t len;
	int rc = -1;

	if (f && bytes) {
		len = fread(bytes, 1, FILE_MAX_BYTES, f);
		secret_digest(bytes, len, digest);
		rc = 0;
	}
	if (f)
		fclose(f);
	free(bytes);
	return rc;
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

static const struct depot_node *find_node(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return &d->nodes.items[i];
	return NULL;
}

static bool has_meter(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->meters.count; i++)
		if (strcasecmp(d->meters.items[i].id, id) == 0)
			return true;
	return false;
}

static int64_t port_of(const struct config_listener *l, int64_t preset)
{
	if (l && !l->on)
		return 0;
	return l && l->has_port ? l->port : preset;
}

static int check_ports(const struct config_file *f, const char *path, char why[400])
{
	const struct config_listen *l = f->listen;
	const struct {
		const char *name;
		int64_t port;
	} rows[] = {{"console", port_of(l->console, 8443)},
		{"profile1", port_of(l->profile1, 9000)}, {"profile2", port_of(l->profile2, 9001)},
		{"files", l->files && l->files->on ? l->files->port : 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t j = 0; j < i; j++)
			if (rows[i].port && rows[i].port == rows[j].port) {
				snprintf(why, 400,
					"%s: listen.%s and listen.%s both want port %lld", path,
					rows[j].name, rows[i].name, (long long)rows[i].port);
				return -1;
			}
	if (l->profile3 && l->profile3->on) {
		snprintf(why, 400,
			"%s: listen.profile3: mutual TLS is not there yet; set `on: false`", path);
		return -1;
	}
	return 0;
}

static int check_nodes(const struct depot_file *d, const char *path, char why[400])
{
	for (size_t i = 0; i < d->nodes.count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->nodes.items[j].id, d->nodes.items[i].id) == 0) {
				snprintf(why, 400,
					"%s: nodes[%zu].id: \"%s\" is there twice (capitals do "
					"not count)",
					path, i, d->nodes.items[i].id);
				return -1;
			}
	return 0;
}

static int check_stations(const struct depot_file *d, const char *path, char why[400])
{
	for (size_t i = 0; i < d->stations.count; i++) {
		const struct depot_station *s = &d->stations.items[i];

		if (strchr(s->id, ':')) {
			snprintf(why, 400, "%s: stations[%zu].id: \"%s\" must not contain ':'",
				path, i, s->id);
			return -1;
		}
		if (s->security_profile == 3) {
			snprintf(why, 400,
				"%s: stations[%zu].security_profile: 3 (mutual TLS) is not there yet; "
				"use 2",
				path, i);
			return -1;
		}
		if (!find_node(d, s->node)) {
			snprintf(why, 400,
				"%s: stations[%zu].node: there is no node \"%s\"; the nodes "
				"are listed under `nodes`",
				path, i, s->node);
			return -1;
		}
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->stations.items[j].id, s->id) == 0) {
				snprintf(why, 400, "%s: stations[%zu].id: \"%s\" is there twice",
					path, i, s->id);
				return -1;
			}
		for (size_t j = 0; j < s->evses.count; j++)
			if (s->evses.items[j].id != (int64_t)j + 1) {
				snprintf(why, 400,
					"%s: stations[%zu].evses[%zu].id: must be %zu (OCPP "
					"numbers EVSEs from 1 without gaps) but is %lld",
					path, i, j, j + 1, (long long)s->evses.items[j].id);
				return -1;
			}
	}
	return 0;
}

static int check_vehicles(const struct depot_file *d, const char *path, char why[400])
{
	for (size_t i = 0; i < d->vehicles.count; i++) {
		const struct depot_vehicle *v = &d->vehicles.items[i];

		if (v->departs && !is_clock_time(v->departs)) {
			snprintf(why, 400,
				"%s: vehicles[%zu].departs: must be a time like 05:30 but is "
				"\"%s\"",
				path, i, v->departs);
			return -1;
		}
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->vehicles.items[j].id, v->id) == 0) {
				snprintf(why, 400, "%s: vehicles[%zu].id: \"%s\" is there twice",
					path, i, v->id);
				return -1;
			}
	}
	return 0;
}

static int check_meters(const struct depot_file *d, const char *path, char why[400])
{
	for (size_t i = 0; i < d->meters.count; i++)
		if (!d->meters.items[i].tcp == !d->meters.items[i].rtu) {
			snprintf(why, 400, "%s: meters[%zu]: give either `tcp` or `rtu`", path, i);
			return -1;
		}
	for (size_t i = 0; i < d->nodes.count; i++)
		if (d->nodes.items[i].meter && !has_meter(d, d->nodes.items[i].meter)) {
			snprintf(why, 400, "%s: nodes[%zu].meter: there is no meter \"%s\"", path,
				i, d->nodes.items[i].meter);
			return -1;
		}
	return 0;
}

static bool has_vehicle(const struct depot_file *d, const char *id)
{
	for (size_t i = 0; i < d->vehicles.count; i++)
		if (strcmp(d->vehicles.items[i].id, id) == 0)
			return true;
	return false;
}

static int check_bays(const struct depot_file *d, const char *path, char why[400])
{
	for (size_t i = 0; i < d->bays.count; i++) {
		const struct depot_bay *b = &d->bays.items[i];

		if (!has_vehicle(d, b->vehicle)) {
			snprintf(why, 400, "%s: bays[%zu].vehicle: there is no vehicle \"%s\"",
				path, i, b->vehicle);
			return -1;
		}
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(d->bays.items[j].station, b->station) == 0 &&
				d->bays.items[j].evse == b->evse) {
				snprintf(why, 400,
					"%s: bays[%zu]: EVSE %lld of %s has two vehicles", path, i,
					(long long)b->evse, b->station);
				return -1;
			}
	}
	return 0;
}

/* What rows cannot say: references, uniqueness, times. The tree itself is judged by the grid. */
static int check_depot(const struct depot_file *d, const char *path, char why[400])
{
	if (!zone_exists(d->timezone)) {
		snprintf(why, 400,
			"%s: timezone: \"%s\" is not known here; use an IANA name such as "
			"Europe/Amsterdam (package tzdata)",
			path, d->timezone);
		return -1;
	}
	if (check_nodes(d, path, why) || check_stations(d, path, why) ||
		check_vehicles(d, path, why) || check_meters(d, path, why) ||
		check_bays(d, path, why))
		return -1;
	return 0;
}

static int load_into(const char *path, struct config *out, char why[400])
{
	struct config_file *f =
		schema_yaml_load(&config_file_type, path, FILE_MAX_BYTES, out->arena, why);

	if (!f)
		return -1;
	if (fill_sections(f, out->arena)) {
		snprintf(why, 400, "out of memory while reading %s", path);
		return -1;
	}
	out->file = f;
	if (check_ports(f, path, why))
		return -1;
	beside(path, f->depot, out->depot_path);
	if (f->meter_maps)
		beside(path, f->meter_maps, out->meter_maps);
	else
		beside(path, "meters", out->meter_maps);
	out->depot = schema_yaml_load(
		&depot_file_type, out->depot_path, FILE_MAX_BYTES, out->arena, why);
	if (!out->depot || check_depot(out->depot, out->depot_path, why))
		return -1;
	return digest_file(out->depot_path, out->depot_digest);
}

int config_load(const char *path, struct config *out, char why[400])
{
	memset(out, 0, sizeof *out);
	out->arena = arena_create(0);
	if (!out->arena) {
		snprintf(why, 400, "out of memory");
		return -1;
	}
	if (load_into(path, out, why)) {
		config_finish(out);
		return -1;
	}
	return 0;
}

void config_finish(struct config *c)
{
	arena_destroy(c->arena);
	memset(c, 0, sizeof *c);
}
