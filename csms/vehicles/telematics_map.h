/*
 * Telematics map: reads a message of a source by its mapping (etc/telematics/NAME.yaml) into raw
 * readings: which vehicle, what, how much in our unit, when; and says what it could not read. No
 * state, no clock; safe for messages from anybody (tests/fuzz/telematics_fuzz.c).
 */
#ifndef CSMS_TELEMATICS_MAP_H
#define CSMS_TELEMATICS_MAP_H

#include "csms/vehicles/telematics_units.h"
#include "schemas/arena.h"
#include "schemas/wall.h"

#define TELEMATICS_REF_MAX     100 /* bytes of what a source calls a vehicle */
#define TELEMATICS_FIELD_MAX   120
#define TELEMATICS_RECORDS_MAX 10000 /* of one message */

/* Why something of a message is set aside. Order and names are public: append only. */
enum telematics_fault {
	TELEMATICS_FINE,
	TELEMATICS_NOT_JSON,
	TELEMATICS_NO_VEHICLE, /* the record names none */
	TELEMATICS_UNKNOWN_VEHICLE, /* one that we do not have */
	TELEMATICS_UNKNOWN_FIELD, /* of which the mapping says nothing */
	TELEMATICS_BAD_VALUE, /* no number, or a word that the mapping does not know */
	TELEMATICS_IMPOSSIBLE, /* beyond what can be */
	TELEMATICS_BAD_TIME, /* cannot be read */
	TELEMATICS_FUTURE, /* further ahead than clocks differ */
	TELEMATICS_ANCIENT, /* older than what is kept */
	TELEMATICS_CONTRADICTS, /* another value for the same time */
	TELEMATICS_TOO_MANY, /* records in one message */
};
#define TELEMATICS_FAULTS (TELEMATICS_TOO_MANY + 1)
extern const char *const telematics_fault_names[TELEMATICS_FAULTS];

struct telematics_message {
	const char *topic; /* NULL: it came by HTTP */
	const char *text;
	size_t len;
	wall_t received;
	bool is_record; /* one that was taken out of a message */
	const char *ref; /* the vehicle, whatever it says; NULL: as it says */
	wall_t at; /* the same of its time; ms 0: as it says */
};

/* One thing that a message says. Texts live as long as the message and its arena. */
struct telematics_item {
	enum telematics_fault fault;
	const char *ref; /* what the source calls the vehicle, "" none */
	const char *field; /* as the source names it, "" the record as a whole */
	enum telematics_quantity quantity; /* of a value that could be read */
	double value;
	wall_t at; /* when it was measured; when it came if nothing says so */
	bool is_timed; /* the message said when */
	const char *record; /* JSON of the record that says so, or all that came */
	size_t record_len;
};

typedef void (*telematics_take)(void *arg, const struct telematics_item *item);

/* Reads and checks a mapping. NULL with one line for a person. */
const struct telematics_mapping *telematics_map_load(
	const char *path, struct arena *a, char why[400]);

/* 0, or -1 and what is wrong with it. */
int telematics_map_check(const struct telematics_mapping *map, char why[400]);

/* Calls `take` for each value of the message, and for each part that cannot be read. A text that is
 * not JSON is one item, and false. */
bool telematics_map_read(const struct telematics_mapping *map, const struct telematics_message *msg,
	struct arena *a, telematics_take take, void *arg);

#endif
