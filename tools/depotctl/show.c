/* Tables of the live picture. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static struct table *table_of(struct ctl *c, const char *head)
{
	return table_create(c->arena, head, c->colour);
}

/* What depotd says first of a thing. */
static void sentence(struct ctl *c, const char *words, const char *sub)
{
	struct text t;

	text_init(&t, 0);
	put_colour(&t, c->colour, COLOUR_BOLD, words);
	text_printf(&t, "\n%s%s\n", sub != NULL ? sub : "", sub != NULL ? "\n" : "");
	if (text_ok(&t))
		fwrite(t.data, 1, t.len, stdout);
	text_finish(&t);
}

static void heading(struct ctl *c, const char *words)
{
	struct text t;

	text_init(&t, 0);
	put_colour(&t, c->colour, COLOUR_BOLD, words);
	printf("\n%s\n", t.data != NULL ? t.data : words);
	text_finish(&t);
}

static enum colour state_colour(const char *state)
{
	static const struct {
		const char *state;
		enum colour colour;
	} rows[] = {
		{"charging", COLOUR_GREEN},
		{"ready", COLOUR_GREEN},
		{"connected", COLOUR_GREEN},
		{"ok", COLOUR_GREEN},
		{"at risk", COLOUR_YELLOW},
		{"pending", COLOUR_YELLOW},
		{"unknown", COLOUR_YELLOW},
		{"will miss", COLOUR_RED},
		{"faulted", COLOUR_RED},
		{"silent", COLOUR_RED},
		{"rejected", COLOUR_RED},
	};

	if (state == NULL)
		return COLOUR_NONE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].colour;
	return COLOUR_NONE;
}

/* "at_risk" reads "at risk". */
static void cell_state(struct ctl *c, struct table *t, const char *state)
{
	char *words = arena_strdup(c->arena, state);

	for (char *s = words; s != NULL && *s != '\0'; s++)
		if (*s == '_')
			*s = ' ';
	table_cell_colour(t, state_colour(words), words);
}

/* -- tree ------------------------------------------------------------------------------------ */

static int depth_of(const struct api_tree *tree, const struct api_node_view *n)
{
	int depth = 0;

	for (size_t i = tree->nodes.count; n->parent != NULL && depth < 30; i = tree->nodes.count) {
		while (i > 0 && strcmp(tree->nodes.items[i - 1].id, n->parent) != 0)
			i--;
		if (i == 0)
			break;
		n = &tree->nodes.items[i - 1];
		depth++;
	}
	return depth;
}

static void cell_used(struct ctl *c, struct table *t, const struct api_node_view *n)
{
	if (!n->has_load_w || !n->has_limit_w || n->limit_w == 0) {
		table_cell(t, NULL);
		return;
	}
	double used = 100.0 * (double)n->load_w / (double)n->limit_w;
	enum colour colour = used > 100 ? COLOUR_RED : used > 95 ? COLOUR_YELLOW : COLOUR_NONE;
	table_cell_colour(t, colour, cell_percent(c->arena, true, used));
}

