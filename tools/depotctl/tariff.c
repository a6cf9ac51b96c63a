/* What the depot pays for energy: tariffs, and prices of a day with their source. */
#include <stdlib.h>
#include <string.h>

#include "gen/depot.h"
#include "schemas/yaml.h"
#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define FILE_MAX (1u << 20)

static int list(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "TARIFF|NAME|CURRENCY|VALID FROM|STATE|CHANGED|BY", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "tariffs", NULL, NULL, &api_tariff_list_type, &answer);
	const struct api_tariff_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->tariffs.count; i++) {
		const struct api_tariff_view *v = &l->tariffs.items[i];

		table_row(t);
		table_cell(t, v->id);
		table_cell(t, v->name);
		table_cell(t, v->currency);
		table_cell(t, v->valid_from);
		if (v->in_force)
			table_cell_colour(t, COLOUR_GREEN, "in force");
		else
			table_cell(t, v->compare_only ? "to compare" : "waits");
		table_cell(t, cell_time(c->arena, true, v->changed_at));
		table_cell(t, v->from_file ? "the depot's file" : v->changed_by);
	}
	if (l != NULL)
		printf("%s\n%s\n\n", l->sentence, l->sub);
	if (l != NULL)
		ctl_print(t, "The depot has no tariff: plans reckon with no price. Add one with "
			     "`depotctl tariff set FILE`.");
	return status;
}

static const char *path_of(struct ctl *c, const char *id)
{
	return arena_printf(c->arena, "tariffs/%s", ctl_escape(c, id));
}

static void print_component(const struct depot_tariff_component *r, const char *currency)
{
	printf("  %-20s ", r->id);
	if (r->has_price)
		printf("%g %s/kWh\n", r->price, currency);
	else if (r->series)
		printf("series %s x %g %+g\n", r->series, r->factor, r->add);
	else
		printf("%zu %s\n", r->periods.count ? r->periods.count : r->tiers.count,
			r->periods.count ? "periods" : "tiers of the month's energy");
	for (size_t i = 0; i < r->periods.count; i++) {
		const struct depot_tariff_period *p = &r->periods.items[i];

		printf("    %-28s %s to %s", p->id, p->from, p->to);
		for (size_t k = 0; k < p->days.count; k++)
			printf("%s%s", k ? "," : "  ", p->days.items[k]);
		for (size_t k = 0; k < p->hours.count; k++)
			printf("  %s", p->hours.items[k]);
		printf("  %g\n", p->price);
	}
	for (size_t i = 0; i < r->tiers.count; i++)
		printf("    above %g kWh: %g\n", r->tiers.items[i].above_kwh,
			r->tiers.items[i].price);
}

static int show(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", path_of(c, c->argv[1]), NULL, NULL, &depot_tariff_type, &answer);
	const struct depot_tariff *t = answer;

	if (t == NULL)
		return status;
	printf("%s  %s  %s%s%s\n", t->id, t->name ? t->name : "", t->currency,
		t->valid_from ? "  from " : "", t->valid_from ? t->valid_from : "");
	if (t->source)
		printf("source: %s\n", t->source);
	puts("import, a kWh:");
	for (size_t i = 0; i < t->import.count; i++)
		print_component(&t->import.items[i], t->currency);
	if (t->export.count)
		puts("export, a kWh:");
	for (size_t i = 0; i < t->export.count; i++)
		print_component(&t->export.items[i], t->currency);
	for (size_t i = 0; i < t->demand.count; i++) {
		const struct depot_tariff_demand *d = &t->demand.items[i];

		printf("demand: %-16s %g a kW and month, intervals of %d min", d->id, d->price,
			(int)d->interval_min);
		if (d->block_kw > 0)
			printf(", blocks of %g kW at %g", d->block_kw, d->block_price);
		if (d->has_subscribed_kw)
			printf(", %g kW subscribed", d->subscribed_kw);
		if (d->ratchet_pct)
			printf(", ratchet %d %% of %d months", (int)d->ratchet_pct,
				(int)d->ratchet_months);
		puts("");
	}
	for (size_t i = 0; i < t->fees.count; i++)
		printf("fee: %-19s %g a %s\n", t->fees.items[i].id, t->fees.items[i].price,
			depot_tariff_per_enum.values[t->fees.items[i].per]);
	return status;
}

