/*
 * Queries of who may do what, and of what control decided. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_ACCESS_H
#define DB_QUERY_ACCESS_H

#include "db/db.h"

struct db_token {
	const char *type, *value, *status, *group, *vehicle, *source;
	wall_t expires, at;
	const char *kind, *evses, *nodes, *windows; /* lists: one item a line */
	const char *language, *language2, *message;
	bool has_priority;
	int64_t priority;
};
struct db_token_list {
	size_t count;
	struct db_token *items;
};
/* All tokens, or those of the type and value that are not NULL; not limited. */
int db_query_tokens(struct db_reader *r, const char *type, const char *value, struct arena *a,
	struct db_token_list *out);

struct db_password_offer {
	const char *station, *id, *hash;
	bool waits;
};
struct db_password_offer_list {
	size_t count;
	struct db_password_offer *items;
};
/* All of them, oldest first. */
int db_query_password_offers(
	struct db_reader *r, struct arena *a, struct db_password_offer_list *out);

struct db_user {
	const char *name, *method, *peer;
	wall_t link_made_at, link_expires, link_used_at, signed_in_at;
};
struct db_user_list {
	size_t count;
	struct db_user *items;
};
int db_query_users(
	struct db_reader *r, const char *name, struct arena *a, struct db_user_list *out);

struct db_api_token {
	const char *id, *digest, *name, *role, *revoked_why;
	const char *nodes; /* one a line; NULL: the whole depot */
	const char *makers; /* of the event that made it, one a line; without: its actor; or NULL */
	const char *peer; /* that it came from last, NULL: never */
	wall_t made_at, expires, revoked_at, used_at;
};
struct db_api_token_list {
	size_t count;
	struct db_api_token *items;
};
/* All, or the one with this digest. Revoked and expired ones are included. */
int db_query_api_tokens(
	struct db_reader *r, const char *digest, struct arena *a, struct db_api_token_list *out);

struct db_plan {
	int64_t number, seq; /* seq: db_query_event() gives snapshot and result */
	const char *id, *trigger;
	int64_t vehicles, slots, slot_ms, solve_us, short_wh;
	wall_t at, start;
	bool has_night;
	int64_t night; /* days since 1970 of the local day at whose noon it began */
};
struct db_plan_list {
	size_t count;
	struct db_plan *items;
};
/* The last plans, newest first. */
int db_query_plans(struct db_reader *r, int limit, struct arena *a, struct db_plan_list *out);

struct db_guard_act {
	int64_t number, seq, measured_w, limit_w, lowered;
	const char *node, *quality, *reason;
	wall_t at;
};
struct db_guard_act_list {
	size_t count;
	struct db_guard_act *items;
};
/* The last actions of the guard, newest first. */
int db_query_guard_acts(
	struct db_reader *r, int limit, struct arena *a, struct db_guard_act_list *out);

struct db_depot {
	const char *source, *digest;
	int64_t nodes, stations, vehicles;
	wall_t at;
};
/* The depot file that was loaded last; *out NULL if none was. */
int db_query_depot(struct db_reader *r, struct arena *a, struct db_depot **out);

#endif
