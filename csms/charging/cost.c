#include "csms/charging/cost.h"
#include <stdio.h>
#include <string.h>
#include "csms/command.h"
#include "csms/station/device.h"
#include "csms/record.h"
#include "csms/charging/charge_price.h"

#define MESSAGE_POINTS 512 /* of personalMessage */

bool cost_of(const struct core *c, const struct transaction *t, wall_t now, int64_t *micro)
{
	struct charge_price price;
	double wh = t->meter_wh.value - t->begin_wh.value;

	if (!c->depot->charge_price)
		return false;
	price = charge_price_read(c->depot->charge_price);
	if (charge_price_needs_energy(&price) && (!t->begin_wh.at.ms || !t->meter_wh.at.ms))
		return false;
	*micro = charge_price_cost(&price, t->begin_wh.at.ms && wh > 0 ? (int64_t)(wh + 0.5) : 0,
		wall_diff_ms(t->is_open ? now : t->ended, t->started));
	return true;
}

/* -- words ------------------------------------------------------------------------------------ */

/* I01.FR.02: only where the driver could see it. A station that never said so may have a display. */
static bool can_show(const struct station *s)
{
	int64_t tariff = device_fact(s, DEVICE_TARIFF_AVAILABLE, -1);
	int64_t display = device_fact(s, DEVICE_DISPLAY_AVAILABLE, -1);

	return tariff > 0 || display > 0 || (tariff < 0 && display < 0);
}

/* What the holder of the token is shown: his own message, then the price; NULL: nothing. */
static const char *words(const struct core *c, const struct station *s, struct arena *a,
	const struct ocpp201_message_content *own)
{
	const char *text =
		c->depot->charge_price && can_show(s) ? c->depot->charge_price->text : NULL;
	const char *both;
	size_t points = 0;

	if (!text || !own)
		return text ? text : own ? own->content : NULL;
	both = arena_printf(a, "%s\n%s", own->content, text);
	if (!both || !schema_utf8_check(both, strlen(both), &points) || points > MESSAGE_POINTS)
		return own->content;
	return both;
}

static struct ocpp201_message_content *message(struct arena *a, const char *text)
{
	struct ocpp201_message_content *m = text ? arena_alloc(a, sizeof *m) : NULL;

	if (m) {
		m->format = OCPP201_MESSAGE_FORMAT_UTF8;
		m->content = text;
	}
	return m;
}

void cost_add_text(const struct core *c, const struct station *s, struct arena *a,
	struct ocpp201_id_token_info *info)
{
	const char *text = words(c, s, a, info->personal_message);
	const char *language = info->personal_message ? info->personal_message->language : NULL;

	if (info->status != OCPP201_AUTHORIZATION_STATUS_ACCEPTED || !c->depot->charge_price)
		return;
	info->personal_message = message(a, text);
	if (info->personal_message)
		info->personal_message->language = language;
}

static uint32_t digest(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (*s)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h | 1;
}

/* I06: the words have changed since the driver was last told. */
static void update_words(
	struct exchange *x, struct transaction *t, struct ocpp201_transaction_event_response *res)
{
	const struct token *token = fleet_token(&x->core->fleet, t->token_type, t->token);
	struct ocpp201_message_content own = {0};
	const char *text;
	uint32_t now;

	own.content = token && token->rules ? token->rules->message : "";
	text = words(x->core, x->station, x->arena, own.content[0] ? &own : NULL);
	now = digest(text ? text : "");
	if (text && t->told_words && t->told_words != now && !res->id_token_info)
		res->updated_personal_message = message(x->arena, text);
	t->told_words = now;
}

/* -- numbers ---------------------------------------------------------------------------------- */

/* A station that cannot show costs says so once. */
static void on_updated(void *arg, const struct command *k)
{
	struct core *c = arg;
	struct command_view v;
	struct station *s;

	command_look(k, &v);
	s = fleet_station(&c->fleet, v.station);
	if (s && v.outcome == EVENT_CALL_OUTCOME_ERROR)
		s->shows_no_cost = true;
}

/* I02.FR.01: at intervals, and only news. */
static void send_update(struct core *c, struct evse *e, int64_t micro, wall_t now)
{
	struct transaction *t = &e->tx;
	const struct depot_charge_price *row = c->depot->charge_price;
	struct ocpp201_cost_updated_request q = {
		.total_cost = charge_price_amount(micro), .transaction_id = t->id};
	struct command_request req = {.action = "CostUpdated",
		.actor = "depotd",
		.why = "running cost",
		.ended = on_updated,
		.arg = c};
	struct schema_error err;
	struct text text;
	char id[37];

	if (e->station->shows_no_cost ||
		(t->cost_told_at.ms &&
			(t->cost_told == q.total_cost ||
				wall_diff_ms(now, t->cost_told_at) < row->message_every_s * 1000)))
		return;
	t->cost_told = q.total_cost;
	t->cost_told_at = now;
	text_init(&text, 0);
	if (schema_encode(&ocpp201_cost_updated_request_type, &q, &text) == 0) {
		req.payload = text.data;
		command_start(c, e->station, &req, id, &err); /* offline: the next event tries */
	}
	text_finish(&text);
}

static void journal(struct exchange *x, const struct transaction *t, int64_t micro)
{
	struct arena *a = x->arena;
	struct event_cost_settled *p = arena_alloc(a, sizeof *p);
	struct db_event e = {
		.stream = arena_printf(a, "cost/%s/%s", x->station->id, t->id),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_COST_SETTLED,
		.payload = p,
		.at = t->ended,
		.received = x->received,
		.cause = arena_strdup(a, x->message_id),
		.correlation = arena_strdup(a, t->id),
		.idem = "ended",
		.actor = "depotd",
	};

	if (!p || !e.stream)
		return;
	*p = (struct event_cost_settled){
		.station_id = arena_strdup(a, x->station->id),
		.transaction_id = arena_strdup(a, t->id),
		.currency = x->core->depot->charge_price->currency,
		.cost_micro = micro,
		.energy_wh =
			t->begin_wh.at.ms ? (int64_t)(t->meter_wh.value - t->begin_wh.value) : 0,
		.time_s = wall_diff_ms(t->ended, t->started) / 1000,
	};
	record_event(x->core, &e);
}

void cost_event(struct exchange *x, struct evse *e,
	const struct ocpp201_transaction_event_request *r,
	struct ocpp201_transaction_event_response *res)
{
	const struct depot_charge_price *row = x->core->depot->charge_price;
	bool is_end = r->event_type == OCPP201_TRANSACTION_EVENT_ENDED;
	int64_t micro;

	if (strcmp(e->tx.id, r->transaction_info.transaction_id) != 0)
		return;
	if (r->event_type == OCPP201_TRANSACTION_EVENT_UPDATED)
		update_words(x, &e->tx, res);
	if (!cost_of(x->core, &e->tx, x->received, &micro))
		return; /* rule 33: absent is not known, 0.00 is free */
	if (is_end || (row->running == DEPOT_RUNNING_COST_ANSWER &&
			      r->event_type == OCPP201_TRANSACTION_EVENT_UPDATED)) {
		res->has_total_cost = true;
		res->total_cost = charge_price_amount(micro);
	}
	if (is_end && !e->tx.is_open)
		journal(x, &e->tx, micro);
	else if (row->running == DEPOT_RUNNING_COST_MESSAGE && e->tx.is_open)
		send_update(x->core, e, micro, x->received);
}
