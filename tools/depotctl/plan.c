/* Plans: the one in force, past ones, and why a vehicle charges when it does. */
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* Average power of the next hour, slot by slot, is too much for a line: the first slot says what
 * happens now, the greatest what will. */
static int64_t greatest_slot(const struct api_plan_vehicle *v)
{
	int64_t w = 0;

	for (size_t i = 0; i < v->slots.count; i++)
		if (v->slots.items[i].w > w)
			w = v->slots.items[i].w;
	return w;
}

static bool is_guess(const struct api_plan_vehicle *v)
{
	return v->need_by && strcmp(v->need_by, "guess") == 0;
}

/* "~27.0 kWh": nobody tells its charge. */
static const char *cell_guess(struct ctl *c, const struct api_plan_vehicle *v, int64_t wh)
{
	return arena_printf(
		c->arena, "%s%s", is_guess(v) ? "~" : "", cell_energy(c->arena, true, (double)wh));
}

/* What it costs, and how near it is to the best there is. */
static void print_money(struct ctl *c, const struct api_plan *p)
{
	bool has_energy = p->has_gap_wh && p->gap_wh >= 50;

	printf("Energy costs %.2f %s", p->cost, p->currency);
	if (!p->has_gap || p->gap < 0)
		printf("; how much a better plan would save is not known");
	else if (p->gap >= 0.005)
		printf("; a better plan would save at most %.2f", p->gap);
	else if (!has_energy)
		printf("; no plan is better");
	if (p->has_at_once_cost && p->at_once_cost - p->cost - p->demand_cost >= 0.005)
		printf("; charging at once would cost %.2f more",
			p->at_once_cost - p->cost - p->demand_cost);
	if (has_energy)
		printf("; a better plan would deliver at most %s more",
			cell_energy(c->arena, true, (double)p->gap_wh));
	printf(".\n");
}

static void show_plan(struct ctl *c, const struct api_plan *p)
{
	struct table *t = table_create(c->arena,
		"VEHICLE|AT|>NEEDS|>PLANNED|>SHORT|>NOW|>GREATEST|READY|LEAVES|GOES BY|REASON",
		c->colour);

	printf("%s\n", p->sentence);
	printf("Made %s for \"%s\" in %.1f ms, slots of %d min.\n",
		cell_time(c->arena, true, p->made_at), p->trigger, (double)p->solve_us / 1000.0,
		(int)(p->slot_s / 60));
	if (p->has_cost)
		print_money(c, p);
	follow_print(c, &p->followed);
	printf("\n");
	for (size_t i = 0; i < p->vehicles.count; i++) {
		const struct api_plan_vehicle *v = &p->vehicles.items[i];
		table_row(t);
		table_cell(t, v->id);
		table_cellf(t, "%s/%d", v->station, (int)v->evse);
		table_cell(t, cell_guess(c, v, v->need_wh));
		table_cell(t, cell_energy(c->arena, true, (double)v->planned_wh));
		table_cell_colour(t,
			v->short_wh <= 0 ? COLOUR_NONE
			: is_guess(v)    ? COLOUR_YELLOW
					 : COLOUR_RED,
			v->short_wh > 0 ? cell_guess(c, v, v->short_wh) : NULL);
		table_cell(t, cell_power(c->arena, v->slots.count > 0,
				      v->slots.count > 0 ? (double)v->slots.items[0].w : 0));
		table_cell(t, cell_power(c->arena, true, (double)greatest_slot(v)));
		table_cell(t, cell_time(c->arena, v->has_ready_at, v->ready_at));
		table_cell(t, cell_time(c->arena, v->has_departs_at, v->departs_at));
		table_cell(t, v->by);
		table_cell(t, v->reason != NULL ? v->reason : " ");
	}
	ctl_print(t, "No vehicle is in the plan.");
}

static int show_in_force(struct ctl *c)
{
	void *p;
	int status = ctl_ask_struct(c, "GET", "plan", NULL, NULL, &api_plan_type, &p);

	if (p != NULL)
		show_plan(c, p);
	return status;
}

/* -- past plans ------------------------------------------------------------------------------- */

static int list_plans(struct ctl *c)
{
	static const char *const names[] = {"limit", NULL};
	struct table *t =
		table_create(c->arena, "PLAN|MADE|FOR|>VEHICLES|>SHORT|>SOLVED IN", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", ctl_query(c, "plans", names), NULL, NULL,
		&api_plan_item_list_type, &answer);
	const struct api_plan_item_list *list = answer;

	for (size_t i = 0; list && i < list->plans.count; i++) {
		const struct api_plan_item *p = &list->plans.items[i];

		table_row(t);
		table_cell(t, p->id);
		table_cell(t, cell_time(c->arena, true, p->made_at));
		table_cell(t, p->trigger);
		table_cellf(t, "%lld", (long long)p->vehicles);
		table_cell(t, cell_energy(c->arena, p->short_wh > 0, (double)p->short_wh));
		table_cellf(t, "%.1f ms", (double)p->solve_us / 1000);
	}
	if (list)
		ctl_print(t, "There is no plan yet.");
	return status;
}

