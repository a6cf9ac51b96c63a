/*
 * Fleet: what depotd knows about its stations, vehicles and tokens right now. All of it lives on
 * the loop thread, and all of it can be rebuilt from the journal and the depot's file.
 *
 * Identities compare without regard to case (identifierString, OCPP 2.0.1 Part 2 2.1) but are kept
 * as first written. Strings in these structs are owned by the fleet.
 */
#ifndef CSMS_FLEET_H
#define CSMS_FLEET_H

#include <stdbool.h>
#include <uthash.h>
#include "csms/station/station_clock.h"
#include "csms/timers.h"
#include "gen/event.h"
#include "scheduler/phases.h"

/* Room for `points` characters of any script: lengths in OCPP count code points. */
#define UTF8_SIZE(points) ((points)*4 + 1)

#define EVSES_MAX         100
#define CONNECTORS_MAX    8
#define STATION_FACTS_MAX 32 /* csms/station/device.h */

struct call_queue; /* csms/station/call.h */
struct retries; /* csms/station/retry.h */
struct inventory; /* csms/station/inventory.h */
struct trust; /* csms/station/trust.h */
struct report; /* csms/station/report.c */
struct holding; /* csms/power/holding.h */
struct external; /* csms/power/external.h */
struct reconcile; /* csms/power/reconcile.h */
struct sampling; /* csms/station/sampling.h */
struct session; /* csms/station/session.h */
struct station;
struct vehicle;
struct v16_book; /* csms/station/v16_book.h */
struct telemetry; /* csms/vehicles/telematics.h */
struct depot_vehicle;

/* A value with its age; `at.ms` 0: never known. */
struct reading {
	double value;
	wall_t at;
	mono_t mono; /* the same instant by the clock that nobody sets */
};

/* A value of that wall time; of the future counts as of now. */
struct reading reading_of(double value, wall_t at);

/* What says which vehicle stands at an EVSE, the strongest first. */
enum claim {
	CLAIM_CAR, /* the vehicle itself: EVCCID, eMAID, ConnectedEV.VehicleID */
	CLAIM_CARD, /* the card or code that its driver used */
	CLAIM_BAY, /* the depot's file: who parks here */
	CLAIM_COUNT
};

/* What the vehicle said that it needs (ISO 15118, NotifyEVChargingNeeds). */
struct needs {
	wall_t at; /* ms 0: it said nothing */
	int64_t max_tuples; /* periods that a schedule may have, 0: any */
	wall_t departs_at; /* ms 0: not said */
	int64_t energy_wh; /* -1: not said */
	int64_t max_w; /* 0: not said */
	struct reading meter_wh; /* the register then */
	int renegotiations; /* because its schedule exceeded what it was given */
};

/* A charging transaction that is open, or ended lately. */
struct transaction {
	char id[UTF8_SIZE(36)];
	struct evse *evse; /* NULL until an event named it */
	struct vehicle *vehicle; /* NULL: nobody we know; the best of `claims` */
	struct vehicle *claims[CLAIM_COUNT]; /* csms/charging/claim.h */
	char token[UTF8_SIZE(36)], token_type[21]; /* that it began with; "" none yet */
	wall_t started, ended, last;
	struct reading begin_wh, meter_wh; /* import register */
	int64_t last_seq; /* newest sequence number heard, -1: none */
	int64_t state_seq, full_seq, token_seq, cable_seq, phases_seq; /* whose event said so */
	wall_t cable_at; /* it said so of the cable */
	int64_t cable_max_a, phases_used; /* as the station said, believable or not; 0: nothing */
	int64_t begin_seq; /* of the event that `started` is of */
	int64_t register_seq; /* … and that begin_wh is of */
	int64_t remote_start_id; /* 0: none */
	bool is_open;
	bool is_restored; /* of before a restart: its times are by clocks that may be set since */
	bool is_lost; /* ended because its end was lost (csms/charging/doubt.h) */
	char charging_state[20]; /* OCPP spelling, "" unknown */
	wall_t full_at; /* the vehicle itself last stopped taking power; ms 0: never */
	double cost_told; /* by CostUpdated */
	wall_t cost_told_at; /* ms 0: never */
	uint32_t told_words; /* digest of the message that its driver saw last, 0: none */
	int64_t takes_w; /* the most that it takes of what it is offered, learnt; 0: not known */
	struct needs needs;
};

