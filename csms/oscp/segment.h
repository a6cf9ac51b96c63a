/*
 * Segments: a message that comes in parts (X-Segment-Index, X-Segment-Count), in any order. Parts
 * belong together when they share key and count and each later one correlates to the first part or
 * to the one before it: sources differ about which. Pure: no clock, no I/O.
 */
#ifndef CSMS_OSCP_SEGMENT_H
#define CSMS_OSCP_SEGMENT_H

#include <stdbool.h>
#include "schemas/wall.h"

#define OSCP_ID_SIZE        101 /* X-Request-ID */
#define OSCP_SEGMENTS_MAX   200 /* of one message */
#define OSCP_SEGMENTS_KEPT  400 /* of one peer, of all messages that are not whole */
#define OSCP_SEGMENT_AGE_MS 600000 /* what is not whole by then is dropped */

struct oscp_segment {
	struct oscp_segment *prev, *next;
	char id[OSCP_ID_SIZE], correlation[OSCP_ID_SIZE]; /* "" none */
	char key[160]; /* what all parts share: type and group */
	int index, count; /* index from 1 */
	wall_t at;
	void *item; /* the part's content, its owner's affair */
};

struct oscp_segments {
	struct oscp_segment *all; /* utlist, oldest first */
	int kept;
	void (*drop)(void *item); /* frees an item that will not be used */
};

enum oscp_segment_result {
	OSCP_SEGMENT_WAITS,
	OSCP_SEGMENT_WHOLE, /* `out` has all parts in order */
	OSCP_SEGMENT_REFUSED, /* `why` says so; the item stays the caller's */
};

/* Why the part cannot be taken, NULL: it can. */
const char *oscp_segment_fault(const struct oscp_segments *s, const struct oscp_segment *part);

/* Takes a part. WHOLE: `out` (room for OSCP_SEGMENTS_MAX) gets the items of its message in order,
 * which are the caller's then, and `first` the id of its first part. */
enum oscp_segment_result oscp_segments_add(struct oscp_segments *s, const struct oscp_segment *part,
	void **out, char first[OSCP_ID_SIZE], const char **why);

/* Drops the parts that are too old; their number. */
int oscp_segments_age(struct oscp_segments *s, wall_t now);

void oscp_segments_finish(struct oscp_segments *s);

#endif
