/* The device model of stations: variables, differences, monitors, alerts, and writing to many. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define JOB_LOOK_S 1

/* "EVSE[main] 1/2": component with instance, EVSE and connector. */
static const char *where(struct ctl *c, const char *component, const char *instance, bool has_evse,
	int64_t evse, bool has_connector, int64_t connector)
{
	const char *name = instance != NULL ? arena_printf(c->arena, "%s[%s]", component, instance)
					    : component;

	if (!has_evse)
		return name;
	if (!has_connector)
		return arena_printf(c->arena, "%s %lld", name, (long long)evse);
	return arena_printf(c->arena, "%s %lld/%lld", name, (long long)evse, (long long)connector);
}

static const char *what(struct ctl *c, const char *variable, const char *instance)
{
	return instance != NULL ? arena_printf(c->arena, "%s[%s]", variable, instance) : variable;
}

#define WHERE(c, v)                                                                                \
	where(c, (v)->component, (v)->component_instance, (v)->has_evse, (v)->evse,                \
		(v)->has_connector, (v)->connector)
#define WHAT(c, v) what(c, (v)->variable, (v)->variable_instance)

/* -- variables -------------------------------------------------------------------------------- */

static void row_variable(struct ctl *c, struct table *t, const struct api_device_variable *v)
{
	table_row(t);
	table_cell(t, v->station);
	table_cell(t, WHERE(c, v));
	table_cell(t, WHAT(c, v));
	table_cell(t, strcmp(v->attribute, "Actual") == 0 ? " " : v->attribute);
	if (v->pending != NULL)
		table_cell_colour(t, COLOUR_YELLOW,
			arena_printf(c->arena, "%s, %s after the next boot",
				v->value ? v->value : "-", v->pending));
	else
		table_cell(t, v->value);
	table_cell(t, v->unit != NULL ? v->unit : " ");
	table_cell(t, v->mutability);
	table_cell(t, cell_time(c->arena, v->has_changed_at, v->changed_at));
}

int ctl_variables(struct ctl *c)
{
	static const char *const names[] = {
		"component", "variable", "text", "changed", "after", "limit", NULL};
	const char *path = ctl_query(c, "", names);
	struct table *t = table_create(c->arena,
		"STATION|COMPONENT|VARIABLE|ATTRIBUTE|VALUE|UNIT|MUTABILITY|CHANGED", c->colour);
	void *answer;

	if (c->argc > 0)
		path = arena_printf(
			c->arena, "stations/%s/variables%s", ctl_escape(c, c->argv[0]), path);
	else
		path = arena_printf(c->arena, "variables%s", path);
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_device_variable_list_type, &answer);
	const struct api_device_variable_list *l = answer;
	for (size_t i = 0; l != NULL && i < l->variables.count; i++)
		row_variable(c, t, &l->variables.items[i]);
	if (l != NULL)
		ctl_print(t, "No variables: ask for a report with depotctl command STATION "
			     "GetBaseReport '{\"reportBase\":\"FullInventory\"}' --wait end");
	if (l != NULL && l->has_next)
		printf("There may be more: --after %lld\n", (long long)l->next);
	return status;
}

int ctl_compare(struct ctl *c)
{
	static const char *const names[] = {"after", "limit", NULL};
	const char *rest = ctl_query(c, "", names);
	bool all = ctl_flag(c, "--all");
	const char *path = arena_printf(c->arena, "compare?a=%s&b=%s%s%s%s",
		ctl_escape(c, c->argv[0]), ctl_escape(c, c->argv[1]), all ? "&all=1" : "",
		rest[0] != '\0' ? "&" : "", rest[0] != '\0' ? rest + 1 : "");
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_comparison_type, &answer);
	const struct api_comparison *l = answer;
	struct table *t;

	if (l == NULL)
		return status;
	t = table_create(c->arena,
		arena_printf(c->arena, "COMPONENT|VARIABLE|ATTRIBUTE|%s|%s", l->a, l->b),
		c->colour);
	for (size_t i = 0; i < l->differences.count; i++) {
		const struct api_difference *d = &l->differences.items[i];

		table_row(t);
		table_cell(t, WHERE(c, d));
		table_cell(t, WHAT(c, d));
		table_cell(t, strcmp(d->attribute, "Actual") == 0 ? " " : d->attribute);
		table_cell_colour(t, d->in_a ? COLOUR_NONE : COLOUR_DIM,
			d->in_a ? d->a : "(does not have it)");
		table_cell_colour(t, d->in_b ? COLOUR_NONE : COLOUR_DIM,
			d->in_b ? d->b : "(does not have it)");
	}
	ctl_print(t, "No differences.");
	if (l->has_next)
		printf("There may be more: --after %lld\n", (long long)l->next);
	return status;
}

