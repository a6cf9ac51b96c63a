/* Meters for the electrician: one meter, its registers, what is on a gateway or bus. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define LOOK_EVERY_S 1

static const char *number(struct ctl *c, bool has, double v, const char *unit)
{
	return has ? arena_printf(c->arena, "%.2f %s", v, unit) : NULL;
}

static void row(struct table *t, const char *name, const char *value)
{
	if (value == NULL)
		return;
	table_row(t);
	table_cell(t, name);
	table_cell(t, value);
}

/* -- one meter ------------------------------------------------------------------------------- */

static const char *phases(struct ctl *c, size_t count, const double *v, const char *unit)
{
	const char *out = NULL;

	for (size_t i = 0; i < count; i++)
		out = arena_printf(c->arena, "%s%s%.2f", out ? out : "", out ? "  " : "", v[i]);
	return out ? arena_printf(c->arena, "%s %s", out, unit) : NULL;
}

static void rows_reading(struct ctl *c, struct table *t, const struct api_meter_view *m)
{
	row(t, "power", number(c, m->has_power_w, m->power_w, "W"));
	row(t, "power L1 L2 L3", phases(c, m->powers_w.count, m->powers_w.items, "W"));
	row(t, "current L1 L2 L3", phases(c, m->currents_a.count, m->currents_a.items, "A"));
	row(t, "voltage L1 L2 L3", phases(c, m->voltages_v.count, m->voltages_v.items, "V"));
	row(t, "frequency", number(c, m->has_frequency_hz, m->frequency_hz, "Hz"));
	row(t, "import", m->has_import_wh ? cell_energy(c->arena, true, m->import_wh) : NULL);
	row(t, "export", m->has_export_wh ? cell_energy(c->arena, true, m->export_wh) : NULL);
	row(t, "state of charge", number(c, m->has_soc_pct, m->soc_pct, "%"));
	row(t, "can take", number(c, m->has_charge_max_w, m->charge_max_w, "W"));
	row(t, "can give", number(c, m->has_discharge_max_w, m->discharge_max_w, "W"));
	row(t, "available", number(c, m->has_available_w, m->available_w, "W"));
}

static void rows_link(struct ctl *c, struct table *t, const struct api_meter_view *m)
{
	row(t, "link", m->link);
	row(t, "requests", arena_printf(c->arena, "%lld", (long long)m->polls));
	row(t, "timeouts", arena_printf(c->arena, "%lld", (long long)m->timeouts));
	row(t, "exceptions", arena_printf(c->arena, "%lld", (long long)m->exceptions));
	row(t, "bad checksums", arena_printf(c->arena, "%lld", (long long)m->garbled));
	row(t, "wrong answers, lost connections",
		arena_printf(c->arena, "%lld", (long long)(m->errors - m->garbled)));
	row(t, "latency",
		m->has_last_good_at
			? arena_printf(c->arena,
				  "half within %.1f ms, 99 of 100 within %.1f ms, most %.1f ms",
				  m->latency_p50_ms, m->latency_p99_ms, m->latency_max_ms)
			: "it has never answered");
	row(t, "last good answer", cell_time(c->arena, m->has_last_good_at, m->last_good_at));
	if (m->last_error != NULL)
		row(t, "last error",
			arena_printf(c->arena, "%s: %s",
				cell_time(c->arena, m->has_last_error_at, m->last_error_at),
				m->last_error));
}

static int show_meter(struct ctl *c, const char *id)
{
	struct table *t = table_create(c->arena, "WHAT|VALUE", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", arena_printf(c->arena, "meters/%s", ctl_escape(c, id)),
			NULL, NULL, &api_meter_view_type, &answer);
	const struct api_meter_view *m = answer;

	if (m == NULL)
		return status;
	row(t, "meter", m->name ? m->name : m->id);
	row(t, "state", m->belief);
	row(t, "because", m->why);
	row(t, "next step", m->next);
	row(t, "map", m->map);
	row(t, "node", m->node);
	row(t, "read at", cell_time(c->arena, m->has_at, m->at));
	rows_reading(c, t, m);
	rows_link(c, t, m);
	ctl_print(t, "");
	return status;
}

#define ASK_SECONDS 8 /* longer than a meter may take */

static const struct api_meter_view *look_at(struct ctl *c, const char *path, int *status)
{
	void *answer;

	*status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_meter_view_type, &answer);
	return answer;
}

