/*
 * Report: what a run amounted to, as JSON: every session to the watt-hour, every node's highest
 * second against its limit, what went over the wire and what was wrong with it.
 */
#ifndef DEPOTSIM_REPORT_H
#define DEPOTSIM_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include "schemas/text.h"
#include "schemas/wall.h"

/* One transaction. */
struct session {
	char station[49];
	int evse;
	char transaction[37];
	char vehicle[61]; /* "" if no van was there */
	wall_t started, ended; /* ended.ms 0: still running */
	int64_t begin_wh, end_wh; /* the register as told in Started and Ended */
	int64_t begin_mws, end_mws; /* the same, not rounded */
	int soc_begin, soc_end; /* tenths of a percent */
};

/* One stay of a van. */
struct stay {
	char vehicle[61], station[49];
	int evse;
	wall_t arrived, departs, left; /* left.ms 0: still there */
	int soc_begin, soc_end;
	int64_t need_wh; /* it came to get this from the socket */
	int64_t got_wh;
	bool ready; /* had it on leaving */
	bool possible; /* would have had it without any limit */
};

struct node_record {
	const char *id; /* belongs to the depot */
	int64_t limit_mw; /* -1: none */
	int64_t now_mw, max_mw, max_evse_mw;
	int64_t phase_mw[3], evse_phase_mw[3]; /* of the last second */
	wall_t max_at;
	int64_t seconds_above;
	int64_t energy_mws;
};

struct wire_counts {
	int64_t sent_calls, sent_answers, sent_errors;
	int64_t received_calls, received_answers, received_errors;
	int64_t bad_frames, bad_requests, bad_answers, late_answers;
	int64_t timeouts, discarded_events;
	int64_t connects, disconnects, failed_connects;
	int64_t profiles_accepted, profiles_rejected;
	int64_t clock_skew_ms; /* largest difference to the central system's currentTime */
};

struct report {
	struct wire_counts wire;
	int64_t steps;
	int64_t disobeyed_seconds; /* EVSE seconds above the limit in force there */
	int session_count, session_room;
	struct session **sessions;
	int stay_count, stay_room;
	struct stay **stays;
	int node_count;
	struct node_record *nodes;
	int fault_count;
	char *faults[50]; /* the first ones, one line each */
};

struct report *report_create(int node_count);

/* New records; they belong to the report. NULL when out of memory. */
struct session *report_session(struct report *r);
struct stay *report_stay(struct report *r);

/* Something was wrong in what the central system sent. */
void report_fault(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The node carried `mw`, `evse_mw` of it by EVSEs, in the second that began at `t`. */
void report_node_second(
	struct report *r, int node, int64_t mw, int64_t evse_mw, int64_t limit_mw, wall_t t);

/* The whole report as JSON. */
void report_write(const struct report *r, wall_t from, wall_t to, struct text *out);

void report_destroy(struct report *r);

#endif
