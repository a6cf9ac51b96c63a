/*
 * Fleet: what depotd knows about its stations, vehicles and tokens right now. All of it lives on
 * the loop thread, and all of it can be rebuilt from the journal and the depot's file.
 *
 * Identities compare without regard to case (identifierString, OCPP 2.0.1 Part 2 2.1) but are kept
 * as first written. Strings in these structs are owned by the fleet.
 */
#ifndef CSMS_FLEET_H
#define CSMS_FLEET_H

#include "csms/station.h"
#include "csms/token.h"
#include "csms/vehicle.h"

struct fleet {
	struct station *stations; /* uthash by key */
	struct vehicle *vehicles; /* uthash by id */
	struct vehicle *gone; /* removed ones: plans and ended transactions may still name them */
	struct token *tokens; /* uthash by key */
	uint64_t revision, heard; /* newest given out */
	uint64_t reported; /* counts what vehicles told of themselves */
};

void fleet_init(struct fleet *f);

/* By identity in any case, or NULL. */
struct station *fleet_station(const struct fleet *f, const char *id);
struct vehicle *fleet_vehicle(const struct fleet *f, const char *id);
struct token *fleet_token(const struct fleet *f, const char *type, const char *value);
struct evse *station_evse(const struct station *s, int64_t evse_id);

/* What was registered of it. Strings are constants. */
struct event_evse evse_registration(const struct evse *e);

/* The registration that is in force, for a change of a part of it. Strings are the station's. */
void station_registration(const struct station *s, struct event_evse evses[EVSES_MAX],
	struct event_station_registered *out);

/* Adds or changes a station by its registration event; open transactions and setpoints of EVSEs
 * that stay are kept. NULL: no memory. */
struct station *fleet_put_station(
	struct fleet *f, const char *id, const struct event_station_registered *reg);
void fleet_remove_station(struct fleet *f, struct station *s);

struct vehicle *fleet_put_vehicle(struct fleet *f, const char *id);
void fleet_remove_vehicle(struct fleet *f, struct vehicle *v);
struct token *fleet_put_token(struct fleet *f, const struct event_token_changed *t);

/* The token as the event that would make it; lists are taken from `a`, texts are the token's. */
void token_event(const struct token *t, struct arena *a, struct event_token_changed *out);
void fleet_remove_token(struct fleet *f, struct token *t);

/* It was accepted at its last boot, and nobody has rejected it since. */
static inline bool station_is_accepted(const struct station *s)
{
	return s->has_booted && s->boot_status == EVENT_REGISTRATION_ACCEPTED &&
	       s->policy != EVENT_REGISTRATION_REJECTED;
}

/* Marks what a view of the station (or vehicle) shows as changed. */
void fleet_touch(struct fleet *f, struct station *s);
void fleet_hear(struct fleet *f, struct station *s); /* something was said, or a command moved */
void fleet_touch_vehicle(struct fleet *f, struct vehicle *v);

/* One word for a person: free, reserved, plugged, charging, paused, done, faulted, unavailable,
 * unknown. */
const char *evse_state(const struct evse *e);

/* A transaction runs that no card or vehicle has been let in for yet: the station gives it no power. */
bool evse_wants_card(const struct evse *e);

/* When the vehicle next leaves after `now`, in the depot's zone, which is the process's (TZ is set
 * by csms/main.c); ms 0: not known. */
wall_t vehicle_departure(const struct vehicle *v, wall_t now);

void fleet_finish(struct fleet *f);

#endif
