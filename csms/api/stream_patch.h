/*
 * Patches of the event stream: what changed of the depot since the last look. One memory of what was
 * last said of each thing (a digest of its JSON) serves all who listen. Stations are looked at only
 * when their revision grew. Loop thread only.
 */
#ifndef CSMS_API_STREAM_PATCH_H
#define CSMS_API_STREAM_PATCH_H

#include "csms/core.h"
#include "schemas/text.h"

struct changes {
	const struct core *core;
	struct said *said; /* owned */
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
	struct text one; /* one thing */
	const char *group; /* "evses" */
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
