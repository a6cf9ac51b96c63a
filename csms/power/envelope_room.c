/*
 * Room for envelopes: how many may be open at once. Who speaks counts: programs that hand in limits
 * for others never take the room of grid operators and persons, nor one of an owner all of his kind.
 *
 * A limit that is tighter than what stands is never lost for want of room: it takes the place of one
 * of its owner's (or, where all of a kind is full, of the owner who has most) that can wait: the one
 * that begins last, else of those that count now the one that allows most. Both must be true of the
 * newcomer the other way round, and no grid operator gives way to anybody else.
 */
#include <stdio.h>
#include <string.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"

#define GRID_MORE 50 /* for words of grid operators that a program hands in */
#define LOOK_MAX  50 /* blocks of an offer that are held against what stands */

/* By the beginning of the owner's name. */
static const struct {
	const char *prefix, *whose;
	int each, all;
} rooms[] = {
	{"oscp/", "capacity providers", 200, 400},
	{"operator/", "persons", 50, 150},
	{"", "other programs", 50, 100},
};
#define ROOMS   (sizeof rooms / sizeof *rooms)
#define PROGRAM (ROOMS - 1)

_Static_assert(400 + 150 + 100 + GRID_MORE == ENVELOPES_MAX, "what is open can be restored");

static size_t room_of(const char *owner)
{
	size_t i = 0;

	while (strncmp(owner, rooms[i].prefix, strlen(rooms[i].prefix)) != 0)
		i++;
	return i;
}

int envelope_owners_max(const char *owner)
{
	return room_of(owner) == PROGRAM ? ENVELOPE_OWNERS_MAX - ENVELOPE_OWNERS_KEPT
					 : ENVELOPE_OWNERS_MAX;
}

int envelope_room(const struct core *c, const char *owner, bool is_grid, int more, char why[200])
{
	size_t room = room_of(owner);
	int each = rooms[room].each, all = rooms[room].all, his = 0, in_all = 0;
	const struct held_envelope *h;

	DL_FOREACH (c->envelopes->list, h) {
		if (envelope_is_over(h->e.state) || room_of(h->owner) != room)
			continue;
		in_all++;
		his += strcmp(h->owner, owner) == 0;
	}
	all += room == PROGRAM && is_grid ? GRID_MORE : 0;
	if (his + more <= each && in_all + more <= all)
		return 0;
	if (his + more > each)
		snprintf(why, 200,
			"%d envelopes of %.80s are open, of %d that one owner may have: "
			"withdraw some",
			his, owner, each);
	else
		snprintf(why, 200, "%d envelopes of %s are open, of %d: withdraw some", in_all,
			rooms[room].whose, all);
	return -1;
}

/* -- room for what is tighter ------------------------------------------------------------------ */

static int64_t standing(const struct grid_node *n, enum envelope_quantity q)
{
	switch (q) {
	case ENVELOPE_IMPORT:
		return n->rated ? n->rating_w : GRID_NO_LIMIT;
	case ENVELOPE_EXPORT:
		return n->electric.export_limited ? n->electric.export_w : GRID_NO_LIMIT;
	default:
		return n->electric.phase_ma > 0 ? n->electric.phase_ma : GRID_NO_LIMIT;
	}
}

/* Would it be the tightest limit of its node, at the beginning of any of its blocks? */
static bool is_tightest(const struct core *c, const struct envelope_offer *o, int64_t now)
{
	const struct grid_tree *t = control_grid(c->control);
	int node = grid_tree_find(t, o->node);

	for (int i = 0; node >= 0 && i < o->count && i < LOOK_MAX; i++)
		for (int q = 0; q < ENVELOPE_QUANTITIES; q++) {
			const struct envelope_block *b = &o->blocks[i];
			int32_t v = envelope_value(&b->bound, (enum envelope_quantity)q), w;

			if (v == GRID_NO_LIMIT || b->end_ms <= now ||
				v >= standing(grid_tree_node(t, node), (enum envelope_quantity)q))
				continue;
			envelopes_winner(c, o->node, (enum envelope_quantity)q,
				(wall_t){b->start_ms > now ? b->start_ms : now}, &w);
			if (v < w)
				return true;
		}
	return false;
}

