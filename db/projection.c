#include "db/projection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keys.h"
#include "gen/event.h"
#include "schemas/text.h"

#define RULES_MAX   8 /* files that take the same event */
#define TRANSACTION 1 /* row of parts[] that knows keys */

static const struct {
	const struct projection *projection;
	const struct projection_rule *rules;
} parts[] = {
	{&projection_station, projection_station_rules},
	[TRANSACTION] = {&projection_transaction, projection_transaction_rules},
	{&projection_call, projection_call_rules},
	{&projection_command, projection_command_rules},
	{&projection_access, projection_access_rules},
	{&projection_cost, projection_cost_rules},
	{&projection_price, projection_price_rules},
	{&projection_session, projection_session_rules},
	{&projection_alarm, projection_alarm_rules},
	{&projection_safety, projection_safety_rules},
	{&projection_grid, projection_grid_rules},
	{&projection_envelope, projection_envelope_rules},
	{&projection_network, projection_network_rules},
	{&projection_list, projection_list_rules},
	{&projection_reservation, projection_reservation_rules},
	{&projection_control, projection_control_rules},
	{&projection_report, projection_report_rules},
	{&projection_v16, projection_v16_rules},
	{&projection_profile, projection_profile_rules},
	{&projection_device, projection_device_rules},
	{&projection_password, projection_password_rules},
	{&projection_file, projection_file_rules},
	{&projection_security, projection_security_rules},
	{&projection_oscp, projection_oscp_rules},
	{&projection_vehicle, projection_vehicle_rules},
	{&projection_telematics, projection_telematics_rules},
	{&projection_issued, projection_issued_rules},
	{&projection_work, projection_work_rules},
	{&projection_identity, projection_identity_rules},
	{&projection_storage, projection_storage_rules},
	{&projection_people, projection_people_rules},
	{&projection_chance, projection_chance_rules},
};
#define PARTS (sizeof parts / sizeof *parts)

const struct projection_table projection_tables[] = {
	{"stations", "depot, id"},
	{"evses", "depot, station, id"},
	{"evse_wiring", "depot, station, id"},
	{"station_modems", "depot, station"},
	{"connectors", "depot, station, evse, connector"},
	{"setpoints", "depot, station, evse"},
	{"transactions", "id"},
	{"transaction_details", "id"},
	{"grid_edits", "depot, kind, id"},
	{"network_jobs", "depot, id"},
	{"issued_certificates", "depot, fingerprint"},
	{"signings", "depot, id"},
	{"alarms", "depot, id"},
	{"demand_windows", "depot, node, month"},
	{"chargers_learned", "depot, station, evse"},
	{"station_clocks", "depot, station"},
	{"power_returns", "depot, node"},
	{"power_return_evses", "depot, node, evse"},
	{"meter_doubts", "depot, meter"},
	{"islands", "depot, node"},
	{"envelopes", "depot, id"},
	{"envelope_owners", "depot, owner"},
	{"envelope_records", "depot, id, start_at"},
	{"tokens", "depot, type, value"},
	{"token_rules", "depot, type, value"},
	{"local_lists", "depot, station"},
	{"transaction_costs", "depot, station, transaction_id"},
	{"tariffs", "depot, id"},
	{"price_points", "depot, series, start"},
	{"site_windows", "depot, node, start"},
	{"energy_costs", "depot, station, transaction_id"},
	{"reservations", "depot, station, id"},
	{"calls", "depot, call_id"},
	{"commands", "depot, id"},
	{"plans", "depot, number"},
	{"guard_acts", "depot, number"},
	{"depots", "depot"},
	{"users", "depot, name"},
	{"api_tokens", "depot, id"},
	{"alerts", "depot, station, component, component_instance, evse, connector, variable,"
		   " variable_instance, monitor"},
	{"device_state", "depot, station"},
	{"jobs", "depot, id"},
	{"job_refusals", "depot, job, station"},
	{"reports", "depot, station, kind, request_id"},
	{"report_parts", "depot, station, kind, request_id, seq_no"},
	{"device_variables",
		"depot, station, component, component_instance, evse, connector, variable,"
		" variable_instance, attribute"},
	{"device_characteristics",
		"depot, station, component, component_instance, evse, connector, variable,"
		" variable_instance"},
	{"device_monitors", "depot, station, id"},
	{"displays", "depot, station, id"},
	{"charging_profiles", "depot, station, id"},
	{"external_limits", "depot, station, evse, source"},
	{"charging_needs", "depot, station, evse"},
	{"customer_reports", "depot, station, request_id"},
	{"v16_transactions", "depot, station, number"},
	{"v16_asked", "depot, station, kind, request_id"},
	{"password_offers", "depot, station, id"},
	{"file_tickets", "depot, ticket"},
	{"files", "depot, id"},
	{"firmware", "depot, id"},
	{"transfers", "depot, station, kind"},
	{"campaigns", "depot, id"},
	{"campaign_stations", "depot, campaign, station"},
	{"security_events", "depot, station, seq"},
	{"station_certificates",
		"depot, station, type, hash_algorithm, issuer_name_hash, issuer_key_hash, number"},
	{"station_identities", "depot, station"},
	{"people", "depot, name"},
	{"people_links", "depot, name"},
	{"api_token_limits", "depot, id"},
	{"api_token_uses", "depot, id"},
	{"oscp_peers", "depot, id"},
	{"vehicles", "depot, id"},
	{"telematics_aside", "depot, id"},
	{"telematics_tokens", "depot, source"},
	{"trips", "depot, id"},
	{"consumption_models", "depot, class"},
	{"vehicle_moves", "depot, vehicle"},
	{"chances", "depot, departs_at, vehicle, moment"},
	{"chances_met", "depot, departs_at, vehicle"},
	{"discharge_stops", "depot"},
	{"event_keys", "stream, idem"},
	{NULL, NULL},
};

