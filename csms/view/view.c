#include "csms/view/view.h"

#include <stdio.h>
#include <string.h>

#include "csms/power/belief.h"
#include "csms/charging/claim.h"
#include "csms/power/control.h"
#include "csms/power/external.h"
#include "csms/charging/cost.h"
#include "csms/metering/meters.h"
#include "csms/charging/reservation.h"
#include "csms/station/session.h"
#include "csms/charging/charge_price.h"

/* The text, or NULL if there is none. Strings of the fleet are copied: a view outlives its turn. */
static const char *copy(struct arena *a, const char *s)
{
	return s != NULL && s[0] != '\0' ? arena_strdup(a, s) : NULL;
}

static void put_time(wall_t t, bool *has, wall_t *out)
{
	*has = t.ms != 0;
	*out = t;
}

static void put_reading(const struct reading *r, bool *has, double *value, bool *has_at, wall_t *at)
{
	*has = *has_at = r->at.ms != 0;
	*value = r->value;
	*at = r->at;
}

/* -- stations -------------------------------------------------------------------------------- */

static void view_connectors(const struct evse *e, struct arena *a, struct api_connector_list *out)
{
	struct api_connector *items = arena_alloc(a, sizeof(*items) * (size_t)e->connector_count);

	if (items == NULL)
		return;
	for (int i = 0; i < e->connector_count; i++) {
		const char *status = e->connectors[i].status;
		items[i].id = i + 1;
		items[i].status = status[0] != '\0' ? arena_strdup(a, status) : "Unknown";
		put_time(e->connectors[i].at, &items[i].has_at, &items[i].at);
	}
	out->count = (size_t)e->connector_count;
	out->items = items;
}

static void view_transaction(
	const struct core *c, const struct evse *e, struct arena *a, struct api_evse_view *out)
{
	const struct transaction *tx = &e->tx;
	int64_t micro;

	out->transaction = copy(a, tx->id);
	put_time(tx->started, &out->has_transaction_at, &out->transaction_at);
	out->vehicle = tx->vehicle != NULL ? copy(a, tx->vehicle->id) : NULL;
	out->vehicle_by = claim_words(e, a);
	out->vehicle_conflict = claim_conflict(e, a);
	out->has_cost = cost_of(c, tx, clock_wall(), &micro);
	if (out->has_cost) {
		out->cost = charge_price_amount(micro);
		out->currency = c->depot->charge_price->currency;
	}
	out->has_cable_max_a = tx->cable_seq >= 0;
	out->cable_max_a = tx->cable_max_a;
	if (out->has_cable_max_a) {
		out->cable_source = "station";
		put_time(tx->cable_at, &out->has_cable_at, &out->cable_at);
	}
	out->has_phases_used = tx->phases_seq >= 0;
	out->phases_used = tx->phases_used;
	out->has_session_wh = tx->begin_wh.at.ms != 0 && tx->meter_wh.at.ms != 0;
	out->session_wh = tx->meter_wh.value - tx->begin_wh.value;
}

/* H01: kept for somebody. */
static void view_reservation(
	const struct core *c, const struct evse *e, struct arena *a, struct api_evse_view *out)
{
	const struct reservation *r = reservation_of(c, e);

	if (r == NULL)
		return;
	out->has_reservation = true;
	out->reservation = r->id;
	out->reserved_for = copy(a, r->token);
	put_time(r->expires, &out->has_reserved_until, &out->reserved_until);
}

static void view_external(const struct core *c, const struct evse *e, struct api_evse_view *out)
{
	enum ocpp201_charging_limit_source source = OCPP201_CHARGING_LIMIT_SOURCE_OTHER;
	int64_t w = e->station->externals || e->station->holdings
			    ? external_cap_w(c, e, clock_wall(), &source)
			    : INT64_MAX;

	out->has_external_w = w != INT64_MAX;
	out->external_w = out->has_external_w ? w : 0;
	if (!out->has_external_w)
		return;
	put_time(external_cap_at(c, e, clock_wall()), &out->has_external_at, &out->external_at);
	out->external_source = ocpp201_charging_limit_source_enum.values[source];
}

