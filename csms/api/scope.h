/*
 * Scope: which nodes of the tree somebody is limited to, and what hangs there. Who is limited to none
 * has the whole depot. What is theirs is below their nodes; they also see the line of nodes above them,
 * whose limits bind them. A vehicle belongs to where it charges; one that charges nowhere is
 * everybody's. Loop thread only.
 */
#ifndef CSMS_API_SCOPE_H
#define CSMS_API_SCOPE_H

#include "csms/api/auth.h"
#include "csms/core.h"

struct scope {
	const struct core *core;
	const struct auth_who *who;
};

static inline bool scope_is_limited(const struct auth_who *who)
{
	return who->node_count > 0;
}

/* Have two people the same nodes? */
bool scope_is_same(const struct auth_who *a, const struct auth_who *b);

/* Theirs: what they may change. An unknown station or node is not. */
bool scope_holds_node(const struct scope *s, const char *id);
bool scope_holds_station(const struct scope *s, const char *id);
bool scope_holds_meter(const struct scope *s, const char *id);
bool scope_holds_vehicle(const struct scope *s, const char *id);

/* Their stations as a JSON array of names, for queries: what is not theirs must not be counted on a
 * page, or its end would tell of it. NULL: all are theirs. "[]" when there is no memory. */
const char *scope_stations(const struct scope *s, struct arena *a);

/* What they may look at. */
bool scope_sees_node(const struct scope *s, const char *id);
bool scope_sees_meter(const struct scope *s, const char *id);

/* What an alarm is about, or a measuring point measures: known by its name. What names nothing of the
 * depot's is everybody's to see, and nobody's of them to change. */
bool scope_sees_subject(const struct scope *s, const char *subject);
bool scope_holds_subject(const struct scope *s, const char *subject);
bool scope_sees_point(const struct scope *s, const char *name);

#endif
