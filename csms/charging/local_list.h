/*
 * Local authorisation lists kept in sync (D01, D02): for each station that is switched on for it,
 * what it has is compared with what it should have, on every connection and after every change of a
 * token. The first time all is sent (Full), then only changes (Differential), in messages of the
 * size that the station takes; a version that is not the expected one is repaired by sending all
 * again. A few stations at a time; the others wait. Loop thread only.
 */
#ifndef CSMS_LOCAL_LIST_H
#define CSMS_LOCAL_LIST_H

#include "csms/core.h"
#include "gen/ocpp201.h"

struct lists;

/* After restore_fleet() and restore_depot_file(). NULL with one line. */
struct lists *lists_create(struct core *c, char why[300]);

/* -- told by others --------------------------------------------------------------------------- */

/* A token was added or changed, or is about to be removed. */
void local_list_token(struct core *c, struct token *t);
void local_list_token_gone(struct core *c, struct token *t);

/* The station is connected and accepted, or its registration changed. */
void local_list_station(struct core *c, struct station *s);
void local_list_station_gone(struct core *c, const char *id);

/* N10.FR.02: what the station knew of the token was cleared; take it off its list too. It comes
 * back only when the token changes, or all is sent again. */
void local_list_forget_token(
	struct core *c, struct station *s, const char *type, const char *value);

/* Rows of csms/command/rules.c: GetLocalListVersion, SendLocalList or CustomerInformation was
 * answered. */
void local_list_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response);

/* -- asked by operators ----------------------------------------------------------------------- */

void local_list_set_mode(
	struct core *c, struct station *s, enum event_list_mode mode, const char *actor);

/* Sends all of it anew. -1 with one line: it is switched off, or not connected. */
int local_list_sync(struct core *c, struct station *s, const char *actor, char why[300]);

struct local_list_view {
	enum event_list_mode mode;
	bool is_own_mode; /* set by an operator; else by the depot's file */
	enum event_list_state state;
	const char *doing; /* static: idle, waits, asks, sends */
	int64_t version, entries;
	wall_t at;
	const char *note; /* NULL: none */
};
void local_list_look(const struct core *c, const struct station *s, struct local_list_view *out);

/* Tokens that belong into lists. */
int64_t local_list_tokens(const struct core *c);

void lists_destroy(struct lists *all);

#endif
