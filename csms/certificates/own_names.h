/*
 * Own names: what depotd's server certificate calls it. Nobody else may be called so.
 */
#ifndef CSMS_OWN_NAMES_H
#define CSMS_OWN_NAMES_H

#include "gen/config.h"

#define OWN_NAMES_MAX 24

struct own_names {
	const char *of[OWN_NAMES_MAX + 1]; /* NULL ends */
	int count;
	char host[256];
};

/* listen.hosts, or else this host's name; and the names of the machine itself. Borrows
 * them from `l` and from `out` itself: do not copy it. */
void own_names(const struct config_listen *l, struct own_names *out);

#endif