/* A file with one tariff. */
static int send_file(struct ctl *c, bool check)
{
	const char *path = c->argv[1];
	char where[400];
	struct depot_tariff *row =
		schema_yaml_load(&depot_tariff_type, path, FILE_MAX, c->arena, where);

	if (row == NULL)
		return ctl_complain(CTL_FAILED, "%s", where);
	c->file = path;
	return ctl_done(c, "PUT",
		arena_printf(c->arena, "%s%s", path_of(c, row->id), check ? "?check=1" : ""),
		&depot_tariff_type, row, "in force as its valid_from says");
}

int ctl_tariff(struct ctl *c)
{
	const char *verb = c->argc ? c->argv[0] : "list";

	if (strcmp(verb, "list") == 0 && c->argc <= 1)
		return list(c);
	if (strcmp(verb, "show") == 0 && c->argc == 2)
		return show(c);
	if ((strcmp(verb, "set") == 0 || strcmp(verb, "check") == 0) && c->argc == 2)
		return send_file(c, verb[0] == 'c');
	if (strcmp(verb, "remove") == 0 && c->argc == 2)
		return ctl_done(c, "DELETE", path_of(c, c->argv[1]), NULL, NULL, "removed");
	return ctl_complain(CTL_USAGE,
		"write `depotctl tariff`, `tariff show ID`, `tariff set FILE`, "
		"`tariff check FILE` or `tariff remove ID`");
}

/* -- prices ------------------------------------------------------------------------------------ */

static const char *age(struct ctl *c, const struct api_price_slot *s, wall_t now)
{
	return s->has_received ? arena_printf(c->arena, "%.1f h old",
					 (double)wall_diff_ms(now, s->received) / 3600000)
			       : "-";
}

/* One character a slot, from the cheapest to the dearest. */
static void print_spark(const struct api_price_slots *l)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double low = 1e300, high = -1e300;

	for (size_t i = 0; i < l->slots.count; i++) {
		double p = l->slots.items[i].import;

		low = p < low ? p : low;
		high = p > high ? p : high;
	}
	for (size_t i = 0; i < l->slots.count; i++)
		fputs(bars[high > low ? (int)((l->slots.items[i].import - low) / (high - low) *
						7.99)
				      : 0],
			stdout);
	printf("  %.5f to %.5f %s/kWh (%s)\n", low, high, l->currency, l->tariff);
}

static void print_demand(const struct api_price_slots *l, const struct api_price_demand *d)
{
	printf("%s, %s: %.2f %s for each kW above ", d->id, d->month, d->price_kw, l->currency);
	if (d->measured)
		printf("%.1f kW", d->incumbent_kw);
	else
		printf("the month's peak, which nobody measures");
	printf(", by the mean of %d min\n", (int)d->interval_min);
}

static void print_slots(struct ctl *c, const struct api_price_slots *l, wall_t now)
{
	struct table *t = table_create(
		c->arena, "FROM|>IMPORT|>EXPORT|SOURCE|RECEIVED|PEAK COSTS", c->colour);

	for (size_t i = 0; i < l->slots.count; i++) {
		const struct api_price_slot *s = &l->slots.items[i];
		double peak = 0;

		for (size_t k = 0; k < l->demand.count; k++)
			if (s->start.ms >= l->demand.items[k].from.ms &&
				s->start.ms < l->demand.items[k].to.ms)
				peak += l->demand.items[k].price_kw;
		table_row(t);
		table_cell(t, cell_time(c->arena, true, s->start));
		table_cellf(t, "%.5f", s->import);
		table_cellf(t, "%.5f", s->export);
		table_cell_colour(t,
			strcmp(s->source, "fixed") == 0 || strcmp(s->source, "series") == 0
				? COLOUR_NONE
				: COLOUR_YELLOW,
			s->source);
		table_cell(t, age(c, s, now));
		if (peak > 0)
			table_cellf(t, "%.2f a kW", peak);
	}
	ctl_print(t, "No slots.");
	for (size_t k = 0; k < l->demand.count; k++)
		print_demand(l, &l->demand.items[k]);
}

