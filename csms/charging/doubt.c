#include "csms/charging/doubt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/station/call.h"
#include "csms/charging/claim.h"
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "db/query.h"

/* A look into the store for what is open there. */
struct look {
	struct core *core;
	char station[49];
	int64_t epoch;
	wall_t before, now; /* before: nothing was heard of it since */
	int count;
	char ids[DOUBT_MAX][UTF8_SIZE(36)];
};

/* -- ending ----------------------------------------------------------------------------------- */

void doubt_journal_lost(struct core *c, const struct station *s, const char *id)
{
	struct arena *a = record_arena(c);
	struct event_transaction_lost *p = a ? arena_alloc(a, sizeof *p) : NULL;
	char stream[sizeof s->id + UTF8_SIZE(36)];

	if (!p)
		return;
	p->station_id = arena_strdup(a, s->id);
	p->transaction_id = arena_strdup(a, id);
	snprintf(stream, sizeof stream, "%s/%s", s->id, id);
	record_now(c, EVENT_TRANSACTION_LOST, "transaction", stream, p, NULL, NULL);
}

static void end_live(struct core *c, struct evse *e)
{
	e->tx.is_open = false;
	e->tx.is_lost = true;
	e->tx.ended = clock_wall();
	e->power_w = reading_of(0, e->tx.ended);
	claim_end(c, e);
	fleet_touch(&c->fleet, e->station);
	control_evse_changed(c->control, e, "its transaction's end was lost");
	control_load_changed(c->control);
}

static void give_up(struct core *c, const struct station *s, const char *id)
{
	log_warn("station %s: transaction %s is over, and its end was lost", s->id, id);
	doubt_journal_lost(c, s, id);
}

/* A transaction that no EVSE shows: is it open in the store? */
struct check {
	struct core *core;
	char station[49], id[UTF8_SIZE(36)];
	bool is_open;
};

static void check_work(struct db_reader *db, void *arg)
{
	struct check *k = arg;
	struct db_transaction_filter f = {
		.station = k->station, .id = k->id, .state = DB_OPEN, .limit = 1};
	struct db_transaction_list list = {0};
	struct arena *a = arena_create(0);

	k->is_open = a && db_query_transactions(db, &f, a, &list) == 0 && list.count > 0;
	arena_destroy(a);
}

static void check_done(void *arg)
{
	struct check *k = arg;
	struct station *s = fleet_station(&k->core->fleet, k->station);

	if (k->is_open && s)
		give_up(k->core, s, k->id);
	free(k);
}

void doubt_settle(struct core *c, struct station *s, const char *id)
{
	struct check *k;

	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];

		if (!e->tx.is_open || strcmp(e->tx.id, id) != 0)
			continue;
		give_up(c, s, id);
		end_live(c, e);
		return;
	}
	k = calloc(1, sizeof *k);
	if (!k)
		return;
	k->core = c;
	snprintf(k->station, sizeof k->station, "%s", s->id);
	snprintf(k->id, sizeof k->id, "%s", id);
	if (db_read(c->db, check_work, check_done, k))
		free(k);
}

bool doubt_is_lost(const struct ocpp201_get_transaction_status_response *a)
{
	return a->has_ongoing_indicator && !a->ongoing_indicator && !a->messages_in_queue;
}

void doubt_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response)
{
	const struct ocpp201_get_transaction_status_request *r = request;

	(void)action;
	if (r->transaction_id && doubt_is_lost(response))
		doubt_settle(c, s, r->transaction_id);
}

/* -- asking ----------------------------------------------------------------------------------- */

static void ask_next(struct session *x);

static void on_answer(void *arg, const struct call_result *r)
{
	struct session *x = arg;
	struct doubt *d = &x->doubt;

	if (r->outcome == EVENT_CALL_OUTCOME_LOST || r->outcome == EVENT_CALL_OUTCOME_CANCELLED)
		return;
	if (r->outcome == EVENT_CALL_OUTCOME_ANSWERED && doubt_is_lost(r->response_struct))
		doubt_settle(x->core, x->station, d->ids[d->next - 1]);
	ask_next(x);
}

/* One after the other: a station has better things to do after a reconnect. */
static void ask_next(struct session *x)
{
	struct doubt *d = &x->doubt;
	struct schema_error err;
	struct call_request req = {
		.action = "GetTransactionStatus",
		.actor = "depotd",
		.why = "nothing was heard of it since the station came back",
		.done = on_answer,
		.arg = x, /* calls end before their session */
	};
	struct text payload;

	if (d->next == d->count || !x->station)
		return;
	text_init(&payload, 0);
	text_puts(&payload, "{\"transactionId\":");
	text_put_json(&payload, d->ids[d->next++]);
	text_puts(&payload, "}");
	req.payload = text_ok(&payload) ? payload.data : "";
	if (call_queue_add(x->core, x->station, &req, NULL, &err))
		log_info("station %s: its open transactions cannot be asked about: %s",
			x->station->id, err.message);
	text_finish(&payload);
}

/* -- looking ---------------------------------------------------------------------------------- */

static void look_work(struct db_reader *db, void *arg)
{
	struct look *k = arg;
	struct db_transaction_filter f = {
		.station = k->station, .state = DB_OPEN, .limit = 10 * DOUBT_MAX};
	struct db_transaction_list list = {0};
	struct arena *a = arena_create(0);

	if (a && db_query_transactions(db, &f, a, &list) == 0)
		for (size_t i = 0; i < list.count && k->count < DOUBT_MAX; i++)
			/* By its own clock: one that is ahead says nothing of when it was heard. */
			if (list.items[i].last_at.ms < k->before.ms ||
				list.items[i].last_at.ms > k->now.ms)
				snprintf(k->ids[k->count++], sizeof k->ids[0], "%s",
					list.items[i].id);
	arena_destroy(a);
}

static void look_done(void *arg)
{
	struct look *k = arg;
	struct station *s = fleet_station(&k->core->fleet, k->station);

	if (s && s->session && s->epoch == k->epoch) {
		struct doubt *d = &s->session->doubt;

		memcpy(d->ids, k->ids, sizeof d->ids);
		d->count = k->count;
		d->next = 0;
		ask_next(s->session);
	}
	free(k);
}

static void on_timer(void *arg)
{
	struct session *x = arg;
	struct look *k = x->station ? calloc(1, sizeof *k) : NULL;

	if (!k)
		return;
	k->core = x->core;
	k->epoch = x->epoch;
	k->before = x->station->connected_at;
	k->now = clock_wall();
	snprintf(k->station, sizeof k->station, "%s", x->station->id);
	if (db_read(x->core->db, look_work, look_done, k))
		free(k);
}

void doubt_begin(struct session *x)
{
	int64_t wait_ms = x->core->config->limits->doubt_s * 1000;

	/* OCPP 1.6 has no such question. */
	if (wait_ms > 0 && x->version != OCPP_VERSION_1_6)
		timer_start(x->core->timers, &x->doubt.timer, wait_ms, on_timer, x);
}

void doubt_end(struct session *x)
{
	timer_stop(x->core->timers, &x->doubt.timer);
}
