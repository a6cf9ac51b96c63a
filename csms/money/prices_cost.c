/*
 * What energy costs, transaction by transaction. Estimated: by the first plan that knows the vehicle and
 * its need, at the prices of that moment; until then by one that does not, which is a guess. Actual: when it has ended, by the registers of the journal at the
 * prices in force then. Both are journalled once. Demand charges belong to a month: they are shared
 * when somebody asks (csms/api/costs.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/money/price_estimate.h"
#include "csms/money/prices_cost.h"
#include "csms/money/prices_private.h"
#include "csms/record.h"
#include "scheduler/plan.h"

#define BACK_MS                                                                                    \
	(14 * CALENDAR_DAY_MS) /* transactions that ended unseen are settled so much later */
#define AT_ONCE   20
#define LITTLE_WH 1000 /* taken: what is known by then is still expected */

/* -- the price of energy in slots ----------------------------------------------------------------- */

struct reckoning {
	struct prices *prices;
	const struct energy_use *use;
	const struct price_basis *basis;
	struct price_cost *out;
};

static struct price_value mean_of(
	const struct reckoning *x, int series, int64_t from_ms, int64_t to_ms)
{
	const struct price_past *past = x->basis->past;

	if (past && series < past->count)
		return price_series_mean(
			past->series[series], prices_zone(x->prices), from_ms, to_ms);
	return prices_series_mean(x->prices, series, from_ms, to_ms);
}

static bool market(void *arg, int series, int64_t from_ms, int64_t to_ms, int64_t *value)
{
	struct price_value v = mean_of(arg, series, from_ms, to_ms);

	*value = v.value;
	return v.source != PRICE_NONE;
}

static int put_prices(const struct tariff *t, const struct tariff_span *s, int64_t *out)
{
	struct flow_part *part = calloc((size_t)s->slots + 1, sizeof *part);

	if (!part)
		return -1;
	tariff_slots(t, s, part, NULL);
	for (int i = 0; i < s->slots; i++)
		out[i] = part[i].price;
	free(part);
	return 0;
}

/* Slots [from, to) of one tariff: energy alone, without what belongs to a month. */
static int add_stretch(struct reckoning *x, const struct price_tariff *t, int from, int to)
{
	struct tariff energy = t->tariff;
	struct tariff_span s = {.zone = prices_zone(x->prices),
		.start_ms = x->use->start_ms + from * ENERGY_SLOT_MS,
		.slot_ms = ENERGY_SLOT_MS,
		.slots = to - from,
		.month_wh = x->basis->month_wh,
		.market = market,
		.arg = x};
	struct bill_peaks none = {0};
	struct bill b;

	energy.demands = energy.fees = 0;
	energy.blocks = 0; /* by the power of the site, not of one vehicle */
	if (bill_make(&energy, &s, x->use->wh + from, NULL, &none, &b) < 0)
		return -1;
	x->out->energy_micro += b.total_micro;
	x->out->internal_micro += b.internal_micro;
	bill_finish(&b);
	return x->basis->price_micro ? put_prices(&energy, &s, x->basis->price_micro + from) : 0;
}

static void put_source(struct reckoning *x, const struct price_tariff *t, int from, int to)
{
	for (int i = from; i < to; i++)
		for (int k = 0; x->use->wh[i] && k < t->tariff.components; k++) {
			const struct tariff_component *c = &t->tariff.component[k];
			int64_t at = x->use->start_ms + i * ENERGY_SLOT_MS;
			struct price_value v;

			if (c->kind != TARIFF_BY_SERIES || c->is_export)
				continue;
			v = mean_of(x, c->series, at, at + ENERGY_SLOT_MS);
			if (v.source > x->out->source)
				x->out->source = v.source;
		}
}

/* Plugged in, and nothing flows any more. */
static void put_idle(
	const struct price_tariff *t, const struct energy_use *u, struct price_cost *out)
{
	int64_t idle = u->ended_ms - u->last_ms - t->tariff.idle_grace_ms;

	if (!t->tariff.idle_micro_h || idle <= 0)
		return;
	out->idle_s = idle / 1000;
	out->idle_micro = (out->idle_s * t->tariff.idle_micro_h + 1800) / 3600;
}

