/* The inside of telematics, for csms/vehicles/telematics*.c and told_soc.c only. */
#ifndef CSMS_TELEMATICS_PRIVATE_H
#define CSMS_TELEMATICS_PRIVATE_H

#include "csms/vehicles/telematics.h"

struct telematics_asides; /* csms/vehicles/telematics_aside.h */
struct telematics_rules; /* csms/vehicles/telematics_rules.h */
struct telematics_link; /* csms/vehicles/telematics_mqtt.h */

struct telematics_source {
	struct telematics *owner;
	const struct config_telematics_source *config;
	const struct telematics_mapping *map;
	struct telematics_link *link; /* NULL: none */
	char token[65]; /* digest, "" none */
	double room; /* readings that it may send at once */
	mono_t filled;
	wall_t last;
	struct timer silence;
	struct telematics_counts counts;
};

#define TELEMATICS_TOLD_BY_SIZE 90 /* any actor with three words */

struct telemetry {
	struct telematics_reading newest[TELEMATICS_QUANTITIES];
	/* Of a state of charge that a person told (csms/vehicles/told_soc.c): its source, and what it
	 * overruled, of whom; "": nothing. */
	char told_by[TELEMATICS_TOLD_BY_SIZE], overruled_by[61];
	double overruled_pct;
};

/* What a vehicle is called: "SOURCE/ref", or "/ref" for all sources. */
struct telematics_alias {
	struct vehicle *vehicle;
	UT_hash_handle hh;
	char name[];
};

struct telematics {
	struct core *core;
	const struct config_telematics *config;
	struct arena *arena; /* of mappings and rules */
	struct telematics_source *sources;
	int source_count;
	struct telematics_alias *aliases;
	struct telematics_asides *asides;
	struct telematics_rules *rules;
	struct arena *scratch; /* of the message that is read */
};

struct vehicle *telematics_vehicle(
	struct telematics *t, const struct telematics_source *s, const char *ref);

/* Records a judged reading, and makes it the newest if it is. True: it was not known. */
bool telematics_apply(struct telematics_source *s, struct vehicle *v,
	const struct telematics_item *item, wall_t received, enum telematics_confidence confidence,
	struct telematics_counts *outcome);

/* One more look at an item whose vehicle is known: too far in the future, too old, another value for
 * the same time. */
enum telematics_fault telematics_judge(const struct telematics_source *s, const struct vehicle *v,
	const struct telematics_item *item, wall_t now);

#endif