static wall_t rated_since(const struct core *c, const struct evse *e)
{
	if (!c->control || e->grid_evse < 0)
		return c->started;
	return control_rated_since(c->control,
		grid_tree_evse_node(control_grid(c->control), e->grid_evse), RATED_POWER);
}

static void view_currents(const struct evse *e, struct arena *a, struct api_evse_view *out)
{
	double *items = arena_alloc(a, sizeof(*items) * GRID_PHASES);

	put_time(e->currents.at, &out->has_currents_at, &out->currents_at);
	if (items == NULL || !out->has_currents_at)
		return;
	for (int p = 0; p < GRID_PHASES; p++)
		items[p] = (double)e->currents.ma[p] / 1000.0;
	out->currents_a.count = GRID_PHASES;
	out->currents_a.items = items;
}

void view_evse(
	const struct core *c, const struct evse *e, struct arena *a, struct api_evse_view *out)
{
	struct setpoint told;

	*out = (struct api_evse_view){
		.id = e->id,
		.kind = e->is_dc ? API_CURRENT_DC : API_CURRENT_AC,
		.max_w = e->max_w,
		.min_w = e->min_w,
		.phases = e->phases,
		.tail_w = e->tail_w,
		.rated_source = e->station->from_file ? "file" : "registered",
		.rated_since = rated_since(c, e),
		.state = evse_state(e),
	};
	view_connectors(e, a, &out->connectors);
	if (e->tx.is_open)
		view_transaction(c, e, a, out);
	put_reading(
		&e->power_w, &out->has_power_w, &out->power_w, &out->has_power_at, &out->power_at);
	put_reading(&e->import_wh, &out->has_import_wh, &out->import_wh, &out->has_import_at,
		&out->import_at);
	if (e->tx.is_open || e->soc_pct.at.ms > e->tx.ended.ms)
		put_reading(&e->soc_pct, &out->has_soc_pct, &out->soc_pct, &out->has_soc_at,
			&out->soc_at);
	view_currents(e, a, out);
	view_reservation(c, e, a, out);
	view_external(c, e, out);
	if (e->told.limit_w < 0)
		return;
	control_told(c->control, e, &told);
	out->has_limit_w = true;
	out->limit_w = told.limit_w;
	out->limit_source = copy(a, told.source);
	out->limit_node = copy(a, told.node);
	out->limit_reason = copy(a, told.reason);
	put_time(told.at, &out->has_limit_at, &out->limit_at);
}

static const char *boot_status(const struct station *s)
{
	static const char *const names[] = {
		[EVENT_REGISTRATION_ACCEPTED] = "Accepted",
		[EVENT_REGISTRATION_PENDING] = "Pending",
		[EVENT_REGISTRATION_REJECTED] = "Rejected",
	};

	return s->has_booted ? names[s->boot_status] : NULL;
}

static void view_transfers(const struct station *s, struct arena *a, struct api_station_view *out)
{
	const struct transfer_state *f = &s->transfers[EVENT_TRANSFER_KIND_FIRMWARE];
	const struct transfer_state *l = &s->transfers[EVENT_TRANSFER_KIND_LOG];

	out->firmware_status = copy(a, f->status);
	out->has_firmware_request = f->request_id != 0;
	out->firmware_request = f->request_id;
	put_time(f->at, &out->has_firmware_at, &out->firmware_at);
	out->publish_status = copy(a, s->transfers[EVENT_TRANSFER_KIND_PUBLISH].status);
	out->log_status = copy(a, l->status);
	out->has_log_request = l->request_id != 0;
	out->log_request = l->request_id;
	put_time(l->at, &out->has_log_at, &out->log_at);
}