/* What holds vehicles back there now. */
static void cell_binds(struct ctl *c, struct table *t, const struct api_node_view *n)
{
	char text[200] = "";
	size_t len = 0;
	const char *source = n->binds_envelope != NULL ? "envelope" : n->binds_source;

	for (size_t i = 0; i < n->binds.count && len < sizeof(text); i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%s", i ? " " : "", n->binds.items[i]);
	if (n->binds_by != NULL && len < sizeof(text))
		snprintf(text + len, sizeof(text) - len, " (%s%s%s%s%s%s%s)", n->binds_by,
			n->has_binds_until ? " until " : "",
			n->has_binds_until ? cell_time(c->arena, true, n->binds_until) : "",
			source != NULL ? ": " : "", source != NULL ? source : "",
			n->binds_envelope != NULL ? " " : "",
			n->binds_envelope != NULL ? n->binds_envelope : "");
	table_cell(t, text[0] ? text : NULL);
}

/* What flows against a limit; a bound and the guard's caution are no breach. */
static void cell_now(struct ctl *c, struct table *t, const struct api_node_limit_view *l)
{
	bool is_reading =
		l->load_source == NULL || (strcmp(l->load_source, "bounded") != 0 &&
						  strcmp(l->load_source, "worst-case") != 0);
	bool is_above = is_reading && l->load > l->limit;

	table_cell_colour(t, is_above ? COLOUR_RED : COLOUR_NONE,
		l->has_load ? arena_printf(c->arena, "%.1f%s", l->load, is_above ? " above" : "")
			    : NULL);
}

/* Phases, balance and export, where a node has such limits. */
static void show_node_limits(struct ctl *c, const struct api_tree *tree)
{
	struct table *t = table_of(c, "NODE|LIMIT OF|>NOW|>AT MOST||BY|FROM|SINCE");
	bool has_any = false;

	for (size_t i = 0; i < tree->nodes.count; i++)
		for (size_t k = 0; k < tree->nodes.items[i].limits.count; k++) {
			const struct api_node_limit_view *l = &tree->nodes.items[i].limits.items[k];

			if (!l->has_limit)
				continue;
			has_any = true;
			table_row(t);
			table_cell(t, tree->nodes.items[i].id);
			table_cell(t, l->what);
			cell_now(c, t, l);
			table_cellf(t, "%.1f", l->limit);
			table_cell(t, l->unit);
			table_cell(t, l->load_source);
			table_cell(t, l->source);
			table_cell(t, cell_time(c->arena, l->has_since, l->since));
		}
	if (!has_any)
		return;
	printf("\n");
	ctl_print(t, "");
}

static void show_tree(struct ctl *c, const struct api_tree *tree)
{
	struct table *t = table_of(
		c, "NODE|>LOAD|>LIMIT|FROM|SINCE|>USED|>EVSES|>ALLOWED|SOURCE|AGE OF|BINDS|NAME");

	for (size_t i = 0; i < tree->nodes.count; i++) {
		const struct api_node_view *n = &tree->nodes.items[i];
		table_row(t);
		table_cellf(t, "%*s%s", 2 * depth_of(tree, n), "", n->id);
		table_cell(t, cell_power(c->arena, n->has_load_w, (double)n->load_w));
		table_cell(t, cell_power(c->arena, n->has_limit_w, (double)n->limit_w));
		table_cell(t, n->limit_source);
		table_cell(t, cell_time(c->arena, n->has_limit_since, n->limit_since));
		cell_used(c, t, n);
		table_cell(t, cell_power(c->arena, true, (double)n->evse_w));
		table_cell(t, cell_power(c->arena, true, (double)n->allowed_w));
		table_cell(t, n->load_source);
		table_cell(t, cell_time(c->arena, n->has_load_at, n->load_at));
		cell_binds(c, t, n);
		table_cell(t, n->name);
	}
	ctl_print(t, "The tree is empty.");
	show_node_limits(c, tree);
}

int ctl_tree(struct ctl *c)
{
	void *tree;
	int status = ctl_ask_struct(c, "GET", "tree", NULL, NULL, &api_tree_type, &tree);

	if (tree == NULL)
		return status;
	if (((const struct api_tree *)tree)->sentence != NULL)
		sentence(c, ((const struct api_tree *)tree)->sentence,
			((const struct api_tree *)tree)->sub);
	show_tree(c, tree);
	return status;
}

/* -- vehicles -------------------------------------------------------------------------------- */

static void show_vehicles(struct ctl *c, const struct api_vehicle_view_list *list, bool with_away)
{
	struct table *t =
		table_of(c, "VEHICLE|STATE|AT|>BATTERY|>TARGET|>NEEDS|>POWER|LEAVES|READY|REASON");

	for (size_t i = 0; i < list->count; i++) {
		const struct api_vehicle_view *v = &list->items[i];
		if (!with_away && strcmp(v->state, "away") == 0)
			continue;
		table_row(t);
		table_cell(t, v->id);
		cell_state(c, t, v->state);
		if (v->station != NULL)
			table_cellf(t, "%s/%d", v->station, (int)v->evse);
		else
			table_cell(t, NULL);
		table_cell(t, cell_percent(c->arena, v->has_soc_pct, v->soc_pct));
		table_cell(t, cell_percent(c->arena, true, (double)v->target_pct));
		table_cell(t, arena_printf(c->arena, "%s%s",
				      v->need_by && strcmp(v->need_by, "guess") == 0 ? "~" : "",
				      cell_energy(c->arena, v->has_need_wh, (double)v->need_wh)));
		table_cell(t, cell_power(c->arena, v->has_power_w, v->power_w));
		table_cell(t, cell_time(c->arena, v->has_departs_at, v->departs_at));
		table_cell(t, cell_time(c->arena, v->has_ready_at, v->ready_at));
		table_cell(t, arena_printf(c->arena, "%s%s%s", v->reason ? v->reason : "",
				      v->reason && v->fallback ? ". " : "",
				      v->fallback ? v->fallback : ""));
	}
	ctl_print(t, "No vehicle is plugged in.");
}

static int overview_get(struct ctl *c, void **o)
{
	return ctl_ask_struct(c, "GET", "overview", NULL, NULL, &api_overview_type, o);
}

int ctl_vehicles(struct ctl *c)
{
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "vehicles", NULL, NULL, &api_vehicle_list_type, &answer);
	const struct api_vehicle_list *l = answer;
	struct api_vehicle_view_list list = {0};

	list.items = l ? arena_alloc(c->arena, (l->vehicles.count + 1) * sizeof *list.items) : NULL;
	if (!list.items)
		return status;
	for (size_t i = 0; i < l->vehicles.count; i++)
		list.items[list.count++] = l->vehicles.items[i].vehicle;
	sentence(c, l->sentence, l->sub);
	show_vehicles(c, &list, true);
	return status;
}

