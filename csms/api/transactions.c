/* Transactions: queries of the store's projection, on its reader threads. */
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/api/journal_view.h"
#include "csms/api/scope.h"
#include "csms/charging/charge_price.h"
#include "csms/charging/cost.h"
#include "csms/pki/ocmf.h"
#include "csms/view/words_session.h"
#include "db/query.h"
#include "gen/event.h"

#define EVENTS_MAX 10000
#define SUM_MAX    10000 /* sessions that are added up for the sentence */

struct query {
	struct db_transaction_filter filter;
	struct db_transaction_list found;
	struct db_transaction_sum sum; /* of the first page of the list */
	struct db_journal_page events; /* of the one */
	const char *stream;
	const char *error;
};

/* What an open one costs so far, as its EVSE shows it. */
static void running_cost(
	const struct core *c, const struct db_transaction *t, struct api_transaction_view *out)
{
	const struct station *s = fleet_station(&c->fleet, t->station);
	const struct evse *e = s != NULL && t->has_evse ? station_evse(s, t->evse) : NULL;
	int64_t micro;

	if (e == NULL || strcmp(e->tx.id, t->id) != 0 || !cost_of(c, &e->tx, clock_wall(), &micro))
		return;
	out->has_cost = true;
	out->cost = charge_price_amount(micro);
	out->currency = c->depot->charge_price->currency;
}

static void view_transaction(
	const struct core *c, const struct db_transaction *t, struct api_transaction_view *out)
{
	*out = (struct api_transaction_view){
		.station = t->station,
		.id = t->id,
		.has_evse = t->has_evse,
		.evse = t->evse,
		.has_connector = t->has_connector,
		.connector = t->connector,
		.vehicle = t->vehicle,
		.token = t->token,
		.token_type = t->token_type,
		.token_status = t->token_status,
		.charging_state = t->charging_state,
		.has_remote_start_id = t->has_remote_start_id,
		.remote_start_id = t->remote_start_id,
		.has_reservation_id = t->has_reservation_id,
		.reservation_id = t->reservation_id,
		.has_cable_max_a = t->has_cable_max_a,
		.cable_max_a = t->cable_max_a,
		.has_phases_used = t->has_phases_used,
		.phases_used = t->phases_used,
		.has_charging_s = t->has_charging_s,
		.charging_s = t->charging_s,
		.state = t->open ? "open" : "ended",
		.has_started_at = t->started_at.ms != 0,
		.started_at = t->started_at,
		.has_ended_at = t->ended_at.ms != 0,
		.ended_at = t->ended_at,
		.last_at = t->last_at,
		.has_begin_wh = t->has_begin_wh,
		.begin_wh = t->begin_wh,
		.has_end_wh = t->has_meter_wh,
		.end_wh = t->meter_wh,
		.has_energy_wh = t->has_begin_wh && t->has_meter_wh,
		.energy_wh = t->energy_wh,
		.stopped_reason = t->stopped_reason,
		.events = t->events,
		.complete = t->complete,
		.missing = t->missing,
		.quarantined = t->quarantined,
		.has_cost = t->has_cost,
		.cost = charge_price_amount(t->cost_micro),
		.currency = t->currency,
	};
	if (!t->has_cost && t->open)
		running_cost(c, t, out);
}

/* -- the list -------------------------------------------------------------------------------- */

static void list_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	struct db_transaction_filter all = q->filter;

	all.limit = SUM_MAX;
	if (db_query_transactions(r, &q->filter, k->arena, &q->found) != 0 ||
		(q->filter.cursor == NULL &&
			db_query_transaction_sum(r, &all, k->arena, &q->sum) != 0))
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void list_words(struct ask *k, const struct query *q, struct api_transaction_list *list)
{
	struct words_sessions n = {.sessions = q->sum.sessions,
		.open = q->sum.open,
		.aside = q->sum.quarantined,
		.wh = (int64_t)q->sum.energy_wh,
		.is_cut = q->sum.sessions == SUM_MAX};
	struct text t;

	text_init(&t, 290);
	words_sessions_sentence(&t, &n);
	list->sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_sessions_sub(&t, &n);
	list->sub = ask_words(k, &t);
}

static void list_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_transaction_list list = {.next = q->found.next};

	list.transactions.items =
		arena_alloc(k->arena, sizeof(*list.transactions.items) * q->found.count + 1);
	if (q->error != NULL || list.transactions.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
		return;
	}
	list.transactions.count = q->found.count;
	for (size_t i = 0; i < q->found.count; i++)
		view_transaction(k->api->core, &q->found.items[i], &list.transactions.items[i]);
	/* Sums of the whole depot are not for those who are limited to a part of it. */
	if (q->filter.cursor == NULL && !scope_is_limited(&k->who))
		list_words(k, q, &list);
	ask_reply(k, 200, &api_transaction_list_type, &list);
}

static bool state_parse(struct ask *k, struct db_transaction_filter *f)
{
	const char *state = ask_query(k, "state");

	if (state == NULL || strcmp(state, "any") == 0)
		f->state = DB_ANY_STATE;
	else if (strcmp(state, "open") == 0)
		f->state = DB_OPEN;
	else if (strcmp(state, "ended") == 0)
		f->state = DB_ENDED;
	else {
		ask_problem(k, 400, "state", "state: must be open, ended or any");
		return false;
	}
	return true;
}