void view_station(const struct core *c, const struct station *s, struct arena *a,
	struct api_station_view *out)
{
	*out = (struct api_station_view){
		.id = arena_strdup(a, s->id),
		.name = copy(a, s->name),
		.node = arena_strdup(a, s->node),
		.policy = (enum api_policy)s->policy,
		.security_profile = s->session != NULL ? s->connected_profile : s->security_profile,
		.connected = s->session != NULL,
		.protocol = copy(a, s->protocol),
		.boot_status = boot_status(s),
		.vendor = copy(a, s->vendor),
		.model = copy(a, s->model),
		.serial = copy(a, s->serial),
		.firmware = copy(a, s->firmware),
		.iccid = copy(a, s->iccid),
		.imsi = copy(a, s->imsi),
		.has_password = s->password_hash[0] != '\0',
		.control = s->is_manual ? API_CONTROL_MANUAL : API_CONTROL_AUTOMATIC,
		.sentence = view_station_say(s, a),
	};
	put_time(s->connected_at, &out->has_connected_at, &out->connected_at);
	put_time(s->last_seen, &out->has_last_seen, &out->last_seen);
	view_transfers(s, a, out);
	out->evses.items = arena_alloc(a, sizeof(*out->evses.items) * (size_t)s->evse_count + 1);
	if (out->evses.items == NULL)
		return;
	out->evses.count = (size_t)s->evse_count;
	for (int i = 0; i < s->evse_count; i++)
		view_evse(c, &s->evses[i], a, &out->evses.items[i]);
}

/* -- tree ------------------------------------------------------------------------------------ */

/* The row of the depot's file behind a node: usually at the same place as in the grid's rows. */
static const struct depot_node *depot_node_of(const struct core *c, const struct grid_node *n)
{
	const struct depot_node_list *list = &c->depot->nodes;

	if (n->row >= 0 && (size_t)n->row < list->count &&
		strcmp(list->items[n->row].id, n->id) == 0)
		return &list->items[n->row];
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].id, n->id) == 0)
			return &list->items[i];
	return NULL;
}

/* One limit where there is one, or where something is measured against none. */
static void view_limit(struct api_node_view *out, const char *what, const char *unit,
	const struct control_limit *l, double scale)
{
	struct api_node_limit_view *v = &out->limits.items[out->limits.count];

	if (l->limit < 0 && l->load < 0)
		return;
	out->limits.count++;
	*v = (struct api_node_limit_view){
		.what = what,
		.unit = unit,
		.has_limit = l->limit >= 0,
		.limit = (double)l->limit * scale,
		.source = l->limit >= 0 ? l->source : NULL,
		.has_load = l->load >= 0,
		.load = (double)l->load * scale,
		.load_source = l->load >= 0 ? l->load_source : NULL,
	};
	if (l->limit >= 0)
		put_time(l->since, &v->has_since, &v->since);
}

static void view_limits(const struct control_node *now, struct arena *a, struct api_node_view *out)
{
	const char **binds = arena_alloc(a, (GRID_CHANNELS + 1) * sizeof(*binds));

	out->limits.items = arena_alloc(a, (GRID_PHASES + 2) * sizeof(*out->limits.items));
	if (binds == NULL || out->limits.items == NULL)
		return;
	for (int p = 0; p < GRID_PHASES; p++)
		view_limit(out, grid_channel_name((enum grid_channel)(GRID_L1 + p)), "A",
			&now->phase[p], 0.001);
	view_limit(out, grid_channel_name(GRID_IMBALANCE), "A", &now->imbalance, 0.001);
	if (now->feed.limit >= 0 || now->feed.load > 0)
		view_limit(out, "export", "W", &now->feed, 1);
	out->binds.items = binds;
	for (int b = 0; b <= GRID_IMBALANCE; b++)
		if (now->binds >> b & 1)
			binds[out->binds.count++] = grid_channel_name((enum grid_channel)b);
	if (now->binds)
		put_time(now->binds_since, &out->has_binds_since, &out->binds_since);
	out->binds_by = now->binds_by;
	out->binds_source = now->binds_source;
	if (now->binds_envelope[0])
		out->binds_envelope = arena_strdup(a, now->binds_envelope);
	put_time(now->binds_until, &out->has_binds_until, &out->binds_until);
	out->bears = now->bears;
}