/* -- writing to many -------------------------------------------------------------------------- */

/* "Name[instance]" cut in two. */
static void cut(struct ctl *c, const char *text, const char **name, const char **instance)
{
	size_t len = strlen(text);
	const char *open = strchr(text, '[');

	*name = text;
	*instance = NULL;
	if (open == NULL || text[len - 1] != ']')
		return;
	*name = arena_strndup(c->arena, text, (size_t)(open - text));
	*instance = arena_strndup(c->arena, open + 1, len - (size_t)(open - text) - 2);
}

static bool read_place(struct ctl *c, struct api_variable_post *post)
{
	const char *text = ctl_option(c, "--evse");
	long long evse, connector;
	int n;

	if (text == NULL)
		return true;
	n = sscanf(text, "%lld/%lld", &evse, &connector);
	if (n < 1 || evse < 1 || (n == 2 && connector < 1)) {
		ctl_complain(CTL_USAGE, "--evse is the number of an EVSE, or EVSE/CONNECTOR");
		return false;
	}
	post->has_evse = true;
	post->evse = evse;
	post->has_connector = n == 2;
	post->connector = n == 2 ? connector : 0;
	return true;
}

static bool read_stations(struct ctl *c, struct api_variable_post *post)
{
	const char *list = ctl_option(c, "--stations");
	size_t count = 1;

	post->has_all = post->all = ctl_flag(c, "--all");
	if ((list != NULL) == post->all) {
		ctl_complain(CTL_USAGE, "say --stations CP-1,CP-2 or --all");
		return false;
	}
	for (const char *p = list; p != NULL && (p = strchr(p, ',')) != NULL; p++)
		count++;
	if (list == NULL)
		return true;
	post->stations.items = arena_alloc(c->arena, count * sizeof(*post->stations.items));
	while (post->stations.items != NULL && list != NULL) {
		const char *comma = strchr(list, ',');
		size_t len = comma != NULL ? (size_t)(comma - list) : strlen(list);

		if (len > 0)
			post->stations.items[post->stations.count++] =
				arena_strndup(c->arena, list, len);
		list = comma != NULL ? comma + 1 : NULL;
	}
	return post->stations.count > 0;
}

static const struct api_job *decode_job(struct ctl *c, const char *body)
{
	struct schema_error err;
	const struct api_job *j = schema_decode(&api_job_type, body, strlen(body), c->arena, &err);

	if (j == NULL)
		ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	return j;
}

/* A job of several steps at one station: each step with what came of it, oldest first. */
static int show_steps(struct ctl *c, const struct api_job *j)
{
	struct table *t = table_create(c->arena, "STEP|STATE|STATUS|NOTE", c->colour);

	for (size_t i = j->results.count; i-- > 0;) {
		const struct api_job_result *r = &j->results.items[i];

		table_row(t);
		table_cell(t, r->action);
		table_cell(t, api_command_state_enum.values[r->state]);
		table_cell(t, r->status);
		table_cell(t, r->note);
	}
	ctl_print(t, "Nothing was asked yet.");
	printf("%s%s%s; job %s\n", api_command_state_enum.values[j->state], j->note ? ": " : "",
		j->note ? j->note : "", j->id);
	return j->state == API_COMMAND_STATE_DONE || j->open ? CTL_OK : CTL_FAILED;
}

