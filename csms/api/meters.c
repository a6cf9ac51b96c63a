/* The electrician's diagnostics: one meter, its raw registers, scans of a gateway or bus. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/metering/meters.h"
#include "csms/metering/scans.h"
#include "csms/view/view.h"
#include "csms/metering/wiring.h"
#include "csms/metering/wiring_chargers.h"
#include "csms/metering/wiring_doubt.h"

/* -- one meter ------------------------------------------------------------------------------- */

/* Index of the path's meter; -1 after a 404. */
static int path_meter(struct ask *k)
{
	const struct core *c = k->api->core;
	int i = c->meters != NULL ? meters_find(c->meters, k->match.param[0]) : -1;

	if (i < 0)
		ask_problem(k, 404, NULL, "there is no meter \"%s\"", k->match.param[0]);
	return i;
}

void meter_get(struct ask *k)
{
	struct api_meter_view view;
	int i = path_meter(k);

	if (i < 0)
		return;
	view_meter(k->api->core, i, k->arena, &view);
	ask_reply(k, 200, &api_meter_view_type, &view);
}

void meter_ask_post(struct ask *k)
{
	int i = path_meter(k);

	if (i < 0)
		return;
	if (!meters_ask(k->api->core->meters, i))
		ask_problem(k, 409, NULL,
			"it is a charger's own: trigger its MeterValues (POST "
			"/stations/{id}/commands)");
	else
		ask_done(k, "asked");
}

static const char *quality_name(enum meter_quality q)
{
	static const char *const names[] = {
		[METER_ABSENT] = "absent", [METER_GOOD] = "good", [METER_SUSPECT] = "suspect"};

	return names[q];
}

static char *words_of(const struct meter_raw *r, struct arena *a)
{
	char out[4 * 5 + 1] = "";

	for (int i = 0; i < r->count; i++)
		snprintf(out + 5 * i, sizeof(out) - 5 * (size_t)i, "%04x ", r->words[i]);
	out[5 * r->count - 1] = '\0';
	return arena_strdup(a, out);
}

static void view_row(const struct meter *m, const struct meter_raw *r, struct arena *a,
	struct api_meter_register *out)
{
	const struct meter_value *v = &m->seen.values[r->quantity];

	*out = (struct api_meter_register){
		.quantity = meter_quantity_enum.values[r->quantity],
		.address = r->address,
		.type = meter_type_enum.values[r->type],
		.words = words_of(r, a),
		.scale = isnan(r->scale) ? 0 : r->scale, /* an undefined exponent */
		.has_value = v->quality != METER_ABSENT,
		.value = v->value,
		.quality = quality_name(v->quality),
	};
}

