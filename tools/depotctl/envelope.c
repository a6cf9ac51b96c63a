/* Envelopes: limits over time on nodes of the tree; tried, answered, and what became of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define CHART_WIDTH 40
#define DAY_MS      INT64_C(86400000)

/* -- words of the command line --------------------------------------------------------------- */

/* "80kW", "80000W", "1.5MW": with its unit, for 20 could be either. */
static bool parse_power(const char *s, int64_t *w)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = {{"W", 1}, {"kW", 1000}, {"MW", 1000000}};
	char *end;
	double v = strtod(s, &end);

	for (size_t i = 0; end != s && i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0 && v >= 0 && v * units[i].factor < INT32_MAX) {
			*w = (int64_t)floor(v * units[i].factor);
			return true;
		}
	return false;
}

/* "63A", "63": of each phase. */
static bool parse_current(const char *s, int64_t *ma)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || (*end != '\0' && strcmp(end, "A") != 0) || v < 0 || v * 1000 >= INT32_MAX)
		return false;
	*ma = (int64_t)floor(v * 1000);
	return true;
}

/* -- what is wanted -------------------------------------------------------------------------- */

/* Someone who thinks of export as import below 0. */
static bool is_below_0(const char *s)
{
	return s != NULL && s[0] == '-';
}

static int read_block(struct ctl *c, struct api_envelope_block_post *b)
{
	const char *from = ctl_option(c, "--from"), *to = ctl_option(c, "--to");
	const char *span = ctl_option(c, "--for"), *export = ctl_option(c, "--export");
	const char *phase = ctl_option(c, "--phase"), *power = c->argc > 2 ? c->argv[2] : NULL;
	wall_t now = client_now(c->client);
	int64_t ms;

	if (is_below_0(power) || is_below_0(export) || is_below_0(phase))
		return ctl_complain(CTL_USAGE,
			"\"%s\": a limit is 0 or more; what the node may feed in is limited by "
			"--export 20kW",
			is_below_0(power)    ? power
			: is_below_0(export) ? export
					     : phase);
	if (power != NULL && !(b->has_import_w = parse_power(power, &b->import_w)))
		return ctl_complain(CTL_USAGE, "\"%s\" is no power such as 80kW or 500W", power);
	if (export != NULL && !(b->has_export_w = parse_power(export, &b->export_w)))
		return ctl_complain(CTL_USAGE, "--export must be a power such as 20kW");
	if (phase != NULL && !(b->has_phase_ma = parse_current(phase, &b->phase_ma)))
		return ctl_complain(CTL_USAGE, "--phase must be a current such as 63A");
	if (!b->has_import_w && !b->has_export_w && !b->has_phase_ma)
		return ctl_complain(CTL_USAGE, "give a limit: 80kW, --export 20kW or --phase 63A");
	if (!ctl_when(from != NULL ? from : "now", now, &b->start))
		return ctl_complain(
			CTL_USAGE, "--from must be now, 18:00, +2h or 2026-12-31T18:00:00Z");
	if ((to == NULL) == (span == NULL))
		return ctl_complain(CTL_USAGE, "give either --to 20:00 or --for 2h");
	if (span != NULL && ctl_span(span, &ms))
		b->end.ms = b->start.ms + ms;
	else if (span != NULL)
		return ctl_complain(CTL_USAGE, "--for must be a duration such as 2h30m");
	else if (!ctl_when(to, b->start, &b->end))
		return ctl_complain(
			CTL_USAGE, "--to must be 20:00, +2h (after --from) or a time with a date");
	return CTL_OK;
}

static int read_post(struct ctl *c, struct api_envelope_post *p, struct api_envelope_block_post *b)
{
	const char *priority = ctl_option(c, "--priority");
	bool is_digit =
		priority != NULL && priority[0] >= '0' && priority[0] <= '9' && priority[1] == '\0';
	int status = ctl_learn_clock(c);

	if (status == CTL_OK && priority != NULL && !is_digit)
		return ctl_complain(CTL_USAGE, "--priority must be 0 to 9, greater goes first");
	*p = (struct api_envelope_post){
		.kind = ctl_flag(c, "--fallback") ? API_ENVELOPE_KIND_FALLBACK
						  : API_ENVELOPE_KIND_LIMIT,
		.has_kind = true,
		.owner = ctl_option(c, "--owner"),
		.grid = ctl_flag(c, "--grid"),
		.has_grid = true,
		.type = ctl_option(c, "--type"),
		.why = ctl_option(c, "--why"),
		.has_priority = priority != NULL,
		.priority = is_digit ? priority[0] - '0' : 0,
		.blocks = {1, b},
	};
	if (status == CTL_OK)
		status = read_block(c, b);
	if (status == CTL_OK && c->argc < 2)
		return ctl_complain(CTL_USAGE, "envelope %s needs a NODE", c->argv[0]);
	p->node = status == CTL_OK ? c->argv[1] : "";
	return status;
}

