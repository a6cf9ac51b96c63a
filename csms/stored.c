#include "csms/stored.h"
#include <stdio.h>

void stored_unreadable(const char *what, char why[300])
{
	snprintf(why, 300,
		"the store's %s cannot be read; try `depotctl rebuild --check --data DIR`", what);
}

int stored_read(struct core *c, void (*read)(struct db_reader *, void *), void *user,
	const char *what, char why[300])
{
	struct stored s = {.core = c, .arena = arena_create(0), .user = user};

	if (!s.arena || db_read_now(c->db, read, &s))
		s.failed = true;
	arena_destroy(s.arena);
	if (s.failed)
		stored_unreadable(what, why);
	return s.failed ? -1 : 0;
}
