/* Rosters: what vehicles do each week. Parts of `depotctl trip`. */
#include <string.h>

#include "gen/depot.h"
#include "schemas/yaml.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *path_of(struct ctl *c, const char *id)
{
	return arena_printf(c->arena, "rosters/%s", ctl_escape(c, id));
}

static const char *days_of(struct ctl *c, const struct depot_roster *row)
{
	const char *out = "";

	for (size_t i = 0; i < row->days.count; i++)
		out = arena_printf(c->arena, "%s%s%s", out, i ? " " : "",
			depot_weekday_enum.values[row->days.items[i]]);
	return out;
}

static int list(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"ROSTER|VEHICLE|DAYS|DEPARTS|RETURNS|>KM|>TRIPS TO COME|BY|NOTE", c->colour);
	const struct api_roster_list *l;
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "rosters", NULL, NULL, &api_roster_list_type, &answer);

	l = answer;
	for (size_t i = 0; l && i < l->rosters.count; i++) {
		const struct api_roster_view *v = &l->rosters.items[i];
		struct schema_error err;
		const struct depot_roster *row =
			schema_decode(&depot_roster_type, v->row, strlen(v->row), c->arena, &err);

		if (!row)
			continue;
		table_row(t);
		table_cell(t, v->id);
		table_cell(t, v->vehicle);
		table_cell(t, days_of(c, row));
		table_cell(t, row->departs);
		table_cell(t, row->returns);
		table_cellf(t, "%.0f", row->distance_km);
		table_cellf(t, "%lld", (long long)v->trips);
		table_cell(t, v->changed ? "people" : "file");
		table_cell(t, v->fault ? v->fault : row->note);
	}
	if (l)
		ctl_print(t, "No roster: `depotctl trip roster add R-7 vehicle=VAN-7 "
			     "days=[mon,tue,wed,thu,fri] departs=06:15 returns=14:00 "
			     "distance_km=120`.");
	return status;
}

static int add(struct ctl *c, const char *id)
{
	int status;
	const void *row = ctl_members(c, 3, id, &depot_roster_type, &status);

	if (!row)
		return status;
	return ctl_done(c, "PUT", path_of(c, id), &depot_roster_type, row,
		"Stored: its trips are made a week ahead.");
}

int roster_command(struct ctl *c)
{
	const char *verb = c->argc > 1 ? c->argv[1] : "list", *id = c->argc > 2 ? c->argv[2] : NULL;

	if (strcmp(verb, "list") == 0)
		return list(c);
	if (strcmp(verb, "add") == 0 && id)
		return add(c, id);
	if (strcmp(verb, "remove") == 0 && id)
		return ctl_done(c, "DELETE", path_of(c, id), NULL, NULL, "Removed.");
	return ctl_complain(CTL_USAGE,
		"trip roster | trip roster add ID MEMBER=VALUE … | trip roster remove ID");
}