static int show_job(struct ctl *c, const struct api_job *j)
{
	struct table *t;

	if (j->has_state)
		return show_steps(c, j);
	t = table_create(c->arena, "STATION|STATE|STATUS|NOTE", c->colour);
	for (size_t i = 0; i < j->results.count; i++) {
		const struct api_job_result *r = &j->results.items[i];
		bool is_open = r->state == API_COMMAND_STATE_WAITING ||
			       r->state == API_COMMAND_STATE_RUNNING;

		table_row(t);
		table_cell(t, r->station);
		table_cell_colour(t,
			r->state == API_COMMAND_STATE_DONE ? COLOUR_GREEN
			: is_open                          ? COLOUR_YELLOW
							   : COLOUR_RED,
			api_command_state_enum.values[r->state]);
		table_cell(t, r->status);
		table_cell(t, r->note);
	}
	ctl_print(t, "No stations are connected.");
	printf("%lld of %lld done%s; job %s\n", (long long)j->done, (long long)j->stations,
		j->open ? arena_printf(c->arena, ", %lld to come", (long long)j->open) : "", j->id);
	return j->done == j->stations ? CTL_OK : CTL_FAILED;
}

/* Looks again until nothing is open. */
int ctl_follow_job(struct ctl *c, const char *id)
{
	for (;;) {
		const struct api_job *j;
		char *body;
		int status = ctl_ask(c, "GET", arena_printf(c->arena, "jobs/%s", ctl_escape(c, id)),
			NULL, &body);

		if (status != CTL_OK)
			return status;
		j = decode_job(c, body);
		if (j == NULL)
			return CTL_FAILED;
		if (j->open == 0 && c->json) {
			printf("%s\n", body);
			return j->done == j->stations ? CTL_OK : CTL_FAILED;
		}
		if (j->open == 0)
			return show_job(c, j);
		sleep(JOB_LOOK_S);
	}
}

/* A whole number of an option, or `otherwise` when it is not there; -1 after a complaint. */
static int64_t number_of(struct ctl *c, const char *name, int64_t least, int64_t otherwise)
{
	const char *text = ctl_option(c, name);
	char *end;
	long long v;

	if (text == NULL)
		return otherwise;
	v = strtoll(text, &end, 10);
	if (*text && *end == '\0' && v >= least)
		return v;
	ctl_complain(CTL_USAGE, "%s must be a whole number from %lld", name, (long long)least);
	return -1;
}

int ctl_network_profile(struct ctl *c)
{
	const char *interface = ctl_option(c, "--interface");
	bool wait = ctl_flag(c, "--wait"), is_json = c->json;
	struct api_network_profile_post post = {.url = c->argv[2],
		.interface = interface ? interface : "Wired0",
		.reset = ctl_flag(c, "--now") ? API_RESET_CHOICE_IMMEDIATE
					      : API_RESET_CHOICE_ON_IDLE,
		.why = ctl_option(c, "--why")};
	const struct api_job *j;
	char *slot_end;
	void *answer;
	int status;

	post.slot = strtoll(c->argv[1], &slot_end, 10);
	post.security_profile =
		number_of(c, "--security-profile", 1, strncmp(post.url, "wss:", 4) == 0 ? 2 : 1);
	post.message_timeout_s = number_of(c, "--message-timeout", 1, 30);
	post.within_s = number_of(c, "--within", 10, 0);
	post.has_within_s = post.within_s > 0;
	if (*slot_end || slot_end == c->argv[1])
		return ctl_complain(
			CTL_USAGE, "SLOT is a number: the station's configuration slot");
	if (post.security_profile < 0 || post.message_timeout_s < 0 || post.within_s < 0)
		return CTL_USAGE;
	c->json = is_json && !wait;
	status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "stations/%s/network-profile", ctl_escape(c, c->argv[0])),
		&api_network_profile_post_type, &post, &api_job_type, &answer);
	c->json = is_json;
	j = answer;
	if (j == NULL)
		return status;
	if (wait)
		return ctl_follow_job(c, j->id);
	printf("Begun; see `depotctl job %s`.\n", j->id);
	return CTL_OK;
}

