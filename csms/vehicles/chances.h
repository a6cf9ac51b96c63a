/*
 * Chances: depotd says by itself, at fixed moments, how sure it is that each vehicle leaves with its
 * need, and later how that departure ended, so that somebody can hold the one against the other
 * (csms/vehicles/chances_report.h, docs/vehicles.md).
 *
 * Told: by the first plan that knows the vehicle, and two hours before it departs; all that is due by one
 * simulation on a reader's thread, one in five minutes at most. Met: when it left, or at its departure if
 * it is still here. What is not known is said to be so. Journalled on vehicle/ID. Loop thread only.
 */
#ifndef CSMS_CHANCES_H
#define CSMS_CHANCES_H

#include "csms/core.h"

/* After trips. NULL with one line. */
struct chances *chances_create(struct core *c, char why[400]);
void chances_destroy(struct chances *s);

/* Told by csms/charging/claim.c: the vehicle is about to be nowhere; before trips_left(). */
void chances_left(struct core *c, const struct vehicle *v, const struct evse *e);

#endif
