/*
 * Four eyes: a change whose permission the config names (people.four_eyes) is not done
 * when it is asked for; it waits until a second person who may do the same approves it, and is then
 * done as the first one asked for it. Who has depotd's own socket needs none: they could change
 * the config as well. Kept in memory: what waits when depotd stops must be asked for again. Loop
 * thread only.
 */
#ifndef CSMS_API_FOUR_EYES_H
#define CSMS_API_FOUR_EYES_H

#include "csms/api/ask.h"

#define FOUR_EYES_MAX 100 /* that wait at a time */

/* -1 with one line: the config names a permission that is none, or one that changes nothing. */
int four_eyes_check(const struct core *c, char why[300]);

struct four_eyes *four_eyes_create(struct api *api);
void four_eyes_destroy(struct four_eyes *x);

/* Does this request wait for a second person? Then it was answered. `needs`: what it takes. */
bool four_eyes_hold(struct ask *k, enum permission needs);

#endif