int ctl_set_variable(struct ctl *c)
{
	struct api_variable_post post = {.value = c->argv[2], .attribute = "Actual"};
	const char *attribute = ctl_option(c, "--attribute");
	const struct api_job *j;
	struct text json;
	char *body = NULL;
	int status;

	cut(c, c->argv[0], &post.component, &post.component_instance);
	cut(c, c->argv[1], &post.variable, &post.variable_instance);
	post.why = ctl_option(c, "--why");
	if (attribute != NULL)
		post.attribute = attribute;
	if (strcmp(post.value, "-") == 0)
		post.value = ctl_read_stdin(c);
	if (!read_place(c, &post) || !read_stations(c, &post) || post.value == NULL)
		return CTL_USAGE;
	text_init(&json, 0);
	schema_encode(&api_variable_post_type, &post, &json);
	status = text_ok(&json) ? ctl_ask(c, "POST", "variables", json.data, &body)
				: ctl_complain(CTL_FAILED, "out of memory");
	text_finish(&json);
	if (status != CTL_OK || body == NULL)
		return status;
	j = decode_job(c, body);
	return j != NULL ? ctl_follow_job(c, j->id) : CTL_FAILED;
}

int ctl_job(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "jobs/%s", ctl_escape(c, c->argv[0])), NULL, NULL,
		&api_job_type, &answer);

	if (answer != NULL)
		show_job(c, answer);
	return status;
}

/* -- monitors, alerts ------------------------------------------------------------------------- */

int ctl_monitors(struct ctl *c)
{
	const char *path =
		arena_printf(c->arena, "stations/%s/monitors", ctl_escape(c, c->argv[0]));
	struct table *t = table_create(
		c->arena, ">ID|COMPONENT|VARIABLE|TYPE|>VALUE|>SEVERITY|WHEN", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_device_monitor_list_type, &answer);
	const struct api_device_monitor_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->monitors.count; i++) {
		const struct api_device_monitor *m = &l->monitors.items[i];

		table_row(t);
		table_cellf(t, "%lld", (long long)m->id);
		table_cell(t, WHERE(c, m));
		table_cell(t, WHAT(c, m));
		table_cell(t, m->type);
		table_cellf(t, "%.10g", m->value);
		table_cellf(t, "%lld", (long long)m->severity);
		table_cell(t, m->transaction ? "in a transaction" : "always");
	}
	if (l != NULL)
		ctl_print(t, "No monitors that we know of.");
	return status;
}

static void row_alert(struct ctl *c, struct table *t, const struct api_alert *v)
{
	table_row(t);
	table_cell(t, v->station);
	table_cell_colour(t, v->open ? COLOUR_RED : COLOUR_NONE, v->open ? "open" : "cleared");
	table_cell(t, cell_time(c->arena, v->has_opened_at, v->opened_at));
	table_cell(t, cell_time(c->arena, v->has_cleared_at, v->cleared_at));
	table_cell(t, WHERE(c, v));
	table_cell(t, WHAT(c, v));
	table_cell(t, v->value);
	if (v->has_severity)
		table_cellf(t, "%lld", (long long)v->severity);
	else
		table_cell(t, NULL);
	table_cell(t, v->tech_info != NULL ? v->tech_info : v->tech_code);
}

int ctl_alerts(struct ctl *c)
{
	static const char *const names[] = {"limit", NULL};
	const char *rest = ctl_query(c, "", names);
	bool all = ctl_flag(c, "--all");
	const char *station =
		c->argc > 0 ? arena_printf(c->arena, "stations/%s/", ctl_escape(c, c->argv[0]))
			    : "";
	const char *glue = rest[0] != '\0' ? "&" : "?";
	const char *path = arena_printf(
		c->arena, "%salerts%s%s%s", station, rest, all ? glue : "", all ? "all=1" : "");
	struct table *t = table_create(c->arena,
		"STATION|STATE|SINCE|CLEARED|COMPONENT|VARIABLE|VALUE|>SEVERITY|NOTE", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_alert_list_type, &answer);
	const struct api_alert_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->alerts.count; i++)
		row_alert(c, t, &l->alerts.items[i]);
	if (l != NULL)
		ctl_print(t, all ? "No alerts." : "No open alerts.");
	return status;
}
