/* Prices slot by slot, and the series that they rest on. csms/money/prices.h. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/money/prices_cost.h"
#include "csms/view/words_setup.h"

#define SPAN_MAX_MS (40 * CALENDAR_DAY_MS)
#define MICRO       1e6

static struct prices *prices_of(const struct ask *k)
{
	return k->api->core->prices;
}

/* -- slots ------------------------------------------------------------------------------------- */

static double price_of(int64_t micro)
{
	return (double)micro / MICRO;
}

static void put_slot(struct ask *k, const struct price_slots *s, int i, struct api_price_slot *out)
{
	const struct flow_part *part = &s->import[i * s->parts];
	double *above = arena_alloc(k->arena, (size_t)s->parts * sizeof *above);

	*out = (struct api_price_slot){
		.start = {s->start_ms + i * s->slot_ms},
		.import = price_of(part[0].price),
		.export = price_of(s->feed_in[i]),
		.source = price_source_name((enum price_source)s->source[i]),
		.has_received = s->received_ms[i] != 0,
		.received = {s->received_ms[i]},
	};
	if (!above)
		return;
	for (int n = 1; n < s->parts; n++)
		above[n - 1] = price_of(part[n].price);
	out->above.count = (size_t)s->parts - 1;
	out->above.items = above;
}

static void put_demand(struct ask *k, const struct price_slots *s, const struct bill_demand_row *r,
	struct api_price_demand *out)
{
	struct calendar_day month;
	int64_t window_ms;

	tariff_month_begin(&s->tariff, r->month, &month);
	*out = (struct api_price_demand){
		.id = arena_strdup(k->arena, s->tariff.demand[r->demand].name),
		.month = arena_printf(k->arena, "%04d-%02d", month.year, month.month),
		.interval_min = r->interval_min,
		.has_measured = true,
		.measured = prices_site(prices_of(k), &window_ms)[0] != '\0',
		.price_kw = price_of(r->price_micro_kw),
		.incumbent_kw = (double)r->incumbent_w / 1000,
		.from = {s->start_ms + r->from * s->slot_ms},
		.to = {s->start_ms + r->to * s->slot_ms},
	};
}

static const char *say_slots(struct ask *k, const struct price_slots *s)
{
	struct words_slots n = {
		.has_tariff = s->tariff.name[0] != '\0', .slots = s->slots, .now = clock_wall()};
	struct text t;

	for (int i = 0; i < s->slots; i++) {
		n.needs_series |= s->source[i] != PRICE_FIXED;
		n.unknown += s->source[i] == PRICE_NONE;
		if (s->source[i] <= PRICE_SERIES)
			n.told++;
		else if (!n.by) {
			n.from.ms = s->start_ms + i * s->slot_ms;
			n.by = price_source_words((enum price_source)s->source[i]);
		}
	}
	text_init(&t, 290);
	words_slots_sentence(&t, &n);
	return ask_words(k, &t);
}

void prices_reply(struct ask *k, const struct price_slots *s)
{
	struct api_price_slots out = {.slot_s = s->slot_ms / 1000};
	bool has_tariff = s->tariff.name[0] != '\0';

	out.tariff = has_tariff ? arena_strdup(k->arena, s->tariff.name) : NULL;
	out.currency = has_tariff ? arena_strdup(k->arena, s->tariff.currency) : NULL;
	out.slots.items = arena_alloc(k->arena, ((size_t)s->slots + 1) * sizeof *out.slots.items);
	out.demand.items =
		arena_alloc(k->arena, ((size_t)s->demands + 1) * sizeof *out.demand.items);
	if (!out.slots.items || !out.demand.items) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	out.sentence = say_slots(k, s);
	for (int i = 0; i < s->slots; i++)
		put_slot(k, s, i, &out.slots.items[out.slots.count++]);
	for (int i = 0; i < s->demands; i++)
		put_demand(k, s, &s->demand[i], &out.demand.items[out.demand.count++]);
	ask_reply(k, 200, &api_price_slots_type, &out);
}

void prices_get(struct ask *k)
{
	const char *id = ask_query(k, "tariff");
	const struct price_tariff *t = id ? prices_find(prices_of(k), id) : NULL;
	wall_t from = clock_wall(), to;
	int64_t slot_s = 3600;
	struct price_slots s;
	int slots, rc;

	from.ms -= from.ms % 3600000;
	if (!ask_time(k, "from", &from))
		return;
	to = wall_add_ms(from, CALENDAR_DAY_MS);
	if (!ask_time(k, "to", &to) || !ask_int(k, "slot_s", 60, 86400, &slot_s))
		return;
	if (to.ms <= from.ms || to.ms - from.ms > SPAN_MAX_MS ||
		(to.ms - from.ms) / (slot_s * 1000) > FLOW_SLOTS_MAX) {
		ask_problem(k, 400, "to",
			"to: must be after from, at most 40 days and %d slots later",
			FLOW_SLOTS_MAX);
		return;
	}
	if (id && !t) {
		ask_problem(k, 404, NULL, "there is no tariff \"%.40s\"", id);
		return;
	}
	slots = (int)((to.ms - from.ms + slot_s * 1000 - 1) / (slot_s * 1000));
	rc = t ? prices_fill_by(prices_of(k), &t->tariff, from, slot_s * 1000, slots, &s)
	       : prices_fill(prices_of(k), from, slot_s * 1000, slots, &s);
	if (rc < 0) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	prices_reply(k, &s);
	price_slots_finish(&s);
}

