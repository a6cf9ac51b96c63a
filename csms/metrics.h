/*
 * Metrics: plain counters of the loop thread, shown at /metrics. Whoever counts, counts here.
 */
#ifndef CSMS_METRICS_H
#define CSMS_METRICS_H

#include <stdint.h>
#include "csms/net/limit.h"
#include "gen/ocpp201.h"

struct metrics {
	int64_t calls_in[OCPP201_ACTION_COUNT]; /* CALLs from stations that were handled */
	int64_t calls_out[OCPP201_ACTION_COUNT]; /* CALLs sent to stations */
	int64_t errors_out; /* CALLERRORs sent */
	int64_t errors_in; /* CALLERRORs received */
	int64_t bad_frames; /* texts that were no OCPP-J message */
	int64_t values_dropped; /* sampled values that went into no series */
	int64_t parts_unread; /* parts of messages that could not be read and were left out */
	int64_t unknown_connectors; /* states of connectors that their station does not have here */
	int64_t repeated; /* retries answered from memory */
	int64_t turns_refused; /* by a full queue of the store; nothing of them was answered */
	int64_t limits[LIMIT_COUNT]; /* how often each was reached */
	int64_t auth_failures;
	int64_t calls_timed_out;
	int64_t guard_cycles, guard_lowered;
	int64_t plans, plan_us_sum;
	int64_t limit_violation_ms; /* measured load above a node's limit */
};

#endif
