/*
 * Patches of the event stream: what changed of the depot since the last look, member by member. One memory
 * of what was last said of each thing (a digest of each member) serves all who listen. Stations are looked
 * at only when their revision grew. Loop thread only.
 *
 * Whoever gets a whole overview goes on with the next patch: all must be looked at (`all`) in the same
 * moment, or what changed and changed back since the last look would stay wrong on his page.
 */
#ifndef CSMS_API_STREAM_PATCH_H
#define CSMS_API_STREAM_PATCH_H

#include "csms/core.h"
#include "schemas/text.h"

enum patch_group {
	PATCH_NODES,
	PATCH_STATIONS,
	PATCH_EVSES,
	PATCH_VEHICLES,
	PATCH_METERS,
	PATCH_ALARMS,
	PATCH_ENVELOPES,
	PATCH_GROUPS,
};

struct changes {
	const struct core *core;
	struct said *said[PATCH_GROUPS]; /* owned */
	uint64_t looks;
	uint64_t revision; /* of the fleet, that was said */
	uint64_t envelopes; /* the same of theirs */
	uint64_t heard; /* of what was heard of stations */
	uint64_t sentence, stations_sentence, energy_sentence, meters_sentence,
		alarms_sentence; /* digests */
};

/* A patch that is being built, group by group. */
struct patch {
	struct changes *since;
	struct arena *arena;
	struct text out; /* members of the patch, each with a comma before it */
	struct text one; /* one member */
	struct text thing, gone; /* its members that are news, and those that are no more, so too */
	enum patch_group group;
	const struct schema_struct *type; /* of what is in it */
	bool leans; /* … whose words depend on those beside them */
	bool is_group_open;
};

void patch_init(struct patch *p, struct changes *since, struct arena *a);
/* Says what changed since the last time, and keeps it in mind; `all`: looks at everything. */
void patch_build(struct patch *p, bool all);
void patch_finish(struct patch *p);

/* A digest of all names: it changes when things come or go. */
uint64_t changes_shape(const struct core *c);
void changes_forget(struct changes *c);

#endif