int prices_cost(struct prices *p, const struct energy_use *u, const struct price_basis *basis,
	struct price_cost *out)
{
	struct reckoning x = {p, u, basis, out};
	const struct price_tariff *last = NULL;

	*out = (struct price_cost){.energy_wh = u->total_wh};
	for (int from = 0, to; from < u->slots; from = to) {
		const struct price_tariff *t =
			prices_in_force(p, u->start_ms + from * ENERGY_SLOT_MS);

		for (to = from + 1; to < u->slots; to++)
			if (prices_in_force(p, u->start_ms + to * ENERGY_SLOT_MS) != t)
				break;
		if (!t)
			continue;
		if (add_stretch(&x, t, from, to) < 0)
			return -1;
		put_source(&x, t, from, to);
		last = t;
	}
	if (!last)
		return 1;
	put_idle(last, u, out);
	snprintf(out->tariff, sizeof out->tariff, "%s", last->row->id);
	snprintf(out->currency, sizeof out->currency, "%.3s", last->row->currency);
	return 0;
}

/* -- the past ------------------------------------------------------------------------------------- */

void price_past_finish(struct price_past *p)
{
	for (int i = 0; i < p->count; i++)
		free(p->series[i]);
	p->count = 0;
}

static void put_point(const struct depot_price_series_list *ids, const struct db_price_point *row,
	struct price_past *out)
{
	for (int i = 0; i < out->count; i++)
		if (strcmp(ids->items[i].id, row->series) == 0)
			price_series_put(out->series[i], row->start.ms,
				row->start.ms + row->step_s * 1000, (int32_t)row->value,
				row->received.ms);
}

int price_past_read(struct db_reader *r, const struct depot_price_series_list *ids, wall_t from,
	wall_t to, struct price_past *out)
{
	struct arena *a = arena_create(0);
	struct db_price_point_list list = {0};
	int rc = a ? 0 : -1;

	*out = (struct price_past){0};
	for (size_t i = 0; rc == 0 && i < ids->count && i < PRICES_SERIES_MAX; i++) {
		out->series[i] = malloc(sizeof *out->series[i]);
		rc = out->series[i] ? 0 : -1;
		if (rc == 0)
			price_series_init(out->series[out->count++], from.ms);
	}
	if (rc == 0)
		rc = db_query_price_points(r, NULL,
			wall_add_ms(from, -PRICE_DAYS_BACK * CALENDAR_DAY_MS),
			wall_add_ms(to, CALENDAR_DAY_MS), a, &list);
	for (size_t i = 0; i < list.count; i++)
		put_point(ids, &list.items[i], out);
	arena_destroy(a);
	if (rc < 0)
		price_past_finish(out);
	return rc;
}

/* -- settled -------------------------------------------------------------------------------------- */

struct settling {
	struct prices *prices; /* NULL: gone meanwhile */
	struct arena *arena;
	int count;
	struct energy_use uses[AT_ONCE];
	bool failed;
};

static void work(struct db_reader *r, void *arg)
{
	struct settling *x = arg;
	struct db_uncosted_list list;

	x->failed = db_query_uncosted(
			    r, (wall_t){clock_wall().ms - BACK_MS}, AT_ONCE, x->arena, &list) != 0;
	for (size_t i = 0; !x->failed && i < list.count && i < AT_ONCE; i++) {
		int rc = energy_use_read(r, x->arena, list.items[i].station,
			list.items[i].transaction_id, &x->uses[x->count]);

		x->failed = rc < 0;
		x->count += rc == 0;
	}
}

