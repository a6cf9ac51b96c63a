/* Batteries that can give back, the stop of it, and the fleet as one battery. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *kw(struct ctl *c, int64_t w)
{
	return arena_printf(c->arena, "%.1f", (double)w / 1000);
}

static const char *kwh(struct ctl *c, int64_t wh)
{
	return arena_printf(c->arena, "%.1f", (double)wh / 1000);
}

static void print_stop(struct ctl *c, const struct api_discharge_view *d)
{
	if (d->stopped)
		printf("DISCHARGING IS STOPPED since %s by %s: %s\n",
			cell_time(c->arena, d->has_since, d->since), d->actor ? d->actor : "?",
			d->why ? d->why : "");
	else if (d->has_since)
		printf("Discharging was released %s by %s: %s\n",
			cell_time(c->arena, true, d->since), d->actor ? d->actor : "?",
			d->why ? d->why : "");
}

static void print_battery(struct ctl *c, struct table *t, const struct api_storage_battery *b)
{
	table_row(t);
	table_cell(t, b->id);
	table_cell(t, b->station ? arena_printf(c->arena, "%s/%d", b->station, (int)b->evse) : " ");
	table_cell(t, kw(c, b->now_w));
	table_cell(t, b->has_told_w ? kw(c, b->told_w) : NULL);
	table_cell(t, kwh(c, b->stored_wh));
	table_cell(t, arena_printf(c->arena, "%s, %s", b->stored_source,
			      cell_time(c->arena, true, b->stored_at)));
	table_cell(t, kwh(c, b->least_wh));
	table_cell(t, kwh(c, b->gives_wh));
	table_cell(t, kwh(c, b->takes_wh));
	table_cell(t, arena_printf(c->arena, "%.3f", b->wear_kwh));
	table_cell(t, b->note ? b->note : " ");
}

int ctl_storage(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"BATTERY|AT|>NOW kW|>TOLD kW|>HOLDS kWh|BY|>KEEPS kWh|>GIVES kWh|>TAKES kWh|>WEAR/kWh|NOTE",
		c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "storage", NULL, NULL, &api_storage_view_type, &answer);
	const struct api_storage_view *v = answer;

	if (!v)
		return status;
	print_stop(c, &v->discharge);
	printf("%s\n", v->sentence);
	if (v->has_made_at)
		printf("Made %s in %.1f ms: all costs %.2f %s, %.2f if nothing gave back; a better plan "
		       "would save at most %.4f.\n\n",
			cell_time(c->arena, true, v->made_at), (double)v->solve_us / 1000, v->cost,
			v->currency ? v->currency : "", v->cost_without, v->gap);
	for (size_t i = 0; i < v->batteries.count; i++)
		print_battery(c, t, &v->batteries.items[i]);
	if (v->batteries.count)
		ctl_print(t, "");
	return status;
}

int ctl_discharge(struct ctl *c)
{
	const char *act = c->argv[0], *why = ctl_option(c, "--why");
	struct api_discharge_post post = {.why = why};
	bool is_stop = strcmp(act, "stop") == 0;

	if (!is_stop && strcmp(act, "release") != 0)
		return ctl_complain(CTL_USAGE, "discharge stop or discharge release");
	if (!why && !is_stop)
		return ctl_complain(CTL_USAGE, "say with --why=TEXT why it may go on");
	if (!why)
		post.why = "emergency stop";
	return ctl_done(c, "POST", is_stop ? "discharge/stop" : "discharge/release",
		&api_discharge_post_type, &post,
		is_stop ? "Discharging is stopped until it is released."
			: "Discharging is released.");
}

static bool is_idle(const struct api_flexible_window *w)
{
	return w->planned_w == 0 && w->less_w == 0 && w->more_w == 0;
}

int ctl_flexibility(struct ctl *c)
{
	static const char *const names[] = {"minutes", "hours", NULL};
	struct table *t = table_create(
		c->arena, "FROM|TO|>PLANNED kW|>LESS kW|>LESS kWh|>MORE kW|>MORE kWh", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", ctl_query(c, "fleet/flexibility", names), NULL, NULL,
		&api_flexibility_type, &answer);
	const struct api_flexibility *f = answer;
	size_t count;

	if (!f)
		return status;
	count = f->windows.count;
	printf("By the plan of %s: what the fleet can draw less or more for %lld min, with every "
	       "vehicle as ready as planned.\n",
		cell_time(c->arena, true, f->made_at), (long long)f->minutes);
	if (f->gives_w == 0)
		printf("No vehicle that is plugged in can be told to give energy back.\n\n");
	else
		printf("Vehicles that can be told to can give back %s kW now, %s kWh in all.\n\n",
			kw(c, f->gives_w), kwh(c, f->gives_wh));
	while (count && is_idle(&f->windows.items[count - 1]))
		count--;
	for (size_t i = 0; i < count; i++) {
		const struct api_flexible_window *w = &f->windows.items[i];

		table_row(t);
		table_cell(t, cell_time(c->arena, true, w->from));
		table_cell(t, cell_time(c->arena, true, w->to));
		table_cell(t, kw(c, w->planned_w));
		table_cell(t, kw(c, w->less_w));
		table_cell(t, kwh(c, w->less_wh));
		table_cell(t, kw(c, w->more_w));
		table_cell(t, kwh(c, w->more_wh));
	}
	ctl_print(t, "Nothing is planned, and nothing can be moved.");
	if (count && count < f->windows.count)
		printf("From %s on nothing is planned, and nothing can be moved.\n",
			cell_time(c->arena, true, f->windows.items[count].from));
	return status;
}
