/* What energy cost: of sessions, vehicles and days, one session reckoned anew, the site's bill. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/money/prices_cost.h"
#include "db/query_price.h"

#define MICRO       1e6
#define SPAN_MS     (31 * CALENDAR_DAY_MS)
#define SPAN_MAX_MS (400 * CALENDAR_DAY_MS)
#define SESSIONS    10000

enum by { BY_SESSION, BY_VEHICLE, BY_DAY };
static const char *const by_names[] = {"session", "vehicle", "day"};

struct costs {
	enum by by;
	bool is_csv;
	struct db_energy_cost_ask ask;
	struct db_energy_cost_list list;
	bool failed;
};

static struct prices *prices_of(const struct ask *k)
{
	return k->api->core->prices;
}

static double amount(int64_t micro)
{
	return (double)micro / MICRO;
}

/* -- groups ------------------------------------------------------------------------------------- */

static const char *key_of(struct ask *k, enum by by, const struct db_energy_cost *c)
{
	struct calendar_time at;

	if (by == BY_VEHICLE)
		return c->vehicle ? c->vehicle : "";
	if (by == BY_SESSION)
		return arena_printf(k->arena, "%s/%s", c->station, c->transaction_id);
	calendar_local(prices_zone(prices_of(k)), c->ended_at.ms, &at);
	return arena_printf(k->arena, "%04d-%02d-%02d", at.day.year, at.day.month, at.day.day);
}

static int source_rank(const char *name)
{
	for (int i = 0; i < PRICE_SOURCE_COUNT; i++)
		if (strcmp(price_source_name((enum price_source)i), name) == 0)
			return i;
	return PRICE_NONE;
}

/* The demand charges of the month that it ended in, by the part of the site's energy that it took:
 * who takes more bears more, and the building bears its own. */
static bool demand_share(struct ask *k, const struct db_energy_cost *c, int64_t *micro)
{
	int64_t charge, site_wh;

	if (!prices_month(prices_of(k), c->ended_at.ms, &charge, &site_wh))
		return false;
	if (site_wh < c->energy_wh)
		site_wh = c->energy_wh;
	*micro = site_wh ? (int64_t)((__int128)charge * c->energy_wh / site_wh) : 0;
	return true;
}

static void add(struct ask *k, const struct db_energy_cost *c, struct api_energy_cost *out)
{
	int64_t demand;

	out->sessions++;
	out->energy_kwh += (double)c->energy_wh / 1000;
	out->energy_cost += amount(c->energy_micro);
	out->idle_cost += amount(c->idle_micro);
	out->carbon_cost += amount(c->internal_micro);
	out->total += amount(c->energy_micro + c->idle_micro);
	if (demand_share(k, c, &demand)) {
		out->has_demand_cost = true;
		out->demand_cost += amount(demand);
		out->total += amount(demand);
	}
	if (c->has_estimate) {
		out->has_estimate_kwh = out->has_estimate_cost = true;
		out->estimate_kwh += (double)c->estimate_wh / 1000;
		out->estimate_cost += amount(c->estimate_micro);
		out->has_estimated = out->has_estimated_cost = out->has_guesses = true;
		out->estimated++;
		out->estimated_cost += amount(c->energy_micro);
		out->guesses += c->is_guess;
	}
	if (source_rank(c->source) > source_rank(out->source))
		out->source = c->source;
	if (c->ended_at.ms > out->ended.ms)
		out->ended = c->ended_at;
}

/* A group has one currency: what was paid in two is two rows. */
static struct api_energy_cost *group(
	struct ask *k, struct api_energy_cost_list *l, enum by by, const struct db_energy_cost *c)
{
	const char *key = key_of(k, by, c);
	struct api_energy_cost *row;

	for (size_t i = l->costs.count; key && by != BY_SESSION && i-- > 0;)
		if (strcmp(l->costs.items[i].key, key) == 0 &&
			strcmp(l->costs.items[i].currency, c->currency) == 0)
			return &l->costs.items[i];
	if (!key)
		return NULL;
	row = &l->costs.items[l->costs.count++];
	*row = (struct api_energy_cost){.key = key,
		.vehicle = by == BY_DAY ? NULL : c->vehicle,
		.currency = c->currency,
		.tariff = c->tariff,
		.source = c->source};
	return row;
}

