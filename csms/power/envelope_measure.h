/*
 * Envelope measure: what was measured at a node, and what its EVSEs were told, while a limit counted.
 * Prepared on the loop, filled in on a reader thread from the series and the journal.
 */
#ifndef CSMS_ENVELOPE_MEASURE_H
#define CSMS_ENVELOPE_MEASURE_H

#include "csms/core.h"
#include "db/query_log.h"
#include "gen/event.h"
#include "scheduler/limits.h"

#define ENVELOPE_COMMANDS_MAX 500
#define ENVELOPE_REACTION_S   10 /* above the limit for longer: not kept (docs/control.md) */

/* One phase of the grid, where each has a limit. */
struct envelope_phase {
	int64_t measured_s, above_s;
	int64_t max_ma; /* in either direction: a breaker bears no more of what is fed in */
	wall_t max_at;
};

struct envelope_measure {
	const char *node, *point; /* its load in the series */
	struct schema_strings evses; /* below it: "CP-1/2" */
	struct schema_strings vehicles; /* that charge below it, or did since `from` */
	wall_t from, to;
	int64_t limit_w; /* in all; -1: none */
	int64_t limit_ma; /* of each phase; -1: none */
	int32_t volts; /* of a phase, nominal */
	const char *failed; /* NULL: it went well */
	int64_t measured_s, estimated_s, bounded_s, unmeasured_s; /* all together: its time */
	bool is_kept; /* by what was measured */
	bool is_unsure; /* that does not show it */
	int64_t mean_w, max_w, above_s, above_wh; /* mean, greatest: measured and estimated */
	int64_t bound_max_w; /* that may have flowed at most while only a bound was known */
	int64_t longest_s; /* above a limit of any kind without a break */
	struct envelope_phase phase[GRID_PHASES]; /* with limit_ma */
	int64_t export_limit_w; /* -1: none */
	int64_t export_max_w, export_above_s, export_above_wh;
	wall_t max_at;
	struct db_series_list minutes; /* mean and greatest of each */
	struct event_envelope_command_list commands; /* the first ENVELOPE_COMMANDS_MAX */
	int64_t command_count; /* of all */
};

/* Names in `a`. */
void envelope_measure_init(struct envelope_measure *m, const struct core *c, int node, wall_t from,
	wall_t to, const struct grid_bound *bound, struct arena *a);

/* On a reader thread. */
void envelope_measure(struct db_reader *r, struct envelope_measure *m, struct arena *a);

#endif