/* What is heard of a transaction before an event names its EVSE (csms/charging/live.h). */
struct unplaced {
	struct transaction tx; /* id "": no such */
	struct reading power_w, soc_pct;
};

/* What an EVSE was told to draw at most, and why. */
struct setpoint {
	int64_t limit_w; /* -1: never told */
	int64_t give_w; /* that the vehicle gives back, by CustomData; 0: none */
	char source[24]; /* plan, guard, tail, charger … */
	char node[61]; /* node whose limit decides, "" none */
	char reason[160]; /* for a person */
	wall_t at;
};

struct evse {
	struct station *station;
	int id;
	bool is_dc;
	int64_t max_w, min_w, tail_w;
	int phases;
	enum phases_rotation rotation;
	int64_t max_ma; /* on each phase, 0: not said */
	int connector_count;
	struct connector {
		char status
			[20]; /* Available, Occupied, Reserved, Unavailable, Faulted; "" unknown */
		wall_t at;
	} connectors[CONNECTORS_MAX];
	struct transaction tx; /* tx.id "" when there is none; ended ones stay until the next */
	char tx_before[UTF8_SIZE(36)]; /* the one whose place it took, "" none */
	char car[UTF8_SIZE(40)]; /* what the plugged vehicle calls itself; "" it did not say */
	struct reading power_w, soc_pct, import_wh;
	struct evse_phases {
		int32_t ma
			[GRID_PHASES]; /* currents of its own L1, L2, L3, as its meter told them */
		wall_t at; /* ms 0: never */
		wall_t of; /* start of the transaction that is learnt from */
		struct phases_learner learner; /* of the open transaction */
		struct phases_pattern pattern; /* reckoned with in the newest cycle */
	} currents;
	struct setpoint told; /* last accepted by the station */
	int grid_evse; /* index in the grid (csms/power/control.c), -1: not in it */
};

/* What certificate it may come with (csms/station/identity.h). */
struct station_identity {
	char serial[UTF8_SIZE(25)]; /* that its certificate names, "" not known */
	char source[20]; /* who said so: file, api, boot */
	bool expired_allowed, factory_allowed; /* an operator said so; until it has a better one */
	bool is_restricted; /* it came with such a one: pending until it has another */
	char fingerprint[65]; /* of the one that it came with last, "" none yet */
};

#define PASSWORD_OFFERS 3

/* A password that the station may or may not have taken (csms/station/password.h). */
struct password_offer {
	char id[37], hash[120];
	bool waits; /* it takes effect after a reboot */
};

/* The last word of a station about files that it fetches or brings. */
struct transfer_state {
	char status[41]; /* OCPP spelling, "" none */
	int64_t request_id; /* 0: none */
	wall_t at;
};