static void reply_csv(struct ask *k, const struct api_energy_cost_list *l)
{
	struct text t;

	text_init(&t, 0);
	text_puts(&t, "key,vehicle,sessions,currency,tariff,energy_kwh,energy_cost,demand_cost,"
		      "idle_cost,total,carbon_cost,estimate_kwh,estimate_cost,source,ended,"
		      "estimated,estimated_cost,guesses\r\n");
	for (size_t i = 0; i < l->costs.count; i++) {
		const struct api_energy_cost *c = &l->costs.items[i];
		char ended[WALL_TEXT_SIZE];

		text_printf(&t, "%s,%s,%d,%s,%s,%.3f,%.6f,", c->key, c->vehicle ? c->vehicle : "",
			(int)c->sessions, c->currency, c->tariff, c->energy_kwh, c->energy_cost);
		if (c->has_demand_cost)
			text_printf(&t, "%.6f", c->demand_cost);
		text_printf(&t, ",%.6f,%.6f,%.6f,", c->idle_cost, c->total, c->carbon_cost);
		if (c->has_estimate_kwh)
			text_printf(&t, "%.3f,%.6f", c->estimate_kwh, c->estimate_cost);
		else
			text_puts(&t, ",");
		text_printf(&t, ",%s,%s,", c->source, wall_format(c->ended, ended));
		if (c->has_estimated)
			text_printf(&t, "%d,%.6f,%d\r\n", (int)c->estimated, c->estimated_cost,
				(int)c->guesses);
		else
			text_puts(&t, "0,,\r\n");
	}
	if (text_ok(&t))
		ask_reply_text(k, 200, "text/csv; charset=utf-8; header=present", t.data, t.len);
	else
		ask_problem(k, 503, NULL, "no memory");
	text_finish(&t);
}

static void work_costs(struct db_reader *r, struct ask *k)
{
	struct costs *q = k->state;

	q->failed = db_query_energy_costs(r, &q->ask, k->arena, &q->list) != 0;
}

static void finish_costs(struct ask *k)
{
	struct costs *q = k->state;
	struct api_energy_cost_list out = {.by = by_names[q->by]};

	out.costs.items = arena_alloc(k->arena, (q->list.count + 1) * sizeof *out.costs.items);
	if (q->failed || !out.costs.items) {
		ask_problem(k, 503, NULL, "the store cannot be read now");
		return;
	}
	for (size_t i = 0; i < q->list.count; i++) {
		struct api_energy_cost *row = q->list.items[i].has_actual
						      ? group(k, &out, q->by, &q->list.items[i])
						      : NULL;

		if (row)
			add(k, &q->list.items[i], row);
	}
	if (q->is_csv)
		reply_csv(k, &out);
	else
		ask_reply(k, 200, &api_energy_cost_list_type, &out);
}

/* from and to of the query, in their bounds. */
static bool read_span(struct ask *k, wall_t *from, wall_t *to)
{
	if (!ask_time(k, "from", from) || !ask_time(k, "to", to))
		return false;
	if (to->ms > from->ms && to->ms - from->ms <= SPAN_MAX_MS)
		return true;
	ask_problem(k, 400, "to", "to: must be after from, at most 400 days later");
	return false;
}

static bool read_by(struct ask *k, enum by *out)
{
	const char *by = ask_query(k, "by");

	for (int i = 0; i <= BY_DAY; i++)
		if (!by || strcmp(by, by_names[i]) == 0) {
			*out = (enum by)i;
			return true;
		}
	ask_problem(k, 400, "by", "by: must be session, vehicle or day");
	return false;
}

void costs_list(struct ask *k)
{
	struct costs *q = arena_alloc(k->arena, sizeof *q);
	const char *format = ask_query(k, "format"), *vehicle = ask_query(k, "vehicle");
	int64_t limit = SESSIONS;

	if (!q) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	q->ask.to = clock_wall();
	q->ask.from = wall_add_ms(q->ask.to, -SPAN_MS);
	if (!read_by(k, &q->by) || !read_span(k, &q->ask.from, &q->ask.to) ||
		!ask_int(k, "limit", 1, SESSIONS, &limit))
		return;
	if (format && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0) {
		ask_problem(k, 400, "format", "format: must be json or csv");
		return;
	}
	q->is_csv = format && strcmp(format, "csv") == 0;
	q->ask.limit = (int)limit;
	q->ask.vehicle = vehicle ? arena_strdup(k->arena, vehicle) : NULL;
	q->ask.station = ask_station(k, ask_query(k, "station"));
	k->state = q;
	ask_read(k, work_costs, finish_costs);
}

/* -- one session, anew -------------------------------------------------------------------------- */