static int slots(struct ctl *c)
{
	static const char *const names[] = {"from", "to", "slot_s", "tariff", NULL};
	void *answer;
	int status = ctl_ask_struct(c, "GET", ctl_query(c, "prices", names), NULL, NULL,
		&api_price_slots_type, &answer);
	const struct api_price_slots *l = answer;

	if (l == NULL)
		return status;
	if (l->tariff == NULL) {
		puts("The depot has no tariff in force: depotctl tariff");
		return status;
	}
	print_spark(l);
	printf("%s\n\n", l->sentence ? l->sentence : "");
	print_slots(c, l, client_now(c->client));
	return status;
}

static int series(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "SERIES|KIND|KNOWN UNTIL|RECEIVED|FROM|NEXT TRY|TROUBLE", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "price-series", NULL, NULL, &api_price_series_list_type, &answer);
	const struct api_price_series_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->series.count; i++) {
		const struct api_price_series_view *v = &l->series.items[i];

		table_row(t);
		table_cell(t, v->id);
		table_cell(t, v->kind);
		table_cell(t, cell_time(c->arena, v->has_known_until, v->known_until));
		table_cell(t, cell_time(c->arena, v->has_received_at, v->received_at));
		table_cell(t, v->received_from);
		table_cell(t, cell_time(c->arena, v->has_next_at, v->next_at));
		if (v->trouble)
			table_cell_colour(t, v->broken ? COLOUR_RED : COLOUR_YELLOW,
				arena_printf(c->arena, "%s (%d in a row)", v->trouble,
					(int)v->failures));
	}
	if (l != NULL)
		ctl_print(t, "The depot's file names no series under prices.");
	return status;
}

static char *read_file(struct ctl *c, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? arena_alloc(c->arena, FILE_MAX + 1) : NULL;
	size_t n = text ? fread(text, 1, FILE_MAX + 1, f) : 0;

	if (f)
		fclose(f);
	if (!text || n == 0 || n > FILE_MAX || memchr(text, '\0', n)) {
		ctl_complain(CTL_FAILED, "%s cannot be read, is empty, no text or too long", path);
		return NULL;
	}
	return text;
}

static int put(struct ctl *c)
{
	const char *format = ctl_option(c, "--format");
	struct api_price_put body = {.step_s = 3600};
	const struct api_price_put_reply *r;
	void *answer;
	int found = format ? schema_enum_find(&api_price_format_enum, format) : 0, status;

	if (found < 0)
		return ctl_complain(CTL_USAGE, "--format must be entsoe, csv or json");
	body.has_format = format != NULL;
	body.format = (enum api_price_format)found;
	body.document = read_file(c, c->argv[2]);
	if (body.document == NULL)
		return CTL_FAILED;
	status = ctl_ask_struct(c, "PUT",
		arena_printf(c->arena, "price-series/%s", ctl_escape(c, c->argv[1])),
		&api_price_put_type, &body, &api_price_put_reply_type, &answer);
	r = answer;
	if (r != NULL)
		printf("%d values, %d of them news; known until %s\n", (int)r->values, (int)r->news,
			cell_time(c->arena, r->has_known_until, r->known_until));
	return status;
}

int ctl_prices(struct ctl *c)
{
	const char *verb = c->argc ? c->argv[0] : "show";

	if (strcmp(verb, "show") == 0 && c->argc <= 1)
		return slots(c);
	if (strcmp(verb, "series") == 0 && c->argc == 1)
		return series(c);
	if (strcmp(verb, "put") == 0 && c->argc == 3)
		return put(c);
	if (strcmp(verb, "fetch") == 0 && c->argc == 2)
		return ctl_done(c, "POST",
			arena_printf(c->arena, "price-series/%s/fetch", ctl_escape(c, c->argv[1])),
			NULL, NULL, "asked");
	return ctl_complain(CTL_USAGE,
		"write `depotctl prices`, `prices series`, `prices put SERIES "
		"FILE` or `prices fetch SERIES`");
}
