/*
 * Telematics aside: what sources sent and we could not take: unknown vehicles and fields, values
 * that cannot be, times that cannot be. Kept with what came, until a person corrects and replays it
 * or drops it. Bounded: of the same trouble of the same vehicle the first and newest ones; beyond
 * the config's rows the oldest goes. Journalled, so it survives a restart. Loop thread only.
 */
#ifndef CSMS_TELEMATICS_ASIDE_H
#define CSMS_TELEMATICS_ASIDE_H

#include "csms/vehicles/telematics.h"

#define TELEMATICS_RAW_MAX 2000 /* bytes of a record that are kept */

struct telematics_aside {
	char id[27];
	char slot[TELEMATICS_REF_MAX + TELEMATICS_FIELD_MAX + 80]; /* the same trouble again */
	struct telematics_source *source;
	enum telematics_fault fault;
	char *ref, *field, *topic, *raw; /* "" none; topic NULL: none */
	bool is_whole; /* raw is all that came */
	bool has_quantity, has_value, has_at;
	enum telematics_quantity quantity;
	double value;
	wall_t at, received;
	int more; /* of the same that were not kept */
	char vehicle[61]; /* as corrected; "" not */
	bool has_new_quantity, has_new_value;
	enum telematics_quantity new_quantity;
	double new_value;
	wall_t new_at; /* ms 0: not corrected */
	struct telematics_aside *prev, *next; /* oldest first */
	UT_hash_handle hh; /* by id */
};

struct telematics_asides *telematics_asides_create(struct telematics *t, char why[400]);
void telematics_asides_destroy(struct telematics_asides *all);

/* Sets the item aside. False: there is enough of the same; it is counted. */
bool telematics_set_aside(struct telematics_source *s, const struct telematics_message *msg,
	const struct telematics_item *item);

/* Oldest first. */
const struct telematics_aside *telematics_asides(const struct telematics *t);
int telematics_aside_count(const struct telematics *t, const struct telematics_source *s);
struct telematics_aside *telematics_aside_find(struct telematics *t, const char *id);

/* What a person knows better; absent: as it is. */
struct telematics_correction {
	const char *vehicle; /* NULL: not */
	bool has_quantity, has_value;
	enum telematics_quantity quantity;
	double value; /* in our unit */
	wall_t at; /* ms 0: not */
};
/* 0, or -1 with one line. */
int telematics_correct(struct telematics_aside *a, const struct telematics_correction *c,
	const char *actor, char why[300]);

/* Takes it as if it came now, corrected; it is gone then. The readings that became of it, or -1 with
 * what is still wrong. */
int telematics_replay(struct telematics_aside *a, const char *actor, char why[300]);

void telematics_drop(struct telematics_aside *a, const char *actor);

#endif
