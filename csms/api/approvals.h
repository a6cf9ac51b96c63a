/*
 * Approvals: four eyes. A change whose permission the config names (people.four_eyes) is not done
 * when it is asked for; it waits until a second person who may do the same approves it, and is then
 * done as the first one asked for it. Who has depotd's own socket needs none: they could change
 * the config as well. Kept in memory: what waits when depotd stops must be asked for again. Loop
 * thread only.
 */
#ifndef CSMS_API_APPROVALS_H
#define CSMS_API_APPROVALS_H

#include "csms/api/ask.h"

#define APPROVALS_MAX 100 /* that wait at a time */

/* -1 with one line: the config names a permission that is none, or one that changes nothing. */
int approvals_check(const struct core *c, char why[300]);

struct approvals *approvals_create(struct api *api);
void approvals_destroy(struct approvals *x);

/* Does this request wait for a second person? Then it was answered. `needs`: what it takes. */
bool approvals_hold(struct ask *k, enum permission needs);

#endif