/* What a block leaves at most, W. */
static int64_t allows_w(const struct grid_node *n, const struct grid_bound *b)
{
	int64_t w = b->import_w < b->export_w ? b->import_w : b->export_w;
	int64_t phases = b->phase_ma == GRID_NO_LIMIT
				 ? GRID_NO_LIMIT
				 : (int64_t)b->phase_ma * n->electric.volts * GRID_PHASES / 1000;

	return phases < w ? phases : w;
}

/* When the first of the blocks that are to come or run begins, and the least that any of them
 * leaves. */
struct wait {
	int64_t begin_ms, w;
};

static struct wait wait_of(
	const struct core *c, int node, const struct envelope_block *b, int count, int64_t now)
{
	const struct grid_tree *t = control_grid(c->control);
	struct wait out = {INT64_MAX, GRID_NO_LIMIT};

	for (int i = 0; node >= 0 && i < count; i++) {
		int64_t w = allows_w(grid_tree_node(t, node), &b[i].bound);

		if (b[i].end_ms <= now)
			continue;
		if (b[i].start_ms < out.begin_ms)
			out.begin_ms = b[i].start_ms;
		if (w < out.w)
			out.w = w;
	}
	return out;
}

static int count_of(const struct core *c, const char *owner)
{
	const struct held_envelope *h;
	int n = 0;

	DL_FOREACH (c->envelopes->list, h)
		n += !envelope_is_over(h->e.state) && strcmp(h->owner, owner) == 0;
	return n;
}

/* Whose limits have to make room: his own, or of the one of his kind who has most. */
static const char *who_gives(const struct core *c, const struct envelope_offer *o)
{
	size_t room = room_of(o->owner);
	const char *out = o->owner;
	int most = count_of(c, o->owner);
	const struct held_envelope *h;

	if (most >= rooms[room].each)
		return out;
	DL_FOREACH (c->envelopes->list, h) {
		int n = room_of(h->owner) == room && strcmp(h->owner, out) != 0
				? count_of(c, h->owner)
				: 0;

		if (n > most) {
			most = n;
			out = h->owner;
		}
	}
	return out;
}

struct held_envelope *envelope_that_waits(
	struct core *c, const struct envelope_offer *o, char why[200])
{
	int64_t now = clock_wall().ms;
	const char *owner = who_gives(c, o);
	struct wait mine = wait_of(c, grid_tree_find(control_grid(c->control), o->node), o->blocks,
			    o->count, now),
		    last = {mine.begin_ms > now ? mine.begin_ms : now, 0}, loosest = {0, mine.w};
	struct held_envelope *h, *later = NULL, *looser = NULL;
	size_t len = strlen(why);

	if (o->kind != ENVELOPE_LIMIT || !is_tightest(c, o, now))
		return NULL;
	DL_FOREACH (c->envelopes->list, h) {
		struct wait w = wait_of(c, h->e.node, h->e.blocks, h->e.count, now);

		if (envelope_is_over(h->e.state) || h->e.kind != ENVELOPE_LIMIT ||
			strcmp(h->owner, owner) != 0 || (h->is_grid && !o->is_grid))
			continue;
		if (w.begin_ms > last.begin_ms) {
			last = w;
			later = h;
		} else if (w.begin_ms <= now && w.w > loosest.w) {
			loosest = w;
			looser = h;
		}
	}
	if (!later && !looser)
		snprintf(why + len, 200 - len, "; none of them can wait or is looser");
	return later ? later : looser;
}

void envelope_give_way(struct core *c, struct held_envelope *h, const char *to)
{
	char reason[200];

	snprintf(reason, sizeof reason, "made room for a tighter limit of %.80s: too many are open",
		to);
	envelope_move(h, c, ENVELOPE_REFUSE, "depotd", reason);
	alarm_raise(c, ALARM_ENVELOPE_REFUSED, h->node,
		"A limit of %s made room for a tighter one of %s: too many are open. Withdraw some.",
		h->owner, to);
}
