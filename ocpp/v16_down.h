/*
 * OCPP 1.6 as OCPP 2.0.1, downwards: a request of 2.0.1 as the requests of 1.6 that do the same,
 * and their answers as the response of 2.0.1. docs/ocpp16.md has the tables.
 *
 * A plan is made before anything is sent; what 1.6 cannot say is said then. Pure, like ocpp/v16.h;
 * all memory is from the arena, and what a plan points at must live as long as the plan.
 */
#ifndef OCPP_V16_DOWN_H
#define OCPP_V16_DOWN_H

#include "ocpp/callerror.h"
#include "ocpp/v16.h"

/* What is known of the station that is asked. */
struct v16_facts {
	bool no_security; /* it said that it has no message of the security extension */
	bool only_amperes, only_watts; /* units of its charging schedules; both false: either */
	int (*phases)(void *arg, int64_t evse); /* of an EVSE; 0: it gives DC */
	void *arg;
	int volts; /* nominal, phase to neutral */
};

/* One request of 1.6. */
struct v16_ask {
	int action; /* OCPP16_… */
	const void *request;
	bool is_fallback; /* only if the one before it is not implemented there */
	bool is_secret; /* holds a password: not for any log */
};

struct v16_plan {
	int action; /* OCPP201_… */
	const void *request;
	size_t count;
	struct v16_ask *asks; /* to be sent in this order, each after the answer to the last */
};

/* What came back for an ask. */
struct v16_reply {
	bool was_asked;
	const void *response; /* of 1.6; NULL: a CALLERROR */
};

/* 0; -1 with one line in *why that says what 1.6 does not have. */
int v16_plan_make(struct arena *a, const struct v16_facts *f, int action, const void *request,
	struct v16_plan *out, const char **why);

/* The response of 2.0.1. At least one reply holds a response. NULL: there is none that says it, and
 * *why has one line. */
const void *v16_plan_conclude(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);

/* After a GetBaseReport that was accepted: the inventory that the configuration makes, in parts;
 * part 0 and up, NULL after the last. */
const struct ocpp201_notify_report_request *v16_report(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, wall_t now, int part);

#endif
