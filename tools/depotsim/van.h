/*
 * Van: one vehicle as its socket sees it. Who comes when is tools/depotsim/visits.h.
 */
#ifndef DEPOTSIM_VAN_H
#define DEPOTSIM_VAN_H

#include "tools/depotsim/battery.h"

struct van {
	const char *id; /* the depot's; lives as long as the depot */
	const char *token; /* of its RFID card; NULL: the driver has none */
	const char *token_type; /* "ISO14443" */
	int64_t capacity_mws;
	int64_t max_ac_mw, max_dc_mw, min_mw;
	int phases; /* that it charges with on AC; 0: as many as the socket has */
	struct battery battery;
	struct battery unlimited; /* the same, had nobody limited it: what was possible at all */
};

/* The state of charge it came with, and what it can take at this kind of socket. */
void van_arrive(
	struct van *v, int64_t stored_mws, bool dc, int64_t evse_max_mw, int efficiency_permille);

/* One second at the socket: `mw` flowed, and as much as could have flowed. */
void van_charge(struct van *v, int64_t mw);

#endif