void meter_registers_get(struct ask *k)
{
	const struct core *c = k->api->core;
	struct meter_table *t = arena_alloc(k->arena, sizeof(*t));
	struct api_meter_registers view;
	const struct meter *m;
	char note[200];
	int i = path_meter(k);

	if (i < 0)
		return;
	m = meters_at(c->meters, i);
	if (t == NULL || !meters_table(c->meters, i, t)) {
		ask_problem(k, 409, NULL,
			m->charger ? "a charger's meter has no registers"
				   : "the meter has not answered yet");
		return;
	}
	view = (struct api_meter_registers){.id = m->row->id,
		.map = m->row->map,
		.source = m->map != NULL ? m->map->source : NULL,
		.at = {t->at_ms},
		.about = t->about[0] ? t->about : NULL,
		.note = meter_note(m, note)[0] ? note : NULL};
	view.rows.items = arena_alloc(k->arena, sizeof(*view.rows.items) * (size_t)t->count + 1);
	if (view.rows.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (int r = 0; r < t->count; r++)
		view_row(m, &t->rows[r], k->arena, &view.rows.items[view.rows.count++]);
	ask_reply(k, 200, &api_meter_registers_type, &view);
}

/* -- scans ----------------------------------------------------------------------------------- */

static void view_guess(const struct meter_guess *g, struct arena *a, struct api_meter_guess *out)
{
	const struct meter_reading *r = &g->reading;
	double *volts = arena_alloc(a, 3 * sizeof(*volts));

	*out = (struct api_meter_guess){.map = arena_strdup(a, g->map),
		.about = arena_strdup(a, g->about),
		.points = g->points};
	out->has_power_w = meter_reading_get(r, METER_QUANTITY_POWER_W, &out->power_w);
	out->has_frequency_hz =
		meter_reading_get(r, METER_QUANTITY_FREQUENCY_HZ, &out->frequency_hz);
	out->has_import_wh = meter_reading_get(r, METER_QUANTITY_IMPORT_WH, &out->import_wh);
	out->voltages_v.items = volts;
	for (int i = 0; volts != NULL && i < 3; i++)
		if (meter_reading_get(r, (enum meter_quantity)(METER_QUANTITY_VOLTAGE_L1_V + i),
			    &volts[out->voltages_v.count]))
			out->voltages_v.count++;
}

static void view_unit(
	const struct meter_scan_unit *u, struct arena *a, struct api_meter_scan_unit *out)
{
	size_t n = (size_t)u->guess_count;

	*out = (struct api_meter_scan_unit){.unit = u->unit,
		.answers = u->is_refusing ? "refuses" : "values",
		.latency_ms = (double)u->latency_us / 1000.0};
	out->guesses.items = arena_alloc(a, sizeof(*out->guesses.items) * n + 1);
	for (size_t i = 0; out->guesses.items != NULL && i < n; i++)
		view_guess(&u->guesses[i], a, &out->guesses.items[out->guesses.count++]);
}

static void view_scan(const struct scan *s, struct arena *a, struct api_meter_scan_view *out)
{
	struct meter_scan_unit *unit = arena_alloc(a, sizeof(*unit));
	struct meter_scan_state state;

	meter_scan_look(s->scan, &state);
	*out = (struct api_meter_scan_view){
		.id = s->id,
		.link = s->link,
		.started = s->started,
		.state = !state.is_over        ? "running"
			 : state.is_cancelled  ? "cancelled"
			 : state.error[0] != 0 ? "failed"
					       : "done",
		.error = state.error[0] != 0 ? arena_strdup(a, state.error) : NULL,
		.first_unit = state.first,
		.last_unit = state.last,
		.next_unit = state.next,
	};
	out->units.items = arena_alloc(a, sizeof(*out->units.items) * (size_t)state.found + 1);
	for (int i = 0; unit != NULL && out->units.items != NULL && i < state.found; i++)
		if (meter_scan_unit(s->scan, i, unit))
			view_unit(unit, a, &out->units.items[out->units.count++]);
}

static void reply_scan(struct ask *k, int status, const struct scan *s)
{
	struct api_meter_scan_view view;

	view_scan(s, k->arena, &view);
	ask_reply(k, status, &api_meter_scan_view_type, &view);
}

void meter_scans_list(struct ask *k)
{
	const struct scans *scans = k->api->core->scans;
	struct api_meter_scan_list list = {0};
	const struct scan *s;

	list.scans.items = arena_alloc(k->arena, SCANS_KEPT * sizeof(*list.scans.items));
	while (scans != NULL && list.scans.items != NULL &&
		(s = scans_at(scans, (int)list.scans.count)) != NULL)
		view_scan(s, k->arena, &list.scans.items[list.scans.count++]);
	ask_reply(k, 200, &api_meter_scan_list_type, &list);
}

void meter_scan_post(struct ask *k)
{
	static const char parities[] = {
		[API_PARITY_NONE] = 'N', [API_PARITY_EVEN] = 'E', [API_PARITY_ODD] = 'O'};
	const struct api_meter_scan_post *p = k->body;
	struct scan_order order = {
		.host = p->host,
		.port = (int)p->port,
		.device = p->device,
		.baud = (int)p->baud,
		.parity = parities[p->parity],
		.stop_bits = (int)p->stop_bits,
		.timeout_ms = (int)p->timeout_ms,
		.first = (int)p->first_unit,
		.last = (int)p->last_unit,
		.is_identifying = p->identify,
	};
	const struct scan *s;
	char why[300];
	int status;

	if (k->api->core->scans == NULL) {
		ask_problem(k, 503, NULL, "depotd is not ready to scan yet");
		return;
	}
	s = scans_start(k->api->core->scans, &order, k->who.actor, &status, why);
	if (s == NULL)
		ask_problem(k, status, NULL, "%s", why);
	else
		reply_scan(k, 202, s);
}

/* The scan of the path; NULL after a 404. */
static const struct scan *path_scan(struct ask *k)
{
	const struct scans *scans = k->api->core->scans;
	const struct scan *s = scans != NULL ? scans_find(scans, k->match.param[0]) : NULL;

	if (s == NULL)
		ask_problem(
			k, 404, NULL, "there is no such scan; the last %d are kept", SCANS_KEPT);
	return s;
}

void meter_scan_get(struct ask *k)
{
	const struct scan *s = path_scan(k);

	if (s != NULL)
		reply_scan(k, 200, s);
}

void meter_scan_delete(struct ask *k)
{
	const struct scan *s = path_scan(k);

	if (s == NULL)
		return;
	meter_scan_cancel(s->scan);
	reply_scan(k, 200, s);
}

/* -- wiring ---------------------------------------------------------------------------------- */

static void view_verdict(
	const struct wiring_verdict *v, int steps, struct arena *a, struct api_wiring_pair *out)
{
	out->steps = steps;
	out->ok = !wiring_is_wrong(v);
	out->clear = v->is_clear && v->is_apart;
	out->phases.items = arena_alloc(a, 3 * sizeof(*out->phases.items));
	for (int i = 0; out->phases.items != NULL && i < 3; i++) {
		bool is_known = v->phases[i].upper >= 0;

		out->phases.items[out->phases.count++] = (struct api_wiring_phase){.phase = i + 1,
			.has_upper_phase = is_known,
			.upper_phase = v->phases[i].upper + 1,
			.has_gain = is_known,
			.gain = v->phases[i].gain,
			.has_error = is_known,
			.error = v->phases[i].error};
	}
}

static void view_pair(const struct core *c, int link, struct arena *a, struct api_wiring_pair *out)
{
	const struct wiring_link *l = wirings_at(c->wirings, link);
	struct wiring_found found;

	wirings_judge(c->wirings, link, &found);
	*out = (struct api_wiring_pair){.upper = meters_at(c->meters, l->upper)->row->id,
		.lower = meters_at(c->meters, l->lower)->row->id,
		.finding = arena_strdup(a, found.words)};
	view_verdict(&found.verdict, found.steps, a, out);
}

/* A meter held against the chargers below it. */
static void view_below(const struct core *c, const struct wiring_below *b, struct arena *a,
	struct api_wiring_pair *out)
{
	const struct meter *m = meters_at(c->meters, b->meter);
	struct wiring_self self;
	struct wiring_verdict v;
	char words[600];

	if (!wiring_of_meter(m, &self))
		self = (struct wiring_self){WIRING_UNKNOWN, 0};
	wiring_judge(&b->pair, &v);
	*out = (struct api_wiring_pair){.upper = m->row->id,
		.lower = "chargers",
		.finding = arena_strdup(a, wiring_chargers_words(&v, &self, m->row->id, words))};
	view_verdict(&v, b->pair.steps, a, out);
}

/* What a meter shows by itself; false if that is nothing. */
static bool view_self(const struct meter *m, struct arena *a, struct api_wiring_self *out)
{
	struct wiring_self self;
	char words[300];

	if (!wiring_of_meter(m, &self) || !wiring_self_words(&self, words)[0])
		return false;
	*out = (struct api_wiring_self){.meter = m->row->id, .finding = arena_strdup(a, words)};
	return true;
}

static const char *meter_node(const struct core *c, int meter)
{
	return c->depot->nodes.items[meters_at(c->meters, meter)->node].id;
}

void wiring_get(struct ask *k)
{
	const struct core *c = k->api->core;
	int pairs = c->wirings != NULL ? wirings_count(c->wirings) : 0;
	int below = c->wirings != NULL ? wirings_below_count(c->wirings) : 0;
	int meters = c->meters != NULL ? meters_count(c->meters) : 0;
	struct wiring_load *loads;
	struct api_wiring_view view = {
		.since = c->wirings != NULL ? wirings_since(c->wirings) : clock_wall()};

	view.pairs.items = arena_alloc(
		k->arena, sizeof(*view.pairs.items) * ((size_t)pairs + (size_t)below + 1));
	view.meters.items = arena_alloc(k->arena, sizeof(*view.meters.items) * (size_t)meters + 1);
	if (view.pairs.items == NULL || view.meters.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (int i = 0; i < pairs; i++)
		view_pair(c, i, k->arena, &view.pairs.items[view.pairs.count++]);
	loads = below ? wiring_loads(c, clock_wall()) : NULL;
	for (int i = 0; loads != NULL && i < below; i++)
		if (wiring_has_chargers(
			    c, meter_node(c, wirings_below(c->wirings, i)->meter), loads))
			view_below(c, wirings_below(c->wirings, i), k->arena,
				&view.pairs.items[view.pairs.count++]);
	free(loads);
	for (int i = 0; i < meters; i++)
		if (view_self(meters_at(c->meters, i), k->arena,
			    &view.meters.items[view.meters.count]))
			view.meters.count++;
	ask_reply(k, 200, &api_wiring_view_type, &view);
}

void wiring_reset_post(struct ask *k)
{
	if (k->api->core->wirings != NULL)
		wirings_reset(k->api->core->wirings);
	ask_done(k, "what was compared is forgotten");
}
