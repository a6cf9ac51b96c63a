/* Trips: planned, listed, taken from a yard list in CSV; what classes of vehicles were found to take. */
#include <errno.h>
#include <string.h>

#include "gen/depot.h"
#include "schemas/yaml.h"
#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define LIST_MAX 1000000

static const char *path_of(struct ctl *c, const char *id)
{
	return arena_printf(c->arena, "trips/%s", ctl_escape(c, id));
}

/* -- looking ---------------------------------------------------------------------------------- */

static void put_row(struct ctl *c, struct table *t, const struct api_trip_view *v, bool over)
{
	table_row(t);
	table_cell(t, v->id);
	table_cell(t, v->vehicle);
	table_cell(t, v->shift ? v->shift : "");
	table_cell(t, cell_time(c->arena, true, v->departs));
	table_cell(t, cell_time(c->arena, true, v->returns));
	table_cell(t, arena_printf(c->arena, "%.0f", v->has_km ? v->km : v->distance_km));
	table_cell(t, arena_printf(c->arena, "%.1f ± %.1f", v->expected_kwh, v->spread_kwh));
	if (over) {
		table_cell(t, v->has_kwh ? arena_printf(c->arena, "%.1f", v->kwh) : "");
		table_cell(t, v->measured ? v->measured : "");
		table_cell(t, v->learnt ? "yes" : "no");
	} else {
		table_cell(t, v->has_leave_wh
				      ? arena_printf(c->arena, "%.1f", (double)v->leave_wh / 1000)
				      : "");
		if (v->has_possible && !v->possible)
			table_cell_colour(t, COLOUR_RED, "more than its battery");
		else
			table_cell(t, v->state);
	}
}

static int list(struct ctl *c)
{
	static const char *const names[] = {"vehicle", "from", "to", "limit", NULL};
	bool over = ctl_flag(c, "--over");
	const char *path = ctl_query(c, "trips", names);
	const struct api_trip_list *l;
	struct table *t = table_create(c->arena,
		over ? "TRIP|VEHICLE|SHIFT|DEPARTED|BACK|>KM|>EXPECTED KWH|>TOOK|MEASURED BY|LEARNT"
		     : "TRIP|VEHICLE|SHIFT|DEPARTS|BACK|>KM|>EXPECTED KWH|>LEAVES WITH|STATE",
		c->colour);
	void *answer;
	int status;

	if (over)
		path = arena_printf(
			c->arena, "%s%cstate=over", path, strchr(path, '?') ? '&' : '?');
	status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_trip_list_type, &answer);
	l = answer;
	for (size_t i = 0; l != NULL && i < l->trips.count; i++)
		put_row(c, t, &l->trips.items[i], over);
	if (l != NULL)
		ctl_print(t, over ? "No trip is over yet."
				  : "No trip is planned: vehicles leave as they are described. "
				    "`depotctl trip import FILE.csv` takes a yard list.");
	return status;
}

static int models(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"CLASS|>TRIPS|>KWH/KM|>±|>PER TONNE KM|>HEATING KWH/H K|>NOISE %", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "consumption", NULL, NULL, &api_consumption_list_type, &answer);
	const struct api_consumption_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->classes.count; i++) {
		const struct api_consumption_view *v = &l->classes.items[i];

		table_row(t);
		table_cell(t, v->class);
		table_cell(t, arena_printf(c->arena, "%lld", (long long)v->trips));
		table_cell(t, arena_printf(c->arena, "%.3f", v->km_kwh));
		table_cell(t, arena_printf(c->arena, "%.3f", v->km_spread_kwh));
		table_cell(t, arena_printf(c->arena, "%.3f", v->tonne_km_kwh));
		table_cell(t, arena_printf(c->arena, "%.3f", v->heat_k_h_kwh));
		table_cell(t, arena_printf(c->arena, "%.0f", v->noise_pct));
	}
	if (l != NULL)
		ctl_print(t, "Nothing was learnt yet: trips go by what their class begins with.");
	return status;
}

/* -- changing --------------------------------------------------------------------------------- */

static int add(struct ctl *c, const char *id)
{
	int status;
	const void *row = ctl_members(c, 2, id, &depot_trip_type, &status);

	if (!row)
		return status;
	return ctl_done(c, "PUT", path_of(c, id), &depot_trip_type, row, "Planned.");
}

