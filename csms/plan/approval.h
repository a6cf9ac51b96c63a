/*
 * Approval: which plan the chargers of a group go by where plans need somebody's yes (a node of mode
 * assisted; csms/plan/assisted.h has them all).
 *
 * What is approved is a schedule: each vehicle's power over time. Each new plan is held against it.
 * Where that gives a vehicle control.approve_kwh less before it leaves, or costs control.approve_pct
 * more, the new one is *proposed*, and waits until it is approved, rejected, or its time is over;
 * what was approved stays meanwhile. The time runs from the first that waits, also when another takes
 * its place. After a no there is news only when more is lacking than then. What happens is journalled:
 * PlanProposed, PlanDecided with what was before; from there what is approved is taken up again at a
 * start. Loop thread only.
 */
#ifndef CSMS_APPROVAL_H
#define CSMS_APPROVAL_H

#include "csms/power/control_show.h"

struct approval;

/* Of the node's chargers. approval_restore() takes up what the journal says was approved for them; it
 * reads, so only at a start. NULL: no memory. */
struct approval *approval_create(struct core *c, const char *node);
struct approval *approval_restore(struct core *c, const char *node);
const char *approval_node(const struct approval *a);
void approval_destroy(struct approval *a);

/* A plan was made; `is_asked` says for which EVSEs somebody must be asked. */
void approval_plan_made(struct approval *a, const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg);

/* Lets what waits too long expire. Cheap. */
void approval_tick(struct approval *a);

/* W that the approved plan gives the EVSE's vehicle now; -1: none was approved for it. */
int64_t approval_w(const struct approval *a, const struct evse *e, wall_t now);

/* -- what waits, and what was decided ----------------------------------------------------------- */

struct approval_change {
	char vehicle[61], station[49];
	int evse;
	char text[200]; /* "6.0 kWh later, ready 05:10 instead of 03:20" */
};

struct approval_wait {
	char plan[37], trigger[80];
	wall_t made_at, since, expires;
	bool then_rule; /* what counts after that */
	int count;
	const struct approval_change *changes; /* [count] */
};

struct approval_given {
	char plan[37];
	wall_t at;
	char actor[100], why[UTF8_SIZE(500)];
};

/* Valid until the loop's next turn; NULL: nothing waits. */
const struct approval_wait *approval_waits(const struct approval *a);
/* NULL: nothing is approved. */
const struct approval_given *approval_given(const struct approval *a);

struct approval_wish {
	const char *plan;
	const char *node; /* whose group; NULL: of all in which it waits */
	bool is_yes;
	const char *actor, *why;
	void (*done)(void *arg, int status, const char *why); /* on disk and in force, or not */
	void *arg;
};
/* 0: on its way; or as HTTP means it, with one line: 409 that plan does not wait, 503. */
int approval_decide(struct approval *a, const struct approval_wish *wish, char why[200]);

#endif
