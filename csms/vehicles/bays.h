/*
 * Bays: where a vehicle is to stand. People assign one to a vehicle (`bay` of its row), which goes before
 * the depot's own rule of who parks where. Who plugs in there and shows nothing is taken for it, and the
 * plan expects it there. Loop thread only.
 */
#ifndef CSMS_BAYS_H
#define CSMS_BAYS_H

#include "csms/core.h"

/* Where the vehicle is assigned to; NULL: nowhere, or to an EVSE that is gone. */
struct evse *bays_assigned(const struct core *c, const struct vehicle *v);

/* Whose bay it is: by assignment, else by the depot's rule, unless that one was assigned elsewhere. */
struct vehicle *bays_vehicle(const struct core *c, const struct evse *e);

/* Where the vehicle parks: as assigned, else by the depot's rule; NULL: nobody said. */
struct evse *bays_of(const struct core *c, const char *vehicle);

/* 0; or 422 (there is no such EVSE) or 409 (it is another's) with one line. */
int bays_check(const struct core *c, const struct depot_vehicle *row, char why[300]);

#endif
