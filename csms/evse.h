/* EVSE: a place to charge, the transaction there, and what it was told. Owned by its station
 * (csms/station.h); strings are kept in it. */
#ifndef CSMS_EVSE_H
#define CSMS_EVSE_H

#include <stdbool.h>
#include "csms/clock.h"
#include "csms/utf8.h"
#include "scheduler/phases.h"

#define CONNECTORS_MAX 8

struct station;
struct vehicle;

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
	int64_t state_seq, token_seq, cable_seq, phases_seq; /* whose event said so */
	wall_t cable_at; /* it said so of the cable */
	int64_t cable_max_a, phases_used; /* as the station said, believable or not; 0: nothing */
	int64_t begin_seq; /* of the event that `started` is of */
	int64_t register_seq; /* … and that begin_wh is of */
	int64_t remote_start_id; /* 0: none */
	bool is_open;
	bool is_restored; /* of before a restart: its times are by clocks that may be set since */
	bool is_lost; /* ended because its end was lost (csms/charging/doubt.h) */
	char charging_state[20]; /* OCPP spelling, "" unknown */
	wall_t refuses_at; /* it draws nothing of what is offered, since; ms 0: that is not so */
	wall_t full_at; /* it says that it takes no more, since (csms/vehicles/vehicle_charge.h); ms 0: no */
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

#endif
