/* Tariffs of the depot: read, put in force, judged, removed. csms/money/prices.h. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/money/price_plausible.h"
#include "csms/money/prices_cost.h"
#include "csms/view/words_setup.h"

static struct prices *prices_of(const struct ask *k)
{
	return k->api->core->prices;
}

static void fill(const struct prices *p, const struct price_tariff *t, struct api_tariff_view *out)
{
	const struct price_tariff *now = prices_in_force(p, clock_wall().ms);

	*out = (struct api_tariff_view){
		.id = t->row->id,
		.name = t->row->name,
		.currency = t->row->currency,
		.valid_from = t->row->valid_from,
		.in_force = t == now,
		.compare_only = t->row->compare_only,
		.from_file = t->from_file,
		.changed_at = t->at,
		.changed_by = t->actor,
	};
}

/* The one that takes over next, NULL: none. */
static const struct price_tariff *next_of(const struct prices *p, int64_t now_ms)
{
	const struct price_tariff *next = NULL;

	for (int i = 0; i < prices_count(p); i++) {
		const struct price_tariff *t = prices_at(p, i);

		if (!t->row->compare_only && t->from_day != INT64_MIN &&
			t->from_day * CALENDAR_DAY_MS > now_ms &&
			(!next || t->from_day < next->from_day))
			next = t;
	}
	return next;
}

static const char *name_of(const struct price_tariff *t)
{
	return t == NULL ? NULL : t->row->name ? t->row->name : t->row->id;
}

/* Those that are known for too short go first, of them the one that ends first. */
static void say_series(const struct prices *p, int64_t now_ms, struct words_tariffs *n)
{
	int64_t ends_ms = INT64_MAX;

	for (int i = 0; i < n->series; i++) {
		struct price_state s;
		const char *name;

		prices_series_state(p, i, &s);
		name = s.row->name ? s.row->name : s.row->id;
		n->missing += s.is_short;
		if (s.failures && !s.is_short && !n->failing)
			n->failing = name;
		if (s.known_until_ms >= ends_ms)
			continue;
		ends_ms = s.known_until_ms;
		n->first = (struct words_prices){.name = name,
			.until = {ends_ms > now_ms ? ends_ms : 0},
			.now = {now_ms},
			.after = price_source_words(s.after)};
	}
}

static void say(struct ask *k, const struct prices *p, struct api_tariff_list *out)
{
	int64_t now = clock_wall().ms, window_ms;
	const struct price_tariff *next = next_of(p, now);
	const struct price_tariff *is = prices_in_force(p, now);
	struct words_tariffs n = {.in_force = name_of(is),
		.next = name_of(next),
		.next_day = next ? next->row->valid_from : NULL,
		.series = prices_series_count(p),
		.has_unseen_peak = is && is->tariff.demands && !prices_site(p, &window_ms)[0]};
	struct text t;

	say_series(p, now, &n);
	text_init(&t, 290);
	words_tariffs_sentence(&t, &n);
	out->sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_tariffs_sub(&t, &n);
	out->sub = ask_words(k, &t);
}

void tariffs_list(struct ask *k)
{
	const struct prices *p = prices_of(k);
	size_t count = (size_t)prices_count(p);
	struct api_tariff_view *items = arena_alloc(k->arena, (count + 1) * sizeof *items);
	struct api_tariff_list out = {0};

	if (!items) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < count; i++)
		fill(p, prices_at(p, (int)i), &items[i]);
	out.tariffs.count = count;
	out.tariffs.items = items;
	say(k, p, &out);
	ask_reply(k, 200, &api_tariff_list_type, &out);
}

/* The tariff of the path, or NULL after a 404. */
static const struct price_tariff *find(struct ask *k)
{
	const struct price_tariff *t = prices_find(prices_of(k), k->match.param[0]);

	if (!t)
		ask_problem(k, 404, NULL,
			"there is no tariff \"%.40s\"; GET /api/v1/tariffs lists them",
			k->match.param[0]);
	return t;
}

void tariff_get(struct ask *k)
{
	const struct price_tariff *t = find(k);

	if (t)
		ask_reply(k, 200, &depot_tariff_type, t->row);
}

static void complain(struct ask *k, const struct depot_fault *f)
{
	if (f->path[0])
		ask_problem(k, 400, f->path, "%s: %s", f->path, f->text);
	else
		ask_problem(k, 400, NULL, "%s", f->text);
}

static void keep_odd(void *arg, const struct depot_fault *odd)
{
	*(struct depot_fault *)arg = *odd;
}

/* What would be taken, with what of it is seldom meant. */
static void say_good(struct ask *k, const struct depot_tariff *row)
{
	struct depot_fault odd;

	if (price_tariff_odd(row, "", keep_odd, &odd))
		ask_done(k, arena_printf(k->arena, "good, nothing was changed; but %s: %s",
				    odd.path, odd.text));
	else
		ask_done(k, "good: nothing was changed");
}

void tariff_put(struct ask *k)
{
	const struct depot_tariff *row = k->body;
	const char *check = ask_query(k, "check");
	struct tariff *judged = arena_alloc(k->arena, sizeof *judged);
	struct depot_fault fault = {0};

	if (strcmp(row->id, k->match.param[0]) != 0) {
		ask_problem(
			k, 400, "id", "id: must be \"%.40s\" as in the path", k->match.param[0]);
		return;
	}
	if (!judged) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (prices_check(prices_of(k), row, judged, &fault) < 0) {
		complain(k, &fault);
		return;
	}
	if (check && strcmp(check, "0") != 0) {
		say_good(k, row);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (prices_put(prices_of(k), row, k->who.actor, ask_changed, k, &fault) < 0)
		complain(k, &fault);
}

void tariff_delete(struct ask *k)
{
	const struct price_tariff *t = find(k);

	if (!t || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	prices_remove(prices_of(k), t, k->who.actor, ask_changed, k);
}