/* -- shown ----------------------------------------------------------------------------------- */

static const char *limit_words(struct ctl *c, const struct api_envelope_block_post *b)
{
	return arena_printf(c->arena, "%s%s%s%s%s",
		b->has_import_w ? cell_power(c->arena, true, (double)b->import_w) : "",
		b->has_export_w ? " out " : "",
		b->has_export_w ? cell_power(c->arena, true, (double)b->export_w) : "",
		b->has_phase_ma && b->has_import_w ? " " : "",
		b->has_phase_ma ? arena_printf(c->arena, "%.1f A", (double)b->phase_ma / 1000)
				: "");
}

/* The block that runs, or the next one. */
static const struct api_envelope_block_post *current_block(
	const struct api_envelope_view *v, wall_t now)
{
	for (size_t i = 0; i < v->blocks.count; i++)
		if (v->blocks.items[i].end.ms > now.ms)
			return &v->blocks.items[i];
	return v->blocks.count ? &v->blocks.items[v->blocks.count - 1] : NULL;
}

static const char *note_of(struct ctl *c, const struct api_envelope_view *v)
{
	const char *note = v->why;

	if (v->beaten_owner != NULL)
		note = arena_printf(c->arena, "%s: %s of %s",
			v->beaten_why != NULL ? v->beaten_why : "tighter", v->beaten_by,
			v->beaten_owner);
	else if (strcmp(v->state, "received") == 0 && v->effect != NULL)
		note = arena_printf(c->arena, "waits for a yes: %d late, %.1f kWh short",
			(int)v->effect->late, (double)v->effect->shed_wh / 1000);
	else if (v->urgent)
		note = "obeyed before anybody was asked";
	return note;
}

static struct table *envelope_table(struct ctl *c)
{
	return table_create(
		c->arena, "ID|NODE|OWNER|STATE|LIMIT|FROM|TO|BLOCKS|COUNTS|NOTE", c->colour);
}

static void row_envelope(struct ctl *c, struct table *t, const struct api_envelope_view *v)
{
	const struct api_envelope_block_post *b = current_block(v, client_now(c->client));

	table_row(t);
	table_cell(t, v->id);
	table_cell(t, v->node);
	table_cell(t, v->owner);
	table_cell(t, v->state);
	table_cell(t, b ? limit_words(c, b) : "-");
	table_cell(t, cell_time(c->arena, b != NULL, b ? b->start : (wall_t){0}));
	table_cell(t, cell_time(c->arena, b != NULL, b ? b->end : (wall_t){0}));
	table_cell(t, arena_printf(c->arena, "%zu", v->blocks.count));
	table_cell(t, v->counts ? "yes" : "no");
	table_cell(t, note_of(c, v));
}

/* What it takes the place of goes on after it. */
static const char *again_words(struct ctl *c, const struct api_envelope_replaced *r,
	const struct api_envelope_block_post *last)
{
	if (r->was == NULL || last == NULL || r->was->end.ms <= last->end.ms)
		return "";
	return arena_printf(c->arena, ", until %s; then that one goes on",
		cell_time(c->arena, true, last->end));
}

/* How long it lasts, and whose place it took. */
static void print_effect(struct ctl *c, const struct api_envelope_view *v)
{
	const struct api_envelope_block_post *first = v->blocks.items,
					     *last = v->blocks.count
							     ? &v->blocks.items[v->blocks.count - 1]
							     : NULL;
	long long min = last != NULL ? (long long)(last->end.ms - first->start.ms) / 60000 : 0;

	if (last != NULL)
		printf("It lasts %lld h %02lld min.\n", min / 60, min % 60);
	if (v->note != NULL)
		printf("But %s.\n", v->note);
	for (size_t i = 0; i < v->replaces.count; i++) {
		const struct api_envelope_replaced *r = &v->replaces.items[i];

		printf("It takes the place of %s%s%s%s, which is %s%s.\n", r->id,
			r->was != NULL ? ": " : "", r->was != NULL ? limit_words(c, r->was) : "",
			r->was != NULL ? arena_printf(c->arena, " until %s",
						 cell_time(c->arena, true, r->was->end))
				       : "",
			r->state, again_words(c, r, last));
	}
}

