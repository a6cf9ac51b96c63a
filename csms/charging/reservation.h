/*
 * Reservations (H01 to H04): an EVSE kept for a token, or for its group, until a time. Whoever asks
 * for one (the API's /reservations or a raw ReserveNow), what the station answers and reports is
 * taken down here. Those that are open are in memory, all of them in the store. Loop thread only.
 */
#ifndef CSMS_RESERVATION_H
#define CSMS_RESERVATION_H

#include "csms/core.h"
#include "gen/ocpp201.h"

struct reservations;

struct reservation {
	char key[80]; /* "station/id" in lower case */
	char station[49];
	int64_t id;
	int evse; /* 0: any of the station */
	char connector_type[21];
	char token[UTF8_SIZE(36)], token_type[21], group[UTF8_SIZE(36)];
	wall_t expires;
	enum event_reservation_state state;
	char transaction_id[UTF8_SIZE(36)], note[201];
	struct core *core;
	struct timer timer; /* its time is over */
	UT_hash_handle hh;
};

/* After restore_fleet(), with those that were open. NULL with one line. */
struct reservations *reservations_create(struct core *c, char why[300]);

/* An open one, or NULL. */
struct reservation *reservation_find(const struct core *c, const char *station, int64_t id);
/* … that holds the EVSE. */
const struct reservation *reservation_of(const struct core *c, const struct evse *e);

/* What the schema cannot say of a ReserveNow: the EVSE, the time (row of csms/command/rules.c). */
int reservation_check(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

/* ReserveNow is on its way, or its answer will never come. */
void reservation_asked(struct core *c, struct station *s,
	const struct ocpp201_reserve_now_request *r, const char *actor);
void reservation_lost(struct core *c, struct station *s, int64_t id, const char *why);

/* The station answered ReserveNow or CancelReservation (row of csms/command/rules.c). */
void reservation_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response);

/* ReservationStatusUpdate (H04): Expired or Removed. */
void reservation_reported(
	struct core *c, struct station *s, int64_t id, enum ocpp201_reservation_update_status st);

/* A transaction began with it (H01.FR.15). */
void reservation_used(struct core *c, struct station *s, int64_t id, const char *transaction_id);

void reservations_destroy(struct reservations *all);

#endif
