/*
 * Config: the daemon's file and the depot's file, read once at start.
 */
#ifndef CSMS_CONFIG_H
#define CSMS_CONFIG_H

#include "csms/depot_check.h"
#include "gen/config.h"
#include "gen/depot.h"

struct config {
	struct arena *arena;
	const struct config_file *file; /* every optional part is there, with defaults */
	const struct depot_file *depot;
	char depot_path[512];
	char meter_maps[512];
	char telematics_maps[512];
	char folder[512]; /* of the daemon's file: what its names are relative to */
	char depot_digest[65]; /* SHA-256 of the depot's file */
};

/* Reads both files. -1 with one line for a person: file, line, what is wrong. */
int config_load(const char *path, struct config *out, char why[400]);

/* The daemon's file as it would be with nothing but a depot in it. NULL: no memory. */
const struct config_file *config_presets(struct arena *a);

void config_finish(struct config *c);

/* Words of what others find in the depot's file, with the line. */
void config_complain(const char *depot_path, const struct depot_fault *f, char why[400]);

#endif