/* -- stations -------------------------------------------------------------------------------- */

static const char *station_state(const struct api_station_view *s)
{
	if (s->policy == API_POLICY_REJECTED)
		return "rejected";
	if (!s->connected)
		return "silent";
	return s->policy == API_POLICY_PENDING ? "pending" : "connected";
}

static void row_evse(struct ctl *c, struct table *t, const struct api_evse_view *e)
{
	table_cellf(t, "%d %s", (int)e->id, api_current_enum.values[e->kind]);
	cell_state(c, t, e->state);
	table_cell(t, e->vehicle);
	table_cell(t, cell_power(c->arena, e->has_power_w, e->power_w));
	table_cell(t, cell_power(c->arena, e->has_limit_w, (double)e->limit_w));
	table_cell(t, e->limit_source);
	table_cell(t, cell_time(c->arena, e->has_limit_at, e->limit_at));
	table_cell(t, cell_energy(c->arena, e->has_session_wh, e->session_wh));
}

static void show_stations(struct ctl *c, const struct api_station_view_list *list)
{
	struct table *t = table_of(c,
		"STATION|STATE|NODE|EVSE|DOES|VEHICLE|>POWER|>LIMIT|SET BY|AT|>SESSION|LAST WORD");

	for (size_t i = 0; i < list->count; i++) {
		const struct api_station_view *s = &list->items[i];
		for (size_t k = 0; k < s->evses.count; k++) {
			table_row(t);
			table_cell(t, k == 0 ? s->id : " ");
			if (k == 0)
				cell_state(c, t, station_state(s));
			else
				table_cell(t, " ");
			table_cell(t, k == 0 ? s->node : " ");
			row_evse(c, t, &s->evses.items[k]);
			table_cell(t,
				k == 0 ? cell_time(c->arena, s->has_last_seen, s->last_seen) : " ");
		}
	}
	ctl_print(t, "No stations are registered. Add one with: depotctl set-station");
}

int ctl_stations(struct ctl *c)
{
	void *list;
	int status =
		ctl_ask_struct(c, "GET", "stations", NULL, NULL, &api_station_list_type, &list);

	if (list != NULL) {
		const struct api_station_list *l = list;

		sentence(c, l->sentence, l->sub);
		show_stations(c, &l->stations);
	}
	return status;
}

static void line(const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		printf("%-17s %s\n", name, value);
}

