/*
 * Holding: the charging profiles that a station is believed to hold, ours and everybody's.
 *
 * Learnt from what it accepts (SetChargingProfile, ClearChargingProfile, RequestStartTransaction)
 * and from what it reports (ReportChargingProfiles); each change is journalled, so it outlives
 * depotd as the profiles outlive a reboot of the station (K01.FR.27). Loop thread only.
 */
#ifndef CSMS_HOLDING_H
#define CSMS_HOLDING_H

#include "csms/core.h"
#include "gen/ocpp201.h"

#define HOLDINGS_MAX 500 /* of one station; what comes beyond is not kept */

/* Ids and levels of depotd's own two profiles of an EVSE (csms/power/setpoint.h). */
#define DEFAULT_PROFILE_ID(evse) (evse)
#define OWN_PROFILE_ID(evse)     (1000 + (evse))
#define DEFAULT_PROFILE_LEVEL    0
#define OWN_PROFILE_LEVEL        1

struct holding {
	struct holding *prev, *next; /* utlist, station->holdings, oldest first */
	struct arena *arena; /* owns the profile */
	int64_t evse_id;
	const struct ocpp201_charging_profile *profile;
	enum ocpp201_charging_limit_source source;
	char owner[81]; /* "depotd" or who put it there; "": found there */
	int64_t remote_start_id; /* waits for its transaction (K05); 0: no */
	wall_t at;
	bool is_seen; /* in the report that is being read */
	bool may_lead; /* it leads on the EVSEs it is for: counted in station->leading_holdings */
};

struct holding *holding_find(const struct station *s, int64_t profile_id);
int holdings_count(const struct station *s);

/* One of the two that depotd itself keeps in the EVSEs of an automatic station. */
bool holding_is_own(const struct holding *h);

/* The station holds it from now on, in place of one with the same id (K01.FR.05). NULL: no memory,
 * or it holds too many. Not journalled. */
struct holding *holding_put(struct station *s, int64_t evse_id,
	const struct ocpp201_charging_profile *profile, enum ocpp201_charging_limit_source source,
	const char *owner, wall_t at);

/* The station answered `request` (of that action) with `response`: takes what follows from it.
 * `is_ours`: said by depotd's control; else `actor` is who. */
void holding_answered(struct core *c, struct station *s, int action, const char *request,
	const void *response, const char *actor, bool is_ours);

/* A transaction began (its profile may have come with the remote start) or ended (its profiles are
 * gone, K01 and E06). */
void holding_transaction_began(
	struct core *c, struct evse *e, const char *transaction, int64_t remote_start_id);
void holding_transaction_ended(struct core *c, struct station *s, const char *transaction);

/* Drops those and journals it. Ids that are not held are passed over. */
void holding_drop(
	struct core *c, struct station *s, const int64_t *ids, size_t count, const char *why);

/* It is not depotd's and rules the EVSE in place of depotd's own. */
bool holding_leads(const struct holding *h, const struct evse *e);

/* Some profile that is not depotd's may let an EVSE of an automatic station draw more than depotd's
 * own allow: until it is gone, the EVSE counts at max_w. */
bool holding_overrides(const struct evse *e);

/* For restore_fleet(). -1: cannot be read. */
int holdings_restore(struct core *c);

/* For csms/fleet.c. */
void holdings_forget(struct station *s);

#endif