struct projections {
	struct keys *keys;
	void *self[PARTS];
	struct {
		int count; /* 0: the event changes no table */
		struct {
			int (*apply)(void *self, const struct journal_entry *e);
			void *self;
		} rules[RULES_MAX];
	} by_type[EVENT_EVENT_COUNT];
};

static int add_rules(struct projections *p, size_t part, char why[300])
{
	for (const struct projection_rule *r = parts[part].rules; r->type >= 0; r++) {
		if (p->by_type[r->type].count == RULES_MAX) {
			snprintf(
				why, 300, "too many projections of %s", event_events[r->type].name);
			return -1;
		}
		p->by_type[r->type].rules[p->by_type[r->type].count].apply = r->apply;
		p->by_type[r->type].rules[p->by_type[r->type].count++].self = p->self[part];
	}
	return 0;
}

struct projections *projections_create(struct sql *s, char why[300])
{
	struct projections *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->keys = keys_create(s);
	if (!p->keys) {
		snprintf(why, 300, "%.299s", s->error);
		projections_destroy(p);
		return NULL;
	}
	for (size_t i = 0; i < PARTS; i++) {
		p->self[i] = parts[i].projection->create(s);
		if (!p->self[i]) {
			snprintf(why, 300, "%.299s", s->error);
			projections_destroy(p);
			return NULL;
		}
		if (add_rules(p, i, why) < 0) {
			projections_destroy(p);
			return NULL;
		}
	}
	return p;
}

void projections_destroy(struct projections *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < PARTS; i++)
		if (p->self[i])
			parts[i].projection->destroy(p->self[i]);
	keys_destroy(p->keys);
	free(p);
}

int projections_apply(struct projections *p, const struct journal_entry *e)
{
	/* Transactions see to the keys of their events. */
	if (e->idem && e->type != EVENT_TRANSACTION_REPORTED &&
		keys_add(p->keys, e->stream_id, e->idem) < 0)
		return -1;
	for (int i = 0; i < p->by_type[e->type].count; i++)
		if (p->by_type[e->type].rules[i].apply(p->by_type[e->type].rules[i].self, e) < 0)
			return -1;
	return 0;
}

static bool is_of_transaction(const struct db_event *e)
{
	return e->type == EVENT_TRANSACTION_REPORTED ||
	       strncmp(e->stream, "transaction/", sizeof "transaction/" - 1) == 0;
}

int projections_know_key(struct projections *p, int64_t stream_id, const struct db_event *e)
{
	int rc = is_of_transaction(e) ? projection_transaction_knows_key(
						p->self[TRANSACTION], stream_id, e->idem)
				      : 0;
	return rc ? rc : keys_find(p->keys, stream_id, e->idem);
}

void projections_forget(struct projections *p)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].projection->forget)
			parts[i].projection->forget(p->self[i]);
}

const char *projection_subject(const struct journal_entry *e)
{
	const char *slash = strchr(e->stream, '/');
	return slash ? slash + 1 : e->stream;
}

void projection_bind_key(sqlite3_stmt *st, const struct journal_entry *e)
{
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, projection_subject(e));
}

void projection_bind_lines(sqlite3_stmt *st, int at, const struct schema_strings *list)
{
	struct text t;

	text_init(&t, 0);
	for (size_t i = 0; i < list->count; i++)
		text_printf(&t, "%s%s", i ? "\n" : "", list->items[i]);
	if (t.len && text_ok(&t))
		sqlite3_bind_text(st, at, t.data, (int)t.len, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(st, at);
	text_finish(&t);
}
