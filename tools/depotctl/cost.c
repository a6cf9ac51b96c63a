/* What energy cost: sessions, vehicles, days; one session anew; the site's bill. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* Of less than all sessions it is held against those alone. */
static const char *expected(struct ctl *c, const struct api_energy_cost *r)
{
	const char *guess = r->guesses > 0 ? "~" : "";

	if (!r->has_estimate_cost)
		return NULL;
	if (r->estimated == r->sessions)
		return arena_printf(c->arena, "%s%.2f", guess, r->estimate_cost);
	return arena_printf(c->arena, "%s%.2f (%d of %d, which cost %.2f)", guess, r->estimate_cost,
		(int)r->estimated, (int)r->sessions, r->estimated_cost);
}

static void print_costs(struct ctl *c, const struct api_energy_cost_list *l)
{
	struct table *t = table_create(c->arena,
		"WHAT|VEHICLE|>SESSIONS|>kWh|>ENERGY|>DEMAND|>IDLE|>TOTAL|>ENERGY EXPECTED||PRICES",
		c->colour);
	bool has_guess = false;

	for (size_t i = 0; i < l->costs.count; i++) {
		const struct api_energy_cost *r = &l->costs.items[i];

		table_row(t);
		table_cell(t, r->key[0] ? r->key : "(nobody)");
		table_cell(t, r->vehicle);
		table_cellf(t, "%d", (int)r->sessions);
		table_cellf(t, "%.1f", r->energy_kwh);
		table_cellf(t, "%.2f", r->energy_cost);
		table_cell(t,
			r->has_demand_cost ? arena_printf(c->arena, "%.2f", r->demand_cost) : NULL);
		table_cellf(t, "%.2f", r->idle_cost);
		table_cellf(t, "%.2f", r->total);
		table_cell(t, expected(c, r));
		has_guess |= r->guesses > 0;
		table_cell(t, r->currency);
		table_cell(t, r->source);
	}
	ctl_print(t, "No session has ended in that time, or no tariff was in force.");
	if (has_guess)
		puts("~ a guess: of one or more nobody had told what it needs");
}

static int list(struct ctl *c)
{
	static const char *const names[] = {
		"by", "from", "to", "vehicle", "station", "limit", NULL};
	const char *path;
	bool is_csv = ctl_flag(c, "--csv");
	void *answer;
	char *body;
	int status;

	path = ctl_query(c, "costs", names);
	if (is_csv) {
		path = arena_printf(
			c->arena, "%s%cformat=csv", path, strchr(path, '?') ? '&' : '?');
		status = ctl_ask(c, "GET", path, NULL, &body);
		if (status == CTL_OK)
			fputs(body, stdout);
		return status;
	}
	status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_energy_cost_list_type, &answer);
	if (answer != NULL)
		print_costs(c, answer);
	return status;
}

static int one(struct ctl *c)
{
	struct table *t = table_create(c->arena, "FROM|>kWh|>PRICE", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "costs/%s/%s", ctl_escape(c, c->argv[0]),
			ctl_escape(c, c->argv[1])),
		NULL, NULL, &api_energy_cost_replay_type, &answer);
	const struct api_energy_cost_replay *r = answer;

	if (r == NULL)
		return status;
	printf("%s: %.3f kWh, %.6f %s by %s (prices: %s)\n", r->key, (double)r->energy_wh / 1000,
		r->energy_cost, r->currency, r->tariff, r->source);
	if (r->has_settled_cost)
		printf("settled: %.6f, %s\n", r->settled_cost,
			r->agrees
				? "the journal gives the same to the last millionth"
				: "the journal gives ANOTHER cost now: tariff or prices were changed "
				  "since");
	else
		puts("not settled yet");
	for (size_t i = 0; i < r->slots.count; i++) {
		table_row(t);
		table_cell(t, cell_time(c->arena, true, r->slots.items[i].start));
		table_cellf(t, "%.3f", (double)r->slots.items[i].energy_wh / 1000);
		table_cellf(t, "%.5f", r->slots.items[i].price);
	}
	ctl_print(t, "It took no energy.");
	return status;
}

int ctl_costs(struct ctl *c)
{
	if (c->argc == 0)
		return list(c);
	if (c->argc == 2)
		return one(c);
	return ctl_complain(
		CTL_USAGE, "write `depotctl costs` or `depotctl costs STATION TRANSACTION`");
}

int ctl_bill(struct ctl *c)
{
	static const char *const names[] = {"from", "to", "tariff", NULL};
	struct table *t =
		table_create(c->arena, "MONTH|LINE|>QUANTITY||>AMOUNT|PEAK AT", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", ctl_query(c, "bill", names), NULL, NULL, &api_bill_type, &answer);
	const struct api_bill *b = answer;

	if (b == NULL)
		return status;
	for (size_t i = 0; i < b->lines.count; i++) {
		const struct api_bill_line *l = &b->lines.items[i];

		table_row(t);
		table_cell(t, l->month);
		table_cell(t, l->internal ? arena_printf(c->arena, "(%s)", l->name) : l->name);
		table_cellf(t, "%.2f", l->quantity);
		table_cell(t, l->unit);
		table_cellf(t, "%.2f", l->amount);
		table_cell(t, cell_time(c->arena, l->has_peak_at, l->peak_at));
	}
	ctl_print(t, "The tariff has no lines.");
	printf("%s: %.2f %s; measured %.1f %% of the time%s\n", b->tariff, b->total, b->currency,
		b->measured_pct, b->unknown ? "; of some of it no price is known" : "");
	return status;
}
