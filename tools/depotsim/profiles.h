/*
 * Charging profiles of one station: what SetChargingProfile installed, and what it means at any
 * instant (OCPP 2.0.1 part 2, K 3.4 to K 4, K01, K08 to K10).
 *
 * This evaluator is written on its own, not shared with the central system, so that the two can
 * disagree. Limits are whole milliwatts, rounded down.
 */
#ifndef DEPOTSIM_PROFILES_H
#define DEPOTSIM_PROFILES_H

#include "gen/ocpp201.h"

#define PROFILES_NO_LIMIT    INT64_MAX
#define PROFILES_MAX_LEVEL   9
#define PROFILES_MAX_COUNT   100 /* entries of one station */
#define PROFILES_MAX_PERIODS 1024

/* An EVSE as far as limits go, with the transaction that runs on it. */
struct profiles_evse {
	int id;
	bool dc;
	int phases;
	int64_t max_mw;
	const char *transaction; /* NULL: none */
	wall_t ready_at; /* Relative profiles count from here; ms 0: not yet */
};

struct profiles;

/* `amperes`: the station takes limits in A as well as in W (K01.FR.26). */
struct profiles *profiles_create(int voltage_v, bool amperes);

/* Installs or replaces a profile. NULL, or the reason code of the rejection. `e` is the EVSE
 * named, NULL for EVSE 0; `evse_exists` false: there is no such EVSE. */
const char *profiles_set(struct profiles *p, int evse_id, bool evse_exists,
	const struct profiles_evse *e, const struct ocpp201_charging_profile *profile);

/* Number of profiles cleared. */
int profiles_clear(struct profiles *p, const struct ocpp201_clear_charging_profile_request *req);

/* Forgets the TxProfiles of a transaction that has ended. */
void profiles_end_transaction(struct profiles *p, const char *transaction);

/* Limit of one EVSE at `t`: the lowest of TxProfile (or TxDefaultProfile) and external
 * constraints; the station's maximum, which is for the sum of its EVSEs, apart. */
int64_t profiles_evse_mw(const struct profiles *p, const struct profiles_evse *e, wall_t t);
int64_t profiles_station_mw(const struct profiles *p, wall_t t);

/* First instant after `t` at which a limit could change for that EVSE, at most `horizon`. */
wall_t profiles_next_change(
	const struct profiles *p, const struct profiles_evse *e, wall_t t, wall_t horizon);

/* Installed profiles that match, one by one: index from 0 until NULL. */
const struct ocpp201_charging_profile *profiles_match(const struct profiles *p, int index,
	const struct ocpp201_get_charging_profiles_request *req, int *evse_id, int *next);

int profiles_count(const struct profiles *p);

void profiles_destroy(struct profiles *p);

#endif
