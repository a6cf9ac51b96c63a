/*
 * Projections: the tables that say how things stand, each a function of the events in the order of
 * the journal, changed in the same transaction as the journal.
 *
 * The same code runs in the writer and in a rebuild. It looks at nothing but the event and its own
 * tables: no clock, no file, no other event.
 */
#ifndef DB_PROJECTION_H
#define DB_PROJECTION_H

#include "db/journal.h"
#include "db/sqlite.h"

struct projections;

/* Prepares the statements on `s`. NULL with one line. */
struct projections *projections_create(struct sql *s, char why[300]);
void projections_destroy(struct projections *p);

/* Applies one event. 0, or -1 with the reason in the connection's error. */
int projections_apply(struct projections *p, const struct journal_entry *e);

/* 1: the idempotency key of `e` is taken in the stream of this number; 0: it is not; -1: failed, as
 * above. The events that were applied are those that count. */
int projections_know_key(struct projections *p, int64_t stream_id, const struct db_event *e);

/* After a rollback: forgets cached rows. */
void projections_forget(struct projections *p);

/* The projected tables and the order of their rows, for rebuild and check; name NULL ends. */
struct projection_table {
	const char *name, *key;
};
extern const struct projection_table projection_tables[];

/* -- for the files projection_*.c only -------------------------------------------------------- */

/* One table or a few that belong together. */
struct projection {
	const char *name;
	void *(*create)(struct sql *s);
	void (*destroy)(void *self);
	void (*forget)(void *self); /* NULL: caches nothing */
};

extern const struct projection projection_station;
extern const struct projection projection_transaction;
extern const struct projection projection_call;
extern const struct projection projection_command;
extern const struct projection projection_access;
extern const struct projection projection_cost;
extern const struct projection projection_price;
extern const struct projection projection_session;
extern const struct projection projection_grid;
extern const struct projection projection_network;
extern const struct projection projection_alarm;
extern const struct projection projection_safety;
extern const struct projection projection_envelope;
extern const struct projection projection_list;
extern const struct projection projection_reservation;
extern const struct projection projection_control;
extern const struct projection projection_report;
extern const struct projection projection_v16;
extern const struct projection projection_profile;
extern const struct projection projection_device;
extern const struct projection projection_password;
extern const struct projection projection_file;
extern const struct projection projection_security;
extern const struct projection projection_oscp;
extern const struct projection projection_vehicle;
extern const struct projection projection_telematics;
extern const struct projection projection_issued;
extern const struct projection projection_work;
extern const struct projection projection_identity;
extern const struct projection projection_storage;
extern const struct projection projection_people;
extern const struct projection projection_chance;

struct projection_rule {
	int type; /* EVENT_… */
	const struct projection *owner;
	int (*apply)(void *self, const struct journal_entry *e);
};

/* Rules of each file; type -1 at the end. An event may have rules in a few files. */
extern const struct projection_rule projection_station_rules[];
extern const struct projection_rule projection_transaction_rules[];
extern const struct projection_rule projection_call_rules[];
extern const struct projection_rule projection_command_rules[];
extern const struct projection_rule projection_access_rules[];
extern const struct projection_rule projection_cost_rules[];
extern const struct projection_rule projection_price_rules[];
extern const struct projection_rule projection_session_rules[];
extern const struct projection_rule projection_grid_rules[];
extern const struct projection_rule projection_network_rules[];
extern const struct projection_rule projection_alarm_rules[];
extern const struct projection_rule projection_safety_rules[];
extern const struct projection_rule projection_envelope_rules[];
extern const struct projection_rule projection_list_rules[];
extern const struct projection_rule projection_reservation_rules[];
extern const struct projection_rule projection_control_rules[];
extern const struct projection_rule projection_report_rules[];
extern const struct projection_rule projection_v16_rules[];
extern const struct projection_rule projection_profile_rules[];
extern const struct projection_rule projection_device_rules[];
extern const struct projection_rule projection_password_rules[];
extern const struct projection_rule projection_file_rules[];
extern const struct projection_rule projection_security_rules[];
extern const struct projection_rule projection_oscp_rules[];
extern const struct projection_rule projection_vehicle_rules[];
extern const struct projection_rule projection_telematics_rules[];
extern const struct projection_rule projection_issued_rules[];
extern const struct projection_rule projection_work_rules[];
extern const struct projection_rule projection_identity_rules[];
extern const struct projection_rule projection_storage_rules[];
extern const struct projection_rule projection_people_rules[];
extern const struct projection_rule projection_chance_rules[];

/* 1: the rows of transactions say that the key is taken. */
int projection_transaction_knows_key(void *self, int64_t stream_id, const char *key);

/* The part of a stream's name after its first slash: "CP-7" of "station/CP-7". */
const char *projection_subject(const struct journal_entry *e);
/* Depot and subject, as parameters 1 and 2. */
void projection_bind_key(sqlite3_stmt *st, const struct journal_entry *e);
/* The items as lines of one text; NULL without any. */
void projection_bind_lines(sqlite3_stmt *st, int at, const struct schema_strings *list);

#endif