/* Did it answer when it was asked? What the guard thinks of that is another matter. */
static int say_answer(struct ctl *c, const struct api_meter_view *m, wall_t before)
{
	if (strcmp(m->belief, "refusing") == 0) {
		printf("%s is refusing: %s %s\n", m->id, m->why ? m->why : "",
			m->next ? m->next : "");
		return CTL_FAILED;
	}
	if (!m->has_last_good_at || m->last_good_at.ms <= before.ms) {
		printf("%s does not answer: %s\n", m->id,
			m->last_error ? m->last_error : "no word yet");
		return CTL_FAILED;
	}
	printf("%s answers: %s\n", m->id, cell_power(c->arena, m->has_power_w, m->power_w));
	if (m->ok)
		return CTL_OK;
	printf("It is %s: %s%s%s\n", m->belief, m->why ? m->why : "", m->next ? " " : "",
		m->next ? m->next : "");
	return CTL_FAILED;
}

/* Asks it now, and waits for what it says. */
static int ask_meter(struct ctl *c, const char *id)
{
	const char *path = arena_printf(c->arena, "meters/%s", ctl_escape(c, id));
	const char *question = arena_printf(c->arena, "%s/ask", path);
	int status;
	const struct api_meter_view *m;
	wall_t before = {0};
	int64_t polls;
	char *body;

	if (c->json)
		return ctl_done(c, "POST", question, NULL, NULL, "asked");
	m = look_at(c, path, &status);
	if (m == NULL)
		return status;
	polls = m->polls;
	before = m->has_last_good_at ? m->last_good_at : before;
	status = ctl_ask(c, "POST", question, NULL, &body);
	for (int i = 0; i < 5 * ASK_SECONDS && status == 0 && m && m->polls == polls; i++) {
		usleep(200000);
		m = look_at(c, path, &status);
	}
	if (status != 0 || m == NULL)
		return status;
	return say_answer(c, m, before);
}

static int show_registers(struct ctl *c, const char *id)
{
	struct table *t = table_create(
		c->arena, ">ADDRESS|TYPE|WORDS|>SCALE|QUANTITY|>VALUE|QUALITY", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "meters/%s/registers", ctl_escape(c, id)), NULL, NULL,
		&api_meter_registers_type, &answer);
	const struct api_meter_registers *m = answer;

	if (m == NULL)
		return status;
	printf("%s, map %s, read at %s%s%s\n", m->id, m->map, cell_time(c->arena, true, m->at),
		m->about ? ": " : "", m->about ? m->about : "");
	if (m->note != NULL)
		printf("%s\n", m->note);
	for (size_t i = 0; i < m->rows.count; i++) {
		const struct api_meter_register *r = &m->rows.items[i];

		table_row(t);
		table_cellf(t, "%lld", (long long)r->address);
		table_cell(t, r->type);
		table_cell(t, r->words);
		table_cellf(t, "%g", r->scale);
		table_cell(t, r->quantity);
		table_cell(t, r->has_value ? arena_printf(c->arena, "%.3f", r->value) : NULL);
		table_cell_colour(t, strcmp(r->quality, "suspect") == 0 ? COLOUR_RED : COLOUR_NONE,
			r->quality);
	}
	ctl_print(t, "");
	return status;
}

static int watch_meter(struct ctl *c, const char *id)
{
	int status;

	while ((status = show_registers(c, id)) == CTL_OK) {
		fflush(stdout);
		sleep(LOOK_EVERY_S);
	}
	return status;
}

/* -- wiring ---------------------------------------------------------------------------------- */

static void row_pair(struct ctl *c, struct table *t, const struct api_wiring_pair *p)
{
	const char *phases_of = "";

	for (size_t i = 0; i < p->phases.count; i++) {
		const struct api_wiring_phase *f = &p->phases.items[i];
		const char *is =
			f->has_gain
				? arena_printf(c->arena, "L%lld=L%lld x%.2f", (long long)f->phase,
					  (long long)f->upper_phase, f->gain)
				: arena_printf(c->arena, "L%lld=?", (long long)f->phase);

		phases_of = arena_printf(c->arena, "%s%s%s", phases_of, i ? "  " : "", is);
	}
	table_row(t);
	table_cell(t, strcmp(p->lower, "chargers") ? p->lower : "(chargers below)");
	table_cell(t, p->upper);
	table_cellf(t, "%lld", (long long)p->steps);
	table_cell(t, phases_of);
	table_cell_colour(t, p->ok ? COLOUR_NONE : COLOUR_RED, p->finding);
}

