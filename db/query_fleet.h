/*
 * Queries of vehicles and what they report. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_FLEET_H
#define DB_QUERY_FLEET_H

#include "db/db.h"

struct db_vehicle {
	const char *id, *row; /* JSON as in the depot's file */
	const char *source, *actor;
	wall_t at;
};
struct db_vehicle_list {
	size_t count;
	struct db_vehicle *items;
};
/* Those that were changed on top of the depot's file, by id; not limited. */
int db_query_vehicles(struct db_reader *r, struct arena *a, struct db_vehicle_list *out);

struct db_reading {
	const char *vehicle, *quantity, *source;
	wall_t at, received;
	double value;
	int confidence;
};
struct db_reading_list {
	size_t count;
	struct db_reading *items;
};
/* The newest of each vehicle, quantity and source; not limited. */
int db_query_newest_readings(struct db_reader *r, struct arena *a, struct db_reading_list *out);

struct db_reading_filter {
	const char *vehicle;
	const char *quantity, *source; /* NULL: any */
	wall_t from, to; /* measured in [from, to); 0: open */
	int limit;
};
/* Newest first. */
int db_query_readings(struct db_reader *r, const struct db_reading_filter *f, struct arena *a,
	struct db_reading_list *out);

struct db_aside {
	const char *id, *source, *fault, *ref, *field, *quantity, *topic, *raw;
	bool has_value, has_new_value;
	double value, new_value;
	wall_t at, received, new_at;
	const char *vehicle, *new_quantity, *corrected_by; /* as it was corrected; NULL: not */
};
struct db_aside_list {
	size_t count;
	struct db_aside *items;
};
/* What was set aside and not let go, oldest first; not limited. */
int db_query_aside(struct db_reader *r, struct arena *a, struct db_aside_list *out);

struct db_telematics_token {
	const char *source, *digest, *actor;
	wall_t made_at;
};
struct db_telematics_token_list {
	size_t count;
	struct db_telematics_token *items;
};
int db_query_telematics_tokens(
	struct db_reader *r, struct arena *a, struct db_telematics_token_list *out);

#endif
