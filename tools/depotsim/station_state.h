/*
 * The inside of a station, for station.c, transaction.c and commands*.c only.
 */
#ifndef DEPOTSIM_STATION_STATE_H
#define DEPOTSIM_STATION_STATE_H

#include "gen/ocpp201.h"
#include "tools/depotsim/device_model.h"
#include "tools/depotsim/outbox.h"
#include "tools/depotsim/profiles.h"
#include "tools/depotsim/report.h"
#include "tools/depotsim/station.h"

enum boot_state { BOOT_NEEDED, BOOT_PENDING, BOOT_REJECTED, BOOT_ACCEPTED };

struct transaction {
	bool active;
	bool authorized;
	bool connector_told; /* evse.connectorId stands in one event only (E 1.5) */
	bool phases_told;
	char id[37];
	int64_t seq_no;
	enum ocpp201_charging_state state;
	char token[37];
	enum ocpp201_id_token_enum token_type;
	bool has_remote_start;
	int64_t remote_start_id;
	wall_t ready_at; /* authorised and connected; ms 0: not yet */
	int64_t next_sample_ms;
	int64_t told_mw, told_at_ms;
	struct session *session; /* belongs to the report */
};

/* Kept for a card or its group until a time. */
struct reservation {
	bool active;
	int64_t id, until_ms;
	char token[37], group[37];
};

/* Cards that the central system left here for times without it. */
struct local_list {
	int64_t version; /* 0: none was ever sent */
	int count;
	struct local_entry {
		char key[60]; /* "type/value" in lower case */
		bool accepted;
	} * items; /* owned */
};

struct evse {
	struct station *station;
	int id;
	bool dc;
	int phases;
	int place[3]; /* phases of the grid that its own hang on */
	int64_t max_mw, min_mw;
	int64_t import_mws; /* since the EVSE was built: never goes back */
	int64_t power_mw, limit_mw;
	int64_t followed_mw; /* limit that it keeps, troubles and all */
	int64_t past_mw[STATION_LATE_MAX_S + 1]; /* limits of the last seconds, by second */
	struct van *van; /* in the bay; NULL: none */
	bool plugged;
	bool served; /* this van's transaction has ended: no second one by itself */
	bool inoperative, inoperative_when_idle;
	enum ocpp201_connector_status told; /* last reported connector status */
	bool has_told;
	int64_t plug_due_ms, token_due_ms;
	bool authorizing;
	struct transaction tx;
	struct reservation reservation;
	/* RequestStartTransaction that waits for its van */
	bool reserved_by_remote;
	int64_t remote_until_ms, remote_start_id;
	char remote_token[37];
	enum ocpp201_id_token_enum remote_token_type;
	struct ocpp201_charging_profile *remote_profile;
	struct arena *remote_arena;
};

/* Phases that its van uses, or it has. */
int evse_used_phases(const struct evse *e);

/* A network profile that was set (B09); 0 is that of the command line. */
#define NETWORK_SLOTS 4
struct network_slot {
	char url[513]; /* "": none */
	int security_profile;
};

struct late_answer {
	struct late_answer *next;
	int64_t due_ms;
	struct text frame;
};

struct station {
	struct station_env *env;
	struct station_port port;
	struct station_trouble trouble;
	const struct depot_station *config;
	int evse_count;
	struct evse *evses;
	struct outbox out;
	struct profiles *profiles;
	struct device_model *device;
	struct local_list list;
	bool status_by_event, bay_sensor;
	struct old_wire *old_wire; /* NULL: it speaks OCPP 2.0.1 */

	bool connected, connecting;
	int failed_attempts;
	struct network_slot slots[NETWORK_SLOTS];
	int slot_place; /* in the order of network profiles */
	int64_t next_connect_ms, offline_since_ms;
	enum boot_state boot;
	enum ocpp201_boot_reason boot_reason;
	bool boot_sent;
	int64_t next_boot_ms;
	int64_t next_heartbeat_ms;
	int64_t reset_due_ms, reconnect_due_ms; /* 0: none */
	bool reset_when_idle;
	bool log_runs; /* its log is on its way */
	int64_t log_request;
	int64_t event_id;
	struct late_answer *late;
};

