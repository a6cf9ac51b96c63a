/*
 * Queries of how things stand: stations, tokens, transactions, commands, control.
 *
 * For use inside db_read() and db_read_now(). Results and their strings live in the arena given;
 * a text that is absent is NULL, a time that is absent has ms 0. Lists are bounded by `limit`
 * (0: 100, at most 10000). 0, or -1 with db_reader_error(). The record itself (journal, wire,
 * series) is in db/query_log.h.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db/db.h"

/* Why the last query of this reader failed. */
const char *db_reader_error(const struct db_reader *r);

struct db_evse {
	int64_t id, max_w, min_w, tail_w, phases, connectors, max_ma;
	const char *kind, *rotation; /* rotation NULL, max_ma 0: not said */
};

struct db_station {
	const char *id, *policy, *node, *password_hash, *name, *source, *control;
	bool registered, connected; /* connected: as of the last event, also after a crash */
	int64_t security_profile, used_profile, epoch, close_code, interval_s;
	wall_t registered_at, connected_at, disconnected_at, boot_at;
	const char *protocol, *peer, *close_why;
	const char *boot_status, *boot_reason, *vendor, *model, *serial, *firmware;
	const char *iccid, *imsi;
	size_t evse_count;
	struct db_evse *evses;
};
struct db_station_list {
	size_t count;
	struct db_station *items;
};
/* All stations by id, or the one; not limited. */
int db_query_stations(
	struct db_reader *r, const char *id, struct arena *a, struct db_station_list *out);

struct db_connector {
	const char *station, *status;
	int64_t evse, connector;
	wall_t at;
};
struct db_connector_list {
	size_t count;
	struct db_connector *items;
};
int db_query_connectors(
	struct db_reader *r, const char *station, struct arena *a, struct db_connector_list *out);

struct db_setpoint {
	const char *station, *source, *node, *reason, *transaction_id;
	int64_t evse, limit_w, profile_id;
	wall_t at;
};
struct db_setpoint_list {
	size_t count;
	struct db_setpoint *items;
};
/* What each EVSE was last told. */
int db_query_setpoints(
	struct db_reader *r, const char *station, struct arena *a, struct db_setpoint_list *out);

struct db_transaction {
	int64_t number; /* stable, ours */
	const char *station, *id, *token, *token_type, *token_status, *vehicle;
	const char *charging_state, *stopped_reason, *quarantined;
	bool open, complete; /* complete: Started, Ended and every number between */
	bool has_evse, has_connector, has_remote_start_id;
	bool has_begin_wh, has_meter_wh, has_power_w, has_soc_pct;
	bool has_cable_max_a, has_phases_used, has_charging_s, has_reservation_id;
	int64_t cable_max_a, phases_used, charging_s, reservation_id; /* as the station said last */
	bool has_cost; /* final */
	int64_t cost_micro; /* millionths of `currency` */
	const char *currency;
	int64_t evse, connector, remote_start_id, events, samples;
	double begin_wh, meter_wh, energy_wh, power_w, soc_pct; /* energy: 0 until both registers */
	wall_t heard_at, started_at, ended_at, last_at, meter_at, power_at, soc_at;
	const char *seqs; /* "0-5,9" */
	const char *missing; /* "start, 6-8", NULL if nothing is known to be missing */
};
struct db_transaction_list {
	size_t count;
	struct db_transaction *items;
	const char *next; /* cursor of the next page, NULL: no more */
};
struct db_transaction_filter {
	const char *station, *id, *vehicle, *token;
	const char *within; /* of these stations: a JSON array of their names; NULL: of all */
	enum { DB_ANY_STATE, DB_OPEN, DB_ENDED } state;
	wall_t from, to; /* heard_at in [from, to); 0: open */
	const char *cursor;
	int limit;
};
/* Newest first. */
int db_query_transactions(struct db_reader *r, const struct db_transaction_filter *f,
	struct arena *a, struct db_transaction_list *out);

/* The same in numbers, of the newest `limit` at most. */
struct db_transaction_sum {
	int64_t sessions, open, quarantined;
	double energy_wh;
};
int db_query_transaction_sum(struct db_reader *r, const struct db_transaction_filter *f,
	struct arena *a, struct db_transaction_sum *out);

/* True if an event with this sequence number is in the journal: a retry needs no second look. */
bool db_transaction_has(const struct db_transaction *t, int64_t seq_no);

struct db_call {
	const char *call_id, *station, *action, *actor, *why;
	const char *outcome, *status, *error_code, *error_text; /* outcome NULL: not ended */
	const char *payload, *response; /* with `bodies` only */
	int64_t took_ms;
	wall_t queued_at, ended_at;
};
struct db_call_list {
	size_t count;
	struct db_call *items;
};
struct db_call_filter {
	const char *station, *call_id, *action;
	wall_t before; /* queued before this; 0: now */
	bool waiting; /* only those that have not ended */
	bool bodies;
	int limit;
};
/* Newest first. */
int db_query_calls(struct db_reader *r, const struct db_call_filter *f, struct arena *a,
	struct db_call_list *out);

#endif
