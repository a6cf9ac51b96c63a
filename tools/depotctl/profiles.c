/* Smart charging: profiles that a station holds, and what they amount to. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *evse_name(struct ctl *c, int64_t evse)
{
	return evse > 0 ? arena_printf(c->arena, "%lld", (long long)evse) : "all";
}

static void print_profiles(struct ctl *c, const struct api_held_profile_list *l)
{
	struct table *t = table_create(
		c->arena, ">ID|EVSE|PURPOSE|>LEVEL|KIND|TRANSACTION|SOURCE|OWNER|SINCE", c->colour);

	for (size_t i = 0; i < l->profiles.count; i++) {
		const struct api_held_profile *p = &l->profiles.items[i];

		table_row(t);
		table_cellf(t, "%lld", (long long)p->id);
		table_cell(t, evse_name(c, p->evse));
		table_cell(t, p->purpose);
		table_cellf(t, "%lld", (long long)p->stack_level);
		table_cell(t, p->kind);
		table_cell(t, p->transaction);
		table_cell(t, p->source);
		if (p->owner != NULL)
			table_cell(t, p->owner);
		else
			table_cell_colour(t, COLOUR_YELLOW, "found there");
		table_cell(t, cell_time(c->arena, true, p->at));
	}
	ctl_print(t, "No charging profiles.");
}

static void print_limits(struct ctl *c, const struct api_held_profile_list *l)
{
	struct table *t = table_create(c->arena, "LIMIT OF|EVSE|>NOW|CRITICAL|SINCE", c->colour);

	for (size_t i = 0; i < l->external_limits.count; i++) {
		const struct api_external_limit *x = &l->external_limits.items[i];

		table_row(t);
		table_cell(t, x->source);
		table_cell(t, evse_name(c, x->evse));
		table_cell(t, x->has_limit_w ? cell_power(c->arena, true, (double)x->limit_w)
					     : "not told");
		table_cell(t, x->grid_critical ? "yes" : "no");
		table_cell(t, cell_time(c->arena, true, x->at));
	}
	if (l->external_limits.count > 0)
		ctl_print(t, "");
}

static void print_needs(struct ctl *c, const struct api_held_profile_list *l)
{
	struct table *t = table_create(
		c->arena, "NEEDS OF EVSE|TRANSACTION|>ENERGY|DEPARTS|>AT MOST|SAID", c->colour);

	for (size_t i = 0; i < l->needs.count; i++) {
		const struct api_charging_needs_view *n = &l->needs.items[i];

		table_row(t);
		table_cell(t, evse_name(c, n->evse));
		table_cell(t, n->transaction);
		table_cell(t, cell_energy(c->arena, n->has_energy_wh, (double)n->energy_wh));
		table_cell(t, cell_time(c->arena, n->has_departs_at, n->departs_at));
		table_cell(t, cell_power(c->arena, n->has_max_w, (double)n->max_w));
		table_cell(t, cell_time(c->arena, true, n->at));
	}
	if (l->needs.count > 0)
		ctl_print(t, "");
}

int ctl_profiles(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "stations/%s/profiles", ctl_escape(c, c->argv[0])), NULL,
		NULL, &api_held_profile_list_type, &answer);
	const struct api_held_profile_list *l = answer;

	if (status != CTL_OK || l == NULL)
		return status;
	printf("%s, control %s; compared with the station: %s%s%s\n", l->station,
		api_control_enum.values[l->control], l->checked, l->has_checked_at ? ", " : "",
		l->has_checked_at ? cell_time(c->arena, true, l->checked_at) : "");
	for (size_t i = 0; i < l->differences.count; i++)
		printf("  %s\n", l->differences.items[i]);
	print_profiles(c, l);
	print_limits(c, l);
	print_needs(c, l);
	return CTL_OK;
}

static void add_periods(struct ctl *c, struct table *t, const char *who, wall_t start,
	const struct api_composite_period_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct api_composite_period *p = &l->items[i];

		table_row(t);
		table_cell(t, i == 0 ? who : " ");
		table_cell(t, cell_time(c->arena, true, (wall_t){start.ms + p->start_s * 1000}));
		table_cellf(t, "%lld s", (long long)p->start_s);
		table_cell(t, cell_power(c->arena, true, (double)p->limit_w));
		if (p->has_profile)
			table_cellf(t, "profile %lld", (long long)p->profile);
		else
			table_cell(t, p->source != NULL ? p->source : " ");
	}
}

int ctl_composite(struct ctl *c)
{
	static const char *const names[] = {"duration", NULL};
	const char *rest = ctl_query(c, "", names);
	bool asks = ctl_flag(c, "--ask");
	const char *path = arena_printf(c->arena, "stations/%s/composite?evse=%s%s%s%s",
		ctl_escape(c, c->argv[0]), c->argc > 1 ? ctl_escape(c, c->argv[1]) : "0",
		asks ? "&ask=1" : "", rest[0] != '\0' ? "&" : "", rest[0] != '\0' ? rest + 1 : "");
	struct table *t = table_create(c->arena, "WHO|FROM|>AFTER|>LIMIT|BY", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_composite_type, &answer);
	const struct api_composite *k = answer;

	if (status != CTL_OK || k == NULL)
		return status;
	add_periods(c, t, "depotd", k->start, &k->believed);
	add_periods(c, t, "station", k->said_start, &k->said);
	ctl_print(t, "Nothing.");
	if (k->refused != NULL)
		printf("The station did not say: %s\n", k->refused);
	return CTL_OK;
}