static void show_station(struct ctl *c, const struct api_station_view *s)
{
	struct table *t =
		table_of(c, "EVSE|DOES|VEHICLE|>POWER|>LIMIT|SET BY|AT|>SESSION|CONNECTORS|WHY");

	sentence(c, s->sentence, NULL);
	line("station", s->id);
	line("name", s->name);
	line("state", station_state(s));
	line("policy", api_policy_enum.values[s->policy]);
	line("node", s->node);
	line("security profile", arena_printf(c->arena, "%d", (int)s->security_profile));
	line("password", s->has_password ? "set" : "none");
	line("protocol", s->protocol);
	line("boot", s->boot_status);
	line("vendor", s->vendor);
	line("model", s->model);
	line("serial", s->serial);
	line("firmware", s->firmware);
	line("ICCID", s->iccid);
	line("IMSI", s->imsi);
	if (s->has_connected_at)
		line("connected", cell_time(c->arena, true, s->connected_at));
	if (s->has_last_seen)
		line("last word", cell_time(c->arena, true, s->last_seen));
	putchar('\n');
	for (size_t i = 0; i < s->evses.count; i++) {
		const struct api_evse_view *e = &s->evses.items[i];
		const char *connectors = "";
		for (size_t k = 0; k < e->connectors.count; k++)
			connectors = arena_printf(c->arena, "%s%s%s", connectors, k ? ", " : "",
				e->connectors.items[k].status);
		table_row(t);
		row_evse(c, t, e);
		table_cell(t, connectors);
		table_cell(t, e->limit_reason != NULL ? e->limit_reason : " ");
	}
	ctl_print(t, "It has no EVSEs.");
}

int ctl_station(struct ctl *c)
{
	const char *path = arena_printf(c->arena, "stations/%s", ctl_escape(c, c->argv[0]));
	void *s;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_station_view_type, &s);

	if (s != NULL)
		show_station(c, s);
	return status;
}

/* -- meters and plan ------------------------------------------------------------------------- */

/* With its time: it may be long over. */
static const char *meter_error(struct ctl *c, const struct api_meter_view *m)
{
	if (m->last_error == NULL)
		return " ";
	return arena_printf(c->arena, "%s: %s",
		cell_time(c->arena, m->has_last_error_at, m->last_error_at), m->last_error);
}

static void say_belief(const struct api_meter_view *m)
{
	printf("\n%s is %s: %s%s%s\n", m->id, m->belief, m->why, m->next != NULL ? " " : "",
		m->next != NULL ? m->next : "");
}

int ctl_meters(struct ctl *c)
{
	struct table *t = table_of(c,
		"METER|STATE|NODE|>POWER|>IMPORT|READ AT|>POLLS|>FAILED|>LATENCY|LINK|LAST ERROR");
	void *answer;
	int status = ctl_ask_struct(c, "GET", "meters", NULL, NULL, &api_meter_list_type, &answer);
	const struct api_meter_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->meters.count; i++) {
		const struct api_meter_view *m = &list->meters.items[i];
		table_row(t);
		table_cell(t, m->id);
		cell_state(c, t, m->belief);
		table_cell(t, m->node);
		table_cell(t, cell_power(c->arena, m->has_power_w, m->power_w));
		table_cell(t, cell_energy(c->arena, m->has_import_wh, m->import_wh));
		table_cell(t, cell_time(c->arena, m->has_at, m->at));
		table_cellf(t, "%lld", (long long)m->polls);
		table_cellf(t, "%lld", (long long)(m->timeouts + m->exceptions + m->errors));
		if (m->has_last_good_at)
			table_cellf(t, "%.1f ms", m->latency_ms);
		else
			table_cell(t, NULL);
		table_cell(t, m->link);
		table_cell(t, meter_error(c, m));
	}
	if (list == NULL)
		return status;
	sentence(c, list->sentence, list->sub);
	ctl_print(t, "The depot's file names no meters.");
	for (size_t i = 0; i < list->meters.count; i++)
		if (list->meters.items[i].why != NULL)
			say_belief(&list->meters.items[i]);
	return status;
}

/* -- all in one ------------------------------------------------------------------------------ */

void show_overview(struct ctl *c, const struct api_overview *o)
{
	struct text t;

	cell_clock(o->timezone, o->at);
	text_init(&t, 0);
	put_colour(&t, c->colour, COLOUR_BOLD, o->sentence);
	text_printf(&t, "\n%s\n%s · %s", o->sub, o->name, cell_time(c->arena, true, o->at));
	if (o->speed != 1)
		text_printf(&t, " · %.0f times as fast", o->speed);
	text_puts(&t, "\n\n");
	if (text_ok(&t))
		fwrite(t.data, 1, t.len, stdout);
	text_finish(&t);
	show_tree(c, &o->tree);
	heading(c, "Stations");
	show_stations(c, &o->stations);
	heading(c, "Vehicles");
	show_vehicles(c, &o->vehicles, false);
}

int ctl_status(struct ctl *c)
{
	void *o;
	int status = overview_get(c, &o);

	if (o != NULL)
		show_overview(c, o);
	return status;
}
