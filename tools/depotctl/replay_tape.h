/*
 * Replay tape: one station's recorded conversation, read from an export of the wire log.
 */
#ifndef DEPOTCTL_REPLAY_TAPE_H
#define DEPOTCTL_REPLAY_TAPE_H

#include "ocpp/frame.h"
#include "schemas/arena.h"
#include "schemas/wall.h"

/* A CALL of the station with what the system answered then, or the other way round. */
struct replay_call {
	int line; /* of the file */
	wall_t at;
	const char *id, *action; /* "" for a text that is no message */
	const char *text; /* the whole message */
	const char *payload;
	const char *answer; /* payload of its CALLRESULT; NULL: none recorded */
	const char *error; /* code of its CALLERROR; NULL: none */
	bool is_used; /* for the player */
};

struct replay_calls {
	size_t count;
	struct replay_call *items;
};

struct replay_tape {
	struct replay_calls ours, theirs; /* of the station, of the system; in order */
	wall_t first;
};

/* Reads `path` ("-": stdin), the frames of `station` only; NULL: of the only one in it. All memory
 * is of `a`. -1 with one line that names the file's line. */
int replay_tape_read(const char *path, const char *station, struct arena *a,
	struct replay_tape *out, char why[300]);

#endif