static void view_node(const struct core *c, const struct grid_tree *g, int index, struct arena *a,
	struct api_node_view *out)
{
	const struct grid_node *n = grid_tree_node(g, index);
	const struct control_node *now = control_node(c->control, index);
	const struct depot_node *row = depot_node_of(c, n);

	*out = (struct api_node_view){
		.id = arena_strdup(a, n->id),
		.name = arena_strdup(a, row != NULL && row->name != NULL ? row->name : n->id),
		.kind = row != NULL ? depot_node_kind_enum.values[row->kind]
				    : grid_kind_name(n->kind),
		.parent = n->parent >= 0 ? arena_strdup(a, grid_tree_node(g, n->parent)->id) : NULL,
		.has_limit_w = now->limit_w >= 0,
		.limit_w = now->limit_w,
		.limit_source = now->limit_w >= 0 ? now->limit_source : NULL,
		.has_load_w = now->load_w != GRID_UNKNOWN,
		.load_w = now->load_w,
		.load_source = now->load_w != GRID_UNKNOWN ? now->load_source : NULL,
		.evse_w = now->evse_w,
		.allowed_w = now->allowed_w,
		.allowed_source = "guard",
		.allowed_at = control_decided_at(c->control),
		.meter = row != NULL ? row->meter : NULL,
	};
	if (out->has_load_w)
		put_time(now->load_at, &out->has_load_at, &out->load_at);
	if (out->has_limit_w)
		put_time(now->limit_since, &out->has_limit_since, &out->limit_since);
	view_limits(now, a, out);
}

/* Charging places are shown as stations. */
static bool is_place(const struct grid_node *n)
{
	return n->kind == GRID_STATION || n->kind == GRID_EVSE;
}

void view_tree(const struct core *c, struct arena *a, struct api_tree *out)
{
	const struct grid_tree *g = c->control != NULL ? control_grid(c->control) : NULL;
	int count = g != NULL ? grid_tree_nodes(g) : 0;
	struct api_node_view *items = arena_alloc(a, sizeof(*items) * (size_t)count + 1);

	*out = (struct api_tree){.at = clock_wall()};
	if (items == NULL)
		return;
	out->nodes.items = items;
	for (int i = 0; i < count; i++)
		if (!is_place(grid_tree_node(g, i)))
			view_node(c, g, i, a, &items[out->nodes.count++]);
}

/* -- meters ---------------------------------------------------------------------------------- */

/* The phases that the meter tells, in order; a phase that it does not tell ends the list. */
static void view_phases(const struct meter_reading *r, const enum meter_quantity which[3],
	struct arena *a, struct schema_numbers *out)
{
	double *items = arena_alloc(a, 3 * sizeof(*items));

	if (items == NULL)
		return;
	out->items = items;
	while (out->count < 3 && meter_reading_get(r, which[out->count], &items[out->count]))
		out->count++;
}

static const char *meter_link_text(const struct depot_meter *row, struct arena *a)
{
	int unit = (int)row->unit;

	if (row->tcp != NULL)
		return arena_printf(
			a, "tcp %s:%d unit %d", row->tcp->host, (int)row->tcp->port, unit);
	if (row->rtu != NULL)
		return arena_printf(
			a, "rtu %s %d unit %d", row->rtu->device, (int)row->rtu->baud, unit);
	return "the charger's meter values";
}