static int show_one(struct ctl *c, const char *method, const char *path,
	const struct schema_struct *type, const void *body)
{
	struct table *t = envelope_table(c);
	void *answer;
	int status = ctl_ask_struct(c, method, path, type, body, &api_envelope_view_type, &answer);

	if (answer != NULL) {
		row_envelope(c, t, answer);
		ctl_print(t, "");
		print_effect(c, answer);
	}
	return status;
}

static int list_envelopes(struct ctl *c)
{
	static const char *const names[] = {"state", "node", "owner", "limit", NULL};
	const char *path = ctl_query(c, "envelopes", names);
	struct table *t = envelope_table(c);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_envelope_list_type, &answer);
	const struct api_envelope_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->envelopes.count; i++)
		row_envelope(c, t, &list->envelopes.items[i]);
	if (list != NULL)
		ctl_print(t, "No envelopes.");
	return status;
}

/* "priority: ID of operator/anna", "tighter: rating". */
static const char *beaten_words(struct ctl *c, const struct api_node_limit *l)
{
	if (l->beaten_by == NULL)
		return NULL;
	return arena_printf(c->arena, "%s: %s%s%s", l->beaten_why ? l->beaten_why : "tighter",
		l->beaten_envelope ? l->beaten_envelope : "", l->beaten_envelope ? " of " : "",
		l->beaten_by);
}

static int list_limits(struct ctl *c, const char *node)
{
	struct table *t = table_create(
		c->arena, "QUANTITY|LIMIT|SOURCE|STATE|OWNER|BEATEN BY|FROM|TO|AGE", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "nodes/%s/limits", ctl_escape(c, node)), NULL, NULL,
		&api_node_limits_type, &answer);
	const struct api_node_limits *out = answer;

	for (size_t i = 0; out != NULL && i < out->limits.count; i++) {
		const struct api_node_limit *l = &out->limits.items[i];
		bool is_phase = strcmp(l->quantity, "phase") == 0;

		table_row(t);
		table_cell(t, l->quantity);
		table_cell(t, is_phase ? arena_printf(c->arena, "%.1f A", (double)l->limit / 1000)
				       : cell_power(c->arena, true, (double)l->limit));
		table_cell(t, l->source);
		table_cell(t, l->state);
		table_cell(t, l->owner);
		table_cell(t, beaten_words(c, l));
		table_cell(t, cell_time(c->arena, l->has_since, l->since));
		table_cell(t, cell_time(c->arena, l->has_until, l->until));
		table_cell(t, l->has_age_s ? arena_printf(c->arena, "%lld s", (long long)l->age_s)
					   : NULL);
	}
	if (out != NULL)
		ctl_print(t, "No limits.");
	return status;
}

static int try_one(struct ctl *c, const struct api_envelope_post *p)
{
	struct table *t = table_create(c->arena,
		"VEHICLE|EVSE|DEPARTS|NEED|SHORT NOW|SHORT WITH|READY NOW|READY WITH", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "POST", "envelopes/try", &api_envelope_post_type, p,
		&api_envelope_try_type, &answer);
	const struct api_envelope_try *out = answer;

	for (size_t i = 0; out != NULL && i < out->vehicles.count; i++) {
		const struct api_envelope_vehicle *v = &out->vehicles.items[i];

		table_row(t);
		table_cell(t, v->vehicle ? v->vehicle : "unknown");
		table_cell(t, arena_printf(c->arena, "%s/%d", v->station, (int)v->evse));
		table_cell(t, cell_time(c->arena, v->has_departs_at, v->departs_at));
		table_cell(t, cell_energy(c->arena, true, (double)v->need_wh));
		table_cell(t, cell_energy(c->arena, true, (double)v->short_without_wh));
		table_cell(t, cell_energy(c->arena, true, (double)v->short_with_wh));
		table_cell(t, cell_time(c->arena, v->has_ready_without, v->ready_without));
		table_cell(t, cell_time(c->arena, v->has_ready_with, v->ready_with));
	}
	if (out != NULL) {
		puts(out->sentence);
		if (out->vehicles.count)
			ctl_print(t, "");
	}
	return status;
}

/* -- what became of it ----------------------------------------------------------------------- */

/* A bar a line: the mean as blocks, the greatest as a dot, the limit as a bar. */
static void print_minute(
	struct ctl *c, const struct api_envelope_minute *m, double limit_w, double top_w)
{
	int mean = (int)(m->mean_w / top_w * CHART_WIDTH), most, limit;

