/*
 * OCPP 1.6 as OCPP 2.0.1, upwards: what a 1.6 station sends, as the requests of 2.0.1 that say the
 * same, and the answers back. docs/ocpp16.md has the tables.
 *
 * Pure: no clock, no state, no names of stations; what only the caller can know (numbers of
 * transactions, kinds of tokens, the time) comes in struct v16_hints and struct v16_tx. All memory
 * is from the arena of the hints; a result is NULL only for lack of it, unless a function says
 * otherwise. Results are such as the rows of ocpp201.schema take.
 */
#ifndef OCPP_V16_H
#define OCPP_V16_H

#include "gen/ocpp16.h"
#include "gen/ocpp201.h"

#define V16_ID_TAG_MAX 20 /* longest idTag, in code points */

struct v16_hints {
	struct arena *arena;
	wall_t now; /* for what carries no time of its own */
	/* The kind under which a tag is known; NULL: ISO14443 for all (1.6 has no kinds). */
	enum ocpp201_id_token_enum (*kind_of)(void *arg, const char *id_tag);
	void *arg;
	/* requestId of the newest GetLog and UpdateFirmware: 1.6 reports carry none. 0: none. */
	int64_t log_request, firmware_request;
};

/* One transaction, as 2.0.1 sees it. */
struct v16_tx {
	const char *id; /* 2.0.1 transactionId */
	int64_t connector; /* 0: not known */
	int64_t seq_no; /* of this event */
	bool is_offline; /* the event is older than the connection */
	bool has_remote_start; /* it was asked for by RequestStartTransaction … */
	int64_t remote_start;
	bool has_state;
	enum ocpp201_charging_state state;
};

/* The value of enum `to` that is spelt like value `v` of enum `from`, or `otherwise`. */
int v16_same(const struct schema_enum *from, int v, const struct schema_enum *to, int otherwise);

/* -- one for one (v16_up.c) ------------------------------------------------------------------- */

struct v16_up {
	int action; /* OCPP16_… */
	int to; /* OCPP201_… */
	void *(*request)(const struct v16_hints *h, const void *in);
	void *(*answer)(struct arena *a, const void *in); /* 2.0.1 response to 1.6 response */
};

/* The row of a 1.6 action that is one 2.0.1 action and needs no state, or NULL. */
const struct v16_up *v16_up_find(int action);

struct ocpp201_id_token *v16_id_token(const struct v16_hints *h, const char *id_tag);
void v16_id_tag_info(const struct ocpp201_id_token_info *in, struct ocpp16_id_tag_info *out);

/* 1.6 can carry it: not longer than an idTag. */
bool v16_is_tag(const char *s);

/* DataTransfer: a text of 1.6 as the JSON of 2.0.1, and back; what is no JSON string stays JSON. */
const char *v16_data_json(struct arena *a, const char *words);
const char *v16_data_text(struct arena *a, const char *json);

/* -- meter values (v16_values.c) -------------------------------------------------------------- */

/* What 2.0.1 can say of them: readings that are no number are left out, temperatures and fan speeds
 * are for v16_other_values(), meter values of which nothing remains go. -1 without memory. */
int v16_values(const struct v16_hints *h, const struct ocpp16_meter_value_list *in,
	struct ocpp201_meter_value_list *out);

/* A reading of a measurand that 2.0.1 does not have. */
struct v16_other {
	const char *measurand; /* Temperature in degrees Celsius, RPM */
	const char *location, *context; /* as 1.6 spells them; NULL: not said */
	wall_t at;
	double value;
};
void v16_other_values(const struct ocpp16_meter_value_list *in,
	void (*take)(void *arg, const struct v16_other *v), void *arg);

/* Appends one import register reading in Wh. -1 without memory. */
int v16_add_register(const struct v16_hints *h, struct ocpp201_meter_value_list *list, wall_t at,
	int64_t wh, enum ocpp201_reading_context context);

/* -- transactions and connectors (v16_tx.c) --------------------------------------------------- */

struct ocpp201_transaction_event_request *v16_started(const struct v16_hints *h,
	const struct ocpp16_start_transaction_request *in, const struct v16_tx *tx);
struct ocpp201_transaction_event_request *v16_ended(const struct v16_hints *h,
	const struct ocpp16_stop_transaction_request *in, const struct v16_tx *tx);

/* Meter values of a transaction. */
struct ocpp201_transaction_event_request *v16_metered(const struct v16_hints *h,
	const struct ocpp16_meter_values_request *in, const struct v16_tx *tx);

/* The connector's state changed in the transaction: tx->state. */
struct ocpp201_transaction_event_request *v16_changed(
	const struct v16_hints *h, wall_t at, const struct v16_tx *tx);

/* Meter values outside of a transaction. *nothing: nothing remains of them to be told. */
struct ocpp201_meter_values_request *v16_measured(
	const struct v16_hints *h, const struct ocpp16_meter_values_request *in, bool *nothing);

struct ocpp16_start_transaction_response *v16_start_answer(
	struct arena *a, const struct ocpp201_transaction_event_response *in, int64_t number);
struct ocpp16_stop_transaction_response *v16_stop_answer(
	struct arena *a, const struct ocpp201_transaction_event_response *in);

/* connectorId n is connector 1 of EVSE n; 0, the station, is EVSE 0 connector 0. */
struct ocpp201_status_notification_request *v16_status(
	const struct v16_hints *h, const struct ocpp16_status_notification_request *in);

/* The charging state that a connector state means for its open transaction; false: none. */
bool v16_charging_state(enum ocpp16_charge_point_status status, enum ocpp201_charging_state *out);

/* The errorCode as an event of the connector's (or station's) Problem. */
struct ocpp201_notify_event_request *v16_problem(const struct v16_hints *h,
	const struct ocpp16_status_notification_request *in, int64_t event_id);

#endif
