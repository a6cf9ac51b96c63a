/*
 * Room for envelopes: how many may be open at once. Who speaks counts: programs that hand in limits
 * for others never take the room of grid operators and persons, nor one of an owner all of his kind.
 */
#include <stdio.h>
#include <string.h>
#include <utlist.h>
#include "csms/envelope_private.h"

#define GRID_MORE 50 /* for words of grid operators that a program hands in */

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
