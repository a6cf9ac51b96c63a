/*
 * Setpoints: what each EVSE is told, as charging profiles, and what it may be doing at worst.
 *
 * Two profiles an EVSE. Its default (TxDefaultProfile, level 0) says nothing flows until we speak:
 * 0 W for the idle lease, then the safe tail. A transaction's own (TxProfile, level 1) says w until
 * the lease ends, then no more than w and the tail, and the tail one whole lease later, when everybody
 * else has fallen to theirs, whatever the length of their leases. So no profile ever rises by itself but to the tail, the tails fit the
 * tree by proof, and a depotd that dies leaves a site that settles below every limit.
 *
 * Until a station has accepted a new limit it counts with the greater of old and new. Loop thread.
 */
#ifndef CSMS_SETPOINT_H
#define CSMS_SETPOINT_H

#include "csms/core.h"

/* One profile as the station holds it. */
struct held {
	int64_t lease_ms; /* 0: none */
	int64_t tail_ms; /* no more than w and the tail until then; at least the lease */
	int64_t w; /* until start + lease */
	int64_t give_w; /* … that it gives back meanwhile; 0: none */
	mono_t start;
	wall_t its_start; /* the same instant by its station's clock, as it was told */
	int64_t back_s; /* its schedule begins so long before that */
	int phases; /* that it was spread over; 0: all of the EVSE's */
	bool in_amperes;
	bool until_known; /* told before the station's clock was known: again as soon as it is */
};

struct lane {
	struct core *core;
	struct evse *evse;
	bool leans; /* below a node that batteries keep below its limit: short leases */
	bool phases_limited; /* a limit in A stands above it: said in A where the station takes that */
	char transaction[UTF8_SIZE(36)]; /* of `own`, "" none */
	struct held dflt, own;
	int64_t pending_w; /* limit on its way to the station, -1: none */
	bool pending_default; /* … is a default profile */
	bool unsure; /* an answer was lost: both old and new may be in force */
	int64_t unsure_w; /* … the greatest that may be */
	mono_t retry_at; /* not before, after a refusal or a lost answer */
	mono_t lower_at; /* … for a lowering, which cannot wait as long */
	int failures;
	bool say_default, say_own; /* to be said again, whatever is held */
	mono_t needs_by; /* a vehicle waits for a schedule: better one with power in it, till then */
	struct setpoint want; /* what control wants now */
};

void lane_init(struct lane *l, struct core *c, struct evse *e);

/* The greatest power that the EVSE may be drawing by what it holds, now until `now` + 1 s. */
int64_t lane_bound_w(const struct lane *l, mono_t now);

/* What the EVSE holds as its limit now, if nothing is on its way. */
int64_t lane_held_w(const struct lane *l, mono_t now);

/* What was told in A is another power once other phases are known to be in use: told as that. */
void lane_spread(struct lane *l);

/* True if `want` differs from what is held, or the lease is half over: something is to be sent. */
bool lane_is_due(const struct lane *l, mono_t now);

/* The last profile was not answered in time: the next may not get through either. */
bool lane_is_unanswered(const struct lane *l);

/* Sends `want` for the open transaction, or the default profile if there is none. 0, or -1: not
 * connected, or the queue is full. */
int lane_send(struct lane *l, mono_t now);

/* The station is back (what it holds is said again), or has booted (its transaction's profile is
 * gone as well). */
void lane_repeat(struct lane *l, bool booted);

/* The station's clock is another than what was told went by: all of it is said again. */
void lane_time_changed(struct lane *l);

/* Somebody else said what the EVSE may draw until now: anything may be in force. */
void lane_take_over(struct lane *l);

/* The vehicle told what it needs and waits for its schedule (K15.FR.08). */
void lane_needs(struct lane *l, mono_t now);

/* After a restart of depotd: all that is known is what the EVSE was told last, at most. */
void lane_restore(struct lane *l);

#endif