static int show_wiring(struct ctl *c)
{
	struct table *t = table_create(c->arena, "METER|ABOVE|>STEPS|PHASES|FINDING", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "meters/wiring", NULL, NULL, &api_wiring_view_type, &answer);
	const struct api_wiring_view *w = answer;

	if (w == NULL)
		return status;
	for (size_t i = 0; i < w->pairs.count; i++)
		row_pair(c, t, &w->pairs.items[i]);
	for (size_t i = 0; i < w->meters.count; i++) {
		table_row(t);
		table_cell(t, w->meters.items[i].meter);
		table_cell(t, NULL);
		table_cell(t, NULL);
		table_cell(t, NULL);
		table_cell_colour(t, COLOUR_RED, w->meters.items[i].finding);
	}
	ctl_print(t,
		"No meter of the tree is above another, or above EVSEs that tell their phases and "
		"whose rotation is described.");
	return status;
}

/* -- scans ----------------------------------------------------------------------------------- */

static void row_unit(struct ctl *c, struct table *t, const struct api_meter_scan_unit *u)
{
	const struct api_meter_guess *g = u->guesses.items;

	for (size_t i = 0; i < u->guesses.count || i == 0; i++) {
		bool has = i < u->guesses.count;

		table_row(t);
		table_cellf(t, "%lld", (long long)u->unit);
		table_cell(t, u->answers);
		table_cellf(t, "%.1f ms", u->latency_ms);
		table_cell(t, has ? g[i].map : NULL);
		table_cell(t, has ? arena_printf(c->arena, "%lld", (long long)g[i].points) : NULL);
		table_cell(t,
			has ? phases(c, g[i].voltages_v.count, g[i].voltages_v.items, "V") : NULL);
		table_cell(
			t, cell_power(c->arena, has && g[i].has_power_w, has ? g[i].power_w : 0));
		table_cell(t, has ? g[i].about : NULL);
	}
}

static int print_scan(struct ctl *c, const struct api_meter_scan_view *s)
{
	struct table *t = table_create(
		c->arena, ">UNIT|ANSWERS|>LATENCY|MAP|>POINTS|VOLTAGE|>POWER|ABOUT", c->colour);

	for (size_t i = 0; i < s->units.count; i++)
		row_unit(c, t, &s->units.items[i]);
	ctl_print(t, "Nobody answers there.");
	if (s->error != NULL)
		return ctl_complain(CTL_FAILED, "%s: %s", s->link, s->error);
	return CTL_OK;
}

