/*
 * Old wire: lets a station of the simulator speak OCPP 1.6. The station itself thinks in 2.0.1;
 * here its frames become those of 1.6 and the other way round, as a charger of that age would have
 * them: no StartTransaction before the driver is known, numbers of the central system, connectors.
 *
 * Written against the texts of 1.6 and not with the translation of ocpp/v16*, so that the two can
 * find each other's mistakes. One thread.
 */
#ifndef DEPOTSIM_OLD_WIRE_H
#define DEPOTSIM_OLD_WIRE_H

#include "schemas/text.h"

struct old_wire;
struct station;

struct old_wire *old_wire_create(struct station *s);

/* A frame of the station goes out. */
void old_wire_send(struct old_wire *w, const struct text *frame);

/* A frame of 1.6 came in; what becomes of it goes to station_take(). */
void old_wire_received(struct old_wire *w, const char *text, size_t len);

/* Once a simulated second: answers to what has no like in 1.6. */
void old_wire_step(struct old_wire *w);

/* The connection is gone. */
void old_wire_closed(struct old_wire *w);

void old_wire_destroy(struct old_wire *w);

#endif
