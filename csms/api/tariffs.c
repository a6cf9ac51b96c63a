/* Tariffs of the depot: read, put in force, judged, removed. csms/prices.h. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers.h"
#include "csms/prices.h"

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

void tariffs_list(struct ask *k)
{
	const struct prices *p = prices_of(k);
	size_t count = (size_t)prices_count(p);
	struct api_tariff_view *items = arena_alloc(k->arena, (count + 1) * sizeof *items);

	if (!items) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < count; i++)
		fill(p, prices_at(p, (int)i), &items[i]);
	ask_reply(k, 200, &api_tariff_list_type,
		&(struct api_tariff_list){.tariffs = {count, items}});
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
		ask_done(k, "good: nothing was changed");
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