static const char *price_of(struct ctl *c, const struct api_plan_stretch *x)
{
	if (!x->has_price)
		return NULL;
	if (x->carbon_price == 0)
		return arena_printf(c->arena, "%.4f", x->price);
	return arena_printf(c->arena, "%.4f (CO2 %.4f)", x->price, x->carbon_price);
}

static int explain(struct ctl *c, const char *vehicle)
{
	const char *plan = ctl_option(c, "--plan");
	const char *path = arena_printf(c->arena, "plan/explain?vehicle=%s%s%s",
		ctl_escape(c, vehicle), plan ? "&plan=" : "", plan ? ctl_escape(c, plan) : "");
	struct table *t = table_create(
		c->arena, "FROM|TO|>POWER|>ENERGY|>PRICE|WHY NOT MORE|NODE", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_plan_explain_type, &answer);
	const struct api_plan_explain *e = answer;

	if (!e)
		return status;
	for (size_t i = 0; i < e->sentences.count; i++)
		printf("%s\n", e->sentences.items[i]);
	printf("\n");
	for (size_t i = 0; i < e->stretches.count; i++) {
		const struct api_plan_stretch *x = &e->stretches.items[i];

		table_row(t);
		table_cell(t, cell_time(c->arena, true, x->from));
		table_cell(t, cell_time(c->arena, true, x->to));
		table_cell(t, cell_power(c->arena, true, (double)x->w));
		table_cell(t, cell_energy(c->arena, true, (double)x->energy_wh));
		table_cell(t, price_of(c, x));
		table_cell(t, x->text ? x->text : x->why);
		table_cell(t, x->node ? x->node : " ");
	}
	ctl_print(t, "It needs nothing.");
	return status;
}

static void cell_more(struct ctl *c, struct table *t, int64_t wh)
{
	table_cell(t, wh ? arena_printf(c->arena, "%+.1f kWh", (double)wh / 1000) : " ");
}

static int diff(struct ctl *c, const char *id, const char *with)
{
	struct table *t = table_create(c->arena,
		"VEHICLE|AT|WHAT|>NEEDS|>PLANNED|>SHORT|>READY LATER|>LEAVES LATER", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(
			c->arena, "plans/%s/diff?with=%s", ctl_escape(c, id), ctl_escape(c, with)),
		NULL, NULL, &api_plan_diff_type, &answer);
	const struct api_plan_diff *d = answer;

	if (!d)
		return status;
	printf("Made %s for \"%s\"; the earlier one %s.\n\n", cell_time(c->arena, true, d->made_at),
		d->trigger, cell_time(c->arena, true, d->with_made_at));
	for (size_t i = 0; i < d->rows.count; i++) {
		const struct api_plan_diff_row *r = &d->rows.items[i];

		table_row(t);
		table_cell(t, r->vehicle);
		table_cellf(t, "%s/%lld", r->station, (long long)r->evse);
		table_cell(t, r->change);
		cell_more(c, t, r->need_wh);
		cell_more(c, t, r->planned_wh);
		cell_more(c, t, r->short_wh);
		table_cell(t, r->has_ready_s ? arena_printf(c->arena, "%+lld min",
						       (long long)r->ready_s / 60)
					     : " ");
		table_cell(t, r->has_departs_s ? arena_printf(c->arena, "%+lld min",
							 (long long)r->departs_s / 60)
					       : " ");
	}
	ctl_print(t, "Nothing changed for anybody.");
	return status;
}

static int replay(struct ctl *c, const char *id)
{
	void *answer;
	int status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "plans/%s/replay", ctl_escape(c, id)), NULL, NULL,
		&api_plan_replay_type, &answer);
	const struct api_plan_replay *r = answer;

	if (!r)
		return status;
	printf("%s, %s, in %.1f ms.\n",
		r->is_same ? "The same plan, to the last bit" : "Another plan came out",
		r->is_sound ? "sound" : "NOT SOUND", (double)r->solve_us / 1000);
	return r->is_same && r->is_sound ? CTL_OK : CTL_FAILED;
}

int ctl_plan(struct ctl *c)
{
	const char *verb = c->argc > 0 ? c->argv[0] : NULL;

	if (!verb)
		return show_in_force(c);
	if (strcmp(verb, "list") == 0)
		return list_plans(c);
	if (strcmp(verb, "explain") == 0 && c->argc == 2)
		return explain(c, c->argv[1]);
	if (strcmp(verb, "diff") == 0 && c->argc == 3)
		return diff(c, c->argv[1], c->argv[2]);
	if (strcmp(verb, "replay") == 0 && c->argc == 2)
		return replay(c, c->argv[1]);
	if ((strcmp(verb, "approve") == 0 || strcmp(verb, "reject") == 0) && c->argc == 2)
		return follow_decide(c, verb, c->argv[1]);
	if (strcmp(verb, "mode") == 0 && c->argc == 3)
		return follow_mode(c, c->argv[1], c->argv[2]);
	return ctl_complain(CTL_USAGE,
		"plan | plan list | plan explain VEHICLE | plan diff ID EARLIER | plan replay ID | "
		"plan approve|reject ID --why TEXT | plan mode NODE shadow|assisted|automatic --why "
		"TEXT");
}
