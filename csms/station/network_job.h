/*
 * Network job: moves a station to another network profile (B09, B10; rule 24): the profile is set, it
 * goes first in the order of profiles with the old ones kept behind it, the station restarts, and is
 * looked at when it is back. Each step is a command whose parent is the job. Survives a restart of
 * depotd. Loop thread only.
 */
#ifndef CSMS_NETWORK_JOB_H
#define CSMS_NETWORK_JOB_H

#include "csms/core.h"
#include "gen/event.h"
#include "gen/ocpp201.h"

struct network_jobs;

struct network_order {
	int slot; /* configurationSlot */
	const struct ocpp201_network_connection_profile *profile;
	bool at_once; /* Reset Immediate; else OnIdle */
	int within_s; /* it should be back after the Reset was accepted; 0: a day */
	const char *actor, *why; /* why may be NULL */
};

/* Reads jobs that are not over; after commands_create(). NULL with one line for a person. */
struct network_jobs *network_jobs_create(struct core *c, char why[300]);

/* Starts it; its id. -1 with `err`: a path within the profile that is wrong, or none: the station is
 * away, is being moved already, or the profile would lower its security (A05). */
int network_job_start(struct core *c, struct station *s, const struct network_order *order,
	char id[37], struct schema_error *err);

void network_jobs_destroy(struct network_jobs *all);

#endif