/* Asks for the scan until it is over; with --json its last view is what is printed. */
static int follow_scan(struct ctl *c, const char *id)
{
	const char *path = arena_printf(c->arena, "meters/scans/%s", id);
	bool is_json = c->json;
	const struct api_meter_scan_view *s;
	void *answer;
	int status;

	for (;;) {
		c->json = false;
		status = ctl_ask_struct(
			c, "GET", path, NULL, NULL, &api_meter_scan_view_type, &answer);
		c->json = is_json;
		s = answer;
		if (status != CTL_OK || strcmp(s->state, "running") != 0)
			break;
		if (!is_json && isatty(STDERR_FILENO))
			fprintf(stderr, "\runit %lld of %lld to %lld, %zu found ",
				(long long)s->next_unit, (long long)s->first_unit,
				(long long)s->last_unit, s->units.count);
		sleep(LOOK_EVERY_S);
	}
	if (!is_json && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (status != CTL_OK)
		return status;
	return is_json ? ctl_ask_struct(
				 c, "GET", path, NULL, NULL, &api_meter_scan_view_type, &answer)
		       : print_scan(c, s);
}

/* "HOST", "HOST:PORT" or a device, into the order. False after a complaint. */
static bool read_target(struct ctl *c, const char *text, struct api_meter_scan_post *out)
{
	const char *colon = strrchr(text, ':');
	char *end = NULL;

	if (text[0] == '/') {
		out->device = text;
		return true;
	}
	/* Of an IPv6 address only [address]:port has a port. */
	if (colon != NULL && strchr(text, ':') != colon && text[0] != '[')
		colon = NULL;
	out->host = text[0] == '[' ? text + 1 : text;
	if (colon != NULL) {
		out->has_port = true;
		out->port = strtol(colon + 1, &end, 10);
		out->host = arena_strndup(c->arena, out->host,
			(size_t)(colon - out->host) - (text[0] == '[' ? 1 : 0));
	}
	if (end != NULL && (end == colon + 1 || *end != '\0' || out->port < 1)) {
		ctl_complain(CTL_USAGE, "%s is no port", colon + 1);
		return false;
	}
	return true;
}

/* "5" or "1-20". */
static bool read_units(const char *text, struct api_meter_scan_post *out)
{
	char *end;

	out->has_first_unit = out->has_last_unit = true;
	out->first_unit = out->last_unit = strtol(text, &end, 10);
	if (end != text && *end == '-') {
		text = end + 1;
		out->last_unit = strtol(text, &end, 10);
	}
	if (end != text && *end == '\0')
		return true;
	ctl_complain(CTL_USAGE, "units are a number or a range, 1-20");
	return false;
}

static bool read_number(const char *name, const char *text, bool *has, int64_t *out)
{
	char *end;

	if (text == NULL)
		return true;
	*has = true;
	*out = strtol(text, &end, 10);
	if (end != text && *end == '\0')
		return true;
	ctl_complain(CTL_USAGE, "%s takes a number", name);
	return false;
}

struct words {
	const char *units, *timeout, *baud, *parity;
	bool is_quick;
};

static bool read_order(
	struct ctl *c, const char *target, const struct words *w, struct api_meter_scan_post *out)
{
	int parity = w->parity ? schema_enum_find(&api_parity_enum, w->parity) : 0;

	*out = (struct api_meter_scan_post){.has_identify = true, .identify = !w->is_quick};
	if (!read_target(c, target, out) || (w->units != NULL && !read_units(w->units, out)) ||
		!read_number("--timeout", w->timeout, &out->has_timeout_ms, &out->timeout_ms) ||
		!read_number("--baud", w->baud, &out->has_baud, &out->baud))
		return false;
	if (parity < 0) {
		ctl_complain(CTL_USAGE, "--parity is none, even or odd");
		return false;
	}
	out->has_parity = w->parity != NULL;
	out->parity = (enum api_parity)parity;
	return true;
}

static int scan(struct ctl *c, const char *target, const struct words *w)
{
	struct api_meter_scan_post post;
	bool is_json = c->json;
	void *answer;
	int status;

	if (!read_order(c, target, w, &post))
		return CTL_USAGE;
	c->json = false;
	status = ctl_ask_struct(c, "POST", "meters/scans", &api_meter_scan_post_type, &post,
		&api_meter_scan_view_type, &answer);
	c->json = is_json;
	if (answer == NULL)
		return status;
	return follow_scan(c, ((const struct api_meter_scan_view *)answer)->id);
}

int ctl_meter(struct ctl *c)
{
	struct words w = {.units = ctl_option(c, "--units"),
		.timeout = ctl_option(c, "--timeout"),
		.baud = ctl_option(c, "--baud"),
		.parity = ctl_option(c, "--parity"),
		.is_quick = ctl_flag(c, "--no-identify")};
	const char *verb = c->argc > 0 ? c->argv[0] : "list";
	static const struct {
		const char *verb;
		int (*run)(struct ctl *c, const char *id);
	} of_one[] = {{"show", show_meter}, {"registers", show_registers}, {"watch", watch_meter},
		{"ask", ask_meter}};

	if (strcmp(verb, "list") == 0)
		return ctl_meters(c);
	if (strcmp(verb, "wiring") == 0 && c->argc == 1)
		return show_wiring(c);
	if (strcmp(verb, "wiring") == 0 && c->argc == 2 && strcmp(c->argv[1], "reset") == 0)
		return ctl_done(c, "POST", "meters/wiring/reset", NULL, NULL, "forgotten");
	if (strcmp(verb, "identify") == 0 && c->argc == 3)
		w.units = c->argv[2];
	bool is_scan = strcmp(verb, "scan") == 0 && c->argc == 2;
	if (is_scan || (strcmp(verb, "identify") == 0 && c->argc == 3))
		return scan(c, c->argv[1], &w);
	for (size_t i = 0; i < sizeof(of_one) / sizeof(of_one[0]); i++)
		if (strcmp(verb, of_one[i].verb) == 0 && c->argc == 2)
			return of_one[i].run(c, c->argv[1]);
	return ctl_complain(CTL_USAGE,
		"meter list | show ID | registers ID | watch ID | ask ID | wiring [reset] | scan HOST[:PORT]|DEVICE | "
		"identify HOST[:PORT]|DEVICE UNIT");
}