struct station {
	char id[49];
	char key[49]; /* id in lower case: the hash key */
	char name[UTF8_SIZE(100)];
	char node[61];
	enum event_registration policy;
	int security_profile; /* 0: any that is switched on */
	char password_hash[120]; /* "" none */
	struct password_offer offers[PASSWORD_OFFERS];
	int offer_count;
	struct station_identity identity;
	bool from_file;
	wall_t registered_at; /* last, with whatever change */
	bool is_manual; /* operators send its charging profiles: it counts at max_w, always */
	bool is_guest; /* nobody registered it; gone when its connection is */
	struct session *session; /* NULL: not connected */
	int64_t epoch; /* counts connections */
	int statuses_open; /* of certificates, that responders are asked for it */
	wall_t connected_at, last_seen;
	struct station_clock clock; /* csms/station/station_clock.h */
	mono_t reset_at; /* we asked it to restart; 0: never */
	int connected_profile; /* security profile of the connection */
	bool has_booted; /* a BootNotification was answered in this or an earlier connection */
	enum event_registration boot_status; /* what we last answered */
	char protocol[12];
	char vendor[UTF8_SIZE(50)], model[UTF8_SIZE(20)], serial[UTF8_SIZE(25)];
	char firmware[UTF8_SIZE(50)], iccid[UTF8_SIZE(20)], imsi[UTF8_SIZE(20)];
	struct transfer_state transfers[3]; /* by enum event_transfer_kind */
	int evse_count;
	struct evse *evses; /* owned; evse_count long */
	struct unplaced *unplaced; /* owned, LIVE_UNPLACED_MAX long; NULL: none yet */
	struct call_queue *calls; /* owned */
	struct v16_book *v16; /* owned; NULL: it never spoke OCPP 1.6 */
	struct retries *retries; /* its newest messages; owned, NULL: none yet */
	uint64_t facts_known; /* bit: enum device_fact */
	int64_t facts[STATION_FACTS_MAX];
	struct inventory *inventory; /* owned, NULL: nothing known of it */
	struct sampling *sampling; /* owned; NULL: not yet */
	struct trust *trust; /* owned, NULL: no certificates known */
	struct report *reports; /* utlist, owned: those that parts are still to come of */
	struct command *commands; /* open ones, csms/command.h */
	struct holding
		*holdings; /* utlist, owned: the charging profiles that it is believed to hold */
	struct external *externals; /* utlist, owned: limits that others have put on it */
	struct reconcile *reconcile; /* owned; NULL: not yet */
	bool shows_no_cost; /* it refused CostUpdated */
	struct {
		int points; /* of the process image */
		int room; /* samples that its series may still take now */
		mono_t filled;
	} values; /* csms/metering/values.c */
	uint64_t revision,
		heard; /* grow with every change that a view shows, and with every message */
	UT_hash_handle hh;
};

struct vehicle {
	char id[61], name[UTF8_SIZE(100)];
	int phases; /* that it charges with on AC, 0: not known */
	int64_t battery_wh, max_ac_w, max_dc_w, min_w, need_wh; /* need_wh -1: from the battery */
	int target_pct, priority;
	int departs_min; /* minutes after local midnight, -1: not daily */
	wall_t departs_at; /* once; ms 0: none */
	struct reading soc_pct;
	struct evse *evse; /* where its open transaction is; NULL: away */
	const struct depot_vehicle *row; /* how it is described; csms/vehicles/vehicles.h */
	struct arena *arena; /* of a row that people changed; NULL: the depot's file has it */
	struct telemetry
		*telemetry; /* csms/vehicles/telematics.h; owned, NULL: it never reported */
	uint64_t revision;
	UT_hash_handle hh;
	struct vehicle *next; /* of those that are gone */
};

#define TOKEN_PLACES_MAX  16
#define TOKEN_WINDOWS_MAX 8

/* What few tokens have: where, when and by what a holder may charge, and what he is shown. */
struct token_rules {
	char kind[3]; /* "ac", "dc"; "" any */
	int evse_count, node_count, window_count;
	char evses[TOKEN_PLACES_MAX][61]; /* "CP-1/2" or "CP-1" */
	char nodes[TOKEN_PLACES_MAX][61];
	char windows[TOKEN_WINDOWS_MAX][41]; /* csms/charging/token_window.h */
	bool has_priority;
	int priority;
	char language[UTF8_SIZE(8)], language2[UTF8_SIZE(8)];
	char message[UTF8_SIZE(512)];
};

struct token {
	char key[UTF8_SIZE(60)]; /* "TYPE/value" in lower case */
	char type[21], value[UTF8_SIZE(36)];
	char status[20]; /* Accepted, Blocked, Expired, Invalid … */
	char group[UTF8_SIZE(36)];
	wall_t expires; /* ms 0: never */
	struct vehicle *vehicle;
	struct token_rules *rules; /* owned; NULL: none */
	uint64_t list_hash,
		list_revision; /* csms/charging/local_list.h: of what lists say of it, 0: nothing */
	UT_hash_handle hh;
};

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

/* When the vehicle next leaves after `now`, in the depot's zone, which is the process's (TZ is set
 * by csms/main.c); ms 0: not known. */
wall_t vehicle_departure(const struct vehicle *v, wall_t now);

void fleet_finish(struct fleet *f);

#endif