static struct query *query_create(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	k->state = q;
	if (q == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	return q;
}

void transactions_list(struct ask *k)
{
	struct query *q = query_create(k);
	int64_t limit = 100;

	if (q == NULL || !ask_int(k, "limit", 1, 1000, &limit) || !state_parse(k, &q->filter) ||
		!ask_time(k, "from", &q->filter.from) || !ask_time(k, "to", &q->filter.to))
		return;
	q->filter.station = ask_station(k, ask_query(k, "station"));
	q->filter.within = scope_stations(&(struct scope){k->api->core, &k->who}, k->arena);
	q->filter.vehicle = ask_query(k, "vehicle");
	q->filter.cursor = ask_query(k, "cursor");
	q->filter.limit = (int)limit;
	ask_read(k, list_work, list_finish);
}

/* -- the one --------------------------------------------------------------------------------- */

static void one_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;
	struct db_journal_filter f = {.stream = q->stream, .limit = EVENTS_MAX};

	if (db_query_transactions(r, &q->filter, k->arena, &q->found) != 0 ||
		(q->found.count > 0 && db_query_journal(r, &f, k->arena, &q->events) != 0))
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

/* What its events say of how it began and ended. */
static void view_course(
	struct ask *k, const struct db_journal_page *events, struct api_transaction_detail *out)
{
	for (size_t i = 0; i < events->count; i++) {
		struct schema_error err;
		int type;
		const void *p = strcmp(events->items[i].type, "TransactionReported") == 0
					? db_event_decode(&events->items[i], k->arena, &type, &err)
					: NULL;
		const struct event_transaction_reported *t = p;

		if (t == NULL)
			continue;
		out->offline_events += t->offline;
		if (strcmp(t->kind, "Started") == 0)
			out->started_by = t->trigger;
		else if (strcmp(t->kind, "Ended") == 0)
			out->ended_by = t->trigger;
	}
}

static void one_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_transaction_detail out = {0};

	if (q->error != NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error);
	} else if (q->found.count == 0) {
		ask_problem(k, 404, NULL,
			"there is no such transaction; GET /api/v1/transactions?station=… lists "
			"them");
	} else {
		view_transaction(k->api->core, &q->found.items[0], &out.transaction);
		journal_view(&q->events, k->who.role, k->arena, &out.events);
		view_course(k, &q->events, &out);
		ask_reply(k, 200, &api_transaction_detail_type, &out);
	}
}

static void ask_one(struct ask *k, void (*finish)(struct ask *k))
{
	struct query *q = query_create(k);

	if (q == NULL)
		return;
	q->filter.station = ask_station(k, k->match.param[0]);
	q->filter.id = k->match.param[1];
	q->filter.limit = 1;
	q->stream = arena_printf(k->arena, "transaction/%s/%s", q->filter.station, q->filter.id);
	ask_read(k, one_work, finish);
}

void transaction_get(struct ask *k)
{
	ask_one(k, one_finish);
}

/* -- its signed readings --------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const struct api_signed_reading_view *x = a, *y = b;

	if (x->seq_no != y->seq_no)
		return x->seq_no < y->seq_no ? -1 : 1;
	return (x->at.ms > y->at.ms) - (x->at.ms < y->at.ms);
}

static void judge_signed(struct ask *k, struct api_signed_reading_view *r)
{
	char why[200];

	r->verdict = ocmf_verdict_name(ocmf_verify(r->data ? r->data : "",
		r->encoding ? r->encoding : "", r->key ? r->key : "", k->arena, why));
	r->why = arena_strdup(k->arena, why);
}

/* False: no memory. */
static bool add_signed(struct ask *k, const struct event_transaction_reported *p,
	struct api_signed_reading_view_list *list)
{
	size_t n = list->count, more = p->signed_.count;
	struct api_signed_reading_view *items = arena_alloc(k->arena, (n + more) * sizeof *items);

	if (items == NULL)
		return false;
	if (n > 0)
		memcpy(items, list->items, n * sizeof *items);
	for (size_t i = 0; i < more; i++) {
		const struct event_signed_reading *r = &p->signed_.items[i];

		items[n + i] = (struct api_signed_reading_view){
			.seq_no = p->seq_no,
			.at = r->at,
			.context = r->context,
			.measurand = r->measurand,
			.has_value = r->has_value,
			.value = r->value,
			.data = r->data,
			.method = r->method,
			.encoding = r->encoding,
			.key = r->key,
		};
		judge_signed(k, &items[n + i]);
	}
	list->items = items;
	list->count = n + more;
	return true;
}

static bool collect_signed(struct ask *k, const struct db_journal_page *events,
	struct api_signed_reading_view_list *list)
{
	for (size_t i = 0; i < events->count; i++) {
		struct schema_error err;
		int type;
		const void *p = strcmp(events->items[i].type, "TransactionReported") == 0
					? db_event_decode(&events->items[i], k->arena, &type, &err)
					: NULL;
		const struct event_transaction_reported *t = p;

		if (t != NULL && t->signed_.count > 0 && !add_signed(k, t, list))
			return false;
	}
	if (list->count > 0)
		qsort(list->items, list->count, sizeof *list->items, by_number);
	return true;
}

static void signed_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_signed_reading_list out = {0};

	if (q->error != NULL)
		ask_problem(k, 503, NULL, "the store: %s", q->error);
	else if (q->found.count == 0)
		ask_problem(k, 404, NULL,
			"there is no such transaction; GET /api/v1/transactions?station=… lists "
			"them");
	else if (!collect_signed(k, &q->events, &out.readings))
		ask_problem(k, 503, NULL, "no memory for the readings");
	else
		ask_reply(k, 200, &api_signed_reading_list_type, &out);
}

void transaction_signed_get(struct ask *k)
{
	ask_one(k, signed_finish);
}