/* Once of each kind: `idem`. */
static void record_cost(struct prices *p, struct arena *a, const char *station,
	const char *transaction, int type, const void *payload, const char *idem)
{
	wall_t now = clock_wall();

	record_event(p->core, &(struct db_event){.stream = arena_printf(a, "energycost/%s/%s",
							 station, transaction),
				      .expect_version = DB_ANY_VERSION,
				      .type = type,
				      .payload = payload,
				      .at = now,
				      .received = now,
				      .idem = idem,
				      .actor = "prices"});
}

static void journal_settled(
	struct prices *p, const struct energy_use *u, const struct price_cost *cost)
{
	struct arena *a = record_arena(p->core);
	struct event_energy_cost_settled *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_energy_cost_settled){
		.station_id = arena_strdup(a, u->station),
		.transaction_id = arena_strdup(a, u->transaction_id),
		.vehicle = u->vehicle ? arena_strdup(a, u->vehicle) : NULL,
		.tariff = arena_strdup(a, cost->tariff),
		.currency = arena_strdup(a, cost->currency),
		.started = {u->started_ms},
		.ended = {u->ended_ms},
		.energy_wh = cost->energy_wh,
		.energy_micro = cost->energy_micro,
		.idle_s = cost->idle_s,
		.idle_micro = cost->idle_micro,
		.internal_micro = cost->internal_micro,
		.source = price_source_name(cost->source),
		.month_wh = p->month_wh,
	};
	record_cost(p, a, u->station, u->transaction_id, EVENT_ENERGY_COST_SETTLED, e, "settled");
}

static void finish(void *arg)
{
	struct settling *x = arg;
	struct prices *p = x->prices;

	for (int i = 0; p && i < x->count; i++) {
		struct price_basis basis = {.month_wh = p->month_wh};
		struct price_cost cost;

		if (prices_cost(p, &x->uses[i], &basis, &cost) == 0)
			journal_settled(p, &x->uses[i], &cost);
	}
	if (x->failed)
		log_error(
			"what ended transactions cost cannot be reckoned: the store cannot be read");
	if (p)
		p->settling = NULL;
	arena_destroy(x->arena);
	free(x);
}

static void settle(struct prices *p)
{
	struct settling *x;

	if (p->settling || !prices_in_force(p, clock_wall().ms))
		return;
	x = calloc(1, sizeof *x);
	if (!x || !(x->arena = arena_create(0))) {
		free(x);
		return;
	}
	x->prices = p;
	p->settling = x;
	if (db_read(p->core->db, work, finish, x) < 0)
		finish(x);
}

/* -- estimated ------------------------------------------------------------------------------------ */

static int64_t taken_wh(const struct control_plan_row *row)
{
	const struct transaction *t = &row->evse->tx;
	double wh = 0;

	if (strcmp(t->id, row->transaction) == 0 && t->meter_wh.at.ms && t->begin_wh.at.ms)
		wh = t->meter_wh.value - t->begin_wh.value;
	return wh > 0 ? (int64_t)wh : 0;
}

/* How much an estimate is a guess: each is journalled once, and the less of a guess counts. */
enum guess { GUESS_NONE, GUESS_NEED, GUESS_VEHICLE, GUESSES };
static const char *const guess_keys[] = {"estimated", "need guessed", "guessed"};

static enum guess guess_of(const struct control_plan_row *row)
{
	bool is_told = row->by != CHARGE_BY_GUESS && row->by != CHARGE_BY_FULL;

	return !row->vehicle ? GUESS_VEHICLE : is_told ? GUESS_NONE : GUESS_NEED;
}

