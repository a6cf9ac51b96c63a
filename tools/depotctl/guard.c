/* What the guard reckons with, and what chargers are like. */
#include <string.h>
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *kw(struct ctl *c, int64_t w)
{
	return arena_printf(c->arena, "%.1f", (double)w / 1000.0);
}

static const char *seconds(struct ctl *c, int64_t s)
{
	return arena_printf(c->arena, "%lld s", (long long)s);
}

static void print_tiers(struct ctl *c, const struct api_guard_view *v)
{
	struct table *t =
		table_create(c->arena, "NODE|MEASUREMENT|COUNTS AS|FOR|COSTS kW", c->colour);

	for (size_t i = 0; i < v->tiers.count; i++) {
		const struct api_tier_view *r = &v->tiers.items[i];
		table_row(t);
		table_cell(t, r->node);
		table_cell(t, r->tier);
		table_cell(t, r->counts_as);
		table_cell(t, seconds(c, r->for_s));
		table_cell(t, kw(c, r->cost_w));
	}
	ctl_print(t, "No node has a meter.");
}

static const char *demand_note(struct ctl *c, const struct api_demand_view *r)
{
	if (r->in_danger)
		return "ends above its target without any charging";
	if (r->missing_s == 0)
		return NULL;
	return arena_printf(
		c->arena, "%s not measured, counted as the worst case", seconds(c, r->missing_s));
}

static void print_demand(struct ctl *c, const struct api_guard_view *v)
{
	struct table *t = table_create(c->arena,
		"DEMAND AT|WINDOW ENDS|TARGET kW|FROM|SINCE|SO FAR|PROJECTED|ALLOWED|MONTH'S PEAK|NOTE",
		c->colour);

	for (size_t i = 0; i < v->demand.count; i++) {
		const struct api_demand_view *r = &v->demand.items[i];
		table_row(t);
		table_cell(t, r->node);
		table_cell(t, cell_time(c->arena, true, r->window_end));
		table_cell(t, kw(c, r->target_w));
		table_cell(t, r->target_source);
		table_cell(t, cell_time(c->arena, true, r->target_since));
		table_cell(t, kw(c, r->mean_w));
		table_cell(t, kw(c, r->projected_w));
		table_cell(t, r->allowed_w == INT32_MAX ? "any" : kw(c, r->allowed_w));
		table_cell(t, kw(c, r->peak_w));
		table_cell(t, demand_note(c, r));
	}
	if (v->demand.count > 0)
		ctl_print(t, "");
}

static const char *stores(struct ctl *c, const struct api_island_view *i)
{
	if (!i->has_energy_wh)
		return "Stores do not tell what they hold";
	return arena_printf(c->arena, "Stores hold %.1f kWh%s", (double)i->energy_wh / 1000.0,
		i->stores_silent ? ", not all of them tell it" : "");
}

static void print_supply(struct ctl *c, const struct api_guard_view *v)
{
	struct table *t = table_create(
		c->arena, "POWER BACK AT|SEEN BY|FOR|RELEASED|WAIT|NEXT STEP", c->colour);

	for (size_t i = 0; i < v->returns.count; i++) {
		const struct api_power_return_view *r = &v->returns.items[i];
		table_row(t);
		table_cell(t, r->node);
		table_cell(t, r->seen_by);
		table_cell(t, seconds(c, r->for_s));
		table_cell(t, arena_printf(c->arena, "%lld", (long long)r->released));
		table_cell(t, arena_printf(c->arena, "%lld", (long long)r->waiting));
		table_cell(t, seconds(c, r->next_s));
	}
	if (v->returns.count > 0)
		ctl_print(t, "");
	if (v->island == NULL)
		return;
	printf("Supply: %s for %lld s. %s (%.1f kWh kept), can give with PV %.1f kW",
		v->island->state, (long long)v->island->for_s, stores(c, v->island),
		(double)v->island->reserve_wh / 1000.0, (double)v->island->feed_w / 1000.0);
	if (strcmp(v->island->state, "grid") != 0)
		printf(", %.1f kW of it for vehicles", (double)v->island->evse_w / 1000.0);
	puts(".");
}

int ctl_power(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET", "guard", NULL, NULL, &api_guard_view_type, &answer);

	if (answer == NULL)
		return status;
	print_tiers(c, answer);
	print_demand(c, answer);
	print_supply(c, answer);
	return status;
}

int ctl_obedience(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"EVSE|OBEYS|TOLD kW|BY|AT|MEASURED|REACTS IN|SAMPLES|P95|LEAST kW|QUIRKS",
		c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "stations/%s/obedience", ctl_escape(c, c->argv[0])), NULL,
		NULL, &api_obedience_list_type, &answer);
	const struct api_obedience_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->evses.count; i++) {
		const struct api_obedience_view *v = &list->evses.items[i];
		table_row(t);
		table_cell(t, arena_printf(c->arena, "%lld", (long long)v->evse));
		table_cell(t, v->obeys ? "yes" : "no");
		table_cell(t, v->has_told_w ? kw(c, v->told_w) : NULL);
		table_cell(t, v->told_source);
		table_cell(t, cell_time(c->arena, v->has_told_at, v->told_at));
		table_cell(t, v->has_measured_w ? kw(c, v->measured_w) : NULL);
		table_cell(t, seconds(c, (v->reaction_ms + 999) / 1000));
		table_cell(t, arena_printf(c->arena, "%lld", (long long)v->samples));
		table_cell(t, v->has_p95_ms ? seconds(c, (v->p95_ms + 999) / 1000) : NULL);
		table_cell(t, v->has_least_w ? kw(c, v->least_w) : NULL);
		table_cell(t, v->quirks);
	}
	if (list != NULL)
		ctl_print(t, "The station has no EVSE.");
	return status;
}