struct replayed {
	const char *station, *id;
	struct energy_use use;
	struct db_energy_cost_list settled;
	const struct depot_price_series_list *series; /* of the depot's file: it stays */
	struct price_past past;
	int rc;
};

static void work_one(struct db_reader *r, struct ask *k)
{
	struct replayed *q = k->state;
	struct db_energy_cost_ask ask = {
		.station = q->station, .transaction_id = q->id, .limit = 1};

	q->rc = energy_use_read(r, k->arena, q->station, q->id, &q->use);
	if (q->rc == 0)
		q->rc = db_query_energy_costs(r, &ask, k->arena, &q->settled);
	if (q->rc == 0)
		q->rc = price_past_read(r, q->series, (wall_t){q->use.started_ms},
			(wall_t){q->use.ended_ms}, &q->past);
}

static void put_cost_slots(struct ask *k, const struct energy_use *u, const int64_t *price_micro,
	struct api_energy_cost_replay *out)
{
	out->slots.items = arena_alloc(k->arena, (size_t)u->slots * sizeof *out->slots.items);
	for (int i = 0; out->slots.items && i < u->slots; i++)
		if (u->wh[i])
			out->slots.items[out->slots.count++] = (struct api_energy_cost_slot){
				.start = {u->start_ms + i * ENERGY_SLOT_MS},
				.energy_wh = u->wh[i],
				.price = amount(price_micro[i])};
}

static void finish_one(struct ask *k)
{
	struct replayed *q = k->state;
	const struct db_energy_cost *was =
		q->settled.count && q->settled.items[0].has_actual ? q->settled.items : NULL;
	struct api_energy_cost_replay out = {0};
	struct price_cost cost;
	struct price_basis basis = {.month_wh = was ? was->month_wh : 0, .past = &q->past};
	int rc = q->rc;

	if (rc == 0) {
		basis.price_micro =
			arena_alloc(k->arena, (size_t)q->use.slots * sizeof *basis.price_micro);
		rc = basis.price_micro ? prices_cost(prices_of(k), &q->use, &basis, &cost) : -1;
	}
	price_past_finish(&q->past);
	if (rc != 0) {
		ask_problem(k, rc < 0 ? 503 : 404, NULL,
			rc < 0 ? "the store cannot be read now"
			       : "no transaction of that name has ended, or no tariff was in force");
		return;
	}
	out = (struct api_energy_cost_replay){
		.key = arena_printf(k->arena, "%s/%s", q->station, q->id),
		.tariff = arena_strdup(k->arena, cost.tariff),
		.currency = arena_strdup(k->arena, cost.currency),
		.energy_wh = cost.energy_wh,
		.energy_cost = amount(cost.energy_micro),
		.idle_cost = amount(cost.idle_micro),
		.has_settled_cost = was != NULL,
		.settled_cost = was ? amount(was->energy_micro) : 0,
		.agrees = was && was->energy_micro == cost.energy_micro &&
			  was->energy_wh == cost.energy_wh && was->idle_micro == cost.idle_micro &&
			  was->internal_micro == cost.internal_micro,
		.source = price_source_name(cost.source),
	};
	put_cost_slots(k, &q->use, basis.price_micro, &out);
	ask_reply(k, 200, &api_energy_cost_replay_type, &out);
}

void cost_get(struct ask *k)
{
	struct replayed *q = arena_alloc(k->arena, sizeof *q);

	if (!q) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	q->station = ask_station(k, k->match.param[0]);
	q->id = k->match.param[1];
	q->series = &k->api->core->depot->prices;
	k->state = q;
	ask_read(k, work_one, finish_one);
}

/* -- the site's bill ------------------------------------------------------------------------------ */

struct billing {
	wall_t from, to;
	int64_t window_ms;
	char site[61];
	struct tariff tariff;
	struct db_site_window_list windows;
	bool failed;
};

static void work_bill(struct db_reader *r, struct ask *k)
{
	struct billing *q = k->state;

	q->failed = db_query_site_windows(r, q->site, q->from, q->to, k->arena, &q->windows) != 0;
}

static bool market(void *arg, int series, int64_t from_ms, int64_t to_ms, int64_t *value)
{
	struct price_value v = prices_series_mean(arg, series, from_ms, to_ms);

	*value = v.value;
	return v.source != PRICE_NONE;
}