/* -- series ------------------------------------------------------------------------------------ */

static void fill_series(
	const struct prices *p, int i, struct ask *k, struct api_price_series_view *out)
{
	struct price_state s;

	prices_series_state(p, i, &s);
	*out = (struct api_price_series_view){
		.id = s.row->id,
		.name = s.row->name,
		.kind = s.row->kind == DEPOT_PRICE_KIND_CARBON ? "carbon" : "energy",
		.fetched = s.row->fetch != NULL,
		.has_received_at = s.received_at.ms != 0,
		.received_at = s.received_at,
		.received_from =
			s.received_from[0] ? arena_strdup(k->arena, s.received_from) : NULL,
		.has_known_until = s.known_until_ms > clock_wall().ms,
		.known_until = {s.known_until_ms},
		.has_tried_at = s.tried_at.ms != 0,
		.tried_at = s.tried_at,
		.has_next_at = s.next_at.ms != 0,
		.next_at = s.next_at,
		.failures = s.failures,
		.broken = s.is_broken,
		.trouble = s.trouble[0] ? arena_strdup(k->arena, s.trouble) : NULL,
	};
}

void series_list(struct ask *k)
{
	const struct prices *p = prices_of(k);
	size_t count = (size_t)prices_series_count(p);
	struct api_price_series_view *items = arena_alloc(k->arena, (count + 1) * sizeof *items);

	if (!items) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < count; i++)
		fill_series(p, (int)i, k, &items[i]);
	ask_reply(k, 200, &api_price_series_list_type,
		&(struct api_price_series_list){.series = {count, items}});
}

/* The series of the path, or -1 after a 404. */
static int find(struct ask *k)
{
	int i = prices_series_find(prices_of(k), k->match.param[0]);

	if (i < 0)
		ask_problem(k, 404, NULL,
			"there is no series \"%.40s\": name it under prices, in the depot's file",
			k->match.param[0]);
	return i;
}

void series_fetch(struct ask *k)
{
	int i = find(k);

	if (i < 0)
		return;
	if (prices_fetch_now(prices_of(k), i) < 0)
		ask_problem(k, 409, NULL, "\"%.40s\" has no address to fetch it from",
			k->match.param[0]);
	else
		ask_done(k, "asked; GET /api/v1/price-series says what came of it");
}

/* -- upload ------------------------------------------------------------------------------------ */

static int read_values(const struct depot_price_series *row, const struct api_price_put *b,
	struct price_points *out, char why[300])
{
	out->count = 0;
	for (size_t i = 0; i < b->values.count; i++) {
		int64_t at = b->start.ms + (int64_t)i * b->step_s * 1000;
		int32_t value;

		if (price_value_of(row, b->values.items[i], &value) < 0) {
			snprintf(why, 300, "values[%zu] is no price", i);
			return -1;
		}
		if (price_points_add(out, at, at + b->step_s * 1000, value, why) < 0)
			return -1;
	}
	return price_points_finish(out, b->step_s * 1000, why);
}

/* A document is read as fetch says, but for its format. */
static int read_document(const struct depot_price_series *row, const struct api_price_put *b,
	struct price_points *out, char why[300])
{
	struct depot_price_fetch plain = {.time_column = 1, .value_column = 2, .separator = ","};
	struct depot_price_fetch fetch = row->fetch ? *row->fetch : plain;
	struct depot_price_series with = *row;

	if (b->has_format)
		fetch.format = (enum depot_price_format)b->format;
	else if (!row->fetch) {
		snprintf(why, 300, "format must say what the document is: entsoe, csv or json");
		return -1;
	}
	with.fetch = &fetch;
	return price_read(&with, b->document, strlen(b->document), out, why);
}

struct upload {
	int series, values, news;
};

static void on_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct upload *u = k->state;
	struct price_state s;

	if (status != 0) {
		ask_changed(k, status, why);
		return;
	}
	prices_series_state(prices_of(k), u->series, &s);
	ask_reply(k, 200, &api_price_put_reply_type,
		&(struct api_price_put_reply){.values = u->values,
			.news = u->news,
			.has_known_until = s.known_until_ms > clock_wall().ms,
			.known_until = {s.known_until_ms}});
}

void series_put(struct ask *k)
{
	const struct api_price_put *b = k->body;
	struct price_points *points = arena_alloc(k->arena, sizeof *points);
	struct upload *u = arena_alloc(k->arena, sizeof *u);
	struct price_state s;
	char why[300] = "no memory";
	int i = find(k), rc = -1;

	if (i < 0)
		return;
	if ((b->document != NULL) + (b->values.count > 0 && b->has_start) != 1) {
		ask_problem(k, 400, NULL, "send either a document, or start and values");
		return;
	}
	prices_series_state(prices_of(k), i, &s);
	if (points && u)
		rc = b->document ? read_document(s.row, b, points, why)
				 : read_values(s.row, b, points, why);
	if (rc < 0) {
		ask_problem(k, 400, b->document ? "document" : "values", "%s", why);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	k->state = u;
	u->series = i;
	u->values = points->count;
	u->news = prices_take(prices_of(k), i, points, "upload", k->who.actor, on_stored, k, why);
	if (u->news < 0)
		ask_problem(k, 400, NULL, "%s", why);
}
