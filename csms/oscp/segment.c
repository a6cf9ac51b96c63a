#include "csms/oscp/segment.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void drop(struct oscp_segments *s, struct oscp_segment *g)
{
	DL_DELETE(s->all, g);
	s->kept--;
	s->drop(g->item);
	free(g);
}

static bool is_kin(const struct oscp_segment *a, const struct oscp_segment *b)
{
	return a->count == b->count && strcmp(a->key, b->key) == 0;
}

/* The part of that index that correlates to the first part, or to the one before it. */
static struct oscp_segment *follower(const struct oscp_segments *s,
	const struct oscp_segment *first, const char *before, int index)
{
	struct oscp_segment *g;

	DL_FOREACH (s->all, g)
		if (g->index == index && is_kin(g, first) &&
			(strcmp(g->correlation, first->id) == 0 ||
				strcmp(g->correlation, before) == 0))
			return g;
	return NULL;
}

/* All parts of the message that begins with `first`: their number, 0 if one is missing. */
static int gather(const struct oscp_segments *s, struct oscp_segment *first,
	struct oscp_segment *found[OSCP_SEGMENTS_MAX])
{
	int n = 1;

	found[0] = first;
	for (; n < first->count; n++) {
		found[n] = follower(s, first, found[n - 1]->id, n + 1);
		if (!found[n])
			return 0;
	}
	return n;
}

/* The message that `part` makes whole: the number of its parts, 0 if there is none. */
static int find_whole(const struct oscp_segments *s, const struct oscp_segment *part,
	struct oscp_segment *found[OSCP_SEGMENTS_MAX])
{
	struct oscp_segment *g;
	int n;

	DL_FOREACH (s->all, g)
		if (g->index == 1 && is_kin(g, part) && (n = gather(s, g, found)) > 0)
			return n;
	return 0;
}

const char *oscp_segment_fault(const struct oscp_segments *s, const struct oscp_segment *part)
{
	if (part->count < 1 || part->count > OSCP_SEGMENTS_MAX)
		return "X-Segment-Count must be from 1 to 200";
	if (part->index < 1 || part->index > part->count)
		return "X-Segment-Index must be from 1 to X-Segment-Count";
	if (part->index > 1 && !part->correlation[0])
		return "a segment after the first needs X-Correlation-ID: the X-Request-ID of the "
		       "first";
	return s->kept >= OSCP_SEGMENTS_KEPT
		       ? "too many segments of messages that are not complete: send what is missing"
		       : NULL;
}

/* The same part sent again: the newer one counts. */
static void drop_older(struct oscp_segments *s, const struct oscp_segment *part)
{
	struct oscp_segment *g, *next;

	DL_FOREACH_SAFE (s->all, g, next)
		if (strcmp(g->id, part->id) == 0 ||
			(part->index > 1 && g->index == part->index && is_kin(g, part) &&
				strcmp(g->correlation, part->correlation) == 0))
			drop(s, g);
}

enum oscp_segment_result oscp_segments_add(struct oscp_segments *s, const struct oscp_segment *part,
	void **out, char first[OSCP_ID_SIZE], const char **why)
{
	struct oscp_segment *found[OSCP_SEGMENTS_MAX], *g;
	int n;

	*why = oscp_segment_fault(s, part);
	if (*why)
		return OSCP_SEGMENT_REFUSED;
	g = malloc(sizeof *g);
	if (!g) {
		*why = "no memory";
		return OSCP_SEGMENT_REFUSED;
	}
	drop_older(s, part);
	*g = *part;
	DL_APPEND(s->all, g);
	s->kept++;
	n = find_whole(s, part, found);
	if (!n)
		return OSCP_SEGMENT_WAITS;
	memcpy(first, found[0]->id, OSCP_ID_SIZE);
	for (int i = 0; i < n; i++) {
		out[i] = found[i]->item;
		DL_DELETE(s->all, found[i]);
		s->kept--;
		free(found[i]);
	}
	return OSCP_SEGMENT_WHOLE;
}

int oscp_segments_age(struct oscp_segments *s, wall_t now)
{
	struct oscp_segment *g, *next;
	int n = 0;

	DL_FOREACH_SAFE (s->all, g, next) {
		if (wall_diff_ms(now, g->at) < OSCP_SEGMENT_AGE_MS)
			continue;
		drop(s, g);
		n++;
	}
	return n;
}

void oscp_segments_finish(struct oscp_segments *s)
{
	while (s->all)
		drop(s, s->all);
}
