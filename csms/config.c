#include "csms/config.h"
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/depot_check.h"
#include "csms/secret.h"
#include "schemas/yaml.h"

#define FILE_MAX_BYTES (8u << 20)

/* A section that the file leaves out still has its defaults: decode an empty object. */
static void *defaults(const struct schema_struct *type, struct arena *a)
{
	struct schema_error err;

	return schema_decode(type, "{}", 2, a, &err);
}

/* `section`: a pointer to a struct of that type. False: no memory. */
static bool fill(void *section, const struct schema_struct *type, struct arena *a)
{
	void *is; /* pointers to structs look alike, but are not the same type */

	memcpy(&is, section, sizeof is);
	if (is == NULL) {
		is = defaults(type, a);
		memcpy(section, &is, sizeof is);
	}
	return is != NULL;
}

static int fill_sections(struct config_file *f, struct arena *a)
{
	return fill(&f->listen, &config_listen_type, a) &&
			       fill(&f->limits, &config_limits_type, a) &&
			       fill(&f->store, &config_store_type, a) &&
			       fill(&f->trips, &config_trips_type, a) &&
			       fill(&f->control, &config_control_type, a) &&
			       fill(&f->discharge, &config_discharge_type, a) &&
			       fill(&f->boot, &config_boot_type, a) &&
			       fill(&f->device, &config_device_type, a) &&
			       fill(&f->files, &config_files_type, a) &&
			       fill(&f->trust, &config_trust_type, a) &&
			       fill(&f->people, &config_people_type, a)
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
		{"profile3", l->profile3 ? port_of(l->profile3, 9002) : 0},
		{"files", l->files && l->files->on ? l->files->port : 0},
		{"modbus", l->modbus && l->modbus->on ? l->modbus->port : 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t j = 0; j < i; j++)
			if (rows[i].port && rows[i].port == rows[j].port) {
				snprintf(why, 400,
					"%s: listen.%s and listen.%s both want port %lld", path,
					rows[j].name, rows[i].name, (long long)rows[i].port);
				return -1;
			}
	return 0;
}

void config_complain(const char *depot_path, const struct depot_fault *f, char why[400])
{
	schema_yaml_complain(depot_path, FILE_MAX_BYTES, f->path, f->text, why);
}

static int load_depot(const char *path, struct config *out, char why[400])
{
	struct depot_fault fault;

	out->depot = schema_yaml_load(&depot_file_type, path, FILE_MAX_BYTES, out->arena, why);
	if (!out->depot)
		return -1;
	if (depot_check(out->depot, &fault) == 0)
		return 0;
	config_complain(path, &fault, why);
	return -1;
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
	beside(path,
		f->telematics && f->telematics->mappings ? f->telematics->mappings : "telematics",
		out->telematics_maps);
	beside(path, ".", out->folder);
	if (load_depot(out->depot_path, out, why))
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

const struct config_file *config_presets(struct arena *a)
{
	static const char text[] = "depot: depot.yaml\n";
	char why[400];
	struct config_file *f =
		schema_yaml_decode(&config_file_type, "presets", text, strlen(text), a, why);

	return f && fill_sections(f, a) == 0 ? f : NULL;
}

void config_finish(struct config *c)
{
	arena_destroy(c->arena);
	memset(c, 0, sizeof *c);
}