	most = (int)(m->max_w / top_w * CHART_WIDTH);
	limit = limit_w >= 0 ? (int)(limit_w / top_w * CHART_WIDTH) : -1;
	printf("%s  ", cell_time(c->arena, true, m->at));
	for (int i = 0; i <= CHART_WIDTH; i++)
		fputs(i == limit ? "|" : i < mean ? "#" : i == most ? "." : " ", stdout);
	printf(" %s%s%s%s%s\n", cell_power(c->arena, true, m->max_w),
		limit_w >= 0 && m->max_w > limit_w ? " above" : "", m->quality ? " (" : "",
		m->quality == NULL                     ? ""
		: strcmp(m->quality, "bound") == 0     ? "at most"
		: strcmp(m->quality, "estimated") == 0 ? "in part estimated"
						       : "not known: the worst case",
		m->quality ? ")" : "");
}

/* NULL: measured. */
static const char *worse(const char *a, const char *b)
{
	static const char *const order[] = {"unknown", "bound", "estimated"};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if ((a && strcmp(a, order[i]) == 0) || (b && strcmp(b, order[i]) == 0))
			return order[i];
	return NULL;
}

static void print_chart(struct ctl *c, const struct api_envelope_compliance *x, double limit_w)
{
	size_t step = x->minutes.count / 60 + 1; /* a screen of them */
	double top_w = limit_w > 1 ? limit_w : 1;

	for (size_t i = 0; i < x->minutes.count; i++)
		top_w = fmax(top_w, x->minutes.items[i].max_w);
	for (size_t i = 0; i < x->minutes.count; i += step) {
		struct api_envelope_minute m = x->minutes.items[i];
		size_t n = 1;

		for (; n < step && i + n < x->minutes.count; n++) {
			m.mean_w += x->minutes.items[i + n].mean_w;
			m.max_w = fmax(m.max_w, x->minutes.items[i + n].max_w);
			m.quality = worse(m.quality, x->minutes.items[i + n].quality);
		}
		m.mean_w /= (double)n;
		print_minute(c, &m, limit_w, top_w);
	}
}

/* "L2 53.1 A, above it for 240 s": each phase on its own, the worst decides. */
static void print_phases(struct ctl *c, const struct api_envelope_record *r)
{
	printf("  limit %.1f A of each phase\n", (double)r->limit_ma / 1000.0);
	for (size_t i = 0; i < r->phases.count; i++)
		printf("    %s: greatest %.1f A at %s; above it for %lld s; measured for %lld s\n",
			r->phases.items[i].phase, (double)r->phases.items[i].max_ma / 1000.0,
			cell_time(c->arena, true, r->phases.items[i].max_at),
			(long long)r->phases.items[i].above_s,
			(long long)r->phases.items[i].measured_s);
	if (r->phases.count == 0)
		puts("    no meter tells the currents of its phases");
}

/* What nobody measured is not called kept. */
static const char *verdict_of(const struct api_envelope_record *r)
{
	if (!r->has_limit_w && !r->has_export_limit_w && !r->has_limit_ma)
		return "no limit of power";
	if (r->unsure)
		return r->measured_s + r->estimated_s > 0 ? "not known whether kept"
		       : r->bounded_s > 0 ? "not known whether kept: only bounds were known"
					  : "not known whether kept: nothing was measured";
	if (!r->kept)
		return "NOT kept";
	if (r->measured_s + r->estimated_s + r->bounded_s == 0)
		return "nothing was measured";
	if (r->has_limit_ma && r->phases.count == 0)
		return "not seen broken";
	return "kept";
}

/* What flowed, for all that is known of it; what may have flowed at most is no part of a mean. */
static void print_measured(struct ctl *c, const struct api_envelope_record *r)
{
	if (r->has_mean_w && r->has_max_w)
		printf("  mean %s, greatest %s at %s\n",
			cell_power(c->arena, true, (double)r->mean_w),
			cell_power(c->arena, true, (double)r->max_w),
			cell_time(c->arena, r->has_max_at, r->max_at));
	printf("  measured for %lld s, estimated for %lld s, not measured for %lld s\n",
		(long long)r->measured_s, (long long)r->estimated_s, (long long)r->unmeasured_s);
	if (r->bounded_s > 0)
		printf("  for %lld s no more was known than a bound by the meters around: at most "
		       "%s\n",
			(long long)r->bounded_s,
			cell_power(c->arena, r->has_bound_max_w, (double)r->bound_max_w));
}

