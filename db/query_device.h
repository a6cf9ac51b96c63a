/*
 * Queries of what stations say of themselves: variables, monitors, alerts, displays, reports.
 * As db/query.h otherwise.
 */
#ifndef DB_QUERY_DEVICE_H
#define DB_QUERY_DEVICE_H

#include "db/db.h"

/* A part of a report that is not complete yet. */
struct db_report_part {
	const char *station, *kind;
	int64_t request_id, seq_no, bytes;
	bool is_last;
};
struct db_report_part_list {
	size_t count;
	struct db_report_part *items;
};
/* By station, kind, request and number; not limited. */
int db_query_report_parts(struct db_reader *r, struct arena *a, struct db_report_part_list *out);

/* One attribute of a variable; instances are "" and evse, connector 0 where there is none. */
struct db_variable {
	const char *station, *component, *component_instance, *variable, *variable_instance;
	const char *attribute, *value, *previous, *pending, *mutability;
	const char *data_type, *unit, *values_list;
	int64_t evse, connector;
	bool persistent, constant, monitored, has_min_limit, has_max_limit;
	double min_limit, max_limit;
	wall_t value_at, changed_at;
};
struct db_variable_list {
	size_t count;
	struct db_variable *items;
};
struct db_variable_filter {
	const char *station, *component, *variable; /* in any case */
	const char *within; /* of these stations: a JSON array of their names; NULL: of all */
	const char *text; /* within a name, an instance or the value; in any case */
	wall_t changed; /* whose value changed at this time or later; ms 0: any */
	int64_t after; /* so many are left out at the start */
	int limit;
};
/* By station and name. */
int db_query_variables(struct db_reader *r, const struct db_variable_filter *f, struct arena *a,
	struct db_variable_list *out);

/* The Actual of these variables (the list ends in NULL) of all stations; not limited. */
int db_query_actual(struct db_reader *r, const char *const *variables, struct arena *a,
	struct db_variable_list *out);

/* Variables of two stations, side by side; NULL: that station does not have it. */
struct db_difference {
	const char *component, *component_instance, *variable, *variable_instance, *attribute;
	const char *a, *b; /* values; "" of a write-only one */
	int64_t evse, connector;
	bool in_a, in_b;
};
struct db_difference_list {
	size_t count;
	struct db_difference *items;
};
/* Only what differs, or `all`. */
int db_query_compare(struct db_reader *r, const char *a, const char *b, bool all, int64_t after,
	int limit, struct arena *arena, struct db_difference_list *out);

struct db_monitor {
	const char *component, *component_instance, *variable, *variable_instance, *type;
	int64_t id, evse, connector, severity;
	double value;
	bool in_transaction;
	wall_t at;
};
struct db_monitor_list {
	size_t count;
	struct db_monitor *items;
};
int db_query_monitors(
	struct db_reader *r, const char *station, struct arena *a, struct db_monitor_list *out);

struct db_alert {
	const char *station, *component, *component_instance, *variable, *variable_instance;
	const char *source, *value, *transaction_id, *tech_code, *tech_info;
	int64_t evse, connector, monitor, event_id, times,
		severity; /* monitor, severity -1: none */
	int64_t cause; /* 0: none */
	bool is_open;
	wall_t opened_at, cleared_at, at;
};
struct db_alert_list {
	size_t count;
	struct db_alert *items;
};
/* Newest first. `station` NULL: of all. */
int db_query_alerts(struct db_reader *r, const char *station, bool only_open, int limit,
	struct arena *a, struct db_alert_list *out);

struct db_display {
	int64_t id;
	const char *message; /* MessageInfoType as JSON */
	wall_t at;
};
struct db_display_list {
	size_t count;
	struct db_display *items;
};
int db_query_displays(
	struct db_reader *r, const char *station, struct arena *a, struct db_display_list *out);

struct db_charging_profile {
	const char *station, *purpose, *transaction_id, *source, *profile; /* ChargingProfileType */
	int64_t id, evse, stack_level;
	wall_t at;
};
struct db_charging_profile_list {
	size_t count;
	struct db_charging_profile *items;
};
/* By station, EVSE, purpose, level. `station` NULL: of all; not limited. */
int db_query_charging_profiles(struct db_reader *r, const char *station, struct arena *a,
	struct db_charging_profile_list *out);

struct db_customer_report {
	int64_t request_id;
	const char *data;
	wall_t at;
};
struct db_customer_report_list {
	size_t count;
	struct db_customer_report *items;
};
/* Newest first. */
int db_query_customer_reports(struct db_reader *r, const char *station, int limit, struct arena *a,
	struct db_customer_report_list *out);

/* What was set or asked of a station's device model as a whole. */
struct db_device_state {
	const char *station, *monitoring_base, *inventory_of, *inventory_outcome;
	int64_t monitoring_level, inventory_tries; /* level -1: never set */
	wall_t inventory_at;
};
struct db_device_state_list {
	size_t count;
	struct db_device_state *items;
};
/* Of one station, or of all (NULL); not limited. */
int db_query_device_states(struct db_reader *r, const char *station, struct arena *a,
	struct db_device_state_list *out);

/* The same asked of many stations: db_query_commands() with its id as parent tells the rest. */
struct db_job {
	const char *id, *action, *payload, *why, *actor;
	int64_t stations;
	wall_t at;
	size_t refusal_count;
	struct db_job_refusal {
		const char *station, *why;
	} * refusals; /* stations that no command could start for */
};
/* `*out` NULL with 0: there is no such job. */
int db_query_job(struct db_reader *r, const char *id, struct arena *a, struct db_job **out);

#endif