/* station.c */
void station_flush(struct station *s);
void station_take(struct station *s, const char *text, size_t len); /* a frame of 2.0.1 */
struct outbox_item *station_call(struct station *s, enum outbox_kind kind, const char *action,
	const struct schema_struct *type, const void *request);
void station_report_connector(struct station *s, struct evse *e, bool triggered);
void station_boot(struct station *s, enum ocpp201_boot_reason reason, bool triggered);
void station_heartbeat(struct station *s, enum outbox_kind kind);
struct evse *station_evse(struct station *s, int64_t id);

/* evse.c */
enum ocpp201_connector_status evse_status(const struct evse *e);
struct profiles_evse evse_profiles_view(const struct evse *e);
void evse_take_token(struct evse *e); /* the van's card becomes the transaction's */
void evse_step_vans(struct station *s);
void evse_step_power(struct station *s);
void evse_power_off(struct station *s);

/* transaction.c: each makes one TransactionEvent */
void tx_start(
	struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_charging_state state);
void tx_update(
	struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_charging_state state);
void tx_authorized(struct evse *e, enum ocpp201_trigger_reason trigger);
void tx_end(struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_reason reason,
	enum ocpp201_charging_state state);
void tx_sample(struct evse *e, bool triggered);
void tx_meter_values(struct evse *e); /* MeterValues outside of a transaction, when triggered */

/* commands.c: the answer to a CALL of the central system, as a whole frame */
struct ocpp_frame;
void command_answer(struct station *s, const struct ocpp_frame *call, struct text *frame);

/* A handler gets the decoded request and returns the response, both in `a`; NULL: no memory. */
typedef const void *(*command_fn)(struct station *s, const void *request, struct arena *a);

/* The time by its own clock. */
static inline wall_t station_wall(const struct station *s)
{
	return wall_add_ms(s->env->now, s->trouble.clock_ms);
}

/* commands_auth.c: D01, D02, H01 to H04 */
const void *command_send_local_list(struct station *s, const void *request, struct arena *a);
const void *command_local_list_version(struct station *s, const void *request, struct arena *a);
const void *command_reserve_now(struct station *s, const void *request, struct arena *a);
const void *command_cancel_reservation(struct station *s, const void *request, struct arena *a);
const void *command_cost_updated(struct station *s, const void *request, struct arena *a);
bool reservation_keeps_out(const struct evse *e, const char *token);
void reservation_step(struct evse *e); /* its time */
/* The transaction's card is the one: the number of the reservation that it uses up, 0 none. */
int64_t reservation_use(struct evse *e);
/* What the list says of the card: 1 accepted, 0 refused, -1 not in it. */
int local_list_says(const struct station *s, enum ocpp201_id_token_enum type, const char *value);

/* commands_trust.c: A02, A03, B09, M03 to M05 */
const void *command_certificate_signed(struct station *s, const void *request, struct arena *a);
const void *command_install_certificate(struct station *s, const void *request, struct arena *a);
const void *command_installed_certificates(struct station *s, const void *request, struct arena *a);
const void *command_delete_certificate(struct station *s, const void *request, struct arena *a);
const void *command_set_network_profile(struct station *s, const void *request, struct arena *a);
bool trust_asks(struct station *s, enum ocpp201_message_trigger message); /* false: it cannot */
/* The next connection goes by the first network profile of its order, or by the next one. */
void network_dial(struct station *s, bool anew);

/* commands_log.c: N01, C11 */
const void *command_get_log(struct station *s, const void *request, struct arena *a);
const void *command_clear_cache(struct station *s, const void *request, struct arena *a);

/* commands_model.c */
const void *command_get_variables(struct station *s, const void *request, struct arena *a);
const void *command_set_variables(struct station *s, const void *request, struct arena *a);
const void *command_get_base_report(struct station *s, const void *request, struct arena *a);
const void *command_set_profile(struct station *s, const void *request, struct arena *a);
const void *command_clear_profile(struct station *s, const void *request, struct arena *a);
const void *command_get_profiles(struct station *s, const void *request, struct arena *a);
const void *command_get_composite(struct station *s, const void *request, struct arena *a);

#endif