static void print_record(struct ctl *c, const struct api_envelope_record *r)
{
	printf("%s to %s: %s\n", cell_time(c->arena, true, r->start),
		cell_time(c->arena, true, r->end), verdict_of(r));
	if (!r->has_limit_ma || r->has_limit_w)
		printf("  limit %s\n", cell_power(c->arena, r->has_limit_w, (double)r->limit_w));
	if (r->has_limit_ma)
		print_phases(c, r);
	print_measured(c, r);
	printf("  above %s for %lld s, %s\n",
		!r->has_limit_ma ? "it"
		: r->has_limit_w ? "any limit"
				 : "it on any phase",
		(long long)r->above_s, cell_energy(c->arena, true, (double)r->above_wh));
	if (r->has_export_limit_w)
		printf("  fed in: limit %s, greatest %s; above it for %lld s, %s\n",
			cell_power(c->arena, true, (double)r->export_limit_w),
			cell_power(c->arena, true, (double)r->export_max_w),
			(long long)r->export_above_s,
			cell_energy(c->arena, true, (double)r->export_above_wh));
	printf("  accepted by %s at %s; %zu vehicles, %lld commands\n",
		r->decided_by ? r->decided_by : "nobody",
		cell_time(c->arena, r->has_decided_at, r->decided_at), r->vehicles.count,
		(long long)r->command_count);
	if (r->has_seq)
		printf("  event %lld of the journal, hash %.16s…\n", (long long)r->seq, r->hash);
	else
		puts("  it still runs: the record is made when it ends");
}

static int show_compliance(struct ctl *c, const char *id)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "envelopes/%s/compliance", ctl_escape(c, id)), NULL, NULL,
		&api_envelope_compliance_type, &answer);
	const struct api_envelope_compliance *x = answer;

	if (x == NULL)
		return status;
	printf("Envelope %s of %s on %s: %s\n", x->id, x->owner, x->node, x->state);
	for (size_t i = 0; i < x->records.count; i++) {
		print_record(c, &x->records.items[i]);
		if (i == 0)
			print_chart(c, x,
				x->records.items[0].has_limit_w
					? (double)x->records.items[0].limit_w
					: -1);
	}
	if (x->pending)
		puts("It is over, and its record is being made: some 20 s after its end.");
	else if (x->records.count == 0)
		puts("Nothing of it has counted yet.");
	return status;
}

/* -- the command ----------------------------------------------------------------------------- */

static int decide(struct ctl *c, const char *verb, const char *id)
{
	return show_one(c, "POST",
		arena_printf(c->arena, "envelopes/%s/%s", ctl_escape(c, id), verb),
		&api_envelope_decision_type,
		&(struct api_envelope_decision){.why = ctl_option(c, "--why")});
}

static int withdraw(struct ctl *c, const char *id)
{
	static const char *const names[] = {"why", NULL};
	const char *path = arena_printf(c->arena, "envelopes/%s", ctl_escape(c, id));

	return show_one(c, "DELETE", ctl_query(c, path, names), NULL, NULL);
}

int ctl_envelope(struct ctl *c)
{
	const char *verb = c->argc > 0 ? c->argv[0] : "list";
	const char *what = c->argc > 1 ? c->argv[1] : NULL;
	struct api_envelope_block_post b = {0};
	struct api_envelope_post p;
	int status;

	if (strcmp(verb, "list") == 0)
		return list_envelopes(c);
	if (what == NULL)
		return ctl_complain(CTL_USAGE, "envelope %s needs an ID or a NODE", verb);
	if (strcmp(verb, "add") == 0 || strcmp(verb, "try") == 0) {
		status = read_post(c, &p, &b);
		if (status != CTL_OK)
			return status;
		return verb[0] == 't'
			       ? try_one(c, &p)
			       : show_one(c, "POST", "envelopes", &api_envelope_post_type, &p);
	}
	if (strcmp(verb, "show") == 0)
		return show_one(c, "GET",
			arena_printf(c->arena, "envelopes/%s", ctl_escape(c, what)), NULL, NULL);
	if (strcmp(verb, "limits") == 0)
		return list_limits(c, what);
	if (strcmp(verb, "withdraw") == 0)
		return withdraw(c, what);
	if (strcmp(verb, "compliance") == 0)
		return show_compliance(c, what);
	if (strcmp(verb, "accept") == 0 || strcmp(verb, "refuse") == 0)
		return decide(c, verb, what);
	return ctl_complain(CTL_USAGE,
		"envelope add | try | list | show | limits | accept | refuse | withdraw | compliance");
}
