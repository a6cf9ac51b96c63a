/*
 * Reports of stations that come in several messages: each part is journalled, the projection
 * stages it, and the report is in force when its last part and all before it are there (rule 21).
 * Parts may come twice, out of order, or between those of other reports; a number may be missing.
 * What never ends is dropped after a while, and how much may wait is bounded.
 *
 * Loop thread only.
 */
#ifndef CSMS_REPORT_H
#define CSMS_REPORT_H

#include "csms/station/dispatch.h"

/*
 * Takes one message of a report. `seq_no` -1: the message has no number, parts count as they come.
 * `generated_at` ms 0: not said. `items` is the JSON text of an array, NULL for an empty one:
 *   inventory   ReportDataType …
 *   monitoring  MonitoringDataType …
 *   profiles    {"evseId":1,"chargingLimitSource":"CSO","chargingProfile":{…}} …
 *   displays    MessageInfoType …
 *   customer    text …
 * Secrets must not be in it. False: no memory, do not answer.
 */
bool report_part(struct exchange *x, enum event_report_kind kind, int64_t request_id,
	int64_t seq_no, bool is_last, wall_t generated_at, const char *items);

/* The JSON array of `count` structs at `items`, for report_part(); NULL: no memory. */
const char *report_items(
	struct arena *a, const struct schema_struct *type, const void *items, size_t count);

/* For restore_fleet(): the reports whose parts are staged go on. -1 with one line. */
int reports_restore(struct core *c, char why[300]);

/* Forgets what waits of the station's reports in memory; for csms/fleet.c. */
void reports_forget(struct station *s);

#endif