static char *read_file(struct ctl *c, const char *file)
{
	FILE *f;
	char *text = arena_alloc(c->arena, LIST_MAX + 1);
	size_t len;

	if (strcmp(file, "-") == 0)
		return ctl_read_stdin(c);
	f = fopen(file, "r");
	if (f == NULL || text == NULL) {
		ctl_complain(0, "%s: %s", file, strerror(errno));
		if (f != NULL)
			fclose(f);
		return NULL;
	}
	len = fread(text, 1, LIST_MAX + 1, f);
	fclose(f);
	if (len > LIST_MAX) {
		ctl_complain(0, "%s: is longer than %d bytes: split it", file, LIST_MAX);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static bool put_refused(const struct api_trip_import_reply *r)
{
	for (size_t i = 0; i < r->lines.count; i++) {
		const struct api_trip_line *l = &r->lines.items[i];

		if (l->fault)
			printf("line %lld%s%s: %s\n", (long long)l->line,
				l->column ? ", column " : "", l->column ? l->column : "", l->fault);
	}
	if (r->refused)
		printf("%lld refused: nothing of the list would be stored.\n",
			(long long)r->refused);
	return r->refused > 0;
}

static int import(struct ctl *c, const char *file)
{
	bool check = ctl_flag(c, "--check");
	struct api_trip_import_post post = {.has_check = true,
		.check = check,
		.has_each = true,
		.each = check,
		.csv = read_file(c, file)};
	const struct api_trip_import_reply *r;
	void *answer;
	int status;

	if (post.csv == NULL)
		return CTL_USAGE;
	status = ctl_ask_struct(c, "POST", "trips/import", &api_trip_import_post_type, &post,
		&api_trip_import_reply_type, &answer);
	r = answer;
	if (r != NULL)
		printf("%lld trip%s: %lld %s, %lld unchanged, %lld over and left out.\n",
			(long long)r->rows, r->rows == 1 ? "" : "s", (long long)r->stored,
			post.check ? "would be stored" : "stored", (long long)r->unchanged,
			(long long)r->past);
	return r != NULL && put_refused(r) ? CTL_FAILED : status;
}

int ctl_trip(struct ctl *c)
{
	const char *verb = c->argc ? c->argv[0] : "list", *word = c->argc > 1 ? c->argv[1] : NULL;

	if (strcmp(verb, "list") == 0)
		return list(c);
	if (strcmp(verb, "models") == 0)
		return models(c);
	if (strcmp(verb, "roster") == 0)
		return roster_command(c);
	if (word == NULL)
		return ctl_complain(CTL_USAGE, "trip %s needs %s", verb,
			strcmp(verb, "import") == 0 ? "FILE.csv" : "TRIP");
	if (strcmp(verb, "add") == 0)
		return add(c, word);
	if (strcmp(verb, "import") == 0)
		return import(c, word);
	if (strcmp(verb, "remove") == 0)
		return ctl_done(c, "DELETE", path_of(c, word), NULL, NULL, "Removed.");
	return ctl_complain(CTL_USAGE, "trip takes list, add, import, remove, roster or models");
}

/* -- readiness -------------------------------------------------------------------------------- */

static enum colour colour_of(const char *state)
{
	return strcmp(state, "safe") == 0    ? COLOUR_GREEN
	       : strcmp(state, "short") == 0 ? COLOUR_RED
					     : COLOUR_YELLOW;
}

int ctl_readiness(struct ctl *c)
{
	const char *plan = ctl_option(c, "--plan"), *van = c->argc ? c->argv[0] : NULL;
	const char *path = arena_printf(c->arena, "readiness%s%s%s%s%s", van || plan ? "?" : "",
		van ? "vehicle=" : "", van ? ctl_escape(c, van) : "",
		plan ? (van ? "&plan=" : "plan=") : "", plan ? ctl_escape(c, plan) : "");
	struct table *t = table_create(
		c->arena, "VEHICLE|AT|>SURE|STATE|LEAVES|>NEEDS|WHAT HELPS MOST|>THEN", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_readiness_type, &answer);
	const struct api_readiness *r = answer;

	for (size_t i = 0; r != NULL && i < r->vehicles.count; i++) {
		const struct api_readiness_vehicle *v = &r->vehicles.items[i];

		table_row(t);
		table_cell(t, v->vehicle);
		table_cellf(t, "%s/%lld", v->station, (long long)v->evse);
		table_cellf(t, "%s%.0f %%", v->about ? "about " : "", v->probability * 100);
		table_cell_colour(t, colour_of(v->state),
			strcmp(v->state, "possible") == 0 ? "possible, not safe enough" : v->state);
		table_cell(t, cell_time(c->arena, v->has_departs_at, v->departs_at));
		table_cell(t, cell_energy(c->arena, true, (double)v->need_wh));
		table_cell(t, v->action);
		if (v->has_action_probability)
			table_cellf(t, "%.0f %%", v->action_probability * 100);
	}
	if (r != NULL) {
		printf("%s\n", r->sentence);
		ctl_print(t, "");
		for (size_t i = 0; i < r->vehicles.count; i++)
			if (r->vehicles.items[i].fallback)
				printf("%s: %s\n", r->vehicles.items[i].vehicle,
					r->vehicles.items[i].fallback);
	}
	return status;
}

/* -- report ----------------------------------------------------------------------------------- */

static void cell_share(struct table *t, bool has, double share)
{
	if (has)
		table_cellf(t, "%.1f %%", share * 100);
	else
		table_cell(t, "");
}

static int report_chances(struct ctl *c)
{
	const char *since = ctl_option(c, "--since");
	const char *path = arena_printf(
		c->arena, "chances%s%s", since ? "?since=" : "", since ? ctl_escape(c, since) : "");
	struct table *t = table_create(c->arena,
		">TOLD|>DEPARTURES|>UNKNOWN|>ON AVERAGE|>WERE READY|>BETWEEN||SHOWN", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_chances_type, &answer);
	const struct api_chances *r = answer;

	for (size_t i = 0; r != NULL && i < r->bins.count; i++) {
		const struct api_chance_bin *b = &r->bins.items[i];

		table_row(t);
		table_cellf(t, "%.0f to %.0f %%", b->from * 100, b->to * 100);
		table_cellf(t, "%lld", (long long)b->departures);
		table_cellf(t, "%lld", (long long)b->unknown);
		cell_share(t, b->has_told_mean, b->told_mean);
		cell_share(t, b->has_ready, b->ready);
		cell_share(t, b->has_low, b->low);
		cell_share(t, b->has_high, b->high);
		table_cell(t, b->believed ? "as it is" : "about");
	}
	if (r == NULL)
		return status;
	printf("%s\n", r->sentence);
	ctl_print(t, "");
	printf("%lld departures were told of; %lld are not over, of %lld nobody knows how they "
	       "ended.\n",
		(long long)r->departures, (long long)r->waiting, (long long)r->unknown);
	return status;
}

int ctl_report(struct ctl *c)
{
	if (strcmp(c->argv[0], "chances") == 0)
		return report_chances(c);
	return ctl_complain(CTL_USAGE, "report takes chances");
}