static void estimate_row(struct prices *p, const struct control_plan *plan,
	const struct control_plan_row *row, enum guess guess)
{
	struct arena *a = record_arena(p->core);
	struct event_energy_cost_estimated *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct price_estimate found;

	if (!e)
		return;
	price_estimate(&(struct price_estimate_ask){.prices = plan->told,
			       .battery = &row->asked->battery,
			       .stored_wh = row->asked->stored_wh,
			       .w = row->w,
			       .slots = plan->slot_count,
			       .slot_s = plan->slot_ms / 1000,
			       .first_s = plan->first_s,
			       .taken_wh = taken_wh(row)},
		&found);
	*e = (struct event_energy_cost_estimated){
		.station_id = arena_strdup(a, row->evse->station->id),
		.transaction_id = arena_strdup(a, row->transaction),
		.plan = arena_strdup(a, plan->id),
		.tariff = arena_strdup(a, plan->told->tariff.name),
		.currency = arena_strdup(a, plan->told->tariff.currency),
		.energy_wh = found.energy_wh,
		.cost_micro = found.cost_micro,
		.source = price_source_name((enum price_source)found.source),
		.has_guess = guess != GUESS_NONE,
		.guess = guess,
	};
	record_cost(p, a, row->evse->station->id, row->transaction, EVENT_ENERGY_COST_ESTIMATED, e,
		guess_keys[guess]);
}

static uint64_t digest(const char *station, const char *transaction, enum guess guess)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
	const char *parts[] = {station, "/", transaction, "/", guess_keys[guess]};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (const char *s = parts[i]; *s; s++)
			h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return h;
}

static uint64_t digest_of(const struct control_plan_row *row, enum guess guess)
{
	return digest(row->evse->station->id, row->transaction, guess);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool is_seen(const struct prices *p, uint64_t x)
{
	return p->seen && bsearch(&x, p->seen, (size_t)p->seen_count, sizeof x, compare);
}

/* The one that counts now: what becomes known when much is in the battery is no expectation any more. */
static enum guess guess_now(const struct prices *p, const struct control_plan_row *row)
{
	for (int g = GUESS_NONE; taken_wh(row) > LITTLE_WH && g < GUESSES; g++)
		if (is_seen(p, digest_of(row, (enum guess)g)))
			return (enum guess)g;
	return guess_of(row);
}

/* Transactions that were not in the plan of the last look, or of a vehicle that is better known now. What
 * is estimated twice all the same, after a restart, the journal drops by its key. */
static void estimate(struct prices *p)
{
	const struct control_plan *plan = p->core->control ? control_plan(p->core->control) : NULL;
	uint64_t *seen;

	if (!plan || !plan->told || plan->made_at.ms == p->estimated_at.ms)
		return;
	seen = calloc((size_t)plan->row_count + 1, sizeof *seen);
	if (!seen)
		return;
	for (int i = 0; i < plan->row_count; i++) {
		enum guess guess = guess_now(p, &plan->rows[i]);

		seen[i] = digest_of(&plan->rows[i], guess);
		if (!is_seen(p, seen[i]))
			estimate_row(p, plan, &plan->rows[i], guess);
	}
	qsort(seen, (size_t)plan->row_count, sizeof *seen, compare);
	free(p->seen);
	p->seen = seen;
	p->seen_count = plan->row_count;
	p->estimated_at = plan->made_at;
}

static void read_seen(struct db_reader *r, void *arg)
{
	struct prices *p = arg;
	struct arena *a = arena_create(0);
	struct db_estimate_list list = {0};

	if (a && db_query_estimates(r, a, &list) == 0)
		p->seen = calloc(list.count + 1, sizeof *p->seen);
	for (size_t i = 0; p->seen && i < list.count; i++)
		if (list.items[i].guess >= 0 && list.items[i].guess < GUESSES)
			p->seen[p->seen_count++] = digest(list.items[i].station,
				list.items[i].transaction_id, (enum guess)list.items[i].guess);
	if (p->seen)
		qsort(p->seen, (size_t)p->seen_count, sizeof *p->seen, compare);
	arena_destroy(a);
}

int prices_costs_restore(struct prices *p, char why[400])
{
	if (db_read_now(p->core->db, read_seen, p) == 0 && p->seen)
		return 0;
	snprintf(why, 400, "the store's estimates of what energy costs cannot be read");
	return -1;
}

void prices_costs_forget(struct prices *p)
{
	if (p->settling)
		p->settling->prices = NULL;
	free(p->seen);
}

void prices_costs_work(struct prices *p)
{
	estimate(p);
	settle(p);
}
