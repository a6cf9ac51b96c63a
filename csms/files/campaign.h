/*
 * Campaign: one firmware image to many stations, so many at a time. Each station gets an
 * UpdateFirmware command whose parent is the campaign; what became of it is the command's state.
 * Stations that are away are asked when they are back. Survives a restart. Loop thread only.
 */
#ifndef CSMS_CAMPAIGN_H
#define CSMS_CAMPAIGN_H

#include "csms/files/firmware.h"

struct campaigns;

struct campaign_plan {
	const struct firmware_image *image;
	struct firmware_order order;
	int at_once;
	const char *actor, *why; /* why may be NULL */
	struct schema_strings stations; /* identities, each known */
};

/* Reads what the store knows of campaigns that are not over; after commands_create(). */
struct campaigns *campaigns_create(struct core *c, char why[300]);

/* Journals and starts it; its id in `id`. -1: no memory. */
int campaign_start(struct campaigns *all, const struct campaign_plan *plan, char id[37]);

/* Ends it: stations that were not asked yet will not be. False: there is none of that id that
 * still has any. */
bool campaign_cancel(struct campaigns *all, const char *id, const char *actor);

/* True while it has stations that were not asked. */
bool campaign_is_open(const struct campaigns *all, const char *id);

void campaigns_destroy(struct campaigns *all);

#endif
