/*
 * Telematics: what vehicles report over MQTT and HTTPS, as immutable readings and as the newest
 * value of each quantity with its source and time (docs/telematics.md).
 *
 * Readings are judged (vehicle, value, time), recorded with the turn and then acknowledged: what was
 * answered is on disk. A reading that is late, or there already, goes into history only; the present
 * never turns back. What cannot be believed or understood is set aside (csms/vehicles/telematics_aside.h).
 * Loop thread only.
 */
#ifndef CSMS_TELEMATICS_H
#define CSMS_TELEMATICS_H

#include "csms/core.h"
#include "csms/vehicles/telematics_map.h"

/* How a reading's time is known. Order and names are public: append only. */
enum telematics_confidence {
	TELEMATICS_MEASURED, /* its source said when */
	TELEMATICS_ARRIVED, /* nobody said when: as it came */
	TELEMATICS_RETAINED, /* a broker kept it: it may be of any age */
	TELEMATICS_CORRECTED, /* by a person */
	TELEMATICS_TOLD, /* a person read it off the vehicle (csms/vehicles/told_soc.h) */
};
extern const char *const telematics_confidence_names[];

/* Of a number in the store. */
enum telematics_confidence telematics_confidence_of(int stored);

/* The newest of one quantity. */
struct telematics_reading {
	double value;
	wall_t at, received; /* at.ms 0: never reported */
	const char *source;
	enum telematics_confidence confidence;
	double taken_pct; /* vehicle_taken_pct() when it came; negative: not known */
};

/* NULL: it never reported that. */
const struct telematics_reading *telematics_newest(
	const struct vehicle *v, enum telematics_quantity quantity);

/* Loads mappings, rules and what the store knows. core->alarms must be there. NULL with one line. */
struct telematics *telematics_create(struct core *c, char why[400]);

/* Connects to brokers; without the loop (scenarios) there are none. -1 with one line. */
int telematics_start(struct telematics *t, char why[400]);

/* Of `depotd --check`: reads all files of the config. -1 with one line. */
int telematics_check(const struct core *c, char why[400]);

/* Descriptions of vehicles changed: what sources call them. NULL is fine. */
void telematics_vehicles_changed(struct telematics *t);

/* It was removed: what was watched of it ends. NULL is fine. */
void telematics_vehicle_gone(struct telematics *t, const struct vehicle *v);

/* No more messages come by brokers. NULL is fine. */
void telematics_stop(struct telematics *t);
void telematics_destroy(struct telematics *t);

/* -- sources ---------------------------------------------------------------------------------- */

struct telematics_source;

struct telematics_counts {
	int64_t messages, readings; /* taken */
	int64_t late; /* … of those, older than the newest known */
	int64_t repeated; /* known already */
	int64_t aside; /* set aside */
	int64_t dropped; /* not even that: the same trouble too often, or not of use */
};

struct telematics_source_view {
	const char *id, *mapping, *link; /* link: "http", "mqtt: connected to …", why it is not */
	bool has_http, has_mqtt, is_connected, has_token;
	wall_t last; /* message; ms 0: none yet */
	struct telematics_counts counts;
	int open_aside;
};

int telematics_source_count(const struct telematics *t);
struct telematics_source *telematics_source_at(struct telematics *t, int i);
struct telematics_source *telematics_source_find(struct telematics *t, const char *id);
void telematics_source_look(const struct telematics_source *s, struct telematics_source_view *out);

/* Milliseconds until it may send more, 0: now. */
int64_t telematics_wait_ms(const struct telematics_source *s);

/* Takes a message into the turn; acknowledge it when that is on disk (record_then). */
bool telematics_ingest(struct telematics_source *s, const struct telematics_message *msg,
	bool is_retained, struct telematics_counts *outcome);

/* Tokens for HTTP. `out` gets the secret, which is shown this once. */
#define TELEMATICS_TOKEN_SIZE 44
void telematics_token_make(
	struct telematics_source *s, const char *actor, char out[TELEMATICS_TOKEN_SIZE]);
void telematics_token_revoke(struct telematics_source *s, const char *actor);
bool telematics_token_fits(const struct telematics_source *s, const char *secret);

#endif
