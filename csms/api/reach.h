/*
 * Reach: how far each route goes for somebody who is limited to nodes of the tree. One row a route, in
 * reach.c; a route without one is refused to them, and fails the test of the table.
 */
#ifndef CSMS_API_REACH_H
#define CSMS_API_REACH_H

#include "csms/api/ask.h"
#include "csms/api/scope.h"

enum reach_kind {
	REACH_UNSAID,
	REACH_FREE, /* oneself, or what the whole depot shares */
	REACH_CUT, /* the answer holds only what is theirs, and the query names nothing else */
	REACH_STATION, /* the first {…} of the path is a station of theirs … */
	REACH_NODE,
	REACH_METER,
	REACH_VEHICLE,
	REACH_ALARM,
	REACH_ENVELOPE,
	REACH_COMMAND,
	REACH_FILE,
	REACH_BODY, /* what the body names is theirs, and it names something */
	REACH_QUERY, /* the same of the query */
	REACH_DEPOT, /* it is about the whole depot: not for them */
};

enum reach_kind reach_of(const struct route *r);
int reach_row_count(void);

/* "station", "whole depot" …: for lists and the manual. */
const char *reach_name(enum reach_kind kind);

/* May they ask this, where it is about? After the body was read; else the ask was answered. Before that
 * as far as the path says it: what is not theirs to ask need not be understood. */
bool reach_allows(struct ask *k);
bool reach_allows_path(struct ask *k);

/* The same without an answer, for somebody beside the one who asks. */
bool reach_covers(const struct ask *k, const struct auth_who *who);

/* What is left of an answer for those who are limited: lists without the items that are not theirs; the
 * original stays as it is. NULL: the answer itself is about something else. */
const void *reach_cut(const struct scope *s, struct arena *a, const struct schema_struct *type,
	const void *value);

/* view_stations_say() of what is theirs. */
void reach_stations_say(
	const struct scope *s, struct arena *a, const char **sentence, const char **sub);

/* The sentences of a tree, of meters and of alarms, put into them: of what is theirs. */
void reach_energy_say(const struct scope *s, struct api_tree *tree, struct arena *a);
void reach_meters_say(const struct scope *s, struct api_meter_list *list, struct arena *a);
void reach_alarms_say(const struct scope *s, struct api_alarm_list *list, struct arena *a);

/* The live picture as they may see it; NULL: no memory. */
const struct api_overview *reach_overview(const struct scope *s, struct arena *a);

#endif