static void put_line(
	struct ask *k, const struct tariff *t, const struct bill_line *l, struct api_bill_line *out)
{
	static const struct {
		const char *kind, *unit;
		double per;
	} kinds[] = {
		[BILL_ENERGY] = {"energy", "kWh", 1000},
		[BILL_POWER] = {"power", "kWh", 1000},
		[BILL_FEED_IN] = {"feed-in", "kWh", 1000},
		[BILL_DEMAND] = {"demand", "kW", 1000},
		[BILL_BLOCKS] = {"blocks", "blocks", 1},
		[BILL_FEE] = {"fee", "days", 86400000.0},
	};
	struct calendar_day month;

	tariff_month_begin(t, l->month, &month);
	*out = (struct api_bill_line){
		.month = arena_printf(k->arena, "%04d-%02d", month.year, month.month),
		.kind = kinds[l->kind].kind,
		.name = arena_strdup(k->arena, l->name),
		.quantity = (double)l->quantity / kinds[l->kind].per,
		.unit = kinds[l->kind].unit,
		.amount = amount(l->amount_micro),
		.internal = l->is_internal,
		.has_peak_at = l->peak_ms >= 0,
		.peak_at = {l->peak_ms},
	};
}

static void reply_bill(struct ask *k, const struct billing *q, const struct bill *b, int slots)
{
	struct api_bill out = {
		.tariff = q->tariff.name,
		.currency = q->tariff.currency,
		.from = q->from,
		.to = q->to,
		.measured_pct = 100.0 * (double)q->windows.count / (slots > 0 ? slots : 1),
		.total = amount(b->total_micro),
		.internal = amount(b->internal_micro),
		.unknown = b->unknown,
	};

	out.lines.items = arena_alloc(k->arena, ((size_t)b->count + 1) * sizeof *out.lines.items);
	if (!out.lines.items) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (int i = 0; i < b->count; i++)
		put_line(k, &q->tariff, &b->lines[i], &out.lines.items[out.lines.count++]);
	ask_reply(k, 200, &api_bill_type, &out);
}

static void finish_bill(struct ask *k)
{
	struct billing *q = k->state;
	int slots = (int)((q->to.ms - q->from.ms + q->window_ms - 1) / q->window_ms);
	int64_t *wh = arena_alloc(k->arena, ((size_t)slots + 1) * sizeof *wh);
	struct tariff_span s = {.zone = prices_zone(prices_of(k)),
		.start_ms = q->from.ms,
		.slot_ms = q->window_ms,
		.slots = slots,
		.market = market,
		.arg = prices_of(k)};
	struct bill_peaks none = {0};
	struct bill b;

	if (q->failed || !wh) {
		ask_problem(k, 503, NULL, "the store cannot be read now");
		return;
	}
	for (size_t i = 0; i < q->windows.count; i++) {
		const struct db_site_window *w = &q->windows.items[i];
		int64_t slot = (w->start.ms - q->from.ms) / q->window_ms;

		if (slot < slots)
			wh[slot] += prices_window_wh(w, i ? w - 1 : NULL, q->window_ms);
	}
	if (bill_make(&q->tariff, &s, wh, NULL, &none, &b) < 0) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	reply_bill(k, q, &b, slots);
	bill_finish(&b);
}

/* This billing month so far, or what the query says, from and to on whole windows. */
static bool read_times(struct ask *k, struct billing *q)
{
	struct calendar_time now;
	struct calendar_day begin;

	q->to = clock_wall();
	calendar_local(prices_zone(prices_of(k)), q->to.ms, &now);
	tariff_month_begin(&q->tariff, tariff_month(&q->tariff, &now.day), &begin);
	q->from.ms = calendar_begin_ms(prices_zone(prices_of(k)), &begin);
	if (!read_span(k, &q->from, &q->to))
		return false;
	q->from.ms -= q->from.ms % q->window_ms;
	return true;
}

void bill_get(struct ask *k)
{
	const char *id = ask_query(k, "tariff");
	const struct price_tariff *t =
		id ? prices_find(prices_of(k), id) : prices_in_force(prices_of(k), clock_wall().ms);
	struct billing *q = arena_alloc(k->arena, sizeof *q);

	if (!q || !t) {
		ask_problem(k, q ? 404 : 503, NULL,
			q ? "there is no such tariff, or none in force" : "no memory");
		return;
	}
	q->tariff = t->tariff;
	snprintf(q->site, sizeof q->site, "%s", prices_site(prices_of(k), &q->window_ms));
	if (!q->window_ms) {
		ask_problem(k, 409, NULL,
			"no node has demand windows: give the grid connection a meter and `demand`");
		return;
	}
	if (!read_times(k, q))
		return;
	k->state = q;
	ask_read(k, work_bill, finish_bill);
}