static void view_reading(const struct meter_reading *r, struct arena *a, struct api_meter_view *out)
{
	static const enum meter_quantity powers[] = {
		METER_QUANTITY_POWER_L1_W, METER_QUANTITY_POWER_L2_W, METER_QUANTITY_POWER_L3_W};
	static const enum meter_quantity currents[] = {METER_QUANTITY_CURRENT_L1_A,
		METER_QUANTITY_CURRENT_L2_A, METER_QUANTITY_CURRENT_L3_A};
	static const enum meter_quantity voltages[] = {METER_QUANTITY_VOLTAGE_L1_V,
		METER_QUANTITY_VOLTAGE_L2_V, METER_QUANTITY_VOLTAGE_L3_V};

	out->has_power_w = meter_reading_get(r, METER_QUANTITY_POWER_W, &out->power_w);
	out->has_import_wh = meter_reading_get(r, METER_QUANTITY_IMPORT_WH, &out->import_wh);
	out->has_export_wh = meter_reading_get(r, METER_QUANTITY_EXPORT_WH, &out->export_wh);
	out->has_frequency_hz =
		meter_reading_get(r, METER_QUANTITY_FREQUENCY_HZ, &out->frequency_hz);
	out->has_soc_pct = meter_reading_get(r, METER_QUANTITY_SOC_PCT, &out->soc_pct);
	out->has_stored_wh = meter_reading_get(r, METER_QUANTITY_STORED_WH, &out->stored_wh);
	out->has_charge_max_w =
		meter_reading_get(r, METER_QUANTITY_CHARGE_MAX_W, &out->charge_max_w);
	out->has_discharge_max_w =
		meter_reading_get(r, METER_QUANTITY_DISCHARGE_MAX_W, &out->discharge_max_w);
	out->has_available_w = meter_reading_get(r, METER_QUANTITY_AVAILABLE_W, &out->available_w);
	out->has_state = meter_reading_get(r, METER_QUANTITY_STATE, &out->state);
	view_phases(r, powers, a, &out->powers_w);
	view_phases(r, currents, a, &out->currents_a);
	view_phases(r, voltages, a, &out->voltages_v);
}

void view_meter(const struct core *c, int meter, struct arena *a, struct api_meter_view *out)
{
	const struct meter *m = meters_at(c->meters, meter);
	const struct meter_link_stats *st = &m->stats;
	struct belief_view belief;
	char note[200];
	wall_t at;

	belief_of(c, meter, &belief);
	*out = (struct api_meter_view){
		.id = m->row->id,
		.name = m->row->name,
		.map = m->row->map,
		.node = m->node >= 0 ? c->depot->nodes.items[m->node].id : NULL,
		.link = meter_link_text(m->row, a),
		.ok = belief_is_good(belief.is),
		.belief = belief.state,
		.why = belief.why[0] ? copy(a, belief.why) : NULL,
		.next = belief.next,
		.polls = (int64_t)st->polls,
		.timeouts = (int64_t)st->timeouts,
		.exceptions = (int64_t)st->exceptions,
		.errors = (int64_t)(st->garbled + st->crc_errors + st->broken),
		.garbled = (int64_t)st->crc_errors,
		.latency_ms = (double)meter_stats_mean_us(st) / 1000.0,
		.latency_max_ms = (double)st->latency_max_us / 1000.0,
		.latency_p50_ms = (double)meter_stats_percentile_us(st, 50) / 1000.0,
		.latency_p99_ms = (double)meter_stats_percentile_us(st, 99) / 1000.0,
		.last_error = copy(a, st->last_error),
	};
	at = m->last_at.ms != 0 ? m->last_at : m->seen_at;
	put_time(at, &out->has_at, &out->at);
	if (at.ms != 0)
		view_reading(m->last_at.ms != 0 ? &m->last : &m->seen, a, out);
	put_time((wall_t){st->last_good_ms}, &out->has_last_good_at, &out->last_good_at);
	put_time((wall_t){st->last_error_ms}, &out->has_last_error_at, &out->last_error_at);
	out->note = meter_note(m, note)[0] ? copy(a, note) : NULL;
	out->sentence = view_meter_say(c, meter, out->belief, a);
}
